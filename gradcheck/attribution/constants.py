"""Constants of the forward pass that the derivative has otherwise: an epsilon left out, n for n - 1."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from gradcheck.attribution.altered_sweep import Edge
from gradcheck.attribution.hypothesis import Change, Hypothesis, outcomes
from gradcheck.attribution.mistake import Mistake
from gradcheck.attribution.other_slopes import MOST_ADDED, SMALL
from gradcheck.attribution.path_factors import single
from gradcheck.attribution.view import View

MOST_CONSTANTS = 40
"""Maximum number of constants that are changed."""

Row = tuple[int, Edge, float, Mistake, str]
"""A constant's slot, where it is used, the number in its place, the kind of mistake, what was done."""


def other_constants(view: View, blocks: frozenset[str]) -> Iterator[Hypothesis]:
    """Single constants that, changed forward and backward, give the answer."""
    rows = list(_rows(view))
    if not rows or view.forward:  # the runs of a JVP's sweep are its outputs
        return
    runs = len(rows)
    changed = {}
    for k, (slot, _, number, _, _) in enumerate(rows):
        if slot not in changed:
            changed[slot] = np.repeat(view.values[slot], runs, axis=-1)
        changed[slot][..., k] = number
    found = outcomes(view, Change(constants=changed), runs)
    assert found is not None
    for k, (slot, edge, number, mistake, words) in enumerate(rows):
        if view.reproduces({b: a[..., k] for b, a in found.items()}, blocks):
            given = np.full_like(view.values[slot], number)
            yield Hypothesis(mistake, 4, (edge,), words, Change(constants={slot: given}))


def _rows(view: View) -> Iterator[Row]:
    uses: dict[int, Edge] = {}
    for slot in sorted(view.adjoints):
        for position, argument in enumerate(view.record.nodes[slot].args):
            uses.setdefault(argument, (slot, position))
    constants = [s for s, node in enumerate(view.record.nodes) if node.primitive == "constant" and s in uses]
    for slot in constants[:MOST_CONSTANTS]:
        if slot in view.replaced or (number := single(view.record.nodes[slot].attributes["value"])) is None:
            continue
        if 0 < abs(number) <= SMALL:
            yield slot, uses[slot], 0.0, Mistake.GUARD, "without the small constant there"
            for other in (number / 10, number * 10):
                yield (
                    slot,
                    uses[slot],
                    other,
                    Mistake.GUARD,
                    f"with {other:.3g} for the small constant {number:.3g} there",
                )
        elif 0 < abs(number) <= MOST_ADDED and view.record.nodes[uses[slot][0]].primitive == "add":
            yield slot, uses[slot], 0.0, Mistake.GUARD, f"without the {number:.3g} that is added there"
        if 2 <= number <= 1e6 and number == round(number):
            for other in (number - 1, number + 1):
                yield slot, uses[slot], other, Mistake.PATH_FACTOR, f"with {other:g} for the constant {number:g} there"
