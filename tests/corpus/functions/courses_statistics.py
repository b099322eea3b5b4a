"""Likelihoods whose scores statisticians derive by hand."""

import itertools

import numpy as np
from scipy import special
from scipy.linalg import cho_factor, cho_solve

from .. import truth as mp
from ..item import Category
from ..truth import Reference

CATEGORY = Category("course statistics")
right, wrong = CATEGORY.right, CATEGORY.wrong
rng = np.random.default_rng(1922)
loggamma = np.frompyfunc(mp.mpmath.loggamma, 1, 1)
X = rng.standard_normal((6, 3)) * 0.6
BETA = rng.standard_normal(3)
COUNTS = np.array([0.0, 2.0, 1.0, 4.0, 0.0, 3.0])
EXPOSURE = np.array([1.0, 2.5, 0.8, 3.0, 0.5, 2.0])


# Poisson regression with exposure
def poisson_nll(beta):
    eta = X @ beta + np.log(EXPOSURE)
    return np.sum(np.exp(eta) - COUNTS * eta + special.gammaln(COUNTS + 1))


def poisson_score(beta, offset=True):
    mu = np.exp(X @ beta) * (EXPOSURE if offset else 1.0)
    return X.T @ (mu - COUNTS)


def mp_poisson(beta):
    eta = mp.lift(X) @ beta + mp.log(mp.lift(EXPOSURE))
    return (mp.exp(eta) - mp.lift(COUNTS) * eta + loggamma(mp.lift(COUNTS) + 1)).sum()


POISSON = Reference(mp_poisson)
right("glm_poisson", "gradient", poisson_nll, poisson_score, BETA, "Log link with an offset.", POISSON)
wrong(
    "glm_poisson_offset_forgotten", "gradient", poisson_nll, lambda b: poisson_score(b, offset=False), BETA,
    "The exposure is missing in the score.", POISSON,
)  # fmt: skip


# negative binomial with dispersion on the log scale
def negbin(beta, log_r):
    r, mu = np.exp(log_r), np.exp(X @ beta)
    lp = special.gammaln(COUNTS + r) - special.gammaln(r) - special.gammaln(COUNTS + 1)
    return -np.sum(lp + r * np.log(r / (r + mu)) + COUNTS * np.log(mu / (r + mu)))


def negbin_score(beta, log_r, chain=True):
    r, mu = np.exp(log_r), np.exp(X @ beta)
    dr = special.digamma(COUNTS + r) - special.digamma(r) + np.log(r / (r + mu)) + 1 - (r + COUNTS) / (r + mu)
    return -X.T @ ((COUNTS - mu) * r / (r + mu)), -np.sum(dr) * (r if chain else 1.0)


def mp_negbin(beta, log_r):
    y = mp.lift(COUNTS)
    r, mu = mp.exp(log_r), mp.exp(mp.lift(X) @ beta)
    lp = loggamma(y + r) - loggamma(r) - loggamma(y + 1) + r * mp.log(r / (r + mu)) + y * mp.log(mu / (r + mu))
    return -lp.sum()


NEGBIN, NEGBIN_IN = Reference(mp_negbin), (BETA, np.array(0.7))
right("glm_negative_binomial", "gradient", negbin, negbin_score, NEGBIN_IN, "With digamma; dispersion is 0-d.", NEGBIN)
wrong(
    "glm_negative_binomial_log_scale", "gradient", negbin, lambda b, r: negbin_score(b, r, chain=False), NEGBIN_IN,
    "The score for r, where log r is the parameter.", NEGBIN,
)  # fmt: skip


# mixture of Gaussians in one dimension
DATA = np.array([-2.1, -1.7, 0.4, 0.9, 3.2])


def mixture(logits, mu, log_sigma):
    sigma = np.exp(log_sigma)
    logp = special.log_softmax(logits) - 0.5 * ((DATA[:, None] - mu) / sigma) ** 2 - log_sigma
    return -np.sum(special.logsumexp(logp, axis=1)) + len(DATA) * 0.5 * np.log(2 * np.pi)


def mixture_gradient(logits, mu, log_sigma, normalised=True, square=True):
    sigma = np.exp(log_sigma)
    z = (DATA[:, None] - mu) / sigma
    logp = np.log(special.softmax(logits)) - 0.5 * z**2 - log_sigma
    resp = special.softmax(logp, axis=1)
    nk = resp.sum(0)
    pi = special.softmax(logits)
    return (
        -(nk - len(DATA) * pi) if normalised else -nk,
        -(resp * z / sigma).sum(axis=0),
        -(resp * (z**2 - 1 if square else z - 1)).sum(axis=0),
    )


