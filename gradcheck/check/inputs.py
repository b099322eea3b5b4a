"""The inputs of a check, as arrays."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from gradcheck.errors import InvalidProblem


def as_inputs(inputs: Sequence[Any]) -> tuple[Any, ...]:
    """Numbers and lists become arrays; arrays stay themselves, an array given twice stays one array.

    Raises InvalidProblem for what is no array, for masked entries, and for np.matrix, whose `*` multiplies matrices.
    """
    converted: dict[int, Any] = {}
    for at, value in enumerate(inputs):
        if id(value) not in converted:
            converted[id(value)] = _as_input(value, f"input {at}")
    return tuple(converted[id(value)] for value in inputs)


def _as_input(value: Any, where: str) -> Any:
    if isinstance(value, np.matrix):
        raise InvalidProblem("expected an array, got an np.matrix; give np.asarray(x)", where=where)
    if np.ma.is_masked(value):
        raise InvalidProblem("expected an array, got one with masked entries; give x.compressed()", where=where)
    if isinstance(value, np.ndarray):
        return value
    try:
        return np.asarray(value)
    except Exception as wrong:  # whatever a list of uneven rows, or somebody's __array__, raises
        kind = type(value).__name__
        raise InvalidProblem(
            f"expected an array of real numbers, got a {kind} that NumPy cannot read: {str(wrong)[:300]}", where=where
        ) from wrong
