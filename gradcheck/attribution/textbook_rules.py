"""Textbook mistakes in the local rule of one operation: products, quotients, powers, selections, sums.

Rules of one array entry by entry (slopes) are in `other_slopes`.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from gradcheck.attribution.altered_sweep import Edge
from gradcheck.attribution.hypothesis import Change, Hypothesis, Rule
from gradcheck.attribution.mistake import Mistake
from gradcheck.attribution.path_factors import constant_factor, fits
from gradcheck.attribution.view import Array, View
from gradcheck.tracing.record import Node

Variant = tuple[Mistake, str, Rule]
"""Kind, what was done, and the wrong rule."""


def local_mistakes(view: View, blocks: frozenset[str]) -> Iterator[Hypothesis]:
    """Single operations, and all operations made in one place, whose rule replaced by a textbook mistake fits."""
    chosen = view.within(blocks)
    off, room = (d[chosen] for d in view.discrepancy)
    alike: dict[Any, list[tuple[Edge, Variant]]] = defaultdict(list)
    for (slot, position), right in view.contributions.items():
        node = view.record.nodes[slot]
        for variant in variants(view, slot, position):
            mistake, words, rule = variant
            sent = rule(view, view.adjoints[slot])
            if sent is None or np.shape(sent)[:-1] != np.shape(right)[:-1]:
                continue
            if fits(view.along(node.args[position], sent - right)[chosen], off, room):
                yield _hypothesis(((slot, position),), mistake, words, {(slot, position): rule})
            alike[node.primitive, position, words].append(((slot, position), variant))
    for several in alike.values():
        for group in _groups(view, several):
            mistake, words, _ = group[0][1]
            edges = tuple(edge for edge, _ in group)
            yield _hypothesis(edges, mistake, words, {e: v[2] for e, v in group}, rank=1)


def _groups(view: View, several: list[tuple[Edge, Variant]]) -> Iterator[list[tuple[Edge, Variant]]]:
    by_site: dict[Any, list[tuple[Edge, Variant]]] = defaultdict(list)
    for item in several:
        by_site[view.located.site(item[0][0])].append(item)
    yield from (group for group in by_site.values() if len(group) > 1)
    if len(by_site) > 1:
        yield several


def _hypothesis(
    edges: tuple[Edge, ...], mistake: Mistake, words: str, rules: Mapping[Edge, Rule], rank: int = 0
) -> Hypothesis:
    return Hypothesis(mistake, 2 + rank, edges, words, Change(instead=rules))


def variants(view: View, slot: int, position: int) -> list[Variant]:
    """The wrong rules for one argument of an operation."""
    node = view.record.nodes[slot]
    make = _BY_PRIMITIVE.get(node.primitive)
    return make(view, slot, node, position) if make is not None else []


def _elementwise(slot: int, position: int, send: Callable[[Any, list[Any], Any], Any]) -> Rule:
    """A rule by send(adjoint, inputs, output), summed over broadcast axes."""

    def rule(view: View, adjoint: Any) -> Any:
        node = view.record.nodes[slot]
        inputs = [view.values[a] for a in node.args]
        shape = view.record.nodes[node.args[position]].shape
        with np.errstate(all="ignore"):
            sent = send(adjoint, inputs, view.values[slot])
            full = np.broadcast_to(sent, np.broadcast_shapes(np.shape(sent), (*node.shape, 1)))
            return view.numbers.sum_to(full, shape)

    return rule


def _product(view: View, slot: int, node: Node, k: int) -> list[Variant]:
    other = view.record.nodes[node.args[1 - k]]
    constant = other.primitive == "constant"
    if constant_factor(view, slot, k) is not None:  # then a factor of the path says the same
        return []
    forgotten = Mistake.MASK_SCALE if constant and other.shape else Mistake.SLOPE_FORGOTTEN
    rows: list[tuple[Mistake, str, Callable[[Any, list[Any], Any], Any]]] = [
        (forgotten, "lacking the other factor there", lambda g, xs, y: g),
        (Mistake.SLOPE_TWICE, "taking the other factor there twice", lambda g, xs, y: g * xs[1 - k] * xs[1 - k]),
    ]
    if constant and other.shape:
        masked = "having the mask there without its scale"
        rows.append((Mistake.MASK_SCALE, masked, lambda g, xs, y: g * (xs[1 - k] != 0)))
    elif node.args[0] != node.args[1]:
        rows.append(
            (Mistake.OTHER_SLOPE, "having its own factor where the other one is due", lambda g, xs, y: g * xs[k])
        )
        rows.append((Mistake.OTHER_SLOPE, "having the product where a factor is due", lambda g, xs, y: g * y))
    return [(m, w, _elementwise(slot, k, send)) for m, w, send in rows]


def _quotient(view: View, slot: int, node: Node, k: int) -> list[Variant]:
    rows: list[tuple[Mistake, str, Callable[[Any, list[Any], Any], Any]]]
    if constant_factor(view, slot, k) is not None:
        return []
    if k == 0:
        rows = [
            (Mistake.SLOPE_FORGOTTEN, "not being divided by the denominator", lambda g, xs, y: g),
            (Mistake.QUOTIENT, "being divided by the denominator twice", lambda g, xs, y: g / xs[1] / xs[1]),
            (Mistake.OTHER_SLOPE, "being multiplied by the denominator", lambda g, xs, y: g * xs[1]),
        ]
    else:
        rows = [
            (Mistake.QUOTIENT, "lacking the square of the denominator", lambda g, xs, y: -g * y),
            (Mistake.QUOTIENT, "lacking the numerator", lambda g, xs, y: -g / xs[1] ** 2),
            (
                Mistake.QUOTIENT,
                "having the cube of the denominator for its square",
                lambda g, xs, y: -g * y / xs[1] ** 2,
            ),
            (Mistake.QUOTIENT, "having no denominator", lambda g, xs, y: -g * xs[0]),
            (Mistake.SLOPE_FORGOTTEN, "being passed on as it is", lambda g, xs, y: g),
        ]
    return [(m, w, _elementwise(slot, k, send)) for m, w, send in rows]


def _power(view: View, slot: int, node: Node, k: int) -> list[Variant]:
    kind = Mistake.POWER_RULE
    rows: list[tuple[Mistake, str, Callable[[Any, list[Any], Any], Any]]]
    if k == 0:
        rows = [
            (kind, "having the exponent not lowered by one", lambda g, xs, y: g * xs[1] * y),
            (kind, "lacking the exponent as a factor", lambda g, xs, y: g * y / xs[0]),
            (kind, "being passed on as it is", lambda g, xs, y: g),
        ]
    else:
        rows = [
            (kind, "lacking the logarithm of the base", lambda g, xs, y: g * y),
            (kind, "having the power rule of the base", lambda g, xs, y: g * xs[1] * y / xs[0]),
            (kind, "lacking the power itself", lambda g, xs, y: g * np.log(xs[0])),
        ]
    return [(m, w, _elementwise(slot, k, send)) for m, w, send in rows]


def _matmul(view: View, slot: int, node: Node, k: int) -> list[Variant]:
    kind = Mistake.PRODUCT_TRANSPOSED
    shape = view.record.nodes[node.args[k]].shape
    before = view.record.nodes[slot - 1]
    if (
        before.primitive == "matmul"
        and view.located.stacks[slot - 1] == view.located.stacks[slot]
        and slot - 1 in node.args
    ):
        return []  # a step of a matrix function, which has no product of the user's own

    def untransposed(view: View, g: Any) -> Any:
        a, b = (view.values[s] for s in node.args)
        left, right = (g, b) if k == 0 else (a, g)
        return view.numbers.matmul(left, right) if left.shape[-2] == right.shape[-3] else None

    def reversed_order(view: View, g: Any) -> Any:
        a, b = (view.values[s] for s in node.args)
        n = view.numbers
        left, right = (n.swap(b), g) if k == 0 else (g, n.swap(a))
        return n.matmul(left, right) if left.shape[-2] == right.shape[-3] else None

    def turned(view: View, g: Any) -> Any:
        a, b = (view.values[s] for s in node.args)
        n = view.numbers
        return n.swap(n.matmul(g, n.swap(b)) if k == 0 else n.matmul(n.swap(a), g))

    rows: list[Variant] = []
    if len(shape) >= 2:
        rows.append((kind, "lacking the transposition of the other factor", untransposed))
        rows.append((kind, "having the factors in the wrong order", reversed_order))
        if shape[-1] == shape[-2] > 1:
            rows.append((kind, "being transposed", turned))
    return [(m, w, _shaped(rule, shape)) for m, w, rule in rows]


def _shaped(rule: Rule, shape: tuple[int, ...]) -> Rule:
    """The rule where it gives an array of the argument's shape, else no rule: None."""

    def checked(view: View, adjoint: Any) -> Any:
        sent = rule(view, adjoint)
        return sent if sent is not None and np.shape(sent)[:-1] == shape else None

    return checked


