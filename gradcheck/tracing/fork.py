"""Run a function under every outcome of the comparisons that are too close to decide.

Every undecided comparison is a fork. The run is repeated with each other choice, depth first, until no prefix of
choices is left (at most `MOST_RUNS` runs). Within a run, equal comparisons share one choice (see `trace`); under local
rules, every selection settles its ties by itself. If there are too many outcomes, selections that do not feed one
another are changed one at a time, which shows that they do not matter. If they do, the first run alone is kept, and
`gradcheck.ties` says what each tie contributes.

One kind of fork needs no second run: a *selection* between tied numbers (a maximum, an absolute value) whose result has
an adjoint of 0, such as the shift of a softmax. It contributes nothing to any derivative, whatever it chose. If such
selections are changed one by one, from the last to the first, no adjoint before them changes. In a run with another,
later choice its adjoint may not be 0. There it is a fork like any other.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Any
from weakref import WeakSet

import numpy as np

from gradcheck.errors import Unsupported
from gradcheck.numbers.arithmetic import Array
from gradcheck.numbers.ball import Balls
from gradcheck.numbers.stochastic import SUM_WEIGHT
from gradcheck.tracing.derivative import adjoints_of, gradients, probe
from gradcheck.tracing.held_runs import as_held
from gradcheck.tracing.inert_forks import inert
from gradcheck.tracing.location import Site
from gradcheck.tracing.outcomes import Outcomes
from gradcheck.tracing.put_offs import End
from gradcheck.tracing.record import MOST_ENTRIES
from gradcheck.tracing.session import Run, Task, run
from gradcheck.tracing.trace import NeedsPrecision

MOST_RUNS = 2**8
"""Maximum number of runs before `explore` raises Unsupported: 8 independent ties with two outcomes each."""
PRECISIONS = (128, 256, 512, 1024)
"""Bits of the balls, tried in turn until comparisons can be decided and the radii are small."""
Tree = dict[int, "Tree"]
MOST_LONGER = 80
"""Maximum number of runs in a row none of which meets fewer ties than the one before: a loop that, whenever it ties,
runs on and ties again has no end of outcomes."""
MOST_RECORDED = 150_000
"""Maximum number of arrays that all runs but the first record together, some 20 seconds of work."""
_LOSS = 2.0**-20
"""Maximum radius, as a share of one rounding of the largest entry, before more bits are used."""
MOST_TIES = 2_000
"""Maximum number of ties that matter before `explore` raises Unsupported."""


class _Crowd(Unsupported):
    """There are too many outcomes to explore; the first run, and the numbers of its decisions that may matter."""

    def __init__(self, message: str, first: Run, active: Sequence[int]) -> None:
        super().__init__(message)
        self.first, self.active = first, tuple(active)


def explore(
    function: Callable[..., Any],
    arguments: Sequence[Any],
    *,
    wrt: Sequence[int] | None = None,
    dtype: Any = None,
    cotangents: Sequence[Array] | None = None,
    seed: int = 0,
    sum_weight: float = SUM_WEIGHT,
    most_runs: int = MOST_RUNS,
    held: Sequence[int] = (),
    sharp: bool = True,
    behind: Any = None,
) -> Outcomes:
    """Trace `function(*arguments)` under every outcome of its undecided comparisons.

    Parameters
    ----------
    arguments: all positional arguments. Those differentiated become traced arrays; the others are passed as they are.
    wrt: numbers of the differentiated arguments; default: every float array (or Python or NumPy float).
    dtype: the subject's dtype; default: the common dtype of the differentiated arguments.
    cotangents: one array per output, with which the derivative will be asked for; ties without effect on it are not
        forked. Default: 1 for a scalar output, else random ones. `Outcomes.vjp` explores again if others need it.
    seed: for stochastic arithmetic and random directions.
    sum_weight: w in min(n, w sqrt(n)) u sum|terms|, by which stochastic arithmetic perturbs a sum of n terms.
    held: numbers of arguments to trace as constants, so that results computed from them are exact. NumPy rounds the
        results from arguments that are neither held nor in `wrt`.
    sharp: whether values and derivatives have to be far closer than a rounding; if not, a run only gets more bits where
        its comparisons need them, and no sweep over the record looks whether it does: a quarter of the time.
    behind: the user's function that `function` calls, if it is made anew for every trace; what is known of how the
        user's function can be traced holds for the next one.

    Raises
    ------
    Unsupported: the function cannot be traced (its message says why and what to do), or more than `most_runs` runs.
    HarnessFault: the reverse and the forward sweep contradict each other.
    """
    task = make_task(function, arguments, wrt=wrt, dtype=dtype, seed=seed, sum_weight=sum_weight, held=held)
    task = replace(task, behind=behind)
    return explore_task(task, cotangents=cotangents, most_runs=most_runs, sharp=sharp)


def make_task(
    function: Callable[..., Any],
    arguments: Sequence[Any],
    *,
    wrt: Sequence[int] | None,
    dtype: Any,
    seed: int,
    sum_weight: float,
    held: Sequence[int] = (),
) -> Task:
    """Check and normalise the arguments of `explore`."""
    if wrt is None:
        wrt = [
            k for k, a in enumerate(arguments) if isinstance(a, float) or getattr(a, "dtype", np.dtype("O")).kind == "f"
        ]
    if not wrt:
        raise Unsupported("no argument is a float array: there is nothing to differentiate with respect to")
    kinds = [np.asarray(arguments[k]).dtype for k in wrt]
    for k, kind in zip(wrt, kinds, strict=True):
        if kind.kind != "f":
            raise Unsupported(f"argument {k} has dtype {kind}; only float arrays can be differentiated")
    size = sum(np.size(arguments[k]) for k in wrt)
    if 4 * size > MOST_ENTRIES:  # before any ball is made
        raise Unsupported(f"{size} entries to differentiate with respect to are more than {MOST_ENTRIES // 4}")
    return Task(
        function, tuple(arguments), tuple(wrt), np.dtype(dtype or np.result_type(*kinds)), seed, sum_weight, tuple(held)
    )


def _explore_again(
    task: Task,
    most_runs: int,
    cotangents: Sequence[Array] | None,
    ends: Mapping[Site, End] | None,
    *,
    local: bool = False,
) -> Outcomes:
    """The same exploration with other cotangents, with loops that run on, or by `local` rules."""
    task = replace(task, local=True) if local else task
    return explore_task(task, cotangents=cotangents, most_runs=most_runs, ends=ends)


def explore_task(
    task: Task, *, cotangents: Sequence[Array] | None, most_runs: int = MOST_RUNS,
    ends: Mapping[Site, End] | None = None, sharp: bool = True,
) -> Outcomes:  # fmt: skip
    """`explore` for a task, at growing precision."""
    balls = Balls()
    known_by = task.function if task.behind is None else task.behind
    patch = _ran_patched(known_by)
    for bits in PRECISIONS:
        last = bits == PRECISIONS[-1]
        with balls.working(bits):
            try:
                runs, patch, apart = _explore(task, balls, cotangents, most_runs, last, patch, ends)
                crowd: tuple[int, ...] = ()
            except NeedsPrecision:
                continue
            except _Crowd as many:
                if most_runs < MOST_RUNS or len(many.active) > MOST_TIES:
                    raise
                runs, apart, crowd = [many.first], False, many.active
                patch = many.first.trace.buffers
            again = partial(_explore_again, task, most_runs)
            if patch:
                _note_patched(known_by)
            outcomes = Outcomes(task, balls, bits, patch, tuple(runs), cotangents, again, apart, crowd)
            if task.local:
                outcomes = outcomes.consistent()
            if last or not sharp or _sharp(outcomes, task):
                return outcomes
    raise AssertionError("the last precision always answers")


_PATCHED: WeakSet[Any] = WeakSet()
"""Functions that could only be traced with NumPy patched: the next time the other attempt is left out.

