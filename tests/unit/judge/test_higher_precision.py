"""The subject's own formula in wider numbers, in every calling convention: rounding, or a mistake?"""

from typing import Any

import mpmath
import numpy as np
import pytest

import gradcheck
from gradcheck.judge.function_estimates import Evidence, gather
from gradcheck.judge.higher_precision import exact_answer, traced_answer
from gradcheck.judge.question import Question
from gradcheck.problem.function import Function, Product

SMALL = np.array([1e-4, 3e-4])


def f(x: Any) -> Any:
    return 2 * np.sin(x / 2) ** 2 / x


def slope(x: Any) -> Any:
    """Right, but 1 - cos(x) cancels."""
    return np.sin(x) / x - (1 - np.cos(x)) / x**2


def true(x: float) -> Any:
    t = mpmath.mpf(x)
    return mpmath.sin(t) / t - (1 - mpmath.cos(t)) / t**2


def asked(question: Question, product: Product) -> list[tuple[Any, Any] | None] | None:
    evidence: Evidence = gather(product)
    return exact_answer(question, product, evidence)


@pytest.mark.parametrize("kind", ["gradient", "vjp", "jvp"])
def test_the_formula_in_balls_is_the_truth_to_forty_digits(kind: Any) -> None:
    c = np.array([0.5, -2.0])
    function = Function.of(f if kind != "gradient" else lambda x: np.sum(f(x)), (SMALL,), None)
    derivative: Any = {
        "gradient": slope,
        "vjp": lambda c, x: c * slope(x),
        "jvp": lambda p, t: (f(p[0]), t[0] * slope(p[0])),
    }[kind]
    cotangents = None if kind == "jvp" else (np.ones(()),) if kind == "gradient" else (c,)
    product = Product(function, (SMALL,), cotangents, (c,) if kind == "jvp" else None, np.dtype(float))
    found = asked(Question(kind, function, derivative), product)
    assert found is not None
    assert found[0] is not None
    value, radius = found[0]
    weight = np.ones(2) if kind == "gradient" else c
    with mpmath.workdps(40):
        for k in range(2):
            assert abs(mpmath.mpf(float(value[k])) - mpmath.mpf(float(weight[k])) * true(float(SMALL[k]))) <= radius[k]
            assert radius[k] < 1e-15


def test_a_formula_that_cannot_be_traced_runs_in_a_wider_dtype() -> None:
    """A float32 subject in float64: its own rounding is gone, its mistakes are not."""
    x = SMALL.astype(np.float32) * np.float32(100)

    def by_bytes(c: Any, x: Any) -> Any:
        y = np.frombuffer(np.ascontiguousarray(x).tobytes(), dtype=x.dtype).reshape(x.shape)
        return c * slope(y)

    function = Function.of(f, (x,), None)
    c = np.ones(2, np.float32)
    product = Product(function, (x,), (c,), None, np.dtype(np.float32))
    found = asked(Question("vjp", function, by_bytes), product)
    assert found is not None
    assert found[0] is not None
    for k in range(2):
        assert found[0][0][k] == pytest.approx(float(true(float(x[k]))), rel=1e-10)


def test_a_formula_that_is_nowhere_defined_says_nothing() -> None:
    def refuses(c: Any, x: Any) -> Any:
        if type(x) is not np.ndarray or x.dtype != np.float64:
            raise TypeError("float64 only")
        return c * slope(x)

    function = Function.of(f, (SMALL,), None)
    product = Product(function, (SMALL,), (np.ones(2),), None, np.dtype(float))
    assert asked(Question("vjp", function, refuses), product) is None


@pytest.mark.parametrize("kind", ["gradient", "vjp", "jvp"])
def test_lost_digits_are_a_warning_in_every_convention(kind: str) -> None:
    if kind == "gradient":
        result = gradcheck.check_gradient(lambda x: np.sum(f(x)), slope, SMALL)
    elif kind == "vjp":
        result = gradcheck.check_vjp(f, lambda c, x: c * slope(x), SMALL)
    else:
        result = gradcheck.check_jvp(f, lambda p, t: t[0] * slope(p[0]), SMALL)
    assert result.verdict == "PASS", result.to_text()
    assert "GC016" in result.codes
    digits = float(next(x for x in result.findings if x.code == "GC016").facts["digits"])
    assert 2.0 < digits < 12.0


def test_more_than_half_the_digits_lost_is_a_failure() -> None:
    """Off by more than sqrt(u) of the scale, nobody may call it rounding."""
    tiny = np.array([1e-7, 3e-7])
    result = gradcheck.check_vjp(f, lambda c, x: c * slope(x), tiny)
    assert result.verdict == "FAIL"
    assert "GC012" in result.codes


def test_a_part_that_is_not_answered_is_left_out() -> None:
    def both(a: Any, b: Any) -> Any:
        return np.sum(f(a)) + 0.0 * np.sum(b)

    result = gradcheck.check_gradient(both, lambda a, b: (slope(a), None), SMALL, np.ones(2))
    assert result.verdict == "PASS", result.to_text()
    assert "GC016" in result.codes


def test_a_gradient_written_as_a_list_of_numbers_is_not_read() -> None:
    function = Function.of(lambda x: np.sum(f(x)), (SMALL,), None)
    product = Product(function, (SMALL,), (np.ones(()),), None, np.dtype(float))
    assert traced_answer(Question("gradient", function, lambda x: [slope(v) for v in x]), product) is None


def test_what_calls_for_patched_buffers_is_run_without_them_once_only() -> None:
    calls = [0]

    def derivative(x: Any) -> Any:
        calls[0] += 1
        gradient = np.zeros(len(x))
        gradient[:] = 3 * x**2
        return gradient

    function = Function.of(lambda x: np.sum(x**3), (SMALL,), None)
    question = Question("gradient", function, derivative)
    product = Product(function, (SMALL,), (np.ones(()),), None, np.dtype(float))
    counts = []
    for _ in range(2):
        calls[0] = 0
        assert traced_answer(question, product) is not None
        counts.append(calls[0])
    assert counts == [2, 1]
