"""Elementwise formulas: constants typed from memory, cancellation, rare branches, edges of domains."""

import math

import numpy as np

from .. import truth as mp
from ..item import Category
from ..truth import Reference

CATEGORY = Category("formulas")
right, wrong = CATEGORY.right, CATEGORY.wrong
rng = np.random.default_rng(101)
X = rng.standard_normal(7)
Y = rng.standard_normal(7)
POSITIVE = rng.uniform(0.5, 3.0, 7)


# constants typed from memory
def gelu_tanh(x):
    return 0.5 * x * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3)))


def gelu_tanh_vjp(c, x):
    k = np.sqrt(2 / np.pi)
    t = np.tanh(k * (x + 0.044715 * x**3))
    return c * (0.5 * (1 + t) + 0.5 * x * (1 - t**2) * k * (1 + 3 * 0.044715 * x**2))


def gelu_exact_vjp(c, x):
    cdf = 0.5 * (1 + np.vectorize(math.erf)(x / math.sqrt(2)))
    return c * (cdf + x * np.exp(-(x**2) / 2) / math.sqrt(2 * math.pi))


def gelu_rounded_vjp(c, x):
    k = 0.797885
    t = np.tanh(k * (x + 0.044715 * x**3))
    return c * (0.5 * (1 + t) + 0.5 * x * (1 - t**2) * k * (1 + 3 * 0.044715 * x**2))


GELU = Reference(lambda x: 0.5 * x * (1 + mp.tanh(mp.sqrt(2 / mp.pi()) * (x + 0.044715 * x**3))))
right("gelu_tanh", "vjp", gelu_tanh, gelu_tanh_vjp, X, "The tanh approximation with its own derivative.", GELU)
wrong(
    "gelu_derivative_of_the_exact_one",
    "vjp",
    gelu_tanh,
    gelu_exact_vjp,
    X,
    "The forward is the tanh approximation, the backward is that of the exact GELU (1e-3 to 1e-4 off).",
    GELU,
)
wrong(
    "gelu_rounded_constant",
    "vjp",
    gelu_tanh,
    gelu_rounded_vjp,
    X,
    "sqrt(2/pi) typed with six digits: about 1e-6.",
    GELU,
)


def log2_sum(x):
    return np.sum(np.log2(x))


LOG2 = Reference(lambda x: (mp.log(x) / mp.log(mp.mpf(2))).sum())
right("log2", "gradient", log2_sum, lambda x: 1 / (x * np.log(2)), POSITIVE, "Base two.", LOG2)
wrong(
    "log2_ln2_six_digits",
    "gradient",
    log2_sum,
    lambda x: 1 / (x * 0.693147),
    POSITIVE,
    "ln 2 typed with six digits: a relative error of 2.6e-7.",
    LOG2,
)


def degrees(x):
    return np.sin(x * np.pi / 180)


DEGREES = Reference(lambda x: mp.sin(x * np.pi / 180))
right(
    "sine_of_degrees",
    "vjp",
    degrees,
    lambda c, x: c * np.cos(x * np.pi / 180) * np.pi / 180,
    40 * X,
    "Degrees.",
    DEGREES,
)
wrong(
    "sine_of_degrees_pi_seven_digits",
    "vjp",
    degrees,
    lambda c, x: c * np.cos(x * np.pi / 180) * 3.141593 / 180,
    40 * X,
    "pi typed as 3.141593: a relative error of 1.1e-7.",
    DEGREES,
)
wrong(
    "sine_of_degrees_pi_short",
    "vjp",
    degrees,
    lambda c, x: c * np.cos(x * np.pi / 180) * 3.1416 / 180,
    40 * X,
    "pi typed as 3.1416: a relative error of 2.3e-6.",
    DEGREES,
)


# slopes that a slope test lets through
PARABOLA = Reference(lambda x: (x**2).sum() / 2)
right(
    "parabola",
    "gradient",
    lambda x: 0.5 * np.sum(x**2),
    lambda x: 1.0 * x,
    X,
    "Exact for every central difference; slope tests divide zero by zero here.",
    PARABOLA,
)
wrong(
    "parabola_slope_error",
    "gradient",
    lambda x: 0.5 * np.sum(x**2),
    lambda x: x + 1.9e-4,
    X,
    "With unit curvature a slope error of 1.9e-4 still gives a Taylor order of 1.90.",
    PARABOLA,
)
wrong(
    "slope_error_1e-4",
    "gradient",
    lambda x: np.sum(np.exp(x)),
    lambda x: np.exp(x) * (1 + 1e-4),
    X,
    "gam #979: errors of 1e-4 under a gate of 2e-3.",
    Reference(lambda x: mp.exp(x).sum()),
)
wrong(
    "planted_thousandth",
    "gradient",
    lambda x: np.sum(np.exp(x)),
    lambda x: np.exp(x) + 1e-3,
    X,
    "Enzyme.jl #2724: a planted error of 0.001.",
    Reference(lambda x: mp.exp(x).sum()),
)


