"""Elementwise rules of real libraries: special functions, powers, remainders, activations with parameters."""

import math

import numpy as np
from scipy import special

from .. import truth as mp
from ..item import Category
from ..truth import Hull, LabelledByIntent, Reference

CATEGORY = Category("library elementwise")
right, wrong = CATEGORY.right, CATEGORY.wrong
rng = np.random.default_rng(2201)
X = rng.standard_normal(7)
POSITIVE = rng.uniform(0.5, 4.0, 7)


def each(function):
    """An mpmath function of one number, over object arrays."""
    return np.frompyfunc(function, 1, 1)


# sinc and its slope
def sinc_vjp(c, x):
    safe = np.where(x == 0, 1.0, x)
    s, k = np.sin(np.pi * safe), np.cos(np.pi * safe)
    return c * np.where(x == 0, 0.0, k / safe - s / (np.pi * safe * safe))


def sinc_vjp_unguarded(c, x):
    return c * (np.cos(np.pi * x) / x - np.sin(np.pi * x) / (np.pi * x * x))


SINC_AT = np.array([0.0, 0.5, -1.3, 2.25])
SINC = Reference(each(lambda v: mp.mpmath.sincpi(v)))
right("numpy_sinc", "vjp", np.sinc, sinc_vjp, SINC_AT, "The slope at the removable singularity is 0.", SINC)
wrong("numpy_sinc_nan_at_zero", "vjp", np.sinc, sinc_vjp_unguarded, SINC_AT, "inf - inf at 0.", SINC)


def sinc_slope(x):
    return sinc_vjp(1.0, x)


def sinc_slope_vjp(c, x, at_zero=-(np.pi**2) / 3):
    safe = np.where(x == 0, 1.0, x)
    s, k = np.sin(np.pi * safe), np.cos(np.pi * safe)
    return c * np.where(x == 0, at_zero, -np.pi * s / safe - 2 * k / safe**2 + 2 * s / (np.pi * safe**3))


def mp_sinc_slope(v):
    pi = +mp.mpmath.pi
    if abs(v) < mp.mpf("0.01"):  # the series: sum (-1)^k 2k pi^2k v^(2k-1) / (2k+1)!
        return mp.mpmath.fsum(
            (-1) ** k * 2 * k * pi ** (2 * k) * v ** (2 * k - 1) / mp.mpmath.factorial(2 * k + 1) for k in range(1, 30)
        )
    return mp.mpmath.cos(pi * v) / v - mp.mpmath.sin(pi * v) / (pi * v * v)


wrong(
    "sinc_slope_flat_at_zero",
    "vjp",
    sinc_slope,
    lambda c, x: sinc_slope_vjp(c, x, at_zero=0.0),
    SINC_AT,
    "jax #5054: even derivatives of sinc at 0 came from the constant branch.",
    Reference(each(mp_sinc_slope)),
)
right(
    "sinc_slope",
    "vjp",
    sinc_slope,
    sinc_slope_vjp,
    SINC_AT,
    "The same with -pi^2/3 at 0.",
    Reference(each(mp_sinc_slope)),
)


# Bessel functions, error function, gamma family
def i0_vjp_through_abs(c, x):
    """I0 = exp(|x|) i0e(x), where |x| got the slope 1 at 0 and i0e the slope of sign(0) = 0."""
    slope = np.where(x >= 0, 1.0, -1.0)
    return c * np.exp(np.abs(x)) * (slope * special.i0e(x) + special.i1e(x) - np.sign(x) * special.i0e(x))


I0_AT = np.array([0.0, 0.7, -2.0, 3.5])
I0 = Reference(each(lambda v: mp.mpmath.besseli(0, v)))
right("bessel_i0", "vjp", special.i0, lambda c, x: c * special.i1(x), I0_AT, "I0' = I1, and I1(0) = 0.", I0)
wrong("bessel_i0_slope_at_zero", "vjp", special.i0, i0_vjp_through_abs, I0_AT, "jax #40628: I0'(0) came out as 1.", I0)


