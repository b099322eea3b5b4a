"""Dual numbers over any number system: a value and its tangent, computed together in a forward sweep.

Clifford (1873); Griewank & Walther, "Evaluating Derivatives" (2008), section 3.1. The derivatives in this file are
written independently of those in `tracing.primitives`, often in another form (tan' = 1 / cos^2, there 1 + tan^2), so
that one sweep checks the other.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np

from gradcheck.numbers.arithmetic import Arithmetic, Array, Axes, Shape, one_less
from gradcheck.numbers.families import FAMILIES, named, parsed


@dataclass(frozen=True, slots=True)
class Dual:
    """A value and its tangent of the same shape; None stands for a tangent of zeros."""

    value: Any
    tangent: Any | None


class Duals:
    """`arithmetic.Arithmetic` over pairs of arrays of `base`."""

    def __init__(self, base: Arithmetic) -> None:
        self.base = base

    def enter(self, dtype: np.dtype[Any]) -> None:
        """The base rounds as `dtype` does."""
        self.base.enter(dtype)

    def constant(self, value: Array) -> Dual:
        """A constant has no tangent."""
        return Dual(self.base.constant(value), None)

    def real(self, name: str) -> Dual:
        """A constant has no tangent."""
        return Dual(self.base.real(name), None)

    def _sum(self, value: Any, first: Any | None, second: Any | None) -> Dual:
        """`value` with the sum of two contributions (of its shape, or to be broadcast) as tangent."""
        if first is None or second is None:
            only = first if second is None else second
            return Dual(value, None if only is None else self.base.broadcast(only, self.base.shape(value)))
        return Dual(value, self.base.add(first, second))

    def add(self, a: Dual, b: Dual) -> Dual:
        """Tangent a' + b'."""
        return self._sum(self.base.add(a.value, b.value), a.tangent, b.tangent)

    def sub(self, a: Dual, b: Dual) -> Dual:
        """Tangent a' - b'."""
        second = None if b.tangent is None else self.base.neg(b.tangent)
        return self._sum(self.base.sub(a.value, b.value), a.tangent, second)

    def neg(self, a: Dual) -> Dual:
        """Tangent -a'."""
        return Dual(self.base.neg(a.value), None if a.tangent is None else self.base.neg(a.tangent))

    def mul(self, a: Dual, b: Dual) -> Dual:
        """Tangent a' b + a b'."""
        n = self.base
        first = None if a.tangent is None else n.mul(a.tangent, b.value)
        second = None if b.tangent is None else n.mul(a.value, b.tangent)
        return self._sum(n.mul(a.value, b.value), first, second)

    def div(self, a: Dual, b: Dual) -> Dual:
        """Tangent a' / b - a b' / b^2."""
        n = self.base
        first = None if a.tangent is None else n.div(a.tangent, b.value)
        second = None
        if b.tangent is not None:
            second = n.neg(n.div(n.mul(a.value, b.tangent), n.mul(b.value, b.value)))
        return self._sum(n.div(a.value, b.value), first, second)

    def unary(self, a: Dual, *, function: str) -> Dual:
        """Tangent f'(a) a'; the slopes are the table at the end of this file."""
        value = self.base.unary(a.value, function=function)
        if a.tangent is None:
            return Dual(value, None)
        return Dual(value, _derivative(function)(self.base, a.value, value, a.tangent))

    def pow(self, a: Dual, *, exponent: Array) -> Dual:
        """Tangent c a^(c - 1) a' for a constant power c; 0 where c is 0."""
        n = self.base
        value = n.pow(a.value, exponent=exponent)
        if a.tangent is None:
            return Dual(value, None)
        constant = exponent == 0
        less, exact = one_less(exponent)
        lower = n.pow(a.value, exponent=np.where(constant, 0, less))
        if not np.all(exact):
            exact = np.broadcast_to(exact, n.shape(value))
            lower = n.add(n.keep(lower, exact), n.keep(n.div(value, a.value), ~exact))
        return Dual(value, n.mul(n.constant(np.where(constant, 0, exponent)), n.mul(lower, a.tangent)))

    def power(self, a: Dual, b: Dual) -> Dual:
        """Tangent a^b b a' / a + a^b log(a) b'."""
        n = self.base
        value = n.power(a.value, b.value)
        first = second = None
        if a.tangent is not None:  # a^b b a' / a
            first = n.div(n.mul(n.mul(value, b.value), a.tangent), a.value)
        if b.tangent is not None:
            second = n.mul(n.mul(n.unary(a.value, function="log"), value), b.tangent)
        return self._sum(value, first, second)

    def arctan2(self, a: Dual, b: Dual) -> Dual:
        """Tangent (b a' - a b') / r^2 with r = hypot(a, b), written as sine and cosine over r."""
        n = self.base
        norm = n.hypot(a.value, b.value)
        sine, cosine = n.div(a.value, norm), n.div(b.value, norm)
        first = None if a.tangent is None else n.div(n.mul(cosine, a.tangent), norm)
        second = None if b.tangent is None else n.neg(n.div(n.mul(sine, b.tangent), norm))
        return self._sum(n.arctan2(a.value, b.value), first, second)

    def hypot(self, a: Dual, b: Dual) -> Dual:
        """Tangent (a a' + b b') / hypot(a, b)."""
        n = self.base
        value = n.hypot(a.value, b.value)
        first = None if a.tangent is None else n.mul(n.div(a.value, value), a.tangent)
        second = None if b.tangent is None else n.mul(n.div(b.value, value), b.tangent)
        return self._sum(value, first, second)

    def logaddexp(self, a: Dual, b: Dual) -> Dual:
        """Tangent expit(a - b) a' + expit(b - a) b'."""
        n = self.base
        gap = n.sub(a.value, b.value)
        first = second = None
        if a.tangent is not None:
            first = n.mul(n.unary(gap, function="expit"), a.tangent)
        if b.tangent is not None:
            second = n.mul(n.unary(n.neg(gap), function="expit"), b.tangent)
        return self._sum(n.logaddexp(a.value, b.value), first, second)

    def _linear(self, a: Dual, operation: Callable[[Any], Any]) -> Dual:
        return Dual(operation(a.value), None if a.tangent is None else operation(a.tangent))

    def sum(self, a: Dual, *, axes: Axes) -> Dual:
        """Linear: the same operation on the tangent."""
        return self._linear(a, lambda x: self.base.sum(x, axes=axes))

    def cumsum(self, a: Dual, *, axis: int, reverse: bool = False) -> Dual:
        """Linear: the same operation on the tangent."""
        return self._linear(a, lambda x: self.base.cumsum(x, axis=axis, reverse=reverse))

    def matmul(self, a: Dual, b: Dual) -> Dual:
        """Tangent A' B + A B'."""
        n = self.base
        first = None if a.tangent is None else n.matmul(a.tangent, b.value)
        second = None if b.tangent is None else n.matmul(a.value, b.tangent)
        return self._sum(n.matmul(a.value, b.value), first, second)

    def swap(self, a: Dual) -> Dual:
        """Linear: the same operation on the tangent."""
        return self._linear(a, self.base.swap)

    def gather(self, *arrays: Dual, index: Array, fill: float = 0.0) -> Dual:
        """Linear in the arrays; the tangent of a fill is 0."""
        n = self.base
        value = n.gather(*(a.value for a in arrays), index=index, fill=fill)
        if all(a.tangent is None for a in arrays):
            return Dual(value, None)
        tangents = [self._tangent(a) for a in arrays]
        return Dual(value, n.gather(*tangents, index=index, fill=0.0))

    def _tangent(self, a: Dual) -> Any:
        return self.base.constant(np.zeros(self.base.shape(a.value))) if a.tangent is None else a.tangent

    def scatter(self, a: Dual, *, index: Array, shape: Shape) -> Dual:
        """Linear: the same operation on the tangent."""
        return self._linear(a, lambda x: self.base.scatter(x, index=index, shape=shape))

    def sum_to(self, a: Dual, shape: Shape) -> Dual:
        """Linear: the same operation on the tangent."""
        return self._linear(a, lambda x: self.base.sum_to(x, shape))

    def broadcast(self, a: Dual, shape: Shape) -> Dual:
        """Linear: the same operation on the tangent."""
        return self._linear(a, lambda x: self.base.broadcast(x, shape))

    def held(self, a: Dual) -> Dual:
        """No tangent passes."""
        return Dual(a.value, None)

    def keep(self, a: Dual, mask: Array) -> Dual:
        """Linear: the same operation on the tangent."""
        return self._linear(a, lambda x: self.base.keep(x, mask))

    def shape(self, a: Dual) -> Shape:
        """The value's shape."""
        return self.base.shape(a.value)


