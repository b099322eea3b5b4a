"""One window: a slope and what is left over, for many components at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from gradcheck.oracle.differences.stencil import POINTS, PROBES, SAFETY, Array, Side, stencil

COARSEST = 2.0**-6
"""Maximum relative displacement of a point by rounding of its position in a window that is used."""

QUIET = 30.0
"""What is left over counts as rounding where it is at most this many times the rounding of the values of f."""

RESOLVED = 0.02
"""Maximum share of the range of f that is left over where the fit follows f."""

ROUNDING = 2.0**-21
"""Maximum noise, relative to f, that counts as rounding of a function that is meant to be smooth."""

TORN = 0.3
"""Minimum difference between f at neighbouring floats, relative to what is left over, where f is torn."""

BEAM, WIDE_DEPTH = 4, 30
"""Number of parts of a window that a search for tears follows, and the depth below which it follows one."""


class Sample(Protocol):
    """Values of f around a point."""

    @property
    def evaluations(self) -> int:
        """How often f itself was run."""
        ...

    def __call__(self, steps: Array, active: Array) -> tuple[Array, Array]:
        """f of each of the components `active` (indices, shape (m,)) at its own steps, shape (k, m).

        Returns the increments really added, `(x + step) - x`, and the values, both of shape (k, m); a value that
        cannot be had is not finite.
        """
        ...


@dataclass(frozen=True)
class Window:
    """What one window of half-width `step` shows of each of n components; all arrays have shape (n,).

    Attributes
    ----------
    step: half-width; the points lie within it.
    slope: derivative of the fit at the centre.
    error: its estimated bound; inf where the window could not be used.
    spread: standard deviation of what the fit left over, at least the rounding of f's values.
    floor: the rounding of f's values.
    peak: largest |f| in the window.
    range: largest minus smallest value of f in the window.
    lonely: by how much f(0) misses a fit to the other points, relative to what that leaves over: large where something
        narrow sits at the centre.
    values: values minus the central one, as they would be at the nominal points, shape (1 + POINTS, n).
    """

    step: Array
    slope: Array
    error: Array
    spread: Array
    floor: Array
    peak: Array
    range: Array
    lonely: Array
    values: Array

    @property
    def usable(self) -> Array:
        """Where the window was sampled to the end."""
        return np.isfinite(self.error)

    @property
    def resolved(self) -> Array:
        """Where the fit follows f closely, noise or not."""
        return self.spread <= RESOLVED * self.range

    @property
    def quiet(self) -> Array:
        """Where what is left over is what rounding of f's values leaves."""
        return self.spread <= QUIET * self.floor


