"""Textbook mistakes in the local rule of one operation: products, quotients, powers, selections, sums.

Rules of one array entry by entry (slopes) are in `other_slopes`, those of selections in `selection_rules`, those of
matrix products in `matrix_rules`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from gradcheck.attribution.altered_sweep import Edge, contributed
from gradcheck.attribution.broadcast_rules import broadcast_mistakes
from gradcheck.attribution.hypothesis import Change, Hypothesis, Rule, Variant
from gradcheck.attribution.matrix_rules import matrix_mistakes
from gradcheck.attribution.mistake import Mistake
from gradcheck.attribution.path_factors import constant_factor, fits, line_at
from gradcheck.attribution.selection_rules import gather_mistakes
from gradcheck.attribution.view import Array, View
from gradcheck.tracing.record import Node

ONE_FOR_ALL = "with the mean of the numbers there for each of them"
"""What is done where all entries are weighted alike."""
RARE = (
    "being divided by the root of the denominator",
    "having the cube of the denominator for its square",
    "having no denominator",
    "being multiplied by the denominator",
)
"""Wrong rules that few write: a simpler mistake that comes to the same is the likelier one."""


def local_mistakes(view: View, blocks: frozenset[str]) -> Iterator[Hypothesis]:
    """Single operations, and all operations made in one place, whose rule replaced by a textbook mistake fits."""
    chosen = view.within(blocks)
    off, room = (d[chosen] for d in view.discrepancy)
    alike: dict[Any, list[tuple[Edge, Variant]]] = defaultdict(list)
    for (slot, position), right in view.contributions.items():
        node = view.record.nodes[slot]
        for variant in variants(view, slot, position):
            mistake, words, rule = variant
            if not view.long:  # else none is tried alone
                sent = rule(view, view.adjoints[slot])
                if sent is None or np.shape(sent)[:-1] != np.shape(right)[:-1]:
                    continue
                if fits(view.along(node.args[position], sent - right)[chosen], off, room):
                    rule_of = {(slot, position): rule}
                    yield _hypothesis(((slot, position),), mistake, words, rule_of, rank=int(words in RARE))
            alike[node.primitive, position, words].append(((slot, position), variant))
            if node.primitive == "matmul" or (node.primitive == "gather" and len(node.args) > 1):
                alike["both of two", words].append(((slot, position), variant))
        for variant in broadcast_mistakes(view, slot, position):
            mistake, words, rule = variant
            if not view.long:
                sent = rule(view, view.adjoints[slot])
                if fits(view.along(node.args[position], sent - right)[chosen], off, room):
                    yield _hypothesis(((slot, position),), mistake, words, {(slot, position): rule}, rank=2)
            alike["broadcast", words].append(((slot, position), variant))
    yield from _whole_quotients(view, chosen, off, room)
    for several in alike.values():
        for group in _groups(view, several):
            mistake, words, _ = group[0][1]
            edges = tuple(edge for edge, _ in group)
            rank = 3 if mistake in (Mistake.BROADCAST, Mistake.FIRST_SAMPLE, Mistake.MEAN_SUM) else 1 + (words in RARE)
            yield _hypothesis(edges, mistake, words, {e: v[2] for e, v in group}, rank=rank)


def _whole_quotients(view: View, chosen: Any, off: Any, room: Any) -> Iterator[Hypothesis]:
    """Quotients of which both terms lack the square of the denominator."""
    for (slot, position), right in view.contributions.items():
        node = view.record.nodes[slot]
        other = view.contributions.get((slot, 0))
        if node.primitive != "div" or position != 1 or other is None:
            continue
        rules = {
            (slot, 0): _elementwise(slot, 0, lambda g, xs, y: g),
            (slot, 1): _elementwise(slot, 1, lambda g, xs, y: -g * y),
        }
        moved = [
            view.along(node.args[edge[1]], rule(view, view.adjoints[slot]) - was)[chosen]
            for (edge, rule), was in zip(rules.items(), (other, right), strict=True)
        ]
        if fits(sum(moved), off, room):
            words = "having the denominator where its square is due, in both terms of the quotient rule"
            yield _hypothesis(tuple(rules), Mistake.QUOTIENT, words, rules, rank=2)


def _groups(view: View, several: list[tuple[Edge, Variant]]) -> Iterator[list[tuple[Edge, Variant]]]:
    by_site: dict[Any, list[tuple[Edge, Variant]]] = defaultdict(list)
    by_line: dict[Any, list[tuple[Edge, Variant]]] = defaultdict(list)
    for item in several:
        by_site[view.located.made(item[0][0])].append(item)
        by_line[line_at(view, item[0][0])].append(item)
    yield from (group for group in by_site.values() if len(group) > 1)
    yield from (group for line, group in by_line.items() if len(group) > 1 and group not in by_site.values())
    if len(by_line) > 1:
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
    signs = constant and np.all(np.abs(other.attributes["value"]) == 1)
    forgotten = Mistake.MASK_SCALE if constant and other.shape and not signs else Mistake.SLOPE_FORGOTTEN
    rows: list[tuple[Mistake, str, Callable[[Any, list[Any], Any], Any]]] = [
        (forgotten, "lacking the other factor there", lambda g, xs, y: g),
        (Mistake.SLOPE_TWICE, "taking the other factor there twice", lambda g, xs, y: g * xs[1 - k] * xs[1 - k]),
    ]
    factor = np.asarray(view.values[node.args[1 - k]][..., 0])
    if np.all(factor < 0):
        unsigned = "lacking the other factor there but for its sign"
        rows.append((Mistake.SLOPE_FORGOTTEN, unsigned, lambda g, xs, y: -g))
    if constant and other.shape and not signs:
        masked = "having the mask there without its scale"
        rows.append((Mistake.MASK_SCALE, masked, lambda g, xs, y: g * (xs[1 - k] != 0)))
    elif node.args[0] != node.args[1]:
        rows.append(
            (Mistake.OTHER_SLOPE, "having its own factor where the other one is due", lambda g, xs, y: g * xs[k])
        )
        rows.append((Mistake.OTHER_SLOPE, "having the product where a factor is due", lambda g, xs, y: g * y))
    if (mean := _one_for_all(other)) is not None:
        rows.append((Mistake.PATH_FACTOR, ONE_FOR_ALL, lambda g, xs, y: g * mean))
    return [(m, w, _elementwise(slot, k, send)) for m, w, send in rows]


def _one_for_all(factor: Node) -> float | None:
    """The mean of a constant array of positive numbers that are not the same, such as the lengths of sentences."""
    array = np.asarray(factor.attributes["value"], dtype=float) if factor.primitive == "constant" else np.ones(1)
    return float(np.mean(array)) if np.all(array > 0) and np.ptp(array) else None


def _quotient(view: View, slot: int, node: Node, k: int) -> list[Variant]:
    rows: list[tuple[Mistake, str, Callable[[Any, list[Any], Any], Any]]]
    if constant_factor(view, slot, k) is not None:
        return []
    if k == 0:
        rows = [
            (Mistake.SLOPE_FORGOTTEN, "not being divided by the denominator", lambda g, xs, y: g),
            (Mistake.QUOTIENT, "being divided by the denominator twice", lambda g, xs, y: g / xs[1] / xs[1]),
            (Mistake.QUOTIENT, "being divided by the root of the denominator", lambda g, xs, y: g / np.sqrt(xs[1])),
            (Mistake.OTHER_SLOPE, "being multiplied by the denominator", lambda g, xs, y: g * xs[1]),
        ]
        if (mean := _one_for_all(view.record.nodes[node.args[1]])) is not None:
            rows.append((Mistake.MEAN_SUM, ONE_FOR_ALL, lambda g, xs, y: g / mean))
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
            (kind, "having the exponent for the logarithm of the base", lambda g, xs, y: g * xs[1] * y),
            (kind, "lacking the power itself", lambda g, xs, y: g * np.log(xs[0])),
        ]
    return [(m, w, _elementwise(slot, k, send)) for m, w, send in rows]


def _cumsum(view: View, slot: int, node: Node, k: int) -> list[Variant]:
    axis, reverse = node.attributes["axis"], node.attributes.get("reverse", False)

    def same_way(view: View, g: Any) -> Any:
        return view.numbers.cumsum(g, axis=axis, reverse=reverse)

    def exclusive(view: View, g: Any) -> Any:
        return view.numbers.cumsum(g, axis=axis, reverse=not reverse) - g

    return [
        (Mistake.CUMULATIVE, "running forwards where the adjoint runs backwards", same_way),
        (Mistake.CUMULATIVE, "being passed on as it is", lambda view, g: g),
        (Mistake.CUMULATIVE, "lacking the entry's own part of the sum", exclusive),
    ]


def _sum(view: View, slot: int, node: Node, k: int) -> list[Variant]:
    """Terms that count only where another part of f has a mask."""
    shape = view.record.nodes[node.args[0]].shape
    masks = [n for n in view.record.nodes if n.primitive == "constant" and n.shape == shape and _is_mask(n)]
    words = "counting only where the mask of another term is one"

    def masked(mask: Array) -> Rule:
        return lambda view, g: contributed(view.numbers, view.record, view.values, slot, g, [True])[0] * mask[..., None]

    return [(Mistake.MASK_SCALE, words, masked(np.asarray(n.attributes["value"], dtype=float))) for n in masks[:1]]


def _is_mask(constant: Node) -> bool:
    values = np.asarray(constant.attributes["value"])
    return bool(np.all(np.isin(values, (0, 1)))) and 0 < int(np.count_nonzero(values)) < values.size


_BY_PRIMITIVE: Mapping[str, Callable[[View, int, Node, int], list[Variant]]] = {
    "mul": _product,
    "div": _quotient,
    "power": _power,
    "matmul": matrix_mistakes,
    "cumsum": _cumsum,
    "gather": gather_mistakes,
    "sum": _sum,
}

__all__ = ["Array", "local_mistakes", "variants"]
