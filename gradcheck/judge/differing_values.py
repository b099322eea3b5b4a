"""An f whose value differs slightly from call to call: a solver that begins where it ended, threads that add up anew.

Its derivative is known no closer than such values tell. An answer that differences of them contradict grossly is wrong
all the same; of any other nobody can say so, whatever the trace of one call proves.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.errors import HarnessFault
from gradcheck.judge.function_differences import differenced
from gradcheck.judge.question import Reply
from gradcheck.oracle.estimate import Estimates
from gradcheck.problem.function import Product
from gradcheck.verdict.finding import Finding, finding

SLIGHT = 1e-3
"""Maximum difference of two values, relative to f's largest, for f to count as one function."""
GROSS = 0.01
"""Minimum distance of an answer from differences, relative to their largest, that such values cannot explain."""


def undecided(product: Product, reply: Reply, told: Finding) -> Finding | None:
    """GC118 for a finding GC021 about f's value; None where f is no function, or the answer is plainly wrong."""
    first, second = (float(told.facts[name]) for name in ("first", "second"))
    room = SLIGHT * _largest(product.outputs[0])
    if abs(first - second) > room or _drift(product) > room or _contradicted(product, reply):
        return None
    return finding("GC118", first=first, second=second)


def _drift(product: Product) -> float:
    """How far f's value is now from its first one; inf where it has another shape, or other entries are finite."""
    before, now = product.outputs[0], product.run_f()[0]
    if [a.shape for a in before] != [b.shape for b in now]:
        return np.inf
    if any(np.any(np.isfinite(a) != np.isfinite(b)) for a, b in zip(before, now, strict=True)):
        return np.inf
    with np.errstate(invalid="ignore"):
        return _largest([np.abs(a - b) for a, b in zip(before, now, strict=True)])


def _contradicted(product: Product, reply: Reply) -> bool:
    """Whether an entry of the answer is far from differences of f's values, beyond what these say of their error."""
    try:
        found, *_ = differenced(product)
    except HarnessFault:
        raise
    except (Exception, SystemExit):  # what f raises beside its point is no fact about its derivative
        return False
    if not isinstance(found, Estimates):
        return False
    parts = dict(zip(product.blocks, reply.parts, strict=True))
    values = [np.asarray(found.gradients[b].value, dtype=float) for b in found.gradients]
    size = _largest(values)
    for block, value in zip(found.gradients, values, strict=True):
        part = parts[block]
        answer = np.zeros(value.shape) if part is None else np.asarray(part, dtype=float)
        with np.errstate(invalid="ignore"):
            far = np.abs(answer - value) > np.maximum(found.gradients[block].error, GROSS * size)
        if np.any(far | ~np.isfinite(answer)):
            return True
    return False


def _largest(values: Sequence[NDArray[Any]]) -> float:
    """The largest magnitude of a finite entry."""
    return max((float(np.max(np.abs(v[np.isfinite(v)]), initial=0.0)) for v in values), default=0.0)
