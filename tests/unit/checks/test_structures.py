"""Structure declared for second derivatives and JVPs, and the hint to declare it where nobody has."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import gradcheck
from gradcheck.errors import InvalidProblem, UsageError
from gradcheck.verdict.result import Result

RANDOM = np.random.default_rng(8)
W = RANDOM.standard_normal((2, 2))
S = W @ W.T + np.eye(2)
P = np.array([0.3, 0.7])
C = RANDOM.standard_normal((2, 2))
C = C + C.T


def symmetric(a: Any) -> Any:
    return (a + a.T) / 2


def f(a: Any) -> Any:
    """<W, A^2>: its derivative along V is <W, A V + V A>, its gradient W A^T + A^T W."""
    return np.sum(W * (a @ a))


def hvp(a: Any, v: Any) -> Any:
    return W @ v.T + v.T @ W


def hvp_of_symmetric(a: Any, v: Any) -> Any:
    return symmetric(hvp(a, symmetric(v)))


def matrix(product: Callable[..., Any], a: Any) -> Any:
    """The Hessian of a product: entry [i, j, k, l] belongs to A_ij and A_kl."""
    columns = [product(a, unit.reshape(2, 2)) for unit in np.eye(4)]
    return np.stack(columns, axis=-1).reshape(2, 2, 2, 2)


def hess(a: Any) -> Any:
    return matrix(hvp, a)


def hess_of_symmetric(a: Any) -> Any:
    return matrix(hvp_of_symmetric, a)


def g(a: Any) -> Any:
    return np.tanh(W @ a)


def jvp(primals: Any, tangents: Any) -> Any:
    return (1 - np.tanh(W @ primals[0]) ** 2) * (W @ tangents[0])


def jvp_of_symmetric(primals: Any, tangents: Any) -> Any:
    return jvp(primals, (symmetric(tangents[0]),))


def check_hessian(derivative: Any, **options: Any) -> Result:
    return gradcheck.check_hessian(f, derivative, S, **options)


def check_hvp(derivative: Any, **options: Any) -> Result:
    return gradcheck.check_hvp(f, derivative, S, **options)


def check_jvp(derivative: Any, **options: Any) -> Result:
    return gradcheck.check_jvp(g, derivative, S, **options)


DOORS: dict[str, tuple[Callable[..., Result], Any, Any]] = {
    "hessian": (check_hessian, hess, hess_of_symmetric),
    "hvp": (check_hvp, hvp, hvp_of_symmetric),
    "jvp": (check_jvp, jvp, jvp_of_symmetric),
}


def scaled(derivative: Any, factor: float) -> Any:
    return lambda *arguments: factor * derivative(*arguments)


def words(result: Result) -> str:
    return " ".join(str(result).split())


@pytest.mark.parametrize("door", DOORS)
def test_what_is_right_on_symmetric_matrices_alone_gets_the_hint(door: str) -> None:
    check, _, restricted = DOORS[door]
    result = check(restricted)
    assert result.verdict.value == "FAIL"
    assert "structure={'a': 'symmetric'}" in words(result)
    assert check(restricted, structure={"a": "symmetric"})


@pytest.mark.parametrize("door", DOORS)
def test_what_is_wrong_there_too_gets_none(door: str) -> None:
    check, _, restricted = DOORS[door]
    result = check(scaled(restricted, 1.25))
    assert result.verdict.value == "FAIL"
    assert "structure=" not in words(result)
    assert not check(scaled(restricted, 1.25), structure={0: "symmetric"})


@pytest.mark.parametrize("door", DOORS)
def test_what_is_right_in_general_is_right_under_a_structure(door: str) -> None:
    check, right, _ = DOORS[door]
    assert check(right)
    assert check(right, structure={"a": "symmetric"})


def test_zero_is_no_answer_for_a_simplex() -> None:
    """The Hessian of (sum x)^2 / 2 is zero for changes that keep the sum: no reason to think that they are meant."""
    result = gradcheck.check_hessian(lambda x: np.sum(x) ** 2 / 2, lambda x: np.zeros((2, 2)), P)
    assert result.verdict.value == "FAIL"
    assert "structure=" not in words(result)


def quadratic(x: Any, y: Any) -> Any:
    return x @ C @ x / 2 + x @ y + np.sum(y**3)


def blocks(x: Any, y: Any) -> Any:
    return (C, np.eye(2)), (np.eye(2), np.diag(6 * y))


def centred(x: Any, y: Any) -> Any:
    """The same for changes of x whose sum is zero."""
    centre = np.eye(2) - 1 / 2
    return (centre @ C @ centre, centre), (centre, np.diag(6 * y))


def test_blocks_of_several_inputs() -> None:
    y = np.array([1.0, -2.0])
    assert gradcheck.check_hessian(quadratic, blocks, P, y)
    assert gradcheck.check_hessian(quadratic, blocks, P, y, structure={"x": "simplex"})
    assert gradcheck.check_hessian(quadratic, centred, P, y, structure={"x": "simplex"})
    assert "structure={'x': 'simplex'}" in words(gradcheck.check_hessian(quadratic, centred, P, y))
    wrong = gradcheck.check_hessian(quadratic, lambda x, y: centred(x, 2 * y), P, y, structure={"x": "simplex"})
    assert wrong.verdict.value == "FAIL"


@pytest.mark.parametrize("kind", ["unit", "orthogonal"])
def test_what_turns_from_point_to_point_is_refused(kind: str) -> None:
    with pytest.raises(UsageError, match="check_hessian does not go with structure="):
        gradcheck.check_hessian(f, hess, np.eye(2), structure={0: kind})
    with pytest.raises(UsageError, match="check_hvp does not go with structure="):
        gradcheck.check_hvp(f, hvp, np.eye(2), structure={0: kind})


@pytest.mark.parametrize("check", [check_hessian, check_hvp, check_jvp])
def test_a_structure_of_no_input_is_refused(check: Callable[..., Result]) -> None:
    with pytest.raises(InvalidProblem, match="structure must be"):
        check(hvp, structure="symmetric")


def test_options_name_the_arguments_of_f() -> None:
    result = gradcheck.check_hessian(f, scaled(hess, 2.0), S, domain={"a": (-9, 9)})
    assert result.verdict.value == "FAIL"
    assert "a[" in words(result)
