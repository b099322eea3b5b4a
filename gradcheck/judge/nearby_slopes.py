"""Slopes along one entry at points around a kink of a function that cannot be traced.

The slopes on either side of the kink itself bound the subgradients of a convex or a concave function, and of no other:
the gradient of a weighted sum of sorted numbers, of which several are equal, may be any permutation of the weights, and
the slopes along one entry are two of them.
"""

from __future__ import annotations

from collections.abc import Iterator

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


def pieces(product: Product, most_entries: int = 12) -> list[Array] | None:
    """The gradients that f has around a kink, all entries in one array, where they are few, as those of a maximum.

    None where some were seen once only, so that others may be missing, and where f has more than `most_entries`.
    """
    places = [(k, at) for k in product.function.wrt for at in np.ndindex(np.shape(product.inputs[k]))]
    if product.tangents is not None or len(places) > most_entries:
        return None
    seen, counts = list[Array](), list[int]()
    for inputs in _around(product, few=False):
        gradient = np.array([_central(product, inputs, k, at) for k, at in places])
        if not np.all(np.isfinite(gradient)):
            return None
        alike = ALIKE * max(float(np.max(np.abs([*seen, gradient]))), np.finfo(float).tiny)
        same = [n for n, other in enumerate(seen) if np.max(np.abs(other - gradient)) <= alike]
        if same:
            counts[same[0]] += 1
        else:
            seen.append(gradient)
            counts.append(1)
    return seen if len(seen) > 1 and min(counts) > 1 else None


def _slopes(product: Product, position: int, entry: tuple[int, ...]) -> Array:
    return np.array([_central(product, inputs, position, entry) for inputs in _around(product, few=True)])


def _around(product: Product, *, few: bool) -> Iterator[list[object]]:
    """Points around; with `few`, every other one differs in few entries."""
    random = np.random.default_rng(43)
    for number in range(POINTS):
        inputs = list(lend(product.inputs))
        for k in product.function.wrt:
            x = np.asarray(inputs[k], dtype=np.float64)
            moves = random.uniform(0.3, 1.0, x.shape) * random.choice([-1.0, 1.0], x.shape)
            some = random.random(x.shape) < 0.3
            inputs[k] = x + AWAY * entry_scales(x) * (moves * some if few and number % 2 else moves)
        yield inputs


def _central(product: Product, inputs: list[object], position: int, entry: tuple[int, ...]) -> float:
    x = np.asarray(inputs[position])
    step = np.zeros_like(x)
    step[entry] = AWAY * STEP * float(entry_scales(x)[entry])
    ends = x - step, x + step
    values = [product.scalar([*inputs[:position], end, *inputs[position + 1 :]]) for end in ends]
    return float((values[1] - values[0]) / (ends[1] - ends[0])[entry])
