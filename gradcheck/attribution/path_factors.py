"""Paths of the record taken a wrong number of times: left out, with the wrong sign, twice, or times a constant."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import permutations

import numpy as np

from gradcheck.attribution.altered_sweep import Edge
from gradcheck.attribution.equal_constant import constant_in
from gradcheck.attribution.hypothesis import Change, Hypothesis, outcomes
from gradcheck.attribution.mistake import Mistake
from gradcheck.attribution.record_forms import square
from gradcheck.attribution.source_place import line_of
from gradcheck.attribution.view import Array, View

MOST_GROUPS = 150
"""Maximum number of groups of edges that are tried, three experiments each."""
MOST_NODES = 40_000
"""Maximum number of groups times nodes of the record."""
MEASURED = 5
"""Rank from which on a factor is a number that was measured, and nothing more is known of it."""
UNITS = 256
"""Units of roundoff up to which a factor that is measured is a usual one."""
TOGETHER = 24
"""Experiments per sweep."""
MOST_ALIKE = 4
"""Maximum number of uses of a value of which two may be taken for one another."""
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
    yield from (h for h in _solved_factors(view, blocks) if h.rank >= MEASURED)


def _solved_factors(view: View, blocks: frozenset[str]) -> Iterator[Hypothesis]:
    chosen = view.within(blocks)
    for edges, along in _candidates(view):
        factor = _solved(along[chosen], view.discrepancy[0][chosen], view.discrepancy[1][chosen])
        if factor is not None:
            yield from _named(view, edges, factor)


def kept_uses(view: View, blocks: frozenset[str]) -> Iterator[Hypothesis]:
    """Of a value used three times or more, one use alone counts."""
    uses = _uses(view)
    chosen = view.within(blocks)
    off, room = (d[chosen] for d in view.discrepancy)
    yield from _all_but_one_step(view, list(uses.values()))
    for edges in uses.values():
        if len(edges) < 3 or len(edges) > 200:
            continue
        parts = np.array([view.along(view.record.nodes[s].args[p], view.contributions[s, p])[chosen] for s, p in edges])
        total = parts.sum(axis=0)
        for k, edge in enumerate(edges):
            if fits(parts[k] - total, off, room):
                rest = [e for e in edges if e != edge]
                alike = {view.located.site(s) for s, _ in edges}
                kind = Mistake.OVERWRITTEN if len(alike) == 1 else Mistake.DROPPED
                if kind is Mistake.OVERWRITTEN and k == 0 and not _builds_upon(view, edges[-1][0], edges[0][0]):
                    kind = Mistake.FIRST_SAMPLE
                words = f"being left out, of {len(edges)} uses of the same value all but one"
                yield Hypothesis(kind, 2, tuple(rest), words, Change(factors=dict.fromkeys(rest, 0.0)), operand=True)


def taken_for_another(view: View, blocks: frozenset[str]) -> Iterator[Hypothesis]:
    """Of a value used a few times, one use counts twice and another one not at all, as in 2 A x for (A + A^T) x."""
    chosen = view.within(blocks)
    off, room = (d[chosen] for d in view.discrepancy)
    for edges in _uses(view).values():
        if not 2 <= len(edges) <= MOST_ALIKE:
            continue
        parts = [view.along(view.record.nodes[s].args[p], view.contributions[s, p])[chosen] for s, p in edges]
        for one, other in permutations(range(len(edges)), 2):
            if fits(parts[one] - parts[other], off, room) and not fits(parts[one], parts[other], room):
                pair = edges[one], edges[other]
                change = Change(factors={pair[0]: 2.0, pair[1]: 0.0})
                yield Hypothesis(Mistake.DOUBLED, 3, tuple(_onward(view, e) for e in pair), _TWICE, change)


_TWICE = (
    "being taken twice in place of another use of the same value, as if both gave the same, "
    "as the two of x in x @ A @ x do for a symmetric A"
)


def _onward(view: View, edge: Edge) -> Edge:
    """The first edge from there on whose node has a place, as long as the path does not fork."""
    slot = edge[0]
    while not view.located.stacks[slot] and len(users := _users(view, slot)) == 1:
        edge = users[0]
        slot = edge[0]
    return edge


def _users(view: View, slot: int) -> list[Edge]:
    return [(s, p) for s, p in view.contributions if view.record.nodes[s].args[p] == slot]


def _uses(view: View) -> dict[int, list[Edge]]:
    """Node -> the edges that lead to it, in order."""
    uses: dict[int, list[Edge]] = defaultdict(list)
    for slot, position in sorted(view.contributions):
        uses[view.record.nodes[slot].args[position]].append((slot, position))
    return uses


def _all_but_one_step(view: View, uses: Sequence[list[Edge]]) -> Iterator[Hypothesis]:
    """Of all values that every step of a loop uses, the use of the first step alone counts, or that of the last."""
    looped = [e for e in uses if 3 <= len(e) <= 200 and len({view.located.site(s) for s, _ in e}) == 1]
    if len(looped) < 2:
        return
    for k, which in ((0, "first"), (-1, "last")):
        rest = [edge for edges in looped for edge in edges if edge != edges[k]]
        words = f"being left out in all steps but the {which}: what the steps give is assigned, not added up"
        yield Hypothesis(Mistake.OVERWRITTEN, 3, tuple(rest), words, Change(factors=dict.fromkeys(rest, 0.0)))


def _builds_upon(view: View, late: int, early: int) -> bool:
    """Whether one node is computed from another, or goes into one curved function together with it."""
    nodes = view.record.nodes
    mine, others = {late}, {early}
    for slot in range(early + 1, len(nodes)):
        if others.intersection(nodes[slot].args):
            others.add(slot)
        if mine.intersection(nodes[slot].args):
            mine.add(slot)
        if slot > late and slot in mine and slot in others and nodes[slot].primitive in CURVED:
            return any(view.located.site(s) == view.located.site(slot) for s in range(slot) if nodes[s].args)
    return late in others


def grouped(view: View, blocks: frozenset[str]) -> Iterator[Hypothesis]:
    """Edges that belong together, such as those of one operation in a loop, tried with one factor for all."""
    trials: list[tuple[Sequence[Edge], int, Factor, Sequence[float]]] = []
    most = min(MOST_GROUPS, MOST_NODES // len(view.record.nodes))
    for edges, size in list(_groups(view))[:most]:
        trials += [(edges, size, _USUAL[s], [s] * len(edges)) for s in (0.0, -1.0, 2.0)]
        if (others := _without_constants(view, edges)) is not None:
            trials.append((edges, size, _FORGOTTEN, others))
    for edges, c in list(_of_one_factor(view))[:most]:
        trials.append((edges, 1, _lost(view, edges[0][0], c), [1 / c] * len(edges)))
    together = 1 if view.forward else TOGETHER  # the runs of a JVP's sweep are its outputs
    for start in range(0, len(trials), together):
        some = trials[start : start + together]
        if (key := ("groups", start)) not in view.tried:
            factors: dict[Edge, Array] = {}
            for k, (edges, _, _, taken) in enumerate(some):
                for edge, s in zip(edges, taken, strict=True):
                    factors.setdefault(edge, np.ones(len(some)))[k] = s
            view.tried[key] = outcomes(view, Change(factors=factors), len(some))
        found = view.tried[key]
        assert found is not None
        for k, (edges, size, (mistake, rank, words), taken) in enumerate(some):
            if view.reproduces({b: a[..., k] for b, a in found.items()}, blocks):
                change = Change(factors=dict(zip(edges, taken, strict=True)))
                one = len({(view.located.site(slot), position) for slot, position in edges}) == 1
                factor = taken[0] if len(set(taken)) == 1 else None
                yield Hypothesis(mistake, rank + 2 + size, tuple(edges), words, change, operand=one, factor=factor)


def _without_constants(view: View, edges: Sequence[Edge]) -> list[float] | None:
    """What the contributions have to be multiplied by to lose their constant factors; None where those are one."""
    nodes = view.record.nodes
    others = [nodes[nodes[slot].args[1 - k]] if nodes[slot].primitive == "mul" else None for slot, k in edges]
    if any(other is None or other.primitive != "constant" for other in others):
        return None
    constants = [single(other.attributes["value"]) for other in others if other is not None]
    known = [c for c in constants if c is not None and c != 0]
    return [1 / c for c in known] if len(known) == len(edges) and len(set(known)) > 1 else None


def _of_one_factor(view: View) -> Iterator[tuple[Sequence[Edge], float]]:
    """The products of one line, or made in one place, that have one constant for a factor; and that constant."""
    found: dict[tuple[object, float], list[Edge]] = defaultdict(list)
    for slot, position in view.contributions:
        if view.located.site(slot) is not None and (c := constant_factor(view, slot, position)) is not None:
            found[line_at(view, slot), c].append((slot, position))
    yield from ((edges, c) for (_, c), edges in found.items() if len(edges) > 1)


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
    return bool(np.all(np.abs(change - off) <= room + 1e-8 * np.max(np.abs(off), initial=0.0)))


_USUAL: Mapping[float, Factor] = {
    0.0: (Mistake.DROPPED, 1, "being left out"),
    -1.0: (Mistake.PATH_SIGN, 2, "having the wrong sign"),
    2.0: (Mistake.DOUBLED, 2, "being counted twice"),
    0.5: (Mistake.PATH_FACTOR, 3, "being counted by half"),
}
_FORGOTTEN: Factor = (Mistake.SLOPE_FORGOTTEN, 1, "lacking the other factor there")


def _named(view: View, edges: tuple[Edge, ...], factor: float) -> Iterator[Hypothesis]:
    own = _own_factors(view, edges)
    for value, (mistake, rank, words) in {**_USUAL, **own}.items():
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
        found[1 / c] = _lost(view, slot, c)
    elif node.primitive == "sum":
        n = math.prod(shape[axis] for axis in node.attributes["axes"])
        if n > 1:
            found[1 / n] = Mistake.MEAN_SUM, 1, f"being divided by {n}, as if the sum there were a mean"
    elif node.primitive == "neg" and of_modulus(view, slot):
        found[-1.0] = Mistake.SLOPE_FORGOTTEN, 1, "lacking the sign, which is the slope of the absolute value there"
    elif node.primitive == "neg" or (node.primitive == "sub" and position == 1):
        found[-1.0] = Mistake.PATH_SIGN, 1, "lacking the minus sign there"
    if node.primitive != "sum":
        size, own = math.prod(node.shape), math.prod(shape)
        if own and size > own and size % own == 0 and (n := size // own) > 1:
            found[1 / n] = Mistake.MEAN_SUM, 1, f"being averaged over the {n} entries it is broadcast to, not summed"
    for n in {length for length in (*shape, *node.shape) if length > 2}:
        found.setdefault(float(n), (Mistake.MEAN_SUM, 4, f"being taken {n} times, and {n} is a length there"))
        found.setdefault(1 / n, (Mistake.MEAN_SUM, 4, f"being divided by {n}, and {n} is a length there"))
    return {value: row for value, row in found.items() if value not in _USUAL or row[1] <= _USUAL[value][1]}


def of_modulus(view: View, slot: int) -> bool:
    """Whether a minus sign is that of an absolute value: x and -x are chosen from, in one place."""
    argument, stacks = view.record.nodes[slot].args[0], view.located.stacks
    users = [s for s, _ in _users(view, slot)]
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


def _lost(view: View, slot: int, c: float) -> Factor:
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
    return Mistake.PATH_FACTOR, 1, "lacking the constant factor there"


_ROOTS = {"sqrt": 2.0, "cbrt": 3.0}


def single(value: Array) -> float | None:
    """The one number that an array holds in all entries."""
    array = np.asarray(value, dtype=float).ravel()
    return float(array[0]) if array.size and np.all(array == array[0]) else None


def _groups(view: View) -> Iterator[tuple[Sequence[Edge], int]]:
    """Edges of one operation executed several times, of one line, of one named operation throughout; and 0, 1 or 2."""
    by_site: dict[object, list[Edge]] = defaultdict(list)
    by_line: dict[object, list[Edge]] = defaultdict(list)
    by_name: dict[object, list[Edge]] = defaultdict(list)
    for slot, position in view.contributions:
        site, swept = view.located.made(slot)
        node = view.record.nodes[slot]
        if site is None:
            continue
        if swept and node.args[position] not in view.located.swept:  # what a slope changes by
            by_site[site].append((slot, position))
            by_line["slopes", line_at(view, slot)].append((slot, position))
        by_site[site, swept, node.primitive, position].append((slot, position))
        argument = node.args[position]
        from_outside = view.located.site(argument) is None or line_at(view, argument) != line_at(view, slot)
        if from_outside:
            by_line[line_at(view, slot)].append((slot, position))
        by_name[swept, node.primitive, str(node.attributes.get("function", "")), position].append((slot, position))
    by_line |= _behind_squares(view)
    seen = set()
    for size, table in enumerate((by_site, by_line, by_name)):
        for edges in table.values():
            if len(edges) > 1 and frozenset(edges) not in seen:
                seen.add(frozenset(edges))
                yield edges, size


def _behind_squares(view: View) -> dict[object, list[Edge]]:
    """What the slopes of all that is squared in one place change by; without it a Hessian is Gauss's and Newton's."""
    nodes, swept = view.record.nodes, view.located.swept
    slopes = [(s, p) for s, p in view.contributions if s in swept and nodes[s].args[p] not in swept]
    found: dict[object, list[Edge]] = defaultdict(list)
    for slot, node in enumerate(nodes):
        if slopes and slot not in swept and square(view, slot):
            before = _ancestors(view, node.args[0])
            found["squared", view.located.site(slot)] += [edge for edge in slopes if swept[edge[0]] in before]
    return found


def _ancestors(view: View, slot: int) -> set[int]:
    """A node and all that it is computed from."""
    found = {slot}
    for before in range(slot, -1, -1):
        if before in found:
            found.update(view.record.nodes[before].args)
    return found


def line_at(view: View, slot: int) -> tuple[object, int | None]:
    """Code and line of a node."""
    site = view.located.site(slot)
    return (None, None) if site is None else (site[0], line_of(site))
