"""Whole programs of real libraries: solvers, dynamic programs, splines, caches, narrow floats, 0-d and empty arrays."""

import functools
import math

import numpy as np

from .. import truth as mp
from ..item import Category
from ..truth import Reference

CATEGORY = Category("library programs")
right, wrong = CATEGORY.right, CATEGORY.wrong
rng = np.random.default_rng(2207)
X = rng.standard_normal(5)


# forward algorithm of a left-to-right chain, in logarithms, from (0, -inf, -inf, -inf)
def chain(e):
    a = np.array([0.0, -np.inf, -np.inf, -np.inf])
    for row in e:
        a = row + np.logaddexp(a, np.concatenate([[-np.inf], a[:-1]]))
    return a[-1]


def chain_gradient(e, guarded=True):
    a, steps = np.array([0.0, -np.inf, -np.inf, -np.inf]), []
    for row in e:
        moved = np.concatenate([[-np.inf], a[:-1]])
        total = np.logaddexp(a, moved)
        with np.errstate(all="ignore"):
            stay, move = np.exp(a - total), np.exp(moved - total)
        if guarded:
            stay, move = (np.where(np.isfinite(total), w, 0.0) for w in (stay, move))
        steps.append((stay, move))
        a = row + total
    g, pull = np.zeros_like(e), np.array([0.0, 0.0, 0.0, 1.0])
    for t in range(len(e) - 1, -1, -1):
        g[t] = pull
        stay, move = steps[t]
        pull = pull * stay + np.append(pull[1:] * move[1:], 0.0)
    return g


def mp_chain(e):
    a = [mp.mpf(1), mp.mpf(0), mp.mpf(0), mp.mpf(0)]
    for row in e:
        a = [mp.mpmath.exp(row[j]) * (a[j] + (a[j - 1] if j else 0)) for j in range(4)]
    return mp.mpmath.log(a[-1])


EMISSIONS = rng.standard_normal((5, 4))
CHAIN = Reference(mp_chain)
right("chain_from_minus_infinity", "gradient", chain, chain_gradient, EMISSIONS, "Unreachable: weight 0.", CHAIN)
wrong(
    "chain_from_minus_infinity_nan",
    "gradient",
    chain,
    lambda e: chain_gradient(e, guarded=False),
    EMISSIONS,
    "pytorch #31829, #49724: exp(-inf - (-inf)) is NaN in the weights of states that no path reaches yet.",
    CHAIN,
)


# integrate y' = a sin(t) y - y^2 from t0 to t1 in eight midpoint steps
def rate(t, y, a):
    return a * np.sin(t) * y - y * y


def integrate(y, a, t0, t1):
    h = (t1 - t0) / 8
    for k in range(8):
        t = t0 + k * h
        y = y + h * rate(t + h / 2, y + h / 2 * rate(t, y, a), a)
    return y


def integrate_gradient(y, a, t0, t1, start=1.0, state=1.0):
    """Forward sensitivities of the discrete steps: columns y, a, t0, t1."""
    h = (t1 - t0) / 8
    dh = np.array([0.0, 0.0, -1 / 8, 1 / 8])
    dt0, da = np.array([0.0, 0.0, 1.0, 0.0]), np.array([0.0, 1.0, 0.0, 0.0])
    dy = np.array([1.0, 0.0, 0.0, 0.0])

    def drate(t, y, dt, dy):
        return da * np.sin(t) * y + a * np.cos(t) * y * dt + (a * np.sin(t) - 2 * y) * dy

    for k in range(8):
        t, dt = t0 + k * h, dt0 + k * dh
        f, df = rate(t, y, a), drate(t, y, dt, dy)
        m, dm = y + h / 2 * f, dy + dh / 2 * f + h / 2 * df
        s = t + h / 2
        dy = dy + dh * rate(s, m, a) + h * drate(s, m, dt + dh / 2, dm)
        y = y + h * rate(s, m, a)
    gy, ga, g0, g1 = dy
    return np.asarray(state * gy), np.asarray(ga), np.asarray(start * g0), np.asarray(g1)


