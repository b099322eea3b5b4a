"""Functions that are meant on part of their space only, and loops and solvers that stop."""

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import betaln, digamma

from .. import truth as mp
from ..item import Category
from ..truth import Hull, LabelledByIntent, Reference

CATEGORY = Category("blind domains")
right, wrong = CATEGORY.right, CATEGORY.wrong
rng = np.random.default_rng(2006)
UNIT = 2.0**-53
mpf, mpm = mp.mpf, mp.mpmath


def draw(*shape):
    return rng.standard_normal(shape)


# the proximal step of a group lasso
GROUPS = np.array([[1.2, -0.4, 0.9], [0.1, 0.2, -0.1], [-2.0, 0.3, 0.5]])


def shrink_groups(x):
    norms = np.sqrt(np.sum(x * x, axis=1, keepdims=True))
    factor = np.maximum(0.0, 1 - 0.5 / np.maximum(norms, 1e-12))
    return factor * x


def shrink_groups_vjp(c, x, kind="right"):
    norms = np.sqrt(np.sum(x * x, axis=1, keepdims=True))
    factor = 1 - 0.5 / norms
    radial = 0.5 * x * (c * x).sum(axis=1, keepdims=True) / norms**3
    g = factor * c + (0 if kind == "norm" else radial)
    return g if kind == "dead" else np.where(norms > 0.5, g, 0.0)


def mp_shrink_groups(x):
    rows = []
    for v in x:
        n = mpm.sqrt((v * v).sum())
        rows.append(v * max(mpf(0), 1 - mpf(0.5) / n))
    return np.stack(rows)


SHRINK = Reference(mp_shrink_groups)
for kind, label, why in (
    ("right", right, "Groups below the threshold are dead."),
    ("norm", wrong, "The norm is treated as a constant."),
    ("dead", wrong, "Dead groups get the formula of living ones."),
):
    label(
        "group_shrinkage" + ("" if kind == "right" else f"_{kind}"), "vjp", shrink_groups,
        lambda c, x, kind=kind: shrink_groups_vjp(c, x, kind), GROUPS, why, SHRINK,
    )  # fmt: skip

# log cosh that becomes linear
RESIDUALS = np.array([-1.5, 0.2, 0.9, 16.0])


def log_cosh_linear_beyond(bound):
    def loss(r):
        a = np.abs(r)
        near = np.log(np.cosh(np.minimum(a, bound)))
        return np.sum(np.where(a > bound, a - np.log(2.0), near))

    return loss


right(
    "log_cosh_linear_beyond_15", "gradient", log_cosh_linear_beyond(15.0), np.tanh, RESIDUALS,
    "Beyond 15 tanh is 1 to thirteen digits.", Reference(lambda r: mp.log(mp.cosh(r)).sum()),
)  # fmt: skip
wrong(
    "log_cosh_linear_beyond_1", "gradient", log_cosh_linear_beyond(1.0), np.tanh, RESIDUALS[:3] / 2,
    "Beyond 1 f has slope 1 and tanh is 0.8.",
    Reference(
        lambda r: sum(abs(v) - mpm.log(2) if abs(v) > 1 else mpm.log(mpm.cosh(v)) for v in r),
        at=((np.array([-1.5, 0.2, 1.2]),),),
    ),
)  # fmt: skip


# Lambert's W by Halley's steps until they are small
def lambert(x):
    w = np.log1p(x)
    for _ in range(40):
        e = np.exp(w)
        gap = w * e - x
        step = gap / (e * (w + 1) - (w + 2) * gap / (2 * w + 2))
        w = w - step
        if np.max(np.abs(step)) < 1e-15 * np.max(np.abs(w)):
            break
    return w


LAMBERT = Reference(np.frompyfunc(lambda v: mpm.lambertw(v).real, 1, 1))
OMEGA_IN = np.array([0.3, 1.7, 5.0])
right(
    "lambert_w_by_halley", "vjp", lambert, lambda c, x: c * lambert(x) / (x * (1 + lambert(x))), OMEGA_IN,
    "W / (x (1 + W)).", LAMBERT,
)  # fmt: skip
wrong(
    "lambert_w_by_halley_x_for_w", "vjp", lambert, lambda c, x: c * lambert(x) / (x * (1 + x)), OMEGA_IN,
    "1 + x where 1 + W belongs.", LAMBERT,
)  # fmt: skip

