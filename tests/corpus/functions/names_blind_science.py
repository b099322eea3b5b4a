"""Models, solvers, statistics and physics with one mistake each, for names: held back."""

import numpy as np
from scipy.special import digamma, gammaln

from .. import truth as mp
from ..item import Category
from ..truth import Reference

CATEGORY = Category("names blind science")
right, wrong = CATEGORY.right, CATEGORY.wrong
rng = np.random.default_rng(7102)
mpf, mpm = mp.mpf, mp.mpmath

# double exponential smoothing
SALES, WEIGHTS = rng.standard_normal(5), np.array([0.4, 0.3])


def smoothed(y, w):
    level, trend = y[0], 0.0 * y[0]
    loss = 0.0
    for t in range(1, 5):
        gap = y[t] - level - trend
        loss = loss + gap**2
        level = level + trend + w[0] * gap
        trend = trend + w[0] * w[1] * gap
    return loss


def smoothed_gradient(y, w, steps=4, trends=1.0, gaps=True):
    states, level, trend = [], y[0], 0.0
    for t in range(1, 5):
        gap = y[t] - level - trend
        states.append(gap)
        level, trend = level + trend + w[0] * gap, trend + w[0] * w[1] * gap
    dy, dw, dl, dt = np.zeros(5), np.zeros(2), 0.0, 0.0
    for t in range(4, 4 - steps, -1):
        gap = states[t - 1]
        dw += gap * np.array([dl + trends * dt * w[1], dt * w[0]])
        dg = 2 * gap + (dl * w[0] + dt * w[0] * w[1] if gaps else 0.0)
        dy[t] += dg
        dl, dt = dl - dg, dl + dt - dg
    dy[0] += dl
    return dy, dw


def mp_smoothed(y, w):
    level, trend, loss = y[0], mpf(0), mpf(0)
    for v in y[1:]:
        gap = v - level - trend
        loss += gap * gap
        level, trend = level + trend + w[0] * gap, trend + w[0] * w[1] * gap
    return loss


SMOOTHED, TREND = Reference(mp_smoothed), (SALES, WEIGHTS)
right("trend_smoothing", "gradient", smoothed, smoothed_gradient, TREND, "Back through four steps.", SMOOTHED)
wrong("trend_smoothing_three_steps", "gradient", smoothed, lambda y, w: smoothed_gradient(y, w, steps=3), TREND,
      "The first step is left out.", SMOOTHED)  # fmt: skip
wrong("trend_smoothing_trend_weight", "gradient", smoothed, lambda y, w: smoothed_gradient(y, w, trends=0.0), TREND,
      "The first weight's part in the trend is left out.", SMOOTHED)  # fmt: skip

# the inverse square root by Newton's steps
AREAS = np.array([0.5, 1.3, 2.2])


def inverse_root(a):
    x = 0.6 * np.ones_like(a)
    for _ in range(4):
        x = x * (1.5 - 0.5 * a * x * x)
    return x


def inverse_root_backward(c, a, explicit=1.0, last=4, cubic=1.5):
    xs = [0.6 * np.ones_like(a)]
    for _ in range(4):
        xs.append(xs[-1] * (1.5 - 0.5 * a * xs[-1] ** 2))
    da, g = np.zeros_like(a), c
    for x in xs[-2 : -2 - last : -1]:
        da += explicit * -0.5 * g * x**3
        g = g * (1.5 - cubic * a * x * x)
    return da


def mp_inverse_root(a):
    x = mpf(0.6) + 0 * a
    for _ in range(4):
        x = x * (3 - a * x * x) / 2
    return x


NEWTON = Reference(mp_inverse_root)
right("inverse_root_by_newton", "vjp", inverse_root, inverse_root_backward, AREAS, "Four steps unrolled.", NEWTON)
wrong("inverse_root_by_newton_last_step", "vjp", inverse_root, lambda c, a: inverse_root_backward(c, a, last=1), AREAS,
      "The last step alone.", NEWTON)  # fmt: skip
wrong("inverse_root_by_newton_cube", "vjp", inverse_root, lambda c, a: inverse_root_backward(c, a, cubic=0.5), AREAS,
      "x (3 - a x^2) / 2 differentiated as if the square were held.", NEWTON)  # fmt: skip
