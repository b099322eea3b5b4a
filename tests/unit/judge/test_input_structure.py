"""Declared structure: symmetric, triangular and simplex inputs, right and wrong; declarations that are none."""

from typing import Any

import numpy as np
import pytest

import gradcheck
from gradcheck.errors import InvalidProblem
from gradcheck.judge.input_structure import project, projections
from gradcheck.oracle.estimate import Estimate, Kind
from gradcheck.verdict.compare import intersect

S = np.array([[4.0, 1.0, 0.5], [1.0, 3.0, -0.2], [0.5, -0.2, 2.0]])
L = np.array([[2.0, 0.0, 0.0], [0.5, 1.5, 0.0], [-0.3, 0.7, 1.1]])
P = np.array([0.2, 0.5, 0.3])


def logdet(a: Any) -> Any:
    """By the lower triangle alone, as Cholesky reads it."""
    return 2 * np.sum(np.log(np.diagonal(np.linalg.cholesky(a))))


def test_symmetric() -> None:
    """Half of what a one-sided reader does not see: only the sum over both triangles counts."""
    inverse = np.linalg.inv(S)
    lower = 2 * np.tril(inverse, -1) + np.diag(np.diag(inverse))
    for answer in (inverse, lower, lower.T):
        assert gradcheck.check_gradient(logdet, lambda a, g=answer: g, S, structure={"a": "symmetric"})
        assert gradcheck.check_gradient(logdet, lambda a, g=answer: g, S, structure={0: "symmetric"})
    doubled = 2 * inverse - np.diag(np.diag(inverse))
    result = gradcheck.check_gradient(logdet, lambda a: doubled, S, structure={"a": "symmetric"})
    assert result.verdict == "FAIL"


def test_without_the_declaration_every_entry_counts() -> None:
    def quadratic(a: Any) -> Any:
        return a[0, 1] * 3.0 + a[1, 0] + np.sum(np.diagonal(a) ** 2)

    symmetrised = np.array([[8.0, 2.0, 0.0], [2.0, 6.0, 0.0], [0.0, 0.0, 4.0]])
    assert gradcheck.check_gradient(quadratic, lambda a: symmetrised, S).verdict == "FAIL"
    assert gradcheck.check_gradient(quadratic, lambda a: symmetrised, S, structure={"a": "symmetric"})
    off = symmetrised + 1e-4 * np.ones((3, 3))
    assert gradcheck.check_gradient(quadratic, lambda a: off, S, structure={"a": "symmetric"}).verdict == "FAIL"


@pytest.mark.parametrize("upper", [False, True])
def test_triangular(upper: bool) -> None:
    a = L.T if upper else L
    mask = np.triu(np.ones((3, 3))) if upper else np.tril(np.ones((3, 3)))

    def f(a: Any) -> Any:
        return np.sum(np.sin(a))

    filled = np.cos(a) * mask + 7.0 * (1 - mask)  # what stands outside the triangle says nothing
    assert gradcheck.check_gradient(f, lambda a: filled, a, structure={"a": "triangular"})
    assert gradcheck.check_gradient(f, lambda a: filled, a).verdict == "FAIL"
    wrong = np.cos(a) * mask * (1 - 1e-4 * np.eye(3))
    assert gradcheck.check_gradient(f, lambda a: wrong, a, structure={"a": "triangular"}).verdict == "FAIL"


def test_simplex() -> None:
    def entropy(p: Any) -> Any:
        return -np.sum(p * np.log(p))

    def grad(p: Any) -> Any:
        return -np.log(p)  # -log p - 1, up to a constant that no step on the simplex sees

    assert gradcheck.check_gradient(entropy, grad, P, structure={"p": "simplex"})
    assert gradcheck.check_gradient(entropy, grad, P).verdict == "FAIL"
    wrong = gradcheck.check_gradient(entropy, lambda p: -np.log(p) + 1e-4 * p, P, structure={"p": "simplex"})
    assert wrong.verdict == "FAIL"


def test_vjps_have_structure_too() -> None:
    b = np.array([1.0, -1.0, 2.0])

    def vjp(c: Any, a: Any) -> Any:
        x = np.linalg.solve(a, b)
        return -np.outer(np.linalg.solve(a.T, c), x)

    def swapped(c: Any, a: Any) -> Any:
        return vjp(c, a).T  # the same on symmetric steps

    def signed(c: Any, a: Any) -> Any:
        return -vjp(c, a)

    def f(a: Any) -> Any:
        return np.linalg.solve(a, b)

    assert gradcheck.check_vjp(f, vjp, S, structure={"a": "symmetric"})
    assert gradcheck.check_vjp(f, swapped, S, structure={"a": "symmetric"})
    assert gradcheck.check_vjp(f, swapped, S).verdict == "FAIL"
    assert gradcheck.check_vjp(f, signed, S, structure={"a": "symmetric"}).verdict == "FAIL"


