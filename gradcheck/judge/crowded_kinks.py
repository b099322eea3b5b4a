"""At a kink of many ties: is the answer what each tie's own sides allow? And which entry is wrong, at any kink."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.tracing import Derivative
from gradcheck.tracing.tie_sides import Sides
from gradcheck.verdict.finding import Finding, finding
from gradcheck.verdict.hull import in_hull, in_one_array, in_sum, nearest_in_sum

Array = NDArray[Any]

CONSTANT = 1e-3
"""Share of the distance between an entry's bounds within which derivatives nearby count as one number."""


def at_many_ties(
    answers: Mapping[str, Array],
    derivative: Derivative,
    allowance: Mapping[str, Array],
    *,
    unit: float,
    local_rules: bool,
    loss: str = "f",
) -> tuple[Finding, bool]:
    """The finding about an answer at a kink of more ties than can be explored, and whether it decides anything.

    Ties that contribute independently: right if the answer is a share of each tie's sides, wrong if not. Where all
    entries that a group of ties moves have one derivative nearby, another answer is left open (`local_rules`: right).
    Ties that depend on one another: wrong outside an entry's bounds, right if a mixture of rules that take one side
    throughout, else open.
    """
    sides = derivative.sides
    assert sides is not None
    flat = in_one_array(answers.values())
    tolerance = in_one_array(allowance[b] for b in answers)
    tolerance = tolerance + 128 * unit * np.maximum(np.abs(sides.lower), np.abs(sides.upper))
    where = f"{sides.count} ties, the first of them {derivative.notes[0]}"
    bounds = sides.lower, sides.upper
    if np.any(_missed(flat, *bounds) > tolerance):
        return outside(answers, bounds, np.clip(flat, *bounds), tolerance, where, loss), True
    if not local_rules and _differs_nearby(flat, sides, tolerance):
        what = f"{where}: each choice is legal by itself, but no derivative near this point is like the answer"
        return finding("GC030", what=what), False
    if sides.additive:
        if in_sum(flat, sides.base, sides.columns, sides.ties, tolerance):
            return finding("GC045", where=where, which="that the sides of each tie allow"), True
        nearest = nearest_in_sum(flat, sides.base, sides.columns, sides.ties)
        return outside(answers, bounds, nearest, tolerance, where, loss), True
    if len(sides.uniform) and in_hull(flat, list(sides.uniform), tolerance):
        return finding("GC045", where=where, which="of rules that take one side throughout"), True
    what = f"{where}: they depend on one another, and no rule that takes one side throughout gives the answer"
    return finding("GC030", what=what), False


def _differs_nearby(flat: Array, sides: Sides, tolerance: Array) -> bool:
    """Whether the answer differs from the derivative nearby in entries whose ties leave one derivative there."""
    if len(sides.nearby) < 2:
        return False
    room = CONSTANT * (sides.upper - sides.lower)
    one = np.ptp(sides.nearby, axis=0) <= room
    off = np.abs(flat - sides.nearby.mean(axis=0)) > room + tolerance
    return any(bool(np.all(one[part]) and np.any(off[part])) for part in sides.apart())


def _missed(answer: Array, low: Array, high: Array) -> Array:
    """By how much each entry lies outside of its bounds; inf where it is not finite."""
    with np.errstate(invalid="ignore"):
        return np.asarray(np.where(np.isfinite(answer), np.maximum(low - answer, answer - high), np.inf))


def outside(
    answers: Mapping[str, Array], bounds: tuple[Array, Array], nearest: Array, tolerance: Array, where: str, loss: str
) -> Finding:
    """The finding about an answer beyond a kink's hull; arrays are flat, over all blocks.

    It names the entry that is furthest outside its own bounds. Where each is within them, the answer is no mixture as a
    whole: it names the one furthest from `nearest`, the mixture that agrees with the answer in most entries.
    """
    flat = in_one_array(answers.values())
    low, high = bounds
    miss = _missed(flat, low, high)
    alone = bool(np.any(miss > tolerance))
    off = miss if alone else np.abs(flat - nearest)
    with np.errstate(invalid="ignore"):
        at = int(np.argmax(np.where(np.isfinite(off), off, np.inf) - tolerance))
    one = high[at] - low[at] <= tolerance[at]  # an entry that no tie moves
    if alone:
        truth = f"{low[at]:.12g} ({where})" if one else f"between {low[at]:.12g} and {high[at]:.12g} ({where})"
    else:
        truth = f"{nearest[at]:.12g} in the nearest mixture of the one-sided derivatives, taken as a whole ({where})"
    facts = {"subject": float(flat[at]), "truth": truth, "distance": float(off[at]), "allowed": float(tolerance[at])}
    start = 0
    for block, answer in answers.items():
        if at < start + answer.size:
            entry = tuple(int(i) for i in np.unravel_index(at - start, answer.shape))
            return finding("GC012", loss=loss, block=block, entry=list(entry) or "", **facts)
        start += answer.size
    raise IndexError(f"entry {at} of answers that have {start}")
