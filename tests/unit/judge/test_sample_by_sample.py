"""Arrays with two axes of one length: a derivative that takes one length for the other, and one made for that size."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import gradcheck

SQUARE = np.array([[0.3, -1.2, 0.7], [1.1, 0.4, -0.6], [-0.9, 0.2, 1.6]])
WEIGHTS = np.array([[0.5, -0.3], [1.2, 0.8], [-0.7, 0.1]])


def mean_of_rows(x: Any) -> Any:
    return np.mean(x, axis=0)


def passed_back(c: Any, x: Any, length: float) -> Any:
    return np.broadcast_to(c / length, x.shape).copy()


def test_the_length_of_the_other_axis() -> None:
    result = gradcheck.check_vjp(mean_of_rows, lambda c, x: passed_back(c, x, x.shape[1]), SQUARE)
    assert result.verdict == "FAIL"
    assert result.findings[0].facts["where"] == "the first column alone"
    assert gradcheck.check_vjp(mean_of_rows, lambda c, x: passed_back(c, x, x.shape[0]), SQUARE)


def test_the_length_of_the_other_axis_forward() -> None:
    wrong = gradcheck.check_jvp(mean_of_rows, lambda x, t: np.sum(t[0], axis=0) / x[0].shape[1], SQUARE)
    assert wrong.verdict == "FAIL"
    assert gradcheck.check_jvp(mean_of_rows, lambda x, t: np.mean(t[0], axis=0), SQUARE)


@pytest.mark.parametrize(
    "vjp",
    [
        lambda c, x: passed_back(c, x, 3.0),
        lambda c, x: np.ones((3, 3)) * c / 3,
        lambda c, x: np.outer(np.ones(len(c)), c) / len(c),
    ],
    ids=["length", "shape", "square"],
)
def test_a_length_written_into_a_derivative_of_columns(vjp: Any) -> None:
    assert gradcheck.check_vjp(mean_of_rows, vjp, SQUARE)


def test_a_size_written_into_a_derivative() -> None:
    """It is right for arrays of this shape; one that takes a length for the other is right for squares alone."""

    def f(x: Any) -> Any:
        return np.mean(x**2)

    assert gradcheck.check_gradient(f, lambda x: 2 * x / 9, SQUARE)
    assert gradcheck.check_gradient(f, lambda x: 2 * x / len(x) ** 2, SQUARE).verdict == "FAIL"
    assert gradcheck.check_gradient(f, lambda x: 2 * x / x.size, SQUARE)


def test_a_batch_as_long_as_its_samples() -> None:
    def f(x: Any, w: Any) -> Any:
        return np.mean((x @ w) ** 2)

    def gradients(x: Any, w: Any, length: int) -> Any:
        out = 2 * (x @ w) / (2 * length)
        return out @ w.T, x.T @ out

    assert gradcheck.check_gradient(f, lambda x, w: gradients(x, w, 3), SQUARE, WEIGHTS)
    assert gradcheck.check_gradient(f, lambda x, w: gradients(x, w, x.shape[1]), SQUARE, WEIGHTS).verdict == "FAIL"


def test_columns_of_a_matrix_that_is_no_batch() -> None:
    inverse = gradcheck.check_vjp(
        np.linalg.inv, lambda c, x: -np.linalg.inv(x).T @ c @ np.linalg.inv(x).T, SQUARE + 3 * np.eye(3)
    )
    assert inverse.verdict == "PASS"
    trace = gradcheck.check_gradient(lambda x: np.trace(x) / len(x), lambda x: np.eye(len(x)) / x.shape[1], SQUARE)
    assert trace.verdict == "PASS"


# -- what broadcasting would spread over another array is no batch ---------------------------------------------------


def code_cost(mu: Any, log_sigma: Any) -> Any:
    return -0.5 * np.sum(1 + 2 * log_sigma - mu**2 - np.exp(2 * log_sigma))


def code_cost_gradient(mu: Any, log_sigma: Any) -> Any:
    return mu, np.exp(2 * log_sigma) - 1


def coupled(mu: Any, log_sigma: Any) -> Any:
    return code_cost(mu, log_sigma) + np.sum(log_sigma) ** 2


def coupled_gradient(mu: Any, log_sigma: Any) -> Any:
    return mu, np.exp(2 * log_sigma) - 1 + 2 * np.sum(log_sigma)


@pytest.mark.parametrize("shape", [(3,), (2, 3), (3, 3), (4, 2), (2, 2, 2)], ids=str)
@pytest.mark.parametrize(("f", "grad"), [(code_cost, code_cost_gradient), (coupled, coupled_gradient)])
def test_two_arrays_of_one_shape_are_not_cut_apart(f: Any, grad: Any, shape: tuple[int, ...]) -> None:
    """A row or a column of mu would meet all of log_sigma."""
    rng = np.random.default_rng(1)
    mu, log_sigma = rng.standard_normal(shape), 0.5 * rng.standard_normal(shape)
    result = gradcheck.check_gradient(f, grad, mu, log_sigma)
    assert result.verdict == "PASS", result.to_text()
    assert gradcheck.check_gradient(f, lambda *a: (grad(*a)[0] / 2, grad(*a)[1]), mu, log_sigma).verdict == "FAIL"
