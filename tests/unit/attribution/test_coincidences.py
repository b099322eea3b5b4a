"""Names that numbers fit by coincidence: nothing summed, a slope of 1, a power of two that is a length less one."""

from typing import Any

import numpy as np

import gradcheck

SCALES = np.array([1, -2, -1])
FACTORS = np.array([0.5, 2.0, -1.0])
MATRIX = np.array([[0.4, -1.0, 0.2], [1.1, 0.3, -0.7], [0.6, 0.9, 1.5]])


def words_of(result: Any) -> str:
    assert result.verdict == "FAIL"
    return " ".join(f.sentence for f in result.findings if f.code == "GC051")


def kinds_of(result: Any) -> set[str]:
    return {str(f.facts["kind"]) for f in result.findings if f.code == "GC051" and "kind" in f.facts}


def test_where_no_entries_are_added_up_none_is_left_out_of_a_sum() -> None:
    x = np.array([0.7, 0.49, 1.1])
    result = gradcheck.check_vjp(lambda x: np.ldexp(x, SCALES), lambda c, x: c * np.trunc(2.0**SCALES), x)
    assert "summing" not in words_of(result)
    assert "right elsewhere" in words_of(result)


def test_where_they_are_it_is_said() -> None:
    x = np.array([0.7, 0.49, 1.1])

    def first_alone(c: Any, x: Any) -> Any:
        return MATRIX[0] * c[0] * (1 - np.tanh(MATRIX @ x)[0] ** 2)

    result = gradcheck.check_vjp(lambda x: np.tanh(MATRIX @ x), first_alone, x)
    assert "uses the first of the cotangent's entries alone, instead of summing over all 3" in words_of(result)


def scaled(a: Any, b: Any) -> Any:
    return FACTORS @ FACTORS * np.exp(a) - np.exp(a) ** 2 / 3 + np.exp(b) * np.sum(np.sin(FACTORS))


def scaled_gradient(a: Any, b: Any) -> Any:
    r = np.exp(a)
    return FACTORS @ FACTORS - 2 * r / 3, np.exp(b) * np.sum(np.sin(FACTORS))


def test_a_slope_that_is_left_out_is_no_slope_of_elu() -> None:
    result = gradcheck.check_gradient(scaled, scaled_gradient, np.array(0.4), np.array(-0.7))
    assert "elu" not in words_of(result)
    assert "lacking the slope there, as if it were 1" in words_of(result)


def elu(x: Any) -> Any:
    return np.sum(FACTORS * np.tanh(x))


def test_the_slope_of_elu_is_named_where_it_shows() -> None:
    x = np.array([0.8, -0.6, -1.3])
    result = gradcheck.check_gradient(elu, lambda x: FACTORS * np.exp(np.minimum(x, 0)), x)
    assert "with the slope of elu" in words_of(result)


def test_eight_among_nine_entries_may_be_factors_two() -> None:
    x = np.arange(9.0).reshape(3, 3) / 7
    f, right = (lambda x: 2.0**-3 * np.sum(np.sin(x) ** 3)), (lambda x: 3 / 8 * np.sin(x) ** 2 * np.cos(x))
    words = words_of(gradcheck.check_gradient(f, lambda x: 8 * right(x), x))
    assert "several factors 2" in words


def test_a_sum_over_one_less_is_still_that() -> None:
    x = np.arange(7.0) / 5

    def f(x: Any) -> Any:
        return np.var(x, ddof=1)

    words = words_of(gradcheck.check_gradient(f, lambda x: 2 * (x - x.mean()), x))
    assert "7 is" in words
    assert "several factors 2" not in words
