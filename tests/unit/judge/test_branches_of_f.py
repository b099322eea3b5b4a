"""The branches of f: a derivative that misses one is wrong, however far away its threshold is, if f leads there.

Triplets. f takes x^3 beyond a threshold and x^2 before. A derivative that knows x^2 alone FAILs, the right one PASSes,
and the wrong one PASSes with a note where a pole lies before the threshold.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import gradcheck

X = np.array([0.5, 0.3])
W = np.array([[1.0, 2.0], [0.5, -1.0]])

Condition = Callable[[Any], Any]

ENTRIES: dict[str, tuple[Condition, float]] = {
    "0.01 away": (lambda x: x > 0.51, 0.505),
    "0.5 away": (lambda x: x > 1.0, 0.7),
    "20": (lambda x: x > 20.0, 5.0),
    "1e3": (lambda x: x > 1e3, 5.0),
    "1e6": (lambda x: x > 1e6, 5.0),
    "below": (lambda x: x < -5.0, -1.0),
    "far below": (lambda x: x < -1e4, -1.0),
    "after exp": (lambda x: np.exp(x) > 100.0, 2.0),
    "after exp, far": (lambda x: np.exp(x) > 1e20, 2.0),
    "after log": (lambda x: np.log1p(x * x) > 10.0, 5.0),
    "after tanh": (lambda x: np.tanh(x) > 0.99, 1.0),
    "after a square": (lambda x: x * x >= 400.0, 5.0),
    "after a root": (lambda x: np.sqrt(1 + x * x) > 30.0, 5.0),
    "after a quotient": (lambda x: 1 / (1 + x * x) < 1e-4, 5.0),
    "after a softplus": (lambda x: np.log1p(np.exp(x)) > 15.0, 5.0),
    "near zero": (lambda x: np.abs(x) < 0.05, 0.1),
}
"""Conditions on single entries, and a place before the threshold."""

WHOLE: dict[str, tuple[Condition, float]] = {
    "a sum": (lambda x: np.sum(x) > 100.0, 2.0),
    "a mean, far": (lambda x: np.mean(x) > 1e5, 2.0),
    "a norm": (lambda x: np.sqrt(np.sum(x * x)) > 50.0, 2.0),
    "a matrix product": (lambda x: (W @ x)[0] > 40.0, 2.0),
    "exp of a product": (lambda x: np.exp(W[0] @ x) > 1e4, 1.0),
    "the largest": (lambda x: np.max(x) > 25.0, 2.0),
    "log-sum-exp": (lambda x: np.log(np.sum(np.exp(x))) > 12.0, 2.0),
    "a product of entries": (lambda x: x[0] * x[1] > 300.0, 2.0),
}
"""Conditions on the whole of x, decided by an `if`."""


def entry_by_entry(beyond: Condition) -> tuple[Callable[[Any], Any], ...]:
    """f, and its derivative."""
    return (
        lambda x: np.sum(np.where(beyond(x), x**3, x * x)),
        lambda x: np.where(beyond(x), 3 * x * x, 2 * x),
    )


def as_a_whole(beyond: Condition) -> tuple[Callable[[Any], Any], ...]:
    def f(x: Any) -> Any:
        if beyond(x):
            return np.sum(x**3)
        return np.sum(x * x)

    return f, lambda x: 3 * x * x if beyond(x) else 2 * x


CASES = {
    **{name: (*entry_by_entry(beyond), pole) for name, (beyond, pole) in ENTRIES.items()},
    **{f"if {name}": (*as_a_whole(beyond), pole) for name, (beyond, pole) in WHOLE.items()},
}


def twice(x: Any) -> Any:
    return 2 * x


def test_there_are_enough_of_them() -> None:
    assert len(CASES) >= 20


@pytest.mark.parametrize("name", CASES)
def test_a_branch_that_the_derivative_misses_is_found(name: str) -> None:
    f, right, _ = CASES[name]
    wrong = gradcheck.check_gradient(f, twice, X)
    assert wrong.verdict == "FAIL", wrong.to_text()
    assert wrong.codes[0] == "GC028"
    passes = gradcheck.check_gradient(f, right, X)
    assert passes.verdict == "PASS", passes.to_text()


@pytest.mark.parametrize("name", CASES)
def test_beyond_a_pole_it_does_not_count(name: str) -> None:
    f, _, pole = CASES[name]  # poles of both signs: of |x| > 100, each side has to be out of reach
    result = gradcheck.check_gradient(
        lambda x: f(x) + np.sum(1 / (x * x - pole**2)), lambda x: 2 * x - 2 * x / (x * x - pole**2) ** 2, X
    )
    assert result.verdict == "PASS", result.to_text()
    assert "GC049" in result.codes


def test_beyond_a_pole_on_one_side_it_counts_on_the_other() -> None:
    f, _, pole = CASES["after a quotient"]
    wrong = gradcheck.check_gradient(lambda x: f(x) + np.sum(1 / (x - pole)), lambda x: 2 * x - 1 / (x - pole) ** 2, X)
    assert wrong.verdict == "FAIL", wrong.to_text()
    assert min(wrong.findings[0].facts["point"]["x"]) < -99


# Two branches, one within the other.


def nested(x: Any) -> Any:
    total = np.sum(x)
    if total > 20:
        if total > 45:
            return 5 * total
        return total * total
    return np.sum(x * x)


def nested_slope(x: Any, *, inner: bool = True) -> Any:
    total = np.sum(x)
    if total > 20:
        return 5 * np.ones_like(x) if inner and total > 45 else 2 * total * np.ones_like(x)
    return 2 * x


def nested_by_where(x: Any) -> Any:
    return np.sum(np.where(x > 20, np.where(x > 4e4, 5 * x, x**3), x * x))


NESTED: dict[str, tuple[Any, Any, Any]] = {
    "by if": (nested, nested_slope, lambda x: nested_slope(x, inner=False)),
    "by where": (
        nested_by_where,
        lambda x: np.where(x > 20, np.where(x > 4e4, 5.0, 3 * x * x), 2 * x),
        lambda x: np.where(x > 20, 3 * x * x, 2 * x),
    ),
}


@pytest.mark.parametrize("name", NESTED)
def test_a_branch_within_a_branch(name: str) -> None:
    f, right, wrong = NESTED[name]
    passes = gradcheck.check_gradient(f, right, X)
    assert passes.verdict == "PASS", passes.to_text()
    fails = gradcheck.check_gradient(f, wrong, X)
    assert fails.verdict == "FAIL", fails.to_text()


# Branches of the derivative's own.


@pytest.mark.parametrize("bound", [0.51, 1.0, 20.0, 1e3, 1e6])
def test_a_clip_in_the_derivative_alone(bound: float) -> None:
    def clipped(x: Any) -> Any:
        return 2 * np.clip(x, -bound, bound)

    wrong = gradcheck.check_gradient(lambda x: np.sum(x * x), clipped, X)
    assert wrong.verdict == "FAIL", wrong.to_text()
    huber = gradcheck.check_gradient(
        lambda x: np.sum(np.where(np.abs(x) < bound, x * x, 2 * bound * np.abs(x) - bound**2)), clipped, X
    )
    assert huber.verdict == "PASS", huber.to_text()
    pole = 0.505
    beyond = gradcheck.check_gradient(
        lambda x: np.sum(x * x + 1 / (x - pole) + 1 / (x + pole)),
        lambda x: clipped(x) - 1 / (x - pole) ** 2 - 1 / (x + pole) ** 2,
        X,
    )
    assert beyond.verdict == "PASS", beyond.to_text()
    assert "GC049" in beyond.codes


# What is no branch, and what was not reached.


@pytest.mark.parametrize(("floor", "verdict"), [(1e-7, "PASS"), (0.1, "FAIL")])
def test_a_guard_is_no_branch(floor: float, verdict: str) -> None:
    result = gradcheck.check_gradient(lambda x: np.sum(np.log(np.maximum(x, floor))), lambda x: 1 / x, X)
    assert result.verdict == verdict, result.to_text()
    assert verdict == "FAIL" or result.branches == 0


def test_branches_that_were_not_reached_are_listed_with_their_lines() -> None:
    def f(x: Any) -> Any:
        near = np.where(x > 20, x, x * x)
        never = np.where(np.exp(x) > 0, near, 0.0)
        return np.sum(never)

    line = f.__code__.co_firstlineno + 2
    result = gradcheck.check_gradient(f, lambda x: np.where(x > 20, 1.0, 2 * x), X)
    assert result.verdict == "PASS"
    assert (result.branches, result.unreached) == (2, (f"line {line} of test_branches_of_f.py",))
    assert result.to_dict()["unreached"] == [f"line {line} of test_branches_of_f.py"]
    assert "branches of f" not in str(result)
    shown = " ".join(result.report(verbose=True).split())
    assert f"1 of 2 branches of f were not reached: line {line} of test_branches_of_f.py" in shown
    assert "budget: 60 s" in shown


def _by_series(near: Callable[[Any], Any], far: Callable[[Any], Any], width: float) -> Callable[[Any], Any]:
    """`near` where |x| < width, else `far`, which is not computed at 0."""

    def both(x: Any) -> Any:
        small = np.abs(x) < width
        safe = np.where(small, 1.0, x)
        return np.where(small, near(x), far(safe))

    return both


@pytest.mark.parametrize("width", [1e-5, 1e-4, 1e-3, 0.05])
class TestSeriesAroundZero:
    """(1 - cos x) / x: a test that also protects a divisor is a branch where both sides compute."""

    def test_a_wrong_series_is_found_from_afar(self, width: float) -> None:
        f = _by_series(lambda x: x / 2 - x**3 / 24, lambda x: 2 * np.sin(x / 2) ** 2 / x, width)
        slope = _by_series(lambda x: 1 + 0 * x, lambda x: np.sin(x) / x - 2 * np.sin(x / 2) ** 2 / x**2, width)
        at = np.array([0.7, 1.2, -2.0, 0.3])
        assert gradcheck.check_gradient(lambda x: np.sum(f(x)), slope, at).verdict == "FAIL"

    def test_the_right_series_passes(self, width: float) -> None:
        f = _by_series(lambda x: x / 2 - x**3 / 24, lambda x: 2 * np.sin(x / 2) ** 2 / x, width)
        slope = _by_series(lambda x: 0.5 - x**2 / 8, lambda x: np.sin(x) / x - 2 * np.sin(x / 2) ** 2 / x**2, width)
        at = np.array([0.7, 1.2, -2.0, 0.3])
        assert gradcheck.check_gradient(lambda x: np.sum(f(x)), slope, at).verdict == "PASS"


@pytest.mark.parametrize("floor", [1e-8, 1e-5])
def test_a_test_that_puts_a_constant_in_is_a_guard_still(floor: float) -> None:
    p = np.array([0.2, 0.5, 0.3])

    def entropy(p: Any) -> Any:
        return -np.sum(p * np.log(np.where(p < floor, floor, p)))

    assert gradcheck.check_gradient(entropy, lambda p: -np.log(p) - 1, p).verdict == "PASS"
