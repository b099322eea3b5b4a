"""Where an op is comfortable: inside its domain with a margin, away from kinks and flat parts, at ordinary magnitudes.

Graphs are drawn together with their values, and every step offers comfortable choices only. So a valid point is built,
never searched for. Everything is computed from the rows of the op table, which state domains and kinks; a new row needs
no change here.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from gradcheck.problem.ops import OPS, Array, Op

SMALL, LARGE = 1e-3, 1e3
"""Minimum and maximum magnitude of a node's value, apart from relu's exact 0."""

TINY = 1e-30
"""Minimum magnitude near kinks and in flat parts, where values are small on purpose; float32 holds it. 0 is allowed."""

MARGIN = 0.05
"""Minimum distance from kinks, ties and ends of domains, so that finite differences do not step over them."""

STEEPEST, FLATTEST = 1e3, 0.02
"""Maximum and minimum slope of an op of one argument that is neither too steep nor saturated."""

_NEAR, _FAR, _COUNT = 1e-4, 1.1e3, 3000  # the grid on which ops are evaluated; neighbours differ by 0.5 %


@dataclass(frozen=True)
class Comfort:
    """What counts as comfortable.

    Attributes
    ----------
    near_kinks: arguments may lie at or near kinks and ties.
    saturated: arguments may lie where an op is flat.
    """

    near_kinks: bool = False
    saturated: bool = False

    @property
    def smallest(self) -> float:
        """Least magnitude of a value that is not 0."""
        return TINY if self.near_kinks or self.saturated else SMALL

    def unary(self, op: str, value: Array | float, attributes: Mapping[str, Any]) -> bool:
        """Whether every entry of `value` is a comfortable argument of an element-wise op of one argument."""
        edges = _edges(op, tuple(sorted(attributes.items())), self)
        if not np.ndim(value):
            return bisect_right(edges, float(value)) % 2 == 1
        return bool(np.all(np.searchsorted(edges, value, side="right") % 2 == 1))

    def binary(self, op: str, left: Any, right: Any, *, constant: Sequence[bool]) -> Array:
        """Where an element-wise op of two arguments is comfortable; a boolean array of the broadcast shape.

        `constant` says for each operand whether it is constant; only then may an exponent have to be whole.
        """
        row = OPS[op]
        with np.errstate(all="ignore"):
            good: Array = np.asarray(self._size(row, row.value(left, right)))
            if row.kink is not None and not self.near_kinks:
                good = good & (row.kink(left, right) >= MARGIN)
            if row.domain is not None:
                a, b = (0.0 if still else MARGIN for still in constant)
                for x, y in (
                    (left - a, right - b),
                    (left + a, right + b),
                    (left - a, right + b),
                    (left + a, right - b),
                ):
                    good = good & row.domain.contains(x, y)
                    for k, rule in row.domain.varying.items():
                        good = good & (constant[k] | rule(x, y))
        return good

    def result(self, row: Op, arguments: Sequence[Array], value: Array, attributes: Mapping[str, Any]) -> bool:
        """Whether an op's result is comfortable, kinks of its arguments included; asked for every node."""
        if not np.all(self._size(row, value)):
            return False
        if row.kink is None or self.near_kinks:
            return True
        return bool(np.all(row.kink(*arguments, **attributes) >= MARGIN))

    def _size(self, row: Op, value: Any) -> Any:
        size = np.abs(value)
        small = size < self.smallest
        if row.kink is not None or not row.elementwise or self.smallest == TINY:
            small = small & (size > 0)  # relu's flat side and a sum that cancels may be exactly 0
        return (size <= LARGE) & ~small  # False for NaN


@cache
def _edges(op: str, attributes: tuple[tuple[str, Any], ...], comfort: Comfort) -> tuple[float, ...]:
    """Ends of the intervals of comfortable arguments, rising: begin, end, begin, end, ..."""
    row, given = OPS[op], dict(attributes)
    side = np.geomspace(_NEAR, _FAR, _COUNT)
    x = np.concatenate([-side[::-1], [0.0], side])
    step = MARGIN * np.minimum(1.0, np.abs(x)) * 1e-3 + 1e-9
    with np.errstate(all="ignore"):
        value, ahead, behind = (np.asarray(row.value(at, **given)) for at in (x, x + step, x - step))
        slope = np.abs(ahead - behind) / (2 * step)
        good = np.asarray(comfort._size(row, value)) & (slope <= STEEPEST)
        if row.domain is not None:
            good &= row.domain.contains(x - MARGIN) & row.domain.contains(x + MARGIN)
        if row.kink is not None and not comfort.near_kinks:
            good &= row.kink(x, **given) >= MARGIN
        if not comfort.saturated:
            low, high = row.range_of(0)
            piece = (row.kink is not None) & (x >= 2 * low) & (x <= 2 * high)  # flat on purpose: relu's flat side
            good &= (slope >= FLATTEST) | piece
        # where the grid does not resolve the op (sin at 1000) nothing is known between its points
        scale, between = np.maximum(1.0, np.abs(value[1:])), row.value((x[1:] + x[:-1]) / 2, **given)
        resolved = np.abs(np.diff(value)) <= 0.2 * scale
        resolved &= np.abs(between - (value[1:] + value[:-1]) / 2) <= 0.05 * scale
    if comfort.near_kinks:
        resolved |= np.abs(x[1:]) <= 2 * _NEAR
    good[1:] &= resolved
    good[:-1] &= resolved
    changes = np.flatnonzero(np.diff(np.concatenate([[False], good, [False]]).astype(np.int8)))
    edges = []
    for begin, end in changes.reshape(-1, 2).tolist():
        if end - begin > 1:
            edges += [float(x[begin]), float(np.nextafter(x[end - 1], np.inf))]
    return tuple(edges)
