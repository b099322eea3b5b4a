"""Functions with a wrong derivative each, by hand: the kind of mistake, and a piece of the line that it concerns.

Every derivative is the right one but for what its name says; the test of the table checks that with the mistake taken
out, where it says so. Two for each kind.
"""

from collections.abc import Callable
from math import erf
from typing import Any, NamedTuple

import numpy as np

from gradcheck.attribution.mistake import Mistake

rng = np.random.default_rng(2718)
X, W, V = rng.standard_normal((4, 3)), rng.standard_normal((3, 5)), rng.standard_normal((5, 2))
B = rng.standard_normal(5)
SQUARE, OTHER = rng.standard_normal((3, 3)), rng.standard_normal((3, 3))
Y = rng.uniform(0.5, 2.0, 6)
Z = Y[::-1] + 0.3
MASK = np.array([1.0, 0.0, 1.0, 1.0, 0.0, 1.0]) / 0.7


def triangle(x: Any) -> Any:
    h = np.tril(x)
    return h * 2.5


def kept_alone(y: Any) -> Any:
    h = y * (MASK > 0)
    return h * 2.5


def bent(y: Any) -> Any:
    return y[2:] - 2 * y[1:-1] + y[:-2]


def bent_vjp(c: Any, y: Any) -> Any:
    g = np.zeros_like(y)
    g[:-2] += c
    g[1:-1] -= 2 * c
    g[2:] -= c
    return g


def costs(y: Any) -> Any:
    return np.sum(np.abs(y - 1.2))


PHASES = np.exp(1j * np.arange(6.0)) * np.arange(1, 7)


def loudness(y: Any) -> Any:
    z = PHASES @ np.exp(1j * y)
    return np.abs(z) ** 2


def loudness_unconjugated(y: Any) -> Any:
    return 2 * ((PHASES @ np.exp(1j * y)) * 1j * PHASES * np.exp(1j * y)).real


class Named(NamedTuple):
    """A wrong derivative and its name; `line` is a piece of the forward's line, "" where none can be told."""

    check: str
    f: Callable[..., Any]
    derivative: Callable[..., Any]
    inputs: tuple[Any, ...]
    kind: Mistake
    line: str


def sigmoid(z: Any) -> Any:
    return 1 / (1 + np.exp(-z))


def softmax(x: Any) -> Any:
    e = np.exp(x - x.max(axis=1, keepdims=True))
    s = e.sum(axis=1, keepdims=True)
    return e / s


def softmax_sum_constant(c: Any, x: Any) -> Any:
    return c * softmax(x)


def softmax_diagonal(c: Any, x: Any) -> Any:
    p = softmax(x)
    return c * p * (1 - p)


def rows_normalised(x: Any) -> Any:
    n = np.sqrt((x * x).sum(axis=1, keepdims=True))
    return x / n


def norm_constant(c: Any, x: Any) -> Any:
    return c / np.sqrt((x * x).sum(axis=1, keepdims=True))


def shares(y: Any) -> Any:
    total = y.sum()
    return y / total


def total_constant(c: Any, y: Any) -> Any:
    return c / y.sum()


def standardised(x: Any) -> Any:
    m = x.mean(axis=0)
    d = x - m
    return d * d * d


def mean_constant(c: Any, x: Any) -> Any:
    return 3 * c * (x - x.mean(axis=0)) ** 2


def skewness(y: Any) -> Any:
    m = np.mean(y)
    return np.sum((y - m) ** 3)


def skewness_constant_mean(y: Any) -> Any:
    return 3 * (y - y.mean()) ** 2


def network(x: Any, w: Any, b: Any, v: Any) -> Any:
    h = np.tanh(x @ w + b)
    return h @ v


def network_vjp(c: Any, x: Any, w: Any, b: Any, v: Any, slope: Any = None, bias: Any = np.sum) -> Any:
    h = np.tanh(x @ w + b)
    d = (c @ v.T) * (1 - h * h if slope is None else slope(h, x @ w + b))
    return d @ w.T, x.T @ d, bias(d, axis=0), h.T @ c


def gated(x: Any, w: Any) -> Any:
    g = sigmoid(x @ w)
    return g * g


def gated_vjp(c: Any, x: Any, w: Any, slope: Any) -> Any:
    g = sigmoid(x @ w)
    d = 2 * g * c * slope(g, x @ w)
    return d @ w.T, x.T @ d


def energy(y: Any) -> Any:
    kinetic = 0.5 * np.sum(y**2)
    potential = np.sum(np.cos(y))
    return kinetic * potential


