"""Uses of one value in a record: one alone counts, or one in the place of another."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import permutations

import numpy as np

from gradcheck.attribution.altered_sweep import Edge
from gradcheck.attribution.hypothesis import Change, Hypothesis
from gradcheck.attribution.loop_rules import covered
from gradcheck.attribution.mistake import Mistake
from gradcheck.attribution.path_factors import CURVED, fits, users_of
from gradcheck.attribution.view import View

MOST_ALIKE = 4
"""Maximum number of uses of a value of which two may be taken for one another."""


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
            if not _of_the_same_entries(view, edges[one], edges[other]):
                continue
            if fits(parts[one] - parts[other], off, room) and not fits(parts[one], parts[other], room):
                pair = edges[one], edges[other]
                change = Change(factors={pair[0]: 2.0, pair[1]: 0.0})
                yield Hypothesis(Mistake.DOUBLED, 3, tuple(_onward(view, e) for e in pair), _TWICE, change)


def _of_the_same_entries(view: View, one: Edge, other: Edge) -> bool:
    """Whether two uses of a value are of some of its entries in common: two selections may be of different ones."""
    if any(view.record.nodes[slot].primitive != "gather" for slot, _ in (one, other)):
        return True
    return bool(np.any(covered(view, one) & covered(view, other)))


_TWICE = (
    "being taken twice in place of another use of the same value, as if both gave the same, "
    "as the two of x in x @ A @ x do for a symmetric A"
)


def _onward(view: View, edge: Edge) -> Edge:
    """The first edge from there on whose node has a place, as long as the path does not fork."""
    slot = edge[0]
    while not view.located.stacks[slot] and len(users := users_of(view, slot)) == 1:
        edge = users[0]
        slot = edge[0]
    return edge


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
