"""What a backward pass tells about its mistake by its own answers alone: to other upstream gradients, to other luck."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from gradcheck.subject.conventions.foreign_calls import ForeignCalls

Told = tuple[str, str]
"""Kind of mistake, and a sentence."""
_CLOSE = 1e-9
"""Relative difference of two answers that honest rounding may make."""


def told(calls: ForeignCalls, answer: Callable[[Sequence[Any]], Sequence[Any]], outputs: Sequence[Any]) -> Told | None:
    """What is wrong with a backward pass that is known to be wrong, where its own answers tell.

    Parameters
    ----------
    answer: `answer(cotangents)`, the gradients; with `calls.luck` changed, under other random numbers on the way back.
    outputs: of the forward pass; they tell the shapes of cotangents.
    """
    drawn = np.random.default_rng(3)
    upstream = [np.asarray(drawn.uniform(0.5, 2.0, np.shape(part)) * drawn.choice([-1, 1])) for part in outputs]
    try:
        first = answer(upstream)
        with calls.other_luck():
            again = answer(upstream)
        doubled, turned = answer([2 * c for c in upstream]), answer([-c for c in upstream])
    except Exception:  # it raises, and the check says so
        return None
    if not _same(first, again):
        return "mask-scale", "the backward pass draws random numbers anew: its mask is not the one of the forward pass"
    if _same([2 * np.asarray(g) for g in first], doubled) and not _same([-np.asarray(g) for g in first], turned):
        where = "the sign of the upstream gradient decides what comes back"
        return "branch", f"{where}: a condition looks at it, where it must look at what the forward pass saw"
    return None


def _same(one: Sequence[Any], other: Sequence[Any]) -> bool:
    return all(np.allclose(a, b, rtol=_CLOSE, atol=_CLOSE, equal_nan=True) for a, b in zip(one, other, strict=True))
