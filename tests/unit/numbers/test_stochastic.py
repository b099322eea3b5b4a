"""Stochastic arithmetic: its spread covers what real rounding does, and no more than it should."""

from typing import Any

import numpy as np
import pytest

from gradcheck.numbers.stochastic import Floats, largest, unit_roundoff
from gradcheck.tracing import explore

RANDOM = np.random.default_rng(21)
ALLOWANCE = 8.0


def layer(x: Any, w: Any) -> Any:
    h = np.tanh(x @ w)
    h = (h - h.mean(axis=1, keepdims=True)) / np.sqrt(h.var(axis=1, keepdims=True) + 1e-3)
    return np.sum(np.exp(-h * h) / (1 + h * h))


def layer_gradient(x: Any, w: Any) -> Any:
    """By hand, for any dtype."""
    one = x.dtype.type(1)
    t = np.tanh(x @ w)
    centred = t - t.mean(axis=1, keepdims=True)
    scale = one / np.sqrt(np.mean(centred * centred, axis=1, keepdims=True) + x.dtype.type(1e-3))
    h = centred * scale
    e = np.exp(-h * h)
    g = -2 * h * e * (one / (1 + h * h) + one / (1 + h * h) ** 2)
    g = scale * (g - g.mean(axis=1, keepdims=True) - h * np.mean(g * h, axis=1, keepdims=True))
    g = g * (one - t * t)
    return g @ w.T, x.T @ g


def logistic(x: Any, w: Any) -> Any:
    return np.mean(np.logaddexp(0, -(x @ w).ravel()))


def logistic_gradient(x: Any, w: Any) -> Any:
    z = x @ w
    g = -1 / (1 + np.exp(z)) / x.dtype.type(z.size)
    return g @ w.T, x.T @ g


CASES = [(layer, layer_gradient), (logistic, logistic_gradient)]


@pytest.mark.parametrize(("f", "gradient"), CASES, ids=["layer", "logistic"])
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_honest_rounding_stays_within_the_allowance(f: Any, gradient: Any, dtype: Any) -> None:
    x, w = RANDOM.standard_normal((4, 6)).astype(dtype), (RANDOM.standard_normal((6, 5)) / 2).astype(dtype)
    outcomes = explore(f, (x, w))
    exact = outcomes.vjp().parts
    rounding = outcomes.rounding()
    unit = unit_roundoff(dtype)
    for part, deviation, answer in zip(exact, rounding.deviation, gradient(x, w), strict=True):
        assert answer.dtype == dtype
        error = np.abs(answer.astype(float) - part.midpoint)
        size = np.sqrt(np.mean(part.midpoint**2))
        assert error.max() > unit * size / 16  # there is rounding to speak of
        assert np.all(error <= ALLOWANCE * np.maximum(deviation, deviation.mean()))
        assert deviation.max() < 400 * unit * size  # and the spread is of its order


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_wrong_gradient_is_outside(dtype: Any) -> None:
    x, w = RANDOM.standard_normal((4, 6)).astype(dtype), (RANDOM.standard_normal((6, 5)) / 2).astype(dtype)
    outcomes = explore(layer, (x, w))
    wrong = layer_gradient(x, w)[1].astype(float) * (1 + 1e-2)
    error = np.abs(wrong - outcomes.vjp().parts[1].midpoint)
    assert np.any(error > ALLOWANCE * outcomes.rounding().deviation[1])


def test_float32_rounds_more_than_float64_by_the_ratio_of_their_units() -> None:
    x = np.array([0.5, 1.25])

    def f(x: Any) -> Any:
        return np.sum(np.sin(x) * np.exp(x))

    wide = explore(f, (x,)).rounding().deviation[0]
    narrow = explore(f, (x,), dtype=np.float32).rounding().deviation[0]
    assert np.all(np.abs(np.log2(narrow / wide) - 29) < 2)


