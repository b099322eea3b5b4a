"""Likelihoods, kernels and time series with one mistake each, after public reports."""

import numpy as np
from scipy.special import digamma, gammaln

from .. import truth as mp
from ..item import Category
from ..truth import Reference

CATEGORY = Category("fresh statistics")
right, wrong = CATEGORY.right, CATEGORY.wrong
rng = np.random.default_rng(9306)
mpf, mpm = mp.mpf, mp.mpmath

# deaths at the same time, after Efron
PATIENTS, EFFECTS = rng.standard_normal((6, 2)), np.array([0.5, -0.4])
TIMES = (([0, 1], [0, 1, 2, 3, 4, 5]), ([3], [3, 4, 5]), ([4, 5], [4, 5]))


def tied_deaths(beta):
    score = PATIENTS @ beta
    hazard, cost = np.exp(score), 0.0
    for dead, at_risk in TIMES:
        for k in range(len(dead)):
            share = k / len(dead)
            cost = cost + np.log(np.sum(hazard[at_risk]) - share * np.sum(hazard[dead]))
        cost = cost - np.sum(score[dead])
    return cost


def tied_deaths_gradient(beta, corrected=1.0):
    hazard = np.exp(PATIENTS @ beta)
    weighted, g = hazard[:, None] * PATIENTS, np.zeros(2)
    for dead, at_risk in TIMES:
        for k in range(len(dead)):
            share = k / len(dead)
            total = hazard[at_risk].sum() - share * hazard[dead].sum()
            g += (weighted[at_risk].sum(axis=0) - corrected * share * weighted[dead].sum(axis=0)) / total
        g -= PATIENTS[dead].sum(axis=0)
    return g


def mp_tied_deaths(beta):
    score = mp.lift(PATIENTS) @ beta
    hazard, cost = mp.exp(score), mpf(0)
    for dead, at_risk in TIMES:
        for k in range(len(dead)):
            cost += mpm.log(hazard[at_risk].sum() - mpf(k) / len(dead) * hazard[dead].sum())
        cost -= score[dead].sum()
    return cost


right("fresh_tied_deaths", "gradient", tied_deaths, tied_deaths_gradient, EFFECTS, "Corrected above and below.",
      Reference(mp_tied_deaths))  # fmt: skip
wrong("fresh_tied_deaths_numerator_uncorrected", "gradient", tied_deaths,
      lambda b: tied_deaths_gradient(b, corrected=0.0), EFFECTS,
      "The risk set's mean lacks the correction for ties (after derrynknife/SurPyval #279).",
      Reference(mp_tied_deaths))  # fmt: skip

# gamma regression whose scale follows from the fit
COVARIATES, AMOUNTS = rng.standard_normal((6, 2)), np.array([0.6, 1.9, 1.1, 2.7, 0.8, 1.4])
FIT = np.array([0.3, -0.2])


def scaled_gamma(beta):
    mu = np.exp(COVARIATES @ beta)
    scale = np.mean((AMOUNTS / mu - 1) ** 2)
    k = 1 / scale
    return np.sum(k * (AMOUNTS / mu + np.log(mu)) + gammaln(k) - k * np.log(k) - (k - 1) * np.log(AMOUNTS))


def scaled_gamma_gradient(beta, indirect=1.0):
    mu = np.exp(COVARIATES @ beta)
    r = AMOUNTS / mu
    k = 1 / np.mean((r - 1) ** 2)
    by_k = np.sum(r + np.log(mu) + digamma(k) - np.log(k) - 1 - np.log(AMOUNTS))
    by_score = k * (1 - r) + indirect * by_k * k**2 * 2 * (r - 1) * r / 6
    return COVARIATES.T @ by_score


def mp_scaled_gamma(beta):
    mu, y = mp.exp(mp.lift(COVARIATES) @ beta), mp.lift(AMOUNTS)
    k = 6 / ((y / mu - 1) ** 2).sum()
    each = k * (y / mu + mp.log(mu)) - (k - 1) * mp.lift(np.log(AMOUNTS))  # constants of f, in floats
    return each.sum() + 6 * (mpm.loggamma(k) - k * mpm.log(k))


right("fresh_scaled_gamma", "gradient", scaled_gamma, scaled_gamma_gradient, FIT, "The scale follows the fit.",
      Reference(mp_scaled_gamma))  # fmt: skip
wrong("fresh_scaled_gamma_scale_held", "gradient", scaled_gamma, lambda b: scaled_gamma_gradient(b, indirect=0.0), FIT,
      "The score at a fixed scale, for a likelihood that estimates it (statsmodels #4616).",
      Reference(mp_scaled_gamma))  # fmt: skip

# a kernel of many lengths
SITES = rng.standard_normal((4, 2))
GAPS2 = np.sum((SITES[:, None] - SITES) ** 2, axis=-1)
SHAPE = (np.array(1.2), np.array(0.8))


