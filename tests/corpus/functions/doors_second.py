"""Second derivatives: Hessians of likelihoods and energies, and their products with vectors."""

from itertools import pairwise

import numpy as np
from scipy import sparse
from scipy.special import digamma, gammaln, polygamma

from .. import truth as mp
from ..item import Category
from ..truth import Reference

CATEGORY = Category("doors second order", door=True)
right, wrong = CATEGORY.right, CATEGORY.wrong
rng = np.random.default_rng(5102)
mpf, mpm = mp.mpf, mp.mpmath

# multinomial logit, the last class as the base
X = rng.standard_normal((7, 2))
CHOICE = np.array([0, 2, 1, 1, 0, 2, 2])
BETA = 0.5 * rng.standard_normal((2, 2))


def multinomial(beta):
    scores = np.concatenate([X @ beta, np.zeros((7, 1))], axis=1)
    return np.sum(np.log(np.sum(np.exp(scores), axis=1))) - np.sum(scores[np.arange(7), CHOICE])


def multinomial_probabilities(beta):
    e = np.exp(X @ beta)
    return e / (1 + e.sum(axis=1, keepdims=True))


def multinomial_gradient(beta):
    hits = np.equal(CHOICE[:, None], np.arange(2)[None])
    return X.T @ (multinomial_probabilities(beta) - hits)


def multinomial_hessian(beta, between=-1.0, sign=1.0):
    p = multinomial_probabilities(beta)
    H = np.zeros((2, 2, 2, 2))
    for j in range(2):
        for k in range(2):
            weight = p[:, j] * (1 - p[:, j]) if j == k else between * p[:, j] * p[:, k]
            H[:, j, :, k] = sign * X.T @ (weight[:, None] * X)
    return H


def multinomial_product(beta, v, centred=True):
    p = multinomial_probabilities(beta)
    u = X @ v
    inner = p * (u - np.sum(p * u, axis=1, keepdims=True)) if centred else p * (1 - p) * u
    return X.T @ inner


def mp_multinomial(beta):
    scores = mp.lift(X) @ beta
    total = mpf(0)
    for row, k in zip(scores, CHOICE, strict=True):
        total += mpm.log(1 + sum(mpm.exp(s) for s in row)) - (row[k] if k < 2 else 0)
    return total


def mp_multinomial_gradient(beta):
    e = mp.exp(mp.lift(X) @ beta)
    hits = np.array([[mpf(int(k == j)) for j in range(2)] for k in CHOICE], dtype=object)
    return mp.lift(X).T @ (e / (1 + e.sum(axis=1, keepdims=True)) - hits)


MULTINOMIAL, SCORE = Reference(mp_multinomial), Reference(mp_multinomial_gradient)
right("multinomial_hessian", "hessian", multinomial, multinomial_hessian, BETA, "Four axes.", MULTINOMIAL)
right("multinomial_hessian_of_score", "hessian", multinomial_gradient, lambda b: multinomial_hessian(b).reshape(4, 4),
      BETA, "Of the gradient, flattened.", SCORE, options={"of": "gradient"})  # fmt: skip
right("multinomial_product", "hvp", multinomial, multinomial_product, BETA, "Without the matrix.", MULTINOMIAL)
wrong("multinomial_hessian_between_classes", "hessian", multinomial, lambda b: multinomial_hessian(b, 1.0), BETA,
      "+p_j p_k between classes.", MULTINOMIAL)  # fmt: skip
wrong("multinomial_hessian_block_diagonal", "hessian", multinomial, lambda b: multinomial_hessian(b, 0.0), BETA,
      "One class against all others: nothing between classes.", MULTINOMIAL)  # fmt: skip
wrong("multinomial_hessian_of_likelihood", "hessian", multinomial, lambda b: multinomial_hessian(b, sign=-1.0), BETA,
      "That of the log-likelihood, whose negative f is.", MULTINOMIAL)  # fmt: skip
wrong("multinomial_product_diagonal", "hvp", multinomial, lambda b, v: multinomial_product(b, v, False), BETA,
      "softmax's slope as p (1 - p).", MULTINOMIAL)  # fmt: skip

# least squares with a decaying exponential: Newton and Gauss-Newton
TIMES = np.linspace(0.0, 2.0, 6)
SEEN = 2 * np.exp(-1.3 * TIMES) + 0.3 * rng.standard_normal(6)
DECAY = np.array([1.7, 0.9])


def decay_loss(p):
    residual = p[0] * np.exp(-p[1] * TIMES) - SEEN
    return 0.5 * np.sum(residual**2)


def decay_hessian(p, full=True):
    e = np.exp(-p[1] * TIMES)
    J = np.stack([e, -p[0] * TIMES * e], axis=1)
    residual = p[0] * e - SEEN
    H = J.T @ J
    if full:
        cross = np.sum(residual * -TIMES * e)
        H += np.array([[0.0, cross], [cross, np.sum(residual * p[0] * TIMES**2 * e)]])
    return H


