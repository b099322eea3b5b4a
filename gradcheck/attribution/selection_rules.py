"""Textbook mistakes in the local rule of a selection: what of a cotangent goes to which entry of the argument."""

from __future__ import annotations

import math
from itertools import combinations
from typing import Any

import numpy as np

from gradcheck.attribution.hypothesis import Rule, Variant
from gradcheck.attribution.known import stretches
from gradcheck.attribution.mistake import Mistake
from gradcheck.attribution.record_forms import turns
from gradcheck.attribution.view import View
from gradcheck.tracing.record import Node

TOO_MANY = "reaching the entries that were not chosen, too"
"""What is done where a comparison stops nothing."""
MOST_AT_ONE_PLACE = 4
"""Maximum number of operations made in one place where a permutation is the user's own, not a library's."""


def gather_mistakes(view: View, slot: int, node: Node, k: int) -> list[Variant]:
    """The wrong rules for one argument of a gather: an index, a choice, a maximum, a transposition, a broadcast."""
    index = np.asarray(node.attributes["index"])
    sizes = [math.prod(view.record.nodes[a].shape) for a in node.args]
    start, shape = sum(sizes[:k]), view.record.nodes[node.args[k]].shape
    mine = (index >= start) & (index < start + sizes[k])
    rows: list[Variant] = []
    if np.unique(index[mine]).size < np.count_nonzero(mine):
        counts = np.unique(index[mine], return_counts=True)[1]
        kind = Mistake.OVERWRITTEN if np.all(counts == counts[0]) else Mistake.SCATTER  # broadcast, or looked up
        for last in (True, False):
            words = f"keeping only the {'last' if last else 'first'} of several uses of an entry"
            rows.append((kind, words, _assigned(slot, k, start, last)))
        if len(node.args) == 1 and (inside := _inside(index, shape)) is not None:
            rows.append((Mistake.DROPPED, "lacking what the padding there repeats", _cropped(inside)))
    if len(node.args) > 1 and shape == node.shape and np.all(index[mine] - start == np.flatnonzero(mine)):
        if slot in view.located.stored:
            rows.append((Mistake.SCATTER, "reaching entries that were assigned anew later, too", lambda view, g: g))
        else:
            kind = choice_mistake(view, slot)
            rows.append((kind, TOO_MANY, lambda view, g: g))
            others = "reaching the entries that were not chosen, and no others"
            rows.append((kind, others, _other_side(slot, k)))
    if len(node.args) == 1 and (axes := _extreme_axes(view, slot)) is not None:
        share = 1.0 / math.prod(shape[axis] for axis in axes)
        rows.append((Mistake.MAXIMUM, "reaching all entries, not the chosen one alone", _spread(slot, axes, 1.0)))
        rows.append((Mistake.MAXIMUM, "being shared by all entries", _spread(slot, axes, share)))
    alone = sum(stack == view.located.stacks[slot] for stack in view.located.stacks) <= MOST_AT_ONE_PLACE
    if (
        len(node.args) == 1
        and (alone or slot in view.located.stored)
        and sorted(index.ravel().tolist()) == list(range(sizes[0]))
    ):
        kind = Mistake.MAXIMUM if _compared_there(view, slot) else Mistake.PERMUTED  # then it sorts
        words = "being reshaped where its entries must go back to their places"
        if turns(view, slot) and node.shape == shape:
            kind, words = Mistake.TRANSPOSED, "lacking the transposition back"
        rows.append((kind, words, _reshaped(slot)))
        rows.append((kind, "being moved by the permutation itself, not by its inverse", _moved_on(slot)))
    return rows


def _inside(index: Any, shape: tuple[int, ...]) -> tuple[slice, ...] | None:
    """Where an array stands as a whole within one that is padded with its own entries."""
    if index.ndim != len(shape) or index.size == math.prod(shape) or not np.all(np.array(index.shape) >= shape):
        return None
    own = np.arange(math.prod(shape)).reshape(shape)
    for corner in np.argwhere(index == 0):
        part = tuple(slice(at, at + n) for at, n in zip(corner.tolist(), shape, strict=True))
        if np.array_equal(index[part], own):
            return part
    return None


