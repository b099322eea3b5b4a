"""Kinks, ties and steps: at them, beside them, and what may be answered there."""

import numpy as np

from .. import truth as mp
from ..item import Category
from ..truth import Hull, LabelledByIntent, Reference

CATEGORY = Category("kinks")
right, wrong = CATEGORY.right, CATEGORY.wrong
rng = np.random.default_rng(505)
X = rng.standard_normal(6)


def at_kink(reason, *hulls):
    return LabelledByIntent(reason, tuple(hulls))


def sum_relu(x):
    return np.sum(np.maximum(x, 0))


RELU_POINT = np.array([-1.0, 0.0, 2.0])
RELU_SET = at_kink("0 or 1 occur beside the kink, and all between is their hull", Hull([0, 0, 1], [0, 1, 1]))
RELU = Reference(lambda x: mp.relu(x).sum())
right(
    "relu_at_zero_answers_0",
    "gradient",
    sum_relu,
    lambda x: (x > 0) * 1.0,
    RELU_POINT,
    "The left derivative.",
    RELU_SET,
)
right(
    "relu_at_zero_answers_1",
    "gradient",
    sum_relu,
    lambda x: (x >= 0) * 1.0,
    RELU_POINT,
    "The right derivative.",
    RELU_SET,
)
right(
    "relu_at_zero_answers_half",
    "gradient",
    sum_relu,
    lambda x: np.heaviside(x, 0.5),
    RELU_POINT,
    "Between the two.",
    RELU_SET,
)
wrong(
    "relu_at_zero_answers_2",
    "gradient",
    sum_relu,
    lambda x: (x > 0) * 1.0 + 2.0 * (x == 0),
    RELU_POINT,
    "Outside the hull.",
    RELU_SET,
)
right(
    "relu_beside_zero",
    "gradient",
    sum_relu,
    lambda x: (x > 0) * 1.0,
    np.array([1e-9, -1e-9, 1e-13, 3.0]),
    "Beside the kink there is one answer only, however near.",
    RELU,
)
wrong(
    "relu_with_a_dead_band",
    "gradient",
    sum_relu,
    lambda x: (x > 1e-6) * 1.0,
    np.array([1e-9, -1e-9, 3.0]),
    "A threshold of 1e-6 in place of 0.",
    RELU,
)
wrong(
    "relu_sign_for_step",
    "gradient",
    sum_relu,
    lambda x: np.sign(x),
    X,
    "sign(x) for the step function: -1 on the dead side.",
    RELU,
)
DEAD = Reference(lambda x: mp.relu(x).sum(), at=((np.abs(X),),))
right(
    "relu_dead",
    "gradient",
    sum_relu,
    lambda x: (x > 0) * 1.0,
    -np.abs(X),
    "All units dead: the true gradient is zero, and it is more than a habit of answering zero.",
    DEAD,
)
wrong(
    "relu_dead_and_never_derived",
    "gradient",
    sum_relu,
    lambda x: np.zeros_like(x),
    -np.abs(X),
    "tiny-dnn PR #871, warp #1718: zeros agree with zeros here, and moved points tell.",
    DEAD,
)


# leaky relu
def leaky(x):
    return np.sum(np.where(x > 0, x, 0.1 * x))


LEAKY_SET = at_kink("the slopes 0.1 and 1 and all between", Hull([0.1, 0.1, 1], [0.1, 1, 1]))
LEAKY = Reference(lambda x: np.array([v if v > 0 else 0.1 * v for v in x], dtype=object).sum(), at=((-np.abs(X),),))
right(
    "leaky_relu_at_zero",
    "gradient",
    leaky,
    lambda x: np.where(x > 0, 1.0, 0.1),
    RELU_POINT,
    "One of the two slopes.",
    LEAKY_SET,
)
wrong(
    "leaky_relu_both_slopes_at_zero",
    "gradient",
    leaky,
    lambda x: 1.0 * (x >= 0) + 0.1 * (x <= 0),
    RELU_POINT,
    "Two masks that overlap at zero: 1.1.",
    LEAKY_SET,
)
wrong(
    "leaky_relu_plain_when_negative",
    "gradient",
    leaky,
    lambda x: (x > 0) * 1.0,
    np.abs(X),
    "The leak is missing for negative inputs, of which the point has none.",
    LEAKY,
)