wrong("inverse_root_by_newton_sign", "vjp", inverse_root, lambda c, a: inverse_root_backward(c, a, explicit=-1.0),
      AREAS, "What the area contributes has the wrong sign.", NEWTON)  # fmt: skip

# heat in a rod, explicit steps
ROD, DIFFUSIVITY = rng.standard_normal(5), np.array([0.2])


def heated(u, k):
    for _ in range(3):
        bend = np.roll(u, 1) - 2 * u + np.roll(u, -1)
        u = u + k * bend
    return u


def heated_backward(c, u, k, stale=False, steps=1.0):
    states = [u]
    for _ in range(3):
        v = states[-1]
        states.append(v + k * (np.roll(v, 1) - 2 * v + np.roll(v, -1)))
    g, dk = c, 0.0
    for t in (2, 1, 0):
        v = states[t + 1] if stale else states[t]
        dk += g @ (np.roll(v, 1) - 2 * v + np.roll(v, -1))
        g = g + k * (np.roll(g, 1) - 2 * g + np.roll(g, -1))
    return g, np.array([steps * dk])


def mp_heated(u, k):
    for _ in range(3):
        u = np.array([u[i] + k[0] * (u[i - 1] - 2 * u[i] + u[(i + 1) % 5]) for i in range(5)], dtype=object)
    return u


HEATED, HEAT = Reference(mp_heated), (ROD, DIFFUSIVITY)
right("heat_in_a_rod", "vjp", heated, heated_backward, HEAT, "Self-adjoint steps.", HEATED)
wrong("heat_in_a_rod_after_the_step", "vjp", heated, lambda c, u, k: heated_backward(c, u, k, stale=True), HEAT,
      "The state after each step where that before it belongs.", HEATED)  # fmt: skip
wrong("heat_in_a_rod_mean_of_steps", "vjp", heated, lambda c, u, k: heated_backward(c, u, k, steps=1 / 3), HEAT,
      "The diffusivity's gradient is averaged over the steps.", HEATED)  # fmt: skip

# gamma regression with a logarithmic link
COSTS, FEATURES = np.array([0.8, 2.1, 0.4, 1.5]), rng.standard_normal((4, 2))
SLOPES, SHAPE = np.array([0.3, -0.5]), np.array([1.2])


def gamma_loss(b, a):
    score = FEATURES @ b
    ratio = COSTS * np.exp(-score)
    terms = a[0] * (ratio + score) - (a[0] - 1) * np.log(COSTS)
    return np.sum(terms) + 4 * (gammaln(a[0]) - a[0] * np.log(a[0]))


def gamma_gradient(b, a, ratio=1.0, log=1.0, one=1.0, every=4):
    score = FEATURES @ b
    y = COSTS * np.exp(-score)
    by_shape = np.sum(y + score - np.log(COSTS)) + every * (digamma(a[0]) - log * np.log(a[0]) - one)
    return a[0] * FEATURES.T @ (1 - ratio * y), np.array([by_shape])


def mp_gamma(b, a):
    total = 4 * (mpm.loggamma(a[0]) - a[0] * mpm.log(a[0]))
    for y, s in zip(COSTS, mp.lift(FEATURES) @ b, strict=True):
        total += a[0] * (mpf(y) / mpm.exp(s) + s) - (a[0] - 1) * mpm.log(mpf(y))
    return total


GAMMA, COSTING = Reference(mp_gamma), (SLOPES, SHAPE)
right("gamma_regression", "gradient", gamma_loss, gamma_gradient, COSTING, "Slopes and shape.", GAMMA)
wrong("gamma_regression_ratio_sign", "gradient", gamma_loss, lambda b, a: gamma_gradient(b, a, ratio=-1.0), COSTING,
      "exp(-score) differentiated as exp(score).", GAMMA)  # fmt: skip
wrong("gamma_regression_product_rule", "gradient", gamma_loss, lambda b, a: gamma_gradient(b, a, one=0.0), COSTING,
      "a log a differentiated as log a.", GAMMA)  # fmt: skip
wrong("gamma_regression_once", "gradient", gamma_loss, lambda b, a: gamma_gradient(b, a, every=1), COSTING,
      "The normalisation counts once, not once per sample.", GAMMA)  # fmt: skip

