"""Where a function is meant: guards, bounds that are no guards, series near 0, unit vectors, ties."""

import math

import numpy as np
from scipy.special import spherical_jn

from .. import truth as mp
from ..item import Category
from ..truth import Hull, LabelledByIntent, Reference

CATEGORY = Category("new points")
right, wrong = CATEGORY.right, CATEGORY.wrong
rng = np.random.default_rng(1002)
UNIT = 2.0**-53
mpf, mpm = mp.mpf, mp.mpmath

# angles by arccos(cos x)
OFFSETS = np.array([0.4, 1.1, 2.0, 2.9])


def folded_angle(x):
    return np.sum(np.array([1.0, -2.0, 0.5, 3.0]) * np.arccos(np.cos(x)))


FOLD = Reference(
    lambda x: (np.array([1, -2, mpf(0.5), 3], dtype=object) * np.frompyfunc(mpm.acos, 1, 1)(mp.cos(x))).sum()
)
right(
    "angle_between_zero_and_pi", "gradient", folded_angle, lambda x: np.array([1.0, -2.0, 0.5, 3.0]) + 0 * x, OFFSETS,
    "Angles between 0 and pi, where arccos(cos x) is x.", FOLD,
)  # fmt: skip
wrong(
    "angle_between_minus_pi_and_pi", "gradient", folded_angle, lambda x: np.array([1.0, -2.0, 0.5, 3.0]) + 0 * x,
    OFFSETS * np.array([1, -1, 1, 1]), "One angle is negative, and there the slope is -1.", FOLD,
)  # fmt: skip

# a Rayleigh quotient on the sphere
SYMMETRIC = rng.standard_normal((4, 4))
SYMMETRIC = SYMMETRIC + SYMMETRIC.T
ON_SPHERE = rng.standard_normal(4)
ON_SPHERE = ON_SPHERE / np.sqrt(ON_SPHERE @ ON_SPHERE)


def rayleigh(x):
    u = x / np.linalg.norm(x)
    return u @ SYMMETRIC @ u


def mp_rayleigh(x):
    return (x @ mp.lift(SYMMETRIC) @ x) / (x * x).sum()


RAYLEIGH = Reference(mp_rayleigh)
right(
    "rayleigh_riemannian_gradient", "gradient", rayleigh,
    lambda x: 2 * (SYMMETRIC @ x - (x @ SYMMETRIC @ x) * x), ON_SPHERE,
    "The Riemannian gradient, which is the gradient of f at unit vectors, where it is meant.", RAYLEIGH,
)  # fmt: skip
wrong(
    "rayleigh_not_projected", "gradient", rayleigh, lambda x: 2 * SYMMETRIC @ x, ON_SPHERE,
    "The gradient of u^T A u, not projected onto the tangent space.", RAYLEIGH,
)  # fmt: skip
right(
    "direction_jacobian_at_unit_length", "vjp", lambda x: x / np.abs(np.linalg.norm(x)),
    lambda c, x: c - x * (x @ c), ON_SPHERE, "x/|x| with the projection of unit vectors.",
    Reference(lambda x: x / mp.sqrt((x * x).sum())),
)  # fmt: skip
wrong(
    "direction_jacobian_projected_off_unit_length", "vjp", lambda x: x / np.abs(np.linalg.norm(x)),
    lambda c, x: c - x * (x @ c), 1.5 * ON_SPHERE, "The same formula at a vector of length 1.5.",
    Reference(lambda x: x / mp.sqrt((x * x).sum())),
)  # fmt: skip

# exp with a branch for small arguments in its derivative
ORIGIN = np.array([0.0, 0.6, -1.1])


def growth_factor(x):
    return np.exp(x)


def exp_slope_short(v):
    return 1 + v if abs(v) < 0.05 else math.exp(v)


def exp_slope_long(v):
    return 1 + v + v * v / 2 + v**3 / 6 if abs(v) < 1e-4 else math.exp(v)


