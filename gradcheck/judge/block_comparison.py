"""One block of an answer beside the truth: the same comparison for graphs and for functions."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.judge.allowance import Allowances, settled
from gradcheck.judge.input_structure import Projection, project
from gradcheck.judge.settings import Settings
from gradcheck.verdict.compare import Comparison, Truth, interest, judge, scale

Array = NDArray[Any]


def compare_block(
    block: str,
    answer: Array,
    truth: Truth,
    limits: Allowances,
    settings: Settings,
    dtype: np.dtype[Any],
    keep: Projection | None = None,
) -> Comparison:
    """The block's entries against the truth, with what rounding in `dtype` may cost; `keep`: a declared structure.

    `settings.accuracy` adds to what is allowed. `settings.max_ulps` limits it, roundings that repeat included.
    """
    fallback, allowance, before = limits.fallback[block], limits.gradients[block], truth
    if keep is not None:
        truth, allowance = project(truth, allowance, keep)
        answer = keep(answer)
    matters = interest(truth, dtype.name, fallback, settings.interest, allowance)
    if settings.accuracy is not None:
        size = np.maximum(np.abs(truth.middle), scale(truth, fallback))
        allowance = allowance + settings.accuracy * size
        matters = matters + 2 * settings.accuracy * size
    if settings.max_ulps is not None:
        peak = float(np.max(np.abs(truth.middle[truth.known]), initial=0.0)) or fallback
        allowance = np.minimum(allowance, settings.max_ulps * float(np.spacing(np.asarray(peak, dtype=dtype))))
    compared = judge(block, answer, truth, allowance, matters, fallback)
    if settings.max_ulps is not None:
        return compared

    def repeating(apart: Array) -> Array:
        if keep is None:
            return limits.repeating(block, apart)
        return project(before, limits.repeating(block), keep)[1]

    return settled(compared, repeating, fallback, limits.reach)
