"""Do an answer and the oracles agree? Pure functions; they return the evidence whatever the outcome.

For one block, with oracle k's interval I_k = [v_k - e_k, v_k + e_k] per entry:

    truth     T = intersection of the proven I_k; of the estimated ones where nothing is proven
    wrong     distance(subject, T) > allowance                       (a non-finite subject value always is)
    right     not wrong, and half the width of T + allowance <= interest, or all of T within interest of the subject, if
              T is proven, the allowance finite and the dtype no float64, else within CLOSE u max(|v_i|, s_b) besides
    open      otherwise, and wherever the I_k do not meet and none is proven

`allowance` is what honest rounding may cost, `interest` the error that matters; both have the block's shape. Where
rounding may cost more than what matters, an answer can still turn out right: it lies closer to a proven truth than what
matters, or agrees with an estimated one to the last digits of its dtype.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gradcheck.errors import HarnessFault
from gradcheck.oracle.estimate import Along, Estimate, Kind

Array = NDArray[Any]
Mask = NDArray[np.bool_]
Entry = tuple[int, ...]

UNIT_ROUNDOFF = {name: float(np.finfo(name).eps) / 2 for name in ("float64", "float32", "float16")}
"""u of each dtype: half the distance from 1 to the next number."""

INTEREST = {"float64": 1e-6, "float32": 1e-4, "float16": 64 * UNIT_ROUNDOFF["float16"]}
"""Relative error that matters, by dtype. In float32 a sum of a hundred terms may cost 64 u (4e-6), so that nothing
longer could be decided; 1e-4 is the smallest error that matters there."""


FINITE = 1e-2
"""Relative radius of an unproven truth up to which it shows that there is a finite one: differences of f are numbers
where its slope is infinite, too, as beside 0 in x log x."""
CLOSE = 16
"""Units of roundoff of max(|v_i|, s_b) within which an answer is right to the last digits of its dtype."""


NEXT_TO_ZERO = 8 * float(np.finfo(np.float64).smallest_subnormal)
"""Half the width, at most, of an interval about 0 that is there because bounds are rounded outward."""


@dataclass(frozen=True)
class Truth:
    """What the oracles together know of one block.

    Attributes
    ----------
    lower, upper: float64, the block's shape: the truth lies between (infinite where nothing is known).
    proven: whether a proven oracle bounds the entry.
    disputed: estimated oracles disagree and nothing is proven.
    discarded: (estimated oracle, proven oracle, first entry) for each estimate that misses a proof.
    oracles: names of the oracles that bound at least one entry and were not discarded.
    digits: (value, rest, narrow) of the first proof that has more digits than float64: the truth is within `narrow` of
        value + rest, where that is finite. None without one.
    """

    lower: Array
    upper: Array
    proven: Mask
    disputed: Mask
    discarded: tuple[tuple[str, str, Entry], ...]
    oracles: tuple[str, ...]
    digits: tuple[Array, Array, Array] | None = None

    @cached_property
    def middle(self) -> Array:
        """The middle of each interval; 0 where nothing is known."""
        with np.errstate(invalid="ignore"):
            return np.where(self.known, self.lower + self._half, 0.0)

    @property
    def told(self) -> Array:
        """The middle, as people are told it: 0 where 0 is inside and no number of the interval is far from it."""
        near = (self.lower <= 0) & (self.upper >= 0) & (self._half <= NEXT_TO_ZERO)
        return np.where(near, 0.0, self.middle)

    @cached_property
    def radius(self) -> Array:
        """Half the width of each interval; inf where nothing is known."""
        with np.errstate(invalid="ignore"):
            return np.where(self.known, self._half, np.inf)

    @cached_property
    def _half(self) -> Array:
        return np.asarray(self.upper / 2 - self.lower / 2)  # upper - lower may overflow where this does not

    @cached_property
    def known(self) -> Mask:
        """Entries that some oracle bounds and none disputes."""
        return np.isfinite(self.lower) & np.isfinite(self.upper) & ~self.disputed


def intersect(estimates: Mapping[str, Estimate], shape: tuple[int, ...]) -> Truth:
    """The intersection of the oracles' intervals for one block.

    Raises HarnessFault, naming oracles and entry, when two proven intervals do not meet (DESIGN: oracles are on
    trial too), and for an estimate of another shape.
    """
    for name, e in estimates.items():
        if e.value.shape != shape:  # broadcasting would use one entry for many
            raise HarnessFault(f"{name} estimates an array of shape {e.value.shape}, expected {shape}")
    proven = {name: e for name, e in estimates.items() if e.kind is Kind.PROVEN}
    estimated = {name: e for name, e in estimates.items() if e.kind is Kind.ESTIMATED}
    lower, upper, known = _meet(proven, shape)
    if np.any(apart := known & (lower > upper)):
        at = first_entry(apart)
        numbers = "; ".join(f"{name} {e.value[at]!r} +- {e.error[at]:.3g}" for name, e in proven.items())
        raise HarnessFault(f"proven oracles do not meet at entry {at}: {numbers}")
    discarded = []
    for name in list(estimated):
        low, high = _interval(estimated[name])
        misses = known & ((low > upper) | (high < lower))
        if np.any(misses):
            at = first_entry(misses)
            witness = next(p for p, e in proven.items() if np.isfinite(e.error[at]))
            discarded.append((name, witness, at))
            del estimated[name]
    low, high, guessed = _meet(estimated, shape)
    disputed = ~known & guessed & (low > high)
    lower, upper = np.where(known, lower, low), np.where(known, upper, high)
    oracles = tuple(n for n, e in {**proven, **estimated}.items() if np.any(np.isfinite(e.error)) or not e.error.size)
    digits = next(
        ((e.value, e.rest, e.narrow) for e in proven.values() if e.rest is not None and e.narrow is not None), None
    )
    return Truth(lower, upper, known, disputed, tuple(discarded), oracles, digits)


def misses(truths: Mapping[str, Truth], along: Along) -> bool:
    """Whether a number along a direction lies outside of what the proven truths allow there.

    False where some entry that the direction moves is not proven. Raises HarnessFault when the number is proven, too.
    """
    middle = radius = slack = 0.0
    for block, direction in along.direction.items():
        truth, moved = truths[block], direction != 0
        if not np.all((truth.known & truth.proven)[moved]):
            return False
        terms = (truth.middle[moved] * direction[moved]).astype(np.longdouble)
        middle += float(np.sum(terms))
        radius += float(np.sum((truth.radius[moved] * np.abs(direction[moved])).astype(np.longdouble)))
        slack += float(np.sum(np.abs(terms))) * 2.0**-52
    room = radius + slack + 2.0**-52 * abs(middle) + float(along.estimate.error)
    distance = abs(middle - float(along.estimate.value))
    if not np.isfinite(room) or not np.isfinite(distance) or distance <= room:
        return False
    if along.estimate.kind is Kind.PROVEN:
        raise HarnessFault(
            f"along one direction the proven truth, {middle!r}, and {along.oracle}, {float(along.estimate.value)!r} "
            f"(proven), contradict each other: {distance:.3g} apart, at most {room:.3g} allowed"
        )
    return True


@dataclass(frozen=True)
class Worst:
    """The entry that comes closest to being wrong, or is the most wrong.

    `share` is distance / allowance; `ulps` the distance to the middle of the truth in units in the last place of the
    block's largest true entry, in the subject's dtype.
    """

    block: str
    entry: Entry
    subject: float
    truth: float
    radius: float
    distance: float
    allowed: float
    share: float
    ulps: float


@dataclass(frozen=True)
class Comparison:
    """The outcome for one block: masks of the block's shape, the worst entry, and what was compared with what."""

    block: str
    answer: Array
    truth: Truth
    allowance: Array
    interest: Array
    distance: Array
    wrong: Mask
    not_finite: Mask
    open: Mask
    worst: Worst | None

    @property
    def compared(self) -> int:
        """How many entries were decided."""
        return int(np.sum(~self.open))


