"""What happens close to the point: each run's record replayed in floats at many points x + t d.

A run occurs if at one of these points every undecided comparison has the outcome that the run chose. There its record
is what the function computes.
"""

from collections.abc import Sequence

import numpy as np

from gradcheck.numbers.arithmetic import Array
from gradcheck.numbers.stochastic import Floats
from gradcheck.tracing.derivative import seeds_of
from gradcheck.tracing.replay import Replay
from gradcheck.tracing.session import Run, Task
from gradcheck.tracing.sweep import reverse
from gradcheck.tracing.trace import UNEQUAL, Test

_MOST_POINTS = 768
"""Maximum number of points."""
_MOST_NUMBERS = 20_000_000
"""Maximum number of floats of one replay: entries of the record times points."""
_STEPS = (1e-3, 1e-5, 1e-7)
"""Distances t, relative to the root mean square of each argument."""


def occurring(runs: Sequence[Run], task: Task) -> tuple[bool, ...]:
    """For each run, whether its choices all hold at some nearby point."""
    entries = max(run.trace.record.entries for run in runs)
    count = max(16, min(_MOST_POINTS, _MOST_NUMBERS // max(entries, 1)))
    points = around(task, count)
    general = np.arange(count) >= _single(task, count)
    return tuple(_occurs(run, task, points, general) for run in runs)


def gradients_around(
    run: Run, task: Task, cotangents: Sequence[Array], count: int, *, closest: bool = False
) -> list[Array]:
    """J^T u by the run's record at `count` points near by, on the last axis; NaN where it does not exist.

    The points lie at several distances, or all at the shortest of them.
    """
    floats = Floats(task.dtype, 0, count)
    record = run.trace.record
    with np.errstate(all="ignore"):
        values = record.forward(floats, around(task, count, _STEPS[-1:] if closest else _STEPS))
        found = reverse(floats, record, values, seeds_of(run, floats, cotangents), masked=True)
        shapes = [record.nodes[slot].shape for slot in record.inputs]
        return [
            np.zeros((*shape, count)) if (g := found[slot]) is None else np.broadcast_to(g, (*shape, count))
            for slot, shape in zip(record.inputs, shapes, strict=True)
        ]


def around(task: Task, count: int, distances: Sequence[float] = _STEPS) -> list[Array]:
    """Points x + t d on the last axis: single coordinates first, then random directions."""
    random = np.random.default_rng(task.seed + 3)
    inputs = task.inputs
    total = sum(x.size for x in inputs)
    steps = np.resize(np.array(distances), count)
    directions = random.standard_normal((total, count))
    single = _single(task, count)
    directions[:, :single] = 0.0
    for k in range(single):
        directions[k // 2, k] = 1.0 if k % 2 == 0 else -1.0
    points, start = [], 0
    for x in inputs:
        size = float(np.sqrt(np.mean(np.square(x.astype(np.longdouble))))) if x.size else 0.0
        moves = directions[start : start + x.size] * (steps * (size or 1.0))
        points.append(x.astype(np.longdouble)[..., None] + moves.reshape(*x.shape, count))
        start += x.size
    return points


def _single(task: Task, count: int) -> int:
    """How many of `count` points `around` lie along a single coordinate: those come first."""
    return min(2 * sum(x.size for x in task.inputs), count // 4)


def _occurs(run: Run, task: Task, points: list[Array], general: Array) -> bool:
    tests = [test for k, decision in enumerate(run.trace.decisions) if k not in run.inert for test in decision.tests]
    if not tests:
        return True
    count = points[0].shape[-1]
    replay = Replay(run.trace.record, Floats(task.dtype, 0, count), points)
    holds = np.ones(count, dtype=bool)
    for test in tests:
        holds &= _holds(replay, test, general)
    return bool(holds.any())


def _holds(replay: Replay, test: Test, general: Array) -> Array:
    """At which points a test holds.

    Two numbers that agree at all points in `general` directions are the same number there, under the choices of this
    run: whichever of them counts as the larger, the derivative is the same.
    """
    (a, i), (b, j) = test.left, test.right
    with np.errstate(all="ignore"):
        gap = replay.entries(a, np.array(i)) - replay.entries(b, np.array(j))
    if test.sign == UNEQUAL:
        return np.asarray(gap != 0)
    if general.any() and np.all(gap[..., general] == 0):
        return np.ones(gap.shape, dtype=bool)
    return np.asarray(np.sign(gap) == test.sign)