def mp_integrate(y, a, t0, t1):
    h = (t1 - t0) / 8

    def f(t, y):
        return a * mp.mpmath.sin(t) * y - y * y

    for k in range(8):
        t = t0 + k * h
        y = y + h * f(t + h / 2, y + h / 2 * f(t, y))
    return y


SPAN = tuple(np.array(v) for v in (0.8, 1.3, 0.2, 1.7))
ODE = Reference(lambda y, a, t0, t1: mp_integrate(*(np.ravel(v)[0] for v in (y, a, t0, t1))))
right("ode_all_arguments", "gradient", integrate, integrate_gradient, SPAN, "Start, rate, both times.", ODE)
wrong(
    "ode_start_time_unset",
    "gradient",
    integrate,
    lambda *p: integrate_gradient(*p, start=0.0),
    SPAN,
    "stan-dev/math #1833: the gradient with respect to t0 was never set.",
    ODE,
)
wrong(
    "ode_initial_state_sign",
    "gradient",
    integrate,
    lambda *p: integrate_gradient(*p, state=-1.0),
    SPAN,
    "SciMLSensitivity.jl #543: du0 came with the wrong sign.",
    ODE,
)
wrong(
    "ode_start_time_as_continuous",
    "gradient",
    integrate,
    lambda y, a, t0, t1: (
        *integrate_gradient(y, a, t0, t1)[:2],
        np.asarray(-rate(t0, y, a) * integrate_gradient(y, a, t0, t1)[0]),
        integrate_gradient(y, a, t0, t1)[3],
    ),
    SPAN,
    "The exact flow's rule -f(t0, y0) dL/dy0 for eight discrete steps.",
    ODE,
)


# implicit layers
W = 0.25 * rng.standard_normal((5, 5))


def equilibrium(x):
    z = np.zeros_like(x)
    for _ in range(80):
        z = np.tanh(W @ z + x)
    return z


def equilibrium_vjp(c, x, terms=None):
    s = 1 - equilibrium(x) ** 2
    J = s[:, None] * W
    if terms is None:
        return s * np.linalg.solve((np.eye(5) - J).T, c)
    v = term = c
    for _ in range(terms):
        term = J.T @ term
        v = v + term
    return s * v


def mp_equilibrium(x):
    z, w = x * 0, mp.lift(W)
    for _ in range(80):
        z = mp.tanh(w @ z + x)
    return z


DEQ = Reference(mp_equilibrium)
right("equilibrium_layer", "vjp", equilibrium, equilibrium_vjp, X, "Implicit, 80 iterations.", DEQ)
wrong(
    "equilibrium_layer_neumann_five",
    "vjp",
    equilibrium,
    lambda c, x: equilibrium_vjp(c, x, terms=5),
    X,
    "Five terms of the Neumann series.",
    DEQ,
)


def simplex_projection(x):
    """The nearest point of the simplex (sparsemax)."""
    s = np.sort(x)[::-1]
    k = np.arange(1, len(x) + 1)
    count = np.sum(1 + k * s > np.cumsum(s))
    return np.maximum(x - (np.sum(s[:count]) - 1) / count, 0)


def simplex_projection_vjp(c, x, support_only=True):
    on = simplex_projection(x) > 0
    return on * (c - (c[on].mean() if support_only else c.mean()))


def mp_simplex_projection(x):
    s = sorted(x, reverse=True)
    count = max(k for k in range(1, len(s) + 1) if 1 + k * s[k - 1] > sum(s[:k]))
    shift = (sum(s[:count]) - 1) / count
    return np.array([max(v - shift, mp.mpf(0)) for v in x], dtype=object)


SPARSEMAX = Reference(mp_simplex_projection)
NEAR = np.array([0.3, -0.9, 0.55, 0.1, -0.2])
right("sparsemax", "vjp", simplex_projection, simplex_projection_vjp, NEAR, "Mean over the support.", SPARSEMAX)
wrong(
    "sparsemax_mean_over_all",
    "vjp",
    simplex_projection,
    lambda c, x: simplex_projection_vjp(c, x, support_only=False),
    NEAR,
    "Mean over all entries.",
    SPARSEMAX,
)
H = (lambda R: R @ R.T + np.eye(3))(rng.standard_normal((3, 3)))


