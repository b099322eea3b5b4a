"""Which mistake explains a wrong training step. Each is computed with error bounds and compared with the answer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.errors import InvalidProblem, Unsupported
from gradcheck.judge.training.batches import per_epoch
from gradcheck.judge.tried import WrongStep
from gradcheck.oracle.estimate import Estimate, Kind
from gradcheck.oracle.training_steps import BallArrays, TrainingTruth
from gradcheck.problem import AdaGrad, Constant, Custom, Decay
from gradcheck.problem.schedules import Arrays, Schedule

Array = NDArray[Any]

SLACK = 4.0
"""Maximum error of a mistaken step, in allowances of the right step: the mistake rounds in its own way."""


Made = tuple[str, float, Mapping[str, Estimate]]


def cause(wrong: WrongStep) -> str | None:
    """The first mistake that explains every parameter of the step, in words; None if none does."""
    truth = wrong.truth
    right = truth.after(wrong.before, wrong.history)
    makers = (_schedules, _factors, _directions, _gradients)
    for make in makers:
        try:
            for words, factor, made in make(wrong, truth):
                if _fits(wrong, made, factor, wrong.after) and not _fits(wrong, made, factor, _values(right)):
                    return words
        except (Unsupported, InvalidProblem):
            continue  # this kind of mistake needs a value that has no closed form here
    return None


def _fits(wrong: WrongStep, made: Mapping[str, Estimate], factor: float, after: Arrays) -> bool:
    return all(
        bool(
            np.all(np.abs(after[name] - guess.value) <= SLACK * max(1.0, factor) * wrong.allowance[name] + guess.error)
        )
        for name, guess in made.items()
    )


def _values(estimates: Mapping[str, Estimate]) -> Arrays:
    return {name: estimate.value for name, estimate in estimates.items()}


def _schedules(wrong: WrongStep, truth: TrainingTruth) -> Iterator[Made]:
    training, t = truth.training, wrong.step - 1
    rule = training.schedule

    def made(
        words: str, schedule: Schedule | None = None, t: int | None = None, history: Sequence[BallArrays] | None = None
    ) -> Made:
        return words, 1.0, truth.after(wrong.before, history or wrong.history, schedule, t)

    if isinstance(rule, AdaGrad):
        yield made("AdaGrad without accumulation: G is this step's g^2 alone", history=wrong.history[-1:])
        if t:
            forgotten = [*wrong.history[:-2], wrong.history[-1]]
            yield made("AdaGrad's G lacks the step before", history=forgotten)
        yield made("AdaGrad's G is not used: the update is a g", Constant(rule.rate))
        without = truth.after_without_root(wrong.before, wrong.history)
        # No entry of AdaGrad's own update exceeds the rate.
        yield "AdaGrad divides by G, where its root belongs", _length(wrong, without) / rule.rate, without
    if isinstance(rule, Decay):
        yield made(f"the decay is not applied: the rate is still a at t = {t}", Constant(rule.rate))
        if not t:  # if a later step is the first wrong one, t was right at the steps before
            yield made("t counts from 1; it must be 0 at the first batch", t=1)
        yield made("the rate decays per epoch; it must decay per batch", t=t // per_epoch(training))
    if isinstance(rule, Custom):
        yield made("the schedule's rule is given t + 1; t must be 0 at the first batch", t=t + 1)
        yield made("the schedule's rule is still given t = 0", t=0)


def _length(wrong: WrongStep, made: Mapping[str, Estimate]) -> float:
    """The absolute value of the largest entry of an update."""
    return max(float(np.max(np.abs(e.value - wrong.before[name]), initial=0.0)) for name, e in made.items())


def _factors(wrong: WrongStep, truth: TrainingTruth) -> Iterator[Made]:
    training, n = truth.training, len(wrong.indices)
    mean = training.reduction == "mean"
    size, samples = training.batch_size, training.samples
    choices = [
        (float(n), 1, "the batch's gradients are summed; they must be averaged (a factor of n)", mean and n > 1),
        (1.0, n, "1/n is applied twice", mean and n > 1),
        (1.0, n, "the batch's gradients are averaged; they must be summed", not mean and n > 1),
        (float(n), size, "the sum is divided by the batch size, although this batch is smaller", mean and n != size),
        (
            float(n),
            samples,
            "the sum is divided by the number of all samples, not of the batch's",
            mean and n != samples,
        ),
        (2.0, 1, "the gradient is twice what it must be (the 1/2 of the loss)", True),
        (1.0, 2, "the gradient is half of what it must be (the 2 of the squared loss)", True),
    ]
    for factor, divisor, words, applies in choices:
        if applies:
            scaled = [{name: g * factor / divisor for name, g in past.items()} for past in wrong.history]
            yield words, factor, truth.after(wrong.before, scaled)


def _directions(wrong: WrongStep, truth: TrainingTruth) -> Iterator[Made]:
    nothing = {
        name: Estimate(np.asarray(value, dtype=np.float64), np.zeros(np.shape(value)), Kind.PROVEN)
        for name, value in wrong.before.items()
    }
    yield "the parameters did not change", 1.0, nothing
    right = truth.after(wrong.before, wrong.history)
    up = {
        name: replace(estimate, value=2.0 * np.asarray(wrong.before[name], dtype=np.float64) - estimate.value)
        for name, estimate in right.items()
    }
    yield "the update is added; it must be subtracted", 1.0, up


def _gradients(wrong: WrongStep, truth: TrainingTruth) -> Iterator[Made]:
    training = truth.training

    def made(words: str, gradient: BallArrays) -> Made:
        return words, 1.0, truth.after(wrong.before, [*wrong.history[:-1], gradient])

    if training.mlp.l2:
        without = replace(training, mlp=replace(training.mlp, l2=0.0))
        history = [*wrong.history[:-1], truth.gradient(wrong.indices, wrong.before, without)]
        yield "the L2 penalty is ignored", 1.0, truth.after(wrong.before, history)
        on_biases = truth.with_penalised_biases(wrong.history[-1], wrong.before)
        yield made("the L2 penalty is put on the biases as well", on_biases)
    if wrong.earlier is not None:
        initial = " (the initial ones)" if wrong.step == 2 else ""
        yield made(
            f"the gradient is taken at the parameters before the step before{initial}",
            truth.gradient(wrong.indices, wrong.earlier),
        )
    if len(wrong.indices) < training.samples:
        everything = truth.gradient(np.arange(training.samples), wrong.before)
        yield made("the gradient is that of all samples, not of the batch", everything)