def energy_gradient(y: Any, kinetic: float = 1.0, potential: float = 1.0) -> Any:
    return kinetic * y * np.cos(y).sum() - potential * 0.5 * np.sum(y**2) * np.sin(y)


def ratio(a: Any, b: Any) -> Any:
    q = a / b
    return np.sin(q)


def ratio_vjp(c: Any, a: Any, b: Any, to_b: Any) -> Any:
    g = c * np.cos(a / b)
    return g / b, to_b(g, a, b)


def cubes(y: Any) -> Any:
    p = y**3
    return np.exp(-p)


def cubes_vjp(c: Any, y: Any, slope: Any) -> Any:
    return -c * np.exp(-(y**3)) * slope(y)


def powers(a: Any, b: Any) -> Any:
    return np.sum(a**b)


def dropout(y: Any) -> Any:
    kept = y * MASK
    return kept * kept


def rectified(y: Any) -> Any:
    r = np.maximum(y - 1.0, 0.0)
    return r * y


def huber(y: Any) -> Any:
    r = np.where(y < 1.2, 0.5 * y * y, 1.2 * y - 0.72)
    return np.exp(r)


def best(x: Any) -> Any:
    m = x.max(axis=1)
    return m * m


def best_vjp(c: Any, x: Any, share: Any) -> Any:
    return 2 * (c * x.max(axis=1))[:, None] * share(x)


def running(y: Any) -> Any:
    s = np.cumsum(y)
    return np.sin(s)


def looked_up(y: Any) -> Any:
    rows = y[np.array([0, 2, 2, 5, 1, 2])]
    return rows**2


def looked_up_assigned(c: Any, y: Any) -> Any:
    index = np.array([0, 2, 2, 5, 1, 2])
    g = np.zeros_like(y)
    g[index] = 2 * c * y[index]
    return g


def three_uses(y: Any) -> Any:
    t = np.sin(y)
    return t * 2.0 + np.exp(t) + t**3


def three_uses_one_kept(c: Any, y: Any) -> Any:
    return c * np.cos(y) * 3 * np.sin(y) ** 2


def product(a: Any, b: Any) -> Any:
    return np.tanh(a @ b)


def product_vjp(c: Any, a: Any, b: Any, to_a: Any, to_b: Any) -> Any:
    g = c * (1 - np.tanh(a @ b) ** 2)
    return to_a(g, b), to_b(a, g)


def guarded(y: Any) -> Any:
    p = y * y
    return np.sum(np.log(p + 1e-5))


def guarded_root(y: Any) -> Any:
    return np.sqrt(np.sum(y * y) + 1e-4)


def recurrence(y: Any) -> Any:
    h = y
    for _ in range(5):
        h = np.tanh(0.5 * h + y)
    return h


def recurrence_vjp(c: Any, y: Any, steps: int) -> Any:
    hs = [y]
    for _ in range(5):
        hs.append(np.tanh(0.5 * hs[-1] + y))
    g, total = c, np.zeros_like(y)
    for h in hs[: 5 - steps : -1]:
        g = g * (1 - h * h)
        total = total + g
        g = 0.5 * g
    return total + (g if steps == 5 else 0)


def penalised(w: Any) -> Any:
    fit = np.sum(np.cos(w))
    penalty = 0.3 * np.sum(w * w * w)
    return fit + penalty


def scaled_loss(x: Any, w: Any) -> Any:
    r = np.tanh(x @ w)
    return np.mean(r, axis=0) * np.sum(r, axis=0)


def scaled_loss_vjp(c: Any, x: Any, w: Any, n: float) -> Any:
    r = np.tanh(x @ w)
    g = (c * np.sum(r, axis=0) / n + c * np.mean(r, axis=0)) * (1 - r * r)
    return g @ w.T, x.T @ g


def tempered(y: Any) -> Any:
    t = np.exp(0.7 * y)
    return t + y


def similarity(u: Any, v: Any) -> Any:
    return np.tanh(u @ v.T)


def similarity_vjp(c: Any, u: Any, v: Any) -> Any:
    g = c * (1 - np.tanh(u @ v.T) ** 2)
    return g @ v, g @ u


def turned(x: Any) -> Any:
    return np.tanh(x).T


def turned_vjp(c: Any, x: Any) -> Any:
    return c.reshape(x.shape) * (1 - np.tanh(x) ** 2)


def gelu(x: Any) -> Any:
    return 0.5 * x * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3)))


def gelu_vjp(c: Any, x: Any) -> Any:
    bell = np.exp(-x * x / 2) / np.sqrt(2 * np.pi)
    return c * (np.array([[0.5 * (1 + erf(v / np.sqrt(2))) for v in row] for row in x]) + x * bell)