# an economy's total output, by rounds of demand
DEMAND = np.array([1.0, 0.5, 2.0])


def gross_output(shares):
    A = 0.3 / (1 + np.exp(-shares))
    x, wave = DEMAND.copy(), DEMAND.copy()
    for _ in range(2000):
        wave = A @ wave
        x = x + wave
        if np.abs(wave).max() < 1e-16:
            break
    return np.sum(np.log(x))


def output_gradient(shares, kind="right"):
    s = 1 / (1 + np.exp(-shares))
    system = np.eye(3) - 0.3 * s
    x = np.linalg.solve(system, DEMAND)
    adjoint = 1 / x if kind == "round" else np.linalg.solve(system if kind == "product" else system.T, 1 / x)
    return np.outer(adjoint, x) * 0.3 * (s if kind == "sigmoid" else s * (1 - s))


def mp_gross_output(shares):
    system = np.eye(3, dtype=int) - mpf(0.3) * mp.sigmoid(shares)
    return mp.log(mp.solve(system, mp.lift(DEMAND))).sum()


OUTPUT, OUTPUT_IN = Reference(mp_gross_output), draw(3, 3)
for kind, label, why in (
    ("right", right, "The adjoint of the Leontief inverse."),
    ("product", wrong, "The system is not transposed."),
    ("round", wrong, "The first round of demand alone."),
    ("sigmoid", wrong, "1 - s is forgotten in the slope of the shares."),
):
    label(
        "leontief_output" + ("" if kind == "right" else f"_{kind}"), "gradient", gross_output,
        lambda q, kind=kind: output_gradient(q, kind), OUTPUT_IN, why, OUTPUT,
    )  # fmt: skip

# a line search inside f
SLOPE, CURVE = np.array([1.0, -0.4, 0.3]), np.array([0.6, 1.1, 0.8])


def searched(theta):
    def along(t):
        return np.sum(np.logaddexp(0, theta - t * SLOPE)) + 0.5 * t * t * np.sum(CURVE)

    return minimize_scalar(along, bounds=(-5, 5), method="bounded", options={"xatol": 1e-9})


def searched_gradient(theta, sign=-1.0):
    t = searched(theta).x
    return 1 / (1 + np.exp(sign * (theta - t * SLOPE)))


def mp_searched(theta):
    a, k = mp.lift(SLOPE), mp.lift(CURVE).sum()
    t = mpf(0)
    for _ in range(12):
        s = mp.sigmoid(theta - t * a)
        t = t - (t * k - (a * s).sum()) / (k + (a * a * s * (1 - s)).sum())
    return mp.log1p(mp.exp(theta - t * a)).sum() + t * t * k / 2


SEARCHED, SEARCHED_IN = Reference(mp_searched), np.array([0.5, -1.2, 0.8])
right(
    "value_of_a_line_search", "gradient", lambda q: searched(q).fun, searched_gradient, SEARCHED_IN,
    "The envelope theorem; the minimum is found to 1e-9 or a little worse.", SEARCHED, rounding=1e-7 / UNIT,
)  # fmt: skip
wrong(
    "value_of_a_line_search_mirrored", "gradient", lambda q: searched(q).fun, lambda q: searched_gradient(q, 1.0),
    SEARCHED_IN, "The logistic slope is mirrored.", SEARCHED, rounding=1e-7 / UNIT,
)  # fmt: skip

# scores divided by np.sqrt of an integer leave single precision
QUERY = (draw(3, 4).astype(np.float32), draw(3, 4).astype(np.float32))


def scaled_scores(q, k):
    scores = q @ k.T / np.sqrt(4)
    return np.sum(np.tanh(scores) ** 2)


def scaled_scores_gradient(q, k, scale=2.0, swap=False):
    t = np.tanh(q @ k.T / np.sqrt(4))
    d = 2 * t * (1 - t * t) / scale
    return d @ k, (d if swap else d.T) @ q