def rational(length, alpha):
    base = 1 + GAPS2 / (2 * alpha * length**2)
    return base**-alpha


def rational_backward(c, length, alpha, inside=1.0):
    base = 1 + GAPS2 / (2 * alpha * length**2)
    k = base**-alpha
    by_alpha = k * (-np.log(base) + inside * GAPS2 / (2 * alpha * length**2 * base))
    return np.sum(c * k / base * GAPS2 / length**3), np.sum(c * by_alpha)


def mp_rational(length, alpha):
    return mp.exp(-alpha * mp.log(1 + mp.lift(GAPS2) / (2 * alpha * length**2)))


right("fresh_rational_kernel", "vjp", rational, rational_backward, SHAPE, "alpha twice.", Reference(mp_rational))
wrong("fresh_rational_kernel_exponent_alone", "vjp", rational, lambda c, *a: rational_backward(c, *a, inside=0.0),
      SHAPE, "alpha in the base is forgotten (GPy #75 says that these gradients are wrong).",
      Reference(mp_rational))  # fmt: skip

# a kernel that returns
GAPS, SEASON = np.abs(np.subtract.outer(np.arange(4.0), np.arange(4.0))) * 0.7, (np.array(0.9), np.array(2.3))


def seasonal(length, period):
    s = np.sin(np.pi * GAPS / period)
    return np.exp(-2 * s**2 / length**2)


def seasonal_backward(c, length, period):
    angle = np.pi * GAPS / period
    k = np.exp(-2 * np.sin(angle) ** 2 / length**2)
    by_period = k * 4 * np.sin(angle) * np.cos(angle) / length**2 * np.pi * GAPS / period
    return np.sum(c * k * 4 * np.sin(angle) ** 2 / length**3), np.sum(c * by_period)


def mp_seasonal(length, period):
    return mp.exp(-2 * mp.sin(mpm.pi * mp.lift(GAPS) / period) ** 2 / length**2)


wrong("fresh_seasonal_kernel_period_once", "vjp", seasonal, seasonal_backward, SEASON,
      "1/p where the derivative of d/p has 1/p^2 (a question about george's gradients, #47).",
      Reference(mp_seasonal))  # fmt: skip

# a process about a mean that is learnt
TREND, OBSERVED = np.stack([np.ones(4), np.arange(4.0)], axis=1), np.array([0.4, 0.9, 1.8, 1.7])
PROCESS = (np.array([0.2, 0.3]), np.array(-0.8))


def process_cost(m, log_noise):
    gap = OBSERVED - TREND @ m
    k = np.exp(-0.5 * GAPS**2) + np.exp(log_noise) * np.eye(4)
    return 0.5 * gap @ np.linalg.solve(k, gap) + 0.5 * np.linalg.slogdet(k)[1]


def process_cost_gradient(m, log_noise):
    inverse = np.linalg.inv(np.exp(-0.5 * GAPS**2) + np.exp(log_noise) * np.eye(4))
    alpha = inverse @ (OBSERVED - TREND @ m)
    return TREND.T @ alpha, 0.5 * np.exp(log_noise) * (np.trace(inverse) - alpha @ alpha)


def mp_process_cost(m, log_noise):
    gap = mp.lift(OBSERVED) - mp.lift(TREND) @ m
    k = mp.lift(np.exp(-0.5 * GAPS**2)) + mp.exp(log_noise) * mp.lift(np.eye(4))
    return (gap @ mp.solve(k, gap) + mpm.log(mp.det(k))) / 2


wrong("fresh_process_mean_sign", "gradient", process_cost, process_cost_gradient, PROCESS,
      "The mean's gradient has the other sign (GaussianProcesses.jl #26).", Reference(mp_process_cost))  # fmt: skip

# shocks of an autoregression with a moving average
SERIES, MEMORY = np.array([0.5, 1.1, 0.2, -0.6, 0.3, 0.9]), (np.array(0.4), np.array(0.6))


def shocks(phi, theta):
    e, prev = [], 0.0
    for t in range(1, 6):
        prev = SERIES[t] - phi * SERIES[t - 1] - theta * prev
        e.append(prev)
    return np.array(e)


def shocks_backward(c, phi, theta, recursive=1.0):
    e, g, dphi, dtheta = np.concatenate([[0.0], shocks(phi, theta)]), 0.0, 0.0, 0.0
    for t in range(5, 0, -1):
        g = c[t - 1] - recursive * theta * g
        dphi -= g * SERIES[t - 1]
        dtheta -= g * e[t - 1]
    return dphi, dtheta