Tracing a Hessian's rows, which calls for a trace of f each, takes a third less with it.
"""


def _ran_patched(function: Any) -> bool:
    try:
        return function in _PATCHED
    except TypeError:  # it cannot be hashed, or not be referred to weakly
        return False


def _note_patched(function: Any) -> None:
    with suppress(TypeError):
        _PATCHED.add(function)


def _explore(
    task: Task, balls: Balls, cotangents: Sequence[Array] | None, most_runs: int, last: bool, patch: bool,
    ends: Mapping[Site, End] | None,
) -> tuple[list[Run], bool, bool]:  # fmt: skip
    """The runs, whether NumPy had to be patched, and whether choices were only changed one at a time."""
    runs: list[Run] = []
    apart, too_many = False, Unsupported("")  # replaced before it is raised
    waiting: list[tuple[int, ...]] = [()]
    tree: Tree = {}  # the choices of all runs, finished and waiting
    met: list[int] = []
    recorded = 0
    while waiting:
        script = waiting.pop()
        if len(runs) >= most_runs or _runs_on(met):
            most = min(len(runs), most_runs)
            raise Unsupported(f"more than {most} outcomes of undecided comparisons, the first of them {_first(runs)}")
        if recorded > MOST_RECORDED:
            raise Unsupported(f"{len(runs)} outcomes of undecided comparisons take too long, the first {_first(runs)}")
        if not runs and not patch:
            try:
                current = run(task, balls, script, last=last, ends=ends)
            except Unsupported:
                # np.zeros, float() and the like do not accept array classes; try again with them replaced.
                patch = True
        if patch or runs:
            current = run(task, balls, script, last=last, patch=patch, ends=ends)
        runs.append(current)
        recorded += len(current.trace.record.nodes) if len(runs) > 1 else 0
        decisions = current.trace.decisions
        met.append(len(decisions))
        if not decisions:
            continue
        current.inert = inert(current, probe(current, cotangents, task.seed))
        active = [k for k in range(len(decisions)) if k not in current.inert and k not in current.trace.moot]
        if not script and float(np.prod([float(decisions[k].options) for k in active])) > most_runs:
            apart = len(active) < most_runs and _independent(current, active)
            too_many = _Crowd(
                f"{len(active)} comparisons are undecided, the first of them {decisions[active[0]].what}: more than "
                f"{most_runs} outcomes",
                current,
                active,
            )
            if not apart:
                raise too_many
        elif apart:
            # If one choice matters, or makes another one matter, only the hull of all outcomes would do.
            still = len(decisions) == len(runs[0].trace.decisions) and runs[0].inert <= current.inert
            if not still or not _same_derivative(current, runs[0], cotangents, task.seed):
                raise too_many
            continue
        branch = tree
        for k, decision in enumerate(decisions):
            # A choice that was inert in the parent run may matter in this one, where a later choice differs.
            for other in range(decision.options if k in active else 0):
                if other != decision.choice and other not in branch:
                    branch[other] = {}
                    waiting.append((*(d.choice for d in decisions[:k]), other))
            branch = branch.setdefault(decision.choice, {})
    return as_held(task, runs), patch, apart


def _runs_on(met: Sequence[int]) -> bool:
    """Whether the last runs met ever more ties: `met` has how many, run by run."""
    last = met[-MOST_LONGER:]
    return len(last) == MOST_LONGER and last == sorted(last) and last[-1] >= last[0] + MOST_LONGER // 2


def _independent(current: Run, active: Sequence[int]) -> bool:
    """Whether each decision only selects between equal numbers, and no other selection is computed from its result.

    The derivative is then a sum of one term per decision, and so is the adjoint of every other selection. So if each
    change alone has no effect, and leaves every other selection without effect, several changes have none either.
    """
    decisions = [current.trace.decisions[k] for k in active]
    if any(d.escaped or not d.contested for d in decisions):
        return False
    return current.trace.record.independent({entry for d in decisions for entry in d.contested})


def _same_derivative(one: Run, other: Run, cotangents: Sequence[Array] | None, seed: int) -> bool:
    """Whether two runs have the same gradient for the cotangents explored with."""
    balls = one.trace.balls
    sides = [gradients(run, adjoints_of(run, probe(run, cotangents, seed))[0]) for run in (one, other)]
    return all(balls.overlap(a, b) for a, b in zip(*sides, strict=True))


def _first(runs: list[Run]) -> str:
    return next((d.what for r in runs for k, d in enumerate(r.trace.decisions) if k not in r.inert), "unknown")


def _sharp(outcomes: Outcomes, task: Task) -> bool:
    """Whether the radii of the first run's values and gradient are finite, and far below a rounding."""
    first, balls = outcomes.first, outcomes.balls
    adjoints, _ = adjoints_of(first, probe(first, outcomes.cotangents, task.seed))
    inputs = first.trace.record.inputs
    values = [first.trace.values[slot] for slot in first.outputs]
    size = max((_largest(balls, v) for v in values), default=0.0)
    scales = [(v, _largest(balls, v)) for v in values]
    for slot in inputs:
        if (adjoint := adjoints[slot]) is not None:
            # A gradient that is 0 up to its radius has no scale of its own.
            usual = size / max(1.0, _largest(balls, first.trace.values[slot]))
            zero = bool(np.all(np.abs(balls.midpoint(adjoint)) <= balls.radius(adjoint)))
            scales.append((adjoint, usual if zero else _largest(balls, adjoint)))
    small = _LOSS * float(np.finfo(task.dtype).eps) / 2
    # A ball that has grown until it contains a pole is not finite, and neither is an infinite derivative: more bits
    # tell the two apart.
    return not any(np.any(balls.radius(array) > small * scale) for array, scale in scales)


def _largest(balls: Balls, array: Array) -> float:
    size = np.abs(balls.midpoint(array))
    return float(np.max(size, initial=0.0, where=np.isfinite(size)))
