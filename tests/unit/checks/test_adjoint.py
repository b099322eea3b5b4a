"""check_adjoint: the dot test, with bounds."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import scipy.sparse
from scipy.sparse.linalg import LinearOperator, aslinearoperator

import gradcheck
from gradcheck.errors import InvalidProblem, UsageError

RANDOM = np.random.default_rng(0)
A, X, Y = RANDOM.standard_normal((3, 5)), RANDOM.standard_normal(5), RANDOM.standard_normal(3)


def operator(factor: float) -> Any:
    return LinearOperator((3, 5), matvec=lambda v: A @ v, rmatvec=lambda v: factor * (A.T @ v), dtype=float)


@pytest.mark.parametrize(
    ("forward", "backward"),
    [
        pytest.param(A, A.T, id="arrays"),
        pytest.param(scipy.sparse.csr_array(A), scipy.sparse.csr_array(A.T), id="sparse"),
        pytest.param(lambda v: A @ v, lambda w: A.T @ w, id="functions"),
        pytest.param(aslinearoperator(A), None, id="operator-of-a-matrix"),
        pytest.param(operator(1.0), None, id="operator-of-functions"),
        pytest.param(A, None, id="matrix-alone"),
    ],
)
def test_right(forward: Any, backward: Any) -> None:
    result = gradcheck.check_adjoint(forward, backward, X, Y)
    assert result.verdict == "PASS"
    assert result.comparisons == 5


@pytest.mark.parametrize(
    ("forward", "backward"),
    [
        pytest.param(A, 1.0001 * A.T, id="arrays"),
        pytest.param(lambda v: A @ v, lambda w: -A.T @ w, id="sign"),
        pytest.param(operator(1.0001), None, id="operator"),
    ],
)
def test_wrong(forward: Any, backward: Any) -> None:
    assert gradcheck.check_adjoint(forward, backward, X, Y).verdict == "FAIL"


def test_operators_of_images() -> None:
    def blur(image: Any) -> Any:
        return image + 0.5 * np.roll(image, 1, axis=0)

    image = RANDOM.standard_normal((4, 3))
    assert gradcheck.check_adjoint(blur, lambda c: c + 0.5 * np.roll(c, -1, axis=0), image, image)
    assert gradcheck.check_adjoint(blur, blur, image, image).verdict == "FAIL"


def test_complex_operators() -> None:
    a = A + 1j * RANDOM.standard_normal((3, 5))
    x, y = X + 1j * X[::-1], Y - 1j * Y
    assert gradcheck.check_adjoint(a, a.conj().T, x, y)
    assert gradcheck.check_adjoint(a, None, x, y)
    assert gradcheck.check_adjoint(lambda v: np.fft.fft(v), lambda w: 5 * np.fft.ifft(w), x, x)
    assert gradcheck.check_adjoint(a, a.T, x, y).verdict == "FAIL"
    assert gradcheck.check_adjoint(lambda v: np.fft.fft(v), np.fft.ifft, x, x).verdict == "FAIL"


def test_what_is_not_linear_is_named() -> None:
    result = gradcheck.check_adjoint(lambda v: A @ v + 1, lambda w: A.T @ w, X, Y)
    assert result.codes[0] == "GC103"
    assert "A(x + z) is not A(x) + A(z)" in result.findings[0].sentence
    result = gradcheck.check_adjoint(lambda v: A @ v, lambda w: A.T @ w + 1e-8, X, Y)
    assert result.verdict == "FAIL"


def test_an_adjoint_for_images_of_one_structure() -> None:
    """x -> [[x0, x1], [x1, x2]]: <A x, Y> = x0 Y00 + x1 (Y01 + Y10) + x2 Y11, and Y01 = Y10 where Y is symmetric."""
    x, y = np.array([1.0, 2.0, 3.0]), np.array([[1.0, 0.5], [0.5, 2.0]])

    def spread(x: Any) -> Any:
        return np.array([[x[0], x[1]], [x[1], x[2]]])

    def half(y: Any) -> Any:
        return np.array([y[0, 0], 2 * y[0, 1], y[1, 1]])

    assert gradcheck.check_adjoint(spread, half, x, y).verdict == "FAIL"
    assert gradcheck.check_adjoint(spread, half, x, y, structure={"y": "symmetric"}).verdict == "PASS"
    once = gradcheck.check_adjoint(spread, lambda y: half(y) / np.array([1, 2, 1]), x, y, structure={"y": "symmetric"})
    assert once.verdict == "FAIL"
    with pytest.raises(UsageError, match="y of check_adjoint does not go with structure='unit'"):
        gradcheck.check_adjoint(np.cumsum, np.cumsum, x, np.eye(3)[0], structure={"y": "unit"})
    with pytest.raises(InvalidProblem, match="declared symmetric, but the value given is not"):
        gradcheck.check_adjoint(spread, half, x, np.triu(y), structure={"y": "symmetric"})


def test_wrong_calls() -> None:
    with pytest.raises(InvalidProblem, match=r"output shape \(3,\), got shape \(5,\)"):
        gradcheck.check_adjoint(A, A.T, X, X)
    with pytest.raises(InvalidProblem, match="AH"):
        gradcheck.check_adjoint(lambda v: A @ v, None, X, Y)
    bad: Any = 3
    with pytest.raises(InvalidProblem, match="A: expected a function"):
        gradcheck.check_adjoint(bad, A.T, X, Y)
    gradcheck.assert_adjoint(A, A.T, X, Y)
    with pytest.raises(gradcheck.GradientError):
        gradcheck.assert_adjoint(A, 2 * A.T, X, Y)


def test_what_has_a_shape_needs_no_arrays() -> None:
    matrix = np.array([[1.0, 2.0j, 0.5], [0.0, 1.0, -1.0j]])
    assert gradcheck.check_adjoint(aslinearoperator(matrix)).verdict == "PASS"
    assert gradcheck.check_adjoint(matrix, matrix.conj().T).verdict == "PASS"
    assert gradcheck.check_adjoint(matrix, matrix.T).verdict == "FAIL"
    with pytest.raises(InvalidProblem, match=r"x: expected an array of the shape that A takes"):
        gradcheck.check_adjoint(np.cumsum, np.cumsum)


def test_an_operator_without_an_adjoint_says_what_to_do() -> None:
    with pytest.raises(InvalidProblem, match="has none of its own: give it rmatvec="):
        gradcheck.check_adjoint(LinearOperator((2, 2), matvec=lambda v: v, dtype=float))
