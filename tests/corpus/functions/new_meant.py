"""Functions that are meant on part of their space only: rotations, balls, positive numbers, ordered thresholds."""

import numpy as np
from scipy.optimize import minimize

from .. import truth as mp
from ..item import Category
from ..truth import Reference

CATEGORY = Category("new domains")
right, wrong = CATEGORY.right, CATEGORY.wrong
rng = np.random.default_rng(1006)
UNIT = 2.0**-53
mpf, mpm = mp.mpf, mp.mpmath


def draw(*shape):
    return rng.standard_normal(shape)


def rotation(angle, axis):
    """Rodrigues' rotation about a coordinate axis."""
    c, s = np.cos(angle), np.sin(angle)
    plane = [i for i in range(3) if i != axis]
    R = np.eye(3)
    R[np.ix_(plane, plane)] = [[c, -s], [s, c]]
    return R


# the angle between two rotations
POSE, GOAL = rotation(0.7, 0) @ rotation(-0.4, 2), rotation(0.3, 1)


def angle_to_goal(R):
    cosine = (np.trace(GOAL.T @ R) - 1) / 2
    return np.arccos(cosine) ** 2


def angle_gradient(R, half=0.5):
    cosine = (np.trace(GOAL.T @ R) - 1) / 2
    return 2 * np.arccos(cosine) * -1 / np.sqrt(1 - cosine**2) * half * GOAL


ANGLE = Reference(lambda R: mpm.acos(((mp.lift(GOAL) * R).sum() - 1) / 2) ** 2)
right("angle_between_rotations", "gradient", angle_to_goal, angle_gradient, POSE, "Of a rotation matrix.", ANGLE)
wrong(
    "angle_between_rotations_half_lost", "gradient", angle_to_goal, lambda R: angle_gradient(R, 1.0), POSE,
    "The half of (trace - 1) / 2 is lost.", ANGLE,
)  # fmt: skip

# isotonic regression by pooling
SERIES = np.array([0.2, 1.0, 0.7, 1.9, 1.4, 1.1, 2.6])


def pooled(y):
    """Start and end of each block of the pooled sequence."""
    blocks = []
    for i, v in enumerate(y):
        blocks.append([v, 1, i])
        while len(blocks) > 1 and blocks[-2][0] > blocks[-1][0]:
            b, a = blocks.pop(), blocks.pop()
            blocks.append([(a[0] * a[1] + b[0] * b[1]) / (a[1] + b[1]), a[1] + b[1], a[2]])
    return [(start, start + count) for _, count, start in blocks]


def isotonic(y):
    out = np.empty_like(y)
    for start, end in pooled(y):
        out[start:end] = np.mean(y[start:end])
    return out


def isotonic_vjp(c, y, kind="right"):
    g = np.empty_like(c)
    for start, end in pooled(y):
        g[start:end] = np.sum(c[start:end]) if kind == "sum" else np.mean(c[start:end])
    return c.copy() if kind == "through" else g


def mp_isotonic(y):
    out = np.empty_like(y)
    for start, end in pooled([float(v) for v in SERIES]):
        out[start:end] = y[start:end].sum() / (end - start)
    return out


ISOTONIC = Reference(mp_isotonic)
for kind, label, why in (
    ("right", right, "Blocks share their mean; the blocks hold near the point alone."),
    ("sum", wrong, "Blocks get the sum of their cotangents."),
    ("through", wrong, "The cotangent is passed through unchanged."),
):
    label(
        "isotonic_by_pooling" + ("" if kind == "right" else f"_{kind}"), "vjp", isotonic,
        lambda c, y, kind=kind: isotonic_vjp(c, y, kind), SERIES, why, ISOTONIC,
    )  # fmt: skip

# softplus that becomes linear
DRIVES = np.array([-3.0, 0.4, 18.0, 25.0])


def softplus_linear_beyond_20(x):
    return np.where(x > 20, x, np.log1p(np.exp(np.minimum(x, 20))))


def softplus_linear_beyond_2(x):
    return np.where(x > 2, x, np.log1p(np.exp(np.minimum(x, 2))))


def logistic_vjp(c, x):
    return c / (1 + np.exp(-x))


