"""Wrong exactly where a comparison of the forward pass has one outcome."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from gradcheck.attribution.explanation import Explanation, Place
from gradcheck.attribution.mistake import Mistake
from gradcheck.attribution.source_place import place_of
from gradcheck.attribution.view import Array, View

FEWEST = 4
"""Minimum number of entries; the outcomes of fewer look like others by accident."""

CHOOSING = ("maximum", "minimum", "fmax", "fmin", "clip", "where", "abs", "absolute", "fabs", "sign", "heaviside")
"""Functions that compare entry by entry."""
_SIDES: Mapping[str, str] = {
    "above": "the first of the two is the larger",
    "below": "the first of the two is the smaller",
    "not below": "the first of the two is not the smaller",
    "not above": "the first of the two is not the larger",
}
"""Sides of a comparison, by the sign of first - second."""


@dataclass(frozen=True)
class Side:
    """The number of a comparison in the order in which they were made, and the side on which blocks are wrong."""

    number: int
    side: str


def sides(view: View) -> list[Side]:
    """Comparisons on one side of which all wrong blocks are wrong, and right on the other."""
    common: list[Side] | None = None
    for block in sorted(view.wrong):
        asked = view.asked
        wrong = np.abs(asked.answers[block] - asked.truths[block]) > view.granted(block)
        tells = wrong.size >= FEWEST and np.any(asked.truths[block][~wrong])  # zeros are right without any merit
        here = list(_matching(view, wrong)) if tells else []
        common = here if common is None else [side for side in common if side in here]
    return common or []


def _matching(view: View, wrong: Array) -> Iterator[Side]:
    for number, (sign, _) in enumerate(view.located.outcomes):
        extra = wrong.ndim - sign.ndim
        if extra < 0 or sign.shape != wrong.shape[: sign.ndim] or sign.size < FEWEST:
            continue
        some = wrong.any(axis=tuple(range(sign.ndim, wrong.ndim))) if extra else wrong
        outcomes = {"above": sign > 0, "below": sign < 0, "not below": sign >= 0, "not above": sign <= 0}
        yield from (Side(number, side) for side, mask in outcomes.items() if np.array_equal(mask, some))


def told_by_side(view: View, several: list[Side]) -> Explanation | None:
    """The one comparison that is left, in words; None if there are several places."""
    places = []
    for side in several:
        stack = view.located.outcomes[side.number][1]
        places.append(place_of(stack[-1]) if stack else None)
    place = places[0] if places else None
    if (
        place is None
        or not _compares(place)
        or any(p is None or (p.file, p.line) != (place.file, place.line) for p in places)
    ):
        return None
    where = _in_words(place, several[0].side)
    clause = f"wrong exactly where {where}: {place.source.rstrip(',')}"
    return Explanation(Mistake.BRANCH, clause, ", ".join(sorted(view.wrong)), place)


def _compares(place: Place) -> bool:
    """Whether the expression compares entry by entry, and does not search for a maximum."""
    try:
        expression = ast.parse(place.source[place.start : place.end], mode="eval").body
    except SyntaxError:
        return False
    if isinstance(expression, ast.Compare):
        return True
    called = expression.func if isinstance(expression, ast.Call) else None
    return isinstance(called, ast.Attribute) and called.attr in CHOOSING


def _in_words(place: Place, side: str) -> str:
    text = place.source[place.start : place.end]
    try:
        expression = ast.parse(text, mode="eval").body
    except SyntaxError:
        expression = None
    if isinstance(expression, ast.Compare) and len(expression.ops) == 1:
        larger = isinstance(expression.ops[0], ast.Gt | ast.GtE)
        if larger or isinstance(expression.ops[0], ast.Lt | ast.LtE):
            true = side in (("above", "not below") if larger else ("below", "not above"))
            return f"`{text}` on line {place.line} is {'true' if true else 'false'}"
    return f"in the comparison on line {place.line} {_SIDES[side]}"
