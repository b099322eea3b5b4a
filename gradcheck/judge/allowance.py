"""How far an answer may be off by honest rounding. Never taken from the subject's own answers.

Stochastic arithmetic replays the recorded forward and reverse sweep with every operation perturbed by a random unit
roundoff of the subject's dtype; the allowance is

    8 max(deviation_i, rms of the block's deviations) + change under one ulp of the inputs + 16 u s_b + 2 u |v_i|

and the smallest subnormal number per operation. Where no number system runs it is
max(64, number of operations) u max(|v_i|, s_b).

Roundings drawn at random add up like the root of their number; real ones may repeat (one constant added a thousand
times) and add up like the number itself. An entry beyond the allowance is therefore judged again with the bound of
first order for roundings that all repeat added to it (`repeated_rounding`), and wrong only beyond that. What is within
the smaller allowance needs no bound: it is right as closely as that says.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gradcheck.judge.graph_estimates import Gathered
from gradcheck.oracle.analysis import Analysis
from gradcheck.problem import Case
from gradcheck.verdict.compare import Comparison, Truth, judge, scale

Array = NDArray[Any]

STOCHASTIC = 8.0
"""Factor on the largest deviation observed over the stochastic runs."""
ROUNDINGS = 16
"""Number of roundings of the block's scale that are always allowed: far below every error of interest."""
CHEAP = 50_000
"""Maximum work, numbers of the record times entries of the gradient, that is done for an entry however wrong it is."""
UNSEEN = 1000.0
"""Factor for roundings that the few stochastic runs leave unseen, and for several roundings of one number."""
FEWEST = 64
"""Minimum number of operations that the allowance covers where it is counted and not measured."""


@dataclass(frozen=True)
class Allowances:
    """Allowance of the loss value (shape ()) and of each block's entries (the block's shape).

    `fallback` is |f| / max(1, |x_b|) per block: the scale that replaces s_b where a true gradient is zero. `analysis`
    is what measured them; None where they are counted, roundings that repeat included.
    """

    loss: Array
    gradients: Mapping[str, Array]
    fallback: Mapping[str, float]
    analysis: Analysis | None = None

    def repeating_loss(self, wanted: Array | None = None) -> Array:
        """What roundings that repeat may cost the loss besides; there is one entry, whatever is `wanted`."""
        return np.asarray(0.0) if self.analysis is None else self.analysis.repeating_value

    def repeating(self, block: str, wanted: Array | None = None) -> Array:
        """What they may cost a block's entries besides; NaN perhaps where an entry is not `wanted` (a mask)."""
        if self.analysis is None:
            return np.zeros_like(self.gradients[block])
        return self.analysis.repeating(list(self.gradients).index(block), wanted)

    @property
    def reach(self) -> float:
        """Factor on an allowance beyond which no bound for roundings that repeat leads; inf where bounds cost little.

        K roundings that all repeat are at most sqrt(K) times the root of the sum of their squares, which the allowance
        has measured. Where a gradient of 1,000 entries is wrong by far, finding the bounds took 90 % of the check.
        """
        if self.analysis is None:
            return math.inf
        _, numbers = self.analysis.computed
        asked = sum(part.size for part in self.gradients.values())
        return math.inf if asked * numbers <= CHEAP else UNSEEN * math.sqrt(numbers)

    def widened(self) -> dict[str, Array]:
        """Every block's allowance for roundings that repeat."""
        return {block: limit + self.repeating(block) for block, limit in self.gradients.items()}


def settled(
    comparison: Comparison, repeating: Callable[[Array], Array], fallback: float = 0.0, reach: float = math.inf
) -> Comparison:
    """The comparison; finite entries that are wrong are judged again with `repeating` of them added to their allowance.

    `repeating` takes a mask of the entries, and may give NaN for the others. An entry that is off by more than `reach`
    times its allowance stays wrong without it.

    Where that would be more than the error that matters, an answer closer to the truth than that is right all the same:
    whatever its error comes of, it is no mistake that matters. One further away stays open.
    """
    apart = comparison.wrong & ~comparison.not_finite
    if math.isfinite(reach):
        apart &= (comparison.allowance == 0) | (comparison.distance <= reach * comparison.allowance)
    if not np.any(apart):
        return comparison
    allowance = comparison.allowance + repeating(apart)
    matters = comparison.interest - comparison.truth.radius
    allowance = np.where(comparison.distance <= matters, np.minimum(allowance, matters), allowance)
    allowance = np.where(apart, np.maximum(allowance, comparison.allowance), comparison.allowance)
    return judge(comparison.block, comparison.answer, comparison.truth, allowance, comparison.interest, fallback)


