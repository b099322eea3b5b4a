"""Densities, divergences and flows with one mistake each, after public reports."""

import numpy as np
from scipy.special import digamma, gammaln, i0, i1

from .. import truth as mp
from ..item import Category
from ..truth import Reference

CATEGORY = Category("fresh densities")
right, wrong = CATEGORY.right, CATEGORY.wrong
rng = np.random.default_rng(9305)
mpf, mpm = mp.mpf, mp.mpmath

# one Gaussian beside another
TWO = (rng.standard_normal(3), 0.5 * rng.standard_normal(3), rng.standard_normal(3), 0.5 * rng.standard_normal(3))


def divergence(mu1, logv1, mu2, logv2):
    spread = (np.exp(logv1) + (mu1 - mu2) ** 2) / np.exp(logv2)
    return 0.5 * np.sum(logv2 - logv1 + spread - 1)


def divergence_gradient(mu1, logv1, mu2, logv2, first=True):
    dmu1 = (mu1 - mu2) / np.exp(logv2)
    dlogv1 = 0.5 * (np.exp(logv1 - logv2) - 1)
    dlogv2 = 0.5 * (1 - (np.exp(logv1) + (mu1 - mu2) ** 2) / np.exp(logv2))
    return (dmu1, dlogv1, -dmu1, dlogv2) if first else (-dmu1, dlogv2, dmu1, dlogv1)


def mp_divergence(mu1, logv1, mu2, logv2):
    return (logv2 - logv1 + (mp.exp(logv1) + (mu1 - mu2) ** 2) / mp.exp(logv2) - 1).sum() / 2


right("fresh_divergence", "gradient", divergence, divergence_gradient, TWO, "In the order of the arguments.",
      Reference(mp_divergence))  # fmt: skip
wrong("fresh_divergence_in_another_order", "gradient", divergence, lambda *a: divergence_gradient(*a, first=False), TWO,
      "The second pair's gradients come first (asked about in RuiShu/cvae #1).", Reference(mp_divergence))  # fmt: skip

# a decoder that says its own variance
SEEN, DECODED = rng.standard_normal((3, 2)), (rng.standard_normal((3, 2)), 0.4 * rng.standard_normal((3, 2)))


def decoded_cost(mu, logv):
    volume = 0.5 * (np.log(2 * np.pi) + logv)
    return np.sum(volume + 0.5 * (SEEN - mu) ** 2 / np.exp(logv))


def decoded_cost_gradient(mu, logv):
    gap = SEEN - mu
    return -gap / np.exp(logv), 0.25 - 0.5 * gap**2 / np.exp(logv)


def mp_decoded_cost(mu, logv):
    gap = mp.lift(SEEN) - mu
    return ((mpm.log(2 * mpm.pi) + logv) / 2 + gap * gap / mp.exp(logv) / 2).sum()


wrong("fresh_decoded_cost_quarter", "gradient", decoded_cost, decoded_cost_gradient, DECODED,
      "The volume's slope by log sigma^2 is 0.25 for 0.5 (y0ast/VAE-Torch PR #5).",
      Reference(mp_decoded_cost))  # fmt: skip

# a code beside the standard normal, by log sigma
CODE = (rng.standard_normal((2, 3)), 0.5 * rng.standard_normal((2, 3)))


def code_cost(mu, logs):
    return -0.5 * np.sum(1 + 2 * logs - mu**2 - np.exp(2 * logs))


def code_cost_gradient(mu, logs, inner=2.0):
    return mu, -0.5 * (2 - inner * np.exp(2 * logs))


def mp_code_cost(mu, logs):
    return -(1 + 2 * logs - mu * mu - mp.exp(2 * logs)).sum() / 2


right("fresh_code_cost", "gradient", code_cost, code_cost_gradient, CODE, "By log sigma.", Reference(mp_code_cost))
wrong("fresh_code_cost_as_by_the_variance", "gradient", code_cost, lambda *a: code_cost_gradient(*a, inner=1.0), CODE,
      "exp(2 s) keeps the slope that exp(log variance) has (a factor that pyg PR #1368 discusses).",
      Reference(mp_code_cost))  # fmt: skip

# a planar flow
POINTS = rng.standard_normal((4, 2))
FLOW = (np.array([0.8, -0.5]), np.array([0.6, 0.3]), np.array(0.2))