def spherical_j1(x):
    return np.sin(x) / x**2 - np.cos(x) / x


J1 = Reference(lambda x: mp.sin(x) / x**2 - mp.cos(x) / x)
right(
    "spherical_bessel_j1",
    "vjp",
    spherical_j1,
    lambda c, x: c * (np.sin(x) / x - 2 * spherical_j1(x) / x),
    POSITIVE,
    "j1' = j0 - (n + 1)/x j1 with n = 1.",
    J1,
)
wrong(
    "spherical_bessel_j1_recurrence",
    "vjp",
    spherical_j1,
    lambda c, x: c * (np.sin(x) / x - spherical_j1(x) / x),
    POSITIVE,
    "The factor n + 1 of the recurrence taken as n (scipy PR #8186 mended this function's derivative elsewhere, at 0).",
    J1,
)
ERFINV_AT = np.array([-0.9, -0.2, 1e-6, 0.3, 0.999])
ERFINV = Reference(each(mp.mpmath.erfinv))
right(
    "erfinv",
    "vjp",
    special.erfinv,
    lambda c, x: c * math.sqrt(math.pi) / 2 * np.exp(special.erfinv(x) ** 2),
    ERFINV_AT,
    "sqrt(pi)/2 exp(y^2) from the output.",
    ERFINV,
)
wrong(
    "erfinv_constant_six_digits",
    "vjp",
    special.erfinv,
    lambda c, x: c * 0.886227 * np.exp(special.erfinv(x) ** 2),
    ERFINV_AT,
    "sqrt(pi)/2 typed with six digits: 8e-8 off.",
    ERFINV,
)


def digamma_asymptotic(x, terms):
    """Shift to x >= 6, then the asymptotic series with so many terms."""
    total = np.zeros_like(x)
    x = x.copy()
    for _ in range(6):
        low = x < 6
        total -= np.where(low, 1 / x, 0.0)
        x = np.where(low, x + 1, x)
    inv = 1 / (x * x)
    series = (1 / 12, -1 / 120, 1 / 252, -1 / 240, 1 / 132, -691 / 32760, 1 / 12, -3617 / 8160)[:terms]
    return total + np.log(x) - 0.5 / x - sum(b * inv ** (k + 1) for k, b in enumerate(series))


GAMMALN = Reference(each(mp.mpmath.loggamma))
right("gammaln", "vjp", special.gammaln, lambda c, x: c * special.digamma(x), POSITIVE, "digamma.", GAMMALN)
wrong(
    "gammaln_digamma_cut_short",
    "vjp",
    special.gammaln,
    lambda c, x: c * digamma_asymptotic(x, 2),
    POSITIVE,
    "pyro #567: digamma by an approximation; two terms of the series leave about 1e-7.",
    GAMMALN,
)
right(
    "lgamma_scalar_by_scalar",
    "vjp",
    np.vectorize(math.lgamma),
    lambda c, x: c * special.psi(x),
    POSITIVE,
    "The math module through np.vectorize.",
    GAMMALN,
)


def gammainc_slope_in_a(a, x):
    """P log x - x^a e^-x sum x^n psi(a + n + 1) / Gamma(a + n + 1)."""
    n = np.arange(120)[:, None]
    logs = n * np.log(x) - special.gammaln(a + n + 1)
    return special.gammainc(a, x) * np.log(x) - x**a * np.exp(-x) * (np.exp(logs) * special.psi(a + n + 1)).sum(0)


def gammainc_slope_in_x(a, x):
    return np.exp((a - 1) * np.log(x) - x - special.gammaln(a))


def gammainc_vjp(c, a, x):
    return c * gammainc_slope_in_a(a, x), c * gammainc_slope_in_x(a, x)


def gammainc_vjp_forward_difference(c, a, x, h=1e-6):
    return c * (special.gammainc(a + h, x) - special.gammainc(a, x)) / h, c * gammainc_slope_in_x(a, x)


