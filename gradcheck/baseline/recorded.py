"""One case of a baseline: its exact gradients, how far off the answer was, and how often derivative and f ran."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.baseline.thirty_digits import ball, between
from gradcheck.problem.evaluations import Evaluations
from gradcheck.verdict.compare import Truth
from gradcheck.verdict.result import Result

Array = NDArray[Any]

MOST_ENTRIES = 1_000
"""Entries up to which a block is recorded entry by entry; of a larger one, sums are."""
SUMS = 4
"""How many sums of a large block are recorded, each with weights of its own: a change of any entry shows in each."""
INFINITE = "inf"


@dataclass(frozen=True)
class Block:
    """One input or parameter array.

    Attributes
    ----------
    dtype: that of the answer.
    shape: the array's.
    ulps: by how many units in the last place of the largest true entry the answer is off at most; inf where it is no
        number, None where it was not compared entry by entry.
    allowed: how many ulps honest rounding may cost, counted in the same way; None as `ulps`.
    proven: whether every number is proven; else some are estimated.
    values: per entry, in C order, `VALUE +- RADIUS`, at a kink `LOW .. HIGH`, or None where nothing is known; () for a
        large block.
    sums: weighted sums of a large block's entries, in the same form.
    """

    dtype: str
    shape: tuple[int, ...]
    ulps: float | None
    allowed: float | None
    proven: bool
    values: tuple[str | None, ...] = ()
    sums: tuple[str | None, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """As in the file."""
        ulps, allowed = (INFINITE if n is not None and math.isinf(n) else n for n in (self.ulps, self.allowed))
        numbers = {"sums": list(self.sums)} if self.sums else {"values": list(self.values)}
        off = {"ulps": ulps, "allowed": allowed}
        return {"dtype": self.dtype, "shape": list(self.shape), **off, "proven": self.proven, **numbers}


@dataclass(frozen=True)
class Recorded:
    """One case.

    Attributes
    ----------
    verdict: of the run that recorded it.
    seed: that of a generated case; else None.
    point: a digest of the values at which the derivative was asked for.
    derivative_calls: how often the derivative, or the engine, was asked.
    f_calls: how often f ran; None for a case of a suite, which has no f.
    blocks: by name.
    """

    verdict: str
    seed: int | None
    point: str
    derivative_calls: int
    f_calls: int | None
    blocks: Mapping[str, Block]

    def to_dict(self) -> dict[str, Any]:
        """As in the file."""
        return {
            "verdict": self.verdict,
            "seed": self.seed,
            "point": self.point,
            "evaluations": {"derivative": self.derivative_calls, "f": self.f_calls},
            "gradients": {name: block.to_dict() for name, block in self.blocks.items()},
        }


def recorded(result: Result, evaluations: Evaluations) -> Recorded:
    """What is recorded of a result that was found while evaluations were counted."""
    known = result.measurement
    blocks = {}
    if known is not None:
        for name, truth in known.truths.items():
            off = _short(known.ulps.get(name)), _short(known.allowed.get(name))
            blocks[name] = _block(truth, known.between.get(name), off, known.dtypes[name])
    f_calls = None if result.checked is None else evaluations.f
    point = known.point if known is not None else ""
    return Recorded(str(result.verdict), result.seed, point, evaluations.derivative, f_calls, blocks)


def _short(ulps: float | None) -> float | None:
    return None if ulps is None else float(f"{ulps:.3g}")


def _block(
    truth: Truth, sides: tuple[Array, Array] | None, off: tuple[float | None, float | None], dtype: str
) -> Block:
    shape = truth.lower.shape
    proven = bool(np.all(truth.proven)) or sides is not None
    value, rest, narrow = _parts(truth)
    if truth.lower.size > MOST_ENTRIES:
        return Block(dtype, shape, *off, proven, sums=_sums(value, narrow) if sides is None else (None,) * SUMS)
    if sides is not None:
        low, high = (side.ravel().tolist() for side in sides)
        return Block(dtype, shape, *off, proven, tuple(map(between, low, high)))
    rows = zip(value.ravel().tolist(), rest.ravel().tolist(), narrow.ravel().tolist(), strict=True)
    return Block(dtype, shape, *off, proven, tuple(ball((v, r), n) for v, r, n in rows))


def _parts(truth: Truth) -> tuple[Array, Array, Array]:
    """Each entry in two floats, and a bound on what is left; infinite where nothing is known."""
    value, rest, narrow = truth.middle, np.zeros(truth.lower.shape), truth.radius
    if truth.digits is None:
        return value, rest, narrow
    known = np.isfinite(truth.digits[2])
    near, after, left = truth.digits
    return np.where(known, near, value), np.where(known, after, rest), np.where(known, left, narrow)


def _sums(value: Array, radius: Array) -> tuple[str | None, ...]:
    """Sums of all entries, each times a weight between 1 and 2 that its number gives it."""
    flat, around = value.ravel(), radius.ravel()
    numbers = np.arange(flat.size, dtype=np.uint64)
    sums = []
    for k in range(SUMS):
        hashed = (numbers * np.uint64(2_654_435_761) + np.uint64(k * 40_503 + 1)) * np.uint64(2_246_822_519)
        weights = 1.0 + (hashed >> np.uint64(11)).astype(np.float64) * 2.0**-53
        with np.errstate(all="ignore"):
            terms, slack = flat * weights, around * weights
            bound = float(np.sum(slack)) + 2.0**-51 * float(np.sum(np.abs(terms)))
        sums.append(ball((_total(terms),), bound))
    return tuple(sums)


def _total(terms: Array) -> float:
    finite: Sequence[float] = terms.tolist()
    return math.fsum(finite) if all(map(math.isfinite, finite)) else math.nan
