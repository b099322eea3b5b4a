"""Inputs drawn by Hypothesis strategies: many points, the simplest failing one, none that is valid."""

import json
import re
from typing import Any

import numpy as np
import pytest
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

import gradcheck
from gradcheck.errors import InvalidProblem
from gradcheck.verdict.result import GradientError

NUMBERS = st.floats(-10, 10).map(np.array)
VECTORS = arrays.arrays(np.float64, st.integers(1, 4), elements=st.floats(-3, 3))


def test_right_everywhere() -> None:
    result = gradcheck.check_gradient(lambda x: np.sum(np.sin(x)), np.cos, VECTORS)
    assert result.verdict == "PASS", result.to_text()
    note = next(f for f in result.findings if f.code == "GC048")
    assert re.match(r"2[0-9] points pass, 0 are undecided", note.sentence), note.sentence
    assert result.comparisons > 20


def test_the_simplest_failing_point_is_shown() -> None:
    def wrong_beyond_two(c: Any, x: Any) -> Any:
        return c * np.cos(x) * np.where(x > 2.0, 1.5, 1.0)

    result = gradcheck.check_vjp(np.sin, wrong_beyond_two, st.floats(-100, 100).map(np.array))
    assert result.verdict == "FAIL"
    assert "GC012" in result.codes
    note = next(f for f in result.findings if f.code == "GC048")
    shown = re.search(r"simplest point found that fails: x = ([-\d.e]+)", note.sentence)
    assert shown is not None
    assert float(shown[1]) == 3.0  # Hypothesis' simplest float beyond 2


def test_strategies_and_arrays_together() -> None:
    w = np.array([1.0, -2.0])

    def f(x: Any, w: Any) -> Any:
        return np.sum(np.exp(x) * w)

    point = arrays.arrays(np.float64, 2, elements=st.floats(-1, 1))
    assert gradcheck.check_gradient(f, lambda x, w: (np.exp(x) * w, np.exp(x)), point, w)
    assert gradcheck.check_gradient(f, lambda x, w: (np.exp(x) * w, x), point, w).verdict == "FAIL"
    assert gradcheck.check_gradient(f, lambda x, w: (np.exp(x) * w, None), point, w, wrt="x")


def test_a_strategy_declares_the_domain() -> None:
    seen: list[float] = []

    def f(x: Any) -> Any:
        if isinstance(x, np.ndarray):
            seen.append(float(x))
        return np.log(x)

    result = gradcheck.check_gradient(f, lambda x: 1 / x, st.floats(0.5, 4.0).map(np.array))
    assert result.verdict == "PASS", result.to_text()
    # Contracts ask at points near a drawn one, and nothing farther away.
    assert min(seen) >= 0.5 * 0.75
    assert max(seen) <= 4.0 * 1.25


def test_points_that_f_refuses_are_counted() -> None:
    def f(x: Any) -> Any:
        if x < 0:
            raise ValueError("negative")
        return np.sqrt(1 + x)

    result = gradcheck.check_gradient(f, lambda x: 0.5 / np.sqrt(1 + x), NUMBERS)
    assert result.verdict == "PASS", result.to_text()
    note = next(f for f in result.findings if f.code == "GC048").sentence
    refused = re.search(r"(\d+) were no points of f", note)
    assert refused is not None
    assert int(refused[1]) > 0


def test_no_valid_point_says_how_many_and_why() -> None:
    def f(x: Any) -> Any:
        raise ValueError("needs a license")

    result = gradcheck.check_gradient(f, lambda x: x, NUMBERS)
    assert (result.verdict, result.codes[0]) == ("UNDECIDED", "GC035")
    sentence = result.findings[0].sentence
    assert "needs a license" in sentence
    tried = re.match(r"(\d+) points were drawn", sentence)
    assert tried is not None
    assert int(tried[1]) > 10
    json.loads(result.to_json())


def test_a_strategy_that_filters_everything_away() -> None:
    result = gradcheck.check_gradient(lambda x: x**2, lambda x: 2 * x, NUMBERS.filter(lambda x: False))
    assert (result.verdict, result.codes[0]) == ("UNDECIDED", "GC035")


def test_an_error_at_a_drawn_point() -> None:
    result = gradcheck.check_gradient(lambda x: np.sum(x**2), lambda x: 2 * x[:1], VECTORS)
    assert result.verdict == "ERROR"
    assert "GC010" in result.codes


def test_assertions_and_bad_calls() -> None:
    gradcheck.assert_gradient(np.sin, np.cos, NUMBERS)
    with pytest.raises(GradientError, match="simplest"):
        gradcheck.assert_gradient(np.sin, np.sin, NUMBERS)
    with pytest.raises(InvalidProblem):
        gradcheck.check_gradient(np.sin, np.cos, st.integers(0, 3).map(np.array))
    with pytest.raises(InvalidProblem):
        gradcheck.check_gradient(np.sin, np.cos, NUMBERS, wrt="y")


def test_drawn_points_repeat_unless_a_seed_is_given() -> None:
    def points(**options: Any) -> list[float]:
        seen: list[float] = []

        def grad(x: Any) -> Any:
            seen.append(float(x))
            return np.cos(x)

        gradcheck.check_gradient(np.sin, grad, NUMBERS, **options)
        return seen

    assert points() == points()
    assert points(seed=1) == points(seed=1)
    assert points(seed=1) != points(seed=2)
