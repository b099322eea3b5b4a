"""Mistakes that loops invite: parts of one array that overwrite each other, and states of the step before or after."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import numpy as np

from gradcheck.attribution.altered_sweep import Edge
from gradcheck.attribution.hypothesis import Change, Hypothesis, Rule
from gradcheck.attribution.mistake import Mistake
from gradcheck.attribution.path_factors import CURVED, fits, line_at
from gradcheck.attribution.source_place import in_a_loop
from gradcheck.attribution.view import View
from gradcheck.tracing.primitives import PRIMITIVES, value

FEWEST_STEPS = 2
"""Minimum number of steps of a loop whose states may be taken for one another."""
REVERSED = 0
"""What stands for the distance of two steps where the last ones are taken for the first."""
SUMS = ("add", "sub")
"""Primitives by which a loop adds up."""
MOST_STEPS = 64
"""Maximum number of them."""


def last_writers(view: View, blocks: frozenset[str]) -> Iterator[Hypothesis]:
    """Of several parts of one array, the last one (or the first) that holds an entry alone counts for it."""
    uses: dict[int, list[Edge]] = defaultdict(list)
    for slot, position in sorted(view.contributions):
        if view.record.nodes[slot].primitive == "gather":
            uses[view.record.nodes[slot].args[position]].append((slot, position))
    chosen = view.within(blocks)
    off, room = (d[chosen] for d in view.discrepancy)
    for argument, edges in uses.items():
        if not 2 <= len(edges) <= MOST_STEPS:
            continue
        covers = [covered(view, edge) for edge in edges]
        for order in (range(len(edges) - 1, -1, -1), range(len(edges))):
            taken = np.zeros(view.record.nodes[argument].shape, dtype=bool)
            factors: dict[Edge, Any] = {}
            for k in order:
                factors[edges[k]] = (covers[k] & ~taken)[..., None]
                taken |= covers[k]
            change = sum(view.contributions[e] * (f - 1.0) for e, f in factors.items())
            if fits(view.along(argument, change)[chosen], off, room):
                which = "last" if order.start else "first"
                words = f"being that of the {which} of {len(edges)} overlapping parts, which are to be added up"
                lost = [e for e in edges if not np.any(factors[e])]
                if _on_lines_of_their_own(view, lost, [e for e in edges if e not in lost]):
                    yield Hypothesis(Mistake.DROPPED, 3, tuple(lost), "being left out", Change(factors=factors))
                else:
                    yield Hypothesis(Mistake.OVERWRITTEN, 3, tuple(edges), words, Change(factors=factors))


def _on_lines_of_their_own(view: View, lost: list[Edge], kept: list[Edge]) -> bool:
    """Whether whole parts alone are lost, all of them on lines that hold no other: what goes in there is left out."""
    mine, others = ({line_at(view, slot) for slot, _ in edges} for edges in (lost, kept))
    return bool(lost) and mine.isdisjoint(others) and len(mine) == 1 and (None, None) not in mine


def covered(view: View, edge: Edge) -> Any:
    """The entries of a gather's argument that it reads."""
    slot, position = edge
    node = view.record.nodes[slot]
    sizes = [int(np.prod(view.record.nodes[a].shape)) for a in node.args]
    start, shape = sum(sizes[:position]), view.record.nodes[node.args[position]].shape
    index = np.asarray(node.attributes["index"]).ravel()
    mask = np.zeros(sizes[position], dtype=bool)
    mask[index[(index >= start) & (index < start + sizes[position])] - start] = True
    return mask.reshape(shape)


def states_of_another_step(view: View, blocks: frozenset[str]) -> Iterator[Hypothesis]:
    """The operations of a loop whose local derivatives are taken at the state of the step after, or before."""
    rows = rows_of(view)
    if not rows:
        return
    for step, which in (
        (1, "the step after"),
        (-1, "the step before"),
        (REVERSED, "the turns in reverse order"),
    ):
        slots = _moved_inputs(view, rows, step)
        edges = [e for e in view.contributions if e[0] in slots and view.record.nodes[e[0]].primitive in CURVED]
        by_site: dict[Any, list[Edge]] = defaultdict(list)
        for edge in sorted(edges):
            by_site[view.located.site(edge[0])].append(edge)
        groups = [edges, *by_site.values()] if len(by_site) > 1 else [edges]
        for group in groups:
            if group:
                rules = {edge: _rule(*edge, step) for edge in group}
                words = f"being derived with the states of {which}"
                yield Hypothesis(Mistake.STALE, 5, tuple(group), words, Change(instead=rules))


