"""The largest and smallest along axes, and where they are."""

from collections.abc import Callable
from typing import Any

import numpy as np

from gradcheck.numbers.arithmetic import Array
from gradcheck.tracing.handlers.comparison import Uses, contest, escape, plain
from gradcheck.tracing.handlers.maximum_and_where import where_plain
from gradcheck.tracing.lifting import lift, operand
from gradcheck.tracing.registry import FUNCTIONS, UFUNCS
from gradcheck.tracing.trace import Decision, Trace, positions
from gradcheck.tracing.traced import Traced, is_traced


def rows(x: Traced, axes: tuple[int, ...]) -> Array:
    """Positions of x with the given axes moved last and merged: shape (rest of x.shape) + (n,)."""
    kept = [n for axis, n in enumerate(x.shape) if axis not in axes]
    moved = np.moveaxis(positions(x.shape), axes, range(len(kept), x.ndim))
    return moved.reshape(*kept, -1)


def extreme_positions(trace: Trace, x: Traced, table: Array, sign: int, what: str, rule: int = 0) -> tuple[Array, Uses]:
    """Number of the largest (sign 1) or smallest (-1) entry in each row of a table of positions."""
    middle = trace.balls.midpoint(trace.values[x.slot]).ravel()[table]
    size = np.where(np.isnan(middle), np.inf, sign * middle)  # NaN wins, as in NumPy
    best = np.asarray(np.argmax(size, axis=-1))
    leader = np.take_along_axis(table, best[..., None], -1)
    order, undecided = trace.signs((x.slot, np.broadcast_to(leader, table.shape)), (x.slot, table), rule)
    # float64 midpoints may tie where the balls do not
    behind = (order == -sign) & ~undecided
    uses: Uses = []
    count = table.shape[-1]
    for k in np.flatnonzero((undecided | behind).any(axis=-1)):
        row = table.reshape(-1, count)[k]
        winner = int(best.reshape(-1)[k])
        for rival in np.flatnonzero(behind.reshape(-1, count)[k]):
            pair = np.array([row[winner]]), np.array([row[rival]])
            if trace.signs((x.slot, pair[0]), (x.slot, pair[1]))[0][0] == -sign:
                winner = int(rival)
        near = trace.signs((x.slot, np.full(count, row[winner])), (x.slot, row), rule)[1]
        if near.any():
            near[winner] = True
            tied = [winner, *(int(t) for t in np.flatnonzero(near) if t != winner)]
            chosen = trace.largest([(x.slot, int(row[t])) for t in tied], sign, what, rule)
            uses.append((trace.used, int(k)))
            winner = tied[chosen]
        best.reshape(-1)[k] = winner
    return best, uses


def _candidates(decision: Decision, slot: int) -> tuple[int, ...]:
    """Positions in `slot` of the numbers that tie, in the order of the outcomes; () if others decided the tie."""
    if any(entry[0] != slot for entry in (decision.tests[0].left, decision.tests[0].right)):
        return ()
    others = [test.right[1] for test in decision.tests]
    others.insert(decision.choice, decision.tests[0].left[1])
    return tuple(others)


def normalize_axes(axis: Any, ndim: int) -> tuple[int, ...]:
    """NumPy's axis argument as a sorted tuple of non-negative axes."""
    if axis is None:
        return tuple(range(ndim))
    chosen = axis if isinstance(axis, tuple | list) else (axis,)
    for a in chosen:
        if not -ndim <= int(a) < ndim:
            raise np.exceptions.AxisError(int(a), ndim)
    return tuple(sorted(int(a) % ndim for a in chosen))


def finish(value: Any, axes: tuple[int, ...], keepdims: Any, dtype: Any, out: Any) -> Any:
    """Apply keepdims=, dtype= and out= to the result of a reduction."""
    if keepdims is not np._NoValue and keepdims:  # 1 counts as True
        value = np.expand_dims(value, axes)
    if dtype is not None:
        value = value.astype(dtype)
    if out is not None:
        target = out[0] if isinstance(out, tuple) else out
        if not is_traced(target):
            raise value.run.refuse("a traced result was to be written into a plain buffer with out=")
        target[...] = value
        return target
    return value


def _reduce_extreme(name: str, sign: int) -> Callable[..., Any]:
    def handler(
        trace: Trace,
        a: Any,
        axis: Any = None,
        out: Any = None,
        keepdims: Any = False,
        initial: Any = None,
        where: Any = True,
    ) -> Any:
        x = lift(trace, a)
        value: Any
        if where is not True:
            x = where_plain(trace, where, x, -sign * np.inf)
        axes = normalize_axes(axis, x.ndim)
        table = rows(x, axes)
        if table.shape[-1] == 0:
            if initial is None:
                raise ValueError(f"zero-size array to reduction operation np.{name} which has no identity")
            value = operand(trace, np.full(table.shape[:-1], float(initial)))
        else:
            rule = trace.rule()
            best, uses = extreme_positions(trace, x, table, sign, f"np.{name}", rule)
            index = np.take_along_axis(table, best[..., None], -1)[..., 0]
            slot = trace.gather((x.slot,), index, x.dtype, rule=rule)
            contest(trace, uses, slot, lambda decision, _: _candidates(trace.decisions[decision], x.slot))
            value = Traced(trace, slot, dtype=x.dtype)
            if initial is not None:
                value = UFUNCS["maximum" if sign > 0 else "minimum"](trace, value, initial)
        return finish(value, axes, keepdims, None, out)

    return handler


maximum_of = FUNCTIONS[np.max] = FUNCTIONS[np.amax] = _reduce_extreme("max", 1)
minimum_of = FUNCTIONS[np.min] = FUNCTIONS[np.amin] = _reduce_extreme("min", -1)


def _arg_extreme(name: str, sign: int) -> Callable[..., Any]:
    def handler(trace: Trace, a: Any, axis: Any = None, out: Any = None, *, keepdims: bool = False) -> Any:
        x = lift(trace, a)
        axes = normalize_axes(axis, x.ndim)
        best, uses = extreme_positions(trace, x, rows(x, axes), sign, f"np.{name}")
        escape(trace, uses)
        return plain(np.expand_dims(best, axes) if keepdims else best)

    return handler


FUNCTIONS[np.argmax] = _arg_extreme("argmax", 1)
FUNCTIONS[np.argmin] = _arg_extreme("argmin", -1)
