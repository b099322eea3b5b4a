"""The points of a window and the fixed linear maps that turn values there into a slope and what is left over.

Why a least-squares fit rather than Richardson's table (Ridders 1982): the table divides by differences of neighbouring
columns, which agree by accident; a fit with degrees of freedom to spare measures noise and truncation together. Why
irregular points: regular ones alias with oscillations, and dyadic ones make rounding errors repeat, so that a biased
sample looks exact. With these points the true derivative lies within `SAFETY * slope_norm * spread` (see `Stencil`)
for |t - c| and a step at any c, for poles except right beside the centre (where f(0) stands out, which is asked for
separately), for exponentials of any rate and for waves of up to 12 periods; the tests sweep this.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

POINTS = 20
"""Number of values of f in a window, besides the one at its centre."""

DEGREE = 11
"""Degree of the polynomial fitted to a window."""

SIDE_DEGREE = 5
"""Degree of the polynomial fitted to one half of a window."""

SAFETY = 20.0
"""Bound on the error, in standard errors of the slope. Student's t with 9 degrees of freedom needs 6 for a probability
of 1e-4; it is 20 because what is left over may be truncation and not noise."""

PROBES = tuple(sign * 0.87 / 16.0**k for k in range(1, 7) for sign in (1.0, -1.0))
"""Points, relative to the window, at which the fit must predict f before the window is used."""


@dataclass(frozen=True)
class Side:
    """One half of a window: t > 0 or t < 0. All maps act on the values of that half minus f(0).

    Attributes
    ----------
    rows: which rows of a window's values belong to this half, shape (k,).
    slope: one-sided derivative at 0 from those values, shape (k,).
    limit: one-sided limit of f(t) - f(0), shape (k,).
    rest: residuals in an orthonormal basis, shape (k - 1 - SIDE_DEGREE, k).
    """

    rows: Array
    slope: Array
    limit: Array
    rest: Array

    @cached_property
    def slope_norm(self) -> float:
        """Standard error of the slope for noise of standard deviation 1."""
        return float(np.sqrt(np.sum(self.slope**2)))

    @cached_property
    def limit_norm(self) -> float:
        """Standard error of the limit for noise of standard deviation 1."""
        return float(np.sqrt(np.sum(self.limit**2)))


@dataclass(frozen=True)
class Stencil:
    """The maps of a window; values are ordered as `points`, the centre first, and f(0) is subtracted from them.

    Attributes
    ----------
    points: nominal points in (-1, 1), the centre 0 first, shape (1 + POINTS,).
    slope: derivative of the fit at 0, shape (1 + POINTS,).
    rest: residuals in an orthonormal basis, shape (POINTS - DEGREE, 1 + POINTS); a sample noise of standard deviation
        s gives entries of that standard deviation, and the slope an error of s * norm(slope).
    slopes: derivative of the fit at the points, shape (1 + POINTS, 1 + POINTS).
    predict: values of the fit at PROBES, shape (len(PROBES), 1 + POINTS).
    centre: value of the fit at 0, shape (1 + POINTS,).
    right, left: the halves.
    """

    points: Array
    slope: Array
    rest: Array
    slopes: Array
    predict: Array
    centre: Array
    right: Side
    left: Side

    @cached_property
    def slope_norm(self) -> float:
        """Standard error of the slope for noise of standard deviation 1."""
        return float(np.sqrt(np.sum(self.slope**2)))


@lru_cache(maxsize=4)
def stencil(dtype: np.dtype[Any]) -> Stencil:
    """The stencil in the arithmetic of `dtype` (float64 or longdouble); computed once, in longdouble."""
    points = _points()
    q, r = _orthonormal(_chebyshev(points, POINTS)[0])
    q, r, rest = q[:, : DEGREE + 1], r[: DEGREE + 1, : DEGREE + 1], q[:, DEGREE + 1 :].T
    coefficients = _solve_upper(r, q.T)  # Chebyshev coefficients of the fit, from values
    value, derivative = (row @ coefficients for row in _chebyshev(np.zeros(1, np.longdouble), DEGREE))
    return Stencil(
        points=_cast(points, dtype),
        slope=_cast(derivative[0], dtype),
        rest=_cast(rest, dtype),
        slopes=_cast(_chebyshev(points, DEGREE)[1] @ coefficients, dtype),
        predict=_cast(_chebyshev(np.array(PROBES, np.longdouble), DEGREE)[0] @ coefficients, dtype),
        centre=_cast(value[0], dtype),
        right=_side(points, 1, dtype),
        left=_side(points, -1, dtype),
    )


def _points() -> Array:
    """Chebyshev's points, each moved within its own interval by the golden ratio's fractional parts, and 0."""
    k = np.arange(1, POINTS + 1, dtype=np.longdouble)
    golden = (np.sqrt(np.longdouble(5)) - 1) / 2
    angle = (k - 1 + (k * golden + np.longdouble(0.42)) % 1) * np.longdouble(np.pi) / POINTS
    outermost_first = sorted(np.cos(angle), key=abs, reverse=True)
    return np.array([np.longdouble(0), *outermost_first])


def _side(points: Array, sign: int, dtype: np.dtype[Any]) -> Side:
    rows = np.flatnonzero(sign * points > 0)
    distance = points[rows] * sign
    q, r = _orthonormal(_chebyshev(2 * distance - 1, len(rows) - 1)[0])
    n = SIDE_DEGREE + 1
    coefficients = _solve_upper(r[:n, :n], q[:, :n].T)
    values, derivatives = _chebyshev(np.array([-1.0], np.longdouble), SIDE_DEGREE)
    slope = 2 * sign * (derivatives @ coefficients)[0]
    maps = (slope, (values @ coefficients)[0], q[:, n:].T)
    return Side(rows, *(_cast(a, dtype) for a in maps))


def _chebyshev(t: Array, degree: int) -> tuple[Array, Array]:
    """T_k(t) and T_k'(t) for k = 0..degree, shapes (len(t), degree + 1), by the three-term recurrence."""
    values, derivatives = [np.ones_like(t), t], [np.zeros_like(t), np.ones_like(t)]
    for _ in range(degree - 1):
        values.append(2 * t * values[-1] - values[-2])
        derivatives.append(2 * values[-2] + 2 * t * derivatives[-1] - derivatives[-2])
    return np.stack(values[: degree + 1], axis=1), np.stack(derivatives[: degree + 1], axis=1)


def _orthonormal(matrix: Array) -> tuple[Array, Array]:
    """Q and R by Gram and Schmidt, twice over (LAPACK knows no longdouble)."""
    n = matrix.shape[1]
    q, r = np.zeros_like(matrix), np.zeros((n, n), matrix.dtype)
    for k in range(n):
        column = matrix[:, k]
        for _ in range(2):
            parts = q[:, :k].T @ column
            r[:k, k] += parts
            column = column - q[:, :k] @ parts
        r[k, k] = np.sqrt(column @ column)
        q[:, k] = column / r[k, k]
    return q, r


def _solve_upper(r: Array, right: Array) -> Array:
    """x of r @ x = right, by back substitution."""
    x = np.zeros_like(right)
    for k in range(len(r) - 1, -1, -1):
        x[k] = (right[k] - r[k, k + 1 :] @ x[k + 1 :]) / r[k, k]
    return x


def _cast(a: Array, dtype: np.dtype[Any]) -> Array:
    a = np.ascontiguousarray(a.astype(dtype))
    a.flags.writeable = False
    return a
