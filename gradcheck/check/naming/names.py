"""The name of the mistake: what a subject keeps between calls, likeness to a fault, experiments. In this order.

A training's mistake is sought by likeness and from its steps, batches and end; the two must not contradict each other.

Nothing is named on a hunch: each name rests on the subject's own answers, and `how` says on which.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from gradcheck.check.naming.alike import alike, usable
from gradcheck.check.naming.branching import several_successors, several_uses
from gradcheck.check.naming.further import forms_of
from gradcheck.check.naming.likeness import Heard, Tried, entry_of
from gradcheck.check.naming.probing import reach, rounded_point, single_precision
from gradcheck.check.naming.repeating import idle_questions, questions, state_fault, unneeded_only
from gradcheck.check.naming.saturation import clipping
from gradcheck.check.naming.stretching import broadcasting
from gradcheck.check.naming.trainings import training_fault
from gradcheck.check.naming.visiting import ENTRY, visited_again
from gradcheck.faults.catalogue import fault
from gradcheck.faults.fault import Fault
from gradcheck.problem import Case
from gradcheck.subject.answer import NATIVE, Subject


@dataclass(frozen=True)
class Named:
    """The faults that explain a subject, and how that is known: a clause that the fault's name follows."""

    faults: tuple[Fault, ...] = ()
    how: str = ""


def explanation(subject: Subject, failing: Sequence[Tried], passing: Sequence[Tried], codes: frozenset[str]) -> Named:
    """What explains the failing cases; `codes` are those of all findings about them."""
    native = [c for c in (*failing, *passing) if isinstance(c, Case) and entry_of(c, subject) == NATIVE]
    known = frozenset(node.op for case in native for node in case.graph.nodes)
    heard = [Heard(c, subject, NATIVE) for c in usable(failing, NATIVE, subject)] if native else []
    if "GC021" in codes and native:
        found, how = state_fault(subject, questions())
        if found is not None:
            return Named((found,), how)
        if unneeded_only([*heard, *(Heard(c, subject, NATIVE) for c in idle_questions(known))]):
            return Named((fault("F73"),), "is wrong only in parameters that the loss does not need:")
    proved, evidence = training_fault(subject, failing, codes)
    if (likeness := alike(subject, failing, passing)).faults:
        if proved is not None and proved not in likeness.faults:
            return Named()
        tried = "the one case" if likeness.cases == 1 else f"all {likeness.cases} cases"
        reading = f"{likeness.reading}, " if likeness.reading else ""
        return Named(likeness.faults, f"behaves, {reading}on {tried} tried, exactly like")
    if proved is not None:
        return Named((proved,), evidence)
    if any(one.wrong for one in heard):
        stretched = any(stretched for case in native for _, stretched, _ in forms_of(case))
        for experiment in (several_uses, *([broadcasting] if stretched else []), clipping):
            found, how = experiment(subject, known)
            if found is not None:
                return Named((found,), how)
    if any(entry_of(case, subject) == ENTRY for case in failing):
        if count := visited_again(subject, failing):
            how = f"passes a neuron's gradient on once for each that it feeds, on {count} networks tried:"
            return Named((fault("F130"),), how)
        found, how = several_successors(subject)
        if found is not None:
            return Named((found,), how)
    if native:
        found, how = state_fault(subject, questions())  # values kept from another point repeat, and are no less stale
        if found is not None:
            return Named((found,), how)
        if (length := reach(subject, known)) is not None:
            how = f"gets the gradient through a chain of {length} nodes, and nothing through any longer one:"
            return Named((fault("F14"),), how)
        if rounded_point(heard):
            return Named((fault("F80"),), "gives the right answers at the point rounded to float32:")
        if single_precision(heard):
            return Named((fault("F80"),), "is nearly right, and hands out numbers that float32 can hold:")
        if unneeded_only([*heard, *(Heard(c, subject, NATIVE) for c in idle_questions(known))]):
            return Named((fault("F73"),), "is wrong only in parameters that the loss does not need:")
    return Named()
