"""One question to a subject's function: pass copies, read the answer, record what was changed.

The same code runs in the child and, for trusted callables, in the caller's process.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np

from gradcheck.errors import SubjectError
from gradcheck.problem import Graph
from gradcheck.problem.counting import Meter, TooManyOperations, counted
from gradcheck.subject.answer import Answer, Array, TrainingAnswer, TrainingStep
from gradcheck.subject.plain_arrays import LARGEST, Plain, describe
from gradcheck.subject.snapshot import changed_point, changed_problem, snapshot
from gradcheck.subject.trouble import Place, call_failed

_FORM = "(value, gradients) or (value, gradients, adjoints)"
_STEPS = "a list of steps (indices, parameters)"


def ask(
    function: Callable[..., Any],
    problem: Any,
    point: Mapping[str, Array],
    *,
    place: Place | None = None,
    trusted: bool = False,
    largest: int = LARGEST,
    count: bool = False,
    most: int | None = None,
) -> Answer:
    """Call `function(problem, point)` with writable copies of the point's arrays, which count operations with `count`.

    Raises
    ------
    SubjectError: GC004 it raised, GC006 it called `sys.exit`, GC007 its answer has not the native form, GC065 it took
        more than `most` operations, where they are counted.
    """
    arrays = {name: np.array(value) for name, value in point.items()}
    if isinstance(problem, Graph) and arrays:
        problem = problem.in_dtype(np.result_type(*arrays.values()))  # else constants would turn float32 into float64
    meter = Meter(most) if count else None
    if meter is not None:
        arrays = {name: counted(value, meter) for name, value in arrays.items()}
    handed = dict(arrays)
    before = snapshot(problem)
    with _stopped_by(meter), call_failed(place, trusted=trusted):
        returned = function(problem, handed)
    tampered = meter.changed() if meter is not None else ()
    operations = meter.operations if meter is not None and not tampered else None
    mutated = (*changed_point(point, arrays, handed), *changed_problem(problem, before))
    if not isinstance(returned, tuple | list) or len(returned) not in (2, 3):
        raise SubjectError("GC007", expected=_FORM, came=describe(returned), block=None)
    plain = Plain(largest)
    adjoints = returned[2] if len(returned) == 3 else None
    return Answer(
        value=plain.array(returned[0], "value"),
        gradients=plain.arrays(returned[1], "gradients"),
        adjoints=None if adjoints is None else plain.arrays(adjoints, "adjoints"),
        mutated=mutated,
        operations=operations,
        tampered=tampered,
    )


@contextmanager
def _stopped_by(meter: Meter | None) -> Iterator[None]:
    """Turns an exceeded limit of a meter into GC065, whatever the subject did with the exception."""
    try:
        yield
    except (SubjectError, TooManyOperations):
        if meter is None or not meter.exceeded:
            raise
    if meter is not None and meter.exceeded:
        raise SubjectError("GC065", operations=meter.most, what="counting was stopped")


def train(
    function: Callable[..., Any],
    training: Any,
    *,
    place: Place | None = None,
    trusted: bool = False,
    largest: int = LARGEST,
) -> TrainingAnswer:
    """Call `function(training)`; SubjectError as for `ask`."""
    before = snapshot(training)
    with call_failed(place, trusted=trusted):
        returned = function(training)
        steps = list(returned) if not isinstance(returned, list | tuple) and hasattr(returned, "__next__") else returned
    mutated = changed_problem(training, before)
    if not isinstance(steps, list | tuple):
        raise SubjectError("GC007", expected=_STEPS, came=describe(steps), block=None)
    plain = Plain(largest)
    answered: list[TrainingStep] = []
    for count, step in enumerate(steps):
        if not isinstance(step, tuple | list) or len(step) != 2:
            raise SubjectError("GC007", expected=_STEPS, came=describe(step), block=f"step {count}")
        indices = step[0]
        if isinstance(indices, list | tuple | range) and all(isinstance(i, int | np.integer) for i in indices):
            indices = np.array(indices, dtype=np.int64)
        one = TrainingStep(
            plain.array(indices, f"step {count} indices"), plain.arrays(step[1], f"step {count} parameters")
        )
        if answered and set(one.parameters) != set(answered[0].parameters):
            raise SubjectError(
                "GC007",
                expected=f"the parameters of the first step: {', '.join(answered[0].parameters)}",
                came=", ".join(one.parameters) or "none",
                block=f"step {count}",
            )
        answered.append(one)
    return TrainingAnswer(tuple(answered), mutated)