def _c(n: Arithmetic, x: float) -> Any:
    return n.constant(np.array(x))


def _over(n: Arithmetic, t: Any, denominator: Any) -> Any:
    return n.div(t, denominator)


def _bell(n: Arithmetic, x: Any, scale: float) -> Any:
    """exp(-scale x^2) sqrt(scale / pi)."""
    height = n.unary(n.div(_c(n, scale), n.real("pi")), function="sqrt")
    return n.mul(height, n.unary(n.mul(_c(n, -scale), n.mul(x, x)), function="exp"))


def _cos_squared(n: Arithmetic, x: Any) -> Any:
    cosine = n.unary(x, function="cos")
    return n.mul(cosine, cosine)


def _cosh_squared(n: Arithmetic, x: Any) -> Any:
    cosine = n.unary(x, function="cosh")
    return n.mul(cosine, cosine)


def _expit_slope(n: Arithmetic, x: Any) -> Any:
    return n.mul(n.unary(x, function="expit"), n.unary(n.neg(x), function="expit"))


def _sinc_curvature(n: Any, x: Any, slope: Any) -> Any:
    """sinc''(x) = -pi^2 sinc(x) - 2 sinc'(x) / x, for x other than 0."""
    pi = n.real("pi")
    twice = n.div(n.add(slope, slope), x)
    return n.sub(n.neg(n.mul(n.mul(pi, pi), n.unary(x, function="sinc"))), twice)