def mp_shocks(phi, theta):
    y, e, prev = mp.lift(SERIES), [], mpf(0)
    for t in range(1, 6):
        prev = y[t] - phi * y[t - 1] - theta * prev
        e.append(prev)
    return np.array(e, dtype=object)


right("fresh_shocks", "vjp", shocks, shocks_backward, MEMORY, "Earlier shocks depend on them, too.",
      Reference(mp_shocks))  # fmt: skip
wrong("fresh_shocks_without_recursion", "vjp", shocks, lambda c, *a: shocks_backward(c, *a, recursive=0.0), MEMORY,
      "The shock before is taken for data (homework on ARMA).", Reference(mp_shocks))  # fmt: skip

# variances that remember
RETURNS, VARIANCES = np.array([0.9, -1.3, 0.4, 1.6, -0.7]), np.array([0.3, 0.2, 0.5])


def garch_cost(p):
    v, cost = 1.0, 0.0
    for t in range(1, 5):
        v = p[0] + p[1] * RETURNS[t - 1] ** 2 + p[2] * v
        cost = cost + 0.5 * (np.log(v) + RETURNS[t] ** 2 / v)
    return cost


def garch_cost_gradient(p):
    v, dv, g = 1.0, np.zeros(3), np.zeros(3)
    for t in range(1, 5):
        dv = np.array([1.0, RETURNS[t - 1] ** 2, v]) + p[2] * dv
        v = p[0] + p[1] * RETURNS[t - 1] ** 2 + p[2] * v
        g += 0.5 * (1 / v - RETURNS[t] ** 2 / v**2) * dv
    omega, alpha, beta = g
    return np.array([alpha, beta, omega])


def mp_garch_cost(p):
    y, v, cost = mp.lift(RETURNS), mpf(1), mpf(0)
    for t in range(1, 5):
        v = p[0] + p[1] * y[t - 1] ** 2 + p[2] * v
        cost += (mpm.log(v) + y[t] ** 2 / v) / 2
    return cost


wrong("fresh_garch_in_another_order", "gradient", garch_cost, garch_cost_gradient, VARIANCES,
      "(alpha, beta, omega) for (omega, alpha, beta) (sryza/spark-timeseries #182).",
      Reference(mp_garch_cost))  # fmt: skip

# a filter of place and speed
MOVE, DRIFT, PLACES = np.array([[1.0, 0.5], [0.0, 0.9]]), np.array([[0.2, 0.1], [0.1, 0.3]]), np.array([0.7, 1.6])
BELIEF = (np.array([0.2, 0.5]), np.array([[1.0, 0.2], [0.2, 0.6]]))


def tracked(m, p):
    cost = 0.0
    for y in PLACES:
        m = MOVE @ m
        p = MOVE @ p @ MOVE.T + DRIFT
        v, s = y - m[0], p[0, 0] + 0.4
        k = p[:, 0] / s
        m = m + k * v
        p = p - np.outer(k, p[0])
        cost = cost + 0.5 * (np.log(s) + v**2 / s)
    return cost


def tracked_gradient(m, p, turned=True):
    cache = []
    for y in PLACES:
        m, p = MOVE @ m, MOVE @ p @ MOVE.T + DRIFT
        v, s = y - m[0], p[0, 0] + 0.4
        k = p[:, 0] / s
        cache.append((p, v, s, k))
        m, p = m + k * v, p - np.outer(k, p[0])
    dm, dp = np.zeros(2), np.zeros((2, 2))
    for p, v, s, k in reversed(cache):
        dk, dv = dm * v - dp @ p[0], dm @ k + v / s
        ds = 0.5 / s - 0.5 * v**2 / s**2 - dk @ p[:, 0] / s**2
        dp, dm = dp.copy(), dm.copy()
        dp[0] -= k @ dp
        dp[:, 0] += dk / s
        dp[0, 0] += ds
        dm[0] -= dv
        dm = MOVE.T @ dm
        dp = MOVE.T @ dp @ MOVE if turned else MOVE @ dp @ MOVE.T
    return dm, dp


def mp_tracked(m, p):
    move, cost = mp.lift(MOVE), mpf(0)
    for y in mp.lift(PLACES):
        m, p = move @ m, move @ p @ move.T + mp.lift(DRIFT)
        v, s = y - m[0], p[0, 0] + mpf(0.4)
        k = p[:, 0] / s
        m, p = m + k * v, p - k[:, None] * p[0]
        cost += (mpm.log(s) + v * v / s) / 2
    return cost


right("fresh_tracked", "gradient", tracked, tracked_gradient, BELIEF, "F' dP F.", Reference(mp_tracked))
wrong("fresh_tracked_forwards", "gradient", tracked, lambda *a: tracked_gradient(*a, turned=False), BELIEF,
      "F dP F', the covariance's own way, on the way back (homework on Kalman's filter).",
      Reference(mp_tracked))  # fmt: skip
