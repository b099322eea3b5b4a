"""Paths of the record taken a wrong number of times: left out, with the wrong sign, twice, or times a constant."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Mapping

import numpy as np

from gradcheck.attribution.altered_sweep import Edge
from gradcheck.attribution.equal_constant import constant_in
from gradcheck.attribution.hypothesis import Change, Hypothesis
from gradcheck.attribution.mistake import Mistake
from gradcheck.attribution.source_place import line_of
from gradcheck.attribution.view import Array, View

MEASURED = 5
"""Rank from which on a factor is a number that was measured, and nothing more is known of it."""
UNITS = 256
"""Units of roundoff up to which a factor that is measured is a usual one."""
LOST_CONSTANT = "lacking the constant factor there"
"""What is said of a product whose constant factor does not reach the derivative."""
CURVED = ("mul", "div", "pow", "power", "unary", "matmul", "hypot", "logaddexp", "arctan2")
"""Primitives that are not linear in all their arguments together."""
MOST_CONSTANT = 1e4
"""Maximum size of a factor that is named."""

Factor = tuple[Mistake, int, str]
"""Kind, rank, and what was done."""


def edge_factors(view: View, blocks: frozenset[str]) -> Iterator[Hypothesis]:
    """Single edges, and nodes with all their arguments, whose contribution times some s - 1 is the discrepancy.

    Screened along random directions: both sides are linear in the contribution. Only factors that have a reason.
    """
    yield from (h for h in _solved_factors(view, blocks) if h.rank < MEASURED)


def measured_factors(view: View, blocks: frozenset[str]) -> Iterator[Hypothesis]:
    """The same with any factor; of an answer of one entry every edge has one, so that they come last."""
    if not view.long:
        yield from (h for h in _solved_factors(view, blocks) if h.rank >= MEASURED)


def _solved_factors(view: View, blocks: frozenset[str]) -> Iterator[Hypothesis]:
    chosen = view.within(blocks)
    for edges, along in _candidates(view):
        factor = _solved(along[chosen], view.discrepancy[0][chosen], view.discrepancy[1][chosen])
        if factor is not None:
            yield from _named(view, edges, factor)


def users_of(view: View, slot: int) -> list[Edge]:
    """The edges that lead to a node."""
    return [(s, p) for s, p in view.contributions if view.record.nodes[s].args[p] == slot]


def _candidates(view: View) -> Iterator[tuple[tuple[Edge, ...], Array]]:
    by_node: dict[int, list[tuple[Edge, Array]]] = defaultdict(list)
    for (slot, position), contribution in view.contributions.items():
        along = view.along(view.record.nodes[slot].args[position], contribution)
        if np.any(along) and np.all(np.isfinite(along)):
            by_node[slot].append(((slot, position), along))
    for edges in by_node.values():
        for edge, along in edges:
            yield (edge,), along
        if len(edges) > 1:
            yield tuple(e for e, _ in edges), np.sum([a for _, a in edges], axis=0)


def _solved(along: Array, off: Array, room: Array) -> float | None:
    """s with off = (s - 1) along in every direction."""
    weight = float(along @ along)
    if weight == 0:
        return None
    factor = 1 + float(along @ off) / weight
    return factor if abs(factor) <= MOST_CONSTANT and fits((factor - 1) * along, off, room) else None


def fits(change: Array, off: Array, room: Array) -> bool:
    """Whether a change of the gradient has the discrepancy's components along all directions, up to rounding."""
    return bool((np.abs(change - off) <= room + 1e-8 * np.abs(off).max(initial=0.0)).all())


USUAL: Mapping[float, Factor] = {
    0.0: (Mistake.DROPPED, 1, "being left out"),
    -1.0: (Mistake.PATH_SIGN, 2, "having the wrong sign"),
    2.0: (Mistake.DOUBLED, 2, "being counted twice"),
    0.5: (Mistake.PATH_FACTOR, 3, "being counted by half"),
}


def _named(view: View, edges: tuple[Edge, ...], factor: float) -> Iterator[Hypothesis]:
    own = _own_factors(view, edges)
    for value, (mistake, rank, words) in {**USUAL, **own}.items():
        if abs(factor - value) <= (1e-8 + UNITS * view.unit) * max(abs(value), 1.0):
            length = max(value, 1 / value) if value > 0 else 0.0
            if words.endswith("a length there") and _by_chance(view, edges[0][0], length):
                mistake, words = Mistake.PATH_FACTOR, f"being taken {factor:.6g} times"
            yield _times(edges, value, mistake, rank, words)
            return
    if abs(factor - 1) < 1e-2:
        words = f"being taken {1 + float(f'{factor - 1:.6g}'):.10g} times"
        constant = len(edges) == 1 and constant_factor(view, *edges[0]) is not None
        yield _times(edges, factor, Mistake.CONSTANT_CUT, 4 if constant else 5, words)
    else:
        yield _times(edges, factor, Mistake.PATH_FACTOR, 6, f"being taken {factor:.6g} times")


def _by_chance(view: View, slot: int, length: float) -> bool:
    """Whether a factor need not be a length: f holds it as a constant, or one turn of a loop alone has it."""
    stack, kind = view.located.stacks[slot], view.record.nodes[slot].primitive
    alike = (s == stack and n.primitive == kind for s, n in zip(view.located.stacks, view.record.nodes, strict=True))
    one_turn = bool(stack) and sum(alike) > 1
    return one_turn or bool(constant_in(view.located, view.asked.product.function.f, length))


