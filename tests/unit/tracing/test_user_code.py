"""Code as people write it: networks, filters, solvers. Values and derivatives against the plain functions."""

import math
from typing import Any

import numpy as np
import pytest

from gradcheck.numbers.dual import Dual, Duals
from gradcheck.tracing import admit, explore

RANDOM = np.random.default_rng(31)


def normal(*shape: int) -> Any:
    return RANDOM.standard_normal(shape)


def sigmoid(x: Any) -> Any:
    return 1.0 / (1.0 + np.exp(-x))


def mlp(x: Any, w1: Any, b1: Any, w2: Any, b2: Any) -> Any:
    h = np.maximum(x @ w1 + b1, 0.0)
    z = h @ w2 + b2
    z = z - np.max(z, axis=1, keepdims=True)
    logp = z - np.log(np.sum(np.exp(z), axis=1, keepdims=True))
    return -np.mean(logp[np.arange(len(x)), [0, 2, 1]])


def lstm(x: Any, w: Any, u: Any, b: Any) -> Any:
    n = u.shape[1]
    h, c = np.zeros(n), np.zeros(n)
    states = np.zeros((len(x), n))
    for t in range(len(x)):
        z = w @ x[t] + u @ h + b
        i, f, o, g = sigmoid(z[:n]), sigmoid(z[n : 2 * n]), sigmoid(z[2 * n : 3 * n]), np.tanh(z[3 * n :])
        c = f * c + i * g
        h = o * np.tanh(c)
        states[t] = h
    return float(np.sum(states**2))


def convolution(x: Any, kernel: Any) -> Any:
    rows, columns = x.shape[0] - kernel.shape[0] + 1, x.shape[1] - kernel.shape[1] + 1
    out = np.zeros((rows, columns))
    for i in range(rows):
        for j in range(columns):
            out[i, j] = (x[i : i + kernel.shape[0], j : j + kernel.shape[1]] * kernel).sum()
    return out


def windows(x: Any, kernel: Any) -> Any:
    padded = np.pad(x, ((0, 0), (1, 1), (1, 1)))
    return np.einsum("cijkl,ockl->oij", np.lib.stride_tricks.sliding_window_view(padded, (3, 3), axis=(1, 2)), kernel)