def quadratic_program(q, A, b):
    """argmin x'Hx/2 + q'x subject to Ax = b, through its KKT matrix."""
    m = len(b)
    K = np.block([[H, A.T], [A, np.zeros((m, m))]])
    return np.linalg.solve(K, np.concatenate([-q, b]))[: len(q)]


def quadratic_program_vjp(c, q, A, b, dual=True):
    n, m = len(q), len(b)
    K = np.block([[H, A.T], [A, np.zeros((m, m))]])
    s = np.linalg.solve(K, np.concatenate([-q, b]))
    lam = np.linalg.solve(K.T, np.concatenate([c, np.zeros(m)]))
    gA = -np.outer(lam[n:], s[:n])
    if dual:
        gA -= np.outer(s[n:], lam[:n])
    return -lam[:n], gA, lam[n:]


def mp_quadratic_program(q, A, b):
    m = len(b)
    zero = np.full((m, m), mp.mpf(0), dtype=object)
    K = np.concatenate([np.concatenate([mp.lift(H), A.T], axis=1), np.concatenate([A, zero], axis=1)])
    return mp.solve(K, np.concatenate([-q, b]))[: len(q)]


QP = Reference(mp_quadratic_program)
CONSTRAINED = (rng.standard_normal(3), rng.standard_normal((2, 3)), rng.standard_normal(2))
right("quadratic_program", "vjp", quadratic_program, quadratic_program_vjp, CONSTRAINED, "Primal and dual.", QP)
wrong(
    "quadratic_program_dual_forgotten",
    "vjp",
    quadratic_program,
    lambda c, q, A, b: quadratic_program_vjp(c, q, A, b, dual=False),
    CONSTRAINED,
    "The multipliers' share of the constraint matrix's gradient is missing.",
    QP,
)


def eccentric_anomaly(m, e):
    E = m
    for _ in range(50):
        step = (E - e * math.sin(E) - m) / (1 - e * math.cos(E))
        E = E - step
        if abs(step) < 1e-15:
            break
    return E


def eccentric_gradient(m, e, sign=1.0):
    E = eccentric_anomaly(float(m), float(e))
    slope = 1 / (1 - e * math.cos(E))
    return np.asarray(slope), np.asarray(sign * math.sin(E) * slope)


KEPLER = Reference(
    lambda m, e: mp.mpmath.findroot(
        lambda E: E - np.ravel(e)[0] * mp.mpmath.sin(E) - np.ravel(m)[0], mp.mpf(2), tol=mp.mpf(10) ** -110
    )
)
ORBIT = (np.array(1.7), np.array(0.4))


def kepler(m, e):
    return eccentric_anomaly(float(m), float(e))


right("kepler_equation", "gradient", kepler, eccentric_gradient, ORBIT, "Newton on floats, implicit rule.", KEPLER)
wrong(
    "kepler_equation_sign",
    "gradient",
    kepler,
    lambda m, e: eccentric_gradient(m, e, sign=-1.0),
    ORBIT,
    "The eccentricity's sign.",
    KEPLER,
)


# splines and polynomials
KNOTS = np.array([0.0, 1.0, 2.5, 3.0, 4.2])


def spline_curvature(y):
    """Natural cubic spline: second derivatives at the knots."""
    h = np.diff(KNOTS)
    M = np.eye(5)
    r = np.zeros((5, 5))
    for i in range(1, 4):
        M[i, i - 1 : i + 2] = h[i - 1] / 6, (h[i - 1] + h[i]) / 3, h[i] / 6
        r[i, i - 1 : i + 2] = 1 / h[i - 1], -1 / h[i - 1] - 1 / h[i], 1 / h[i]
    return np.linalg.solve(M, r @ y) if y is not None else np.linalg.solve(M, r)


def spline(q, y):
    m, h = spline_curvature(y), np.diff(KNOTS)
    i = np.clip(np.searchsorted(KNOTS, q) - 1, 0, 3)
    a = (KNOTS[i + 1] - q) / h[i]
    b = 1 - a
    return a * y[i] + b * y[i + 1] + ((a**3 - a) * m[i] + (b**3 - b) * m[i + 1]) * h[i] ** 2 / 6


