"""Edges of a record that belong together, such as those of one line, taken a wrong number of times."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

import numpy as np

from gradcheck.attribution.altered_sweep import Edge
from gradcheck.attribution.hypothesis import Change, Hypothesis, outcomes
from gradcheck.attribution.mistake import Mistake
from gradcheck.attribution.path_factors import USUAL, Factor, constant_factor, line_at, lost, single
from gradcheck.attribution.record_forms import square
from gradcheck.attribution.view import Array, View

MOST_GROUPS = 150
"""Maximum number of groups of edges that are tried, three experiments each."""
MOST_NODES = 40_000
"""Maximum number of groups times nodes of the record."""
TOGETHER = 24
"""Experiments per sweep."""


def grouped(view: View, blocks: frozenset[str]) -> Iterator[Hypothesis]:
    """Edges that belong together, such as those of one operation in a loop, tried with one factor for all."""
    trials: list[tuple[Sequence[Edge], int, Factor, Sequence[float]]] = []
    most = min(MOST_GROUPS, MOST_NODES // len(view.record.nodes))
    for edges, size in list(_groups(view))[:most]:
        trials += [(edges, size, USUAL[s], [s] * len(edges)) for s in (0.0, -1.0, 2.0)]
        if (others := _without_constants(view, edges)) is not None:
            trials.append((edges, size, _FORGOTTEN, others))
    for edges, c in list(_of_one_factor(view))[:most]:
        trials.append((edges, 1, lost(view, edges[0][0], c), [1 / c] * len(edges)))
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


_FORGOTTEN: Factor = (Mistake.SLOPE_FORGOTTEN, 1, "lacking the other factor there")


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
            found[(line_at(view, slot), view.record.nodes[slot].primitive), c].append((slot, position))
    several = {tuple(edges): c for (_, c), edges in found.items() if len(edges) > 1}
    yield from several.items()


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
