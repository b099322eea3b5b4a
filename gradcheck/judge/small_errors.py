"""Errors beyond rounding and far below what matters, of functions that approximate nothing: three tiers.

A mistake that reproduces the error makes it a wrong gradient (`small_causes`). Without one, an error below TINY of the
scale is worth a warning, and a larger one is left to whoever knows whether something is approximate on purpose.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from gradcheck.judge.approximate import TINY, digits, sizes
from gradcheck.judge.function_estimates import Evidence
from gradcheck.judge.settings import Settings
from gradcheck.verdict.compare import INTEREST, Comparison
from gradcheck.verdict.finding import Finding, finding

LARGEST = 1e-6
"""Minimum relative error that is always a mistake, unless `interest` says otherwise."""
OWN = 1e-3
"""Minimum error relative to the entry itself that is more than a warning, however large the other entries are."""

LESS_EXACT = "exact arithmetic would give {}: an iterative solver, a truncated series, a cancelling formula?"


def is_small(comparison: Comparison, settings: Settings) -> bool:
    """Whether all wrong entries are off by less than what matters.

    In float32 and float16, whose INTEREST is wider than LARGEST since rounding costs more there, it is LARGEST.
    """
    share = 1.0
    if settings.interest is None:
        share = min(1.0, LARGEST / INTEREST.get(comparison.answer.dtype.name, LARGEST))
    wrong = comparison.wrong
    inside = comparison.distance[wrong] <= share * comparison.interest[wrong]
    return bool(np.all(inside)) and not np.any(comparison.not_finite)


def unexplained(comparison: Comparison, evidence: Evidence, settings: Settings, facts: dict[str, Any]) -> Finding:
    """The finding about a block with small errors that no mistake is known to reproduce."""
    agree = digits(comparison, evidence)
    if _negligible(comparison, evidence, settings):
        most = round(-np.log10(np.finfo(comparison.answer.dtype).eps))
        return finding("GC092", **facts, digits=agree, why=LESS_EXACT.format(most), exact=True)
    stricter = f"{10.0 ** -(agree + 1):.0e}"
    return finding(
        "GC093", **facts, digits=agree, accuracy=f"{10.0**-agree:.0e}", interest=stricter, also="", exact=True
    )


def _negligible(comparison: Comparison, evidence: Evidence, settings: Settings) -> bool:
    """Whether a warning is enough: below TINY of the scale, or below what the caller says does not matter."""
    if settings.interest is not None:
        return True
    wrong, truth = comparison.wrong, np.abs(comparison.truth.middle)
    distance = comparison.distance[wrong]
    entry_itself = np.all((distance <= OWN * truth[wrong]) | (truth[wrong] == 0))
    return bool(np.all(distance <= TINY * sizes(comparison, evidence)[wrong]) and entry_itself)
