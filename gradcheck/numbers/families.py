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
from flint import acb, arb

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
    part: which one, where SciPy's function returns several values.
    """

    ball: Callable[..., Any]
    scipy: str
    tangent: Tangent
    count: int = 1
    part: int | None = None


class Parameter(float):
    """A float and a whole number added to it, exactly: the derivative of J_0.1 has J_1.1, which no float is.

    Attributes
    ----------
    base, shift: the two; as a float it is their rounded sum.
    """

    base: float
    shift: int

    def __new__(cls, base: float, shift: int = 0) -> Parameter:
        """From a float, or from another parameter."""
        shift += getattr(base, "shift", 0)
        base = float(getattr(base, "base", base))
        self = super().__new__(cls, base + shift)
        self.base, self.shift = base, shift
        return self

    def __add__(self, other: float) -> Parameter:
        return Parameter(self, int(other))

    def __sub__(self, other: float) -> Parameter:
        return Parameter(self, -int(other))

    @property
    def exact(self) -> bool:
        """Whether the float is the sum itself."""
        return float(self) - self.shift == self.base and float(self) - self.base == self.shift

    def __str__(self) -> str:
        return repr(float(self)) if self.exact else f"{self.base!r}@{self.shift}"


def constant(n: Arithmetic, x: float) -> Any:
    """A number, or a parameter without its rounding, in a number system."""
    if isinstance(x, Parameter) and not x.exact:
        return n.add(n.constant(np.array(x.base)), n.constant(np.array(float(x.shift))))
    return n.constant(np.array(float(x)))


def named(family: str, *parameters: float) -> str:
    """The name of a member: "jv:1.5", or "jv:0.1@1" for the order 0.1 + 1."""
    return ":".join([family, *(str(Parameter(p)) for p in parameters)])


def parsed(name: str) -> tuple[str, tuple[float, ...]] | None:
    """Family and parameters of a name; None if it names no member of a family."""
    family, *texts = name.split(":")
    if family not in FAMILIES or len(texts) != FAMILIES[family].count:
        return None
    given = [t.partition("@") for t in texts]
    return family, tuple(Parameter(float(base), int(shift or 0)) for base, _, shift in given)


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
        value = getattr(scipy.special, family.scipy)(*first, np.asarray(x, np.float64))
        return np.asarray(value if family.part is None else value[family.part])

    return call


# -- values in balls -------------------------------------------------------------------------------------------------


def _arb(parameter: float) -> Any:
    if isinstance(parameter, Parameter):
        return arb(parameter.base) + parameter.shift
    return arb(parameter)


def _polygamma(x: Any, n: float) -> Any:
    """(-1)^(n + 1) n! zeta(n + 1, x) for x > 0, DLMF 25.11.12."""
    if not x > 0:
        return arb("nan")
    return arb(-1) ** int(n + 1) * arb(n + 1).gamma() * arb(n + 1).zeta(x)


# -- derivatives, forward --------------------------------------------------------------------------------------------


def _bessel(name: str, sign: float) -> Tangent:
    """f_v' = (v / x) f_v + sign f_(v + 1), DLMF 10.6.2 and 10.29.2."""

    def tangent(n: Arithmetic, x: Any, y: Any, t: Any, v: float) -> Any:
        above = n.mul(constant(n, sign), n.unary(x, function=named(name, Parameter(v) + 1)))
        if v == 0:
            return n.mul(above, t)
        return n.mul(n.add(n.div(n.mul(constant(n, v), y), x), above), t)

    return tangent


def _one_power_less(n: Arithmetic, x: Any, a: float) -> Any:
    """x^(a - 1), also where a - 1 is no float."""
    less = Parameter(a) - 1
    if less.exact:
        return n.pow(x, exponent=np.array(float(less)))
    return n.div(n.pow(x, exponent=np.array(float(a))), x)


def _gamma_density(sign: float) -> Tangent:
    """x^(a - 1) exp(-x) / Gamma(a), DLMF 8.8.13."""

    def tangent(n: Arithmetic, x: Any, y: Any, t: Any, a: float) -> Any:
        height = n.unary(n.unary(constant(n, a), function="gammaln"), function="exp")
        density = n.mul(_one_power_less(n, x, a), n.unary(n.neg(x), function="exp"))
        return n.mul(constant(n, sign), n.mul(n.div(density, height), t))

    return tangent


def _beta_density(n: Arithmetic, x: Any, y: Any, t: Any, a: float, b: float) -> Any:
    """x^(a - 1) (1 - x)^(b - 1) / B(a, b), DLMF 8.17.20."""
    both = [constant(n, a), constant(n, b)]
    logs = [n.unary(p, function="gammaln") for p in (*both, n.add(*both))]
    height = n.unary(n.sub(n.add(logs[0], logs[1]), logs[2]), function="exp")
    rest = n.sub(constant(n, 1.0), x)
    density = n.mul(_one_power_less(n, x, a), _one_power_less(n, rest, b))
    return n.mul(n.div(density, height), t)


