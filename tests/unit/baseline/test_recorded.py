"""What a baseline holds of one case, against numbers known beforehand."""

from fractions import Fraction
from typing import Any

import mpmath
import numpy as np
import pytest

import gradcheck
from gradcheck.baseline.recorded import MOST_ENTRIES, Recorded, recorded
from gradcheck.baseline.thirty_digits import interval
from gradcheck.problem.evaluations import counted_evaluations, counting


def record(check: Any, *arguments: Any, **options: Any) -> Recorded:
    with counted_evaluations() as counts:
        result = check(*arguments, **options)
        return recorded(result, counts.taken())


def holds(text: str | None, exact: Any) -> bool:
    """Whether the interval is narrower than 1e-28 of the number, and holds it."""
    ends = interval(text or "")
    assert ends is not None
    value = Fraction(str(exact))
    return ends[0] <= value <= ends[1] and ends[1] - ends[0] <= abs(value) / 10**28


def test_the_exact_gradient_in_thirty_digits() -> None:
    x = np.array([[0.5, -2.0], [3.25, 0.1]])
    case = record(gradcheck.check_gradient, lambda x: np.sum(np.exp(x) / 3), lambda x: np.exp(x) / 3, x)
    block = case.blocks["x"]
    assert (case.verdict, block.shape, block.dtype, block.proven) == ("PASS", (2, 2), "float64", True)
    with mpmath.workdps(50):
        for text, entry in zip(block.values, x.ravel(), strict=True):
            assert holds(text, mpmath.nstr(mpmath.exp(mpmath.mpf(float(entry))) / 3, 45))


def test_a_wrong_answer_leaves_the_exact_gradient_as_it_is() -> None:
    x = np.array([0.5, -2.0])
    right = record(gradcheck.check_gradient, lambda x: np.sum(np.sin(x)), lambda x: np.cos(x), x)
    wrong = record(gradcheck.check_gradient, lambda x: np.sum(np.sin(x)), lambda x: -np.cos(x), x)
    assert right.blocks["x"].values == wrong.blocks["x"].values
    assert wrong.verdict == "FAIL"
    assert (right.blocks["x"].ulps or 0) < 2
    assert (wrong.blocks["x"].ulps or 0) > 1e15


@pytest.mark.parametrize(("ulps", "dtype"), [(3, "float64"), (20, "float64"), (5, "float32")])
def test_ulps_are_those_of_the_largest_true_entry(ulps: int, dtype: str) -> None:
    x = np.array([1.0, 4.0], dtype=dtype)

    def grad(x: Any) -> Any:  # 2 x = (2, 8), exact; the unit in the last place of 8 is 8 eps
        return 2 * x + np.array([ulps, 0], dtype=dtype) * 8 * np.finfo(dtype).eps

    case = record(gradcheck.check_gradient, lambda x: np.sum(x**2), grad, x)
    assert case.blocks["x"].ulps == pytest.approx(ulps, abs=0.5)
    assert case.blocks["x"].dtype == dtype


def test_at_a_kink_the_ends_are_recorded() -> None:
    case = record(gradcheck.check_gradient, lambda x: np.sum(np.abs(x)), np.sign, np.array([2.0, 0.0]))
    assert case.blocks["x"].values == ("1 .. 1", "-1 .. 1")
    assert case.blocks["x"].ulps is None


def test_evaluations_are_counted() -> None:
    calls = {"f": 0, "grad": 0}

    def f(x: Any) -> Any:
        calls["f"] += 1
        return np.sum(x**2)

    def grad(x: Any) -> Any:
        calls["grad"] += 1
        return 2 * x

    case = record(gradcheck.check_gradient, f, grad, np.array([1.0, 2.0]))
    assert (case.f_calls, case.derivative_calls) == (calls["f"], calls["grad"])
    assert case.f_calls


def test_nothing_is_kept_where_nobody_records() -> None:
    assert not counting()
    result = gradcheck.check_gradient(lambda x: np.sum(x**2), lambda x: 2 * x, np.array([1.0, 2.0]))
    assert result.measurement is None


def test_the_point_has_a_digest_of_its_values() -> None:
    def case(x: list[float]) -> Recorded:
        return record(gradcheck.check_gradient, lambda x: np.sum(x**2), lambda x: 2 * x, np.array(x))

    assert case([1.0, 2.0]).point == case([1.0, 2.0]).point
    assert case([1.0, 2.0]).point != case([1.0, 2.0 + 2**-51]).point


def test_of_a_large_block_sums_are_recorded_and_each_entry_shows_in_them() -> None:
    x = np.random.default_rng(1).normal(size=MOST_ENTRIES + 1)
    weights = np.ones(x.size)

    def case() -> Recorded:
        w = weights.copy()
        return record(gradcheck.check_gradient, lambda x: np.sum(w * x), lambda x: w, x, elsewhere=False)

    before = case().blocks["x"]
    assert not before.values
    assert len(before.sums) == 4
    for at in (0, 517, x.size - 1):
        weights[:] = 1.0
        weights[at] += 1e-9
        after = case().blocks["x"]
        for one, other in zip(before.sums, after.sums, strict=True):
            a, b = interval(one or ""), interval(other or "")
            assert a is not None
            assert b is not None
            assert b[0] > a[1]


def test_a_derivative_that_raises_leaves_no_gradients() -> None:
    def grad(x: Any) -> Any:
        raise RuntimeError("not today")

    case = record(gradcheck.check_gradient, lambda x: np.sum(x**2), grad, np.array([1.0]))
    assert (case.verdict, dict(case.blocks)) == ("ERROR", {})
