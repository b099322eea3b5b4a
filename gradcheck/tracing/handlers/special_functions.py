"""Ufuncs of scipy.special that are made of others."""

from typing import Any

import numpy as np

from gradcheck.errors import Unsupported
from gradcheck.numbers.families import FAMILIES, named
from gradcheck.tracing.complex_traced import from_real
from gradcheck.tracing.handlers.maximum_and_where import where_plain
from gradcheck.tracing.lifting import lift, result
from gradcheck.tracing.registry import UFUNCS, ufunc
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


@ufunc("exp10")
def _exp10(trace: Trace, x: Any) -> Any:
    return UFUNCS["power"](trace, 10.0, x)


@ufunc("expm1_over_x", "exprel")
def _exprel(trace: Trace, x: Any) -> Any:
    x = lift(trace, x)
    return UFUNCS["expm1"](trace, x) / x
