"""The worst entry: of comparisons that may be right, and of one that is wrong, with the facts that a finding states."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from gradcheck.verdict.compare import Comparison, Entry, Worst, first_entry

TINY = float(np.finfo(float).tiny)


def worst_of(comparisons: Iterable[Comparison]) -> Worst | None:
    """The entry that comes closest to being wrong; None where nothing is known of any entry.

    Of entries that are equally far inside their allowance, the one that is off by the most ulps is the worst.
    """
    found = [c.worst for c in comparisons if c.worst is not None]
    return max(found, key=lambda w: (w.share, w.ulps), default=None)


def worst_wrong(comparison: Comparison, floor: float = TINY) -> Entry:
    """The wrong entry that exceeds its allowance by the largest factor; among entries that are not finite, if any are.

    `floor` is the least allowance by which a distance is divided.
    """
    bad = comparison.not_finite if np.any(comparison.not_finite) else comparison.wrong
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        excess = np.where(bad, comparison.distance / np.maximum(comparison.allowance, floor), -1.0)
    return tuple(int(i) for i in np.unravel_index(int(np.argmax(excess)), excess.shape))


def first_open(comparison: Comparison) -> Entry:
    """The first undecided entry."""
    return first_entry(comparison.open)


def facts_of_wrong(comparison: Comparison, floor: float = TINY) -> dict[str, Any]:
    """What a finding states of a block with wrong entries: the worst of them, and how many there are of how many."""
    at = worst_wrong(comparison, floor)
    return {
        "entry": list(at) or "",
        "subject": float(comparison.answer[at]),
        "truth": float(comparison.truth.told[at]),
        "distance": float(comparison.distance[at]),
        "allowed": float(comparison.allowance[at]),
        "wrong": int(np.sum(comparison.wrong)),
        "entries": int(comparison.answer.size),
    }


def code_of_wrong(comparison: Comparison) -> str:
    """The finding's code for a block with wrong entries: GC013 where some are not finite, else GC012."""
    return "GC013" if np.any(comparison.not_finite) else "GC012"


def facts_of_open(comparison: Comparison) -> tuple[str, dict[str, Any]]:
    """Code and facts of a block's first undecided entry: GC032 where estimates disagree, else GC031."""
    at = first_open(comparison)
    place = {"block": comparison.block, "entry": list(at) or ""}
    if comparison.truth.disputed[at]:
        return "GC032", {"oracles": "the estimated oracles", **place}
    radius, allowed = float(comparison.truth.radius[at]), float(comparison.allowance[at])
    facts = {**place, "bound": radius + allowed, "interest": float(comparison.interest[at])}
    if comparison.truth.proven[at] and radius <= comparison.interest[at]:  # the truth is known; rounding is in the way
        facts |= {"rounding": allowed, "dtype": comparison.answer.dtype.name}
    return "GC031", facts


def named(comparisons: Iterable[Comparison]) -> Worst | None:
    """The entry that the findings name: the worst one, or, where nothing is wrong, the first open one that is known."""
    every = list(comparisons)
    opened = next((c for c in every if np.any(c.open)), None)
    if opened is None or any(np.any(c.wrong) for c in every) or not opened.truth.known[at := first_open(opened)]:
        return worst_of(every)
    value, truth, allowed = float(opened.answer[at]), float(opened.truth.middle[at]), float(opened.allowance[at])
    distance = float(opened.distance[at])
    ulp = float(np.spacing(np.asarray(abs(truth), opened.answer.dtype)))
    return Worst(
        block=opened.block,
        entry=at,
        subject=value,
        truth=truth,
        radius=float(opened.truth.radius[at]),
        distance=distance,
        allowed=allowed,
        share=distance / allowed if allowed > 0 else 0.0,
        ulps=abs(value - truth) / ulp,
    )
