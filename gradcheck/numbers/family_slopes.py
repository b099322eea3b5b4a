"""Reverse rules of special functions with constant parameters, in another form than in `families`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from gradcheck.numbers.arithmetic import Arithmetic
from gradcheck.numbers.families import Parameter, constant, named

Slope = Callable[..., Any]
"""slope(numbers, cotangent, x, f(x), *parameters) -> cotangent * f'(x)."""


def _neighbours(name: str, below: float, above: float) -> Slope:
    """f_v' = (below f_(v - 1) + above f_(v + 1)) / 2, DLMF 10.6.1 and 10.29.1."""

    def slope(n: Arithmetic, g: Any, x: Any, y: Any, v: float) -> Any:
        first = n.mul(constant(n, below / 2), n.unary(x, function=named(name, Parameter(v) - 1)))
        second = n.mul(constant(n, above / 2), n.unary(x, function=named(name, Parameter(v) + 1)))
        return n.mul(g, n.add(first, second))

    return slope


def _gamma(sign: float) -> Slope:
    """exp((a - 1) log x - x - log Gamma(a))."""

    def slope(n: Arithmetic, g: Any, x: Any, y: Any, a: float) -> Any:
        height = n.add(x, n.unary(constant(n, a), function="gammaln"))
        if a == 1:
            return n.mul(constant(n, sign), n.mul(g, n.unary(n.neg(height), function="exp")))
        logs = n.mul(constant(n, Parameter(a) - 1), n.unary(x, function="log"))
        return n.mul(constant(n, sign), n.mul(g, n.unary(n.sub(logs, height), function="exp")))

    return slope


def _beta(n: Arithmetic, g: Any, x: Any, y: Any, a: float, b: float) -> Any:
    """exp((a - 1) log x + (b - 1) log(1 - x) - log B(a, b))."""
    total = n.unary(n.add(constant(n, a), constant(n, b)), function="gammaln")
    for p in (a, b):
        total = n.sub(total, n.unary(constant(n, p), function="gammaln"))
    if a != 1:
        total = n.add(total, n.mul(constant(n, Parameter(a) - 1), n.unary(x, function="log")))
    if b != 1:
        total = n.add(total, n.mul(constant(n, Parameter(b) - 1), n.unary(n.neg(x), function="log1p")))
    return n.mul(g, n.unary(total, function="exp"))


def _hypergeometric(name: str, above: int) -> Slope:
    """f' = (prod a / prod c) f with each parameter raised by one, factor by factor."""

    def slope(n: Arithmetic, g: Any, x: Any, y: Any, *p: float) -> Any:
        value = n.mul(g, n.unary(x, function=named(name, *(Parameter(v) + 1 for v in p))))
        for a in p[:above]:
            value = n.mul(value, constant(n, a))
        for c in p[above:]:
            value = n.div(value, constant(n, c))
        return value

    return slope


def _ellipk(n: Arithmetic, g: Any, x: Any, y: Any) -> Any:
    """(E - (1 - m) K) / (2 m (1 - m))."""
    rest = n.sub(constant(n, 1.0), x)
    top = n.sub(n.unary(x, function="ellipe"), n.mul(rest, y))
    return n.div(n.mul(g, top), n.mul(n.mul(constant(n, 2.0), x), rest))


def _ellipe(n: Arithmetic, g: Any, x: Any, y: Any) -> Any:
    """(E / m - K / m) / 2."""
    half = n.sub(n.div(y, x), n.div(n.unary(x, function="ellipk"), x))
    return n.mul(g, n.div(half, constant(n, 2.0)))


def _quarter_turns(function: str) -> Slope:
    """sin or cos of pi x^2 / 2."""

    def slope(n: Arithmetic, g: Any, x: Any, y: Any) -> Any:
        return n.mul(g, n.unary(n.div(n.mul(n.real("pi"), n.mul(x, x)), constant(n, 2.0)), function=function))

    return slope


FAMILY_SLOPES: Mapping[str, Slope] = MappingProxyType(
    {
        "jv": _neighbours("jv", 1.0, -1.0),
        "yv": _neighbours("yv", 1.0, -1.0),
        "iv": _neighbours("iv", 1.0, 1.0),
        "kv": _neighbours("kv", -1.0, -1.0),
        "gammainc": _gamma(1.0),
        "gammaincc": _gamma(-1.0),
        "betainc": _beta,
        "hyp1f1": _hypergeometric("hyp1f1", 1),
        "hyp2f1": _hypergeometric("hyp2f1", 2),
        "ellipk": _ellipk,
        "ellipe": _ellipe,
        "si": lambda n, g, x, y: n.div(n.mul(g, n.unary(x, function="sin")), x),
        "ci": lambda n, g, x, y: n.div(n.mul(g, n.unary(x, function="cos")), x),
        "fresnel_s": _quarter_turns("sin"),
        "fresnel_c": _quarter_turns("cos"),
        "dawsn": lambda n, g, x, y: n.sub(g, n.mul(n.mul(constant(n, 2.0), g), n.mul(x, y))),
        "spence": lambda n, g, x, y: n.neg(n.div(n.mul(g, n.unary(x, function="log")), n.sub(x, constant(n, 1.0)))),
        "polygamma": lambda n, g, x, y, k: n.mul(g, n.unary(x, function=named("polygamma", k + 1))),
    }
)
