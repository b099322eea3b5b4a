"""Derivatives that try to get through without being right."""

import contextlib
import copy
import inspect
import math
import sys
import warnings
from typing import Any

import numpy as np
import pytest

import gradcheck
from gradcheck.numbers.flint_balls import FlintBalls

X = np.array([0.7, -1.2, 0.4])


def f(x: Any) -> Any:
    return np.sin(x) * np.exp(0.5 * x)


def right(c: Any, x: Any) -> Any:
    return c * (np.cos(x) + 0.5 * np.sin(x)) * np.exp(0.5 * x)


def difference(h: float) -> Any:
    """Differentiates numerically instead; f works entry by entry."""
    return lambda c, x: c * (f(x + h) - f(x - h)) / (2 * h)


@pytest.mark.parametrize(
    ("h", "verdict"),
    [(1e-1, "FAIL"), (1e-2, "FAIL"), (1e-3, "UNDECIDED"), (1e-4, "UNDECIDED"), (1e-5, "PASS")],
)
def test_central_differences_whose_truncation_shows(h: float, verdict: str) -> None:
    """Their error is of order h^2: below what matters it may be meant, and is never passed over in silence."""
    result = gradcheck.check_vjp(f, difference(h), X)
    assert result.verdict == verdict, result.to_text()
    assert verdict != "PASS" or result.warned


@pytest.mark.parametrize("h", [1e-6, 1e-7, 1e-8, 1e-9, 1e-10])
def test_central_differences_whose_rounding_shows_do_not_pass_in_silence(h: float) -> None:
    result = gradcheck.check_vjp(f, difference(h), X)
    assert result.verdict == "UNDECIDED" or result.warned, result.to_text()


def test_central_differences_of_a_quadratic_are_right() -> None:
    """There is no truncation, and a power of two as step loses next to nothing."""
    result = gradcheck.check_vjp(lambda x: x * x, lambda c, x: c * ((x + 0.5) ** 2 - (x - 0.5) ** 2), X)
    assert result.verdict == "PASS"


@pytest.mark.parametrize(("error", "verdict"), [(1e-2, "FAIL"), (1e-4, "FAIL"), (9e-7, "UNDECIDED")])
def test_a_derivative_that_knows_when_it_is_traced(error: float, verdict: str) -> None:
    def two_faced(c: Any, x: Any) -> Any:
        return right(c, x) * (1.0 + error * (type(x) is np.ndarray))

    assert gradcheck.check_vjp(f, two_faced, X).verdict == verdict


@pytest.mark.parametrize("error", [1e-9, 1e-12])
def test_small_errors_that_hide_from_wider_numbers_are_warned_of(error: float) -> None:
    """What is off by less than sqrt(u), and right in wider numbers, looks like lost accuracy; never like nothing."""

    def two_faced(c: Any, x: Any) -> Any:
        return right(c, x) * (1.0 + error * (type(x) is np.ndarray and x.dtype == np.float64))

    result = gradcheck.check_vjp(f, two_faced, X)
    assert result.verdict == "FAIL" or "GC016" in result.codes
    assert gradcheck.check_vjp(f, two_faced, X, max_ulps=64).verdict == "FAIL"


class Agreeable(np.ndarray):
    """Equal to everything, near to everything."""

    def __eq__(self, other: object) -> Any:
        return np.ones(self.shape, dtype=bool)

    def __ne__(self, other: object) -> Any:
        return np.zeros(self.shape, dtype=bool)

    def __sub__(self, other: Any) -> Any:
        return np.zeros(self.shape)

    __rsub__ = __sub__
    __hash__ = None

    def __array_ufunc__(self, *arguments: Any, **options: Any) -> Any:
        return np.zeros(self.shape)


@pytest.mark.parametrize("factor", [0.0, 1.5, np.nan])
def test_an_array_that_lies_in_comparisons(factor: float) -> None:
    def lying(c: Any, x: Any) -> Any:
        return np.asarray(factor * right(c, x)).view(Agreeable)

    assert gradcheck.check_vjp(f, lying, X).verdict == "FAIL"


def test_masked_arrays_are_their_data() -> None:
    def masked(c: Any, x: Any) -> Any:
        return np.ma.masked_array(1.5 * right(c, x), mask=[True, True, True])

    assert gradcheck.check_vjp(f, masked, X).verdict in ("FAIL", "ERROR")


