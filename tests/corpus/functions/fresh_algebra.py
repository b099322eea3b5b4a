"""Systems, factors, penalties, alignments and soft orders with one mistake each, after public reports."""

import numpy as np

from .. import truth as mp
from ..item import Category
from ..truth import Reference

CATEGORY = Category("fresh algebra")
right, wrong = CATEGORY.right, CATEGORY.wrong
rng = np.random.default_rng(9310)
mpf, mpm = mp.mpf, mp.mpmath

# constraints with multipliers and a penalty
MIXED, BOUND, MULTIPLIERS = rng.standard_normal((2, 3)), np.array([0.6, -0.2]), np.array([0.5, -1.1])
GUESS, TARGET = np.array([0.8, -0.5, 1.2]), np.array([0.3, 0.3, 0.9])


def penalised(x):
    g = MIXED @ x**2 - BOUND
    return np.sum((x - TARGET) ** 2) + MULTIPLIERS @ g + 0.5 * 4.0 * np.sum(g**2)


def penalised_gradient(x, rho=4.0):
    g = MIXED @ x**2 - BOUND
    return 2 * (x - TARGET) + 2 * x * (MIXED.T @ (MULTIPLIERS + rho * g))


def mp_penalised(x):
    g = mp.lift(MIXED) @ x**2 - mp.lift(BOUND)
    return ((x - mp.lift(TARGET)) ** 2).sum() + mp.lift(MULTIPLIERS) @ g + 2 * (g * g).sum()


right("fresh_penalised", "gradient", penalised, penalised_gradient, GUESS, "lambda + rho g.", Reference(mp_penalised))
wrong("fresh_penalised_without_its_weight", "gradient", penalised, lambda x: penalised_gradient(x, rho=1.0), GUESS,
      "lambda + g for lambda + rho g (homework on augmented Lagrangians).", Reference(mp_penalised))  # fmt: skip

# the best point of a quadratic on a plane
HESSIAN = np.array([[2.0, 0.3, 0.1], [0.3, 1.5, -0.4], [0.1, -0.4, 1.8]])
PLANE, QUADRATIC = np.array([[1.0, 0.5, -0.7]]), (HESSIAN, np.array([0.4, -0.8, 0.3]))


def best_on_plane(q, c):
    system = np.block([[q, PLANE.T], [PLANE, np.zeros((1, 1))]])
    return np.linalg.solve(system, np.concatenate([-c, [0.6]]))[:3]


def best_on_plane_backward(d, q, c, turned=False):
    system = np.block([[q, PLANE.T], [PLANE, np.zeros((1, 1))]])
    w, x = np.linalg.solve(system.T, np.concatenate([d, [0.0]]))[:3], best_on_plane(q, c)
    return -np.outer(x, w) if turned else -np.outer(w, x), -w


def mp_best_on_plane(q, c):
    plane, one = mp.lift(PLANE), mp.lift(np.zeros((1, 1)))
    system = np.concatenate([np.concatenate([q, plane.T], axis=1), np.concatenate([plane, one], axis=1)])
    return mp.solve(system, np.concatenate([-c, [mpf(0.6)]]))[:3]


right("fresh_best_on_plane", "vjp", best_on_plane, best_on_plane_backward, QUADRATIC, "Adjoint by solution.",
      Reference(mp_best_on_plane))  # fmt: skip
wrong("fresh_best_on_plane_turned", "vjp", best_on_plane, lambda d, *a: best_on_plane_backward(d, *a, turned=True),
      QUADRATIC, "x w' for w x': the outer product is turned (homework on implicit layers).",
      Reference(mp_best_on_plane))  # fmt: skip

# eigenvalues, and how much of a probe lies along the last eigenvector
SHAPES, PROBE = np.array([[2.0, 0.4, -0.3], [0.4, 1.1, 0.5], [-0.3, 0.5, 0.2]]), np.array([0.5, -1.0, 0.8])


def spectrum(a):
    values, vectors = np.linalg.eigh(a)
    return np.sum(values**3) + 2 * (vectors[:, -1] @ PROBE) ** 2