def spline_vjp(c, q, y, bend=1 / 6, through=True):
    m, h = spline_curvature(y), np.diff(KNOTS)
    i = np.clip(np.searchsorted(KNOTS, q) - 1, 0, 3)
    a = (KNOTS[i + 1] - q) / h[i]
    b = 1 - a
    gq = (y[i + 1] - y[i]) / h[i] + bend * h[i] * ((3 * b * b - 1) * m[i + 1] - (3 * a * a - 1) * m[i])
    gy, gm = np.zeros(5), np.zeros(5)
    for place, weight, curve in ((i, a, a**3 - a), (i + 1, b, b**3 - b)):
        np.add.at(gy, place, c * weight)
        np.add.at(gm, place, c * curve * h[i] ** 2 / 6)
    return c * gq, gy + (spline_curvature(None).T @ gm if through else 0.0)


def mp_spline(q, y):
    knots = mp.lift(KNOTS)
    h = knots[1:] - knots[:-1]
    M, r = mp.lift(np.eye(5)), [mp.mpf(0)] * 5
    for i in range(1, 4):
        M[i, i - 1], M[i, i], M[i, i + 1] = h[i - 1] / 6, (h[i - 1] + h[i]) / 3, h[i] / 6
        r[i] = (y[i + 1] - y[i]) / h[i] - (y[i] - y[i - 1]) / h[i - 1]
    m = mp.solve(M, np.array(r, dtype=object))
    out = []
    for v in q:
        i = max(k for k in range(4) if knots[k] <= v)
        a = (knots[i + 1] - v) / h[i]
        b = 1 - a
        out.append(a * y[i] + b * y[i + 1] + ((a**3 - a) * m[i] + (b**3 - b) * m[i + 1]) * h[i] ** 2 / 6)
    return np.array(out, dtype=object)


CURVE = (np.array([0.3, 1.9, 2.7, 4.0]), rng.standard_normal(5))
SPLINE = Reference(mp_spline)
right("natural_spline", "vjp", spline, spline_vjp, CURVE, "Places and values.", SPLINE)
wrong(
    "natural_spline_sixth_rounded",
    "vjp",
    spline,
    lambda c, q, y: spline_vjp(c, q, y, bend=0.1667),
    CURVE,
    "0.1667 for 1/6 in the curvature's share of the slope.",
    SPLINE,
)
wrong(
    "natural_spline_curvature_constant",
    "vjp",
    spline,
    lambda c, q, y: spline_vjp(c, q, y, through=False),
    CURVE,
    "The second derivatives depend on the values, too.",
    SPLINE,
)


def polynomial_vjp(c, p, x, reverse=True):
    powers = np.vander(x, len(p), increasing=not reverse)
    return c @ powers, c * np.polyval(np.polyder(p), x)


POLYNOMIAL = Reference(lambda p, x: sum(v * x ** (len(p) - 1 - k) for k, v in enumerate(p)))
PX = (X[:4], rng.standard_normal(3))
right("polyval_both_arguments", "vjp", np.polyval, polynomial_vjp, PX, "Highest power first.", POLYNOMIAL)
wrong(
    "polyval_powers_increasing",
    "vjp",
    np.polyval,
    lambda c, p, x: polynomial_vjp(c, p, x, reverse=False),
    PX,
    "Lowest power first.",
    POLYNOMIAL,
)


def chebyshev(x):
    a, b = np.ones_like(x), x
    for _ in range(4):
        a, b = b, 2 * x * b - a
    return b


def chebyshev_vjp(c, x, factor=5):
    a, b = np.ones_like(x), 2 * x
    for _ in range(3):
        a, b = b, 2 * x * b - a
    return c * factor * b


INSIDE = np.array([-0.9, 0.1, 0.6])
T5 = Reference(lambda x: 16 * x**5 - 20 * x**3 + 5 * x)
right("chebyshev_by_recurrence", "vjp", chebyshev, chebyshev_vjp, INSIDE, "T5' = 5 U4.", T5)
wrong("chebyshev_factor", "vjp", chebyshev, lambda c, x: chebyshev_vjp(c, x, 4), INSIDE, "4 U4.", T5)


def smoothing(x, a):
    y, out = x[0], [x[0]]
    for v in x[1:]:
        y = a * v + (1 - a) * y
        out.append(y)
    return np.array(out)