# a mixture of two normal distributions
HEIGHTS = np.array([0.2, 1.9, -0.7, 2.4])
MEANS, SPREADS, SHARES = np.array([0.1, 2.0]), np.array([0.8, 0.5]), np.array([0.3, -0.2])


def mixture(means, spreads, shares):
    z = (HEIGHTS[:, None] - means) / spreads
    weights = shares - np.log(np.sum(np.exp(shares)))
    terms = weights - 0.5 * z**2 - np.log(spreads)
    return -np.sum(np.log(np.sum(np.exp(terms), axis=1)))


def mixture_gradient(means, spreads, shares, soft=True, power=3, volume=1.0, total=1.0, swapped=False):
    z = (HEIGHTS[:, None] - means) / spreads
    terms = shares - 0.5 * z**2 - np.log(spreads)
    r = np.exp(terms - terms.max(axis=1, keepdims=True))
    r = r / r.sum(axis=1, keepdims=True)
    if not soft:
        r = 1.0 * (r == r.max(axis=1, keepdims=True))
    gap = HEIGHTS[:, None] - means
    by_means = -np.sum(r * gap / spreads**2, axis=0)
    by_spreads = -np.sum(r * (gap**2 / spreads**power - volume / spreads), axis=0)
    p = np.exp(shares) / np.exp(shares).sum()
    by_shares = -np.sum(r - total * p, axis=0)
    return (by_spreads, by_means, by_shares) if swapped else (by_means, by_spreads, by_shares)


def mp_mixture(means, spreads, shares):
    weights, total = mp.softmax(shares), mpf(0)
    for y in HEIGHTS:
        z = (mpf(y) - means) / spreads
        total -= mpm.log(sum(weights * mp.exp(-z * z / 2) / spreads))
    return total


MIXTURE, BLEND = Reference(mp_mixture), (MEANS, SPREADS, SHARES)
right("mixture_of_two", "gradient", mixture, mixture_gradient, BLEND, "Responsibilities.", MIXTURE)
wrong("mixture_of_two_square", "gradient", mixture, lambda *a: mixture_gradient(*a, power=2), BLEND,
      "gap^2 / s^2 for gap^2 / s^3.", MIXTURE)  # fmt: skip
wrong("mixture_of_two_volume", "gradient", mixture, lambda *a: mixture_gradient(*a, volume=0.0), BLEND,
      "The density's 1 / s is left out.", MIXTURE)  # fmt: skip
wrong("mixture_of_two_shares", "gradient", mixture, lambda *a: mixture_gradient(*a, total=0.0), BLEND,
      "The shares' normalisation is held.", MIXTURE)  # fmt: skip
wrong("mixture_of_two_exchanged", "gradient", mixture, lambda *a: mixture_gradient(*a, swapped=True), BLEND,
      "Means and spreads exchanged.", MIXTURE)  # fmt: skip

# survival: cumulated hazards and discounts
HAZARDS, PAYMENTS = np.array([0.1, 0.3, 0.2, 0.4]), np.array([1.0, 0.8, 1.3, 0.6])


def annuity(h, pay):
    exposure = np.cumsum(h)
    alive = np.exp(-exposure)
    return np.sum(pay * alive)


def annuity_gradient(h, pay, order=-1, own=False):
    alive = np.exp(-np.cumsum(h))
    g = -pay * alive
    if own:
        return g, alive
    return (np.cumsum(g[::-1])[::-1] if order < 0 else np.cumsum(g)), alive


ANNUITY, LIVES = (
    Reference(lambda h, pay: sum(p * mpm.exp(-sum(h[: k + 1])) for k, p in enumerate(pay))),
    (HAZARDS, PAYMENTS),
)
right("life_annuity", "gradient", annuity, annuity_gradient, LIVES, "From the end.", ANNUITY)
wrong("life_annuity_from_the_start", "gradient", annuity, lambda h, p: annuity_gradient(h, p, 1), LIVES,
      "The sum is not reversed.", ANNUITY)  # fmt: skip
wrong("life_annuity_own_year", "gradient", annuity, lambda h, p: annuity_gradient(h, p, own=True), LIVES,
      "A hazard counts in its own year alone.", ANNUITY)  # fmt: skip
