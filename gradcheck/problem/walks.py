"""Walks over the edges of a graph: its order, what a node depends on, what depends on it, who uses it, how many paths.

All are iterative and O(V + E).
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from gradcheck.errors import InvalidProblem
from gradcheck.problem.ops import OPS

if TYPE_CHECKING:
    from gradcheck.problem.graph import Graph

Integers = NDArray[np.int64]


def topological_order(graph: Graph) -> Integers:
    """An order with arguments before the nodes that use them (Kahn); the given order if it is one.

    Raises InvalidProblem with the cycle written out.
    """
    n, offsets, inputs = len(graph.codes), graph.offsets, graph.inputs
    users = np.repeat(np.arange(n), np.diff(offsets))
    if np.all(inputs < users):
        return np.arange(n)
    by_argument = np.argsort(inputs, kind="stable")
    starts = np.searchsorted(inputs[by_argument], np.arange(n + 1)).tolist()
    successors = users[by_argument].tolist()
    waiting = np.diff(offsets).tolist()
    order = [i for i in range(n) if not waiting[i]]
    for node in order:  # grows while it is walked
        for edge in range(starts[node], starts[node + 1]):
            user = successors[edge]
            waiting[user] -= 1
            if not waiting[user]:
                order.append(user)
    if len(order) < n:
        cycle = _cycle(graph, [i for i in range(n) if waiting[i]])
        raise InvalidProblem(f"a graph has no cycles, but here {' > '.join(cycle)}", where=f"node {cycle[0]!r}")
    return np.array(order, dtype=np.int64)


def ancestors(graph: Graph, index: int, *, leaf: int | None = None) -> list[int]:
    """The node and everything its value is computed from, in the graph's topological order.

    The node `leaf` counts as a leaf: what only it is computed from is left out.
    """
    order, starts, inputs = graph.order.tolist(), graph.offsets.tolist(), graph.inputs.tolist()
    flags = [False] * len(graph)
    flags[index] = True
    for i in reversed(order):
        if flags[i] and i != leaf:
            for j in inputs[starts[i] : starts[i + 1]]:
                flags[j] = True
    return [i for i in order if flags[i]]


def reached(graph: Graph, sources: Integers) -> NDArray[np.bool_]:
    """For every node, whether some path from `sources` ends at it; shape (n,)."""
    marks = np.zeros(len(graph), dtype=bool)
    marks[sources] = True
    flags, starts, inputs = marks.tolist(), graph.offsets.tolist(), graph.inputs.tolist()
    for i in graph.order.tolist():
        if not flags[i]:
            flags[i] = any(flags[j] for j in inputs[starts[i] : starts[i + 1]])
    return np.array(flags, dtype=bool)


def users(graph: Graph) -> dict[int, list[tuple[int, int]]]:
    """Every node's uses on the way to the loss, as (user, slot)."""
    found: dict[int, list[tuple[int, int]]] = {i: [] for i in range(len(graph))}
    for i in ancestors(graph, graph.loss):
        for slot, argument in enumerate(graph.arguments(i)):
            found[argument].append((i, slot))
    return found


def path_count(graph: Graph) -> int:
    """How many paths lead from the entries of parameters to the loss; at most that many where ops mix entries.

    One pass over the graph from the loss backwards. A node that mixes entries (a product, a reduction) counts as if
    every entry of its result depended on every entry of its arguments.
    """
    counts: dict[int, int] = Counter({graph.loss: 1})  # paths from one entry of the node to the loss, at most
    total = 0
    for i in graph.order[::-1].tolist():
        paths = counts.get(i, 0)
        if not paths:
            continue
        op, size = graph.op(i), math.prod(graph.shapes[i])
        if op == "parameter":
            total += paths * size
        for j in graph.arguments(i):
            entries = math.prod(graph.shapes[j])
            spread = max(1, size // max(1, entries)) if OPS[op].elementwise else size
            counts[j] += paths * spread
    return total


def _cycle(graph: Graph, stuck: Sequence[int]) -> list[str]:
    """Follow stuck arguments from any stuck node until one repeats; written in the direction of the data."""
    among, node = set(stuck), stuck[0]
    path: list[int] = []
    place: dict[int, int] = {}
    while node not in place:
        place[node] = len(path)
        path.append(node)
        node = next(j for j in graph.arguments(node) if j in among)
    return [graph.names[i] for i in [node, *reversed(path[place[node] :])]]
