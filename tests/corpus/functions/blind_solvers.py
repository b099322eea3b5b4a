"""Roots, systems, plans and orbits inside f; gradients right to some digits; guards, branches, ties, unit vectors."""

import numpy as np
from scipy.integrate import solve_ivp
from scipy.optimize import brentq, newton
from scipy.sparse.linalg import cg

from .. import truth as mp
from ..item import Category
from ..truth import Hull, LabelledByIntent, Reference

CATEGORY = Category("blind solvers")
right, wrong = CATEGORY.right, CATEGORY.wrong
rng = np.random.default_rng(2001)
UNIT = 2.0**-53
mpf, mpm = mp.mpf, mp.mpmath

# friction in pipes: 1 / sqrt(f) = -2 log10(rough / 3.7 + 2.51 / (Re sqrt(f)))
REYNOLDS = np.array([2e4, 1e5, 8e5])
ROUGH = np.array([0.01, 0.004, 0.0005])


def resistance(rough):
    """s = 1 / sqrt(friction), by the secant method."""
    return newton(lambda s: s + 2 * np.log10(rough / 3.7 + 2.51 * s / REYNOLDS), np.full(3, 6.0))


def resistance_vjp(c, rough, both=True):
    s = resistance(rough)
    inner = rough / 3.7 + 2.51 * s / REYNOLDS
    outer = 2 / np.log(10) / inner
    return -c * outer / 3.7 / (1 + outer * 2.51 / REYNOLDS) if both else -c * outer / 3.7


def mp_resistance(rough):
    def one(k, reynolds):
        def gap(s):
            return s + 2 * mpm.log10(k / mpf(3.7) + mpf(2.51) * s / reynolds)

        return mpm.findroot(gap, 6)

    return np.array([one(k, mpf(r)) for k, r in zip(rough, REYNOLDS, strict=True)], dtype=object)


PIPES = Reference(mp_resistance)
right(
    "pipe_friction_secant", "vjp", resistance, resistance_vjp, ROUGH,
    "newton without fprime, and the implicit slope at its root.", PIPES, rounding=1e-10 / UNIT,
)  # fmt: skip
wrong(
    "pipe_friction_secant_explicit_part", "vjp", resistance, lambda c, k: resistance_vjp(c, k, False), ROUGH,
    "The root's own presence in the equation is forgotten.", PIPES, rounding=1e-10 / UNIT,
)  # fmt: skip

# the ridge of a regression, tuned on other data
TRAIN, TARGETS = rng.standard_normal((40, 25)), rng.standard_normal(40)
OTHER, OTHER_TARGETS = rng.standard_normal((15, 25)), rng.standard_normal(15)
RIDGE = np.array([0.7])


def validation(ridge):
    A = TRAIN.T @ TRAIN + ridge[0] * np.eye(25)
    w = np.linalg.solve(A, TRAIN.T @ TARGETS)
    return 0.5 * np.sum((OTHER @ w - OTHER_TARGETS) ** 2)


def validation_gradient(ridge, rtol, maxiter=None):
    A = TRAIN.T @ TRAIN + ridge[0] * np.eye(25)
    w = np.linalg.solve(A, TRAIN.T @ TARGETS)
    q, _ = cg(A, OTHER.T @ (OTHER @ w - OTHER_TARGETS), rtol=rtol, atol=0.0, maxiter=maxiter)
    return np.array([-(q @ w)])


def mp_validation(ridge):
    A, b = mp.lift(TRAIN), mp.lift(TARGETS)
    w = mp.solve(A.T @ A + ridge[0] * np.eye(25, dtype=int), A.T @ b)
    return ((mp.lift(OTHER) @ w - mp.lift(OTHER_TARGETS)) ** 2).sum() / 2


VALIDATION = Reference(mp_validation)
for digits in (12, 10, 8):
    right(
        f"ridge_hypergradient_by_cg_1e-{digits}", "gradient", validation,
        lambda r, rtol=10.0**-digits: validation_gradient(r, rtol), RIDGE,
        f"cg(rtol=1e-{digits}) for the adjoint.", VALIDATION, rounding=10.0 ** (1 - digits) / UNIT,
    )  # fmt: skip
