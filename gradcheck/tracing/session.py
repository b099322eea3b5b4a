"""Run a function once on traced arrays."""

import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from gradcheck.errors import GradcheckError, Unsupported
from gradcheck.holding import holding
from gradcheck.numbers.arithmetic import Array
from gradcheck.numbers.ball import Balls, Enclosure
from gradcheck.numbers.stochastic import RUNS, SUM_WEIGHT, Floats
from gradcheck.problem.evaluations import f_evaluated
from gradcheck.problem.time_limit import check_time
from gradcheck.tracing import held_values
from gradcheck.tracing.compiled_code import numbers_only
from gradcheck.tracing.kept_state import restored
from gradcheck.tracing.lifting import contains_traced, lift
from gradcheck.tracing.location import Site
from gradcheck.tracing.patched_numpy import patched
from gradcheck.tracing.put_offs import End, PutOffs
from gradcheck.tracing.replay import Replay
from gradcheck.tracing.trace import NeedsPrecision, Trace
from gradcheck.tracing.traced import Traced, is_traced


@dataclass(frozen=True)
class Task:
    """What is to be traced.

    Attributes
    ----------
    function: the user's function of arrays.
    arguments: all its positional arguments.
    wrt: numbers of those that are differentiated: float arrays.
    dtype: the subject's dtype, whose rounding decides which comparisons are open.
    seed: of the stochastic runs.
    sum_weight: see `stochastic.Floats`.
    held: numbers of arguments traced without being differentiated, so that nothing computed from them rounds.
    local: every operation that selects settles ties by a rule of its own (see `trace`).
    behind: the user's function that `function` calls, if `function` is made anew for every trace.
    """

    function: Callable[..., Any]
    arguments: tuple[Any, ...]
    wrt: tuple[int, ...]
    dtype: np.dtype[Any]
    seed: int = 0
    sum_weight: float = SUM_WEIGHT
    held: tuple[int, ...] = ()
    local: bool = False
    behind: Any = None

    @property
    def inputs(self) -> list[Array]:
        """The differentiated arguments."""
        return [np.asarray(self.arguments[k]) for k in self.wrt]


@dataclass
class Run:
    """One finished trace.

    Attributes
    ----------
    trace: its record, balls and decisions.
    structure: None if the function returned one array, else the number of arrays in the tuple or list.
    warnings: texts of the RuntimeWarnings (ComplexWarning is one) raised while it ran.
    inert: numbers of the decisions that cannot matter (see `fork`).
    adjoints: those of the last cotangents asked for, kept because they are needed several times.
    """

    trace: Trace
    structure: int | None
    warnings: tuple[str, ...]
    inert: set[int] = field(default_factory=set)
    adjoints: dict[Any, Any] = field(default_factory=dict)

    @property
    def outputs(self) -> tuple[int, ...]:
        """Slots of the outputs."""
        return self.trace.record.outputs

    @property
    def replay(self) -> Replay:
        """Stochastic values of all nodes."""
        return self.trace.replay

    @property
    def values(self) -> tuple[Enclosure, ...]:
        """The outputs, enclosed."""
        return tuple(self.trace.balls.enclosure(self.trace.values[slot]) for slot in self.outputs)


def run(
    task: Task, balls: Balls, script: Sequence[int] = (), *, last: bool = False, patch: bool = False,
    ends: Mapping[Site, End] | None = None, kind: type[Trace] = Trace,
) -> Run:  # fmt: skip
    """Trace the function once, in a Trace of the class `kind`.

    Raises NeedsPrecision if the balls are too wide to decide a comparison (not if `last`), Unsupported for anything
    that traced arrays cannot do, BecameFloat if a derivative was about to be dropped.
    """
    check_time()
    floats = Floats(task.dtype, RUNS, RUNS, seed=task.seed, sum_weight=task.sum_weight)
    trace = kind(
        balls,
        floats,
        script,
        seed=task.seed,
        last=last,
        buffers=patch,
        put_offs=PutOffs(ends),
        local=task.local,
    )
    arguments = list(task.arguments)
    for position, value in zip(task.wrt, task.inputs, strict=True):
        arguments[position] = Traced(trace, trace.input(value), scalar=False)
    for position in task.held:
        arguments[position] = Traced(trace, trace.constant(np.asarray(task.arguments[position])), scalar=False)
    with warnings.catch_warnings(record=True) as caught, np.errstate(all="ignore"):
        warnings.simplefilter("always")
        try:
            patches = patched(trace, task.function) if patch else numbers_only(task.function)
            with restored(task.function), patches, holding(held_values.rule(trace)):
                f_evaluated()
                answer = task.function(*arguments)
        except (NeedsPrecision, GradcheckError):
            if trace.refusal is not None:
                raise trace.refusal from None
            raise
        except (Exception, SystemExit) as error:
            if trace.refusal is not None:
                raise trace.refusal from error
            raise Unsupported(f"the function does not run on traced arrays: {type(error).__name__}: {error}") from error
        if trace.refusal is not None:  # the function caught the error and went on without the derivative
            raise trace.refusal
        structure = _outputs(trace, answer)
    texts = [str(w.message) for w in caught if issubclass(w.category, RuntimeWarning)]
    return Run(trace, structure, tuple(dict.fromkeys(texts)))


def _outputs(trace: Trace, answer: Any) -> int | None:
    several = isinstance(answer, tuple) or (isinstance(answer, list) and any(is_traced(a) and a.ndim for a in answer))
    parts = list(answer) if several else [answer]
    slots = []
    for part in parts:
        if (
            part is None
            or isinstance(part, str | dict)
            or (not contains_traced(part) and np.asarray(part).dtype.kind not in "biuf")
        ):
            raise Unsupported(f"the function returned {type(part).__name__}, not an array of real numbers")
        slots.append(lift(trace, part).slot)
    trace.record.outputs = tuple(slots)
    return len(parts) if several else None