DERIVATIVES: Mapping[str, Callable[[Arithmetic, Any, Any, Any], Any]] = MappingProxyType(
    {  # (numbers, x, f(x), tangent) -> f'(x) * tangent
        "exp": lambda n, x, y, t: n.mul(n.unary(x, function="exp"), t),
        "exp2": lambda n, x, y, t: n.mul(n.mul(n.real("ln2"), t), y),
        "expm1": lambda n, x, y, t: n.mul(n.add(y, _c(n, 1.0)), t),
        "log": lambda n, x, y, t: _over(n, t, x),
        "log2": lambda n, x, y, t: _over(n, _over(n, t, x), n.real("ln2")),
        "log10": lambda n, x, y, t: _over(n, _over(n, t, x), n.real("ln10")),
        "log1p": lambda n, x, y, t: _over(n, t, n.add(x, _c(n, 1.0))),
        "sqrt": lambda n, x, y, t: _over(n, n.mul(t, _c(n, 0.5)), n.unary(x, function="sqrt")),
        "cbrt": lambda n, x, y, t: _over(n, n.mul(t, y), n.mul(_c(n, 3.0), x)),
        "sin": lambda n, x, y, t: n.mul(n.unary(x, function="cos"), t),
        "cos": lambda n, x, y, t: n.mul(n.neg(n.unary(x, function="sin")), t),
        "tan": lambda n, x, y, t: _over(n, t, _cos_squared(n, x)),
        "arcsin": lambda n, x, y, t: _over(n, t, n.unary(y, function="cos")),
        "arccos": lambda n, x, y, t: n.neg(_over(n, t, n.unary(y, function="sin"))),
        "arctan": lambda n, x, y, t: n.mul(t, _cos_squared(n, y)),
        "sinh": lambda n, x, y, t: n.mul(n.unary(x, function="cosh"), t),
        "cosh": lambda n, x, y, t: n.mul(n.unary(x, function="sinh"), t),
        "tanh": lambda n, x, y, t: _over(n, t, _cosh_squared(n, x)),
        "arcsinh": lambda n, x, y, t: _over(n, t, n.unary(y, function="cosh")),
        "arccosh": lambda n, x, y, t: _over(n, t, n.unary(y, function="sinh")),
        "arctanh": lambda n, x, y, t: _over(n, t, n.mul(n.sub(_c(n, 1.0), x), n.add(_c(n, 1.0), x))),
        "expit": lambda n, x, y, t: n.mul(_expit_slope(n, x), t),
        "softplus": lambda n, x, y, t: n.mul(n.unary(n.sub(x, y), function="exp"), t),
        "erf": lambda n, x, y, t: n.mul(n.mul(_c(n, 2.0), _bell(n, x, 1.0)), t),
        "erfc": lambda n, x, y, t: n.mul(n.mul(_c(n, -2.0), _bell(n, x, 1.0)), t),
        "ndtr": lambda n, x, y, t: n.mul(_bell(n, x, 0.5), t),
        "log_ndtr": lambda n, x, y, t: _over(n, n.mul(_bell(n, x, 0.5), t), n.unary(x, function="ndtr")),
        "gammaln": lambda n, x, y, t: n.mul(n.unary(x, function="digamma"), t),
        "digamma": lambda n, x, y, t: n.mul(n.unary(x, function="trigamma"), t),
        "trigamma": lambda n, x, y, t: n.mul(n.unary(x, function=named("polygamma", 2)), t),
        "sinc": lambda n, x, y, t: n.mul(n.unary(x, function="sinc_slope"), t),
        "sinc_slope": lambda n, x, y, t: n.mul(_sinc_curvature(n, x, y), t),
        "ndtri": lambda n, x, y, t: _over(n, t, _bell(n, y, 0.5)),
        "erfinv": lambda n, x, y, t: _over(n, n.mul(_c(n, 0.5), t), _bell(n, y, 1.0)),
        "erfcinv": lambda n, x, y, t: _over(n, n.mul(_c(n, -0.5), t), _bell(n, y, 1.0)),
        "lambertw": lambda n, x, y, t: _over(n, t, n.add(x, n.unary(y, function="exp"))),
        "expi": lambda n, x, y, t: _over(n, n.mul(n.unary(x, function="exp"), t), x),
        "exp1": lambda n, x, y, t: n.neg(_over(n, t, n.mul(x, n.unary(x, function="exp")))),
    }
)


def _derivative(function: str) -> Callable[[Arithmetic, Any, Any, Any], Any]:
    """The entry of DERIVATIVES, or the tangent of a member of a family. Raises KeyError for any other name."""
    member = parsed(function)
    if member is None:
        return DERIVATIVES[function]
    family, parameters = member
    return lambda n, x, y, t: FAMILIES[family].tangent(n, x, y, t, *parameters)