def two_sides(y: Any) -> Any:
    return np.where(y < 1.2, np.sin(y), y * y)


def two_sides_vjp(c: Any, y: Any) -> Any:
    return c * np.where(y < 1.2, np.cos(y), y**3 + 0.1 * np.sqrt(y))


def ratio_jvp(primals: Any, tangents: Any) -> Any:
    (a, b), (ta, tb) = primals, tangents
    return np.cos(a / b) * (ta / b - tb * a / b)


def softmax_jvp(primals: Any, tangents: Any) -> Any:
    return softmax(primals[0]) * tangents[0]


def two_ways(y: Any) -> Any:
    t = np.tanh(y)
    return t * t, np.sum(np.sin(t) * y)


def two_ways_jvp(primals: Any, tangents: Any) -> Any:
    (y,), (ty,) = primals, tangents
    t = np.tanh(y)
    tt = ty * (1 - t * t)
    return 2 * t * tt, np.sum(np.cos(t) * tt * y - np.sin(t) * ty)


def added(y: Any) -> Any:
    return np.log(np.sum(y * y) + 1.0)


def deep(x: Any, w: Any, v: Any) -> Any:
    h = np.tanh(x @ w)
    return h @ v


def deep_vjp(c: Any, x: Any, w: Any, v: Any) -> Any:
    d = (c @ v.T) * (1 - np.tanh(x @ w) ** 2)
    return d @ w.T, x.T @ d, x.T @ c