def mp_decay(p):
    return sum((p[0] * mpm.exp(-p[1] * mpf(t)) - mpf(y)) ** 2 for t, y in zip(TIMES, SEEN, strict=True)) / 2


DECAYING = Reference(mp_decay)
right("decay_fit_newton", "hessian", decay_loss, decay_hessian, DECAY, "With the second-order part.", DECAYING)
wrong("decay_fit_gauss_newton", "hessian", decay_loss, lambda p: decay_hessian(p, False), DECAY,
      "J^T J alone, the residual times its second derivative dropped.", DECAYING)  # fmt: skip

# negative binomial regression with a dispersion: two inputs
COUNTS, DESIGN = np.array([3.0, 0.0, 5.0, 2.0, 1.0]), rng.standard_normal((5, 2))
SLOPES, LOG_SIZE = np.array([0.4, -0.3]), np.array([0.7])


def negative_binomial(b, log_size):
    size, mean = np.exp(log_size[0]), np.exp(DESIGN @ b)
    terms = gammaln(COUNTS + size) - gammaln(size) + size * log_size[0] + COUNTS * (DESIGN @ b)
    return -np.sum(terms - (COUNTS + size) * np.log(size + mean))


def negative_binomial_hessian(b, log_size, chain=True, cross=1.0):
    r, m = np.exp(log_size[0]), np.exp(DESIGN @ b)
    weight = (COUNTS + r) * m * r / (r + m) ** 2
    first = -np.sum(digamma(COUNTS + r) - digamma(r) + np.log(r) + 1 - np.log(r + m) - (COUNTS + r) / (r + m))
    again = -np.sum(polygamma(1, COUNTS + r) - polygamma(1, r) + 1 / r - 2 / (r + m) + (COUNTS + r) / (r + m) ** 2)
    by_size = r * r * again + (r * first if chain else 0.0)
    between = cross * r * (DESIGN.T @ (m / (r + m) - (COUNTS + r) * m / (r + m) ** 2))
    return (DESIGN.T @ (weight[:, None] * DESIGN), between[:, None]), (between[None], np.array([[by_size]]))


def mp_negative_binomial(b, log_size):
    r, total = mpm.exp(log_size[0]), mpf(0)
    for y, score in zip(COUNTS, mp.lift(DESIGN) @ b, strict=True):
        y = mpf(y)
        total -= mpm.loggamma(y + r) - mpm.loggamma(r) + r * log_size[0] + y * score
        total += (y + r) * mpm.log(r + mpm.exp(score))
    return total


BINOMIAL = Reference(mp_negative_binomial)
right("negative_binomial_blocks", "hessian", negative_binomial, negative_binomial_hessian, (SLOPES, LOG_SIZE),
      "Two inputs, four blocks.", BINOMIAL, rounding=1e4)  # fmt: skip
wrong("negative_binomial_blocks_log_size", "hessian", negative_binomial,
      lambda b, s: negative_binomial_hessian(b, s, False), (SLOPES, LOG_SIZE),
      "r^2 f'' without the term r f' that the logarithm of r adds.", BINOMIAL, rounding=1e4)  # fmt: skip
wrong("negative_binomial_blocks_apart", "hessian", negative_binomial,
      lambda b, s: negative_binomial_hessian(b, s, cross=0.0), (SLOPES, LOG_SIZE),
      "Nothing between slopes and dispersion, as for the expected information.", BINOMIAL, rounding=1e4)  # fmt: skip

# a chain of springs with quartic bonds, sparse
CHAIN = rng.standard_normal(6)


def chain_energy(x):
    return np.sum(np.diff(x) ** 4) + 0.5 * np.sum(x**2)


def chain_hessian(x, ends=True):
    stiff = 12 * np.diff(x) ** 2
    main = np.ones(6)
    main[:-1] += stiff
    if ends:
        main[1:] += stiff
    return sparse.diags_array([-stiff, main, -stiff], offsets=[-1, 0, 1])


def chain_product(x, v, factor=12.0):
    bond = factor * np.diff(x) ** 2 * np.diff(v)
    result = v.copy()
    result[:-1] -= bond
    result[1:] += bond
    return result


CHAINED = Reference(lambda x: sum((b - a) ** 4 for a, b in pairwise(x)) + sum(x * x) / 2)
right("quartic_chain_sparse", "hessian", chain_energy, chain_hessian, CHAIN, "As a matrix of diagonals.", CHAINED)
right("quartic_chain_product", "hvp", chain_energy, chain_product, CHAIN, "Bond by bond.", CHAINED)
wrong("quartic_chain_one_end", "hessian", chain_energy, lambda x: chain_hessian(x, False), CHAIN,
      "A bond stiffens its left end alone.", CHAINED)  # fmt: skip
wrong("quartic_chain_product_slope", "hvp", chain_energy, lambda x, v: chain_product(x, v, 4.0), CHAIN,
      "The exponent comes down once: 4 for 4 times 3.", CHAINED)  # fmt: skip
