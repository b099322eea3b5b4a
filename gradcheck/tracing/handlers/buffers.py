"""Copies and buffers, writing into them, and facts about arrays."""

from collections.abc import Callable
from typing import Any

import numpy as np

from gradcheck.numbers.arithmetic import Array
from gradcheck.tracing.complex_traced import ComplexTraced
from gradcheck.tracing.handlers.maximum_and_where import where_plain
from gradcheck.tracing.lifting import lift
from gradcheck.tracing.registry import FUNCTIONS, implements
from gradcheck.tracing.trace import Trace, positions
from gradcheck.tracing.traced import Traced, is_traced


@implements(np.copy)
def _copy(trace: Trace, a: Any, order: str = "K", subok: bool = False) -> Any:
    return lift(trace, a).copy()


def buffer(trace: Trace, value: Array) -> Any:
    """A changeable array that starts with plain values; integers and truth values stay plain."""
    if value.dtype.kind == "c":
        return ComplexTraced(buffer(trace, np.array(value.real)), buffer(trace, np.array(value.imag)))
    if value.dtype.kind != "f":
        return value
    return Traced(trace, trace.constant(value), scalar=False, dtype=value.dtype)


def _like(function: Any) -> Callable[..., Any]:
    def handler(trace: Trace, a: Any, *args: Any, dtype: Any = None, shape: Any = None, **_: Any) -> Any:
        x = lift(trace, a) if not isinstance(a, np.ndarray) or is_traced(a) else a
        if any(is_traced(v) for v in args):
            return np.broadcast_to(args[0], x.shape if shape is None else shape).copy()
        model = np.empty(x.shape, x.dtype)
        return buffer(trace, function(model, *args, dtype=dtype, shape=shape))

    return handler


def _zeros_like(a: Array, **kwargs: Any) -> Array:
    return np.zeros_like(a, **kwargs)


FUNCTIONS[np.zeros_like] = _like(np.zeros_like)
FUNCTIONS[np.empty_like] = _like(_zeros_like)  # any values will do for uninitialised memory
FUNCTIONS[np.ones_like] = _like(np.ones_like)


@implements(np.full_like)
def _full_like(trace: Trace, a: Any, fill_value: Any, **kwargs: Any) -> Any:
    return _like(np.full_like)(trace, a, fill_value, **kwargs)


@implements(np.copyto)
def _copyto(trace: Trace, dst: Any, src: Any, casting: str = "same_kind", where: Any = True) -> None:
    if not is_traced(dst):
        raise trace.refuse("np.copyto would put traced numbers into a plain buffer: their derivative would be lost")
    dst[...] = src if where is True else where_plain(trace, where, src, dst)


@implements(np.putmask)
def _putmask(trace: Trace, a: Any, mask: Any, values: Any) -> None:
    _copyto(trace, a, np.resize(values, np.shape(a)) if np.ndim(values) else values, where=mask)


@implements(np.place)
def _place(trace: Trace, arr: Any, mask: Any, vals: Any) -> None:
    if not is_traced(arr):
        raise trace.refuse("np.place would put traced numbers into a plain buffer: their derivative would be lost")
    chosen = np.asarray(mask, dtype=bool)
    arr[chosen] = np.resize(vals, int(np.sum(chosen)))


@implements(np.fill_diagonal)
def _fill_diagonal(trace: Trace, a: Any, val: Any, wrap: bool = False) -> None:
    if not is_traced(a):
        raise trace.refuse("np.fill_diagonal would put traced numbers into a plain buffer")
    diagonal = np.arange(min(a.shape))
    a[diagonal, diagonal] = val


@implements(np.put_along_axis)
def _put_along_axis(trace: Trace, arr: Any, indices: Any, values: Any, axis: Any) -> None:
    if not is_traced(arr):
        raise trace.refuse("np.put_along_axis would put traced numbers into a plain buffer")
    where = np.take_along_axis(positions(arr.shape), indices, axis)
    flat = arr.reshape(-1)
    flat[where.ravel()] = np.broadcast_to(lift(trace, values), where.shape).reshape(-1)


@implements(np.put)
def _put(trace: Trace, a: Any, ind: Any, v: Any, mode: Any = "raise") -> None:
    if not is_traced(a):
        raise trace.refuse("np.put would put traced numbers into a plain buffer: their derivative would be lost")
    places = np.take(np.arange(a.size), np.ravel(ind), mode=mode)
    a[np.unravel_index(places, a.shape)] = np.resize(v, places.shape)


# -- facts about arrays ----------------------------------------------------------------------------------------------

FUNCTIONS[np.shape] = lambda trace, a: lift(trace, a).shape
FUNCTIONS[np.ndim] = lambda trace, a: lift(trace, a).ndim
FUNCTIONS[np.size] = lambda trace, a, axis=None: lift(trace, a).size if axis is None else lift(trace, a).shape[axis]
FUNCTIONS[np.iscomplexobj] = lambda trace, x: False
FUNCTIONS[np.isrealobj] = lambda trace, x: True
FUNCTIONS[np.iscomplex] = lambda trace, x: np.zeros(lift(trace, x).shape, dtype=bool)
FUNCTIONS[np.isreal] = lambda trace, x: np.ones(lift(trace, x).shape, dtype=bool)
FUNCTIONS[np.real] = lambda trace, x: x
FUNCTIONS[np.imag] = lambda trace, x: np.zeros(lift(trace, x).shape)
FUNCTIONS[np.array_repr] = FUNCTIONS[np.array_str] = FUNCTIONS[np.array2string] = lambda trace, a, *_, **__: repr(a)
FUNCTIONS[np.shares_memory] = FUNCTIONS[np.may_share_memory] = lambda trace, a, b, max_work=None: (
    is_traced(a) and is_traced(b) and a.storage() is b.storage()
)


def _dtypes(values: tuple[Any, ...]) -> list[Any]:
    return [v.dtype if is_traced(v) else v for v in values]


FUNCTIONS[np.result_type] = lambda trace, *args: np.result_type(*_dtypes(args))
FUNCTIONS[np.common_type] = lambda trace, *args: np.result_type(*_dtypes(args)).type
FUNCTIONS[np.can_cast] = lambda trace, from_, to, casting="safe": np.can_cast(from_.dtype, to, casting)