def planar(w, u, b):
    t = np.tanh(POINTS @ w + b)
    y = POINTS + t[:, None] * u
    slope = 1 - t**2
    return 0.5 * np.sum(y**2) - np.sum(np.log(1 + slope * (w @ u)))


def planar_gradient(w, u, b, of_volume=1.0):
    t = np.tanh(POINTS @ w + b)
    y, slope = POINTS + t[:, None] * u, 1 - t**2
    d = -1 / (1 + slope * (w @ u))
    dt = y @ u - 2 * of_volume * t * d * (w @ u)
    da, dot = dt * slope, np.sum(d * slope)
    return POINTS.T @ da + dot * u, t @ y + dot * w, da.sum()


def mp_planar(w, u, b):
    t = mp.tanh(mp.lift(POINTS) @ w + b)
    y = mp.lift(POINTS) + t[:, None] * u
    return (y * y).sum() / 2 - mp.log(1 + (1 - t * t) * (w @ u)).sum()


right("fresh_planar_flow", "gradient", planar, planar_gradient, FLOW, "The volume bends, too.", Reference(mp_planar))
wrong("fresh_planar_flow_slope_held", "gradient", planar, lambda *a: planar_gradient(*a, of_volume=0.0), FLOW,
      "In the volume, the slope of tanh is taken for a constant (homework).", Reference(mp_planar))  # fmt: skip

# a mixture whose parts are said by a network
HEIGHTS = rng.standard_normal(4)
MIXTURE = (rng.standard_normal((4, 2)), rng.standard_normal((4, 2)), 0.3 * rng.standard_normal((4, 2)))


def mixture_cost(logits, mu, logs):
    shares = logits - np.log(np.sum(np.exp(logits), axis=1, keepdims=True))
    z = (HEIGHTS[:, None] - mu) / np.exp(logs)
    return -np.sum(np.log(np.sum(np.exp(shares - 0.5 * z**2 - logs), axis=1)))


def mixture_cost_gradient(logits, mu, logs, turned=1.0):
    share = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    z = (HEIGHTS[:, None] - mu) / np.exp(logs)
    each = share * np.exp(-0.5 * z**2 - logs)
    gamma = each / each.sum(axis=1, keepdims=True)
    return share - gamma, -turned * gamma * z / np.exp(logs), gamma * (1 - z**2)


def mp_mixture_cost(logits, mu, logs):
    z = (mp.lift(HEIGHTS)[:, None] - mu) / mp.exp(logs)
    return -mp.log((mp.softmax(logits, axis=1) * mp.exp(-z * z / 2 - logs)).sum(axis=1)).sum()


right("fresh_mixture_cost", "gradient", mixture_cost, mixture_cost_gradient, MIXTURE, "Of the negative logarithm.",
      Reference(mp_mixture_cost))  # fmt: skip
wrong("fresh_mixture_cost_means_pushed", "gradient", mixture_cost, lambda *a: mixture_cost_gradient(*a, turned=-1.0),
      MIXTURE, "The means get the gradient of the likelihood, not of the loss (homework on mixture density networks).",
      Reference(mp_mixture_cost))  # fmt: skip

# lifetimes, of which some are not over
LIFE, OVER = np.array([0.7, 1.9, 1.2, 2.5, 0.4]), np.array([1.0, 1, 0, 1, 1])
WEIBULL = (np.array(1.4), np.array(1.6))


def lifetimes(k, scale):
    x = LIFE / scale
    each = OVER * (np.log(k) - np.log(scale) + (k - 1) * np.log(x)) - x**k
    return -np.sum(each)


def lifetimes_gradient(k, scale, collect=np.sum):
    x = LIFE / scale
    by_shape = OVER * (1 / k + np.log(x)) - x**k * np.log(x)
    return -collect(by_shape), -collect((x**k - OVER) * k / scale)


def mp_lifetimes(k, scale):
    x, o = mp.lift(LIFE) / scale, mp.lift(OVER)
    return -(o * (mp.log(k) - mp.log(scale) + (k - 1) * mp.log(x)) - mp.exp(k * mp.log(x))).sum()


right("fresh_lifetimes", "gradient", lifetimes, lifetimes_gradient, WEIBULL, "The sum.", Reference(mp_lifetimes))
wrong("fresh_lifetimes_mean", "gradient", lifetimes, lambda *a: lifetimes_gradient(*a, collect=np.mean), WEIBULL,
      "computeMean: the gradient is divided by the size of the sample (openturns #1930).",
      Reference(mp_lifetimes))  # fmt: skip