def _cropped(inside: tuple[slice, ...]) -> Rule:
    return lambda view, g: g[inside]


def _compared_there(view: View, slot: int) -> bool:
    """Whether the call that made a node compared numbers, as maximum and sort do, and where and an index do not."""
    stack = view.located.stacks[slot]
    return bool(stack) and any(made == stack for _, made in view.located.outcomes)


def choice_mistake(view: View, slot: int) -> Mistake:
    """The kind of a choice that is not made: of the larger of two arrays, by a comparison, or by a constant mask."""
    node = view.record.nodes[slot]
    if _compared_there(view, slot):
        return Mistake.MAXIMUM if all(view.record.nodes[a].varies for a in node.args) else Mistake.BRANCH
    outcomes = zip(view.located.outcomes, view.located.before, strict=True)
    compared = any(made <= slot and stretches(sign.shape, node.shape) for (sign, _), made in outcomes)
    return Mistake.BRANCH if compared else Mistake.MASK_SCALE


def _reshaped(slot: int) -> Rule:
    def rule(view: View, g: Any) -> Any:
        return g.reshape(*view.record.nodes[view.record.nodes[slot].args[0]].shape, g.shape[-1])

    return rule


def _moved_on(slot: int) -> Rule:
    def rule(view: View, g: Any) -> Any:
        node = view.record.nodes[slot]
        index = np.asarray(node.attributes["index"]).ravel()
        shape = view.record.nodes[node.args[0]].shape
        return g.reshape(len(index), g.shape[-1])[index].reshape(*shape, g.shape[-1])

    return rule


def _assigned(slot: int, k: int, start: int, last: bool) -> Rule:
    def rule(view: View, g: Any) -> Any:
        node = view.record.nodes[slot]
        index, shape = np.asarray(node.attributes["index"]).ravel(), view.record.nodes[node.args[k]].shape
        flat = np.zeros((math.prod(shape), g.shape[-1]), dtype=g.dtype)
        values = np.broadcast_to(g, (*node.shape, g.shape[-1])).reshape(len(index), -1)
        order = range(len(index)) if last else range(len(index) - 1, -1, -1)
        for at in order:
            if 0 <= index[at] - start < len(flat):
                flat[index[at] - start] = values[at]
        return flat.reshape(*shape, -1)

    return rule


def _other_side(slot: int, k: int) -> Rule:
    def rule(view: View, g: Any) -> Any:
        node = view.record.nodes[slot]
        index = np.asarray(node.attributes["index"])
        sizes = [math.prod(view.record.nodes[a].shape) for a in node.args]
        start = sum(sizes[:k])
        return g * ~((index >= start) & (index < start + sizes[k]))[..., None]

    return rule


def _extreme_axes(view: View, slot: int) -> tuple[int, ...] | None:
    """The axes over which a gather picks the largest or smallest entries; None if it does something else."""
    node = view.record.nodes[slot]
    if not _compared_there(view, slot):  # then it is an index
        return None
    x, y = (np.asarray(view.values[s][..., 0], dtype=float) for s in (node.args[0], slot))
    for count in range(1, x.ndim + 1):
        for axes in combinations(range(x.ndim), count):
            many = math.prod(x.shape[axis] for axis in axes)
            if many > 1 and y.size * many == x.size:
                for best in (x.max(axes), x.min(axes)):
                    if np.array_equal(best.ravel(), y.ravel()):
                        return axes
    return None


def _spread(slot: int, axes: tuple[int, ...], share: float) -> Rule:
    def rule(view: View, g: Any) -> Any:
        shape = view.record.nodes[view.record.nodes[slot].args[0]].shape
        kept = (*(1 if axis in axes else n for axis, n in enumerate(shape)), g.shape[-1])
        return np.broadcast_to(g.reshape(kept), (*shape, g.shape[-1])) * share

    return rule
