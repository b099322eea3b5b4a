"""The derivative at another point by the record of this one, where the record is what f computes there, too.

A proof at a point takes a trace, balls and several sweeps. To see that an answer is right there up to far less than
what matters, floats do: one sweep over the record in longdouble, at the point and a unit in the last place beside it.
What the function computes by losing digits does not get through: then its own value is another than longdouble's.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from gradcheck.numbers.arithmetic import Array
from gradcheck.numbers.stochastic import Floats, unit_roundoff
from gradcheck.tracing.derivative import seeds_of
from gradcheck.tracing.session import Run, Task
from gradcheck.tracing.sweep import forward, reverse
from gradcheck.tracing.trace import MARGIN

_BESIDE = 3
"""Number of runs beside the point; one at it follows, and one at the record's own point, where f compares numbers."""
_THERE, _HERE = _BESIDE, _BESIDE + 1


@dataclass(frozen=True)
class Floating:
    """A derivative in floats.

    Attributes
    ----------
    values: an array per differentiated argument (J^T c) or per output (J t).
    spreads: per entry, how far it is moved by a unit in the last place of the differentiated arguments.
    """

    values: tuple[Array, ...]
    spreads: tuple[Array, ...]


class RecordedDerivatives:
    """J^T c or J t at points of the same shapes, by one sweep over a record for all of them.

    At ten entries a sweep takes as long for five points as for one: a check with 10 parameters takes 10 % less time.
    """

    def __init__(
        self,
        run: Run,
        task: Task,
        points: Sequence[Sequence[Array]],
        *,
        cotangents: Sequence[Array] | None,
        tangents: Sequence[Array] | None,
    ) -> None:
        self._run, self._task, self._cotangents = run, task, cotangents
        self._each = _THERE + 2 if run.trace.compared or run.trace.beyond else _THERE + 1
        self._floats = Floats(task.dtype, 0, self._each * len(points))
        columns = []
        for point in points:
            random = np.random.default_rng(task.seed + 8)
            columns.append(
                [_starts(there, here, random, self._each) for there, here in zip(point, task.inputs, strict=True)]
            )
        starts = [np.concatenate(column, axis=-1) for column in zip(*columns, strict=True)]
        record = run.trace.record
        self._slopes: list[Array | None] | None = None
        with np.errstate(all="ignore"):
            if tangents is None:
                self._values: list[Array] = record.forward(self._floats, starts)
            else:
                given = [self._floats.constant(np.asarray(t)) for t in tangents]
                pairs = forward(self._floats, record, starts, given)
                self._values, self._slopes = [p.value for p in pairs], [p.tangent for p in pairs]
        self._slots = record.inputs if tangents is None else record.outputs

    def at(self, k: int, outputs: Sequence[Array]) -> Floating | None:
        """What it is at a point, by its number; None where the record may not be what f computes there.

        It is taken for that if no comparison comes out otherwise there, by far more than rounding explains, and if the
        record's value there is f's own, `outputs`, up to rounding.
        """
        run = self._run
        values = [self._own(value, k) for value in self._values]
        with np.errstate(all="ignore"):
            if not _same_order(run, values) or not _same_values(run, self._task, values, outputs, self._each):
                return None
            if self._slopes is None:
                assert self._cotangents is not None
                seeds = seeds_of(run, self._floats, self._cotangents)
                self._slopes = reverse(self._floats, run.trace.record, self._values, seeds)
            nodes = run.trace.record.nodes
            found = [None if (s := self._slopes[slot]) is None else self._own(s, k) for slot in self._slots]
            parts = [_part(s, (*nodes[slot].shape, self._each)) for s, slot in zip(found, self._slots, strict=True)]
            spreads = tuple(_spread(part) for part in parts)
        return Floating(tuple(part[..., _THERE].astype(np.float64) for part in parts), spreads)

    def _own(self, runs: Array, k: int) -> Array:
        """The runs of one point; a constant has one run for all."""
        return runs if runs.shape[-1] == 1 else runs[..., k * self._each : (k + 1) * self._each]


def recorded_derivatives(
    run: Run,
    task: Task,
    points: Sequence[Sequence[Array]],
    *,
    cotangents: Sequence[Array] | None,
    tangents: Sequence[Array] | None,
) -> RecordedDerivatives | None:
    """J^T c or J t at points of the same shapes; None where the record is that of this point alone."""
    if run.trace.decisions or run.trace.hidden or run.warnings:
        return None
    return RecordedDerivatives(run, task, points, cotangents=cotangents, tangents=tangents)


def _starts(there: Array, here: Array, random: np.random.Generator, runs: int) -> Array:
    """An input: the other point, moved or not, in all runs but _HERE's. Zeros do not move, as in `Replay`."""
    start = np.repeat(np.asarray(there, np.longdouble)[..., None], runs, axis=-1)
    unit = np.where(there == 0, 0, np.abs(np.spacing(there))).astype(np.longdouble)[..., None]
    start[..., :_BESIDE] += unit * random.choice([-1.0, 1.0], (*there.shape, _BESIDE))
    if runs > _HERE:
        start[..., _HERE] = here
    return start


def _part(slopes: Array | None, shape: tuple[int, ...]) -> Array:
    return np.zeros(shape) if slopes is None else np.broadcast_to(slopes, shape)


def _spread(runs: Array) -> Array:
    """Largest distance of a run beside the point from the one at it; NaN where one of them broke down."""
    moved = np.abs(runs[..., :_BESIDE] - runs[..., _THERE : _THERE + 1])
    return np.asarray(np.max(moved, axis=-1), dtype=np.float64)


def _same_order(run: Run, values: Sequence[Array]) -> bool:
    """Whether every comparison comes out as it did here, and clearly."""
    for (a, i), (b, j) in (*run.trace.compared, *run.trace.beyond):
        left, right = (_entries(values[slot], at) for slot, at in ((a, i), (b, j)))
        gap = np.broadcast_to(left - right, (*np.broadcast_shapes(i.shape, j.shape), _HERE + 1))
        there, here = gap[..., _THERE], gap[..., _HERE]
        clear = np.abs(there) > MARGIN * _spread(gap)
        clear[~clear] = np.all(gap[~clear] == 0, axis=-1)
        if not np.all(clear & (np.sign(there) == np.sign(here))):
            return False
    return True


def _entries(runs: Array, at: Array) -> Array:
    """The runs of entries at flat positions, those of one entry once (a maximum is compared with all others)."""
    one = at[:1] if at.size and np.all(at == at[0]) else at
    return np.asarray(runs.reshape(-1, runs.shape[-1])[one])


def _same_values(run: Run, task: Task, values: Sequence[Array], outputs: Sequence[Array], each: int) -> bool:
    """Whether the record's outputs are f's own, to within rounding."""
    unit, smallest = unit_roundoff(task.dtype), float(np.finfo(task.dtype).smallest_subnormal)
    if len(outputs) != len(run.outputs):
        return False
    for slot, own in zip(run.outputs, outputs, strict=True):
        shape = run.trace.record.nodes[slot].shape
        if own.shape != shape:
            return False
        runs = np.broadcast_to(values[slot], (*shape, each))
        there = runs[..., _THERE]
        allowed = MARGIN * (_spread(runs) + unit * np.abs(there) + smallest)
        if not np.all(np.abs(own.astype(np.longdouble) - there) <= allowed):
            return False
    return True