# near-cancellation
def versine(x):
    return (1 - np.cos(x)) / x**2


def versine_vjp(c, x):
    return c * (x * np.sin(x) - 2 * (1 - np.cos(x))) / x**3


def root_gap(x):
    return np.sqrt(x + 1) - np.sqrt(x)


def root_gap_vjp(c, x):
    return c * (0.5 / np.sqrt(x + 1) - 0.5 / np.sqrt(x))


NEAR = np.array([0.01, 0.05, -0.3, 1.2])
VERSINE, GAP = Reference(lambda x: (1 - mp.cos(x)) / x**2), Reference(lambda x: mp.sqrt(x + 1) - mp.sqrt(x))
LARGE = np.array([1e4, 1e5, 1e6])
right(
    "versine_cancelling",
    "vjp",
    versine,
    versine_vjp,
    NEAR,
    "By intent: the plain formula is right and loses five digits at 0.01.",
    VERSINE,
    rounding=1e8,
)
wrong(
    "versine_sign",
    "vjp",
    versine,
    lambda c, x: c * (x * np.sin(x) + 2 * (1 - np.cos(x))) / x**3,
    NEAR,
    "Quotient rule with the wrong sign.",
    VERSINE,
    rounding=1e8,
)
right(
    "root_gap_cancelling",
    "vjp",
    root_gap,
    root_gap_vjp,
    LARGE,
    "By intent: a difference of neighbouring roots, as the formula stands.",
    GAP,
    rounding=1e5,
)
wrong(
    "root_gap_one_term",
    "vjp",
    root_gap,
    lambda c, x: c * 0.5 / np.sqrt(x + 1),
    LARGE,
    "The second root's derivative is missing.",
    GAP,
    rounding=1e5,
)
right(
    "log1p_tiny",
    "vjp",
    np.log1p,
    lambda c, x: c / (1 + x),
    np.array([1e-12, -1e-9, 0.5]),
    "log1p near zero.",
    Reference(mp.log1p),
)
wrong(
    "log1p_as_log",
    "vjp",
    np.log1p,
    lambda c, x: c / x,
    np.array([0.5, 1.5, 2.5]),
    "The derivative of log in place of log1p.",
    Reference(mp.log1p),
)
right(
    "expm1_tiny",
    "vjp",
    np.expm1,
    lambda c, x: c * np.exp(x),
    np.array([1e-12, -1e-9, 0.5]),
    "expm1 near zero.",
    Reference(mp.expm1),
)
wrong(
    "expm1_derivative_of_itself",
    "vjp",
    np.expm1,
    lambda c, x: c * np.expm1(x),
    np.array([1e-12, -1e-9, 0.5]),
    "exp is its own derivative, expm1 is not.",
    Reference(mp.expm1),
)


# softplus
def softplus_naive(x):
    return np.log(1 + np.exp(x))


def stable_sigmoid(x):
    e = np.exp(-np.abs(x))
    return np.where(x >= 0, 1 / (1 + e), e / (1 + e))


def softplus(x):
    return np.logaddexp(0, x)


SOFTPLUS = Reference(lambda x: mp.log1p(mp.exp(x)))
right(
    "softplus_naive",
    "vjp",
    softplus_naive,
    lambda c, x: c / (1 + np.exp(-x)),
    np.array([-30.0, -3.0, 0.5, 30.0]),
    "By intent: log(1 + exp(x)) loses its digits at -30, its derivative does not.",
    SOFTPLUS,
)
right(
    "softplus_stable",
    "vjp",
    softplus,
    lambda c, x: c * stable_sigmoid(x),
    np.array([-50.0, 0.5, 800.0]),
    "Stable in value and derivative.",
    SOFTPLUS,
)
wrong(
    "softplus_nan",
    "vjp",
    softplus,
    lambda c, x: c * np.exp(x) / (1 + np.exp(x)),
    np.array([-50.0, 0.5, 800.0]),
    "inf/inf at 800, where the truth is 1.",
    SOFTPLUS,
)


