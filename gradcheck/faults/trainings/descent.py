"""The textbook's stochastic gradient descent (S3, S4), one decision per method, and its faults."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from gradcheck.faults.mlps.delta_recursion import DeltaRecursion, Gradients
from gradcheck.problem.ops import Array
from gradcheck.problem.schedules import AdaGrad, Constant, Custom, Decay
from gradcheck.problem.training import Training

Step = tuple[Array, Gradients]


class Descent:
    """A subject for trainings: call it with a training; it answers a list of (indices, parameters after the step).

    Attributes while it answers
    ----------
    training, random: the question, and the generator seeded by it.
    parameters: the current ones.
    squares: AdaGrad's sums of squared gradients.
    t, epoch: steps and epochs done.
    """

    training: Training
    random: np.random.Generator
    parameters: Gradients
    squares: Gradients
    t: int
    epoch: int

    def __call__(self, training: Training) -> list[Step]:
        """Make steps until a stopping condition holds."""
        self.begin(training)
        until, steps, loss = training.until, list[Step](), self.loss()
        while True:
            for batch in self.batches():
                gradient = self.gradient(batch)
                if until.gradient_norm is not None and norm(gradient) <= until.gradient_norm:
                    return steps
                self.parameters = self.stepped(self.update(gradient))
                self.t += 1
                steps.append((batch, self.parameters))
                if self.t == training.steps or (until.when and until.when(self.t, self.parameters)):
                    return steps
            self.epoch += 1
            before, loss = loss, self.loss()
            settled = until.loss_change is not None and abs(loss - before) <= until.loss_change
            if settled or self.epoch == until.epochs:
                return steps

    def begin(self, training: Training) -> None:
        """Set the state before the first step."""
        self.training, self.random = training, np.random.default_rng(training.seed)
        self.parameters = {name: np.array(w) for name, w in training.parameters.items()}
        self.squares = {name: np.zeros_like(w) for name, w in self.parameters.items()}
        self.t = self.epoch = 0

    def batches(self) -> Iterable[Array]:
        """A random partition of the samples (S3)."""
        order, size = self.random.permutation(self.training.samples), self.training.batch_size
        return [order[k : k + size] for k in range(0, len(order), size)]

    def gradient(self, batch: Array) -> Gradients:
        """The gradient of the batch's loss at the current parameters."""
        training = self.training
        return DeltaRecursion()(training.problem(len(batch)), training.point(batch, self.parameters))[1]

    def update(self, gradient: Gradients) -> Gradients:
        """The amount to subtract: the schedule's rule (S3)."""
        rule = self.training.schedule
        if isinstance(rule, AdaGrad):
            return {name: self.adagrad(rule, name, g) for name, g in gradient.items()}
        if isinstance(rule, Custom):
            return rule.update(self.time(), gradient)
        return {name: self.rate(rule) * g for name, g in gradient.items()}

    def rate(self, rule: Constant | Decay) -> float:
        """The rate: a, or a / (1 + k t)."""
        return rule.rate if isinstance(rule, Constant) else rule.rate / (1.0 + rule.decay * self.time())

    def time(self) -> int:
        """The time t of the schedule; 0 at the first batch."""
        return self.t

    def adagrad(self, rule: AdaGrad, name: str, g: Array) -> Array:
        """AdaGrad's update: G += g^2, then a g / (sqrt(G) + eps)."""
        self.squares[name] = self.squares[name] + g * g
        return rule.rate * g / (np.sqrt(self.squares[name]) + rule.epsilon)

    def stepped(self, update: Gradients) -> Gradients:
        """The parameters after the step."""
        return {name: self.moved(w, update[name]).astype(w.dtype) for name, w in self.parameters.items()}

    def moved(self, w: Array, update: Array) -> Array:
        """Subtract the update."""
        return np.asarray(w - update)

    def loss(self) -> float:
        """The loss on all data."""
        training = self.training
        everything = training.point(np.arange(training.samples), self.parameters)
        return float(DeltaRecursion()(training.problem(training.samples), everything)[0])


