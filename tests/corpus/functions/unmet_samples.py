"""Outliers, lifetimes, curves and games with one mistake each: the fourth held-out set."""

import numpy as np

from .. import shows
from .. import truth as mp
from ..item import Category
from ..truth import LabelledByIntent, Reference

CATEGORY = Category("unmet samples")
right, wrong = CATEGORY.right, CATEGORY.wrong
rng = np.random.default_rng(5506)
mpf, mpm = mp.mpf, mp.mpmath

# residuals that are cut off by Tukey's biweight
DESIGN, HEIGHTS = rng.standard_normal((5, 2)), np.array([0.4, 6.0, -0.7, 1.3, 0.2])
FIT = np.array([0.3, -0.2])


def tukey(beta):
    u = (HEIGHTS - DESIGN @ beta) / 0.8 / 4.0
    cut = np.where(np.abs(u) < 1, (1 - u**2) ** 3, 0.0)
    return np.sum(1 - cut) * 16 / 6


def tukey_gradient(beta, cut_off=True, scale=0.8):
    u = (HEIGHTS - DESIGN @ beta) / 0.8 / 4.0
    psi = 4.0 * u * (1 - u**2) ** 2
    return -DESIGN.T @ (np.where(np.abs(u) < 1, psi, 0.0) if cut_off else psi) / scale


def mp_tukey(beta):
    u = (mp.lift(HEIGHTS) - mp.lift(DESIGN) @ beta) / mpf(0.8) / 4
    return sum(1 - (1 - v * v) ** 3 if abs(v) < 1 else mpf(1) for v in u) * 16 / 6


right("unmet_tukey", "gradient", tukey, tukey_gradient, FIT, "Outliers have no pull.", Reference(mp_tukey))
wrong("unmet_tukey_outliers_pull", "gradient", tukey, lambda b: tukey_gradient(b, cut_off=False), FIT,
      "The inner branch everywhere.", Reference(mp_tukey))  # fmt: skip
wrong("unmet_tukey_scale_forgotten", "gradient", tukey, lambda b: tukey_gradient(b, scale=1.0), FIT,
      "The residual's 1/0.8 is forgotten.", Reference(mp_tukey))  # fmt: skip

# lifetimes, some of them still running
ENDED, LIVES = np.array([1.0, 0, 1, 1]), np.array([1.2, 2.0, 0.7, 2.9])
WEIBULL = np.array([1.6, 1.9])


def lifetimes(p):
    shape, scale = p
    z = np.log(LIVES / scale)
    hazard = np.log(shape / LIVES) + shape * z
    return np.sum(np.exp(shape * z)) - np.sum(ENDED * hazard)


def lifetimes_gradient(p, running=1.0, by_log=True):
    shape, scale = p
    z = np.log(LIVES / scale)
    total = np.exp(shape * z) * (1.0 if running else ENDED)
    by_shape = np.sum(total * (z if by_log else 1.0)) - np.sum(ENDED * (1 / shape + z))
    return np.array([by_shape, shape / scale * (ENDED.sum() - total.sum())])


def mp_lifetimes(p):
    z, ended = mp.log(mp.lift(LIVES) / p[1]), mp.lift(ENDED)
    return mp.exp(p[0] * z).sum() - (ended * (mp.log(p[0] / mp.lift(LIVES)) + p[0] * z)).sum()


right(
    "unmet_lifetimes", "gradient", lifetimes, lifetimes_gradient, WEIBULL, "All are at risk.", Reference(mp_lifetimes)
)
wrong("unmet_lifetimes_running_left_out", "gradient", lifetimes, lambda p: lifetimes_gradient(p, running=0.0), WEIBULL,
      "Those still running are left out of the hazard's total.", Reference(mp_lifetimes))  # fmt: skip
wrong("unmet_lifetimes_log_forgotten", "gradient", lifetimes, lambda p: lifetimes_gradient(p, by_log=False), WEIBULL,
      "By the shape, (t/s)^k without log(t/s).", Reference(mp_lifetimes))  # fmt: skip

# who is at risk when somebody fails, by falling time
RISKS = rng.standard_normal(5)


def partial(eta):
    at_risk = np.cumsum(np.exp(eta))
    return np.sum(np.log(at_risk) - eta)


def partial_gradient(eta, later=True):
    share = 1 / np.cumsum(np.exp(eta))
    held = np.cumsum(share[::-1])[::-1] if later else np.cumsum(share)
    return np.exp(eta) * held - 1