class Centre:
    """f around one point: how to sample it, its value there, and how finely values are rounded.

    Parameters
    ----------
    sample: see `Sample`.
    base: f at the point, shape (n,), float64 or longdouble; decides the arithmetic.
    magnitude: size of what f rounds where that is more than f's own value (a sum that cancels), shape (n,).
    coarseness: unit roundoff of f's outputs relative to that of `base`, at least 1; shape (n,).
    """

    def __init__(
        self, sample: Sample, base: Array, magnitude: Array | float = 0.0, coarseness: Array | float = 1.0
    ) -> None:
        self.sample = sample
        self.base = np.asarray(base)
        self.dtype = self.base.dtype
        self.maps = stencil(self.dtype)
        self.unit = float(np.finfo(self.dtype).eps) / 2
        self.magnitude = np.broadcast_to(np.asarray(magnitude, np.float64), self.base.shape)
        self.coarseness = np.broadcast_to(np.asarray(coarseness, np.float64), self.base.shape)

    def window(self, step: Array, active: Array) -> Window:
        """The window of half-width `step`, shape (n,), for the components `active` (indices); others are unusable."""
        n = len(self.base)
        values = np.zeros((1 + POINTS, n), self.dtype)
        offset = np.zeros((1 + POINTS, n), self.dtype)
        alive = active
        for rows in (slice(1, 3), slice(3, 1 + POINTS)):  # the outermost two first: a domain that ends there costs two
            steps = self.maps.points[rows, None] * step[alive].astype(self.dtype)
            realised, sampled = self.sample(steps, alive)
            values[rows, alive] = sampled - self.base[alive]
            offset[rows, alive] = realised / step[alive] - self.maps.points[rows, None]
            fine = np.all(np.isfinite(values[rows, alive]), axis=0)
            alive = alive[fine & np.all(np.abs(offset[rows, alive]) <= COARSEST, axis=0)]
            if not len(alive):
                break
        return self._fit(step, values, offset, alive)

    def misses(self, window: Window, active: Array) -> Array:
        """How far changes of f from 0 to PROBES miss the fit, beyond what the bound allows; shape (len(active),).

        The largest of them; inf where f has no value. A smooth f is missed by its rounding, however much the fit leaves
        over at the ends of the window.
        """
        steps = np.array(PROBES, self.dtype)[:, None] * window.step[active]
        realised, sampled = self.sample(steps, active)
        predicted = (self.maps.predict - self.maps.centre) @ window.values[:, active]
        predicted += window.slope[active] * (realised - steps)
        with np.errstate(invalid="ignore"):
            miss = np.abs(sampled - self.base[active] - predicted) - window.error[active] * np.abs(steps)
        miss = miss.max(axis=0)
        return np.where(np.isfinite(miss), miss, np.inf).astype(np.float64)

    def torn(self, window: Window, active: Array) -> Array:
        """Where f steps, between two neighbouring floats, by about what the fit left over; shape (len(active),).

        Rounding noise is torn, of whatever size; a smooth function is not, however fast it varies. Noise too large for
        rounding has to show on both sides of the centre, so that a lone jump or pole is not taken for it.
        """
        left, right = np.split(np.argsort(self.maps.points), [POINTS // 2 + 1])
        small = (window.spread <= ROUNDING * window.peak)[active]
        torn = self._torn_among(window, active, right)
        again = torn ^ small  # settled where large noise is not seen, and where small noise is
        torn[again] = self._torn_among(window, active[again], left)
        return torn

    def _torn_among(self, window: Window, active: Array, rows: Array) -> Array:
        """Bisection between neighbours among these points, always into the parts over which f changes most.

        Several parts are followed at first: in a sawtooth the one that changes most need not hold the jump.
        """
        points, values = self.maps.points[rows, None] * window.step[active], window.values[:, active][rows]
        parts = np.stack([points[:-1], points[1:], values[:-1], values[1:]])  # low, high, and f there
        threshold, narrow = TORN * window.spread[active], 2.0**-46 * window.step[active]
        torn, moving = np.zeros(len(active), bool), np.ones(len(active), bool)
        for depth in range(60):
            changes = np.abs(parts[3] - parts[2])
            best = np.argsort(-changes, axis=0)[: BEAM if depth < WIDE_DEPTH else 1]
            parts = np.take_along_axis(parts, best[None], axis=1)
            moving &= ~torn & (np.take_along_axis(changes, best, axis=0)[0] >= threshold)
            k = np.flatnonzero(moving)
            if not len(k):
                break
            low, high, below, above = parts[:, :, k]
            middle = (low + high) / 2
            realised, sampled = self.sample(middle, active[k])
            value = sampled - self.base[active[k]]
            value = np.where(np.isfinite(value), value, below)
            whole = (realised <= low) | (realised >= high) | (high - low < narrow[k])
            torn[k] = np.any(whole & (np.abs(above - below) >= threshold[k]), axis=0)
            halves = np.zeros((4, 2 * len(parts[0]), len(active)), parts.dtype)
            halves[:, :, k] = np.concatenate([[low, middle, below, value], [middle, high, value, above]], axis=1)
            parts = halves
        return torn

    @np.errstate(all="ignore")  # values near the largest float: what overflows is inf, and bounds nothing
    def side(self, window: Window, side: Side) -> tuple[Array, Array, Array, Array]:
        """One-sided slope and its bound, one-sided limit of f(t) - f(0) and its bound; each of shape (n,)."""
        values = window.values[side.rows]
        spread = SAFETY * np.maximum(_rms(side.rest @ values), window.floor)
        slope = (side.slope @ values / window.step).astype(np.float64)
        limit = (side.limit @ values).astype(np.float64)
        return slope, side.slope_norm * spread / window.step, limit, side.limit_norm * spread

    @np.errstate(all="ignore")
    def _fit(self, step: Array, values: Array, offset: Array, alive: Array) -> Window:
        dead = np.ones(len(step), bool)
        dead[alive] = False
        values[:, dead], offset[:, dead] = 0, 0
        raw, maps = values, self.maps
        for _ in range(3 if np.abs(offset).max(initial=0) > 4 * self.unit else 0):
            values = raw - (maps.slopes @ values) * offset  # what f would be at the nominal points
        peak = np.maximum(np.abs(raw + self.base).max(axis=0).astype(np.float64), self.magnitude)
        unit = np.maximum(np.where(_is_single(raw + self.base), 2.0**-24, 0.0), self.unit * self.coarseness)
        floor = unit * peak / 2 + float(np.finfo(np.float64).smallest_subnormal)
        rest, centre = maps.rest @ values, maps.rest[:, 0]
        spread = np.maximum(_rms(rest), floor)
        outlier = centre @ rest / (centre @ centre)
        lonely = np.abs(outlier).astype(np.float64) / np.maximum(_rms(rest - centre[:, None] * outlier), floor)
        error = SAFETY * maps.slope_norm * spread / step
        slope = maps.slope @ values / step
        error[dead | ~np.isfinite(slope) | ~(error < np.inf)] = np.inf
        range_ = np.ptp(raw, axis=0).astype(np.float64)
        return Window(step, slope, error, spread, floor, peak, range_, lonely, values)


def _rms(rest: Array) -> Array:
    """Root mean square down the columns, without overflow."""
    largest = np.abs(rest).max(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        scaled = np.where(largest > 0, rest / largest, 0)
    return np.asarray(np.sqrt(np.mean(scaled * scaled, axis=0)) * largest, np.float64)


def _is_single(values: Array) -> Array:
    """Columns that were computed in float32: they fit its 24 bits, and do not all fit 12 (as 2 or 0.75 would)."""
    with np.errstate(all="ignore"):
        fits = np.all(values == values.astype(np.float32), axis=0)
        fraction = np.ldexp(np.frexp(values)[0], 12)
    return np.asarray(fits & np.any(fraction != np.floor(fraction), axis=0))
