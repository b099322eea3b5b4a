"""Ufuncs of scipy.special that are made of others."""

from collections.abc import Callable
from typing import Any

import numpy as np

from gradcheck.errors import Unsupported
from gradcheck.numbers.families import FAMILIES, named
from gradcheck.tracing.complex_traced import from_real
from gradcheck.tracing.handlers.maximum_and_where import where_plain
from gradcheck.tracing.lifting import lift, result
from gradcheck.tracing.registry import FUNCTIONS, UFUNCS, ufunc
from gradcheck.tracing.trace import Trace
from gradcheck.tracing.traced import Traced


@ufunc("logit")
def _logit(trace: Trace, p: Any) -> Any:
    p = lift(trace, p)
    return UFUNCS["log"](trace, p) - UFUNCS["log1p"](trace, -p)


@ufunc("log_expit")
def _log_expit(trace: Trace, x: Any) -> Any:
    return -UFUNCS["softplus"](trace, -lift(trace, x))


@ufunc("xlogy")
def _xlogy(trace: Trace, x: Any, y: Any) -> Any:
    return _times_log(trace, lift(trace, x), "log", lift(trace, y))


@ufunc("xlog1py")
def _xlog1py(trace: Trace, x: Any, y: Any) -> Any:
    return _times_log(trace, lift(trace, x), "log1p", lift(trace, y))


def _times_log(trace: Trace, x: Traced, log: str, y: Traced) -> Any:
    nothing = trace.balls.midpoint(trace.values[x.slot]) == 0
    if x.varies or not nothing.any():
        return x * UFUNCS[log](trace, y)
    nothing = np.broadcast_to(nothing, np.broadcast_shapes(x.shape, y.shape))
    safe = where_plain(trace, nothing, 1.0, y)
    return where_plain(trace, nothing, 0.0, x * UFUNCS[log](trace, safe))


@ufunc("entr")
def _entr(trace: Trace, x: Any) -> Any:
    return -_xlogy(trace, x, x)


@ufunc("rel_entr")
def _rel_entr(trace: Trace, x: Any, y: Any) -> Any:
    x = lift(trace, x)
    return _xlogy(trace, x, x / lift(trace, y))


@ufunc("kl_div")
def _kl_div(trace: Trace, x: Any, y: Any) -> Any:
    return _rel_entr(trace, x, y) - lift(trace, x) + lift(trace, y)


@ufunc("gamma")
def _gamma(trace: Trace, x: Any) -> Any:
    x = lift(trace, x)
    if np.any(trace.balls.midpoint(trace.values[x.slot]) <= 0):
        raise Unsupported("scipy.special.gamma is traced for positive arguments only")
    return UFUNCS["exp"](trace, UFUNCS["gammaln"](trace, x))


@ufunc("betaln")
def _betaln(trace: Trace, a: Any, b: Any) -> Any:
    a, b = lift(trace, a), lift(trace, b)
    log_gamma = UFUNCS["gammaln"]
    return log_gamma(trace, a) + log_gamma(trace, b) - log_gamma(trace, a + b)


def _of_a_family(name: str, *, fixed: tuple[float, ...] = ()) -> None:
    """Register a ufunc whose last argument is traced and whose others are constant numbers."""

    def handler(trace: Trace, *operands: Any) -> Traced:
        *first, x = operands
        parameters = [lift(trace, p) for p in (*fixed, *first)]
        if any(p.varies for p in parameters):
            raise Unsupported(f"scipy.special.{name} is traced with respect to its last argument only")
        values = [np.unique(p.constant_value()) for p in parameters]
        if any(v.size != 1 for v in values):
            raise Unsupported(f"scipy.special.{name} is traced for one value of each parameter only")
        member = named(_MEMBER_OF.get(name, name), *(float(v[0]) for v in values))
        return result(trace, "unary", (lift(trace, x),), function=member)

    UFUNCS[name] = handler


_MEMBER_OF = {"j0": "jv", "j1": "jv", "y0": "yv", "y1": "yv", "i0": "iv", "i1": "iv", "k0": "kv", "k1": "kv"}
for _name in FAMILIES:
    _of_a_family(_name)