GAMMAINC = Reference(np.frompyfunc(lambda a, x: mp.mpmath.gammainc(a, 0, x, regularized=True), 2, 1))
SHAPES, LEVELS = np.array([0.7, 2.0, 5.5]), np.array([0.4, 3.0, 4.5])
right(
    "gammainc_both_arguments",
    "vjp",
    special.gammainc,
    gammainc_vjp,
    (SHAPES, LEVELS),
    "The shape's derivative as a series.",
    GAMMAINC,
    rounding=1e5,
)
wrong(
    "gammainc_shape_by_a_difference",
    "vjp",
    special.gammainc,
    gammainc_vjp_forward_difference,
    (SHAPES, LEVELS),
    "A forward difference of step 1e-6 in place of a rule (autograd-gamma PR #6 differences this argument, centrally).",
    GAMMAINC,
    rounding=1e5,
)


def regularised_beta(x):
    return special.betainc(2.5, 1.5, x)


BETAINC = Reference(each(lambda v: mp.mpmath.betainc(2.5, 1.5, 0, v, regularized=True)))
UNIT = np.array([0.05, 0.3, 0.62, 0.97])
right(
    "betainc_upper_limit",
    "vjp",
    regularised_beta,
    lambda c, x: c * x**1.5 * (1 - x) ** 0.5 / special.beta(2.5, 1.5),
    UNIT,
    "The density of the beta distribution.",
    BETAINC,
)
wrong(
    "betainc_exponent_not_lowered",
    "vjp",
    regularised_beta,
    lambda c, x: c * x**1.5 * (1 - x) ** 1.5 / special.beta(2.5, 1.5),
    UNIT,
    "(1 - x)^b for (1 - x)^(b - 1).",
    BETAINC,
)


def log_ndtr_vjp(c, x):
    return c * np.exp(-x * x / 2 - special.log_ndtr(x)) / math.sqrt(2 * math.pi)


TAIL = np.array([-40.0, -5.0, 0.3, 6.0])
LOG_NDTR = Reference(each(lambda v: mp.mpmath.log(mp.mpmath.erfc(-v / mp.mpmath.sqrt(2)) / 2)))
right(
    "log_ndtr_in_logarithms",
    "vjp",
    special.log_ndtr,
    log_ndtr_vjp,
    TAIL,
    "Density over distribution, subtracted as logarithms: 800 - 804 at -40.",
    LOG_NDTR,
    rounding=1e4,
)
wrong(
    "log_ndtr_quotient_underflows",
    "vjp",
    special.log_ndtr,
    lambda c, x: c * np.exp(-x * x / 2) / math.sqrt(2 * math.pi) / special.ndtr(x),
    TAIL,
    "0/0 at -40, where the truth is 40.02.",
    LOG_NDTR,
    rounding=1e4,
)


# powers
def integer_powers(x):
    return x ** np.array([0, 1, 2, 3, 4])


def integer_powers_vjp(c, x):
    p = np.array([0, 1, 2, 3, 4])
    return c * p * x ** np.where(p, p - 1, 1)


POWERS_AT = np.array([0.0, 0.0, 0.0, -1.5, -0.8])
POWERS = Reference(lambda x: np.array([x[0] * 0 + 1, x[1], x[2] ** 2, x[3] ** 3, x[4] ** 4], dtype=object))
right(
    "power_table_of_exponents",
    "vjp",
    integer_powers,
    integer_powers_vjp,
    POWERS_AT,
    "Exponents 0 to 4, bases 0 and negative, as in HIPS autograd's rule for power (quoted in its #581).",
    POWERS,
)
wrong(
    "power_zero_to_minus_one",
    "vjp",
    integer_powers,
    lambda c, x: c * np.array([0, 1, 2, 3, 4]) * x ** np.array([-1.0, 0, 1, 2, 3]),
    POWERS_AT,
    "0 * 0^-1 is NaN where x^0 is constant.",
    POWERS,
)
wrong(
    "power_by_logarithms_loses_the_sign",
    "vjp",
    lambda x: x**4,
    lambda c, x: c * 4 * np.exp(3 * np.log(np.abs(x))),
    X,
    "x^3 by exp and log of |x|: odd powers of negative numbers lose their sign.",
    Reference(lambda x: x**4),
)


