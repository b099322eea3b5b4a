"""Likelihoods, robust losses, factors and lifetimes with one mistake each: the fifth held-out set."""

import numpy as np

from ..item import Category
from ..retold import retold

CATEGORY = Category("further estimation")
right, wrong = CATEGORY.right, CATEGORY.wrong
rng = np.random.default_rng(6105)

# quantiles with Huber's corner
TARGETS, LEVELS = np.array([0.4, -1.6, 2.2]), np.array([0.1, 0.5, 0.9])
QUANTILES = np.array([-0.5, 0.3, 0.8])


def quantiles(theta):
    u = TARGETS[:, None] - theta[None, :]
    size = np.abs(u)
    huber = np.where(size <= 0.7, 0.5 * u**2, 0.7 * (size - 0.35))
    weight = np.abs(LEVELS - (u < 0))
    return np.sum(np.mean(weight * huber / 0.7, axis=0))


def quantiles_gradient(theta, tilted=True, corner=0.7, over=np.mean):
    u = TARGETS[:, None] - theta
    weight = np.abs(LEVELS - (u < 0)) if tilted else 1.0
    return -over(weight * np.clip(u, -0.7, 0.7) / corner, axis=0)


T = retold(quantiles)
right("further_quantiles", "gradient", quantiles, quantiles_gradient, (QUANTILES,), "Tilted and clipped.", T)
wrong("further_quantiles_untilted", "gradient", quantiles, lambda t: quantiles_gradient(t, tilted=False), (QUANTILES,),
      "The weights of the levels are left out.", T)  # fmt: skip
wrong("further_quantiles_undivided", "gradient", quantiles, lambda t: quantiles_gradient(t, corner=1.0), (QUANTILES,),
      "The division by the corner is forgotten.", T)  # fmt: skip
wrong("further_quantiles_summed", "gradient", quantiles, lambda t: quantiles_gradient(t, over=np.sum), (QUANTILES,),
      "The sum over the targets for their mean.", T)  # fmt: skip

# ageing by Gompertz
AGES, DIED, AGEING = np.array([0.5, 1.2, 2.0, 2.4]), np.array([1.0, 0, 1, 1]), np.array([-0.7, 0.8])


def ageing(p):
    level, pace = p
    hazard = np.exp(level + pace * AGES)
    cumulated = np.exp(level) * (np.exp(pace * AGES) - 1) / pace
    return np.sum(DIED * np.log(hazard)) - np.sum(cumulated)


def ageing_gradient(p, alive=True, below=1.0, growth=True):
    level, pace = p
    e = np.exp(pace * AGES)
    who = np.ones(4) if alive else DIED
    cumulated = np.exp(level) * (e - 1) / pace
    by_pace = np.exp(level) * (AGES * e if growth else e) / pace - below * cumulated / pace
    return np.array([DIED.sum() - who @ cumulated, DIED @ AGES - who @ by_pace])


T = retold(ageing)
right("further_ageing", "gradient", ageing, ageing_gradient, (AGEING,), "All were at risk.", T)
wrong("further_ageing_of_the_dead", "gradient", ageing, lambda p: ageing_gradient(p, alive=False), (AGEING,),
      "Who lives on does not count as at risk.", T)  # fmt: skip
wrong("further_ageing_pace_below_held", "gradient", ageing, lambda p: ageing_gradient(p, below=0.0), (AGEING,),
      "The pace in the denominator is taken for given.", T)  # fmt: skip
wrong("further_ageing_inner_age", "gradient", ageing, lambda p: ageing_gradient(p, growth=False), (AGEING,),
      "The inner derivative of exp(pace t) is forgotten.", T)  # fmt: skip

# a loss between squares and logarithms
RESIDUALS = (np.array([0.3, -1.4, 2.5, -0.2]), np.array(0.8))


def tempered(x, c):
    u = (x / c) ** 2
    return np.sum((u / 1.5 + 1) ** 0.25 - 1)


def tempered_gradient(x, c, inner=True, square=3):
    u = (x / c) ** 2
    du = 0.25 * (u / 1.5 + 1) ** -0.75 / (1.5 if inner else 1.0)
    return du * 2 * x / c**2, np.array(-np.sum(du * 2 * x**2) / c**square)


T = retold(tempered)
right("further_tempered", "gradient", tempered, tempered_gradient, RESIDUALS, "By its scale, too.", T)
wrong("further_tempered_inner_constant", "gradient", tempered, lambda *a: tempered_gradient(*a, inner=False), RESIDUALS,
      "The 1/1.5 inside is forgotten.", T)  # fmt: skip
wrong("further_tempered_scale_squared", "gradient", tempered, lambda *a: tempered_gradient(*a, square=2), RESIDUALS,
      "c^2 where c^3 is due.", T)  # fmt: skip

# claims with many zeros
CLAIMED = (rng.standard_normal((4, 2)), np.array([0.3, -0.6]))
PAID = np.array([0.0, 1.4, 0.3, 2.2])


