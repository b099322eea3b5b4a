"""Answers that are right for another function: of a selection one side is always taken, a held value is followed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from gradcheck.attribution.hypothesis import Change, Hypothesis
from gradcheck.attribution.mistake import Mistake
from gradcheck.attribution.path_factors import single
from gradcheck.attribution.record_forms import is_call, sum_of_squares
from gradcheck.attribution.selection_rules import choice_mistake
from gradcheck.attribution.view import View
from gradcheck.tracing.record import Node

MOST_SELECTIONS = 20
"""Maximum number of selections of a record that are replaced."""


def one_side_taken(view: View, blocks: frozenset[str]) -> Iterator[Hypothesis]:
    """Single selections, and those made in one place, that take one of their arrays in all entries."""
    seen: dict[object, list[tuple[int, int]]] = {}
    for slot in sorted({slot for slot, _ in view.contributions}):
        node = view.record.nodes[slot]
        if node.primitive == "gather" and len(node.args) > 1 and slot not in view.located.stored:
            for position, argument in enumerate(node.args):
                other = view.record.nodes[argument]
                if other.varies and other.shape == node.shape:
                    seen.setdefault((view.located.site(slot) or slot, position), []).append((slot, position))
    for several in list(seen.values())[:MOST_SELECTIONS]:
        nodes = {slot: _always(view, slot, position) for slot, position in several}
        words = "taking one of two in all entries, whatever the comparison says"
        change = Change(nodes=nodes)
        yield Hypothesis(choice_mistake(view, several[0][0]), 2, tuple(several), words, change)


def constants_not_added(view: View, blocks: frozenset[str]) -> Iterator[Hypothesis]:
    """Single constants, also arrays of them, that f adds or subtracts, and the answer does not."""
    tried = 0
    for slot in sorted({slot for slot, _ in view.contributions}):
        node = view.record.nodes[slot]
        position = next((k for k, a in enumerate(node.args) if view.record.nodes[a].primitive == "constant"), None)
        if position is None or node.primitive not in ("add", "sub") or (node.primitive == "sub" and position == 0):
            continue
        constant, kept = view.record.nodes[node.args[position]], node.args[1 - position]
        if view.record.nodes[kept].shape != node.shape:
            continue
        if (tried := tried + 1) > MOST_SELECTIONS:
            return
        number = single(constant.attributes["value"])
        what = "array" if number is None else f"{abs(number):.3g}"
        kind = Mistake.OTHER_SLOPE if number is None else Mistake.GUARD
        done = "subtracted" if node.primitive == "sub" else "added"
        change = Change(nodes={slot: same_as(view, kept, slot)})
        yield Hypothesis(kind, 4, ((slot, 1 - position),), f"without the {what} that is {done} there", change)


def same_as(view: View, source: int, slot: int) -> Node:
    """A node that gives what another one of its shape gives."""
    node = view.record.nodes[slot]
    index = np.arange(int(np.prod(node.shape))).reshape(node.shape)
    return Node("gather", (source,), {"index": index}, node.shape, node.dtype, view.record.nodes[source].varies)


def _always(view: View, slot: int, position: int) -> Node:
    """The selection with the argument in all entries."""
    node = view.record.nodes[slot]
    start = sum(int(np.prod(view.record.nodes[a].shape)) for a in node.args[:position])
    index = start + np.arange(int(np.prod(node.shape))).reshape(node.shape)
    return replace(node, attributes={**node.attributes, "index": index})


def held_followed(view: View, blocks: frozenset[str]) -> Iterator[Hypothesis]:
    """Norms that f holds constant, and the answer does not."""
    nodes = view.record.nodes
    held = [s for s, n in enumerate(nodes) if n.primitive == "held" and nodes[n.args[0]].varies]
    if not held or not all(_norm(view, nodes[s].args[0]) for s in held):
        return
    moving = {s for s, n in enumerate(nodes) if n.varies} | set(held)
    changed = {}
    for slot, node in enumerate(nodes):
        if slot in moving or moving.intersection(node.args):
            moving.add(slot)
            if not node.varies:
                changed[slot] = replace(node, varies=True)
    words = "being followed, which is held constant there"
    yield Hypothesis(Mistake.NORM, 2, tuple((s, 0) for s in held), words, Change(nodes=changed))


def _norm(view: View, slot: int) -> bool:
    return is_call(view, slot, "sqrt") and sum_of_squares(view, view.record.nodes[slot].args[0])
