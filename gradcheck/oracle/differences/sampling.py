"""How a ladder sees a function of arrays: entry by entry, or along a direction."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from gradcheck.oracle.differences.blackbox import BlackBox
from gradcheck.oracle.differences.stencil import Array
from gradcheck.problem.function import laid_out

FARTHEST = 2.0**20
"""Maximum scale of an entry among far larger ones, in units of its own size or 1: a ladder's last window is 2^-44 of
it."""
LEAST_SHARED = 2.0**-500
"""Minimum size of an entry that a step along a direction takes into account."""


def entry_scales(x: Array) -> Array:
    """Steps over which f may change its shape as an entry of x moves; shape of x, float64.

    An entry's own size, but not far below the root mean square of its array: among entries near 1 a tiny one is an
    accident. Nor is it beyond `FARTHEST`, from where even the smallest window would be too large. 1 where all are 0.
    """
    size = np.where(np.isfinite(x), np.abs(x), 0).astype(np.float64)
    largest = float(size.max(initial=0.0))
    if not largest:
        return np.ones_like(size)
    rms = largest * float(np.sqrt(np.mean((size / largest) ** 2)))
    return np.maximum(size, np.minimum(rms / 8, FARTHEST * np.clip(size, 1.0, 2.0**1000)))


class Weighing:
    """Outputs turned into one number by a cotangent, summed in longdouble.

    `cotangents` are arrays that fit the box's outputs one by one.
    """

    def __init__(self, box: BlackBox, cotangents: Sequence[Array]) -> None:
        self._box = box
        self._weights = [np.asarray(c).astype(np.longdouble) for c in cotangents]
        self._bare = len(self._weights) == 1 and self._weights[0].size == 1 and bool(np.all(self._weights[0] == 1))
        self.base = np.array([self(box.outputs)])
        self.magnitude, self.coarseness = self._rounded()

    def __call__(self, outputs: Sequence[Array] | None) -> Array:
        """The number, as an array of the box's dtype, shape (); NaN for no outputs."""
        if outputs is None:
            return np.array(np.nan, self._box.dtype)
        if self._bare:
            return outputs[0].reshape(()).astype(self._box.dtype)
        with np.errstate(invalid="ignore", over="ignore"):
            parts = [np.sum(w * o) for w, o in zip(self._weights, outputs, strict=True)]
            return np.asarray(np.sum(parts)).astype(self._box.dtype)

    @np.errstate(over="ignore", invalid="ignore")
    def _rounded(self) -> tuple[float, float]:
        """Root of the sum of squares of what is added up, and the coarseness of its rounding (see `Centre`)."""
        sizes = [np.abs(w * o).ravel() for w, o in zip(self._weights, self._box.outputs, strict=True)]
        coarse = [np.full(o.size, coarseness(o, self._box.dtype)) for o in self._box.outputs]
        size, by = np.concatenate(sizes or [np.zeros(0)]), np.concatenate(coarse or [np.ones(0)])
        largest = size.max(initial=0)
        if not 0 < largest < np.inf:
            return 0.0, float(by.max(initial=1.0))
        share = (size / largest) ** 2
        total = float(np.sum(share))
        return float(largest * np.sqrt(total)), float(np.sqrt(float(np.sum(share * by**2)) / total))


def coarseness(output: Array, dtype: np.dtype[Any]) -> float:
    """Unit roundoff of the output's dtype relative to that of `dtype`, at least 1."""
    own = float(np.finfo(dtype).eps)
    return max(float(np.finfo(output.dtype).eps) / own, 1.0) if output.dtype.kind == "f" else 1.0