def smoothing_vjp(c, x, a, whole=True):
    y = smoothing(x, a)
    gx, ga, pull = np.zeros_like(x), 0.0, 0.0
    for t in range(len(x) - 1, 0, -1):
        pull = pull + c[t]
        gx[t] = a * pull
        ga += pull * (x[t] - y[t - 1])
        pull = (1 - a) * pull if whole else 0.0
    gx[0] = pull + c[0]
    return gx, np.asarray(ga)


def mp_smoothing(x, a):
    out = [x[0]]
    for v in x[1:]:
        out.append(a * v + (1 - a) * out[-1])
    return np.array([np.ravel(v)[0] for v in out], dtype=object)


SERIES = (X, np.array(0.3))
EWM = Reference(mp_smoothing)
right("exponential_smoothing", "vjp", smoothing, smoothing_vjp, SERIES, "Through all later steps.", EWM)
wrong(
    "exponential_smoothing_one_step",
    "vjp",
    smoothing,
    lambda c, x, a: smoothing_vjp(c, x, a, whole=False),
    SERIES,
    "Each output's gradient stops after one step.",
    EWM,
)


# scalar formulas on 0-d arrays
def cdf(z):
    return 0.5 * (1 + math.erf(z / math.sqrt(2)))


def call_price(s, k, t, r, v):
    d1 = (math.log(s / k) + (r + v * v / 2) * t) / (v * math.sqrt(t))
    return s * cdf(d1) - k * math.exp(-r * t) * cdf(d1 - v * math.sqrt(t))


def greeks(s, k, t, r, v, second=True):
    root = math.sqrt(t)
    d1 = (math.log(s / k) + (r + v * v / 2) * t) / (v * root)
    d2, discount = d1 - v * root, k * math.exp(-r * t)
    density = math.exp(-d1 * d1 / 2) / math.sqrt(2 * math.pi)
    tail = cdf(d2) if second else cdf(d1)
    theta = s * density * v / (2 * root) + r * discount * cdf(d2)
    answers = cdf(d1), -discount / k * cdf(d2), theta, t * discount * tail, s * density * root
    return tuple(np.asarray(a) for a in answers)


def mp_call_price(*p):
    s, k, t, r, v = (np.ravel(a)[0] for a in p)
    m = mp.mpmath
    d1 = (m.log(s / k) + (r + v * v / 2) * t) / (v * m.sqrt(t))
    return s * m.ncdf(d1) - k * m.exp(-r * t) * m.ncdf(d1 - v * m.sqrt(t))


OPTION = tuple(np.array(v) for v in (105.0, 100.0, 0.75, 0.03, 0.25))
PRICE = Reference(mp_call_price)
right("option_price_by_math", "gradient", call_price, greeks, OPTION, "Five 0-d inputs, the math module.", PRICE)
wrong(
    "option_price_rho",
    "gradient",
    call_price,
    lambda *p: greeks(*p, second=False),
    OPTION,
    "rho with N(d1) for N(d2).",
    PRICE,
)


def haversine(p, q):
    a = np.sin((p[0] - q[0]) / 2) ** 2 + np.cos(p[0]) * np.cos(q[0]) * np.sin((p[1] - q[1]) / 2) ** 2
    return 2 * np.arcsin(np.sqrt(a))


def haversine_gradient(p, q, latitude=True):
    s = np.sin((p[1] - q[1]) / 2) ** 2
    a = np.sin((p[0] - q[0]) / 2) ** 2 + np.cos(p[0]) * np.cos(q[0]) * s
    outer = 1 / np.sqrt(a * (1 - a))
    lat, lon = np.sin(p[0] - q[0]) / 2, np.cos(p[0]) * np.cos(q[0]) * np.sin(p[1] - q[1]) / 2
    bend = s if latitude else 0.0
    return (
        outer * np.array([lat - np.sin(p[0]) * np.cos(q[0]) * bend, lon]),
        outer * np.array([-lat - np.cos(p[0]) * np.sin(q[0]) * bend, -lon]),
    )


def mp_haversine(p, q):
    m = mp.mpmath
    a = m.sin((p[0] - q[0]) / 2) ** 2 + m.cos(p[0]) * m.cos(q[0]) * m.sin((p[1] - q[1]) / 2) ** 2
    return 2 * m.asin(m.sqrt(a))