# powers, quotients, angles
POWER = Reference(mp.power)


def power_vjp(c, x, p):
    logarithm = np.log(np.where(x > 0, x, 1.0))
    return c * p * x ** (p - 1), c * x**p * logarithm


right("power_both_arguments", "vjp", np.power, power_vjp, (POSITIVE, Y), "x^p in both arguments.", POWER)
wrong(
    "power_exponent_kept",
    "vjp",
    np.power,
    lambda c, x, p: (c * p * x**p, c * x**p * np.log(x)),
    (POSITIVE, Y),
    "The exponent was not lowered.",
    POWER,
)
wrong(
    "power_integer_exponent_untouched",
    "vjp",
    np.power,
    lambda c, x, p: (c * p * x ** (p - 1), np.where(p == np.round(p), 0.0, c * x**p * np.log(x))),
    (POSITIVE, np.array([2.0, 3.0, 0.5, 1.5, -1.0, 2.5, 2.0])),
    "Integer-valued exponents are taken for constants.",
    POWER,
)
DIVIDE = Reference(lambda a, b: a / b)
right("quotient", "vjp", np.divide, lambda c, a, b: (c / b, -c * a / b**2), (X, POSITIVE), "a/b.", DIVIDE)
wrong(
    "quotient_sign",
    "vjp",
    np.divide,
    lambda c, a, b: (c / b, c * a / b**2),
    (X, POSITIVE),
    "The denominator's minus sign is missing.",
    DIVIDE,
)
ATAN2 = Reference(mp.arctan2)
right(
    "arctan2",
    "vjp",
    np.arctan2,
    lambda c, y, x: (c * x / (x**2 + y**2), -c * y / (x**2 + y**2)),
    (X, Y),
    "All four quadrants.",
    ATAN2,
)
wrong(
    "arctan2_swapped",
    "vjp",
    np.arctan2,
    lambda c, y, x: (-c * y / (x**2 + y**2), c * x / (x**2 + y**2)),
    (X, Y),
    "The arguments' gradients are swapped.",
    ATAN2,
)


# remainder: the second argument matters too
def remainder(x, y):
    return np.fmod(x, y)


FMOD = Reference(lambda x, y: x - y * mp.sign(x / y) * mp.floor(abs(x / y)))
right(
    "fmod_both_arguments",
    "vjp",
    remainder,
    lambda c, x, y: (c * 1.0, -c * np.trunc(x / y)),
    (5 * X, POSITIVE),
    "Away from the jumps, both arguments.",
    FMOD,
)
wrong(
    "fmod_second_argument_missing",
    "vjp",
    remainder,
    lambda c, x, y: (c * 1.0, None),
    (5 * X, POSITIVE),
    "pytorch PR #69909: nobody asked for the second argument's gradient.",
    FMOD,
)


# scalar code, table look-ups and edges of domains
def erf_sum(x):
    return sum(math.erf(v) for v in x)


ERF = Reference(lambda x: mp.erf(x).sum())
right(
    "erf_by_math",
    "gradient",
    erf_sum,
    lambda x: 2 / math.sqrt(math.pi) * np.exp(-(x**2)),
    X,
    "Scalar code through the math module.",
    ERF,
)
wrong(
    "erf_constant",
    "gradient",
    erf_sum,
    lambda x: 1 / math.sqrt(2 * math.pi) * np.exp(-(x**2)),
    X,
    "The normal density's constant in place of erf's.",
    ERF,
)
ARC = np.array([1 - 1e-9, 0.3, -1 + 1e-9])
ARCSIN = Reference(mp.arcsin)
right(
    "arcsin_at_the_edge",
    "vjp",
    np.arcsin,
    lambda c, x: c / np.sqrt((1 - x) * (1 + x)),
    ARC,
    "Differences step out of the domain (pytorch #76780: NaN on the numeric side).",
    ARCSIN,
)
wrong(
    "arcsin_square_missing",
    "vjp",
    np.arcsin,
    lambda c, x: c / np.sqrt(1 - np.abs(x)),
    ARC,
    "1 - |x| for 1 - x^2.",
    ARCSIN,
)


def cosc(x):
    safe = np.where(x == 0, 1.0, x)
    return np.where(x == 0, 0.0, np.cos(np.pi * safe) / safe - np.sin(np.pi * safe) / (np.pi * safe**2))


