"""Second derivatives held back: of regressions, clusters, factorisations and processes."""

import numpy as np
from scipy import sparse
from scipy.sparse.linalg import LinearOperator

from .. import truth as mp
from ..item import Category
from ..truth import Reference

CATEGORY = Category("doors blind second order", door=True)
right, wrong = CATEGORY.right, CATEGORY.wrong
rng = np.random.default_rng(6102)
mpf, mpm = mp.mpf, mp.mpmath

# penalised logistic regression, the intercept free
X = np.concatenate([np.ones((6, 1)), rng.standard_normal((6, 2))], axis=1)
Y = np.array([1.0, 0, 0, 1, 1, 0])
BETA = np.array([0.2, -0.7, 0.5])


def penalised(b):
    score = X @ b
    return np.sum(np.logaddexp(0, score) - Y * score) + 0.4 * np.sum(b[1:] ** 2)


def penalised_hessian(b, curved=True, intercept=False):
    p = 1 / (1 + np.exp(-X @ b))
    weight = p * (1 - p) if curved else p
    free = np.array([float(intercept), 1.0, 1.0])
    return X.T @ (weight[:, None] * X) + 0.8 * np.diag(free)


def mp_penalised(b):
    scores = mp.lift(X) @ b
    fit = sum(mpm.log(1 + mpm.exp(s)) - mpf(y) * s for s, y in zip(scores, Y, strict=True))
    return fit + mpf(0.4) * (b[1] ** 2 + b[2] ** 2)


PENALISED = Reference(mp_penalised)
right("penalised_logistic", "hessian", penalised, penalised_hessian, BETA, "X^T W X and the penalty.", PENALISED)
right("penalised_logistic_operator", "hessian", penalised,
      lambda b: LinearOperator((3, 3), matvec=lambda v: penalised_hessian(b) @ np.ravel(v), dtype=float), BETA,
      "As an operator.", PENALISED)  # fmt: skip
wrong("penalised_logistic_weights", "hessian", penalised, lambda b: penalised_hessian(b, curved=False), BETA,
      "p for p (1 - p).", PENALISED)  # fmt: skip
wrong("penalised_logistic_intercept", "hessian", penalised, lambda b: penalised_hessian(b, intercept=True), BETA,
      "The intercept is penalised, too.", PENALISED)  # fmt: skip

# Cox's partial likelihood, times already in order
COVARIATES = rng.standard_normal((5, 2))
EVENTS = np.array([True, False, True, True, False])
HAZARDS = np.array([0.6, -0.3])


def cox(b):
    score = COVARIATES @ b
    total = 0.0
    for k in range(5):
        if EVENTS[k]:
            total += np.log(np.sum(np.exp(score[k:]))) - score[k]
    return total


def cox_hessian(b, centred=True):
    w = np.exp(COVARIATES @ b)
    H = np.zeros((2, 2))
    for k in np.flatnonzero(EVENTS):
        share = w[k:] / w[k:].sum()
        mean = share @ COVARIATES[k:]
        H += COVARIATES[k:].T @ (share[:, None] * COVARIATES[k:])
        if centred:
            H -= np.outer(mean, mean)
    return H


def mp_cox(b):
    score = mp.lift(COVARIATES) @ b
    return sum(mpm.log(sum(mpm.exp(s) for s in score[k:])) - score[k] for k in range(5) if EVENTS[k])


COX = Reference(mp_cox)
right("cox_regression", "hessian", cox, cox_hessian, HAZARDS, "Weighted covariances of those at risk.", COX)
wrong("cox_regression_uncentred", "hessian", cox, lambda b: cox_hessian(b, False), HAZARDS,
      "Second moments in place of covariances.", COX)  # fmt: skip

# three atoms that attract and repel
ATOMS = np.array([[0.0, 0.1], [1.1, 0.0], [0.5, 1.0]])


def cluster(x):
    energy = 0.0
    for i in range(3):
        for j in range(i):
            d2 = np.sum((x[i] - x[j]) ** 2)
            energy = energy + d2**-6 - 2 * d2**-3
    return energy


def cluster_hessian(x, across=True):
    H = np.zeros((3, 2, 3, 2))
    for i in range(3):
        for j in range(i):
            d = x[i] - x[j]
            d2 = d @ d
            first, again = -6 * d2**-7 + 6 * d2**-4, 42 * d2**-8 - 24 * d2**-5
            block = 4 * again * np.outer(d, d) + (2 * first * np.eye(2) if across else 0.0)
            H[i, :, i] += block
            H[j, :, j] += block
            H[i, :, j] -= block
            H[j, :, i] -= block
    return H


def cluster_product(x, v, own=True):
    result = np.zeros_like(v)
    for i in range(3):
        for j in range(i):
            d, e = x[i] - x[j], v[i] - v[j] if own else v[i]
            d2 = d @ d
            first, again = -6 * d2**-7 + 6 * d2**-4, 42 * d2**-8 - 24 * d2**-5
            push = 4 * again * d * (d @ e) + 2 * first * e
            result[i] += push
            result[j] -= push
    return result