def power_vjp(c, x, b):
    logarithm = np.log(np.where(x > 0, x, 1.0))
    return c * b * x ** (b - 1), c * np.where(x > 0, x**b * logarithm, 0.0)


def power_vjp_raw(c, x, b):
    return c * b * x ** (b - 1), c * x**b * np.log(x)


ZERO_BASE = (np.array([0.0, 2.0, 0.5]), np.array([2.0, 1.5, 3.0]))
POWER = Reference(np.frompyfunc(lambda x, b: mp.mpmath.power(x, b), 2, 1))
right("power_of_a_zero_base", "vjp", np.power, power_vjp, ZERO_BASE, "0^b is 0 for every b > 0.", POWER)
wrong(
    "power_of_a_zero_base_nan",
    "vjp",
    np.power,
    power_vjp_raw,
    ZERO_BASE,
    "pytorch #27134: 0^b log 0 is NaN in place of 0.",
    POWER,
)
CBRT_AT = np.array([-8.0, -0.3, 1e-6, 2.0])
CBRT = Reference(each(lambda v: mp.mpmath.sign(v) * mp.mpmath.cbrt(abs(v))))
right("cube_root", "vjp", np.cbrt, lambda c, x: c / (3 * np.cbrt(x) ** 2), CBRT_AT, "Negative numbers, too.", CBRT)
wrong(
    "cube_root_as_a_power",
    "vjp",
    np.cbrt,
    lambda c, x: c * x ** (-2 / 3) / 3,
    CBRT_AT,
    "x^(-2/3) is NaN for negative numbers.",
    CBRT,
)


# two arguments
def xlogy_vjp(c, x, y):
    return c * np.log(y), c * x / y


XLOGY_AT = (np.array([0.0, 1.5, 0.0, -2.0]), np.array([0.3, 2.0, 5.0, 1.1]))
XLOGY = Reference(lambda x, y: x * mp.log(y))
right("xlogy_at_zero", "vjp", special.xlogy, xlogy_vjp, XLOGY_AT, "The slope in x at x = 0 is log y.", XLOGY)
wrong(
    "xlogy_at_zero_masked",
    "vjp",
    special.xlogy,
    lambda c, x, y: (c * np.where(x == 0, 0.0, np.log(y)), c * x / y),
    XLOGY_AT,
    "The value's guard for x = 0 copied to the slope.",
    XLOGY,
)
PYTHAGORAS = (np.array([3e20, -1e19, 2.0], np.float32), np.array([4e20, 2e19, 1.5], np.float32))
HYPOT = Reference(lambda x, y: mp.sqrt(x * x + y * y))


def hypot_vjp(c, x, y):
    h = np.hypot(x, y)
    return c * (x / h), c * (y / h)


def hypot_vjp_overflows(c, x, y):
    h = np.sqrt(x * x + y * y)
    return c * (x / h), c * (y / h)