def spectrum_gradient(a, order=1.0):
    values, vectors = np.linalg.eigh(a)
    gaps = values - values[:, None] + np.eye(3)
    dvectors = np.zeros((3, 3))
    dvectors[:, -1] = 4 * (vectors[:, -1] @ PROBE) * PROBE
    inner = np.diag(3 * values**2) + order * (vectors.T @ dvectors) * (1 - np.eye(3)) / gaps
    g = vectors @ inner @ vectors.T
    return (g + g.T) / 2


def mp_spectrum(a):
    values, vectors = mpm.eigsy(mp.as_matrix(a))
    along = sum(vectors[i, 2] * mpf(PROBE[i]) for i in range(3))
    return sum(v**3 for v in values) + 2 * along**2


SYMMETRIC = {"structure": {0: "symmetric"}}
right("fresh_spectrum", "gradient", spectrum, spectrum_gradient, SHAPES, "1/(l_j - l_i).", Reference(mp_spectrum),
      options=SYMMETRIC)  # fmt: skip
wrong("fresh_spectrum_gaps_turned", "gradient", spectrum, lambda a: spectrum_gradient(a, order=-1.0), SHAPES,
      "1/(l_i - l_j) for the eigenvectors (homework on eigh).",
      Reference(mp_spectrum), options=SYMMETRIC)  # fmt: skip

# the lower factor
POSITIVE, WEIGHTS = SHAPES + 2 * np.eye(3), rng.standard_normal((3, 3))


def factored(a):
    lower = np.linalg.cholesky(a)
    return np.sum(WEIGHTS * np.sin(lower))


def factored_gradient(a, diagonal=0.5):
    lower = np.linalg.cholesky(a)
    p = np.tril(lower.T @ np.tril(WEIGHTS * np.cos(lower)))
    p[np.diag_indices(3)] *= diagonal
    s = np.linalg.solve(lower.T, p) @ np.linalg.inv(lower)
    return (s + s.T) / 2


def mp_factored(a):
    return (mp.lift(WEIGHTS) * mp.sin(mp.cholesky(a))).sum()


right("fresh_factored", "gradient", factored, factored_gradient, POSITIVE, "Half of the diagonal.",
      Reference(mp_factored), options=SYMMETRIC)  # fmt: skip
wrong("fresh_factored_whole_diagonal", "gradient", factored, lambda a: factored_gradient(a, diagonal=1.0), POSITIVE,
      "The diagonal is not halved, so that it counts twice (after stan-dev/math #1803).",
      Reference(mp_factored), options=SYMMETRIC)  # fmt: skip

# a fit by least squares
MODEL = (rng.standard_normal((5, 2)), rng.standard_normal(5))


def fitted(a, b):
    gram = a.T @ a
    return np.linalg.solve(gram, a.T @ b)


def fitted_backward(c, a, b, of_residual=1.0):
    x, z = fitted(a, b), np.linalg.solve(a.T @ a, c)
    return of_residual * np.outer(b - a @ x, z) - np.outer(a @ z, x), a @ z


def mp_fitted(a, b):
    return mp.solve(a.T @ a, a.T @ b)


right("fresh_fitted", "vjp", fitted, fitted_backward, MODEL, "With the residual.", Reference(mp_fitted))
wrong("fresh_fitted_residual_left_out", "vjp", fitted, lambda c, *a: fitted_backward(c, *a, of_residual=0.0), MODEL,
      "The part with the residual is left out, as in Kaufman's shortcut (homework).", Reference(mp_fitted))  # fmt: skip

# two series that are aligned softly
ALIGNED = rng.uniform(0.2, 2.0, (3, 4))


def alignment(d):
    r = np.full((4, 5), np.inf)
    r[0, 0] = 0.0
    for i in range(1, 4):
        for j in range(1, 5):
            before = np.array([r[i - 1, j - 1], r[i - 1, j], r[i, j - 1]])
            low = before.min()
            r[i, j] = d[i - 1, j - 1] + low - 0.5 * np.log(np.sum(np.exp(-(before - low) / 0.5)))
    return r


def soft_alignment(d):
    return alignment(d)[3, 4]


