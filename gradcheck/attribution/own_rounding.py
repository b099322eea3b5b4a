"""An answer that is the truth rounded to a coarser type: float32, float16 or whole numbers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.attribution.known import Relation, equal
from gradcheck.attribution.mistake import Mistake

Array = NDArray[Any]

UNITS = 4
"""Maximum distance of the answer from the truth, in units in the last place of the coarser type."""


def rounded(answer: Array, truth: Array, room: Array) -> Iterator[Relation]:
    """The coarser types that the answer's own numbers lie in, next to the truth; the coarsest first."""
    whole = bool(np.all(answer == np.round(answer))) and len(np.unique(answer)) > 1
    if whole and not np.all(np.abs(truth - np.round(truth)) <= room):
        for to, how in ((np.trunc(truth), "cut off to"), (np.round(truth), "rounded to"), (np.floor(truth), "cut to")):
            if equal(answer, to, room) and np.any(to):
                yield Relation(Mistake.PRECISION, f"is the right one {how} whole numbers, as in an array of integers")
    for dtype in (np.float16, np.float32):
        if _short(answer, dtype) and not equal(answer, truth, room):
            size = np.maximum(np.abs(truth), float(np.finfo(dtype).smallest_normal))
            if equal(answer, truth, UNITS * float(np.finfo(dtype).eps) / 2 * size + room):
                name = np.dtype(dtype).name
                yield Relation(Mistake.PRECISION, f"is the right one rounded to {name}: its numbers are {name} numbers")
                return


def _short(answer: Array, dtype: Any) -> bool:
    """Whether every entry is a number of the type."""
    with np.errstate(all="ignore"):
        return bool(np.all(answer.astype(dtype).astype(np.float64) == answer))