def mp_cluster(x):
    total = mpf(0)
    for i, j in ((1, 0), (2, 0), (2, 1)):
        r2 = (x[i, 0] - x[j, 0]) ** 2 + (x[i, 1] - x[j, 1]) ** 2
        total += 1 / r2**6 - 2 / r2**3
    return total


CLUSTER = Reference(mp_cluster)
right("three_atoms", "hessian", cluster, cluster_hessian, ATOMS, "Along and across each bond.", CLUSTER, rounding=1e4)
right("three_atoms_product", "hvp", cluster, cluster_product, ATOMS, "Bond by bond.", CLUSTER, rounding=1e4)
wrong("three_atoms_along", "hessian", cluster, lambda x: cluster_hessian(x, False), ATOMS,
      "The part across the bonds is missing.", CLUSTER, rounding=1e4)  # fmt: skip
wrong("three_atoms_product_one_end", "hvp", cluster, lambda x, v: cluster_product(x, v, False), ATOMS,
      "The other atom's move is left out.", CLUSTER, rounding=1e4)  # fmt: skip

# a normal sample by its mean and log standard deviation: four blocks
SAMPLE = np.array([0.3, 1.9, -0.4, 1.1])
MEAN, LOG_SPREAD = np.array([0.5]), np.array([-0.2])


def normal(m, s):
    return np.sum(0.5 * ((SAMPLE - m) / np.exp(s)) ** 2) + 4 * s[0]


def normal_hessian(m, s, sign=1.0, four=2.0):
    precision = np.exp(-2 * s[0])
    gap = SAMPLE - m
    cross = sign * np.array([[2 * precision * np.sum(gap)]])
    return (np.array([[4 * precision]]), cross), (cross.T, np.array([[four * precision * np.sum(gap**2)]]))


NORMAL = Reference(lambda m, s: sum((mpf(y) - m[0]) ** 2 for y in SAMPLE) * mpm.exp(-2 * s[0]) / 2 + 4 * s[0])
right("normal_by_log_spread", "hessian", normal, normal_hessian, (MEAN, LOG_SPREAD), "Blocks in tuples.", NORMAL)
wrong("normal_by_log_spread_cross", "hessian", normal, lambda m, s: normal_hessian(m, s, -1.0), (MEAN, LOG_SPREAD),
      "Both blocks between mean and spread have the wrong sign, symmetric as they are.", NORMAL)  # fmt: skip
wrong("normal_by_log_spread_once", "hessian", normal, lambda m, s: normal_hessian(m, s, four=1.0),
      (MEAN, LOG_SPREAD), "-2 comes down once from exp(-2 s) / 2.", NORMAL)  # fmt: skip

# a matrix factorised: two inputs, products alone
U, V, RATINGS = rng.standard_normal((3, 2)), rng.standard_normal((4, 2)), rng.standard_normal((3, 4))


def factorised(u, v):
    return 0.5 * np.sum((u @ v.T - RATINGS) ** 2)


def factorised_product(u, v, du, dv, residual=True):
    change = du @ v.T + u @ dv.T
    gap = u @ v.T - RATINGS if residual else 0 * RATINGS
    return change @ v + gap @ dv, change.T @ u + gap.T @ du


FACTORISED = Reference(lambda u, v: ((u @ v.T - mp.lift(RATINGS)) ** 2).sum() / 2)
right("factorised_ratings", "hvp", factorised, factorised_product, (U, V), "Two inputs, two vectors.", FACTORISED)
wrong("factorised_ratings_gauss_newton", "hvp", factorised,
      lambda u, v, du, dv: factorised_product(u, v, du, dv, False), (U, V),
      "The residual's part is dropped.", FACTORISED)  # fmt: skip
wrong("factorised_ratings_own_change", "hvp", factorised,
      lambda u, v, du, dv: (du @ v.T @ v, dv @ u.T @ u), (U, V),
      "Each factor as if the other were held.", FACTORISED)  # fmt: skip

# a chained valley, sparse
VALLEY = np.array([0.8, 1.3, -0.4, 0.9, 0.2])


def valley(x):
    return np.sum(10 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)


def valley_hessian(x, shift=0):
    main = np.zeros(5)
    main[:-1] += 120 * x[:-1] ** 2 - 40 * x[1:] + 2
    main[1:] += 20
    beside = -40 * (x[1:] if shift else x[:-1])
    return sparse.diags_array([beside, main, beside], offsets=[-1, 0, 1], format="csr")


def mp_valley(x):
    return sum(10 * (x[k + 1] - x[k] ** 2) ** 2 + (1 - x[k]) ** 2 for k in range(4))