wrong(
    "ridge_hypergradient_by_cg_few_steps", "gradient", validation, lambda r: validation_gradient(r, 1e-12, 5), RIDGE,
    "Five steps of conjugate gradients.", VALIDATION,
)  # fmt: skip

# transport between points, plan held (as it may be)
HERE, THERE = rng.standard_normal((4, 2)), rng.standard_normal((3, 2))
MASS, WANT, EPS = np.array([0.1, 0.2, 0.3, 0.4]), np.array([0.5, 0.25, 0.25]), 0.5


def plan_of(x):
    C = np.sum((x[:, None] - THERE[None]) ** 2, axis=2)
    K, v = np.exp(-C / EPS), np.ones(3)
    for _ in range(20000):
        u = MASS / (K @ v)
        v = WANT / (K.T @ u)
        if np.abs(u * (K @ v) - MASS).max() < 1e-9:
            return u, v, u[:, None] * K * v
    raise ArithmeticError("Sinkhorn's iteration did not converge")


def point_transport(x):
    u, v, _ = plan_of(x)
    return EPS * (MASS @ np.log(u) + WANT @ np.log(v))


def point_transport_gradient(x, factor=2.0):
    P = plan_of(x)[2]
    return factor * (P.sum(axis=1)[:, None] * x - P @ THERE)


def mp_point_transport(x):
    C = ((x[:, None] - mp.lift(THERE)[None]) ** 2).sum(axis=2)
    K, v = mp.exp(-2 * C), np.full(3, mpf(1))
    a, b = mp.lift(MASS), mp.lift(WANT)
    for _ in range(700):
        u = a / (K @ v)
        v = b / (K.T @ u)
    return ((a * mp.log(u)).sum() + (b * mp.log(v)).sum()) / 2


POINTS = Reference(mp_point_transport)
right(
    "sinkhorn_points_stopped_at_1e-9", "gradient", point_transport, point_transport_gradient, HERE,
    "The plan may be held constant in the dual value.", POINTS, rounding=2e-8 / UNIT,
)  # fmt: skip
wrong(
    "sinkhorn_points_half", "gradient", point_transport, lambda x: point_transport_gradient(x, 1.0), HERE,
    "The 2 of the squared distance is missing.", POINTS, rounding=2e-8 / UNIT,
)  # fmt: skip

# a damped spring by solve_ivp
SPRING = np.array([2.0, 0.4])  # stiffness, damping


def released(p):
    k, d = p
    done = solve_ivp(lambda t, s: [s[1], -k * s[0] - d * s[1]], (0, 2.0), [1.0, 0.0], rtol=1e-10, atol=1e-12)
    return done.y[0, -1]


def released_gradient(p, coupled=True):
    k, d = p

    def rates(t, s):
        x, v, xk, vk, xd, vd = s
        extra = -d * vd if coupled else 0.0
        return [v, -k * x - d * v, vk, -k * xk - d * vk - x, vd, -k * xd - v + extra]

    return solve_ivp(rates, (0, 2.0), [1.0, 0, 0, 0, 0, 0], rtol=1e-10, atol=1e-12).y[[2, 4], -1]


def mp_released(p):
    k, d = p
    w = mpm.sqrt(k - d * d / 4)
    return mpm.exp(-d) * (mpm.cos(2 * w) + d / (2 * w) * mpm.sin(2 * w))


RELEASED = Reference(mp_released)
right(
    "spring_by_solve_ivp", "gradient", released, released_gradient, SPRING, "Sensitivities beside the state.",
    RELEASED, rounding=1e-8 / UNIT,
)  # fmt: skip
wrong(
    "spring_by_solve_ivp_undamped_sensitivity", "gradient", released, lambda p: released_gradient(p, False), SPRING,
    "The sensitivity to the damping is itself not damped.", RELEASED, rounding=1e-8 / UNIT,
)  # fmt: skip

# flash of a mixture (Rachford and Rice) by brentq
FEED, RATIOS = np.array([0.3, 0.4, 0.3]), np.array([3.2, 1.4, 0.25])