def mp_mixture(logits, mu, log_sigma):
    total = mp.mpf(0)
    for x in mp.lift(DATA):
        density = mp.softmax(logits) * mp.exp(-(((x - mu) / mp.exp(log_sigma)) ** 2) / 2) / mp.exp(log_sigma)
        total -= mp.mpmath.log(density.sum() / mp.mpmath.sqrt(2 * mp.pi))
    return total


MIXTURE, MIXTURE_IN = Reference(mp_mixture), (np.array([0.2, -0.3]), np.array([-1.5, 1.2]), np.array([0.1, 0.4]))
right("mixture_log_likelihood", "gradient", mixture, mixture_gradient, MIXTURE_IN, "Responsibilities.", MIXTURE)
wrong(
    "mixture_weights_unnormalised", "gradient", mixture,
    lambda *a: mixture_gradient(*a, normalised=False), MIXTURE_IN, "The softmax of the weights is ignored.", MIXTURE,
)  # fmt: skip
wrong(
    "mixture_scale_not_squared", "gradient", mixture, lambda *a: mixture_gradient(*a, square=False), MIXTURE_IN,
    "z where z squared belongs.", MIXTURE,
)  # fmt: skip

# hidden Markov model: scaled forward algorithm, expected counts from forward-backward
OBSERVED = [0, 1, 1, 2, 0]


def hmm(logA, logB):
    A, B = special.softmax(logA, axis=1), special.softmax(logB, axis=1)
    alpha = np.array([0.6, 0.4]) * B[:, OBSERVED[0]]
    loglik = 0.0
    for o in OBSERVED[1:]:
        c = alpha.sum()
        loglik += np.log(c)
        alpha = (alpha / c) @ A * B[:, o]
    return -(loglik + np.log(alpha.sum()))


def hmm_gradient(logA, logB, skip_last=False):
    A, B = special.softmax(logA, axis=1), special.softmax(logB, axis=1)
    n = len(OBSERVED)
    alpha, beta = np.empty((n, 2)), np.ones((n, 2))
    alpha[0] = np.array([0.6, 0.4]) * B[:, OBSERVED[0]]
    for t in range(1, n):
        alpha[t] = alpha[t - 1] @ A * B[:, OBSERVED[t]]
    for t in range(n - 2, -1, -1):
        beta[t] = A @ (B[:, OBSERVED[t + 1]] * beta[t + 1])
    likelihood = alpha[-1].sum()
    moves, emits = np.zeros_like(A), np.zeros_like(B)
    for t in range(n - 1 - skip_last):
        moves += np.outer(alpha[t], B[:, OBSERVED[t + 1]] * beta[t + 1]) * A / likelihood
    for t in range(n):
        emits[:, OBSERVED[t]] += alpha[t] * beta[t] / likelihood
    return -(moves - A * moves.sum(1, keepdims=True)), -(emits - B * emits.sum(1, keepdims=True))


def mp_hmm(logA, logB):
    A, B = mp.softmax(logA), mp.softmax(logB)
    alpha = mp.lift(np.array([0.6, 0.4])) * B[:, OBSERVED[0]]
    for o in OBSERVED[1:]:
        alpha = alpha @ A * B[:, o]
    return -mp.log(alpha.sum())


HMM, HMM_IN = Reference(mp_hmm), (rng.standard_normal((2, 2)), rng.standard_normal((2, 3)))
right("hmm_forward_algorithm", "gradient", hmm, hmm_gradient, HMM_IN, "Expected counts, normalised rows.", HMM)
wrong(
    "hmm_last_transition_not_counted", "gradient", hmm, lambda a, b: hmm_gradient(a, b, skip_last=True), HMM_IN,
    "Off by one in the sum over transitions.", HMM,
)  # fmt: skip

# Kalman filter: local level model, variances on the log scale, sensitivities carried along
LEVELS = np.array([0.4, 0.1, 0.9, 1.4, 1.1])


def kalman(theta):
    q, r = np.exp(theta)
    m, P, nll = 0.0, 1.0, 0.0
    for y in LEVELS:
        P = P + q
        S = P + r
        v = y - m
        nll = nll + 0.5 * (np.log(2 * np.pi * S) + v * v / S)
        K = P / S
        m, P = m + K * v, (1 - K) * P
    return nll


