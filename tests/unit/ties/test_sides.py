"""What each of many ties contributes, beside the outcomes of few ties, which can all be explored."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pytest

from gradcheck.errors import Unsupported
from gradcheck.ties.many_ties import sides_of_jvp, sides_of_vjp
from gradcheck.tracing import explore
from gradcheck.tracing.fork import MOST_RUNS
from gradcheck.tracing.tie_sides import Sides

WEIGHTS = np.array([1.0, -2.0, 3.0])
MATRIX = np.array([[1.0, 2.0, -1.0], [0.5, -1.0, 4.0]])


def rectified(x: Any) -> Any:
    return np.sum(WEIGHTS * np.maximum(x, 0.0))


def branched(x: Any) -> Any:
    return np.sum(WEIGHTS * np.where(x > 0, x, -2.0 * x))


def largest(x: Any) -> Any:
    return np.max(x) + np.max(2.0 * x[:2])


def layered(x: Any) -> Any:
    return np.sum(np.maximum(MATRIX @ np.maximum(x, 0.0), 0.0) * np.array([1.0, -3.0]))


def sides(f: Any, x: Any, *, jvp: bool = False) -> Sides:
    """The sides of all ties of f at x, few as they may be."""
    outcomes = explore(f, (np.asarray(x, dtype=float),))
    first, crowd = outcomes.first, tuple(range(len(outcomes.first.trace.decisions)))
    asked = first, outcomes.task, outcomes.balls, outcomes.patched, crowd
    with outcomes.balls.working(outcomes.bits):
        return sides_of_jvp(*asked, [np.ones(3)]) if jvp else sides_of_vjp(*asked, [np.ones(())])


def corners(found: Sides) -> set[tuple[float, ...]]:
    """The derivatives of all choices."""
    options = [[0.0 * found.base, *found.columns[found.ties == k]] for k in np.unique(found.ties)]
    return {tuple(np.round(found.base + sum(way), 12) + 0.0) for way in product(*options)}


def explored(f: Any, x: Any) -> set[tuple[float, ...]]:
    derivative = explore(f, (np.asarray(x, dtype=float),)).vjp()
    return {tuple(np.round(parts[0].midpoint, 12) + 0.0) for parts in derivative.alternatives}


@pytest.mark.parametrize("f", [rectified, branched, largest])
def test_contributions_one_at_a_time_give_the_outcomes_explored(f: Any) -> None:
    found = sides(f, np.zeros(3))
    assert corners(found) == explored(f, np.zeros(3))
    every = np.array(sorted(corners(found)))
    np.testing.assert_allclose(found.lower, every.min(axis=0), atol=1e-12)
    np.testing.assert_allclose(found.upper, every.max(axis=0), atol=1e-12)


def test_of_a_jvp() -> None:
    """Along (1, 1, 1): 1 - 2 + 3 of what falls to the right, 2 (1 - 2 + 3) less of what falls to the left."""
    found = sides(lambda x: WEIGHTS * np.where(x > 0, x, -2.0 * x), np.zeros(3), jvp=True)
    assert sorted(map(tuple, [found.lower, found.upper])) == [(-2.0, -2.0, -6.0), (1.0, 4.0, 3.0)]


def test_ties_that_are_computed_from_one_another_have_bounds_alone() -> None:
    found = sides(layered, np.zeros(3))
    assert not found.additive
    every = np.array(sorted(explored(layered, np.zeros(3))))
    assert np.all(found.lower <= every.min(axis=0))
    assert np.all(found.upper >= every.max(axis=0))
    # By hand: entry k passes a share of MATRIX[j, k], with the weights 1 and -3, each from none to all of it.
    sizes = MATRIX * np.array([[1.0], [-3.0]])
    np.testing.assert_allclose(found.lower, np.minimum(sizes, 0).sum(axis=0), atol=1e-9)
    np.testing.assert_allclose(found.upper, np.maximum(sizes, 0).sum(axis=0), atol=1e-9)
    assert {(0.0, 0.0, 0.0)} <= {tuple(np.abs(row)) for row in found.uniform}


def test_ties_that_multiply_do_not_add_up() -> None:
    def f(x: Any) -> Any:
        inner = np.where(x > 0, x, -x)
        return np.sum(np.where(inner > 0, inner, -3.0 * inner))

    with pytest.raises(Unsupported, match=r"depend on one another|decides which others"):
        sides(f, np.zeros(3))


def test_groups_of_entries_whose_ties_do_not_meet() -> None:
    parts = sides(largest, np.zeros(3)).apart()
    assert [list(p) for p in parts] == [[True, True, True]]
    parts = sides(rectified, np.zeros(3)).apart()
    assert sorted(list(p) for p in parts) == sorted([[k == j for k in range(3)] for j in range(3)])


def test_few_runs_are_asked_for_where_few_outcomes_are() -> None:
    """At a point of our choosing nothing is explored at length."""
    with pytest.raises(Unsupported, match="are undecided"):
        explore(lambda x: np.sum(np.abs(x)), (np.zeros(20),), most_runs=MOST_RUNS // 2)
