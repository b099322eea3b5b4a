"""Loops that end on a comparison: does the truth come closer to the answer when they run on?"""

from __future__ import annotations

from functools import partial

import numpy as np

from gradcheck.errors import GradcheckError
from gradcheck.judge.function_estimates import Evidence
from gradcheck.problem.time_limit import in_time
from gradcheck.verdict.compare import Comparison

ITERATIONS = 3
"""Number of turns by which loops run on."""
SHARE = 0.5
"""Maximum share of the time left: without an answer, what was found wrong stays wrong."""
CLOSER = 0.5
"""The discrepancy has to fall to this share to count as shrinking."""


def shrinks(comparison: Comparison, evidence: Evidence) -> bool:
    """Whether the wrong entries' discrepancies shrink when the function's loops run on for a few more iterations."""
    if evidence.analysis is None:
        return False
    product = evidence.product
    try:
        derivative = in_time(SHARE, partial(evidence.analysis.prolonged, ITERATIONS), lambda: None)
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