# absolute value
ABS_POINT = np.array([0.0, -1.5, 2.0])
ABS_SET = at_kink("slopes from -1 to 1", Hull([-1, -1, 1], [1, -1, 1]))
ABS = Reference(lambda x: mp.absolute(x).sum())
right("abs_at_zero_by_sign", "gradient", lambda x: np.sum(np.abs(x)), np.sign, ABS_POINT, "sign(0) = 0.", ABS_SET)
wrong("abs_at_zero_nan", "gradient", lambda x: np.sum(np.abs(x)), lambda x: x / np.abs(x), ABS_POINT, "0/0.", ABS_SET)
wrong(
    "abs_at_zero_five",
    "gradient",
    lambda x: np.sum(np.abs(x)),
    lambda x: np.where(x == 0, 5.0, np.sign(x)),
    np.zeros(8),
    "Five, far outside, and random directions alone may miss it.",
    at_kink("slopes from -1 to 1", Hull(-1, 1)),
)
right(
    "abs_beside_zero",
    "gradient",
    lambda x: np.sum(np.abs(x)),
    np.sign,
    np.array([1e-12, -1e-12, 1e-16, 4.0]),
    "However near.",
    ABS,
)
wrong(
    "abs_smoothed_in_backward",
    "gradient",
    lambda x: np.sum(np.abs(x)),
    lambda x: x / np.sqrt(x * x + 1e-6),
    X,
    "The backward pass smooths, the forward pass does not.",
    ABS,
)
wrong(
    "abs_underived", "gradient", lambda x: np.sum(np.abs(x)), lambda x: np.ones_like(x), X, "The sign is missing.", ABS
)
TV = Reference(lambda x: mp.absolute(x[1:] - x[:-1]).sum())


def total_variation_gradient(x):
    s = np.sign(np.diff(x))
    return np.concatenate([[0.0], s]) - np.concatenate([s, [0.0]])


right(
    "total_variation",
    "gradient",
    lambda x: np.sum(np.abs(np.diff(x))),
    total_variation_gradient,
    X,
    "A sum of kinks, none of them here.",
    TV,
)
right(
    "total_variation_on_a_plateau",
    "gradient",
    lambda x: np.sum(np.abs(np.diff(x))),
    total_variation_gradient,
    np.array([0.0, 1.0, 1.0, 3.0]),
    "Two equal neighbours: coupled entries that sum to zero.",
    at_kink("the plateau's two entries share a slope between -1 and 1", Hull([-1, 0, -2, 1], [-1, 2, 0, 1], total=0)),
)
wrong(
    "total_variation_ends",
    "gradient",
    lambda x: np.sum(np.abs(np.diff(x))),
    lambda x: np.concatenate([np.sign(np.diff(x)), [0.0]]),
    X,
    "Each difference was handed to one of its two ends.",
    TV,
)

# max of two, of many, and ties
PAIR = (np.array([1.0, 2.0, 3.0]), np.array([1.0, 5.0, 0.0]))
MAX2 = Reference(lambda a, b: mp.maximum(a, b).sum())
right(
    "maximum_of_two_beside_a_tie",
    "gradient",
    lambda a, b: np.sum(np.maximum(a, b)),
    lambda a, b: ((a > b) * 1.0, (b >= a) * 1.0),
    (PAIR[0] + np.array([1e-10, 0, 0]), PAIR[1]),
    "A gap of 1e-10 decides.",
    MAX2,
)
wrong(
    "maximum_tie_counted_twice",
    "gradient",
    lambda x: np.max(x),
    lambda x: (x == x.max()) * 1.0,
    np.array([2.0, 1.0, 2.0]),
    "Both tied entries get all of it: a sum of 2.",
    at_kink("the tied entries share 1", Hull([0, 0, 0], [1, 0, 1], total=1)),
)
TIED = at_kink("the tied entries share 1", Hull([0, 0, 0], [1, 0, 1], total=1))
right(
    "maximum_tie_to_the_first",
    "gradient",
    np.max,
    lambda x: np.eye(len(x))[np.argmax(x)],
    np.array([2.0, 1.0, 2.0]),
    "Everything to the first: it occurs beside the tie.",
    TIED,
)
right(
    "maximum_tie_shared",
    "gradient",
    np.max,
    lambda x: (x == x.max()) / np.sum(x == x.max()),
    np.array([2.0, 1.0, 2.0]),
    "tensorflow #62435: shared evenly, 0.5 against 0.2.",
    TIED,
)
wrong(
    "maximum_tie_dropped",
    "gradient",
    np.max,
    lambda x: (x == x.max()) * (np.sum(x == x.max()) == 1.0),
    np.array([2.0, 1.0, 2.0]),
    "Nobody gets anything at a tie.",
    TIED,
)
EQUAL = (np.full(2, 1.5), np.full(2, 1.5))
right(
    "two_way_tie_of_arguments",
    "gradient",
    lambda a, b: np.sum(np.minimum(a, b)),
    lambda a, b: ((a <= b) * 1.0, (b < a) * 1.0),
    EQUAL,
    "chainer #8519: both components move almost equally, so that the tie goes unnoticed.",
    at_kink("shares from 0 to 1", Hull(0, 1), Hull(0, 1)),
)


