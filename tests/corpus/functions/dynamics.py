"""Time steppers and kinematics."""

import numpy as np

from .. import truth as mp
from ..item import Category
from ..truth import Reference

CATEGORY = Category("dynamics")
right, wrong = CATEGORY.right, CATEGORY.wrong
rng = np.random.default_rng(1010)


# unrolled RK4 and Euler, leapfrog, heat equation
def lotka(y, p):
    return np.array([y[0] * (p[0] - p[1] * y[1]), y[1] * (p[2] * y[0] - p[3])])


def rk4(p, steps=8, h=0.25):
    y = np.array([1.0, 0.5])
    for _ in range(steps):
        k1 = lotka(y, p)
        k2 = lotka(y + h / 2 * k1, p)
        k3 = lotka(y + h / 2 * k2, p)
        k4 = lotka(y + h * k3, p)
        y = y + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
    return y


def lotka_jacobians(y, p):
    return (
        np.array([[p[0] - p[1] * y[1], -p[1] * y[0]], [p[2] * y[1], p[2] * y[0] - p[3]]]),
        np.array([[y[0], -y[0] * y[1], 0, 0], [0, 0, y[0] * y[1], -y[1]]]),
    )


def rk4_jvp(primals, tangents, steps=8, h=0.25, weights=(1, 2, 2, 1)):
    (p,), (dp,) = primals, tangents
    y, dy = np.array([1.0, 0.5]), np.zeros(2)
    for _ in range(steps):
        ks, dks = [], []
        for c in (0, h / 2, h / 2, h):
            z = y + c * ks[-1] if ks else y
            dz = dy + c * dks[-1] if ks else dy
            jy, jp = lotka_jacobians(z, p)
            ks.append(lotka(z, p))
            dks.append(jy @ dz + jp @ dp)
        y = y + h / 6 * (ks[0] + 2 * ks[1] + 2 * ks[2] + ks[3])
        dy = dy + h / 6 * sum(w * k for w, k in zip(weights, dks, strict=True))
    return dy


def rk4_vjp(c, p):
    return np.array([c @ rk4_jvp((p,), (e,)) for e in np.eye(4)])


def continuous_sensitivity_vjp(c, p):
    """The differential equation's own sensitivity, integrated sixteen times finer."""
    return np.array([c @ rk4_jvp((p,), (e,), steps=128, h=0.25 / 16) for e in np.eye(4)])


def mp_rk4(p):
    def rate(y):
        return np.array([y[0] * (p[0] - p[1] * y[1]), y[1] * (p[2] * y[0] - p[3])], dtype=object)

    y, h = np.array([mp.mpf(1), mp.mpf(1) / 2], dtype=object), mp.mpf(1) / 4
    for _ in range(8):
        k1 = rate(y)
        k2 = rate(y + h / 2 * k1)
        k3 = rate(y + h / 2 * k2)
        k4 = rate(y + h * k3)
        y = y + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
    return y


RATES = np.array([1.1, 0.9, 0.8, 1.3])
RK4 = Reference(mp_rk4)
right("rk4_unrolled", "vjp", rk4, rk4_vjp, RATES, "The derivative of the steps as taken.", RK4)
right("rk4_unrolled_jvp", "jvp", rk4, rk4_jvp, RATES, "Tangents carried through each stage.", RK4)
wrong(
    "rk4_continuous_sensitivity",
    "vjp",
    rk4,
    continuous_sensitivity_vjp,
    RATES,
    "The derivative of the differential equation, not of the steps that f takes.",
    RK4,
)
wrong(
    "rk4_stage_weights",
    "jvp",
    rk4,
    lambda p, t: rk4_jvp(p, t, weights=(1.5, 1.5, 1.5, 1.5)),
    RATES,
    "Stages weighted evenly in the tangent.",
    RK4,
)


def heat(u, k):
    for _ in range(5):
        u = u + k * (np.roll(u, 1) - 2 * u + np.roll(u, -1))
    return u


def heat_vjp(c, u, k, direction=-1):
    states = [u]
    for _ in range(5):
        u = u + k * (np.roll(u, 1) - 2 * u + np.roll(u, -1))
        states.append(u)
    dk = 0.0
    for u in reversed(states[:-1]):
        lap = np.roll(u, 1) - 2 * u + np.roll(u, -1)
        dk += c @ lap
        c = c + k * (np.roll(c, 1) - 2 * c + np.roll(c, direction))
    return c, np.asarray(dk)


def mp_heat(u, k):
    k = k if not hasattr(k, "item") else k.item()
    n = len(u)
    for _ in range(5):
        u = np.array([u[i] + k * (u[i - 1] - 2 * u[i] + u[(i + 1) % n]) for i in range(n)], dtype=object)
    return u


