"""Solvers in f or in its derivative: the exact slope is never called wrong, and one that is off by 1 % always is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy.optimize import newton
from scipy.sparse.linalg import cg

from gradcheck import check_gradient

M = np.diag(np.arange(1.0, 6.0)) + 0.1
B = np.sin(np.arange(5.0))
COST = np.array([[0.0, 1.0], [2.0, 0.5]])
ROWS, COLUMNS = np.array([0.3, 0.7]), np.array([0.6, 0.4])


def secant(a: Any) -> Any:
    return newton(lambda x: x**3 + x - a, 1.0)


def cardano(a: Any) -> Any:
    """1 / (3 x^2 + 1) at the real root x of x^3 + x = a, in closed form."""
    root = np.sqrt(a * a / 4 + 1 / 27)
    x = np.cbrt(a / 2 + root) + np.cbrt(a / 2 - root)
    return 1 / (3 * x * x + 1)


def solved(b: Any) -> Any:
    return np.sum(np.linalg.solve(M, b) ** 2)


def adjoint(rtol: float) -> Callable[[Any], Any]:
    return lambda b: cg(M, 2 * np.linalg.solve(M, b), rtol=rtol)[0]


def plan(cost: Any) -> Any:
    """Sinkhorn's iteration, until the scaling of the rows changes by less than 1e-9."""
    kernel = np.exp(-cost / 0.5)
    u = np.ones(2)
    for _ in range(500):
        v = COLUMNS / (kernel.T @ u)
        following = ROWS / (kernel @ v)
        done = np.max(np.abs(following - u)) < 1e-9
        u = following
        if done:
            break
    return u[:, None] * kernel * v[None, :]


def transport(cost: Any) -> Any:
    p = plan(cost)
    return np.sum(p * cost) + 0.5 * np.sum(p * (np.log(p) - 1))


TWINS: dict[str, tuple[Callable[..., Any], Callable[..., Any], Any]] = {
    "newton without fprime": (secant, cardano, 2.0),
    "cg at 1e-12": (solved, adjoint(1e-12), B),
    "cg at 1e-10": (solved, adjoint(1e-10), B),
    "cg at 1e-8": (solved, adjoint(1e-8), B),
    "Sinkhorn stopped at 1e-9": (transport, plan, COST),
}


@pytest.mark.parametrize("name", TWINS)
def test_the_exact_slope_is_not_called_wrong(name: str) -> None:
    f, slope, x = TWINS[name]
    result = check_gradient(f, slope, x)
    assert result.verdict in ("PASS", "UNDECIDED"), result.to_text()


@pytest.mark.parametrize("name", TWINS)
def test_one_percent_is_wrong(name: str) -> None:
    f, slope, x = TWINS[name]
    assert check_gradient(f, lambda x: 1.01 * slope(x), x).verdict == "FAIL"