right(
    "hypot_of_huge_numbers", "vjp", np.hypot, hypot_vjp, PYTHAGORAS, "float32, where squares of 1e20 overflow.", HYPOT
)
wrong(
    "hypot_squares_overflow",
    "vjp",
    np.hypot,
    hypot_vjp_overflows,
    PYTHAGORAS,
    "float32: the squares overflow, and the slopes are 0.",
    HYPOT,
)
PLANE = (X, POSITIVE)
right(
    "hypot_jvp",
    "jvp",
    np.hypot,
    lambda p, t: (p[0] * t[0] + p[1] * t[1]) / np.hypot(*p),
    PLANE,
    "d hypot = (x dx + y dy) / hypot.",
    HYPOT,
)
wrong(
    "hypot_jvp_crossed",
    "jvp",
    np.hypot,
    lambda p, t: (p[1] * t[0] + p[0] * t[1]) / np.hypot(*p),
    PLANE,
    "ChainRules.jl PR #74: hypot's forward rule was wrong, and its test the same way (here: partners crossed).",
    HYPOT,
)
REMAINDER_AT = (np.array([5.3, 2.2, 7.7, -3.4, 0.4]), np.array([2.0, 0.7, 3.1, 1.5, 0.9]))
REMAINDER = Reference(lambda x, y: x - y * mp.floor(x / y))
right(
    "remainder_by_floor",
    "vjp",
    np.remainder,
    lambda c, x, y: (c * 1.0, -c * np.floor(x / y)),
    REMAINDER_AT,
    "Python's remainder: floor of the quotient.",
    REMAINDER,
)
wrong(
    "remainder_by_trunc",
    "vjp",
    np.remainder,
    lambda c, x, y: (c * 1.0, -c * np.trunc(x / y)),
    REMAINDER_AT,
    "fmod's rule: they differ at the one entry with unlike signs.",
    REMAINDER,
)


# activations with parameters
def softplus_threshold(x, beta=10.0, threshold=5.0):
    return np.where(x * beta > threshold, x, np.log1p(np.exp(np.minimum(x * beta, threshold))) / beta)


def softplus_threshold_vjp(c, x, beta=10.0, threshold=5.0):
    return c * np.where(x * beta > threshold, 1.0, 1 / (1 + np.exp(-x * beta)))


SOFTPLUS_AT = np.array([-0.3, 0.1, 0.45, 0.6, 2.0])
SOFTPLUS = Reference(np.frompyfunc(lambda v: v if 10 * v > 5 else mp.mpmath.log1p(mp.mpmath.exp(10 * v)) / 10, 1, 1))
right("softplus_with_threshold", "vjp", softplus_threshold, softplus_threshold_vjp, SOFTPLUS_AT, "As coded.", SOFTPLUS)
wrong(
    "softplus_threshold_without_beta",
    "vjp",
    softplus_threshold,
    lambda c, x: c * np.where(x > 5.0, 1.0, 1 / (1 + np.exp(-x * 10))),
    SOFTPLUS_AT,
    "The threshold belongs to beta x (pytorch #31110 reads it as x): 2.5e-3 off at one entry.",
    SOFTPLUS,
)


def celu(x, alpha=0.6):
    return np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0) / alpha))


CELU = Reference(np.frompyfunc(lambda v: v if v > 0 else 0.6 * mp.mpmath.expm1(v / 0.6), 1, 1))
right("celu", "vjp", celu, lambda c, x: c * np.where(x > 0, 1.0, np.exp(np.minimum(x, 0) / 0.6)), X, "x/alpha.", CELU)
wrong(
    "celu_with_elus_rule",
    "vjp",
    celu,
    lambda c, x: c * np.where(x > 0, 1.0, 0.6 * np.exp(np.minimum(x, 0))),
    X,
    "The derivative of elu.",
    CELU,
)


def elu(x, a=1.3):
    return np.where(x > 0, x, a * np.expm1(np.minimum(x, 0)))


ELU = Reference(np.frompyfunc(lambda v: v if v > 0 else 1.3 * mp.mpmath.expm1(v), 1, 1))
right("elu_from_its_output", "vjp", elu, lambda c, x: c * np.where(x > 0, 1.0, elu(x) + 1.3), X, "y + a.", ELU)
wrong(
    "elu_from_its_output_without_a",
    "vjp",
    elu,
    lambda c, x: c * np.where(x > 0, 1.0, elu(x) + 1.0),
    X,
    "mxnet PR #1265: from the output the slope is y + a; here a was taken as 1.",
    ELU,
)