def judge(
    block: str, answer: Array, truth: Truth, allowance: Array, interest: Array, fallback: float = 0.0
) -> Comparison:
    """Judge one block of the answer. All arrays have the block's shape; `answer` is in the subject's dtype.

    `fallback` is the scale by which ulps are counted where the block's true gradient is zero. An answer of another
    shape, which the protocol must have refused, raises HarnessFault.
    """
    if answer.shape != truth.lower.shape:
        raise HarnessFault(f"{block}: an answer of shape {answer.shape} cannot be judged by {truth.lower.shape}")
    dtype = answer.dtype if answer.dtype.kind == "f" else np.dtype(np.float64)
    value = answer.astype(np.float64)
    huge = float(np.finfo(dtype).max)
    with np.errstate(invalid="ignore", over="ignore"):
        # Beyond the dtype's range infinity of the right sign is the right answer.
        overflown = np.isinf(value) & (np.sign(value) * truth.middle > huge * (1 - np.finfo(dtype).eps))
        distance = np.maximum(np.maximum(truth.lower - value, value - truth.upper), 0.0)
        distance = np.where(overflown, 0.0, np.where(np.isnan(value), np.inf, distance))
        known = truth.known
        finite = np.isfinite(value) | overflown
        sure = truth.proven | (truth.radius <= FINITE * np.maximum(np.abs(truth.middle), scale(truth, fallback)))
        not_finite = known & ~finite & sure
        wrong = (known & finite & (distance > allowance)) | not_finite
        # What nobody knows is open however little matters: passing needs evidence.
        digits = CLOSE * float(np.finfo(dtype).eps) / 2
        smallest = float(np.finfo(dtype).smallest_normal)
        tight = digits * np.maximum(np.maximum(np.abs(truth.middle), scale(truth, 0.0)), smallest)
        # In float64 rounding is far below what matters, so that it explains no error of that size.
        few_digits = dtype.itemsize < 8
        near = np.where(few_digits & truth.proven & np.isfinite(allowance), interest, np.minimum(interest, tight))
        near = np.maximum(near, 4 * smallest)  # proofs end a little beyond the smallest normal number
        close = np.maximum(truth.upper - value, value - truth.lower) <= near
        undecided = ~wrong & ~(known & finite & (close | (truth.radius + allowance <= interest)))
    worst = _worst(block, value, truth, distance, allowance, undecided & ~known, dtype, fallback)
    return Comparison(block, answer, truth, allowance, interest, distance, wrong, not_finite, undecided, worst)


