"""Elementwise functions at unlike scales: steep, saturated, huge, tiny, noisy."""

import numpy as np

from .. import truth as mp
from ..item import Category
from ..truth import Reference

CATEGORY = Category("scales")
right, wrong = CATEGORY.right, CATEGORY.wrong
rng = np.random.default_rng(101)
X = rng.standard_normal(7)
Y = rng.standard_normal(7)
POSITIVE = rng.uniform(0.5, 3.0, 7)


# exp(30 x): thirteen decades of output over [-1, 1]
def exp30(x):
    return np.exp(30 * x)


STEEP = np.linspace(-1, 1, 9)
EXP30 = Reference(lambda x: mp.exp(30 * x))
right(
    "exp30",
    "vjp",
    exp30,
    lambda c, x: c * 30 * np.exp(30 * x),
    STEEP,
    "A fixed step is far too long for exp(30x).",
    EXP30,
)
wrong(
    "exp30_inner_factor_missing",
    "vjp",
    exp30,
    lambda c, x: c * np.exp(30 * x),
    STEEP,
    "The inner derivative 30 was forgotten.",
    EXP30,
)
wrong(
    "exp30_inner_factor_rounded",
    "vjp",
    exp30,
    lambda c, x: c * 30.03 * np.exp(30 * x),
    STEEP,
    "A factor off by 1e-3, as from a re-fitted constant.",
    EXP30,
)


# sigmoid
def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def sigmoid_vjp(c, x):
    return c * sigmoid(x) * sigmoid(-x)


def sigmoid_vjp_textbook(c, x):
    s = sigmoid(x)
    return c * s * (1 - s)


def sigmoid_vjp_overflowing(c, x):
    e = np.exp(-x)
    return c * e / (1 + e) ** 2


def stable_sigmoid(x):
    e = np.exp(-np.abs(x))
    return np.where(x >= 0, 1 / (1 + e), e / (1 + e))


SIGMOID = Reference(mp.sigmoid)
FAR = np.array([-40.0, 40.0, -20.0, 20.0])
MIXED = np.array([-40.0, -3.0, 0.25, 2.0, 40.0])
right(
    "sigmoid_saturated",
    "vjp",
    sigmoid,
    sigmoid_vjp,
    FAR,
    "Saturated both ways; s(x) s(-x) keeps every digit of 4e-18.",
    SIGMOID,
)
right(
    "sigmoid_textbook_formula",
    "vjp",
    sigmoid,
    sigmoid_vjp_textbook,
    MIXED,
    "s(1-s) loses the digits of 1-s at +40, where nothing of the block's size is left.",
    SIGMOID,
)
wrong(
    "sigmoid_nan_when_saturated",
    "vjp",
    stable_sigmoid,
    sigmoid_vjp_overflowing,
    np.array([-800.0, 1.0, 2.0]),
    "The value is stable, the derivative is inf/inf at -800.",
    SIGMOID,
)
wrong(
    "sigmoid_at_preactivation",
    "vjp",
    sigmoid,
    lambda c, x: c * x * (1 - x),
    X,
    "y(1-y) was given the input in place of the output.",
    SIGMOID,
)
wrong(
    "sigmoid_saturated_sign",
    "vjp",
    sigmoid,
    lambda c, x: -sigmoid_vjp(c, x),
    FAR,
    "The sign of exp(-x) went missing where all entries are 4e-18 to 2e-9.",
    SIGMOID,
)


# tanh
TANH = Reference(mp.tanh)
right("tanh_from_output", "vjp", np.tanh, lambda c, x: c * (1 - np.tanh(x) ** 2), X, "The usual 1 - y^2.", TANH)
wrong(
    "tanh_of_activation",
    "vjp",
    np.tanh,
    lambda c, x: c * (1 - np.tanh(np.tanh(x)) ** 2),
    X,
    "The derivative was evaluated at the activation instead of at the pre-activation.",
    TANH,
)
wrong("tanh_square_missing", "vjp", np.tanh, lambda c, x: c * (1 - np.tanh(x)), X, "1 - y for 1 - y^2.", TANH)


# sin(1000 x)
SIN1000 = Reference(lambda x: mp.sin(1000 * x))
right(
    "sin1000",
    "vjp",
    lambda x: np.sin(1000 * x),
    lambda c, x: c * 1000 * np.cos(1000 * x),
    X,
    "Rapid oscillation: truncation ruins differences that look converged.",
    SIN1000,
    rounding=1e5,
)
wrong(
    "sin1000_factor",
    "vjp",
    lambda x: np.sin(1000 * x),
    lambda c, x: c * 1000 * np.cos(999 * x),
    X,
    "Frequency off by one in the derivative.",
    SIN1000,
    rounding=1e5,
)
wrong(
    "sin1000_unscaled",
    "vjp",
    lambda x: np.sin(1000 * x),
    lambda c, x: c * np.cos(1000 * x),
    X,
    "The inner factor is missing.",
    SIN1000,
    rounding=1e5,
)


# inputs from 1e-8 to 1e8
def sum_log(x):
    return np.sum(np.log(x))


def weighted_energy(a, b):
    return np.sum(a**2) + np.sum(b**3)


