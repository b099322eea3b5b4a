"""A textbook's training led along a subject's: each step from the subject's own parameters and batch.

Trajectories part: rounding grows where a training diverges, and everyone shuffles in an order of their own. Single
steps do not, so that a fault of steps shows in each of them, whoever's batches they take.
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
"""Units of roundoff, of the largest parameter of all, within which two engines' steps from the same place agree.

Of all, since a block's gradient is made of the others' numbers: a small block of a training that diverges has the
rounding of large ones.
"""
APART = 64
"""So many times as far apart are steps that tell two rules apart."""


FIRST = 3
"""Steps that are compared first: what differs mostly does so at once."""
BEYOND = 60
"""Steps after the first epoch that are compared at most."""


class _Over(Exception):
    """There are no more steps to be led along."""


class Led(Descent):
    """`bent`, a Descent with a mistake in its steps or none, led along `steps`.

    Attributes
    ----------
    made: what it makes of each step's parameters, by step.
    norms, losses: of the gradients and losses that it computed on the way, in its own order.
    """

    def __init__(self, bent: Descent, steps: Sequence[TrainingStep]) -> None:
        self.bent, self.steps = bent, steps
        self.made: list[Gradients] = []
        self.norms: list[float] = []
        self.losses: list[float] = []

    def end(self, training: Training) -> int | None:
        """After how many steps its conditions end the training; None if the steps end before that.

        Raises GradcheckError where a user's rule refuses the gradient.
        """
        try:
            with np.errstate(all="ignore"):
                return len(self(training))
        except _Over:
            return None

    def all_made(self, training: Training) -> list[Gradients]:
        """What it makes of every step, whatever its conditions say; raises as `end`."""
        self.end(replace(training, steps=len(self.steps), until=Until()))
        return self.made

    def begin(self, training: Training) -> None:
        """Both at the start."""
        super().begin(training)
        self.bent.begin(training)

    def batches(self) -> Iterator[Array]:
        """The subject's, as many as the bent one has in an epoch."""
        for _ in self.bent.batches():
            if self.t == len(self.steps):
                raise _Over
            yield self.steps[self.t].indices

    def gradient(self, batch: Array) -> Gradients:
        """The bent one's."""
        bent = self.bent
        bent.parameters, bent.t, bent.epoch = self.parameters, self.t, self.epoch
        gradient = bent.gradient(batch)
        self.norms.append(norm(gradient))
        return gradient

    def update(self, gradient: Gradients) -> Gradients:
        """The bent one's."""
        return self.bent.update(gradient)

    def stepped(self, update: Gradients) -> Gradients:
        """The bent one's are noted; it goes on from the subject's."""
        self.made.append(self.bent.stepped(update))
        return dict(self.steps[self.t].parameters)

    def loss(self) -> float:
        """Noted."""
        self.losses.append(super().loss())
        return self.losses[-1]


@dataclass(frozen=True)
class Followed:
    """A bent training beside a subject's: does it make all its steps, and how many tell it from a right one?"""

    like: bool
    telling: int = 0


def follow(make: Callable[[], Descent], training: Training, steps: Sequence[TrainingStep]) -> Followed:
    """Whether every block of parameters goes, step by step, the way of the bent training, or else the right way.

    Some block has to be wrong. The number of steps has to be that of its own stopping conditions or of right ones,
    unless only a batch that nobody saw can tell. Of a long training the first steps are compared.
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
    """How many of a training's steps are."""
    return min(len(steps), per_epoch(training) + BEYOND)


def _compare(make: Callable[[], Descent], training: Training, steps: Sequence[TrainingStep]) -> Followed | None:
    """How steps follow the bent ones; None if some block goes neither way."""
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
    """Compares two ways of a block of parameters, step by step, by the roundoff of a training's steps."""

    def __init__(self, training: Training, steps: Sequence[TrainingStep]) -> None:
        unit = ROUNDINGS * float(np.finfo(training.dtype).eps)
        self._allowed = [unit * max(1e-3, *map(_largest, step.parameters.values())) for step in steps]

    def near(self, one: Sequence[Array], other: Sequence[Array], times: float = 1.0) -> list[bool]:
        """Whether they are within `times` what rounding may cost; the same NaN counts as near."""
        return [
            a.shape == b.shape and _near(a.astype(np.float64), b.astype(np.float64), times * allowed)
            for a, b, allowed in zip(one, other, self._allowed, strict=True)
        ]


def _near(a: Array, b: Array, allowed: float) -> bool:
    with np.errstate(invalid="ignore"):
        return bool(np.all((np.abs(a - b) <= allowed) | (a == b) | ((a != a) & (b != b))))


def _largest(a: Array) -> float:
    return float(np.max(np.abs(a[np.isfinite(a)]), initial=0.0))
