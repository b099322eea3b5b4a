"""Mistakes of trainings outside the catalogue that, in some trainings, look like one of its rows.

A row is named from the steps of a training only if none of these mistakes explains them as well.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from gradcheck.faults.mlps.delta_recursion import Gradients
from gradcheck.faults.trainings.descent import Descent
from gradcheck.problem.ops import Array
from gradcheck.problem.schedules import AdaGrad
from gradcheck.problem.training import Training


class TimeStands(Descent):
    """t is constant: nothing decays, or every step has the rate of the second."""

    def __init__(self, t: int = 0) -> None:
        self.stands = t

    def time(self) -> int:
        """The constant t."""
        return self.stands


class TimeOfEpoch(Descent):
    """t restarts with every epoch."""

    def time(self) -> int:
        """The number of steps since the epoch's first batch."""
        return self.t % -(-self.training.samples // self.training.batch_size)


class SquaresUnused(Descent):
    """The update of AdaGrad is a g."""

    def adagrad(self, rule: AdaGrad, name: str, g: Array) -> Array:
        """The gradient times the rate, not divided by the root of G."""
        return rule.rate * g


class SquaresForget(Descent):
    """AdaGrad's G lacks the step before, or all steps of earlier epochs."""

    def __init__(self, *, epochs: bool = False) -> None:
        self.epochs = epochs
        self.kept: dict[str, list[tuple[int, Array]]] = {}

    def begin(self, training: Training) -> None:
        """Set the state before the first step; no squares are kept yet."""
        super().begin(training)
        self.kept = {name: [] for name in training.parameters}

    def adagrad(self, rule: AdaGrad, name: str, g: Array) -> Array:
        """The update from the sum over fewer steps."""
        past = self.kept[name]
        counted = [s for e, s in past if e == self.epoch] if self.epochs else [s for _, s in past[:-1]]
        past.append((self.epoch, g * g))
        total = sum(counted, start=g * g)
        return np.asarray(rule.rate * g / (np.sqrt(total) + rule.epsilon))


class EarlierParameters(Descent):
    """The gradient is taken at the parameters before the last step, or at the start of the epoch."""

    def __init__(self, *, epoch: bool = False) -> None:
        self.of_epoch = epoch

    def begin(self, training: Training) -> None:
        """Set the state before the first step; the earlier parameters are the initial ones."""
        super().begin(training)
        self.last = self.first = self.parameters
        self.seen = 0

    def gradient(self, batch: Array) -> Gradients:
        """The gradient at the earlier parameters."""
        now = self.parameters
        if self.epoch != self.seen:
            self.seen, self.first = self.epoch, now
        self.parameters = self.first if self.of_epoch else self.last
        try:
            return super().gradient(batch)
        finally:
            self.last = self.parameters = now


class AllSamples(Descent):
    """The gradient is that of all samples instead of the batch."""

    def gradient(self, batch: Array) -> Gradients:
        """The gradient over all samples."""
        return super().gradient(np.arange(self.training.samples))


class Scaled(Descent):
    """The gradient is twice, or half, the right one: the 1/2 of the loss."""

    def __init__(self, factor: float) -> None:
        self.factor = factor

    def gradient(self, batch: Array) -> Gradients:
        """Multiply the gradient by 2 or 1/2."""
        return {name: self.factor * g for name, g in super().gradient(batch).items()}


RIVALS: tuple[Callable[[], Descent], ...] = (
    TimeStands,
    partial(TimeStands, 1),
    TimeOfEpoch,
    SquaresUnused,
    SquaresForget,
    partial(SquaresForget, epochs=True),
    EarlierParameters,
    partial(EarlierParameters, epoch=True),
    AllSamples,
    partial(Scaled, 2.0),
    partial(Scaled, 0.5),
)
"""Callables that make one engine each."""