def max_pool(x: Any) -> Any:
    n, m = x.shape
    return x.reshape(n // 2, 2, m // 2, 2).max(axis=(1, 3))


def attention(q: Any, k: Any, v: Any) -> Any:
    scores = q @ np.swapaxes(k, -1, -2) / np.sqrt(q.shape[-1])
    scores = np.where(np.tril(np.ones(scores.shape[-2:], dtype=bool)), scores, -np.inf)
    p = np.exp(scores - scores.max(axis=-1, keepdims=True))
    p /= p.sum(axis=-1, keepdims=True)
    return p @ v


def batch_norm(x: Any, gain: Any, bias: Any) -> Any:
    return gain * (x - x.mean(axis=0)) / np.sqrt(x.var(axis=0) + 1e-5) + bias


def gaussian_process(x: Any, y: Any, scale: Any) -> Any:
    k = np.exp(-((x[:, None] - x[None, :]) ** 2) / (2 * scale**2)) + 0.1 * np.eye(len(x))
    chol = np.linalg.cholesky(k)
    return 0.5 * y @ np.linalg.solve(k, y) + np.log(np.diag(chol)).sum()


def kalman(y: Any, q: Any) -> Any:
    mean, var, total = 0.0, 1.0, 0.0
    for value in y:
        var = var + q
        gain = var / (var + 0.5)
        total -= 0.5 * (np.log(2 * np.pi * (var + 0.5)) + (value - mean) ** 2 / (var + 0.5))
        mean, var = mean + gain * (value - mean), (1 - gain) * var
    return total


def alignment(logp: Any) -> Any:
    steps, states = logp.shape
    alpha = np.full(states, -np.inf)
    alpha[0] = 0.0
    for t in range(steps):
        new = np.full(states, -np.inf)
        for j in range(states):
            new[j] = alpha[j] + logp[t, 0]
            if j > 0:
                new[j] = np.logaddexp(new[j], alpha[j - 1] + logp[t, j])
        alpha = new
    return -alpha[-1]


def pendulum(state: Any, k: Any) -> Any:
    def slope(s: Any) -> Any:
        return np.array([s[1], -k * np.sin(s[0])])

    for _ in range(10):
        a = slope(state)
        b = slope(state + 0.05 * a)
        c = slope(state + 0.05 * b)
        state = state + 0.1 / 6 * (a + 2 * b + 2 * c + slope(state + 0.1 * c))
    return state


def lennard_jones(x: Any) -> Any:
    energy = 0.0
    for i in range(len(x)):
        for j in range(i):
            r2 = np.sum((x[i] - x[j]) ** 2)
            energy += 4 * (r2**-6 - r2**-3)
    return energy


GRID = np.array([[0.0, 0.0, 0.1], [1.2, 0.1, 0.0], [0.2, 1.3, -0.1], [0.9, 1.1, 1.0]])
CASES: dict[str, tuple[Any, tuple[Any, ...]]] = {
    "mlp": (mlp, (normal(3, 4), normal(4, 5), normal(5), normal(5, 3), normal(3))),
    "lstm": (lstm, (normal(4, 3), normal(8, 3), normal(8, 2), normal(8))),
    "convolution in loops": (convolution, (normal(6, 5), normal(3, 2))),
    "convolution by windows": (windows, (normal(2, 5, 5), normal(3, 2, 3, 3))),
    "max pool": (max_pool, (normal(4, 6),)),
    "attention": (attention, (normal(2, 4, 3), normal(2, 4, 3), normal(2, 4, 3))),
    "batch norm": (batch_norm, (normal(6, 4), normal(4), normal(4))),
    "gaussian process": (gaussian_process, (normal(5), normal(5), np.array(0.8))),
    "kalman": (kalman, (normal(6), np.array(0.3))),
    "alignment": (alignment, (normal(5, 3),)),
    "pendulum": (pendulum, (normal(2), np.array(1.3))),
    "lennard-jones": (lennard_jones, (GRID,)),
}


@pytest.mark.parametrize("name", CASES)
def test_value_derivative_and_admission(name: str, agrees: Any) -> None:
    function, inputs = CASES[name]
    outcomes = agrees(function, *inputs)
    assert admit(outcomes, function(*inputs)) == ()
    scale = max(
        1.0,
        *(float(np.abs(p.midpoint).max()) for p in outcomes.vjp([np.ones(s) for s in outcomes.output_shapes]).parts),
    )
    assert all(p.radius.max() < 1e-15 * scale for p in outcomes.vjp([np.ones(s) for s in outcomes.output_shapes]).parts)


def test_ten_thousand_parameters() -> None:
    x, w1, w2 = normal(8, 100), normal(100, 90) / 10, normal(90, 10) / 9
    outcomes = explore(lambda a, b: np.sum(np.tanh(x @ a) @ b), (w1, w2))
    h = np.tanh(x @ w1)
    first, second = outcomes.vjp().parts
    assert np.allclose(second.midpoint, np.repeat(h.sum(axis=0)[:, None], 10, axis=1), rtol=1e-12)
    assert np.allclose(first.midpoint, x.T @ ((1 - h * h) * w2.sum(axis=1)), rtol=1e-10, atol=1e-13)
    assert first.radius.max() < 1e-15


def test_adjoints_of_intermediate_results() -> None:
    def f(x: Any) -> Any:
        h = x**2
        return np.sum(h * h), h

    x = np.array([1.0, 2.0])
    loss, hidden = explore(f, (x,)).adjoints([np.ones(()), np.zeros(2)])
    assert loss.midpoint == 1.0
    assert np.array_equal(hidden.midpoint, 2 * x**2)


def test_one_array_returned_twice() -> None:
    (part,) = explore(lambda x: (y := 2 * x, y), (np.array([1.0, 2.0]),)).vjp([np.ones(2), 3 * np.ones(2)]).parts
    assert np.array_equal(part.midpoint, [8.0, 8.0])


def test_a_constant_function() -> None:
    (part,) = explore(lambda x: 3.0, (np.array([1.0, 2.0]),)).vjp().parts
    assert np.array_equal(part.midpoint, [0.0, 0.0])


def test_admission_refuses_what_is_not_the_function() -> None:
    x = np.array([0.5, 2.0])
    outcomes = explore(lambda x: np.sum(np.exp(x)), (x,))
    value = float(np.sum(np.exp(x)))
    assert admit(outcomes, value) == ()
    assert admit(outcomes, value * (1 + 8 * 2.0**-53)) == ()
    (reason,) = admit(outcomes, value * (1 + 1e-12))
    assert "not the exact" in reason
    assert "shape (1,)" in admit(outcomes, np.array([value]))[0]
    assert "returns 1 arrays" in admit(explore(lambda x: (x, x), (x,)), x)[0]
    assert "not the exact" in admit(explore(lambda x: np.log(np.sum(np.exp(x))), (1000 * x,)), np.inf)[0]


def test_admission_grants_what_roundings_cost_that_repeat() -> None:
    """Close to its limit a loop rounds the same way in every turn; errors drawn at random add up to a third of that."""

    def f(x: Any) -> Any:
        h = x[0]
        for _ in range(1000):
            h = h * 0.999 + x[1] * 0.001
        return h**2

    x = np.array([-0.5526473205362324, -0.7847803553442784])
    outcomes, value = explore(f, (x,)), f(x)
    assert admit(outcomes, value) == ()
    assert "not the exact" in admit(outcomes, value * (1 + 1e-11))[0]


def test_admission_reports_warnings() -> None:
    import warnings

    def f(x: Any) -> Any:
        warnings.warn("something is off", RuntimeWarning, stacklevel=1)
        return np.sum(x)

    assert admit(explore(f, (np.array([1.0]),)), 1.0) == ("something is off",)


def test_functions_with_large_noise_are_judged_as_real_functions() -> None:
    x = np.array(0.3)
    outcomes = explore(lambda x: 1e8 + np.sin(x), (x,))
    assert outcomes.vjp().parts[0].midpoint == pytest.approx(np.cos(0.3), rel=1e-15)
    assert admit(outcomes, 1e8 + np.sin(x)) == ()
    assert outcomes.value_spread[0] > 1e-9


def test_vectorize_is_traced_entry_by_entry() -> None:
    def elu(v: Any) -> Any:
        return v if v > 0 else math.exp(v) - 1.0

    x = np.array([[0.5, -1.25], [2.0, -0.1]])
    whole = np.vectorize(elu)
    (gradient,) = explore(lambda x: np.sum(whole(x) * x), (x,)).vjp().parts
    truth = np.where(x > 0, 2 * x, np.expm1(x) + x * np.exp(x))
    assert np.allclose(gradient.midpoint, truth, rtol=1e-14)
    assert np.vectorize(elu)(x).dtype == float  # and everything is put back


def test_vectorize_truncates_where_its_first_result_is_whole() -> None:
    gate = np.vectorize(lambda v: 0 if v < 0 else 3.5 * v)
    for x, truth in (([-1.0, 2.0], [0.0, 0.0]), ([2.0, -1.0], [3.5, 0.0])):
        (gradient,) = explore(lambda x: np.sum(gate(x)) + 0 * np.sum(x), (np.array(x),)).vjp().parts
        assert np.array_equal(gradient.midpoint, truth)


def test_vectorize_of_two_results() -> None:
    both = np.vectorize(lambda v, w: (v * w, v - w))
    x, y = np.array([1.5, -2.0]), np.array(4.0)
    dx, dy = explore(lambda x, y: np.sum(both(x, y)[0] * both(x, y)[1]), (x, y)).vjp().parts
    assert np.array_equal(dx.midpoint, 2 * x * y - y * y)
    assert dy.midpoint == np.sum(x * x - 2 * x * y)


def test_a_tangent_that_does_not_double_is_not_admitted(monkeypatch: pytest.MonkeyPatch) -> None:
    """A rule of the forward sweep that squares tangents: at this point and direction nothing else need show it."""
    sound: Any = vars(Duals)["neg"]

    def squared(self: Any, a: Any) -> Any:
        pair = sound(self, a)
        return pair if pair.tangent is None else Dual(pair.value, self.base.mul(pair.tangent, pair.tangent))

    x = np.array([0.5, 1.5])
    outcomes = explore(lambda x: np.sum(np.exp(-x)), [x])
    assert admit(outcomes, np.sum(np.exp(-x))) == ()
    monkeypatch.setattr(Duals, "neg", squared)
    assert admit(outcomes, np.sum(np.exp(-x))) == ("doubling the direction does not double the tangent",)


def in_a_buffer(x: Any) -> Any:
    total = np.zeros(2)
    for k in range(2):
        total[k] = math.exp(x[k])
    return total


def test_what_replaced_a_constructor_between_two_traces_is_traced(monkeypatch: pytest.MonkeyPatch) -> None:
    x = np.array([0.5, -1.0])
    original, calls = np.zeros, list[Any]()

    def zeros(*args: Any, **options: Any) -> Any:
        calls.append(args)
        return original(*args, **options)

    for _ in range(2):
        gradient = explore(in_a_buffer, (x,)).vjp([np.ones(2)]).parts[0]
        np.testing.assert_allclose(gradient.midpoint, np.exp(x), rtol=1e-15)
        monkeypatch.setattr(np, "zeros", zeros)
    assert calls
    monkeypatch.undo()
    assert np.zeros is original


def test_a_trace_within_a_trace_leaves_the_outer_one_as_it_was() -> None:
    def outer(x: Any) -> Any:
        first = in_a_buffer(x)
        inner = explore(in_a_buffer, (np.array([1.0, 2.0]),))
        assert len(inner.runs) == 1
        return first * in_a_buffer(x)

    x = np.array([0.5, -1.0])
    gradient = explore(outer, (x,)).vjp([np.ones(2)]).parts[0]
    np.testing.assert_allclose(gradient.midpoint, 2 * np.exp(2 * x), rtol=1e-15)
