"""Kinks: is an answer a mixture of the derivatives that hold around the point?"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[Any]

SOLVER = 1e-7
"""Share of an entry's spread by which a solution of the linear program may be off: its feasibility tolerance."""


def in_one_array(blocks: Iterable[ArrayLike]) -> Array:
    """All entries of all blocks in one float64 array: a hull is one of whole gradients."""
    return np.concatenate([np.asarray(block, dtype=np.float64).ravel() for block in blocks])


def in_hull(answer: Array, corners: Sequence[Array], tolerance: Array) -> bool:
    """Whether `answer` lies in the convex hull of `corners`, up to `tolerance` per entry; all of shape (n,).

    Tested on the whole vector: entries that are each between their bounds need not be a mixture. Solves
    min t, |sum_k lambda_k corner_k - answer| <= t tolerance, lambda >= 0, sum lambda = 1, and asks for t <= 1.
    """
    if not np.all(np.isfinite(answer)):
        return False
    points = np.stack([np.asarray(c, dtype=np.float64) for c in corners])
    spread = np.ptp(points, axis=0)
    moving = spread > 0
    if np.any(np.abs(points[0] - answer)[~moving] > tolerance[~moving]):
        return False
    if not np.any(moving):
        return True
    tight = np.maximum(tolerance[moving], np.finfo(float).tiny)
    # In units of each entry's own spread, so that the solver sees numbers near 1.
    unit = spread[moving]
    columns, target, share = (points[:, moving] / unit).T, answer[moving] / unit, tight / unit
    if np.any(target > columns.max(axis=1) + share) or np.any(target < columns.min(axis=1) - share):
        return False
    if len(points) == 2:
        # Each entry admits an interval of lambda; a nearest point would weigh entries by more than their tolerance.
        direction = columns[:, 1] - columns[:, 0]
        ends = np.stack([target - share - columns[:, 0], target + share - columns[:, 0]]) / direction
        low, high = ends.min(axis=0).max(), ends.max(axis=0).min()
        return bool(max(low, 0.0) <= min(high, 1.0) + 1e-12)
    from scipy.optimize import linprog

    count = len(points)
    # Minimise the largest miss beyond each entry's tolerance.
    rows = np.vstack(
        [np.hstack([columns, -np.ones((len(target), 1))]), np.hstack([-columns, -np.ones((len(target), 1))])]
    )
    limits = np.concatenate([target + share, share - target])
    found = linprog(
        np.r_[np.zeros(count), 1.0],
        A_ub=rows,
        b_ub=limits,
        A_eq=np.r_[np.ones(count), 0.0][None, :],
        b_eq=[1.0],
        bounds=[(0, None)] * (count + 1),
        method="highs",
    )
    return bool(found.status == 0 and found.x[-1] <= 1e-9)


def in_sum(answer: Array, base: Array, columns: Array, ties: Array, tolerance: Array) -> bool:
    """Whether `answer` is `base` plus a share of each column, up to `tolerance` per entry.

    A Minkowski sum: one set per tie, the mixtures of 0 and of the tie's own columns. `columns` has shape (n, m), `ties`
    (n,) the tie of each; shares lie in [0, 1], and those of one tie sum to at most 1.
    """
    if not np.all(np.isfinite(answer)):
        return False
    moving = np.any(columns != 0, axis=0)
    if np.any(np.abs(base - answer)[~moving] > tolerance[~moving]):
        return False
    spread = np.sum(np.abs(columns), axis=0)[moving]
    tight = np.maximum(tolerance[moving], np.finfo(float).tiny) / spread
    _, off = _nearest(answer[moving] - base[moving], columns[:, moving], ties, spread, tight)
    return bool(np.all(off <= tight + SOLVER))


def nearest_in_hull(answer: Array, corners: Sequence[Array]) -> Array:
    """The mixture of `corners` whose distances from `answer`, in shares of each entry's spread, have the least sum."""
    points = np.stack([np.asarray(c, dtype=np.float64) for c in corners])
    return nearest_in_sum(answer, points[0], points[1:] - points[0], np.zeros(len(points) - 1))


def nearest_in_sum(answer: Array, base: Array, columns: Array, ties: Array) -> Array:
    """The same for `base` plus a share of each column, as in `in_sum`."""
    spread = np.sum(np.abs(columns), axis=0)
    moving = spread > 0
    found = np.array(base, dtype=np.float64)
    if np.any(moving) and np.all(np.isfinite(answer)):
        shares, _ = _nearest(answer[moving] - base[moving], columns[:, moving], ties, spread[moving], None)
        found = found + shares @ columns
    return found


def _nearest(target: Array, columns: Array, ties: Array, unit: Array, tight: Array | None) -> tuple[Array, Array]:
    """Shares of the columns that come closest to `target`, and how far each entry stays off, in `unit`s.

    Closest is the least sum of distances, or, with `tight`, the least of those beyond it.
    """
    from scipy.optimize import linprog
    from scipy.sparse import coo_matrix, csr_matrix, hstack, identity

    count, entries = columns.shape
    room = np.zeros(entries) if tight is None else tight
    each = csr_matrix((columns / unit).T)
    one = identity(entries, format="csr")
    rows = hstack([each, one, -one], format="csr")  # shares, then how far below and above
    names, number = np.unique(ties, return_inverse=True)
    sums = coo_matrix((np.ones(count), (number, np.arange(count))), shape=(len(names), count + 2 * entries)).tocsr()
    goal = target / unit
    # Distances within `room` are free: they are bounded variables without a cost of their own.
    free = [hstack([one]), hstack([-one])] if tight is not None else []
    rows = hstack([rows, *free], format="csr")
    sums = hstack([sums, csr_matrix((len(names), len(free) * entries))], format="csr")
    cost = np.r_[np.zeros(count), np.ones(2 * entries), np.zeros(len(free) * entries)]
    bounds = [(0.0, 1.0)] * count + [(0.0, None)] * (2 * entries)
    bounds += [(0.0, float(r)) for _ in free for r in room]
    found = linprog(cost, A_ub=sums, b_ub=np.ones(len(names)), A_eq=rows, b_eq=goal, bounds=bounds, method="highs")
    if found.status != 0:
        return np.zeros(count), np.full(entries, np.inf)
    shares = np.clip(found.x[:count], 0.0, 1.0)
    return shares, np.abs(goal - each @ shares)
