"""Are a subject's wrong numbers those of float32 arithmetic? Then it may compute in float32 on purpose."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.verdict.compare import UNIT_ROUNDOFF, Comparison
from gradcheck.verdict.finding import Finding, finding

Array = NDArray[Any]

COARSER = UNIT_ROUNDOFF["float32"] / UNIT_ROUNDOFF["float64"]
"""Factor on what rounding may cost in float32: to first order it is proportional to the unit roundoff."""


def single_precision(dtype: str, compared: Sequence[Comparison]) -> Finding | None:
    """The finding that all wrong blocks of a float64 case are right to float32; None for any other case.

    Each of their entries is a float32 number within COARSER allowances of the truth (and of what float32 rounds to 0).
    It explains a failure and excuses none.
    """
    wrong = [c for c in compared if np.any(c.wrong)]
    if dtype != "float64" or not wrong or not all(map(_single, wrong)):
        return None
    return finding("GC081")


def short(answer: Array) -> bool:
    """Whether every entry is a float32 number."""
    with np.errstate(all="ignore"):
        return bool(np.all(answer.astype(np.float32).astype(np.float64) == answer))


def _single(block: Comparison) -> bool:
    allowed = COARSER * block.allowance + float(np.finfo(np.float32).smallest_normal)
    return short(np.asarray(block.answer)) and bool(np.all(block.distance <= allowed))
