"""Exact relations between a wrong array and the right one: a factor, a transpose, a slice that is zero, and the like.

Pure comparison: a relation holds if it turns the right array into the wrong one within the tolerance of every entry.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.attribution.equals import another, one_number, where_flat
from gradcheck.attribution.factors import entrywise, multiples, one_sign
from gradcheck.attribution.known import CANCELLED, NOTHING, Known, Relation
from gradcheck.attribution.mistake import Mistake
from gradcheck.attribution.moves import moved
from gradcheck.attribution.own_rounding import rounded
from gradcheck.attribution.sums import summed
from gradcheck.attribution.terms import penalty_of_few, terms
from gradcheck.attribution.wrong_places import in_places

Array = NDArray[Any]


def relations(answer: Array, truth: Array, tolerance: Array, known: Known | None = None) -> Iterator[Relation]:
    """Every relation that turns `truth` into `answer`, as a clause about the gradient, the most telling first.

    What needs the fewest words to say comes first: a factor before other numbers, all entries before some of them, and
    the right one's own numbers before the arguments of f.

    Parameters
    ----------
    answer, truth, tolerance: float64 arrays of one shape.
    known: what else the answer may be related to.
    """
    about = Known() if known is None else known
    if answer.shape != truth.shape or not answer.size or not np.all(np.isfinite(answer)):
        return
    if not np.any(np.abs(truth) > tolerance):
        yield from where_flat(answer, tolerance, about)
        return
    if not np.any(answer):
        yield Relation(Mistake.ZERO, NOTHING)
        return
    if np.all(np.abs(answer) <= tolerance) and np.max(np.abs(answer)) < 1e-12 * np.max(np.abs(truth)):
        yield Relation(Mistake.ZERO, CANCELLED)
        return
    with np.errstate(all="ignore"):
        yield from rounded(answer, truth, tolerance)
        yield from multiples(answer, truth, tolerance, about)
        yield from another(answer, truth, tolerance, about)
        yield from one_sign(answer, truth, tolerance)
        yield from moved(answer, truth, tolerance, about)
        yield from summed(answer, truth, tolerance)
        yield from one_number(answer, truth, tolerance)
        yield from terms(answer, truth, tolerance, about)
        yield from entrywise(answer, truth, tolerance, about)
        if np.any(np.abs(answer - truth) <= tolerance):
            yield from penalty_of_few(answer, truth, tolerance, about)
        yield from in_places(answer, truth, tolerance, about)
