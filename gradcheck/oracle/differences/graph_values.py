"""A graph's loss as one entry of a parameter moves: the op table's values, over the nodes that depend on it alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property, partial
from typing import Any

import numpy as np

from gradcheck.oracle.differences.sampling import entry_scales
from gradcheck.oracle.differences.stencil import Array
from gradcheck.problem import OPS, Graph
from gradcheck.problem.ops import LEAVES
from gradcheck.problem.validate import all_scalar
from gradcheck.problem.walks import reached

LANES = 4096
"""Number of evaluations of a scalar graph that are done at once."""

WORK = 60_000.0
"""Maximum number of array operations of an oracle that moves every entry of every parameter once."""

Step = tuple[int, Callable[..., Any], tuple[int, ...]]
"""Node, what it computes, and its arguments."""


class GraphValues:
    """A `Sample`: the components are the entries of all parameters, in the graph's order.

    Parameters
    ----------
    dtype: float64 or longdouble; the op table's formulas run in it.

    Attributes
    ----------
    places: parameter (node index) and flat index of each component.
    scales: per component, shape (n,).
    base: the loss at the point, shape (n,), the same for all components.
    lanes: whether all nodes are scalars, so that many evaluations are one pass over arrays.
    """

    def __init__(self, graph: Graph, point: Mapping[str, Array], dtype: Any = np.float64) -> None:
        self._graph, self.dtype, self.evaluations = graph, np.dtype(dtype), 0
        free = graph.complete(point)
        self.places = [(p, i) for p in graph.parameters for i in range(int(np.prod(graph.shapes[p])))]
        varying = graph.depends_on_parameters()
        self.lanes = all_scalar(graph) and all(
            OPS[graph.op(i)].elementwise for i in np.flatnonzero(varying).tolist() if graph.op(i) not in LEAVES
        )
        self._values: list[Any] = [None] * len(graph)
        for i in graph.order.tolist():
            if graph.op(i) == "constant":
                self._values[i] = graph.constants[i].astype(self.dtype)
            elif graph.op(i) in LEAVES:
                self._values[i] = free[graph.names[i]].astype(self.dtype)
        everything = [i for i in graph.order.tolist() if graph.op(i) not in LEAVES]
        with np.errstate(all="ignore"):
            self._run(self._values, self._program(everything))
        self._all = self._program([i for i in everything if varying[i]])
        self._from: dict[int, list[Step]] = {}
        scales = [entry_scales(self._values[p]).ravel() for p in graph.parameters]
        self.scales = np.concatenate(scales) if scales else np.zeros(0)
        self.base = np.full(len(self.places), self.loss)

    @property
    def loss(self) -> Any:
        """The loss at the point, a scalar of the dtype."""
        return np.asarray(self._values[self._graph.loss])[()]

    def at(self, *parameters: Array) -> Any:
        """The loss at other values of all parameters, in the graph's order; it has their dtype."""
        values = list(self._values)
        for p, value in zip(self._graph.parameters, parameters, strict=True):
            values[p] = value
        with np.errstate(all="ignore"):
            self._run(values, self._all)
        return values[self._graph.loss]

    def __call__(self, steps: Array, active: Array) -> tuple[Array, Array]:
        self.evaluations += steps.size
        with np.errstate(all="ignore"):
            if not self.lanes:
                return self._one_by_one(steps, active)
            chunk = max(1, LANES // max(1, len(steps)))
            starts = range(0, len(active), chunk)
            parts = [self._in_lanes(steps[:, k : k + chunk], active[k : k + chunk]) for k in starts]
        return (
            np.concatenate([p[0] for p in parts], axis=1) if parts else steps,
            np.concatenate([p[1] for p in parts], axis=1) if parts else steps,
        )

    def _in_lanes(self, steps: Array, active: Array) -> tuple[Array, Array]:
        values = list(self._values)
        realised = np.empty_like(steps)
        for column, component in enumerate(active.tolist()):
            parameter = self.places[component][0]
            x = self._values[parameter]
            lane = np.full(steps.shape, x)
            lane[:, column] += steps[:, column]
            realised[:, column] = lane[:, column] - x
            values[parameter] = lane
        self._run(values, self._all)
        return realised, np.broadcast_to(values[self._graph.loss], steps.shape).astype(self.dtype)

    def _one_by_one(self, steps: Array, active: Array) -> tuple[Array, Array]:
        realised, losses = np.empty_like(steps), np.empty_like(steps)
        for column, component in enumerate(active.tolist()):
            parameter, flat = self.places[component]
            program = self._program_from(parameter)
            x = self._values[parameter]
            at = np.unravel_index(flat, x.shape)
            values = list(self._values)
            for row, step in enumerate(steps[:, column]):
                moved = x.copy()
                moved[at] += step
                realised[row, column] = moved[at] - x[at]
                values[parameter] = moved
                self._run(values, program)
                losses[row, column] = values[self._graph.loss]
        return realised, losses

    def _program_from(self, parameter: int) -> list[Step]:
        """The nodes that one parameter reaches; the others keep their values."""
        if parameter not in self._from:
            marks = reached(self._graph, np.array([parameter], dtype=np.int64))
            self._from[parameter] = [step for step in self._all if marks[step[0]]]
        return self._from[parameter]

    def _program(self, nodes: list[int]) -> list[Step]:
        program: list[Step] = []
        for i in nodes:
            row, given = OPS[self._graph.op(i)], self._graph.attributes.get(i, {})
            attributes = {**row.attributes, **given}
            compute = partial(row.value, **attributes) if attributes else row.value
            program.append((i, compute, self._graph.arguments(i)))
        return program

    @staticmethod
    def _run(values: list[Any], program: list[Step]) -> None:
        for i, compute, arguments in program:
            values[i] = compute(*[values[j] for j in arguments])

    @cached_property
    def work(self) -> float:
        """Small array operations that it takes to move every entry once."""
        if self.lanes:
            return len(self.places) * len(self._all) / 50.0
        total = 0.0
        for p in self._graph.parameters:
            entries = int(np.prod(self._graph.shapes[p]))
            total += entries * sum(self._cost(step) for step in self._program_from(p))
        return total

    @cached_property
    def work_of_all(self) -> float:
        """Small array operations that it takes to move all of them together once."""
        return sum(map(self._cost, self._all))

    def _cost(self, step: Step) -> float:
        return 1 + float(np.prod(self._graph.shapes[step[0]])) / 200


def thousands(n: int) -> str:
    """1234567 as "1 234 567"."""
    return f"{n:,}".replace(",", " ")