@pytest.mark.parametrize(
    ("structure", "value", "words"),
    [
        ({"a": "hermitian"}, S, "one of"),
        ({"b": "symmetric"}, S, "position or name"),
        ({3: "symmetric"}, S, "position or name"),
        ({"a": "symmetric"}, L, "is not"),
        ({"a": "symmetric"}, np.ones((2, 3)), "square"),
        ({"a": "symmetric"}, P, "square"),
        ({"a": "triangular"}, S, "triangular"),
        ({"a": "simplex"}, 2 * P, "add up to 1"),
        ({"a": "simplex"}, np.array([1.5, -0.5]), "add up to 1"),
        ({"a": "simplex"}, np.array(1.0), "add up to 1"),
    ],
)
def test_a_declaration_that_does_not_hold_is_an_invalid_problem(structure: Any, value: Any, words: str) -> None:
    with pytest.raises(InvalidProblem, match=words):
        gradcheck.check_gradient(lambda a: np.sum(a**2), lambda a: 2 * a, value, structure=structure)


def test_a_declaration_about_another_input_changes_nothing() -> None:
    """The matrix is no part of wrt; the vector is judged entry by entry."""

    def f(a: Any, x: Any) -> Any:
        return x @ a @ x

    assert gradcheck.check_gradient(f, lambda a, x: (None, 2 * a @ x), S, P, wrt="x", structure={"a": "symmetric"})
    wrong = gradcheck.check_gradient(f, lambda a, x: (None, a @ x), S, P, wrt="x", structure={"a": "symmetric"})
    assert wrong.verdict == "FAIL"


@pytest.mark.parametrize(("kind", "value"), [("symmetric", S), ("triangular", L), ("simplex", P)])
def test_projections_project_and_their_bounds_hold(kind: str, value: Any) -> None:
    projection = projections({0: kind}, [value], ["a"], [0])["a"]
    random = np.random.default_rng(0)
    for _ in range(50):
        g = random.standard_normal(value.shape)
        assert projection(projection(g)) == pytest.approx(projection(g), abs=1e-15)
        error = random.uniform(0, 1, value.shape)
        true = g + error * random.uniform(-1, 1, value.shape)
        truth = intersect({"some": Estimate(g, error, Kind.ESTIMATED)}, value.shape)
        projected, limit = project(truth, error, projection)
        assert np.all((projected.lower <= projection(true)) & (projection(true) <= projected.upper))
        assert np.all(np.abs(projection(true - g)) <= limit)


_Q = np.linalg.qr(np.array([[1.0, 2.0, 0.5], [-0.3, 1.0, 2.0], [0.7, -1.1, 0.4]]))[0]
_S = np.array([[2.0, 0.3, -0.4], [0.3, 1.5, 0.2], [-0.4, 0.2, 1.0]])
_K = np.array([[0.0, 0.3, -0.4], [-0.3, 0.0, 0.2], [0.4, -0.2, 0.0]])
_U = np.array([0.36, 0.48, 0.8])
_M = np.array([[1.0, 2.0, -1.0], [0.5, 3.0, 0.2], [-2.0, 0.1, 1.5]])


@pytest.mark.parametrize(
    ("kind", "at", "normal"),
    [
        # what is orthogonal to all changes that keep the structure, by hand
        ("symmetric", _S, _K),
        ("positive-definite", _S, _K),
        ("skew", _K, _S),
        ("lower-triangular", np.tril(_M), np.triu(_M, 1)),
        ("upper-triangular", np.triu(_M), np.tril(_M, -1)),
        ("unit", _U, 0.7 * _U),
        ("orthogonal", _Q, _Q @ _S),
    ],
)
def test_a_gradient_is_free_only_where_the_structure_cannot_change(kind: str, at: Any, normal: Any) -> None:
    def f(a: Any) -> Any:
        return np.sum(_M[: a.shape[0]] * a**2) if a.ndim == 2 else np.sum(_M[0] * a**2)

    def grad(a: Any) -> Any:
        return 2 * (_M if a.ndim == 2 else _M[0]) * a

    def check(derivative: Any) -> str:
        return gradcheck.check_gradient(f, derivative, at, structure={0: kind}).verdict

    assert check(grad) == "PASS"
    assert check(lambda a: grad(a) + normal) == "PASS"
    assert check(lambda a: 1.001 * grad(a) + normal) == "FAIL"
    assert gradcheck.check_gradient(f, lambda a: grad(a) + normal, at).verdict == "FAIL"


@pytest.mark.parametrize(
    ("kind", "at", "words"),
    [
        ("positive-definite", -_S, "eigenvalue"),
        ("skew", _S, "skew"),
        ("lower-triangular", _M, "above the diagonal"),
        ("upper-triangular", _M, "below the diagonal"),
        ("unit", 2 * _U, "unit length"),
        ("orthogonal", _M, "orthogonal"),
    ],
)
def test_a_value_without_the_declared_structure(kind: str, at: Any, words: str) -> None:
    with pytest.raises(InvalidProblem, match=words):
        gradcheck.check_gradient(lambda a: np.sum(a**2), lambda a: 2 * a, at, structure={0: kind})
