"""Pairs of arrays of a record, the second computed from the first entry by entry."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np

from gradcheck.attribution.view import Array, View
from gradcheck.numbers.dual import Dual, Duals
from gradcheck.tracing.primitives import PRIMITIVES, value

MOST_STEPS = 10
"""Maximum number of operations in a row that are looked at as one activation."""
FEWEST_STEPS = 2
"""The same of a long record."""
MOST_LOOKED_AT = 10_000
"""Number of pairs of arrays from which on fewer operations in a row are looked at; each takes 0.1 ms."""
MOST_PAIRS = 4_000
"""Maximum number of pairs of arrays that are looked at."""
_ALIKE = 1e-9
"""Relative distance of tangents up to which they are in one ratio."""


@dataclass(frozen=True)
class Pair:
    """Two nodes of one shape, of which the second is computed from the first entry by entry; `slope` is float64."""

    x: int
    y: int
    slope: Array
    steps: tuple[int, ...]
    """The nodes on the way, y included."""


def pairs(view: View) -> list[Pair]:
    """All pairs of nodes that an adjoint reaches, the second from the first entry by entry in a few steps."""
    if view not in _KNOWN:
        _KNOWN[view] = _pairs(view)
    return _KNOWN[view]


_KNOWN: WeakKeyDictionary[View, list[Pair]] = WeakKeyDictionary()


def _pairs(view: View) -> list[Pair]:
    users: dict[int, list[int]] = defaultdict(list)
    for slot, position in view.contributions:
        argument = view.record.nodes[slot].args[position]
        if not users[argument] or users[argument][-1] != slot:
            users[argument].append(slot)
    found: list[Pair] = []
    most = 1 if view.long else max(FEWEST_STEPS, min(MOST_STEPS, MOST_LOOKED_AT // max(1, len(users))))
    for x in sorted(users):
        if view.probes[x] is None or not np.any(view.probes[x]):
            continue
        reached, front, bent = {x}, sorted(set(users[x])), set[int]()
        for _ in range(most):
            if not front:
                break
            y = front.pop(0)
            node = view.record.nodes[y]
            if node.shape != view.record.nodes[x].shape or not _local(view, y):
                continue
            reached.add(y)
            if _bends(view, y) or bent.intersection(node.args):
                bent.add(y)
            pair = pair_of(view, x, y) if y in bent else None
            if pair is not None and not _linear(view, pair):
                found.append(pair)
                if len(found) >= MOST_PAIRS:
                    return found
            front = sorted({*front, *users[y]} - reached)
    return found


def _bends(view: View, y: int) -> bool:
    """Whether an operation is more than a sum, or one factor for all entries."""
    node = view.record.nodes[y]
    if node.primitive in ("mul", "div") and node.args[0] != node.args[1]:
        factors = [view.record.nodes[a] for a in node.args]
        number = [n.primitive == "constant" and np.unique(n.attributes["value"]).size == 1 for n in factors]
        return not (number[1] or (number[0] and node.primitive == "mul"))
    if node.primitive == "gather":  # of one array some entries may be filled up, as by a mask
        return len(node.args) > 1 or bool(np.any(np.asarray(node.attributes["index"]) < 0))
    return node.primitive not in ("add", "sub", "neg", "held")


def _local(view: View, y: int) -> bool:
    node = view.record.nodes[y]
    if node.primitive == "gather":
        sizes = [int(np.prod(view.record.nodes[a].shape)) for a in node.args]
        index = np.asarray(node.attributes["index"]).ravel()
        own = np.arange(index.size)
        return any(
            view.record.nodes[a].shape == node.shape and np.any(index - sum(sizes[:k]) == own)
            for k, a in enumerate(node.args)
        )
    return PRIMITIVES[node.primitive].elementwise


def _linear(view: View, pair: Pair) -> bool:
    """Whether the slope is one number throughout, also at other inputs: then a factor says the same."""
    first = pair.slope.flat[0] if pair.slope.size else 0.0
    if not np.all(np.abs(pair.slope - first) <= 1e-12 * abs(first)):
        return False
    x = np.asarray(view.values[pair.x][..., 0], dtype=float)
    there = slope_at(view, pair, 1.25 * x + 0.1)
    return there is None or bool(np.all(np.abs(there - first) <= 1e-12 * abs(first)))


def pair_of(view: View, x: int, y: int) -> Pair | None:
    """The pair, if the second's tangents are the first's, entry by entry, times one slope."""
    one, two = view.probes[x], view.probes[y]
    if one is None or two is None or one.shape != two.shape or y not in view.adjoints:
        return None
    one, two = np.asarray(one, dtype=float), np.asarray(two, dtype=float)
    with np.errstate(all="ignore"):
        weight = (one * one).sum(axis=-1)
        slope = np.where(weight > 0, (one * two).sum(axis=-1) / np.where(weight > 0, weight, 1), 0.0)
        off = np.abs(two - slope[..., None] * one)
        scale = np.abs(slope[..., None] * one) + np.abs(two)
    if not (off <= _ALIKE * scale + 1e-300).all() or _moved(one) < 2:
        return None
    return Pair(x, y, slope, steps(view, x, y))


def _moved(tangent: Array) -> int:
    """Number of directions along which anything moves."""
    return int(np.count_nonzero(np.any(tangent.reshape(-1, tangent.shape[-1]) != 0, axis=0)))


def steps(view: View, x: int, y: int) -> tuple[int, ...]:
    """The nodes between x and y: computed from x, and reaching y."""
    after = {x}
    for slot in range(x + 1, y + 1):
        if after.intersection(view.record.nodes[slot].args):
            after.add(slot)
    needed, before = {y}, [y]
    while before:
        for argument in view.record.nodes[before.pop()].args:
            if argument in after and argument not in needed and argument != x:
                needed.add(argument)
                before.append(argument)
    return tuple(sorted(needed))


def slope_at(view: View, pair: Pair, at: Array, changed: Mapping[int, float] | None = None) -> Array | None:
    """The slope of the pair's function at other inputs, with some constants changed."""
    given = at[..., None].astype(view.numbers.carrier)
    tangent = between(view, pair.x, pair.steps, given, np.ones_like(given), changed).tangent
    return None if tangent is None else np.broadcast_to(np.asarray(tangent[..., 0], dtype=float), at.shape)


def between(
    view: View, x: int, path: tuple[int, ...], at: Any, tangent: Any, changed: Mapping[int, float] | None = None
) -> Dual:
    """Value and tangent at the end of a path from x, for another x and tangent of it, with some constants changed."""
    numbers = Duals(view.numbers)
    known: dict[int, Dual] = {x: Dual(at, tangent)}
    for constant, number in (changed or {}).items():
        known[constant] = Dual(np.full_like(view.values[constant], number), None)
    for slot in path:
        node = view.record.nodes[slot]
        arguments = [known.get(a) or Dual(view.values[a], None) for a in node.args]
        with np.errstate(all="ignore"):
            known[slot] = value(numbers, node.primitive, arguments, node.attributes)
    return known[path[-1]]
