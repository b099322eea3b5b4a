"""A term that is missing or too many: off by a constant, the input, its sign, another input, the cotangent."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.attribution.known import FEWEST, NUMBER, Known, Relation, equal
from gradcheck.attribution.mistake import Mistake
from gradcheck.attribution.wrong_places import listed_places

Array = NDArray[Any]

IN_PLACES = " itself, such as a penalty's, in "
"""Words before the places of a term that stands in a few of them."""
DIGITS = 3
"""Number of digits of a round number, as a penalty's weight is."""


def terms(answer: Array, truth: Array, room: Array, known: Known) -> Iterator[Relation]:
    """Relations of the form answer = truth + factor * something simple."""
    off = answer - truth
    if off.size < FEWEST:
        return
    yield from _identity(off, room, known)
    for mistake, words, what in _simple(known, off.shape):
        if np.count_nonzero(what) < FEWEST or np.max(np.abs(off)) <= np.max(room):
            continue
        factor = float(np.vdot(off, what) / np.vdot(what, what))
        if factor and equal(off, factor * what, 4 * room + 1e-9 * np.abs(off)):
            slack = 4 * float(np.linalg.norm(room) / np.linalg.norm(what)) + 1e-9 * abs(factor)
            yield Relation(mistake, words[0] if factor < 0 else words[1], abs(factor), slack)


def penalty_of_few(answer: Array, truth: Array, room: Array, known: Known) -> Iterator[Relation]:
    """A term of a round number times the input itself, in few entries; at one point it may be chance."""
    x, off = known.given, answer - truth
    if x is None or x.shape != off.shape or not np.all(np.isfinite(x)):
        return
    wrong = np.abs(off) > room
    few = np.count_nonzero(wrong)
    if not few or few >= FEWEST or not np.all(x[wrong]):
        return
    there, slack_there = x[wrong], room[wrong]
    if few == 2 and off[wrong][0] * there[0] * off[wrong][1] * there[1] < 0:  # it is in the one for the other
        there = there * [1, -1]
    factor = float(np.vdot(off[wrong], there) / np.vdot(there, there))
    slack = 4 * float(np.linalg.norm(slack_there) / np.linalg.norm(there)) + 1e-9 * abs(factor)
    if _round(factor, slack, known) and equal(off[wrong], factor * there, 4 * slack_there):
        words = "lacks" if factor < 0 else "has, too many,"
        mixed = not np.array_equal(there, x[wrong])
        words = "has in one place, and lacks in the other," if mixed else words
        where = (
            " itself, such as a penalty's"
            if np.all(wrong)
            else f"{IN_PLACES}{listed_places(wrong) or 'some places'} alone"
        )
        term = f"a term of {NUMBER} times {known.block}"
        yield Relation(Mistake.LOSS_TERM, f"{words} {term}{where}", abs(factor), slack)


def _round(factor: float, slack: float, known: Known) -> bool:
    """Whether a penalty's weight has few digits, as it is or times a length, over which the loss is a mean."""
    weights = ((n * factor, n * slack) for n in (1, *known.lengths))
    return slack < 1e-6 * abs(factor) and any(abs(w - float(f"{w:.{DIGITS}g}")) <= s for w, s in weights)


def _simple(known: Known, shape: tuple[int, ...]) -> Iterator[tuple[Mistake, tuple[str, str], Array]]:
    """What a term may be in proportion to, with the words for a term that is missing, and for one too many."""
    much = f"by {NUMBER} in every entry"
    yield Mistake.LOSS_TERM, (f"is too small {much}", f"is too large {much}"), np.ones(shape)
    x = known.given
    if x is None or x.shape != shape or not np.all(np.isfinite(x)):
        return
    term = f"a term of {NUMBER} times {known.block} itself, such as a penalty's"
    yield Mistake.LOSS_TERM, (f"lacks {term}", f"has, too many, {term}"), x
    term = f"a term of {NUMBER} times the sign of {known.block}, such as a penalty's on absolute values"
    if np.ptp(np.sign(x)):
        yield Mistake.LOSS_TERM, (f"lacks {term}", f"has, too many, {term}"), np.sign(x)
    for name, other in known.inputs.items():
        if name != known.block and other.shape == shape and np.all(np.isfinite(other)) and np.ptp(other):
            term = f"a term of {NUMBER} times {name}"
            yield Mistake.LOSS_TERM, (f"lacks {term}", f"has, too many, {term}"), other


def _identity(off: Array, room: Array, known: Known) -> Iterator[Relation]:
    """The cotangent itself, missing or too many."""
    for words, weight in known.weights.items():
        if weight.shape != off.shape or not np.ptp(weight):
            continue
        if equal(off, -weight, 2 * room):
            yield Relation(
                Mistake.DROPPED, f"lacks {words} itself: an identity path, such as a skip connection, is missing"
            )
        if equal(off, weight, 2 * room):
            one = len(known.weights) == 1
            kind = Mistake.COTANGENT_TWICE if one else Mistake.SLOPE_FORGOTTEN
            yield Relation(kind, f"is the right one with {words} added")
