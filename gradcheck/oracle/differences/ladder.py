"""The ladder: windows at many scales, from which the derivative and a bound that holds are chosen.

A window that fits f down to rounding is believed once its fit predicts f at ever smaller steps too: some 30
evaluations. So is one whose misfit is noise: it stays in the next window, and f is torn between neighbouring floats.
Otherwise windows follow, each 8 times smaller, until none can do better; `weigh` then settles what they say.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from gradcheck.oracle.differences.stencil import SAFETY, Array
from gradcheck.oracle.differences.weigh import Slopes, weigh
from gradcheck.oracle.differences.window import QUIET, ROUNDING, Centre, Window

FIRST = 0.25
"""Half-width of the first window, relative to a component's scale."""

SHRINK = 8.0
"""Ratio of the widths of consecutive windows."""

RUNGS = 15
"""Maximum number of windows from the first one down; the last one is 2^-44 as wide."""

LEAST_SCALE = 2.0**-976
"""Minimum scale: below it the points of the last window would be subnormal numbers, or all be 0."""

ENOUGH = 1e-9
"""Bound on the error, relative to the derivative, at which no further window is tried."""

BLUNT = 1e-8
"""Bound on the error, relative to the mean slope, above which a window of rounding noise is widened."""

STAYS = 0.2
"""Minimum share of what is left over that remains in the next window where it is noise; at a kink it is 1/8."""

WIDENINGS = 10
"""Maximum number of times that a window is widened."""

UNMOVED = 4
"""The same for one in which f does not change at all, where the values of f are coarse (float32). In float64 its
bound is small already."""

COARSE = 2.0**-40
"""Minimum relative rounding of the values of f for them to be coarse."""


def ladder(g: Callable[[Any], Any], scale: float = 1.0, *, dtype: Any = np.float64, budget: float = np.inf) -> Slopes:
    """The derivative at 0 of a function of one real variable.

    Parameters
    ----------
    g: g(t) is a number or an array, always of one shape, which is flattened; t is a scalar of `dtype`. A value that is
        not finite counts as none.
    scale: a step over which g may change its shape.
    dtype: float64, or longdouble where g carries it.
    budget: no further window is begun once g ran so often.

    Returns
    -------
    Arrays of shape (n,), n the size of g's value.
    """
    curve = _Curve(g, np.dtype(dtype))
    centre = Centre(curve, curve.at(curve.dtype.type(0)))
    return climb(centre, np.full(len(centre.base), float(scale)), together=True, budget=budget)


class _Curve:
    """A `Sample` whose components are the entries of g(t)."""

    def __init__(self, g: Callable[[Any], Any], dtype: np.dtype[Any]) -> None:
        self.g, self.dtype, self.evaluations = g, dtype, 0

    def __call__(self, steps: Array, active: Array) -> tuple[Array, Array]:
        rows = [self.at(t) for t in steps[:, 0]]  # all components share their steps, or there is only one
        return steps, np.array(rows).reshape(len(steps), -1)[:, active]

    def at(self, t: Any) -> Array:
        self.evaluations += 1
        with np.errstate(all="ignore"):
            return np.array(self.g(t), self.dtype).ravel()


def climb(centre: Centre, scale: Array, *, together: bool = False, budget: float = np.inf) -> Slopes:
    """Derivatives of all components of `centre`.

    Parameters
    ----------
    scale: per component a step over which f may change its shape, such as |x|; shape (n,), > 0. Nothing is known of a
        component whose scale is not finite.
    together: the components are the outputs of one function of one variable: they share their steps.
    budget: no further window is begun once f ran so often; what was seen by then is weighed.
    """
    known = np.isfinite(centre.base)
    climber = _Climber(centre, np.flatnonzero(known), together)
    scale = np.asarray(scale, np.float64)
    step, hopeful = FIRST * np.maximum(scale, LEAST_SCALE), known & np.isfinite(scale)
    for _ in range(RUNGS):
        if not hopeful.any() or centre.sample.evaluations >= budget:
            break
        climber.look(step, hopeful)
        step = step / SHRINK
        with np.errstate(over="ignore"):
            least = SAFETY * climber.floor / step  # no smaller window has a better bound
        hopeful = hopeful & (climber.answer < 0) & ~(least >= climber.best)
    climber.widen(budget)
    return weigh(centre, climber.windows, climber.believed, climber.torn)


