"""An answer whose numbers went through a narrower dtype than its own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from gradcheck.attribution.explanation import Explanation
from gradcheck.attribution.mistake import Mistake
from gradcheck.verdict.compare import Comparison, scale

NARROWER = ("float32", "float16")
ROUNDINGS = 256.0
"""Maximum error of a computation in a narrower dtype, in its units of roundoff of the block's scale."""


def narrowed(comparisons: Sequence[Comparison], computed_in: Sequence[Any]) -> list[Explanation]:
    """The narrower dtype through which the answer went: its own numbers have it, or the derivative computes in it.

    `computed_in`: dtypes narrower than the function's in which the derivative was seen to compute.
    """
    return list(_through(comparisons, computed_in))[:1]


def _through(comparisons: Sequence[Comparison], computed_in: Sequence[Any]) -> Iterator[Explanation]:
    wrong = [c for c in comparisons if np.any(c.wrong)]
    for name in NARROWER:
        unit = float(np.finfo(name).eps) / 2
        if not all(_rounded(c, ROUNDINGS * unit) for c in wrong):
            continue
        if all(_holds(c, name) for c in wrong):
            yield Explanation(
                Mistake.PRECISION, f"has {name} numbers in {wrong[0].answer.dtype}: it was rounded to {name}"
            )
        elif np.dtype(name) in computed_in:
            yield Explanation(Mistake.PRECISION, f"is computed in {name} on the way")


def _rounded(comparison: Comparison, share: float) -> bool:
    """Whether no entry is off by more than a share of its size, or of the block's scale."""
    size = np.maximum(np.abs(comparison.truth.middle), scale(comparison.truth, 0.0))
    return bool(np.all(comparison.distance <= share * size))


def _holds(comparison: Comparison, name: str) -> bool:
    """Whether all entries are numbers of a narrower dtype."""
    answer = comparison.answer
    if answer.dtype.itemsize <= np.dtype(name).itemsize:
        return False
    with np.errstate(over="ignore"):
        return bool(np.all(answer.astype(name).astype(answer.dtype) == answer))
