"""Array functions that only move entries: one gather each.

The same NumPy function runs on an array of positions; its result is the index of the gather. Functions
that fill with zeros run on positions counted from 1, so that a 0 in the result is a fill. Where NumPy makes a view of
the positions, the traced result is a view too.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from gradcheck.errors import Unsupported
from gradcheck.numbers.arithmetic import Array
from gradcheck.tracing.handlers.maximum_and_where import where_plain
from gradcheck.tracing.lifting import contains_traced, lift, promote
from gradcheck.tracing.registry import FUNCTIONS, implements, numpy_functions
from gradcheck.tracing.trace import Trace, positions
from gradcheck.tracing.traced import Traced, is_traced, view_or_copy


def _moves(function: Any) -> Callable[..., Any]:
    """A function of an array (its first argument) that returns an array, or a sequence of arrays, of its entries."""

    def handler(trace: Trace, a: Any, *args: Any, **kwargs: Any) -> Any:
        x = lift(trace, a)
        if any(is_traced(v) for v in (*args, *kwargs.values())):
            raise Unsupported(f"np.{function.__name__} with a traced index or second array")
        local = positions(x.shape)
        picked = function(local, *args, **kwargs)
        if isinstance(picked, list | tuple):
            return type(picked)(view_or_copy(x, local, p) for p in picked)
        return view_or_copy(x, local, picked)

    return handler


for _function in numpy_functions(
    "reshape ravel transpose matrix_transpose permute_dims swapaxes moveaxis rollaxis squeeze expand_dims "
    "broadcast_to repeat tile roll flip fliplr flipud rot90 take take_along_axis diagonal delete resize split "
    "array_split hsplit vsplit dsplit unstack"
):
    FUNCTIONS[_function] = _moves(_function)
FUNCTIONS[sliding_window_view] = _moves(sliding_window_view)


def _fills(function: Any) -> Callable[..., Any]:
    """As `_moves`, for functions that fill with zeros."""

    def handler(trace: Trace, a: Any, *args: Any, **kwargs: Any) -> Any:
        x = lift(trace, a)
        local = positions(x.shape) + 1
        picked = function(local, *args, **kwargs)
        if np.may_share_memory(local, picked):
            return Traced.view_of(x, np.asarray(picked) - 1)
        return Traced(trace, trace.gather((x.slot,), picked - 1, x.dtype), dtype=x.dtype)

    return handler


for _function in (np.diag, np.diagflat, np.tril, np.triu):
    FUNCTIONS[_function] = _fills(_function)


def _raises_rank(function: Any) -> Callable[..., Any]:
    def handler(trace: Trace, *arrays: Any) -> Any:
        lifted = [lift(trace, a) for a in arrays]
        out = [view_or_copy(x, local := positions(x.shape), function(local)) for x in lifted]
        return out[0] if len(out) == 1 else tuple(out)

    return handler


for _function in (np.atleast_1d, np.atleast_2d, np.atleast_3d):
    FUNCTIONS[_function] = _raises_rank(_function)


@implements(np.compress)
def _compress(trace: Trace, condition: Any, a: Any, axis: Any = None, out: Any = None) -> Any:
    x = lift(trace, a)
    local = positions(x.shape)
    return view_or_copy(x, local, np.compress(np.asarray(condition), local, axis=axis))


@implements(np.extract)
def _extract(trace: Trace, condition: Any, a: Any) -> Any:
    return _compress(trace, np.ravel(condition), a)


@implements(np.pad)
def _pad(trace: Trace, array: Any, pad_width: Any, mode: str = "constant", **kwargs: Any) -> Any:
    x = lift(trace, array)
    fill = kwargs.pop("constant_values", 0.0)
    if mode in ("maximum", "minimum", "mean", "median", "linear_ramp", "empty") or callable(mode):
        raise Unsupported(f"np.pad with mode={mode!r}")
    if mode != "constant":
        index = np.pad(positions(x.shape), pad_width, mode=mode, **kwargs)  # type: ignore[call-overload]
        return Traced(trace, trace.gather((x.slot,), index, x.dtype), dtype=x.dtype)
    index = np.pad(positions(x.shape), pad_width, constant_values=-1)
    if np.ndim(fill) == 0 and not is_traced(fill):
        return Traced(trace, trace.gather((x.slot,), index, x.dtype, float(fill)), dtype=x.dtype)
    if contains_traced(fill):
        raise Unsupported("np.pad with traced constant_values")
    frame = np.pad(np.zeros(x.shape), pad_width, constant_values=fill)
    inner = Traced(trace, trace.gather((x.slot,), index, x.dtype), dtype=x.dtype)
    return where_plain(trace, index < 0, frame, inner)


def strided(
    trace: Trace, x: Any, shape: Any = None, strides: Any = None, subok: bool = False, writeable: bool = True, **_: Any
) -> Any:
    """As `np.lib.stride_tricks.as_strided`, within the memory of `x` alone."""
    base = lift(trace, x)
    lengths = base.shape if shape is None else tuple(shape)
    steps = base.strides if strides is None else tuple(strides)
    if not base.size or len(lengths) != len(steps) or any(step % base.itemsize for step in steps):
        raise trace.refuse("as_strided with a shape and strides that do not fit the traced array")
    index = np.full(lengths, int(base.memory().flat[0]))
    for axis, (n, step) in enumerate(zip(lengths, steps, strict=True)):
        index += (np.arange(n) * (step // base.itemsize)).reshape(-1, *(1,) * (len(lengths) - axis - 1))
    if index.size and (index.min() < 0 or index.max() >= base.storage().size):
        raise trace.refuse("as_strided beyond the memory of the traced array")
    return Traced.in_memory(base, index)


# -- several arrays into one -----------------------------------------------------------------------------------------


def _numbered(trace: Trace, value: Any, found: list[Traced]) -> Any:
    """Replace the arrays of a nested list by their positions in the concatenation of all of them."""
    if isinstance(value, list | tuple) and any(isinstance(v, list | tuple | np.ndarray) or is_traced(v) for v in value):
        numbered = [_numbered(trace, v, found) for v in value]
        return tuple(numbered) if isinstance(value, tuple) else numbered
    x = lift(trace, value)
    start = sum(before.size for before in found)
    found.append(x)
    return positions(x.shape) + start


def _joins(function: Any, arrays: int = 1) -> Callable[..., Any]:
    """A function that puts arrays together; its first `arrays` arguments are arrays or nested lists of them."""

    def handler(trace: Trace, *args: Any, **kwargs: Any) -> Any:
        for name in ("dtype", "casting"):
            kwargs.pop(name, None)
        found: list[Traced] = []
        numbered = [_numbered(trace, a, found) for a in _listed(args[:arrays])]
        index = function(*numbered, *args[arrays:], **kwargs)
        unique = list({x.slot: x for x in found}.values())
        dtype = promote(*found)
        if len(unique) < len(found):
            index = _merged(found, unique, index)
        slot = trace.gather([x.slot for x in unique], index, dtype)
        return Traced(trace, slot, dtype=dtype, scalar=False)

    return handler


def _listed(args: tuple[Any, ...]) -> list[Any]:
    """A traced array given where a sequence of arrays is expected is the sequence of its rows."""
    return [list(a) if is_traced(a) and len(args) == 1 else a for a in args]


def _merged(found: list[Traced], unique: list[Traced], index: Array) -> Array:
    """Convert an index into `found`, where some arrays stand twice, to an index into `unique`."""
    starts, total = {}, 0
    for x in unique:
        starts[x.slot] = total
        total += x.size
    table = np.concatenate([np.arange(x.size) + starts[x.slot] for x in found])
    return np.asarray(table[index])


for _function in numpy_functions("concatenate concat stack vstack row_stack hstack dstack column_stack block"):
    FUNCTIONS[_function] = _joins(_function)
FUNCTIONS[np.append] = _joins(np.append, arrays=2)


@implements(np.insert)
def _insert(trace: Trace, arr: Any, obj: Any, values: Any, axis: Any = None) -> Any:
    found: list[Traced] = []
    first, second = _numbered(trace, arr, found), _numbered(trace, lift(trace, values), found)
    index = np.insert(first, obj, second, axis=axis)
    dtype = promote(*found)
    return Traced(trace, trace.gather([x.slot for x in found], index, dtype), dtype=dtype)


@implements(np.broadcast_arrays)
def _broadcast_arrays(trace: Trace, *arrays: Any, subok: bool = False) -> Any:
    lifted = [lift(trace, a) for a in arrays]
    shape = np.broadcast_shapes(*(x.shape for x in lifted))
    return tuple(np.broadcast_to(x, shape) for x in lifted)


@implements(np.meshgrid)
def _meshgrid(trace: Trace, *xi: Any, copy: bool = True, sparse: bool = False, indexing: str = "xy") -> Any:
    lifted = [lift(trace, x).ravel() for x in xi]
    grids = np.meshgrid(*(positions(x.shape) for x in lifted), sparse=sparse, indexing=indexing)  # type: ignore[call-overload]
    return tuple(x[grid] for x, grid in zip(lifted, grids, strict=True))
