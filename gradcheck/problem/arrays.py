"""Convert the numbers, indices and attributes that users give, or refuse them in one sentence.

NumPy reads "1.5" as a number and None as NaN, and drops imaginary parts and decimals; a problem must not.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.problem.reading import brief

Array = NDArray[Any]


def real_array(value: Any, dtype: Any = np.float64) -> Array:
    """`value` as a new, read-only array of `dtype`; numbers too large for it become infinite.

    Raises ValueError with a sentence unless `value` is a number or an array (nested lists, too) of real numbers.
    """
    try:
        given = np.asarray(value)
        if given.dtype.kind == "O":
            if any(number is None or isinstance(number, str | bytes) for number in given.flat):
                raise TypeError
            given = given.astype(np.float64)
    except (TypeError, ValueError, OverflowError):
        raise ValueError(f"expected an array of real numbers, got {brief(value)}") from None
    if given.dtype.kind not in "biuf":
        raise ValueError(f"expected an array of real numbers, got {brief(value)} of dtype {given.dtype}")
    with np.errstate(over="ignore"):
        array = given.astype(dtype)
    array.flags.writeable = False
    return array


def whole_array(values: Any, dtype: Any, what: str) -> Array:
    """`values` as a new, read-only vector of whole numbers; ValueError with a sentence that begins with `what`."""
    try:
        given = np.asarray(values)
    except ValueError:
        raise ValueError(f"{what} must be whole numbers in a row, got {brief(values)}") from None
    if given.ndim != 1 or (given.size and given.dtype.kind not in "iu"):
        raise ValueError(f"{what} must be whole numbers in a row, got dtype {given.dtype} and shape {given.shape}")
    array = given.astype(dtype)
    if not np.array_equal(array, given):
        raise ValueError(f"{what} must fit {np.dtype(dtype)}, got {given[array != given][0]}")
    array.flags.writeable = False
    return array


def fixed(value: Any) -> Any:
    """An attribute made immutable: lists and arrays become tuples, NumPy's numbers become Python's."""
    if isinstance(value, np.ndarray | np.generic):
        return fixed(value.tolist())
    return tuple(fixed(v) for v in value) if isinstance(value, tuple | list) else value
