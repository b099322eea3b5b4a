"""One claim on the cost of gradients on trial: counted element operations, no clock (S0, S1).

The smallest case is an ordinary trial: only a right gradient has a cost worth speaking of. Then the subject is asked
for the gradient at every size, once, with arrays that count, until the claim is broken. Positive evidence is required:
a count below what half a forward pass takes means that operations were hidden, not that there were few.

What stops an engine that visits every path is a limit on operations, MARGIN times what the claim allows at that size,
so that the verdict is the same on every machine. The time limit is there for code that does not count at all.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from gradcheck.errors import SubjectError
from gradcheck.judge.entry_points import ask
from gradcheck.judge.graph_trial import try_case
from gradcheck.judge.protocol import no_answer
from gradcheck.judge.settings import Settings
from gradcheck.judge.tried import Tried
from gradcheck.oracle.estimate import Oracle
from gradcheck.oracle.path_enumeration import count_paths
from gradcheck.problem import LEAVES, OPS, Case, Cost, Forwards, Growth, Shortcut
from gradcheck.problem.counting import Meter, counted
from gradcheck.subject.answer import Subject
from gradcheck.verdict.conclusion import About, conclude
from gradcheck.verdict.finding import Finding, finding
from gradcheck.verdict.result import Verdict

SEEN = 0.5
"""Minimum share of the operations of a forward pass that a subject does; one that does fewer hides some."""


MARGIN = 4.0
"""Number of operations, in multiples of what a claim allows, at which a subject is stopped; until then all count."""


@dataclass(frozen=True)
class Measured:
    """One size.

    Attributes
    ----------
    size: as the cost case names it.
    case: the gradient case.
    operations: the subject's, for the loss and its gradient.
    forward: the op table's own, for the loss alone.
    """

    size: int
    case: Case
    operations: int
    forward: int


def try_cost(about: About, cost: Cost, subject: Subject, oracles: Sequence[Oracle], settings: Settings) -> Tried:
    """Put `subject` on trial in one cost case.

    Raises HarnessFault as `try_case`; nothing the subject does raises.
    """
    tried = try_case(replace(about, expect=None), cost.smallest, subject, oracles, settings)
    smallest = tried.result
    findings, shows, compared = list(smallest.findings), dict[str, object](), smallest.comparisons
    if smallest.verdict is Verdict.PASS:
        measured, trouble = _measure(cost, subject)
        findings += trouble
        compared += len(measured)
        shows = {_title(cost, m.size): _count(m) for m in measured}
    result = conclude(
        about,
        findings,
        decided=compared,
        nothing="the smallest case has nothing to compare",
        worst=smallest.worst,
        witnesses=smallest.witnesses,
        shows=shows,
        blocks=smallest.blocks,
        measurement=smallest.measurement,
    )
    return replace(tried, result=result) if smallest.verdict is not Verdict.PASS else Tried(result)


def _measure(cost: Cost, subject: Subject) -> tuple[list[Measured], list[Finding]]:
    """The counts, and what is wrong with them or kept them from being complete."""
    measured: list[Measured] = []
    for size in cost.sizes:
        case = cost.at(size)
        forward = forward_operations(case)
        allowed = most_allowed(cost, measured, size, case, forward)
        most = None if allowed is None else math.ceil(MARGIN * allowed)
        try:
            answer = ask(subject, case, count=True, most=most)
        except SubjectError as failure:
            if failure.code == "GC065":
                return measured, [finding("GC065", what=_stopped(size, most, allowed))]
            return measured, [_refused(case, subject, failure)]
        if answer.operations is None:
            why = f"the subject replaced {', '.join(answer.tampered) or 'what counts them'}"
            return measured, [finding("GC064", why=why)]
        seen = answer.operations
        if seen < SEEN * forward:
            what = f"{seen:,} operations were seen" if seen else "no operation was seen"
            kept = "keep the class of the point's arrays: np.asanyarray instead of np.asarray, no float(x)"
            why = f"{what} at size {size}, where a forward pass alone takes {forward:,}; {kept}"
            return measured, [finding("GC064", why=why)]
        measured.append(Measured(size, case, seen, forward))
        if wrong := list(broken(cost, measured)):
            return measured, [finding("GC065", what=what) for what in wrong]
    return measured, []


def most_allowed(cost: Cost, measured: Sequence[Measured], size: int, case: Case, forward: int) -> float | None:
    """How many operations the claim allows at a size, given those before; None where a growth begins.

    There the subject has just answered the same case in the ordinary trial.
    """
    claim = cost.claim
    if isinstance(claim, Forwards):
        return claim.at_most * forward
    if not measured:
        return None
    growth, last = _growth(claim), measured[-1]
    ratio = _size(growth, size, case) / _size(growth, last.size, last.case)
    return float(last.operations * ratio ** (growth.exponent + growth.tolerance))


def _stopped(size: int, most: int | None, allowed: float | None) -> str:
    return (
        f"at size {size} a gradient was stopped after more than {most:,} operations, {MARGIN:g} times the "
        f"{allowed:,.0f} that the claim allows"
    )


def _refused(case: Case, subject: Subject, failure: SubjectError) -> Finding:
    """A subject that answers with plain arrays refuses those that count; one that does not gave no answer.

    A subject that was too late or died refused nothing: on a loaded machine the same question may be answered.
    """
    if failure.code in ("GC005", "GC006"):
        return no_answer(failure)
    try:
        ask(subject, case)
    except SubjectError as plainly:
        return no_answer(plainly)
    return finding("GC064", why=f"with arrays that count, {no_answer(failure).sentence}")


def forward_operations(case: Case) -> int:
    """Element operations of one forward pass, carried out by the op table's own formulas."""
    graph, meter = case.graph, Meter()
    values = {}
    with np.errstate(all="ignore"):
        for i in graph.order.tolist():
            op = graph.op(i)
            if op in LEAVES:
                values[i] = counted(graph.constants[i] if op == "constant" else case.point[graph.names[i]], meter)
            else:
                attributes = {**OPS[op].attributes, **graph.attributes.get(i, {})}
                values[i] = OPS[op].value(*(values[j] for j in graph.arguments(i)), **attributes)
    return meter.operations


