"""Loops that end on a comparison: does the truth come closer to the answer when they run on?"""

from __future__ import annotations

import numpy as np

from gradcheck.errors import GradcheckError
from gradcheck.judge.function_estimates import Evidence
from gradcheck.verdict.compare import Comparison

ITERATIONS = 3
CLOSER = 0.5
"""The discrepancy has to fall to this share to count as shrinking."""


def shrinks(comparison: Comparison, evidence: Evidence) -> bool:
    """Whether the wrong entries' discrepancies shrink when the function's loops run on for a few more iterations."""
    if evidence.analysis is None:
        return False
    product = evidence.product
    try:
        derivative = evidence.analysis.prolonged(ITERATIONS)
    except GradcheckError:  # a longer run may leave what can be traced
        return False
    if derivative is None:
        return False
    part = derivative.parts[product.blocks.index(comparison.block)]
    wrong = comparison.wrong
    with np.errstate(invalid="ignore"):
        before = np.abs(comparison.answer.astype(float) - comparison.truth.middle)[wrong]
        after = np.abs(comparison.answer.astype(float) - part.midpoint)[wrong] - part.radius[wrong]
    return bool(np.all(np.isfinite(before)) and np.all(after <= CLOSER * before))