def allowances(case: Case, gathered: Gathered, analysis: Analysis | None = None) -> Allowances:
    """What rounding in the case's dtype may cost on this graph at this point.

    It is measured by `analysis`, or else by that of `gathered`; without either it is counted.
    """
    graph, info = case.graph, np.finfo(case.dtype)
    u = float(info.eps) / 2
    operations = sum(math.prod(graph.shapes[i]) for i in range(len(graph)))
    analysis = analysis or gathered.analysis
    counted_loss = max(FEWEST, operations) * u * case.largest
    rounds_by = counted_loss if analysis is None else _spread(analysis)
    size = abs(float(gathered.loss.middle))
    if size <= rounds_by:  # a loss that is 0 up to rounding has no scale of its own
        size = case.largest or 1.0
    fallback = {block: size / max(1.0, euclidean(case.point[block])) for block in gathered.gradients}
    dtypes = [np.dtype(case.dtype)] * len(fallback)
    limits = of_blocks(gathered, analysis, fallback, operations, dtypes)
    loss = rounds_by
    if analysis is not None:
        loss = rounds_by + ROUNDINGS * u * size + operations * float(info.smallest_subnormal)
    return Allowances(np.asarray(loss), limits, fallback, analysis)


def _spread(analysis: Analysis) -> float:
    """What rounding may cost the loss, from stochastic runs; 0 where these were not made."""
    return 0.0 if analysis.rounding is None else STOCHASTIC * analysis.value_spread


def of_blocks(
    gathered: Gathered,
    analysis: Analysis | None,
    fallback: Mapping[str, float],
    operations: int,
    dtypes: Sequence[np.dtype[Any]],
) -> dict[str, Array]:
    """The allowance of each block's entries: by `analysis`, or counted; `dtypes` are those the answers come in."""
    limits = {}
    for k, (block, truth) in enumerate(gathered.gradients.items()):
        if analysis is not None:
            limits[block] = measured(analysis, k, truth, dtypes[k])
        else:
            limits[block] = counted(operations, truth, fallback[block], dtypes[k])
    return limits


def measured(analysis: Analysis, k: int, truth: Truth, dtype: np.dtype[Any]) -> Array:
    """The allowance of the k-th block, from stochastic runs; `dtype` is the one the block's answer comes in.

    Where these were not made it is the least that any runs give: enough to call an answer right, never wrong.
    """
    least = least_measured(truth.middle, scale(truth, 0.0), analysis.operations, dtype)
    if analysis.rounding is None:
        return least
    deviation, change = analysis.rounding.deviation[k], analysis.rounding.input_change[k]
    spread = np.maximum(deviation, _rms(deviation))  # entries of one block are rounded by the same sums
    return np.asarray(STOCHASTIC * spread + change + least)


def least_measured(true: Array, scale: Array | float, operations: int, dtype: np.dtype[Any]) -> Array:
    """The least allowance that any stochastic runs give, for true entries in blocks of this scale."""
    info = np.finfo(dtype)
    u = float(info.eps) / 2
    underflow = float(info.smallest_subnormal) * max(operations, 1)
    return np.asarray(2 * u * np.abs(true) + ROUNDINGS * u * scale + underflow)


def counted(operations: int, truth: Truth, fallback: float, dtype: np.dtype[Any]) -> Array:
    """The allowance of a block where nothing could be measured."""
    info = np.finfo(dtype)
    share = max(FEWEST, operations) * float(info.eps) / 2
    size = np.maximum(np.abs(truth.middle), scale(truth, fallback))
    return np.asarray(share * size + operations * float(info.smallest_subnormal))


def euclidean(x: ArrayLike) -> float:
    """The Euclidean norm, without overflow on the way; inf where it is beyond the largest float."""
    size = np.abs(np.asarray(x, dtype=np.float64))
    peak = float(np.max(size, initial=0.0))
    if not 0 < peak < np.inf:
        return peak
    with np.errstate(under="ignore"):
        share = float(np.linalg.norm(size / peak))
    return peak * share  # of Python's floats: inf without a warning


def _rms(a: Array) -> float:
    peak = float(np.max(a, initial=0.0))
    return peak * float(np.sqrt(np.mean(np.square(a / peak)))) if 0 < peak < np.inf else peak
