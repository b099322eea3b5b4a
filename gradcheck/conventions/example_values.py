"""Numbers for example inputs: fixed, short, all different in size, and away from 0."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from typing import Any, Literal

import numpy as np

Style = Literal["real", "positive", "unit"]
"""Real numbers; positive ones; such between 0.1 and 0.9."""

_SIZES = (0.2, 2.2)
"""Least and largest size of a number: nothing is 0 by accident, and slopes on both sides of 1 are met."""


def numbers(shape: Sequence[int], name: str, style: Style = "real") -> np.ndarray[Any, Any]:
    """An array of decimals, no two of the same size, which depend on the shape and on `name` only."""
    count = int(np.prod(shape))
    chosen = np.random.default_rng([zlib.crc32(name.encode()), count])
    low, high = (0.1, 0.9) if style == "unit" else _SIZES
    grid = np.round(np.linspace(low, high, 2 * count + 3), 2 if count < 20 else 4)
    sizes = chosen.permutation(grid)[:count]
    if style == "real":
        sizes = sizes * np.where(chosen.permutation(count) % 2, -1.0, 1.0)
    found: np.ndarray[Any, Any] = sizes.reshape(tuple(shape))
    return found


def labels(count: int, classes: int) -> np.ndarray[Any, Any]:
    """Whole numbers below `classes`, not in order."""
    return np.array([(2 * k + 1) % classes for k in range(count)])


def one_hot(count: int, classes: int, *, columns: bool = False) -> np.ndarray[Any, Any]:
    """One row for each label with a single 1.0; one column for each where `columns`."""
    rows: np.ndarray[Any, Any] = np.eye(classes)[labels(count, classes)]
    return rows.T.copy() if columns else rows