def vapour(K):
    return brentq(lambda V: np.sum(FEED * (K - 1) / (1 + V * (K - 1))), 0.0, 1.0, xtol=1e-8)


def vapour_gradient(K, squared=2):
    V = vapour(K)
    bottom = 1 + V * (K - 1)
    by_ratio = FEED / bottom**2
    by_vapour = -np.sum(FEED * (K - 1) ** 2 / bottom**squared)
    return -by_ratio / by_vapour


VAPOUR = Reference(
    lambda K: mpm.findroot(
        lambda V: sum(mpf(z) * (k - 1) / (1 + V * (k - 1)) for z, k in zip(FEED, K, strict=True)), 0.6
    )
)
right(
    "flash_by_brentq", "gradient", vapour, vapour_gradient, RATIOS, "brentq(xtol=1e-8), implicit slope.", VAPOUR,
    rounding=1e-7 / UNIT,
)  # fmt: skip
wrong(
    "flash_by_brentq_unsquared", "gradient", vapour, lambda K: vapour_gradient(K, 1), RATIOS,
    "One denominator is not squared.", VAPOUR, rounding=1e-7 / UNIT,
)  # fmt: skip

# the distance of a planet, Kepler's equation by a loop that stops
SEASONS, SHAPE = np.array([0.3, 1.5, 2.6]), np.array(0.3)


def anomaly(M, e):
    E = M + e
    for _ in range(500):
        following = M + e * np.sin(E)
        if np.max(np.abs(following - E)) < 1e-14:
            return following
        E = following
    raise ArithmeticError("the iteration did not converge")


def distance(M, e):
    return 1 - e * np.cos(anomaly(M, e))


def distance_vjp(c, M, e, through=True):
    E = anomaly(M, e)
    dE = c * e * np.sin(E) / (1 - e * np.cos(E))
    return dE, (np.sum(dE * np.sin(E)) if through else 0.0) - np.sum(c * np.cos(E))


def mp_distance(M, e):
    E = M
    for _ in range(9):
        E = E - (E - e * mp.sin(E) - M) / (1 - e * mp.cos(E))
    return 1 - e * mp.cos(E)


ORBIT = Reference(mp_distance)
right(
    "kepler_distance", "vjp", distance, distance_vjp, (SEASONS, SHAPE), "Through the anomaly and beside it.", ORBIT,
)  # fmt: skip
wrong(
    "kepler_distance_explicit_eccentricity", "vjp", distance, lambda c, M, e: distance_vjp(c, M, e, False),
    (SEASONS, SHAPE), "The anomaly is held constant when e moves.", ORBIT,
)  # fmt: skip

# headings
BEARINGS = np.array([0.3, 2.1, -0.9, 1.4])
COURSES = np.array([1.9, 0.4, 0.8, 0.2])


def turning(a, b):
    return np.sum(np.arccos(np.cos(a - b)) ** 2)


TURNING = Reference(lambda a, b: (np.frompyfunc(mpm.acos, 1, 1)(mp.cos(a - b)) ** 2).sum())
right(
    "turning_below_pi", "gradient", turning, lambda a, b: (2 * (a - b), 2 * (b - a)), (BEARINGS, COURSES),
    "Differences below pi, where the angle is |a - b|.", TURNING,
)  # fmt: skip
wrong(
    "turning_beyond_pi", "gradient", turning, lambda a, b: (2 * (a - b), 2 * (b - a)),
    (BEARINGS + np.array([0, 2.0, 0, 0]), COURSES), "One difference is beyond pi.", TURNING,
)  # fmt: skip

# a density on the sphere
AXIS = np.array([0.6, 0.0, 0.8])
LOOK = np.array([0.28, -0.96, 0.0])


def von_mises_fisher(x):
    u = x / np.sqrt(x @ x)
    return 4.0 * u @ AXIS + (u @ AXIS) ** 2


VMF = Reference(lambda x: 4 * (x @ mp.lift(AXIS)) / mp.sqrt(x @ x) + (x @ mp.lift(AXIS)) ** 2 / (x @ x))


def vmf_gradient(x, project):
    g = (4.0 + 2 * (x @ AXIS)) * AXIS
    return g - x * (x @ g) if project else g