TABLE: dict[str, Named] = {
    "the input of another layer": Named(
        "vjp", deep, deep_vjp, (X, SQUARE, OTHER), Mistake.SLOPE_AT_OUTPUT, "return h @ v"
    ),
    "a denominator's square, forward": Named("jvp", ratio, ratio_jvp, (Y, Z), Mistake.QUOTIENT, "a / b"),
    "softmax's denominator, forward": Named("jvp", softmax, softmax_jvp, (X,), Mistake.SOFTMAX_DIAGONAL, "s = e.sum"),
    "a sign in one of two outputs": Named("jvp", two_ways, two_ways_jvp, (Y,), Mistake.PATH_SIGN, "np.sin(t) * y"),
    "a constant that is added": Named("gradient", added, lambda y: 2 * y / (y @ y), (Y,), Mistake.GUARD, "+ 1.0"),
    "an adjoint transposed": Named(
        "vjp", similarity, similarity_vjp, (X, X + 0.2), Mistake.PRODUCT_TRANSPOSED, "u @ v.T"
    ),
    "a transposition undone by a reshape": Named("vjp", turned, turned_vjp, (X,), Mistake.PERMUTED, ""),
    "another gelu": Named("vjp", gelu, gelu_vjp, (X,), Mistake.OTHER_SLOPE, "0.5 * x * (1"),
    "one side of a comparison": Named("vjp", two_sides, two_sides_vjp, (Y,), Mistake.BRANCH, "np.where(y < 1.2"),
    "softmax's denominator": Named("vjp", softmax, softmax_sum_constant, (X,), Mistake.SOFTMAX_DIAGONAL, "s = e.sum"),
    "softmax's diagonal": Named("vjp", softmax, softmax_diagonal, (X,), Mistake.SOFTMAX_DIAGONAL, "e / s"),
    "a norm": Named("vjp", rows_normalised, norm_constant, (X,), Mistake.NORM, "n = np.sqrt"),
    "a total": Named("vjp", shares, total_constant, (Y,), Mistake.NORM, "total = y.sum()"),
    "a mean": Named("vjp", standardised, mean_constant, (X,), Mistake.VARIANCE_MEAN, "m = x.mean"),
    "a mean in a moment": Named(
        "gradient", skewness, skewness_constant_mean, (Y,), Mistake.VARIANCE_MEAN, "m = np.mean"
    ),
    "slope at the output, one layer": Named(
        "vjp",
        network,
        lambda c, *p: network_vjp(c, *p, slope=lambda h, z: 1 - np.tanh(h) ** 2),
        (X, W, B, V),
        Mistake.SLOPE_AT_OUTPUT,
        "h = np.tanh(",
    ),
    "slope by the output, at the input": Named(
        "vjp",
        network,
        lambda c, *p: network_vjp(c, *p, slope=lambda h, z: 1 - z * z),
        (X, W, B, V),
        Mistake.SLOPE_AT_OUTPUT,
        "h = np.tanh(",
    ),
    "slope forgotten": Named(
        "vjp",
        network,
        lambda c, *p: network_vjp(c, *p, slope=lambda h, z: 1.0),
        (X, W, B, V),
        Mistake.SLOPE_FORGOTTEN,
        "h = np.tanh(",
    ),
    "slope of a written-out sigmoid forgotten": Named(
        "vjp",
        gated,
        lambda c, *p: gated_vjp(c, *p, lambda g, z: 1.0),
        (X, W),
        Mistake.SLOPE_FORGOTTEN,
        "np.exp(-z)",
    ),
    "slope twice": Named(
        "vjp",
        network,
        lambda c, *p: network_vjp(c, *p, slope=lambda h, z: (1 - h * h) ** 2),
        (X, W, B, V),
        Mistake.SLOPE_TWICE,
        "h = np.tanh(",
    ),
    "slope of a written-out sigmoid twice": Named(
        "vjp",
        gated,
        lambda c, *p: gated_vjp(c, *p, lambda g, z: (g * (1 - g)) ** 2),
        (X, W),
        Mistake.SLOPE_TWICE,
        "np.exp(-z)",
    ),
    "tanh as a sigmoid": Named(
        "vjp",
        network,
        lambda c, *p: network_vjp(c, *p, slope=lambda h, z: h * (1 - h)),
        (X, W, B, V),
        Mistake.OTHER_SLOPE,
        "h = np.tanh(",
    ),
    "sigmoid as a tanh": Named(
        "vjp",
        gated,
        lambda c, *p: gated_vjp(c, *p, lambda g, z: 1 - g * g),
        (X, W),
        Mistake.OTHER_SLOPE,
        "np.exp(-z)",
    ),
    "a factor of the loss dropped": Named(
        "gradient", energy, lambda y: energy_gradient(y, potential=0.0), (Y,), Mistake.DROPPED, "potential = "
    ),
    "a penalty dropped": Named("gradient", penalised, lambda w: -np.sin(w), (Y,), Mistake.DROPPED, "penalty = "),
    "a path twice": Named(
        "gradient", energy, lambda y: energy_gradient(y, potential=2.0), (Y,), Mistake.DOUBLED, "potential = "
    ),
    "a penalty twice": Named(
        "gradient", penalised, lambda w: -np.sin(w) + 1.8 * w * w, (Y,), Mistake.DOUBLED, "penalty"
    ),
    "a path's sign": Named(
        "gradient", energy, lambda y: energy_gradient(y, potential=-1.0), (Y,), Mistake.PATH_SIGN, "potential = "
    ),
    "a penalty's sign": Named(
        "gradient", penalised, lambda w: -np.sin(w) - 0.9 * w * w, (Y,), Mistake.PATH_SIGN, "penalty"
    ),
    "a path's factor": Named(
        "gradient", energy, lambda y: energy_gradient(y, potential=0.37), (Y,), Mistake.PATH_FACTOR, "potential = "
    ),
    "a temperature lost": Named(
        "vjp", tempered, lambda c, y: c * (np.exp(0.7 * y) + 1), (Y,), Mistake.PATH_FACTOR, "np.exp(0.7 * y)"
    ),
    "a mean as a sum": Named(
        "vjp", scaled_loss, lambda c, *p: scaled_loss_vjp(c, *p, 1.0), (X, W), Mistake.MEAN_SUM, "mean(r"
    ),
    "a bias averaged": Named(
        "vjp", network, lambda c, *p: network_vjp(c, *p, bias=np.mean), (X, W, B, V), Mistake.MEAN_SUM, ""
    ),
    "a denominator's square": Named(
        "vjp",
        ratio,
        lambda c, *p: ratio_vjp(c, *p, lambda g, a, b: -g * a / b),
        (Y, Z),
        Mistake.QUOTIENT,
        "q = a / b",
    ),
    "a numerator": Named(
        "vjp",
        ratio,
        lambda c, *p: ratio_vjp(c, *p, lambda g, a, b: -g / b**2),
        (Y, Z),
        Mistake.QUOTIENT,
        "q = a / b",
    ),
    "an exponent not lowered": Named(
        "vjp", cubes, lambda c, y: cubes_vjp(c, y, lambda y: 3 * y**3), (Y,), Mistake.POWER_RULE, "p = y**3"
    ),
    "a logarithm": Named("gradient", powers, lambda a, b: (b * a ** (b - 1), a**b), (Y, Z), Mistake.POWER_RULE, "a**b"),
    "a mask": Named("vjp", dropout, lambda c, y: 2 * c * y * MASK, (Y,), Mistake.MASK_SCALE, "kept = y * MASK"),
    "a mask's scale": Named(
        "vjp", dropout, lambda c, y: 2 * c * y * MASK * (MASK > 0), (Y,), Mistake.MASK_SCALE, "kept = y * MASK"
    ),
    "a triangle not cut": Named("vjp", triangle, lambda c, x: 2.5 * c, (OTHER,), Mistake.MASK_SCALE, "np.tril(x)"),
    "a mask of booleans": Named("vjp", kept_alone, lambda c, y: 2.5 * c, (Y,), Mistake.MASK_SCALE, "y * (MASK > 0)"),
    "a rectifier without its gate": Named(
        "vjp", rectified, lambda c, y: c * (y + np.maximum(y - 1, 0)), (Y,), Mistake.BRANCH, "np.maximum(y - 1.0, 0.0)"
    ),
    "one branch for both": Named(
        "vjp",
        huber,
        lambda c, y: c * np.exp(huber(y) * 0 + np.log(huber(y))) * y,
        (Y,),
        Mistake.BRANCH,
        "np.where(y < 1.2",
    ),
    "a maximum for all": Named(
        "vjp", best, lambda c, x: best_vjp(c, x, np.ones_like), (X,), Mistake.MAXIMUM, "m = x.max"
    ),
    "a maximum shared": Named(
        "vjp", best, lambda c, x: best_vjp(c, x, lambda x: np.ones_like(x) / 3), (X,), Mistake.MAXIMUM, "m = x.max"
    ),
    "a running sum forwards": Named(
        "vjp", running, lambda c, y: np.cumsum(c * np.cos(np.cumsum(y))), (Y,), Mistake.CUMULATIVE, "s = np.cumsum"
    ),
    "a running sum left out": Named(
        "vjp", running, lambda c, y: c * np.cos(np.cumsum(y)), (Y,), Mistake.CUMULATIVE, "s = np.cumsum"
    ),
    "an index assigned": Named("vjp", looked_up, looked_up_assigned, (Y,), Mistake.SCATTER, "rows = y["),
    "a factor's order": Named(
        "vjp",
        product,
        lambda c, a, b: product_vjp(c, a, b, lambda g, b: g @ b, lambda a, g: a.T @ g),
        (SQUARE, OTHER),
        Mistake.PRODUCT_TRANSPOSED,
        "a @ b",
    ),
    "a transposition": Named(
        "vjp",
        product,
        lambda c, a, b: product_vjp(c, a, b, lambda g, b: g @ b.T, lambda a, g: a @ g),
        (SQUARE, OTHER),
        Mistake.PRODUCT_TRANSPOSED,
        "a @ b",
    ),
    "an epsilon": Named("gradient", guarded, lambda y: 2 / y, (Y,), Mistake.GUARD, "np.log(p + 1e-5)"),
    "an epsilon under a root": Named(
        "gradient",
        guarded_root,
        lambda y: y / np.sqrt(np.sum(y * y)),
        (Y,),
        Mistake.GUARD,
        "np.sum(y * y) + 1e-4",
    ),
    "two steps of five": Named("vjp", recurrence, lambda c, y: recurrence_vjp(c, y, 2), (Y,), Mistake.TRUNCATED, "h ="),
    "three steps of five": Named(
        "vjp", recurrence, lambda c, y: recurrence_vjp(c, y, 3), (Y,), Mistake.TRUNCATED, "h ="
    ),
    "a constant cut": Named(
        "gradient", penalised, lambda w: -np.sin(w) + 0.8997 * w * w, (Y,), Mistake.CONSTANT_CUT, "penalty = "
    ),
    "a constant cut elsewhere": Named(
        "vjp", tempered, lambda c, y: c * (0.69999 * np.exp(0.7 * y) + 1), (Y,), Mistake.CONSTANT_CUT, "np.exp(0.7 * y)"
    ),
    "a sign of one of three slices": Named("vjp", bent, bent_vjp, (Y,), Mistake.PATH_SIGN, "y[2:]"),
    "one side of an absolute value": Named(
        "gradient", costs, lambda y: np.where(y > 1.2, 1.0, -2.0), (Y,), Mistake.BRANCH, "np.abs("
    ),
    "a modulus without a conjugate": Named(
        "gradient", loudness, loudness_unconjugated, (Y,), Mistake.CONJUGATE, "np.abs(z)"
    ),
    "one use of three": Named("vjp", three_uses, three_uses_one_kept, (Y,), Mistake.DROPPED, "t**3"),
}
"""By what is wrong."""
