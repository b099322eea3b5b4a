"""Loops that run until something is small enough, quadrature, and what they were meant to compute."""

import numpy as np

from .. import truth as mp
from ..item import Category
from ..truth import Reference

CATEGORY = Category("iterations")
right, wrong = CATEGORY.right, CATEGORY.wrong
rng = np.random.default_rng(1111)
SQUARES = np.array([0.5, 2.0, 9.0])
UNIT = 2.0**-53


# square roots by Heron's rule
def heron(a):
    x = np.maximum(a, 1.0)
    for _ in range(100):
        if np.max(np.abs(x * x - a)) <= 1e-14 * np.max(a):
            return x
        x = 0.5 * (x + a / x)
    raise ArithmeticError("Heron's rule did not converge")


HERON = Reference(mp.sqrt)
right(
    "heron_root",
    "vjp",
    heron,
    lambda c, a: c * 0.5 / heron(a),
    SQUARES,
    "The loop ends on a comparison; the root is what was meant.",
    HERON,
    options={"meant": np.sqrt},
)
wrong(
    "heron_root_factor",
    "vjp",
    heron,
    lambda c, a: c / heron(a),
    SQUARES,
    "The factor 1/2 is missing.",
    HERON,
    options={"meant": np.sqrt},
)


# a x = cos x, by iteration and by implicit differentiation
def dottie(a, tolerance=1e-14):
    x = np.full_like(a, 0.5)
    for _ in range(300):
        y = a * np.cos(x)
        if np.max(np.abs(y - x)) < tolerance:
            return y
        x = y
    raise ArithmeticError("the iteration did not converge")


def dottie_newton(a):
    x = 0.5 + 0 * a
    for _ in range(8):
        x = x - (x - a * np.cos(x)) / (1 + a * np.sin(x))
    return x


def dottie_vjp(c, a, tolerance=1e-14):
    x = dottie(a, tolerance)
    return c * np.cos(x) / (1 + a * np.sin(x))


def one_step_vjp(c, a, tolerance=1e-14):
    return c * np.cos(dottie(a, tolerance))


def mp_dottie(a):
    x = a * 0 + mp.mpf(1) / 2
    for _ in range(12):
        x = x - (x - a * mp.cos(x)) / (1 + a * mp.sin(x))
    return x


GAINS = np.array([0.3, 0.6, 0.8])
DOTTIE = Reference(mp_dottie)
right(
    "fixed_point_implicit",
    "vjp",
    dottie,
    dottie_vjp,
    GAINS,
    "Implicit differentiation at the fixed point.",
    DOTTIE,
    options={"meant": dottie_newton},
)
wrong(
    "fixed_point_last_step_only",
    "vjp",
    dottie,
    one_step_vjp,
    GAINS,
    "Only the last step was differentiated, its start held constant.",
    DOTTIE,
    options={"meant": dottie_newton},
)
right(
    "fixed_point_loose_tolerance",
    "vjp",
    lambda a: dottie(a, 1e-5),
    lambda c, a: dottie_vjp(c, a, 1e-5),
    GAINS,
    "Stopped at 1e-5, and says so.",
    DOTTIE,
    options={"accuracy": 1e-4},
    rounding=1e-4 / UNIT,
)
wrong(
    "fixed_point_loose_tolerance_last_step",
    "vjp",
    lambda a: dottie(a, 1e-5),
    lambda c, a: one_step_vjp(c, a, 1e-5),
    GAINS,
    "An accuracy of 1e-4 does not excuse thirty per cent.",
    DOTTIE,
    options={"accuracy": 1e-4},
    rounding=1e-4 / UNIT,
)
right(
    "fixed_point_newton_fixed_count",
    "vjp",
    dottie_newton,
    lambda c, a: c * np.cos(dottie_newton(a)) / (1 + a * np.sin(dottie_newton(a))),
    GAINS,
    "Eight Newton steps, converged to the last digit, differentiated implicitly.",
    DOTTIE,
)


def few_steps(a):
    x = 0.5 + 0 * a
    for _ in range(4):
        x = a * np.cos(x)
    return x


def few_steps_vjp(c, a):
    x, d = 0.5 + 0 * a, 0 * a
    for _ in range(4):
        x, d = a * np.cos(x), np.cos(x) - a * np.sin(x) * d
    return c * d


def mp_few_steps(a):
    x = a * 0 + mp.mpf(1) / 2
    for _ in range(4):
        x = a * mp.cos(x)
    return x


FEW = Reference(mp_few_steps)
right(
    "four_steps_unrolled",
    "vjp",
    few_steps,
    few_steps_vjp,
    GAINS,
    "Four steps are the function, and four steps are differentiated.",
    FEW,
)
wrong(
    "four_steps_as_if_converged",
    "vjp",
    few_steps,
    lambda c, a: c * np.cos(few_steps(a)) / (1 + a * np.sin(few_steps(a))),
    GAINS,
    "The fixed point's derivative for four steps that are far from it.",
    FEW,
)


