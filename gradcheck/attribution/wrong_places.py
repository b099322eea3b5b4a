"""An answer that is wrong in some places only: which, and what stands there instead.

Few wrong entries are listed, as rows, slices, diagonals, steps or edges. Wrong entries that lie where an argument of f
has a property ("where x < 0") are said to, if at a second point, whose entries are shuffled, they do so, too: there the
property holds elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.attribution.known import FEWEST, Known, Relation, equal
from gradcheck.attribution.mistake import Mistake

Array = NDArray[Any]
Mask = NDArray[np.bool_]

MOST_NAMED = 4
"""Maximum number of rows, columns or entries that are listed."""
RARE = 0.1
"""Largest share of wrong entries that are a kind of mistake in themselves; more have a cause that is not known."""
TENS = (10, 100, 1000)
"""Factors between units, such as per cent."""
OFF_DIAGONAL = "the entries off the diagonal"
"""A pattern."""
MOST_WRONG = 0.5
"""Largest share of wrong entries that a list explains: where most are wrong the places say little."""


def in_places(answer: Array, truth: Array, room: Array, known: Known) -> Iterator[Relation]:
    """Relations that hold in some places, the answer being right in all others."""
    wrong = np.abs(answer - truth) > room
    if np.all(wrong) or not np.any(wrong) or answer.size < 2:
        return
    if np.array_equal(wrong, np.abs(truth) > room):  # right where nothing arrives: it is wrong throughout
        return
    found = list(_instead(answer, truth, room, wrong, known))
    pattern = _pattern(wrong) if wrong.ndim > 1 else ""
    if pattern:
        if pattern == OFF_DIAGONAL and equal(answer, 2.0 * truth - _diagonal(truth), 2 * room):
            words = f"is twice the right one in {pattern}, as if the two of a pair were one entry"
            yield Relation(Mistake.DOUBLED, words)
        yield from _told(found, pattern, Mistake.PLACES, vague=True)
    for where in conditions(wrong, known):
        kind = Mistake.SCATTER if "the rows that" in where else Mistake.PLACES if "est" in where else Mistake.BRANCH
        vague = kind is Mistake.PLACES
        yield from (replace(r, by_values=True) for r in _told(found, where, kind, vague=vague))
    if not pattern and (where := listed_places(wrong)):
        few = np.mean(wrong) <= MOST_WRONG
        told = [f for f in found if few or f[0] is Mistake.ZERO]
        yield from _told(told, where, Mistake.PLACES if few else None, vague=np.mean(wrong) > RARE)


def _diagonal(truth: Array) -> Array:
    return np.where(np.eye(truth.shape[-1], dtype=bool), truth, 0.0)


def _told(found: list[tuple[Mistake, str]], where: str, alone: Mistake | None, *, vague: bool) -> Iterator[Relation]:
    for mistake, words in found:
        yield Relation(mistake, words.format(where=where))
    if alone is not None:
        yield Relation(alone, f"is wrong in {where} alone", vague=vague)


def _instead(answer: Array, truth: Array, room: Array, wrong: Mask, known: Known) -> Iterator[tuple[Mistake, str]]:
    """What is there in place of the truth, as clauses with {where}."""
    there, right, slack = answer[wrong], truth[wrong], room[wrong]
    if not np.any(there):
        yield Mistake.ZERO, "is zero in {where}, and right elsewhere"
        return
    usual = (
        (-1.0, Mistake.SIGN, "has the wrong sign in {where}, and is right elsewhere"),
        (2.0, Mistake.FACTOR, "is twice the right one in {where}, and right elsewhere"),
        (0.5, Mistake.FACTOR, "is half the right one in {where}, and right elsewhere"),
    )
    one_size = np.ptp(np.abs(truth)) <= np.max(room)  # then a sign cannot be told from a move
    for factor, mistake, words in usual:
        if equal(there, factor * right, max(1.0, factor) * slack) and not (factor < 0 and one_size):
            yield mistake, words
    for n in sorted({*TENS, *(n for n in known.lengths if n > 2)}):
        kind = Mistake.FACTOR if n in TENS else Mistake.MEAN_SUM
        for value, text in ((n, str(n)), (1 / n, f"1/{n}")):
            if equal(there, value * right, max(1.0, value) * slack):
                yield kind, f"is {text} times the right one in {{where}}, and right elsewhere"
    if len(there) > 1 and np.ptp(there) <= np.min(slack) and np.ptp(right) > 4 * np.max(slack):
        yield Mistake.CONSTANT, f"is {float(there[0]):.6g} throughout in {{where}}, and right elsewhere"


# -- where f's arguments have a property ------------------------------------------------------------------------------


def conditions(wrong: Mask, known: Known) -> Iterator[str]:
    """Properties of f's arguments that hold exactly where the answer is wrong."""
    if wrong.size < FEWEST:
        return
    for name, x in known.inputs.items():
        if x.shape == wrong.shape:
            yield from (words for words, mask in _of_values(name, x, known) if np.array_equal(mask, wrong))
        elif x.dtype.kind in "iu" and wrong.ndim and x.size and np.min(x) >= 0 and np.max(x) < wrong.shape[0]:
            rows = np.all(wrong.reshape(len(wrong), -1), axis=1)
            if np.array_equal(rows, np.any(wrong.reshape(len(wrong), -1), axis=1)):
                counts = np.bincount(x.ravel(), minlength=len(rows))
                for words, mask in (
                    (f"the rows that stand several times in {name}", counts > 1),
                    (f"the rows that do not stand in {name}", counts == 0),
                    (f"the rows that stand in {name}", counts > 0),
                ):
                    if np.array_equal(mask, rows):
                        yield words


