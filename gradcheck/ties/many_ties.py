"""A kink of more ties than there are outcomes to explore: what each tie contributes, one at a time.

Ties that do not influence one another contribute additively: the derivative is that of the first outcome plus a share
of each tie's own change. Two ways lead to these changes:

- Selections (a maximum, an absolute value) whose results are not computed from one another, by the record alone: the
  adjoint of the tied result, sent to one operand instead of the other.
- Every other tie (floor, a branch), by running the function anew with some outcomes exchanged. First all ties with a 1
  in one digit of their number are exchanged, then all others, digit by digit: an entry of the derivative that depends
  on one tie shows its number so. Otherwise each tie is exchanged alone. That changes add up is tested on runs with
  many outcomes exchanged.

Selections that are computed from one another (`nested`) give an interval per entry, and answers of uniform rules.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import product

import numpy as np
from numpy.typing import NDArray

from gradcheck.errors import Unsupported
from gradcheck.numbers.arithmetic import Array
from gradcheck.numbers.ball import Balls
from gradcheck.numbers.stochastic import Floats, unit_roundoff
from gradcheck.ties.contradictions import contradicts_itself
from gradcheck.ties.interval_sweep import interval_sweep
from gradcheck.tracing.derivative import adjoints_of, gradients, tangents_of
from gradcheck.tracing.session import Run, Task
from gradcheck.tracing.session import run as trace_once
from gradcheck.tracing.sweep import reverse
from gradcheck.tracing.tie_sides import Sides
from gradcheck.tracing.trace import NeedsPrecision

MOST_WORK = 100_000
"""Maximum number of array operations of all runs in which one tie alone is exchanged."""
MOST_NUMBERS = 4_000_000
"""Maximum number of floats of one reverse sweep for several ties at once."""
TESTS = 12
"""Runs with about half of the outcomes exchanged, which show whether the changes of single ties add up."""
UNIFORM_LINES = 4
"""Maximum number of lines whose ties are settled alike, line by line, in every combination."""

Answer = Callable[[Run], tuple[Array, Array]]
"""A run's derivative: midpoints and radii, all parts in one array of shape (m,)."""


def sides_of_vjp(
    run: Run, task: Task, balls: Balls, patch: bool, crowd: Sequence[int], given: Sequence[Array]
) -> Sides:
    """What the ties `crowd` (numbers of decisions of `run`) allow J^T u. Raises Unsupported where that is not known."""

    def answer(one: Run) -> tuple[Array, Array]:
        return _flat(balls, gradients(one, adjoints_of(one, given)[0]))

    again = _Again(run, task, balls, patch, crowd, answer)
    decisions = [run.trace.decisions[k] for k in crowd]
    if any(d.escaped or not d.contested or any(e not in run.trace.sources for e in d.contested) for d in decisions):
        return again.sides()
    entries = {e for d in decisions for e in d.contested}
    if run.trace.record.independent(entries):
        return again.completed(*_by_record(run, task, crowd, given))
    lower, upper = interval_sweep(run, task, given, {e: run.trace.sources[e] for e in entries})
    return again.nested(lower, upper)


def sides_of_jvp(
    run: Run, task: Task, balls: Balls, patch: bool, crowd: Sequence[int], tangents: Sequence[Array | None]
) -> Sides:
    """The same for J v."""
    return _Again(run, task, balls, patch, crowd, lambda one: _flat(balls, tangents_of(one, tangents))).sides()


def _flat(balls: Balls, parts: Sequence[Array]) -> tuple[Array, Array]:
    middle = [balls.midpoint(part).ravel() for part in parts]
    return np.concatenate(middle), np.concatenate([balls.radius(part).ravel() for part in parts])


