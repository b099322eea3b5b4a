"""Which outcomes of undecided comparisons hold the values that the function holds (`gradcheck.held`)."""

from collections.abc import Iterator, Sequence
from copy import deepcopy
from typing import Any

import numpy as np

from gradcheck.holding import Tape
from gradcheck.numbers.stochastic import unit_roundoff
from gradcheck.tracing.session import Run, Task
from gradcheck.tracing.trace import MARGIN


def as_held(task: Task, runs: Sequence[Run]) -> list[Run]:
    """The runs without those that hold other values than the function does; all of them if that would leave none.

    A comparison on the way to a held value that rounding could turn (the rounding of 2.5) has one outcome at the point,
    however close it was: what is held is what the function computed.
    """
    if len(runs) < 2 or not any(run.trace.held for run in runs):
        return list(runs)
    tape = Tape()
    with tape.recording():
        task.function(*deepcopy(task.arguments))
    kept = [run for run in runs if _holds(run, tape)]
    return kept or list(runs)


def _holds(run: Run, tape: Tape) -> bool:
    """Whether a run holds the values on the tape, within rounding."""
    held = run.trace.held
    if len(held) != len(tape.values):
        return False
    for slots, value in zip(held, tape.values, strict=True):
        own = list(_leaves(value))
        if slots and len(slots) == len(own) and not all(map(_same, [run] * len(slots), slots, own)):
            return False
    return True


def _leaves(value: Any) -> Iterator[Any]:
    if isinstance(value, list | tuple | dict):
        for part in value.values() if isinstance(value, dict) else value:
            yield from _leaves(part)
    elif np.iscomplexobj(value):
        yield from (np.real(value), np.imag(value))
    else:
        yield value


def _same(run: Run, slot: int, own: Any) -> bool:
    trace = run.trace
    exact = trace.balls.enclosure(trace.values[slot])
    own = np.asarray(own, dtype=np.float64)
    if own.shape != exact.shape:
        return False
    everywhere = np.arange(own.size)
    zero = trace.constant(0.0)
    wide = trace.balls.longdouble(trace.values[slot]).reshape(everywhere.shape)
    spread = run.replay.spread((slot, everywhere), (zero, np.zeros_like(everywhere)), wide).reshape(own.shape)
    unit = unit_roundoff(trace.floats.dtype)
    room = MARGIN * (spread + unit * np.abs(exact.midpoint)) + exact.radius + np.finfo(float).tiny
    with np.errstate(invalid="ignore"):
        return bool(np.all((np.abs(own - exact.midpoint) <= room) | (own == exact.midpoint) | np.isnan(own)))
