"""Piecewise constant functions: sign, floor, rint and the like give plain numbers, without derivative."""

from collections.abc import Callable
from typing import Any

import numpy as np

from gradcheck.numbers.arithmetic import Array
from gradcheck.tracing.handlers.comparison import escape, ordered, plain
from gradcheck.tracing.handlers.maximum_and_where import absolute
from gradcheck.tracing.lifting import lift
from gradcheck.tracing.registry import FUNCTIONS, UFUNCS
from gradcheck.tracing.trace import NAN, Trace
from gradcheck.tracing.traced import Traced, is_traced


def _sign(trace: Trace, x: Any) -> Any:
    x = lift(trace, x)
    sign, uses = ordered(trace, x, lift(trace, 0.0), 1, "np.sign")
    escape(trace, uses)
    return plain(np.where(sign == NAN, np.nan, sign).astype(x.dtype))


def _signbit(trace: Trace, x: Any) -> Any:
    return np.less(lift(trace, x), 0)


def _copysign(trace: Trace, x: Any, y: Any) -> Any:
    negative = np.less(y, 0) if is_traced(y) else np.signbit(y)
    return absolute(trace, x) * np.where(negative, -1.0, 1.0)


def _heaviside(trace: Trace, x: Any, at_zero: Any) -> Any:
    sign, uses = ordered(trace, lift(trace, x), lift(trace, 0.0), 1, "np.heaviside")
    escape(trace, uses)
    step = np.where(sign == NAN, np.nan, (sign > 0).astype(float))
    return plain(step) if not (sign == 0).any() else np.where(sign == 0, at_zero, step)


UFUNCS["sign"] = _sign
UFUNCS["signbit"] = _signbit
UFUNCS["copysign"] = _copysign
UFUNCS["heaviside"] = _heaviside


def _steps(trace: Trace, x: Any, name: str, boundary: Callable[[Array], Array]) -> tuple[Array, Array, Array, Traced]:
    """Compare each entry with the step next to it: (midpoints, steps, signs of x - step, x)."""
    x = lift(trace, x)
    trace.hidden = True  # the step two further on is compared with nothing
    middle = trace.balls.midpoint(trace.values[x.slot])
    edge = np.where(np.isfinite(middle), boundary(np.where(np.isfinite(middle), middle, 0)), 0)
    sign, uses = ordered(trace, x, lift(trace, edge), 1, f"np.{name}")
    escape(trace, uses)
    return middle, edge, sign, x


def _rounded(middle: Array, value: Array, x: Traced) -> Any:
    return plain(np.where(np.isfinite(middle), value, middle).astype(x.dtype))


def _floor(trace: Trace, x: Any) -> Any:
    middle, edge, sign, x = _steps(trace, x, "floor", np.round)
    return _rounded(middle, np.where(sign >= 0, edge, edge - 1), x)


def _ceil(trace: Trace, x: Any) -> Any:
    middle, edge, sign, x = _steps(trace, x, "ceil", np.round)
    return _rounded(middle, np.where(sign <= 0, edge, edge + 1), x)


def _trunc(trace: Trace, x: Any) -> Any:
    def boundary(middle: Array) -> Array:  # trunc has no step at 0
        return np.where(np.abs(middle) < 1, np.copysign(1.0, middle), np.round(middle))

    middle, edge, sign, x = _steps(trace, x, "trunc", boundary)
    down, up = np.where(sign >= 0, edge, edge - 1), np.where(sign <= 0, edge, edge + 1)
    return _rounded(middle, np.where(edge > 0, down, up), x)


def _rint(trace: Trace, x: Any) -> Any:
    middle, edge, sign, x = _steps(trace, x, "rint", lambda middle: np.floor(middle) + 0.5)
    even = 2 * np.round(edge / 2)
    return _rounded(middle, np.where(sign == 0, even, np.where(sign > 0, edge + 0.5, edge - 0.5)), x)


UFUNCS["floor"] = _floor
UFUNCS["ceil"] = _ceil
UFUNCS["trunc"] = FUNCTIONS[np.fix] = _trunc
UFUNCS["rint"] = _rint


def _round(trace: Trace, a: Any, decimals: int = 0, out: Any = None) -> Any:
    scale = 10.0**decimals
    value = _rint(trace, lift(trace, a) * scale) / scale
    if out is not None:
        out[...] = value
        return out
    return value


FUNCTIONS[np.round] = FUNCTIONS[np.around] = _round


def _floor_divide(trace: Trace, x: Any, y: Any) -> Any:
    return _floor(trace, lift(trace, x) / lift(trace, y))


def _remainder(trace: Trace, x: Any, y: Any) -> Any:
    return lift(trace, x) - lift(trace, y) * _floor_divide(trace, x, y)


def _fmod(trace: Trace, x: Any, y: Any) -> Any:
    x, y = lift(trace, x), lift(trace, y)
    return x - y * _trunc(trace, x / y)


def _modf(trace: Trace, x: Any) -> Any:
    whole = _trunc(trace, x)
    return lift(trace, x) - whole, whole


UFUNCS["floor_divide"] = _floor_divide
UFUNCS["remainder"] = UFUNCS["mod"] = _remainder
UFUNCS["fmod"] = _fmod
UFUNCS["modf"] = _modf
UFUNCS["divmod"] = lambda trace, x, y: (_floor_divide(trace, x, y), _remainder(trace, x, y))