def kalman_gradient(theta, mean_moves=True):
    q, r = np.exp(theta)
    m, P = 0.0, 1.0
    dm, dP, g = np.zeros(2), np.zeros(2), np.zeros(2)
    dq, dr = np.array([q, 0.0]), np.array([0.0, r])
    for y in LEVELS:
        P, dP = P + q, dP + dq
        S, dS = P + r, dP + dr
        v, dv = y - m, -dm if mean_moves else np.zeros(2)
        g += 0.5 * (dS / S + 2 * v * dv / S - v**2 * dS / S**2)
        K, dK = P / S, dP / S - P * dS / S**2
        m, dm = m + K * v, dm + dK * v + K * dv
        P, dP = (1 - K) * P, (1 - K) * dP - dK * P
    return g


def mp_kalman(theta):
    q, r = mp.exp(theta)
    m, P, nll = mp.mpf(0), mp.mpf(1), mp.mpf(0)
    for y in mp.lift(LEVELS):
        P += q
        S = P + r
        nll += (mp.mpmath.log(2 * mp.pi * S) + (y - m) ** 2 / S) / 2
        m, P = m + P / S * (y - m), P * r / S
    return nll


KALMAN = Reference(mp_kalman)
right("kalman_local_level", "gradient", kalman, kalman_gradient, np.array([-1.0, -0.5]), "Sensitivities.", KALMAN)
wrong(
    "kalman_innovation_held_constant", "gradient", kalman, lambda t: kalman_gradient(t, mean_moves=False),
    np.array([-1.0, -0.5]), "The filtered mean's sensitivity does not enter the innovation.", KALMAN,
)  # fmt: skip

# Gaussian process marginal likelihood
PLACES, HEIGHTS = np.array([0.0, 0.7, 1.1, 2.0, 2.8]), np.array([0.2, 0.9, 0.7, -0.5, -1.0])
GAPS = (PLACES[:, None] - PLACES) ** 2


def gp_nlml(theta):
    amplitude, scale, noise = np.exp(theta)
    K = amplitude * np.exp(-0.5 * GAPS / scale**2) + noise * np.eye(5)
    L = np.linalg.cholesky(K)
    alpha = np.linalg.solve(L.T, np.linalg.solve(L, HEIGHTS))
    return 0.5 * HEIGHTS @ alpha + np.log(np.diag(L)).sum() + 2.5 * np.log(2 * np.pi)


def gp_gradient(theta, trace=True):
    amplitude, scale, noise = np.exp(theta)
    K = amplitude * np.exp(-0.5 * GAPS / scale**2)
    factor = cho_factor(K + noise * np.eye(5), lower=True)
    alpha = cho_solve(factor, HEIGHTS)
    inner = np.outer(alpha, alpha)
    if trace:
        inner = inner - cho_solve(factor, np.eye(5))
    parts = (K, K * GAPS / scale**2, noise * np.eye(5))
    return np.array([-0.5 * np.einsum("ij,ij->", inner, d) for d in parts])


def mp_gp(theta):
    amplitude, scale, noise = mp.exp(theta)
    K = amplitude * mp.exp(-mp.lift(GAPS) / scale**2 / 2) + noise * mp.lift(np.eye(5))
    y = mp.lift(HEIGHTS)
    return (y @ mp.solve(K, y) + mp.mpmath.log(mp.det(K)) + 5 * mp.mpmath.log(2 * mp.pi)) / 2


GP, GP_AT = Reference(mp_gp), np.array([0.1, -0.2, -2.0])
right("gp_hyperparameters", "gradient", gp_nlml, gp_gradient, GP_AT, "Hyperparameters on log scale.", GP)
wrong(
    "gp_hyperparameters_no_trace", "gradient", gp_nlml, lambda t: gp_gradient(t, trace=False), GP_AT,
    "The log determinant's derivative is missing.", GP,
)  # fmt: skip

# Cox's partial likelihood
TIMES, EVENT = np.array([5.0, 1.0, 4.0, 2.0, 6.0, 3.0]), np.array([1, 1, 0, 1, 1, 0])


def cox(beta):
    order = np.argsort(-TIMES)
    eta = (X @ beta)[order]
    risk = np.logaddexp.accumulate(eta)
    return -np.sum((eta - risk)[EVENT[order] == 1])


def cox_gradient(beta, censored_at_risk=True):
    w = np.exp(X @ beta)
    g = np.zeros_like(beta)
    for i in np.flatnonzero(EVENT):
        at_risk = TIMES[i] <= TIMES
        if not censored_at_risk:
            at_risk &= EVENT == 1
        g -= X[i] - (w[at_risk] @ X[at_risk]) / w[at_risk].sum()
    return g