wrong("life_annuity_payments_one", "gradient", annuity, lambda h, p: (annuity_gradient(h, p)[0], np.ones(4)), LIVES,
      "The payments' gradient is one each.", ANNUITY)  # fmt: skip

# Michaelis and Menten with an inhibitor
DOSE, CONSTANTS = np.array([0.4, 1.5, 3.0]), np.array([2.0, 0.8, 1.6])


def velocity(s, k):
    bottom = k[1] + s + s**2 / k[2]
    return k[0] * s / bottom


def velocity_backward(c, s, k, square=2, product=1.0, two=2.0, third=1.0):
    bottom = k[1] + s + s**2 / k[2]
    top = k[0] * s
    ds = c * (product * k[0] / bottom - top * (1 + two * s / k[2]) / bottom**square)
    shared = -c * top / bottom**2
    return ds, np.array([np.sum(c * s / bottom), np.sum(shared), third * np.sum(shared * -(s**2) / k[2] ** 2)])


ENZYME = Reference(lambda s, k: k[0] * s / (k[1] + s + s * s / k[2]))
right("enzyme_with_inhibition", "vjp", velocity, velocity_backward, (DOSE, CONSTANTS), "The quotient rule.", ENZYME)
wrong("enzyme_with_inhibition_square", "vjp", velocity, lambda c, s, k: velocity_backward(c, s, k, square=1),
      (DOSE, CONSTANTS), "The denominator is not squared.", ENZYME)  # fmt: skip
wrong("enzyme_with_inhibition_numerator", "vjp", velocity, lambda c, s, k: velocity_backward(c, s, k, product=0.0),
      (DOSE, CONSTANTS), "The numerator's part is left out.", ENZYME)  # fmt: skip
wrong("enzyme_with_inhibition_exponent", "vjp", velocity, lambda c, s, k: velocity_backward(c, s, k, two=1.0),
      (DOSE, CONSTANTS), "The square's 2 is missing.", ENZYME)  # fmt: skip
wrong("enzyme_with_inhibition_constant", "vjp", velocity, lambda c, s, k: velocity_backward(c, s, k, third=-1.0),
      (DOSE, CONSTANTS), "The inhibition constant's entry has the wrong sign.", ENZYME)  # fmt: skip

# Planck's law by temperature
KELVIN = np.array([2.9, 4.1, 6.3])


def radiance(t):
    x = 14.387769 / (5.0 * t)
    return np.sum(1 / np.expm1(x))


def radiance_gradient(t, second=14.387769, minus=True, inner=True):
    x = second / (5.0 * t)
    slope = -np.exp(x) / (np.exp(x) - (1 if minus else 0)) ** 2
    return slope * (-x / t if inner else 1.0)


PLANCK = Reference(lambda t: sum(1 / mpm.expm1(mpf(14.387769) / (5 * v)) for v in t))
right("planck_by_temperature", "gradient", radiance, radiance_gradient, KELVIN, "Two quotients.", PLANCK)
wrong("planck_by_temperature_14.388", "gradient", radiance, lambda t: radiance_gradient(t, second=14.388), KELVIN,
      "The second radiation constant of five digits.", PLANCK)  # fmt: skip
wrong("planck_by_temperature_wien", "gradient", radiance, lambda t: radiance_gradient(t, minus=False), KELVIN,
      "Wien's slope, without the minus one.", PLANCK)  # fmt: skip
wrong("planck_by_temperature_inner", "gradient", radiance, lambda t: radiance_gradient(t, inner=False), KELVIN,
      "By x, not by the temperature.", PLANCK)  # fmt: skip

# a tariff with a threshold, and a penalty
USE = np.array([0.6, 2.4, 1.1, 3.0])


def bill(x):
    above = np.where(x > 1.5, 2.0 * (x - 1.5) ** 2 + x, x)
    penalty = 0.1 * np.sum(x**2)
    return np.sum(above) + penalty


def bill_gradient(x, above=True, ridge=0.2, limit=1.5):
    g = np.where(x > limit, 4.0 * (x - 1.5) + 1, 1.0) if above else np.ones(4)
    return g + ridge * x


BILL = Reference(lambda x: sum(v + (2 * (v - mpf(1.5)) ** 2 if v > 1.5 else 0) + mpf(0.1) * v * v for v in x))
right("tariff_with_penalty", "gradient", bill, bill_gradient, USE, "Both branches.", BILL)
wrong("tariff_with_penalty_flat", "gradient", bill, lambda x: bill_gradient(x, above=False), USE,
      "Above the threshold as below it.", BILL)  # fmt: skip