right(
    "softplus_linear_beyond_20", "vjp", softplus_linear_beyond_20, logistic_vjp, DRIVES,
    "Beyond 20 the logistic slope is 1 to nine digits.", Reference(lambda x: mp.log1p(mp.exp(x))),
    rounding=1e-8 / UNIT,
)  # fmt: skip
wrong(
    "softplus_linear_beyond_2", "vjp", softplus_linear_beyond_2, logistic_vjp, np.array([-3.0, 0.4, 1.1, -0.2]),
    "Beyond 2 the logistic slope is 0.88 and f's is 1.",
    Reference(
        lambda x: np.array([v if v > 2 else mpm.log1p(mpm.exp(v)) for v in x], dtype=object),
        at=((np.array([-3.0, 2.3, 1.1, 4.0]),),),
    ),
)  # fmt: skip


# the arithmetic-geometric mean, by a loop that stops
def agm(a, b):
    for _ in range(50):
        if np.max(np.abs(a - b)) <= 1e-15 * np.max(np.abs(a)):
            return a
        a, b = 0.5 * (a + b), np.sqrt(a * b)
    raise ArithmeticError("the means did not meet")


def agm_vjp(c, a, b, half=0.5):
    pairs = []
    while np.max(np.abs(a - b)) > 1e-15 * np.max(np.abs(a)) and len(pairs) < 50:
        pairs.append((a, b))
        a, b = 0.5 * (a + b), np.sqrt(a * b)
    ga, gb = c, 0 * c
    for x, y in reversed(pairs):
        root = np.sqrt(x * y)
        ga, gb = 0.5 * ga + half * gb * y / root, 0.5 * ga + half * gb * x / root
    return ga, gb


def mp_agm(a, b):
    return np.frompyfunc(mpm.agm, 2, 1)(a, b)


MEANS_IN = (np.array([1.0, 3.0, 24.0]), np.array([2.5, 0.4, 6.0]))
right("agm_by_its_loop", "vjp", agm, agm_vjp, MEANS_IN, "Back through the steps taken.", Reference(mp_agm))
wrong(
    "agm_by_its_loop_root_slope", "vjp", agm, lambda c, a, b: agm_vjp(c, a, b, 1.0), MEANS_IN,
    "d sqrt(ab) without its half.", Reference(mp_agm),
)  # fmt: skip

# page ranks
LINKS = np.array([[0.0, 1, 1, 0], [1, 0, 0, 1], [0, 1, 0, 1], [1, 1, 1, 0]])
VALUE = draw(4)


def ranks(weights):
    W = np.exp(weights) * LINKS
    P = W / W.sum(axis=1, keepdims=True)
    r = np.full(4, 0.25)
    for _ in range(1000):
        new = 0.85 * (P.T @ r) + 0.0375
        if np.abs(new - r).max() < 1e-14:
            break
        r = new
    return r


def rank_score(weights):
    return VALUE @ ranks(weights)


def rank_gradient(weights, kind="right"):
    W = np.exp(weights) * LINKS
    P = W / W.sum(axis=1, keepdims=True)
    r = ranks(weights)
    system = np.eye(4) - 0.85 * P
    adjoint = VALUE if kind == "step" else np.linalg.solve(system.T if kind == "product" else system, VALUE)
    dP = 0.85 * np.outer(r, adjoint)
    return P * (dP - (0 if kind == "normaliser" else (dP * P).sum(axis=1, keepdims=True)))


def mp_rank_score(weights):
    W = mp.exp(weights) * LINKS.astype(int)
    P = W / W.sum(axis=1)[:, None]
    system = np.eye(4, dtype=int) - P.T * mpf(0.85)
    return (mp.lift(VALUE) * mp.solve(system, np.full(4, mpf(0.0375)))).sum()


RANKS = Reference(mp_rank_score)
for kind, label, why in (
    ("right", right, "Implicitly, by the adjoint system."),
    ("product", wrong, "The system is transposed once too often."),
    ("step", wrong, "The last step alone."),
    ("normaliser", wrong, "The rows' normalisers are treated as constants."),
):
    label(
        "page_ranks" + ("" if kind == "right" else f"_{kind}"), "gradient", rank_score,
        lambda w, kind=kind: rank_gradient(w, kind), 0.5 * draw(4, 4), why, RANKS,
    )  # fmt: skip

# the minimum of a smooth cost, found by BFGS
COST_A = draw(5, 3)
OFFERS = draw(5)


