"""Wrong derivatives by axes, turns of a loop, penalties and lengths, and words that name what is wrong."""

from typing import Any, NamedTuple

import numpy as np

from gradcheck.attribution.mistake import Mistake

rng = np.random.default_rng(611)
SQUARE = rng.standard_normal((3, 3))
X = rng.standard_normal((5, 3))
Y = rng.uniform(0.5, 2.0, 5)
W = 0.4 * rng.standard_normal((3, 3))
PAIR = rng.standard_normal(4)


class Worded(NamedTuple):
    """A wrong derivative, words of the sentence that names its mistake, and the mistake."""

    check: str
    f: Any
    derivative: Any
    inputs: tuple[Any, ...]
    words: str
    kind: Mistake


def row_norms(x: Any) -> Any:
    return np.linalg.norm(x, axis=1)


def norms_of_columns(c: Any, x: Any) -> Any:
    return c[:, None] * x / np.linalg.norm(x, axis=0, keepdims=True)


def norms_along_rows(c: Any, x: Any) -> Any:
    return x * (c / np.linalg.norm(x, axis=1))


def centred(x: Any) -> Any:
    return (x - x.mean(axis=1, keepdims=True)) ** 2


def centred_by_columns(c: Any, x: Any) -> Any:
    d = 2 * c * (x - x.mean(axis=0, keepdims=True))
    return d - d.mean(axis=0, keepdims=True)


def spread(x: Any) -> Any:
    return np.std(x, axis=0)


def uncentred(c: Any, x: Any) -> Any:
    return c * x / (len(x) * x.std(axis=0))


def tiled(x: Any) -> Any:
    return np.tile(x, 2)


def repeated(c: Any, x: Any) -> Any:
    return c.reshape(5, 2).sum(axis=1)


def settled(b: Any) -> Any:
    z = np.zeros(3)
    while True:
        new = np.tanh(W @ z + b)
        if np.max(np.abs(new - z)) < 1e-12:
            return new
        z = new


def last_turn(c: Any, b: Any) -> Any:
    return c * (1 - settled(b) ** 2)


def hunted(p: Any) -> Any:
    a, b = 1.0, 0.6
    for _ in range(4):
        a, b = a + 0.2 * (p[0] * a - p[1] * a * b), b + 0.2 * (p[2] * a * b - p[3] * b)
    return a + 2 * b


def hunted_gradient(p: Any, kept: Any, turns: Any = 4, first: Any = 0) -> Any:
    a, b, s = 1.0, 0.6, np.zeros((2, 4))
    for turn in range(turns):
        rates = np.array([[p[0] - p[1] * b, -p[1] * a], [p[2] * b, p[2] * a - p[3]]])
        own = np.array([[a, -a * b, 0, 0], [0, 0, a * b, -b]])
        s = kept(s, rates) + 0.2 * own * (turn >= first)
        a, b = a + 0.2 * (p[0] * a - p[1] * a * b), b + 0.2 * (p[2] * a * b - p[3] * b)
    return np.array([1.0, 2.0]) @ s


def whole(s: Any, rates: Any) -> Any:
    return s + 0.2 * rates @ s


def fitted(p: Any) -> Any:
    y, loss = 0.3, 0.0
    for target in Y:
        y = y + 0.5 * p[0] * np.sin(y + p[1])
        loss = loss + (y - target) ** 2
    return loss


def fitted_afresh(p: Any) -> Any:
    y, g = 0.3, np.zeros(2)
    for target in Y:
        s = np.array([0.5 * np.sin(y + p[1]), 0.5 * p[0] * np.cos(y + p[1])])
        y = y + 0.5 * p[0] * np.sin(y + p[1])
        g += 2 * (y - target) * s
    return g


def logistic(w: Any) -> Any:
    z = X @ w
    return np.mean(np.logaddexp(0, z) - (Y > 1) * z) + 0.1 * np.sum(w[1:] ** 2)


def first_penalised(w: Any) -> Any:
    p = 1 / (1 + np.exp(-X @ w))
    return X.T @ (p - (Y > 1)) / 5 + 0.2 * w


def fourfold(s: Any) -> Any:
    return 4 * np.sum(np.tanh(s))


def apart(x: Any, y: Any) -> Any:
    return np.sum(x**3 * y)


def potential(x: Any) -> Any:
    r2 = np.sum(x * x, axis=1) + 0.1
    return np.sum(1 / np.sqrt(r2))


def deviation(x: Any) -> Any:
    return np.sum(np.abs(x) ** 1.5 * x)


def turned(x: Any) -> Any:
    c, s = np.cos(0.3), np.sin(0.3)
    return np.stack([x[:, 0] * c - x[:, 1] * s, x[:, 0] * s + x[:, 1] * c], axis=1)