right(
    "sphere_density_tangent", "gradient", von_mises_fisher, lambda x: vmf_gradient(x, True), LOOK,
    "The tangent gradient at a unit vector.", VMF,
)  # fmt: skip
wrong(
    "sphere_density_not_tangent", "gradient", von_mises_fisher, lambda x: vmf_gradient(x, False), LOOK,
    "The norm is treated as constant.", VMF,
)  # fmt: skip

# log1p with a shortcut in its slope
YIELDS = np.array([0.0, 0.4, 1.3])


def log_growth(x):
    return np.log(1.0 + x) * np.array([1.0, 2.0, -1.0])


def shortcut(x, below):
    return np.where(np.abs(x) < below, 1 - x, 1 / (1 + x)) * np.array([1.0, 2.0, -1.0])


SMALL = (np.array([0.045, -0.03, 1.3]),)
GROWTH = Reference(lambda x: mp.log(1 + x) * np.array([1, 2, -1]), at=(SMALL,))
right(
    "log_growth_shortcut_1e-9", "vjp", log_growth, lambda c, x: c * shortcut(x, 1e-9), YIELDS,
    "1 - x below 1e-9 is right to the last digit.", GROWTH,
)  # fmt: skip
wrong(
    "log_growth_shortcut_0.05", "vjp", log_growth, lambda c, x: c * shortcut(x, 0.05), YIELDS,
    "1 - x below 0.05 is right at 0 alone.", GROWTH,
)  # fmt: skip

# a cubic spring with an end stop
STRETCH = np.array([0.5, -4.0, 7.5])
STOPPED = (np.array([0.5, -23.0, 31.0]),)


def stop_energy(x):
    return np.sum(np.clip(x, -20.0, 20.0) ** 4) / 4


STOP = Reference(lambda x: (mp.minimum(mp.maximum(x, mpf(-20)), mpf(20)) ** 4).sum() / 4, at=(STOPPED,))
right(
    "end_stop", "gradient", stop_energy, lambda x: np.where(np.abs(x) < 20, x**3, 0.0), STRETCH, "Flat beyond.", STOP,
)  # fmt: skip
wrong(
    "end_stop_pushes_on", "gradient", stop_energy, lambda x: np.clip(x, -20.0, 20.0) ** 3, STRETCH,
    "The force of the end goes on beyond it.", STOP,
)  # fmt: skip

# (1 - cos x) / x with a series below 1e-4
SWING = np.array([0.0, 5e-5, 1.2, -2.0])
SMALL_SWING = (np.array([2e-5, -8e-5, 5e-5, 4e-5]),)


def versine(x):
    small = np.abs(x) < 1e-4
    safe = np.where(small, 1.0, x)
    return np.where(small, x / 2 - x**3 / 24, 2 * np.sin(safe / 2) ** 2 / safe)


def versine_slope(x, low):
    small = np.abs(x) < 1e-4
    safe = np.where(small, 1.0, x)
    return np.where(small, low(x), np.sin(safe) / safe - 2 * np.sin(safe / 2) ** 2 / safe**2)


VERSINE = Reference(
    lambda x: np.array([2 * mpm.sin(v / 2) ** 2 / v if abs(v) > 1e-15 else v / 2 for v in x], dtype=object),
    at=(SMALL_SWING,),
)
right(
    "versine_series_below_1e-4", "vjp", versine, lambda c, x: c * versine_slope(x, lambda v: 0.5 - v * v / 8), SWING,
    "Series and formula meet at 1e-4.", VERSINE,
)  # fmt: skip
wrong(
    "versine_series_below_1e-4_constant", "vjp", versine, lambda c, x: c * versine_slope(x, lambda v: 1.0 + 0 * v),
    np.array([0.7, 1.2, -2.0, 0.3]), "The slope of the series is 1/2, and 1 was written.", VERSINE,
)  # fmt: skip

# guards and what is none
SHARE = np.array([0.2, 0.5, 0.05, 0.25])
LEVELS = rng.uniform(-1.5, 1.5, 5)


