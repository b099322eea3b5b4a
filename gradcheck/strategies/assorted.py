"""Random graphs of every kind, in turn, to test that the harness flags no right engine."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from gradcheck.problem import Case
from gradcheck.strategies.drawing import draw
from gradcheck.strategies.pick import picker
from gradcheck.strategies.wish import Wish

KINDS = {
    "scalars": {"scalar": True},
    "arrays": {"scalar": False},
    "scalars near kinks": {"scalar": True, "near_kinks": True},
    "arrays near kinks": {"scalar": False, "near_kinks": True},
    "saturated": {"scalar": True, "saturated": True},
    "whole numbers": {"scalar": False, "integer_points": True},
}
"""The kinds of graphs, drawn in turn; every fourth round is in float32."""


def assorted(count: int, seed: int) -> Iterator[Case]:
    """`count` graphs of 2 to 12 nodes at valid points, the same for the same seed; their names say kind and number."""
    usual: dict[str, Any] = {
        "ops": None,
        "near_kinks": False,
        "saturated": False,
        "integer_points": False,
        "shuffled": True,
    }
    wishes = {kind: Wish.of(2, 12, **{**usual, **options}) for kind, options in KINDS.items()}
    pick = picker(seed)
    for number in range(count):
        turn, which = divmod(number, len(KINDS))
        kind = list(KINDS)[which]
        dtype = "float32" if turn % 4 == 3 else "float64"
        graph, point = draw(pick, wishes[kind])
        yield Case(f"{kind} {number}", graph, point, f"{kind}, in {dtype}", dtype=dtype, seed=seed)