DECADES = np.append(np.logspace(-8, 8, 9), 3.0)
SUM_LOG = Reference(lambda x: mp.log(x).sum())
BIG, SMALL = np.array([1e8, -2e8, 3e8]), np.array([1e-3, 2e-3, -4e-3])
ENERGY = Reference(lambda a, b: (a**2).sum() + (b**3).sum())
right(
    "log_over_sixteen_decades",
    "gradient",
    sum_log,
    lambda x: 1 / x,
    DECADES,
    "Gradients from 1e-8 to 1e8 in one block.",
    SUM_LOG,
)
wrong(
    "log_with_epsilon_in_backward",
    "gradient",
    sum_log,
    lambda x: 1 / (x + 1e-8),
    DECADES,
    "An epsilon that only the backward pass has halves the entry at 1e-8.",
    SUM_LOG,
)
right(
    "blocks_of_unlike_scale",
    "gradient",
    weighted_energy,
    lambda a, b: (2 * a, 3 * b**2),
    (BIG, SMALL),
    "A block of 1e8 beside one of 1e-3 (like jax-gcm #820).",
    ENERGY,
)
wrong(
    "small_block_cut_off",
    "gradient",
    weighted_energy,
    lambda a, b: (2 * a, 0 * b),
    (BIG, SMALL),
    "jax-gcm #820: the small block's gradient is cut and its share of any inner product is invisible.",
    ENERGY,
)
wrong(
    "small_block_three_percent",
    "gradient",
    weighted_energy,
    lambda a, b: (2 * a, 3.09 * b**2),
    (BIG, SMALL),
    "tesseract-core #740: one term three per cent off.",
    ENERGY,
)
right(
    "nanometre_inputs",
    "gradient",
    lambda x: np.sum(np.sin(x * 1e7)),
    lambda x: 1e7 * np.cos(x * 1e7),
    np.array([1e-8, 3e-7, -5e-8]),
    "tesseract-core #706: an absolute step of 1e-6 is longer than the inputs.",
    Reference(lambda x: mp.sin(x * 1e7).sum()),
)
right(
    "large_inputs",
    "gradient",
    lambda x: np.sum(np.sqrt(x)),
    lambda x: 0.5 / np.sqrt(x),
    np.array([1e8, 5e7, 2e6]),
    "tesseract-core #706: an absolute step of 1e-6 drowns in the ulps of 1e8.",
    Reference(lambda x: mp.sqrt(x).sum()),
)


# outputs of 1e12 and of 1e-12
HUGE, TINY = Reference(lambda x: 1e12 * mp.sin(x).sum()), Reference(lambda x: 1e-12 * mp.sin(x).sum())
right(
    "output_1e12",
    "gradient",
    lambda x: 1e12 * np.sum(np.sin(x)),
    lambda x: 1e12 * np.cos(x),
    X,
    "Large outputs: absolute tolerances fail everything (Ipopt #487: rescaled cost).",
    HUGE,
)
wrong(
    "output_1e12_relative_1e-5",
    "gradient",
    lambda x: 1e12 * np.sum(np.sin(x)),
    lambda x: 1e12 * np.cos(x) * (1 + 1e-5),
    X,
    "A relative error of 1e-5 under large outputs.",
    HUGE,
)
right(
    "output_1e-12",
    "gradient",
    lambda x: 1e-12 * np.sum(np.sin(x)),
    lambda x: 1e-12 * np.cos(x),
    X,
    "Small outputs: absolute tolerances pass everything.",
    TINY,
)
wrong(
    "output_1e-12_zeroed",
    "gradient",
    lambda x: 1e-12 * np.sum(np.sin(x)),
    lambda x: np.zeros_like(x),
    X,
    "An all-zero gradient hides below any absolute tolerance.",
    TINY,
)
wrong(
    "output_1e-12_thousandfold",
    "gradient",
    lambda x: 1e-12 * np.sum(np.sin(x)),
    lambda x: 1e-9 * np.cos(x),
    X,
    "warp #508: a relative error near a thousand printed beside PASS.",
    TINY,
)
right(
    "noise_above_signal",
    "gradient",
    lambda x: 1e8 + np.sum(np.sin(x)),
    lambda x: np.cos(x),
    X,
    "The value's own rounding is 1e-8; the real function is smooth.",
    Reference(lambda x: 10**8 + mp.sin(x).sum()),
)
wrong(
    "noise_above_signal_cosine_for_sine",
    "gradient",
    lambda x: 1e8 + np.sum(np.sin(x)),
    lambda x: np.sin(x),
    X,
    "Sine was left underived, under a large constant.",
    Reference(lambda x: 10**8 + mp.sin(x).sum()),
)


# zeros, tiny numbers, and a zero that rounding blurs
def total_probability(x, y):
    e = np.exp(x)
    return np.sum(e / e.sum()), np.sin(y)


def total_probability_vjp(c, x, y):
    p = np.exp(x) / np.exp(x).sum()
    return c[0] * p * (1 - p.sum()), c[1] * np.cos(y)


PRODUCT = Reference(lambda x, w: x * w)
right(
    "zero_inputs",
    "vjp",
    lambda x, w: x * w,
    lambda c, x, w: (c * w, c * x),
    (np.zeros(5), 1e-3 * X[:5]),
    "AutoGrad.jl #74: a zero input gives a relative step of zero.",
    PRODUCT,
)
right(
    "tiny_inputs",
    "vjp",
    lambda x, w: x * w,
    lambda c, x, w: (c * w, c * x),
    (1e-150 * X, 1e-150 * Y),
    "pytorch #114233: what uninitialised memory looks like.",
    PRODUCT,
)
right(
    "gradient_zero_up_to_rounding",
    "vjp",
    total_probability,
    total_probability_vjp,
    (X, Y),
    "OpenMDAO #1303, #3164, #3413: 1.4e-17 against a true 0 is rounding, not a relative error of 100 %.",
    Reference(lambda x, y: (mp.softmax(x).sum(), mp.sin(y))),
)
