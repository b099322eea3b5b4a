"""A tape as NumPy calls, one for each run of rows: for graphs whose levels are wide, and for many points at once.

It is `whole_levels` with the tape's order, in which the rows of a run lie side by side, so that their values are a
slice. Node i at point j has the place `i * points + j`: many points are no more than a wider graph.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from gradcheck.problem import OPS
from gradcheck.problem.ops import Array

from .rules import RULES
from .scalar_tape import Tape


class WideLevels:
    """The program of a tape for `points` points at once."""

    def __init__(self, tape: Tape, points: int) -> None:
        self._tape, self.points = tape, points
        self._values = np.zeros(len(tape) * points)
        self._values[len(tape.names) * points : tape.leaves * points] = np.repeat(tape.constants, points)
        self._runs = []
        for name, start, stop in tape.runs:
            rows, op = slice(start, stop), OPS[name]
            arguments = [self._places(tape.rows[rows, 1 + k]) for k in range(op.arity or 0)]
            attributes = {one: np.repeat(tape.attributes[rows], points) for one in op.attributes}
            nodes = slice((tape.leaves + start) * points, (tape.leaves + stop) * points)
            self._runs.append((RULES[name], nodes, arguments, attributes))

    def __call__(self, points: Array) -> Array:
        """Per point the loss and its gradient, shape (k, 1 + parameters); `points` (k, parameters and inputs)."""
        tape, k, values = self._tape, self.points, self._values
        values[: len(tape.names) * k] = points.T.ravel()
        met: list[list[Array]] = []
        with np.errstate(all="ignore"):  # an infinity or NaN shows in the answer
            for rule, nodes, places, attributes in self._runs:
                arguments = [values[some] for some in places]
                values[nodes] = rule.value(*arguments, **attributes)
                met.append(arguments)
            adjoints = np.zeros(len(values))
            adjoints[-k:] = 1.0
            for (rule, nodes, places, attributes), arguments in zip(reversed(self._runs), reversed(met), strict=True):
                g = adjoints[nodes].copy()  # `add.at` copies all adjoints where the message is a view of them
                messages = rule.vjp(g, values[nodes], *arguments, **attributes)
                for some, message in zip(places, messages, strict=True):
                    np.add.at(adjoints, some, message)
        return np.column_stack([values[-k:], adjoints[: tape.parameters * k].reshape(-1, k).T])

    def _places(self, nodes: Array) -> Any:
        if self.points == 1:
            return nodes.astype(np.intp)
        return (nodes[:, None] * np.intp(self.points) + np.arange(self.points)).ravel()
