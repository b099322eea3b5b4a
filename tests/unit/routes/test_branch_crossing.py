"""Points on the other side of comparisons: across one, where the function still has a value, and not seen before."""

from typing import Any

import numpy as np
import pytest

from gradcheck.routes import branches
from gradcheck.tracing import Outcomes, explore

P = np.array([0.3, 0.9])


def across(outcomes: Outcomes, most: int) -> list[list[Any]]:
    """The points found."""
    return [b.point for b in branches(outcomes, most) if b.point is not None]


def floored(p: Any) -> Any:
    return np.sum(np.maximum(np.log(p), -5.0))


def test_a_floor_under_a_logarithm_is_reached_within_its_domain() -> None:
    """Newton's step would leave the domain: log has no value there."""
    (point,) = across(explore(floored, (P,)), 3)
    assert np.any(np.log(point[0]) < -5.0)
    assert np.all(point[0] > 0)


@pytest.mark.parametrize(("floor", "found"), [(1e-2, 1), (1e-4, 0)])
def test_a_guard_is_not_crossed(floor: float, found: int) -> None:
    """Probabilities below 1e-4 fill half of the space; but the floor keeps the logarithm off 0, far from them."""

    def loss(x: Any) -> Any:
        return -np.sum(np.log(np.maximum(1 / (1 + np.exp(-x)), floor)))

    assert len(across(explore(loss, (np.array([2.5, -1.0]),)), 3)) == found


def test_a_small_threshold_that_protects_nothing_is_a_branch() -> None:
    def shrink(x: Any) -> Any:
        return np.sum(np.where(np.tanh(x) > 1e-4, np.tanh(x) - 1e-4, 0.0))

    assert len(across(explore(shrink, (np.array([0.5, 0.2]),)), 3)) == 1


def test_without_comparisons_there_is_no_other_side() -> None:
    assert across(explore(lambda x: np.sum(np.exp(x)), (P,)), 3) == []


def test_a_comparison_that_nothing_turns_is_left_out() -> None:
    assert across(explore(lambda x: np.sum(np.where(np.exp(x) > 0, x, 0.0)), (P,)), 3) == []


def test_the_nearest_come_first_and_no_more_than_asked_for() -> None:
    def steps(x: Any) -> Any:
        return np.sum(np.minimum(x, 0.8) + np.minimum(2 * x, 9.0) + np.minimum(x * x, 1.0))

    points = across(explore(steps, (np.array([0.75]),)), 2)
    assert len(points) == 2
    assert 0.8 < points[0][0][0] < 1.0 < points[1][0][0] < 4.5


def test_comparisons_of_several_arguments_move_all_of_them() -> None:
    def larger(a: Any, b: Any) -> Any:
        return np.sum(np.maximum(a, b))

    a, b = np.array([1.0, 5.0]), np.array([0.5, -5.0])
    (point,) = across(explore(larger, (a, b)), 3)
    assert point[0][0] < point[1][0]
    assert (point[0][0], point[1][0]) == pytest.approx((a[0] - 0.265625, b[0] + 0.265625))


@pytest.mark.parametrize("bound", [10.01, 20.0, 500.0, 1e6])
def test_a_clip_is_reached_however_far_away_it_is(bound: float) -> None:
    x = np.array([10.0, -7.0])
    (point,) = across(explore(lambda x: np.sum(np.minimum(x, bound)), (x,)), 3)
    assert bound < np.max(point[0]) < 1.1 * bound


@pytest.mark.parametrize(("bound", "found"), [(20.0, 1), (100.0, 0), (500.0, 0)])
def test_a_clip_that_keeps_an_exponential_from_overflow_is_a_guard(bound: float, found: int) -> None:
    x = np.array([1.0, -2.0])
    assert len(across(explore(lambda x: np.sum(np.exp(np.minimum(x, bound))), (x,)), 3)) == found
    assert len(across(explore(lambda x: np.sum(1 / (1 + np.exp(-np.maximum(x, -bound)))), (x,)), 3)) == found
    assert len(across(explore(lambda x: np.sum(np.sin(np.minimum(x, bound))), (x,)), 3)) == 1


@pytest.mark.parametrize(("floor", "found"), [(0.1, 1), (1e-12, 0)])
def test_a_floor_with_next_to_nothing_below_it_is_a_guard(floor: float, found: int) -> None:
    p = np.array([0.3, 0.9])
    assert len(across(explore(lambda p: np.sum(np.log(np.maximum(np.sqrt(p), floor))), (p,)), 3)) == found


@pytest.mark.parametrize("bound", [1.3e154, 1e300, 1.7e308])
def test_a_clip_near_the_largest_float_warns_of_nothing(bound: float) -> None:
    """Steps beyond the largest float are tried on the way; a point that is found is finite and beyond the clip."""
    x = np.array([0.4, 2.0])
    for point in across(explore(lambda x: np.sum(np.minimum(x, bound)), (x,)), 3):
        assert np.all(np.isfinite(point[0]))
        assert np.max(point[0]) > bound
