"""What an explanation of an answer has to reproduce: how far it is off, in every block and entry."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.verdict.compare import Comparison

Array = NDArray[Any]


@dataclass(frozen=True)
class Discrepancy:
    """Answer minus truth.

    Attributes
    ----------
    off: per block, in longdouble.
    room: per block and entry, what rounding and the truth's own radius may have added to it.
    """

    off: tuple[Array, ...]
    room: tuple[Array, ...]

    @classmethod
    def of(cls, comparisons: Sequence[Comparison]) -> Discrepancy | None:
        """That of all blocks; None where some entry's truth is not known, or an answer is not finite."""
        if not comparisons or not all(np.all(c.truth.known) and np.all(np.isfinite(c.answer)) for c in comparisons):
            return None
        off = tuple(c.answer.astype(np.longdouble) - c.truth.middle for c in comparisons)
        return cls(off, tuple(np.maximum(c.allowance + c.truth.radius, np.finfo(float).tiny) for c in comparisons))

    @property
    def clear(self) -> float:
        """How many times its room the clearest entry is off: how closely an explanation has to fit."""
        return max(
            (float(np.max(np.abs(o) / r, initial=0.0)) for o, r in zip(self.off, self.room, strict=True)), default=0.0
        )

    def reproduced(self, before: Sequence[Array], after: Sequence[Array]) -> Array:
        """Per variant (the last axis), whether the change from `before` (one variant) to `after` is all that is off."""
        fits = np.ones(after[0].shape[-1], dtype=bool)
        with np.errstate(invalid="ignore"):
            for off, room, b, a in zip(self.off, self.room, before, after, strict=True):
                if a.shape[:-1] != off.shape:
                    return np.zeros_like(fits)
                near = np.abs(a - b[..., :1] - off[..., None]) <= 2 * room[..., None]
                fits &= np.all(near, axis=tuple(range(off.ndim)))
        return fits
