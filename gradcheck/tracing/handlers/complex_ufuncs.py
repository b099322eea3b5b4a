"""Arithmetic and elementary functions of complex traced arrays, in terms of their real and imaginary parts.

Formulas: Abramowitz & Stegun, 4.3.55-4.3.60 and 4.5.49-4.5.54. Logarithm, roots and powers are principal values.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from gradcheck.tracing.complex_traced import COMPLEX_UFUNCS, ComplexTraced, is_complex, of_parts, parts, trace_of
from gradcheck.tracing.traced import is_traced

Pair = tuple[Any, Any]
MOST_FACTORS = 64
"""Maximum whole exponent that is computed by multiplication; larger ones by the principal logarithm."""


def _pair(value: Pair) -> Any:
    """A complex array of two parts; a plain one if nothing is traced."""
    real, imag = value
    if not is_traced(real) and not is_traced(imag):
        return real + 1j * imag
    return ComplexTraced(real, imag)


def _register(*names: str) -> Callable[[Callable[..., Pair]], Callable[..., Pair]]:
    def register(rule: Callable[..., Pair]) -> Callable[..., Pair]:
        def handler(*operands: Any) -> Any:
            return _pair(rule(*(part for x in operands for part in parts(x))))

        for name in names:
            COMPLEX_UFUNCS[name] = handler
        return rule

    return register


@_register("add")
def _add(a: Any, b: Any, c: Any, d: Any) -> Pair:
    return a + c, b + d


@_register("subtract")
def _subtract(a: Any, b: Any, c: Any, d: Any) -> Pair:
    return a - c, b - d


@_register("negative")
def _negative(a: Any, b: Any) -> Pair:
    return -a, -b


@_register("positive")
def _positive(a: Any, b: Any) -> Pair:
    return a, b


@_register("conjugate")
def _conjugate(a: Any, b: Any) -> Pair:
    return a, -b


@_register("square")
def _square(a: Any, b: Any) -> Pair:
    return a * a - b * b, 2 * a * b


@_register("reciprocal")
def _reciprocal(a: Any, b: Any) -> Pair:
    size = a * a + b * b
    return a / size, -b / size


@_register("exp")
def _exp(a: Any, b: Any) -> Pair:
    length = np.exp(a)
    return length * np.cos(b), length * np.sin(b)


@_register("log")
def _log(a: Any, b: Any) -> Pair:
    return np.log(np.hypot(a, b)), np.arctan2(b, a)


@_register("sin")
def _sin(a: Any, b: Any) -> Pair:
    return np.sin(a) * np.cosh(b), np.cos(a) * np.sinh(b)


@_register("cos")
def _cos(a: Any, b: Any) -> Pair:
    return np.cos(a) * np.cosh(b), -np.sin(a) * np.sinh(b)


@_register("sinh")
def _sinh(a: Any, b: Any) -> Pair:
    return np.sinh(a) * np.cos(b), np.cosh(a) * np.sin(b)


@_register("cosh")
def _cosh(a: Any, b: Any) -> Pair:
    return np.cosh(a) * np.cos(b), np.sinh(a) * np.sin(b)


@_register("tan")
def _tan(a: Any, b: Any) -> Pair:
    below = np.cos(2 * a) + np.cosh(2 * b)
    return np.sin(2 * a) / below, np.sinh(2 * b) / below


@_register("tanh")
def _tanh(a: Any, b: Any) -> Pair:
    below = np.cosh(2 * a) + np.cos(2 * b)
    return np.sinh(2 * a) / below, np.sin(2 * b) / below


@_register("sqrt")
def _sqrt(a: Any, b: Any) -> Pair:
    length, angle = np.sqrt(np.hypot(a, b)), np.arctan2(b, a) / 2
    return length * np.cos(angle), length * np.sin(angle)


def _multiply(x: Any, y: Any) -> Any:
    if not is_complex(x) or not is_complex(y):  # a real factor: two products, and no sum with 0
        real, other = (y, x) if is_complex(x) else (x, y)
        a, b = parts(other)
        return _pair((real * a, real * b))
    (a, b), (c, d) = parts(x), parts(y)
    return _pair((a * c - b * d, a * d + b * c))


def _divide(x: Any, y: Any) -> Any:
    a, b = parts(x)
    if not is_complex(y):
        return _pair((a / y, b / y))
    c, d = parts(y)
    size = c * c + d * d
    return _pair(((a * c + b * d) / size, (b * c - a * d) / size))


def _absolute(x: Any) -> Any:
    return np.hypot(*parts(x))


def _power(x: Any, y: Any) -> Any:
    if not is_traced(y) and not is_complex(y) and np.ndim(y) == 0 and float(y).is_integer() and abs(y) <= MOST_FACTORS:
        return _whole_power(x, int(y))
    if not is_complex(y):
        a, b = parts(x)
        length, angle = np.power(np.hypot(a, b), y), np.arctan2(b, a) * y
        return _pair((length * np.cos(angle), length * np.sin(angle)))
    trace = trace_of([x, y])
    assert trace is not None
    return COMPLEX_UFUNCS["exp"](_multiply(y, COMPLEX_UFUNCS["log"](of_parts(trace, x))))


def _whole_power(x: Any, n: int) -> Any:
    if n < 0:
        return COMPLEX_UFUNCS["reciprocal"](_whole_power(x, -n))
    power: Any = np.ones(np.shape(x)) + 0j if n == 0 else None
    square = x
    while n:
        if n & 1:
            power = square if power is None else _multiply(power, square)
        square, n = _multiply(square, square), n >> 1
    return power


def _matmul(x: Any, y: Any) -> Any:
    if not is_complex(x) or not is_complex(y):
        a, b = parts(x if is_complex(x) else y)
        return _pair((a @ y, b @ y)) if is_complex(x) else _pair((x @ a, x @ b))
    (a, b), (c, d) = parts(x), parts(y)
    return _pair((a @ c - b @ d, a @ d + b @ c))


def _equal(x: Any, y: Any) -> Any:
    (a, b), (c, d) = parts(x), parts(y)
    return np.logical_and(np.equal(a, c), np.equal(b, d))


def _not_equal(x: Any, y: Any) -> Any:
    return np.logical_not(_equal(x, y))


def _test(name: str) -> Callable[[Any], Any]:
    def test(x: Any) -> Any:
        a, b = (getattr(np, name)(part) for part in parts(x))
        return np.logical_and(a, b) if name == "isfinite" else np.logical_or(a, b)

    return test


COMPLEX_UFUNCS |= {
    "multiply": _multiply,
    "divide": _divide,
    "true_divide": _divide,
    "absolute": _absolute,
    "power": _power,
    "matmul": _matmul,
    "equal": _equal,
    "not_equal": _not_equal,
    **{name: _test(name) for name in ("isfinite", "isnan", "isinf")},
}
