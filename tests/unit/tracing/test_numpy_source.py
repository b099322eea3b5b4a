"""NumPy functions whose own Python source runs on traced arrays, against differences of the function itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import gradcheck
from gradcheck.tracing import explore

X = np.array([0.13, -0.7, 1.4, 0.9, -0.4])
A = np.array([[1.2, 0.3, -0.5], [0.1, -0.8, 0.7], [0.4, 0.6, 1.5]])
WEIGHTS = np.array([0.7, -1.3, 0.2, 1.9, -0.4, 0.8, -0.6, 1.1, 0.3, -0.9])


def _weighed(y: Any) -> Any:
    return np.sum(np.ravel(y) * WEIGHTS[: np.size(y)])


FUNCTIONS: dict[str, Callable[[Any], Any]] = {
    "piecewise": lambda x: np.piecewise(x, [x < 0, x >= 0], [lambda t: t**2, lambda t: t**3]),
    "piecewise with a number": lambda x: np.piecewise(x, [x < 0], [lambda t: t**2, 2.0]),
    "gradient": lambda x: np.gradient(x**2, 0.5, edge_order=2),
    "gradient along an axis": lambda x: np.gradient(x[:4].reshape(2, 2) ** 2, axis=1),
    "gradient at uneven places": lambda x: np.gradient(x**2, np.array([0.0, 1.0, 3.0, 4.0, 4.5])),
    "corrcoef": lambda x: np.corrcoef(x, x[::-1] ** 2)[0, 1],
    "unwrap": lambda x: np.unwrap(4 * x),
    "ediff1d": lambda x: np.ediff1d(x**2),
    "linspace": lambda x: np.linspace(x[0], x[1] ** 2, 4),
    "poly": np.poly,
    "polyder": lambda x: np.polyder(x**2),
    "polysub": lambda x: np.polysub(x, x[:3] ** 2),
    "fftshift": lambda x: np.fft.fftshift(x) ** 2,
}
OF_MATRICES: dict[str, Callable[[Any], Any]] = {
    "cond": np.linalg.cond,
    "matrix_norm": np.linalg.matrix_norm,
    "svdvals": np.linalg.svdvals,
    "cross": lambda a: np.linalg.cross(a, a[::-1] ** 2),
}


@pytest.mark.parametrize("name", [*FUNCTIONS, *OF_MATRICES])
def test_its_derivative_is_that_of_differences(name: str) -> None:
    f, point = (FUNCTIONS[name], X) if name in FUNCTIONS else (OF_MATRICES[name], A)
    (gradient,) = explore(lambda x: _weighed(f(x)), (point,)).vjp().parts
    slopes = np.zeros_like(point)
    for at in np.ndindex(point.shape):
        step = np.zeros_like(point)
        step[at] = 1e-6
        slopes[at] = (_weighed(f(point + step)) - _weighed(f(point - step))) / 2e-6
    np.testing.assert_allclose(gradient.midpoint, slopes, rtol=1e-7, atol=1e-8)


def test_the_other_pieces_of_a_function_are_looked_at() -> None:
    def f(x: Any) -> Any:
        return np.sum(np.piecewise(x, [x < 0, x >= 0], [lambda t: t**2, lambda t: t**3]))

    x = np.array([0.5, 2.0])
    assert gradcheck.check_gradient(f, lambda x: np.where(x < 0, 2 * x, 3 * x**2), x)
    assert gradcheck.check_gradient(f, lambda x: 3 * x**2, x).verdict is gradcheck.Verdict.FAIL
