"""Textbook mistakes in the local rule of a matrix product: transpositions, orders, other factors, weights forgotten."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradcheck.attribution.hypothesis import Rule, Variant
from gradcheck.attribution.known import FEWEST
from gradcheck.attribution.mistake import Mistake
from gradcheck.attribution.record_forms import name_of, plain, turns
from gradcheck.attribution.source_place import is_own, line_of, place_of
from gradcheck.attribution.view import View
from gradcheck.tracing.record import Node

MOST_NODES = 150
"""Maximum number of nodes of a record whose matrix products are tried with other arrays as factors."""
MOST_OTHERS = 12
"""Maximum number of such arrays for each."""


def matrix_mistakes(view: View, slot: int, node: Node, k: int) -> list[Variant]:
    """The wrong rules for one factor of a matrix product."""
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

    def turned_adjoint(view: View, g: Any) -> Any:
        a, b = (view.values[s] for s in node.args)
        n = view.numbers
        left, right = (n.swap(g), n.swap(b)) if k == 0 else (n.swap(a), n.swap(g))
        return n.matmul(left, right) if left.shape[-2] == right.shape[-3] else None

    rows: list[Variant] = [(Mistake.SLOPE_FORGOTTEN, "lacking the other factor there", lambda view, g: g)]
    if len(shape) >= 2:
        if len(node.shape) >= 2 and node.shape[-1] == node.shape[-2] > 1:
            rows.append((kind, "having the adjoint transposed", turned_adjoint))
        rows.append((kind, "lacking the transposition of the other factor", untransposed))
        rows.append((kind, "having the factors in the wrong order", reversed_order))
        if shape[-1] == shape[-2] > 1:
            rows.append((kind, "being transposed", turned))
    if not view.record.nodes[node.args[1 - k]].varies and np.ptp(view.values[node.args[1 - k]]):
        rows.append((Mistake.MASK_SCALE, "lacking the weights there, as if all of them were 1", _unweighed(node, k)))
    return [(m, w, _shaped(rule, shape)) for m, w, rule in (*rows, *_other_operands(view, node, k))]


def _unweighed(node: Node, k: int) -> Rule:
    def rule(view: View, g: Any) -> Any:
        n, ones = view.numbers, np.ones_like(view.numbers.swap(view.values[node.args[1 - k]]))
        return n.matmul(g, ones) if k == 0 else n.matmul(ones, g)

    return rule


def _other_operands(view: View, node: Node, k: int) -> list[Variant]:
    """The rule with an array of another layer in place of the other factor; one for its own square lacks a power."""
    nodes, due = view.record.nodes, node.args[1 - k]
    if len(nodes) > MOST_NODES:
        return []
    alike = [s for s, n in enumerate(nodes) if n.varies and n.shape == nodes[due].shape and s != due]

    def with_other(other: int) -> Rule:
        def rule(view: View, g: Any) -> Any:
            n, taken = view.numbers, view.numbers.swap(view.values[other])
            return n.matmul(g, taken) if k == 0 else n.matmul(taken, g)

        return rule

    rows: dict[str, Variant] = {}
    for s in alike[:MOST_OTHERS]:
        called = _called(view, s)
        turn = sum(text.startswith(f"having {called} ") for text in rows)  # of a loop
        which = f" (array {turn + 1} of it)" if turn else ""
        words = f"having {called} {which}in place of the other factor".replace("  ", " ")
        rows[words] = (_for_another(view, s, due), words, with_other(s))
    return list(rows.values())


def _for_another(view: View, taken: int, due: int) -> Mistake:
    """What it is to have one array for another: without its transposition, with another power, or of another layer."""
    if any(turns(view, a) and plain(view, a) == plain(view, b) for a, b in ((taken, due), (due, taken))):
        return Mistake.PRODUCT_TRANSPOSED
    with np.errstate(all="ignore"):
        one, other = (np.log(np.abs(np.asarray(view.values[s][..., 0], dtype=float))).ravel() for s in (taken, due))
    few = one.size < FEWEST or not (np.all(np.isfinite(one)) and np.all(np.isfinite(other)) and np.any(one))
    power = 0.0 if few else float(one @ other / (one @ one))
    same = np.allclose(other, power * one, rtol=1e-9, atol=1e-12)
    return Mistake.POWER_RULE if power and power != 1 and same else Mistake.SLOPE_AT_OUTPUT


def _called(view: View, slot: int) -> str:
    """An argument of f by its name, another array by the expression that makes it."""
    inputs, site = view.record.inputs, view.located.site(slot)
    if slot in inputs and not view.forward:
        return view.blocks[inputs.index(slot)]
    place = None if site is None else place_of(site)
    if place is not None:
        return f"{place.expression} of line {place.line}"
    line = None if site is None or is_own(site[0].co_filename) else line_of(site)
    name = name_of(view, slot)
    return f"the result of the {name} in f" if line is None else f"the result of the {name} on line {line}"


def _shaped(rule: Rule, shape: tuple[int, ...]) -> Rule:
    """The rule where it gives an array of the argument's shape, else no rule: None."""

    def checked(view: View, adjoint: Any) -> Any:
        sent = rule(view, adjoint)
        return sent if sent is not None and np.shape(sent)[:-1] == shape else None

    return checked
