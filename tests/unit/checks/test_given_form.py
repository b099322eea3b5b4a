"""Numbers and tuples of whole numbers reach f and the derivative as they were given."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import strategies

import gradcheck

X = np.array([0.5, -2.0, 3.0])


def power(x: Any, training: Any) -> Any:
    """x ** 2 while training, which only the bool True says; x otherwise."""
    return np.sum(x**2) if training is True else np.sum(x)


def slope(x: Any, training: Any) -> Any:
    return 2 * x if training is True else np.ones_like(x)


def test_a_flag_is_the_bool_that_was_given() -> None:
    assert gradcheck.check_gradient(power, slope, X, True)
    wrong_in_training = gradcheck.check_gradient(power, lambda x, training: np.ones_like(x), X, True)
    assert wrong_in_training.verdict is gradcheck.Verdict.FAIL


def test_a_flag_beside_drawn_inputs_is_the_bool_that_was_given() -> None:
    drawn = strategies.sampled_from([X, -X])
    assert gradcheck.check_gradient(power, slope, drawn, True)
    wrong = gradcheck.check_gradient(power, lambda x, training: np.ones_like(x), drawn, True)
    assert wrong.verdict is gradcheck.Verdict.FAIL


def test_a_number_is_no_array_that_could_be_changed_in_place() -> None:
    def shifted(x: Any) -> Any:
        kept = x
        x -= 1
        return x * x * kept

    def right(x: float) -> float:
        return 2 * (x - 1) * x + (x - 1) ** 2

    assert gradcheck.check_gradient(shifted, right, 2.0)
    assert gradcheck.check_gradient(shifted, lambda x: 3 * (x - 1) ** 2, 2.0).verdict is gradcheck.Verdict.FAIL
    assert gradcheck.check_gradient(shifted, right, np.array(2.0)).verdict is gradcheck.Verdict.FAIL  # an array is


def test_tuples_are_axes_shapes_and_places() -> None:
    x = np.arange(24.0).reshape(2, 3, 4)

    def total(x: Any, axis: tuple[int, ...]) -> Any:
        return np.sum(x**2, axis=axis)

    def back(upstream: Any, x: Any, axis: tuple[int, ...]) -> Any:
        return 2 * x * np.expand_dims(upstream, axis)

    assert gradcheck.check_vjp(total, back, x, (0, 2))
    assert gradcheck.check_vjp(total, lambda g, x, a: x * np.expand_dims(g, a), x, (0, 2)).verdict.value == "FAIL"
    at = gradcheck.check_gradient(lambda x, at: x[at] ** 2, lambda x, at: _only(x, at, 2 * x[at]), x, (1, 2, 3))
    assert at
    assert at.comparisons == x.size


def test_a_tuple_of_labels_that_f_calculates_with_is_an_array() -> None:
    result = gradcheck.check_gradient(lambda x, y: np.sum((1 - y) * x**2), lambda x, y: 2 * (1 - y) * x, X, (0, 1, 0))
    assert result, str(result)


@pytest.mark.parametrize("seed", [7, np.int64(7)])
def test_a_seed_is_a_whole_number(seed: Any) -> None:
    def dropped(x: Any, seed: Any) -> Any:
        return np.sum(x**2 * (np.random.default_rng(seed).random(x.shape) > 0.5))

    def gradient(scale: float) -> Callable[..., Any]:
        return lambda x, seed: scale * x * (np.random.default_rng(seed).random(x.shape) > 0.5)

    assert gradcheck.check_gradient(dropped, gradient(2), X, seed)
    assert gradcheck.check_gradient(dropped, gradient(1), X, seed).verdict is gradcheck.Verdict.FAIL


def test_other_checks_hand_numbers_on_as_well() -> None:
    def f(x: Any, flag: Any) -> Any:
        return np.sum(x**3) if flag is True else np.sum(x)

    flagged = {"hessian": lambda x, flag: np.diag(6 * x), "hvp": lambda x, flag, v, w: 6 * x * v}
    assert gradcheck.check_hessian(f, flagged["hessian"], X, True, wrt="x")
    assert gradcheck.check_hvp(f, flagged["hvp"], X, True, wrt="x")
    squared = {True: lambda x: x**2, False: lambda x: x}
    jacobian = {True: lambda x: np.diag(2 * x), False: lambda x: np.eye(3)}
    assert gradcheck.check_jacobian(lambda x, flag: squared[flag](x), lambda x, flag: jacobian[flag](x), X, True)
    assert gradcheck.check_jvp(f, lambda p, t: np.sum(3 * p[0] ** 2 * t[0]) * (p[1] is True), X, True)


def test_an_argument_of_whole_numbers_alone_needs_no_gradient() -> None:
    settings = {"scale": 3, "name": "layer"}
    assert gradcheck.check_vjp(lambda x, s: x * s["scale"], lambda g, x, s: g * s["scale"], X, settings)
    assert gradcheck.check_vjp(lambda x, s: x * s["scale"], lambda g, x, s: (g * s["scale"],), X, settings)
    wrong = gradcheck.check_vjp(lambda x, s: x * s["scale"], lambda g, x, s: g, X, settings)
    assert wrong.verdict is gradcheck.Verdict.FAIL


def _only(x: Any, at: tuple[int, ...], value: float) -> Any:
    gradient = np.zeros_like(x)
    gradient[at] = value
    return gradient


@pytest.mark.parametrize("form", [list, tuple])
@pytest.mark.parametrize("point", [[1.25, 0.75], (1.25, 0.75)], ids=["list", "tuple"])
def test_numbers_of_one_gradient_may_come_as_a_list_or_a_tuple(form: Any, point: Any) -> None:
    def f(x: Any) -> Any:
        return x[0] * x[0] * x[1]

    right = gradcheck.check_gradient(f, lambda x: form([2 * x[0] * x[1], x[0] * x[0]]), point)
    wrong = gradcheck.check_gradient(f, lambda x: form([x[0] * x[1], x[0] * x[0]]), point)
    assert (right.verdict, wrong.verdict) == ("PASS", "FAIL")
