"""What a subject is asked for, and what it answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol, Self

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

Array = NDArray[Any]
Guarantee = Literal["enforced", "partial", "absent"]

NATIVE = "gradients"
ENTRY_POINTS = (NATIVE, "mlp_gradients", "neuron_gradients", "train")
"""The functions looked for in a subject's file; one of them is enough.

gradients(graph, point) and its like for MLP and NeuronDAG return (value, gradients) or (value, gradients, adjoints);
train(training) returns a list of steps, each (indices, parameters).
"""


@dataclass(frozen=True)
class Declared:
    """What a subject's file declares of itself, besides its entry points.

    Attributes
    ----------
    ops: names of the ops that it offers, from `OPS`; None where it declares none. The names need not exist.
    dtype: "float32" or "float64", the dtype that it computes in, from `DTYPE`; None where it declares none.
    """

    ops: frozenset[str] | None = None
    dtype: str | None = None


MOST_OPS, LONGEST_OP = 400, 150
"""Most names, and characters of each, that `OPS` may have; a longer one is ignored."""
DTYPES = ("float32", "float64")
"""What `DTYPE` may say."""


@dataclass(frozen=True)
class Answer:
    """One answer, every array re-encoded as a plain `numpy.ndarray` of the dtype and shape that came.

    Attributes
    ----------
    value: the loss.
    gradients: by parameter name, as the subject named them.
    adjoints: dl/dv by node name; None where the subject gave none.
    mutated: what the subject changed of what it was handed, such as "point['w']" or "Graph.inputs"; a subject that
        means harm can hide this from level `limits`.
    stdout: what it printed, standard error included, at most 64 KiB; "" in process.
    seconds: wall clock between question and answer.
    operations: element operations that were counted; None unless counting was asked for.
    """

    value: Array
    gradients: dict[str, Array]
    adjoints: dict[str, Array] | None
    mutated: tuple[str, ...] = ()
    stdout: str = ""
    seconds: float = 0.0
    operations: int | None = None


@dataclass(frozen=True)
class TrainingStep:
    """Indices of the samples in a step's batch, and every parameter after it."""

    indices: Array
    parameters: dict[str, Array]


@dataclass(frozen=True)
class TrainingAnswer:
    """All steps of a training; the other attributes as in `Answer`."""

    steps: tuple[TrainingStep, ...]
    mutated: tuple[str, ...] = ()
    stdout: str = ""
    seconds: float = 0.0


class Subject(Protocol):
    """An implementation under test. A context manager; `close` may be called more than once."""

    @property
    def guarantees(self) -> Mapping[str, Guarantee]:
        """Which limits bind the subject while it answers."""
        ...

    @property
    def declared(self) -> Declared:
        """What its file declares of itself; SubjectError where it cannot be loaded."""
        ...

    def entry_points(self) -> frozenset[str]:
        """Which of ENTRY_POINTS it has; SubjectError where it cannot be loaded."""
        ...

    def ask(
        self,
        problem: Any,
        point: Mapping[str, ArrayLike],
        dtype: DTypeLike = np.float64,
        entry: str = NATIVE,
        *,
        count: bool = False,
    ) -> Answer:
        """The answer at `point`, rounded to `dtype`; SubjectError where there is none to judge.

        With `count` the point's arrays count the element operations that are done with them.
        """
        ...

    def train(self, training: Any) -> TrainingAnswer:
        """The steps of a training; SubjectError where there is none to judge."""
        ...

    def close(self) -> None:
        """Ends it."""
        ...

    def __enter__(self) -> Self: ...
    def __exit__(self, *exception: object) -> None: ...