# clip
def clip(x):
    return np.clip(x, -1, 1)


CLIP = Reference(lambda x: mp.minimum(mp.maximum(x, mp.mpf(-1)), mp.mpf(1)).sum())
CLIP_SET = at_kink("0 to 1 at the bound", Hull([0, 1, 0], [1, 1, 0]))
right(
    "clip_inside_and_outside",
    "gradient",
    lambda x: np.sum(clip(x)),
    lambda x: (np.abs(x) < 1) * 1.0,
    np.array([-3.0, -0.5, 0.2, 1.0 - 1e-9, 1.0 + 1e-9]),
    "Dead columns beyond the bounds (PyBNF #535).",
    CLIP,
)
wrong(
    "clip_straight_through",
    "gradient",
    lambda x: np.sum(clip(x)),
    lambda x: np.ones_like(x),
    np.array([-3.0, -0.5, 0.2, 1.5]),
    "The gradient passes beyond the bounds.",
    CLIP,
)
right(
    "clip_at_the_bound",
    "gradient",
    lambda x: np.sum(clip(x)),
    lambda x: (np.abs(x) <= 1) * 1.0,
    np.array([1.0, 0.3, -2.0]),
    "The inner slope.",
    CLIP_SET,
)
wrong(
    "clip_at_the_bound_negative",
    "gradient",
    lambda x: np.sum(clip(x)),
    lambda x: np.select([np.abs(x) < 1, np.abs(x) == 1], [1.0, -1.0]),
    np.array([1.0, 0.3, -2.0]),
    "Reflected at the bound: -1.",
    CLIP_SET,
)
wrong(
    "clip_lower_bound_only",
    "gradient",
    lambda x: np.sum(clip(x)),
    lambda x: (x > -1) * 1.0,
    np.array([-3.0, -0.5, 0.2, 1.5]),
    "The upper bound was forgotten.",
    CLIP,
)


# hinge
def hinge(w):
    return np.sum(np.maximum(0, 1 - w))


HINGE_SET = at_kink("slopes from -1 to 0 at the margin", Hull([-1, 0, -1], [0, 0, -1]))
HINGE_POINT = np.array([1.0, 2.0, 0.5])
right("hinge_at_the_margin", "gradient", hinge, lambda w: -1.0 * (w < 1), HINGE_POINT, "Zero at the margin.", HINGE_SET)
wrong(
    "hinge_at_the_margin_positive",
    "gradient",
    hinge,
    lambda w: np.sign(w - 1) * (w <= 1) + 1.0 * (w == 1),
    HINGE_POINT,
    "+1 at the margin.",
    HINGE_SET,
)
wrong(
    "hinge_margin_ignored",
    "gradient",
    hinge,
    lambda w: -1.0 * (w < 0),
    np.array([0.5, -0.5, 2.0]),
    "The threshold 0 of the sign, in place of the margin 1.",
    Reference(lambda w: mp.relu(1 - w).sum()),
)

# a kink with unlike, tiny slopes
FAINT = np.array([0.0, 0.4])
FAINT_SET = at_kink("slopes from -2.3e-4 to -1.4e-7", Hull([-2.3e-4, -1.4e-7], [-1.4e-7, -1.4e-7]))


def faint(x):
    return np.sum(np.where(x < 0, -2.3e-4 * x, -1.4e-7 * x))


right(
    "kink_with_faint_slopes",
    "gradient",
    faint,
    lambda x: np.where(x < 0, -2.3e-4, -1.4e-7),
    FAINT,
    "jax-gcm #813: one-sided slopes of -1.4e-7 and -2.3e-4.",
    FAINT_SET,
)
wrong(
    "kink_with_faint_slopes_added",
    "gradient",
    faint,
    lambda x: np.where(x <= 0, -2.3e-4, 0) + np.where(x >= 0, -1.4e-7, 0),
    FAINT,
    "Two masks that overlap at the kink: the sum of both slopes.",
    FAINT_SET,
)

