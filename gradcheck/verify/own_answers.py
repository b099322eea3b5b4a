"""What a backward pass tells about its mistake by its own answers alone: to other upstream gradients, to other luck."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from typing import Any

import numpy as np

from gradcheck.conventions.offer import Pair

Told = tuple[str, str]
"""Kind of mistake, and a sentence."""
_CLOSE = 1e-9
"""Relative difference of two answers that honest rounding may make."""


def told(pair: Pair) -> Told | None:
    """What is wrong with a backward pass that is known to be wrong, where its own answers tell."""
    if pair.told:
        return "stale", pair.told
    if pair.kind != "vjp" or pair.derivative is None:
        return None
    drawn = np.random.default_rng(3)
    try:
        outputs = _listed(pair.f(*pair.inputs))
        upstream = [np.asarray(drawn.uniform(0.5, 2.0, np.shape(part)) * drawn.choice([-1, 1])) for part in outputs]
        first = _answer(pair, upstream)
        with nullcontext() if pair.other_luck is None else pair.other_luck():
            again = _answer(pair, upstream)
        doubled, turned = (_answer(pair, [factor * c for c in upstream]) for factor in (2, -1))
    except Exception:  # it raises, and the check says so
        return None
    if not _same(first, again):
        return "mask-scale", "the backward pass draws random numbers anew: its mask is not the one of the forward pass"
    if _same([2 * np.asarray(g) for g in first], doubled) and not _same([-np.asarray(g) for g in first], turned):
        where = "the sign of the upstream gradient decides what comes back"
        return "branch", f"{where}: a condition looks at it, where it must look at what the forward pass saw"
    return None


def _answer(pair: Pair, cotangents: Sequence[Any]) -> Sequence[Any]:
    assert pair.derivative is not None, "a VJP"
    return _listed(pair.derivative(cotangents[0] if len(cotangents) == 1 else tuple(cotangents), *pair.inputs))


def _listed(parts: Any) -> Sequence[Any]:
    return parts if isinstance(parts, tuple) else (parts,)


def _same(one: Sequence[Any], other: Sequence[Any]) -> bool:
    return all(np.allclose(a, b, rtol=_CLOSE, atol=_CLOSE, equal_nan=True) for a, b in zip(one, other, strict=True))