class Entries:
    """A `Sample`: each component is one entry of the inputs `wrt`, moved alone.

    Attributes
    ----------
    places: input and flat index of each component, in order.
    scales: per component, shape (n,).
    """

    def __init__(self, box: BlackBox, wrt: Sequence[int], weigh: Weighing) -> None:
        self._box, self._weigh = box, weigh
        self.places = [(b, i) for b in wrt for i in range(box.inputs[b].size)]
        scales = [entry_scales(box.inputs[b]).ravel() for b in wrt]
        self.scales = np.concatenate(scales) if scales else np.zeros(0)

    @property
    def evaluations(self) -> int:
        """How often f was called so far."""
        return self._box.evaluations

    def __call__(self, steps: Array, active: Array) -> tuple[Array, Array]:
        realised, values = np.empty_like(steps), np.empty_like(steps)
        for column, component in enumerate(active.tolist()):
            block, flat = self.places[component]
            inputs = list(self._box.inputs)
            x = inputs[block]
            at = np.unravel_index(flat, x.shape)
            if not np.isfinite(x[at]):  # no step moves it
                realised[:, column] = values[:, column] = np.nan
                continue
            for row, step in enumerate(steps[:, column]):
                moved = x.copy(order="K")
                moved[at] += step
                inputs[block] = moved
                realised[row, column] = moved[at] - x[at]
                values[row, column] = self._weigh(self._box(inputs))
        return realised, values


class Along:
    """A `Sample`: f's outputs, flattened (or one number, with `weigh`), as x moves along a direction.

    Rounding of x + t u to floats moves single entries by up to half a unit; with irregular points it is noise like any
    other and measured as such, so the derivative is along u exactly.

    Attributes
    ----------
    base: f at the point, shape (n,).
    magnitude, coarseness: see `Centre`.
    scale: a step along the direction that moves entries by about their own size.
    """

    def __init__(self, box: BlackBox, direction: Sequence[Array], weigh: Weighing | None) -> None:
        self._box, self._weigh = box, weigh
        self._direction = [
            laid_out(x, u) if x.dtype.kind == "f" else np.asarray(u).astype(box.dtype)
            for x, u in zip(box.inputs, direction, strict=True)
        ]
        self.base = self._flat(box.outputs) if weigh is None else weigh.base
        self.magnitude: Array | float = np.abs(self.base).astype(np.float64) if weigh is None else weigh.magnitude
        self.coarseness: Array | float = self._coarseness() if weigh is None else weigh.coarseness
        shares = [
            (u[u != 0].astype(np.float64) / np.maximum(entry_scales(x)[u != 0], LEAST_SHARED))
            for x, u in zip(box.inputs, self._direction, strict=True)
            if x.dtype.kind == "f"
        ]
        share = np.concatenate(shares) if shares else np.zeros(0)
        largest = float(np.max(np.abs(share), initial=0.0))
        self.scale = 1 / largest / float(np.sqrt(np.mean((share / largest) ** 2))) if largest else 1.0

    @property
    def evaluations(self) -> int:
        """How often f was called so far."""
        return self._box.evaluations

    def __call__(self, steps: Array, active: Array) -> tuple[Array, Array]:
        values = np.empty_like(steps)
        if steps.shape[1] == 1:  # one number has one step (sorting it out took a quarter of a run of f)
            for row in range(len(steps)):
                values[row] = self._at(steps[row, 0])[active]
            return steps, values
        for row in range(len(steps)):
            different, which = np.unique(steps[row], return_inverse=True)
            answers = [self._at(t) for t in different]
            values[row] = np.array(answers)[which, active]
        return steps, values

    def _at(self, t: Array) -> Array:
        with np.errstate(over="ignore"):  # beyond the largest number f has no value
            moved = [
                x + t * u if x.dtype.kind == "f" else x for x, u in zip(self._box.inputs, self._direction, strict=True)
            ]
        outputs = self._box(moved)
        if self._weigh is not None:
            return self._weigh(outputs).reshape(1)
        return np.full_like(self.base, np.nan) if outputs is None else self._flat(outputs)

    def _flat(self, outputs: Sequence[Array]) -> Array:
        return np.concatenate([o.ravel().astype(self._box.dtype) for o in outputs] or [np.zeros(0, self._box.dtype)])

    def _coarseness(self) -> Array:
        return np.concatenate(
            [np.full(o.size, coarseness(o, self._box.dtype)) for o in self._box.outputs] or [np.ones(0)]
        )
