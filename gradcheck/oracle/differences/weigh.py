"""From the windows of a ladder to one derivative and its bound: what refutes what, and what no window can settle.

- A window is refuted by a smaller one that disagrees by more than the noise of either explains: something local that
  its points stepped over.
- Small windows may agree with each other and be wrong: where a sum inside f rounds to a coarse grid, f looks smooth
  between two of its steps. So noise that a larger window sees counts in the smaller ones as well, unless it is too
  coarse to be rounding; then the bound covers both.
- Where f has one-sided slopes that differ, or a step, at every scale, there is no derivative: the bound is inf, and the
  one-sided slopes are reported.
- Where f is not resolved at any scale, and not noise, the bound is inf; so it is where noise too large for rounding
  hides how f varies.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from gradcheck.oracle.differences.stencil import Array
from gradcheck.oracle.differences.window import ROUNDING, Centre, Window


@dataclass(frozen=True)
class Slopes:
    """Derivatives of n components at the point; all arrays have shape (n,) and dtype float64 (flags: bool).

    Attributes
    ----------
    value: the derivative; 0 where `error` is inf.
    error: estimated bound of its distance to the true derivative; inf where nothing can be told.
    kink, jump: where one-sided slopes differ, and where f itself has a step, at every scale that can be seen.
    left, right: one-sided slopes at a kink, NaN elsewhere.
    noise: standard deviation of what the chosen window's fit left over: f's noise, truncation included.
    step: half-width of that window.
    evaluations: how often f was run.
    """

    value: Array
    error: Array
    kink: Array
    jump: Array
    left: Array
    right: Array
    noise: Array
    step: Array
    evaluations: int


@np.errstate(all="ignore")
def weigh(centre: Centre, windows: Sequence[Window], believed: Sequence[Array], torn: Sequence[Array]) -> Slopes:
    """Choose per component among `windows`; per window, for which components it predicted well, and where f is torn."""
    n = len(centre.base)
    if not windows or not n:
        no, nan, unknown = np.zeros(n, bool), np.full(n, np.nan), np.full(n, np.inf)
        return Slopes(np.zeros(n), unknown, no, no, nan, nan, unknown, nan, centre.sample.evaluations)
    order = np.argsort([-w.step[0] for w in windows])  # all components share the ratios of their steps
    ladder = [windows[k] for k in order]
    noise = np.array([np.where(torn[k], windows[k].spread, 0) for k in order])
    own = np.array([w.error for w in ladder])
    valid, disputes = _refute(ladder, np.array([believed[k] for k in order]), noise)
    errors = np.where(valid, _inherit(ladder, noise), np.inf)
    chosen = np.argmin(errors, axis=0)
    at = (chosen, np.arange(n))

    def pick(name: str) -> Array:
        return np.asarray(np.array([getattr(w, name) for w in ladder])[at])

    value, error = pick("slope"), errors[at]
    for small, large, where in disputes:  # neither can be told to be the wrong one: cover both
        both = np.abs(ladder[small].slope - ladder[large].slope) + np.maximum(own[small], own[large])
        error = np.where(where & ((chosen == small) | (chosen == large)), np.maximum(error, both), error)
    # Noise far above rounding that hides how f varies: sin(x) between the floats near 1e30 has a mean slope of 1e-30.
    hidden = (noise[at] > 0) & ~pick("resolved") & (pick("spread") > ROUNDING * pick("peak"))
    smallest = len(ladder) - 1 - np.argmax([w.usable for w in ladder[::-1]], axis=0)
    rough = ~pick("quiet") & ~pick("resolved") & (noise[at] == 0) & (chosen != smallest)
    unquiet = np.any([w.usable & ~w.quiet for w in ladder], axis=0)
    kink, jump, left, right = _breaks(centre, ladder, unquiet & np.all(noise == 0, axis=0))
    error = error + np.abs(value) * 2.0**-53  # its own rounding to float64
    error = np.where(rough | hidden | kink | jump, np.inf, error).astype(np.float64)
    value = np.where(np.isfinite(error), value, 0).astype(np.float64)
    spread, step = pick("spread"), pick("step")
    return Slopes(value, error, kink, jump, left, right, spread, step, centre.sample.evaluations)


def _refute(ladder: Sequence[Window], valid: Array, noise: Array) -> tuple[Array, list[tuple[int, int, Array]]]:
    """Which windows no other refutes; and the pairs (smaller, larger, where) that stay in dispute."""
    disputes = []
    for large, small in combinations(range(len(ladder)), 2):
        a, b = ladder[large], ladder[small]
        gap = np.abs(a.slope - b.slope)
        shaken = np.fmax(b.error, b.error * (a.spread / b.spread))  # inf where unusable, and refutes nothing
        valid[large] &= ~(b.usable & (gap > a.error + shaken))
        rounding = (noise[large] > 0) & (a.spread <= ROUNDING * a.peak)
        apart = a.usable & b.usable & (a.resolved | (noise[large] > 0)) & (gap > a.error + b.error)
        disputes.append((small, large, apart & ~rounding))
    return valid, [(small, large, where & valid[large]) for small, large, where in disputes]


def _inherit(ladder: Sequence[Window], noise: Array) -> Array:
    """Bounds of the windows with the noise that larger windows see, shape (windows, n)."""
    levels = np.maximum.accumulate(noise, axis=0)
    raised = [w.error * (level / w.spread) for w, level in zip(ladder, levels, strict=True)]
    return np.fmax([w.error for w in ladder], raised)


def _breaks(centre: Centre, ladder: Sequence[Window], asked: Array) -> tuple[Array, Array, Array, Array]:
    """Kinks and jumps at the point itself: where at least two windows show one and no smaller one contradicts it."""
    n = len(asked)
    nan, no = np.full(n, np.nan), np.zeros(n, bool)
    if not asked.any():
        return no, no, nan, nan
    bends, slopes, above, below = [], [], [], []
    for window in ladder:
        right, right_error, up, up_error = centre.side(window, centre.maps.right)
        left, left_error, down, down_error = centre.side(window, centre.maps.left)
        unseen = np.where(window.usable, 0.0, np.inf)
        bends.append((right - left, right_error + left_error + unseen))
        slopes.append((left, right))
        above.append((up, up_error + unseen))
        below.append((down, down_error + unseen))
    jump = asked & (_persists(above)[0] | _persists(below)[0])
    kink, where = _persists(bends)
    kink &= asked & ~jump
    sides: Array = np.array(slopes)[where, :, np.arange(n)]
    return kink, jump, np.where(kink, sides[:, 0], np.nan), np.where(kink, sides[:, 1], np.nan)


def _persists(sights: Sequence[tuple[Array, Array]]) -> tuple[Array, Array]:
    """Whether a quantity (value, bound), from large windows to small, is one and the same and not 0.

    That is: the last two windows to see it agree, and no smaller one contradicts. Also which window sees it best, of
    those that agree with the last.
    """
    values, bounds = np.array([s[0] for s in sights]), np.array([s[1] for s in sights])
    shows = np.abs(values) > bounds
    rank = np.cumsum(shows[::-1], axis=0)[::-1]  # 1 from the last window that sees it upwards, 2 from the one before
    last = len(sights) - 1 - np.argmax(shows[::-1], axis=0)
    columns = np.arange(values.shape[1])
    agrees = np.abs(values - values[last, columns]) <= bounds + bounds[last, columns]
    contradicted = np.any(~agrees & ((rank == 0) | (shows & (rank == 2))), axis=0)
    best = np.argmin(np.where(shows & agrees, bounds, np.inf), axis=0)
    return (shows.sum(axis=0) >= 2) & ~contradicted, best
