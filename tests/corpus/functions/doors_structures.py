"""Inputs on a set: orthogonal, unit, symmetric, positive definite, triangular and skew matrices."""

import numpy as np
from scipy.linalg import solve_triangular

from .. import truth as mp
from ..item import Category
from ..truth import Reference

CATEGORY = Category("doors structures", door=True)
right, wrong = CATEGORY.right, CATEGORY.wrong
rng = np.random.default_rng(5106)
mpf, mpm = mp.mpf, mp.mpmath

# the log-determinant by Cholesky of a symmetric matrix
SPREAD = rng.standard_normal((3, 5))
COVARIANCE = SPREAD @ SPREAD.T + 0.5 * np.eye(3)
SYMMETRIC = {"structure": {0: "symmetric"}}
POSITIVE = {"structure": {0: "positive-definite"}}


def log_determinant(S):
    return 2 * np.sum(np.log(np.diag(np.linalg.cholesky(S))))


def by_triangle(S, halved=True):
    """What arrives at the lower triangle, which alone is read: the diagonal once, below it both entries."""
    inverse = np.linalg.inv(S)
    doubled = 2 * np.tril(inverse)
    return doubled - np.diag(np.diag(inverse)) if halved else doubled


def mp_log_determinant(S):
    return 2 * sum(mpm.log(d) for d in np.diag(mp.cholesky(S)))


DETERMINANT = Reference(mp_log_determinant)
right("log_determinant_symmetric", "gradient", log_determinant, np.linalg.inv, COVARIANCE, "The inverse.", DETERMINANT,
      options=SYMMETRIC)  # fmt: skip
right("log_determinant_by_triangle", "gradient", log_determinant, by_triangle, COVARIANCE,
      "The lower triangle alone, in which an entry below the diagonal stands for two.", DETERMINANT,
      options=SYMMETRIC)  # fmt: skip
right("log_determinant_by_triangle_of_any", "gradient", log_determinant, by_triangle, COVARIANCE,
      "np.linalg.cholesky reads the lower triangle: as a function of all entries.", DETERMINANT)  # fmt: skip
wrong("log_determinant_full_of_any", "gradient", log_determinant, np.linalg.inv, COVARIANCE,
      "The symmetric answer as that of all entries.", DETERMINANT)  # fmt: skip
wrong("log_determinant_diagonal_doubled", "gradient", log_determinant, lambda S: by_triangle(S, False), COVARIANCE,
      "The diagonal counts twice, too.", DETERMINANT, options=POSITIVE)  # fmt: skip
wrong("log_determinant_by_triangle_once", "gradient", log_determinant, lambda S: np.tril(np.linalg.inv(S)), COVARIANCE,
      "The factor 2 of an entry off the diagonal is missing.", DETERMINANT, options=POSITIVE)  # fmt: skip

# a Gaussian density by its Cholesky factor
FACTOR = np.linalg.cholesky(COVARIANCE)
OBSERVED = rng.standard_normal(3)
LOWER = {"structure": {0: "lower-triangular"}}


def gaussian_by_factor(L, x):
    z = solve_triangular(L, x, lower=True)
    return 0.5 * z @ z + np.sum(np.log(np.diag(L)))


def gaussian_by_factor_gradient(L, x, transposed=True, logarithm=True):
    z = solve_triangular(L, x, lower=True)
    w = solve_triangular(L, z, lower=True, trans=1 if transposed else 0)
    g = -np.tril(np.outer(w, z))
    if logarithm:
        g += np.diag(1 / np.diag(L))
    return g, w


def mp_gaussian_by_factor(L, x):
    z = []
    for i in range(3):
        z.append((x[i] - sum(L[i, j] * z[j] for j in range(i))) / L[i, i])
    return sum(v * v for v in z) / 2 + sum(mpm.log(L[i, i]) for i in range(3))


FACTORED = Reference(mp_gaussian_by_factor)
right("gaussian_by_factor", "gradient", gaussian_by_factor, gaussian_by_factor_gradient, (FACTOR, OBSERVED),
      "Triangular solves.", FACTORED, options=LOWER)  # fmt: skip
wrong("gaussian_by_factor_untransposed", "gradient", gaussian_by_factor,
      lambda L, x: gaussian_by_factor_gradient(L, x, False), (FACTOR, OBSERVED), "L^-1 for L^-T.", FACTORED,
      options=LOWER)  # fmt: skip
