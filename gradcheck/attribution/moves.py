"""The right numbers in wrong places: transposed, shifted, reversed, reshaped wrongly; with a factor besides."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import permutations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.attribution.factors import usual
from gradcheck.attribution.known import FEWEST, Known, Relation, equal
from gradcheck.attribution.mistake import Mistake

Array = NDArray[Any]

LONGEST_ROLLED = 16
"""Maximum length of an axis along which shifts by every number of places are tried."""
MOST_AXES = 4
"""Maximum number of axes whose orders are all tried."""


def moved(answer: Array, truth: Array, room: Array, known: Known) -> Iterator[Relation]:
    """Relations of the form answer = factor * (truth with its entries moved)."""
    if truth.size < 2:
        return
    few = np.count_nonzero(np.abs(truth) > room) < FEWEST
    for mistake, words, there, slack in _moves(truth, room):
        if equal(there, truth, room):
            continue
        if equal(answer, there, slack):
            yield Relation(mistake, words)
        elif not few:
            for factor in usual(known):
                if equal(answer, factor.value * there, slack * max(1.0, factor.value)):
                    short = words.partition(":")[0]
                    yield Relation(mistake, f"{short}, {factor.besides}")
    yield from _sorted(answer, truth, room)


def _moves(truth: Array, room: Array) -> Iterator[tuple[Mistake, str, Array, Array]]:
    wide = np.full(truth.shape, float(np.max(room)))
    if truth.ndim >= 2 and truth.shape[-1] == truth.shape[-2] > 1:
        turned = np.swapaxes(truth, -1, -2)
        words = "is the transpose of the right one: an outer product the wrong way round"
        yield Mistake.TRANSPOSED, words, turned, np.maximum(room, np.swapaxes(room, -1, -2))
    if 3 <= truth.ndim <= MOST_AXES:
        for order in permutations(range(truth.ndim)):
            if order != tuple(range(truth.ndim)) and truth.transpose(order).shape == truth.shape:
                words = f"is the right one with its axes in the order {', '.join(map(str, order))}"
                yield Mistake.TRANSPOSED, words, truth.transpose(order), wide
    for axis in range(truth.ndim):
        n = truth.shape[axis]
        if n < 2:
            continue
        along = f" along axis {axis}" if truth.ndim > 1 else ""
        yield Mistake.PERMUTED, f"is the right one in reverse order{along}", np.flip(truth, axis), wide
        for step in range(1, n) if n <= LONGEST_ROLLED else (1, n - 1):
            back = step > n - step
            places = n - step if back else step
            by = "one place" if places == 1 else f"{places} places"
            to = "towards the front" if back else "towards the end"
            words = f"is the right one shifted by {by} {to}{along}, round the end"
            yield Mistake.PERMUTED, words, np.roll(truth, step, axis), wide
    if truth.ndim >= 2:
        flat = truth.ravel()
        words = "has the right numbers, read row by row and written column by column: reshape where transpose is due"
        yield Mistake.PERMUTED, words, flat.reshape(truth.shape, order="F"), wide
        words = "has the right numbers, read column by column and written row by row: reshape where transpose is due"
        yield Mistake.PERMUTED, words, truth.ravel(order="F").reshape(truth.shape), wide
    for axis in range(truth.ndim):
        yield from _dropped_at_the_end(truth, axis, wide)


def _dropped_at_the_end(truth: Array, axis: int, wide: Array) -> Iterator[tuple[Mistake, str, Array, Array]]:
    """Shifts by one place that leave a zero behind."""
    if truth.shape[axis] <= FEWEST:
        return
    along = f" along axis {axis}" if truth.ndim > 1 else ""
    line = np.moveaxis(truth, axis, 0)
    zero = np.zeros_like(line[:1])
    for rows, to in (((zero, line[:-1]), "end"), ((line[1:], zero), "front")):
        there = np.moveaxis(np.concatenate(rows), 0, axis)
        words = f"is the right one shifted by one place towards the {to}{along}, with a zero left behind"
        yield Mistake.PERMUTED, words, there, wide


def _sorted(answer: Array, truth: Array, room: Array) -> Iterator[Relation]:
    """The same numbers in any other order; of at least FEWEST sizes, since zeros and ones agree by accident."""
    wide = np.full(truth.size, float(np.max(room)))
    numbers = np.sort(truth.ravel())
    if truth.size < FEWEST or np.count_nonzero(np.diff(np.sort(np.abs(numbers))) > 4 * wide[0]) < FEWEST - 1:
        return
    if equal(np.sort(answer.ravel()), numbers, wide):
        if truth.ndim == 2 and (order := _rows(answer, truth, wide[0])):
            yield Relation(Mistake.PERMUTED, f"is the right one with its rows in the order {order}")
        if truth.ndim == 2 and (order := _rows(answer.T, truth.T, wide[0])):
            yield Relation(Mistake.PERMUTED, f"is the right one with its columns in the order {order}")
        yield Relation(Mistake.PERMUTED, "has the right numbers in wrong places")
    elif equal(np.sort(answer.ravel()), np.sort(-numbers), wide) and not equal(answer, -truth, room):
        yield Relation(Mistake.PERMUTED, "has the right numbers in wrong places, and the wrong sign")


def _rows(answer: Array, truth: Array, room: float) -> str:
    """In which order the answer has the truth's rows; "" if it has others, or too many to tell."""
    if not 2 < len(truth) <= LONGEST_ROLLED:
        return ""
    apart = np.max(np.abs(answer[:, None] - truth[None]), axis=-1)
    order = np.argmin(apart, axis=1)
    if np.any(np.min(apart, axis=1) > room) or len(set(order.tolist())) < len(order):
        return ""
    return ", ".join(map(str, order.tolist()))
