"""What an answer that does not fit looks like is said: the other check, the other order, the other convention."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.sparse.linalg import LinearOperator

import gradcheck

X = np.array([0.7, -1.2, 2.0])
K = np.array([[0.5, 1.5, 2.5], [3.5, 4.5, 5.5]])
W, WIDE = np.arange(12.0).reshape(3, 4) / 7, np.arange(8.0).reshape(4, 2) / 5


def told(result: Any) -> str:
    return " | ".join(x.sentence for x in result.findings)


def operator(matrix: Any, **adjoint: Any) -> Any:
    return LinearOperator(matrix.shape, matvec=lambda v: matrix @ v, dtype=float, **adjoint)


def test_the_adjoint_of_an_operator_is_judged() -> None:
    both = operator(K, rmatvec=lambda u: K.T @ u)
    right = gradcheck.check_jacobian(lambda x: K @ x, lambda x: both, X)
    assert right
    assert "GC115" not in right.codes
    result = gradcheck.check_jacobian(lambda x: K @ x, lambda x: operator(K, rmatvec=lambda u: 5 * K.T @ u), X)
    assert result.verdict == "FAIL"
    assert "(rmatvec) are not" in told(result)
    alone = gradcheck.check_jacobian(lambda x: K @ x, lambda x: operator(K), X)
    assert alone
    assert "without an adjoint" in told(alone)


def test_the_adjoint_of_a_hessian_is_judged() -> None:
    def f(x: Any) -> Any:
        return np.sum(x**4) / 12

    def hess(k: float) -> Any:
        return lambda x: operator(np.diag(x**2), rmatvec=lambda u: k * x**2 * u)

    assert gradcheck.check_hessian(f, hess(1.0), X)
    assert gradcheck.check_hessian(f, hess(5.0), X).verdict == "FAIL"


@pytest.mark.parametrize(
    ("turned", "which"), [((1, 0, 3, 2), "outputs and inputs"), ((1, 0, 2, 3), "outputs"), ((0, 1, 3, 2), "inputs")]
)
def test_a_jacobian_in_fortran_order_is_said_to_be_one(turned: tuple[int, ...], which: str) -> None:
    right = np.einsum("ik,jl->ijkl", W, np.eye(2))  # d (W X)[i, j] / d X[k, l]
    assert gradcheck.check_jacobian(lambda x: W @ x, lambda x: right.reshape(6, 8), WIDE)
    result = gradcheck.check_jacobian(lambda x: W @ x, lambda x: right.transpose(turned).reshape(6, 8), WIDE)
    assert result.verdict == "FAIL"
    assert f"Fortran order along {which}:" in told(result)


def test_lists_of_blocks_of_one_shape_are_no_matrix() -> None:
    assert gradcheck.check_jacobian(lambda a, b: a * b, lambda a, b: [np.diag(b), np.diag(a)], X, X + 1)
    wrong = gradcheck.check_jacobian(lambda a, b: a * b, lambda a, b: [np.diag(a), np.diag(b)], X, X + 1)
    assert wrong.verdict == "FAIL"


def test_the_gradient_in_place_of_a_hessian() -> None:
    result = gradcheck.check_hessian(lambda x: np.sum(x**3), lambda x: 3 * x**2, X)
    assert result.codes == ("GC100",)
    assert told(result).startswith("the Hessian must have shape (3, 3)")
    assert told(result).endswith("got (3,): this is the shape of the gradient")


def test_an_f_that_returns_more_than_its_value() -> None:
    result = gradcheck.check_gradient(lambda x: (np.sum(x**2), 2 * x), lambda x: 2 * x, X)
    assert "check_value_and_gradient" in told(result)
    assert "has_aux=True" in told(result)
    result = gradcheck.check_gradient(lambda x: (np.sum(x**2), {"n": 3}), lambda x: 2 * x, X)
    assert told(result) == "f returned a dict as output 1: if it is (value, aux), say has_aux=True"
    assert gradcheck.check_gradient(lambda x: (np.sum(x**2), {"n": 3}), lambda x: 2 * x, X, has_aux=True)


def test_a_itself_in_place_of_its_adjoint() -> None:
    assert gradcheck.check_adjoint(K, K.T)
    for own in (K, lambda v: K @ v):
        result = gradcheck.check_adjoint(K, own)
        assert result.verdict == "ERROR"
        assert "AH takes arrays of shape (3,) and returns shape (2,)" in told(result)
        assert told(result).endswith("it is A itself, not its adjoint")
    other = gradcheck.check_adjoint(K, 2 * K)
    assert "shape (3,)" in told(other)
    assert "itself" not in told(other)


@pytest.mark.parametrize(("declared", "other"), [("conjugate", "holomorphic"), ("holomorphic", "conjugate")])
def test_the_convention_to_declare_is_named(declared: Any, other: Any) -> None:
    z = X + 1j * X[::-1]

    def gradient(z: Any) -> Any:
        return 2 * z if other == "conjugate" else 2 * np.conj(z)

    result = gradcheck.check_gradient(lambda z: np.sum(np.abs(z) ** 2), gradient, z, convention=declared)
    assert result.verdict == "FAIL"
    cause = next(x.sentence for x in result.findings if x.code == "GC051")
    assert f'convention="{other}"' in cause
    assert gradcheck.check_gradient(lambda z: np.sum(np.abs(z) ** 2), gradient, z, convention=other)


@pytest.mark.parametrize(("answer", "verdict"), [(None, "PASS"), (0.0, "PASS"), (5.0, "ERROR")])
def test_a_derivative_by_an_index_is_refused(answer: Any, verdict: str) -> None:
    def gradient(x: Any, i: Any) -> Any:
        return 2 * x * (np.arange(3) == i), answer

    result = gradcheck.check_gradient(lambda x, i: x[i] ** 2, gradient, X, 1)
    assert result.verdict == verdict
    assert ("the derivative is 5 by i" in told(result)) is (verdict == "ERROR")


@pytest.mark.parametrize(
    "answer", [lambda z: (2 * z, 1.0), lambda z: (1.0, 2 * z)], ids=["gradient first", "value first"]
)
def test_complex_parts_of_different_shapes_are_a_container(answer: Any) -> None:
    """Nothing says a convention yet: a tuple of them is looked at for what is complex in it, and is no array."""
    with pytest.raises(gradcheck.UsageError, match="there are two conventions"):
        gradcheck.check_gradient(lambda z, s: s * np.sum(np.abs(z) ** 2), lambda z, s: answer(z), X + 1j * X[::-1], 1.0)


def test_nothing_to_differentiate_by_is_told() -> None:
    with pytest.raises(gradcheck.InvalidProblem, match="expected at least one input"):
        gradcheck.check_gradient(lambda: 1.0, lambda: 1.0)


def test_an_assertion_takes_an_operator_alone_as_its_check_does() -> None:
    gradcheck.assert_adjoint(operator(K, rmatvec=lambda u: K.T @ u))
    with pytest.raises(gradcheck.GradientError):
        gradcheck.assert_adjoint(operator(K, rmatvec=lambda u: 2 * K.T @ u))


def test_a_large_jacobian_is_traced_as_it_is() -> None:
    """One wrong entry of 10,000: made into an array of objects, entry by entry, it took many times as long."""
    weights = np.random.default_rng(3).normal(size=(100, 100)) / 10
    x = np.random.default_rng(4).normal(size=100)

    def jacobian(x: Any, share: float) -> Any:
        matrix = (1 - np.tanh(weights @ x) ** 2)[:, None] * weights
        matrix[17, 33] *= share
        return matrix

    asked = gradcheck.check_jacobian(lambda x: np.tanh(weights @ x), lambda x: jacobian(x, 1.0), x, budget=20)
    assert asked
    wrong = gradcheck.check_jacobian(lambda x: np.tanh(weights @ x), lambda x: jacobian(x, 1.01), x, budget=20)
    assert (wrong.verdict, wrong.worst.entry) == ("FAIL", (17, 33))
