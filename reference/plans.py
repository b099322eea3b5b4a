"""Backpropagation on graphs of scalars that are differentiated often: a plan is made once, and run many times.

`dag` is the algorithm, and what is right. A plan computes the same in one of three ways, as the graph's shape is:

- `compiled_tape`: a loop over the nodes, compiled by numba, where it is installed;
- `wide_levels`: NumPy calls, for graphs whose levels are wide and for batches of points;
- `straight_line`: generated Python, for all others.

This file is a subject, too: `gradcheck run --subject reference/plans.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import ArrayLike

from gradcheck.errors import InvalidProblem
from gradcheck.problem import Graph, Point
from gradcheck.problem.ops import Array

from . import compiled_tape, dag
from .compiled_tape import CompiledTape
from .scalar_tape import Tape, tape_of
from .straight_line import StraightLine
from .wide_levels import WideLevels

Executor = Literal["compiled", "levels", "straight"]

WIDE = 32
"""Number of nodes and points that a NumPy call works on, on average, from which on calls are faster than Python."""
BLOCK = 1 << 20
"""Maximum number of nodes times points that NumPy works on at once; more points are worked off in blocks."""


class Plan:
    """How to differentiate one graph of scalars, in float64, as often as one likes. Not for two threads at once.

    Attributes
    ----------
    tape: the graph.
    names: names of parameters, then of inputs: the columns of a point.
    """

    def __init__(self, tape: Tape, executor: Executor | None = None) -> None:
        self.tape, self.names = tape, tape.names
        self._executor = executor or ("compiled" if compiled_tape.AVAILABLE else None)
        self._shape = (len(tape.names),)
        self._one: Callable[[Array], tuple[Any, Array]] | None = None
        self._levels: WideLevels | None = None

    def run(self, points: ArrayLike) -> tuple[Any, Array]:
        """Losses and gradients.

        Parameters
        ----------
        points: a value for each of `names`, shape (n,); or many points, shape (k, n).

        Returns
        -------
        The loss, a number or of shape (k,), and its gradient, shape (parameters,) or (k, parameters).
        """
        given = np.asarray(points, np.float64, order="C")
        if given.shape == self._shape:
            return (self._one or self._made())(given)
        if given.shape[1:] != self._shape:
            expected = f"({len(self.names)},) or (k, {len(self.names)})"
            raise InvalidProblem(f"a plan's points must have shape {expected}, got {given.shape}")
        out = np.empty((len(given), 1 + self.tape.parameters))
        if self.executor(len(given)) == "levels":
            block = max(1, BLOCK // len(self.tape))
            for k in range(0, len(given), block):
                out[k : k + block] = self._by_levels(given[k : k + block])
        else:
            one = self._one or self._made()
            for k, point in enumerate(given):
                out[k, 0], out[k, 1:] = one(point)
        return out[:, 0], out[:, 1:]

    def executor(self, points: int = 1) -> Executor:
        """What that many points are worked off by."""
        if self._executor:
            return self._executor
        return "levels" if len(self.tape.rows) * points >= WIDE * len(self.tape.runs) else "straight"

    def _made(self) -> Callable[[Array], tuple[Any, Array]]:
        """What computes one point, made when it is first needed."""
        if (chosen := self.executor()) == "compiled":
            self._one = CompiledTape(self.tape)
        elif chosen == "levels":
            self._one = self._one_by_levels
        else:
            self._one = self._in_range(StraightLine(self.tape))
        return self._one

    def _in_range(self, program: StraightLine) -> Callable[[Array], tuple[Any, Array]]:
        def one(point: Array) -> tuple[Any, Array]:
            try:
                value, *grads = program(point.tolist())
            except (ArithmeticError, ValueError):  # beyond the range of floats, where NumPy goes on with inf and NaN
                return self._one_by_levels(point)
            return value, np.array(grads)

        return one

    def _one_by_levels(self, point: Array) -> tuple[Any, Array]:
        out = self._by_levels(point[None])[0]
        return out[0], out[1:]

    def _by_levels(self, points: Array) -> Array:
        if self._levels is None or self._levels.points != len(points):
            self._levels = WideLevels(self.tape, len(points))
        return self._levels(points)


_PLANS: WeakKeyDictionary[Graph, Plan | None] = WeakKeyDictionary()


def plan_of(graph: Graph) -> Plan | None:
    """The graph's plan, made when it is first asked for and kept as long as the graph; None if it is not of scalars."""
    if graph not in _PLANS:
        tape = tape_of(graph)
        _PLANS[graph] = Plan(tape) if tape else None
    return _PLANS[graph]


def gradients(graph: Graph, point: Point) -> dag.Answer:
    """The loss and its gradient, as `dag.gradients` answers without adjoints; by a plan where all is scalar float64."""
    plan = plan_of(graph)
    if plan is None or any(type(value) is not np.ndarray or value.dtype != np.float64 for value in point.values()):
        return dag.gradients(graph, point)[:2]
    value, grads = plan.run([point[name].item() for name in plan.names])
    named = zip(plan.names, grads.tolist(), strict=False)  # the parameters come first
    return np.array(value), {name: np.array(grad) for name, grad in named}