SCORES = Reference(lambda q, k: (mp.tanh(q @ k.T / 2) ** 2).sum())
for name, label, how, why in (
    ("", right, {}, "float64 by np.sqrt(4)."),
    ("_scale_lost", wrong, {"scale": 1.0}, "1 / sqrt(d) is lost."),
    ("_keys_untransposed", wrong, {"swap": True}, "d is not transposed for the keys."),
):
    label(
        f"scaled_scores_float32{name}", "gradient", scaled_scores,
        lambda q, k, how=how: scaled_scores_gradient(q, k, **how), QUERY, why, SCORES,
    )  # fmt: skip


# a squashed policy
def squashed(u):
    a = np.tanh(u)
    return -0.5 * np.sum(u * u) - np.sum(np.log(1 - a * a + 1e-6))


def squashed_coarse(u):
    a = np.tanh(u)
    return -0.5 * np.sum(u * u) - np.sum(np.log(1 - a * a + 0.05))


def squashed_gradient(u, eps):
    a = np.tanh(u)
    return -u + 2 * a * (1 - a * a) / (1 - a * a + eps)


def mp_squashed(eps):
    return lambda u: -(u * u).sum() / 2 - mp.log(1 - mp.tanh(u) ** 2 + mpf(eps)).sum()


ACTIONS = np.array([0.3, -1.1, 1.9])
right(
    "squashed_policy_1e-6", "gradient", squashed, lambda u: squashed_gradient(u, 1e-6), ACTIONS,
    "The epsilon is derived, too.", Reference(mp_squashed(1e-6)),
)  # fmt: skip
wrong(
    "squashed_policy_0.05", "gradient", squashed_coarse, lambda u: squashed_gradient(u, 0.0), ACTIONS,
    "An epsilon of 0.05 is left out of the slope.", Reference(mp_squashed(0.05)),
)  # fmt: skip


def surprise(p):
    return -np.sum(np.array([0.2, 0.5, 0.3]) * np.log(p + 1e-8))


right(
    "surprise_plus_1e-8", "gradient", surprise, lambda p: -np.array([0.2, 0.5, 0.3]) / p, np.array([0.3, 0.6, 0.1]),
    "1e-8 beside 0.1: right to seven digits, and for any use.",
    Reference(lambda p: -(mp.lift(np.array([0.2, 0.5, 0.3])) * mp.log(p + mpf(1e-8))).sum()), rounding=1e-6 / UNIT,
)  # fmt: skip

# a reaction's rate at temperatures
KELVIN = np.array([290.0, 310.0, 345.0])


def rate_constants(log_a, energy):
    return np.exp(log_a - energy / (8.314462618 * KELVIN))


def rate_vjp(c, log_a, energy, gas=8.314462618, inner=True):
    k = rate_constants(log_a, energy)
    return np.sum(c * k), -np.sum(c * k / (gas * KELVIN if inner else gas))


RATES = Reference(lambda a, e: mp.exp(a - e / (mpf(8.314462618) * mp.lift(KELVIN))))
RATES_IN = (np.array(7.0), np.array(2.1e4))
for name, label, how, why in (
    ("", right, {}, "Arrhenius."),
    ("_gas_8.314", wrong, {"gas": 8.314}, "The gas constant with four digits."),
    ("_temperature_lost", wrong, {"inner": False}, "The temperatures are lost in the inner derivative."),
):
    label(
        f"arrhenius_rates{name}", "vjp", rate_constants,
        lambda c, a, e, how=how: rate_vjp(c, a, e, **how), RATES_IN, why, RATES,
    )  # fmt: skip

# production with constant elasticity
INPUTS = np.array([1.5, 0.8, 2.4])


def production(x, rho):
    inside = np.sum(np.array([0.5, 0.3, 0.2]) * x**rho)
    return inside ** (1 / rho)


def production_gradient(x, rho, kind="right"):
    a = np.array([0.5, 0.3, 0.2])
    inside = np.sum(a * x**rho)
    y = inside ** (1 / rho)
    by_inside = y if kind == "kept" else y / inside
    g = by_inside / rho * a * rho * x ** (rho - 1)
    by_rho = y / inside / rho * np.sum(a * x**rho * np.log(x))
    return g, by_rho - (0 if kind == "root" else y * np.log(inside) / rho**2)