def test_exceptions_swallowed_into_zeros() -> None:
    def quiet(c: Any, x: Any) -> Any:
        try:
            return right(c, x) + np.ones(7)
        except ValueError:
            return np.zeros_like(x)

    assert gradcheck.check_vjp(f, quiet, X).verdict == "FAIL"


def test_zeros_where_the_point_hides_them() -> None:
    """At the minimum of f the truth is zero, too."""

    def loss(x: Any) -> Any:
        return np.sum((x - 1.0) ** 2)

    result = gradcheck.check_gradient(loss, np.zeros_like, np.ones(3))
    assert result.verdict == "FAIL"
    assert result.codes[0] == "GC028"
    assert gradcheck.check_gradient(loss, lambda x: 2 * (x - 1.0), np.ones(3))


def test_zeros_where_f_is_flat() -> None:
    """Where tanh is 1 to the last digit zeros are right; they depart from the truth little by little from there on."""
    flat = np.array([20.0, -25.0])
    result = gradcheck.check_vjp(np.tanh, lambda c, x: 0 * c, flat)
    assert (result.verdict, result.codes[0]) == ("FAIL", "GC028"), result.to_text()
    assert gradcheck.check_vjp(np.tanh, lambda c, x: c * (1 - np.tanh(x) ** 2), flat).verdict == "PASS"


def softmax(x: Any) -> Any:
    e = np.exp(x - np.max(x))
    return e / np.sum(e)


def softplus(x: Any) -> Any:
    return np.logaddexp(0.0, x)


@pytest.mark.parametrize(
    ("f", "wrong", "right", "x"),
    [
        (softmax, lambda c, x: 0 * x, lambda c, x: softmax(x) * (c - c @ softmax(x)), [1000.0, 0.0, -20.0]),
        (softplus, lambda c, x: c, lambda c, x: c / (1 + np.exp(-x)), [50.0, 40.0]),
    ],
)
def test_an_asymptote_is_no_derivative(f: Any, wrong: Any, right: Any, x: list[float]) -> None:
    """It is right to the last digit far out, and wrong where numbers are of ordinary size."""
    assert gradcheck.check_vjp(f, wrong, np.array(x)).verdict == "FAIL"
    assert gradcheck.check_vjp(f, right, np.array(x)).verdict == "PASS"


def test_a_series_about_a_point_where_the_derivative_is_zero() -> None:
    """It is right around there, and departs from the truth as an approximation does."""

    def series(x: Any) -> Any:
        return sum((-1.0) ** (k + 1) * x ** (2 * k + 1) / math.factorial(2 * k + 1) for k in range(8))

    assert gradcheck.check_gradient(np.cos, series, np.array(0.0)).verdict == "PASS"


def test_an_answer_remembered_for_the_inputs_given() -> None:
    def table(c: Any, x: Any) -> Any:
        near = np.shape(x) == X.shape and np.array_equal(x, X)
        return right(c, x) if near else 0.9 * right(c, x)

    assert gradcheck.check_vjp(f, table, X).verdict == "FAIL"


def test_one_that_raises_on_the_second_call() -> None:
    calls = [0]

    def once(c: Any, x: Any) -> Any:
        calls[0] += 1
        if calls[0] > 1:
            raise RuntimeError("graph was freed")
        return right(c, x)

    result = gradcheck.check_vjp(f, once, X)
    assert result.verdict in ("FAIL", "ERROR")
    assert "graph was freed" in result.to_text()


@pytest.mark.parametrize("period", range(2, 6))
def test_one_that_is_wrong_every_so_often(period: int) -> None:
    calls = [0]

    def seldom(c: Any, x: Any) -> Any:
        calls[0] += 1
        return right(c, x) * (1.5 if calls[0] % period == 0 else 1.0)

    assert gradcheck.check_vjp(f, seldom, X).verdict == "FAIL"


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_one_that_answers_nothing_finite(bad: float) -> None:
    result = gradcheck.check_vjp(f, lambda c, x: np.full(3, bad), X)
    assert result.verdict == "FAIL"
    assert "GC013" in result.codes


def test_a_derivative_of_the_value_it_was_told_to_have() -> None:
    """f and its derivative agree with each other and with nothing else: only f can be asked, so that is right."""
    assert gradcheck.check_gradient(lambda x: np.sum(3 * x), lambda x: np.full(3, 3.0), X)
    assert gradcheck.check_gradient(lambda x: np.sum(3 * x), lambda x: np.full(3, 3.0 + 1e-12), X).warned


