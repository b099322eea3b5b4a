"""Other numbers in a step of a derivative's code: another array, that of another turn of a loop, a factor too few."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.attribution.known import stretches
from gradcheck.attribution.mistake import Mistake
from gradcheck.attribution.own_edits import NONLINEAR
from gradcheck.attribution.own_steps import Edit, Make, Steps, numeric
from gradcheck.attribution.source_place import place_of
from gradcheck.rerun.replayed_run import Replay
from gradcheck.rerun.steps_tape import Ref

Array = NDArray[Any]

MOST_OTHERS = 16
"""Maximum number of other arrays that are put in the place of one operand, or tried as a factor of one result."""
REPLACED = 8
"""Rank of an edit that brings in another array: it tells where the mistake is, and not its kind."""
ANOTHER_TURN = 6
"""Rank of an edit that takes an operand from another turn of the loop; it tells no kind, either."""
WEIGHTS = "the constant array"
"""How the name of an array begins that f multiplies by, or holds constant otherwise."""
MOST_ENDS = 6
"""Maximum number of arrays that are tried for the turn that is the last one, or the first."""
WIDTH = 1e-5
"""Distance by which an input is moved to see the slope of a function."""
_APART = "takes its operands from different turns of the loop"
REPLACEABLE = ("multiply", "divide", "subtract", "add", "matmul", "dot", "outer", "inner", "power", *sorted(NONLINEAR))
"""Functions whose operands are tried with other arrays in their place."""


def _same(a: Any, b: Any) -> bool:
    return np.shape(a) == np.shape(b) and np.array_equal(a, b)


def _content(value: Any) -> tuple[Any, ...]:
    """What two arrays of the same numbers have in common, -0 being 0. To compare all pairs took 3 % of naming."""
    array = np.asarray(value)
    return array.shape, (array.astype(complex if array.dtype.kind == "c" else float) + 0.0).tobytes()


@dataclass(frozen=True)
class Other:
    """An array that a step may have been meant to use: the result of another step, or one given (slot -1) by name."""

    slot: int
    array: Array
    name: str = ""
    forward: bool = False
    """Whether f computes it, too, or is given it."""


def others(replay: Replay, given: Sequence[tuple[str, Array]], forward: Sequence[Array]) -> list[Other]:
    """The different arrays and numbers of a run, the last ones first; then those given, and constants of the code."""
    found: list[Other] = []
    seen: set[tuple[Any, ...]] = set()
    for slot in range(len(replay.steps) - 1, -1, -1):
        value = replay.steps[slot].value
        if numeric(value) and np.size(value) and (content := _content(value)) not in seen:
            seen.add(content)
            found.append(Other(slot, np.asarray(value)))
    for name, value in (*given, *_numbers(replay)):
        if (content := _content(value)) not in seen:
            seen.add(content)
            found.append(Other(-1, np.asarray(value), name))
    return [replace(o, forward=o.array.size > 1 and any(_near(o.array, a) for a in forward)) for o in found]


def _near(a: Array, b: Array) -> bool:
    if a.shape != b.shape:
        return False
    with np.errstate(invalid="ignore"):
        return bool(((np.abs(a - b) <= 1e-12 * np.abs(b)) | (a == b)).all())


def _numbers(replay: Replay) -> list[tuple[str, Any]]:
    """The numbers that stand in the code."""
    numbers = {float(a) for s in replay.steps if s.place is not None for a in s.args if type(a) in (int, float)}
    return [(f"{n:.6g}", n) for n in sorted(numbers)]


def replaced(steps: Steps, arrays: Sequence[Other], instructions: Sequence[Steps]) -> Iterator[Edit]:
    """Edits with another array in place of an operand; in a loop, with what another instruction gives in each turn."""
    if steps.name not in REPLACEABLE:
        return
    for position in range(min(2, len(steps.first.args))):
        operand = steps.operand(position)
        if not numeric(operand) and type(operand) is not int:
            continue
        if len(steps.slots) > 1:
            yield from _of_turns(steps, position, instructions)
            continue
        yield from _slopes(steps, position, arrays)
        slot = steps.first.args[position].slot if isinstance(steps.first.args[position], Ref) else None
        tried = 0
        for other in arrays:
            if other.array.shape != np.shape(operand) or other.slot >= steps.slots[-1] or _same(other.array, operand):
                continue
            if (tried := tried + 1) > MOST_OTHERS:
                break
            mistake = _relation(steps.replay, slot, other)
            own = next((o for o in arrays if _same(o.array, operand)), None)
            known = own is not None and own.forward and other.forward
            sure = mistake is Mistake.SLOPE_AT_OUTPUT and known and _a_factor(steps, position)
            make = partial(_with, steps.first.function, position, other.array)
            due = partial(_due, steps.replay, other)
            yield Edit(mistake, REPLACED, f"has the wrong {_what(steps, position)}", make, more=due, sure=sure)


def _a_factor(steps: Steps, position: int) -> bool:
    """Whether an operand is a factor, or the variable of a formula such as 1 - y: no term of a sum of gradients."""
    products = ("multiply", "matmul", "dot", "outer", "inner")
    return steps.name in products or (len(steps.first.args) == 2 and np.ndim(steps.operand(1 - position)) == 0)


def _of_turns(steps: Steps, position: int, instructions: Sequence[Steps]) -> Iterator[Edit]:
    replay, mine = steps.replay, [_operand(steps, k, position) for k in range(len(steps.slots))]
    tried = 0
    for other in instructions:
        values = [replay.steps[slot].value for slot in other.slots]
        if len(values) != len(mine) or any(a >= b for a, b in zip(other.slots, steps.slots, strict=True)):
            continue
        if any(np.shape(a) != np.shape(b) for a, b in zip(values, mine, strict=True)) or all(map(_same, values, mine)):
            continue
        if (tried := tried + 1) > MOST_OTHERS:
            return
        due = partial(_due, replay, Other(other.slots[0], np.asarray(values[0])))
        words = f"has the wrong {_what(steps, position)}"
        yield _turns(steps, position, values, Mistake.OTHER_SLOPE, REPLACED, words, due)


def of_another_turn(steps: Steps, arrays: Sequence[Other], instructions: Sequence[Steps]) -> Iterator[Edit]:
    """Edits that take an operand from the turn of the loop before, or after; where there is none, from elsewhere."""
    if steps.name not in REPLACEABLE or len(steps.slots) < 2:
        return
    for position in range(min(2, len(steps.first.args))):
        mine = [_operand(steps, k, position) for k in range(len(steps.slots))]
        if not all(map(numeric, mine)) or len({np.shape(v) for v in mine}) > 1 or all(_same(v, mine[0]) for v in mine):
            continue
        ends = [o.array for o in sorted(arrays, key=lambda o: not _given(steps.replay, o))
                if o.array.shape == np.shape(mine[0]) and o.slot < steps.slots[0]]  # fmt: skip
        for later, which in ((True, "after"), (False, "before")):
            due = partial(str, f", where its {_what(steps, position)} of the turn {which} is due")
            for end in [np.zeros_like(mine[0]), *ends][:MOST_ENDS]:
                values = [*mine[1:], end] if later else [end, *mine[:-1]]
                yield _turns(steps, position, values, Mistake.STALE, ANOTHER_TURN, _APART, due)


def _operand(steps: Steps, turn: int, position: int) -> Any:
    argument = steps.replay.steps[steps.slots[turn]].args[position]
    return steps.replay.steps[argument.slot].value if isinstance(argument, Ref) else argument


def _turns(
    steps: Steps, position: int, values: Sequence[Any], mistake: Mistake, rank: int, words: str, more: Callable[[], str]
) -> Edit:
    makes: tuple[Make, ...] = tuple(partial(_with, steps.first.function, position, value) for value in values)
    return Edit(mistake, rank, words, makes[0], turns=makes, more=more)


def _with(function: Callable[..., Any], position: int, array: Any, args: Any, kwargs: Any, value: Any) -> Any:
    return function(*(array if k == position else a for k, a in enumerate(args)), **kwargs)


def _what(steps: Steps, position: int) -> str:
    return "operand" if len(steps.first.args) == 1 else ("first operand", "second operand")[position]


def _given(replay: Replay, other: Other) -> bool:
    return other.slot < 0 or replay.steps[other.slot].name.startswith("given")


def _called(replay: Replay, other: Other) -> str:
    """What a message calls an array: an argument by its name, a result by its expression and line."""
    if other.slot < 0:
        return other.name
    step = replay.steps[other.slot]
    if step.name.startswith("given "):
        return step.name.removeprefix("given ")
    place = None if step.place is None else place_of(step.place)
    return f"the result of {step.name}" if place is None else f"{place.expression} of line {place.line}"


def _due(replay: Replay, other: Other) -> str:
    return f", where {_called(replay, other)} is due"


def _named(before: str, replay: Replay, other: Other) -> str:
    return before + _called(replay, other)


def _relation(replay: Replay, slot: int | None, other: Other) -> Mistake:
    """What it is to have one array for another: the input for the output where one is computed from the other."""
    if other.slot < 0:
        return Mistake.SLOPE_AT_OUTPUT
    if slot is None:
        return Mistake.OTHER_SLOPE
    mine, its = replay.steps[slot], replay.steps[other.slot]
    if mine.place is not None and mine.place == its.place:
        return Mistake.STALE
    if mine.name.startswith("given") and its.name.startswith("given"):
        return Mistake.OTHER_SLOPE
    if _bent_from(replay, other.slot, slot) or _bent_from(replay, slot, other.slot):
        return Mistake.SLOPE_AT_OUTPUT
    return Mistake.OTHER_SLOPE


def _bent_from(replay: Replay, late: int, early: int) -> bool:
    """Whether one step is computed from another, or from its numbers computed anew, by a function that is not linear:
    a sum of an array and a bias is no output of it.
    """
    value = replay.steps[early].value
    same = {s for s in _before(replay, late) if np.size(value) > 1 and _same(replay.steps[s].value, value)} | {early}
    bent = [s for s in (late, *_before(replay, late)) if replay.steps[s].name in (*NONLINEAR, "multiply", "divide")]
    return any(same & _before(replay, s) for s in bent)


def _slopes(steps: Steps, position: int, arrays: Sequence[Other]) -> Iterator[Edit]:
    """Edits with the slope of a function in the place of its result, where that is among the arrays of the run."""
    argument, replay = steps.first.args[position], steps.replay
    made = replay.steps[argument.slot] if isinstance(argument, Ref) else None
    if made is None or len(made.args) != 1 or not isinstance(made.args[0], Ref) or made.kwargs:
        return
    x = replay.steps[made.args[0].slot].value
    if not numeric(x) or np.size(x) < 2:
        return
    try:
        with np.errstate(all="ignore"):
            above, below = (np.asarray(made.function(x + h), dtype=float) for h in (WIDTH, -WIDTH))
            slope = (above - below) / (2 * WIDTH)
    except Exception:  # what the function does not take
        return
    for other in arrays:
        if other.array.shape == slope.shape == np.shape(x) and np.allclose(slope, other.array, rtol=1e-6, atol=1e-9):
            make, due = partial(_with, steps.first.function, position, other.array), partial(_due, replay, other)
            words = f"has a function for its slope as {_what(steps, position)}"
            yield Edit(Mistake.OTHER_SLOPE, REPLACED - 1, words, make, more=due, sure=True)


def _before(replay: Replay, slot: int) -> set[int]:
    found, waiting = set[int](), [slot]
    while waiting:
        for ref in replay.steps[waiting.pop()].refs:
            if ref not in found:
                found.add(ref)
                waiting.append(ref)
    return found


def multiplied(steps: Steps, arrays: Sequence[Other], instructions: Sequence[Steps]) -> Iterator[Edit]:
    """Edits with an array as a further factor or divisor of the result."""
    value = steps.first.value
    if not numeric(value) or len(steps.slots) > 1 or steps.name in ("zeros", "ones", "setitem", "getitem", "part"):
        return
    shape, tried, kind = np.shape(value), 0, Mistake.SLOPE_FORGOTTEN
    for other in arrays:
        array = other.array
        if other.slot >= steps.slots[0] or not stretches(array.shape, shape) or (array.size < 2 and np.size(value) > 1):
            continue
        if (tried := tried + 1) > MOST_OTHERS:
            return
        ways = [("lacks a factor", _times, ", "), ("lacks a division", _over, " by ")]
        if array.ndim == 2 and len(shape) and array.shape[0] == array.shape[1] == shape[-1] > 1:
            ways += [("lacks a matrix factor", way, ", ") for way in (_before_matrix, _after_matrix)]
        for lacks, way, joint in ways:
            more = partial(_named, joint, steps.replay, other)
            weights = other.slot < 0 and other.name.startswith(WEIGHTS) and not np.all(np.abs(array) == 1)
            lost = Mistake.MASK_SCALE if weights and way is _times else kind
            yield Edit(lost, REPLACED, lacks, partial(way, array), more=more, sure=lost is not kind)


def _times(array: Array, args: Any, kwargs: Any, value: Any) -> Any:
    return value * array


def _over(array: Array, args: Any, kwargs: Any, value: Any) -> Any:
    return value / array


def _before_matrix(array: Array, args: Any, kwargs: Any, value: Any) -> Any:
    return value @ array


def _after_matrix(array: Array, args: Any, kwargs: Any, value: Any) -> Any:
    return array @ value