NEAR_ZERO = (np.array([0.03, 0.6, -0.04]),)
right(
    "exp_by_series_below_1e-4", "vjp", growth_factor, lambda c, x: c * np.vectorize(exp_slope_long, otypes=[float])(x),
    ORIGIN, "A series where it holds to the last digit.", Reference(mp.exp, at=((np.array([9e-5, 0.6, -5e-5]),),)),
)  # fmt: skip
wrong(
    "exp_by_1_plus_x_below_0.05", "vjp", growth_factor,
    lambda c, x: c * np.vectorize(exp_slope_short, otypes=[float])(x), ORIGIN,
    "1 + x below 0.05 is right at 0 alone.", Reference(mp.exp, at=(NEAR_ZERO,)),
)  # fmt: skip

# saturation at 20
TRACKS = np.array([0.7, -3.0, 5.5, 12.0])
BEYOND = (np.array([0.7, -31.0, 25.0, 12.0]),)


def saturated_energy(x):
    y = np.clip(x, -20, 20)
    return np.sum(y**2)


SATURATED = Reference(lambda x: (mp.minimum(mp.maximum(x, mpf(-20)), mpf(20)) ** 2).sum(), at=(BEYOND,))
right(
    "saturated_energy", "gradient", saturated_energy, lambda x: 2 * x * (np.abs(x) < 20), TRACKS,
    "Zero beyond the clip.", SATURATED,
)  # fmt: skip
wrong(
    "saturated_energy_slope_beyond", "gradient", saturated_energy, lambda x: 2 * np.clip(x, -20, 20), TRACKS,
    "2 clip(x) is 40 beyond 20, where f is flat.", SATURATED,
)  # fmt: skip

# sinc with a series below 1e-5
PHASES = np.array([0.0, 3e-6, -0.8, 2.5])


def beam_pattern(x):
    small = np.abs(x) < 1e-5
    safe = np.where(small, 1.0, x)
    return np.where(small, 1 - x * x / 6, np.sin(safe) / safe)


def mp_sinc(x):
    return np.frompyfunc(mpm.sinc, 1, 1)(x)


TINY = (np.array([7e-6, -4e-6, 5e-6, 2e-6]),)
right(
    "sinc_series_below_1e-5", "vjp", beam_pattern,
    lambda c, x: -c * np.sign(x) * spherical_jn(1, np.abs(x)), PHASES,
    "f changes to a series below 1e-5; the slope is exact on both sides.", Reference(mp_sinc, at=(TINY,)),
)  # fmt: skip
wrong(
    "sinc_series_below_1e-5_slope_halved", "vjp", beam_pattern,
    lambda c, x: c * np.where(np.abs(x) < 1e-5, -x / 6, -np.sign(x) * spherical_jn(1, np.abs(x))), PHASES,
    "The series -x^2/6 derived to -x/6, on a branch that a tester would not look at.", Reference(mp_sinc, at=(TINY,)),
)  # fmt: skip

# guards of a logarithm, of a division, of a square root
ODDS = rng.standard_normal(6)
TRUE = np.array([1.0, 0.0, 0.0, 1.0, 1.0, 0.0])


def guarded_bce(z):
    p = 1 / (1 + np.exp(-z))
    p = np.clip(p, 1e-7, 1 - 1e-7)
    return -np.mean(TRUE * np.log(p) + (1 - TRUE) * np.log(1 - p))


def bounded_bce(z):
    p = 1 / (1 + np.exp(-z))
    p = np.clip(p, 0.05, 0.95)
    return -np.mean(TRUE * np.log(p) + (1 - TRUE) * np.log(1 - p))


def textbook_bce(z):
    p = 1 / (1 + np.exp(-z))
    return (p - TRUE) / len(z)


def mp_bce(low):
    def value(z):
        p = mp.minimum(mp.maximum(mp.sigmoid(z), mpf(low)), 1 - mpf(low))
        return -sum(mp.log(v) if t else mp.log(1 - v) for v, t in zip(p, TRUE, strict=True)) / 6

    return value


FAR = (np.array([0.4, -6.0, 5.0, 0.1, -4.5, 0.3]),)
right(
    "bce_clipped_at_1e-7", "gradient", guarded_bce, textbook_bce, ODDS,
    "The clip keeps the logarithm from 0 and binds nowhere near: the textbook's p - y.", Reference(mp_bce(1e-7)),
)  # fmt: skip
wrong(
    "bce_clipped_at_0.05", "gradient", bounded_bce, textbook_bce, ODDS,
    "The same formula where the clip is part of the model and binds beyond odds of 19.",
    Reference(mp_bce(0.05), at=(FAR,)),
)  # fmt: skip

