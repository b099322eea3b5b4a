"""Inputs on a set, held back: positive definite, symmetric, orthogonal, unit, triangular, skew."""

import numpy as np
from scipy.linalg import expm, expm_frechet, solve_triangular

from .. import truth as mp
from ..item import Category
from ..truth import Reference

CATEGORY = Category("doors blind structures", door=True)
right, wrong = CATEGORY.right, CATEGORY.wrong
rng = np.random.default_rng(6106)
mpf, mpm = mp.mpf, mp.mpmath


def declared(word, *others):
    return {"structure": dict(enumerate((word, *others)))}


# the divergence of one normal distribution from another
SPREAD = rng.standard_normal((3, 3))
ONE, TWO = SPREAD @ SPREAD.T + np.eye(3), np.diag([0.7, 1.4, 2.0]) + 0.3


def divergence(S):
    return 0.5 * (np.trace(np.linalg.solve(TWO, S)) - np.linalg.slogdet(S)[1])


def divergence_gradient(S, sign=-1.0, inverted=True):
    return 0.5 * (np.linalg.inv(TWO) if inverted else TWO) + 0.5 * sign * np.linalg.inv(S)


def mp_divergence(S):
    inverse = mp.inverse(mp.lift(TWO))
    return (sum((inverse @ S)[i, i] for i in range(3)) - mpm.log(mp.det(S))) / 2


DIVERGENCE = Reference(mp_divergence)
right("normal_divergence", "gradient", divergence, divergence_gradient, ONE, "Of the covariance.", DIVERGENCE,
      options=declared("positive-definite"))  # fmt: skip
wrong("normal_divergence_logarithm", "gradient", divergence, lambda S: divergence_gradient(S, 1.0), ONE,
      "The log-determinant's sign is wrong.", DIVERGENCE, options=declared("positive-definite"))  # fmt: skip
wrong("normal_divergence_uninverted", "gradient", divergence, lambda S: divergence_gradient(S, inverted=False), ONE,
      "The other covariance for its inverse.", DIVERGENCE, options=declared("positive-definite"))  # fmt: skip

# free energy of a quadratic form by the eigenvalues of a symmetric matrix
FORM = SPREAD + SPREAD.T


def free_energy(S):
    return np.sum(np.log1p(np.exp(-np.linalg.eigvalsh(S))))


def free_energy_gradient(S, turned=True, slope=True):
    values, vectors = np.linalg.eigh(S)
    f = -1 / (1 + np.exp(values)) if slope else -np.exp(-values)
    return vectors * f @ vectors.T if turned else vectors.T * f @ vectors


def mp_free_energy(S):
    half = (S + S.T) / 2
    return sum(mpm.log(1 + mpm.exp(-v)) for v in mpm.eigsy(mp.as_matrix(half), eigvals_only=True))


FERMI = Reference(mp_free_energy)
right("free_energy_of_eigenvalues", "gradient", free_energy, free_energy_gradient, FORM, "V f'(l) V^T.", FERMI,
      options=declared("symmetric"))  # fmt: skip
wrong("free_energy_of_eigenvalues_turned", "gradient", free_energy, lambda S: free_energy_gradient(S, False), FORM,
      "V^T f'(l) V: eigenvectors by rows.", FERMI, options=declared("symmetric"))  # fmt: skip
wrong("free_energy_of_eigenvalues_slope", "gradient", free_energy, lambda S: free_energy_gradient(S, slope=False), FORM,
      "The logarithm's slope is forgotten.", FERMI, options=declared("symmetric"))  # fmt: skip

# Brockett's cost of a frame
FRAME = np.linalg.qr(rng.standard_normal((4, 4)))[0]
INERTIA = rng.standard_normal((4, 4))
INERTIA = INERTIA + INERTIA.T
ORDER = np.diag([1.0, 2.0, 3.0, 4.0])


def brockett(Q):
    return np.trace(Q.T @ INERTIA @ Q @ ORDER)


def brockett_gradient(Q, factor=2.0, weighted=True):
    return factor * INERTIA @ Q @ (ORDER if weighted else np.eye(4))


BROCKETT = Reference(lambda Q: sum((Q.T @ mp.lift(INERTIA) @ Q)[k, k] * (k + 1) for k in range(4)))
right("brockett_cost", "gradient", brockett, brockett_gradient, FRAME, "Euclidean.", BROCKETT,
      options=declared("orthogonal"))  # fmt: skip
right("brockett_cost_riemannian", "gradient", brockett,
      lambda Q: 0.5 * (brockett_gradient(Q) - Q @ brockett_gradient(Q).T @ Q), FRAME, "Projected.", BROCKETT,
      options=declared("orthogonal"))  # fmt: skip
wrong("brockett_cost_half", "gradient", brockett, lambda Q: brockett_gradient(Q, 1.0), FRAME,
      "Both Qs count, one is differentiated.", BROCKETT, options=declared("orthogonal"))  # fmt: skip
wrong("brockett_cost_unweighted", "gradient", brockett, lambda Q: brockett_gradient(Q, weighted=False), FRAME,
      "The order's weights are missing: a gradient that is normal to the set.", BROCKETT,
      options=declared("orthogonal"))  # fmt: skip