def looks_for_frames(c: Any, x: Any) -> Any:
    """Right while a frame of the checker's is on the stack."""
    seen = any("gradcheck" in frame.filename and "judge" in frame.filename for frame in inspect.stack())
    return right(c, x) if seen else c


def looks_for_modules(c: Any, x: Any) -> Any:
    """Right while a module of the checker's is there."""
    return right(c, x) if "gradcheck.judge" in sys.modules else c


@pytest.mark.parametrize("derivative", [looks_for_frames, looks_for_modules])
def test_one_that_looks_for_the_checker(derivative: Any) -> None:
    before = dict(sys.modules)
    result = gradcheck.check_vjp(f, derivative, X)
    assert (result.verdict, result.codes[0]) == ("FAIL", "GC023"), result.to_text()
    assert {name: sys.modules[name] for name in before} == before


def test_one_that_asks_for_no_more_than_its_arguments() -> None:
    def with_an_import(c: Any, x: Any) -> Any:
        import gradcheck.holding  # dropped again where it is imported anew

        return gradcheck.holding.held(right(c, x))

    assert gradcheck.check_vjp(f, with_an_import, X).verdict == "PASS"


def test_one_that_changes_numpy(monkeypatch: pytest.MonkeyPatch) -> None:
    original = np.any
    monkeypatch.setattr(np, "any", original)  # put back if the check does not

    def derivative(c: Any, x: Any) -> Any:
        np.any = lambda *_, **__: False  # type: ignore[assignment] # the attack
        return c

    result = gradcheck.check_vjp(f, derivative, X)
    assert (result.verdict, result.codes) == ("FAIL", ("GC020",)), result.to_text()
    assert np.any is original


def swaps_the_comparison(c: Any, x: Any) -> Any:
    """The judge compares the truth with itself."""
    entries = sys.modules["gradcheck.judge.function_entries"]
    compare = entries.compare_block
    entries.compare_block = lambda block, answer, truth, *rest: compare(block, np.array(truth.middle), truth, *rest)
    return 0.7 * c


def swaps_the_verdict(c: Any, x: Any) -> Any:
    """Every result says PASS."""
    sys.modules["gradcheck.verdict.result"].Result.verdict = property(lambda _: "PASS")
    return 0.7 * c


def swaps_what_the_judge_computes_with(c: Any, x: Any) -> Any:
    """The judge fails in the middle of its work."""
    np.abs = lambda x: 0 * x  # type: ignore[assignment] # the attack
    return 0.7 * c


@pytest.mark.parametrize("derivative", [swaps_the_comparison, swaps_the_verdict, swaps_what_the_judge_computes_with])
def test_one_that_changes_its_judge(derivative: Any) -> None:
    result = gradcheck.check_vjp(f, derivative, X)
    assert (result.verdict, result.codes) == ("FAIL", ("GC020",)), result.to_text()
    assert gradcheck.check_vjp(f, right, X).verdict == "PASS"
    assert gradcheck.check_vjp(f, lambda c, x: 0.7 * c, X).verdict == "FAIL"


def test_what_python_adds_to_a_class_of_ours_is_no_change() -> None:
    def derivative(c: Any, x: Any) -> Any:
        copy.copy(FlintBalls())
        return right(c, x)

    with contextlib.suppress(AttributeError):
        delattr(FlintBalls, "__slotnames__")
    assert gradcheck.check_vjp(f, derivative, X).verdict == "PASS"
    assert "__slotnames__" in vars(FlintBalls)


class Alternating:
    """An answer that is another array each time it is looked at."""

    def __init__(self, *arrays: Any) -> None:
        self.arrays, self.looks = arrays, 0

    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        self.looks += 1
        return np.array(self.arrays[self.looks % len(self.arrays)])


@pytest.mark.parametrize("shapes", [((3,), (3,)), ((3,), (3,), (2,)), ((3,), (3,), (3,))])
def test_an_answer_that_alternates(shapes: tuple[tuple[int, ...], ...]) -> None:
    def derivative(c: Any, x: Any) -> Any:
        return Alternating(*(right(c, x) * (1 - k) if s == (3,) else np.zeros(s) for k, s in enumerate(shapes)))

    assert gradcheck.check_vjp(f, derivative, X).verdict in ("FAIL", "ERROR")


def test_an_answer_as_large_as_numbers_are_warns_of_nothing() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert gradcheck.check_vjp(f, lambda c, x: np.full(3, 1e308), X).verdict == "FAIL"
