"""Sums, products, means, variances and log-sum-exps along axes."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from gradcheck.numbers.arithmetic import Array
from gradcheck.tracing.handlers.extremes import finish, maximum_of, minimum_of, normalize_axes, rows
from gradcheck.tracing.handlers.maximum_and_where import where_plain
from gradcheck.tracing.lifting import lift, result
from gradcheck.tracing.registry import METHODS, UFUNCS, implements
from gradcheck.tracing.trace import Trace, positions
from gradcheck.tracing.traced import Traced


def _sum_of(trace: Trace, x: Traced, axes: tuple[int, ...]) -> Traced:
    if not axes:
        return x
    return result(trace, "sum", (x,), x.dtype if x.dtype.kind == "f" else None, axes=axes)


@implements(np.sum)
def _sum(
    trace: Trace,
    a: Any,
    axis: Any = None,
    dtype: Any = None,
    out: Any = None,
    keepdims: Any = False,
    initial: Any = None,
    where: Any = True,
) -> Any:
    x = lift(trace, a)
    if where is not True:
        x = where_plain(trace, where, x, 0.0)
    axes = normalize_axes(axis, x.ndim)
    total = _sum_of(trace, x, axes)
    if initial is not None:
        total = total + initial
    return finish(total, axes, keepdims, dtype, out)


@implements(np.nansum)
def _nansum(trace: Trace, a: Any, *args: Any, **kwargs: Any) -> Any:
    return _sum(trace, where_plain(trace, np.isnan(a), 0.0, a), *args, **kwargs)


def _count(x: Traced, axes: tuple[int, ...], where: Any) -> Any:
    if where is True:
        return math.prod(x.shape[axis] for axis in axes)
    return np.sum(np.broadcast_to(where, x.shape), axis=axes)


@implements(np.mean)
def _mean(
    trace: Trace,
    a: Any,
    axis: Any = None,
    dtype: Any = None,
    out: Any = None,
    keepdims: Any = False,
    *,
    where: Any = True,
) -> Any:
    x = lift(trace, a)
    axes = normalize_axes(axis, x.ndim)
    chosen = x if where is True else where_plain(trace, where, x, 0.0)
    return finish(_sum_of(trace, chosen, axes) / _count(x, axes, where), axes, keepdims, dtype, out)


@implements(np.nanmean)
def _nanmean(trace: Trace, a: Any, axis: Any = None, **kwargs: Any) -> Any:
    return _mean(trace, a, axis, where=~np.isnan(a), **kwargs)


@implements(np.var)
def _var(
    trace: Trace,
    a: Any,
    axis: Any = None,
    dtype: Any = None,
    out: Any = None,
    ddof: float = 0,
    keepdims: Any = False,
    *,
    where: Any = True,
    mean: Any = None,
    correction: Any = None,
) -> Any:
    x: Any = lift(trace, a)
    axes = normalize_axes(axis, x.ndim)
    centre = _mean(trace, x, axes, keepdims=True, where=where) if mean is None else mean
    centred = x - centre
    square = centred * centred
    if where is not True:
        square = where_plain(trace, where, square, 0.0)
    free = _count(x, axes, where) - (ddof if correction is None else correction)
    return finish(_sum_of(trace, square, axes) / free, axes, keepdims, dtype, out)


@implements(np.std)
def _std(trace: Trace, a: Any, axis: Any = None, dtype: Any = None, out: Any = None, *args: Any, **kwargs: Any) -> Any:
    return np.sqrt(_var(trace, a, axis, dtype, out, *args, **kwargs))


@implements(np.nanvar)
def _nanvar(trace: Trace, a: Any, *args: Any, **kwargs: Any) -> Any:
    known = ~np.isnan(a)
    return _var(trace, where_plain(trace, known, a, 0.0), *args, where=known, **kwargs)


@implements(np.nanstd)
def _nanstd(trace: Trace, a: Any, *args: Any, **kwargs: Any) -> Any:
    return np.sqrt(_nanvar(trace, a, *args, **kwargs))


def _without_nan(function: Callable[..., Any], neutral: float) -> Callable[..., Any]:
    def handler(trace: Trace, a: Any, *args: Any, **kwargs: Any) -> Any:
        return function(where_plain(trace, np.isnan(a), neutral, a), *args, **kwargs)

    return handler


implements(np.nanprod)(_without_nan(np.prod, 1.0))
implements(np.nancumsum)(_without_nan(np.cumsum, 0.0))
implements(np.nancumprod)(_without_nan(np.cumprod, 1.0))


@implements(np.average)
def _average(
    trace: Trace,
    a: Any,
    axis: Any = None,
    weights: Any = None,
    returned: bool = False,
    *,
    keepdims: bool = False,
) -> Any:
    x: Any = lift(trace, a)
    if weights is None:
        return _mean(trace, x, axis, keepdims=keepdims)
    w: Any = lift(trace, weights)
    if w.shape != x.shape:
        shape = [1] * x.ndim
        shape[normalize_axes(axis, x.ndim)[0]] = w.shape[0]
        w = np.broadcast_to(w.reshape(shape), x.shape)
    total = _sum(trace, w, axis, keepdims=keepdims)
    value = _sum(trace, x * w, axis, keepdims=keepdims) / total
    return (value, total) if returned else value


# -- products --------------------------------------------------------------------------------------------------------


def _product_of_rows(trace: Trace, x: Traced, table: Array) -> Traced:
    """Products along the last axis of a table of positions, pair by pair, without a division that fails at 0."""
    count = table.shape[-1]
    if count == 0:
        return lift(trace, np.ones(table.shape[:-1]))
    value: Any = Traced(trace, trace.gather((x.slot,), table, x.dtype), dtype=x.dtype, scalar=False)
    while (count := value.shape[-1]) > 1:
        half = count // 2
        pairs = value[..., :half] * value[..., half : 2 * half]
        value = pairs if count % 2 == 0 else np.concatenate([pairs, value[..., -1:]], axis=-1)
    return value[..., 0]  # type: ignore[no-any-return]


@implements(np.prod)
def _prod(
    trace: Trace,
    a: Any,
    axis: Any = None,
    dtype: Any = None,
    out: Any = None,
    keepdims: Any = False,
    initial: Any = None,
    where: Any = True,
) -> Any:
    x = lift(trace, a)
    if where is not True:
        x = where_plain(trace, where, x, 1.0)
    axes = normalize_axes(axis, x.ndim)
    value: Any = _product_of_rows(trace, x, rows(x, axes))
    return finish(value if initial is None else value * initial, axes, keepdims, dtype, out)


def _along(x: Traced, axis: Any) -> tuple[Traced, int]:
    if axis is None:
        return x.ravel(), 0
    return x, normalize_axes(axis, x.ndim)[0]


@implements(np.cumsum)
def _cumsum(trace: Trace, a: Any, axis: Any = None, dtype: Any = None, out: Any = None) -> Any:
    x, axis = _along(lift(trace, a), axis)
    return finish(result(trace, "cumsum", (x,), x.dtype, axis=axis), (), False, dtype, out)


@implements(np.cumprod)
def _cumprod(trace: Trace, a: Any, axis: Any = None, dtype: Any = None, out: Any = None) -> Any:
    x, axis = _along(lift(trace, a), axis)
    value: Any = x
    step = 1
    local = np.moveaxis(positions(x.shape), axis, -1)
    while step < x.shape[axis]:  # Hillis & Steele, "Data parallel algorithms" (1986)
        shifted = np.concatenate([np.full((*local.shape[:-1], step), -1), local[..., :-step]], axis=-1)
        slot = trace.gather((value.slot,), np.moveaxis(shifted, -1, axis), x.dtype, fill=1.0)
        value = value * Traced(trace, slot)
        step *= 2
    return finish(value if step > 1 else x.copy(), (), False, dtype, out)


def _running(name: str) -> Callable[..., Any]:
    def handler(trace: Trace, a: Any, axis: int = 0, **_: Any) -> Any:
        x: Any = lift(trace, a)
        moved = np.moveaxis(x, axis, 0)
        best = [moved[0]]
        for row in moved[1:]:
            best.append(UFUNCS[name](trace, best[-1], row))
        return np.moveaxis(np.stack(best), 0, axis)

    return handler


METHODS["maximum", "accumulate"] = _running("maximum")
METHODS["minimum", "accumulate"] = _running("minimum")


def _method(function: Callable[..., Any]) -> Callable[..., Any]:
    """The handler with axis 0 as default, as in a ufunc's reduce and accumulate."""

    def handler(trace: Trace, a: Any, axis: Any = 0, **kwargs: Any) -> Any:
        return function(trace, a, axis, **kwargs)

    return handler


