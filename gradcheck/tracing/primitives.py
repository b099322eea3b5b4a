"""The primitives of a record, one row each: how a cotangent passes backwards through them.

The forward value of a primitive is the method of the same name of an `Arithmetic`. The rules below are this file's
own, written from calculus; they share nothing with the implementations under test, and are cross-checked on every run
against a forward (dual number) sweep, whose derivatives are written separately in `numbers.dual`.

Formulas have their textbook form (tanh' = 1 - tanh^2), even where another is more accurate. In balls the radius covers
the loss of accuracy; in stochastic arithmetic it is the loss of an honest implementation.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np

from gradcheck.numbers.arithmetic import Arithmetic, Array, one_less
from gradcheck.numbers.families import parsed
from gradcheck.numbers.family_slopes import FAMILY_SLOPES

Attributes = Mapping[str, Any]
Needed = Sequence[bool]
Rule = Callable[[Arithmetic, Any, Sequence[Any], Any, Attributes, Needed], tuple[Any, ...]]
"""rule(numbers, cotangent, inputs, output, attributes, needed) -> one cotangent (or None) per input.

Contributions of elementwise primitives have the output's shape; the sweep sums them over broadcast axes.
"""


@dataclass(frozen=True)
class Primitive:
    """A VJP rule, and whether each output entry depends on only one entry of each (broadcast) input."""

    vjp: Rule
    elementwise: bool = True


def value(numbers: Arithmetic, name: str, inputs: Sequence[Any], attributes: Attributes) -> Any:
    """The primitive's output in the given number system."""
    return getattr(numbers, name)(*inputs, **attributes)


def _number(n: Arithmetic, x: float) -> Any:
    return n.constant(np.array(x))


def _square(n: Arithmetic, x: Any) -> Any:
    return n.mul(x, x)


def _one_minus_square(n: Arithmetic, x: Any) -> Any:
    return n.sub(_number(n, 1.0), n.mul(x, x))


def _root(n: Arithmetic, x: Any) -> Any:
    return n.unary(x, function="sqrt")


def _exp(n: Arithmetic, x: Any) -> Any:
    return n.unary(x, function="exp")


def _gauss(n: Arithmetic, x: Any) -> Any:
    """exp(-x^2 / 2) / sqrt(2 pi)."""
    bell = _exp(n, n.mul(_number(n, -0.5), _square(n, x)))
    return n.div(bell, _root(n, n.mul(_number(n, 2.0), n.real("pi"))))


def _mills(n: Arithmetic, x: Any, log_ndtr: Any) -> Any:
    """exp(-x^2 / 2 - log ndtr(x)) / sqrt(2 pi): in the far tail both underflow, but not their ratio."""
    ratio = _exp(n, n.sub(n.mul(_number(n, -0.5), _square(n, x)), log_ndtr))
    return n.div(ratio, _root(n, n.mul(_number(n, 2.0), n.real("pi"))))


def _erf_slope(n: Arithmetic, x: Any) -> Any:
    """2 exp(-x^2) / sqrt(pi), DLMF 7.2.1."""
    return n.div(n.mul(_number(n, 2.0), _exp(n, n.neg(_square(n, x)))), _root(n, n.real("pi")))


def _growth(n: Arithmetic, x: Any, scale: float) -> Any:
    """exp(scale x^2)."""
    return _exp(n, n.mul(_number(n, scale), _square(n, x)))


def _erfinv_slope(n: Arithmetic, y: Any) -> Any:
    """sqrt(pi) exp(y^2) / 2 for y = erfinv(x)."""
    return n.div(n.mul(_root(n, n.real("pi")), _growth(n, y, 1.0)), _number(n, 2.0))