Row = list[int]
"""The nodes made in one place by the steps of a loop, in order."""


def rows_of(view: View) -> dict[int, tuple[Row, int]]:
    """Node -> the row that it belongs to, and its place in the row counted from the end."""
    places: dict[Any, Row] = defaultdict(list)
    for slot, node in enumerate(view.record.nodes):
        if (site := view.located.site(slot)) is not None:
            places[site, node.primitive, node.shape].append(slot)
    rows = [row for row in places.values() if FEWEST_STEPS <= len(row) <= MOST_STEPS]
    return {slot: (row, len(row) - k) for row in rows for k, slot in enumerate(row)}


def _moved_inputs(view: View, rows: dict[int, tuple[Row, int]], step: int) -> dict[int, list[Any]]:
    """Node of the loop -> its arguments as they are where the state that a step starts from is another step's."""
    found: dict[int, list[Any]] = {}
    values: dict[int, Any] = {}
    if step == REVERSED:
        return _mirrored_inputs(view, rows)
    for slot, (own, last) in sorted(rows.items()):
        node = view.record.nodes[slot]
        arguments, moved = [], False
        for position, a in enumerate(node.args):
            start = _start(view, rows, own, last, position) if step > 0 and a not in rows else None
            if start is not None and view.record.nodes[start].shape == view.record.nodes[a].shape:
                arguments.append(view.values[start])
                moved = True
                continue
            row, end = rows.get(a, ([], 0))
            other = len(row) - end + step
            if row and end > last and 0 <= other < len(row):  # it comes from the step before
                arguments.append(view.values[row[other]])
                moved = True
            else:
                arguments.append(values.get(a, view.values[a]))
                moved = moved or a in values
        if moved:
            found[slot] = arguments
            with np.errstate(all="ignore"):
                values[slot] = value(view.numbers, node.primitive, arguments, node.attributes)
    return found


def _mirrored_inputs(view: View, rows: dict[int, tuple[Row, int]]) -> dict[int, list[Any]]:
    """Node of the loop -> its arguments as they are in the turn that is as far from the loop's other end."""
    found: dict[int, list[Any]] = {}
    states = (
        (node.primitive, a, last) for s, (_, last) in rows.items() if (node := view.record.nodes[s]) for a in node.args
    )
    calls = {call for slot in rows for call in view.located.stacks[slot]}
    if not any(map(in_a_loop, calls)) or not any(
        kind not in SUMS and a in rows and rows[a][1] > last for kind, a, last in states
    ):
        return found  # no turn does more with what another one computed than adding to it
    for slot, (own, last) in rows.items():
        mine, others = view.record.nodes[slot].args, view.record.nodes[own[last - 1]].args
        arguments = [view.values[a] for a in others]
        if len(mine) == len(others) and all(
            np.shape(a) == np.shape(view.values[b]) for a, b in zip(arguments, mine, strict=True)
        ):
            found[slot] = arguments
    return found


def _start(view: View, rows: dict[int, tuple[Row, int]], own: Row, last: int, position: int) -> int | None:
    """What stands in the second step for what the loop starts from in the first; None in other steps."""
    arguments = view.record.nodes[own[1]].args
    if last != len(own) or position >= len(arguments):  # a selection of other arrays in every step
        return None
    follower = arguments[position]
    if follower not in rows or rows[follower][0][0] != follower or follower >= own[1]:
        return None
    return (
        follower if view.record.nodes[follower].shape == view.record.nodes[own[0]].shape or follower > own[0] else None
    )


def _rule(slot: int, position: int, step: int) -> Rule:
    def rule(view: View, adjoint: Any) -> Any:
        node = view.record.nodes[slot]
        if step not in view.moved:
            view.moved[step] = _moved_inputs(view, rows_of(view), step)
        inputs = view.moved[step][slot]
        primitive = PRIMITIVES[node.primitive]
        needed = [k == position for k in range(len(node.args))]
        shape = view.record.nodes[node.args[position]].shape
        with np.errstate(all="ignore"):
            output = value(view.numbers, node.primitive, inputs, node.attributes)
            sent = primitive.vjp(view.numbers, adjoint, inputs, output, node.attributes, needed)[position]
            return view.numbers.sum_to(sent, shape) if primitive.elementwise else sent

    return rule
