"""`domain=` and `elsewhere=`: where other points are looked at, and complaints about what is declared."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

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
        ({"x": 3}, "domain of 'x': expected an interval (low, high) or a function of the input, got 3"),
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