def _of_values(name: str, x: Array, known: Known) -> Iterator[tuple[str, Mask]]:
    yield f"the entries where {name} < 0", x < 0
    yield f"the entries where {name} > 0", x > 0
    yield f"the entries where {name} is 0", x == 0
    yield f"the entries where {name} is not 0", x != 0
    yield f"the entries where {name} is not finite", ~np.isfinite(x)
    for bound, text in [(1.0, "1"), *((s, other) for other, s in known.scalars() if other != name)]:
        if bound:
            yield f"the entries where {name} > {text}", x > bound
            yield f"the entries where {name} < {text}", x < bound
        if bound > 0:
            yield f"the entries where |{name}| > {text}", np.abs(x) > bound
            yield f"the entries where |{name}| < {text}", np.abs(x) < bound
            yield f"the entries where {name} < -{text}", x < -bound
            yield f"the entries where {name} > -{text}", x > -bound
    if x.ndim and x.size > 1:
        for axis in range(x.ndim):
            if x.shape[axis] > 1 and not np.any(np.isnan(x)):
                of = f" along axis {axis}" if x.ndim > 1 else ""
                yield f"the places where {name} is largest{of}", x == np.max(x, axis, keepdims=True)
                yield f"the places where {name} is smallest{of}", x == np.min(x, axis, keepdims=True)


# -- lists and patterns -----------------------------------------------------------------------------------------------


def listed_places(wrong: Mask) -> str:
    """Wrong entries as rows, columns, slices, a pattern or a short list; "" if they are none of these."""
    for axis in range(wrong.ndim):
        others = tuple(k for k in range(wrong.ndim) if k != axis)
        some, all_of = np.any(wrong, axis=others), np.all(wrong, axis=others)
        if wrong.ndim > 1 and np.array_equal(some, all_of) and not np.all(some):
            return _listed(np.flatnonzero(some), len(some), _name(axis, wrong.ndim))
    if wrong.ndim == 1:
        return _listed(np.flatnonzero(wrong), len(wrong), ("entry", "entries"))
    places = np.argwhere(wrong)
    if len(places) == 1:
        return f"entry {places[0].tolist()}"
    if len(places) <= MOST_NAMED:
        return "entries " + ", ".join(str(place.tolist()) for place in places)
    return _box(wrong)


def _pattern(wrong: Mask) -> str:
    """Diagonals, triangles and edges of the last two axes."""
    rows, columns = wrong.shape[-2:]
    if min(rows, columns) < 2:
        return ""
    i, j = np.indices((rows, columns))
    border = (i == 0) | (i == rows - 1) | (j == 0) | (j == columns - 1)
    masks = {
        OFF_DIAGONAL: i != j,
        "the entries above the diagonal": i < j,
        "the entries below the diagonal": i > j,
        "the entries on and above the diagonal": i <= j,
        "the entries on and below the diagonal": i >= j,
        "the entries along the edges": border,
        "the entries inside, all but those along the edges": ~border,
    }
    if rows == columns or wrong.size > MOST_NAMED * 4:
        masks = {"the entries on the diagonal": i == j, **masks}
    shaped = {words: np.broadcast_to(mask, wrong.shape) for words, mask in masks.items()}
    return next((words for words, mask in shaped.items() if np.any(mask) and np.array_equal(mask, wrong)), "")


def _box(wrong: Mask) -> str:
    """A block of entries, written as slices."""
    places = np.argwhere(wrong)
    low, high = places.min(axis=0), places.max(axis=0) + 1
    if not np.all(wrong[tuple(slice(a, b) for a, b in zip(low, high, strict=True))]):
        return ""
    parts = [
        ":" if (a, b) == (0, n) else str(a) if b == a + 1 else f"{a}:{b}"
        for a, b, n in zip(low.tolist(), high.tolist(), wrong.shape, strict=True)
    ]
    return f"the block [{', '.join(parts)}]"


def _name(axis: int, ndim: int) -> tuple[str, str]:
    """Singular and plural of the slices along an axis."""
    if ndim == 2:
        return ("row", "rows") if axis == 0 else ("column", "columns")
    return f"slice [{':, ' * axis}k] with k =", f"slices [{':, ' * axis}k] with k ="


def _listed(indices: Array, length: int, name: tuple[str, str]) -> str:
    """Indices as words: "row 2, the last", "all rows but 3", "every second row from 0", "rows 3, 5"."""
    one, many = name
    wrong = indices.tolist()
    if len(wrong) == 1:
        which = {0: ", the first", length - 1: ", the last"}.get(wrong[0], "")
        return f"{one} {wrong[0]}{which}"
    if len(wrong) == length - 1 > 1:
        (right,) = set(range(length)) - set(wrong)
        return f"all {many} but {'the first' if right == 0 else 'the last' if right == length - 1 else right}"
    if length > MOST_NAMED and len(wrong) > 2 and wrong == list(range(wrong[0], length, 2)) and wrong[0] < 2:
        return f"every second of the {many}, from {wrong[0]} on"
    if wrong == [0, length - 1] and length > MOST_NAMED:
        return f"the first and the last of the {many}"
    if len(wrong) <= MOST_NAMED:
        return f"{many} {', '.join(map(str, wrong))}"
    if wrong[-1] - wrong[0] == len(wrong) - 1:
        return f"{many} {wrong[0]} to {wrong[-1]}"
    return ""
