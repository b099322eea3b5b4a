"""Functions of scipy.special and scipy.linalg in models of science."""

import numpy as np
from scipy.linalg import cho_factor, cho_solve, expm, expm_frechet, sqrtm
from scipy.special import betainc, betaln, digamma, gammainc, gammaln, iv, jv, lambertw, ndtri

from .. import truth as mp
from ..item import Category
from ..truth import Reference

CATEGORY = Category("doors special functions", door=True)
right, wrong = CATEGORY.right, CATEGORY.wrong
rng = np.random.default_rng(5107)
mpf, mpm = mp.mpf, mp.mpmath


def each(function):
    """An mpmath function over an object array."""
    return lambda x: np.array([function(v) for v in x], dtype=object)


# normal scores of probabilities
CHANCE = np.array([0.03, 0.4, 0.77, 0.96])
SCORES = Reference(each(lambda p: mpm.sqrt(2) * mpm.erfinv(2 * p - 1)))


def scores_backward(c, p):
    return c * np.sqrt(2 * np.pi) * np.exp(0.5 * ndtri(p) ** 2)


right("normal_scores", "vjp", ndtri, scores_backward, CHANCE, "1 / density at the quantile.", SCORES, rounding=1e4)
wrong("normal_scores_density_at_chance", "vjp", ndtri, lambda c, p: c * np.sqrt(2 * np.pi) * np.exp(0.5 * p**2), CHANCE,
      "The density at the probability instead of at its quantile.", SCORES, rounding=1e4)  # fmt: skip
wrong("normal_scores_product", "vjp", ndtri, lambda c, p: c * np.exp(-0.5 * ndtri(p) ** 2) / np.sqrt(2 * np.pi), CHANCE,
      "The density, not one over it.", SCORES, rounding=1e4)  # fmt: skip

# a diode in series with a resistor: its current by Lambert's W
DRIVE = np.array([0.3, 0.8, 1.7])
LEAK, THERMAL, OHMS = 1e-3, 0.4, 2.0


def diode_current(v):
    inner = LEAK * OHMS / THERMAL * np.exp((v + LEAK * OHMS) / THERMAL)
    return THERMAL / OHMS * lambertw(inner).real - LEAK


def diode_backward(c, v, scale=1.0):
    w = lambertw(LEAK * OHMS / THERMAL * np.exp((v + LEAK * OHMS) / THERMAL)).real
    return c * scale / OHMS * w / (1 + w)


def mp_diode(v):
    leak, thermal, ohms = mpf(LEAK), mpf(THERMAL), mpf(OHMS)
    return thermal / ohms * mpm.lambertw(leak * ohms / thermal * mpm.exp((v + leak * ohms) / thermal)).real - leak


DIODE = Reference(each(mp_diode))
right("diode_with_resistor", "vjp", diode_current, diode_backward, DRIVE, "W / (1 + W).", DIODE)
wrong("diode_with_resistor_thermal", "vjp", diode_current, lambda c, v: diode_backward(c, v, THERMAL), DRIVE,
      "The exponential's inner derivative 1 / thermal is forgotten.", DIODE)  # fmt: skip

# counts: the regularised incomplete beta and gamma functions
SHARE = np.array([0.15, 0.5, 0.82])


def won(x):
    return betainc(2.5, 4.0, x)


def won_backward(c, x, b=3.0):
    return c * np.exp(1.5 * np.log(x) + b * np.log1p(-x) - betaln(2.5, 4.0))


WON = Reference(each(lambda x: mpm.betainc(mpf("2.5"), 4, 0, x, regularized=True)))
right("incomplete_beta", "vjp", won, won_backward, SHARE, "The beta density.", WON, rounding=1e4)
wrong("incomplete_beta_exponent", "vjp", won, lambda c, x: won_backward(c, x, 4.0), SHARE, "b for b - 1.", WON,
      rounding=1e4)  # fmt: skip

WAIT = np.array([0.4, 1.9, 6.0])


def waited(t):
    return np.sum(np.log(1 - gammainc(2.3, t / 1.5)))


def waited_gradient(t, scale=1.5):
    u = t / 1.5
    density = np.exp(1.3 * np.log(u) - u - gammaln(2.3))
    return -density / (1 - gammainc(2.3, u)) / scale