for _name in _MEMBER_OF:
    _of_a_family(_name, fixed=(float(_name[1]),))


@ufunc("_lambertw")
def _principal_lambertw(trace: Trace, x: Any, k: Any = 0, tol: Any = None) -> Any:
    if k != 0:
        raise Unsupported("scipy.special.lambertw is traced on its principal branch only")
    x = lift(trace, x)
    if np.any(trace.balls.midpoint(trace.values[x.slot]) <= -np.exp(-1.0)):
        raise Unsupported("scipy.special.lambertw is traced for arguments above -1/e only, where it is real")
    return from_real(result(trace, "unary", (x,), function="lambertw"))


FUNCTIONS[np.i0] = lambda trace, x: UFUNCS["i0"](trace, x)


@ufunc("beta")
def _beta(trace: Trace, a: Any, b: Any) -> Any:
    return _gamma(trace, a) * _gamma(trace, b) / _gamma(trace, lift(trace, a) + lift(trace, b))


@ufunc("rgamma")
def _rgamma(trace: Trace, x: Any) -> Any:
    return 1.0 / _gamma(trace, x)


@ufunc("poch")
def _poch(trace: Trace, x: Any, m: Any) -> Any:
    return _gamma(trace, lift(trace, x) + lift(trace, m)) / _gamma(trace, x)


@ufunc("binom")
def _binom(trace: Trace, n: Any, k: Any) -> Any:
    n, k = lift(trace, n), lift(trace, k)
    return _gamma(trace, n + 1) / (_gamma(trace, k + 1) * _gamma(trace, n - k + 1))


@ufunc("erfcx")
def _erfcx(trace: Trace, x: Any) -> Any:
    """exp(x^2) erfc(x), by ndtr(-x sqrt(2)) in logarithms, so that neither factor underflows."""
    x = lift(trace, x)
    return 2.0 * np.exp(x * x + UFUNCS["log_ndtr"](trace, -x * np.sqrt(lift(trace, 2.0))))


@ufunc("cosm1")
def _cosm1(trace: Trace, x: Any) -> Any:
    return -2.0 * np.sin(lift(trace, x) / 2) ** 2


@ufunc("boxcox")
def _boxcox(trace: Trace, x: Any, lmbda: Any) -> Any:
    return _box(trace, np.log(lift(trace, x)), lmbda)


@ufunc("boxcox1p")
def _boxcox1p(trace: Trace, x: Any, lmbda: Any) -> Any:
    return _box(trace, np.log1p(lift(trace, x)), lmbda)


def _box(trace: Trace, log: Any, lmbda: Any) -> Any:
    power = lift(trace, lmbda)
    if np.any(trace.balls.midpoint(trace.values[power.slot]) == 0):
        if power.varies or power.size > 1:
            raise Unsupported("scipy.special.boxcox near the power 0 is not traced")
        return log
    return np.expm1(power * log) / power


@ufunc("inv_boxcox")
def _inv_boxcox(trace: Trace, y: Any, lmbda: Any) -> Any:
    power = lift(trace, lmbda)
    if np.any(trace.balls.midpoint(trace.values[power.slot]) == 0):
        raise Unsupported("scipy.special.inv_boxcox at the power 0 is not traced")
    return np.exp(np.log1p(power * lift(trace, y)) / power)


@ufunc("huber")
def _huber(trace: Trace, delta: Any, r: Any) -> Any:
    delta, r = lift(trace, delta), lift(trace, r)
    size = np.abs(r)
    return np.where(size <= delta, r * r / 2, delta * (size - delta / 2))


@ufunc("pseudo_huber")
def _pseudo_huber(trace: Trace, delta: Any, r: Any) -> Any:
    delta, r = lift(trace, delta), lift(trace, r)
    return delta**2 * (np.sqrt(1 + (r / delta) ** 2) - 1)


def _scaled(name: str, of: str, grows: float) -> None:
    """An exponentially scaled Bessel function."""

    def handler(trace: Trace, *operands: Any) -> Any:
        x: Any = lift(trace, operands[-1])
        return UFUNCS[of](trace, *operands) * np.exp(grows * (np.abs(x) if grows < 0 else x))

    UFUNCS[name] = handler