def norm(gradient: Gradients) -> float:
    """The Euclidean norm over all parameters."""
    return float(np.sqrt(sum(float(np.sum(np.square(g))) for g in gradient.values())))


class NothingAccumulated(Descent):
    """AdaGrad with G = g^2 of this step only: the update is about a sign(g)."""

    def adagrad(self, rule: AdaGrad, name: str, g: Array) -> Array:
        """Assign G instead of adding to it."""
        self.squares[name] = np.zeros_like(g)
        return super().adagrad(rule, name, g)


class RootForgotten(Descent):
    """AdaGrad divides by G instead of its root."""

    def adagrad(self, rule: AdaGrad, name: str, g: Array) -> Array:
        """a g / (G + eps)."""
        super().adagrad(rule, name, g)
        return np.asarray(rule.rate * g / (self.squares[name] + rule.epsilon))


class DecayFromOne(Descent):
    """t is 1 at the first batch."""

    def time(self) -> int:
        """One more than the number of steps done."""
        return self.t + 1


class DecayPerEpoch(Descent):
    """The rate decays per epoch instead of per batch."""

    def time(self) -> int:
        """The number of epochs instead of batches."""
        return self.epoch


class WithReplacement(Descent):
    """Each batch is drawn independently: some samples come twice in an epoch, some never."""

    def batches(self) -> Iterable[Array]:
        """Batches that are no partition: every later batch of an epoch repeats a sample of the first."""
        right = list(super().batches())
        return [right[0], *(np.concatenate([right[0][:1], batch[1:]]) for batch in right[1:])]


class RemainderDropped(Descent):
    """The last, smaller batch of an epoch is left out."""

    def batches(self) -> Iterable[Array]:
        """The full batches only."""
        return [batch for batch in super().batches() if len(batch) == self.training.batch_size]


class Ascent(Descent):
    """The update is added instead of subtracted."""

    def moved(self, w: Array, update: Array) -> Array:
        """Add the update."""
        return np.asarray(w + update)


class FirstParameters(Descent):
    """Every gradient is taken at the initial parameters."""

    def gradient(self, batch: Array) -> Gradients:
        """The gradient at the initial parameters."""
        now, self.parameters = self.parameters, {n: np.array(w) for n, w in self.training.parameters.items()}
        try:
            return super().gradient(batch)
        finally:
            self.parameters = now


class BatchSummed(Descent):
    """The batch's gradient is a sum instead of an average, and an average instead of a sum."""

    def __init__(self, *, penalty_too: bool = False) -> None:
        self.penalty_too = penalty_too

    def gradient(self, batch: Array) -> Gradients:
        """The other one of sum and average; the penalty, once per batch, is unchanged unless `penalty_too`."""
        training, n = self.training, len(batch)
        factor = float(n) if training.reduction == "mean" else 1.0 / n
        right, l2 = super().gradient(batch), 0.0 if self.penalty_too else training.mlp.l2
        penalty = {name: l2 * w if name[0] == "W" else np.zeros_like(w) for name, w in self.parameters.items()}
        return {name: (g - penalty[name]) * factor + penalty[name] for name, g in right.items()}


class BatchSummedInStep(Descent):
    """The same, but only in the step: the stopping conditions use the right gradient."""

    def gradient(self, batch: Array) -> Gradients:
        """The right gradient; its number of samples is recorded."""
        self.samples = len(batch)
        return super().gradient(batch)

    def update(self, gradient: Gradients) -> Gradients:
        """The update from the scaled gradient, the penalty's part scaled as well."""
        factor = float(self.samples) if self.training.reduction == "mean" else 1.0 / self.samples
        return super().update({name: factor * g for name, g in gradient.items()})


class StopsLate(Descent):
    """Makes one step too many."""

    def __call__(self, training: Training) -> list[Step]:
        """Stop with `<=` instead of `<`."""
        steps = super().__call__(training)
        batch = steps[-1][0]
        return [*steps, (batch, self.stepped(self.update(self.gradient(batch))))]
