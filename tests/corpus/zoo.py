"""Smooth functions, written once for a namespace: NumPy itself, or mpmath's twins of NumPy's names (`truth.py`)."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from . import truth


@dataclass(frozen=True)
class Row:
    """A function of the zoo, written for a namespace `m` (NumPy, or mpmath's twins), and where it is asked."""

    name: str
    f: Callable[..., Any]
    shapes: tuple[tuple[int, ...], ...]
    low: float = -1.0  # log10 of the inputs' scale, drawn uniformly between these
    high: float = 0.5
    positive: bool = False


def rk4(m: Any, x: Any) -> Any:
    for _ in range(3):
        k1 = m.sin(x)
        k2 = m.sin(x + 0.05 * k1)
        k3 = m.sin(x + 0.05 * k2)
        x = x + 0.1 / 6 * (k1 + 4 * k2 + k3)
    return (x * x).sum()


def layer_norm(m: Any, x: Any, g: Any) -> Any:
    centred = x - x.sum() / len(x)
    return m.tanh(g * centred / m.sqrt((centred * centred).sum() / len(x) + 1e-5))


def softmax(m: Any, x: Any) -> Any:
    e = m.exp(x - 0.5)
    return e / e.sum()


def newton(m: Any, x: Any) -> Any:
    y = x
    for _ in range(5):
        y = 0.5 * (y + x / y)
    return y.sum()


def linear_solve(m: Any, a: Any, b: Any) -> Any:
    shifted = a + 6.0 * np.eye(3)
    return np.linalg.solve(shifted, b) if m is np else truth.solve(shifted, b)


def determinant(m: Any, a: Any) -> Any:
    shifted = a + 4.0 * np.eye(3)
    return np.linalg.det(shifted) if m is np else truth.det(shifted)


V, W = (5,), (3, 4)
ZOO = (
    Row("sin", lambda m, x: m.sin(x).sum(), (V,), -6, 2),
    Row("sin 1000", lambda m, x: m.sin(1000 * x).sum(), (V,), -3, 0),
    Row("exp 30", lambda m, x: m.exp(30 * x).sum(), (V,), -4, 0),
    Row("exp small", lambda m, x: m.exp(x), (V,), -8, 1),
    Row("log", lambda m, x: m.log(x), (V,), -8, 8, True),
    Row("sqrt", lambda m, x: m.sqrt(x).sum(), (V,), -8, 8, True),
    Row("reciprocal", lambda m, x: 1 / x, (V,), -6, 6, True),
    Row("tanh", lambda m, x: m.tanh(x), (V,), -6, 1.3),
    Row("sigmoid", lambda m, x: 1 / (1 + m.exp(-x)), (V,), -4, 1.5),
    Row("softplus", lambda m, x: m.log1p(m.exp(x)).sum(), (V,), -4, 1.3),
    Row("expm1 ratio", lambda m, x: (m.expm1(x) / x).sum(), (V,), -5, 0.5),
    Row("log1p", lambda m, x: m.log1p(x * x).sum(), (V,), -8, 4),
    Row("arctan2", lambda m, x, y: m.arctan2(x, y).sum(), (V, V), -6, 6, True),
    Row("arcsin", lambda m, x: m.arcsin(m.sin(x) * 0.9).sum(), (V,), -4, 0),
    Row("cosh", lambda m, x: m.cosh(x), (V,), -4, 1),
    Row("polynomial", lambda m, x: (((3 * x - 2) * x + 1) * x - 7) * x, (V,), -6, 6),
    Row("cancellation", lambda m, x: ((1e4 + x) * (1e4 - x) - 1e8).sum(), (V,), -1, 2),
    Row("large offset", lambda m, x: (1e8 + m.sin(x)).sum(), (V,), -2, 1),
    Row("rational", lambda m, x, y: ((x * y - 1) / (1 + x * x + y * y)).sum(), (V, V), -4, 4),
    Row("power", lambda m, x, y: m.power(x, y).sum(), (V, V), -1, 0.5, True),
    Row("cube root", lambda m, x: (x ** (1 / 3)).sum(), (V,), -8, 8, True),
    Row("norm", lambda m, x: m.sqrt((x * x).sum()), (V,), -8, 8),
    Row("mean over variance", lambda m, x: x.sum() / ((x - x.sum() / 5) ** 2).sum(), (V,), -3, 3, True),
    Row("product", lambda m, x: x.prod(), (V,), -3, 3),
    Row("cumsum", lambda m, x: m.sin(x.cumsum()), (V,), -4, 1),
    Row("softmax", softmax, (V,), -4, 1),
    Row("logsumexp", lambda m, x: m.log(m.exp(x).sum()), (V,), -4, 1.3),
    Row("entropy", lambda m, x: (x * m.log(x)).sum(), (V,), -6, 3, True),
    Row("cross entropy", lambda m, x, y: (y * m.log(softmax(m, x))).sum(), (V, V), -2, 0.7),
    Row("quadratic form", lambda m, a, x: x[:3] @ a @ x[1:], (W, V), -3, 3),
    Row("matrix product", lambda m, a, b: a @ b.T, (W, W), -6, 6),
    Row("two layers", lambda m, a, x: m.tanh(m.tanh(x[:4] @ a.T) @ a), (W, V), -2, 0.5),
    Row("attention", lambda m, a, b: softmax(m, (a @ b.T).reshape(-1)) * 3.0, (W, W), -2, 0.3),
    Row("layer norm", layer_norm, (V, V), -3, 3),
    Row("gather", lambda m, x: (x[[0, 2, 2, 4]] * x[::-1][:4]).sum(), (V,), -5, 5),
    Row("outer", lambda m, x, y: m.sin(x[:, None] * y[None, :]), ((3,), (2,)), -3, 1),
    Row("Rosenbrock", lambda m, x: (100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2).sum(), (V,), -2, 2),
    Row("Runge-Kutta", rk4, (V,), -2, 1),
    Row("Newton's square root", newton, (V,), -1, 2, True),
    Row("solve", linear_solve, ((3, 3), (3,)), -2, 0),
    Row("determinant", determinant, ((3, 3),), -2, 0),
    Row("erf by series", lambda m, x: (x - x**3 / 3 + x**5 / 10 - x**7 / 42).sum(), (V,), -6, 0),
    Row("convolution", lambda m, x, k: m.tanh(x[:-2] * k[0] + x[1:-1] * k[1] + x[2:] * k[2]), (V, (3,)), -3, 1),
    Row("deep chain", lambda m, x: m.sin(m.exp(m.sin(m.exp(m.sin(m.exp(m.sin(x))))))).sum(), (V,), -3, 1),
)  # fmt: skip