def mp_partial(eta):
    return sum(mpm.log(sum(mpm.exp(v) for v in eta[: i + 1])) - eta[i] for i in range(5))


right("unmet_partial", "gradient", partial, partial_gradient, RISKS, "From the other end.", Reference(mp_partial))
wrong("unmet_partial_same_direction", "gradient", partial, lambda x: partial_gradient(x, later=False), RISKS,
      "Cumulated in the direction of the forward.", Reference(mp_partial))  # fmt: skip

# a curve through points
CURVE = rng.standard_normal((4, 2))


def catmull(p):
    m1, m2 = 0.5 * (p[2] - p[0]), 0.5 * (p[3] - p[1])
    t = 0.3
    here = (2 * t**3 - 3 * t**2 + 1) * p[1] + (3 * t**2 - 2 * t**3) * p[2]
    return here + (t**3 - 2 * t**2 + t) * m1 + (t**3 - t**2) * m2


def catmull_backward(c, p, half=0.5):
    t, g = 0.3, np.zeros_like(p)
    d1, d2 = half * (t**3 - 2 * t**2 + t) * c, half * (t**3 - t**2) * c
    g[0], g[3] = -d1, d2
    g[1] = (2 * t**3 - 3 * t**2 + 1) * c - d2
    g[2] = (3 * t**2 - 2 * t**3) * c + d1
    return g


def mp_catmull(p):
    t = mpf(0.3)
    ends = (2 * t**3 - 3 * t**2 + 1) * p[1] + (3 * t**2 - 2 * t**3) * p[2]
    return ends + (t**3 - 2 * t**2 + t) * (p[2] - p[0]) / 2 + (t**3 - t**2) * (p[3] - p[1]) / 2


right("unmet_catmull", "vjp", catmull, catmull_backward, CURVE, "Tangents move with the points.", Reference(mp_catmull))
wrong("unmet_catmull_tangents_held", "vjp", catmull, lambda c, p: catmull_backward(c, p, half=0.0), CURVE,
      "Tangents are taken for given.", Reference(mp_catmull))  # fmt: skip

# a spline of overlapping pieces
FIRST, INSIDE, COEFFICIENTS = np.array([0, 1, 1, 3]), np.array([0.2, 0.5, 0.9, 0.4]), rng.standard_normal(6)
BASIS = np.stack([(1 - INSIDE) ** 2, 1 + 2 * INSIDE - 2 * INSIDE**2, INSIDE**2], axis=1) / 2


def spline(coef):
    out = np.zeros(4)
    for j in range(4):
        out[j] = np.sinh(BASIS[j] @ coef[FIRST[j] : FIRST[j] + 3])
    return out


def spline_backward(c, coef, added=True):
    g = np.zeros_like(coef)
    for j in range(4):
        piece = slice(FIRST[j], FIRST[j] + 3)
        d = c[j] * np.cosh(BASIS[j] @ coef[piece]) * BASIS[j]
        g[piece] = g[piece] + d if added else d
    return g


def mp_spline(coef):
    z = [mp.lift(BASIS[j]) @ coef[FIRST[j] : FIRST[j] + 3] for j in range(4)]
    return np.array([mpm.sinh(v) for v in z], dtype=object)


right("unmet_spline", "vjp", spline, spline_backward, COEFFICIENTS, "Pieces overlap.", Reference(mp_spline))
wrong("unmet_spline_pieces_assigned", "vjp", spline, lambda c, x: spline_backward(c, x, added=False), COEFFICIENTS,
      "= for += where pieces overlap.", Reference(mp_spline))  # fmt: skip

# de Casteljau's corner cutting
CORNERS = rng.standard_normal((4, 2))


def casteljau(p):
    while len(p) > 1:
        p = 0.65 * p[:-1] + 0.35 * p[1:]
    return p[0]


def casteljau_backward_turned(c, p):
    weights = np.array([0.35**3, 3 * 0.35**2 * 0.65, 3 * 0.35 * 0.65**2, 0.65**3])
    return weights[:, None] * c


def mp_casteljau(p):
    while len(p) > 1:
        p = mpf(0.65) * p[:-1] + mpf(0.35) * p[1:]
    return p[0]


wrong("unmet_casteljau_from_the_other_end", "vjp", casteljau, casteljau_backward_turned, CORNERS,
      "t and 1 - t are exchanged.", Reference(mp_casteljau))  # fmt: skip