def mp_cox(beta):
    eta = mp.lift(X) @ beta
    return sum(
        mp.mpmath.log(sum(mp.mpmath.exp(eta[j]) for j in range(6) if TIMES[j] >= TIMES[i])) - eta[i]
        for i in range(6)
        if EVENT[i]
    )


COX = Reference(mp_cox)
right("cox_partial_likelihood", "gradient", cox, cox_gradient, BETA, "Running logsumexp over the risk set.", COX)
wrong(
    "cox_censored_leave_the_risk_set", "gradient", cox, lambda b: cox_gradient(b, censored_at_risk=False), BETA,
    "Censored subjects are at risk until they are censored.", COX,
)  # fmt: skip

# linear-chain CRF
TAGS = [0, 1, 1, 2]


def crf(emit, trans):
    log_alpha = emit[0]
    for t in range(1, len(emit)):
        log_alpha = special.logsumexp(log_alpha[:, None] + trans, axis=0) + emit[t]
    gold = sum(emit[t, k] for t, k in enumerate(TAGS)) + sum(trans[a, b] for a, b in itertools.pairwise(TAGS))
    return special.logsumexp(log_alpha) - gold


def crf_gradient(emit, trans, direction=1):
    n, k = emit.shape
    a, b = np.zeros((n, k)), np.zeros((n, k))
    a[0] = emit[0]
    for t in range(1, n):
        a[t] = special.logsumexp(a[t - 1][:, None] + trans, axis=0) + emit[t]
    for t in range(n - 2, -1, -1):
        b[t] = special.logsumexp(trans + emit[t + 1] + b[t + 1], axis=1)
    Z = special.logsumexp(a[-1])
    demit, dtrans = np.exp(a + b - Z), np.zeros_like(trans)
    for t in range(n - 1):
        dtrans += np.exp(a[t][:, None] + trans + emit[t + 1] + b[t + 1] - Z)
    demit[np.arange(n), TAGS] -= 1
    np.subtract.at(dtrans, (TAGS[:-1], TAGS[1:]) if direction == 1 else (TAGS[1:], TAGS[:-1]), 1)
    return demit, dtrans


def mp_crf(emit, trans):
    total = mp.mpf(0)
    for path in np.ndindex(*(3,) * 4):
        s = sum(emit[t, k] for t, k in enumerate(path)) + sum(trans[p, q] for p, q in itertools.pairwise(path))
        total += mp.mpmath.exp(s)
    gold = sum(emit[t, k] for t, k in enumerate(TAGS)) + sum(trans[p, q] for p, q in itertools.pairwise(TAGS))
    return mp.mpmath.log(total) - gold


CRF, CRF_IN = Reference(mp_crf), (rng.standard_normal((4, 3)), rng.standard_normal((3, 3)))
right("crf_likelihood", "gradient", crf, crf_gradient, CRF_IN, "Marginals minus the gold path.", CRF)
wrong(
    "crf_gold_transitions_reversed", "gradient", crf, lambda e, t: crf_gradient(e, t, direction=-1), CRF_IN,
    "The gold transitions are counted as (to, from).", CRF,
)  # fmt: skip


# ordered probit thresholds and a robust regression by math functions
def student_t(beta, log_scale):
    z = (HEIGHTS - X[:5] @ beta) / np.exp(log_scale)
    return np.sum(2.5 * np.log1p(z * z / 4.0)) + 5 * log_scale


def student_t_gradient(beta, log_scale, weight=True):
    s = np.exp(log_scale)
    z = (HEIGHTS - X[:5] @ beta) / s
    w = 5.0 / (4.0 + z**2) if weight else np.full(5, 5.0 / 4.0)
    return -(w * z) @ X[:5] / s, 5 - np.sum(w * z * z)


STUDENT = Reference(
    lambda b, s: (
        sum(mp.mpf("2.5") * mp.mpmath.log1p(v * v / 4) for v in (mp.lift(HEIGHTS) - mp.lift(X[:5]) @ b) / mp.exp(s))
        + 5 * s
    )
)
STUDENT_IN = (BETA, np.array(-0.4))
right("student_t_regression", "gradient", student_t, student_t_gradient, STUDENT_IN, "Robust weights.", STUDENT)
wrong(
    "student_t_regression_weights_constant", "gradient", student_t,
    lambda b, s: student_t_gradient(b, s, weight=False), STUDENT_IN, "Outliers are not weighted down.", STUDENT,
)  # fmt: skip