def hardswish(x):
    return np.sum(x * np.clip(x + 3, 0, 6) / 6)


def hardswish_gradient(x):
    return np.where(x <= -3, 0.0, np.where(x >= 3, 1.0, (2 * x + 3) / 6))


HARDSWISH_AT = np.array([-3.0, -4.0, 1.0, 5.0])
HARDSWISH = LabelledByIntent("from -1/2 (inside) to 0 (outside) at -3", (Hull([-0.5, 0, 5 / 6, 1], [0, 0, 5 / 6, 1]),))
right("hardswish_at_its_joint", "gradient", hardswish, hardswish_gradient, HARDSWISH_AT, "Zero at -3.", HARDSWISH)
wrong(
    "hardswish_joint_inverted",
    "gradient",
    hardswish,
    lambda x: np.where(x == -3, 0.5, hardswish_gradient(x)),
    HARDSWISH_AT,
    "+1/2 at -3, where the slopes are -1/2 and 0.",
    HARDSWISH,
)


def logit_clamped(x, eps=1e-6):
    z = np.clip(x, eps, 1 - eps)
    return np.log(z / (1 - z))


def logit_clamped_vjp(c, x, eps=1e-6):
    inside = (x >= eps) & (x <= 1 - eps)
    return c * np.where(inside, 1 / (x * (1 - x)), 0.0)


LOGIT_AT = np.array([1e-9, 0.2, 0.7, 1 - 1e-9])
CLAMP = mp.mpf(1e-6), mp.mpf(1 - 1e-6)


def mp_logit(v):
    z = min(max(v, CLAMP[0]), CLAMP[1])
    return mp.mpmath.log(z / (1 - z))


LOGIT = Reference(each(mp_logit))
right("logit_with_eps", "vjp", logit_clamped, logit_clamped_vjp, LOGIT_AT, "Zero beyond the clamp.", LOGIT)
wrong(
    "logit_with_eps_unclamped_slope",
    "vjp",
    logit_clamped,
    lambda c, x: c / (x * (1 - x)),
    LOGIT_AT,
    "1e9 beyond the clamp.",
    LOGIT,
)


# log(1 - exp(x))
def log1mexp(x):
    near = x > -0.693
    return np.where(near, np.log(-np.expm1(np.where(near, x, -1.0))), np.log1p(-np.exp(np.where(near, -1.0, x))))


BELOW = np.array([-1e-9, -5e-4, -0.4, -3.0, -50.0])
LOG1MEXP = Reference(each(lambda v: mp.mpmath.log(-mp.mpmath.expm1(v))))
right("log1mexp", "vjp", log1mexp, lambda c, x: -c / np.expm1(-x), BELOW, "By expm1 of the other sign.", LOG1MEXP)


def log1mexp_vjp_cancelling(c, x):
    return -c * np.exp(x) / (1 - np.exp(x))


wrong(
    "log1mexp_cancelling",
    "vjp",
    log1mexp,
    log1mexp_vjp_cancelling,
    BELOW,
    "1 - exp(x) loses eight digits at -1e-9 (aesara PR #725 rewrote it). Once labelled right by intent, which was "
    "false: 2.8e-8 is more than half of the digits, and beyond that an unstable formula counts as wrong.",
    LOG1MEXP,
)
right(
    "log1mexp_cancelling_less",
    "vjp",
    log1mexp,
    log1mexp_vjp_cancelling,
    np.array([-1e-6, -5e-4, -0.4, -3.0]),
    "By intent: five digits are lost at -1e-6.",
    LOG1MEXP,
    rounding=1e7,
)
wrong(
    "log1mexp_pole_only",
    "vjp",
    log1mexp,
    lambda c, x: np.where(x > -1e-3, c / x, -c / np.expm1(-x)),
    BELOW[1:],
    "Near 0 the pole 1/x alone: 1/2 is missing, 2.5e-4 of one entry.",
    LOG1MEXP,
)