wrong("tariff_with_penalty_missing", "gradient", bill, lambda x: bill_gradient(x, ridge=0.0), USE,
      "The penalty is left out.", BILL)  # fmt: skip
wrong("tariff_with_penalty_double", "gradient", bill, lambda x: bill_gradient(x, ridge=0.4), USE,
      "The penalty counts twice.", BILL)  # fmt: skip

# a bilinear form between two sets
HERE, THERE, METRIC = rng.standard_normal((3, 3)), rng.standard_normal((3, 3)), rng.standard_normal((3, 3))


def similarity(a, m, b):
    middle = a @ m
    return middle @ b.T


def similarity_backward(c, a, m, b, order="right"):
    da, dm, db = c @ b @ m.T, a.T @ c @ b, c.T @ (a @ m)
    if order == "transposed":
        dm = dm.T
    elif order == "product":
        da = c @ b @ m
    elif order == "twice":
        dm = a.T @ (c * c) @ b
    elif order == "sum":
        dm = c.sum() * a.T @ b
    elif order == "rolled":
        db = np.roll(db, 1, axis=0)
    elif order == "single":
        dm = dm.astype(np.float32).astype(float)
    return da, dm, db


FORM, SETS = Reference(lambda a, m, b: a @ m @ b.T), (HERE, METRIC, THERE)
right("bilinear_similarity", "vjp", similarity, similarity_backward, SETS, "Three products.", FORM)
for word, why in (
    ("transposed", "The metric's gradient is transposed."),
    ("product", "m for m^T."),
    ("twice", "The cotangent is squared for the metric."),
    ("sum", "The cotangent's sum in place of the cotangent, for the metric."),
    ("rolled", "The rows of the last gradient are shifted by one."),
    ("single", "The metric's gradient was kept in single precision."),
):
    wrong(f"bilinear_similarity_{word}", "vjp", similarity,
          lambda c, a, m, b, word=word: similarity_backward(c, a, m, b, word), SETS, why, FORM)  # fmt: skip

# ratios and distances
FROM, TO = rng.standard_normal((4, 2)), rng.standard_normal(2)


def attraction(x, centre):
    d = x - centre
    r2 = np.sum(d * d, axis=1) + 0.1
    return np.sum(1 / np.sqrt(r2))


def attraction_gradient(x, centre, soft=0.1, mean=False, places=None, power=1.5):
    d = x - centre
    r2 = np.sum(d * d, axis=1, keepdims=True) + soft
    g = -d / r2**power
    by_centre = -np.sum(g, axis=0) if not mean else -np.mean(g, axis=0)
    if places is not None:
        g = g.copy()
        g[places] = 0.0
    return g, by_centre


PULL = Reference(lambda x, centre: sum(1 / mpm.sqrt(sum((p - centre) ** 2) + mpf(0.1)) for p in x))
right("softened_attraction", "gradient", attraction, attraction_gradient, (FROM, TO), "Softened by 0.1.", PULL)
wrong("softened_attraction_unsoftened", "gradient", attraction, lambda x, t: attraction_gradient(x, t, soft=0.0),
      (FROM, TO), "The softening is left out.", PULL)  # fmt: skip
wrong("softened_attraction_centre_mean", "gradient", attraction, lambda x, t: attraction_gradient(x, t, mean=True),
      (FROM, TO), "The centre gets a mean over the points.", PULL)  # fmt: skip
wrong("softened_attraction_last_point", "gradient", attraction, lambda x, t: attraction_gradient(x, t, places=-1),
      (FROM, TO), "The last point's row is left at zero.", PULL)  # fmt: skip
wrong("softened_attraction_power", "gradient", attraction, lambda x, t: attraction_gradient(x, t, power=0.5),
      (FROM, TO), "The exponent is not lowered.", PULL)  # fmt: skip
wrong("softened_attraction_centre_zero", "gradient", attraction,
      lambda x, t: (attraction_gradient(x, t)[0], np.zeros(2)), (FROM, TO), "Nothing arrives at the centre.",
      PULL)  # fmt: skip
