"""Balls by python-flint: midpoint-radius arithmetic of the Arb library.

Johansson, "Arb: efficient arbitrary-precision midpoint-radius interval arithmetic", IEEE Trans. Comput. 66 (2017).
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import flint
import numpy as np
from flint import arb

from gradcheck.numbers.arithmetic import Array


def _cbrt(x: Any) -> Any:
    if x < 0:
        return -((-x).root(3))
    return x if x.is_zero() else x.root(3)


def _expit(x: Any) -> Any:
    return 1 / (1 + (-x).exp())


def _gammaln(x: Any) -> Any:
    if x > 0:
        return x.lgamma()
    return (arb.pi() / abs(x.sin_pi())).log() - (1 - x).lgamma()  # reflection, DLMF 5.5.3


def _trigamma(x: Any) -> Any:
    if x > 0:
        return arb(2).zeta(x)  # the Hurwitz zeta function, DLMF 25.11.12
    return (arb.pi() / x.sin_pi()) ** 2 - arb(2).zeta(1 - x)  # reflection, DLMF 5.15.6


def _ndtr(x: Any) -> Any:
    return (-x / arb(2).sqrt()).erfc() / 2


def _sinc_slope(x: Any) -> Any:
    # d/dz (sin z / z) = -z/3 0F1(; 5/2; -z^2/4), DLMF 10.49 and 10.16.9: no division by a ball around 0.
    z = arb.pi() * x
    return -arb.pi() * z / 3 * (-z * z / 4).hypgeom_0f1(arb(2.5))


class FlintBalls:
    """Balls one by one; `ball.Balls` makes arrays of them.

    A ball has + - * /, unary -, abs, and < > that are True only when certain.
    """

    zero = arb(0)
    functions: dict[str, Any] = {  # noqa: RUF012 (a constant table)
        "exp": arb.exp,
        "exp2": lambda x: (x * arb.const_log2()).exp(),
        "expm1": arb.expm1,
        "log": arb.log,
        "log2": lambda x: x.log() / arb.const_log2(),
        "log10": lambda x: x.log() / arb.const_log10(),
        "log1p": arb.log1p,
        "sqrt": arb.sqrt,
        "cbrt": _cbrt,
        "sin": arb.sin,
        "cos": arb.cos,
        "tan": arb.tan,
        "arcsin": arb.asin,
        "arccos": arb.acos,
        "arctan": arb.atan,
        "sinh": arb.sinh,
        "cosh": arb.cosh,
        "tanh": arb.tanh,
        "arcsinh": arb.asinh,
        "arccosh": arb.acosh,
        "arctanh": arb.atanh,
        "expit": _expit,
        "softplus": lambda x: x.exp().log1p(),
        "erf": arb.erf,
        "erfc": arb.erfc,
        "ndtr": _ndtr,
        "log_ndtr": lambda x: _ndtr(x).log(),
        "gammaln": _gammaln,
        "digamma": arb.digamma,
        "sinc": arb.sinc_pi,
        "ndtri": lambda x: -arb(2).sqrt() * (2 * x).erfcinv(),
        "erfinv": arb.erfinv,
        "erfcinv": arb.erfcinv,
        "lambertw": arb.lambertw,
        "expi": arb.ei,
        "exp1": lambda x: x.expint(1),
        "trigamma": _trigamma,
        "sinc_slope": _sinc_slope,
    }
    constants: dict[str, Any] = {  # noqa: RUF012
        "pi": arb.pi,
        "ln2": arb.const_log2,
        "ln10": arb.const_log10,
    }

    @contextmanager
    def precision(self, bits: int) -> Iterator[None]:
        """Work with `bits` bits inside the block."""
        before = flint.ctx.prec
        flint.ctx.prec = bits
        try:
            yield
        finally:
            flint.ctx.prec = before

    def exact(self, value: float | int) -> Any:
        """The ball of radius 0 around a Python float or int."""
        return arb(value)

    def between(self, low: float, high: float) -> Any:
        """A ball that holds every number from `low` to `high`."""
        return arb(low).union(arb(high))

    def power(self, base: Any, exponent: Any) -> Any:
        """base ** exponent for two balls."""
        return base**exponent

    def arctan2(self, y: Any, x: Any) -> Any:
        """The angle of the point (x, y), in radians."""
        return arb.atan2(y, x)

    def midpoint(self, ball: Any) -> float:
        """Midpoint, rounded to float64."""
        return float(ball)

    def rest(self, ball: Any, high: float) -> float:
        """What is left of the midpoint after `high`, rounded to float64."""
        return float(ball.mid() - high)

    def radius(self, ball: Any) -> float:
        """An upper bound on the radius."""
        return float(ball.rad())

    def overlap(self, a: Any, b: Any) -> bool:
        """Whether two balls have a number in common."""
        return bool(a.overlaps(b))

    def matmul(self, a: Array, b: Array) -> Array:
        """Product of two matrices of balls."""
        (n, k), m = a.shape, b.shape[1]
        out = np.empty(n * m, dtype=object)
        if n * m * k == 0:
            out[:] = [self.zero] * (n * m)
        elif n * m * k <= 64:  # conversion to a flint matrix and back costs more than this
            rows: list[list[Any]] = a.tolist()
            columns: list[list[Any]] = b.T.tolist()
            out[:] = [_dot(row, column) for row in rows for column in columns]
        else:
            product = flint.arb_mat(n, k, a.ravel().tolist()) * flint.arb_mat(k, m, b.ravel().tolist())
            out[:] = product.entries()
        return out.reshape(n, m)


def _dot(row: Sequence[Any], column: Sequence[Any]) -> Any:
    total = row[0] * column[0]
    for x, y in zip(row[1:], column[1:], strict=True):
        total += x * y
    return total