PLACES = (np.array([0.8, 0.15]), np.array([0.6, -0.4]))
EARTH = Reference(mp_haversine)
right("haversine", "gradient", haversine, haversine_gradient, PLACES, "Latitudes twice.", EARTH)
wrong(
    "haversine_cosines_constant",
    "gradient",
    haversine,
    lambda p, q: haversine_gradient(p, q, latitude=False),
    PLACES,
    "The cosines of the latitudes are held constant.",
    EARTH,
)
SCALED = Reference(lambda a, b: a * mp.exp(b))
ZERO_D = (np.array(0.7), np.array(-0.4))
right(
    "zero_d_pair",
    "gradient",
    lambda a, b: a * np.exp(b),
    lambda a, b: (np.asarray(np.exp(b)), np.asarray(a * np.exp(b))),
    ZERO_D,
    "0-d in, 0-d out.",
    SCALED,
)
wrong(
    "zero_d_pair_answered_in_one_d",
    "gradient",
    lambda a, b: a * np.exp(b),
    lambda a, b: (np.atleast_1d(np.exp(b)), np.atleast_1d(a * np.exp(b))),
    ZERO_D,
    "Shape (1,) for an input of shape ().",
    SCALED,
)


# empty arrays
def masked_fit(x, w, y):
    return np.sum((x @ w - y) ** 2) + np.sum(w * w)


EMPTY = (np.zeros((0, 3)), rng.standard_normal(3), np.zeros(0))
FIT = Reference(
    lambda x, w, y: sum(((row * w).sum() - t) ** 2 for row, t in zip(x, y, strict=True)) + (w * w).sum(),
)


def masked_fit_gradient(x, w, y):
    r = 2 * (x @ w - y)
    return np.outer(r, w), x.T @ r + 2 * w, -r


def masked_fit_gradient_averaged(x, w, y):
    r = 2 * (x @ w - y)
    with np.errstate(all="ignore"):
        return np.outer(r, w), (x.T @ r) / len(x) * len(x) + 2 * w, -r


right("no_samples", "gradient", masked_fit, masked_fit_gradient, EMPTY, "The penalty alone remains.", FIT)
wrong(
    "no_samples_divided_by_their_number",
    "gradient",
    masked_fit,
    masked_fit_gradient_averaged,
    EMPTY,
    "0/0 times 0.",
    FIT,
)


# narrow floats
def narrow_loss(x):
    return np.mean(np.log1p(x * x))


NARROW = rng.standard_normal(9).astype(np.float32)
NARROW_LOSS = Reference(lambda x: mp.log1p(x * x).mean())
right(
    "float32_in_float32_out",
    "gradient",
    narrow_loss,
    lambda x: (2 * x / (1 + x * x) / np.float32(x.size)).astype(np.float32),
    NARROW,
    "All in float32.",
    NARROW_LOSS,
)
wrong(
    "float32_small_term_lost",
    "gradient",
    narrow_loss,
    lambda x: (2 * x / (1 + x * x * np.float32(1.0001)) / np.float32(x.size)).astype(np.float32),
    NARROW,
    "1e-4 of a small term, at float32.",
    NARROW_LOSS,
    rounding=2.0,
)
HALVES = np.array([0.5, -1.25, 2.0, 6.0, 40.0], dtype=np.float16)


def half_energy(x):
    return np.sum(x.astype(np.float32) ** 2) / 16


def half_energy_gradient(x, scale=64.0):
    scaled = (x.astype(np.float32) * np.float32(scale / 8)).astype(np.float16)
    return (scaled.astype(np.float32) / np.float32(scale)).astype(np.float16)


HALF = Reference(lambda x: (x * x).sum() / 16)
right("float16_loss_scaling", "gradient", half_energy, half_energy_gradient, HALVES, "Scaled by 64.", HALF)
wrong(
    "float16_loss_scaling_overflows",
    "gradient",
    half_energy,
    lambda x: half_energy_gradient(x, scale=65536.0),
    HALVES,
    "Scaled by 65536: the largest entry overflows.",
    HALF,
)


