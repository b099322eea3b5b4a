"""An f whose value differs slightly from call to call: no right derivative fails, and no plainly wrong one passes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import gradcheck

A = np.array([0.7, 1.2, -0.4])


def root(b: Any) -> Any:
    """x with x^3 + x = b, by sixty steps of Newton."""
    x = 1.0 + 0.0 * b
    for _ in range(60):
        x = x - (x**3 + x - b) / (3 * x * x + 1)
    return x


def exact(a: Any) -> Any:
    return root(np.sum(a**2))


def gradient(a: Any) -> Any:
    x = exact(a)
    return 2 * a / (3 * x * x + 1)


class Warm:
    """The same root by short steps from where the last call ended, until the residual is below a tolerance."""

    def __init__(self, tolerance: float) -> None:
        self.tolerance, self.start = tolerance, 1.0

    def __call__(self, a: Any) -> Any:
        x, b = self.start, np.sum(a**2)
        for _ in range(200):
            residual = x**3 + x - b
            x = x - 0.2 * residual / (1 + b)
            if abs(residual) < self.tolerance:
                break
        self.start = float(x) if abs(x) < 10 else 1.0
        return x


class Noisy:
    """The root and a little noise, in turn added and taken away."""

    def __init__(self, noise: float) -> None:
        self.noise = noise

    def __call__(self, a: Any) -> Any:
        self.noise = -self.noise
        return exact(a) + self.noise


@pytest.mark.parametrize("tolerance", [1e-4, 1e-7, 1e-10, 1e-12])
def test_a_solver_with_a_warm_start_is_undecided(tolerance: float) -> None:
    result = gradcheck.check_gradient(Warm(tolerance), gradient, A)
    assert result.verdict == "UNDECIDED", result.to_text()
    assert result.codes[0] in ("GC117", "GC118")


@pytest.mark.parametrize("noise", [1e-12, 1e-8, 1e-5])
def test_a_little_noise_is_undecided_and_says_both_values(noise: float) -> None:
    result = gradcheck.check_gradient(Noisy(noise), gradient, A)
    assert (result.verdict, result.codes[0]) == ("UNDECIDED", "GC118"), result.to_text()
    first, second = (float(result.findings[0].facts[name]) for name in ("first", "second"))
    assert abs(first - second) == pytest.approx(2 * noise, rel=1e-3)


@pytest.mark.parametrize("tolerance", [1e-4, 1e-7, 1e-10, 1e-12])
@pytest.mark.parametrize("factor", [2.0, -1.0, 0.0])
def test_what_differences_contradict_fails(tolerance: float, factor: float) -> None:
    assert gradcheck.check_gradient(Warm(tolerance), lambda a: factor * gradient(a), A).verdict == "FAIL"


@pytest.mark.parametrize("factor", [1.1, 2.0])
def test_one_wrong_entry_is_enough(factor: float) -> None:
    wrong = np.array([1.0, factor, 1.0])
    assert gradcheck.check_gradient(Noisy(1e-8), lambda a: wrong * gradient(a), A).verdict == "FAIL"


@pytest.mark.parametrize(("noise", "verdict"), [(4e-4, "UNDECIDED"), (6e-4, "FAIL")])
def test_how_much_is_slight(noise: float, verdict: str) -> None:
    """The values are twice the noise apart, and about 1: no more than a thousandth is slight."""
    assert gradcheck.check_gradient(Noisy(noise), gradient, A).verdict == verdict


@pytest.mark.parametrize("f", [Warm(1e-8), Noisy(1e-8)], ids=["warm", "noisy"])
def test_said_what_is_meant_it_passes(f: Any) -> None:
    assert gradcheck.check_gradient(f, gradient, A, meant=exact).verdict == "PASS"
    assert gradcheck.check_gradient(f, lambda a: 1.001 * gradient(a), A, meant=exact).verdict == "FAIL"


def test_a_value_that_drifts_away_is_not_slight() -> None:
    """Two in a row are as near as one likes in the end, and far from the first."""
    mean = [np.zeros(3)]

    def drifting(a: Any) -> Any:
        mean[0] = 0.9 * mean[0] + 0.1 * a
        return np.sum((a - mean[0]) ** 2)

    result = gradcheck.check_gradient(drifting, lambda a: 2 * (a - a.mean()), A)
    assert (result.verdict, "GC021" in result.codes) == ("FAIL", True), result.to_text()


def test_a_derivative_that_differs_from_call_to_call_fails() -> None:
    calls: list[int] = []

    def differing(a: Any) -> Any:
        calls.append(1)
        return gradient(a) * (1 + 1e-3 * len(calls))

    assert "GC021" in gradcheck.check_gradient(exact, differing, A).codes
