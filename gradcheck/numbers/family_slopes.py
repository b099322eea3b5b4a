"""Reverse rules of special functions with constant parameters, in another form than in `families`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import numpy as np

from gradcheck.numbers.arithmetic import Arithmetic
from gradcheck.numbers.families import named

Slope = Callable[..., Any]
"""slope(numbers, cotangent, x, f(x), *parameters) -> cotangent * f'(x)."""


def _c(n: Arithmetic, x: float) -> Any:
    return n.constant(np.array(x))


def _neighbours(name: str, below: float, above: float) -> Slope:
    """f_v' = (below f_(v - 1) + above f_(v + 1)) / 2, DLMF 10.6.1 and 10.29.1."""

    def slope(n: Arithmetic, g: Any, x: Any, y: Any, v: float) -> Any:
        first = n.mul(_c(n, below / 2), n.unary(x, function=named(name, v - 1)))
        second = n.mul(_c(n, above / 2), n.unary(x, function=named(name, v + 1)))
        return n.mul(g, n.add(first, second))

    return slope


def _gamma(sign: float) -> Slope:
    """exp((a - 1) log x - x - log Gamma(a))."""

    def slope(n: Arithmetic, g: Any, x: Any, y: Any, a: float) -> Any:
        height = n.add(x, n.unary(_c(n, a), function="gammaln"))
        if a == 1:
            return n.mul(_c(n, sign), n.mul(g, n.unary(n.neg(height), function="exp")))
        logs = n.mul(_c(n, a - 1), n.unary(x, function="log"))
        return n.mul(_c(n, sign), n.mul(g, n.unary(n.sub(logs, height), function="exp")))

    return slope


def _beta(n: Arithmetic, g: Any, x: Any, y: Any, a: float, b: float) -> Any:
    """exp((a - 1) log x + (b - 1) log(1 - x) - log B(a, b))."""
    total = n.unary(_c(n, a + b), function="gammaln")
    for p in (a, b):
        total = n.sub(total, n.unary(_c(n, p), function="gammaln"))
    if a != 1:
        total = n.add(total, n.mul(_c(n, a - 1), n.unary(x, function="log")))
    if b != 1:
        total = n.add(total, n.mul(_c(n, b - 1), n.unary(n.neg(x), function="log1p")))
    return n.mul(g, n.unary(total, function="exp"))


FAMILY_SLOPES: Mapping[str, Slope] = MappingProxyType(
    {
        "jv": _neighbours("jv", 1.0, -1.0),
        "yv": _neighbours("yv", 1.0, -1.0),
        "iv": _neighbours("iv", 1.0, 1.0),
        "kv": _neighbours("kv", -1.0, -1.0),
        "gammainc": _gamma(1.0),
        "gammaincc": _gamma(-1.0),
        "betainc": _beta,
        "polygamma": lambda n, g, x, y, k: n.mul(g, n.unary(x, function=named("polygamma", k + 1))),
    }
)