def interest(
    truth: Truth, dtype: str, fallback: float, relative: float | None = None, allowance: Array | None = None
) -> Array:
    """The error of interest: `relative`, by default INTEREST of the dtype, times max(|v_i|, s_b).

    A block that is zero up to rounding (no entry above its allowance) counts as zero.

    s_b is the root mean square of the block's true gradient, or `fallback` (|f| / max(1, |x_b|)) where that is 0.
    """
    share = INTEREST[dtype] if relative is None else relative
    # Below the smallest normal number every formula loses digits.
    smallest = float(np.finfo(dtype).smallest_normal)
    size = scale(truth, fallback)
    if allowance is not None and np.all(np.abs(truth.middle) <= allowance):
        size = max(size, fallback)
    return np.maximum(share * np.maximum(np.abs(truth.middle), size), smallest)


def scale(truth: Truth, fallback: float) -> float:
    """s_b: the root mean square of the block's known true entries, or `fallback` where that is 0."""
    values = truth.middle[truth.known]
    peak = float(np.max(np.abs(values), initial=0.0))
    rms = peak * float(np.sqrt(np.mean((values / peak) ** 2))) if peak > 0 else 0.0
    return rms if rms > 0 else fallback


def _interval(estimate: Estimate) -> tuple[Array, Array]:
    with np.errstate(over="ignore"):  # an interval may reach beyond the largest float
        # Two ulps of slack cover the rounding of these very subtractions.
        slack = estimate.error + 2 * ulp(estimate.value, np.dtype(np.float64))
        return estimate.value - slack, estimate.value + slack


def ulp(value: ArrayLike, dtype: np.dtype[Any]) -> Array:
    """The unit in the last place of `value` in `dtype`; beyond its range, and at its end, that of its last numbers."""
    below_largest = np.nextafter(np.finfo(dtype).max, 0, dtype=dtype)
    return np.asarray(np.spacing(np.minimum(np.abs(value), below_largest.astype(np.float64)).astype(dtype)))


def _meet(estimates: Mapping[str, Estimate], shape: tuple[int, ...]) -> tuple[Array, Array, Mask]:
    lower, upper = np.full(shape, -np.inf), np.full(shape, np.inf)
    for estimate in estimates.values():
        low, high = _interval(estimate)
        lower, upper = np.maximum(lower, low), np.minimum(upper, high)
    return lower, upper, np.isfinite(lower) & np.isfinite(upper)


def first_entry(mask: Mask) -> Entry:
    """The first entry at which the mask is true."""
    return tuple(int(i) for i in np.argwhere(mask)[0])


def _worst(
    block: str,
    value: Array,
    truth: Truth,
    distance: Array,
    allowance: Array,
    unknown: Mask,
    dtype: np.dtype[Any],
    fallback: float,
) -> Worst | None:
    if not value.size or np.all(unknown):
        return None
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        share = np.where(distance > 0, distance / allowance, 0.0)
        off = np.where(np.isinf(value) & (distance == 0), 0.0, np.abs(value - truth.middle))  # right overflow
        order = np.where(unknown, -1.0, share)
        flat = int(np.argmax(np.where(order == np.max(order), np.where(np.isnan(off), np.inf, off), -1.0)))
    at = tuple(int(i) for i in np.unravel_index(flat, value.shape))
    peak = float(np.max(np.abs(truth.middle[truth.known]), initial=0.0)) or fallback
    unit = float(ulp(peak, dtype))
    return Worst(
        block=block,
        entry=at,
        subject=float(value[at]),
        truth=float(truth.told[at]),
        radius=float(truth.radius[at]),
        distance=float(distance[at]),
        allowed=float(allowance[at]),
        share=float(share[at]),
        ulps=float(off[at]) / unit,
    )
