"""Windows of an array read, or their gradients put back, at other places: one further, or with another stride."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np

from gradcheck.attribution.hypothesis import Change, Hypothesis, Rule
from gradcheck.attribution.mistake import Mistake
from gradcheck.attribution.path_factors import fits, users_of
from gradcheck.attribution.view import Array, View

MOST_WINDOWS = 24
"""Maximum number of other places that are tried."""
MOST_NODES = 300
"""Maximum number of operations of a record that is evaluated anew for each of them."""
STRIDES = (1, 2, 3)
"""Distances of the windows of a loop that may be taken for one another."""

Moved = tuple[str, dict[int, Array]]
"""Words for the places, and by node the index that it would have had."""


def other_windows(view: View, blocks: frozenset[str]) -> Iterator[Hypothesis]:
    """Selections of one array by place, all turns of a loop together, with every place moved."""
    if view.forward or len(view.record.nodes) > MOST_NODES:
        return
    chosen = view.within(blocks)
    off, room = (d[chosen] for d in view.discrepancy)
    moved = [(words, indices) for slots in _groups(view) for words, indices in _moved(view, slots)]
    for words, indices in moved[:MOST_WINDOWS]:
        edges = tuple((slot, 0) for slot in indices)
        rules: dict[tuple[int, int], Rule] = {(slot, 0): _scattered(slot, index) for slot, index in indices.items()}
        change = np.sum([_along(view, edge, rules[edge]) for edge in edges], axis=0)
        if fits(change[chosen], off, room):
            yield Hypothesis(Mistake.PERMUTED, 4, edges, f"being put back {words}", Change(instead=rules))
        nodes = {slot: _with_index(view, slot, index) for slot, index in indices.items()}
        yield Hypothesis(Mistake.PERMUTED, 5, edges, f"being read {words}", Change(nodes=nodes))


def _groups(view: View) -> list[list[int]]:
    """Selections made in one place that have one shape each."""
    found: dict[Any, list[int]] = defaultdict(list)
    for slot in sorted({slot for slot, _ in view.contributions}):
        node = view.record.nodes[slot]
        users = [] if node.primitive != "gather" or len(node.args) > 1 else users_of(view, slot)
        if not users:
            continue
        stack = view.located.stacks[slot] or view.located.stacks[users[0][0]]
        shape = view.record.nodes[node.args[0]].shape
        if stack and 0 < math.prod(node.shape) < math.prod(shape) and np.all(np.asarray(node.attributes["index"]) >= 0):
            found[stack, shape, node.shape].append(slot)
    return list(found.values())


def _moved(view: View, slots: Sequence[int]) -> Iterator[Moved]:
    nodes = view.record.nodes
    shape = nodes[nodes[slots[0]].args[0]].shape
    places = [np.array(np.unravel_index(np.asarray(nodes[s].attributes["index"]), shape)) for s in slots]
    for axis, length in enumerate(shape):
        ways = (("later", 1), ("earlier", -1))
        shifts = {f"one place {way} along axis {axis}": [by] * len(slots) for way, by in ways}
        steps = {int(b) for one, two in pairwise(places) for b in np.unique(two[axis] - one[axis])}
        if len(steps) == 1 and len(slots) > 2 and (stride := steps.pop()):
            for other in (s for s in STRIDES if s != stride):
                words = f"with a stride of {other}, not {stride}, along axis {axis}"
                shifts[words] = [k * (other - stride) for k in range(len(slots))]
        for words, by in shifts.items():
            there = [place[axis] + shift for place, shift in zip(places, by, strict=True)]
            if all(np.all((t >= 0) & (t < length)) for t in there):
                indices = {}
                for slot, place, along in zip(slots, places, there, strict=True):
                    every = [*place[:axis], along, *place[axis + 1 :]]
                    indices[slot] = np.ravel_multi_index(tuple(every), shape)
                yield words, indices


def _along(view: View, edge: tuple[int, int], rule: Rule) -> Array:
    """What handing the adjoint on by another rule changes, along all directions."""
    slot, position = edge
    sent = rule(view, view.adjoints[slot])
    return view.along(view.record.nodes[slot].args[position], sent - view.contributions[edge])


def _scattered(slot: int, index: Array) -> Rule:
    def rule(view: View, g: Any) -> Any:
        shape = view.record.nodes[view.record.nodes[slot].args[0]].shape
        flat = np.zeros((math.prod(shape), g.shape[-1]), dtype=g.dtype)
        np.add.at(flat, index.ravel(), np.broadcast_to(g, (*index.shape, g.shape[-1])).reshape(index.size, -1))
        return flat.reshape(*shape, g.shape[-1])

    return rule


def _with_index(view: View, slot: int, index: Array) -> Any:
    node = view.record.nodes[slot]
    return replace(node, attributes={**node.attributes, "index": index})
