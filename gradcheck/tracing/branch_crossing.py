"""Points on the other side of a comparison, where the function takes another branch than at the given point."""

from collections.abc import Iterator, Sequence

import numpy as np

from gradcheck.numbers.arithmetic import Array
from gradcheck.numbers.stochastic import Floats
from gradcheck.tracing.guards import Comparison, is_guard
from gradcheck.tracing.replay import Replay
from gradcheck.tracing.session import Run, Task
from gradcheck.tracing.sweep import reverse

_LADDER = np.array([1.0625, 1.25, 1.5, 2.0, 3.0, 5.0, 8.0, 16.0, 32.0, 64.0, 128.0])
"""Step lengths tried, in units of gap / slope; the first one crosses if the gap is linear."""
_REFINED = 16
"""Number of lengths tried between two others, if the gap has no value at the longer one."""
_ROUNDS = 2
"""Maximum number of such refinements."""
REACH = 8.0
"""Maximum length, in norms of the point. A clip farther away guards against overflow, whatever x is."""
_THIN = 1e-3
"""Minimum width of the other side, in norms of the point: it excludes a floor of 1e-12 that keeps 0 out of a log."""


def points_across(run: Run, task: Task, most: int, reach: float = REACH) -> Iterator[list[Array]]:
    """Points (an array per differentiated argument) across one comparison each, the nearest first.

    A comparison is left out if it is a guard: a clip, a maximum or a test that keeps the argument of a logarithm, a
    divisor and the like away from the edge of its domain, where f is not meant. `reach` is the longest move, in norms
    of the point. The move follows the
    slope of left - right, at its entry closest to a tie, and stays where that difference has a value.
    """
    found = []
    for comparison in run.trace.compared:
        gap = _gaps(run, task, comparison, [x[..., None] for x in task.inputs])[:, 0]
        with np.errstate(invalid="ignore"):
            near = np.where(np.isfinite(gap) & (gap != 0), np.abs(gap), np.inf)
        if not near.size or not np.isfinite(near.min()):
            continue
        k = int(np.argmin(near))
        (a, i), (b, j) = comparison
        one: Comparison = ((a, i[k : k + 1]), (b, j[k : k + 1]))
        if is_guard(run.trace.record, _replayed(run, task, [x[..., None] for x in task.inputs]), one):
            continue
        slope = _slope(run, task, one)
        length = float(np.sqrt(sum(float(np.sum(np.square(s))) for s in slope)))
        if not 0 < length < np.inf:
            continue
        unit = [-np.sign(gap[k]) * s / length for s in slope]
        size = float(np.sqrt(sum(float(np.sum(np.square(x, dtype=float))) for x in task.inputs))) or 1.0
        found.append((abs(float(gap[k])) / length, one, float(gap[k]), unit, size))
    found.sort(key=lambda row: row[0])
    for step, one, value, unit, size in found[:most]:
        if (across := _search(run, task, one, value, unit, step, size, reach)) is not None:
            yield [np.asarray(x + across * u, dtype=x.dtype) for x, u in zip(task.inputs, unit, strict=True)]


def _search(
    run: Run, task: Task, one: Comparison, gap: float, unit: list[Array], step: float, size: float, reach: float
) -> float | None:
    """The shortest length tried with the other outcome, both there and a little farther on; None if there is none.

    If left - right loses its value first, lengths in between are tried.
    """
    lengths = step * _LADDER
    lengths = lengths[lengths <= reach * size]
    if not lengths.size:
        return None
    for _ in range(1 + _ROUNDS):
        points, beyond = (
            [x.astype(float)[..., None] + u[..., None] * moves for x, u in zip(task.inputs, unit, strict=True)]
            for moves in (lengths, lengths + _THIN * size)
        )
        across = _across(run, task, one, gap, points) & _across(run, task, one, gap, beyond)
        if across.any():
            return float(lengths[int(np.argmax(across))])
        undefined = ~np.isfinite(_gaps(run, task, one, points)[0])
        if not undefined.any():
            return None
        first = int(np.argmax(undefined))
        low = float(lengths[first - 1]) if first else 0.0
        lengths = np.linspace(low, float(lengths[first]), _REFINED + 1)[1:]
    return None


def _replayed(run: Run, task: Task, points: Sequence[Array]) -> Replay:
    return Replay(run.trace.record, Floats(task.dtype, 0, points[0].shape[-1]), [np.asarray(p, float) for p in points])


def _gaps(run: Run, task: Task, comparison: Comparison, points: Sequence[Array]) -> Array:
    """left - right, a row per entry, at points on the last axis."""
    replay = _replayed(run, task, points)
    with np.errstate(all="ignore"):
        gap = replay.entries(*comparison[0]) - replay.entries(*comparison[1])
    return np.broadcast_to(gap, (gap.shape[0], points[0].shape[-1])).astype(float)


def _across(run: Run, task: Task, one: Comparison, gap: float, points: Sequence[Array]) -> Array:
    there = _gaps(run, task, one, points)[0]
    return np.asarray(np.isfinite(there) & (np.sign(there) == -np.sign(gap)))


def _slope(run: Run, task: Task, one: Comparison) -> list[Array]:
    """The gradient of left - right at the point itself."""
    replay = _replayed(run, task, [x[..., None] for x in task.inputs])
    record = run.trace.record
    seeds: dict[int, Array] = {}
    for (slot, position), sign in zip(one, (1.0, -1.0), strict=True):
        seed = seeds.setdefault(slot, np.zeros((*record.nodes[slot].shape, 1)))
        seed.reshape(-1)[position] += sign
    with np.errstate(all="ignore"):
        adjoints = reverse(replay.floats, record, replay.catch_up(), seeds, masked=True)
    shapes = [record.nodes[slot].shape for slot in record.inputs]
    return [
        np.zeros(shape) if (g := adjoints[slot]) is None else np.broadcast_to(g, (*shape, 1))[..., 0].astype(float)
        for slot, shape in zip(record.inputs, shapes, strict=True)
    ]
