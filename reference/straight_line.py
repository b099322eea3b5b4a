"""A tape as straight-line Python: an assignment for each value and for each message, on floats.

The tape is cut into parts, because Python's compiler takes 6 KB for a row. Each part is a generator with a local
variable for each number. It computes its values, waits, and then sends its messages, the values still in its variables:
ten times as fast as numbers in lists, on a chain of 100,000. Numbers that other parts need go through two lists.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from gradcheck.problem import NAMES

from .scalar_rules import NAMESPACE, TEXTS, filled
from .scalar_tape import Tape

PART = 5_000
"""Maximum number of rows in a part."""

Part = Callable[[list[float], list[float]], Iterator[None]]


class StraightLine:
    """The program of a tape. Making it takes about 40 us a row, running it 0.1 to 0.25 us."""

    def __init__(self, tape: Tape) -> None:
        self._tape = tape
        outside = _shared(tape)
        self._parts = [_compiled(tape, start, outside) for start in range(0, len(tape.rows), PART)]

    def __call__(self, point: list[float]) -> list[float]:
        """The loss and its gradient; ArithmeticError or ValueError where Python's floats refuse what NumPy's answer."""
        tape = self._tape
        values = [*point, *tape.constants.tolist(), *[0.0] * len(tape.rows)]
        adjoints = [0.0] * len(tape)
        adjoints[-1] = 1.0
        halves = [part(values, adjoints) for part in self._parts]
        for half in halves:
            next(half)
        for half in reversed(halves):
            next(half, None)
        return [values[-1], *adjoints[: tape.parameters]]


def _shared(tape: Tape) -> set[int]:
    """Numbers that a part uses and does not compute, and the loss."""
    own = tape.leaves + np.arange(len(tape.rows)) // PART * PART
    arguments = tape.rows[:, 1:]
    outside = (arguments < own[:, None]) | (arguments >= own[:, None] + PART)
    return {len(tape) - 1, *np.unique(arguments[outside]).tolist()}


def _compiled(tape: Tape, start: int, shared: set[int]) -> Part:
    space: dict[str, Any] = dict(NAMESPACE)
    source = "def part(V, G):\n " + "\n ".join(_lines(tape, start, shared))
    exec(compile(source, f"<rows {start} to {start + PART}>", "exec"), space)
    made: Part = space["part"]
    return made


def _lines(tape: Tape, start: int, shared: set[int]) -> Iterator[str]:
    """The statements of the part that begins with row `start`."""
    rows, attributes = tape.rows[start : start + PART].tolist(), tape.attributes[start : start + PART].tolist()
    first = tape.leaves + start
    inside = range(first, first + len(rows))
    outside = sorted({a for row in rows for a in row[1:] if a not in inside})
    yield from (f"v{i} = V[{i}]" for i in outside)
    for i, (code, x, y), p in zip(inside, rows, attributes, strict=True):
        yield f"v{i} = {filled(TEXTS[NAMES[code]][0], _names(i, x, y, p))}"
    yield from (f"V[{i}] = v{i}" for i in inside if i in shared)
    yield "yield"
    yield from (f"g{i} = G[{i}]" for i in inside if i in shared)
    sent = {i for i in inside if i in shared}
    constant = range(len(tape.names), tape.leaves)
    for i, (code, x, y), p in zip(reversed(inside), reversed(rows), reversed(attributes), strict=True):
        for a, text in zip((x, y), TEXTS[NAMES[code]][1:], strict=False):
            if a not in constant:
                yield f"g{a} {'+=' if a in sent else '='} {filled(text, _names(i, x, y, p))}"
                sent.add(a)
    yield from (f"G[{i}] += g{i}" for i in outside if i in sent)


def _names(i: int, x: int, y: int, p: float) -> dict[str, str]:
    return {"v": f"v{i}", "g": f"g{i}", "x": f"v{x}", "y": f"v{y}", "p": repr(p)}