def valley_gradient(x):
    g = np.zeros(5)
    g[:-1] = -40 * x[:-1] * (x[1:] - x[:-1] ** 2) - 2 * (1 - x[:-1])
    g[1:] += 20 * (x[1:] - x[:-1] ** 2)
    return g


def mp_valley_gradient(x):
    gaps = [x[k + 1] - x[k] ** 2 for k in range(4)]
    here = [-40 * x[k] * gaps[k] - 2 * (1 - x[k]) for k in range(4)]
    return np.array([*here, mpf(0)]) + np.array([mpf(0), *(20 * g for g in gaps)])


VALLEYS, SLOPES = Reference(mp_valley), Reference(mp_valley_gradient)
right("chained_valley_sparse", "hessian", valley, valley_hessian, VALLEY, "csr.", VALLEYS)
right("chained_valley_of_gradient", "hvp", valley_gradient, lambda x, v: valley_hessian(x) @ v, VALLEY,
      "Of the gradient.", SLOPES, options={"of": "gradient"})  # fmt: skip
wrong("chained_valley_shifted", "hessian", valley, lambda x: valley_hessian(x, 1), VALLEY,
      "x[i + 1] for x[i] beside the diagonal.", VALLEYS)  # fmt: skip
wrong("chained_valley_of_gradient_diagonal", "hvp", valley_gradient,
      lambda x, v: valley_hessian(x).diagonal() * v, VALLEY, "The diagonal alone.", SLOPES,
      options={"of": "gradient"})  # fmt: skip

# a Gaussian process by its log-parameters: observed and expected information
PLACES, LEVELS = np.array([0.0, 0.4, 1.0, 1.7]), np.array([0.6, 1.0, -0.3, 0.2])
LOG_SCALES = np.array([0.2, -0.5])


def process_parts(p):
    gaps = (PLACES[:, None] - PLACES) ** 2
    smooth = np.exp(-0.5 * gaps * np.exp(-2 * p[1])) * np.exp(p[0])
    by_length = smooth * gaps * np.exp(-2 * p[1])
    return gaps, smooth, by_length


def process(p):
    K = process_parts(p)[1] + 0.2 * np.eye(4)
    return 0.5 * LEVELS @ np.linalg.solve(K, LEVELS) + 0.5 * np.linalg.slogdet(K)[1]


def process_hessian(p, second=True, expected=False):
    gaps, smooth, by_length = process_parts(p)
    inverse = np.linalg.inv(smooth + 0.2 * np.eye(4))
    a = inverse @ LEVELS
    first = [smooth, by_length]
    again = [[smooth, by_length], [by_length, by_length * (gaps * np.exp(-2 * p[1]) - 2)]]
    H = np.zeros((2, 2))
    for i in range(2):
        for j in range(2):
            trace = np.trace(inverse @ first[i] @ inverse @ first[j])
            if expected:
                H[i, j] = 0.5 * trace
                continue
            H[i, j] = a @ first[i] @ inverse @ first[j] @ a - 0.5 * trace
            if second:
                H[i, j] += 0.5 * np.trace(inverse @ again[i][j]) - 0.5 * a @ again[i][j] @ a
    return H


def mp_process(p):
    x, y = mp.lift(PLACES), mp.lift(LEVELS)
    K = mp.exp(p[0] - (x[:, None] - x) ** 2 * mpm.exp(-2 * p[1]) / 2) + mpf(0.2) * np.eye(4, dtype=int)
    return (y @ mp.solve(K, y) + mp.log(mp.det(K))) / 2


PROCESS = Reference(mp_process)
right("process_by_log_scales", "hessian", process, process_hessian, LOG_SCALES, "Observed.", PROCESS, rounding=1e4)
wrong("process_by_log_scales_expected", "hessian", process, lambda p: process_hessian(p, expected=True), LOG_SCALES,
      "Fisher's expected information.", PROCESS, rounding=1e4)  # fmt: skip
wrong("process_by_log_scales_kernel", "hessian", process, lambda p: process_hessian(p, second=False), LOG_SCALES,
      "The kernel's second derivatives are dropped.", PROCESS, rounding=1e4)  # fmt: skip

# log-sum-exp
HEIGHTS = np.array([0.4, -1.1, 0.9, 0.0])


def peak(x):
    m = np.max(x)
    return m + np.log(np.sum(np.exp(x - m)))


def peak_product(x, v, outer=1.0):
    p = np.exp(x - peak(x))
    return p * v - outer * p * (p @ v)


PEAK = Reference(mp.logsumexp)
right("log_sum_exp_product", "hvp", peak, peak_product, HEIGHTS, "diag(p) - p p^T.", PEAK)
wrong("log_sum_exp_product_outer", "hvp", peak, lambda x, v: peak_product(x, v, 0.0), HEIGHTS, "diag(p) alone.", PEAK)
wrong("log_sum_exp_product_sign", "hvp", peak, lambda x, v: peak_product(x, v, -1.0), HEIGHTS, "diag(p) + p p^T.",
      PEAK)  # fmt: skip
