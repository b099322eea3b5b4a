"""Neighbours: mistakes that the given point does not show, and right derivatives that the search must not harm."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import gradcheck
from gradcheck.judge.function_estimates import gather
from gradcheck.problem.function import Function, Product

X = np.array([0.4, 1.2, 0.7])


def failing_at(result: Any) -> str:
    assert result.verdict == "FAIL", result.to_text()
    return str(next(f for f in result.findings if f.code == "GC028").facts["where"])


# -- the other side of a comparison ------------------------------------------------------------------------------------


def floored(p: Any) -> Any:
    return -np.sum(np.maximum(np.log(p), -5.0))


def test_a_clamp_that_the_point_does_not_reach() -> None:
    p = np.array([0.3, 0.9])
    wrong = gradcheck.check_gradient(floored, lambda p: -1 / p, p)
    assert failing_at(wrong) == "the other side of a comparison"
    right = gradcheck.check_gradient(floored, lambda p: np.where(np.log(p) > -5, -1 / p, 0.0), p)
    assert right.verdict == "PASS", right.to_text()


# -- a small mistake in a branch that the point does not take ----------------------------------------------------------


def two_sided(x: Any) -> Any:
    return np.where(x < 0, x * x, np.sin(x))


@pytest.mark.parametrize("factor", [2.0002, 2.00001])
def test_a_small_mistake_elsewhere_is_one_if_the_formula_has_it(factor: float) -> None:
    wrong = gradcheck.check_vjp(two_sided, lambda c, x: c * np.where(x < 0, factor * x, np.cos(x)), X)
    assert "sign" in failing_at(wrong)


@pytest.mark.parametrize("factor", [2.0, 2.0 * (1 + 1e-9)])
def test_elsewhere_an_error_that_does_not_matter_is_none(factor: float) -> None:
    right = gradcheck.check_vjp(two_sided, lambda c, x: c * np.where(x < 0, factor * x, np.cos(x)), X)
    assert right.verdict == "PASS", right.to_text()


def test_lost_digits_elsewhere_are_no_mistake() -> None:
    """(1 - cos x)/x^2 cancels at a tenth of the point, far beyond rounding of the value, and is right."""

    def f(x: Any) -> Any:
        return 2 * np.sin(x / 2) ** 2 / x

    def slope(c: Any, x: Any) -> Any:
        return c * (np.sin(x) / x - (1 - np.cos(x)) / x**2)

    result = gradcheck.check_vjp(f, slope, np.array([1e-3, 3e-3]))
    assert result.verdict == "PASS", result.to_text()


# -- a cache that takes a point for another ----------------------------------------------------------------------------


def cached(key: Callable[[Any], Any]) -> Callable[[Any, Any], Any]:
    known: dict[Any, Any] = {}

    def vjp(c: Any, x: Any) -> Any:
        return c * known.setdefault(key(x), 3 * np.array(x) ** 2)

    return vjp


def test_a_cache_keyed_by_rounded_inputs() -> None:
    wrong = gradcheck.check_vjp(lambda x: x**3, cached(lambda x: np.round(x, 3).tobytes()), X)
    assert failing_at(wrong) == "a point a hair away, right after this one"


def test_a_cache_keyed_by_content_and_a_derivative_that_is_constant() -> None:
    right = gradcheck.check_vjp(lambda x: x**3, cached(lambda x: np.array(x).tobytes()), X)
    assert right.verdict == "PASS", right.to_text()
    linear = gradcheck.check_vjp(lambda x: 3 * x, lambda c, x: 3 * c, X)
    assert linear.verdict == "PASS", linear.to_text()


# -- how much is spent there -------------------------------------------------------------------------------------------


def test_ties_are_not_explored_at_length_elsewhere() -> None:
    """A loop that ends on a comparison has an outcome per iteration, and this function one per subset of its ties."""
    x = np.zeros(6)
    function = Function.of(lambda x: np.sum(np.maximum(x, 0) * (1.0 + np.arange(6))), (x,), None)
    product = Product(function, (x,), (np.ones(()),), None, np.dtype(float))
    assert gather(product).analysis is not None
    assert gather(product, cross_checked=False).analysis is None