# directions in rows: the spread on a sphere
ARROWS = rng.standard_normal((3, 3))
ARROWS = ARROWS / np.sqrt(np.sum(ARROWS**2, axis=1, keepdims=True))


def repulsion(u):
    cosines = u @ u.T
    return np.sum(np.triu(1 / (1.5 - cosines), 1))


def repulsion_gradient(u, projected=True, both=True):
    push = 1 / (1.5 - u @ u.T) ** 2
    push = push - np.diag(np.diag(push)) if both else np.triu(push, 1)
    g = push @ u
    return g - np.sum(g * u, axis=1, keepdims=True) * u if projected else g


def mp_repulsion(u):
    return sum(1 / (mpf("1.5") - sum(u[i] * u[j])) for i in range(3) for j in range(i + 1, 3))


REPULSION = Reference(mp_repulsion)
right("charges_on_sphere", "gradient", repulsion, repulsion_gradient, ARROWS, "Projected.", REPULSION,
      options=declared("unit"))  # fmt: skip
right("charges_on_sphere_euclidean", "gradient", repulsion, lambda u: repulsion_gradient(u, False), ARROWS,
      "Not projected.", REPULSION, options=declared("unit"))  # fmt: skip
wrong("charges_on_sphere_one_side", "gradient", repulsion, lambda u: repulsion_gradient(u, both=False), ARROWS,
      "Each pair pushes its first member alone.", REPULSION, options=declared("unit"))  # fmt: skip

# a covariance fitted by its factor
FACTOR = np.linalg.cholesky(ONE)


def factor_fit(L):
    return np.sum((L @ L.T - TWO) ** 2)


def factor_fit_gradient(L, factor=4.0):
    return np.tril(factor * (L @ L.T - TWO) @ L)


FIT = Reference(lambda L: ((L @ L.T - mp.lift(TWO)) ** 2).sum())
right("covariance_by_factor", "gradient", factor_fit, factor_fit_gradient, FACTOR, "tril of 4 (L L^T - S) L.", FIT,
      options=declared("lower-triangular"))  # fmt: skip
right("covariance_by_factor_full", "gradient", factor_fit, lambda L: 4 * (L @ L.T - TWO) @ L, FACTOR,
      "Not cut: what is above the diagonal does not count.", FIT, options=declared("lower-triangular"))  # fmt: skip
wrong("covariance_by_factor_two", "gradient", factor_fit, lambda L: factor_fit_gradient(L, 2.0), FACTOR,
      "L counts twice, and is differentiated once.", FIT, options=declared("lower-triangular"))  # fmt: skip
wrong("covariance_by_factor_transposed", "gradient", factor_fit, lambda L: factor_fit_gradient(L).T.copy(), FACTOR,
      "The upper triangle holds what belongs into the lower.", FIT, options=declared("lower-triangular"))  # fmt: skip

# back substitution
ROOT, LOAD = np.linalg.qr(SPREAD + 2 * np.eye(3))[1], rng.standard_normal(3)


def back_substitution(R, b):
    return solve_triangular(R, b, lower=False)


def back_substitution_backward(c, R, b, sign=-1.0):
    x = solve_triangular(R, b, lower=False)
    g = solve_triangular(R, c, lower=False, trans=1)
    return sign * np.triu(np.outer(g, x)), g


SUBSTITUTED = Reference(mp.solve)
right("back_substitution", "vjp", back_substitution, back_substitution_backward, (ROOT, LOAD), "triu.", SUBSTITUTED,
      options={"structure": {0: "upper-triangular"}})  # fmt: skip
wrong("back_substitution_sign", "vjp", back_substitution, lambda c, R, b: back_substitution_backward(c, R, b, 1.0),
      (ROOT, LOAD), "The inverse's minus sign is lost.", SUBSTITUTED,
      options={"structure": {0: "upper-triangular"}})  # fmt: skip

# a rotation by the exponential of a skew matrix
SPIN = SPREAD - SPREAD.T
FROM, TO = rng.standard_normal(3), rng.standard_normal(3)


def alignment(A):
    return TO @ expm(A) @ FROM


def alignment_gradient(A, transposed=True):
    return expm_frechet(A.T if transposed else A, np.outer(TO, FROM), compute_expm=False)


ALIGNMENT = Reference(lambda A: mp.lift(TO) @ mp.expm(A) @ mp.lift(FROM))
right("skew_exponential", "gradient", alignment, alignment_gradient, SPIN, "Frechet's derivative at A^T.", ALIGNMENT,
      options=declared("skew"))  # fmt: skip
right("skew_exponential_projected", "gradient", alignment,
      lambda A: 0.5 * (alignment_gradient(A) - alignment_gradient(A).T), SPIN, "Its skew part.", ALIGNMENT,
      options=declared("skew"))  # fmt: skip
wrong("skew_exponential_untransposed", "gradient", alignment, lambda A: alignment_gradient(A, False), SPIN,
      "At A, the opposite turn.", ALIGNMENT, options=declared("skew"))  # fmt: skip
wrong("skew_exponential_first_order", "gradient", alignment, lambda A: np.outer(TO, FROM) @ expm(A).T, SPIN,
      "As if the change commuted with A.", ALIGNMENT, options=declared("skew"))  # fmt: skip