HEAT_IN = (rng.standard_normal(6), np.array(0.2))
right(
    "heat_equation",
    "vjp",
    heat,
    heat_vjp,
    HEAT_IN,
    "Five explicit steps; the 0-d conductivity is an input too.",
    Reference(mp_heat),
)
wrong(
    "heat_equation_one_sided",
    "vjp",
    heat,
    lambda c, u, k: heat_vjp(c, u, k, direction=1),
    HEAT_IN,
    "The adjoint stencil rolls the same way twice.",
    Reference(mp_heat),
)


def leapfrog(q, p):
    for _ in range(4):
        p = p - 0.05 * np.sin(q)
        q = q + 0.1 * p
        p = p - 0.05 * np.sin(q)
    return q, p


def leapfrog_vjp(c, q, p, reevaluate=True):
    track = []
    for _ in range(4):
        before = q
        p = p - 0.05 * np.sin(q)
        q = q + 0.1 * p
        p = p - 0.05 * np.sin(q)
        track.append((before, q))
    cq, cp = c
    for before, after in reversed(track):
        cq = cq - 0.05 * np.cos(after if reevaluate else before) * cp
        cp = cp + 0.1 * cq
        cq = cq - 0.05 * np.cos(before) * cp
    return cq, cp


def mp_leapfrog(q, p):
    for _ in range(4):
        p = p - 0.05 * mp.sin(q)
        q = q + 0.1 * p
        p = p - 0.05 * mp.sin(q)
    return q, p


PHASE = (rng.standard_normal(3), rng.standard_normal(3))
right("leapfrog", "vjp", leapfrog, leapfrog_vjp, PHASE, "Two outputs, four symplectic steps.", Reference(mp_leapfrog))
wrong(
    "leapfrog_stale_position",
    "vjp",
    leapfrog,
    lambda c, q, p: leapfrog_vjp(c, q, p, reevaluate=False),
    PHASE,
    "The second half-kick uses the position before the drift.",
    Reference(mp_leapfrog),
)


# a robot arm, a pendulum's energy, a rotation
LENGTHS = np.array([1.0, 0.8, 0.5])


def arm(t):
    a = np.cumsum(t)
    return np.array([np.sum(LENGTHS * np.cos(a)), np.sum(LENGTHS * np.sin(a))])


def arm_vjp(c, t, cumulative=True):
    a = np.cumsum(t)
    g = LENGTHS * (-c[0] * np.sin(a) + c[1] * np.cos(a))
    return np.cumsum(g[::-1])[::-1] if cumulative else g


def mp_arm(t):
    angles = [t[: i + 1].sum() for i in range(3)]
    return np.array(
        [
            sum(s * mp.mpmath.cos(a) for s, a in zip(LENGTHS, angles, strict=True)),
            sum(s * mp.mpmath.sin(a) for s, a in zip(LENGTHS, angles, strict=True)),
        ],
        dtype=object,
    )


right("robot_arm", "vjp", arm, arm_vjp, PHASE[0], "Each joint moves all links behind it.", Reference(mp_arm))
wrong(
    "robot_arm_own_link_only",
    "vjp",
    arm,
    lambda c, t: arm_vjp(c, t, cumulative=False),
    PHASE[0],
    "Each joint moves its own link only.",
    Reference(mp_arm),
)


def rotate(q, v):
    w, u = q[0], q[1:]
    t = 2 * np.cross(u, v)
    return v + w * t + np.cross(u, t)


def rotate_vjp(c, q, v, full=True):
    w, u = q[0], q[1:]
    t = 2 * np.cross(u, v)
    ct = w * c + np.cross(c, u)
    cu = np.cross(t, c) + (2 * np.cross(v, ct) if full else 0)
    return np.concatenate([[c @ t], cu]), c + 2 * np.cross(ct, u)


def mp_cross(a, b):
    return np.array([a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]], dtype=object)


def mp_rotate(q, v):
    t = 2 * mp_cross(q[1:], v)
    return v + q[0] * t + mp_cross(q[1:], t)


QUATERNION = (rng.standard_normal(4), rng.standard_normal(3))
right("quaternion_rotation", "vjp", rotate, rotate_vjp, QUATERNION, "Cross products twice.", Reference(mp_rotate))
wrong(
    "quaternion_rotation_inner_cross",
    "vjp",
    rotate,
    lambda c, q, v: rotate_vjp(c, q, v, full=False),
    QUATERNION,
    "The axis enters twice, and only one use was counted.",
    Reference(mp_rotate),
)
