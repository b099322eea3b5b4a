"""Stochastic gradient descent in mini-batches, with a gradient update schedule (S3, S4).

repeat until a stopping condition holds:
    partition the training set into batches at random                            (one epoch)
    for each batch b:
        g = gradient of the batch's loss                                         (S3: a sum; S4: an average)
        w = w - update(g)                                                        (S3: the schedule's rule)
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from gradcheck.errors import InvalidProblem
from gradcheck.problem.ops import Array
from gradcheck.problem.schedules import AdaGrad, Constant, Custom, Decay
from gradcheck.problem.training import Training

from .mlp import mlp_gradients

Arrays = dict[str, Array]
Step = tuple[Array, Arrays]
"""Indices of the batch's samples, and the parameters after the step."""


def train(training: Training) -> list[Step]:
    """Carry out a training.

    Returns one entry per step: the samples' indices, int64, shape (batch,), and the parameters after the step, arrays
    of their shapes and dtype by name. Raises InvalidProblem when the user's schedule returns NaN, or too little.

    Examples
    --------
    One step of rate 4 for the logistic neuron of `mlp_gradients`, whose gradient is (-1/4, -1/8):

    >>> from gradcheck.problem import MLP
    >>> start = {"W1": np.array([[0.5]]), "b1": np.array([-1.0])}
    >>> x, t = np.array([[2.0]]), np.array([[1.0]])
    >>> one = Training("one", MLP((1, 1), "sigmoid"), x, t, start, 1, Constant(4.0), steps=1)
    >>> ((samples, after),) = train(one)
    >>> samples.tolist(), after["W1"].tolist(), after["b1"].tolist()
    ([0], [[1.5]], [-0.5])
    """
    random = np.random.default_rng(training.seed)
    update = schedule(training)
    until = training.until
    parameters: Arrays = {name: np.array(value) for name, value in training.parameters.items()}
    steps: list[Step] = []
    epochs, loss = 0, _loss(training, parameters)
    while True:
        for batch in partition(random, training.samples, training.batch_size):
            _, gradient = mlp_gradients(training.problem(len(batch)), training.point(batch, parameters))
            if until.gradient_norm is not None and _norm(gradient) <= until.gradient_norm:
                return steps
            change = update(len(steps), gradient)
            parameters = {name: w - change[name].astype(w.dtype) for name, w in parameters.items()}
            steps.append((batch, parameters))
            if len(steps) == training.steps or (until.when and until.when(len(steps), parameters)):
                return steps
        epochs += 1
        before, loss = loss, _loss(training, parameters)
        if epochs == until.epochs or (until.loss_change is not None and abs(loss - before) <= until.loss_change):
            return steps


def partition(random: np.random.Generator, samples: int, size: int) -> Iterator[Array]:
    """Every sample in exactly one batch, in random order; the last batch may be smaller (S3)."""
    shuffled = random.permutation(samples)
    return (shuffled[start : start + size] for start in range(0, samples, size))


def schedule(training: Training) -> Callable[[int, Arrays], Arrays]:
    """`update(t, gradients)`: what to subtract from the parameters at step t = 0, 1, ... (S3)."""
    rule = training.schedule
    if isinstance(rule, Constant):
        return lambda t, g: {name: rule.rate * value for name, value in g.items()}
    if isinstance(rule, Decay):
        return lambda t, g: {name: rule.rate / (1.0 + rule.decay * t) * value for name, value in g.items()}
    if isinstance(rule, AdaGrad):
        squares: Arrays = {name: np.zeros_like(w) for name, w in training.parameters.items()}

        def adagrad(t: int, g: Arrays) -> Arrays:
            for name, value in g.items():
                squares[name] += np.square(value)  # the sum over all steps so far, never forgotten
            return {name: rule.rate * value / (np.sqrt(squares[name]) + rule.epsilon) for name, value in g.items()}

        return adagrad
    if isinstance(rule, Custom):
        return rule.update
    raise InvalidProblem(f"no rule for the schedule {rule!r}")


def _loss(training: Training, parameters: Arrays) -> float:
    """The loss on all data; only asked for where a stopping condition needs it."""
    if training.until.loss_change is None:
        return 0.0
    everything = training.point(np.arange(training.samples), parameters)
    return float(mlp_gradients(training.problem(training.samples), everything)[0])


def _norm(gradient: Arrays) -> float:
    return float(np.sqrt(sum(np.sum(np.square(g.astype(np.float64))) for g in gradient.values())))