def mp_production(x, rho):
    inside = (mp.lift(np.array([0.5, 0.3, 0.2])) * mp.power(x, rho)).sum()
    return mpm.power(inside, 1 / rho)


CES, CES_IN = Reference(mp_production), (INPUTS, np.array(0.6))
for kind, label, why in (
    ("right", right, "Positive inputs."),
    ("kept", wrong, "The exponent 1 / rho is not lowered."),
    ("root", wrong, "1 / rho in the exponent is taken not to depend on rho."),
):
    label(
        "ces_production" + ("" if kind == "right" else f"_{kind}"), "gradient", production,
        lambda x, r, kind=kind: production_gradient(x, r, kind), CES_IN, why, CES,
    )  # fmt: skip

# a scalar filter
READINGS = draw(5)


def filter_loss(log_q, log_r):
    q, r = np.exp(log_q), np.exp(log_r)
    mean, var, loss = 0.0, 1.0, 0.0
    for y in READINGS:
        var = var + q
        s = var + r
        gap = y - mean
        loss = loss + 0.5 * (np.log(s) + gap * gap / s)
        gain = var / s
        mean = mean + gain * gap
        var = (1 - gain) * var
    return loss


def filter_gradient(log_q, log_r, kind="right"):
    q, r = np.exp(log_q), np.exp(log_r)
    mean, var, g = 0.0, 1.0, np.zeros(2)
    dmean, dvar = np.zeros(2), np.zeros(2)
    for y in READINGS:
        var, dvar = var + q, dvar + np.array([q, 0.0])
        s, ds = var + r, dvar + np.array([0.0, r])
        gap, dgap = y - mean, -dmean
        g = g + 0.5 * (ds / s + 2 * gap * dgap / s - gap * gap * ds / (s if kind == "quotient" else s * s))
        gain, dgain = var / s, dvar / s - var * ds / s**2
        if kind == "gain":
            dgain = 0 * dgain
        mean, dmean = mean + gain * gap, dmean + dgain * gap + gain * dgap
        var, dvar = (1 - gain) * var, (1 - gain) * dvar - dgain * var
    return g[0], g[1]


def mp_filter(log_q, log_r):
    q, r = mp.exp(log_q), mp.exp(log_r)
    mean, var, loss = mpf(0), mpf(1), mpf(0)
    for y in mp.lift(READINGS):
        var = var + q
        s = var + r
        loss = loss + (mpm.log(s) + (y - mean) ** 2 / s) / 2
        mean, var = mean + var / s * (y - mean), r * var / s
    return loss


FILTER, FILTER_IN = Reference(mp_filter), (np.array(-0.7), np.array(0.2))
for kind, label, why in (
    ("right", right, "Means and variances forward."),
    ("gain", wrong, "The gain is treated as a constant."),
    ("quotient", wrong, "The square of s is missing under the squared innovation."),
):
    label(
        "scalar_filter" + ("" if kind == "right" else f"_{kind}"), "gradient", filter_loss,
        lambda q, r, kind=kind: filter_gradient(q, r, kind), FILTER_IN, why, FILTER,
    )  # fmt: skip

# stations on a globe, given as unit vectors
STATIONS = np.array([[0.6, 0.8, 0.0], [0.0, 0.6, 0.8], [0.48, -0.6, 0.64]])
SOURCE = np.array([0.36, 0.48, 0.8])
DELAYS = np.array([0.9, 0.5, 1.1])


def epicentre(x):
    arcs = np.arccos(STATIONS @ x)
    return 0.5 * np.sum((arcs - DELAYS) ** 2)


def epicentre_gradient(x, sign=-1.0):
    cosines = STATIONS @ x
    return STATIONS.T @ (sign * (np.arccos(cosines) - DELAYS) / np.sqrt(1 - cosines**2))


ARCS = Reference(lambda x: ((np.frompyfunc(mpm.acos, 1, 1)(mp.lift(STATIONS) @ x) - mp.lift(DELAYS)) ** 2).sum() / 2)
right("epicentre_by_arcs", "gradient", epicentre, epicentre_gradient, SOURCE, "A point of the globe.", ARCS)
wrong(
    "epicentre_by_arcs_arcsine", "gradient", epicentre, lambda x: epicentre_gradient(x, 1.0), SOURCE,
    "The slope of arcsin.", ARCS,
)  # fmt: skip

