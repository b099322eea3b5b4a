"""Regressions, shares and curves with one mistake each, after public reports."""

import numpy as np

from .. import truth as mp
from ..item import Category
from ..truth import Reference

CATEGORY = Category("fresh regressions")
right, wrong = CATEGORY.right, CATEGORY.wrong
rng = np.random.default_rng(9312)
mpf = mp.mpf


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


# errors of which large ones count less
FEATURES, LEVELS = rng.standard_normal((7, 2)), np.array([2.5, -3.0, 0.4, -0.2, 3.1, -2.2, 0.1])
SLOPES = np.array([0.4, -0.3])


def huber(w):
    e = FEATURES @ w - LEVELS
    return np.mean(np.where(np.abs(e) <= 1.0, 0.5 * e**2, np.abs(e) - 0.5))


def huber_gradient(w, both=True):
    e = FEATURES @ w - LEVELS
    small, above, below = np.abs(e) <= 1.0, e > 1.0, e < -1.0
    return FEATURES.T @ (small * e + above - (below if both else 0.0)) / 7


def mp_huber(w):
    e = mp.lift(FEATURES) @ w - mp.lift(LEVELS)
    return sum(v * v / 2 if abs(v) <= 1 else abs(v) - mpf(0.5) for v in e) / 7


right("fresh_huber", "gradient", huber, huber_gradient, SLOPES, "Both tails.", Reference(mp_huber))
wrong("fresh_huber_one_tail", "gradient", huber, lambda w: huber_gradient(w, both=False), SLOPES,
      "e > d for |e| > d: errors far below have no gradient (marlbenchmark/on-policy #47).",
      Reference(mp_huber))  # fmt: skip

# shares broken off a stick, with a limit at either side
BROKEN = np.array([0.4, -2.1, 0.7, 1.9])


def broken_stick(t):
    s = sigmoid(np.clip(t, -1.5, 1.5))
    left = np.concatenate([[1.0], np.cumprod(1 - s)])
    return np.concatenate([s, [1.0]]) * left


def broken_stick_backward(c, t, limited=True):
    s = sigmoid(np.clip(t, -1.5, 1.5))
    left = np.concatenate([[1.0], np.cumprod(1 - s)])
    shares, ds = np.concatenate([s, [1.0]]) * left, np.zeros(4)
    for k in range(4):
        ds[k] = c[k] * left[k] - c[k + 1 :] @ shares[k + 1 :] / (1 - s[k])
    return ds * s * (1 - s) * (np.abs(t) < 1.5 if limited else 1.0)


def mp_broken_stick(t):
    left, shares = mpf(1), []
    for v in t:
        s = 1 / (1 + mp.mpmath.exp(-min(max(v, mpf(-1.5)), mpf(1.5))))
        shares.append(s * left)
        left = left * (1 - s)
    return np.array([*shares, left], dtype=object)


right("fresh_broken_stick", "vjp", broken_stick, broken_stick_backward, BROKEN, "Nothing beyond the limits.",
      Reference(mp_broken_stick))  # fmt: skip
wrong("fresh_broken_stick_unlimited", "vjp", broken_stick,
      lambda c, t: broken_stick_backward(c, t, limited=False), BROKEN,
      "The clamp is not differentiated (manuhuth/NoLimits.jl #337).", Reference(mp_broken_stick))  # fmt: skip

# logistic regression with the length of its weights as a penalty
TRAITS, YES = rng.standard_normal((6, 3)), np.array([1.0, 0, 0, 1, 0, 1])
CHOICE = np.array([0.9, -0.4, 1.3])


def lengthy(beta):
    z = TRAITS @ beta
    fit = np.sum(np.log1p(np.exp(z)) - YES * z)
    return fit + 0.8 * np.sqrt(np.sum(beta**2))


