"""check_hessian and check_hvp: second derivatives, proven from f alone or by its gradient."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from mpmath import diff, mp, mpf
from mpmath import exp as mp_exp
from scipy.optimize import rosen, rosen_der, rosen_hess, rosen_hess_prod

import gradcheck
from gradcheck.checks import gradient_of
from gradcheck.checks.gradient_of import GradientOf
from gradcheck.errors import Unsupported, UsageError

X = np.array([1.3, 0.7, -0.8])
A = np.array([[2.0, 1.0, 0.5], [-1.0, 3.0, 0.25], [0.75, -0.5, 1.5]])


def log_sum(x: Any) -> Any:
    return np.log(np.sum(np.exp(A @ x)))


def log_sum_hessian(x: Any) -> Any:
    """A^T (diag p - p p^T) A for p = softmax(A x)."""
    p = np.exp(A @ x) / np.sum(np.exp(A @ x))
    return A.T @ (np.diag(p) - np.outer(p, p)) @ A


def test_scipys_own() -> None:
    assert gradcheck.check_hessian(rosen, rosen_hess, X)
    assert gradcheck.check_hessian(rosen_der, rosen_hess, X, of="gradient")
    assert gradcheck.check_hvp(rosen, rosen_hess_prod, X)
    assert gradcheck.check_hvp(rosen_der, rosen_hess_prod, X, of="gradient")
    assert gradcheck.check_jacobian(rosen_der, rosen_hess, X)
    assert gradcheck.check_gradient(rosen, rosen_der, X)


CASES = {
    "log-sum-exp": (log_sum, log_sum_hessian),
    "quadratic": (lambda x: x @ A @ x / 2, lambda x: (A + A.T) / 2),
    "sum of powers": (lambda x: np.sum(x**4), lambda x: np.diag(12 * x**2)),
    "product": (
        lambda x: x[0] * x[1] * x[2],
        lambda x: np.array([[0, x[2], x[1]], [x[2], 0, x[0]], [x[1], x[0], 0]]),
    ),
    "tanh": (lambda x: np.sum(np.tanh(x)), lambda x: np.diag(-2 * np.tanh(x) * (1 - np.tanh(x) ** 2))),
    "quotient": (
        lambda x: x[0] / x[1],
        lambda x: np.array([[0, -1 / x[1] ** 2, 0], [-1 / x[1] ** 2, 2 * x[0] / x[1] ** 3, 0], [0, 0, 0]]),
    ),
    "norm": (
        lambda x: np.sqrt(x @ x),
        lambda x: (np.eye(3) - np.outer(x, x) / (x @ x)) / np.sqrt(x @ x),
    ),
    "entries read one by one": (
        lambda x: x[0] * x[1] ** 2 + np.exp(x[2]) * x[0],
        lambda x: np.array(
            [[0, 2 * x[1], np.exp(x[2])], [2 * x[1], 2 * x[0], 0], [np.exp(x[2]), 0, np.exp(x[2]) * x[0]]]
        ),
    ),
    "linear": (lambda x: A[0] @ x, lambda x: np.zeros((3, 3))),
    "gather and cumsum": (
        lambda x: np.sum(np.cumsum(x[[2, 0, 2]]) ** 2) / 2,
        # c = (x2, x2 + x0, 2 x2 + x0): the sum of the outer products of their gradients
        lambda x: np.array([[2.0, 0, 3], [0, 0, 0], [3, 0, 6]]),
    ),
}


@pytest.mark.parametrize("name", CASES)
class TestFormulas:
    def test_right(self, name: str) -> None:
        f, hess = CASES[name]
        result = gradcheck.check_hessian(f, hess, X)
        assert result.verdict == "PASS"
        assert any(w.oracle == "exact" and w.state == "agreed" for w in result.witnesses)
        assert result.comparisons == 9

    @pytest.mark.parametrize("entry", [(0, 0), (2, 1)])
    def test_wrong_by_a_little_in_one_entry(self, name: str, entry: tuple[int, int]) -> None:
        f, hess = CASES[name]

        def wrong(x: Any) -> Any:
            matrix = np.array(hess(x))
            matrix[entry] += 1e-4
            return matrix

        result = gradcheck.check_hessian(f, wrong, X)
        assert result.verdict == "FAIL"
        assert result.worst is not None
        assert result.worst.entry == entry
        assert ("GC102" in result.codes) == (entry[0] != entry[1])

    def test_products(self, name: str) -> None:
        f, hess = CASES[name]
        assert gradcheck.check_hvp(f, lambda x, v: hess(x) @ v, X)
        assert gradcheck.check_hvp(f, lambda x, v: hess(x) @ v + 1e-4 * x * v[0], X).verdict == "FAIL"


def test_several_inputs_in_blocks() -> None:
    def f(a: Any, b: Any) -> Any:
        return np.sum(a**2) * b

    def hess(a: Any, b: Any) -> Any:
        return ((2 * b * np.eye(2), 2 * a[:, None]), (2 * a[None, :], np.zeros((1, 1))))

    at = np.array([1.0, -2.0]), 3.0
    assert gradcheck.check_hessian(f, hess, *at)
    result = gradcheck.check_hessian(f, lambda a, b: ((hess(a, b)[0]), (a[None, :], np.zeros((1, 1)))), *at)
    assert result.verdict == "FAIL"


def test_an_f_that_cannot_be_traced_is_differenced() -> None:
    def opaque(x: Any) -> float:
        return float(np.exp(float(x[0]))) * float(x[1])

    def hess(x: Any) -> Any:
        e = np.exp(x[0])
        return np.array([[e * x[1], e], [e, 0.0]])

    at = np.array([0.3, 2.0])
    assert gradcheck.check_hessian(opaque, hess, at).verdict in ("PASS", "UNDECIDED")
    assert gradcheck.check_hessian(opaque, lambda x: 1.01 * hess(x), at).verdict == "FAIL"


def test_the_gradient_of_a_function_in_forty_digits() -> None:
    mp.dps = 40
    (g,) = (GradientOf(lambda x: np.sum(np.exp(x * x)), (0,))(np.array([0.7])),)
    assert float(g[0]) == pytest.approx(float(diff(lambda t: mp_exp(t * t), mpf(0.7))), rel=1e-15)


def test_at_a_kink_of_the_gradient_nothing_is_known() -> None:
    # relu(x)^2 has the gradient 2 relu(x), which has no derivative at 0.
    result = gradcheck.check_hessian(
        lambda x: np.sum(np.maximum(x, 0) ** 2), lambda x: np.diag(2.0 * (x > 0)), np.array([0.0, 1.0])
    )
    assert result.verdict in ("PASS", "UNDECIDED")
    result = gradcheck.check_hessian(
        lambda x: np.sum(np.maximum(x, 0) ** 2), lambda x: np.diag(2.0 * (x > 0) + 5), np.array([0.0, 1.0])
    )
    assert result.verdict == "FAIL"


def test_wrong_calls() -> None:
    bad: Any = "hessian"
    with pytest.raises(UsageError, match="'function' or 'gradient'"):
        gradcheck.check_hessian(rosen, rosen_hess, X, of=bad)
    result = gradcheck.check_hessian(lambda x: x, lambda x: np.zeros((3, 3)), X)
    assert result.verdict == "ERROR"
    assert "of='gradient'" in result.findings[0].sentence


def test_assertions() -> None:
    gradcheck.assert_hessian(rosen, rosen_hess, X)
    gradcheck.assert_hvp(rosen, rosen_hess_prod, X)
    with pytest.raises(gradcheck.GradientError):
        gradcheck.assert_hessian(rosen, lambda x: 2 * rosen_hess(x), X)
    with pytest.raises(gradcheck.GradientError):
        gradcheck.assert_hvp(rosen, lambda x, v: -rosen_hess_prod(x, v), X)


def test_keyword_arguments_and_what_is_meant() -> None:
    def f(x: Any, scale: float = 1.0) -> Any:
        return scale * np.sum(x**3)

    options: dict[str, Any] = {"kwargs": {"scale": 2.0}}
    assert gradcheck.check_hessian(f, lambda x, scale: np.diag(6 * scale * x), X, **options)
    assert gradcheck.check_hessian(f, lambda x, scale: np.diag(6 * x), X, **options).verdict.value == "FAIL"
    assert gradcheck.check_hvp(f, lambda x, v, scale: 6 * scale * x * v, X, **options)
    assert gradcheck.check_hvp(f, lambda x, v, scale: 6 * x * v, X, **options).verdict.value == "FAIL"
    series, meant = lambda x: np.sum(x - x**3 / 6), lambda x: np.sum(np.sin(x))
    assert gradcheck.check_hessian(series, lambda x: np.diag(-np.sin(x)), X, meant=meant)
    assert gradcheck.check_hessian(series, lambda x: np.diag(-x), X, meant=meant).verdict.value == "FAIL"
    assert gradcheck.check_hvp(series, lambda x, v: -np.sin(x) * v, X, meant=meant)
    assert gradcheck.check_hvp(series, lambda x, v: -x * v, X, meant=meant).verdict.value == "FAIL"


def test_a_function_that_cannot_be_traced_is_not_tried_at_every_point(monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[Any] = []

    def refuse(*arguments: Any, **options: Any) -> Any:
        tried.append(arguments)
        raise Unsupported("it calls something else")

    monkeypatch.setattr(gradient_of, "explore", refuse)
    gradient = GradientOf(lambda x: np.sum(x**3), (0,))
    for value in range(1, 9):
        assert abs(float(gradient(np.array([float(value)]))[0]) - 3 * value**2) < 1e-8 * value**2
    assert len(tried) == gradient_of.MOST_REFUSED


@pytest.mark.parametrize("traced_before", [False, True])
def test_points_that_cannot_be_traced_say_nothing_of_others(traced_before: bool) -> None:
    calls = []

    def f(x: Any) -> Any:
        calls.append(x)
        if np.any(x > 10):
            raise Unsupported("outside of the table")
        return np.sum(np.tanh(x))

    gradient = GradientOf(f, (0,))
    exactly = 1 / np.cosh(X) ** 2
    if traced_before:
        assert np.allclose(gradient(X), exactly, rtol=1e-15, atol=0)
    for k in range(5):
        with pytest.raises(Unsupported):
            gradient(X + 11 + k if traced_before else X * (1 + 0.1j * k))
    calls.clear()
    assert np.allclose(gradient(X * 1.0625), 1 / np.cosh(X * 1.0625) ** 2, rtol=1e-15, atol=0)
    assert len(calls) < 5


def _guarded(x: Any) -> Any:
    """x[0] tanh(n) / n with n = |x|, which is x[0] (1 - n^2 / 3 + ...): smooth at 0, where its parts are 0/0."""
    n = np.sqrt(np.sum(x * x))
    return x[0] * np.tanh(n) / (n + (n == 0)) + x[0]


def test_a_gradient_that_the_sweep_finds_0_over_0_is_differenced() -> None:
    at_zero = GradientOf(_guarded, (0,))(np.zeros(2))
    np.testing.assert_allclose(at_zero, [2.0, 0.0], atol=1e-9)


@pytest.mark.parametrize(("entry", "verdict"), [(0.0, "PASS"), (1.0, "FAIL")])
def test_a_function_that_has_a_value_is_not_said_to_be_nan(entry: float, verdict: str) -> None:
    """Its Hessian at 0 is 0."""
    result = gradcheck.check_hessian(_guarded, lambda x: np.full((2, 2), entry), np.zeros(2), elsewhere=False, budget=1)
    assert result.verdict.value in (verdict, "UNDECIDED")
