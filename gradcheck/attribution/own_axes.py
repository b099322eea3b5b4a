"""Axes that may have been meant in a derivative's code: those that it reduces over, and the order it reads them in."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from functools import partial
from itertools import permutations
from typing import Any

import numpy as np

from gradcheck.attribution.mistake import Mistake
from gradcheck.attribution.own_steps import Edit, Make, Steps

REDUCTIONS = (
    *("sum", "add.reduce", "mean", "std", "var", "median", "prod", "norm", "logsumexp", "cumsum", "cumprod"),
    *("max", "min", "amax", "amin", "maximum.reduce", "minimum.reduce", "argmax", "argmin", "argsort", "sort"),
)
"""Functions of an array and an axis."""
FEWEST_SIZES = 2
"""Minimum number of axes of an array whose order can be another one."""
MOST_SIZES = 4
"""Maximum number of axes whose orders are all tried."""


def of_other_axes(instructions: Sequence[Steps]) -> Iterator[tuple[Steps, Edit]]:
    """All reductions over one axis over another one: each alone, but for sums, and all that have the axis together."""
    by_axis: dict[int, list[Steps]] = defaultdict(list)
    for steps in instructions:
        if steps.name in REDUCTIONS and (axis := _axis(steps)) is not None:
            by_axis[axis].append(steps)
    for axis, several in by_axis.items():
        for other in range(max(np.ndim(s.operand(0)) for s in several)):
            if other == axis:
                continue
            alone = [[s] for s in several if s.name not in ("sum", "add.reduce", "mean")]
            keeping = [s for s in several if s.first.kwargs.get("keepdims")]
            means = [s for s in several if s.name == "mean"]
            for group in [*alone, *_different(several, keeping, means)]:
                together = Steps(group[0].replay, tuple(slot for s in group for slot in s.slots))
                makes = tuple(_over(together, slot, other, kept=group is means) for slot in together.slots)
                which = ", as all that keep the axis do," if group is keeping else ", as all that have it do,"
                which = ", as all means do," if group is means else which
                words = f"reduces over axis {axis}{which * (len(group) > 1)} where axis {other} is due"
                yield together, Edit(Mistake.BROADCAST, 2, words, makes[0], reshapes=True, turns=makes)


def _different(*groups: list[Steps]) -> list[list[Steps]]:
    """The groups of several, each once."""
    return [g for k, g in enumerate(groups) if len(g) > 1 and g not in groups[:k]]


def _axis(steps: Steps) -> int | None:
    """The one axis, counted from the front, that a reduction of several goes over; None if there is no such one."""
    step, ndim = steps.first, np.ndim(steps.operand(0))
    positional = step.args[1] if len(step.args) > 1 and steps.name != "norm" else None
    axis = step.kwargs.get("axis", positional)
    if ndim < FEWEST_SIZES or not isinstance(axis, int) or isinstance(axis, bool):
        return None
    return axis % ndim if -ndim <= axis < ndim else None


def _over(steps: Steps, slot: int, axis: int, *, kept: bool) -> Make:
    """The reduction over another axis; `kept`: what goes over the first axis stretches over it, and so shall this."""
    function, positional = steps.replay.steps[slot].function, "axis" not in steps.replay.steps[slot].kwargs

    def make(args: tuple[Any, ...], kwargs: dict[str, Any], value: Any) -> Any:
        if positional:
            return function(args[0], axis, *args[2:], **kwargs)
        more = {"keepdims": True} if kept and axis > 0 else {}
        return function(*args, **{**kwargs, "axis": axis, **more})

    return make


def reordered(steps: Steps) -> list[Edit]:
    """A reshape that reads the array's axes in another order than the one they have."""
    shape = np.shape(steps.first.value)
    if not FEWEST_SIZES <= len(shape) <= MOST_SIZES or sum(n > 1 for n in shape) < FEWEST_SIZES:
        return []
    words = "reads the axes in the wrong order"
    orders = [order for order in permutations(range(len(shape))) if order != tuple(range(len(shape)))]
    return [Edit(Mistake.PERMUTED, 2, words, partial(_read, shape, order)) for order in orders]


def _read(shape: tuple[int, ...], order: tuple[int, ...], args: Any, kwargs: Any, value: Any) -> Any:
    apart = np.reshape(value, tuple(shape[axis] for axis in order))
    return np.transpose(apart, np.argsort(order))


def stretched(steps: Steps) -> Iterator[Edit]:
    """A vector stretched along the last axis of a matrix, where it belongs along the first."""
    function, shapes = steps.first.function, [np.shape(steps.operand(k)) for k in (0, 1)]
    for k in (0, 1):
        mine, other = shapes[k], shapes[1 - k]
        if len(mine) == 1 < len(other) and mine[0] == other[0] > 1 and other[-1] in (1, mine[0]):
            words = "stretches a vector along the last axis, where the first is due"
            yield Edit(Mistake.BROADCAST, 2, words, partial(_as_column, function, k, len(other)), reshapes=True)


def _as_column(function: Any, k: int, ndim: int, args: Any, kwargs: Any, value: Any) -> Any:
    column = np.reshape(args[k], (-1, *(1,) * (ndim - 1)))
    return function(*(column if position == k else a for position, a in enumerate(args)), **kwargs)
