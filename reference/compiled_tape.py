"""A tape played by a loop that numba compiles (extra `fast`): 2 s for the ops of a graph, then 20 to 30 ns a node."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from importlib.util import find_spec
from typing import Any

import numpy as np

from gradcheck.problem import CODES
from gradcheck.problem.ops import Array

from .scalar_rules import HELPERS, NAMESPACE, TEXTS, filled
from .scalar_tape import Tape

LOOP = """
def play(point, rows, state, parameters):
    v, g, p = state[0], state[1], state[2]
    first, last = len(v) - len(rows), len(v) - 1
    v[: len(point)] = point
    for r in range(len(rows)):
        code, x, y, i = rows[r, 0], rows[r, 1], rows[r, 2], first + r
        {values}
    g[:] = 0.0
    g[last] = 1.0
    for r in range(len(rows) - 1, -1, -1):
        code, x, y, i = rows[r, 0], rows[r, 1], rows[r, 2], first + r
        {messages}
    return v[last], g[:parameters].copy()
"""
"""The program; `state` holds value, adjoint and attribute of each node."""
AVAILABLE = find_spec("numba") is not None
"""Whether numba is installed."""


class CompiledTape:
    """The program of a tape, with memory for its numbers."""

    def __init__(self, tape: Tape) -> None:
        self._play = compiled(frozenset(name for name, _, _ in tape.runs))
        self._rows, self._parameters = tape.rows, tape.parameters
        self._state = np.zeros((3, len(tape)))
        self._state[0, len(tape.names) : tape.leaves] = tape.constants
        self._state[2, tape.leaves :] = tape.attributes

    def __call__(self, point: Array) -> tuple[float, Array]:
        """The loss and its gradient; `point` is contiguous."""
        return self._play(point, self._rows, self._state, self._parameters)


@cache
def compiled(ops: frozenset[str]) -> Callable[..., tuple[float, Array]]:
    """The loop for these ops: the fewer there are, the sooner it is compiled."""
    import numba

    names = {"x": "v[x]", "y": "v[y]", "v": "v[i]", "g": "g[i]", "p": "p[i]"}
    values: list[str] = []
    messages: list[str] = []
    for op in sorted(ops):
        value, *sent = (filled(text, names) for text in TEXTS[op])
        test = f"{'elif' if values else 'if'} code == {CODES[op]}:"
        values += [test, f"    v[i] = {value}"]
        messages += [test, *(f"    g[{a}] += {text}" for a, text in zip("xy", sent, strict=False))]
    indent = "\n" + 8 * " "
    space: dict[str, Any] = dict(NAMESPACE)
    space |= {helper.__name__: numba.njit(error_model="numpy")(helper) for helper in HELPERS}
    exec(LOOP.format(values=indent.join(values), messages=indent.join(messages)), space)
    made: Callable[..., tuple[float, Array]] = numba.njit(error_model="numpy")(space["play"])
    return made
