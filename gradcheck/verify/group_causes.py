"""What explains each group of an engine's failures: its name, and its smallest example."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from gradcheck.conventions.composed_ops import ops_made_of
from gradcheck.diagnosis.budget import Budget
from gradcheck.errors import GradcheckError, SubjectError
from gradcheck.judge.dispatch import try_any
from gradcheck.judge.entry_points import ask
from gradcheck.oracle import graph_oracles
from gradcheck.problem import Case, Graph
from gradcheck.run.events import Diagnosed
from gradcheck.run.suite import Addressed
from gradcheck.subject.answer import Subject
from gradcheck.subject.wrapped import Wrapped
from gradcheck.verdict.conclusion import with_findings
from gradcheck.verdict.finding import finding
from gradcheck.verdict.result import Verdict
from gradcheck.verify.groups import Group, groups, is_tree
from gradcheck.verify.tried_engine import EngineTrial
from gradcheck.verify.unreduced import BROADCASTING, explained

MOST_GROUPS = 4
"""Maximum number of groups of failures that are explained one by one."""


class OnlyTrees(Wrapped):
    """A subject that refuses graphs in which a node is used twice: what it then gets wrong is a rule."""

    def _before(self, problem: Any) -> None:
        if isinstance(problem, Graph) and not is_tree(problem):
            raise SubjectError("GC004", type="NotImplementedError", message="a node that is used twice")


def explained_groups(
    subject: Subject,
    trial: EngineTrial,
    cases: Sequence[Addressed],
    deep: Sequence[Addressed],
    budget: Budget,
    now: Callable[[str], None],
) -> Iterator[tuple[Group, Diagnosed | None]]:
    """Each group of failures with its cause, as far as the time goes; `deep` are cases that serve as no examples."""
    right = {r.address for r in trial.every_result if r.verdict is Verdict.PASS}
    found = groups(cases, trial.failures, ops_made_of(trial.offer.words), deep)
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


def merged(
    rows: Iterable[tuple[Group, Diagnosed | None]],
) -> Iterator[tuple[Group, Diagnosed | None]]:
    """The groups; those that have one fault in common become one."""
    kept: list[tuple[Group, Diagnosed | None]] = []
    for group, found in rows:
        same = (n for n, (other, theirs) in enumerate(kept) if _have_one_fault(group, found, other, theirs))
        place = next(same, None)
        if place is None:
            kept.append((group, found))
        else:
            other, theirs = kept[place]
            kept[place] = (replace(other, results=(*other.results, *group.results)), theirs)
    yield from kept


def _have_one_fault(group: Group, found: Diagnosed | None, other: Group, theirs: Diagnosed | None) -> bool:
    """Whether two groups have the same faults; wrong rules of two ops are two mistakes, if of the same kind."""
    if found is None or theirs is None or not found.faults or found.faults != theirs.faults:
        return False
    rules = group.is_rule and other.is_rule and any(fault.family == "rule" for fault in found.faults)
    return not rules or group.what == other.what


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