SLOPES: Mapping[str, Callable[[Arithmetic, Any, Any, Any], Any]] = MappingProxyType(
    {  # (numbers, cotangent, x, f(x)) -> cotangent * f'(x)
        "exp": lambda n, g, x, y: n.mul(g, y),
        "exp2": lambda n, g, x, y: n.mul(g, n.mul(y, n.real("ln2"))),
        "expm1": lambda n, g, x, y: n.mul(g, _exp(n, x)),
        "log": lambda n, g, x, y: n.div(g, x),
        "log2": lambda n, g, x, y: n.div(g, n.mul(x, n.real("ln2"))),
        "log10": lambda n, g, x, y: n.div(g, n.mul(x, n.real("ln10"))),
        "log1p": lambda n, g, x, y: n.div(g, n.add(_number(n, 1.0), x)),
        "sqrt": lambda n, g, x, y: n.div(g, n.mul(_number(n, 2.0), y)),
        "cbrt": lambda n, g, x, y: n.div(g, n.mul(_number(n, 3.0), _square(n, y))),
        "sin": lambda n, g, x, y: n.mul(g, n.unary(x, function="cos")),
        "cos": lambda n, g, x, y: n.neg(n.mul(g, n.unary(x, function="sin"))),
        "tan": lambda n, g, x, y: n.mul(g, n.add(_number(n, 1.0), _square(n, y))),
        "arcsin": lambda n, g, x, y: n.div(g, _root(n, _one_minus_square(n, x))),
        "arccos": lambda n, g, x, y: n.neg(n.div(g, _root(n, _one_minus_square(n, x)))),
        "arctan": lambda n, g, x, y: n.div(g, n.add(_number(n, 1.0), _square(n, x))),
        "sinh": lambda n, g, x, y: n.mul(g, n.unary(x, function="cosh")),
        "cosh": lambda n, g, x, y: n.mul(g, n.unary(x, function="sinh")),
        "tanh": lambda n, g, x, y: n.mul(g, _one_minus_square(n, y)),
        "arcsinh": lambda n, g, x, y: n.div(g, _root(n, n.add(_square(n, x), _number(n, 1.0)))),
        "arccosh": lambda n, g, x, y: n.div(g, _root(n, n.sub(_square(n, x), _number(n, 1.0)))),
        "arctanh": lambda n, g, x, y: n.div(g, _one_minus_square(n, x)),
        "expit": lambda n, g, x, y: n.mul(g, n.mul(y, n.sub(_number(n, 1.0), y))),
        "softplus": lambda n, g, x, y: n.mul(g, n.unary(x, function="expit")),
        "erf": lambda n, g, x, y: n.mul(g, _erf_slope(n, x)),
        "erfc": lambda n, g, x, y: n.neg(n.mul(g, _erf_slope(n, x))),
        "ndtr": lambda n, g, x, y: n.mul(g, _gauss(n, x)),
        "log_ndtr": lambda n, g, x, y: n.mul(g, _mills(n, x, y)),
        "gammaln": lambda n, g, x, y: n.mul(g, n.unary(x, function="digamma")),
        "digamma": lambda n, g, x, y: n.mul(g, n.unary(x, function="trigamma")),
        "sinc": lambda n, g, x, y: n.mul(g, n.unary(x, function="sinc_slope")),
        "ndtri": lambda n, g, x, y: n.mul(g, n.mul(_root(n, n.mul(_number(n, 2.0), n.real("pi"))), _growth(n, y, 0.5))),
        "erfinv": lambda n, g, x, y: n.mul(g, _erfinv_slope(n, y)),
        "erfcinv": lambda n, g, x, y: n.neg(n.mul(g, _erfinv_slope(n, y))),
        "lambertw": lambda n, g, x, y: n.div(n.mul(g, _exp(n, n.neg(y))), n.add(_number(n, 1.0), y)),
        "expi": lambda n, g, x, y: n.mul(g, n.div(_exp(n, x), x)),
        "exp1": lambda n, g, x, y: n.neg(n.mul(g, n.div(_exp(n, n.neg(x)), x))),
    }
)


def _slope(n: Arithmetic, g: Any, x: Any, y: Any, function: str) -> Any:
    """cotangent * f'(x) for a function of SLOPES or a member of a family."""
    member = parsed(function)
    if member is not None:
        family, parameters = member
        return FAMILY_SLOPES[family](n, g, x, y, *parameters)
    return SLOPES[function](n, g, x, y)


def _unary(n: Arithmetic, g: Any, xs: Sequence[Any], y: Any, at: Attributes, _: Needed) -> tuple[Any, ...]:
    return (_slope(n, g, xs[0], y, at["function"]),)


def _mul(n: Arithmetic, g: Any, xs: Sequence[Any], y: Any, _: Attributes, need: Needed) -> tuple[Any, ...]:
    a, b = xs
    return n.mul(g, b) if need[0] else None, n.mul(g, a) if need[1] else None


def _div(n: Arithmetic, g: Any, xs: Sequence[Any], y: Any, _: Attributes, need: Needed) -> tuple[Any, ...]:
    b = xs[1]
    return n.div(g, b) if need[0] else None, n.neg(n.div(n.mul(g, y), b)) if need[1] else None


def _pow(n: Arithmetic, g: Any, xs: Sequence[Any], y: Any, at: Attributes, _: Needed) -> tuple[Any, ...]:
    exponent: Array = at["exponent"]
    less, exact = one_less(exponent)
    # x^0 is constant, also at x = 0, where the exponent -1 would have no value.
    lower = n.pow(xs[0], exponent=np.where(exponent == 0, 0.0, less))
    if not np.all(exact):  # a rounded exponent would enclose another power
        exact = np.broadcast_to(exact, n.shape(y))
        lower = n.add(n.keep(lower, exact), n.keep(n.div(y, xs[0]), ~exact))
    return (n.mul(g, n.mul(n.constant(exponent), lower)),)


