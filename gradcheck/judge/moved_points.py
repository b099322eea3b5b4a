"""Where else to look: points near a case, or not so near, at which a gradient that is zero here may not be.

A dead ReLU has gradient zero, and so has every implementation that forgot it; the case passes only if the subject is
right where it is alive, too.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence

import numpy as np

from gradcheck.errors import InvalidProblem
from gradcheck.problem import Case
from gradcheck.problem.walks import ancestors

_TRIES = 8  # per moved point: a move may leave an op's domain, or the dtype's range


def moved_cases(case: Case, zero_blocks: Sequence[str], count: int) -> Iterator[Case]:
    """Up to `count` cases at moved points, unless every zero is structural (nothing leads from the block to the loss).

    Moves grow from a tenth of each value to ten times it, signs included; seeded by the case's name.
    """
    graph = case.graph
    reaching = set(ancestors(graph, graph.loss))
    if not any(graph.index(block) in reaching for block in zero_blocks):
        return
    random = np.random.default_rng(zlib.crc32(case.name.encode()))
    for size in np.geomspace(0.1, 10.0, max(count, 1))[:count]:
        for _ in range(_TRIES):
            with np.errstate(over="ignore"):  # beyond the largest float is outside of every domain
                moved = {
                    name: value + size * np.maximum(np.abs(value), 1.0) * random.uniform(-1.0, 1.0, np.shape(value))
                    for name, value in case.point.items()
                }
            try:
                there = case.at(moved, name=f"{case.name} (moved by {size:.2g})")
            except InvalidProblem:
                continue  # outside a domain: draw again
            if there.misfit is None or case.misfit is not None:
                yield there
                break
