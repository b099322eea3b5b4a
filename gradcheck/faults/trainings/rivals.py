"""Mistakes of trainings that are no row of the catalogue, and in some trainings look like one that is.

A row is named by the steps of a training only where none of these explains them as well.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from gradcheck.faults.mlps.delta_recursion import Gradients
from gradcheck.faults.trainings.descent import Descent
from gradcheck.problem.ops import Array
from gradcheck.problem.training import AdaGrad, Training


class TimeStands(Descent):
    """t is the same at every step: nothing decays, or all steps have the rate of the second."""

    def __init__(self, t: int = 0) -> None:
        self.stands = t

    def time(self) -> int:
        """Never counted."""
        return self.stands


class TimeOfEpoch(Descent):
    """t starts anew with every epoch."""

    def time(self) -> int:
        """Counted from the epoch's first batch."""
        return self.t % -(-self.training.samples // self.training.batch_size)


class SquaresUnused(Descent):
    """AdaGrad whose update is a g."""

    def adagrad(self, rule: AdaGrad, name: str, g: Array) -> Array:
        """Nothing is divided."""
        return rule.rate * g


class SquaresForget(Descent):
    """AdaGrad whose G lacks the step before, or all steps of the epochs before."""

    def __init__(self, *, epochs: bool = False) -> None:
        self.epochs = epochs
        self.kept: dict[str, list[tuple[int, Array]]] = {}

    def begin(self, training: Training) -> None:
        """Every square is kept, with its epoch."""
        super().begin(training)
        self.kept = {name: [] for name in training.parameters}

    def adagrad(self, rule: AdaGrad, name: str, g: Array) -> Array:
        """The sum over fewer steps than all."""
        past = self.kept[name]
        counted = [s for e, s in past if e == self.epoch] if self.epochs else [s for _, s in past[:-1]]
        past.append((self.epoch, g * g))
        total = sum(counted, start=g * g)
        return np.asarray(rule.rate * g / (np.sqrt(total) + rule.epsilon))


class EarlierParameters(Descent):
    """The gradient is taken where the step before began, or where the epoch did."""

    def __init__(self, *, epoch: bool = False) -> None:
        self.of_epoch = epoch

    def begin(self, training: Training) -> None:
        """Nothing is earlier than the start."""
        super().begin(training)
        self.last = self.first = self.parameters
        self.seen = 0

    def gradient(self, batch: Array) -> Gradients:
        """At other parameters than those of now."""
        now = self.parameters
        if self.epoch != self.seen:
            self.seen, self.first = self.epoch, now
        self.parameters = self.first if self.of_epoch else self.last
        try:
            return super().gradient(batch)
        finally:
            self.last = self.parameters = now


class AllSamples(Descent):
    """The gradient is that of all samples, not of the batch."""

    def gradient(self, batch: Array) -> Gradients:
        """Whatever the batch is."""
        return super().gradient(np.arange(self.training.samples))


class Scaled(Descent):
    """The gradient is twice, or half, what it must be: the 1/2 of the loss."""

    def __init__(self, factor: float) -> None:
        self.factor = factor

    def gradient(self, batch: Array) -> Gradients:
        """Too long, or too short."""
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
"""Makers of each."""