def lengthy_gradient(beta, root=True):
    length = np.sqrt(np.sum(beta**2))
    return TRAITS.T @ (sigmoid(TRAITS @ beta) - YES) + 0.8 * beta / (length if root else 1.0)


def mp_lengthy(beta):
    z = mp.lift(TRAITS) @ beta
    return (mp.log1p(mp.exp(z)) - mp.lift(YES) * z).sum() + mpf(0.8) * mp.sqrt((beta * beta).sum())


right("fresh_lengthy", "gradient", lengthy, lengthy_gradient, CHOICE, "The unit vector.", Reference(mp_lengthy))
wrong("fresh_lengthy_as_if_squared", "gradient", lengthy, lambda b: lengthy_gradient(b, root=False), CHOICE,
      "gamma beta as the gradient of gamma sqrt(beta' beta) (ddbourgin/numpy-ml #53).",
      Reference(mp_lengthy))  # fmt: skip

# a curve that only rises
RISES = rng.standard_normal(5)


def rising(x):
    steps = np.log1p(np.exp(x))
    return np.cumsum(steps) ** 2


def rising_backward(c, x, from_end=True):
    d = 2 * c * np.cumsum(np.log1p(np.exp(x)))
    later = np.cumsum(d[::-1])[::-1] if from_end else np.cumsum(d)
    return later * sigmoid(x)


def mp_rising(x):
    steps = mp.log1p(mp.exp(x))
    return np.array([steps[: k + 1].sum() ** 2 for k in range(5)], dtype=object)


right("fresh_rising", "vjp", rising, rising_backward, RISES, "All later values.", Reference(mp_rising))
wrong("fresh_rising_from_the_start", "vjp", rising, lambda c, x: rising_backward(c, x, from_end=False), RISES,
      "The running sum backwards starts at the same end (homework on monotone splines).",
      Reference(mp_rising))  # fmt: skip

# a table of likes, of which some are unknown
LIKES, KNOWN = rng.standard_normal((3, 4)), np.array([[1.0, 0, 1, 1], [0, 1, 1, 0], [1, 1, 0, 1]])
TASTES = (rng.standard_normal((3, 2)), rng.standard_normal((4, 2)))


def likes(p, q):
    gap = KNOWN * (LIKES - p @ q.T)
    return np.sum(gap**2) + 0.1 * (np.sum(p**2) + np.sum(q**2))


def likes_gradient(p, q):
    gap = KNOWN * (LIKES - p @ q.T)
    dp = -2 * gap @ q + 0.2 * p
    return dp, -2 * gap.T @ (p - 0.02 * dp) + 0.2 * q


def mp_likes(p, q):
    gap = mp.lift(KNOWN) * (mp.lift(LIKES) - p @ q.T)
    return (gap * gap).sum() + mpf(0.1) * ((p * p).sum() + (q * q).sum())


wrong("fresh_likes_users_stepped_first", "gradient", likes, likes_gradient, TASTES,
      "The items' gradient takes users that have moved already (matrix-factorization-in-python PR #3).",
      Reference(mp_likes))  # fmt: skip

# heights of a curve by two rules
ENDPOINTS = np.array([0.3, 1.2, 0.8, -0.5, 0.9])


def area(y):
    inner = np.sqrt(1 + y**2)
    return 0.25 * (inner[0] + inner[-1]) + 0.5 * np.sum(inner[1:-1])


def area_gradient(y, ends=0.25):
    slope = y / np.sqrt(1 + y**2)
    weights = np.array([ends, 0.5, 0.5, 0.5, ends])
    return weights * slope


def mp_area(y):
    inner = mp.sqrt(1 + y * y)
    return (inner[0] + inner[-1]) / 4 + inner[1:-1].sum() / 2


wrong("fresh_area_ends_whole", "gradient", area, lambda y: area_gradient(y, ends=0.5), ENDPOINTS,
      "The ends count like the inner points in the rule of trapezia (homework).", Reference(mp_area))  # fmt: skip