METHODS["add", "reduce"] = _method(_sum)
METHODS["add", "accumulate"] = _method(_cumsum)
METHODS["multiply", "reduce"] = _method(_prod)
METHODS["multiply", "accumulate"] = _method(_cumprod)
METHODS["maximum", "reduce"] = _method(maximum_of)
METHODS["minimum", "reduce"] = _method(minimum_of)


# -- log-sum-exp -----------------------------------------------------------------------------------------------------


def logsumexp(
    trace: Trace,
    a: Any,
    axis: Any = None,
    b: Any = None,
    keepdims: bool = False,
    return_sign: bool = False,
    *,
    initial: Any = None,
) -> Any:
    """log(sum(b exp(a))). The shift is a constant: in real numbers it does not change the result."""
    x: Any = lift(trace, a)
    axes = normalize_axes(axis, x.ndim)
    middle = trace.balls.midpoint(trace.values[x.slot])
    shift = np.max(middle, axis=axes, keepdims=True, initial=-np.inf)
    shift = np.where(np.isfinite(shift), shift, 0.0).astype(x.dtype)
    terms = np.exp(x - shift)
    if b is not None:
        terms = terms * b
    value = np.log(_sum(trace, terms, axes, keepdims=True)) + shift
    return value if keepdims else np.squeeze(value, axes)


def _logaddexp_reduce(trace: Trace, a: Any, axis: Any = 0, keepdims: bool = False, **_: Any) -> Any:
    return logsumexp(trace, a, axis, keepdims=keepdims)


METHODS["logaddexp", "reduce"] = _logaddexp_reduce


def softmax(trace: Trace, x: Any, axis: Any = None) -> Any:
    """exp(x) / sum(exp(x))."""
    x = lift(trace, x)
    return np.exp(x - logsumexp(trace, x, axis, keepdims=True))


def log_softmax(trace: Trace, x: Any, axis: Any = None) -> Any:
    """x - log(sum(exp(x)))."""
    x = lift(trace, x)
    return x - logsumexp(trace, x, axis, keepdims=True)