def log_likelihood(p):
    return np.sum(np.array([3.0, 1.0, 2.0, 4.0]) * np.log(np.maximum(p, 1e-10)))


right(
    "log_of_maximum_1e-10", "gradient", log_likelihood, lambda p: np.array([3.0, 1.0, 2.0, 4.0]) / p, SHARE,
    "The maximum does not bind.",
    Reference(lambda p: (np.array([3, 1, 2, 4]) * mp.log(mp.maximum(p, mpf(1e-10)))).sum()),
)  # fmt: skip


def floored_likelihood(p):
    return np.sum(np.array([3.0, 1.0, 2.0, 4.0]) * np.log(np.maximum(p, 0.1)))


wrong(
    "log_of_maximum_0.1", "gradient", floored_likelihood, lambda p: np.array([3.0, 1.0, 2.0, 4.0]) / p, SHARE,
    "A floor of 0.1 binds for the third share.",
    Reference(lambda p: (np.array([3, 1, 2, 4]) * mp.log(mp.maximum(p, mpf(0.1)))).sum()),
)  # fmt: skip


def fisher_z(r):
    r = np.clip(r, -1 + 1e-7, 1 - 1e-7)
    return np.arctanh(r)


def limited_fisher_z(r):
    r = np.clip(r, -0.8, 0.8)
    return np.arctanh(r)


def mp_fisher(bound):
    def value(r):
        r = mp.minimum(mp.maximum(r, -mpf(bound)), mpf(bound))
        return mp.log((1 + r) / (1 - r)) / 2

    return value


CORRELATIONS = np.array([0.3, -0.6, 0.75])
right(
    "fisher_z_clipped_at_1e-7", "vjp", fisher_z, lambda c, r: c / (1 - r * r), CORRELATIONS,
    "arctanh kept from its poles.", Reference(mp_fisher(1 - 1e-7)),
)  # fmt: skip
wrong(
    "fisher_z_clipped_at_0.8", "vjp", limited_fisher_z, lambda c, r: c / (1 - r * r), CORRELATIONS,
    "A limit of 0.8 is no guard.", Reference(mp_fisher(0.8), at=((np.array([0.3, -0.9, 0.85]),),)),
)  # fmt: skip


def relative_change(v):
    size = np.sqrt(np.sum(v * v)) + 1e-12
    return v / size


def softened_change(v):
    size = np.sqrt(np.sum(v * v)) + 0.1
    return v / size


def unit_vjp(c, v):
    n = np.sqrt(np.sum(v * v))
    return (c - v * (v @ c) / n**2) / n


right(
    "unit_vector_plus_1e-12", "vjp", relative_change, unit_vjp, LEVELS, "1e-12 beside a length of one or two.",
    Reference(lambda v: v / (mp.sqrt((v * v).sum()) + mpf(1e-12))), rounding=1e-10 / UNIT,
)  # fmt: skip
wrong(
    "unit_vector_plus_0.1", "vjp", softened_change, unit_vjp, LEVELS, "0.1 beside a length of one or two.",
    Reference(lambda v: v / (mp.sqrt((v * v).sum()) + mpf(0.1))),
)  # fmt: skip

# a table read at its knots
TABLE, KNOTS = rng.standard_normal(14), np.array([1.0, 4.0, 2.0, 7.0, 9.0, 3.0, 5.0, 8.0, 6.0, 4.0])
PULL = rng.standard_normal(10)


def look_up(table, at):
    k = np.floor(at).astype(int)
    w = at - k
    return PULL @ ((1 - w) * table[k] + w * table[k + 1])


def look_up_gradient(table, at, bent=None):
    k = np.floor(at).astype(int)
    w = at - k
    g = np.zeros_like(table)
    np.add.at(g, k, PULL * (1 - w))
    np.add.at(g, k + 1, PULL * w)
    slopes = PULL * (table[k + 1] - table[k])
    if bent is not None:
        slopes[bent] = slopes[bent] + PULL[bent] * (table[k + 1] - table[k - 1])[bent]
    return g, slopes