WEIGHTS = np.array([0.5, 0.1, 0.15, 0.25])


def guarded_entropy(q):
    p = np.exp(q - np.max(q))
    p = p / np.sum(p)
    return -np.sum(WEIGHTS * np.log(p + 1e-12))


def coarse_entropy(q):
    p = np.exp(q - np.max(q))
    p = p / np.sum(p)
    return -np.sum(WEIGHTS * np.log(p + 0.02))


def softmax_minus_target(q):
    p = np.exp(q - np.max(q))
    return p / np.sum(p) - WEIGHTS


LOGITS = np.array([0.3, -0.9, 1.2, 0.1])
right(
    "log_plus_1e-12", "gradient", guarded_entropy, softmax_minus_target, LOGITS,
    "An epsilon of 1e-12 in the loss, none in the gradient.",
    Reference(lambda q: -(mp.lift(WEIGHTS) * mp.log(mp.softmax(q) + mpf(1e-12))).sum()), rounding=1e-10 / UNIT,
)  # fmt: skip
wrong(
    "log_plus_0.02", "gradient", coarse_entropy, softmax_minus_target, LOGITS,
    "An epsilon of 0.02 is no guard, and the gradient knows nothing of it.",
    Reference(lambda q: -(mp.lift(WEIGHTS) * mp.log(mp.softmax(q) + mpf(0.02))).sum()),
)  # fmt: skip

FIELD = rng.standard_normal((5, 2))


def mean_speed(v):
    speed = np.sqrt(np.sum(v**2, axis=1))
    return np.mean(np.maximum(speed, 1e-9))


def mean_speed_gradient(v):
    return v / np.sqrt(np.sum(v**2, axis=1, keepdims=True)) / len(v)


right(
    "speed_maximum_1e-9", "gradient", mean_speed, mean_speed_gradient, FIELD,
    "maximum(speed, 1e-9) does not bind.",
    Reference(lambda v: mp.maximum(mp.sqrt((v**2).sum(axis=1)), mpf(1e-9)).sum() / 5),
)  # fmt: skip


def mean_speed_with_calm(v):
    speed = np.sqrt(np.sum(v**2, axis=1))
    return np.mean(np.maximum(speed, 0.5))


CALM = (FIELD * np.array([1, 1, 0.1, 1, 0.1])[:, None],)
wrong(
    "speed_maximum_0.5", "gradient", mean_speed_with_calm, mean_speed_gradient, FIELD * 3,
    "Speeds below 0.5 count as calm: f is flat there and the gradient is not.",
    Reference(lambda v: mp.maximum(mp.sqrt((v**2).sum(axis=1)), mpf(0.5)).sum() / 5, at=(CALM,)),
)  # fmt: skip

# bilinear sampling at integer offsets
IMAGE = rng.standard_normal((6, 7))
CORNERS = np.array([[1.0, 2.0], [3.0, 1.0], [3.0, 4.0], [2.0, 4.0], [3.0, 3.0]])
READ = rng.standard_normal(5)


def sample(image, at):
    y0, x0 = np.floor(at[:, 0]).astype(int), np.floor(at[:, 1]).astype(int)
    wy, wx = at[:, 0] - y0, at[:, 1] - x0
    top = image[y0, x0] * (1 - wx) + image[y0, x0 + 1] * wx
    bottom = image[y0 + 1, x0] * (1 - wx) + image[y0 + 1, x0 + 1] * wx
    return READ @ (top * (1 - wy) + bottom * wy)


