"""Sums where there should be none: over an axis, in every place, running along an axis; one slice in place of all."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.attribution.known import FEWEST, Relation, equal
from gradcheck.attribution.mistake import Mistake

Array = NDArray[Any]


def summed(answer: Array, truth: Array, room: Array) -> Iterator[Relation]:
    """Relations of the form answer = sums, means or slices of the truth along an axis, in every place."""
    for axis in range(answer.ndim):
        n = answer.shape[axis]
        if n < 2:
            continue
        wide = np.full(answer.shape, float(np.max(room)) * n)
        along = f"axis {axis}" if answer.ndim > 1 else "all entries"
        for mistake, words, there in _along(truth, axis, along):
            if not equal(there, truth, room) and equal(answer, np.broadcast_to(there, answer.shape), wide):
                yield Relation(mistake, words)
    if answer.ndim > 1:
        wide = np.full(answer.shape, float(np.max(room)) * answer.size)
        for total, what in ((truth.sum(), "sum"), (truth.mean(), "mean")):
            if equal(answer, np.full(answer.shape, total), wide):
                yield Relation(Mistake.BROADCAST, f"is the {what} of the right one over all entries, in every place")


def _along(truth: Array, axis: int, along: str) -> Iterator[tuple[Mistake, str, Array]]:
    n = truth.shape[axis]
    total = truth.sum(axis, keepdims=True)
    yield Mistake.BROADCAST, f"is the sum of the right one over {along}, in every place", total
    yield Mistake.BROADCAST, f"is the mean of the right one over {along}, in every place", total / n
    if truth.ndim > 1:
        for k, which in ((0, "first"), (n - 1, "last")):
            there = np.take(truth, [k], axis)
            kind = Mistake.FIRST_SAMPLE if axis == 0 else Mistake.CONSTANT
            yield kind, f"has the {which} slice of the right one along {along} in every place", there
    if n >= FEWEST and len(np.unique(truth)) >= FEWEST and np.all(truth):
        back = np.flip(np.cumsum(np.flip(truth, axis), axis), axis)
        over = f" along {along}" if truth.ndim > 1 else ""
        yield Mistake.CUMULATIVE, f"is the running sum of the right one{over}", np.cumsum(truth, axis)
        yield Mistake.CUMULATIVE, f"is the running sum of the right one{over}, from the end", back
        why = "a running sum is missing"
        forth = np.diff(truth, axis=axis, prepend=0)
        yield Mistake.CUMULATIVE, f"is the differences of the right one{over}: {why}", forth
        forth = -np.diff(truth, axis=axis, append=0)
        yield Mistake.CUMULATIVE, f"is the differences of the right one{over}, from the end: {why}", forth