def claims(x, w):
    mu = np.exp(x @ w)
    return 2 * np.sum(mu**0.5 / 0.5 + PAID * mu**-0.5 / 0.5)


def claims_gradient(x, w, inner=True, twice=2.0, sign=-1.0):
    mu = np.exp(x @ w)
    dmu = twice * (mu**-0.5 + sign * PAID * mu**-1.5)
    dz = dmu * mu if inner else dmu
    return np.outer(dz, w), x.T @ dz


T = retold(claims)
right("further_claims", "gradient", claims, claims_gradient, CLAIMED, "By the log link.", T)
wrong("further_claims_link_forgotten", "gradient", claims, lambda *a: claims_gradient(*a, inner=False), CLAIMED,
      "The slope of the link is forgotten.", T)  # fmt: skip
wrong("further_claims_half", "gradient", claims, lambda *a: claims_gradient(*a, twice=1.0), CLAIMED,
      "The 2 of the deviance is forgotten.", T)  # fmt: skip
wrong("further_claims_plus", "gradient", claims, lambda *a: claims_gradient(*a, sign=1.0), CLAIMED,
      "The negative exponent loses its sign.", T)  # fmt: skip

# games between pairs
WINNERS, LOSERS = np.array([0, 2, 1, 0, 3]), np.array([1, 1, 3, 3, 2])
STRENGTHS = (np.array([0.5, -0.2, 0.9, -0.7]), np.array(0.3))


def games(s, home):
    gap = s[WINNERS] - s[LOSERS] + home
    return np.sum(np.log1p(np.exp(-gap)))


def games_gradient(s, home, losers=-1.0, added=True, mean=1.0):
    d = -1 / (1 + np.exp(s[WINNERS] - s[LOSERS] + home))
    g = np.zeros(4)
    if added:
        np.add.at(g, WINNERS, d)
        np.add.at(g, LOSERS, losers * d)
    else:
        g[WINNERS] += d
        g[LOSERS] -= d
    return g, np.array(d.sum() / mean)


T = retold(games)
right("further_games", "gradient", games, games_gradient, STRENGTHS, "Winners up, losers down.", T)
wrong("further_games_losers_up", "gradient", games, lambda *a: games_gradient(*a, losers=1.0), STRENGTHS,
      "Losers get the winners' sign.", T)  # fmt: skip
wrong("further_games_winners_alone", "gradient", games, lambda *a: games_gradient(*a, losers=0.0), STRENGTHS,
      "Losers get nothing.", T)  # fmt: skip
wrong("further_games_buffered", "gradient", games, lambda *a: games_gradient(*a, added=False), STRENGTHS,
      "g[i] += d counts a player once.", T)  # fmt: skip
wrong("further_games_home_averaged", "gradient", games, lambda *a: games_gradient(*a, mean=5.0), STRENGTHS,
      "The advantage's gradient is averaged over the games.", T)  # fmt: skip

# factors of pairs of features
FACTORS = (rng.standard_normal(4), rng.standard_normal((4, 3)))


def paired(x, v):
    total = x @ v
    own = x**2 @ v**2
    return 0.5 * np.sum(total**2 - own)


def paired_gradient(x, v, taken_off=1.0, half=1.0):
    s = x @ v
    dx = half * (v @ s - taken_off * x * (v**2).sum(axis=1))
    return dx, half * (np.outer(x, s) - taken_off * (x**2)[:, None] * v)


T = retold(paired)
right("further_paired", "gradient", paired, paired_gradient, FACTORS, "Without the own squares.", T)
wrong("further_paired_own_squares_kept", "gradient", paired, lambda *a: paired_gradient(*a, taken_off=0.0), FACTORS,
      "The squares are not taken off.", T)  # fmt: skip
wrong("further_paired_halved", "gradient", paired, lambda *a: paired_gradient(*a, half=0.5), FACTORS,
      "The 1/2 is used although the square gave a 2.", T)  # fmt: skip

# ratings by trust
RATED = np.array([[4.0, 0, 1], [0, 2, 5]])
TASTES_OF = (rng.standard_normal((2, 2)), rng.standard_normal((3, 2)))


def trusted(u, v):
    wanted = (RATED > 0) * 1.0
    trust = 1 + 0.5 * RATED
    return np.sum(trust * (wanted - u @ v.T) ** 2) + 0.1 * np.sum(u**2)


def trusted_gradient(u, v, trusting=True, penalty=0.2, turned=True):
    trust = 1 + 0.5 * RATED if trusting else 1.0
    e = -2 * trust * ((RATED > 0) - u @ v.T)
    return e @ v + penalty * u, e.T @ u


T = retold(trusted)
right("further_trusted", "gradient", trusted, trusted_gradient, TASTES_OF, "Weighted errors.", T)
wrong("further_trusted_alike", "gradient", trusted, lambda *a: trusted_gradient(*a, trusting=False), TASTES_OF,
      "The weights of trust are left out.", T)  # fmt: skip
