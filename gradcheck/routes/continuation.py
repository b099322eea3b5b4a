"""Can a function be followed from its point to another, so that what is wrong there counts?

A run's record is a formula without branches. Followed along a segment it stays what the function computes as long as no
comparison comes out otherwise. Where one does, but the derivative at the end is the formula's all the same (the shift
of a softmax, a loop that runs on after it has converged), the comparison had no effect. A branch that both sides are
meant to take (a rectifier's) may be another one there; a guard's must not, nor may a loop run more or less often.

The path is looked at in floats, at many points at once. Between two of them a singularity shows by a change of sign of
what must not be 0 there (a divisor, the argument of a logarithm); if it only touches 0, the place is searched for.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import pairwise

import numpy as np

from gradcheck.numbers.arithmetic import Array
from gradcheck.numbers.stochastic import Floats
from gradcheck.routes.guards import edge_of, folds, has_edge, is_guard, unfolded
from gradcheck.routes.segments import proven
from gradcheck.tracing.derivative import seeds_of
from gradcheck.tracing.replay import Replay
from gradcheck.tracing.session import Run, Task
from gradcheck.tracing.sweep import reverse

SAMPLES = 65
"""Points on a segment, both ends and the middle among them (turning every sign leads through 0)."""
ZOOMS = 4
"""Times that the neighbourhood of the smallest value is looked at more closely, 32 times each."""
LOWEST = 8
"""Maximum number of entries whose smallest value is looked for in this way."""
LOW = 0.05
"""Share of its largest value above which a smallest value is not looked at more closely: a parabola that touches 0
between two of the samples is far below it at the nearer one."""
TOUCHES = 1e-6
"""Share of its value at the start below which what must not be 0 counts as 0."""
DETOURS = 2
"""Number of paths tried besides the straight one, each by way of one point beside its middle."""
SAME = 1e-6
"""Maximum relative difference of two gradients that are the same: they are computed in floats, by two formulas."""
NEARLY = 1e-2
"""The same of a formula and what stands for it beyond a guard, which may be a series of one term or two."""
MOST_NUMBERS = 20_000_000
"""Maximum number of floats of one replay: entries of the record times points."""


def leads_to(run: Run, task: Task, there: Run, point: Sequence[Array]) -> bool:
    """Whether the record of `run` can be followed from the task's point to `point`, where `there` was recorded.

    True if some path meets no singularity and either both records have the same derivative at its end, or comparisons
    that come out otherwise there are the reason why they have not, none of them a guard. The points must have the same
    shapes.
    """
    if max(run.trace.record.entries, there.trace.record.entries) * SAMPLES > MOST_NUMBERS:
        return False
    start = [np.asarray(x, dtype=np.longdouble) for x in task.inputs]
    end = [np.asarray(x, dtype=np.longdouble) for x in point]
    formula = same_derivative(run, there, task, point)
    if not formula and not _other_branches_alone(run, there, task, end):
        return False
    runs = (run,) if formula else (run, there)
    return any(
        all(_free(each, task, a, b) for each in runs for a, b in pairwise(path)) for path in _paths(task, start, end)
    )


def goes_on(run: Run, task: Task, there: Run, point: Sequence[Array]) -> bool:
    """Whether f is the same function beyond a guard, by another formula: a series beside 0, a tangent far out.

    The records of both sides then have nearly the same derivative at the point beyond, and nothing that must not be 0
    changes its sign on the way, however near to 0 the way ends.
    """
    if max(run.trace.record.entries, there.trace.record.entries) * SAMPLES > MOST_NUMBERS:
        return False
    if not same_derivative(run, there, task, point, NEARLY):
        return False
    start, end = ([np.asarray(x, dtype=np.longdouble) for x in inputs] for inputs in (task.inputs, point))
    along = _values(run, task, _samples(start, end))
    edges = (np.sign(edge) for edge in _edges(run, along, folds(run.trace.record, run.trace.compared)))
    return all(bool(np.all((signs == signs[..., :1]) | (signs[..., :1] == 0))) for signs in edges)


def _free(run: Run, task: Task, start: Sequence[Array], end: Sequence[Array]) -> bool:
    """Whether a segment is regular, as far as floats show and balls can prove, and leads past no guard."""
    along = _values(run, task, _samples(start, end))
    return (
        regular(run, task, start, end, along)
        and not _guarded(run, task, along)
        and proven(run, start, end) is not False
    )


def _guarded(run: Run, task: Task, along: Sequence[Array]) -> bool:
    """Whether a guard that does not bind at the point given binds on a segment, where the record has values `along`."""
    record = run.trace.record
    here = Replay(record, Floats(task.dtype, 0, 1), [np.asarray(x, np.longdouble)[..., None] for x in task.inputs])

    def gap(values: Sequence[Array], left: tuple[int, Array], right: tuple[int, Array]) -> Array:
        a, b = (values[slot].reshape(-1, values[slot].shape[-1])[at] for slot, at in (left, right))
        return np.asarray(np.sign(a - b))

    for (a, i), (b, j) in run.trace.compared:
        if record.nodes[a].varies == record.nodes[b].varies:
            continue
        with np.errstate(invalid="ignore"):
            before = gap(here.catch_up(), (a, i), (b, j))
            turned = np.any(before * gap(along, (a, i), (b, j)) < 0, axis=-1)
        i, j = np.broadcast_arrays(i, j)
        for k in np.flatnonzero(turned):
            if is_guard(record, here, ((a, i[k : k + 1]), (b, j[k : k + 1]))):
                return True
    return False


def _samples(start: Sequence[Array], end: Sequence[Array]) -> list[Array]:
    """Points on a segment, on the last axis."""
    ts = np.linspace(0.0, 1.0, SAMPLES)
    return [a[..., None] + (b - a)[..., None] * ts for a, b in zip(start, end, strict=True)]


def regular(
    run: Run, task: Task, start: Sequence[Array], end: Sequence[Array], along: Sequence[Array] | None = None
) -> bool:
    """Whether the record of `run` has values and derivatives all along a segment: `along` it, where they are known."""

    def at(ts: Array) -> list[Array]:
        points = [a[..., None] + (b - a)[..., None] * ts for a, b in zip(start, end, strict=True)]
        return _edges(run, _values(run, task, points), folded)

    ts, folded = np.linspace(0.0, 1.0, SAMPLES), folds(run.trace.record, run.trace.compared)
    edges = at(ts) if along is None else _edges(run, along, folded)
    for number, edge in enumerate(edges):
        rows = edge.reshape(-1, edge.shape[-1])
        rows = rows[np.isfinite(rows[:, 0]) & (rows[:, 0] != 0)]  # what has no value here is no matter of the path
        if rows.size == 0 or rows.shape[-1] == 1:
            continue
        if not np.all(np.isfinite(rows)) or np.any(np.sign(rows) != np.sign(rows[:, :1])):
            return False
        size = np.max(np.abs(rows), axis=-1)
        order = np.argsort(np.min(np.abs(rows), axis=-1) / size)[:LOWEST]
        if any(_touches(at, number, rows, int(k), ts) for k in order):
            return False
    return True


def _touches(at: Callable[[Array], list[Array]], number: int, rows: Array, row: int, ts: Array) -> bool:
    """Whether an entry that keeps its sign goes down to 0 between the samples."""
    kept = rows[row]
    size, usual = float(np.max(np.abs(kept))), float(np.abs(kept[0]))
    lowest = int(np.argmin(np.abs(kept)))
    if lowest in (0, ts.size - 1) or abs(float(kept[lowest])) > LOW * size:
        return abs(float(kept[lowest])) <= TOUCHES * usual
    low, high = float(ts[lowest - 1]), float(ts[lowest + 1])
    place = _place(at, number, rows, row)
    for _ in range(ZOOMS):
        finer = np.linspace(low, high, 65)
        edge = at(finer)[number]
        found = np.abs(edge.reshape(-1, edge.shape[-1])[place])
        best = int(np.argmin(found))
        if not np.all(np.isfinite(found)) or float(found[best]) <= TOUCHES * usual:
            return True
        low, high = float(finer[max(best - 1, 0)]), float(finer[min(best + 1, 64)])
    return False


def _place(at: Callable[[Array], list[Array]], number: int, rows: Array, row: int) -> int:
    """The flat position, among all entries of an edge, of one of the rows that were kept."""
    first = at(np.zeros(1))[number].reshape(-1)
    kept = np.flatnonzero(np.isfinite(first) & (first != 0))
    return int(kept[row])


def _values(run: Run, task: Task, points: Sequence[Array]) -> list[Array]:
    count = points[0].shape[-1]
    with np.errstate(all="ignore"):
        record = run.trace.record
        return unfolded(record, Floats(task.dtype, 0, count), points, folds(record, run.trace.compared))


def _edges(run: Run, values: Sequence[Array], folded: Mapping[int, Array]) -> list[Array]:
    """Everything that must not be 0, an array per node with a last axis of points; 1 where it may be (`folds`)."""
    found = []
    for slot, node in enumerate(run.trace.record.nodes):
        if node.varies and has_edge(node):
            with np.errstate(all="ignore"):
                edge = edge_of(slot, node, values)
            free = folded[slot].reshape(edge.shape[:-1])[..., None] if slot in folded else False
            found.append(np.where(free, 1.0, edge))
    return found


def _paths(task: Task, start: list[Array], end: list[Array]) -> Iterator[list[list[Array]]]:
    """The segment, and then ways round its middle, for what is singular in one point only (a norm at 0)."""
    yield [start, end]
    if sum(x.size for x in start) < 2:
        return
    random = np.random.default_rng(task.seed + 5)
    size = float(np.sqrt(sum(float(np.sum((b - a) ** 2)) for a, b in zip(start, end, strict=True))))
    for _ in range(DETOURS):
        draws = [random.standard_normal(x.shape) for x in start]
        length = float(np.sqrt(sum(float(np.sum(d * d)) for d in draws))) or 1.0
        middle = [(a + b) / 2 + d * (size / (2 * length)) for a, b, d in zip(start, end, draws, strict=True)]
        yield [start, middle, end]


def _other_branches_alone(run: Run, there: Run, task: Task, point: Sequence[Array]) -> bool:
    """Whether comparisons come out otherwise at a point, none of them a guard, and no loop's count changes by more."""
    sites = [run.trace.sites, there.trace.sites]
    if any(abs(len(sites[0][site]) - len(sites[1][site])) > 1 for site in sites[0].keys() & sites[1].keys()):
        return False
    record, compared = run.trace.record, run.trace.compared
    here, moved = (
        Replay(record, Floats(task.dtype, 0, 1), [np.asarray(x, dtype=np.longdouble)[..., None] for x in inputs])
        for inputs in (task.inputs, point)
    )
    turned = False
    for (a, i), (b, j) in compared:
        with np.errstate(invalid="ignore"):
            before, after = (np.sign(r.entries(a, i) - r.entries(b, j))[..., 0] for r in (here, moved))
        i, j = np.broadcast_arrays(i, j)
        # A tie that is none there comes out otherwise, too, than under the choice that was made for it here.
        for k in np.flatnonzero((before * after < 0) | ((before == 0) & (after != 0))):
            if is_guard(record, here, ((a, i[k : k + 1]), (b, j[k : k + 1]))):
                return False
            turned = True
    return turned


