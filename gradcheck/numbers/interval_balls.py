"""Balls by mpmath's interval arithmetic, for machines without python-flint. Slow, the same interface.

mpmath.iv encloses the arithmetic operations, exp, log, sqrt, sin, cos and tan. The rest are pieced together here:
increasing or decreasing functions from their values at both ends, computed with 30 more bits than asked for and widened
by 2^-bits of their size, others by identities. (mpmath computes its functions to full accuracy, but states no
proof of it, so that these enclosures rest on mpmath's word.)
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import mpmath
import numpy as np
from mpmath import iv, mp

from gradcheck.numbers.arithmetic import Array

_MINIMUM_OF_GAMMA = 1.4616321449683622  # DLMF 5.4.19 and the text below it


def _nan() -> Any:
    # Not a NaN: mpmath takes nan * 0 for 0, and a ball has to hold whatever the value could be.
    return iv.mpf(["-inf", "inf"])


def _ends(x: Any) -> tuple[Any, Any]:
    return mp.make_mpf(x.a._mpi_[0]), mp.make_mpf(x.b._mpi_[1])


def _interval(low: Any, high: Any) -> Any:
    return iv.make_mpf((low._mpf_, high._mpf_))


def _widened(values: list[Any]) -> Any:
    """The hull of values that are accurate to more than the working precision."""
    if any(mp.isnan(v) for v in values):
        return _nan()
    low, high = min(values), max(values)
    slack = mp.ldexp(1, -int(iv.prec))
    low -= abs(low) * slack if mp.isfinite(low) else 0
    high += abs(high) * slack if mp.isfinite(high) else 0
    return _interval(low, high)


def _monotone(function: Callable[[Any], Any], *, low: float | None = None, high: float | None = None) -> Any:
    """An enclosure of a function that is monotone between `low` and `high`, its domain."""

    def enclose(x: Any) -> Any:
        a, b = _ends(x)
        if mp.isnan(a) or mp.isnan(b) or (low is not None and a < low) or (high is not None and b > high):
            return _nan()
        with mp.workprec(int(iv.prec) + 30):
            return _widened([mp.mpf(mpmath.re(function(a))), mp.mpf(mpmath.re(function(b)))])

    return enclose


def _guarded(function: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """NaN outside the domain, where mpmath raises."""

    def enclose(x: Any) -> Any:
        try:
            return function(x)
        except (mpmath.libmp.libmpf.ComplexResult, ValueError, ZeroDivisionError):
            return _nan()

    return enclose


def _cosh(x: Any) -> Any:
    return (iv.exp(x) + iv.exp(-x)) / 2


def _gammaln(x: Any) -> Any:
    a, b = _ends(x)
    if not a > 0:
        return iv.log(iv.pi / abs(iv.sin(iv.pi * x))) - _gammaln(1 - x) if b < 0 else _nan()
    with mp.workprec(int(iv.prec) + 30):
        values = [mp.loggamma(a), mp.loggamma(b)]
        if a <= _MINIMUM_OF_GAMMA + 1e-9 and b >= _MINIMUM_OF_GAMMA - 1e-9:
            values.append(mp.mpf("-0.12148629053584960810"))  # just below the minimum
        return _widened(values)


def _digamma(x: Any) -> Any:
    a, b = _ends(x)
    if a > 0:
        return _monotone(mp.digamma)(x)
    return _digamma(1 - x) - iv.pi * iv.cos(iv.pi * x) / iv.sin(iv.pi * x) if b < 0 else _nan()


def _trigamma(x: Any) -> Any:
    a, b = _ends(x)
    if a > 0:
        return _monotone(lambda t: mp.polygamma(1, t))(x)
    return (iv.pi / iv.sin(iv.pi * x)) ** 2 - _trigamma(1 - x) if b < 0 else _nan()


def _is_zero(x: Any) -> bool:
    a, b = _ends(x)
    return bool(a == 0 and b == 0)


def _sinc(x: Any) -> Any:
    z = iv.pi * x
    return iv.mpf(1) if _is_zero(x) else iv.sin(z) / z


def _sinc_slope(x: Any) -> Any:
    return iv.mpf(0) if _is_zero(x) else (iv.cos(iv.pi * x) - _sinc(x)) / x


class IntervalBalls:
    """Scalars for `Balls`; see `ball.Backend`."""

    name = "mpmath"
    zero = iv.mpf(0)
    functions: dict[str, Any] = {  # noqa: RUF012 (a constant table)
        "exp": iv.exp,
        "exp2": lambda x: iv.exp(x * iv.ln2),
        "expm1": _monotone(mp.expm1),
        "log": _guarded(iv.log),
        "log2": _guarded(lambda x: iv.log(x) / iv.ln2),
        "log10": _guarded(lambda x: iv.log(x) / iv.ln10),
        "log1p": _monotone(mp.log1p, low=-1),
        "sqrt": _guarded(iv.sqrt),
        "cbrt": _monotone(lambda t: mp.sign(t) * mp.cbrt(abs(t))),
        "sin": iv.sin,
        "cos": iv.cos,
        "tan": _guarded(lambda x: iv.sin(x) / iv.cos(x)),
        "arcsin": _monotone(mp.asin, low=-1, high=1),
        "arccos": _monotone(mp.acos, low=-1, high=1),
        "arctan": _monotone(mp.atan),
        "sinh": _monotone(mp.sinh),
        "cosh": _cosh,
        "tanh": _monotone(mp.tanh),
        "arcsinh": _monotone(mp.asinh),
        "arccosh": _monotone(mp.acosh, low=1),
        "arctanh": _monotone(mp.atanh, low=-1, high=1),
        "expit": lambda x: 1 / (1 + iv.exp(-x)),
        "softplus": _monotone(lambda t: mp.log1p(mp.exp(t))),
        "erf": _monotone(mp.erf),
        "erfc": _monotone(mp.erfc),
        "ndtr": _monotone(lambda t: mp.erfc(-t / mp.sqrt(2)) / 2),
        "log_ndtr": _monotone(lambda t: mp.log(mp.erfc(-t / mp.sqrt(2)) / 2)),
        "gammaln": _gammaln,
        "digamma": _digamma,
        "sinc": _sinc,
        "trigamma": _trigamma,
        "sinc_slope": _sinc_slope,
    }
    constants: dict[str, Any] = {  # noqa: RUF012
        "pi": lambda: iv.mpf(iv.pi),
        "ln2": lambda: iv.mpf(iv.ln2),
        "ln10": lambda: iv.mpf(iv.ln10),
    }

    @contextmanager
    def precision(self, bits: int) -> Iterator[None]:
        """Work with `bits` bits inside the block."""
        before = iv.prec
        iv.prec = bits
        try:
            yield
        finally:
            iv.prec = before

    def exact(self, value: float | int) -> Any:
        """The interval [value, value]."""
        return iv.mpf(value)

    def power(self, base: Any, exponent: Any) -> Any:
        """base ** exponent for two balls; a whole exponent allows any base."""
        a, b = _ends(exponent)
        try:
            if a == b and mp.isint(a):
                whole = int(a)
                return _nan() if whole < 0 and 0 in base else base**whole
            if _is_zero(base) and a > 0:
                return iv.mpf(0)
            return iv.exp(exponent * iv.log(base))
        except (mpmath.libmp.libmpf.ComplexResult, ValueError, ZeroDivisionError):
            return _nan()

    def arctan2(self, y: Any, x: Any) -> Any:
        (x0, x1), (y0, y1) = _ends(x), _ends(y)
        if not (x0 > 0 or y0 > 0 or y1 < 0 or (x1 < 0 and y0 == 0 and y1 == 0)):
            return _nan()  # the branch cut, or the origin
        with mp.workprec(int(iv.prec) + 30):
            # Away from the cut the angle is monotone in each argument, so that corners bound it.
            return _widened([mp.atan2(t, s) for t in (y0, y1) for s in (x0, x1)])

    def midpoint(self, ball: Any) -> float:
        """Midpoint, rounded to float64."""
        a, b = _ends(ball)
        return float(a) if a == b else float(a + (b - a) / 2)

    def rest(self, ball: Any, high: float) -> float:
        """What is left of the midpoint after `high`, rounded to float64."""
        a, b = _ends(ball)
        with mp.workprec(int(iv.prec) + 30):
            return float((a + b) / 2 - high)

    def radius(self, ball: Any) -> float:
        """An upper bound on the radius."""
        a, b = _ends(ball)
        if mp.isinf(a) and a == b:
            return 0.0
        return float((b - a) / 2)

    def overlap(self, a: Any, b: Any) -> bool:
        (a0, a1), (b0, b1) = _ends(a), _ends(b)
        return not (a1 < b0 or b1 < a0)

    def matmul(self, a: Array, b: Array) -> Array:
        """Product of two matrices of balls."""
        out = np.empty((a.shape[0], b.shape[1]), dtype=object)
        out[...] = self.zero
        for k in range(a.shape[1]):
            out = out + a[:, k, None] * b[None, k, :]
        return out
