"""Selections: maximum, abs, clip, where.

A *selection* (the larger of two numbers) is recorded as a gather from its arguments. Each decision notes the entries
that it chose, so that ties that cannot matter need no fork (see `inert_forks`).
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from gradcheck.numbers.arithmetic import Array
from gradcheck.tracing.handlers.comparison import Uses, contest, ordered
from gradcheck.tracing.lifting import lift, promote
from gradcheck.tracing.registry import FUNCTIONS, UFUNCS
from gradcheck.tracing.trace import NAN, Trace, positions
from gradcheck.tracing.traced import Traced, is_traced


def pick(trace: Trace, choice: Array, sources: Sequence[Traced], uses: Uses, rule: int = 0) -> Traced:
    """Entry by entry sources[choice], of broadcast shape; `rule`: the rule by which ties were settled."""
    starts = np.cumsum([0, *(s.size for s in sources)])
    table = [
        np.broadcast_to(positions(s.shape) + start, choice.shape) for s, start in zip(sources, starts, strict=False)
    ]
    index = np.choose(choice, table) if len(table) < 32 else np.stack(table)[choice, *np.indices(choice.shape)]
    dtype = promote(*sources)
    slot = trace.gather([s.slot for s in sources], index, dtype, rule=rule)

    def of_each_outcome(decision: int, position: int) -> tuple[int, ...]:
        taken = int(choice.flat[position])
        by_choice = [int(t.flat[position]) for t in table]
        other = by_choice[1 - taken]
        return (by_choice[taken], other) if trace.decisions[decision].choice == 0 else (other, by_choice[taken])

    contest(trace, uses, slot, of_each_outcome)
    return Traced(trace, slot, dtype=dtype)


def where_plain(trace: Trace, condition: Any, a: Any, b: Any) -> Traced:
    """np.where with a plain condition."""
    left, right = lift(trace, a), lift(trace, b)
    shape = np.broadcast_shapes(np.shape(condition), left.shape, right.shape)
    choice = np.broadcast_to(np.where(condition, 0, 1), shape)
    return pick(trace, choice, (left, right), [])


def _where(trace: Trace, condition: Any, *branches: Any) -> Any:
    truth = np.not_equal(condition, 0) if is_traced(condition) else np.asarray(condition)
    if branches and all(lift(trace, b).varies for b in branches):
        trace.record.branching.update(slots for known, slots in trace.truths if known is condition)
    return where_plain(trace, truth, *branches) if branches else np.nonzero(truth)


FUNCTIONS[np.where] = _where


def _choose(trace: Trace, a: Any, choices: Any, out: Any = None, mode: Any = "raise") -> Traced:
    sources = [lift(trace, choice) for choice in choices]
    chosen = np.choose(np.asarray(a), list(range(len(sources))), mode=mode)
    return pick(
        trace, np.broadcast_to(chosen, np.broadcast_shapes(chosen.shape, *(s.shape for s in sources))), sources, []
    )


FUNCTIONS[np.choose] = _choose


def _extreme(name: str, sign: int, *, skip_nan: bool) -> Callable[..., Any]:
    def handler(trace: Trace, x: Any, y: Any) -> Traced:
        a, b = lift(trace, x), lift(trace, y)
        rule = trace.rule()
        order, uses = ordered(trace, a, b, sign, f"np.{name}", rule)
        second = order == -sign
        if (order == NAN).any():
            undefined = np.broadcast_to(np.isnan(trace.balls.midpoint(trace.values[a.slot])), order.shape)
            second = np.where(order == NAN, undefined if skip_nan else ~undefined, second)
        return pick(trace, second.astype(np.intp), (a, b), uses, rule)

    return handler


for _name, _sign in {"maximum": 1, "minimum": -1, "fmax": 1, "fmin": -1}.items():
    UFUNCS[_name] = _extreme(_name, _sign, skip_nan=_name.startswith("f"))


def absolute(trace: Trace, x: Any) -> Traced:
    """|x| as a selection between x and -x; at a tie x comes first."""
    x = lift(trace, x)
    rule = trace.rule()
    sign, uses = ordered(trace, x, lift(trace, 0.0), 1, "np.abs", rule)
    return pick(trace, (sign == -1).astype(np.intp), (x, -x), uses, rule)


UFUNCS["absolute"] = UFUNCS["fabs"] = absolute


def _clip(trace: Trace, a: Any, a_min: Any = None, a_max: Any = None, out: Any = None, **bounds: Any) -> Any:
    low, high = bounds.get("min", a_min), bounds.get("max", a_max)
    result = lift(trace, a)
    if low is not None:
        result = UFUNCS["maximum"](trace, result, low)
    if high is not None:
        result = UFUNCS["minimum"](trace, result, high)
    if out is not None:
        out[...] = result
        return out
    return result


UFUNCS["clip"] = FUNCTIONS[np.clip] = _clip


def _nan_to_num(
    trace: Trace, x: Any, copy: bool = True, nan: float = 0.0, posinf: Any = None, neginf: Any = None
) -> Any:
    x = lift(trace, x)
    middle = trace.balls.midpoint(trace.values[x.slot])
    largest = float(np.finfo(x.dtype).max)
    value = where_plain(trace, np.isnan(middle), nan, x)
    value = where_plain(trace, np.isposinf(middle), largest if posinf is None else posinf, value)
    value = where_plain(trace, np.isneginf(middle), -largest if neginf is None else neginf, value)
    if not copy:
        x[...] = value
    return value


FUNCTIONS[np.nan_to_num] = _nan_to_num


def _isclose(trace: Trace, a: Any, b: Any, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False) -> Any:
    a, b = lift(trace, a), lift(trace, b)
    return np.less_equal(absolute(trace, a - b), atol + rtol * absolute(trace, b))


FUNCTIONS[np.isclose] = _isclose
FUNCTIONS[np.allclose] = lambda trace, *args, **kwargs: bool(np.all(_isclose(trace, *args, **kwargs)))
FUNCTIONS[np.array_equal] = lambda trace, a, b, equal_nan=False: bool(
    np.shape(a) == np.shape(b) and np.all(np.equal(a, b))
)
