"""Pairs in the precision in which they answer: what returns float32 for float64 inputs is asked in float32."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from gradcheck.conventions.offer import Pair


def in_own_precision(pair: Pair) -> Pair:
    """The same pair, its inputs in float32 if its function or its derivative answers in float32."""
    try:
        dtypes = {np.asarray(part).dtype for part in _answers(pair)}
    except Exception:  # it raises, and the check says so
        return pair
    if np.dtype(np.float32) not in dtypes:
        return pair
    return replace(pair, inputs=tuple(np.asarray(value, dtype=np.float32) for value in pair.inputs))


def _answers(pair: Pair) -> Iterator[Any]:
    given = [np.array(value) for value in pair.inputs]
    value = pair.f(*given)
    yield from value if isinstance(value, tuple) else (value,)
    if pair.kind == "value_and_gradient" or pair.derivative is None or pair.kind in ("jvp", "hvp"):
        return
    ones = tuple(np.ones(np.shape(part)) for part in value) if isinstance(value, tuple) else np.ones(np.shape(value))
    answer = pair.derivative(ones, *given) if pair.kind == "vjp" else pair.derivative(*given)
    yield from answer if isinstance(answer, tuple | list) else (answer,)