def _cumsum(view: View, slot: int, node: Node, k: int) -> list[Variant]:
    axis, reverse = node.attributes["axis"], node.attributes.get("reverse", False)

    def same_way(view: View, g: Any) -> Any:
        return view.numbers.cumsum(g, axis=axis, reverse=reverse)

    return [
        (Mistake.CUMULATIVE, "running forwards where the adjoint runs backwards", same_way),
        (Mistake.CUMULATIVE, "being passed on as it is", lambda view, g: g),
    ]


def _gather(view: View, slot: int, node: Node, k: int) -> list[Variant]:
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
    if len(node.args) > 1 and shape == node.shape and np.all(index[mine] - start == np.flatnonzero(mine)):
        if slot in view.located.stored:
            rows.append((Mistake.SCATTER, "reaching entries that were assigned anew later, too", lambda view, g: g))
        else:
            rows.append((Mistake.BRANCH, "reaching the entries that were not chosen, too", lambda view, g: g))
            others = "reaching the entries that were not chosen, and no others"
            rows.append((Mistake.BRANCH, others, _other_side(slot, k)))
    if len(node.args) == 1 and (axis := _extreme_axis(view, slot)) is not None:
        rows.append((Mistake.MAXIMUM, "reaching all entries, not the chosen one alone", _spread(slot, axis, 1.0)))
        rows.append((Mistake.MAXIMUM, "being shared by all entries", _spread(slot, axis, 1.0 / shape[axis])))
    return rows


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