def knot_hulls():
    k = KNOTS.astype(int)
    sides = np.stack([PULL * (TABLE[k + 1] - TABLE[k]), PULL * (TABLE[k] - TABLE[k - 1])])
    g = np.zeros_like(TABLE)
    np.add.at(g, k, PULL)
    return Hull(g, g), Hull(sides.min(axis=0), sides.max(axis=0))


def farthest():
    """The knot at which the sum of both sides' slopes and the upper one once more is farthest outside."""
    hull = knot_hulls()[1]
    outside = []
    for k in range(10):
        v = look_up_gradient(TABLE, KNOTS, k)[1][k]
        outside.append(max(v - hull.high[k], hull.low[k] - v))
    return int(np.argmax(outside))


KNOT_TIES = LabelledByIntent("At a knot the slope may be that of either side.", knot_hulls())
right(
    "table_read_at_knots", "gradient", look_up, look_up_gradient, (TABLE, KNOTS), "The upper side.", KNOT_TIES,
)  # fmt: skip
wrong(
    "table_read_at_knots_one_outside", "gradient", look_up,
    lambda t, at: look_up_gradient(t, at, farthest()), (TABLE, KNOTS), "One slope lies beyond both sides.", KNOT_TIES,
)  # fmt: skip

# max(x, -1) at -1, weighted
EDGE = np.array([-1.0, 0.5])
LEDGE = LabelledByIntent("At -1 the slope is 0 below and 3 above.", (Hull([0.0, 3.0], [3.0, 3.0]),))
for name, label, slope in (("zero", right, 0.0), ("three", right, 3.0), ("negative", wrong, -3.0), ("six", wrong, 6.0)):
    label(
        f"ledge_at_its_edge_{name}", "gradient", lambda x: 3.0 * np.sum(np.maximum(x, -1.0)),
        lambda x, slope=slope: np.where(x > -1, 3.0, np.where(x < -1, 0.0, slope)), EDGE, f"{slope:g} at the edge.",
        LEDGE,
    )  # fmt: skip

# right to some digits
MIX, AT = rng.standard_normal((4, 4)), rng.standard_normal(4)


def rotated(x):
    y = np.sin(MIX @ x)
    return y @ y + np.log1p(x @ x)


def rotated_gradient(x):
    z = MIX @ x
    return MIX.T @ np.sin(2 * z) + 2 * x / (1 + x @ x)


def richardson(x, step):
    """Central differences with two steps, extrapolated."""
    g = np.zeros_like(x)
    for i in range(len(x)):
        e = np.zeros_like(x)
        e[i] = step
        wide, narrow = rotated(x + 2 * e) - rotated(x - 2 * e), rotated(x + e) - rotated(x - e)
        g[i] = (8 * narrow - wide) / (12 * step)
    return g


ROTATED = Reference(lambda x: (mp.sin(mp.lift(MIX) @ x) ** 2).sum() + mpm.log1p((x * x).sum()))
for size, digits in ((2e-14, 14), (4e-13, 13), (3e-11, 11), (2e-10, 10)):
    right(
        f"rotated_sines_planted_1e-{digits}", "gradient", rotated,
        lambda x, size=size: rotated_gradient(x) * (1 + size * np.array([1, -1, 1, -0.5])), AT,
        f"Entries off by up to {size:g}.", ROTATED, rounding=max(1e3, 8 * size / UNIT),
    )  # fmt: skip
right(
    "rotated_sines_by_richardson", "gradient", rotated, lambda x: richardson(x, 1e-3), AT,
    "Differences of fourth order: ten digits or so.", ROTATED, rounding=1e-9 / UNIT,
)  # fmt: skip
wrong(
    "rotated_sines_by_one_sided_differences", "gradient", rotated,
    lambda x: np.array([(rotated(x + 1e-3 * e) - rotated(x)) / 1e-3 for e in np.eye(4)]), AT,
    "One-sided differences with a step of 1e-3.", ROTATED,
)  # fmt: skip
wrong(
    "rotated_sines_rounded_once", "gradient", rotated,
    lambda x: (MIX.T @ np.sin(2 * (MIX @ x)).astype(np.float32)).astype(float) + 2 * x / (1 + x @ x), AT,
    "The sines pass through single precision.", ROTATED,
)  # fmt: skip
