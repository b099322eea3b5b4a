"""How far an answer may be off by honest rounding. Never taken from the subject's own answers.

Where no number system runs, the allowance is max(64, number of operations) u times the entry's scale, max(|v_i|, s_b).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.check.truth import Testimony
from gradcheck.problem import Case
from gradcheck.verdict.compare import UNIT_ROUNDOFF, scale

Array = NDArray[Any]


@dataclass(frozen=True)
class Allowances:
    """Allowance of the loss value (shape ()) and of each block's entries (the block's shape).

    `fallback` is |f| / max(1, |x_b|) per block: the scale that replaces s_b where a true gradient is zero.
    """

    loss: Array
    gradients: Mapping[str, Array]
    fallback: Mapping[str, float]


def allowances(case: Case, testimony: Testimony) -> Allowances:
    """What rounding in the case's dtype may cost on this problem at this point."""
    graph, u = case.graph, UNIT_ROUNDOFF[case.dtype]
    operations = sum(math.prod(graph.shapes[i]) for i in range(len(graph)))
    share = max(64, operations) * u
    values = graph.evaluate(case.point)
    largest = max((float(np.max(np.abs(v), initial=0.0)) for v in values.values()), default=0.0)
    size = abs(float(testimony.loss.middle))
    fallback, limits = {}, {}
    for block, truth in testimony.gradients.items():
        norm = float(np.linalg.norm(np.asarray(case.point[block], dtype=np.float64)))
        fallback[block] = size / max(1.0, norm)
        limits[block] = share * np.maximum(np.abs(truth.middle), scale(truth, fallback[block]))
    return Allowances(np.asarray(share * max(size, largest)), limits, fallback)
