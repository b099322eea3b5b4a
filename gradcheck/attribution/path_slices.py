"""One slice of what an operation gives, such as one of several pairs, with the wrong sign."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from gradcheck.attribution.altered_sweep import contributed
from gradcheck.attribution.hypothesis import Change, Hypothesis, Rule
from gradcheck.attribution.mistake import Mistake
from gradcheck.attribution.path_factors import fits
from gradcheck.attribution.view import Array, View

MOST_SLICES = 12
"""Maximum number of slices of an array of which one is tried."""
FEWEST_WRONG = 2
"""Minimum number of wrong entries that differ by more than their sign: else these tell as much."""


def slices_of_paths(view: View, blocks: frozenset[str]) -> Iterator[Hypothesis]:
    """Single slices along the first axis of what an operation gives, whose adjoint with the wrong sign fits."""
    if view.forward or view.long:
        return
    chosen = view.within(blocks)
    off, room = (d[chosen] for d in view.discrepancy)
    if _of_entries(view, blocks):
        return
    for slot in sorted({slot for slot, _ in view.contributions}):
        node = view.record.nodes[slot]
        tangent, adjoint = view.tangents[slot], view.adjoints[slot]
        if not node.shape or not 1 < node.shape[0] <= MOST_SLICES or tangent is None or node.primitive == "gather":
            continue
        with np.errstate(all="ignore"):
            each = np.asarray(np.sum(adjoint * tangent, axis=tuple(range(1, len(node.shape)))), dtype=np.float64)
        for k, along in enumerate(each):
            if np.any(along) and fits(-2 * along[chosen], off, room):
                rules = {(slot, p): _rule(slot, p, k) for p in range(len(node.args)) if (slot, p) in view.contributions}
                words = f"having the wrong sign in slice {k} of it alone"
                yield Hypothesis(Mistake.PATH_SIGN, 4, tuple(rules), words, Change(instead=rules))


def _of_entries(view: View, blocks: frozenset[str]) -> bool:
    """Whether wrong entries have but the wrong sign, or are too few."""
    wrong = 0
    for block in blocks:
        answer, truth = view.asked.answers[block], view.asked.truths[block]
        there: Array = np.abs(answer - truth) > view.granted(block)
        wrong += int(np.count_nonzero(there & (np.abs(answer + truth) > view.granted(block))))
    return wrong < FEWEST_WRONG


def _rule(slot: int, position: int, k: int) -> Rule:
    def rule(view: View, g: Any) -> Any:
        turned = np.array(np.broadcast_to(g, (*view.record.nodes[slot].shape, g.shape[-1])))
        turned[k] = -turned[k]
        needed = [p == position for p in range(len(view.record.nodes[slot].args))]
        return contributed(view.numbers, view.record, view.values, slot, turned, needed)[position]

    return rule
