"""A graph expanded to scalars: vertices are the entries of its nodes, edges the dependences of one entry on another.

Only what lies between a parameter and the loss is expanded. `Structure` knows the edges without their values, and
counts paths; `Expansion` adds to every edge its local derivative at a point.
"""

import itertools
import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from gradcheck.numbers.flint_balls import FlintBalls
from gradcheck.oracle.closed_form.lanes import Lanes, freeze, lanes
from gradcheck.oracle.closed_form.small_op import SmallOp, small_op
from gradcheck.oracle.enclosure import anything
from gradcheck.oracle.estimate import Array
from gradcheck.problem import LEAVES, OPS, Graph
from gradcheck.problem.walks import ancestors

Edge = tuple[int, Any]
"""(the entry that uses this one, the local derivative; None at a kink)."""

_EXACT = 2.0**53  # float64 counts exactly below this


class Structure:
    """Which nodes matter, and how entries depend on each other.

    Attributes
    ----------
    nodes: the loss and everything that it depends on, in topological order.
    scalar: whether all those nodes are scalars.
    live: for every node of the graph, whether it lies on a path from a parameter to the loss.
    """

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.nodes = ancestors(graph, graph.loss)
        needed = set(self.nodes)
        self.live = [reached and i in needed for i, reached in enumerate(graph.depends_on_parameters().tolist())]
        self.scalar = not any(graph.shapes[i] for i in self.nodes)
        self._arguments = {i: graph.arguments(i) for i in self.nodes}
        self._attributes = {i: freeze(a) for i, a in graph.attributes.items()}

    def arguments(self, node: int) -> tuple[int, ...]:
        """Indices of the node's arguments, repeats included."""
        return self._arguments[node]

    def lanes(self, node: int) -> tuple[Lanes, ...]:
        """How the node's op falls into lanes."""
        shapes = tuple(self.graph.shapes[j] for j in self._arguments[node])
        return lanes(self.graph.op(node), self._attributes.get(node, ()), shapes)

    def edges(self) -> int:
        """Number of edges between live entries; scalar nodes are counted without expanding them."""
        total = 0
        for i in self.nodes:
            if self.live[i] and self._arguments[i]:
                if self.graph.shapes[i] or any(self.graph.shapes[j] for j in self._arguments[i]):
                    total += sum(self._live_edges(i, group) for group in self.lanes(i))
                else:
                    total += sum(self.live[j] for j in self._arguments[i])
        return total

    def _live_edges(self, node: int, group: Lanes) -> int:
        arguments = self._arguments[node]
        live = [table for slot, table in zip(group.slots, group.inputs, strict=True) if self.live[arguments[slot]]]
        return int(group.outputs.size * sum(table.shape[1] for table in live))

    def paths(self) -> dict[int, Array]:
        """Exact number of paths to the loss from every entry of every live parameter, by node; object arrays of int.

        Dynamic programming over the structure, from the loss back: an entry has as many paths as the entries that use
        it have together, each counted once per use.
        """
        counts = self._count_scalars() if self.scalar else self._count_arrays(np.float64)
        if not self.scalar and any(np.any(c >= _EXACT) for c in counts.values()):
            counts = self._count_arrays(object)
        return {
            i: np.array([int(c) for c in counts[i].reshape(-1)], dtype=object).reshape(self.graph.shapes[i])
            for i in self.graph.parameters
            if self.live[i]
        }

    def _count_scalars(self) -> dict[int, Array]:
        counts = dict.fromkeys(self.nodes, 0)
        counts[self.graph.loss] = 1
        for i in reversed(self.nodes):
            for j in self._arguments[i]:
                counts[j] += counts[i]
        return {i: np.array(counts[i], dtype=object) for i in self.graph.parameters if self.live[i]}

    def _count_arrays(self, dtype: Any) -> dict[int, Array]:
        counts: dict[int, Array] = {self.graph.loss: np.ones(1, dtype=dtype)}
        kept = {}
        for i in reversed(self.nodes):
            if not self.live[i]:
                continue
            here = counts.pop(i, np.zeros(math.prod(self.graph.shapes[i]), dtype=dtype))  # an entry may go unused
            if self.graph.op(i) in LEAVES:
                kept[i] = here.reshape(self.graph.shapes[i])
                continue
            for group in self.lanes(i):
                uses = here[group.outputs].sum(axis=1, keepdims=True)
                for slot, table in zip(group.slots, group.inputs, strict=True):
                    j = self._arguments[i][slot]
                    if self.live[j]:
                        size = math.prod(self.graph.shapes[j])
                        into = counts.setdefault(j, np.zeros(size, dtype=dtype))
                        np.add.at(into, table, np.broadcast_to(uses, table.shape))
        return kept