def soft_alignment_gradient(d, weighted=True):
    r, e = alignment(d), np.zeros((5, 6))
    e[3, 4] = 1.0
    for i in range(3, 0, -1):
        for j in range(4, 0, -1):
            for k, m in ((i + 1, j), (i, j + 1), (i + 1, j + 1)):
                if k < 4 and m < 5:
                    share = np.exp((r[k, m] - r[i, j] - d[k - 1, m - 1]) / 0.5)
                    e[i, j] += e[k, m] * (share if weighted else 1.0)
    return e[1:4, 1:5]


def mp_soft_alignment(d):
    r = {(0, 0): mpf(0)}
    for i in range(1, 4):
        for j in range(1, 5):
            before = [r[k] for k in ((i - 1, j - 1), (i - 1, j), (i, j - 1)) if k in r]
            r[i, j] = d[i - 1, j - 1] - mpm.log(sum(mpm.exp(-2 * b) for b in before)) / 2
    return r[3, 4]


right("fresh_soft_alignment", "gradient", soft_alignment, soft_alignment_gradient, ALIGNED, "By the shares.",
      Reference(mp_soft_alignment))  # fmt: skip
wrong("fresh_soft_alignment_without_shares", "gradient", soft_alignment,
      lambda d: soft_alignment_gradient(d, weighted=False), ALIGNED,
      "The shares of the soft minimum are ignored on the way back (keonlee9420/Parallel-Tacotron2 PR #15).",
      Reference(mp_soft_alignment))  # fmt: skip

# a matrix whose rows and columns are normalised in turn
TABLE = rng.standard_normal((3, 3))


def balanced(m):
    p = np.exp(m)
    for _ in range(2):
        p = p / p.sum(axis=1, keepdims=True)
        p = p / p.sum(axis=0, keepdims=True)
    return p


def balanced_backward(c, m, of_columns=1.0):
    p, kept = np.exp(m), []
    for _ in range(2):
        for axis in (1, 0):
            total = p.sum(axis=axis, keepdims=True)
            p = p / total
            kept.append((p, total, axis))
    for q, total, axis in reversed(kept):
        held = of_columns if axis == 0 else 1.0
        c = (c - held * np.sum(c * q, axis=axis, keepdims=True)) / total
    return c * np.exp(m)


def mp_balanced(m):
    p = mp.exp(m)
    for _ in range(2):
        p = p / p.sum(axis=1, keepdims=True)
        p = p / p.sum(axis=0, keepdims=True)
    return p


right("fresh_balanced", "vjp", balanced, balanced_backward, TABLE, "Both sums.", Reference(mp_balanced))
wrong("fresh_balanced_column_sums_held", "vjp", balanced, lambda c, m: balanced_backward(c, m, of_columns=0.0), TABLE,
      "The sums of the columns are taken for constants (a question about Sinkhorn layers).",
      Reference(mp_balanced))  # fmt: skip

# a soft permutation
RANKED = np.array([0.3, -0.8, 1.4, 0.6])


def soft_order(s):
    ordered = np.sort(s)[::-1]
    z = -((ordered[:, None] - s) ** 2) / 0.7
    e = np.exp(z)
    return e / e.sum(axis=1, keepdims=True)


def soft_order_backward(c, s, of_order=1.0):
    order = np.argsort(s)[::-1]
    p, gap = soft_order(s), s[order][:, None] - s
    d = -2 / 0.7 * gap * p * (c - np.sum(c * p, axis=1, keepdims=True))
    g = -d.sum(axis=0)
    g[order] += of_order * d.sum(axis=1)
    return g


def mp_soft_order(s):
    ordered = np.array(sorted(s, reverse=True), dtype=object)
    return mp.softmax(-((ordered[:, None] - s) ** 2) / mpf(0.7), axis=1)


right("fresh_soft_order", "vjp", soft_order, soft_order_backward, RANKED, "Sorted and unsorted.",
      Reference(mp_soft_order))  # fmt: skip
wrong("fresh_soft_order_sorted_held", "vjp", soft_order, lambda c, s: soft_order_backward(c, s, of_order=0.0), RANKED,
      "The sorted copy is taken for a constant (homework on SoftSort).", Reference(mp_soft_order))  # fmt: skip
