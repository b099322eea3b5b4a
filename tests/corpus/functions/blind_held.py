"""A part is held constant on purpose: a baseline, a projection that is not followed, a scale taken from the data."""

import numpy as np

from gradcheck import held

from .. import truth as mp
from ..item import Category
from ..truth import Reference

CATEGORY = Category("blind held")
right, wrong = CATEGORY.right, CATEGORY.wrong
rng = np.random.default_rng(2007)
mpf, mpm = mp.mpf, mp.mpmath

# a policy gradient's surrogate with a learned baseline
CHOICES, GAINS = np.array([0, 2, 1, 2, 0]), rng.standard_normal(5)
POLICY = (rng.standard_normal((5, 3)), rng.standard_normal(5))


def surrogate(scores, baseline):
    advantage = GAINS - baseline
    shifted = scores - scores.max(axis=1, keepdims=True)
    logp = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    return -np.mean(advantage * logp[np.arange(5), CHOICES])


def surrogate_gradient(scores, baseline, average=5.0):
    e = np.exp(scores - scores.max(axis=1, keepdims=True))
    p = e / e.sum(axis=1, keepdims=True)
    p[np.arange(5), CHOICES] -= 1
    return p * (GAINS - baseline)[:, None] / average, None


def mp_surrogate(scores, baseline):
    logp = scores[np.arange(5), CHOICES] - mp.logsumexp(scores, axis=1)
    return -((mp.lift(GAINS) - baseline) * logp).sum() / 5


SURROGATE = Reference(mp_surrogate)
right(
    "baseline_held", "gradient", surrogate, surrogate_gradient, POLICY, "The baseline learns elsewhere.", SURROGATE,
    options={"stop_gradient": "baseline"},
)  # fmt: skip
wrong(
    "baseline_held_summed", "gradient", surrogate, lambda s, b: surrogate_gradient(s, b, 1.0), POLICY,
    "The mean over steps is forgotten.", SURROGATE, options={"stop_gradient": "baseline"},
)  # fmt: skip

# rows scaled by a deviation that is detached
TABLE = rng.standard_normal((3, 4))
SPREADS = np.array([[mpm.sqrt(sum(mpf(v) ** 2 for v in row) / 4)] for row in TABLE], dtype=object)


def detached_scale(x):
    spread = held(np.sqrt(np.mean(x * x, axis=1, keepdims=True)))
    return np.sin(x / spread)


def detached_scale_vjp(c, x, followed=False):
    spread = np.sqrt(np.mean(x * x, axis=1, keepdims=True))
    g = c * np.cos(x / spread) / spread
    return g - x * (g * x).mean(axis=1, keepdims=True) / spread**2 if followed else g


DETACHED = Reference(lambda x: mp.sin(x / SPREADS))
right("scale_detached", "vjp", detached_scale, detached_scale_vjp, TABLE, "The deviation is held.", DETACHED)
wrong(
    "scale_detached_but_followed", "vjp", detached_scale, lambda c, x: detached_scale_vjp(c, x, True), TABLE,
    "The deviation is derived although it is held.", DETACHED,
)  # fmt: skip
wrong(
    "scale_detached_and_lost", "vjp", detached_scale, lambda c, x: c * np.cos(
        x / np.sqrt(np.mean(x * x, axis=1, keepdims=True))
    ), TABLE, "1 / spread is forgotten.", DETACHED,
)  # fmt: skip
