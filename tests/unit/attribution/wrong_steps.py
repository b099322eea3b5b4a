"""Derivatives with one wrong step in their own code, mostly of functions that cannot be traced; and near misses.

What f does is hidden from the tracer (`opaque`), so that only the derivative's own code can tell the mistake.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from gradcheck.attribution.mistake import Mistake

rng = np.random.default_rng(1618)
X, W = rng.standard_normal((4, 3)), rng.standard_normal((3, 3))
Y = rng.uniform(0.5, 2.0, 6)
CUBE = rng.standard_normal((2, 3, 3))
PLACES = np.array([0, 2, 2, 5, 1, 2])


class Step(NamedTuple):
    """A wrong derivative, the kind of its mistake (None: none may be said), and a piece of its line, "" if none."""

    check: str
    f: Callable[..., Any]
    derivative: Callable[..., Any]
    inputs: tuple[Any, ...]
    kind: Mistake | None
    line: str


def opaque(f: Callable[..., Any]) -> Callable[..., Any]:
    """The same for plain arrays alone, so that no tracer follows it."""

    def hidden(*inputs: Any) -> Any:
        if any(type(x) is not np.ndarray for x in inputs):
            raise TypeError("plain arrays alone")
        return f(*inputs)

    return hidden


def layer(x: Any, w: Any) -> Any:
    return np.tanh(x @ w)


def layer_vjp(c: Any, x: Any, w: Any) -> Any:
    h = np.tanh(x @ w)
    d = c * (1 - h**2)
    return d @ w.T, x.T @ d


def untransposed(c: Any, x: Any, w: Any) -> Any:
    h = np.tanh(x @ w)
    d = c * (1 - h**2)
    return d @ w, x.T @ d


def square_missing(c: Any, x: Any, w: Any) -> Any:
    h = np.tanh(x @ w)
    d = c * (1 - h)
    return d @ w.T, x.T @ d


def plus(c: Any, x: Any, w: Any) -> Any:
    h = np.tanh(x @ w)
    d = c * (1 + h**2)
    return d @ w.T, x.T @ d


def ratio(y: Any) -> Any:
    return np.sum(y / np.sum(y * y))


def ratio_gradient(y: Any, power: int) -> Any:
    total = np.sum(y * y)
    return 1 / total - 2 * y * np.sum(y) / total**power


def ratio_sine(y: Any) -> Any:
    return np.sum(np.sin(y) * y)


def sine_for_cosine(y: Any) -> Any:
    return np.sin(y) + np.sin(y) * y


def looked_up(y: Any) -> Any:
    return np.sum(y[PLACES] ** 2)


def added_but_lost(y: Any) -> Any:
    g = np.zeros(6)
    g[PLACES] += 2 * y[PLACES]
    return g


def column_sums_squared(x: Any) -> Any:
    return np.sum(np.sum(x, axis=(0, 1)) ** 2)


def along_rows(x: Any) -> Any:
    return 2 * np.ones_like(x) * np.sum(x, axis=(0, 2))


def biased(x: Any, b: Any) -> Any:
    return np.sum(np.sin(x + b))


def first_row(x: Any, b: Any) -> Any:
    d = np.cos(x + b)
    return d, d[0]


def running(y: Any) -> Any:
    return np.sum(np.cumsum(np.exp(y)) ** 2)


def running_forwards(y: Any) -> Any:
    e = np.exp(y)
    return 2 * e * np.cumsum(np.cumsum(e))


def two_windows(y: Any) -> Any:
    return np.sum(np.sin(y[:4]) + y[2:] ** 3)


def overwriting(y: Any) -> Any:
    g = np.zeros(6)
    g[:4] = np.cos(y[:4])
    g[2:] = 3 * y[2:] ** 2
    return g


def places_found(y: Any) -> Any:
    g = np.zeros((6, 2))
    g[np.arange(6), (y > 1.0).astype(int)] = 2 * y
    return g[:, 0] + g[:, 1] - 0.5 * y**2


def squared(y: Any) -> Any:
    return np.sum(y**2 + y**3 / 6)


def gated(y: Any) -> Any:
    return np.sum(np.where(y > 1.2, y * y, np.sin(y)))


def gated_gradient(y: Any) -> Any:
    return np.where(y < 1.2, 2 * y, np.cos(y))


def slope_in_two(c: Any, x: Any, w: Any) -> Any:
    slope = 1 - np.tanh(x @ w) ** 2
    d = c * slope
    return (d * slope) @ w.T, x.T @ d


def edges_of(y: Any) -> Any:
    return (y[1] - y[0]) ** 2 + y[1] ** 3 + y[5] ** 3


def an_edge_halved(y: Any) -> Any:
    g = np.zeros(6)
    g[0], g[1] = -2 * (y[1] - y[0]), 2 * (y[1] - y[0]) / 2 + 3 * y[1] ** 2
    g[5] = 3 * y[5] ** 2
    return g


def shared(y: Any) -> Any:
    return y[0] ** 2 / (y[1] + y[2]) + np.sum(y)


def shared_twice(y: Any) -> Any:
    total = y[1] + y[2]
    g = np.ones(6)
    g[0] += 2 * y[0] / total / total
    g[1:3] -= (y[0] / total) ** 2
    return g


def damped(y: Any) -> Any:
    return np.exp(-y) * np.sin(y)


WRONG_STEPS: dict[str, Step] = {
    "a division by a number": Step("gradient", opaque(edges_of), an_edge_halved, (Y,), Mistake.PATH_FACTOR, "/ 2"),
    "a division by what is computed": Step(
        "gradient", opaque(shared), shared_twice, (Y,), Mistake.QUOTIENT, "/ total / total"
    ),
    "a term of one function's slope": Step(
        "vjp",
        opaque(damped),
        lambda c, y: c * np.exp(-y) * (1.5 * np.cos(y) - np.sin(y)),
        (Y,),
        Mistake.OTHER_SLOPE,
        "1.5 * np.cos(y)",
    ),
    "a factor of two terms in one of several blocks": Step(
        "vjp",
        opaque(layer),
        lambda c, x, w: (layer_vjp(c, x, w)[0], x.T @ (1.5 * c - c * np.tanh(x @ w) ** 2)),
        (X, W),
        Mistake.PATH_FACTOR,
        "1.5 * c",
    ),
    "a slope in two products": Step("vjp", opaque(layer), slope_in_two, (X, W), Mistake.SLOPE_TWICE, "d * slope"),
    "a factor's transposition": Step(
        "vjp", opaque(layer), untransposed, (W + 0.1, W), Mistake.PRODUCT_TRANSPOSED, "return d @ w, x.T @ d"
    ),
    "a square": Step("vjp", opaque(layer), square_missing, (X, W), Mistake.OTHER_SLOPE, "c * (1 - h)"),
    "plus for minus": Step("vjp", opaque(layer), plus, (X, W), Mistake.PATH_SIGN, "c * (1 + h**2)"),
    "a denominator's square": Step(
        "gradient", opaque(ratio), lambda y: ratio_gradient(y, 1), (Y,), Mistake.QUOTIENT, "/ total**power"
    ),
    "sine for cosine": Step(
        "gradient", opaque(ratio_sine), sine_for_cosine, (Y,), Mistake.OTHER_SLOPE, "np.sin(y) + np.sin(y) * y"
    ),
    "additions lost": Step("gradient", opaque(looked_up), added_but_lost, (Y,), Mistake.SCATTER, "g[PLACES] +="),
    "the other axis": Step(
        "gradient", opaque(column_sums_squared), along_rows, (CUBE,), Mistake.BROADCAST, "np.sum(x, axis=(0, 2))"
    ),
    "the first row": Step("gradient", opaque(biased), first_row, (X, Y[:3]), Mistake.FIRST_SAMPLE, ""),
    "the wrong way": Step(
        "gradient", opaque(running), running_forwards, (Y,), Mistake.CUMULATIVE, "np.cumsum(np.cumsum(e))"
    ),
    "windows overwritten": Step("gradient", opaque(two_windows), overwriting, (Y,), Mistake.OVERWRITTEN, "g[2:] ="),
    "minus for plus beside places that are found": Step(
        "gradient", opaque(squared), places_found, (Y,), Mistake.PATH_SIGN, "- 0.5 * y**2"
    ),
    "the other side": Step("gradient", opaque(gated), gated_gradient, (Y,), Mistake.BRANCH, "y < 1.2"),
}
"""By what the step lacks or has too many."""


def neither(c: Any, x: Any, w: Any) -> Any:
    h = np.tanh(x @ w)
    d = c / (1 + 0.5 * np.abs(h)) ** 3
    return d @ w.T, x.T @ d


def two_wrong_steps(c: Any, x: Any, w: Any) -> Any:
    h = np.tanh(x @ w)
    d = c * (1 + h**2)
    return d @ w, x.T @ d


def at_one_point_alone(y: Any) -> Any:
    return ratio_gradient(y, 1 if np.array_equal(y, Y) else 2) + (0.0 if np.array_equal(y, Y) else 0.25 * y**3)


def not_numpy(y: Any) -> Any:
    return np.array([float(v) ** 2 + 1.0 for v in y.tolist()])


NEAR_STEPS: dict[str, Step] = {
    "no one step": Step("vjp", opaque(layer), neither, (X, W), None, ""),
    "two steps at once": Step("vjp", opaque(layer), two_wrong_steps, (W + 0.1, W), None, ""),
    "at one point alone": Step("gradient", opaque(ratio), at_one_point_alone, (Y,), None, ""),
    "code that is no NumPy": Step("gradient", opaque(ratio_sine), not_numpy, (Y,), None, ""),
}
"""Derivatives that no one step makes right, or whose steps cannot be had: nothing may be named."""
