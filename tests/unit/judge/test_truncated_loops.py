"""Truncated iterations: the derivative of f as written, of what was meant, and where nobody can tell."""

from typing import Any

import numpy as np
import pytest

import gradcheck

A = np.array([2.0, 5.0, 0.7])


def stepping(a: Any, share: float, shortest: float) -> Any:
    """Towards sqrt(a), a share of a / x - x at a time, until a step is short."""
    x = a * 0.5 + 0.5
    for _ in range(60):
        step = share * (a / x - x)
        x = x + step
        if np.max(np.abs(step)) < shortest:
            break
    return x


def heron(a: Any) -> Any:
    """sqrt(a) by Heron's rule, until a step is shorter than 1e-3."""
    return stepping(a, 0.5, 1e-3)


def fixed(a: Any) -> Any:
    """Two steps of the same, and no comparison."""
    x = a * 0.5 + 0.5
    for _ in range(2):
        x = 0.5 * (x + a / x)
    return x


def of_the_limit(c: Any, a: Any) -> Any:
    return c * 0.5 / np.sqrt(a)


def of_the_code(c: Any, a: Any) -> Any:
    """Forward mode through the very steps that heron takes."""
    x, dx = a * 0.5 + 0.5, 0.5 * np.ones_like(a)
    for _ in range(60):
        step = 0.5 * (a / x - x)
        dstep = 0.5 * (1 / x - a * dx / x**2 - dx)
        x, dx = x + step, dx + dstep
        if np.max(np.abs(step)) < 1e-3:
            break
    return c * dx


def test_the_derivative_as_written_passes() -> None:
    assert gradcheck.check_vjp(heron, of_the_code, A)


def test_the_limit_s_derivative_is_right_to_eleven_digits() -> None:
    result = gradcheck.check_vjp(heron, of_the_limit, A)
    assert (result.verdict, result.codes[0]) == ("PASS", "GC092"), result.to_text()
    assert result.warned


def coarse(a: Any) -> Any:
    """The same with steps that end far from the root."""
    return stepping(a, 0.3, 1e-4)


def test_the_limit_s_derivative_is_undecided_where_it_is_farther_off() -> None:
    result = gradcheck.check_vjp(coarse, of_the_limit, A)
    assert result.verdict == "UNDECIDED", result.to_text()
    assert result.codes[0] == "GC034"
    assert "meant=" in result.findings[0].kind.help


def test_said_what_is_meant_it_passes() -> None:
    assert gradcheck.check_vjp(heron, of_the_limit, A, meant=np.sqrt)
    assert gradcheck.check_vjp(heron, of_the_code, A, meant=np.sqrt).verdict == "FAIL"
    assert gradcheck.check_vjp(heron, lambda c, a: c / np.sqrt(a), A, meant=np.sqrt).verdict == "FAIL"


@pytest.mark.parametrize(("accuracy", "expected"), [(1e-3, "PASS"), (1e-12, "UNDECIDED")])
def test_said_how_accurate_it_is(accuracy: float, expected: str) -> None:
    result = gradcheck.check_vjp(heron, of_the_limit, A, accuracy=accuracy)
    assert result.verdict == expected, result.to_text()


def test_accuracy_excuses_no_more_than_it_says() -> None:
    wrong = gradcheck.check_vjp(heron, lambda c, a: of_the_limit(c, a) * 1.01, A, accuracy=1e-4)
    assert wrong.verdict == "FAIL"


@pytest.mark.parametrize("factor", [2.0, -1.0, 0.0, 1.1])
def test_an_error_that_running_on_does_not_shrink_fails(factor: float) -> None:
    result = gradcheck.check_vjp(heron, lambda c, a: factor * of_the_limit(c, a), A)
    assert result.verdict == "FAIL"
    assert "GC012" in result.codes


def test_without_a_comparison_the_function_is_what_is_written() -> None:
    """Two steps are two steps: there is no loop that could run on."""
    result = gradcheck.check_vjp(fixed, of_the_limit, A)
    assert result.verdict == "FAIL"
    assert "GC034" not in result.codes


def test_jvps_of_truncated_iterations() -> None:
    result = gradcheck.check_jvp(heron, lambda p, t: of_the_limit(t[0], p[0]), A)
    assert (result.verdict, result.codes[0]) == ("PASS", "GC092")
    assert gradcheck.check_jvp(heron, lambda p, t: of_the_limit(t[0], p[0]), A, meant=np.sqrt)
    assert gradcheck.check_jvp(heron, lambda p, t: of_the_code(t[0], p[0]), A)


def test_a_loop_that_converged_has_both_derivatives() -> None:
    def converged(a: Any) -> Any:
        x = a * 0.5 + 0.5
        for _ in range(60):
            step = 0.5 * (a / x - x)
            x = x + step
            if np.max(np.abs(step)) < 1e-14:
                break
        return x

    assert gradcheck.check_vjp(converged, of_the_limit, A)
    assert gradcheck.check_vjp(converged, lambda c, a: 1.001 * of_the_limit(c, a), A).verdict == "FAIL"
