"""`reference/sgd.py`: partitions, schedules and stopping conditions, each step recomputed in another way."""

from dataclasses import replace

import numpy as np
import pytest

from gradcheck.errors import InvalidProblem
from gradcheck.problem.mlp import MLP
from gradcheck.problem.schedules import CHECKED_STEPS, AdaGrad, Constant, Custom, Decay
from gradcheck.problem.training import Training, Until
from gradcheck.reference import train

X = np.array([[1.0], [2.0], [-1.0], [0.5], [3.0]])
T = 2.0 * X - 1.0
START = {"W1": np.array([[0.25]]), "b1": np.array([0.5])}


def linear(schedule, **options):
    """y = w x + b with half squared loss: the gradient is (e x, e), e = y - t."""
    mlp = MLP((1, 1), "identity")
    given = {"batch_size": 2, "steps": 5, "seed": 3, **options}
    return Training("linear", mlp, X, T, START, schedule=schedule, **given)


def clipped(t, gradients):
    return {name: np.clip(g, -0.5, 0.5) / (t + 1) for name, g in gradients.items()}


def recomputed(training, steps):
    """Largest error of any step, from the parameters before it, by formulas of the page in plain floats."""
    w, b = 0.25, 0.5
    squares = np.zeros(2)
    worst = 0.0
    for t, (indices, parameters) in enumerate(steps):
        x, e = X[indices, 0], (w * X + b - T)[indices, 0]
        g = np.array([np.sum(e * x), np.sum(e)]) / (len(indices) if training.reduction == "mean" else 1)
        squares += g**2
        rule = training.schedule
        if isinstance(rule, Constant):
            update = rule.rate * g
        elif isinstance(rule, Decay):
            update = rule.rate / (1 + rule.decay * t) * g
        elif isinstance(rule, AdaGrad):
            update = rule.rate * g / (np.sqrt(squares) + rule.epsilon)
        else:
            update = np.clip(g, -0.5, 0.5) / (t + 1)
        expected = np.array([w, b]) - update
        w, b = parameters["W1"][0, 0], parameters["b1"][0]
        worst = max(worst, np.max(np.abs(np.array([w, b]) - expected)))
    return worst


SCHEDULES = [Constant(0.1), Decay(0.1, 0.5), AdaGrad(0.1), Custom("clipped", clipped)]


@pytest.mark.parametrize("reduction", ["mean", "sum"])
@pytest.mark.parametrize("schedule", SCHEDULES, ids=lambda s: type(s).__name__)
def test_each_step_follows_the_schedule(schedule, reduction):  # S3.b, S3.c, S4.d
    training = linear(schedule, reduction=reduction, steps=7)
    steps = train(training)
    assert len(steps) == 7
    assert recomputed(training, steps) < 1e-14


def test_a_wrong_step_is_noticed():
    steps = train(linear(Constant(0.1)))
    assert recomputed(linear(Constant(0.1 + 1e-9)), steps) > 1e-12
    assert recomputed(linear(Constant(0.1), reduction="sum"), steps) > 1e-3
    assert recomputed(linear(Decay(0.1, 0.5)), steps) > 1e-3
    assert recomputed(linear(AdaGrad(0.1)), steps) > 1e-3


def test_every_epoch_is_a_random_partition():  # S3.b
    steps = train(linear(Constant(0.01), steps=9))
    epochs = [np.concatenate([steps[k][0] for k in range(first, first + 3)]) for first in (0, 3, 6)]
    assert [len(indices) for indices, _ in steps] == [2, 2, 1] * 3
    assert all(sorted(epoch.tolist()) == [0, 1, 2, 3, 4] for epoch in epochs)
    assert len({tuple(epoch.tolist()) for epoch in epochs}) > 1
    again = train(linear(Constant(0.01), steps=9))
    other = train(linear(Constant(0.01), steps=9, seed=4))
    assert all(np.array_equal(a[0], b[0]) for a, b in zip(steps, again, strict=True))
    assert not all(np.array_equal(a[0], b[0]) for a, b in zip(steps, other, strict=True))


@pytest.mark.parametrize(
    ("until", "steps"),
    [
        (Until(epochs=2), 6),
        (Until(gradient_norm=1e9), 0),
        (Until(gradient_norm=0.0), 50),
        (Until(loss_change=1e9), 3),
        (Until(when=lambda step, parameters: step == 4), 4),
        (Until(when=lambda step, parameters: parameters["b1"][0] < 1e9), 1),
    ],
    ids=["two epochs", "any gradient is small", "no gradient is", "any change is small", "after step 4", "at once"],
)
def test_stopping_conditions(until, steps):
    assert len(train(linear(Constant(0.01), steps=50, until=until))) == steps


def test_training_until_the_gradient_is_small_finds_the_line():
    training = linear(Constant(0.3), batch_size=5, steps=2000, until=Until(gradient_norm=1e-9))
    steps = train(training)
    assert len(steps) < 2000
    assert steps[-1][1]["W1"][0, 0] == pytest.approx(2.0, abs=1e-8)
    assert steps[-1][1]["b1"][0] == pytest.approx(-1.0, abs=1e-8)


@pytest.mark.parametrize("schedule", SCHEDULES, ids=lambda s: type(s).__name__)
def test_float32_stays_float32_and_initial_parameters_stay_untouched(schedule):
    training = linear(schedule, dtype="float32")
    for indices, parameters in train(training):
        assert indices.dtype == np.int64
        assert {p.dtype for p in parameters.values()} == {np.dtype("f4")}
    assert training.parameters["W1"][0, 0] == 0.25


@pytest.mark.parametrize(
    ("rule", "complaint"),
    [
        (lambda t, g: {name: np.nan * value for name, value in g.items()}, "not finite"),
        (lambda t, g: {"W1": g["W1"]}, "an update for each of W1, b1; got W1"),
        (lambda t, g: {**g, "W1": g["W1"][0]}, "must have shape (1, 1), got (1,)"),
        (lambda t, g: None, "got NoneType"),
    ],
)
def test_a_schedule_that_returns_nonsense_later_on_is_named(rule, complaint):
    def late(t, g):
        return rule(t, g) if t >= CHECKED_STEPS else {name: 0.01 * value for name, value in g.items()}

    with pytest.raises(InvalidProblem) as caught:
        train(linear(Custom("mine", late), steps=2 * CHECKED_STEPS, subject=train))
    assert complaint in str(caught.value)
    assert f"schedule 'mine', step {CHECKED_STEPS}" in str(caught.value)


def test_momentum_free_sgd_with_batches_of_one():  # S4: s = 1 is stochastic gradient descent
    steps = train(linear(Constant(0.05), batch_size=1, steps=5))
    assert sorted(int(indices[0]) for indices, _ in steps) == [0, 1, 2, 3, 4]


def test_l2_is_part_of_every_steps_gradient():
    training = replace(linear(Constant(0.1), batch_size=5, steps=1), mlp=MLP((1, 1), "identity", l2=0.5))
    with_l2, without = train(training)[0][1], train(linear(Constant(0.1), batch_size=5, steps=1))[0][1]
    assert with_l2["W1"][0, 0] == pytest.approx(without["W1"][0, 0] - 0.1 * 0.5 * 0.25, rel=1e-14)
    assert with_l2["b1"] == without["b1"]