def _hypergeometric(name: str, above: int) -> Tangent:
    """The derivative of pFq(a; c; x) is (prod a / prod c) pFq(a + 1; c + 1; x), DLMF 16.3.1; p of them are `above`."""

    def tangent(n: Arithmetic, x: Any, y: Any, t: Any, *p: float) -> Any:
        factor = constant(n, 1.0)
        for k, v in enumerate(p):
            factor = (n.mul if k < above else n.div)(factor, constant(n, v))
        return n.mul(n.mul(factor, n.unary(x, function=named(name, *(Parameter(v) + 1 for v in p)))), t)

    return tangent


def _elliptic_k(n: Arithmetic, x: Any, y: Any, t: Any) -> Any:
    """(E / (1 - m) - K) / (2 m), DLMF 19.4.1."""
    other = n.div(n.unary(x, function="ellipe"), n.sub(constant(n, 1.0), x))
    return n.mul(n.div(n.sub(other, y), n.mul(constant(n, 2.0), x)), t)


def _over(function: str, square: float = 0.0) -> Tangent:
    """function(x) / x, or function(square x^2)."""

    def tangent(n: Arithmetic, x: Any, y: Any, t: Any) -> Any:
        if not square:
            return n.mul(n.div(n.unary(x, function=function), x), t)
        turn = n.mul(n.mul(constant(n, square), n.real("pi")), n.mul(x, x))
        return n.mul(n.unary(turn, function=function), t)

    return tangent


def _of_complex(name: str) -> Callable[..., Any]:
    """A function of python-flint's complex balls, of a real argument below 1."""
    return lambda x: getattr(acb(x), name)().real if x < 1 else arb("nan")


FAMILIES: Mapping[str, Family] = MappingProxyType(
    {
        "jv": Family(lambda x, v: x.bessel_j(_arb(v)), "jv", _bessel("jv", -1.0)),
        "yv": Family(lambda x, v: x.bessel_y(_arb(v)), "yv", _bessel("yv", -1.0)),
        "iv": Family(lambda x, v: x.bessel_i(_arb(v)), "iv", _bessel("iv", 1.0)),
        "kv": Family(lambda x, v: x.bessel_k(_arb(v)), "kv", _bessel("kv", -1.0)),
        "gammainc": Family(lambda x, a: x.gamma_lower(arb(a), 1), "gammainc", _gamma_density(1.0)),
        "gammaincc": Family(lambda x, a: x.gamma_upper(arb(a), 1), "gammaincc", _gamma_density(-1.0)),
        "betainc": Family(lambda x, a, b: x.beta_lower(arb(a), arb(b), 1), "betainc", _beta_density, 2),
        "polygamma": Family(
            _polygamma, "polygamma", lambda n, x, y, t, k: n.mul(n.unary(x, function=named("polygamma", k + 1)), t)
        ),
        "hyp1f1": Family(lambda x, a, b: x.hypgeom_1f1(_arb(a), _arb(b)), "hyp1f1", _hypergeometric("hyp1f1", 1), 2),
        "hyp2f1": Family(
            lambda x, a, b, c: x.hypgeom_2f1(_arb(a), _arb(b), _arb(c)), "hyp2f1", _hypergeometric("hyp2f1", 2), 3
        ),
        "ellipk": Family(_of_complex("elliptic_k"), "ellipk", _elliptic_k, 0),
        "ellipe": Family(
            _of_complex("elliptic_e"),
            "ellipe",
            lambda n, x, y, t: n.mul(
                n.div(n.sub(y, n.unary(x, function="ellipk")), n.mul(constant(n, 2.0), x)), t
            ),  # DLMF 19.4.2
            0,
        ),
        "si": Family(lambda x: x.si(), "sici", _over("sin"), 0, 0),
        "ci": Family(lambda x: x.ci(), "sici", _over("cos"), 0, 1),
        "fresnel_s": Family(lambda x: x.fresnel_s(), "fresnel", _over("sin", 0.5), 0, 0),
        "fresnel_c": Family(lambda x: x.fresnel_c(), "fresnel", _over("cos", 0.5), 0, 1),
        "dawsn": Family(
            lambda x: x.erfi() * (-x * x).exp() * arb.pi().sqrt() / 2,
            "dawsn",
            lambda n, x, y, t: n.mul(n.sub(constant(n, 1.0), n.mul(constant(n, 2.0), n.mul(x, y))), t),  # DLMF 7.10.4
            0,
        ),
        "spence": Family(
            lambda x: (1 - x).polylog(2) if x > 0 else arb("nan"),
            "spence",
            lambda n, x, y, t: n.mul(n.div(n.unary(x, function="log"), n.sub(constant(n, 1.0), x)), t),  # DLMF 25.12.1
            0,
        ),
    }
)
