"""Slopes of a loop's activations, in their formula by the output, that are taken at the output of the turn before."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

import numpy as np

from gradcheck.attribution.hypothesis import Change, Hypothesis
from gradcheck.attribution.mistake import Mistake
from gradcheck.attribution.other_slopes import MOST_PAIRS
from gradcheck.attribution.pairs import Pair, pairs
from gradcheck.attribution.slope_tables import AT_OUTPUT
from gradcheck.attribution.view import Array, View

Nodes = tuple[tuple[int, int], ...]
"""Per turn the nodes of an activation: its input and its output."""
WORDS = "with the slope, in its formula by the output, taken at the output of the turn before"


def slopes_of_the_turn_before(view: View, blocks: frozenset[str]) -> Iterator[Hypothesis]:
    """All pairs that a loop makes in one place, with the slope of the turn before."""
    turns: dict[Any, list[Pair]] = defaultdict(list)
    for pair in pairs(view):
        turns[view.located.stacks[pair.y], pair.y - pair.x, len(pair.steps)].append(pair)
    for some in turns.values():
        for formula in AT_OUTPUT.values():
            if 1 < len(some) <= MOST_PAIRS and _by_output(view, some, formula):
                made = partial(_shortcuts, tuple((pair.x, pair.y) for pair in some), formula)
                edges = tuple((pair.y, 0) for pair in some)
                yield Hypothesis(Mistake.OTHER_SLOPE, 4, edges, WORDS, Change(shortcuts=made))
                break


def _by_output(view: View, some: Sequence[Pair], formula: Callable[[Any], Any]) -> bool:
    return all(np.allclose(formula(_value(view, p.y)), p.slope, rtol=1e-9, atol=1e-12) for p in some)


def _value(view: View, slot: int) -> Array:
    return np.asarray(view.values[slot][..., 0], dtype=float)


def _shortcuts(nodes: Nodes, formula: Callable[[Any], Any], view: View) -> dict[int, tuple[int, Any]] | None:
    start = _start(view, nodes)
    if start is None:
        return None
    before = [start, *(_value(view, y) for _, y in nodes)]
    return {y: (x, formula(z)[..., None]) for (x, y), z in zip(nodes, before, strict=False)}


def _start(view: View, turns: Nodes) -> Array | None:
    """What stands in the first turn of a loop for the output of the turn before; None if nothing of its size does."""
    nodes, stacks = view.record.nodes, view.located.stacks
    (_, first), (_, second) = turns[:2]
    carried = {first}
    for slot in range(first + 1, second):
        position = next((k for k, a in enumerate(nodes[slot].args) if a in carried), None)
        if position is None:
            continue
        if nodes[slot].primitive == "gather" and len(nodes[slot].args) == 1:  # put into another form
            carried.add(slot)
            continue
        same = [s for s in range(first) if stacks[s] == stacks[slot] and nodes[s].primitive == nodes[slot].primitive]
        start = _value(view, nodes[same[-1]].args[position]) if same else np.zeros(0)
        return start.reshape(nodes[first].shape) if start.size == np.prod(nodes[first].shape) else None
    return None
