"""Broadcasting of one argument of an operation undone wrongly: over other axes, by an average, by one slice alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from itertools import combinations
from typing import Any

import numpy as np

from gradcheck.attribution.hypothesis import Variant
from gradcheck.attribution.mistake import Mistake
from gradcheck.attribution.view import View
from gradcheck.tracing.primitives import PRIMITIVES
from gradcheck.tracing.record import Node

MOST_AXES = 4
"""Maximum number of axes of an operation whose sums over other axes are tried."""


def broadcast_mistakes(view: View, slot: int, position: int) -> Iterator[Variant]:
    """The wrong ways to sum what an elementwise operation sends to an argument that it broadcasts."""
    node = view.record.nodes[slot]
    shape = view.record.nodes[node.args[position]].shape
    if not PRIMITIVES[node.primitive].elementwise or shape == node.shape or view.forward:
        return
    summed = _summed(shape, node.shape)
    for axes in _other_axes(shape, node.shape, summed):
        words = f"being summed over {_named(axes)}, not over {_named(summed)}"
        yield Mistake.BROADCAST, words, _rule(slot, position, partial(np.sum, axis=axes))
    if node.primitive in ("add", "sub"):
        words = "not being multiplied by the sum of what comes in there, as if that were 1"
        yield Mistake.COTANGENT_IGNORED, words, _one(slot, position)
    for axis in summed:
        n = node.shape[axis]
        if n < 2:
            continue
        if len(summed) > 1:
            words = f"being averaged over axis {axis}, not summed"
            yield Mistake.MEAN_SUM, words, _rule(slot, position, _then(summed, partial(_over, n)))
        for k, which in ((0, "first"), (n - 1, "last")):
            words = f"being that of the {which} of {n} along axis {axis} alone"
            take = _then(summed, partial(_alone, axis, k))
            yield Mistake.FIRST_SAMPLE if axis == 0 else Mistake.BROADCAST, words, _rule(slot, position, take)


def _named(axes: tuple[int, ...]) -> str:
    return f"axis {axes[0]}" if len(axes) == 1 else "axes " + " and ".join(map(str, axes))


def _summed(shape: tuple[int, ...], over: tuple[int, ...]) -> tuple[int, ...]:
    """The axes along which an array of `shape` is stretched."""
    more = len(over) - len(shape)
    return tuple(k for k in range(len(over)) if k < more or (shape[k - more] == 1 != over[k]))


def _other_axes(shape: tuple[int, ...], over: tuple[int, ...], summed: tuple[int, ...]) -> Iterator[tuple[int, ...]]:
    """Other axes to sum over that leave as many numbers in the same order of lengths."""
    wanted = [n for n in shape if n != 1]
    if len(over) > MOST_AXES:
        return
    for axes in combinations(range(len(over)), len(summed)):
        if axes != summed and [n for k, n in enumerate(over) if k not in axes and n != 1] == wanted:
            yield axes


def _over(n: int, full: Any) -> Any:
    return full / n


def _alone(axis: int, k: int, full: Any) -> Any:
    kept = np.zeros_like(full)
    at = (slice(None),) * axis + (k,)
    kept[at] = full[at]
    return kept


def _then(axes: tuple[int, ...], change: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda full: np.sum(change(full), axis=axes)


def _one(slot: int, position: int) -> Any:
    """What a sum or difference sends where what comes in adds up to 1: that, or its opposite."""

    def rule(view: View, adjoint: Any) -> Any:
        node: Node = view.record.nodes[slot]
        sign = -1.0 if node.primitive == "sub" and position == 1 else 1.0
        return np.full((*view.record.nodes[node.args[position]].shape, adjoint.shape[-1]), sign)

    return rule


def _rule(slot: int, position: int, reduce: Callable[[Any], Any]) -> Any:
    """The operation's own rule, with what it sends reduced in another way to the argument's shape."""

    def rule(view: View, adjoint: Any) -> Any:
        node: Node = view.record.nodes[slot]
        shape = view.record.nodes[node.args[position]].shape
        inputs = [view.values[a] for a in node.args]
        needed = [k == position for k in range(len(node.args))]
        primitive = PRIMITIVES[node.primitive]
        with np.errstate(all="ignore"):
            sent = primitive.vjp(view.numbers, adjoint, inputs, view.values[slot], node.attributes, needed)[position]
            full = np.broadcast_to(sent, (*node.shape, sent.shape[-1]))
            return np.reshape(reduce(full), (*shape, full.shape[-1]))

    return rule