# residuals of groups with heavy tails
RESIDUALS, TAILS = rng.standard_normal((3, 5)), (np.array([0.1, -0.2, 0.3]), np.array([2.5, 4.0, 7.0]))


def heavy_tails(mu, nu):
    volume = gammaln((nu + 1) / 2) - gammaln(nu / 2) - 0.5 * np.log(nu)
    spread = np.log1p((RESIDUALS - mu[:, None]) ** 2 / nu[:, None]).sum(axis=1)
    return np.sum(0.5 * (nu + 1) * spread - 5 * volume)


def heavy_tails_gradient(mu, nu):
    gap = RESIDUALS - mu[:, None]
    inside = 1 + gap**2 / nu[:, None]
    volume = digamma((nu + 1) / 2) - digamma(nu / 2) - 0.5 / nu
    bend = (gap**2 / inside).sum(axis=1) / nu**2
    by_nu = 0.5 * np.log(inside).sum(axis=1) - 0.5 * (nu + 1) * bend - 5 * volume
    return -(nu + 1) / nu * (gap / inside).sum(axis=1), by_nu


def mp_heavy_tails(mu, nu):
    lg = mp._each(mpm.loggamma)
    spread = mp.log(1 + (mp.lift(RESIDUALS) - mu[:, None]) ** 2 / nu[:, None]).sum(axis=1)
    return ((nu + 1) / 2 * spread - 5 * (lg((nu + 1) / 2) - lg(nu / 2) - mp.log(nu) / 2)).sum()


wrong("fresh_heavy_tails_halves", "gradient", heavy_tails, heavy_tails_gradient, TAILS,
      "digamma(nu/2) without the 1/2 of its argument (homework on Student's t).",
      Reference(mp_heavy_tails))  # fmt: skip

# directions
ANGLES, DIRECTIONS = rng.standard_normal((2, 4)), (np.array([0.2, -0.4]), np.array([1.5, 3.0]))


def directions(mu, kappa):
    toward = np.cos(ANGLES - mu[:, None]).sum(axis=1)
    return np.sum(4 * np.log(i0(kappa)) - kappa * toward)


def directions_gradient(mu, kappa, ratio=True):
    gap = ANGLES - mu[:, None]
    slope = i1(kappa) / i0(kappa) if ratio else i1(kappa)
    return -kappa * np.sin(gap).sum(axis=1), 4 * slope - np.cos(gap).sum(axis=1)


def mp_directions(mu, kappa):
    bessel = mp._each(lambda k: mpm.log(mpm.besseli(0, k)))
    return (4 * bessel(kappa) - kappa * mp.cos(mp.lift(ANGLES) - mu[:, None]).sum(axis=1)).sum()


right("fresh_directions", "gradient", directions, directions_gradient, DIRECTIONS, "I1 / I0.",
      Reference(mp_directions))  # fmt: skip
wrong("fresh_directions_bessel_alone", "gradient", directions, lambda *a: directions_gradient(*a, ratio=False),
      DIRECTIONS, "I1 for I1 / I0: the logarithm's slope is forgotten (homework on von Mises).",
      Reference(mp_directions))  # fmt: skip

# a covariance
FACTOR, SCATTER = rng.standard_normal((3, 3)), np.cov(rng.standard_normal((3, 8)))
COVARIANCE = FACTOR @ FACTOR.T + 2 * np.eye(3)


def gaussian_cost(s):
    return 0.5 * np.linalg.slogdet(s)[1] + 0.5 * np.trace(np.linalg.solve(s, SCATTER))


def gaussian_cost_gradient(s, halves=False):
    inverse = np.linalg.inv(s)
    g = 0.5 * (inverse - inverse @ SCATTER @ inverse).T
    return 2 * g - np.diag(np.diag(g)) if halves else g


def mp_gaussian_cost(s):
    return (mpm.log(mp.det(s)) + np.trace(mp.solve(s, mp.lift(SCATTER)))) / 2


right("fresh_covariance_cost", "gradient", gaussian_cost, gaussian_cost_gradient, COVARIANCE, "By each entry.",
      Reference(mp_gaussian_cost))  # fmt: skip
wrong("fresh_covariance_cost_halves_together", "gradient", gaussian_cost,
      lambda s: gaussian_cost_gradient(s, halves=True), COVARIANCE,
      "2 G - diag(G), the gradient by a triangle, for every entry (pyro #656).",
      Reference(mp_gaussian_cost))  # fmt: skip
