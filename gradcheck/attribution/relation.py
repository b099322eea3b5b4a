"""Exact relations between a wrong array and the right one: a factor, a transpose, a slice that is zero, and the like.

Pure comparison: a relation holds if it turns the right array into the wrong one within the tolerance of every entry.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.attribution.mistake import Mistake

Array = NDArray[Any]
Relation = tuple[Mistake, str]
"""A kind of mistake, and a clause about the gradient."""

MOST_NAMED = 4
"""Maximum number of rows, columns or entries that are listed."""
FEWEST = 3
"""Minimum number of entries, different from 0, on which a factor or an offset that is no usual one may rest."""


def relations(
    answer: Array,
    truth: Array,
    tolerance: Array,
    *,
    sizes: Collection[int],
    given: Array | None = None,
    others: Mapping[str, Array] | None = None,
) -> Iterator[Relation]:
    """Every relation that turns `truth` into `answer`, as a clause about the gradient, the most telling first.

    Parameters
    ----------
    answer, truth, tolerance: float64 arrays of one shape.
    sizes: lengths that a factor may be, such as the batch's.
    given: the input that the gradient belongs to, of the same shape, for terms in proportion to it.
    others: the right gradients of other inputs, by name.
    """
    if answer.shape != truth.shape or not answer.size or not np.all(np.isfinite(answer)) or not np.any(truth):
        return
    if not np.any(answer):
        yield Mistake.ZERO, "is zero throughout: nothing arrives here"
        return
    yield from _multiples(answer, truth, tolerance, sizes)
    yield from _moved(answer, truth, tolerance)
    for name, other in (others or {}).items():
        if other.shape == answer.shape and np.any(other != truth) and _equal(answer, other, tolerance):
            yield Mistake.EXCHANGED, f"is the gradient with respect to {name}: two of them are exchanged"
    yield from _reduced(answer, truth, tolerance)
    yield from _offset(answer, truth, tolerance, given)
    yield from _in_places(answer, truth, tolerance)


def _multiples(answer: Array, truth: Array, tolerance: Array, sizes: Collection[int]) -> Iterator[Relation]:
    usual = {
        -1.0: (Mistake.SIGN, "has the wrong sign throughout"),
        2.0: (Mistake.FACTOR, "is twice the right one: a factor 2, or a contribution counted twice"),
        0.5: (Mistake.FACTOR, "is half the right one: a lost factor 2, or half of the contributions missing"),
    }
    for n in sizes:
        if n > 2:
            many = f"is {n} times the right one, and {n} is a length here: a mean taken for a sum"
            usual.setdefault(float(n), (Mistake.MEAN_SUM, many))
            few = f"is 1/{n} of the right one, and {n} is a length here: divided once too often"
            usual.setdefault(1.0 / n, (Mistake.MEAN_SUM, few))
    found = [r for f, r in usual.items() if _equal(answer, f * truth, tolerance * max(1.0, abs(f)))]
    yield from found
    sizes_alone = _equal(answer, np.abs(truth), tolerance) or _equal(answer, -np.abs(truth), tolerance)
    if sizes_alone and np.any(truth > 0) and np.any(truth < 0):
        yield Mistake.SIGN, "has the right sizes and one sign throughout"
    if not found and np.count_nonzero(truth) >= FEWEST:
        factor = float(np.vdot(answer, truth) / np.vdot(truth, truth))
        if factor != 0 and _equal(answer, factor * truth, 4 * tolerance * max(1.0, abs(factor))):
            yield Mistake.FACTOR, f"is {_number(factor)} times the right one throughout"


def _moved(answer: Array, truth: Array, tolerance: Array) -> Iterator[Relation]:
    if answer.ndim >= 2 and answer.shape[-1] == answer.shape[-2] > 1:
        turned = np.swapaxes(truth, -1, -2)
        if _equal(answer, turned, np.maximum(tolerance, np.swapaxes(tolerance, -1, -2))):
            yield Mistake.TRANSPOSED, "is the transpose of the right one: an outer product the wrong way round"
    wide = np.full(answer.shape, float(np.max(tolerance)))
    for axis in range(answer.ndim):
        if answer.shape[axis] > 1:
            along = f" along axis {axis}" if answer.ndim > 1 else ""
            if _equal(answer, np.flip(truth, axis), wide):
                yield Mistake.PERMUTED, f"is the right one in reverse order{along}"
            for step in (1, -1):
                if _equal(answer, np.roll(truth, step, axis), wide):
                    yield Mistake.PERMUTED, f"is the right one shifted by one place{along}"
    if answer.size > 2 and _equal(np.sort(answer.ravel()), np.sort(truth.ravel()), wide.ravel()):
        yield Mistake.PERMUTED, "has the right numbers in wrong places"


def _reduced(answer: Array, truth: Array, tolerance: Array) -> Iterator[Relation]:
    for axis in range(answer.ndim):
        if answer.shape[axis] > 1:
            wide = np.full(answer.shape, float(np.max(tolerance)) * answer.shape[axis])
            along = f"axis {axis}" if answer.ndim > 1 else "all entries"
            if _equal(answer, np.broadcast_to(truth.sum(axis, keepdims=True), answer.shape), wide):
                yield Mistake.BROADCAST, f"is the sum of the right one over {along}, in every place"
            if _equal(answer, np.broadcast_to(truth.mean(axis, keepdims=True), answer.shape), wide):
                yield Mistake.BROADCAST, f"is the mean of the right one over {along}, in every place"


def _offset(answer: Array, truth: Array, tolerance: Array, given: Array | None) -> Iterator[Relation]:
    off = answer - truth
    if off.size >= FEWEST and _equal(off, np.full(off.shape, off.ravel()[0]), 4 * tolerance + 1e-9 * np.abs(off)):
        yield Mistake.LOSS_TERM, f"is off by {float(np.mean(off)):.6g} in every entry"
    if given is None or given.shape != off.shape or np.count_nonzero(given) < FEWEST:
        return
    factor = float(np.vdot(off, given) / np.vdot(given, given))
    if factor and _equal(off, factor * given, 4 * tolerance + 1e-9 * np.abs(off)):
        what = "lacks" if factor < 0 else "has, too many,"
        yield Mistake.LOSS_TERM, f"{what} a term of {abs(factor):.6g} times the input itself, such as a penalty's"


def _in_places(answer: Array, truth: Array, tolerance: Array) -> Iterator[Relation]:
    """Wrong in some places only: which, and what is there instead."""
    wrong = np.abs(answer - truth) > tolerance
    if np.all(wrong) or answer.size < 2:
        return
    where = _places(wrong)
    if not where:
        return
    there, right, room = answer[wrong], truth[wrong], tolerance[wrong]
    if not np.any(there):
        yield Mistake.ZERO, f"is zero in {where}, and right elsewhere"
    elif _equal(there, -right, room):
        yield Mistake.SIGN, f"has the wrong sign in {where}, and is right elsewhere"
    elif _equal(there, 2 * right, 2 * room):
        yield Mistake.FACTOR, f"is twice the right one in {where}, and right elsewhere"
    elif _equal(there, right / 2, room):
        yield Mistake.FACTOR, f"is half the right one in {where}, and right elsewhere"
    else:
        yield Mistake.PLACES, f"is wrong in {where} alone"


def _places(wrong: Array) -> str:
    """Wrong entries as whole rows, columns or slices of one axis, or as a short list; "" if they are none of these."""
    for axis in range(wrong.ndim):
        others = tuple(k for k in range(wrong.ndim) if k != axis)
        some, all_of = np.any(wrong, axis=others), np.all(wrong, axis=others)
        if wrong.ndim > 1 and np.array_equal(some, all_of):
            return _listed(np.flatnonzero(some), len(some), _name(axis, wrong.ndim))
    if wrong.ndim == 1:
        return _listed(np.flatnonzero(wrong), len(wrong), ("entry", "entries"))
    places = np.argwhere(wrong)
    if len(places) <= MOST_NAMED:
        return "entries " + ", ".join(str(place.tolist()) for place in places)
    return ""


def _name(axis: int, ndim: int) -> tuple[str, str]:
    if ndim == 2:
        return ("row", "rows") if axis == 0 else ("column", "columns")
    return f"slice along axis {axis}:", f"slices along axis {axis}:"


def _listed(indices: Array, length: int, names: tuple[str, str]) -> str:
    one, many = names
    if len(indices) == 1:
        last = indices[0] == length - 1 and length > 1
        return f"{one} {indices[0]}, the last" if last else f"{one} {indices[0]}"
    if len(indices) == length - 1:
        (right,) = set(range(length)) - set(indices.tolist())
        return f"all {many} but {'the first' if right == 0 else 'the last' if right == length - 1 else right}"
    if len(indices) <= MOST_NAMED:
        return f"{many} {', '.join(map(str, indices.tolist()))}"
    if indices[-1] - indices[0] == len(indices) - 1:
        return f"{many} {indices[0]} to {indices[-1]}"
    return ""


def _number(factor: float) -> str:
    """Six digits, or as many more as tell the factor from 1."""
    return next((text for n in range(6, 17) if (text := f"{factor:.{n}g}") not in ("1", "-1")), f"{factor:.17g}")


def _equal(a: Array, b: Array, tolerance: Array) -> bool:
    return bool(np.all(np.abs(a - b) <= tolerance))
