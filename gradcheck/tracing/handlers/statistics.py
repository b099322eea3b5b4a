"""Functions that are made of sums, extremes and sorting: quantiles, covariances, differences, interpolation."""

from collections.abc import Callable
from typing import Any

import numpy as np

from gradcheck.errors import Unsupported
from gradcheck.tracing.handlers.comparison import contest
from gradcheck.tracing.handlers.extremes import maximum_of, minimum_of, normalize_axes, rows
from gradcheck.tracing.handlers.maximum_and_where import where_plain
from gradcheck.tracing.handlers.sorting import order_of
from gradcheck.tracing.lifting import lift, operand, result
from gradcheck.tracing.registry import FUNCTIONS, UFUNCS, implements, numpy_functions
from gradcheck.tracing.trace import Trace
from gradcheck.tracing.traced import Traced, is_traced


@implements(np.sinc)
def _sinc(trace: Trace, x: Any) -> Any:
    return UFUNCS["sinc"](trace, x)


@implements(np.ptp)
def _ptp(trace: Trace, a: Any, axis: Any = None, out: Any = None, keepdims: Any = False) -> Any:
    return maximum_of(trace, a, axis, keepdims=keepdims) - minimum_of(trace, a, axis, keepdims=keepdims)


for _function, _extreme, _worst in ((np.nanmax, maximum_of, -np.inf), (np.nanmin, minimum_of, np.inf)):

    def _nan_extreme(
        trace: Trace, a: Any, *args: Any, extreme: Any = _extreme, worst: float = _worst, **kwargs: Any
    ) -> Any:
        return extreme(trace, where_plain(trace, np.isnan(a), worst, a), *args, **kwargs)

    FUNCTIONS[_function] = _nan_extreme


@implements(np.quantile)
def _quantile(
    trace: Trace, a: Any, q: Any, axis: Any = None, out: Any = None, overwrite_input: bool = False,
    method: str = "linear", keepdims: bool = False, **_: Any,
) -> Any:  # fmt: skip
    if method != "linear":
        raise Unsupported(f"np.quantile with method={method!r}")
    x: Any = lift(trace, a)
    axes = normalize_axes(axis, x.ndim)
    table = rows(x, axes)
    ranks, uses = order_of(trace, x, table, "np.quantile")
    slot = trace.gather((x.slot,), np.take_along_axis(table, ranks, -1), x.dtype)
    contest(trace, uses, slot)
    ordered: Any = Traced(trace, slot, dtype=x.dtype, scalar=False)
    place = np.asarray(q, dtype=np.float64) * (table.shape[-1] - 1)
    low = np.clip(np.floor(place).astype(int), 0, max(table.shape[-1] - 2, 0))
    high = np.minimum(low + 1, table.shape[-1] - 1)
    part = place - low
    value = ordered[..., low] * (1 - part) + ordered[..., high] * part
    if np.ndim(q):
        value = np.moveaxis(value, -1, 0)
    return np.expand_dims(value, axes) if keepdims and not np.ndim(q) else value


@implements(np.percentile)
def _percentile(trace: Trace, a: Any, q: Any, *args: Any, **kwargs: Any) -> Any:
    return _quantile(trace, a, np.asarray(q, dtype=np.float64) / 100, *args, **kwargs)


@implements(np.median)
def _median(
    trace: Trace,
    a: Any,
    axis: Any = None,
    out: Any = None,
    overwrite_input: bool = False,
    keepdims: Any = False,
) -> Any:
    return _quantile(trace, a, 0.5, axis, keepdims=keepdims)


def _skipping(function: Any) -> Callable[..., Any]:
    """A function of rows that leaves out what is no number."""

    def handler(trace: Trace, a: Any, *args: Any, axis: Any = None, keepdims: Any = False, **rest: Any) -> Any:
        x: Any = lift(trace, a)
        missing = np.isnan(x)
        if not np.any(missing):
            return function(x, *args, axis=axis, keepdims=keepdims, **rest)
        if axis is None and not keepdims:
            return function(x.ravel()[~missing.ravel()], *args, **rest)
        if not isinstance(axis, int | np.integer) or keepdims or any(np.ndim(q) for q in args):
            raise Unsupported(f"np.nan{function.__name__} of nan along several axes, or at several places")
        rows = np.moveaxis(x, axis, -1)
        flat, gaps = rows.reshape(-1, rows.shape[-1]), np.moveaxis(missing, axis, -1).reshape(-1, rows.shape[-1])
        values = [function(row[~gap], *args, **rest) for row, gap in zip(flat, gaps, strict=True)]
        return np.stack(values).reshape(rows.shape[:-1])

    return handler


