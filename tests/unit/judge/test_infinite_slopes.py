"""Differences of f are numbers where its slope is infinite, too: they do not show that an answer must be finite."""

from typing import Any

import numpy as np
import pytest
from scipy import interpolate

import gradcheck

AT = np.array([0.0, 1.0])


def entropy(x: Any) -> Any:
    return np.sum(np.where(x > 0, x * np.log(np.where(x > 0, x, 1.0)), 0.0))


def slope_of_entropy(x: Any, at_zero: float) -> Any:
    return np.where(x == 0, at_zero, np.log(np.where(x == 0, 1.0, x)) + 1)


@pytest.mark.parametrize("at_zero", [-np.inf, np.nan])
def test_beside_an_infinite_slope_no_answer_has_to_be_finite(at_zero: float) -> None:
    """x log x, continued by 0, has slopes down to -inf at 0."""
    result = gradcheck.check_gradient(entropy, lambda x: slope_of_entropy(x, at_zero), AT, domain={"x": (0, None)})
    assert result.verdict == "UNDECIDED"
    assert "GC013" not in result.codes


@pytest.mark.parametrize("there", [np.nan, np.inf])
def test_where_differences_settle_it_is_said(there: float) -> None:
    """A spline that cannot be traced: what its differences tell is narrow."""
    spline = interpolate.CubicSpline(np.linspace(-1, 2, 13), np.sin(np.linspace(-1, 2, 13)))
    slope = spline.derivative()
    at = np.array([0.05, 1.1])
    right = gradcheck.check_gradient(lambda x: np.sum(spline(x)), slope, at)
    wrong = gradcheck.check_gradient(lambda x: np.sum(spline(x)), lambda x: np.where(x < 1, there, slope(x)), at)
    assert (right.verdict, wrong.verdict) == ("PASS", "FAIL")
    assert "GC013" in wrong.codes


def test_where_a_proof_tells_it_is_said() -> None:
    result = gradcheck.check_gradient(lambda x: np.sum(np.sqrt(1 + x)), lambda x: 0.5 / np.sqrt(1 + x) + x / x - 1, AT)
    assert result.verdict == "FAIL"
    assert "GC013" in result.codes
