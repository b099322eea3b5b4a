"""Branches of library rules that the point at hand does not take, while the function itself shows them."""

import numpy as np

from .. import truth as mp
from ..item import Category
from ..truth import Reference

CATEGORY = Category("library branches")
right, wrong = CATEGORY.right, CATEGORY.wrong
rng = np.random.default_rng(2208)
X = rng.standard_normal(5)


def each(function):
    """An mpmath function of one number, over object arrays."""
    return np.frompyfunc(function, 1, 1)


# a bound that nothing reaches yet
def relu6(x):
    return np.minimum(np.maximum(x, 0), 6)


LOW = np.array([-1.0, 0.5, 2.5, 4.0, 5.5])
RELU6 = Reference(each(lambda v: min(max(v, mp.mpf(0)), mp.mpf(6))), at=((2 * LOW,),))
right("relu6_below_its_bound", "vjp", relu6, lambda c, x: c * ((x > 0) & (x < 6)), LOW, "Both bounds.", RELU6)
wrong("relu6_upper_bound_forgotten", "vjp", relu6, lambda c, x: c * (x > 0), LOW, "No entry exceeds 6 here.", RELU6)


def softshrink(x, cut=0.5):
    return np.where(x > cut, x - cut, np.where(x < -cut, x + cut, 0.0))


LARGE = np.array([0.8, 1.5, 2.0, 0.9])
SHRINK = Reference(
    each(lambda v: v - mp.mpf("0.5") if v > 0.5 else v + mp.mpf("0.5") if v < -0.5 else mp.mpf(0)), at=((-LARGE,),)
)
right("softshrink", "vjp", softshrink, lambda c, x: c * (np.abs(x) > 0.5), LARGE, "Either side.", SHRINK)
wrong("softshrink_one_side", "vjp", softshrink, lambda c, x: c * (x > 0.5), LARGE, "Only positive ones pass.", SHRINK)


def huber(x, delta=1.0):
    a = np.abs(x)
    return np.sum(np.where(a <= delta, 0.5 * x * x, delta * (a - 0.5 * delta)))


SMALL = np.array([0.3, -0.8, 0.95, -0.2])
HUBER = Reference(lambda x: sum(v * v / 2 if abs(v) <= 1 else abs(v) - mp.mpf("0.5") for v in x), at=((-2 * SMALL,),))
right("huber_inside", "gradient", huber, lambda x: np.clip(x, -1, 1), SMALL, "Clipped at delta.", HUBER)
wrong("huber_unsigned_tail", "gradient", huber, lambda x: np.minimum(x, 1), SMALL, "Clipped above alone.", HUBER)


# a logarithm with a floor, as in binary cross-entropy
def floored_bce(p):
    return -np.sum(np.maximum(np.log(p[:2]), -5) + np.maximum(np.log(1 - p[2:]), -5))


def floored_bce_gradient(p, floor=True):
    inside = np.array([np.log(p[0]), np.log(p[1]), np.log(1 - p[2]), np.log(1 - p[3])]) > -5
    g = np.concatenate([-1 / p[:2], 1 / (1 - p[2:])])
    return np.where(inside, g, 0.0) if floor else g


PROBABILITIES = np.array([0.3, 0.9, 0.2, 0.6])
FLOORED = Reference(
    lambda p: -sum(max(mp.mpmath.log(v), mp.mpf(-5)) for v in (p[0], p[1], 1 - p[2], 1 - p[3])),
    at=((np.array([1e-3, 0.5, 0.2, 0.999]),),),
)
right("bce_with_floor", "gradient", floored_bce, floored_bce_gradient, PROBABILITIES, "As clamped.", FLOORED)
wrong(
    "bce_with_floor_unclamped_slope",
    "gradient",
    floored_bce,
    lambda p: floored_bce_gradient(p, floor=False),
    PROBABILITIES,
    "Probabilities below exp(-5) still push; none is that small here.",
    FLOORED,
)


# zeros and signs
def log_modulus(x):
    return np.sign(x) * np.log1p(np.abs(x))


AHEAD = np.abs(X) + 0.1
MODULUS = Reference(each(lambda v: mp.mpmath.sign(v) * mp.mpmath.log1p(abs(v))), at=((-AHEAD,),))
right("log_modulus", "vjp", log_modulus, lambda c, x: c / (1 + np.abs(x)), AHEAD, "Even slope.", MODULUS)
wrong("log_modulus_positive_only", "vjp", log_modulus, lambda c, x: c / (1 + x), AHEAD, "1 + x for 1 + |x|.", MODULUS)


def gated_square(x):
    return np.where(x < 0, x * x, np.sin(x))


GATED = Reference(each(lambda v: v * v if v < 0 else mp.mpmath.sin(v)), at=((-AHEAD,),))
right(
    "where_other_side",
    "vjp",
    gated_square,
    lambda c, x: c * np.where(x < 0, 2 * x, np.cos(x)),
    AHEAD,
    "Two formulas, one of them asleep.",
    GATED,
)
wrong(
    "where_other_side_slightly_off",
    "vjp",
    gated_square,
    lambda c, x: c * np.where(x < 0, 2.0002 * x, np.cos(x)),
    AHEAD,
    "1e-4 in the formula that sleeps.",
    GATED,
)


# Newton with a bracket, written with `if`
def limited(x):
    total = 0.0
    for v in x:
        if v > 2:
            v = 2 + np.log(v / 2) * 2
        total = total + v
    return total


BELOW_TWO = np.array([0.4, 1.2, 1.9, -0.5])
LIMITED = Reference(
    lambda x: sum(2 + 2 * mp.mpmath.log(v / 2) if v > 2 else v for v in x), at=((np.array([3.0, 1.0, 5.0, 2.5]),),)
)
right(
    "logarithmic_beyond_two",
    "gradient",
    limited,
    lambda x: np.where(x > 2, 2 / np.where(x > 2, x, 1.0), 1.0),
    BELOW_TWO,
    "An `if` per entry.",
    LIMITED,
)
wrong(
    "logarithmic_beyond_two_linear",
    "gradient",
    limited,
    lambda x: np.ones_like(x),
    BELOW_TWO,
    "The linear part's slope everywhere.",
    LIMITED,
)
LEFT, RIGHT = np.array([1.0, 2.0, 3.0]), np.array([0.5, 1.0, -1.0])
LARGER = Reference(
    lambda a, b: sum(max(u * u, v) for u, v in zip(a, b, strict=True)), at=((0.3 * LEFT, np.array([2.0, 1.5, 1.0])),)
)
right(
    "larger_of_two_functions",
    "gradient",
    lambda a, b: np.sum(np.maximum(a * a, b)),
    lambda a, b: (2 * a * (a * a > b), 1.0 * (a * a <= b)),
    (LEFT, RIGHT),
    "The second one never wins here.",
    LARGER,
)
wrong(
    "larger_of_two_functions_second_dead",
    "gradient",
    lambda a, b: np.sum(np.maximum(a * a, b)),
    lambda a, b: (2 * a, np.zeros_like(b)),
    (LEFT, RIGHT),
    "The second argument's gradient is always zero.",
    LARGER,
)
