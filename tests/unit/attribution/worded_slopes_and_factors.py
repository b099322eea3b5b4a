"""Wrong derivatives by a slope, a factor or a number for another one, with words that name what is wrong."""

from typing import Any

import numpy as np
from worded_axes_and_turns import Worded  # found beside this file by whoever loads it by its path

from gradcheck.attribution.mistake import Mistake

rng = np.random.default_rng(612)
X = rng.standard_normal((4, 3))
V = rng.standard_normal(3)
RECURRENT = (rng.standard_normal((3, 3)), 0.5 * rng.standard_normal((3, 3)))
SERIES = (rng.standard_normal((2, 6)), rng.standard_normal((2, 3)))
HITS = np.array([1.0, 0.0, 1.0, 1.0])


def sigmoid(z: Any) -> Any:
    return 1 / (1 + np.exp(-z))


def recurrence(wx: Any, wh: Any) -> Any:
    h = 0.1 * np.ones(3)
    for x in X:
        h = np.tanh(wx @ x + wh @ h)
    return h @ V


def slopes_too_early(wx: Any, wh: Any) -> Any:
    states = [0.1 * np.ones(3)]
    for x in X:
        states.append(np.tanh(wx @ x + wh @ states[-1]))
    dx, dh, g = np.zeros_like(wx), np.zeros_like(wh), V
    for t in (3, 2, 1, 0):
        dz = g * (1 - states[t] ** 2)
        dx, dh, g = dx + np.outer(dz, X[t]), dh + np.outer(dz, states[t]), wh.T @ dz
    return dx, dh


def simpson(x: Any) -> Any:
    k1, k2, k3 = np.sin(x), np.sin(1.3 * x), np.cos(0.4 * x)
    return np.sum((k1 + 1.5 * k2 + 1.5 * k3) / 4)


def evenly(x: Any) -> Any:
    return (np.cos(x) + 1.3 * np.cos(1.3 * x) - 0.4 * np.sin(0.4 * x)) / 4


def penalised(theta: Any) -> Any:
    z = X @ theta
    return np.sum(np.log1p(np.exp(z)) - HITS * z) / 4 + 0.5 / 4 * np.sum(theta[1:] ** 2)


def penalised_throughout(theta: Any) -> Any:
    return X.T @ (sigmoid(X @ theta) - HITS) / 4 + theta / 4


def filtered(x: Any, w: Any) -> Any:
    return sum(w[:, k : k + 1] * x[:, k : k + 4] for k in range(3)).sum(axis=0)


def filtered_the_same_way(c: Any, x: Any, w: Any) -> Any:
    dx = np.zeros_like(x)
    for k in range(3):
        dx[:, k : k + 4] += w[:, 2 - k, None] * c
    return dx, np.stack([(x[:, k : k + 4] * c).sum(1) for k in range(3)], axis=1)


def scaled(x: Any, gain: Any) -> Any:
    bent = np.tanh(x)
    return gain * bent


def scaled_by_raw(c: Any, x: Any, gain: Any) -> Any:
    bent = np.tanh(x)
    return c * gain * (1 - bent**2), (c * x).sum(0)


def above(x: Any) -> Any:
    return np.sum(np.where(x > 0.2, 2.0 * (x - 0.2) ** 2 + x, x))


WORDED: dict[str, Worded] = {
    "slopes of the turn before": Worded(
        "gradient", recurrence, slopes_too_early, RECURRENT, "taken at the output of the turn before",
        Mistake.OTHER_SLOPE,
    ),
    "two constants of one line": Worded(
        "gradient", simpson, evenly, (V,), "lacking the constant factor there", Mistake.PATH_FACTOR
    ),
    "a penalty over the number of samples": Worded(
        "gradient", penalised, penalised_throughout, (V,), "has, too many, a term of 0.25 times theta itself",
        Mistake.LOSS_TERM,
    ),
    "taps turned round": Worded(
        "vjp", filtered, filtered_the_same_way, SERIES, "for w in reverse order along axis 1", Mistake.PERMUTED
    ),
    "an input for what is computed from it": Worded(
        "vjp", scaled, scaled_by_raw, (X, V), "has the wrong second operand", Mistake.SLOPE_AT_OUTPUT
    ),
    "one side of a comparison": Worded(
        "gradient", above, np.ones_like, (X[0],), "taking one of two in all entries", Mistake.BRANCH
    ),
}  # fmt: skip
"""By what is wrong."""
