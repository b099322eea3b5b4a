"""Where a graph's own values leave the range of the subject's dtype: what can still be called wrong there?

An exponential that overflows in float32, or a product that vanishes in it, is no fault of an engine's. Backprop on
SymEngine's local derivatives, every node's value and adjoint kept in that dtype, shows what its range leaves of the
gradient: what is lost there, any honest engine may lose. So may one that multiplies by a slope which is beyond the
largest number (1 / x at a subnormal x), whatever the product would be, or adds up what a mean divides afterwards.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.errors import Unsupported
from gradcheck.oracle.closed_form.local_derivatives import local_vjp
from gradcheck.problem import LEAVES, OPS, Case
from gradcheck.verdict.compare import Comparison
from gradcheck.verdict.finding import Finding, finding

Array = NDArray[Any]


def within_range(case: Case, compared: Sequence[Comparison]) -> tuple[list[Comparison], list[Finding]]:
    """The comparisons of the loss and of each block, without what the dtype's range may have done, and what to say.

    An entry stays wrong if its answer lies beyond both the truth and what the dtype leaves of it; where that is not
    even finite, nothing can tell.
    """
    if case.misfit is None and not _wide(case) and not any(np.any(c.not_finite) for c in compared):
        return list(compared), []
    left, lost = _left_by_range(case)
    node = case.misfit or lost
    if node is None:
        return list(compared), []
    loss, *blocks = compared
    named = [(loss, left[case.graph.loss]), *((c, left[case.graph.index(c.block)]) for c in blocks)]
    judged = [_judged(comparison, there) for comparison, there in named]
    excused = any(np.any(was.wrong & ~now.wrong) for was, now in zip(compared, judged, strict=True))
    return judged, [finding("GC037", node=node, dtype=case.dtype)] if excused else []


def _judged(comparison: Comparison, there: Array) -> Comparison:
    """One block, of which the dtype's range leaves `there`."""
    answer = np.asarray(comparison.answer, dtype=np.float64)
    truth = comparison.truth.middle
    with np.errstate(invalid="ignore"):
        low, high = np.minimum(truth, there), np.maximum(truth, there)
        beyond = (answer < low - comparison.allowance) | (answer > high + comparison.allowance)
    wrong = comparison.wrong & np.isfinite(there) & (beyond | ~np.isfinite(answer))
    return replace(
        comparison,
        wrong=wrong,
        not_finite=comparison.not_finite & wrong,
        open=comparison.open | (comparison.wrong & ~wrong),
    )


def _wide(case: Case) -> bool:
    """Whether some node's value is so large or small that a product of a few such leaves the range.

    Without that only an answer that is not finite gives a reason to look: the look takes longer than the verdict.
    """
    info = np.finfo(case.dtype)
    low, high = float(info.smallest_normal) ** 0.25, float(info.max) ** 0.25
    sizes = [np.abs(value) for value in case.graph.evaluate(case.point).values()]
    return any(bool(np.any((size > high) | ((size > 0) & (size < low)))) for size in sizes)


def lost_node(case: Case) -> str | None:
    """The first node seen whose value, slope or adjoint leaves the range of the case's dtype."""
    return case.misfit or _left_by_range(case)[1]


def _left_by_range(case: Case) -> tuple[dict[int, Array], str | None]:
    """The loss's value and every parameter's gradient, by node, all kept in the dtype; NaN where that breaks down.

    And the node at which an op's parts, or an adjoint, leave the range, although the value fits.
    """
    graph, nothing = case.graph, np.full((), np.nan)
    unknown = {i: np.broadcast_to(nothing, graph.shapes[i]) for i in graph.parameters}
    with np.errstate(all="ignore"):
        values = _values(case)
        unknown[graph.loss] = values[graph.loss]
        if (node := _beyond(case, values)) is not None:
            return unknown, node
        adjoints = [np.zeros(shape) for shape in graph.shapes]
        adjoints[graph.loss] = np.ones(())
        for i in graph.order[::-1].tolist():
            inputs = graph.arguments(i)
            if not inputs or not np.any(adjoints[i]):
                continue
            arguments = [values[j] for j in inputs]
            if not all(np.all(np.isfinite(a)) for a in (values[i], adjoints[i], *arguments)):
                return unknown, None
            attributes = {**OPS[graph.op(i)].attributes, **graph.attributes.get(i, {})}
            for slot, j in enumerate(inputs):
                try:
                    message = local_vjp(graph.op(i), attributes, arguments, values[i], adjoints[i], slot)
                except (Unsupported, ArithmeticError, ValueError):  # outside the op's domain, as log is at 0
                    return unknown, None
                adjoints[j] = adjoints[j] + message.astype(case.dtype)
                if not np.all(np.isfinite(adjoints[j])):
                    ones = np.ones_like(values[i])
                    slopes = local_vjp(graph.op(i), attributes, arguments, values[i], ones, slot)
                    return unknown, graph.names[j] if np.all(np.isfinite(slopes)) else None
    return {i: adjoints[i] for i in graph.parameters} | {graph.loss: values[graph.loss]}, None


def _beyond(case: Case, values: list[Array]) -> str | None:
    """The first node of which a part is beyond the dtype's range, although its value is not: a sum, or a slope."""
    broken = (i for i in case.graph.order.tolist() if not np.all(np.isfinite(values[i])) or _too_steep(case, i, values))
    return next((case.graph.names[i] for i in broken), None)


def _too_steep(case: Case, node: int, values: list[Array]) -> bool:
    """Whether a slope of an op that works entry by entry is beyond the dtype's range, and not since an argument is 0.

    At 0 the derivative itself is infinite, as that of a square root.
    """
    graph = case.graph
    if graph.op(node) in LEAVES or not (op := OPS[graph.op(node)]).elementwise:
        return False
    arguments = [values[j] for j in graph.arguments(node)]
    spread = [np.broadcast_to(a, graph.shapes[node]) for a in arguments]
    nonzero = np.all([a != 0 for a in spread], axis=0) & np.all(np.isfinite(spread), axis=0)
    attributes = {**op.attributes, **graph.attributes.get(node, {})}
    if graph.op(node) == "pow":  # y x^(y-1), whose power may be too large although y makes the slope small
        base, exponent = (a.astype(case.dtype) for a in spread)
        if np.any(nonzero & np.isinf(np.power(base, exponent - 1))):
            return True
    ones = np.where(nonzero, 1.0, 0.0)
    for slot in range(len(arguments)):
        try:
            slopes = local_vjp(graph.op(node), attributes, spread, values[node], ones, slot)
        except (Unsupported, ArithmeticError, ValueError):
            continue
        if np.any(nonzero & np.isinf(slopes.astype(case.dtype))):
            return True
    return False


def _values(case: Case) -> list[Array]:
    """Every node's value by the op table's formula, computed in the dtype; in float64, for what follows."""
    graph = case.graph
    values: list[Array] = [np.zeros(())] * len(graph)
    for i in graph.order.tolist():
        op = graph.op(i)
        if op == "constant":
            values[i] = graph.constants[i]
        elif op in LEAVES:
            values[i] = np.asarray(case.point[graph.names[i]], dtype=np.float64)
        else:
            attributes = {**OPS[op].attributes, **graph.attributes.get(i, {})}
            arguments = (values[j].astype(case.dtype) for j in graph.arguments(i))
            value = np.asarray(OPS[op].value(*arguments, **attributes))
            values[i] = value.astype(case.dtype).astype(np.float64)
    return values
