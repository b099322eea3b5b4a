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


PHI = np.array([0.2, 0.5, 0.8])
SHORT = 1e-4


def effective(s: Any, phi: Any) -> Any:
    """One step towards the conductivity of a medium of two phases, 1 and 5 (Bruggeman's equation)."""
    a, b = phi / (5 + 2 * s), (1 - phi) / (1 + 2 * s)
    return (5 * a + b) / (a + b)


def of_the_medium(c: Any, phi: Any) -> Any:
    """The implicit derivative, at the root of 2 s^2 - (3 p - 1) s 5 - (2 - 3 p) s - 5 = 0 in closed form."""
    linear = 5 * (3 * phi - 1) + 2 - 3 * phi
    root = np.sqrt(linear**2 + 40)
    return c * 12 * (1 + linear / root) / 4


def until(ends: Any) -> Any:
    def f(phi: Any) -> Any:
        s = 1 + 4 * phi
        while True:
            after = effective(s, phi)
            done = ends(np.abs(after - s), after, s)
            s = after
            if done:
                return s

    return f


def one_by_one(phi: Any) -> Any:
    found = []
    for p in phi:
        s, apart = 1 + 4 * p, 1.0
        while apart > SHORT:
            after = effective(s, p)
            s, apart = after, abs(after - s)
        found.append(s)
    return np.array(found)


def unfinished_alone(phi: Any) -> Any:
    s, going = 1 + 4 * phi, np.ones(phi.shape, bool)
    while going.any():
        after = np.where(going, effective(s, phi), s)
        s, going = after, going & (np.abs(after - s) > SHORT)
    return s


class FromTheFirst:
    """Begins where its first call ended: at the given point one turn is enough."""

    def __init__(self) -> None:
        self.start: Any = None

    def __call__(self, phi: Any) -> Any:
        s = 1 + 4 * phi if self.start is None else self.start
        while True:
            after = effective(s, phi)
            done = np.all(np.abs(after - s) <= SHORT)
            s = after
            if done:
                break
        if self.start is None:
            self.start = np.array(s)
        return s


LOOPS: dict[str, Any] = {
    "all": until(lambda apart, after, s: np.all(apart <= SHORT)),
    "all, a method": until(lambda apart, after, s: (apart <= SHORT).all()),
    "not any": until(lambda apart, after, s: not np.any(apart > SHORT)),
    "allclose": until(lambda apart, after, s: np.allclose(after, s, rtol=SHORT, atol=0)),
    "isclose": until(lambda apart, after, s: np.isclose(after, s, rtol=SHORT, atol=0).all()),
    "Python's all": until(lambda apart, after, s: all(a <= SHORT for a in apart)),
    "one by one": one_by_one,
    "unfinished alone": unfinished_alone,
    "from the first": FromTheFirst(),
}


@pytest.mark.parametrize("name", LOOPS)
def test_a_loop_that_ends_where_all_entries_are_near_is_undecided(name: str) -> None:
    result = gradcheck.check_vjp(LOOPS[name], of_the_medium, PHI)
    assert (result.verdict, result.codes[0]) == ("UNDECIDED", "GC034"), result.to_text()


@pytest.mark.parametrize("name", LOOPS)
@pytest.mark.parametrize("wrong", [1.3, -1.0, np.array([1, 1, 1.002])], ids=["third", "sign", "one entry"])
def test_what_no_longer_loop_comes_closer_to_fails(name: str, wrong: Any) -> None:
    assert gradcheck.check_vjp(LOOPS[name], lambda c, phi: wrong * of_the_medium(c, phi), PHI).verdict == "FAIL"


def test_a_branch_that_is_no_loop_excuses_nothing() -> None:
    def f(x: Any) -> Any:
        y = np.exp(x) if np.all(x < 3) else x**2
        return y * 2 if y[0] < 5 else y

    assert gradcheck.check_vjp(f, lambda c, x: 2.01 * c * np.exp(x), PHI).verdict == "FAIL"
