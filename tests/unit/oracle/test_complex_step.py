"""Complex step: right where the code is holomorphic, silent where it only looks so."""

import math
from collections.abc import Callable
from typing import Any

import mpmath
import numpy as np
import pytest

from gradcheck.errors import InvalidProblem
from gradcheck.oracle.complex_step import complex_step_along, complex_step_gradient
from gradcheck.oracle.differences.gradients import Differences
from gradcheck.oracle.estimate import Aside, Estimate, Kind

mp = mpmath.mp.clone()
mp.dps = 40


def answer(f: Callable[..., Any], *inputs: Any, **options: Any) -> Estimate:
    """The estimate for the first input."""
    found = complex_step_gradient(f, [np.asarray(x, float) for x in inputs], **options)
    assert isinstance(found, Differences), found
    assert found.gradients[0] is not None
    return found.gradients[0]


def refusal(f: Callable[..., Any], x: Any) -> str:
    found = complex_step_gradient(f, [np.asarray(x, float)])
    assert isinstance(found, Aside), found
    assert found.oracle == "complex_step"
    return found.reason


@pytest.mark.parametrize(
    ("f", "exact", "x", "relative"),
    [
        (np.sin, mp.cos, 1.0, 1e-12),
        (lambda x: np.exp(30 * x), lambda x: 30 * mp.exp(30 * x), 1.0, 1e-12),
        (lambda x: np.sin(1000 * x), lambda x: 1000 * mp.cos(1000 * x), 1.0, 1e-8),
        (np.log, lambda x: 1 / x, 1e-8, 1e-9),
        (np.sqrt, lambda x: 1 / (2 * mp.sqrt(x)), 1e8, 1e-9),
        (lambda x: 1 / (1 + np.exp(-x)), lambda x: mp.exp(-x) / (1 + mp.exp(-x)) ** 2, -40.0, 1e-9),
        (lambda x: np.maximum(x, 0) ** 2, lambda x: 2 * x, 0.7, 1e-12),
        (lambda x: np.where(x > 0, x**2, -x), lambda x: -1, -0.7, 1e-12),
    ],
)
def test_holomorphic_code(f: Callable[[Any], Any], exact: Callable[[Any], Any], x: float, relative: float) -> None:
    true = float(exact(mp.mpf(x)))
    estimate = answer(f, x)
    assert estimate.kind is Kind.ESTIMATED
    assert abs(estimate.value - true) <= estimate.error <= relative * abs(true)
    assert not abs(estimate.value - (true + 2 * float(estimate.error))) <= estimate.error


def test_rounding_of_the_real_part_is_seen() -> None:
    """At every step h the imaginary part is 2h times a real part that is off by 1e-9."""
    estimate = answer(lambda x: ((1e8 + x) - 1e8) ** 2, 0.3)
    assert abs(estimate.value - 0.6) <= estimate.error <= 1e-4
    assert estimate.error > 1e-10


def test_stationary_and_constant() -> None:
    for f in (lambda x: x**2, lambda x: 3.0 + 0 * x):
        estimate = answer(f, 0.0)
        assert abs(estimate.value) <= estimate.error <= 1e-12


@pytest.mark.parametrize(
    ("f", "words"),
    [
        (np.abs, "real numbers for complex inputs"),
        (lambda x: 3.0, "real numbers for complex inputs"),
        (lambda x: x * x.real, "not holomorphic"),
        (lambda x: x * np.conj(x), "not holomorphic"),
        (lambda x: np.abs(x) * x, "not holomorphic"),
        (lambda x: x**2 if not np.iscomplexobj(x) else x.real**2 + 1j * x.imag, "not holomorphic"),
        (lambda x: np.where(x.imag > 0, 2 * x, x), "doubl|holomorphic"),
        (lambda x: np.asarray(x, float) ** 2, "discards the imaginary part"),
        (lambda x: math.sin(x), "does not run in complex numbers: TypeError"),
        (lambda x: np.logaddexp(x, 0), "does not run in complex numbers"),
        (lambda x: x if not np.iscomplexobj(x) else 2 * x, "is not its own"),
    ],
)
def test_refusals(f: Callable[[Any], Any], words: str) -> None:
    assert any(w in refusal(f, 0.7) for w in words.split("|"))


