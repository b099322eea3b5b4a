"""A time budget: the point itself first, then the rest; what there is no time for is said. The clock stands still here
unless a function under test moves it.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import strategies as st

import gradcheck
from gradcheck.errors import UsageError
from gradcheck.problem import time_limit
from gradcheck.problem.time_limit import TimeUp, calls_left, check_time, in_time, left, spent_at_most, timed_call

X = np.array([0.4, 1.2, 0.7])


class Clock:
    """Seconds that pass only where `passes` is called."""

    def __init__(self) -> None:
        self.now = 0.0
        self.calls = 0

    def passes(self, seconds: float) -> None:
        self.now += seconds
        self.calls += 1

    def slow(self, f: Callable[..., Any], seconds: float) -> Callable[..., Any]:
        """f, each call of which takes so many seconds."""

        def slower(x: Any) -> Any:
            self.passes(seconds)
            return f(x)

        return slower


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(time_limit, "wall_clock", lambda: made.now)
    monkeypatch.setattr(time_limit, "processor_clock", lambda: made.now)
    return made


def square(x: Any) -> Any:
    return np.sum(x * x)


def untraced(x: Any) -> Any:
    return float(np.sum(np.array([float(v) ** 2 for v in np.ravel(x)])))


def twice(x: Any) -> Any:
    return 2 * x


# The limit.


def test_time_is_up_after_the_shortest_of_all_limits(clock: Clock) -> None:
    with spent_at_most(10), spent_at_most(100):
        clock.passes(9)
        check_time()
        assert left() == 1
        clock.passes(2)
        with pytest.raises(TimeUp):
            check_time()
    check_time()
    assert left() == np.inf


def test_a_share_that_is_used_up_leaves_the_rest(clock: Clock) -> None:
    def long() -> str:
        clock.passes(6)
        check_time()
        return "done"

    with spent_at_most(10):
        assert in_time(0.5, long, lambda: "broken off") == "broken off"
        assert left() == 4
    with spent_at_most(20):
        assert in_time(0.5, long, lambda: "broken off") == "done"


def test_the_calls_that_fit_are_counted_by_the_quickest_so_far(clock: Clock) -> None:
    with spent_at_most(100):
        assert calls_left(0.5) == np.inf
        for seconds in (3, 2, 5):
            with timed_call():
                clock.passes(seconds)
        assert calls_left(0.5) == 0.5 * 90 / 2


def test_other_programs_do_not_make_a_call_slower(monkeypatch: pytest.MonkeyPatch) -> None:
    """Five times as long on the wall, the same processor time: the same number of calls."""
    now = {"wall": 0.0, "processor": 0.0}
    monkeypatch.setattr(time_limit, "wall_clock", lambda: now["wall"])
    monkeypatch.setattr(time_limit, "processor_clock", lambda: now["processor"])
    with spent_at_most(1000):
        with timed_call():
            now["wall"] += 5
            now["processor"] += 1
        assert calls_left(1.0) == 999


def test_the_time_of_ended_programs_counts() -> None:
    busy = "import time\nwhile time.process_time() < 0.1: pass"
    before, own = time_limit.processor_clock(), time.process_time()
    subprocess.run([sys.executable, "-c", busy], check=True)
    of_both, own = time_limit.processor_clock() - before, time.process_time() - own
    assert of_both - own > 0.09


def test_where_children_tell_no_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "resource", None)
    assert time_limit._clock_of_children()() == 0


# Checks.


@pytest.mark.parametrize("budget", [88, 96, 104])
def test_a_verdict_is_not_lost_where_f_raises_elsewhere_and_the_time_is_up(budget: int, clock: Clock) -> None:
    def only_here(x: Any) -> Any:
        if np.any(np.abs(np.asarray(x, dtype=float)) > 2):
            raise ValueError("not a point of f")
        return np.sum(x * x)

    result = gradcheck.check_gradient(clock.slow(only_here, 5.0), twice, X, budget=budget)
    assert result.verdict == "PASS", result.to_text()


@pytest.mark.parametrize("f", [square, untraced])
def test_a_quick_function_meets_no_limit(f: Callable[..., Any]) -> None:
    result = gradcheck.check_gradient(f, twice, X)
    assert result.verdict == "PASS"
    assert "GC095" not in result.codes
    assert result.budget == 60.0
    assert result.to_dict()["budget"] == 60.0
    assert "budget" not in result.settings
    assert gradcheck.check_gradient(f, twice, X, budget=7).settings == {"budget": 7}


WRONG_ANSWERS: dict[str, tuple[Callable[..., Any], str]] = {
    "right": (twice, "PASS"),
    "wrong": (lambda x: 3 * x, "FAIL"),
}


@pytest.mark.parametrize("name", WRONG_ANSWERS)
def test_the_point_itself_comes_first(name: str, clock: Clock) -> None:
    """Seven calls of f are all that the budget has: enough for a verdict, not for contracts or other points."""
    derivative, verdict = WRONG_ANSWERS[name]
    result = gradcheck.check_gradient(clock.slow(square, 5.0), derivative, X, budget=40)
    assert result.verdict == verdict, result.to_text()
    (told,) = [f for f in result.findings if f.code == "GC095"]
    assert "what the answer must keep to" in told.sentence
    assert clock.now <= 40 + 5


@pytest.mark.parametrize("seconds", [0.5, 3.0, 30.0, 70.0])
@pytest.mark.parametrize("f", [square, untraced])
def test_the_budget_and_one_call_are_the_most_that_is_spent(f: Any, seconds: float, clock: Clock) -> None:
    result = gradcheck.check_gradient(clock.slow(f, seconds), twice, X)
    assert clock.now <= 60 + seconds
    assert result.verdict in ("PASS", "UNDECIDED")
    assert result.verdict == "PASS" or "GC039" in result.codes or "budget=" in result.to_text()


def test_a_derivative_that_takes_long_counts_too(clock: Clock) -> None:
    result = gradcheck.check_gradient(square, clock.slow(twice, 20.0), X)
    assert clock.now <= 60 + 20
    assert result.verdict == "PASS", result.to_text()
    assert "GC095" in result.codes


def test_one_call_that_is_longer_than_the_budget_leaves_it_undecided(clock: Clock) -> None:
    result = gradcheck.check_gradient(clock.slow(square, 100.0), twice, X)
    assert result.verdict == "UNDECIDED"
    assert "GC039" in result.codes
    assert clock.calls <= 2


def test_a_wrong_branch_far_away_is_found_in_time_and_named_as_left_out_without(clock: Clock) -> None:
    def branch(x: Any) -> Any:
        return np.sum(np.where(x > 5, x**3, x * x))

    quick = gradcheck.check_gradient(branch, twice, X)
    assert quick.verdict == "FAIL", quick.to_text()
    slow = gradcheck.check_gradient(clock.slow(branch, 1.0), twice, X, budget=16)
    assert slow.verdict == "PASS", slow.to_text()
    (told,) = [f for f in slow.findings if f.code == "GC095"]
    assert "points" in told.sentence or "comparison" in told.sentence


def test_points_drawn_share_one_budget(clock: Clock) -> None:
    drawn = st.floats(0.5, 2.0)
    quick = gradcheck.check_gradient(clock.slow(square, 0.001), twice, drawn)
    assert "25 points pass" in quick.to_text()
    start = clock.now
    slow = gradcheck.check_gradient(clock.slow(square, 1.0), twice, drawn, budget=60)
    assert slow.verdict == "PASS", slow.to_text()
    assert clock.now - start <= 60 + 1
    (told,) = [f for f in slow.findings if f.code == "GC095"]
    assert "further points" in told.sentence


@pytest.mark.parametrize("budget", [0, -1, -0.5, float("nan"), float("inf"), "60", True, None.__class__])
def test_a_budget_that_is_none_is_refused_before_anything_runs(budget: Any) -> None:
    def never(*_: Any) -> Any:
        raise AssertionError("it ran")

    with pytest.raises(UsageError, match="budget is the time for one check in seconds, above 0, got") as refused:
        gradcheck.check_gradient(never, never, X, budget=budget)
    assert "\n" not in str(refused.value)