# caches, buffers, unusual but right
@functools.lru_cache(maxsize=8)
def _cube_slope(content, shape):
    return 3 * np.frombuffer(content).reshape(shape) ** 2


right(
    "cached_by_bytes_and_shape",
    "vjp",
    lambda x: x**3,
    lambda c, x: c * _cube_slope(np.ascontiguousarray(x).tobytes(), x.shape),
    X,
    "functools.lru_cache over the content.",
    Reference(lambda x: x**3),
)


class Rounded:
    """Remembers slopes by inputs rounded to three digits."""

    def __init__(self):
        self.known = {}

    def vjp(self, c, x):
        key = np.round(x, 3).tobytes()
        if key not in self.known:
            self.known[key] = 3 * np.array(x) ** 2
        return c * self.known[key]


wrong(
    "cached_by_rounded_input",
    "vjp",
    lambda x: x**3,
    Rounded().vjp,
    np.round(X, 3),
    "A neighbour within half a thousandth gets the slope of the first that came.",
    Reference(lambda x: x**3, at=((np.round(X, 3) + 2e-4,),)),
)


class Workspace:
    """Computes in buffers of its own and hands out copies."""

    def __init__(self):
        self.room = {}

    def vjp(self, c, x):
        room = self.room.setdefault(x.shape, np.empty(x.shape))
        np.tanh(x, out=room)
        np.multiply(room, room, out=room)
        np.subtract(1, room, out=room)
        np.multiply(room, c, out=room)
        return room.copy()


right("workspace_copied_out", "vjp", np.tanh, Workspace().vjp, X, "In place, in its own rooms.", Reference(mp.tanh))


class Checkpointed:
    """Keeps the input alone and recomputes the middle; the stale one keeps the middle of its first call's shape."""

    def __init__(self, stale=False):
        self.stale, self.middle = stale, None

    def vjp(self, c, x):
        if self.middle is None or not self.stale:
            self.middle = np.sin(x)
        y = self.middle
        return c * np.exp(y) * np.cos(x)


EXPSIN = Reference(lambda x: mp.exp(mp.sin(x)), at=((1.25 * X,),))
right("checkpoint_recomputed", "vjp", lambda x: np.exp(np.sin(x)), Checkpointed().vjp, X, "Recomputed.", EXPSIN)
wrong(
    "checkpoint_of_the_first_call",
    "vjp",
    lambda x: np.exp(np.sin(x)),
    Checkpointed(stale=True).vjp,
    X,
    "The stored middle of the first call serves all later ones.",
    EXPSIN,
)
right(
    "unused_input_answered_none",
    "vjp",
    lambda x, unused: x * x,
    lambda c, x, unused: (2 * c * x, None),
    (X, X[:2]),
    "None where an input has no influence.",
    Reference(lambda x, unused: x * x),
)
right(
    "rows_by_apply_along_axis",
    "vjp",
    lambda x: np.apply_along_axis(lambda r: r / r.sum(), 1, x),
    lambda c, x: (c - (c * x).sum(1, keepdims=True) / x.sum(1, keepdims=True)) / x.sum(1, keepdims=True),
    rng.uniform(0.5, 1.5, (3, 4)),
    "A Python function per row.",
    Reference(lambda x: x / x.sum(axis=1, keepdims=True)),
)


def pieces(x):
    return np.piecewise(x, [x < -0.5, x > 0.5], [lambda v: -1 - v, np.square, lambda v: 3 * v])


def pieces_vjp(c, x, top=2.0):
    return c * np.select([x < -0.5, x > 0.5], [-1.0 + 0 * x, top * x], 3.0)


PIECES = Reference(
    np.frompyfunc(lambda v: -1 - v if v < mp.mpf("-0.5") else v * v if v > mp.mpf("0.5") else 3 * v, 1, 1)
)
LINE = np.array([-1.2, -0.3, 0.2, 0.7, 1.5])
right("piecewise_and_select", "vjp", pieces, pieces_vjp, LINE, "numpy.piecewise, answered by numpy.select.", PIECES)
wrong("piecewise_one_piece", "vjp", pieces, lambda c, x: pieces_vjp(c, x, top=1.0), LINE, "x for 2x.", PIECES)