# x^3 + x = a by Newton, against the closed form
def cubic_root(a):
    x = np.zeros_like(a)
    for _ in range(100):
        step = (x**3 + x - a) / (3 * x * x + 1)
        x = x - step
        if np.max(np.abs(step)) < 1e-13 * max(1.0, np.max(np.abs(x))):
            return x
    raise ArithmeticError("Newton's method did not converge")


def cubic_closed(a):
    return 2 / np.sqrt(3) * np.sinh(np.arcsinh(1.5 * np.sqrt(3) * a) / 3)


LOADS = np.array([-3.0, 0.4, 7.0])
CUBIC = Reference(
    lambda a: np.array(
        [mp.mpmath.findroot(lambda x, v=v: x**3 + x - v, float(cubic_closed(float(v)))) for v in a], dtype=object
    )
)
right(
    "newton_solve_implicit",
    "vjp",
    cubic_root,
    lambda c, a: c / (3 * cubic_root(a) ** 2 + 1),
    LOADS,
    "One over the residual's slope.",
    CUBIC,
    options={"meant": cubic_closed},
)
wrong(
    "newton_solve_slope_inverted",
    "vjp",
    cubic_root,
    lambda c, a: c * (3 * cubic_root(a) ** 2 + 1),
    LOADS,
    "The slope in place of its inverse.",
    CUBIC,
    options={"meant": cubic_closed},
)
wrong(
    "newton_solve_sign",
    "vjp",
    cubic_root,
    lambda c, a: -c / (3 * cubic_root(a) ** 2 + 1),
    LOADS,
    "The implicit function theorem's minus sign, where the load's own minus cancels it.",
    CUBIC,
    options={"meant": cubic_closed},
)


# bisection: the code is piecewise linear in its input, the root is not
def bisect(a):
    if np.any(a < 0):
        raise ValueError("a negative number has no root")
    low, high = np.zeros_like(a), np.maximum(a, 1.0)
    for _ in range(60):
        middle = 0.5 * (low + high)
        above = middle * middle > a
        low, high = np.where(above, low, middle), np.where(above, middle, high)
    return 0.5 * (low + high)


right(
    "bisection",
    "vjp",
    bisect,
    lambda c, a: c * 0.5 / bisect(a),
    SQUARES,
    "Its code is piecewise constant; what was meant is the root.",
    HERON,
    options={"meant": np.sqrt},
)
wrong(
    "bisection_zero",
    "vjp",
    bisect,
    lambda c, a: np.zeros_like(c),
    SQUARES,
    "Zero is the code's derivative, not that of what was meant.",
    HERON,
    options={"meant": np.sqrt},
)


# quadrature
NODES = np.linspace(0, 1, 161)


def trapezoid(a):
    y = np.exp(-np.multiply.outer(a, NODES))
    return (y[..., 1:] + y[..., :-1]).sum(-1) / 320


def trapezoid_vjp(c, a):
    y = -NODES * np.exp(-np.multiply.outer(a, NODES))
    return c * (y[..., 1:] + y[..., :-1]).sum(-1) / 320


def integral_vjp(c, a):
    safe = np.where(a == 0, 1.0, a)
    return c * np.where(a == 0, -0.5, (np.exp(-safe) * (safe + 1) - 1) / safe**2)


def mp_trapezoid(a):
    t = mp.lift(NODES)
    y = [mp.exp(-v * t) for v in a]
    return np.array([(r[1:] + r[:-1]).sum() / 320 for r in y], dtype=object)


DECAY = np.array([0.7, 2.0, 5.0])
INTEGRAL = Reference(lambda a: (1 - mp.exp(-a)) / a)
right(
    "quadrature_as_written",
    "vjp",
    trapezoid,
    trapezoid_vjp,
    DECAY,
    "The rule's own derivative.",
    Reference(mp_trapezoid),
)
wrong(
    "quadrature_by_the_integral",
    "vjp",
    trapezoid,
    integral_vjp,
    DECAY,
    "The integral's derivative for a rule with 160 cells: about 1e-5 off.",
    Reference(mp_trapezoid),
)
right(
    "quadrature_with_declared_accuracy",
    "vjp",
    trapezoid,
    integral_vjp,
    DECAY,
    "The same pair, with the rule's accuracy declared.",
    INTEGRAL,
    options={"accuracy": 5e-3},
    rounding=5e-3 / UNIT,
)
wrong(
    "quadrature_sign",
    "vjp",
    trapezoid,
    lambda c, a: -trapezoid_vjp(c, a),
    DECAY,
    "The exponent's sign is missing.",
    Reference(mp_trapezoid),
)


def decay_integral(a):
    safe = np.where(a == 0, 1.0, a)
    return np.where(a == 0, 1.0, -np.expm1(-safe) / safe)


def adaptive(a):
    def simpson(low, high, depth):
        def y(t):
            return np.exp(-a * t)

        middle = 0.5 * (low + high)
        whole = (high - low) / 6 * (y(low) + 4 * y(middle) + y(high))
        left = (middle - low) / 6 * (y(low) + 4 * y(0.5 * (low + middle)) + y(middle))
        right_half = (high - middle) / 6 * (y(middle) + 4 * y(0.5 * (middle + high)) + y(high))
        if depth == 0 or abs(left + right_half - whole) < 1e-6:
            return left + right_half
        return simpson(low, middle, depth - 1) + simpson(middle, high, depth - 1)

    return simpson(0.0, 1.0, 12)


