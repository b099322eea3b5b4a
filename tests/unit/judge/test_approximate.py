"""Functions that approximate something: a small error is UNDECIDED, and says what settles it; a large one FAILs."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import pytest
from scipy.integrate import cumulative_trapezoid, romb, simpson, solve_ivp, trapezoid
from scipy.optimize import brentq, newton, rosen, rosen_der
from scipy.sparse.linalg import cg

import gradcheck
from gradcheck.judge import approximate

M = np.diag(np.arange(1.0, 21.0)) + 0.1
B = np.sin(np.arange(20.0))


def root(a: Any) -> Any:
    return brentq(lambda x: x**3 + x - a, 0, 5, xtol=1e-8)


def secant(a: Any) -> Any:
    return newton(lambda x: x**3 + x - a, 1.0)


def decay(k: Any) -> Any:
    return solve_ivp(lambda t, y: -k * y, (0, 1), [1.0]).y[0, -1]


def fixed_point(a: Any) -> Any:
    x = np.cos(a)
    for _ in range(200):
        following = np.cos(a * x)
        if abs(following - x) < 1e-8:
            break
        x = following
    return x


def solved(b: Any) -> Any:
    return np.sum(np.linalg.solve(M, b) ** 2)


def solved_slope(b: Any, rtol: float = 1e-6) -> Any:
    return cg(M, 2 * np.linalg.solve(M, b), rtol=rtol)[0]


def slope_of_fixed_point(a: Any) -> Any:
    x = 0.5
    for _ in range(400):
        x = np.cos(a * x)
    return -x * np.sin(a * x) / (1 + a * np.sin(a * x))


CASES: dict[str, tuple[Any, Any, Any, str]] = {
    "brentq": (root, lambda a: 1 / (3 * root(a) ** 2 + 1), 2.0, "f calls scipy.optimize"),
    "newton": (secant, lambda a: 1 / (3 * secant(a) ** 2 + 1), 2.0, "f calls scipy.optimize"),
    "solve_ivp at its default": (decay, lambda k: -np.exp(-k), 0.7, "f calls scipy.integrate"),
    "cg in the derivative": (solved, solved_slope, B, "the derivative calls scipy.sparse.linalg"),
}


@pytest.mark.parametrize("name", CASES)
def test_an_error_of_an_approximation_is_undecided_and_says_what_settles_it(name: str) -> None:
    f, slope, x, why = CASES[name]
    result = gradcheck.check_gradient(f, slope, x)
    assert result.verdict == "UNDECIDED", result.to_text()
    (told,) = [found for found in result.findings if found.code == "GC038"]
    assert why in told.sentence
    settled = gradcheck.check_gradient(f, slope, x, accuracy=float(told.facts["accuracy"]))
    assert settled.verdict == "PASS", settled.to_text()


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("factor", [1.01, 2.0, -1.0])
def test_an_error_beyond_that_fails(name: str, factor: float) -> None:
    f, slope, x, _ = CASES[name]
    assert gradcheck.check_gradient(f, lambda x: factor * slope(x), x).verdict == "FAIL"


def test_a_loop_that_ends_on_a_comparison_and_the_slope_of_what_was_meant() -> None:
    """Whether GC034 (it shrinks where the loop runs on) or GC038 says so: nobody is called wrong for it."""
    result = gradcheck.check_gradient(fixed_point, slope_of_fixed_point, 0.9)
    assert result.verdict == "UNDECIDED", result.to_text()
    wrong = gradcheck.check_gradient(fixed_point, lambda a: 1.001 * slope_of_fixed_point(a), 0.9)
    assert wrong.verdict == "FAIL", wrong.to_text()


def kepler(M: Any, e: Any, tolerance: float = 1e-12) -> Any:
    E = M
    for _ in range(500):
        following = M + e * np.sin(E)
        if abs(following - E) < tolerance:
            break
        E = following
    return E


def kepler_by_sixty(M: Any, e: Any) -> Any:
    E = M
    for _ in range(60):
        E = M + e * np.sin(E)
    return E


def kepler_slopes(M: Any, e: Any, tolerance: float = 1e-12) -> Any:
    E = kepler(M, e, tolerance)
    return 1 / (1 - e * np.cos(E)), np.sin(E) / (1 - e * np.cos(E))


@pytest.mark.parametrize("f", [kepler, kepler_by_sixty])
def test_an_error_far_below_what_matters_is_a_warning(f: Any) -> None:
    """The loop stops at 1e-12, in f and its derivative or in the derivative alone."""
    result = gradcheck.check_gradient(f, kepler_slopes, 1.0, 0.3)
    assert result.verdict == "PASS", result.to_text()
    assert result.warned
    assert "ends on a comparison" in next(found.sentence for found in result.findings if found.code == "GC092")
    rough = gradcheck.check_gradient(f, lambda M, e: kepler_slopes(M, e, 1e-6), 1.0, 0.3)
    assert rough.verdict == "UNDECIDED", rough.to_text()
    wrong = gradcheck.check_gradient(f, lambda M, e: tuple(1.001 * s for s in kepler_slopes(M, e)), 1.0, 0.3)
    assert wrong.verdict == "FAIL"


def test_a_small_error_of_an_exact_function_is_undecided_for_another_reason() -> None:
    result = gradcheck.check_gradient(lambda x: np.sum(x**3), lambda x: 3.0000001 * x**2, B)
    assert (result.verdict, result.codes[0]) == ("UNDECIDED", "GC093")


def test_a_profiler_keeps_its_place() -> None:
    def profiler(*_: Any) -> None:
        return None

    sys.setprofile(profiler)
    try:
        assert approximate._called(lambda: root(2.0)) == ""
        assert sys.getprofile() is profiler
    finally:
        sys.setprofile(None)
    assert approximate._called(lambda: root(2.0)) == "scipy.optimize"
    assert sys.getprofile() is None


class TestKinksOfLoops:
    """A loop that ends on a comparison which rounding decides: its outcomes differ by what the loop leaves undone."""

    @staticmethod
    def _f(x: Any) -> Any:
        """sqrt(x) by Heron's rule, until a step is below what the last one is at 2."""
        y = x
        for _ in range(50):
            z = (y + x / y) / 2
            if abs(z - y) <= LAST:
                return z
            y = z
        return y

    @pytest.mark.parametrize(("error", "verdict"), [(0.0, "PASS"), (1e-11, "PASS"), (1e-4, "FAIL")])
    def test_its_meant_derivative(self, error: float, verdict: str) -> None:
        result = gradcheck.check_gradient(self._f, lambda x: (1 + error) / (2 * np.sqrt(x)), 2.0, elsewhere=False)
        assert result.verdict == verdict