def broken(cost: Cost, measured: Sequence[Measured]) -> Iterator[str]:
    """What the counts say against the claim, in words; nothing if it holds."""
    claim = cost.claim
    if isinstance(claim, Forwards):
        for m in measured:
            if m.operations > claim.at_most * m.forward:
                yield (
                    f"at size {m.size} a gradient takes {m.operations:,} operations, {m.operations / m.forward:.3g} "
                    f"times the {m.forward:,} of a forward pass; claimed are at most {claim.at_most:g}"
                )
                return
        return
    yield from _grows(measured, _growth(claim))
    if isinstance(claim, Shortcut):
        yield from _naive(measured, claim)


def _growth(claim: Growth | Shortcut) -> Growth:
    """The growth that a claim allows the subject."""
    return claim if isinstance(claim, Growth) else Growth("nodes and edges", 1.0, claim.tolerance, nodes_and_edges)


def _size(growth: Growth, size: int, case: Case) -> float:
    return growth.measure(case) if growth.measure else float(size)


def nodes_and_edges(case: Case) -> float:
    """|V| + |E| of the case's graph."""
    return float(len(case.graph) + len(case.graph.inputs))


def _grows(measured: Sequence[Measured], claim: Growth) -> Iterator[str]:
    sizes = [_size(claim, m.size, m.case) for m in measured]
    for (x1, first), (x2, second) in zip(
        zip(sizes, measured, strict=True), zip(sizes[1:], measured[1:], strict=True), strict=False
    ):
        exponent = math.log(second.operations / first.operations) / math.log(x2 / x1)
        if exponent > claim.exponent + claim.tolerance:
            yield (
                f"from {x1:g} to {x2:g} {claim.of} the operations grow from {first.operations:,} to "
                f"{second.operations:,}, as the power {exponent:.2f}; claimed is {claim.exponent:g}"
            )
            return


def _naive(measured: Sequence[Measured], claim: Shortcut) -> Iterator[str]:
    """The other half of S0's claim: the expansion over all paths does explode on these graphs."""
    paths = [count_paths(m.case.graph) for m in measured]
    for first, second, few, many in zip(measured, measured[1:], paths, paths[1:], strict=False):
        growth = (many / few) ** (1.0 / (second.size - first.size))
        if growth < claim.naive:
            yield (
                f"from size {first.size} to {second.size} the paths of the naive expansion grow from {few:,} to "
                f"{many:,}, by {growth:.2f} per unit of size; claimed is at least {claim.naive:g}"
            )
            return


def _title(cost: Cost, size: int) -> str:
    of = cost.claim.of if isinstance(cost.claim, Growth) and cost.claim.measure is None else "size"
    return f"{of} {size}"


def _count(m: Measured) -> str:
    return f"{m.operations:,} operations, {m.operations / m.forward:.2f} forward passes"
