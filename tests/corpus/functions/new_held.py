"""Functions of which a part is held constant on purpose: a target network, a detached norm, straight-through rounding.

Their truths hold the same part at its value at the item's point, which is what the author declares.
"""

import numpy as np

from gradcheck import held

from .. import truth as mp
from ..item import Category
from ..truth import Reference

CATEGORY = Category("new held")
right, wrong = CATEGORY.right, CATEGORY.wrong
rng = np.random.default_rng(1007)
mpf, mpm = mp.mpf, mp.mpmath

# a temporal difference with a target network, held by the name of its argument
ACTIONS, REWARDS = np.array([1, 0, 2, 1]), rng.standard_normal(4)
VALUES = (rng.standard_normal((4, 3)), rng.standard_normal((4, 3)))


def td_loss(q, target):
    chosen = q[np.arange(4), ACTIONS]
    aim = REWARDS + 0.9 * target.max(axis=1)
    return np.mean((chosen - aim) ** 2)


def td_gradient(q, target, factor=2.0):
    g = np.zeros_like(q)
    aim = REWARDS + 0.9 * target.max(axis=1)
    g[np.arange(4), ACTIONS] = factor * (q[np.arange(4), ACTIONS] - aim) / 4
    return g, None


def mp_td(q, target):
    gaps = (q[i, a] - mpf(r) - mpf(0.9) * max(target[i]) for i, (a, r) in enumerate(zip(ACTIONS, REWARDS, strict=True)))
    return sum(gap**2 for gap in gaps) / 4


TD = Reference(mp_td)
right(
    "target_network_held", "gradient", td_loss, td_gradient, VALUES, "Nothing for the target.", TD,
    options={"stop_gradient": "target"},
)  # fmt: skip
wrong(
    "target_network_held_factor", "gradient", td_loss, lambda q, t: td_gradient(q, t, 1.0), VALUES,
    "The 2 of the square is missing.", TD, options={"stop_gradient": "target"},
)  # fmt: skip
wrong(
    "target_network_not_held", "gradient", td_loss, td_gradient, VALUES,
    "The same gradient, and nothing is declared to be held: the target gets none.", TD,
)  # fmt: skip

# weights divided by a norm that is detached
WEIGHTS = rng.standard_normal(5)
LENGTH = mpm.sqrt(sum(mpf(v) ** 2 for v in WEIGHTS))


def scaled_weights(v):
    norm = held(np.sqrt(np.sum(v * v)))
    return np.tanh(v / norm)


def scaled_weights_vjp(c, v, projected=False):
    n = np.sqrt(np.sum(v * v))
    g = c * (1 - np.tanh(v / n) ** 2)
    return (g - v * (v @ g) / n**2 if projected else g) / n


SCALED = Reference(lambda v: mp.tanh(v / LENGTH))
right("norm_detached", "vjp", scaled_weights, scaled_weights_vjp, WEIGHTS, "The norm is held.", SCALED)
wrong(
    "norm_detached_but_projected", "vjp", scaled_weights, lambda c, v: scaled_weights_vjp(c, v, True), WEIGHTS,
    "The norm is derived although it is held.", SCALED,
)  # fmt: skip

# rounding, straight through
LATENT = np.array([0.3, 1.7, -2.2, 0.9])
PULLS = np.array([0.5, -1.0, 2.0, 1.5])
OFFSET = mp.lift(np.round(LATENT)) - mp.lift(LATENT)


def rounded_loss(x):
    y = x + held(np.round(x) - x)
    return np.sum(PULLS * y**2 + np.sin(y))


def rounded_gradient(y):
    return 2 * PULLS * y + np.cos(y)


ROUNDED = Reference(lambda x: (mp.lift(PULLS) * (x + OFFSET) ** 2 + mp.sin(x + OFFSET)).sum())
right(
    "rounding_straight_through", "gradient", rounded_loss, lambda x: rounded_gradient(np.round(x)), LATENT,
    "The slope at the rounded value.", ROUNDED,
)  # fmt: skip
wrong(
    "rounding_straight_through_unrounded", "gradient", rounded_loss, rounded_gradient, LATENT,
    "The slope at the value before rounding.", ROUNDED,
)  # fmt: skip
