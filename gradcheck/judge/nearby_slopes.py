"""Slopes along one entry at points around a kink of a function that cannot be traced.

The slopes on either side of the kink itself bound the subgradients of a convex or a concave function, and of no other:
the gradient of a weighted sum of sorted numbers, of which several are equal, may be any permutation of the weights, and
the slopes along one entry are two of them.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gradcheck.oracle.differences.sampling import entry_scales
from gradcheck.problem.function import Product, lend

Array = NDArray[np.float64]

POINTS = 32
"""Number of points nearby, half of which differ from the kink in few entries: where several are moved, others meet."""
AWAY = 1e-4
"""How far away they are, relative to each entry's scale: little of what a slope is changes over that distance."""
STEP = 1e-4
"""Half-width of a difference, relative to that distance: few of them cross the kink again."""
ALIKE = 1e-2
"""Maximum distance of slopes that count as one, relative to the largest."""
SIDES = 2
"""Maximum number of different slopes that a simple kink has. Where there are more, others may have been missed."""
MISSED = 0.5
"""Where there are more, what may have been missed on either side, relative to the range of those that were seen."""


def may_occur(product: Product, position: int, entry: tuple[int, ...], answer: float) -> bool:
    """Whether `answer` may be the slope of <c, f> along an entry of an input at points around, or between such slopes.

    True as well where f is not finite there. `position` is that of the input among f's arguments.
    """
    slopes = _slopes(product, position, entry)
    if not np.all(np.isfinite(slopes)):
        return True
    low, high = float(np.min(slopes)), float(np.max(slopes))
    alike = ALIKE * max(abs(low), abs(high))
    different = 1 + int(np.sum(np.diff(np.sort(slopes)) > alike))
    room = alike if different <= SIDES else max(alike, MISSED * (high - low))
    return low - room <= answer <= high + room


def _slopes(product: Product, position: int, entry: tuple[int, ...]) -> Array:
    random = np.random.default_rng(43)
    slopes = []
    for number in range(POINTS):
        inputs = list(lend(product.inputs))
        for k in product.function.wrt:
            x = np.asarray(inputs[k], dtype=np.float64)
            moves = random.uniform(0.3, 1.0, x.shape) * random.choice([-1.0, 1.0], x.shape)
            few = random.random(x.shape) < 0.3
            inputs[k] = x + AWAY * entry_scales(x) * (moves * few if number % 2 else moves)
        slopes.append(_central(product, inputs, position, entry))
    return np.array(slopes)


def _central(product: Product, inputs: list[object], position: int, entry: tuple[int, ...]) -> float:
    x = np.asarray(inputs[position])
    step = np.zeros_like(x)
    step[entry] = AWAY * STEP * float(entry_scales(x)[entry])
    ends = x - step, x + step
    values = [product.scalar([*inputs[:position], end, *inputs[position + 1 :]]) for end in ends]
    return float((values[1] - values[0]) / (ends[1] - ends[0])[entry])