def _times(edges: tuple[Edge, ...], factor: float, mistake: Mistake, rank: int, words: str) -> Hypothesis:
    change = Change(factors=dict.fromkeys(edges, factor))
    return Hypothesis(mistake, rank, edges, words, change, operand=len(edges) == 1, factor=factor)


def _own_factors(view: View, edges: tuple[Edge, ...]) -> dict[float, Factor]:
    """Factors that the operation itself suggests: its constant, its exponent, how many terms it sums."""
    found: dict[float, Factor] = {}
    slot, position = edges[0]
    node = view.record.nodes[slot]
    if len(edges) > 1:
        return found
    shape = view.record.nodes[node.args[position]].shape
    if node.primitive == "pow" and (p := single(node.attributes["exponent"])) not in (None, 0.0):
        assert p is not None
        found[1 / p] = Mistake.POWER_RULE, 1, f"lacking the factor {p:.6g} that the exponent gives"
    elif node.primitive == "unary" and node.attributes["function"] in _ROOTS:
        n = _ROOTS[node.attributes["function"]]
        found[n] = Mistake.POWER_RULE, 1, f"lacking the factor 1/{n:g} of the root's derivative"
    elif node.primitive in ("mul", "div") and (c := constant_factor(view, slot, position)) is not None:
        found[c] = Mistake.PATH_FACTOR, 3, "taking the constant factor there twice"
        found[1 / c] = lost(view, slot, c)
    elif node.primitive == "sum":
        n = math.prod(shape[axis] for axis in node.attributes["axes"])
        if n > 1:
            found[1 / n] = Mistake.MEAN_SUM, 1, f"being divided by {n}, as if the sum there were a mean"
    elif node.primitive == "neg" and of_modulus(view, slot):
        found[-1.0] = Mistake.SLOPE_FORGOTTEN, 1, "lacking the sign, which is the slope of the absolute value there"
    elif node.primitive == "neg" or (node.primitive in ("sub", "div") and position == 1):
        found[-1.0] = Mistake.PATH_SIGN, 1, "lacking the minus sign there"
    if node.primitive == "unary" and node.attributes["function"] in _FALLING:
        found[-1.0] = Mistake.PATH_SIGN, 1, "lacking the minus sign of the slope there"
    if node.primitive != "sum":
        size, own = math.prod(node.shape), math.prod(shape)
        if own and size > own and size % own == 0 and (n := size // own) > 1:
            found[1 / n] = Mistake.MEAN_SUM, 1, f"being averaged over the {n} entries it is broadcast to, not summed"
    for n in {length for length in (*shape, *node.shape) if length > 2}:
        found.setdefault(float(n), (Mistake.MEAN_SUM, 4, f"being taken {n} times, and {n} is a length there"))
        found.setdefault(1 / n, (Mistake.MEAN_SUM, 4, f"being divided by {n}, and {n} is a length there"))
    return {value: row for value, row in found.items() if value not in USUAL or row[1] <= USUAL[value][1]}


def of_modulus(view: View, slot: int) -> bool:
    """Whether a minus sign is that of an absolute value: x and -x are chosen from, in one place."""
    argument, stacks = view.record.nodes[slot].args[0], view.located.stacks
    users = [s for s, _ in users_of(view, slot)]
    return (
        len(users) == 1
        and bool(stacks[slot])
        and stacks[users[0]] == stacks[slot]
        and (view.record.nodes[users[0]].primitive == "gather" and argument in view.record.nodes[users[0]].args)
    )


def constant_factor(view: View, slot: int, position: int) -> float | None:
    """The one constant number by which a product or quotient multiplies an argument; None if there is none."""
    node = view.record.nodes[slot]
    if node.primitive not in ("mul", "div") or node.args[0] == node.args[1] or (node.primitive == "div" and position):
        return None
    other = view.record.nodes[node.args[1 - position]]
    c = single(other.attributes["value"]) if other.primitive == "constant" else None
    if c in (None, 0.0, 1.0, -1.0):
        return None
    assert c is not None
    return 1 / c if node.primitive == "div" else c


def lost(view: View, slot: int, c: float) -> Factor:
    """A constant factor c that is missing: that of a mean where a sum of so many terms is divided by their number."""
    node = view.record.nodes[slot]
    if c < 1 and abs(1 / c - round(1 / c)) < 1e-9:
        n = round(1 / c)
        for argument in node.args:
            total = view.record.nodes[argument]
            if total.primitive == "sum":
                shape = view.record.nodes[total.args[0]].shape
                if n in (math.prod(shape[axis] for axis in total.attributes["axes"]), *shape):
                    return Mistake.MEAN_SUM, 1, f"lacking the division by {n} there"
    return Mistake.PATH_FACTOR, 1, LOST_CONSTANT


_ROOTS = {"sqrt": 2.0, "cbrt": 3.0}
_FALLING = ("cos", "arccos", "erfc")
"""Functions whose slope is written with a minus sign."""


def single(value: Array) -> float | None:
    """The one number that an array holds in all entries."""
    array = np.asarray(value, dtype=float).ravel()
    return float(array[0]) if array.size and np.all(array == array[0]) else None


def line_at(view: View, slot: int) -> tuple[object, int | None]:
    """Code and line of a node."""
    site = view.located.site(slot)
    return (None, None) if site is None else (site[0], line_of(site))