FUNCTIONS[np.nanquantile] = _skipping(np.quantile)
FUNCTIONS[np.nanpercentile] = _skipping(np.percentile)
FUNCTIONS[np.nanmedian] = _skipping(np.median)


@implements(np.diff)
def _diff(trace: Trace, a: Any, n: int = 1, axis: int = -1, prepend: Any = None, append: Any = None) -> Any:
    x: Any = lift(trace, a)
    for extra, first in ((prepend, True), (append, False)):
        if extra is not None:
            shape = list(x.shape)
            shape[axis] = 1
            piece = np.broadcast_to(operand(trace, extra), shape) if np.ndim(extra) == 0 else extra
            x = np.concatenate([piece, x] if first else [x, piece], axis=axis)
    x = np.moveaxis(x, axis, -1)
    for _ in range(n):
        x = x[..., 1:] - x[..., :-1]
    return np.moveaxis(x, -1, axis)


@implements(*numpy_functions("trapezoid trapz"))
def _trapezoid(trace: Trace, y: Any, x: Any = None, dx: Any = 1.0, axis: int = -1) -> Any:
    y = np.moveaxis(operand(trace, y), axis, -1)
    if x is not None:
        x = x if is_traced(x) else np.asarray(x)
        dx = np.diff(x) if x.ndim == 1 else np.diff(np.moveaxis(x, axis, -1), axis=-1)
    return np.sum(dx * (y[..., 1:] + y[..., :-1]) / 2.0, axis=-1)


@implements(np.bincount)
def _bincount(trace: Trace, x: Any, weights: Any = None, minlength: int = 0) -> Any:
    cells = np.asarray(x)
    size = max(int(cells.max(initial=-1)) + 1, minlength)
    return result(trace, "scatter", (lift(trace, weights),), index=cells, shape=(size,))


@implements(np.interp)
def _interp(trace: Trace, x: Any, xp: Any, fp: Any, left: Any = None, right: Any = None, period: Any = None) -> Any:
    if period is not None or left is not None or right is not None:
        raise Unsupported("np.interp with left=, right= or period=")
    x, xp, fp = (lift(trace, v) for v in (x, xp, fp))
    inside: Any = UFUNCS["minimum"](trace, UFUNCS["maximum"](trace, x, xp[0]), xp[-1])
    cell = np.clip(np.searchsorted(xp, inside, side="right") - 1, 0, xp.size - 2)
    weight = (inside - xp[cell]) / (xp[cell + 1] - xp[cell])
    return fp[cell] * (1 - weight) + fp[cell + 1] * weight


@implements(np.cov)
def _cov(
    trace: Trace, m: Any, y: Any = None, rowvar: bool = True, bias: bool = False, ddof: Any = None, dtype: Any = None
) -> Any:
    x: Any = np.atleast_2d(lift(trace, m))
    x = x if rowvar or x.shape[0] == 1 else x.T
    if y is not None:
        other = np.atleast_2d(lift(trace, y))
        x = np.concatenate([x, other if rowvar or other.shape[0] == 1 else other.T])
    free = x.shape[1] - ((0 if bias else 1) if ddof is None else ddof)
    centred = x - np.mean(x, axis=1, keepdims=True)
    return np.squeeze(centred @ centred.T / free)


@implements(np.polyval)
def _polyval(trace: Trace, p: Any, x: Any) -> Any:
    value: Any = 0.0
    for coefficient in p:
        value = value * x + coefficient
    return value


@implements(np.vander)
def _vander(trace: Trace, x: Any, N: Any = None, increasing: bool = False) -> Any:
    x = lift(trace, x)
    powers = np.arange(x.size if N is None else N)
    columns = [x ** int(p) for p in (powers if increasing else powers[::-1])]
    return np.stack(columns, axis=-1)


@implements(np.select)
def _select(trace: Trace, condlist: Any, choicelist: Any, default: Any = 0) -> Any:
    value = default
    for condition, choice in zip(reversed(condlist), reversed(choicelist), strict=True):
        value = np.where(condition, choice, value)
    return value


@implements(np.apply_along_axis)
def _apply_along_axis(trace: Trace, func1d: Any, axis: int, arr: Any, *args: Any, **kwargs: Any) -> Any:
    x: Any = np.moveaxis(operand(trace, arr), axis, -1)
    lead = x.shape[:-1]
    parts = [func1d(row, *args, **kwargs) for row in x.reshape(-1, x.shape[-1])]
    out = np.stack([lift(trace, p) for p in parts])
    out = out.reshape(lead + out.shape[1:])
    return np.moveaxis(out, -1, axis) if out.ndim == x.ndim else out
