"""The trial of an engine of graphs: its cases, then the further forms and the depths, then what is wrong, by groups."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from gradcheck.conventions.composed_ops import ops_made_of
from gradcheck.conventions.value_graphs import WHOLE_NUMBERS
from gradcheck.diagnosis.budget import Budget, working_seconds
from gradcheck.errors import Interrupted
from gradcheck.judge.settings import Settings
from gradcheck.oracle import graph_oracles
from gradcheck.run import runner
from gradcheck.run.events import CaseFinished, Diagnosed, Faulted, Finished, NotOffered
from gradcheck.run.posed import USUAL, posed
from gradcheck.run.suite import Addressed
from gradcheck.subject.answer import NATIVE, Subject
from gradcheck.subject.description import SeenOffer
from gradcheck.subject.wrapped import Wrapped
from gradcheck.verdict.result import Result
from gradcheck.verify.accuracy import losses
from gradcheck.verify.engine_cases import DRAWN, engine_cases, in_form
from gradcheck.verify.form_cases import deep_cases
from gradcheck.verify.forward_words import in_forward_mode
from gradcheck.verify.group_causes import explained_groups, merged
from gradcheck.verify.groups import Group, groups
from gradcheck.verify.tried_engine import EngineTrial, EngineTried
from gradcheck.verify.unreduced import as_failure
from gradcheck.verify.wanted import SECONDS

FORWARD_MODE = "dual"
"""The convention in which nothing goes backward."""


def engine_events(
    subject: Subject,
    offer: SeenOffer,
    *,
    replay: str = "",
    only: str | None = None,
    drawn: int = DRAWN,
    budget: Budget | None = None,
    another: Callable[[], Subject] | None = None,
    now: Callable[[str], None] = lambda what: None,
) -> Iterator[CaseFinished | Faulted | EngineTried]:
    """Put an engine on trial; yields each result as it is known, and the whole trial last.

    KeyboardInterrupt, thrown in at any event or raised in between, ends the trial with the finished results.

    Parameters
    ----------
    subject: the engine, with entry point `gradients` and the offer's forms.
    replay: the command that repeats one case, up to its address.
    only: the address of the one case to be asked.
    drawn: number of random graphs.
    budget: of the search for causes, all groups together; SECONDS by default.
    another: opens a further subject like the one given, so that several processes can judge at the same time.
    now: told what is being done.
    """
    trial = EngineTrial(offer)
    try:
        budget = budget or Budget(SECONDS, clock=working_seconds)
        yield from _tried(trial, subject, replay, only, drawn, budget, another, now)
    except KeyboardInterrupt as asked:
        trial.interrupted = runner.number_of(asked)
    yield EngineTried(trial)


def _tried(
    trial: EngineTrial,
    subject: Subject,
    replay: str,
    only: str | None,
    drawn: int,
    budget: Budget,
    another: Callable[[], Subject] | None,
    now: Callable[[str], None],
) -> Iterator[CaseFinished | Faulted]:
    offer = trial.offer
    cases, _ = posed(engine_cases(offer, drawn), offer.dtype or USUAL)
    forms = {form: in_form(form, cases) for form in offer.forms}
    deep = [Addressed(f"deep::{case.name}", "deep", case) for case in deep_cases() if _adds_and_multiplies(offer)]
    if only is not None:
        cases = [item for item in cases if item.address == only]
        forms = {form: [i for i in items if i.address == only] for form, items in forms.items()}
        deep = [item for item in deep if item.address == only]
    judged = [*cases, *(item for items in forms.values() for item in items)]
    rows: list[tuple[Group, Diagnosed | None]] = []
    try:
        now(f"{len(cases)} graphs")
        yield from _asked(cases, subject, replay, trial, trial.results, another)
        yield from _in_forms(trial, subject, forms, replay, now)
        now("deep graphs")
        yield from _deep(trial, subject, deep, replay)
        trial.accuracy = losses(cases, trial.results)
        rows.extend(explained_groups(subject, trial, judged, deep, budget, now))
    except KeyboardInterrupt:
        told = {group.what for group, _ in rows}
        rows += [
            (group, None)
            for group in groups(judged, trial.failures, ops_made_of(offer.words), deep)
            if group.what not in told
        ]
        raise
    finally:
        if offer.convention == FORWARD_MODE:
            rows = [(group, in_forward_mode(row)) for group, row in rows]
        trial.wrong += merged(rows)


def _in_forms(
    trial: EngineTrial,
    subject: Subject,
    forms: Mapping[str, Sequence[Addressed]],
    replay: str,
    now: Callable[[str], None],
) -> Iterator[CaseFinished | Faulted]:
    """The same graphs asked in other forms: with whole numbers, after a reset."""
    for form, items in forms.items():
        now(form)
        into = trial.forms.setdefault(form, [])
        if form != WHOLE_NUMBERS:
            yield from _asked(items, _InForm(subject, form), replay, trial, into)
            continue
        whole: list[Result] = []
        for event in _asked(items, _InForm(subject, form), replay, trial, whole):
            if not isinstance(event, CaseFinished):
                yield event
        trial.limits += _refused(form, whole, into)
        yield from map(CaseFinished, into)


def _deep(
    trial: EngineTrial, subject: Subject, deep: Sequence[Addressed], replay: str
) -> Iterator[CaseFinished | Faulted]:
    """Deep graphs, where an engine may come to a limit."""
    depths: list[Result] = []
    for event in _asked(deep, subject, replay, trial, depths):
        if not isinstance(event, CaseFinished):
            yield event
    answered: list[Result] = []
    trial.limits += _too_deep(depths, answered)
    trial.results += answered
    yield from map(CaseFinished, answered)


def _asked(
    cases: Sequence[Addressed],
    subject: Subject,
    replay: str,
    trial: EngineTrial,
    into: list[Result],
    another: Callable[[], Subject] | None = None,
) -> Iterator[CaseFinished | Faulted]:
    """Runs cases and sorts what happens; their results, in the order of the cases, come into `into`."""
    if not cases:
        return
    events = runner.run(
        cases,
        subject,
        graph_oracles(),
        described="",
        settings=Settings(),
        diagnosis=False,
        replay_as=replay,
        forms_may_lack=True,
        jobs=1 if another is None else None,
        another=another,
    )
    known: list[Result] = []
    try:
        for event in events:
            if isinstance(event, Finished):
                known = [as_failure(result) for result in event.results]
                if event.signal is not None:
                    raise Interrupted(event.signal)
            elif isinstance(event, NotOffered):
                trial.refused.append(event)
            elif isinstance(event, Faulted):
                trial.faulted.append(event)
                yield event
            elif isinstance(event, CaseFinished):
                known.append(as_failure(event.result))
                yield replace(event, result=known[-1])
    finally:
        into += known


class _InForm(Wrapped):
    """A subject that is asked for its gradients in another form."""

    def __init__(self, subject: Subject, form: str) -> None:
        super().__init__(subject)
        self._form = form

    def entry_points(self) -> frozenset[str]:
        return frozenset({NATIVE})

    def _entry(self, entry: str) -> str:
        return self._form


def _adds_and_multiplies(offer: SeenOffer) -> bool:
    return offer.ops is None or {"add", "mul"} <= offer.ops


STACKS = {
    "RecursionError": "Python's own limit, not a wrong gradient",
    "RangeError": "JavaScript's own limit on recursion, not a wrong gradient",
    "StackOverflowError": "the language's own limit on recursion, not a wrong gradient",
    "SystemStackError": "Ruby's own limit on recursion, not a wrong gradient",
}
"""Exceptions by which languages say that a recursion is too deep."""


def _too_deep(results: Iterable[Result], into: list[Result]) -> Iterator[str]:
    """A sentence for each depth at which the engine stops for its depth alone; other results are results."""
    for result in results:
        recursion = [f for f in result.findings if f.facts.get("type") in STACKS]
        overrun = [f for f in result.findings if f.code == "GC006" and "SIGSEGV" in str(f.facts.get("how"))]
        name = result.address.partition("::")[2]
        if recursion:
            kind, place = str(recursion[0].facts["type"]), str(recursion[0].facts.get("place", ""))
            yield f"it does not finish {name}: {kind}{place}; {STACKS[kind]}"
        elif overrun:
            yield f"it does not finish {name}: it was killed by SIGSEGV, as when a recursion overruns the stack"
        elif "GC005" in result.codes:
            yield f"it does not finish {name} in time; too slow, not a wrong gradient"
        else:
            into.append(result)


def _refused(form: str, results: Iterable[Result], into: list[Result]) -> Iterator[str]:
    """A sentence for each exception that the engine raises in this form; other results are results."""
    told: set[tuple[str, str]] = set()
    for result in results:
        raised = next((f.facts for f in result.findings if f.code == "GC004"), None)
        if raised is None:
            into.append(result)
            continue
        what = str(raised.get("type", "an exception")), str(raised.get("message", ""))
        if what not in told:
            told.add(what)
            yield f"{form} it raises {what[0]}: {what[1]}{raised.get('place', '')}; no wrong gradient"
