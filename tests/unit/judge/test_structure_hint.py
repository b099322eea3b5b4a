"""An answer that is right under exactly one structure of its input fails, and the report says which one to declare."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import gradcheck
from gradcheck.errors import InvalidProblem

RANDOM = np.random.default_rng(8)
B = RANDOM.standard_normal((3, 3))
S = B @ B.T + np.eye(3)
L = np.tril(B) + 2 * np.eye(3)
K = B - B.T
Q = np.linalg.qr(B)[0]
U = B[0] / np.linalg.norm(B[0])
P = np.array([0.2, 0.3, 0.5])
W = RANDOM.standard_normal((3, 3))


def weighed(a: Any) -> Any:
    """<W, A> + |A|^2 / 2: the gradient by an unstructured A is W + A."""
    return np.sum(W * a) + np.sum(a * a) / 2


def curved(v: Any) -> Any:
    return np.sum(W[0] * v) + np.sum(v**3)


def symmetric(a: Any) -> Any:
    return (W + W.T) / 2 + a


CASES: dict[str, tuple[Any, Any, Any]] = {
    "symmetric": (weighed, symmetric, S),
    "skew": (weighed, lambda a: (W - W.T) / 2 + a, K),
    "lower-triangular": (weighed, lambda a: np.tril(W + a), L),
    "upper-triangular": (weighed, lambda a: np.triu(W + a), L.T.copy()),
    "orthogonal": (
        weighed,
        lambda a: W + a - a @ (a.T @ (W + a) + (W + a).T @ a) / 2,
        Q,
    ),
    "unit": (curved, lambda v: W[0] + 3 * v**2 - v * (v @ (W[0] + 3 * v**2)), U),
    "simplex": (curved, lambda v: W[0] + 3 * v**2 - np.mean(W[0] + 3 * v**2), P),
}


@pytest.mark.parametrize("kind", CASES)
def test_what_to_declare_is_said(kind: str) -> None:
    f, grad, point = CASES[kind]
    result = gradcheck.check_gradient(f, grad, point)
    name = "v" if f is curved else "a"
    assert result.verdict.value == "FAIL"
    assert f"structure={{'{name}': '{kind}'}}" in " ".join(str(result).split())
    assert gradcheck.check_gradient(f, grad, point, structure={name: kind})


@pytest.mark.parametrize("kind", CASES)
def test_a_wrong_answer_gets_no_hint(kind: str) -> None:
    f, grad, point = CASES[kind]
    result = gradcheck.check_gradient(f, lambda x: 1.25 * grad(x), point)
    assert result.verdict.value == "FAIL"
    assert "structure=" not in str(result)


def test_an_input_without_the_structure_gets_no_hint() -> None:
    assert "structure=" not in str(gradcheck.check_gradient(weighed, symmetric, B))


def test_a_vector_is_not_orthogonal() -> None:
    with pytest.raises(InvalidProblem, match="declared orthogonal, but the value given has shape"):
        gradcheck.check_gradient(curved, lambda v: v, U, structure={"v": "orthogonal"})


def test_what_is_declared_is_not_said_again() -> None:
    result = gradcheck.check_gradient(weighed, lambda a: 2 * symmetric(a), S, structure={"a": "symmetric"})
    assert result.verdict.value == "FAIL"
    assert "structure=" not in str(result)


def test_an_input_without_a_name_goes_by_its_position() -> None:
    result = gradcheck.check_gradient(lambda *a: weighed(a[0]), lambda *a: symmetric(a[0]), S)
    assert "structure={0: 'symmetric'}" in " ".join(str(result).split())
