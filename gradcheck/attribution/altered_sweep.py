"""The reverse sweep over a record in which contributions are altered on the way."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from gradcheck.tracing.primitives import PRIMITIVES

Edge = tuple[int, int]
"""A node's slot, and the position of one of its arguments."""
Alter = Callable[[int, int, Any, Any], Any]
"""alter(slot, position, contribution, adjoint of slot) -> what that argument is to be sent instead."""
Shortcuts = Mapping[int, tuple[int, Any]]
"""Node -> (node that it is computed from, entry by entry; the slope by which its adjoint is sent there at once)."""


def altered_sweep(
    numbers: Any, record: Any, values: Sequence[Any], seeds: Mapping[int, Any], alter: Alter | None,
    shortcuts: Shortcuts,
) -> list[Any | None]:  # fmt: skip
    """The reverse sweep of `tracing.sweep`, in which what an argument is sent can be replaced."""
    adjoints: list[Any | None] = [None] * len(record.nodes)
    for slot, seed in seeds.items():
        adjoints[slot] = seed
    for slot in range(len(record.nodes) - 1, -1, -1):
        node, adjoint = record.nodes[slot], adjoints[slot]
        if adjoint is None or not node.args or not node.varies:
            continue
        if slot in shortcuts:
            argument, slope = shortcuts[slot]
            before, contribution = adjoints[argument], adjoint * slope
            adjoints[argument] = contribution if before is None else before + contribution
            continue
        needed = [record.nodes[argument].varies for argument in node.args]
        for position, contribution in enumerate(contributed(numbers, record, values, slot, adjoint, needed)):
            if not needed[position]:
                continue
            if alter is not None:
                contribution = alter(slot, position, contribution, adjoint)
            argument = node.args[position]
            before = adjoints[argument]
            adjoints[argument] = contribution if before is None else before + contribution
    return adjoints


def contributed(
    numbers: Any, record: Any, values: Sequence[Any], slot: int, adjoint: Any, needed: Sequence[bool],
    *, magnitudes: bool = False,
) -> list[Any]:  # fmt: skip
    """What a node sends to its arguments by its own rule, summed over broadcast axes; None where not needed.

    With `magnitudes`, the sums are of magnitudes.
    """
    node = record.nodes[slot]
    primitive = PRIMITIVES[node.primitive]
    inputs = [values[argument] for argument in node.args]
    sent = primitive.vjp(numbers, adjoint, inputs, values[slot], node.attributes, needed)
    if not primitive.elementwise:
        return list(sent)
    shapes = [record.nodes[argument].shape for argument in node.args]
    return [
        numbers.sum_to(np.abs(s) if magnitudes else s, shape) if want else None
        for s, shape, want in zip(sent, shapes, needed, strict=True)
    ]
