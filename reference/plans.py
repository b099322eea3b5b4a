"""Backpropagation on graphs of scalars that are differentiated often: a plan is made once, and run many times.

`dag` is the algorithm, and what is right. A plan computes the same in one of three ways, as the graph's shape is:

- `wide_levels`: NumPy calls, for graphs whose levels are wide and for batches of points;
- `straight_line`: generated Python, for all others;
- `compiled_tape`: a loop over the nodes, compiled by numba, where that is installed and has come to be worth it.

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
WORTH = 10_000_000
"""Number of rows that are worked off, 1 to 2 s, before numba is asked to compile, which takes 2 s."""
ROWS_OF_MAKING = 300
"""A row of a straight line takes 40 us to make: as long as running so many."""
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
        self._executor, self._worked = executor, 0
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
            self._count(len(given))
        else:
            one = self._one or self._made()
            for k, point in enumerate(given):
                out[k, 0], out[k, 1:] = one(point)
        return out[:, 0], out[:, 1:]

    def executor(self, points: int = 1) -> Executor:
        """What that many points are worked off by now."""
        if self._executor:
            return self._executor
        rows = len(self.tape.rows)
        wide = rows * points >= WIDE * len(self.tape.runs)
        if compiled_tape.AVAILABLE and self._worked + (0 if wide else ROWS_OF_MAKING * rows) >= WORTH:
            return "compiled"
        return "levels" if wide else "straight"

    def _count(self, points: int) -> None:
        self._worked += points * len(self.tape.rows)
        if self.executor() == "compiled":
            self._one = None  # made anew for the next point

    def _made(self) -> Callable[[Array], tuple[Any, Array]]:
        """What computes one point, made when it is first needed."""
        if (chosen := self.executor()) == "compiled":
            self._one = CompiledTape(self.tape)
            return self._one
        program = StraightLine(self.tape) if chosen == "straight" else None

        def one(point: Array) -> tuple[Any, Array]:
            self._count(1)
            if program:
                try:
                    value, *grads = program(point.tolist())
                    return value, np.array(grads)
                except (ArithmeticError, ValueError):  # beyond the range of floats: NumPy goes on with inf and NaN
                    pass
            out = self._by_levels(point[None])[0]
            return out[0], out[1:]

        self._one = one
        return one

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