def _extreme_axis(view: View, slot: int) -> int | None:
    """The axis along which a gather picks the largest or smallest entries; None if it does something else."""
    node, stack = view.record.nodes[slot], view.located.stacks[slot]
    if not any(made == stack for _, made in view.located.outcomes):  # nothing was compared there: it is an index
        return None
    x, y = (np.asarray(view.values[s][..., 0], dtype=float) for s in (node.args[0], slot))
    for axis in range(x.ndim):
        if x.shape[axis] > 1 and y.size * x.shape[axis] == x.size:
            for best in (x.max(axis), x.min(axis)):
                if np.array_equal(best.ravel(), y.ravel()):
                    return axis
    return None


def _spread(slot: int, axis: int, share: float) -> Rule:
    def rule(view: View, g: Any) -> Any:
        shape = view.record.nodes[view.record.nodes[slot].args[0]].shape
        kept = (*shape[:axis], 1, *shape[axis + 1 :], g.shape[-1])
        return np.broadcast_to(g.reshape(kept), (*shape, g.shape[-1])) * share

    return rule


_BY_PRIMITIVE: Mapping[str, Callable[[View, int, Node, int], list[Variant]]] = {
    "mul": _product,
    "div": _quotient,
    "power": _power,
    "matmul": _matmul,
    "cumsum": _cumsum,
    "gather": _gather,
}

__all__ = ["Array", "local_mistakes", "variants"]
