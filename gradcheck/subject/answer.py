"""The questions to a subject, and its answers."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol, Self

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

Array = NDArray[Any]
Guarantee = Literal["enforced", "partial", "absent"]

NATIVE = "gradients"
ENTRY_POINTS = (NATIVE, "mlp_gradients", "neuron_gradients", "train")
"""The functions that are looked for in a subject's file; one of them is enough.

gradients(graph, point) and its like for MLP and NeuronDAG return (value, gradients) or (value, gradients, adjoints);
train(training) returns a list of steps, each (indices, parameters).
"""


@dataclass(frozen=True)
class Declared:
    """The declarations of a subject's file, besides its entry points.

    Attributes
    ----------
    ops: names of the ops that it offers, from `OPS`; None without a declaration. The names need not exist.
    dtype: "float32" or "float64", the dtype that it computes in, from `DTYPE`; None without a declaration.
    name: what an engine in another language calls itself.
    scalars: whether such an engine takes single numbers alone.
    counts: whether its operations can be counted.
    """

    ops: frozenset[str] | None = None
    dtype: str | None = None
    name: str | None = None
    scalars: bool = False
    counts: bool = True


MOST_OPS, LONGEST_OP = 400, 150
"""Maximum number of names in `OPS`, and of characters of each; a longer declaration is ignored."""
DTYPES = ("float32", "float64")
"""Allowed values of `DTYPE`."""


@dataclass(frozen=True)
class Answer:
    """One answer; every array is a plain `numpy.ndarray` of the dtype and shape that the subject gave.

    Attributes
    ----------
    value: the loss.
    gradients: by parameter name, as the subject named them.
    adjoints: dl/dv by node name; None where the subject gave none.
    mutated: what the subject changed of what it was handed, such as "point['w']" or "Graph.inputs"; a subject that
        means harm can hide this from level `limits`.
    stdout: what it printed, standard error included, at most 64 KiB; "" in process.
    seconds: wall clock between question and answer.
    operations: element operations that were counted; None unless counting was asked for and could be trusted.
    tampered: what the subject replaced of that which counts, such as "numpy.add"; then nothing was counted.
    """

    value: Array
    gradients: dict[str, Array]
    adjoints: dict[str, Array] | None
    mutated: tuple[str, ...] = ()
    stdout: str = ""
    seconds: float = 0.0
    operations: int | None = None
    tampered: tuple[str, ...] = ()


@dataclass(frozen=True)
class Origin:
    """A function of the subject's: its file, named from the subject's folder, the line of its `def`, and its name."""

    file: str
    line: int
    function: str


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
        """The limits that apply to the subject while it answers."""
        ...

    @property
    def declared(self) -> Declared:
        """The declarations of its file; SubjectError if it cannot be loaded."""
        ...

    def entry_points(self) -> frozenset[str]:
        """The ENTRY_POINTS that it has; SubjectError if it cannot be loaded."""
        ...

    def ask(
        self,
        problem: Any,
        point: Mapping[str, ArrayLike],
        dtype: DTypeLike = np.float64,
        entry: str = NATIVE,
        *,
        count: bool = False,
        most: int | None = None,
    ) -> Answer:
        """The answer at `point`, rounded to `dtype`; SubjectError where there is none to judge.

        With `count` the point's arrays count the element operations that are done with them; the subject is stopped
        when they are more than `most` (SubjectError GC065, whose fact `operations` is `most`).
        """
        ...

    def train(self, training: Any) -> TrainingAnswer:
        """The steps of a training; SubjectError where there is none to judge."""
        ...

    def origins(
        self,
        problem: Any,
        point: Mapping[str, ArrayLike],
        blocks: Collection[str],
        dtype: DTypeLike = np.float64,
        entry: str = NATIVE,
    ) -> Mapping[str, Origin]:
        """The functions in which the gradients of `blocks` came to be, as far as they are known, the first one first.

        SubjectError where there is no answer.
        """
        ...

    def close(self) -> None:
        """End the subject; a later question starts it again."""
        ...

    def __enter__(self) -> Self: ...
    def __exit__(self, *exception: object) -> None: ...