WAITED = Reference(lambda t: sum(mpm.log(mpm.gammainc(mpf(2.3), v / mpf(1.5), mpm.inf, regularized=True)) for v in t))
right("gamma_survival", "gradient", waited, waited_gradient, WAIT, "Minus the hazard.", WAITED, rounding=1e5)
wrong("gamma_survival_scale", "gradient", waited, lambda t: waited_gradient(t, 1.0), WAIT,
      "The inner derivative 1 / scale is forgotten.", WAITED, rounding=1e5)  # fmt: skip

# Bessel functions: a drum's modes, and the von Mises distribution
RADII = np.array([0.7, 2.2, 5.1])


def modes(r):
    return jv(2, 1.4 * r)


def modes_backward(c, r, sign=-1.0):
    return c * 1.4 * (jv(1, 1.4 * r) + sign * jv(3, 1.4 * r)) / 2


MODES = Reference(each(lambda r: mpm.besselj(2, mpf(1.4) * r)))
right("drum_modes", "vjp", modes, modes_backward, RADII, "(J1 - J3) / 2.", MODES)
wrong("drum_modes_modified", "vjp", modes, lambda c, r: modes_backward(c, r, 1.0), RADII,
      "J1 + J3, the rule of the modified functions.", MODES)  # fmt: skip

ANGLES = np.array([0.3, -0.5, 1.1, 0.2])
CONCENTRATION = np.array([1.7])


def von_mises(k):
    return 4 * np.log(2 * np.pi * iv(0, k[0])) - k[0] * np.sum(np.cos(ANGLES))


def von_mises_gradient(k, ratio=True):
    bessel = iv(1, k) / iv(0, k) if ratio else iv(1, k)
    return 4 * bessel - np.sum(np.cos(ANGLES))


def mp_von_mises(k):
    return 4 * mpm.log(2 * mpm.pi * mpm.besseli(0, k[0])) - k[0] * sum(mpm.cos(mpf(a)) for a in ANGLES)


MISES = Reference(mp_von_mises)
right("von_mises_by_bessel_ratio", "gradient", von_mises, von_mises_gradient, CONCENTRATION, "I1 / I0.", MISES)
wrong("von_mises_by_bessel_ratio_forgotten", "gradient", von_mises, lambda k: von_mises_gradient(k, False),
      CONCENTRATION, "I1 without the logarithm's 1 / I0.", MISES)  # fmt: skip

# a chain of rates: the exponential of a generator
RATES = np.array([0.7, 0.4, 1.1])


def generator(k):
    return np.array([[-k[0], k[0], 0.0], [k[1], -k[1] - k[2], k[2]], [0.0, 0.0, 0.0]])


PARTS = np.array(
    [[[-1, 1, 0], [0, 0, 0], [0, 0, 0]], [[0, 0, 0], [1, -1, 0], [0, 0, 0]], [[0, 0, 0], [0, -1, 1], [0, 0, 0]]], float
)


def absorbed(k):
    return -np.log(expm(1.5 * generator(k))[0, 2])


def absorbed_gradient(k, exact=True):
    P = expm(1.5 * generator(k))
    if exact:
        changes = [1.5 * expm_frechet(1.5 * generator(k), E, compute_expm=False)[0, 2] for E in PARTS]
    else:
        changes = [1.5 * (E @ P)[0, 2] for E in PARTS]
    return -np.array(changes) / P[0, 2]


def mp_absorbed(k):
    Q = sum(v * mp.lift(E) for v, E in zip(k, PARTS, strict=True))
    return -mpm.log(mp.expm(mpf(1.5) * Q)[0, 2])


ABSORBED = Reference(mp_absorbed)
right("markov_absorption", "gradient", absorbed, absorbed_gradient, RATES, "By Frechet's derivative.", ABSORBED)
wrong("markov_absorption_commuting", "gradient", absorbed, lambda k: absorbed_gradient(k, False), RATES,
      "t E expm(t Q), as if the part commuted with the whole.", ABSORBED)  # fmt: skip

# the Bures distance by matrix square roots
ONE = rng.standard_normal((3, 3))
ONE = ONE @ ONE.T + np.eye(3)
TWO = np.diag([0.5, 1.5, 2.5]) + 0.2


def bures(S):
    return np.trace(S) + np.trace(TWO) - 2 * np.trace(sqrtm(ROOT @ S @ ROOT).real)


