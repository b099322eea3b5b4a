"""Listeners hear of each check once, with its own kind, whatever it calls inside and however it ends."""

from collections.abc import Callable
from threading import Thread
from typing import Any

import numpy as np
import pytest

import gradcheck
from gradcheck.checks.observed import Observed, listening

X = np.array([0.5, -1.0])


def cubes(x: Any) -> Any:
    return np.sum(x**3)


CALLS: dict[str, tuple[Callable[..., Any], tuple[Any, ...]]] = {
    "gradient": (gradcheck.check_gradient, (cubes, lambda x: 3 * x**2, X)),
    "vjp": (gradcheck.check_vjp, (np.square, lambda c, x: 2 * x * c, X)),
    "jvp": (gradcheck.check_jvp, (np.square, lambda p, t: 2 * p[0] * t[0], X)),
    "value_and_gradient": (gradcheck.check_value_and_gradient, (lambda x: (cubes(x), 3 * x**2), X)),
    "jacobian": (gradcheck.check_jacobian, (np.square, lambda x: np.diag(2 * x), X)),
    "hessian": (gradcheck.check_hessian, (cubes, lambda x: np.diag(6 * x), X)),
    "hvp": (gradcheck.check_hvp, (cubes, lambda x, v: 6 * x * v, X)),
    "adjoint": (gradcheck.check_adjoint, (np.diag(X), np.diag(X), X, X)),
}


@pytest.mark.parametrize("kind", CALLS)
def test_a_check_is_told_once_by_its_own_name(kind: str) -> None:
    check, arguments = CALLS[kind]
    heard: list[Observed] = []
    with listening(heard.append):
        result = check(*arguments, elsewhere=False)
    (one,) = heard
    assert (one.kind, one.arguments, one.options) == (kind, arguments, {"elsewhere": False})
    assert one.result is result
    check(*arguments, elsewhere=False)
    assert len(heard) == 1  # it has stopped listening


def test_a_wrong_derivative_is_told_before_the_assertion_raises() -> None:
    heard: list[Observed] = []
    with listening(heard.append), pytest.raises(gradcheck.GradientError) as raised:
        gradcheck.assert_gradient(cubes, lambda x: 2 * x**2, X)
    assert [one.result.verdict for one in heard] == ["FAIL"]
    assert raised.value.result is heard[0].result


def test_a_call_that_is_wrong_is_not_told_and_the_next_one_is() -> None:
    heard: list[Observed] = []
    with listening(heard.append):
        with pytest.raises(gradcheck.UsageError):
            gradcheck.check_gradient(cubes, lambda x: 3 * x**2, X, interest=-1.0)
        with pytest.raises(gradcheck.InvalidProblem):
            gradcheck.check_hessian(cubes, 3, X)  # type: ignore[arg-type]
        gradcheck.check_gradient(cubes, lambda x: 3 * x**2, X)
    assert [one.kind for one in heard] == ["gradient"]


def test_every_listener_hears_and_so_do_checks_in_threads() -> None:
    first: list[Observed] = []
    second: list[Observed] = []
    with listening(first.append):
        with listening(second.append):
            thread = Thread(target=gradcheck.check_gradient, args=CALLS["gradient"][1])
            thread.start()
            thread.join()
        gradcheck.check_gradient(*CALLS["gradient"][1])
    assert (len(first), len(second)) == (2, 1)


def test_what_a_listener_raises_reaches_the_caller() -> None:
    def refuse(one: Observed) -> None:
        raise LookupError(one.kind)

    with listening(refuse), pytest.raises(LookupError, match="gradient"):
        gradcheck.check_gradient(*CALLS["gradient"][1])