def cosc_vjp(c, x):
    safe = np.where(x == 0, 1.0, x)
    s, k = np.sin(np.pi * safe), np.cos(np.pi * safe)
    slope = -np.pi * s / safe - 2 * k / safe**2 + 2 * s / (np.pi * safe**3)
    return c * np.where(x == 0, -(np.pi**2) / 3, slope)


def mp_cosc(x):
    return np.array([mp.mpf(0) if v == 0 else _cosc_series(v) for v in x], dtype=object)


def _cosc_series(v):
    pi = mp.pi()
    if abs(v) > mp.mpf(1) / 10:
        return mp.mpmath.cos(pi * v) / v - mp.mpmath.sin(pi * v) / (pi * v * v)
    terms = (
        ((-1) ** k) * 2 * k * pi ** (2 * k) * v ** (2 * k - 1) / mp.mpmath.factorial(2 * k + 1) for k in range(1, 40)
    )
    return mp.mpmath.fsum(terms)


right(
    "cosc_at_zero",
    "vjp",
    cosc,
    cosc_vjp,
    np.array([0.0, 0.5, -1.3]),
    "FiniteDifferences #124: derivative -3.29 at a removable singularity.",
    Reference(mp_cosc),
)


# the rare branch
def sinc_with_series(x):
    small = np.abs(x) < 1e-3
    safe = np.where(small, 1.0, x)
    return np.where(small, 1 - x**2 / 6, np.sin(safe) / safe)


def sinc_with_series_vjp(c, x, series=3):
    small = np.abs(x) < 1e-3
    safe = np.where(small, 1.0, x)
    return c * np.where(small, -x / series, (safe * np.cos(safe) - np.sin(safe)) / safe**2)


RARE = np.concatenate([rng.uniform(0.5, 3, 49), [5e-4]])
SINC = Reference(lambda x: mp.sin(x) / x)
right(
    "sinc_series_branch",
    "vjp",
    sinc_with_series,
    sinc_with_series_vjp,
    RARE,
    "One of fifty entries takes the series branch.",
    SINC,
    rounding=1e4,
)
wrong(
    "sinc_series_branch_constant",
    "vjp",
    sinc_with_series,
    lambda c, x: sinc_with_series_vjp(c, x, series=6),
    RARE,
    "The series branch, taken by one entry of fifty, has a wrong constant.",
    SINC,
    rounding=1e4,
)


def elu(x):
    return np.where(x > 0, x, np.expm1(np.minimum(x, 0)))


ELU = Reference(
    lambda x: np.array([v if v > 0 else mp.mpmath.expm1(v) for v in x], dtype=object),
    at=((np.array([-1.5, 0.5, -0.2]),),),
)
right(
    "elu_positive_inputs",
    "vjp",
    elu,
    lambda c, x: c * np.where(x > 0, 1.0, np.exp(np.minimum(x, 0))),
    POSITIVE,
    "Right on both branches, tried on one.",
    ELU,
)
wrong(
    "elu_rare_branch",
    "vjp",
    elu,
    lambda c, x: c * np.where(x > 0, 1.0, np.expm1(np.minimum(x, 0))),
    POSITIVE,
    "Wrong for negative inputs only, of which the point has none.",
    ELU,
)


# second derivatives are derivatives of a first one
def slope_of_sine_product(x):
    return np.cos(x) * np.roll(np.sin(x), 1)


def mp_roll_product(x):
    return mp.cos(x) * np.roll(mp.sin(x), 1)


ROLL = Reference(mp_roll_product)
right(
    "gradient_as_a_function",
    "vjp",
    slope_of_sine_product,
    lambda c, x: -c * np.sin(x) * np.roll(np.sin(x), 1) + np.roll(c * np.cos(x), -1) * np.cos(x),
    X,
    "CppNumericalSolvers #175, stan-dev/math PR #2348: second order needs another step than first.",
    ROLL,
)
wrong(
    "second_order_compares_first",
    "vjp",
    slope_of_sine_product,
    lambda c, x: c * slope_of_sine_product(x),
    X,
    "torch-autograd PR #87: the first-order result stands in for the second-order one.",
    ROLL,
)
right(
    "high_curvature",
    "gradient",
    lambda x: np.sum(np.exp(-(x**2) * 1e4)),
    lambda x: -2e4 * x * np.exp(-(x**2) * 1e4),
    np.array([0.004, -0.01, 0.02]),
    "gam #2461: the reference was half a per cent off by its own step.",
    Reference(lambda x: mp.exp(-(x**2) * 10000).sum()),
)