right(
    "adaptive_quadrature",
    "gradient",
    adaptive,
    lambda a: integral_vjp(1.0, a),
    np.array(5.0),
    "AMICI PR #3226: an adaptive solver's noise agrees with itself at short steps.",
    Reference(lambda a: (1 - mp.exp(-a)) / a),
    options={"meant": decay_integral},
)
wrong(
    "adaptive_quadrature_term_lost",
    "gradient",
    adaptive,
    lambda a: (np.exp(-a) * a - 1) / a**2,
    np.array(5.0),
    "One term of the quotient rule is lost.",
    Reference(lambda a: (1 - mp.exp(-a)) / a),
    options={"meant": decay_integral},
)


# noise in the value
def six_digits(x):
    return np.round(np.sum(np.sin(x)), 6)


X = rng.standard_normal(5)
SINES = Reference(lambda x: mp.sin(x).sum())
right(
    "value_rounded_to_six_digits",
    "gradient",
    six_digits,
    np.cos,
    X,
    "FiniteDifferences' README: relative noise of 1e-6 ruins any difference with a short step.",
    SINES,
    options={"meant": lambda x: np.sum(np.sin(x))},
)
wrong(
    "value_rounded_to_six_digits_scaled",
    "gradient",
    six_digits,
    lambda x: np.cos(x) * 1.001,
    X,
    "One per mille, under noise of 1e-6.",
    SINES,
    options={"meant": lambda x: np.sum(np.sin(x))},
)


# an approximation with its ideal's derivative
def fast_tanh(x):
    t = x * x
    return x * (135135 + t * (17325 + t * (378 + t))) / (135135 + t * (62370 + t * (3150 + 28 * t)))


right(
    "rational_tanh_declared",
    "vjp",
    fast_tanh,
    lambda c, x: c * (1 - np.tanh(x) ** 2),
    X,
    "FastPower.jl PR #58: an approximation with the exact function's derivative, its accuracy declared.",
    Reference(mp.tanh),
    options={"meant": np.tanh},
)
FAST = Reference(
    lambda x: (
        x * (135135 + x**2 * (17325 + x**2 * (378 + x**2))) / (135135 + x**2 * (62370 + x**2 * (3150 + 28 * x**2)))
    )
)
wrong(
    "rational_tanh_undeclared",
    "vjp",
    fast_tanh,
    lambda c, x: c * (1 - np.tanh(x) ** 2),
    2.5 + np.abs(X),
    "The exact function's derivative for an approximation that is 1e-5 to 1e-3 off here.",
    FAST,
)


# conjugate gradients until the residual is small
S = (lambda R: R @ R.T + 3 * np.eye(4))(rng.standard_normal((4, 4)))


def conjugate_gradients(b):
    x, r = np.zeros_like(b), b.copy()
    p, rho = r.copy(), r @ r
    for _ in range(50):
        if rho <= 1e-28 * (b @ b):
            break
        q = S @ p
        step = rho / (p @ q)
        x, r = x + step * p, r - step * q
        p, rho = r + (r @ r) / rho * p, r @ r
    return x


def direct(b):
    return np.linalg.solve(S, b)


CG = Reference(lambda b: mp.solve(mp.lift(S), b))
right(
    "conjugate_gradients",
    "vjp",
    conjugate_gradients,
    lambda c, _b: conjugate_gradients(c),
    X[:4],
    "A symmetric solve is its own adjoint.",
    CG,
    options={"meant": direct},
)
wrong(
    "conjugate_gradients_product",
    "vjp",
    conjugate_gradients,
    lambda c, _b: S @ c,
    X[:4],
    "S c in place of S^-1 c.",
    CG,
    options={"meant": direct},
)


# a chaotic map, a fixed number of steps
def logistic_map(x, r):
    for _ in range(6):
        x = r * x * (1 - x)
    return x


def logistic_map_jvp(primals, tangents, both=True):
    (x, r), (dx, dr) = primals, tangents
    for _ in range(6):
        x, dx = r * x * (1 - x), r * (1 - 2 * x) * dx + (x * (1 - x) * dr if both else 0)
    return x, dx


def mp_logistic_map(x, r):
    for _ in range(6):
        x = r * x * (1 - x)
    return x


ORBIT = (np.array([0.2, 0.4, 0.7]), np.array([3.7, 3.9, 2.5]))
right(
    "logistic_map",
    "jvp",
    logistic_map,
    logistic_map_jvp,
    ORBIT,
    "Six chaotic steps, value and tangent.",
    Reference(mp_logistic_map),
)
wrong(
    "logistic_map_rate_ignored",
    "jvp",
    logistic_map,
    lambda p, t: logistic_map_jvp(p, t, both=False),
    ORBIT,
    "The rate's direct share is missing in each step.",
    Reference(mp_logistic_map),
)
