"""Random graphs at extreme values: subnormal numbers, the ends of a dtype's range, and what overflows when squared."""

from __future__ import annotations

import numpy as np

from gradcheck.errors import InvalidProblem
from gradcheck.problem import OPS, Case
from gradcheck.problem.ops import LEAVES
from gradcheck.strategies.drawing import draw
from gradcheck.strategies.pick import picker
from gradcheck.strategies.wish import Wish

VALUES = {
    "float64": (5e-324, 1e-310, 2.3e-308, 1e-160, 1e-12, -0.0, 0.0, 700.0, 1e16, 1e154, 1e162, 1e308, 1.7e308),
    "float32": (1.4e-45, 1e-40, 1.2e-38, 1e-20, 1e-6, -0.0, 0.0, 88.0, 1e8, 1.8e19, 1e25, 1e38, 3.4e38),
}
"""By dtype; every one comes up with either sign."""

EVERY_OP = tuple(op for op in OPS if op not in LEAVES)
WISHES = (
    Wish(max_nodes=8, ops=tuple(op for op in EVERY_OP if OPS[op].elementwise)),
    Wish(max_nodes=7, ops=EVERY_OP, scalar=False),
)
ATTEMPTS = 50
"""Points that are drawn for one graph: not every value is in every op's domain."""


def extreme_case(seed: int) -> Case | None:
    """The case of a seed; None where no point of its graph was in every domain."""
    random = np.random.default_rng(seed)
    graph, point = draw(picker(f"extreme {seed}"), WISHES[seed % 2])
    dtype = ("float64", "float32")[seed // 2 % 2]
    for _ in range(ATTEMPTS):
        moved = {name: np.array(value, dtype=np.float64) for name, value in point.items()}
        for value in moved.values():
            chosen = random.random(value.shape) < 0.6
            value[chosen] = (random.choice(VALUES[dtype], value.shape) * random.choice([-1.0, 1.0], value.shape))[chosen]
        try:
            return Case(f"extreme {seed}", graph, moved, dtype=dtype)
        except InvalidProblem:
            continue
    return None
