"""Kinks: is an answer a mixture of the derivatives that hold around the point?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


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
