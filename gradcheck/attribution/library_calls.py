"""The inside of a library's call, such as the iterations of a decomposition: nobody made a mistake there."""

from __future__ import annotations

from gradcheck.attribution.hypothesis import Hypothesis
from gradcheck.attribution.mistake import Mistake
from gradcheck.attribution.view import View

MANY = 40
"""Minimum number of operations in a row by which one call of the user's is one of an algorithm."""
OF_THE_CALL = (Mistake.DROPPED, Mistake.TRUNCATED, Mistake.CONJUGATE, Mistake.CONSTANT_CUT)
"""Kinds that may be said of a call whose inside is concerned."""


def inside_a_library(view: View, hypothesis: Hypothesis) -> bool:
    """Whether a hypothesis speaks of single operations of an algorithm that the user's code calls as a whole."""
    if hypothesis.mistake in OF_THE_CALL:
        return False
    stacks = view.located.stacks
    return all(bool(stacks[slot]) and _length(view, slot) >= MANY for slot, _ in hypothesis.edges)


def _length(view: View, slot: int) -> int:
    """The number of operations in a row that one call of the user's made; those without a place count with it."""
    stacks = view.located.stacks
    mine, first, last = ((), stacks[slot]), slot, slot
    while first > 0 and stacks[first - 1] in mine:
        first -= 1
    while last + 1 < len(stacks) and stacks[last + 1] in mine:
        last += 1
    return last - first + 1