def best_cost(theta):
    def cost(w):
        z = COST_A @ w - theta
        return np.sum(np.logaddexp(0, z)) - 0.3 * np.sum(z) + 0.5 * w @ w

    def slope(w):
        z = COST_A @ w - theta
        return COST_A.T @ (1 / (1 + np.exp(-z)) - 0.3) + w

    return minimize(cost, np.zeros(3), jac=slope, method="BFGS", options={"gtol": 1e-10})


def best_cost_gradient(theta, sign=-1.0):
    z = COST_A @ best_cost(theta).x - theta
    return sign * (1 / (1 + np.exp(-z)) - 0.3)


def mp_best_cost(theta):
    A, w = mp.lift(COST_A), np.full(3, mpf(0))
    for _ in range(12):
        s = mp.sigmoid(A @ w - theta)
        H = A.T @ ((s * (1 - s))[:, None] * A) + np.eye(3, dtype=int)
        w = w - mp.solve(H, A.T @ (s - mpf(0.3)) + w)
    z = A @ w - theta
    return mp.log1p(mp.exp(z)).sum() - mpf(0.3) * z.sum() + (w * w).sum() / 2


BEST_COST = Reference(mp_best_cost)
right(
    "value_of_a_minimum_by_bfgs", "gradient", lambda t: best_cost(t).fun, best_cost_gradient, OFFERS,
    "The envelope theorem at a minimum found to 1e-10.", BEST_COST, rounding=1e-8 / UNIT,
)  # fmt: skip
wrong(
    "value_of_a_minimum_by_bfgs_sign", "gradient", lambda t: best_cost(t).fun,
    lambda t: best_cost_gradient(t, 1.0), OFFERS, "theta enters with a minus.", BEST_COST, rounding=1e-8 / UNIT,
)  # fmt: skip

# one-hot labels by np.eye make float64 of float32
CLASSES = np.array([1, 0, 2])


def one_hot_loss(z):
    shifted = z - z.max(axis=1, keepdims=True)
    logp = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    return -(np.eye(3)[CLASSES] * logp).sum() / len(z)


def one_hot_gradient(z, n=3.0):
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return (e / e.sum(axis=1, keepdims=True) - np.eye(3)[CLASSES]) / n


ONE_HOT = Reference(lambda z: (mp.logsumexp(z, axis=1) - z[np.arange(3), CLASSES]).sum() / 3)
SINGLE = draw(3, 3).astype(np.float32)
right("one_hot_float32", "gradient", one_hot_loss, one_hot_gradient, SINGLE, "np.eye widens the answer.", ONE_HOT)
wrong(
    "one_hot_float32_summed", "gradient", one_hot_loss, lambda z: one_hot_gradient(z, 1.0), SINGLE,
    "The mean is forgotten.", ONE_HOT,
)  # fmt: skip


# standard scores with a small and a large epsilon
def scores_1e_8(x):
    return (x - np.mean(x)) / (np.std(x) + 1e-8)


def scores_1(x):
    return (x - np.mean(x)) / (np.std(x) + 1.0)


def scores_vjp(c, x):
    n, d, s = len(x), x - np.mean(x), np.std(x)
    return (c - c.mean()) / s - d * (c @ d) / (n * s**3)


def mp_scores(eps):
    def value(x):
        d = x - x.sum() / len(x)
        return d / (mpm.sqrt((d * d).sum() / len(x)) + mpf(eps))

    return value


GRADES = np.array([3.1, 0.4, 1.7, 5.2, 2.2])
right(
    "standard_scores_1e-8", "vjp", scores_1e_8, scores_vjp, GRADES,
    "The gradient ignores 1e-8 beside a deviation of 1.6: right for any use, to eight digits.",
    Reference(mp_scores(1e-8)), rounding=1e-6 / UNIT,
)  # fmt: skip
wrong(
    "standard_scores_1", "vjp", scores_1, scores_vjp, GRADES, "The gradient ignores 1 beside a deviation of 1.6.",
    Reference(mp_scores(1.0)),
)  # fmt: skip

# a whole network with clipped probabilities
EXAMPLES, YES = draw(6, 3), np.array([1.0, 0, 1, 1, 0, 0])


