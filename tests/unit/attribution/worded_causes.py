"""Derivatives with one mistake each, and the words that must name it; a file of its own, whose lines are quoted."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

rng = np.random.default_rng(31)
X, Y = rng.standard_normal((6, 3)), rng.standard_normal(6)
SQUARE, MIDDLE = rng.standard_normal((3, 3)), rng.standard_normal((3, 3))
MASK = np.array([1.0, 0.0, 1.0, 1.0, 0.0, 1.0])
TARGETS = rng.uniform(0.1, 1.0, 6)


class Worded(NamedTuple):
    """A wrong derivative, and words of the sentence that names its mistake."""

    check: str
    f: Callable[..., Any]
    derivative: Callable[..., Any]
    inputs: tuple[Any, ...]
    words: str


def recurrent(u: Any, h: Any) -> Any:
    for t in range(4):
        h = np.tanh(u @ h + X[t])
    return h @ h


def late_states(u: Any, h: Any) -> Any:
    states = [h]
    for t in range(4):
        states.append(np.tanh(u @ states[-1] + X[t]))
    du, dh = np.zeros_like(u), 2 * states[-1]
    for t in (3, 2, 1, 0):
        da = dh * (1 - states[t + 1] ** 2)
        du += np.outer(da, states[t + 1])
        dh = u.T @ da
    return du, dh


def swinging(q: Any) -> Any:
    return -np.cos(q[0]) - 0.7 * np.cos(q[0] + q[1])


def wrong_angle(q: Any) -> Any:
    one, both = np.sin(q[0]), np.sin(q[0] + q[1])
    return np.array([one + 0.7 * both, 0.7 * one])


def filtered(a: Any, x: Any) -> Any:
    return np.sum((x[1:] - a * x[:-1]) ** 2)


def shifted(a: Any, x: Any) -> Any:
    e = x[1:] - a * x[:-1]
    dx = np.zeros_like(x)
    dx[1:] += 2 * e
    dx[:-1] -= 2 * a * e
    return -2 * e @ x[1:], dx


def centred(x: Any) -> Any:
    return np.sum((x - x.mean(axis=0)) ** 3)


def over_rows(x: Any) -> Any:
    d = 3 * (x - x.mean(axis=0)) ** 2
    return d - d.mean(axis=1, keepdims=True)


def factorised(v: Any) -> Any:
    return 0.5 * np.sum(((X @ v) ** 2 - X**2 @ v**2) ** 2)


def square_lost(v: Any) -> Any:
    d = (X @ v) ** 2 - X**2 @ v**2
    return 2 * X.T @ (d * (X @ v)) - 2 * v * (X.T @ d)


def inverse_trace(a: Any) -> Any:
    return np.trace(np.linalg.inv(a) @ MIDDLE)


def inverse_lost(a: Any) -> Any:
    inverse = np.linalg.inv(a)
    return -(inverse @ MIDDLE).T


def quadratic(a: Any, x: Any) -> Any:
    return x @ a @ x


def masked(w: Any) -> Any:
    errors = MASK * (X @ w - Y)
    return 0.5 * np.sum(errors**2)


def windows(x: Any) -> Any:
    y = np.array([np.sum(x[i : i + 3] ** 2) for i in range(6)])
    return np.sum(np.sin(y))


def window_short(x: Any) -> Any:
    g = np.zeros_like(x)
    for i in range(5):
        g[i : i + 3] += np.cos(np.sum(x[i : i + 3] ** 2)) * 2 * x[i : i + 3]
    return g


def ridge(w: Any, b: Any) -> Any:
    return 0.5 * np.mean((X @ w + b - Y) ** 2) + 0.05 * np.sum(w**2)


def bias_penalised(w: Any, b: Any) -> Any:
    r = X @ w + b - Y
    return X.T @ r / 6 + 0.1 * w, r.mean() + 0.1 * b


def log_softmax(z: Any) -> Any:
    return z - np.log(np.exp(z).sum(axis=1, keepdims=True))


def sum_lost(c: Any, z: Any) -> Any:
    return c - np.exp(log_softmax(z))


def smoothed(w: Any) -> Any:
    return np.sum(np.log1p(np.exp(X @ w)) - (0.9 * TARGETS + 0.05) * (X @ w))


def unsmoothed(w: Any) -> Any:
    return X.T @ (1 / (1 + np.exp(-X @ w)) - TARGETS)


def penalty(w: Any) -> Any:
    return np.sum(np.sin(w)) + 0.3 * w @ w


def morse(r: Any, a: Any) -> Any:
    return np.sum((1 - np.exp(-a * (r - 1.2))) ** 2)


def inner_lost(r: Any, a: Any) -> Any:
    e = np.exp(-a * (r - 1.2))
    return 2 * (1 - e) * e, np.sum(2 * (1 - e) * e * (r - 1.2))


def products(x: Any) -> Any:
    return np.cumprod(x)


def growing(w: Any) -> Any:
    return np.sum(np.exp(0.5 * X @ w))


WORDED: dict[str, Worded] = {
    "a state of another turn": Worded(
        "gradient", recurrent, late_states, (0.5 * SQUARE, X[4]), "takes its operands from different turns of the loop"
    ),
    "a number for another one": Worded(
        "gradient", swinging, wrong_angle, (X[0, :2],), "wrong second operand, where np.sin(q[0] + q[1]) of line"
    ),
    "a slice one place off": Worded("gradient", filtered, shifted, (np.array(0.4), Y), "starts one place too late"),
    "a mean over the other axis": Worded(
        "gradient", centred, over_rows, (MIDDLE,), "averages over the wrong axes, where axis 0 is due"
    ),
    "a square lost": Worded("gradient", factorised, square_lost, (X[1],), "lacks the square of its first factor"),
    "a matrix lost": Worded(
        "gradient", inverse_trace, inverse_lost, (SQUARE + 3 * np.eye(3),), "lacks a matrix factor, np.linalg.inv(a)"
    ),
    "a matrix taken for symmetric": Worded(
        "gradient", quadratic, lambda a, x: (np.outer(x, x), 2 * a @ x), (SQUARE, X[0]), "in place of another use"
    ),
    "a mask lost": Worded("gradient", masked, lambda w: X.T @ (X @ w - Y), (X[2],), "without the mask there"),
    "one turn too few": Worded("gradient", windows, window_short, (np.r_[Y, 0.3, 0.8],), "in the last of 6 turns"),
    "a penalty on a bias": Worded(
        "gradient", ridge, bias_penalised, (X[0], np.array(0.7)), "has, too many, a term of 0.1 times b itself"
    ),
    "a cotangent's sum lost": Worded("vjp", log_softmax, sum_lost, (X[:2],), "by the sum of what comes in there"),
    "a constant array for another one": Worded(
        "gradient", smoothed, unsmoothed, (X[3],), "wrong second operand, where the constant array of f's line"
    ),
    "half of a square": Worded(
        "gradient", penalty, lambda w: np.cos(w) + 0.3 * w, (X[1],), "for one of two uses of a value"
    ),
    "the other entries of a running product": Worded(
        "vjp", products, lambda c, x: c * np.cumprod(x) / x, (TARGETS,), "being left out in part"
    ),
    "an argument as a factor": Worded(
        "gradient", morse, inner_lost, (TARGETS, np.array(1.7)), "is 1/a times the right one, with a = 1.7"
    ),
    "a number in an exponent": Worded(
        "gradient", growing, lambda w: X.T @ (0.5 * np.exp(X @ w * 1.5)), (0.3 * X[0],), "where 0.5 is due"
    ),
    "nothing but rounding": Worded(
        "gradient", quadratic, lambda a, x: (np.outer(x, x), 1e-17 * x), (SQUARE, X[0]), "is zero throughout but for"
    ),
}  # fmt: skip
"""By what is wrong."""
