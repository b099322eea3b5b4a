"""Loops differentiated in part: with the states of earlier turns held constant, or as if there were fewer turns."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np

from gradcheck.attribution.altered_records import same_as
from gradcheck.attribution.altered_sweep import Edge
from gradcheck.attribution.hypothesis import Change, Hypothesis
from gradcheck.attribution.loop_rules import rows_of
from gradcheck.attribution.mistake import Mistake
from gradcheck.attribution.path_factors import fits
from gradcheck.attribution.source_place import in_a_loop
from gradcheck.attribution.view import View

MOST_LOOPS = 4
"""Maximum number of loops of a record that are looked at."""
MOST_STATES = 4
"""Maximum number of variables of a loop that are held constant one by one."""
MOST_LEFT_OUT = 3
"""Maximum number of turns at the end of a loop that a derivative may have left out."""


@dataclass(frozen=True)
class _Loop:
    """A loop of the user's code in a record.

    Attributes
    ----------
    turns: the number of its turns.
    turn: node -> the turn that it belongs to, from 0.
    rows: the nodes that are made in one place, turn by turn.
    """

    turns: int
    turn: dict[int, int]
    rows: Sequence[Sequence[int]]

    def crossing(self, view: View) -> list[Edge]:
        """The edges that lead from a turn to one before it."""
        turn, never = self.turn, self.turns
        return [e for e in sorted(view.contributions) if turn.get(e[0], 0) > turn.get(_argument(view, e), never)]


def states_held(view: View, blocks: frozenset[str]) -> Iterator[Hypothesis]:
    """All states before a turn held constant; or some states in every turn, or all uses of them but additions."""
    chosen = view.within(blocks)
    off, room = (d[chosen] for d in view.discrepancy)
    for loop in _loops(view):
        crossing = loop.crossing(view)
        for turn in range(1, loop.turns):
            cut = [e for e in crossing if loop.turn[e[0]] >= turn > loop.turn[_argument(view, e)]]
            if len({_argument(view, e) for e in cut}) < 2:  # one edge alone is a path left out
                continue
            parts = [view.along(_argument(view, e), view.contributions[e]) for e in cut]
            if fits(-np.sum(parts, axis=0)[chosen], off, room):
                left = loop.turns - turn
                words = f"being left out before the last {f'{left} turns' if left > 1 else 'turn'} of the loop"
                yield _held(Mistake.TRUNCATED, cut, words)
        for edges, carried in _uses_of_states(view, loop, crossing):
            rest = [e for e in edges if e not in carried]
            yield _held(Mistake.TRUNCATED, edges, "being left out, as if every turn of the loop began with a constant")
            if len(rest) < len(edges):
                words = "being left out in all turns of the loop, but for what is added to the state there"
                yield _held(Mistake.DROPPED, rest, words)


def _uses_of_states(view: View, loop: _Loop, crossing: Sequence[Edge]) -> Iterator[tuple[list[Edge], set[Edge]]]:
    """The edges to all states that a turn does more with than adding to them, and those to each such state.

    With each, the edges by which a state is what the next one is added to.
    """
    first = {slot: row[0] for row in loop.rows for slot in row}
    users: dict[int, list[Edge]] = defaultdict(list)
    for edge in view.contributions:
        users[_argument(view, edge)].append(edge)

    def carries(edge: Edge) -> bool:
        state, waiting = first[_argument(view, edge)], [edge]
        while waiting:
            slot, position = waiting.pop()
            primitive = view.record.nodes[slot].primitive
            if primitive != "add" and not (primitive == "sub" and position == 0):
                continue
            if first.get(slot) == state:
                return True
            waiting += users[slot]
        return False

    carried = {e for e in crossing if carries(e)}
    used: dict[int, list[Edge]] = defaultdict(list)
    for edge in crossing:
        used[first[_argument(view, edge)]].append(edge)
    states = [edges for edges in used.values() if not carried.issuperset(edges)]
    if states:
        yield list(chain.from_iterable(states)), carried
    if len(states) > 1:
        yield from ((edges, carried) for edges in states[:MOST_STATES])


def fewer_turns(view: View, blocks: frozenset[str]) -> Iterator[Hypothesis]:
    """The derivative of the same loop with fewer turns."""
    for loop in _loops(view):
        for left_out in range(1, min(MOST_LEFT_OUT, loop.turns - 1) + 1):
            at = loop.turns - left_out
            nodes = {slot: same_as(view, row[at - 1], slot) for row in loop.rows for slot in row[at:]}
            edge = next((e for e in sorted(view.contributions, reverse=True) if e[0] in nodes), None)
            if edge is not None:
                words = f"being derived as if the loop had {left_out} turn{'s' * (left_out > 1)} fewer"
                yield Hypothesis(Mistake.TRUNCATED, 4, (edge,), words, Change(nodes=nodes))


def turns_of(view: View) -> set[int]:
    """How often the loops of the user's code turn."""
    return {loop.turns for loop in _loops(view)}


def _held(mistake: Mistake, edges: Sequence[Edge], words: str) -> Hypothesis:
    return Hypothesis(mistake, 3, tuple(edges), words, Change(factors=dict.fromkeys(edges, 0.0)))


def _loops(view: View) -> list[_Loop]:
    """The loops of the user's code, by the number of turns; two with as many turns are one."""
    tables: dict[int, list[Sequence[int]]] = defaultdict(list)
    for slot, (row, _) in rows_of(view).items():
        if row[0] == slot and any(map(in_a_loop, view.located.stacks[slot])):
            tables[len(row)].append(row)
    return [
        _Loop(turns, {slot: k for row in rows for k, slot in enumerate(row)}, rows)
        for turns, rows in list(tables.items())[:MOST_LOOPS]
    ]


def _argument(view: View, edge: Edge) -> int:
    return view.record.nodes[edge[0]].args[edge[1]]