def clipped_net(low):
    def loss(W, v):
        h = np.tanh(EXAMPLES @ W)
        p = 1 / (1 + np.exp(-(h @ v)))
        p = np.clip(p, low, 1 - low)
        return -np.sum(YES * np.log(p) + (1 - YES) * np.log(1 - p))

    return loss


def clipped_net_gradient(W, v):
    h = np.tanh(EXAMPLES @ W)
    d = 1 / (1 + np.exp(-(h @ v))) - YES
    return EXAMPLES.T @ (np.outer(d, v) * (1 - h * h)), h.T @ d


def mp_clipped_net(low):
    def value(W, v):
        p = mp.sigmoid(mp.tanh(mp.lift(EXAMPLES) @ W) @ v)
        p = mp.minimum(mp.maximum(p, mpf(low)), 1 - mpf(low))
        return -sum(mpm.log(q) if y else mpm.log(1 - q) for q, y in zip(p, YES, strict=True))

    return value


NET_IN = (draw(3, 4), 0.4 * draw(4))
right(
    "network_clipped_at_1e-7", "gradient", clipped_net(1e-7), clipped_net_gradient, NET_IN,
    "Right wherever no probability is clipped.", Reference(mp_clipped_net(1e-7)),
)  # fmt: skip
wrong(
    "network_clipped_at_0.1", "gradient", clipped_net(0.1), clipped_net_gradient, NET_IN,
    "Clipped at 0.1, which binds for scores beyond 2.2.",
    Reference(mp_clipped_net(0.1), at=((NET_IN[0], 6 * NET_IN[1]),)),
)  # fmt: skip

# activity of ions
IONIC, VALENCE = np.array([0.01, 0.09, 0.5]), np.array([1.0, 2.0, 1.0])


def log_activity(strength):
    root = np.sqrt(strength)
    return -0.509 * VALENCE**2 * (root / (1 + root) - 0.3 * strength)


def activity_vjp(c, strength, power=2):
    root = np.sqrt(strength)
    return c * -0.509 * VALENCE**2 * (0.5 / root / (1 + root) ** power - 0.3)


ACTIVITY = Reference(lambda s: -mpf(0.509) * VALENCE.astype(int) ** 2 * (mp.sqrt(s) / (1 + mp.sqrt(s)) - mpf(0.3) * s))
right("davies_activity", "vjp", log_activity, activity_vjp, IONIC, "Concentrations are positive.", ACTIVITY)
wrong(
    "davies_activity_quotient", "vjp", log_activity, lambda c, s: activity_vjp(c, s, 1), IONIC,
    "The denominator of the quotient is not squared.", ACTIVITY,
)  # fmt: skip

# an interior point's barrier
CONSTRAINTS, LIMITS, AIM = draw(4, 2), np.array([1.0, 2.0, 1.5, 0.8]), draw(2)


def barrier(x):
    slack = LIMITS - CONSTRAINTS @ x
    return AIM @ x - 0.1 * np.sum(np.log(slack))


BARRIER = Reference(
    lambda x: (mp.lift(AIM) * x).sum() - mpf(0.1) * mp.log(mp.lift(LIMITS) - mp.lift(CONSTRAINTS) @ x).sum()
)
INSIDE = np.array([0.05, -0.1])
right(
    "log_barrier", "gradient", barrier, lambda x: AIM + 0.1 * CONSTRAINTS.T @ (1 / (LIMITS - CONSTRAINTS @ x)), INSIDE,
    "Inside the constraints.", BARRIER,
)  # fmt: skip
wrong(
    "log_barrier_pulls", "gradient", barrier, lambda x: AIM - 0.1 * CONSTRAINTS.T @ (1 / (LIMITS - CONSTRAINTS @ x)),
    INSIDE, "The barrier pulls towards the walls.", BARRIER,
)  # fmt: skip

# volatility that remembers
SHOCKS = draw(7)


def garch_loss(omega, alpha, beta):
    v, loss = 1.0, 0.0
    for e in SHOCKS:
        loss = loss + 0.5 * (np.log(v) + e * e / v)
        v = omega + alpha * e * e + beta * v
    return loss


def garch_gradient(omega, alpha, beta, memory=True):
    v, g, dv = 1.0, np.zeros(3), np.zeros(3)
    for e in SHOCKS:
        g = g + 0.5 * (1 / v - e * e / v**2) * dv
        dv = np.array([1.0, e * e, v]) + (beta * dv if memory else 0.0)
        v = omega + alpha * e * e + beta * v
    return g[0], g[1], g[2]


