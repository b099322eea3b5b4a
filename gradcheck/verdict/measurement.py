"""What a verdict rests on, kept beside a result while a record is made: the truth, and how far off the answer is."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.problem.evaluations import counting
from gradcheck.verdict.compare import Comparison, Truth, ulp

if TYPE_CHECKING:
    from gradcheck.oracle.analysis import Analysis

Array = NDArray[Any]
_DIGITS = 16
"""Hexadecimal digits of a digest."""


@dataclass(frozen=True)
class Measurement:
    """What was known, and what was measured, on the way to a result.

    Attributes
    ----------
    truths: what the oracles together know of each block.
    between: at a kink, per block the least and the greatest of the derivatives around the point.
    ulps: per block, by how many units in the last place of its largest true entry the answer is off at most; inf where
        it is no number. A block is missing where no answer was compared entry by entry.
    allowed: per block, how many ulps honest rounding may cost, counted in the same way.
    dtypes: per block, the dtype of the answer.
    point: a digest of the values at which the derivative was asked for, and of the vector that it was multiplied by.
    """

    truths: Mapping[str, Truth]
    between: Mapping[str, tuple[Array, Array]]
    ulps: Mapping[str, float]
    allowed: Mapping[str, float]
    dtypes: Mapping[str, str]
    point: str


def measurement(
    truths: Mapping[str, Truth],
    analysis: Analysis | None,
    comparisons: Sequence[Comparison],
    point: Sequence[Any],
    dtype: str,
) -> Measurement | None:
    """The measurement of one trial; None unless evaluations are counted, which is when a record is made.

    `analysis` has the derivatives around a kink, each with one array per block, in the order of `truths`.
    """
    if not counting():
        return None
    found = {c.block: c for c in comparisons}
    known = {block: found[block].truth if block in found else truth for block, truth in truths.items()}
    alternatives = analysis.derivative.one_sided if analysis is not None and analysis.at_kink else ()
    sides = list(zip(*alternatives, strict=True)) if alternatives else []
    between = {
        block: (np.min(parts, axis=0), np.max(parts, axis=0)) for block, parts in zip(truths, sides, strict=False)
    }
    dtypes = {block: found[block].answer.dtype.name if block in found else dtype for block in truths}
    own = [found[block] for block in truths if block in found]
    ulps, allowed = ({c.block: _ulps(c, off) for c in own} for off in (_off, lambda c: c.allowance))
    return Measurement(known, between, ulps, allowed, dtypes, _digest(point))


def _ulps(comparison: Comparison, measure: Callable[[Comparison], Array]) -> float:
    """The largest of a block's entries of what is measured, in ulps of its largest true entry."""
    truth = comparison.truth
    sizes = np.abs(truth.middle[truth.known])
    peak = float(np.max(sizes, initial=0.0)) or _fallback(comparison)
    if not peak:
        return 0.0
    honest = np.isinf(comparison.answer) & (comparison.distance == 0)  # an overflow
    with np.errstate(invalid="ignore", over="ignore"):
        amounts = measure(comparison)[truth.known & ~honest]
    largest = float(np.max(np.where(np.isnan(amounts), np.inf, amounts), initial=0.0))
    return largest / float(ulp(peak, comparison.answer.dtype))


def _off(comparison: Comparison) -> Array:
    """How far each entry is from the truth."""
    truth, value = comparison.truth, comparison.answer.astype(np.float64)
    off = np.abs(value - truth.middle)
    if truth.digits is None:
        return off
    near, rest, narrow = truth.digits
    return np.where(np.isfinite(narrow), np.abs((value - near) - rest), off)


def _fallback(comparison: Comparison) -> float:
    """The size by which ulps are counted where the block's true gradient is zero."""
    worst = comparison.worst
    if worst is None or not worst.ulps or not np.isfinite(worst.ulps):
        return 0.0
    return abs(worst.subject - worst.truth) / worst.ulps / float(np.finfo(comparison.answer.dtype).eps)


def _digest(point: Sequence[Any]) -> str:
    """A digest of arrays, the same on every machine for the same values, shapes and dtypes."""
    digest = hashlib.sha256()
    for value in point:
        array = np.asarray(value)
        if array.dtype.kind in "fiub":
            digest.update(f"{array.dtype.str.lstrip('<>=|')}{array.shape}".encode())
            digest.update(np.ascontiguousarray(array.astype(array.dtype.newbyteorder("<"))).tobytes())
    return digest.hexdigest()[:_DIGITS]