# who beats whom
WINNERS, LOSERS, STRENGTHS = np.array([0, 0, 2, 1]), np.array([1, 2, 3, 3]), rng.standard_normal(4)


def games(s):
    gap = s[WINNERS] - s[LOSERS]
    return np.sum(np.log(1 + np.exp(-gap)))


def games_gradient(s, lost=-1.0, buffered=False):
    d = -1 / (1 + np.exp(s[WINNERS] - s[LOSERS]))
    g = np.zeros_like(s)
    if buffered:
        g[WINNERS] += d
        g[LOSERS] -= d
    else:
        np.add.at(g, WINNERS, d)
        np.add.at(g, LOSERS, lost * d)
    return g


def mp_games(s):
    return mp.log(1 + mp.exp(s[LOSERS] - s[WINNERS])).sum()


right("unmet_games", "gradient", games, games_gradient, STRENGTHS, "Losers lose.", Reference(mp_games))
wrong("unmet_games_losers_win", "gradient", games, lambda s: games_gradient(s, lost=1.0), STRENGTHS,
      "The minus before the loser is forgotten.", Reference(mp_games))  # fmt: skip
wrong("unmet_games_one_each", "gradient", games, lambda s: games_gradient(s, buffered=True), STRENGTHS,
      "+= by repeated indices keeps one game of each.", Reference(mp_games))  # fmt: skip

# how lopsided a sample is
SAMPLE = np.array([0.2, 1.9, -0.4, 0.7, 3.1])


def lopsided(x):
    d = x - np.mean(x)
    return np.mean(d**3) / np.mean(d**2) ** 1.5


def lopsided_gradient(x, centred=1.0):
    d = x - x.mean()
    m2, m3 = np.mean(d**2), np.mean(d**3)
    return 3 * (d**2 - centred * m2) / 5 / m2**1.5 - 3 * m3 * d / 5 / m2**2.5


def mp_lopsided(x):
    d = x - x.sum() / 5
    return (d**3).sum() / 5 / mpm.power((d * d).sum() / 5, 1.5)


right("unmet_lopsided", "gradient", lopsided, lopsided_gradient, SAMPLE, "The mean moves.", Reference(mp_lopsided))
wrong("unmet_lopsided_mean_held", "gradient", lopsided, lambda x: lopsided_gradient(x, centred=0.0), SAMPLE,
      "The third moment's mean is held.", Reference(mp_lopsided))  # fmt: skip

# welfare of incomes, which an offset keeps away from zero
PAID = np.array([0.3, 1.1, 0.08, 2.4])


def welfare(x):
    return np.sum(np.log(x + 0.05))


wrong("unmet_welfare_offset_dropped", "gradient", welfare, lambda x: 1 / x, PAID, "1/x for 1/(x + 0.05).",
      Reference(lambda x: mp.log(x + mpf(0.05)).sum()))  # fmt: skip

# the worst of several losses
CASES, CHOSEN = rng.standard_normal((4, 3)), rng.standard_normal(3)


def worst(x):
    losses = np.sum((CASES - x) ** 2, axis=1)
    return np.max(losses)


wrong("unmet_worst_as_mean", "gradient", worst, lambda x: 2 * np.mean(x - CASES, axis=0), CHOSEN,
      "Every case pulls, not the worst alone.",
      Reference(lambda x: max(((mp.lift(CASES) - x) ** 2).sum(axis=1))))  # fmt: skip

# a likelihood that is passed through two stages
STAGED = rng.standard_normal(4)


def staged(x):
    y = np.tanh(x)
    return y * np.exp(y)


def staged_backward_twice(c, x):
    y = np.tanh(x)
    dy = c * (1 + y) * np.exp(y)
    return c * dy * (1 - y**2)


wrong("unmet_staged_cotangent_twice", "vjp", staged, staged_backward_twice, STAGED,
      "The cotangent enters at both stages.",
      Reference(lambda x: mp.tanh(x) * mp.exp(mp.tanh(x))))  # fmt: skip

# scores that are weighed, in place
WEIGHED = (rng.standard_normal(4), rng.uniform(0.5, 2.0, 4))


def weighed(x, w):
    return np.sum(w * x**2)


def weighed_gradient_in_place(x, w):
    square = x**2
    x *= 2 * w
    return x.copy(), square


wrong("unmet_weighed_in_place", "gradient", weighed, weighed_gradient_in_place, WEIGHED,
      "The gradient is made in the input's own memory.",
      LabelledByIntent("x is overwritten.", shows=shows.mutates_inputs))  # fmt: skip