def mp_garch(omega, alpha, beta):
    v, loss = mpf(1), mpf(0)
    for e in mp.lift(SHOCKS):
        loss = loss + (mpm.log(v) + e * e / v) / 2
        v = omega + alpha * e * e + beta * v
    return loss


GARCH, GARCH_IN = Reference(mp_garch), (np.array(0.2), np.array(0.15), np.array(0.7))
right("garch_likelihood", "gradient", garch_loss, garch_gradient, GARCH_IN, "Positive parameters.", GARCH)
wrong(
    "garch_likelihood_no_memory", "gradient", garch_loss, lambda o, a, b: garch_gradient(o, a, b, False), GARCH_IN,
    "Yesterday's variance is treated as a constant.", GARCH,
)  # fmt: skip


# distance in the Poincare ball
def hyperbolic(u, v):
    gap = np.sum((u - v) ** 2)
    room = (1 - np.sum(u**2)) * (1 - np.sum(v**2))
    return np.arccosh(1 + 2 * gap / room)


def hyperbolic_gradient(u, v, room_moves=True):
    gap, ru, rv = np.sum((u - v) ** 2), 1 - np.sum(u**2), 1 - np.sum(v**2)
    q = 1 + 2 * gap / (ru * rv)
    outer = 2 / np.sqrt(q * q - 1) / (ru * rv)
    gu, gv = 2 * (u - v), 2 * (v - u) + 2 * gap * v / rv
    return outer * (gu + (2 * gap * u / ru if room_moves else 0)), outer * gv


def mp_hyperbolic(u, v):
    return mpm.acosh(1 + 2 * ((u - v) ** 2).sum() / ((1 - (u * u).sum()) * (1 - (v * v).sum())))


BALL, BALL_IN = Reference(mp_hyperbolic), (np.array([0.3, -0.2, 0.5]), np.array([-0.1, 0.4, 0.2]))
right("poincare_distance", "gradient", hyperbolic, hyperbolic_gradient, BALL_IN, "Inside the unit ball.", BALL)
wrong(
    "poincare_distance_room_constant", "gradient", hyperbolic, lambda u, v: hyperbolic_gradient(u, v, False), BALL_IN,
    "1 - |u|^2 is treated as a constant.", BALL,
)  # fmt: skip

# ordered categories
LEVELS = np.array([0, 2, 1, 1])


def ordinal_loss(eta, cuts):
    upper = 1 / (1 + np.exp(-(np.append(cuts, np.inf)[LEVELS] - eta)))
    lower = 1 / (1 + np.exp(-(np.insert(cuts, 0, -np.inf)[LEVELS] - eta)))
    return -np.sum(np.log(upper - lower))


def ordinal_gradient(eta, cuts, both=True):
    upper = 1 / (1 + np.exp(-(np.append(cuts, np.inf)[LEVELS] - eta)))
    lower = 1 / (1 + np.exp(-(np.insert(cuts, 0, -np.inf)[LEVELS] - eta)))
    du, dl = upper * (1 - upper) / (upper - lower), lower * (1 - lower) / (upper - lower)
    g = np.zeros(4)
    np.add.at(g, LEVELS + 1, -du)
    if both:
        np.add.at(g, LEVELS, dl)
    return du - dl, g[1:3]


def mp_ordinal(eta, cuts):
    def below(k, e):
        return mpf(int(k == 2)) if k in (-1, 2) else 1 / (1 + mpm.exp(e - cuts[k]))

    return -sum(mpm.log(below(k, e) - below(k - 1, e)) for k, e in zip(LEVELS, eta, strict=True))


ORDINAL, ORDINAL_IN = Reference(mp_ordinal), (draw(4), np.array([-0.6, 0.8]))
right("ordered_logit", "gradient", ordinal_loss, ordinal_gradient, ORDINAL_IN, "Thresholds in order.", ORDINAL)
wrong(
    "ordered_logit_upper_cut_only", "gradient", ordinal_loss, lambda e, c: ordinal_gradient(e, c, False), ORDINAL_IN,
    "A threshold is the lower bound of a category as well.", ORDINAL,
)  # fmt: skip