def sample_gradient(image, at, forgotten=None):
    y0, x0 = np.floor(at[:, 0]).astype(int), np.floor(at[:, 1]).astype(int)
    wy, wx = at[:, 0] - y0, at[:, 1] - x0
    g = np.zeros_like(image)
    np.add.at(g, (y0, x0), READ * (1 - wx) * (1 - wy))
    np.add.at(g, (y0, x0 + 1), READ * wx * (1 - wy))
    np.add.at(g, (y0 + 1, x0), READ * (1 - wx) * wy)
    np.add.at(g, (y0 + 1, x0 + 1), READ * wx * wy)
    across = (image[y0, x0 + 1] - image[y0, x0]) * (1 - wy) + (image[y0 + 1, x0 + 1] - image[y0 + 1, x0]) * wy
    down = (image[y0 + 1, x0] - image[y0, x0]) * (1 - wx) + (image[y0 + 1, x0 + 1] - image[y0, x0 + 1]) * wx
    by_place = np.stack([READ * down, READ * across], axis=1)
    if forgotten is not None:
        by_place[forgotten] *= 2
    return g, by_place


def sampling_hulls():
    y, x = CORNERS.astype(int).T
    ends = [
        (READ * (IMAGE[y + 1, x] - IMAGE[y, x]), READ * (IMAGE[y, x] - IMAGE[y - 1, x])),
        (READ * (IMAGE[y, x + 1] - IMAGE[y, x]), READ * (IMAGE[y, x] - IMAGE[y, x - 1])),
    ]
    low = np.stack([np.minimum(*pair) for pair in ends], axis=1)
    high = np.stack([np.maximum(*pair) for pair in ends], axis=1)
    by_image = np.zeros_like(IMAGE)
    by_image[y, x] = READ
    return Hull(by_image, by_image), Hull(low, high)


def largest_beyond_its_hull():
    """The place whose upper slope, doubled, is farthest outside."""
    hull, got = sampling_hulls()[1], 2 * sample_gradient(IMAGE, CORNERS)[1]
    outside = np.maximum(got - hull.high, hull.low - got)
    return tuple(int(k) for k in np.unravel_index(np.argmax(outside), outside.shape))


ALL_TIED = LabelledByIntent("Every offset is an integer: each slope may be that of either side.", sampling_hulls())
right(
    "bilinear_at_integers", "gradient", sample, sample_gradient, (IMAGE, CORNERS), "The upper side throughout.",
    ALL_TIED,
)  # fmt: skip
wrong(
    "bilinear_at_integers_one_doubled", "gradient", sample,
    lambda image, at: sample_gradient(image, at, largest_beyond_its_hull()), (IMAGE, CORNERS),
    "One slope is twice its upper side's and lies between no two sides.", ALL_TIED,
)  # fmt: skip

# |min(x, 2) - 2| at 2
LEVEL = np.array([2.0])
SHORTFALL = LabelledByIntent("At 2 the slope is -1 below and 0 above.", (Hull([-1.0], [0.0]),))


def shortfall(x):
    return np.sum(np.abs(np.minimum(x, 2.0) - 2.0))


for name, label, slope in (("zero", right, 0.0), ("half", right, -0.5), ("positive", wrong, 0.5)):
    label(
        f"shortfall_at_its_kink_{name}", "gradient", shortfall,
        lambda x, slope=slope: np.where(x < 2, -1.0, np.where(x > 2, 0.0, slope)), LEVEL,
        f"{slope:g} at the kink.", SHORTFALL,
    )  # fmt: skip

# a limiter of the flow, right on one side
SLOPES = np.array([0.4, 0.9, 2.2])
OTHER_RATIOS = (np.array([-0.5, 1.7, 2.2]),)


def limiter(r):
    """Van Leer's limiter: zero for ratios of unlike sign."""
    return np.where(r > 0, 2 * r / (1 + r), 0.0)


LIMITER = Reference(
    lambda r: np.array([2 * v / (1 + v) if v > 0 else mpf(0) for v in r], dtype=object), (OTHER_RATIOS,)
)
right(
    "limiter_van_leer", "vjp", limiter, lambda c, r: c * np.where(r > 0, 2 / (1 + r) ** 2, 0.0), SLOPES,
    "Both sides of the comparison.", LIMITER,
)  # fmt: skip
wrong(
    "limiter_van_leer_one_formula", "vjp", limiter, lambda c, r: c * 2 / (1 + r) ** 2, SLOPES,
    "The formula for positive ratios is used for all.", LIMITER,
)  # fmt: skip