def _power(n: Arithmetic, g: Any, xs: Sequence[Any], y: Any, _: Attributes, need: Needed) -> tuple[Any, ...]:
    a, b = xs
    base = n.mul(g, n.mul(b, n.power(a, n.sub(b, _number(n, 1.0))))) if need[0] else None
    return base, n.mul(g, n.mul(y, n.unary(a, function="log"))) if need[1] else None


def _arctan2(n: Arithmetic, g: Any, xs: Sequence[Any], y: Any, _: Attributes, need: Needed) -> tuple[Any, ...]:
    a, b = xs
    square = n.add(_square(n, a), _square(n, b))
    return (
        n.div(n.mul(g, b), square) if need[0] else None,
        n.neg(n.div(n.mul(g, a), square)) if need[1] else None,
    )


def _hypot(n: Arithmetic, g: Any, xs: Sequence[Any], y: Any, _: Attributes, need: Needed) -> tuple[Any, ...]:
    return tuple(n.div(n.mul(g, x), y) if needed else None for x, needed in zip(xs, need, strict=True))


def _logaddexp(n: Arithmetic, g: Any, xs: Sequence[Any], y: Any, _: Attributes, need: Needed) -> tuple[Any, ...]:
    return tuple(n.mul(g, _exp(n, n.sub(x, y))) if needed else None for x, needed in zip(xs, need, strict=True))


def _sum(n: Arithmetic, g: Any, xs: Sequence[Any], y: Any, at: Attributes, _: Needed) -> tuple[Any, ...]:
    shape = n.shape(xs[0])
    kept = np.arange(math.prod(n.shape(y))).reshape(n.shape(y))
    return (n.gather(g, index=np.broadcast_to(np.expand_dims(kept, at["axes"]), shape)),)


def _cumsum(n: Arithmetic, g: Any, xs: Sequence[Any], y: Any, at: Attributes, _: Needed) -> tuple[Any, ...]:
    return (n.cumsum(g, axis=at["axis"], reverse=not at.get("reverse", False)),)


def _matmul(n: Arithmetic, g: Any, xs: Sequence[Any], y: Any, _: Attributes, need: Needed) -> tuple[Any, ...]:
    a, b = xs
    return n.matmul(g, n.swap(b)) if need[0] else None, n.matmul(n.swap(a), g) if need[1] else None


def _gather(n: Arithmetic, g: Any, xs: Sequence[Any], y: Any, at: Attributes, need: Needed) -> tuple[Any, ...]:
    index: Array = at["index"]
    shapes = [n.shape(x) for x in xs]
    sizes = [math.prod(shape) for shape in shapes]
    if len(xs) == 1:
        return (n.scatter(g, index=index, shape=shapes[0]),)
    starts = np.cumsum([0, *sizes])
    if not all(need):  # entries from sources that need nothing are dropped
        source = np.searchsorted(starts[1:], index, side="right")
        index = np.where((index >= 0) & np.asarray([*need, False])[np.minimum(source, len(xs))], index, -1)
    flat = n.scatter(g, index=index, shape=(int(starts[-1]),))
    return tuple(
        n.gather(flat, index=np.arange(start, start + size).reshape(shape)) if needed else None
        for start, size, shape, needed in zip(starts[:-1], sizes, shapes, need, strict=True)
    )


def _scatter(n: Arithmetic, g: Any, xs: Sequence[Any], y: Any, at: Attributes, _: Needed) -> tuple[Any, ...]:
    return (n.gather(g, index=at["index"]),)


PRIMITIVES: Mapping[str, Primitive] = MappingProxyType(
    {
        "add": Primitive(lambda n, g, xs, y, at, need: (g, g)),
        "sub": Primitive(lambda n, g, xs, y, at, need: (g, n.neg(g) if need[1] else None)),
        # Its node does not vary, so that no derivative passes; what rounding does to it reaches the result.
        "held": Primitive(lambda n, g, xs, y, at, need: (g,)),
        "neg": Primitive(lambda n, g, xs, y, at, need: (n.neg(g),)),
        "mul": Primitive(_mul),
        "div": Primitive(_div),
        "pow": Primitive(_pow),
        "power": Primitive(_power),
        "arctan2": Primitive(_arctan2),
        "hypot": Primitive(_hypot),
        "logaddexp": Primitive(_logaddexp),
        "unary": Primitive(_unary),
        "sum": Primitive(_sum, elementwise=False),
        "cumsum": Primitive(_cumsum, elementwise=False),
        "matmul": Primitive(_matmul, elementwise=False),
        "gather": Primitive(_gather, elementwise=False),
        "scatter": Primitive(_scatter, elementwise=False),
    }
)
