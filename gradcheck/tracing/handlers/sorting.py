"""Sorting traced numbers, and searching among sorted ones."""

from typing import Any

import numpy as np

from gradcheck.numbers.arithmetic import Array
from gradcheck.tracing.handlers.comparison import Uses, contest, escape, plain
from gradcheck.tracing.handlers.extremes import normalize_axes, rows
from gradcheck.tracing.lifting import lift
from gradcheck.tracing.registry import FUNCTIONS
from gradcheck.tracing.trace import Trace
from gradcheck.tracing.traced import Traced


def order_of(trace: Trace, x: Traced, table: Array, what: str) -> tuple[Array, Uses]:
    """A stable ascending order of each row of a table of positions."""
    middle = trace.balls.midpoint(trace.values[x.slot]).ravel()[table]
    order = np.argsort(middle, axis=-1, kind="stable")
    ranked = np.take_along_axis(table, order, -1)
    sign, undecided = trace.signs((x.slot, ranked[..., 1:]), (x.slot, ranked[..., :-1]))
    uses: Uses = []
    count = table.shape[-1]
    if not (undecided | (sign == -1)).any():
        return order, uses
    for k in np.flatnonzero((undecided | (sign == -1)).any(axis=-1)):
        row = table.reshape(-1, count)[k]
        sorted_row: list[int] = []
        used: set[int] = set()
        for item in range(count):  # insertion from the right: few comparisons, since an undecided one forks
            place = len(sorted_row)
            while place and _comes_before(trace, x.slot, int(row[item]), int(row[sorted_row[place - 1]]), what, used):
                place -= 1
            sorted_row.insert(place, item)
        order.reshape(-1, count)[k] = sorted_row
        uses += [(decision, k * count + t) for decision in used for t in range(count)]
    return order, uses


def _comes_before(trace: Trace, slot: int, item: int, other: int, what: str, used: set[int]) -> bool:
    sign, undecided = trace.signs((slot, np.array([item])), (slot, np.array([other])))
    if not undecided[0]:
        return bool(sign[0] == -1)
    taken = trace.order((slot, item), (slot, other), int(sign[0]) or 1, what)
    used.add(trace.used)
    return taken == -1


def _sort(trace: Trace, a: Any, axis: Any = -1, kind: Any = None, order: Any = None, *, stable: Any = None) -> Any:
    x = lift(trace, a)
    if axis is None:
        x, axis = x.ravel(), -1
    axis = normalize_axes(axis, x.ndim)[0]
    table = rows(x, (axis,))
    ranks, uses = order_of(trace, x, table, "np.sort")
    index = np.take_along_axis(table, ranks, -1)
    slot = trace.gather((x.slot,), index, x.dtype)
    contest(trace, uses, slot)
    ordered: Any = Traced(trace, slot, dtype=x.dtype, scalar=False)
    return np.moveaxis(ordered, -1, axis)


def _argsort(trace: Trace, a: Any, axis: Any = -1, kind: Any = None, order: Any = None, *, stable: Any = None) -> Any:
    x = lift(trace, a)
    if axis is None:
        x, axis = x.ravel(), -1
    axis = normalize_axes(axis, x.ndim)[0]
    ranks, uses = order_of(trace, x, rows(x, (axis,)), "np.argsort")
    escape(trace, uses)
    return np.moveaxis(ranks, -1, axis)


FUNCTIONS[np.sort] = _sort
FUNCTIONS[np.argsort] = _argsort
# A full sort is one of the answers that a partition may give.
FUNCTIONS[np.partition] = lambda trace, a, kth, axis=-1, kind=None, order=None: _sort(trace, a, axis)
FUNCTIONS[np.argpartition] = lambda trace, a, kth, axis=-1, kind=None, order=None: _argsort(trace, a, axis)


def _searchsorted(trace: Trace, a: Any, v: Any, side: str = "left", sorter: Any = None) -> Any:
    edges = lift(trace, a) if sorter is None else lift(trace, a)[sorter]
    wanted = lift(trace, v)
    before = (np.less if side == "left" else np.less_equal)(edges, wanted[..., None])
    return plain(np.sum(before, axis=-1))


FUNCTIONS[np.searchsorted] = _searchsorted


def _digitize(trace: Trace, x: Any, bins: Any, right: bool = False) -> Any:
    return _searchsorted(trace, bins, x, "left" if right else "right")


FUNCTIONS[np.digitize] = _digitize
