"""A textbook training guided along a subject's steps: each step starts at the subject's parameters and batch.

Whole trainings drift apart: rounding grows where a training diverges, and each program shuffles in its own order.
Single steps do not, so a fault in the steps shows in each of them, with any batches.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from gradcheck.errors import GradcheckError
from gradcheck.faults.mlps.delta_recursion import Gradients
from gradcheck.faults.trainings.descent import Descent, norm
from gradcheck.judge.training.batches import per_epoch
from gradcheck.problem import Training, Until
from gradcheck.problem.ops import Array
from gradcheck.subject.answer import TrainingStep

ROUNDINGS = 256
"""Maximum difference of two right engines' steps from one start, in units of roundoff of the largest parameter of all.

The largest of all counts, since the gradient of a block is computed from the numbers of other blocks: in a training
that diverges, a small block has the rounding errors of large ones.
"""
APART = 64
"""Minimum factor on that difference beyond which a step distinguishes two rules."""


FIRST = 3
"""Number of steps that are compared first: most differences appear at once."""
BEYOND = 60
"""Maximum number of steps compared after the first epoch."""


class _Over(Exception):
    """No steps are left to follow."""


class Led(Descent):
    """A training that takes its batches and parameters from `steps`, and its rules from `bent`.

    Attributes
    ----------
    bent: a Descent, with a mistake in its steps or without.
    made: the parameters that `bent` computes, by step.
    norms, losses: of the gradients and losses computed on the way, in order.
    """

    def __init__(self, bent: Descent, steps: Sequence[TrainingStep]) -> None:
        self.bent, self.steps = bent, steps
        self.made: list[Gradients] = []
        self.norms: list[float] = []
        self.losses: list[float] = []

    def end(self, training: Training) -> int | None:
        """The number of steps after which `bent`'s conditions end the training; None if `steps` end before that.

        Raises GradcheckError where a user's rule refuses the gradient.
        """
        try:
            with np.errstate(all="ignore"):
                return len(self(training))
        except _Over:
            return None

    def all_made(self, training: Training) -> list[Gradients]:
        """The parameters that `bent` makes at every step, ignoring its stopping conditions; raises like `end`."""
        self.end(replace(training, steps=len(self.steps), until=Until()))
        return self.made

    def begin(self, training: Training) -> None:
        """Start both trainings."""
        super().begin(training)
        self.bent.begin(training)

    def batches(self) -> Iterator[Array]:
        """The subject's batches; as many per epoch as `bent` has."""
        for _ in self.bent.batches():
            if self.t == len(self.steps):
                raise _Over
            yield self.steps[self.t].indices

    def gradient(self, batch: Array) -> Gradients:
        """The gradient of `bent` at the subject's parameters."""
        bent = self.bent
        bent.parameters, bent.t, bent.epoch = self.parameters, self.t, self.epoch
        gradient = bent.gradient(batch)
        self.norms.append(norm(gradient))
        return gradient

    def update(self, gradient: Gradients) -> Gradients:
        """The update of `bent`."""
        return self.bent.update(gradient)

    def stepped(self, update: Gradients) -> Gradients:
        """Record the parameters of `bent`, and return the subject's."""
        self.made.append(self.bent.stepped(update))
        return dict(self.steps[self.t].parameters)

    def loss(self) -> float:
        """Record and return the loss."""
        self.losses.append(super().loss())
        return self.losses[-1]


@dataclass(frozen=True)
class Followed:
    """Whether a subject's training makes all steps of a bent one, and how many differ from right steps."""

    like: bool
    telling: int = 0


def follow(make: Callable[[], Descent], training: Training, steps: Sequence[TrainingStep]) -> Followed:
    """Whether each block of parameters follows the bent training, or else the right one, at every step.

    At least one block has to be wrong. The number of steps has to be right by the bent or by the right stopping
    conditions, unless it depends on a batch that was not recorded. Of a long training only the first steps are
    compared.
    """
    try:
        if _compare(make, training, steps[:FIRST]) is None:
            return Followed(False)
        followed = _compare(make, training, steps[: compared(training, steps)])
        if followed is None or not followed.like:
            return Followed(False)
        ends = [Led(kind(), steps).end(training) for kind in (make, Descent)]
    except GradcheckError:
        return Followed(False)
    unseen = None in ends and training.until.gradient_norm is not None
    return followed if len(steps) in ends or unseen else Followed(False)


def compared(training: Training, steps: Sequence[TrainingStep]) -> int:
    """Number of a training's steps that are compared."""
    return min(len(steps), per_epoch(training) + BEYOND)


def _compare(make: Callable[[], Descent], training: Training, steps: Sequence[TrainingStep]) -> Followed | None:
    """How the steps compare with the bent ones; None if some block follows neither the bent nor the right training."""
    bent, right = (Led(kind(), steps).all_made(training) for kind in (make, Descent))
    ways, wrong, telling = Ways(training, steps), False, set[int]()
    for block in training.parameters:
        theirs, ours, true = ([made[block] for made in way] for way in ([s.parameters for s in steps], bent, right))
        if all(ways.near(theirs, true)):
            continue
        if not all(ways.near(theirs, ours)):
            return None
        wrong = True
        telling |= {k for k, near in enumerate(ways.near(ours, true, APART)) if not near}
    return Followed(wrong, len(telling))


class Ways:
    """Compares the values of a block of parameters in two trainings, step by step, up to roundoff."""

    def __init__(self, training: Training, steps: Sequence[TrainingStep]) -> None:
        unit = ROUNDINGS * float(np.finfo(training.dtype).eps)
        self._allowed = [unit * max(1e-3, *map(_largest, step.parameters.values())) for step in steps]

    def near(self, one: Sequence[Array], other: Sequence[Array], times: float = 1.0) -> list[bool]:
        """For each step, whether they differ by at most `times` the allowed rounding; the same NaN counts as near."""
        return [
            a.shape == b.shape and _near(a.astype(np.float64), b.astype(np.float64), times * allowed)
            for a, b, allowed in zip(one, other, self._allowed, strict=True)
        ]


def _near(a: Array, b: Array, allowed: float) -> bool:
    with np.errstate(invalid="ignore"):
        return bool(np.all((np.abs(a - b) <= allowed) | (a == b) | ((a != a) & (b != b))))


def _largest(a: Array) -> float:
    return float(np.max(np.abs(a[np.isfinite(a)]), initial=0.0))
