"""The other sides of a function's comparisons: points where it takes another branch than at the given one.

Every comparison is an equation, left - right = 0, which is solved from the given point: along the slope of the
difference, at lengths from a thousandth of the way to a hundred million times the point's size; where it does not
change its sign along that line, from the place on it that comes closest. The point found lies a little beyond.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from gradcheck.numbers.arithmetic import Array
from gradcheck.numbers.stochastic import Floats
from gradcheck.routes.guards import Comparison, is_guard
from gradcheck.tracing.location import Site
from gradcheck.tracing.record import Record
from gradcheck.tracing.replay import Replay
from gradcheck.tracing.session import Run, Task
from gradcheck.tracing.sweep import reverse

_STEPS = np.array([1 + 1e-6, 1 + 1e-3, 1.0625, 1.25, 1.5, *2.0 ** np.arange(-8, 31)])
"""Step lengths tried, in units of gap / slope; the first beyond 1 crosses if the gap is linear."""
_SIZES = 2.0 ** np.arange(-10, 28)
"""Further ones, in norms of the point: 1e-3 to 1e8."""
_REFINED = 32
"""Number of lengths tried between two others."""
_BISECTIONS = 3
"""Times that a threshold is looked at more closely, 32 times each."""
_ROUNDS = 6
"""Maximum number of lines that are searched for one comparison."""
_CLOSER = 0.9
"""Share of the gap that has to be left at most for another line to be worthwhile."""
_BEYOND = (0.0625, 0.02, 5e-3, 1e-3, 1e-4, 1e-5, 1e-6)
"""Distances beyond a threshold, in units of the way to it: the first is taken up to which nothing turns again."""
_BESIDE = 1e-4
"""Relative distance from a constant of the points beside it."""
_THIN = 1e-7
"""Minimum width of the other side, in norms of the point."""
_MOST_NUMBERS = 4_000_000
"""Maximum number of floats in all replays for one comparison; a function that computes more has fewer lines."""

Key = tuple[Site, float | None]
"""A comparison in the user's code: where it stands, and the constant that is compared with, if any."""


@dataclass(frozen=True)
class Branch:
    """A comparison of the function's, guards apart.

    Attributes
    ----------
    key: which one.
    point: a point on its other side, an array per differentiated argument; None if none was found.
    """

    key: Key
    point: list[Array] | None

    @property
    def line(self) -> str:
        """Where it stands, as "line 3 of model.py"."""
        (file, number, _), _ = self.key
        return f"line {number} of {file.replace(chr(92), '/').rpartition('/')[2]}"


@dataclass(frozen=True)
class _Gap:
    """One comparison of two entries, as a function of the arguments.

    Attributes
    ----------
    one: slots and positions of both.
    record: what computes them.
    value: left - right at the point given.
    others: the comparisons that were made before it, whole.
    guard: whether it is a guard, whose other side may be a small place: where it begins, most can go wrong.
    """

    task: Task
    one: Comparison
    record: Record
    value: float
    others: Sequence[Comparison] = ()
    guard: bool = False

    @property
    def size(self) -> int:
        """Number of entries that are computed for it."""
        return sum(int(np.prod(node.shape)) for node in self.record.nodes)

    def at(self, points: Sequence[Array]) -> Array:
        """left - right at points on the last axis."""
        replay = self._replay(points)
        with np.errstate(all="ignore"):
            gap = replay.entries(*self.one[0]) - replay.entries(*self.one[1])
            return np.broadcast_to(gap[0], points[0].shape[-1]).astype(float)

    def across(self, gaps: Array) -> Array:
        """Where the comparison comes out otherwise than at the point given."""
        return np.asarray(np.isfinite(gaps) & (np.sign(gaps) == -np.sign(self.value)))

    def steady(self, points: Sequence[Array]) -> bool:
        """Whether every earlier comparison comes out at all points, on the last axis, as at the first of them.

        The record is that of one outcome of each: where |x| < 0.1 is left again through 0, it does not show it.
        """
        replay = self._replay(points)
        with np.errstate(all="ignore"):
            signs = [np.sign(replay.entries(*left) - replay.entries(*right)) for left, right in self.others]
        return all(bool(np.all((s == s[..., :1]) | np.isnan(s))) for s in signs)

    def slope(self, point: Sequence[Array]) -> list[Array]:
        """The gradient of left - right at a point."""
        replay = self._replay([x[..., None] for x in point])
        seeds: dict[int, Array] = {}
        for (slot, position), sign in zip(self.one, (1.0, -1.0), strict=True):
            seed = seeds.setdefault(slot, np.zeros((*self.record.nodes[slot].shape, 1)))
            seed.reshape(-1)[position] += sign
        with np.errstate(all="ignore"):
            adjoints = reverse(replay.floats, self.record, replay.catch_up(), seeds, masked=True)
        shapes = [self.record.nodes[slot].shape for slot in self.record.inputs]
        return [
            np.zeros(shape) if (g := adjoints[slot]) is None else np.broadcast_to(g, (*shape, 1))[..., 0].astype(float)
            for slot, shape in zip(self.record.inputs, shapes, strict=True)
        ]

    def _replay(self, points: Sequence[Array]) -> Replay:
        floats = Floats(self.task.dtype, 0, points[0].shape[-1])
        return Replay(self.record, floats, [np.asarray(p, np.longdouble) for p in points])