# successes of batches with a random rate
HITS, TRIES = np.array([3.0, 0.0, 5.0]), np.array([10.0, 4.0, 6.0])


def batches(log_a, log_b):
    a, b = np.exp(log_a), np.exp(log_b)
    return -np.sum(betaln(a + HITS, b + TRIES - HITS) - betaln(a, b))


def batches_gradient(log_a, log_b, kind="right"):
    a, b = np.exp(log_a), np.exp(log_b)
    both = digamma(a + b + TRIES) - (0 if kind == "total" else digamma(a + b))
    ga, gb = digamma(a + HITS) - digamma(a) - both, digamma(b + TRIES - HITS) - digamma(b) - both
    return -np.sum(ga) * (1.0 if kind == "log" else a), -np.sum(gb) * b


def mp_batches(log_a, log_b):
    a, b = mp.exp(log_a), mp.exp(log_b)
    ln = mpm.loggamma

    def log_beta(x, y):
        return ln(x) + ln(y) - ln(x + y)

    pairs = zip(mp.lift(HITS), mp.lift(TRIES), strict=True)
    return -sum(log_beta(a + h, b + n - h) - log_beta(a, b) for h, n in pairs)


BATCHES, BATCHES_IN = Reference(mp_batches), (np.array(0.4), np.array(0.9))
for kind, label, why in (
    ("right", right, "Through the logarithms of both shapes."),
    ("total", wrong, "digamma(a + b) of the prior is left out."),
    ("log", wrong, "The inner derivative a of exp(log a) is missing."),
):
    label(
        "beta_binomial_batches" + ("" if kind == "right" else f"_{kind}"), "gradient", batches,
        lambda a, b, kind=kind: batches_gradient(a, b, kind), BATCHES_IN, why, BATCHES,
    )  # fmt: skip

# an image warped by whole pixels, read from the lower side
FRAME = draw(7, 7)
SHIFTS = np.array([[y, x] for y in range(1, 5) for x in range(1, 5)], dtype=float)
MASKED = draw(16)


def warp(at):
    y0, x0 = np.floor(at[:, 0]).astype(int), np.floor(at[:, 1]).astype(int)
    wy, wx = at[:, 0] - y0, at[:, 1] - x0
    top = (1 - wx) * FRAME[y0, x0] + wx * FRAME[y0, x0 + 1]
    low = (1 - wx) * FRAME[y0 + 1, x0] + wx * FRAME[y0 + 1, x0 + 1]
    return MASKED @ ((1 - wy) * top + wy * low)


def warp_gradient(at, factor=1.0):
    y1, x1 = np.ceil(at[:, 0]).astype(int), np.ceil(at[:, 1]).astype(int)
    wy, wx = y1 - at[:, 0], x1 - at[:, 1]
    down = (1 - wx) * (FRAME[y1, x1] - FRAME[y1 - 1, x1]) + wx * (FRAME[y1, x1 - 1] - FRAME[y1 - 1, x1 - 1])
    across = (1 - wy) * (FRAME[y1, x1] - FRAME[y1, x1 - 1]) + wy * (FRAME[y1 - 1, x1] - FRAME[y1 - 1, x1 - 1])
    return np.stack([MASKED * down * factor, MASKED * across], axis=1)


def warp_hull():
    y, x = SHIFTS.astype(int).T
    here = FRAME[y, x]
    down = [MASKED * (FRAME[y + 1, x] - here), MASKED * (here - FRAME[y - 1, x])]
    across = [MASKED * (FRAME[y, x + 1] - here), MASKED * (here - FRAME[y, x - 1])]
    pairs = [np.stack([f(*down), f(*across)], axis=1) for f in (np.minimum, np.maximum)]
    return (Hull(*pairs),)


WARP = LabelledByIntent("At whole pixels the slope may be that of either side.", warp_hull())
right("warp_by_whole_pixels", "gradient", warp, warp_gradient, SHIFTS, "The lower side throughout.", WARP)
wrong(
    "warp_by_whole_pixels_rows_sign", "gradient", warp, lambda at: warp_gradient(at, -1.0), SHIFTS,
    "Rows with the wrong sign.", WARP,
)  # fmt: skip
