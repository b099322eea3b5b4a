"""Special functions with constant parameters, such as Bessel functions of an order: one name per function, "jv:1.5".

The value in balls is python-flint's, the value in floats SciPy's. The derivatives here are those of `dual`; the rules
of `family_slopes` are written separately, in another form.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
from flint import arb

from gradcheck.numbers.arithmetic import Arithmetic

Tangent = Callable[..., Any]
"""derivative(numbers, x, f(x), tangent, *parameters) -> f'(x) * tangent."""


@dataclass(frozen=True)
class Family:
    """One function with parameters.

    Attributes
    ----------
    ball: ball(x, *parameters), a ball that contains the value.
    scipy: the name of the function in scipy.special, called with the parameters first.
    tangent: see `Tangent`.
    count: number of parameters.
    """

    ball: Callable[..., Any]
    scipy: str
    tangent: Tangent
    count: int = 1


def named(family: str, *parameters: float) -> str:
    """The name of a member: "jv:1.5"."""
    return ":".join([family, *(repr(float(p)) for p in parameters)])


def parsed(name: str) -> tuple[str, tuple[float, ...]] | None:
    """Family and parameters of a name; None if it names no member of a family."""
    family, *texts = name.split(":")
    if family not in FAMILIES or len(texts) != FAMILIES[family].count:
        return None
    return family, tuple(float(t) for t in texts)


class WithFamilies(dict[str, Any]):
    """A table of functions of one argument, to which every member of a family belongs."""

    def __init__(self, table: Mapping[str, Any], member: Callable[[Family, tuple[float, ...]], Any]) -> None:
        super().__init__(table)
        self._member = member

    def __missing__(self, name: str) -> Any:
        found = parsed(name)
        if found is None:
            raise KeyError(name)
        return self._member(FAMILIES[found[0]], found[1])


def in_floats(name: str) -> Callable[[Any], Any] | None:
    """The float version of a member, in float64: scipy.special has no longdouble loop."""
    found = parsed(name)
    if found is None:
        return None
    family, parameters = FAMILIES[found[0]], found[1]

    def call(x: Any) -> Any:
        import scipy.special

        first = tuple(int(p) if family.scipy == "polygamma" else p for p in parameters)
        return np.asarray(getattr(scipy.special, family.scipy)(*first, np.asarray(x, np.float64)))

    return call


# -- values in balls -------------------------------------------------------------------------------------------------


def _polygamma(x: Any, n: float) -> Any:
    """(-1)^(n + 1) n! zeta(n + 1, x) for x > 0, DLMF 25.11.12."""
    if not x > 0:
        return arb("nan")
    return arb(-1) ** int(n + 1) * arb(n + 1).gamma() * arb(n + 1).zeta(x)


# -- derivatives, forward --------------------------------------------------------------------------------------------


def _c(n: Arithmetic, x: float) -> Any:
    return n.constant(np.array(x))


def _bessel(name: str, sign: float) -> Tangent:
    """f_v' = (v / x) f_v + sign f_(v + 1), DLMF 10.6.2 and 10.29.2."""

    def tangent(n: Arithmetic, x: Any, y: Any, t: Any, v: float) -> Any:
        above = n.mul(_c(n, sign), n.unary(x, function=named(name, v + 1)))
        if v == 0:
            return n.mul(above, t)
        return n.mul(n.add(n.div(n.mul(_c(n, v), y), x), above), t)

    return tangent


def _gamma_density(sign: float) -> Tangent:
    """x^(a - 1) exp(-x) / Gamma(a), DLMF 8.8.13."""

    def tangent(n: Arithmetic, x: Any, y: Any, t: Any, a: float) -> Any:
        height = n.unary(n.unary(_c(n, a), function="gammaln"), function="exp")
        density = n.mul(n.pow(x, exponent=np.array(a - 1)), n.unary(n.neg(x), function="exp"))
        return n.mul(_c(n, sign), n.mul(n.div(density, height), t))

    return tangent


def _beta_density(n: Arithmetic, x: Any, y: Any, t: Any, a: float, b: float) -> Any:
    """x^(a - 1) (1 - x)^(b - 1) / B(a, b), DLMF 8.17.20."""
    logs = [n.unary(_c(n, p), function="gammaln") for p in (a, b, a + b)]
    height = n.unary(n.sub(n.add(logs[0], logs[1]), logs[2]), function="exp")
    rest = n.sub(_c(n, 1.0), x)
    density = n.mul(n.pow(x, exponent=np.array(a - 1)), n.pow(rest, exponent=np.array(b - 1)))
    return n.mul(n.div(density, height), t)


FAMILIES: Mapping[str, Family] = MappingProxyType(
    {
        "jv": Family(lambda x, v: x.bessel_j(arb(v)), "jv", _bessel("jv", -1.0)),
        "yv": Family(lambda x, v: x.bessel_y(arb(v)), "yv", _bessel("yv", -1.0)),
        "iv": Family(lambda x, v: x.bessel_i(arb(v)), "iv", _bessel("iv", 1.0)),
        "kv": Family(lambda x, v: x.bessel_k(arb(v)), "kv", _bessel("kv", -1.0)),
        "gammainc": Family(lambda x, a: x.gamma_lower(arb(a), 1), "gammainc", _gamma_density(1.0)),
        "gammaincc": Family(lambda x, a: x.gamma_upper(arb(a), 1), "gammaincc", _gamma_density(-1.0)),
        "betainc": Family(lambda x, a, b: x.beta_lower(arb(a), arb(b), 1), "betainc", _beta_density, 2),
        "polygamma": Family(
            _polygamma, "polygamma", lambda n, x, y, t, k: n.mul(n.unary(x, function=named("polygamma", k + 1)), t)
        ),
    }
)
