"""`domain=` and `elsewhere=`: where other points are looked at, and complaints about what is declared."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import strategies as st

import gradcheck
from gradcheck.errors import InvalidProblem, UsageError

X = np.array([0.4, 1.2])


def f(x: Any, k: Any = 1.0) -> Any:
    return np.sum(x * x) * k


def wrong_below_zero(x: Any) -> Any:
    return np.where(x < 0, 3.0, 2.0) * x


@pytest.mark.parametrize(
    ("options", "verdict"),
    [
        ({}, "FAIL"),
        ({"elsewhere": False}, "PASS"),
        ({"domain": {"x": (0, None)}}, "PASS"),
        ({"domain": {0: (0.0, np.float64(9.0))}}, "PASS"),
        ({"domain": {"x": (-5, None)}}, "FAIL"),
        ({"domain": {"x": (None, 20)}}, "FAIL"),
        ({"domain": {"x": lambda x: np.all(x > 0)}}, "PASS"),
        ({"domain": {"x": lambda x: x > 0}}, "PASS"),
        ({"domain": {"x": lambda x: True}}, "FAIL"),
    ],
)
def test_points_outside_of_what_f_is_meant_for_do_not_count(options: Any, verdict: str) -> None:
    result = gradcheck.check_gradient(f, wrong_below_zero, X, **options)
    assert result.verdict == verdict, result.to_text()
    assert ("domain" in result.settings, "elsewhere" in result.settings) == (
        "domain" in options,
        "elsewhere" in options,
    )


def test_a_failure_elsewhere_proposes_both() -> None:
    (told, *_) = gradcheck.check_gradient(f, wrong_below_zero, X).findings
    assert told.sentence.endswith("if f is not meant there, say domain= or elsewhere=False")


@pytest.mark.parametrize(
    ("domain", "says"),
    [
        ({"y": (0, 1)}, "domain names an input by position or name, got 'y'; inputs are x"),
        ({3: (0, 1)}, "got 3; inputs are x"),
        (
            {"x": 3},
            "domain of 'x': expected an interval (low, high), a function of the input or a Hypothesis strategy, got 3",
        ),
        ({"x": (0, "1")}, "expected an interval"),
        ({"x": (0, float("nan"))}, "expected an interval"),
        ({"x": (1, 0)}, "expected low < high, got (1, 0)"),
        ({"x": (0.5, 2)}, "domain of 'x': the input given lies outside"),
        ({"x": lambda x: False}, "the input given lies outside"),
        ({"x": lambda x: x.foo}, "domain of 'x': the function raised AttributeError at the input given"),
        ([("x", 1)], "domain must be a mapping"),
    ],
)
def test_a_bad_domain_is_refused_before_anything_runs(domain: Any, says: str) -> None:
    def never(x: Any) -> Any:
        raise AssertionError

    with pytest.raises(InvalidProblem) as refused:
        gradcheck.check_gradient(never, never, X, domain=domain)
    assert says in str(refused.value)


@pytest.mark.parametrize("elsewhere", [None, 0, "no"])
def test_elsewhere_is_a_yes_or_no(elsewhere: Any) -> None:
    with pytest.raises(UsageError, match="elsewhere must be True or False"):
        gradcheck.check_gradient(f, wrong_below_zero, X, elsewhere=elsewhere)


def test_a_predicate_that_cannot_take_a_point_excludes_it() -> None:
    def positive(x: Any) -> Any:
        if np.any(x < 0):
            raise ValueError("negative")
        return True

    assert gradcheck.check_gradient(f, wrong_below_zero, X, domain={"x": positive}).verdict == "PASS"


# Strategies.


@pytest.mark.parametrize(
    ("domain", "verdict"),
    [
        (st.floats(0.5, 2.0), "PASS"),
        (st.floats(-2.0, -0.5), "FAIL"),
        (st.sampled_from([3.0, -3.0]), "FAIL"),
    ],
)
def test_points_are_drawn_of_a_strategy_and_no_others(domain: Any, verdict: str) -> None:
    result = gradcheck.check_gradient(f, wrong_below_zero, 1.5, domain={"x": domain})
    assert result.verdict == verdict, result.to_text()
    if verdict == "FAIL":
        assert "a point of the domain" in result.findings[0].sentence


def test_a_point_drawn_counts_even_if_f_does_not_lead_there() -> None:
    def pole(x: Any) -> Any:
        return np.sum(1 / x + x * x)

    def slope(x: Any) -> Any:
        return -1 / x**2 + np.where(x < 0, 3.0, 2.0) * x

    assert gradcheck.check_gradient(pole, slope, 1.5).verdict == "PASS"
    meant = {"x": st.floats(0.5, 2.0) | st.floats(-2.0, -0.5)}
    assert gradcheck.check_gradient(pole, slope, 1.5, domain=meant).verdict == "FAIL"


def test_a_strategy_of_arrays_beside_an_interval() -> None:
    drawn = st.tuples(st.floats(-2.0, -1.0), st.floats(1.0, 2.0)).map(np.array)
    result = gradcheck.check_gradient(
        f, lambda x, k: (wrong_below_zero(x) * k, np.sum(x * x)), X, 2.0, domain={"x": drawn, "k": (1, 3)}
    )
    assert result.verdict == "FAIL", result.to_text()


@pytest.mark.parametrize(
    ("domain", "says"),
    [
        (st.just(np.zeros(3)), "domain of 'x': the strategy draws shape (3,), the input given has (2,)"),
        (st.just("text"), "domain of 'x': the strategy draws str, not numbers"),
        (st.nothing(), "nothing can be drawn of the strategy"),
    ],
)
def test_a_strategy_that_draws_something_else_is_refused_before_anything_runs(domain: Any, says: str) -> None:
    def never(x: Any) -> Any:
        raise AssertionError

    with pytest.raises(InvalidProblem) as refused:
        gradcheck.check_gradient(never, never, X, domain={"x": domain})
    assert says in str(refused.value)
    assert "\n" not in str(refused.value)
