"""Forward mode: tangents of linear maps, quotients and solves, and the ways of confusing them with reverse mode."""

import numpy as np

from .. import shows
from .. import truth as mp
from ..item import Category
from ..truth import LabelledByIntent, Reference

CATEGORY = Category("forward mode")
right, wrong = CATEGORY.right, CATEGORY.wrong
rng = np.random.default_rng(1313)
X, Y = rng.standard_normal(5), rng.standard_normal(5)
M = rng.standard_normal((5, 5))
A = rng.standard_normal((5, 5)) + 5 * np.eye(5)

# a linear map
APPLY = Reference(lambda x: mp.lift(M) @ x)
right("linear_map_jvp", "jvp", lambda x: M @ x, lambda _p, t: M @ t[0], X, "A linear map is its own derivative.", APPLY)
wrong(
    "linear_map_jvp_transposed",
    "jvp",
    lambda x: M @ x,
    lambda _p, t: M.T @ t[0],
    X,
    "The VJP in place of the JVP.",
    APPLY,
)
AFFINE = Reference(lambda x: mp.lift(M) @ x + mp.lift(Y))
right("affine_map_jvp", "jvp", lambda x: M @ x + Y, lambda p, t: (M @ p[0] + Y, M @ t[0]), X, "No shift.", AFFINE)
wrong(
    "affine_map_jvp_shifted", "jvp", lambda x: M @ x + Y, lambda _p, t: M @ t[0] + Y, X, "Shifted: not linear.", AFFINE
)


# softmax, norm, solve
def softmax(x):
    e = np.exp(x - x.max())
    return e / e.sum()


def softmax_jvp(primals, tangents):
    s = softmax(primals[0])
    return s, s * (tangents[0] - s @ tangents[0])


def softmax_jvp_uncentred(primals, tangents):
    s = softmax(primals[0])
    return s, s * tangents[0]


SOFTMAX = Reference(mp.softmax)
right("softmax_jvp", "jvp", softmax, softmax_jvp, X, "Centred by the mean tangent.", SOFTMAX)
wrong(
    "softmax_jvp_uncentred", "jvp", softmax, softmax_jvp_uncentred, X, "The normaliser's tangent is missing.", SOFTMAX
)


def length(x):
    return np.sqrt(np.sum(x * x))


def length_jvp(primals, tangents):
    (x,), (t,) = primals, tangents
    n = length(x)
    return x @ t / n if n > 0 else 0.0 * n


LENGTH = Reference(lambda x: mp.sqrt((x * x).sum()))
right("norm_jvp", "jvp", length, length_jvp, X, "Projection on the unit vector.", LENGTH)
wrong(
    "norm_jvp_of_the_tangent", "jvp", length, lambda _p, t: length(t[0]), X, "The tangent's norm: not linear.", LENGTH
)


def solve_jvp(primals, tangents, sign=-1.0):
    (A, b), (dA, db) = primals, tangents
    x = np.linalg.solve(A, b)
    return x, np.linalg.solve(A, db + sign * dA @ x)


SOLVE = Reference(mp.solve)
right("solve_jvp", "jvp", np.linalg.solve, solve_jvp, (A, Y), "One more solve with the same matrix.", SOLVE)
wrong(
    "solve_jvp_sign",
    "jvp",
    np.linalg.solve,
    lambda p, t: solve_jvp(p, t, sign=1.0),
    (A, Y),
    "The matrix's tangent comes with the wrong sign.",
    SOLVE,
)

# quotients, products, reductions
QUOTIENT = Reference(lambda a, b: a / (1 + b * b))


def quotient(a, b):
    return a / (1 + b * b)


def quotient_jvp(primals, tangents, power=2):
    (a, b), (da, db) = primals, tangents
    q = 1 + b * b
    return da / q - a * 2 * b * db / q**power


right("quotient_jvp", "jvp", quotient, quotient_jvp, (X, Y), "Quotient rule.", QUOTIENT)
wrong(
    "quotient_jvp_denominator_unsquared",
    "jvp",
    quotient,
    lambda p, t: quotient_jvp(p, t, power=1),
    (X, Y),
    "The denominator was not squared.",
    QUOTIENT,
)
wrong(
    "quotient_jvp_second_tangent_ignored",
    "jvp",
    quotient,
    lambda p, t: t[0] / (1 + p[1] ** 2),
    (X, Y),
    "The second argument's tangent is ignored.",
    QUOTIENT,
)
MEAN = Reference(lambda x: x.mean(axis=0))
right("mean_jvp", "jvp", lambda x: x.mean(axis=0), lambda _p, t: t[0].mean(axis=0), M, "The mean of tangents.", MEAN)
wrong("mean_jvp_summed", "jvp", lambda x: x.mean(axis=0), lambda _p, t: t[0].sum(axis=0), M, "1/n is missing.", MEAN)


class Tangents:
    """A forward mode that hands out one buffer."""

    def __init__(self):
        self.buffer = None

    def sine(self, primals, tangents):
        if self.buffer is None or self.buffer.shape != primals[0].shape:
            self.buffer = np.zeros_like(primals[0])
        self.buffer[...] = np.cos(primals[0]) * tangents[0]
        return self.buffer


wrong(
    "jvp_returns_its_buffer",
    "jvp",
    np.sin,
    Tangents().sine,
    X,
    "The tangent of one call is overwritten by the next.",
    LabelledByIntent("an earlier tangent changes", shows=shows.result_changes_later),
)
