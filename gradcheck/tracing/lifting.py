"""Convert anything that can be an operand to a traced array."""

import math
from typing import Any

import numpy as np

from gradcheck.errors import Unsupported
from gradcheck.tracing.registry import TRACED_TYPES
from gradcheck.tracing.trace import Trace, positions
from gradcheck.tracing.traced import Traced, is_traced


def lift(trace: Trace, value: Any) -> Traced:
    """`value` as a traced array.

    Numbers and plain arrays become structural constants; object arrays and (nested) lists with traced elements are
    stacked. Raises Unsupported for complex numbers, strings and the like.
    """
    if type(value) is Traced:
        return value
    if type(value) in TRACED_TYPES:
        raise Unsupported(f"a traced array of dtype {value.dtype} meets what takes real numbers alone")
    if isinstance(value, bool | int | float) and not isinstance(value, np.generic):
        return Traced(trace, trace.constant(value), weak=True)
    if isinstance(value, list | tuple) and contains_traced(value):
        return stack([lift(trace, v) for v in value], trace)
    array = np.asarray(value)
    if array.dtype != object:
        return Traced(trace, trace.constant(array), scalar=False)
    cells = [lift(trace, cell) for cell in array.ravel().tolist()]
    if not cells:
        return Traced(trace, trace.constant(np.zeros(array.shape)), scalar=False)
    stacked = stack(cells, trace)
    if stacked.ndim != 1:
        raise Unsupported("an object array whose elements are arrays cannot be traced; its elements must be numbers")
    return Traced(trace, trace.gather((stacked.slot,), positions(array.shape)), scalar=False)


def operand(trace: Trace, value: Any) -> Any:
    """`lift` with the type Any, for arguments of NumPy functions, whose type stubs do not know traced arrays."""
    return lift(trace, value)


def contains_traced(value: Any) -> bool:
    """Whether a (nested) list or tuple, or an object array, holds a traced number."""
    if isinstance(value, list | tuple):
        return any(contains_traced(v) for v in value)
    if type(value) in TRACED_TYPES:
        return True
    return isinstance(value, np.ndarray) and value.dtype == object and any(map(is_traced, value.ravel().tolist()))


def stack(parts: list[Traced], trace: Trace) -> Traced:
    """np.stack along a new first axis; ValueError for parts of different shapes."""
    shape = parts[0].shape
    if any(part.shape != shape for part in parts):
        raise ValueError(f"parts of different shapes: {sorted({part.shape for part in parts})}")
    slots = tuple(part.slot for part in parts)
    unique = tuple(dict.fromkeys(slots))
    size = math.prod(shape)
    starts = {slot: k * size for k, slot in enumerate(unique)}
    index = np.stack([positions(shape) + starts[slot] for slot in slots])
    dtype = promote(*parts)
    return Traced(trace, trace.gather(unique, index, dtype), dtype=dtype, scalar=False)


def promote(*operands: Traced) -> np.dtype[Any]:
    """The dtype of a result, by NumPy's rules: Python numbers adapt, and whole numbers become floats."""
    strong = {x.dtype for x in operands if not x.weak}
    dtype = np.result_type(*strong) if strong else np.dtype(np.float64)
    return dtype if dtype.kind == "f" else np.dtype(np.float64)


def result(
    trace: Trace,
    primitive: str,
    operands: tuple[Traced, ...],
    dtype: np.dtype[Any] | None = None,
    **attributes: Any,
) -> Traced:
    """Apply a primitive to traced operands."""
    dtype = dtype or promote(*operands)
    return Traced(trace, trace.apply(primitive, [x.slot for x in operands], dtype, **attributes))