def branches(run: Run, task: Task, most: int, known: Collection[Key] = (), *, guards: bool = False) -> list[Branch]:
    """The comparisons of the function, guards and `known` ones apart, the nearest first; `most` of them are solved for.

    A guard is a clip, a maximum or a test that keeps the argument of a logarithm, a divisor and the like away from the
    edge of its domain: f is not meant beyond it. With `guards` those alone are looked at. Of comparisons at one place
    with one constant the nearest one counts.
    """
    found = sorted(_nearest(run, task, known, guards).items(), key=lambda row: row[1][0])
    with np.errstate(all="ignore"):  # thresholds near the largest float, at steps beyond it
        return [Branch(key, _solved(gap, task) if n < most else None) for n, (key, (_, gap)) in enumerate(found)]


def thresholds(run: Run, task: Task, most: int) -> list[list[list[Array]]]:
    """Points with one entry of an argument at what it is compared with (x == 0, x > 0, x[0] == x[1]), a little below it
    and a little above it; at most `most` triples of them.

    What an entry is compared with is a constant, or an entry of an argument.
    """
    record = run.trace.record
    here = Replay(record, Floats(task.dtype, 0, 1), [np.asarray(x, np.longdouble)[..., None] for x in task.inputs])
    found: dict[tuple[int, float], list[list[Array]]] = {}
    for pair in run.trace.compared:
        for (slot, at), (other, where) in (pair, pair[::-1]):
            if len(found) >= most:
                return list(found.values())
            if not np.size(at):
                continue
            at, where = np.broadcast_arrays(at, where)
            source, place = record.origin(slot, int(at.flat[0]))
            beside, _ = record.origin(other, int(where.flat[0]))
            if source not in record.inputs or (record.nodes[other].varies and beside not in record.inputs):
                continue
            number = float(here.entries(other, where.ravel()[:1])[0, 0])
            k = record.inputs.index(source)
            if np.isfinite(number) and task.inputs[k].flat[place] != number:
                found.setdefault((k, number), _at_and_beside(task.inputs, k, place, number))
    return list(found.values())


def _at_and_beside(inputs: Sequence[Array], k: int, place: int, number: float) -> list[list[Array]]:
    """The points with the entry at `place` of the k-th argument at a number, a little below it and a little above."""
    step = _BESIDE * (abs(number) or abs(float(inputs[k].flat[place])))
    triple = [[np.array(x) for x in inputs] for _ in range(3)]
    for moved, value in zip(triple, (number, number - step, number + step), strict=True):
        moved[k].flat[place] = value
    return triple


def _nearest(run: Run, task: Task, known: Collection[Key], guards: bool) -> dict[Key, tuple[float, _Gap]]:
    """Per comparison, how many steps of Newton's size it is away in norms of the point, and its nearest entries."""
    record = run.trace.record
    here = Replay(record, Floats(task.dtype, 0, 1), [np.asarray(x, np.longdouble)[..., None] for x in task.inputs])
    closest: dict[Key, tuple[float, Comparison, float]] = {}
    for key, one, value, share in _entries(run, here):
        if key not in known and share < closest.get(key, (np.inf,))[0]:
            closest[key] = share, one, value
    found = {}
    for key, (_, one, value) in closest.items():
        if is_guard(record, here, one) != guards:
            continue
        last = max(one[0][0], one[1][0], *record.inputs)
        before = [c for c in run.trace.compared if max(c[0][0], c[1][0]) < max(one[0][0], one[1][0])]
        gap = _Gap(task, one, Record(record.nodes[: last + 1], record.inputs), value, before, guards)
        length = _norm(gap.slope([np.asarray(x, float) for x in task.inputs]))
        found[key] = (abs(value) / length if 0 < length < np.inf else np.inf), gap
    return found