class Expansion:
    """The scalar edges of a graph at a point, each with its local derivative by SymEngine, in balls.

    Parameters
    ----------
    structure: the graph's structure.
    point: values of inputs and parameters, float64.
    balls: the arithmetic, entered at the precision wanted.
    deciding: precision in which comparisons are decided, see `enclosure.deciding_bits`.

    Attributes
    ----------
    start: per node, the number of its first entry; entry e of a live node i is vertex `start[i] + e`.
    users: per vertex, its edges towards the loss.
    loss: a ball around the loss.
    kinks: the nodes at a kink, as text ("'h' (relu)").
    """

    def __init__(self, structure: Structure, point: Mapping[str, Array], balls: FlintBalls, deciding: int) -> None:
        graph = structure.graph
        sizes = [math.prod(graph.shapes[i]) if structure.live[i] else 0 for i in range(len(graph))]
        self.structure, self.kinks = structure, list[str]()
        self.start: list[int] = [0, *itertools.accumulate(sizes)]
        self.users: list[list[Edge]] = [[] for _ in range(self.start[-1])]
        self._balls, self._deciding = balls, deciding
        self._fine: dict[int, list[Any]] = {}
        self._coarse: dict[int, list[Any]] = {}  # in `deciding` bits; empty where nothing branches
        branching = any(OPS[op].kink is not None for i in structure.nodes if (op := graph.op(i)) not in LEAVES)
        for i in structure.nodes:
            op = graph.op(i)
            if op in LEAVES:
                floats = graph.constants[i] if op == "constant" else point[graph.names[i]]
                self._fine[i] = [balls.exact(value) for value in floats.reshape(-1).tolist()]
                if branching:
                    self._coarse[i] = self._fine[i]
            else:
                self._apply(i, branching)
        self.loss = self._fine[graph.loss][0]

    @property
    def sink(self) -> int:
        """The loss's vertex."""
        return self.start[self.structure.graph.loss]

    def _apply(self, node: int, branching: bool) -> None:
        """Values and edges of one node, lane by lane."""
        structure, graph = self.structure, self.structure.graph
        arguments, start, live = structure.arguments(node), self.start, structure.live
        fine: list[Any] = [None] * math.prod(graph.shapes[node])
        coarse = fine.copy()
        kinks = 0
        for group in structure.lanes(node):
            sources = [arguments[slot] for slot in group.slots]
            wanted = tuple(live[node] and live[j] for j in sources)
            tables = [table.tolist() for table in group.inputs]
            for lane, outputs in enumerate(group.outputs.tolist()):
                places = [(j, entry) for j, table in zip(sources, tables, strict=True) for entry in table[lane]]
                entries = [self._fine[j][entry] for j, entry in places]
                wide = [self._coarse[j][entry] for j, entry in places] if branching else None
                whole = self._whole(group.op, wanted, entries)
                small = small_op(group.op, group.attributes, group.shapes, wanted, whole)
                values, wide_values, rows = self._lane(small, entries, wide)
                users = [start[j] + entry for j, entry in places if live[j]]
                for output, value, wide_value, row in zip(outputs, values, wide_values, rows, strict=True):
                    fine[output], coarse[output] = value, wide_value
                    for vertex, derivative in zip(users, row, strict=False):
                        self.users[vertex].append((start[node] + output, derivative))
                        kinks += derivative is None
        self._fine[node] = fine
        if branching:
            self._coarse[node] = coarse
        if kinks:
            self.kinks.append(f"{graph.names[node]!r} ({graph.op(node)})")

    def _whole(self, op: str, wanted: tuple[bool, ...], entries: list[Any]) -> int | None:
        """The exponent of x ** y, where it is a whole number and no derivative for it is wanted."""
        if op != "pow" or wanted[1]:
            return None
        exponent = self._balls.midpoint(entries[1])
        return int(exponent) if exponent.is_integer() and entries[1] == self._balls.exact(exponent) else None

    def _lane(
        self, small: SmallOp, entries: list[Any], wide: list[Any] | None
    ) -> tuple[list[Any], list[Any], list[list[Any]]]:
        """The outputs, the outputs in `deciding` bits, and per output the derivatives; None for one at a kink."""
        balls = self._balls
        allowed = branches = small.choose(entries, balls)
        runs = [branch.run(entries, balls) for branch in branches]
        values = self._common([b.formulas.values(run) for b, run in zip(branches, runs, strict=True)])
        wide_values = values
        if wide is not None:
            with balls.precision(self._deciding):
                allowed = small.choose(wide, balls)
                wide_values = self._common([b.formulas.values(b.run(wide, balls)) for b in allowed])
        if not any(small.wanted):
            return values, wide_values, [[] for _ in values]
        if len(allowed) != len(branches):
            runs = [branch.run(entries, balls) for branch in allowed]
        rows = []
        for q in range(len(values)):
            gradients = [b.formulas.gradient(run, q) for b, run in zip(allowed, runs, strict=True)]
            rows.append([self._same(derivatives) for derivatives in zip(*gradients, strict=True)])
        return values, wide_values, rows

    def _common(self, alternatives: list[list[Any]]) -> list[Any]:
        """Values on which all branches agree; a ball without a bound where they differ."""
        if len(alternatives) == 1:
            return alternatives[0]
        agreed = [self._same(values) for values in zip(*alternatives, strict=True)]
        return [anything(self._balls) if value is None else value for value in agreed]

    def _same(self, alternatives: tuple[Any, ...]) -> Any:
        """The first (a ball of 0 for the None of a formula), if all are exactly equal, else None."""
        balls = [self._balls.zero if ball is None else ball for ball in alternatives]
        return balls[0] if all(ball == balls[0] for ball in balls[1:]) else None