wrong("further_trusted_penalty_half", "gradient", trusted, lambda *a: trusted_gradient(*a, penalty=0.1), TASTES_OF,
      "lambda u for 2 lambda u.", T)  # fmt: skip

# factors of a covariance
LOADED = (rng.standard_normal((3, 2)), np.array([0.7, 1.1, 0.5]))
SAMPLE = np.cov(rng.standard_normal((3, 12)))


def loaded(load, own):
    sigma = load @ load.T + np.diag(own)
    return np.log(np.linalg.det(sigma)) + np.sum(SAMPLE * np.linalg.inv(sigma))


def loaded_gradient(load, own, both=2.0, volume=1.0, inverses=True):
    inverse = np.linalg.inv(load @ load.T + np.diag(own))
    d = volume * inverse - (inverse @ SAMPLE @ inverse if inverses else inverse @ SAMPLE)
    return both * d @ load, np.diag(d).copy()


T = retold(loaded)
right("further_loaded", "gradient", loaded, loaded_gradient, LOADED, "S^-1 - S^-1 C S^-1.", T)
wrong("further_loaded_one_side", "gradient", loaded, lambda *a: loaded_gradient(*a, both=1.0), LOADED,
      "One of the two loadings of L L^T.", T)  # fmt: skip
wrong("further_loaded_no_volume", "gradient", loaded, lambda *a: loaded_gradient(*a, volume=0.0), LOADED,
      "The logarithm of the determinant is left out.", T)  # fmt: skip

# shocks that linger
SERIES, LINGER = np.array([0.6, -0.9, 1.4, 0.3, -0.7]), np.array(0.5)


def lingering(theta):
    e, total = 0.0, 0.0
    for y in SERIES:
        e = y - theta * e
        total = total + 0.5 * e**2
    return total


def lingering_gradient(theta, recursive=1.0, sign=-1.0):
    e, de, g = 0.0, 0.0, 0.0
    for y in SERIES:
        e, de = y - theta * e, sign * e - recursive * theta * de
        g += e * de
    return np.array(g)


T = retold(lingering)
right("further_lingering", "gradient", lingering, lingering_gradient, (LINGER,), "Recursively.", T)
wrong("further_lingering_last_shock", "gradient", lingering, lambda t: lingering_gradient(t, recursive=0.0), (LINGER,),
      "The last shock is taken for given.", T)  # fmt: skip

# a curve through kernels
AT, HEARD, WIDTH = np.array([0.0, 0.8, 1.7, 2.5]), np.array([1.0, 0.2, -0.5, 0.7]), np.array(0.9)


def smoothed(h):
    w = np.exp(-0.5 * ((1.2 - AT) / h) ** 2)
    return w @ HEARD / np.sum(w)


def smoothed_gradient(h, below=1.0, cube=3):
    w = np.exp(-0.5 * ((1.2 - AT) / h) ** 2)
    dw = w * (1.2 - AT) ** 2 / h**cube
    return np.array((dw @ HEARD - below * dw.sum() * (w @ HEARD) / w.sum()) / w.sum())


T = retold(smoothed)
right("further_smoothed", "gradient", smoothed, smoothed_gradient, (WIDTH,), "Above and below.", T)
wrong("further_smoothed_weights_below_held", "gradient", smoothed, lambda h: smoothed_gradient(h, below=0.0), (WIDTH,),
      "The sum of the weights is taken for given.", T)  # fmt: skip

# two samples apart
ONE, OTHER = rng.standard_normal((3, 2)), rng.standard_normal((4, 2))


def apart(x):
    near = np.exp(-0.5 * np.sum((x[:, None] - x[None]) ** 2, axis=2))
    cross = np.exp(-0.5 * np.sum((x[:, None] - OTHER[None]) ** 2, axis=2))
    return np.mean(near) - 2 * np.mean(cross)


def apart_gradient(x, sides=2.0, cross=2.0, pushed=-1.0):
    d, e = x[:, None] - x[None], x[:, None] - OTHER[None]
    near, far = np.exp(-0.5 * (d**2).sum(axis=2)), np.exp(-0.5 * (e**2).sum(axis=2))
    return (pushed * sides * (near[..., None] * d).sum(axis=1) / 9) + cross * (far[..., None] * e).sum(axis=1) / 12


T = retold(apart)
right("further_apart", "gradient", apart, apart_gradient, (ONE,), "Each point stands on both sides.", T)
wrong("further_apart_one_side", "gradient", apart, lambda x: apart_gradient(x, sides=1.0), (ONE,),
      "A point counts as the first of a pair alone.", T)  # fmt: skip
wrong("further_apart_cross_once", "gradient", apart, lambda x: apart_gradient(x, cross=1.0), (ONE,),
      "The 2 of the cross term is forgotten.", T)  # fmt: skip
wrong("further_apart_pulled", "gradient", apart, lambda x: apart_gradient(x, pushed=1.0), (ONE,),
      "The sign of the kernel's slope among the own points.", T)  # fmt: skip