def same_derivative(one: Run, other: Run, task: Task, point: Sequence[Array], within: float = SAME) -> bool:
    """Whether two records have the same outputs' shapes, and the same gradients at a point."""
    shapes = [[run.trace.record.nodes[slot].shape for slot in run.outputs] for run in (one, other)]
    if shapes[0] != shapes[1]:
        return False
    random = np.random.default_rng(task.seed + 7)
    cotangents = [random.standard_normal(shape) for shape in shapes[0]]
    sides = [_gradients(run, task, cotangents, point) for run in (one, other)]
    for mine, theirs in zip(*sides, strict=True):
        size = float(np.max(np.abs(theirs), initial=0.0, where=np.isfinite(theirs)))
        with np.errstate(invalid="ignore"):
            if not np.all((np.abs(mine - theirs) <= within * size) | (mine == theirs)):
                return False
    return True


def _gradients(run: Run, task: Task, cotangents: Sequence[Array], point: Sequence[Array]) -> list[Array]:
    floats, record = Floats(task.dtype, 0, 1), run.trace.record
    with np.errstate(all="ignore"):
        values = record.forward(floats, [np.asarray(x, dtype=np.longdouble)[..., None] for x in point])
        found = reverse(floats, record, values, seeds_of(run, floats, cotangents), masked=True)
    shapes = [record.nodes[slot].shape for slot in record.inputs]
    return [
        np.zeros(shape) if (g := found[slot]) is None else np.broadcast_to(g, (*shape, 1))[..., 0]
        for slot, shape in zip(record.inputs, shapes, strict=True)
    ]