for _name in ("i0", "i1", "iv"):
    _scaled(f"{_name}e", _name, -1.0)
for _name in ("k0", "k1", "kv"):
    _scaled(f"{_name}e", _name, 1.0)


def _polynomial(name: str, start: Callable[[Any], Any], step: Callable[[int, Any, Any, Any], Any]) -> None:
    """Orthogonal polynomials of a whole degree by their recurrence: p_1 = start, p_(k+1) = step(k, x, p_k, p_(k-1))."""

    def handler(trace: Trace, *operands: Any) -> Any:
        degree, x = (lift(trace, operand) for operand in operands)
        if degree.varies or degree.size != 1 or float(degree.constant_value().item()) % 1:
            raise Unsupported(f"scipy.special.{name} is traced for one whole degree only")
        before: Any = np.ones_like(x)
        n = int(degree.constant_value().item())
        value = before if n == 0 else start(x)
        for k in range(1, n):
            before, value = value, step(k, x, value, before)
        return value

    UFUNCS[name] = handler


_polynomial("eval_chebyt", lambda x: x, lambda k, x, p, q: 2 * x * p - q)
_polynomial("eval_chebyu", lambda x: 2 * x, lambda k, x, p, q: 2 * x * p - q)
_polynomial("eval_legendre", lambda x: x, lambda k, x, p, q: ((2 * k + 1) * x * p - k * q) / (k + 1))
_polynomial("eval_hermite", lambda x: 2 * x, lambda k, x, p, q: 2 * x * p - 2 * k * q)
_polynomial("eval_hermitenorm", lambda x: x, lambda k, x, p, q: x * p - k * q)
_polynomial("eval_laguerre", lambda x: 1 - x, lambda k, x, p, q: ((2 * k + 1 - x) * p - k * q) / (k + 1))


@ufunc("stdtr")
def _stdtr(trace: Trace, df: Any, t: Any) -> Any:
    """Student's distribution by a hypergeometric function (Abramowitz & Stegun 26.7.1 in closed form)."""
    nu = lift(trace, df)
    if nu.varies or nu.size != 1:
        raise Unsupported("scipy.special.stdtr is traced with respect to its last argument only")
    n, x = float(nu.constant_value().item()), lift(trace, t)
    log_gamma = UFUNCS["gammaln"]
    height = np.exp(log_gamma(trace, lift(trace, (n + 1) / 2)) - log_gamma(trace, lift(trace, n / 2)))
    pi = 4 * np.arctan(lift(trace, 1.0))
    return 0.5 + x * height / np.sqrt(pi * n) * UFUNCS["hyp2f1"](trace, 0.5, (n + 1) / 2, 1.5, -x * x / n)


def polygamma(trace: Trace, n: Any, x: Any) -> Any:
    """As `scipy.special.polygamma`, which is no ufunc."""
    return UFUNCS["digamma" if np.all(np.equal(n, 0)) else "polygamma"](
        trace, *(() if np.all(np.equal(n, 0)) else (n,)), x
    )


def multigammaln(trace: Trace, a: Any, d: int) -> Any:
    """As `scipy.special.multigammaln`."""
    a = lift(trace, a)
    constant = d * (d - 1) / 4.0 * np.log(np.pi)
    return sum((UFUNCS["gammaln"](trace, a - j / 2.0) for j in range(d)), constant)


@ufunc("sici")
def _sici(trace: Trace, x: Any) -> tuple[Any, Any]:
    x = lift(trace, x)
    si, ci = (result(trace, "unary", (x,), function=named(part)) for part in ("si", "ci"))
    return si, ci


@ufunc("fresnel")
def _fresnel(trace: Trace, x: Any) -> tuple[Any, Any]:
    x = lift(trace, x)
    s, c = (result(trace, "unary", (x,), function=named(f"fresnel_{part}")) for part in "sc")
    return s, c


@ufunc("exp10")
def _exp10(trace: Trace, x: Any) -> Any:
    return UFUNCS["power"](trace, 10.0, x)


@ufunc("expm1_over_x", "exprel")
def _exprel(trace: Trace, x: Any) -> Any:
    x = lift(trace, x)
    return UFUNCS["expm1"](trace, x) / x
