"""The truth about a training step, against S3's formulas done by hand in 40-digit mpmath."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import mpmath as mp
import numpy as np
import pytest

from gradcheck.errors import InvalidProblem, Unsupported
from gradcheck.oracle.estimate import Estimate, Kind
from gradcheck.oracle.training_steps import TrainingTruth, estimates
from gradcheck.problem import MLP, AdaGrad, Constant, Custom, Decay, Training
from gradcheck.problem.schedules import Schedule

X = np.array([[0.5], [-1.25], [2.0], [0.1]])
T = np.array([[0.3], [0.7], [-0.2], [1.1]])
START = {"W1": np.array([[0.75]]), "b1": np.array([-0.4])}


@pytest.fixture(autouse=True)
def forty_digits() -> Any:
    with mp.workdps(40):
        yield


def training(schedule: Schedule, activation: str = "tanh", **options: Any) -> Training:
    l2 = options.pop("l2", 0.0)
    return Training("t", MLP((1, 1), activation, l2=l2), X, T, START, 2, schedule, **options)


def gradient(batch: Sequence[int], w: Any, b: Any, *, share: Any = None) -> tuple[Any, Any]:
    """C = 1/2 (tanh(wx + b) - t)^2: dC/dz = (a - t)(1 - a^2), dC/dw = dC/dz x; averaged unless `share` is given."""
    rows = []
    for i in batch:
        x, t = mp.mpf(float(X[i, 0])), mp.mpf(float(T[i, 0]))
        a = mp.tanh(w * x + b)
        delta = (a - t) * (1 - a * a)
        rows.append((delta * x, delta))
    share = mp.mpf(1) / len(batch) if share is None else share
    return share * mp.fsum(r[0] for r in rows), share * mp.fsum(r[1] for r in rows)


def start() -> tuple[Any, Any]:
    return mp.mpf(0.75), mp.mpf(-0.4)


def holds(estimate: Estimate, true: Any) -> None:
    """The estimate's interval contains the truth and is not wider than two ulps."""
    value, error = float(estimate.value.item()), float(estimate.error.item())
    assert estimate.kind is Kind.PROVEN
    assert abs(mp.mpf(value) - true) <= error
    assert error <= 2 * np.spacing(abs(value))


def after(schedule: Schedule, batches: Sequence[Sequence[int]], **options: Any) -> Mapping[str, Estimate]:
    """The parameters after the last batch, as if every step had been taken from START."""
    truth = TrainingTruth(training(schedule, **options))
    return truth.after(START, [truth.gradient(batch, START) for batch in batches])


def test_a_gradient_is_the_average_over_the_batch() -> None:
    w, b = start()
    gw, gb = gradient([2, 0], w, b)
    known = estimates(TrainingTruth(training(Constant(1.0))).gradient([2, 0], START))
    holds(known["W1"], gw)
    holds(known["b1"], gb)


def test_a_gradient_is_the_sum_where_the_training_says_so() -> None:
    gw, _ = gradient([2, 0], *start(), share=mp.mpf(1))
    known = estimates(TrainingTruth(training(Constant(1.0), reduction="sum")).gradient([2, 0], START))
    holds(known["W1"], gw)


def test_the_penalty_reaches_weights_and_not_biases() -> None:
    w, b = start()
    gw, gb = gradient([1, 3], w, b)
    truth = TrainingTruth(training(Constant(1.0), l2=0.25))
    exact = truth.gradient([1, 3], START)
    known = estimates(exact)
    holds(known["W1"], gw + w / 4)
    holds(known["b1"], gb)
    holds(estimates(truth.with_penalised_biases(exact, START))["b1"], gb + b / 4)


def test_the_loss_on_all_data() -> None:
    w, b = start()
    terms = [(mp.tanh(w * float(x) + b) - mp.mpf(float(t))) ** 2 / 2 for x, t in zip(X[:, 0], T[:, 0], strict=True)]
    loss = float(TrainingTruth(training(Constant(1.0))).loss(START))
    assert abs(mp.mpf(loss) - mp.fsum(terms) / 4) < 1e-16