class _Climber:
    """The windows taken so far.

    Attributes
    ----------
    windows: in the order taken.
    believed: per window, the components for which it predicted what it was asked.
    torn: per window, the components for which its misfit is noise.
    answer: index of the window that answers a component well enough, -1 for none yet.
    floor: the smallest rounding of f seen, per component; 0 before any window.
    """

    def __init__(self, centre: Centre, known: Array, together: bool) -> None:
        self.centre, self.known, self.together = centre, known, together
        n = len(centre.base)
        self.windows: list[Window] = []
        self.believed: list[Array] = []
        self.torn: list[Array] = []
        self.answer = np.full(n, -1)
        self.floor = np.zeros(n)

    @property
    def best(self) -> Array:
        """The smallest bound of a window that is believed and fits f, per component."""
        bounds = [np.full(len(self.answer), np.inf)]
        for k, window in enumerate(self.windows):
            fits = self.believed[k] & (window.resolved | window.quiet | self.torn[k])
            bounds.append(np.where(fits, window.error, np.inf))
        return np.asarray(np.min(bounds, axis=0))

    def look(self, step: Array, wanted: Array) -> None:
        """Take a window for the components wanted, and settle whether what the one before left over was noise."""
        window = self._take(step, wanted)
        k = len(self.windows) - 1
        good = wanted & window.usable & (window.quiet | (window.error <= ENOUGH * np.abs(window.slope)))
        self._answers(k, good)
        if k:
            before = self.windows[k - 1]
            stays = (window.spread >= STAYS * before.spread) | (window.range == 0)
            asked = wanted & before.usable & ~before.quiet & window.usable & stays & ~np.any(self.torn, axis=0)
            self.torn[k - 1] = self._torn(before, asked)
            self._answers(k - 1, self.torn[k - 1] & (before.spread <= ROUNDING * before.peak))

    def widen(self, budget: float) -> None:
        """Larger windows where the first one is good but blunt, as long as they halve the bound.

        Not where it is torn: the mean slope of a staircase is not its slope.
        """
        if not self.windows:
            return
        wide, going = self.windows[0], (self.answer == 0) & ~self.torn[0]
        for k in range(WIDENINGS):
            varies = (wide.range > 0) | ((k < UNMOVED) & (wide.floor > COARSE * wide.peak))
            going = going & (self.best * wide.step > BLUNT * wide.range) & varies
            if not going.any() or self.centre.sample.evaluations >= budget:
                return
            before = self.best
            wide = self._take(wide.step * SHRINK, going)
            going = going & (self.best < before / 2)

    def _take(self, step: Array, wanted: Array) -> Window:
        window = self.centre.window(step, self.known if self.together else np.flatnonzero(wanted))
        self.windows.append(window)
        self.believed.append(window.usable & (window.lonely <= SAFETY))
        self.torn.append(np.zeros(len(wanted), bool))
        lower = np.where(self.floor > 0, np.minimum(self.floor, window.floor), window.floor)
        self.floor = np.where(window.usable, lower, self.floor)
        return window

    def _answers(self, k: int, good: Array) -> None:
        """Probe window k for the components for which it looks good."""
        if good.any():
            window = self.windows[k]
            asked = np.flatnonzero(window.usable if self.together else good)
            noise = np.where(self.torn[k], window.spread, np.minimum(window.spread, QUIET * window.floor))
            self.believed[k][asked] &= self.centre.misses(window, asked) <= SAFETY * noise[asked]
            self.answer[good & self.believed[k] & (self.answer < 0)] = k

    def _torn(self, window: Window, noisy: Array) -> Array:
        torn = np.zeros(len(noisy), bool)
        asked = np.flatnonzero(noisy)
        if self.together and len(asked) > 1:  # one stands for all: the outputs of one function share its noise
            asked = asked[[np.argmax(window.spread[asked])]]
        if len(asked):
            found = self.centre.torn(window, asked)
            torn[asked] = found
            if self.together and found[0]:
                torn = noisy
        return torn