def _last_step() -> float:
    """|z - y| at the fifth step from 2, as the loop computes it."""
    y = 2.0
    for _ in range(4):
        y = (y + 2.0 / y) / 2
    return abs((y + 2.0 / y) / 2 - y)


LAST = _last_step()


@pytest.mark.parametrize("formula", [rosen, rosen_der, trapezoid, cumulative_trapezoid, simpson, romb])
def test_a_formula_that_lives_beside_solvers_is_none(formula: Any) -> None:
    assert approximate._called(lambda: formula(np.linspace(0.5, 1.5, 5))) == ""


def test_a_wrong_gradient_of_a_formula_beside_solvers_fails() -> None:
    """By hand: the Rosenbrock function of two numbers is 100 (b - a^2)^2 + (1 - a)^2."""
    x = np.array([1.3, 0.7])

    def gradient(x: Any) -> Any:
        a, b = x
        return np.array([-400 * a * (b - a * a) - 2 * (1 - a), 200 * (b - a * a)])

    assert gradcheck.check_gradient(rosen, gradient, x, elsewhere=False).verdict.value == "PASS"
    wrong = gradcheck.check_gradient(rosen, lambda x: gradient(x) * np.array([1.0, 1.0001]), x, elsewhere=False)
    assert wrong.verdict.value == "FAIL"
