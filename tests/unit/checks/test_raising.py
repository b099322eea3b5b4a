"""What f, an operator or a derivative raises, at its first call or a later one: a result, never a traceback.

`sys.exit` is such an exception too; Ctrl-C is none, and passes.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import gradcheck
from gradcheck.verdict.result import Result

X = np.array([1.0, 2.0])
Function = Callable[..., Any]


def squared(x: Any) -> Any:
    return np.sum(x**2)


def doubled(x: Any) -> Any:
    return 2 * x


def squares(x: Any) -> Any:
    return x**2


def backward(c: Any, x: Any) -> Any:
    return 2 * c * x


def forward(primals: Any, tangents: Any) -> Any:
    return 2 * primals[0] * tangents[0]


def diagonal(x: Any) -> Any:
    return np.diag(2 * x)


def constant(x: Any) -> Any:
    return 2 * np.eye(2)


def product(x: Any, v: Any) -> Any:
    return 2 * v


def of_vjp(v: Any, c: Any, x: Any) -> Any:
    return 2 * x * v, 2 * c * v


DOORS: dict[str, tuple[Callable[[Function, Function], Result], Function, Function]] = {
    "gradient": (lambda f, d: gradcheck.check_gradient(f, d, X), squared, doubled),
    "vjp": (lambda f, d: gradcheck.check_vjp(f, d, X), squares, backward),
    "vjp, order 2": (lambda f, d: gradcheck.check_vjp(f, d, X, order=2), squares, backward),
    "vjp2": (lambda f, d: gradcheck.check_vjp(f, backward, X, order=2, vjp2=d), squares, of_vjp),
    "jvp": (lambda f, d: gradcheck.check_jvp(f, d, X), squares, forward),
    "jacobian": (lambda f, d: gradcheck.check_jacobian(f, d, X), squares, diagonal),
    "hessian": (lambda f, d: gradcheck.check_hessian(f, d, X), squared, constant),
    "hessian of a gradient": (lambda f, d: gradcheck.check_hessian(f, d, X, of="gradient"), doubled, constant),
    "hvp": (lambda f, d: gradcheck.check_hvp(f, d, X), squared, product),
    "adjoint": (lambda f, d: gradcheck.check_adjoint(f, d, X, X), doubled, doubled),
    "value and gradient": (
        lambda f, d: gradcheck.check_value_and_gradient(lambda x: (f(x), d(x)), X),
        squared,
        doubled,
    ),
}
EACH = [pytest.param(door, who, id=f"{door}: {'f' if who == 0 else 'derivative'}") for door in DOORS for who in (0, 1)]


def checked(door: str, who: int, wrong: type[BaseException], after: int) -> Result:
    """A check of right functions, one of which raises once it has answered so many times."""
    check, *functions = DOORS[door]
    own, calls = functions[who], itertools.count()

    def raising(*arguments: Any) -> Any:
        if next(calls) >= after:
            raise wrong("no more")
        return own(*arguments)

    functions[who] = raising
    return check(*functions)


@pytest.mark.parametrize(("door", "who"), EACH)
@pytest.mark.parametrize("wrong", [SystemExit, ValueError])
def test_what_is_raised_is_a_finding(door: str, who: int, wrong: type[BaseException]) -> None:
    result = checked(door, who, wrong, 0)
    assert result.verdict.value == "ERROR"
    assert isinstance(result.exception, wrong)
    assert "line" in result.findings[0].sentence


@pytest.mark.parametrize(("door", "who"), EACH)
def test_what_is_raised_later_is_no_traceback(door: str, who: int) -> None:
    for after in (1, 23, 33):
        try:
            said: Result | Exception = checked(door, who, SystemExit, after)
        except gradcheck.InvalidProblem as refusal:  # a VJP whose code cannot be traced, and how it failed
            said = refusal
        words = str(said) if isinstance(said, Exception) else f"{said.verdict} {said.findings}"
        assert words.startswith("PASS") or "no more" in words


@pytest.mark.parametrize(("door", "who"), EACH)
def test_ctrl_c_passes(door: str, who: int) -> None:
    with pytest.raises(KeyboardInterrupt):
        checked(door, who, KeyboardInterrupt, 0)