# steps: the true derivative is zero
STEP_POINT = np.array([-1.3, 0.4, 2.7])
FLOOR = Reference(lambda x: mp.floor(x) * 1)
right(
    "floor",
    "vjp",
    np.floor,
    lambda c, x: np.zeros_like(x),
    STEP_POINT,
    "tensorflow #60556: 0, where the difference saw 512.",
    FLOOR,
)
wrong(
    "floor_straight_through",
    "vjp",
    np.floor,
    lambda c, x: c,
    STEP_POINT,
    "The straight-through estimator is no derivative of floor.",
    FLOOR,
)
ROUND = Reference(lambda x: mp.floor(x + mp.mpf(1) / 2))
right("round", "vjp", np.round, lambda c, x: np.zeros_like(x), STEP_POINT, "Piecewise constant.", ROUND)
wrong("round_straight_through", "vjp", np.round, lambda c, x: c, STEP_POINT, "Straight-through.", ROUND)
right("sign", "vjp", np.sign, lambda c, x: np.zeros_like(x), STEP_POINT, "Piecewise constant.", Reference(mp.sign))
wrong(
    "sign_hard_tanh_backward",
    "vjp",
    np.sign,
    lambda c, x: c * (np.abs(x) <= 1),
    STEP_POINT,
    "Binarised networks pass the gradient where |x| <= 1.",
    Reference(mp.sign),
)
FRACTION = Reference(lambda x: x - mp.floor(x))
right(
    "fractional_part", "vjp", lambda x: x - np.floor(x), lambda c, x: c, STEP_POINT, "One, between the jumps.", FRACTION
)
wrong(
    "fractional_part_zero",
    "vjp",
    lambda x: x - np.floor(x),
    lambda c, x: np.zeros_like(c),
    STEP_POINT,
    "The identity's part was dropped together with floor's.",
    FRACTION,
)
QUANTISED = Reference(lambda x: (mp.floor(8 * x) / 8 - x) ** 2)
wrong(
    "quantiser_straight_through",
    "vjp",
    lambda x: (np.floor(8 * x) / 8 - x) ** 2,
    lambda c, x: np.zeros_like(x),
    STEP_POINT + 0.03,
    "With floor passed straight through, the two parts cancel.",
    QUANTISED,
)


# piecewise functions joined smoothly
def smoothstep(x):
    t = np.clip(x, 0, 1)
    return t * t * (3 - 2 * t)


def smoothstep_vjp(c, x):
    t = np.clip(x, 0, 1)
    return c * 6 * t * (1 - t)


def mp_smoothstep(x):
    t = mp.minimum(mp.maximum(x, mp.mpf(0)), mp.mpf(1))
    return t * t * (3 - 2 * t)


right(
    "smoothstep_at_its_joints",
    "vjp",
    smoothstep,
    smoothstep_vjp,
    np.array([0.0, 0.3, 1.0, 1.7]),
    "Clipped, yet smooth at both joints.",
    Reference(mp_smoothstep),
)
wrong(
    "smoothstep_unclipped_outside",
    "vjp",
    smoothstep,
    lambda c, x: c * 6 * x * (1 - x),
    np.array([0.1, 0.3, 1.7]),
    "The clip is missing outside [0, 1].",
    Reference(mp_smoothstep),
)


# linear interpolation in a table
KNOTS = np.array([0.0, 1.0, 2.5, 4.0])


def interpolate(x, values):
    i = np.clip(np.searchsorted(KNOTS, x) - 1, 0, len(KNOTS) - 2)
    t = (x - KNOTS[i]) / (KNOTS[i + 1] - KNOTS[i])
    return (1 - t) * values[i] + t * values[i + 1]


def interpolate_vjp(c, x, values, spacing=True):
    i = np.clip(np.searchsorted(KNOTS, x) - 1, 0, len(KNOTS) - 2)
    width = KNOTS[i + 1] - KNOTS[i]
    t = (x - KNOTS[i]) / width
    g = np.zeros_like(values)
    np.add.at(g, i, c * (1 - t))
    np.add.at(g, i + 1, c * t)
    return c * (values[i + 1] - values[i]) / (width if spacing else 1.0), g


def mp_interpolate(x, values):
    out = []
    for v in x:
        k = max(j for j in range(3) if KNOTS[j] <= v)
        t = (v - KNOTS[k]) / (KNOTS[k + 1] - KNOTS[k])
        out.append((1 - t) * values[k] + t * values[k + 1])
    return np.array(out, dtype=object)


TABLE = rng.standard_normal(4)
AT = np.array([0.3, 0.9, 1.7, 3.1, 3.9])
right(
    "interpolation_in_a_table",
    "vjp",
    interpolate,
    interpolate_vjp,
    (AT, TABLE),
    "Between the knots.",
    Reference(mp_interpolate),
)
wrong(
    "interpolation_spacing_missing",
    "vjp",
    interpolate,
    lambda c, x, v: interpolate_vjp(c, x, v, spacing=False),
    (AT, TABLE),
    "The knots' spacing is missing, and is 1 in the first cell.",
    Reference(mp_interpolate),
)