def _entries(run: Run, here: Replay) -> Iterator[tuple[Key, Comparison, float, float]]:
    """For every comparison made: what and where, the entry nearest to a tie, left - right, and its relative size."""
    nodes = run.trace.record.nodes
    for ((a, i), (b, j)), site in zip(run.trace.compared, run.trace.compared_at, strict=True):
        with np.errstate(all="ignore"):
            left, right = here.entries(a, i)[:, 0].astype(float), here.entries(b, j)[:, 0].astype(float)
            gap = left - right
            share = np.abs(gap) / (np.abs(left) + np.abs(right))
        share = np.where(np.isfinite(gap) & (gap != 0), share, np.inf)
        if not share.size or not np.isfinite(share.min()):
            continue
        k = int(np.argmin(np.where(np.isfinite(share), np.abs(gap), np.inf)))
        fixed = left[k] if not nodes[a].varies else right[k] if not nodes[b].varies else None
        one: Comparison = ((a, i[k : k + 1]), (b, j[k : k + 1]))
        yield (site, None if fixed is None else float(fixed)), one, float(gap[k]), float(share[k])


def _solved(gap: _Gap, task: Task) -> list[Array] | None:
    """A point beyond the threshold; None if none was found."""
    start = [np.asarray(x, np.longdouble) for x in task.inputs]
    base, value, size = start, gap.value, _norm(start) or 1.0
    random = np.random.default_rng(task.seed + 11)
    for number in range(min(_ROUNDS, max(1, _MOST_NUMBERS // (100 * max(gap.size, 1))))):
        slope = gap.slope(base)
        length = _norm(slope)
        if not 0 < length < np.inf:
            if number:
                return None
            slope = [random.standard_normal(x.shape) for x in base]
            length = _norm(slope)
            step = size
        else:
            step = abs(value) / length
        unit = [-np.sign(value) * s / length for s in slope]
        lengths = np.unique(np.concatenate([step * _STEPS, size * _SIZES]))
        gaps, lengths = _along(gap, base, unit, lengths)
        crossed = np.flatnonzero(gap.across(gaps))
        if crossed.size:
            low = lengths[crossed[0] - 1] if crossed[0] else 0.0
            return _landing(gap, task, base, unit, float(low), float(lengths[crossed[0]]), size)
        left = np.where(np.isfinite(gaps), np.abs(gaps), np.inf)
        best = int(np.argmin(left))
        if not left[best] <= _CLOSER * abs(value):
            return None
        base = [b + lengths[best] * u for b, u in zip(base, unit, strict=True)]
        value = float(gaps[best])
    return None


def _along(gap: _Gap, base: Sequence[Array], unit: Sequence[Array], lengths: Array) -> tuple[Array, Array]:
    """Gaps along a line, and lengths; where the gap loses its value before it crosses, lengths before that besides."""
    gaps = gap.at(_points(base, unit, lengths))
    undefined = np.flatnonzero(~np.isfinite(gaps))
    crossed = np.flatnonzero(gap.across(gaps))
    if undefined.size and not (crossed.size and crossed[0] < undefined[0]):
        first = int(undefined[0])
        low = float(lengths[first - 1]) if first else 0.0
        finer = np.linspace(low, float(lengths[first]), _REFINED + 1)[1:-1]
        more = gap.at(_points(base, unit, finer))
        gaps = np.concatenate([gaps[:first], more, gaps[first:]])
        lengths = np.concatenate([lengths[:first], finer, lengths[first:]])
    return gaps, lengths


def _landing(
    gap: _Gap, task: Task, base: Sequence[Array], unit: Sequence[Array], low: float, high: float, size: float
) -> list[Array] | None:
    """The point a little beyond the threshold that lies between two lengths; None if the other side is too thin."""
    for _ in range(_BISECTIONS):
        lengths = np.linspace(low, high, _REFINED + 1)
        across = gap.across(gap.at(_points(base, unit, lengths)))
        first = int(np.argmax(across[1:])) + 1 if across[1:].any() else _REFINED
        low, high = float(lengths[first - 1]), float(lengths[first])
    way = _norm([b + high * u - np.asarray(x, float) for b, u, x in zip(base, unit, task.inputs, strict=True)])
    for share in _BEYOND[::-1] if gap.guard else _BEYOND:
        farther = share * max(way, _THIN * size / share)
        points = _points(base, unit, high + farther * np.linspace(0.0, 1.0, 9))
        there = [p[..., -1].astype(x.dtype) for p, x in zip(points, task.inputs, strict=True)]
        finite = all(np.all(np.isfinite(x)) for x in there)
        whole = finite and gap.across(gap.at(points)).all() and gap.steady(points)
        if whole and gap.across(gap.at([np.asarray(x)[..., None] for x in there]))[0]:
            return there
    return None


def _points(base: Sequence[Array], unit: Sequence[Array], lengths: Array) -> list[Array]:
    """Points on the last axis."""
    return [b[..., None] + u[..., None] * lengths for b, u in zip(base, unit, strict=True)]


def _norm(arrays: Sequence[Array]) -> float:
    with np.errstate(all="ignore"):
        return float(np.sqrt(sum(float(np.sum(np.square(a, dtype=float))) for a in arrays)))