def test_code_that_computes_in_float32_rounds_as_float32() -> None:
    x = np.array([0.5, 1.25])
    outcomes = explore(lambda x: np.sum(np.sin(x.astype(np.float32)) ** 2), (x,))
    assert 2.0**-27 < outcomes.rounding().deviation[0].max() < 2.0**-20


def test_moved_inputs() -> None:
    """sin(1000 x) at 1: one unit in the last place of x moves the derivative by 1e6 sin(1000) 2^-52."""
    outcomes = explore(lambda x: np.sin(1000 * x), (np.array(1.0),))
    (change,) = outcomes.rounding().input_change
    assert float(change) == pytest.approx(1e6 * abs(np.sin(1000.0)) * 2.0**-52, rel=1e-3)
    (change,) = explore(lambda x: 3 * x, (np.array(1.0),)).rounding().input_change
    assert change == 0.0


def test_the_jvp_rounds_too() -> None:
    x = np.array([0.5, 1.25])
    outcomes = explore(lambda x: np.sin(x) * x, (x,))
    t = np.array([1.0, -2.0])
    (part,) = outcomes.jvp([t]).parts
    assert np.allclose(part.midpoint, (np.cos(x) * x + np.sin(x)) * t, rtol=1e-15)
    (deviation,) = outcomes.rounding_jvp([t]).deviation
    assert np.all((deviation > 2.0**-55) & (deviation < 2.0**-49))
    (none,) = outcomes.jvp([None]).parts
    assert not none.midpoint.any()


@pytest.mark.parametrize(("n", "weight", "factor"), [(4, 10.0, 4.0), (400, 10.0, 200.0), (400, 1.0, 20.0)])
def test_sums_are_perturbed_by_their_terms(n: int, weight: float, factor: float) -> None:
    """By at most min(n, w sqrt(n)) u sum|terms|, also where the sum itself is 0."""
    floats = Floats(np.float64, 2000, seed=1, sum_weight=weight)
    terms = np.ones(n)
    terms[::2] = -1.0
    bound = factor * 2.0**-53 * n
    (worst,) = largest([floats.sum(floats.constant(terms), axes=(0,))])
    assert 0.9 * bound < worst <= bound
    (worst,) = largest([floats.scatter(floats.constant(terms), index=np.zeros(n, dtype=int), shape=(1,))])
    assert 0.9 * bound < worst[0] <= bound


def test_products_of_matrices_are_perturbed_like_sums() -> None:
    floats = Floats(np.float32, 500, seed=1)
    a, b = floats.constant(np.ones((1, 3))), floats.constant(np.array([[1.0], [-1.0], [0.0]]))
    (worst,) = largest([floats.matmul(a, b)])
    assert 0.9 * 4 * 2.0**-24 * 2 < worst[0, 0] <= 4 * 2.0**-24 * 2


def test_underflow_is_perturbed_by_the_smallest_subnormal() -> None:
    floats = Floats(np.float16, 500, seed=1)
    for value, lost in ((2e-7, 2.0**-24), (1e-9, 1e-9)):  # a number below the smallest subnormal is lost, no more
        small = floats.constant(np.array(value))
        (worst,) = largest([floats.mul(small, floats.constant(np.array(1.0))) - value])
        assert 0.9 * lost < worst <= 1.1 * lost
    small = floats.constant(np.array(1e-9))
    assert not floats.mul(small, floats.constant(np.array(0.0))).any()  # an exact zero is no underflow


def test_runs_repeat_exactly_by_seed() -> None:
    x = RANDOM.standard_normal(5)
    one, two, other = (
        explore(lambda x: np.sum(np.sin(x) * x), (x,), seed=s).rounding().deviation[0] for s in (1, 1, 2)
    )
    assert np.array_equal(one, two)
    assert not np.array_equal(one, other)


def test_longdouble_midpoints_carry_more_than_float64() -> None:
    outcomes = explore(lambda x: x / 3, (np.array(1.0),))
    exact = outcomes.balls.longdouble(outcomes.first.trace.values[outcomes.first.outputs[0]])
    assert exact == np.longdouble(1) / 3