def test_a_constant_rate() -> None:
    w, b = start()
    gw, gb = gradient([0, 1], w, b)
    moved = after(Constant(0.1), [[0, 1]])
    holds(moved["W1"], w - mp.mpf(0.1) * gw)
    holds(moved["b1"], b - mp.mpf(0.1) * gb)


def test_decay_counts_batches_from_0() -> None:
    w, b = start()
    gw, _ = gradient([0, 1], w, b)
    rate = mp.mpf(0.1) / (1 + mp.mpf(0.3) * 2)
    holds(after(Decay(0.1, 0.3), [[2, 3], [1, 2], [0, 1]])["W1"], w - rate * gw)
    holds(after(Decay(0.1, 0.3), [[0, 1]])["W1"], w - mp.mpf(0.1) * gw)


def test_adagrad_adds_up_all_squares() -> None:
    w, b = start()
    steps = [gradient(batch, w, b) for batch in ([2, 3], [1, 2], [0, 1])]
    root = mp.sqrt(mp.fsum(g[0] ** 2 for g in steps)) + mp.mpf(1e-8)
    holds(after(AdaGrad(0.1), [[2, 3], [1, 2], [0, 1]])["W1"], w - mp.mpf(0.1) * steps[-1][0] / root)


def halved(t, gradients):  # type: ignore[no-untyped-def]
    return {name: np.sqrt(1.0 + t) * g / (1.0 + np.abs(g)) for name, g in gradients.items()}


def test_a_rule_of_the_users_runs_unchanged() -> None:
    w, b = start()
    gw, gb = gradient([0, 1], w, b)
    moved = after(Custom("halved", halved), [[2, 3], [0, 1]])
    root = mp.mpf(float(np.sqrt(2.0)))  # what the rule makes of t alone is a float, and meant as one
    holds(moved["W1"], w - root * gw / (1 + abs(gw)))
    holds(moved["b1"], b - root * gb / (1 + abs(gb)))


def test_another_schedule_and_step_may_be_asked_about() -> None:
    w, b = start()
    gw, _ = gradient([0, 1], w, b)
    truth = TrainingTruth(training(Decay(0.1, 0.3)))
    history = [truth.gradient([0, 1], START)]
    holds(truth.after(START, history, Constant(0.5))["W1"], w - mp.mpf(0.5) * gw)
    holds(truth.after(START, history, t=4)["W1"], w - mp.mpf(0.1) / (1 + mp.mpf(0.3) * 4) * gw)


@pytest.mark.parametrize("schedule", [Constant(0.1), Decay(0.1, 0.5), AdaGrad(0.1), Custom("halved", halved)])
def test_floats_agree_with_balls(schedule: Schedule) -> None:
    truth = TrainingTruth(training(schedule))
    exact = [truth.gradient(batch, START) for batch in ([2, 3], [0, 1])]
    floats = truth.in_floats([{n: e.value for n, e in estimates(g).items()} for g in exact])
    for name, estimate in estimates(truth.updates(exact)).items():
        np.testing.assert_allclose(floats[name], estimate.value, rtol=1e-14)


def test_a_kink_has_no_gradient() -> None:
    at = {"W1": np.array([[0.0]]), "b1": np.array([0.0])}
    with pytest.raises(Unsupported, match="relu"):
        TrainingTruth(training(Constant(1.0), "relu")).gradient([0, 1], at)


def test_parameters_that_overflow_have_none() -> None:
    at = {"W1": np.array([[1e200]]), "b1": np.array([0.0])}
    with pytest.raises(InvalidProblem, match="finite"):
        TrainingTruth(training(Constant(1.0), "identity")).gradient([0, 1], at)


def drops(t, gradients):  # type: ignore[no-untyped-def]
    return {name: np.full(g.shape, float(np.sum(g))) for name, g in gradients.items()}


def test_a_rule_that_leaves_arrays_is_refused() -> None:
    truth = TrainingTruth(training(Custom("drops", drops)))
    with pytest.raises(Unsupported):
        truth.after(START, [truth.gradient([0, 1], START)])