def turned_on(g: Any, x: Any) -> Any:
    return turned(g)


def gated(u: Any) -> Any:
    h = np.zeros(3)
    for x in X[:3]:
        z = 1 / (1 + np.exp(-(u @ x + h)))
        h = (1 - z) * h + z * np.tanh(x)
    return h @ h


def gated_gradient(u: Any) -> Any:
    states, h = [], np.zeros(3)
    for x in X[:3]:
        z = 1 / (1 + np.exp(-(u @ x + h)))
        states.append((x, h, z))
        h = (1 - z) * h + z * np.tanh(x)
    du, g = np.zeros_like(u), 2 * h
    for x, h, z in reversed(states):
        dz = g * (np.tanh(x) - h)
        du += np.outer(dz, x)
        g = g * (1 - z) + dz
    return du


WORDED: dict[str, Worded] = {
    "a sigmoid's slope in every turn": Worded(
        "gradient", gated, gated_gradient, (W,), "lacking the slope there, as if it were 1", Mistake.SLOPE_FORGOTTEN
    ),
    "a norm over the wrong axis": Worded(
        "vjp", row_norms, norms_of_columns, (SQUARE,), "reduces over axis 0 where axis 1 is due", Mistake.BROADCAST
    ),
    "a vector along the wrong axis": Worded(
        "vjp", row_norms, norms_along_rows, (SQUARE,), "where the first is due", Mistake.BROADCAST
    ),
    "several means over the wrong axis": Worded(
        "vjp", centred, centred_by_columns, (SQUARE,), "as all that have it do, where axis 1 is due", Mistake.BROADCAST
    ),
    "no mean under a root": Worded(
        "vjp", spread, uncentred, (X,), "without the mean that is subtracted there", Mistake.VARIANCE_MEAN
    ),
    "axes in the wrong order": Worded(
        "vjp", tiled, repeated, (Y,), "reads the axes in the wrong order", Mistake.PERMUTED
    ),
    "padding cropped": Worded(
        "vjp", lambda x: np.pad(x, 1, mode="reflect"), lambda c, x: c[1:-1], (Y,), "what the padding", Mistake.DROPPED
    ),
    "the last turn of a loop that settles": Worded(
        "vjp", settled, last_turn, (X[0],), "in one of the steps alone", Mistake.TRUNCATED
    ),
    "rates held": Worded(
        "gradient", hunted, lambda p: hunted_gradient(p, lambda s, rates: s), (Y[:4],), "but for what is added",
        Mistake.DROPPED,
    ),
    "two states before the last two turns": Worded(
        "gradient", hunted, lambda p: hunted_gradient(p, whole, first=2), (Y[:4],), "before the last 2 turns",
        Mistake.TRUNCATED,
    ),
    "a turn too few": Worded(
        "gradient", hunted, lambda p: hunted_gradient(p, whole, turns=3), (Y[:4],), "the loop had 1 turn fewer",
        Mistake.TRUNCATED,
    ),
    "every turn from a constant": Worded(
        "gradient", fitted, fitted_afresh, (Y[:2],), "every turn of the loop began with a constant", Mistake.TRUNCATED
    ),
    "a penalty on the first weight": Worded(
        "gradient", logistic, first_penalised, (X[0],), "such as a penalty's, in entry 0, the first alone",
        Mistake.LOSS_TERM,
    ),
    "a constant that is a length, too": Worded(
        "gradient", fourfold, lambda s: 1 - np.tanh(s) ** 2, (PAIR,), "as well as a constant on line",
        Mistake.FACTOR,
    ),
    "arguments exchanged": Worded(
        "gradient", apart, lambda x, y: (3 * y**2 * x, y**3), (X[0], X[1]), "in each other's place", Mistake.EXCHANGED
    ),
    "an exponent of several operations": Worded(
        "gradient", potential, lambda x: -x / np.sqrt(np.sum(x * x, axis=1) + 0.1)[:, None], (X,),
        "having the exponent -0.5 not lowered by one", Mistake.POWER_RULE,
    ),
    "the sign of a modulus": Worded(
        "gradient", deviation, lambda x: 1.5 * np.sqrt(np.abs(x)) * x + np.abs(x) ** 1.5, (X[0],),
        "lacking the sign, which is the slope of the absolute value", Mistake.SLOPE_FORGOTTEN,
    ),
    "a rotation the wrong way": Worded(
        "vjp", turned, turned_on, (X[:, :2],), "where its transpose is due", Mistake.PRODUCT_TRANSPOSED
    ),
}  # fmt: skip
"""By what is wrong."""
