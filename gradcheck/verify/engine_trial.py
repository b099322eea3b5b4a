"""The trial of an engine of graphs: its cases, then the further forms and the depths, then what is wrong, by groups."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import numpy as np

from gradcheck.conventions.value_graphs import WHOLE_NUMBERS
from gradcheck.diagnosis.budget import Budget, working_seconds
from gradcheck.errors import GradcheckError, Interrupted, SubjectError
from gradcheck.judge.dispatch import try_any
from gradcheck.judge.entry_points import ask
from gradcheck.judge.settings import Settings
from gradcheck.oracle import graph_oracles
from gradcheck.problem import Case, Graph
from gradcheck.run import runner
from gradcheck.run.events import CaseFinished, Diagnosed, Faulted, Finished, NotOffered
from gradcheck.run.exit_code import as_it_should_be
from gradcheck.run.posed import USUAL, posed
from gradcheck.run.suite import Addressed
from gradcheck.subject.answer import NATIVE, Subject
from gradcheck.subject.description import SeenOffer
from gradcheck.subject.wrapped import Wrapped
from gradcheck.verdict.conclusion import with_findings
from gradcheck.verdict.finding import finding
from gradcheck.verdict.result import Result, Verdict
from gradcheck.verify.accuracy import Loss, losses
from gradcheck.verify.engine_cases import DRAWN, engine_cases, in_form
from gradcheck.verify.form_cases import deep_cases
from gradcheck.verify.forward_words import in_forward_mode
from gradcheck.verify.groups import Group, groups, is_tree
from gradcheck.verify.unreduced import BROADCASTING, as_failure, explained
from gradcheck.verify.wanted import SECONDS

FORWARD_MODE = "dual"
"""The convention in which nothing goes backward."""
MOST_GROUPS = 4
"""Maximum number of groups of failures that are explained one by one."""


@dataclass
class EngineTrial:
    """An engine's trial while it goes on, and what came of it.

    Attributes
    ----------
    results: of the cases, in their order; forms: of each further form.
    refused: cases that it does not offer, though it offers their ops.
    limits: what stops it that is no wrong gradient, one sentence each.
    accuracy: where its formulas lose digits or overflow.
    wrong: groups of failures, each with what explains it.
    faulted: cases on which gradcheck contradicted itself.
    interrupted: the signal that ended it early; None if none did.
    """

    offer: SeenOffer
    results: list[Result] = field(default_factory=list)
    forms: dict[str, list[Result]] = field(default_factory=dict)
    refused: list[NotOffered] = field(default_factory=list)
    limits: list[str] = field(default_factory=list)
    accuracy: tuple[Loss, ...] = ()
    wrong: list[tuple[Group, Diagnosed | None]] = field(default_factory=list)
    faulted: list[Faulted] = field(default_factory=list)
    interrupted: int | None = None

    @property
    def every_result(self) -> list[Result]:
        """The results of the cases and of all forms."""
        return [*self.results, *(result for several in self.forms.values() for result in several)]

    def verdict_of(self, result: Result) -> str:
        """Its verdict; "WARNING" where only accuracy is lost."""
        lost = any(result.address in loss.addresses for loss in self.accuracy)
        return "WARNING" if lost else str(result.verdict)


@dataclass(frozen=True)
class EngineTried:
    """The trial of an engine is over."""

    trial: EngineTrial


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
    replay: the command that repeats one case, with {} for its address.
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
        rows.extend(_explained(subject, trial, judged, budget, now))
    except KeyboardInterrupt:
        told = {group.what for group, _ in rows}
        rows += [(group, None) for group in groups(judged, _failures(trial)) if group.what not in told]
        raise
    finally:
        if offer.convention == FORWARD_MODE:
            rows = [(group, in_forward_mode(row)) for group, row in rows]
        trial.wrong += _merged(rows)


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


class OnlyTrees(Wrapped):
    """A subject that refuses graphs in which a node is used twice: what it then gets wrong is a rule."""

    def _before(self, problem: Any) -> None:
        if isinstance(problem, Graph) and not is_tree(problem):
            raise SubjectError("GC004", type="NotImplementedError", message="a node that is used twice")


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


def _failures(trial: EngineTrial) -> list[Result]:
    """The results that are not as they should be, lost digits apart."""
    return [r for r in trial.every_result if not as_it_should_be(r) and trial.verdict_of(r) != "WARNING"]


def _explained(
    subject: Subject, trial: EngineTrial, cases: Sequence[Addressed], budget: Budget, now: Callable[[str], None]
) -> Iterator[tuple[Group, Diagnosed | None]]:
    """Each group of failures with its cause, as far as the time goes."""
    right = {r.address for r in trial.every_result if r.verdict is Verdict.PASS}
    found = groups(cases, _failures(trial))
    for number, group in enumerate(found):
        if number >= MOST_GROUPS and group.what != BROADCASTING:
            yield group, None
            continue
        now(f"looking for the cause, {number + 1} of {len(found)}")
        part = budget.part(1.0 / max(1, min(len(found), MOST_GROUPS) - number))
        others = {other.what for other in found if other.is_rule and other.what != group.what}
        diagnosed = _diagnosed(subject, trial, _without(cases, others), group, right, part)
        yield _with_rule(group, diagnosed, subject, trial.offer.dtype), diagnosed


def _with_rule(group: Group, found: Diagnosed | None, subject: Subject, dtype: str | None) -> Group:
    """The group, whose first result says what the rule has for a derivative, if no known fault explains it."""
    first, *others = group.results
    named = found is not None and bool(found.faults)
    op = group.what if group.is_rule else _only_op(found)
    if named or op is None or first.verdict is not Verdict.FAIL or {"GC014", "GC015"} & set(first.codes):
        return group
    from gradcheck.verify.rule_mistakes import rule_mistake  # imported late: it needs the causes of functions

    facts = rule_mistake(subject, op, dtype)
    if not facts:
        return group
    first = replace(first, findings=tuple(f for f in first.findings if f.code != "GC051"))
    return replace(group, results=(with_findings(first, [finding("GC051", **facts)]), *others))


def _only_op(found: Diagnosed | None) -> str | None:
    """The op of the smallest example, where it has but one: its rule may be right on leaves, and wrong elsewhere."""
    graph = found.case.graph if found is not None and found.case is not None else None
    ops = {node.op for node in graph.nodes if node.inputs} if graph is not None else set()
    return ops.pop() if len(ops) == 1 else None


def _without(cases: Sequence[Addressed], ops: Collection[str]) -> list[Addressed]:
    """The cases whose graphs have none of these ops."""
    return [i for i in cases if isinstance(i.case, Case) and not any(n.op in ops for n in i.case.graph.nodes)]


def _merged(
    rows: Iterable[tuple[Group, Diagnosed | None]],
) -> Iterator[tuple[Group, Diagnosed | None]]:
    """The groups; those that have one fault in common become one."""
    kept: list[tuple[Group, Diagnosed | None]] = []
    for group, found in rows:
        codes = [fault.code for fault in found.faults] if found is not None else []
        for place, (other, theirs) in enumerate(kept):
            if codes and theirs is not None and [fault.code for fault in theirs.faults] == codes:
                kept[place] = (replace(other, results=(*other.results, *group.results)), theirs)
                break
        else:
            kept.append((group, found))
    yield from kept


def _diagnosed(
    subject: Subject,
    trial: EngineTrial,
    cases: Sequence[Addressed],
    group: Group,
    right: Collection[str],
    budget: Budget,
) -> Diagnosed | None:
    """What explains one group.

    A wrong rule is looked for in graphs that use no node twice, if the group has any: a mistake in putting gradients
    together shows in none of them. A fault that does not explain the group's own failures there is not named.
    """
    from gradcheck.run.afterthought import diagnose  # imported late, as below: what is right needs no diagnosis

    here = {r.address for r in group.results}
    if group.what == BROADCASTING:
        first = next((i.case for i in cases if i.address == group.results[0].address), None)
        return explained(group.results, first if isinstance(first, Case) else None)
    trees = {item.address for item in cases if isinstance(item.case, Case) and is_tree(item.case.graph)}
    alone = group.is_rule and bool(here & trees)
    chosen = (here | set(right)) & trees if alone else here | set(right)
    items = [item for item in cases if item.address in chosen]
    results = [r for r in trial.every_result if r.address in chosen]
    asked: Subject = OnlyTrees(subject) if alone else subject
    forward = any({"GC014", "GC015"} & set(result.codes) for result in group.results)
    within = partial(_shows_rule, group.what, asked if forward else None) if alone else None
    events = diagnose(items, results, asked, graph_oracles(), budget=budget, within=within)
    found = next((e for e in events if isinstance(e, Diagnosed)), None)
    if found is not None and alone and found.faults and not (here & trees) & set(found.explains):
        found = replace(found, faults=(), how="", explains=(), look_at="")
    shown = None if found is None else found.counterexample
    if group.results[0].verdict is Verdict.ERROR and shown is not None and shown.verdict is Verdict.FAIL:
        return None  # a smaller graph with a wrong gradient is an example of another mistake
    first = next((i.case for i in items if i.address == group.results[0].address and isinstance(i.case, Case)), None)
    if first is None or group.results[0].verdict is not Verdict.FAIL:
        return found
    return _with_example(found, first, subject)


def _shows_rule(op: str, subject: Subject | None, case: Case) -> bool:
    """Whether the graph is a tree with this op; with a subject, whose value is wrong: some numbers hide that."""
    if not is_tree(case.graph) or all(node.op != op for node in case.graph.nodes):
        return False
    if subject is None:
        return True
    right = float(case.graph.evaluate(case.point)[case.graph.names[case.graph.loss]])
    came = float(np.asarray(ask(subject, case).value))
    return not np.isclose(came, right, rtol=1e-3, atol=1e-6)


def _with_example(found: Diagnosed | None, case: Case, subject: Subject) -> Diagnosed | None:
    """The group's own first case as the example, where the search has found no smaller one."""
    if found is not None and found.case is not None and len(found.case.graph) <= len(case.graph):
        return found
    from gradcheck.diagnosis.diagnosed import diagnosed
    from gradcheck.diagnosis.look_at import look_at
    from gradcheck.diagnosis.operands import parameter_rows
    from gradcheck.run.afterthought import EXAMPLE

    try:
        tried = try_any(EXAMPLE, case, subject, graph_oracles())
        result = diagnosed(tried, subject, graph_oracles())
        shown = tried.case if tried.case is not None else case
        rows = parameter_rows(shown, tried.comparisons)
    except GradcheckError:
        return found
    if result.verdict is not Verdict.FAIL:
        return found
    if found is None:
        return Diagnosed(result, shown, (), parameters=rows, look_at=look_at(result.findings, (), shown))
    return replace(found, counterexample=result, case=shown, parameters=rows)
