"""Other numbers in a step of a derivative's code: another constant, another array, a factor too few."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.attribution.mistake import Mistake
from gradcheck.attribution.own_edits import NONLINEAR
from gradcheck.attribution.own_steps import Edit, Steps, numeric
from gradcheck.rerun.replayed_run import Replay
from gradcheck.rerun.steps_tape import Ref

Array = NDArray[Any]

MOST_OTHERS = 16
"""Maximum number of other arrays that are put in the place of one operand, or tried as a factor of one result."""
REPLACED = 8
"""Rank of an edit that brings in another array: it tells where the mistake is, and not its kind."""
REPLACEABLE = ("multiply", "divide", "subtract", "add", "matmul", "dot", "power", *sorted(NONLINEAR))
"""Functions whose operands are tried with other arrays in their place."""


def others(replay: Replay, given: tuple[Array, ...]) -> list[tuple[int, Array]]:
    """(slot, array) of the different arrays of a run, the last ones first; then f's values and constants, slot -1."""
    found: list[tuple[int, Array]] = []
    for slot in range(len(replay.steps) - 1, -1, -1):
        value = replay.steps[slot].value
        if numeric(value) and np.size(value) and not any(_same(value, v) for _, v in found):
            found.append((slot, np.asarray(value)))
    found += [(-1, np.asarray(g)) for g in given if not any(_same(g, v) for _, v in found)]
    return found


def _same(a: Any, b: Any) -> bool:
    return np.shape(a) == np.shape(b) and np.array_equal(a, b)


def replaced(steps: Steps, arrays: list[tuple[int, Array]]) -> Iterator[tuple[Edit, int]]:
    """Edits with another array in place of an operand, and the number of the array."""
    if steps.name not in REPLACEABLE or len(steps.slots) > 1:
        return
    last = steps.slots[-1]
    for position in range(min(2, len(steps.first.args))):
        operand = steps.operand(position)
        if not numeric(operand) or not np.ndim(operand):
            continue
        slot = steps.first.args[position].slot if isinstance(steps.first.args[position], Ref) else None
        tried = 0
        for number, (other, array) in enumerate(arrays):
            if array.shape != np.shape(operand) or (other >= last) or _same(array, operand):
                continue
            if (tried := tried + 1) > MOST_OTHERS:
                break
            yield _with_other(steps, position, array, _relation(steps.replay, slot, other)), number


def _with_other(steps: Steps, position: int, array: Array, mistake: Mistake) -> Edit:
    function = steps.first.function
    which = "its operand" if len(steps.first.args) == 1 else ("its first operand", "its second operand")[position]

    def make(args: Any, kwargs: Any, value: Any) -> Any:
        return function(*(array if k == position else a for k, a in enumerate(args)), **kwargs)

    return Edit(mistake, REPLACED, f"has the wrong array for {which}", make)


def _relation(replay: Replay, slot: int | None, other: int) -> Mistake:
    """What it is to have one array for another: the input for the output where one is computed from the other."""
    if other == -1:
        return Mistake.SLOPE_AT_OUTPUT
    if slot is None:
        return Mistake.OTHER_SLOPE
    mine, its = replay.steps[slot], replay.steps[other]
    if mine.place is not None and mine.place == its.place:
        return Mistake.STALE
    if mine.name.startswith("given") and its.name.startswith("given"):
        return Mistake.OTHER_SLOPE
    if slot in _before(replay, other) or other in _before(replay, slot):
        return Mistake.SLOPE_AT_OUTPUT
    return Mistake.OTHER_SLOPE


def _before(replay: Replay, slot: int) -> set[int]:
    found, waiting = set[int](), [slot]
    while waiting:
        for ref in replay.steps[waiting.pop()].refs:
            if ref not in found:
                found.add(ref)
                waiting.append(ref)
    return found


def multiplied(steps: Steps, arrays: list[tuple[int, Array]]) -> Iterator[tuple[Edit, int]]:
    """Edits with an array as a further factor or divisor of the result, and the number of the array."""
    value = steps.first.value
    if not numeric(value) or len(steps.slots) > 1 or steps.name in ("zeros", "ones", "setitem", "getitem", "part"):
        return
    shape, tried = np.shape(value), 0
    for number, (other, array) in enumerate(arrays):
        if other >= steps.slots[0] or not _spreads(array.shape, shape) or (array.size < 2 and np.size(value) > 1):
            continue
        if (tried := tried + 1) > MOST_OTHERS:
            return
        kind = Mistake.SLOPE_FORGOTTEN
        yield Edit(kind, REPLACED, "lacks a factor", partial(_times, array)), number
        yield Edit(kind, REPLACED, "lacks a division", partial(_over, array)), number


def _times(array: Array, args: Any, kwargs: Any, value: Any) -> Any:
    return value * array


def _over(array: Array, args: Any, kwargs: Any, value: Any) -> Any:
    return value / array


def _spreads(shape: tuple[int, ...], over: tuple[int, ...]) -> bool:
    try:
        return np.broadcast_shapes(shape, over) == over
    except ValueError:
        return False
