"""Chains of thousands of nodes whose values and slopes stay ordinary from end to end."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from gradcheck.problem.graph import Graph
from gradcheck.problem.ops import CODES, Array
from gradcheck.strategies.pick import Pick, one_of

LOW, HIGH = 1e-2, 1e2
"""Magnitudes between which every value of a chain, and its slope in the chain's first value, stay."""

_STRETCH = (2.0, 1.25, 0.5, 0.8, 4.0)
_SHIFT = (1.5, 0.25, -0.5, -2.0, 0.75)
_STARTS = (2.0, 0.5, 3.0, -1.0, 1.5)
_SHARED = 0.75


@dataclass(frozen=True)
class Link:
    """One op of a chain: `value(v, c)` and its slope in v, with the chain's node on the left or on the right."""

    op: str
    value: Callable[[float, float], float]
    slope: Callable[[float, float], float]
    reads_other: bool = True
    on_left: bool = True


_LINKS = (
    Link("add", lambda v, c: v + c, lambda v, c: 1.0),
    Link("mul", lambda v, c: v * c, lambda v, c: c),
    Link("sub", lambda v, c: v - c, lambda v, c: 1.0),
    Link("sub", lambda v, c: c - v, lambda v, c: -1.0, on_left=False),
    Link("div", lambda v, c: v / c, lambda v, c: 1.0 / c),
    Link("div", lambda v, c: c / v, lambda v, c: -c / (v * v), on_left=False),
    Link("neg", lambda v, c: -v, lambda v, c: -1.0, reads_other=False),
    Link("sin", lambda v, c: math.sin(v), lambda v, c: math.cos(v), reads_other=False),
    Link("tanh", lambda v, c: math.tanh(v), lambda v, c: 1.0 - math.tanh(v) ** 2, reads_other=False),
)
_NEG = _LINKS[6]


def draw_chain(pick: Pick, low: int, high: int, *, shared: bool) -> tuple[Graph, dict[str, Array]]:
    """A chain of `low` to `high` links that repeat a short drawn pattern, and its point.

    A link that would leave the range LOW to HIGH is replaced by a change of sign.
    """
    count = low + pick(high - low + 1)
    start = one_of(pick, _STARTS)
    others = [one_of(pick, _SHIFT), one_of(pick, _STRETCH), _SHARED]  # two constants and the shared parameter
    pattern = [(one_of(pick, _LINKS), pick(3 if shared else 2)) for _ in range(2 + pick(6))]
    ops = ["parameter", "constant", "constant", *(["parameter"] if shared else [])]
    inputs: list[int] = []
    offsets = [0] * (len(ops) + 1)
    node, value, slope = 0, start, 1.0
    for turn in range(count):
        link, which = pattern[turn % len(pattern)]
        other = others[which]
        steep = slope * link.slope(value, other)
        if not (LOW <= abs(link.value(value, other)) <= HIGH and LOW <= abs(steep) <= HIGH):
            link, steep = _NEG, -slope
        value, slope = link.value(value, other), steep
        if not link.reads_other:
            inputs.append(node)
        else:
            inputs += [node, 1 + which] if link.on_left else [1 + which, node]
        node = len(ops)
        ops.append(link.op)
        offsets.append(len(inputs))
    graph = Graph(
        [CODES[op] for op in ops],
        offsets,
        inputs,
        loss=node,
        constants={1: others[0], 2: others[1]},
    )
    point = {"v0": np.asarray(start)}
    if shared:
        point["v3"] = np.asarray(_SHARED)
    return graph, point
