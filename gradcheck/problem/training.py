"""`Training`: an MLP, its data and the rule by which it is trained, as data (S3, S4). It trains nothing itself.

The training set is cut at random into mini-batches; each step takes one batch, computes the gradient of the batch's
loss (a sum in S3, an average in S4), lets the schedule turn it into an update, and subtracts that from the parameters.
The subject shuffles with a generator of its own; what is judged is each step, from the parameters before it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from gradcheck.errors import InvalidProblem
from gradcheck.problem.arrays import real_array
from gradcheck.problem.case import DTYPES, VERDICTS
from gradcheck.problem.losses import finite, known, whole
from gradcheck.problem.mlp import MLP
from gradcheck.problem.ops import Array
from gradcheck.problem.schedules import Arrays, Custom, Schedule


@dataclass(frozen=True)
class Until:
    """Stopping conditions besides the number of steps; the first that holds ends the training.

    Attributes
    ----------
    epochs: after this many passes through the data.
    gradient_norm: before a step whose gradient's Euclidean norm, over all parameters, is at most this.
    loss_change: after an epoch that changed the loss on all data by at most this.
    when: `when(step, parameters)`, asked after every step; true ends the training. It cannot be sent to a child
        process, so such a training needs a subject of its own.

    Raises InvalidProblem for fewer than 1 epoch, and for bounds that are negative or not finite.
    """

    epochs: int | None = None
    gradient_norm: float | None = None
    loss_change: float | None = None
    when: Callable[[int, Arrays], bool] | None = None

    def __post_init__(self) -> None:
        if self.epochs is not None:
            whole("the number of epochs", self.epochs)
        for what in ("gradient_norm", "loss_change"):
            if (bound := getattr(self, what)) is not None:
                finite(what, bound)
        if self.when is not None and not callable(self.when):
            raise InvalidProblem(f"`when` must be a function of step and parameters, got {self.when!r}")


@dataclass(frozen=True)
class Training:
    """A training to be carried out.

    Attributes
    ----------
    name: unique within its suite.
    mlp: the network; its `batch` is replaced by the size of each mini-batch, its `reduction` by the one here.
    X, T: the data, shapes (N, n_0) and (N, n_L).
    parameters: initial parameters, by name.
    batch_size: samples per mini-batch; the last one of an epoch is smaller where N is no multiple of it.
    schedule: Constant, Decay, AdaGrad or Custom.
    steps: at most this many.
    reduction: "mean" (S4) or "sum" (S3) over a mini-batch.
    seed: for the subject's own shuffling.
    until: further stopping conditions.
    sentence: what it is about, for people.
    dtype: the dtype that the subject computes in; data and parameters are rounded to it.
    labels: other names it answers to.
    expect: (verdict, reason) where it is known not to pass; strict.
    subject: its own subject, a callable of `train`'s signature that runs in the caller's process.

    Raises
    ------
    InvalidProblem: data or parameters that do not fit the network, targets of the wrong kind for the loss, a batch
        size below 1 or above N, fewer than 1 step; a user's rule that raises, returns NaN, too few arrays or wrong
        shapes, or cannot be sent to a subject.
    """

    name: str
    mlp: MLP
    X: Array
    T: Array
    parameters: Mapping[str, ArrayLike]
    batch_size: int
    schedule: Schedule
    steps: int = 5
    reduction: str = "mean"
    seed: int = 0
    until: Until = Until()
    sentence: str = ""
    dtype: str = "float64"
    labels: tuple[str, ...] = ()
    expect: tuple[str, str] | None = None
    subject: Callable[..., Any] | None = None

    def __post_init__(self) -> None:
        put = object.__setattr__
        if not isinstance(self.name, str) or not self.name or not self.name.isprintable() or "::" in self.name:
            raise InvalidProblem(f"a training needs a printable name without '::', got {self.name!r}")
        where = f"training {self.name!r}"
        if self.expect is not None and not (
            isinstance(self.expect, tuple) and len(self.expect) == 2 and self.expect[0] in VERDICTS
        ):
            raise InvalidProblem(f"expect must be ({' | '.join(VERDICTS)}, reason), got {self.expect!r}", where=where)
        if not isinstance(self.mlp, MLP):
            raise InvalidProblem(f"the network must be an MLP, got {self.mlp!r}", where=where)
        if not isinstance(self.until, Until):
            raise InvalidProblem(f"until must be an Until, got {self.until!r}", where=where)
        known("dtype", self.dtype, DTYPES, where=where)
        put(self, "X", _rounded("X", self.X, self.dtype, where))
        put(self, "T", _rounded("T", self.T, self.dtype, where))
        parameters = {name: _rounded(name, value, self.dtype, where) for name, value in self.parameters.items()}
        put(self, "parameters", parameters)
        whole("the batch size", self.batch_size, where)
        whole("the number of steps", self.steps, where)
        if not self.samples:
            raise InvalidProblem(f"X must have at least one row, a sample; got shape {self.X.shape}", where=where)
        if self.batch_size > self.samples:
            raise InvalidProblem(
                f"the batch size must be at most {self.samples}, the number of samples; got {self.batch_size}",
                where=where,
            )
        if not isinstance(self.schedule, Schedule):
            raise InvalidProblem(
                f"the schedule must be a Constant, Decay, AdaGrad or Custom, got {self.schedule!r}", where=where
            )
        if strange := [name for name in self.parameters if name not in self.mlp.parameter_shapes]:
            wanted = ", ".join(self.mlp.parameter_shapes)
            raise InvalidProblem(f"the network has no parameter {strange[0]!r}; it has {wanted}", where=where)
        try:
            self.problem(self.samples).check_point({"X": self.X, "T": self.T, **self.parameters})
            if isinstance(self.schedule, Custom):
                self.schedule.check(self.mlp.parameter_shapes, self.steps)
                if self.subject is None:
                    self.schedule.source()
        except InvalidProblem as wrong:
            raise wrong.within(where) from None

    @property
    def initial(self) -> dict[str, Array]:
        """The initial parameters, as arrays of `dtype`."""
        return {name: np.asarray(value) for name, value in self.parameters.items()}

    @property
    def samples(self) -> int:
        """N, the number of training examples."""
        return len(self.X) if self.X.ndim else 0

    def problem(self, batch: int) -> MLP:
        """The network with its loss on a mini-batch of the given size."""
        if batch not in self._problems:
            self._problems[batch] = replace(self.mlp, batch=batch, reduction=self.reduction)
        return self._problems[batch]

    @cached_property
    def _problems(self) -> dict[int, MLP]:
        return {}

    def point(self, indices: ArrayLike, parameters: Mapping[str, ArrayLike]) -> dict[str, Array]:
        """The point at which a step's gradient is taken: the samples of a mini-batch, and the parameters before it."""
        chosen = np.asarray(indices)
        at = {name: np.asarray(value) for name, value in parameters.items()}
        return {"X": self.X[chosen], "T": self.T[chosen], **at}


def _rounded(name: str, value: ArrayLike, dtype: str, where: str) -> Array:
    try:
        array = real_array(value, dtype)
    except ValueError as wrong:
        raise InvalidProblem(f"{name}: {wrong}", where=where) from None
    if not np.all(np.isfinite(array)):
        raise InvalidProblem(f"{name} must be finite in {dtype}", where=where)
    return array