def test_kinks_are_not_holomorphic() -> None:
    relu = lambda x: np.maximum(x, 0)  # noqa: E731
    assert "not holomorphic" in refusal(relu, 0.0)
    assert "not holomorphic" in refusal(lambda x: relu(x - 1 - 1e-10), 1.0)


@pytest.mark.parametrize("distance", [1e-1, 1e-3, 1e-5, 1e-7, 0.0])
@pytest.mark.parametrize("size", [1.0, 1e-4, 1e-9])
def test_a_small_absolute_value_inside_is_covered_or_refused(distance: float, size: float) -> None:
    """`abs` is constant on a circle around its kink, and adds nothing to any imaginary part."""
    found = complex_step_gradient(lambda x: np.sin(x) + size * np.abs(x - 1 - distance), [np.array(1.0)])
    if isinstance(found, Differences):
        assert found.gradients[0] is not None
        miss = abs(found.gradients[0].value - (np.cos(1.0) - size))
        assert distance == 0.0 or miss <= found.gradients[0].error


def test_a_branch_near_the_point() -> None:
    estimate = answer(lambda x: np.where(x > 1 + 1e-4, 5 * x, x), 1.0)
    assert abs(estimate.value - 1) <= estimate.error <= 1e-8


def test_one_entry_that_is_not_holomorphic() -> None:
    x = np.array([0.3, -0.8, 1.1])
    estimate = answer(lambda x: np.sum(x**2) + np.abs(x[1]), x)
    assert np.isinf(estimate.error).tolist() == [False, True, False]
    assert np.all(np.abs(estimate.value - 2 * x)[[0, 2]] <= estimate.error[[0, 2]])


def test_many_entries_share_their_circles() -> None:
    x = np.linspace(-1.0, 1.2, 100)
    estimate = answer(lambda x: np.sum(np.tanh(x) ** 2), x)
    assert np.all(np.abs(estimate.value - 2 * np.tanh(x) / np.cosh(x) ** 2) <= estimate.error)
    assert np.all(estimate.error <= 1e-7)
    spoilt = complex_step_gradient(lambda x: np.sum(x**2) + np.abs(x[17]), [x])
    assert isinstance(spoilt, Aside) or spoilt.gradients[0].error[17] > 0.5


def test_inputs_and_cotangents() -> None:
    w, x = np.array([[1.0, -0.5], [0.2, 0.3]]), np.array([0.4, 0.9])
    c = np.array([1.0, -2.0])
    found = complex_step_gradient(lambda w, k, x: np.tanh(w @ x) * k, [w, np.array(2), x], cotangent=c)
    assert isinstance(found, Differences)
    inner = 2 * c * (1 - np.tanh(w @ x) ** 2)
    assert found.gradients[1] is None
    assert np.all(np.abs(found.gradients[0].value - np.outer(inner, x)) <= found.gradients[0].error + 1e-15)
    assert np.all(np.abs(found.gradients[2].value - w.T @ inner) <= found.gradients[2].error + 1e-15)
    with pytest.raises(InvalidProblem, match="single number"):
        complex_step_gradient(lambda x: x, [x])


def test_a_function_may_write_into_its_inputs() -> None:
    def f(x: np.ndarray) -> Any:
        x *= x
        return x.sum()

    x = np.array([1.0, 2.0])
    assert np.all(np.abs(answer(f, x).value - [2, 4]) <= 1e-12)
    assert x.tolist() == [1, 2]


def test_tangents_whose_squares_overflow_give_a_reason_and_no_error() -> None:
    x = np.array([0.7, -1.2])
    found = complex_step_along(lambda x: np.sum(np.exp(700 * x)), [x], {0: np.ones(2)})
    assert isinstance(found, Aside)
    assert found.reason == "the tangents are too large to tell how far they spread"