def _by_record(run: Run, task: Task, crowd: Sequence[int], given: Sequence[Array]) -> tuple[Array, NDArray[np.intp]]:
    """The columns of selections that are not computed from one another, and their ties."""
    trace, record = run.trace, run.trace.record
    adjoints, _ = adjoints_of(run, given)
    tied = [(k, o) for k in crowd for o in range(trace.decisions[k].options) if o != trace.decisions[k].choice]
    chunk = max(1, MOST_NUMBERS // max(record.entries, 1))
    found = []
    for start in range(0, len(tied), chunk):
        part = tied[start : start + chunk]
        floats = Floats(task.dtype, 0, len(part))
        seeds: dict[int, Array] = {}
        for column, (k, option) in enumerate(part):
            decision = trace.decisions[k]
            for slot, position in decision.contested:
                adjoint = adjoints[slot]
                if adjoint is None:
                    continue
                size = trace.balls.midpoint(adjoint).ravel()[position]
                sources = trace.sources[slot, position]
                for source, sign in ((sources[option], 1.0), (sources[decision.choice], -1.0)):
                    at, where = record.argument(slot, source)
                    if at not in seeds:
                        seeds[at] = np.zeros((*record.nodes[at].shape, len(part)), floats.carrier)
                    seeds[at].reshape(-1, len(part))[where, column] += sign * size
        found.append(_swept(run, floats, task, seeds))
    return np.concatenate(found), np.array([crowd.index(k) for k, _ in tied], dtype=np.intp)


def _swept(run: Run, floats: Floats, task: Task, seeds: dict[int, Array]) -> Array:
    """J^T of the seeds, a row per run of `floats`."""
    record = run.trace.record
    with np.errstate(all="ignore"):
        values = record.forward(floats, [x.astype(floats.carrier)[..., None] for x in task.inputs])
        adjoints = reverse(floats, record, values, seeds, masked=True)
    parts = [
        np.zeros((*record.nodes[slot].shape, floats.runs)) if (a := adjoints[slot]) is None else a
        for slot in record.inputs
    ]
    shapes = [record.nodes[slot].shape for slot in record.inputs]
    runs = floats.runs
    wide = [np.broadcast_to(p, (*shape, runs)).reshape(-1, runs) for p, shape in zip(parts, shapes, strict=True)]
    return np.concatenate(wide).T.astype(np.float64)


class _Again:
    """Runs of the function with other outcomes of its ties."""

    def __init__(self, first: Run, task: Task, balls: Balls, patch: bool, crowd: Sequence[int], answer: Answer) -> None:
        self._first, self._task, self._balls, self._patch = first, task, balls, patch
        self._crowd, self._answer = list(crowd), answer
        self._base, self._radius = answer(first)
        self._options = np.array([first.trace.decisions[k].options for k in crowd])
        self._random = np.random.default_rng(task.seed + 6)
        if not np.all(np.isfinite(self._base)):
            raise Unsupported("a kink of many sides, of which one is not finite")

    # -- what is known -------------------------------------------------------------------------------------------

    def sides(self) -> Sides:
        """Everything by runs. Raises Unsupported where the changes do not add up."""
        columns, ties = self._coded() or self._single()
        self._tested(columns, ties)
        return self.completed(columns, ties)

    def completed(self, columns: Array, ties: NDArray[np.intp]) -> Sides:
        """The sides of ties whose changes are known to add up."""
        if not np.all(np.isfinite(columns)):
            raise Unsupported("a kink of many sides, of which one is not finite")
        columns = np.where(np.abs(columns) <= self._noise(), 0.0, columns)
        low, high = np.zeros_like(self._base), np.zeros_like(self._base)
        for _, own in _grouped(columns, ties):
            low, high = low + np.minimum(own.min(axis=0), 0.0), high + np.maximum(own.max(axis=0), 0.0)
        moves = np.any(columns != 0, axis=1)
        columns, ties = columns[moves], ties[moves]
        none = np.empty((0, self._base.size))
        nearby = self._nearby() if len(columns) else none
        return Sides(self._base, columns, ties, self._base + low, self._base + high, none, nearby, len(self._crowd))

    def nested(self, lower: Array, upper: Array) -> Sides:
        """The sides of selections that are computed from one another."""
        none = np.empty((0, self._base.size))
        own = [] if contradicts_itself(self._first, self._task) else [self._base]
        uniform = np.array([*own, *self._uniform()]).reshape(-1, self._base.size)
        ties = np.empty(0, dtype=np.intp)
        return Sides(self._base, none, ties, lower, upper, uniform, self._nearby(), len(self._crowd))

    # -- runs ------------------------------------------------------------------------------------------------------

    def _run(self, exchanged: Array) -> Array:
        """The derivative of a run with other outcomes."""
        return self._exchanged(exchanged)[1]

    def _exchanged(self, exchanged: Array) -> tuple[Run, Array]:
        """A run, with the outcome of each tie of the crowd moved on by `exchanged` options, and its derivative."""
        first = self._first.trace
        script = [d.choice for d in first.decisions]
        for k, by, options in zip(self._crowd, exchanged, self._options, strict=True):
            script[k] = int((script[k] + by) % options)
        other = trace_once(self._task, self._balls, script, last=True, patch=self._patch)
        if [d.options for d in other.trace.decisions] != [d.options for d in first.decisions]:
            raise Unsupported("a kink of many sides, where the outcome of one tie decides which others there are")
        middle, radius = self._answer(other)
        if middle.shape != self._base.shape or not np.all(np.isfinite(middle)):
            raise Unsupported("a kink of many sides, of which one is not finite")
        self._radius = np.maximum(self._radius, radius)
        values = zip(self._first.values, other.values, strict=True)
        if not all(
            a.midpoint.shape == b.midpoint.shape and _close(a.midpoint, b.midpoint, self._task) for a, b in values
        ):
            raise Unsupported("more undecided comparisons than can be explored, of which some make the function jump")
        return other, middle

    def _noise(self) -> Array:
        """What a difference of two derivatives may be without being one."""
        return 4 * self._radius + 2.0**-44 * float(np.max(np.abs(self._base), initial=0.0))

    def _coded(self) -> tuple[Array, NDArray[np.intp]] | None:
        """The columns where every entry depends on one tie at most; None where some depends on more."""
        count = len(self._crowd)
        if np.any(self._options != 2):
            return None
        codes = np.arange(count)
        number = np.zeros(self._base.size, dtype=np.intp)
        change = np.zeros_like(self._base)
        for digit in range(max(1, (count - 1).bit_length())):
            ones = (codes >> digit) & 1
            with_it, without = (self._run(side) - self._base for side in (ones, 1 - ones))
            noise = self._noise()
            one, other = np.abs(with_it) > noise, np.abs(without) > noise
            seen = np.where(one, with_it, without)
            if np.any(one & other) or (digit and np.any(np.abs(seen - change) > 2 * noise)):
                return None
            change = np.where(one | other, seen, 0.0) if digit == 0 else change
            number |= one.astype(np.intp) << digit
        moved = np.abs(change) > self._noise()
        if np.any(number[moved] >= count):
            return None
        ties = np.unique(number[moved])
        return np.array([np.where(moved & (number == k), change, 0.0) for k in ties]).reshape(-1, self._base.size), ties

    def _single(self) -> tuple[Array, NDArray[np.intp]]:
        """The columns by exchanging each tie alone."""
        runs = int(np.sum(self._options - 1))
        if runs * len(self._first.trace.record.nodes) > MOST_WORK:
            raise Unsupported(f"a kink of many sides: {runs} runs of a function of many operations would be too many")
        columns, ties = [], []
        for k, options in enumerate(self._options):
            for by in range(1, int(options)):
                exchanged = np.zeros(len(self._crowd), dtype=np.intp)
                exchanged[k] = by
                columns.append(self._run(exchanged) - self._base)
                ties.append(k)
        return np.array(columns), np.array(ties, dtype=np.intp)

    def _tested(self, columns: Array, ties: NDArray[np.intp]) -> None:
        """Raise Unsupported unless the changes of ties add up, in runs that exchange all of them or about half."""
        for number in range(TESTS):
            chosen = np.ones(len(self._crowd), dtype=np.intp)
            if number:
                chosen = self._random.integers(0, 2, len(self._crowd))
            expected = self._base + sum((own[0] for k, own in _grouped(columns, ties) if chosen[k]), np.zeros(()))
            if np.any(np.abs(self._run(chosen) - expected) > len(self._crowd) * self._noise()):
                raise Unsupported("a kink of many sides, of ties that depend on one another")

    def _uniform(self) -> Iterator[Array]:
        """Derivatives if all ties of a line fall alike: to each line's first candidate, or to its last."""
        lines = [self._first.trace.decisions[k].what for k in self._crowd]
        names = sorted(set(lines))
        ways = product((0, -1), repeat=len(names)) if len(names) <= UNIFORM_LINES else [(-1,) * len(names)]
        for way in ways:
            if any(way):
                by = dict(zip(names, way, strict=True))
                run, answer = self._exchanged(np.array([by[line] for line in lines]))
                if not contradicts_itself(run, self._task):
                    yield answer

    def _nearby(self) -> Array:
        """Derivatives at points close by, on opposite sides of this one; fewer or none where f cannot be traced."""
        step = 4 * float(np.sqrt(unit_roundoff(self._task.dtype)))
        found = []
        for _ in range(2):
            moves = [self._random.standard_normal(x.shape) for x in self._task.inputs]
            for sign in (1, -1):
                arguments = list(self._task.arguments)
                for k, x, move in zip(self._task.wrt, self._task.inputs, moves, strict=True):
                    size = float(np.sqrt(np.mean(np.square(x, dtype=float)))) if x.size else 0.0
                    arguments[k] = x.astype(np.float64) + sign * step * (size or 1.0) * move
                try:
                    there = replace(self._task, arguments=tuple(arguments))
                    found.append(self._answer(trace_once(there, self._balls, (), last=True, patch=self._patch))[0])
                except (Unsupported, NeedsPrecision):
                    continue
        return np.array(found).reshape(-1, self._base.size)


def _close(a: Array, b: Array, task: Task) -> bool:
    room = 1024 * unit_roundoff(task.dtype) * float(np.max(np.abs(a), initial=0.0))
    return bool(np.all(np.abs(a - b) <= room))


def _grouped(columns: Array, ties: NDArray[np.intp]) -> Iterator[tuple[int, Array]]:
    """The columns tie by tie."""
    for tie in np.unique(ties):
        yield int(tie), columns[ties == tie]