wrong("gaussian_by_factor_logarithm", "gradient", gaussian_by_factor,
      lambda L, x: gaussian_by_factor_gradient(L, x, logarithm=False), (FACTOR, OBSERVED),
      "The log-determinant is left out.", FACTORED, options=LOWER)  # fmt: skip

# Procrustes: a rotation between clouds of points
TURN = np.linalg.qr(rng.standard_normal((3, 3)))[0]
CLOUD, IMAGE = rng.standard_normal((5, 3)), rng.standard_normal((5, 3))
ORTHOGONAL = {"structure": {0: "orthogonal"}}


def procrustes(Q):
    return np.sum((CLOUD @ Q - IMAGE) ** 2)


def procrustes_gradient(Q):
    return 2 * CLOUD.T @ (CLOUD @ Q - IMAGE)


def procrustes_riemannian(Q, sign=-1.0):
    G = procrustes_gradient(Q)
    return 0.5 * (G + sign * Q @ G.T @ Q)


CLOUDS = Reference(lambda Q: ((mp.lift(CLOUD) @ Q - mp.lift(IMAGE)) ** 2).sum())
right("procrustes_rotation", "gradient", procrustes, procrustes_gradient, TURN, "Euclidean.", CLOUDS,
      options=ORTHOGONAL)  # fmt: skip
right("procrustes_rotation_riemannian", "gradient", procrustes, procrustes_riemannian, TURN, "Projected.", CLOUDS,
      options=ORTHOGONAL)  # fmt: skip
wrong("procrustes_rotation_plus", "gradient", procrustes, lambda Q: procrustes_riemannian(Q, 1.0), TURN,
      "The normal part in place of the tangent one.", CLOUDS, options=ORTHOGONAL)  # fmt: skip
wrong("procrustes_rotation_transposed", "gradient", procrustes, lambda Q: procrustes_gradient(Q).T.copy(), TURN,
      "Transposed.", CLOUDS, options=ORTHOGONAL)  # fmt: skip

# a Rayleigh quotient's numerator on the sphere
SHAPE = rng.standard_normal((4, 4))
SHAPE = SHAPE + SHAPE.T
DIRECTION = rng.standard_normal(4)
DIRECTION = DIRECTION / np.sqrt(DIRECTION @ DIRECTION)
UNIT = {"structure": {0: "unit"}}
FORM = Reference(lambda u: u @ mp.lift(SHAPE) @ u)


def sphere_gradient(u, factor=2.0):
    g = factor * SHAPE @ u
    return g - (g @ u) * u


right("rayleigh_on_sphere", "gradient", lambda u: u @ SHAPE @ u, sphere_gradient, DIRECTION, "Projected.", FORM,
      options=UNIT)  # fmt: skip
right("rayleigh_on_sphere_euclidean", "gradient", lambda u: u @ SHAPE @ u, lambda u: 2 * SHAPE @ u, DIRECTION,
      "Not projected.", FORM, options=UNIT)  # fmt: skip
wrong("rayleigh_on_sphere_half", "gradient", lambda u: u @ SHAPE @ u, lambda u: sphere_gradient(u, 1.0), DIRECTION,
      "A symmetric form's factor 2 is missing.", FORM, options=UNIT)  # fmt: skip

# Cayley's rotation of a skew matrix
SPIN = rng.standard_normal((3, 3))
SPIN = SPIN - SPIN.T
SEEN, AIM = rng.standard_normal(3), rng.standard_normal(3)
SKEW = {"structure": {0: "skew"}}


def cayley(A):
    R = np.linalg.solve(np.eye(3) - A, np.eye(3) + A)
    return AIM @ R @ SEEN


def cayley_gradient(A, both=True):
    inner = np.linalg.solve(np.eye(3) - A, (np.eye(3) + A) @ SEEN)
    outer = np.linalg.solve((np.eye(3) - A).T, AIM)
    return np.outer(outer, inner + SEEN if both else SEEN)


def mp_cayley(A):
    one = np.eye(3, dtype=int)
    return mp.lift(AIM) @ mp.solve(one - A, (one + A) @ mp.lift(SEEN))


CAYLEY = Reference(mp_cayley)
right("cayley_rotation", "gradient", cayley, cayley_gradient, SPIN, "Of a skew matrix.", CAYLEY, options=SKEW)
wrong("cayley_rotation_inverse_held", "gradient", cayley, lambda A: cayley_gradient(A, False), SPIN,
      "The matrix that is inverted is held.", CAYLEY, options=SKEW)  # fmt: skip