ROOT = sqrtm(TWO).real


def bures_gradient(S, factor=1.0):
    return np.eye(3) - factor * ROOT @ np.linalg.inv(sqrtm(ROOT @ S @ ROOT).real) @ ROOT


def mp_bures(S):
    R = mp.lift(ROOT)
    root = mp.as_array(mpm.sqrtm(mp.as_matrix(R @ S @ R)))
    return np.trace(S) + np.trace(mp.lift(TWO)) - 2 * sum(root[i, i].real for i in range(3))


BURES = Reference(mp_bures)
right("bures_distance", "gradient", bures, bures_gradient, ONE, "sqrtm inside a trace.", BURES, rounding=1e4,
      options={"structure": {0: "symmetric"}})  # fmt: skip
wrong("bures_distance_half", "gradient", bures, lambda S: bures_gradient(S, 0.5), ONE,
      "d tr sqrt(S) as S^-1/2 / 2, and the factor 2 in front forgotten.", BURES, rounding=1e4,
      options={"structure": {0: "symmetric"}})  # fmt: skip

# kriging by cho_solve
SITES, LEVELS = np.array([0.0, 0.6, 1.1, 2.0]), np.array([0.5, -0.2, 0.9, 0.3])
LENGTH = np.array([0.8])


def kriging(length):
    K = np.exp(-((SITES[:, None] - SITES) ** 2) / length[0] ** 2) + 0.1 * np.eye(4)
    return LEVELS @ cho_solve(cho_factor(K, lower=True), LEVELS)


def kriging_gradient(length, sign=-1.0, power=3):
    gaps = (SITES[:, None] - SITES) ** 2
    smooth = np.exp(-gaps / length[0] ** 2)
    alpha = cho_solve(cho_factor(smooth + 0.1 * np.eye(4), lower=True), LEVELS)
    return np.array([sign * alpha @ (smooth * 2 * gaps / length[0] ** power) @ alpha])


def mp_kriging(length):
    x, y = mp.lift(SITES), mp.lift(LEVELS)
    K = mp.exp(-((x[:, None] - x) ** 2) / length[0] ** 2) + mpf(0.1) * np.eye(4, dtype=int)
    return y @ mp.solve(K, y)


KRIGING = Reference(mp_kriging)
right(
    "kriging_by_cho_solve", "gradient", kriging, kriging_gradient, LENGTH, "-alpha^T K' alpha.", KRIGING, rounding=1e4
)
wrong("kriging_by_cho_solve_sign", "gradient", kriging, lambda s: kriging_gradient(s, 1.0), LENGTH,
      "The inverse's minus sign is lost.", KRIGING, rounding=1e4)  # fmt: skip
wrong("kriging_by_cho_solve_power", "gradient", kriging, lambda s: kriging_gradient(s, power=2), LENGTH,
      "1 / length^2 for 1 / length^3.", KRIGING, rounding=1e4)  # fmt: skip

# a beta likelihood by its mean
MEAN = np.array([0.35])
SHARES = np.array([0.2, 0.5, 0.4])


def beta_likelihood(m):
    a, b = 6 * m[0], 6 * (1 - m[0])
    return 3 * betaln(a, b) - np.sum((a - 1) * np.log(SHARES) + (b - 1) * np.log1p(-SHARES))


def beta_likelihood_gradient(m, total=False):
    a, b = 6 * m, 6 * (1 - m)
    by_a = digamma(a) - digamma(b)
    return 6 * (3 * by_a - np.sum(np.log(SHARES) - np.log1p(-SHARES))) if not total else 18 * by_a


def mp_beta_likelihood(m):
    a, b = 6 * m[0], 6 * (1 - m[0])
    seen = [mpf(s) for s in SHARES]
    return 3 * mpm.log(mpm.beta(a, b)) - sum((a - 1) * mpm.log(s) + (b - 1) * mpm.log1p(-s) for s in seen)


BETA = Reference(mp_beta_likelihood)
right("beta_likelihood_by_mean", "gradient", beta_likelihood, beta_likelihood_gradient, MEAN, "Digammas.", BETA)
wrong("beta_likelihood_by_mean_data", "gradient", beta_likelihood, lambda m: beta_likelihood_gradient(m, True), MEAN,
      "The data's part is left out.", BETA)  # fmt: skip
