"""Searches the name of a mistake: first what a subject keeps between calls, then likeness to a fault, then experiments.

A training's mistake is sought by likeness and from its steps, batches and end; the two must not contradict each other.
Every name rests on the subject's own answers, and `how` states on which.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import ParamSpec

from gradcheck.diagnosis import budget
from gradcheck.diagnosis.naming.answer_match import AskedCase, Observed, entry_of
from gradcheck.diagnosis.naming.branch_counts import several_successors, several_uses
from gradcheck.diagnosis.naming.broadcast_probes import broadcasting
from gradcheck.diagnosis.naming.chain_probes import cut_off, single_precision
from gradcheck.diagnosis.naming.further_cases import forms_of
from gradcheck.diagnosis.naming.kept_between_calls import memory, questions, state_fault
from gradcheck.diagnosis.naming.match_catalogue import alike, usable
from gradcheck.diagnosis.naming.slope_limit import clipping
from gradcheck.diagnosis.naming.training_names import training_fault
from gradcheck.diagnosis.naming.visit_counts import ENTRY, visited_again
from gradcheck.errors import InvalidProblem
from gradcheck.faults.fault import Fault
from gradcheck.problem import Case
from gradcheck.subject.answer import NATIVE, Subject

Asked = ParamSpec("Asked")
Evidence = tuple[Fault | None, str]
"""A fault, and how it is known; (None, "") for none."""


@dataclass(frozen=True)
class Named:
    """The faults that explain a subject, and how that is known.

    Attributes
    ----------
    faults: the faults; none where nothing is known.
    how: a clause that a fault's name follows.
    alike: the name rests on likeness: an engine that has the fault gives the subject's answers. Else an experiment
        showed it, and the subject may do it in a manner that no engine of the catalogue has.
    """

    faults: tuple[Fault, ...] = ()
    how: str = ""
    alike: bool = False


def explanation(
    subject: Subject, failing: Sequence[AskedCase], passing: Sequence[AskedCase], codes: frozenset[str]
) -> Named:
    """The name that explains the failing cases; `codes` are those of all findings about them."""
    return next(_sought(subject, failing, passing, codes), Named())


def _sought(
    subject: Subject, failing: Sequence[AskedCase], passing: Sequence[AskedCase], codes: frozenset[str]
) -> Iterator[Named]:
    """Names, each sought only if none before it was found."""
    native = [c for c in (*failing, *passing) if isinstance(c, Case) and entry_of(c, subject) == NATIVE]
    known = frozenset[str]().union(*(case.graph.kinds for case in native))
    asked = [Observed(c, subject, NATIVE) for c in usable(failing, NATIVE, subject)] if native else []
    if "GC021" in codes and native:
        yield from _shown(subject, state_fault, subject, questions())
        yield from _shown(subject, memory, subject, asked, known)
    with budget.experiment(subject, "the steps of trainings"):
        proved, evidence = training_fault(subject, failing, codes)
    with budget.experiment(subject, "likeness to known mistakes"):
        likeness = alike(subject, failing, passing)
    if likeness.faults:
        tried = "the one case" if likeness.cases == 1 else f"all {likeness.cases} cases"
        reading = f"{likeness.reading}, " if likeness.reading else ""
        if proved is None or proved in likeness.faults:
            yield Named(likeness.faults, f"behaves, {reading}on {tried} tried, exactly like", alike=True)
        return  # where the two contradict each other, nothing is known
    yield from _named(proved, evidence)
    if any(one.wrong for one in asked):
        stretched = any(stretched for case in native for _, stretched, _ in forms_of(case))
        for experiment in (several_uses, *([broadcasting] if stretched else []), clipping):
            yield from _shown(subject, experiment, subject, known)
    if any(entry_of(case, subject) == ENTRY for case in failing):
        yield from _shown(subject, visited_again, subject, failing)
        yield from _shown(subject, several_successors, subject)
    if native:
        # Values kept from another point repeat, and are stale.
        yield from _shown(subject, state_fault, subject, questions())
        yield from _shown(subject, cut_off, subject, known)
        yield from _shown(subject, single_precision, asked)
        yield from _shown(subject, memory, subject, asked, known)


def _shown(
    subject: Subject,
    experiment: Callable[Asked, Evidence],
    *given: Asked.args,
    **options: Asked.kwargs,
) -> Iterator[Named]:
    """What an experiment shows; nothing, where one of its graphs has no value (an overflow, say)."""
    try:
        with budget.experiment(subject, experiment.__name__.replace("_", " ")):
            found = experiment(*given, **options)
    except InvalidProblem:
        return
    yield from _named(*found)


def _named(found: Fault | None, how: str) -> Iterator[Named]:
    if found is not None:
        yield Named((found,), how)
