"""The derivative at another point by the record of this one: where it holds there, and nowhere else."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

from gradcheck.routes import Floating, derivatives_there
from gradcheck.tracing import Outcomes, explore

X = np.array([0.7, 1.2, 0.4])


def derivative_there(
    outcomes: Outcomes, point: Any, outputs: Any, *, cotangents: Any = None, tangents: Any = None
) -> Floating | None:
    """What one sweep for this one point says."""
    swept = derivatives_there(outcomes, [point], cotangents=cotangents, tangents=tangents)
    return None if swept is None else swept.at(0, outputs)


def there(f: Callable[[Any], Any], point: Any, *, value: Any = None, start: Any = X) -> Floating | None:
    """The gradient of f at `point`, where f says `value`, by the record of `start`."""
    point = np.asarray(point, dtype=np.float64)
    outputs: Sequence[Any] = [np.asarray(f(point) if value is None else value)]
    return derivative_there(explore(f, [start]), [point], outputs, cotangents=[np.ones(())], tangents=None)


def smooth(x: Any) -> Any:
    return np.sum(np.exp(np.sin(x)) * x)


def slope(x: Any) -> Any:
    return np.exp(np.sin(x)) * (1 + x * np.cos(x))


@pytest.mark.parametrize("point", [-X, 8 * X, X / 8, X + 1e-9])
def test_a_smooth_function_s_is_the_same_formula_everywhere(point: Any) -> None:
    found = there(smooth, point)
    assert found is not None
    np.testing.assert_allclose(found.values[0], slope(point), rtol=1e-13)
    assert np.all(found.spreads[0] < 1e-13 * np.max(np.abs(slope(point))))


def test_a_tangent_goes_forward() -> None:
    tangent, point = np.array([1.0, -2.0, 0.5]), 2 * X
    outcomes = explore(lambda x: np.outer(x, np.sin(x)), [X])
    value = [np.outer(point, np.sin(point))]
    found = derivative_there(outcomes, [point], value, cotangents=None, tangents=[tangent])
    assert found is not None
    right = np.outer(tangent, np.sin(point)) + np.outer(point, np.cos(point) * tangent)
    np.testing.assert_allclose(found.values[0], right, rtol=1e-13)


def test_a_unit_in_the_last_place_shows_where_it_matters() -> None:
    found = there(lambda x: np.sum(np.sin(1e6 * x)), 2 * X)
    assert found is not None
    assert np.all(found.spreads[0] > 1e-8)


def test_a_value_that_loses_digits_says_nothing() -> None:
    assert there(lambda x: np.sum(((1e8 + x) - 1e8) ** 3), 2 * X) is None
    assert there(lambda x: np.sum(x**3), 2 * X) is not None


def rectified(x: Any) -> Any:
    return np.sum(np.maximum(x, 0.0) * x)


def floored(x: Any) -> Any:
    return np.sum(x * np.floor(x))


def largest(x: Any) -> Any:
    return np.max(x) * x[0]


BRANCHING = {"a rectifier": (rectified, -X), "a maximum": (largest, X[[1, 0, 2]]), "a floor": (floored, X + 2)}


@pytest.mark.parametrize("name", BRANCHING)
def test_a_comparison_that_comes_out_otherwise_is_another_formula(name: str) -> None:
    f, point = BRANCHING[name]
    assert there(f, point) is None


def test_one_that_comes_out_alike_is_none() -> None:
    for f in (rectified, largest):
        assert there(f, X * 1.01) is not None


def test_a_comparison_that_is_nearly_a_tie_is_not_trusted() -> None:
    assert there(lambda x: np.maximum(np.sum(x), 3.0) ** 2, np.array([1.0, 1.0, 1.0 + 2e-16])) is None
    assert there(lambda x: np.maximum(np.sum(x), 3.0) ** 2, np.array([1.0, 1.0, 0.9])) is not None


def test_a_tie_at_the_point_itself_leaves_no_record_to_go_by() -> None:
    assert there(rectified, X, start=np.array([0.0, 1.0, 2.0])) is None


def test_what_is_decided_outside_of_the_record_shows_in_the_value() -> None:
    """A function that is another one at its second call: its record says nothing of that."""
    assert there(smooth, 2 * X, value=smooth(2 * X) * (1 + 1e-12)) is None
    assert there(smooth, 2 * X, value=smooth(2 * X)) is not None
    assert there(smooth, 2 * X, value=np.full(2, smooth(2 * X))) is None


def test_no_derivative_where_there_is_none() -> None:
    found = there(lambda x: np.sum(np.sqrt(x)), np.array([0.0, 1.0, 1.0]))
    assert found is not None
    assert not np.isfinite(found.spreads[0][0])
    assert there(lambda x: np.sum(np.log(x)), -X, value=np.nan) is None


@pytest.mark.parametrize("count", [3, 3_000])
def test_every_entry_that_is_compared_counts(count: int) -> None:
    many = np.linspace(0.5, 1.5, count)
    turned = many.copy()
    turned[-1] = -1.0
    assert there(lambda x: np.sum(np.maximum(x, 0.0) ** 2), 2 * many, start=many) is not None
    assert there(lambda x: np.sum(np.maximum(x, 0.0) ** 2), turned, start=many) is None


def test_comparisons_without_end_are_not_all_kept() -> None:
    """What is compared beyond that could come out otherwise unseen."""

    def steps(times: int) -> Callable[[Any], Any]:
        def loop(x: Any) -> Any:
            for k in range(times):
                x = x * 1.001 if np.sum(x) > -k else x
            return np.sum(x)

        return loop

    assert there(steps(100), 2 * X) is not None
    assert there(steps(500), 2 * X) is None


def test_one_sweep_says_of_each_point_what_a_sweep_of_its_own_says() -> None:
    def bent(x: Any) -> Any:
        return np.sum(np.where(x > 0, smooth(x), x * np.sum(x)))

    points = [2 * X, -X, X / 8]
    outputs = [[np.asarray(bent(p))] for p in points]
    outcomes = explore(bent, [X])
    swept = derivatives_there(outcomes, [[p] for p in points], cotangents=[np.ones(())], tangents=None)
    assert swept is not None
    for k in (2, 0, 1):
        alone, together = (
            derivative_there(outcomes, [points[k]], outputs[k], cotangents=[np.ones(())]),
            swept.at(k, outputs[k]),
        )
        if k == 1:  # the other branch
            assert alone is together is None
            continue
        assert alone is not None
        assert together is not None
        np.testing.assert_array_equal(together.values, alone.values)
        np.testing.assert_array_equal(together.spreads, alone.spreads)
    assert swept.at(0, outputs[2]) is None  # another point's value
