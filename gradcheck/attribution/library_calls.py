"""The inside of a library's call, such as the iterations of a decomposition: nobody made a mistake there."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradcheck.attribution.hypothesis import Hypothesis
from gradcheck.attribution.mistake import Mistake
from gradcheck.attribution.view import View

MANY = 25
"""Minimum number of operations in a row by which one call of the user's is one of an algorithm."""
OF_ONE_OPERATION = (
    *(Mistake.OVERWRITTEN, Mistake.FIRST_SAMPLE, Mistake.STALE, Mistake.POWER_RULE, Mistake.QUOTIENT),
    *(Mistake.SLOPE_FORGOTTEN, Mistake.SLOPE_TWICE, Mistake.SLOPE_AT_OUTPUT, Mistake.OTHER_SLOPE),
)
"""Kinds that are said of a single operation, which is the user's own, or of its uses."""


def inside_a_library(view: View, hypothesis: Hypothesis) -> bool:
    """Whether a hypothesis speaks of single operations of an algorithm that the user's code calls as a whole."""
    if hypothesis.mistake not in OF_ONE_OPERATION:
        return False
    return all(_length(view, slot) >= MANY for slot, _ in hypothesis.edges)


def within_one_call(view: View, hypothesis: Hypothesis) -> bool:
    """Whether the paths that are cut begin and end in one call of a library, and others through it are left."""
    stacks, nodes, cut = view.located.stacks, view.record.nodes, set(hypothesis.edges)
    calls = {stacks[slot] for slot, _ in cut}
    if len(calls) > 1 or () in calls or any(stacks[nodes[s].args[p]] not in calls for s, p in cut):
        return False
    left = []

    def alter(slot: int, position: int, contribution: Any, adjoint: Any) -> Any:
        if (slot, position) in cut:
            return contribution * 0.0
        if stacks[slot] in calls and stacks[nodes[slot].args[position]] not in calls:
            left.append(bool(np.any(contribution)))
        return contribution

    view.gradient(alter)
    return any(left)


def _length(view: View, slot: int) -> int:
    """The number of operations in a row that one call of the user's made; those without a place count with it.

    None has a place where f is a library's function itself.
    """
    stacks = view.located.stacks
    mine, first, last = ((), stacks[slot]), slot, slot
    while first > 0 and stacks[first - 1] in mine:
        first -= 1
    while last + 1 < len(stacks) and stacks[last + 1] in mine:
        last += 1
    return last - first + 1
