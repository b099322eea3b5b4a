"""Ufuncs of scipy.special that are made of others."""

from typing import Any

import numpy as np

from gradcheck.errors import Unsupported
from gradcheck.tracing.handlers.maximum_and_where import where_plain
from gradcheck.tracing.lifting import lift
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


@ufunc("exp10")
def _exp10(trace: Trace, x: Any) -> Any:
    return UFUNCS["power"](trace, 10.0, x)


@ufunc("expm1_over_x", "exprel")
def _exprel(trace: Trace, x: Any) -> Any:
    x = lift(trace, x)
    return UFUNCS["expm1"](trace, x) / x
