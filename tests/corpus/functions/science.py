"""Functions from physics, statistics and optimisation."""

from itertools import pairwise, product

import numpy as np

from .. import truth as mp
from ..item import Category
from ..truth import Reference

CATEGORY = Category("science")
right, wrong = CATEGORY.right, CATEGORY.wrong
rng = np.random.default_rng(1010)


# Lennard-Jones cluster
def lennard_jones(x):
    energy = 0.0
    for i in range(len(x)):
        for j in range(i):
            r2 = np.sum((x[i] - x[j]) ** 2)
            energy += 4 * (r2**-6 - r2**-3)
    return energy


def lennard_jones_gradient(x, both=True, exponent=6):
    g = np.zeros_like(x)
    for i in range(len(x)):
        for j in range(i):
            d = x[i] - x[j]
            r2 = np.sum(d**2)
            pull = 4 * (-12 * r2**-7 + exponent * r2**-4) * d
            g[i] += pull
            if both:
                g[j] -= pull
    return g


def mp_lennard_jones(x):
    total = mp.mpf(0)
    for i in range(len(x)):
        for j in range(i):
            r = mp.mpmath.sqrt(((x[i] - x[j]) ** 2).sum())
            total += 4 * (r**-12 - r**-6)
    return total


ATOMS = np.array([[0, 0, 0], [1.1, 0.1, 0], [0.5, 1.0, 0.2], [0.4, 0.3, 1.0]])
LJ = Reference(mp_lennard_jones)
right(
    "lennard_jones",
    "gradient",
    lennard_jones,
    lennard_jones_gradient,
    ATOMS,
    "Steep repulsion, weak attraction.",
    LJ,
    rounding=1e4,
)
wrong(
    "lennard_jones_no_reaction",
    "gradient",
    lennard_jones,
    lambda x: lennard_jones_gradient(x, both=False),
    ATOMS,
    "Newton's third law: the second atom of each pair feels nothing.",
    LJ,
)
wrong(
    "lennard_jones_attraction_factor",
    "gradient",
    lennard_jones,
    lambda x: lennard_jones_gradient(x, exponent=3),
    ATOMS,
    "d(r^2)^-3 without the factor two of the chain rule.",
    LJ,
)


# Gaussian process marginal likelihood with a length scale per axis
POINTS, TARGETS = rng.standard_normal((5, 3)), rng.standard_normal(5)


def gp_kernel(theta):
    d2 = (POINTS[:, None] - POINTS) ** 2
    return np.exp(-0.5 * (d2 * np.exp(-2 * theta)).sum(-1)), d2


def gp_loss(theta):
    L = np.linalg.cholesky(gp_kernel(theta)[0] + 0.1 * np.eye(5))
    a = np.linalg.solve(L, TARGETS)
    return 0.5 * a @ a + np.sum(np.log(np.diag(L)))


def gp_gradient(theta, sign=1.0, logdet=True):
    K, d2 = gp_kernel(theta)
    Ky = K + 0.1 * np.eye(5)
    alpha = np.linalg.solve(Ky, TARGETS)
    inner = (np.linalg.inv(Ky) if logdet else 0.0) - np.outer(alpha, alpha)
    return sign * np.array([0.5 * np.sum(inner * K * d2[:, :, i] * np.exp(-2 * theta[i])) for i in range(3)])


def mp_gp(theta):
    n = len(POINTS)
    K = np.array(
        [
            [
                mp.mpmath.exp(
                    -sum(
                        (mp.mpf(a) - mp.mpf(b)) ** 2 * mp.mpmath.exp(-2 * t)
                        for a, b, t in zip(POINTS[i].tolist(), POINTS[j].tolist(), theta, strict=True)
                    )
                    / 2
                )
                + (0.1 if i == j else 0)
                for j in range(n)
            ]
            for i in range(n)
        ],
        dtype=object,
    )
    y = mp.lift(TARGETS)
    return (y * mp.solve(K, y)).sum() / 2 + mp.log(mp.det(K)) / 2


THETA = np.array([0.1, -0.3, 0.5])
GP = Reference(mp_gp)
right("gp_marginal_likelihood", "gradient", gp_loss, gp_gradient, THETA, "One length scale per axis.", GP, rounding=1e4)
wrong(
    "gp_three_axes_wrong_sign",
    "gradient",
    gp_loss,
    lambda t: gp_gradient(t, sign=-1.0),
    THETA,
    "gam #2812: the wrong sign on three axes behind empty tests.",
    GP,
    rounding=1e4,
)
wrong(
    "gp_log_determinant_missing",
    "gradient",
    gp_loss,
    lambda t: gp_gradient(t, logdet=False),
    THETA,
    "The log-determinant's gradient is missing.",
    GP,
    rounding=1e4,
)


# linear-chain CRF: log partition function
def crf(emit, move):
    a = emit[0]
    for t in range(1, len(emit)):
        s = a[:, None] + move
        m = s.max(0)
        a = m + np.log(np.exp(s - m).sum(0)) + emit[t]
    m = a.max()
    return m + np.log(np.exp(a - m).sum())


def crf_gradient(emit, move, transposed=False):
    n = len(emit)
    alpha, beta = np.zeros_like(emit), np.zeros_like(emit)
    alpha[0] = emit[0]
    step = move.T if transposed else move
    for t in range(1, n):
        alpha[t] = np.logaddexp.reduce(alpha[t - 1][:, None] + move, axis=0) + emit[t]
    for t in range(n - 2, -1, -1):
        beta[t] = np.logaddexp.reduce(step + emit[t + 1] + beta[t + 1], axis=1)
    z = np.logaddexp.reduce(alpha[-1])
    pairs = np.zeros_like(move)
    for t in range(n - 1):
        pairs += np.exp(alpha[t][:, None] + move + emit[t + 1] + beta[t + 1] - z)
    return np.exp(alpha + beta - z), pairs


def mp_crf(emit, move):
    """By enumeration of every path."""
    total = mp.mpf(0)
    for path in product(range(emit.shape[1]), repeat=len(emit)):
        score = sum(emit[t, k] for t, k in enumerate(path)) + sum(move[a, b] for a, b in pairwise(path))
        total += mp.mpmath.exp(score)
    return mp.mpmath.log(total)


CRF_IN = (rng.standard_normal((4, 3)), rng.standard_normal((3, 3)))
CRF = Reference(mp_crf)
right("crf_log_partition", "gradient", crf, crf_gradient, CRF_IN, "Marginals by forward-backward.", CRF)
wrong(
    "crf_backward_transposed",
    "gradient",
    crf,
    lambda e, m: crf_gradient(e, m, transposed=True),
    CRF_IN,
    "The backward recursion runs over transposed transitions.",
    CRF,
)


# Kalman filter log-likelihood in one dimension
SERIES = rng.standard_normal(6).cumsum()


def kalman(p):
    q, r = np.exp(p[0]), np.exp(p[1])
    m, v, loss = 0.0, 1.0, 0.0
    for y in SERIES:
        v = v + q
        s = v + r
        e = y - m
        loss = loss + 0.5 * (np.log(s) + e * e / s)
        k = v / s
        m = m + k * e
        v = (1 - k) * v
    return loss


def kalman_gradient(p, mean_path=True):
    q, r = np.exp(p[0]), np.exp(p[1])
    g = np.zeros(2)
    dq, dr = np.array([q, 0.0]), np.array([0.0, r])
    m, v = 0.0, 1.0
    dm, dv = np.zeros(2), np.zeros(2)
    for y in SERIES:
        v, dv = v + q, dv + dq
        s, ds = v + r, dv + dr
        e, de = y - m, -dm
        g += 0.5 * (ds / s + 2 * e * de / s - e * e * ds / s**2)
        k, dk = v / s, dv / s - v * ds / s**2
        m, dm = m + k * e, (dm + dk * e + k * de if mean_path else dm)
        v, dv = (1 - k) * v, (1 - k) * dv - dk * v
    return g


def mp_kalman(p):
    """As a Gaussian process: a random walk plus noise, with covariance 1 + q min(s, t) + r I."""
    q, r, n = mp.mpmath.exp(p[0]), mp.mpmath.exp(p[1]), len(SERIES)
    C = np.array([[1 + q * (min(i, j) + 1) + (r if i == j else 0) for j in range(n)] for i in range(n)], dtype=object)
    y = mp.lift(SERIES)
    return ((y * mp.solve(C, y)).sum() + mp.log(mp.det(C))) / 2


KALMAN = Reference(mp_kalman)
right(
    "kalman_likelihood",
    "gradient",
    kalman,
    kalman_gradient,
    np.array([-0.5, 0.3]),
    "Sensitivity equations beside the filter.",
    KALMAN,
)
wrong(
    "kalman_innovations_constant",
    "gradient",
    kalman,
    lambda p: kalman_gradient(p, mean_path=False),
    np.array([-0.5, 0.3]),
    "The filtered mean's dependence on the parameters is missing.",
    KALMAN,
)


# test functions of optimisation, at and away from their minima
def rosenbrock(x):
    return np.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)


def rosenbrock_gradient(x, inner=True):
    g = np.zeros_like(x)
    e = x[1:] - x[:-1] ** 2
    g[:-1] += (-400 * x[:-1] * e if inner else -200 * e) - 2 * (1 - x[:-1])
    g[1:] += 200 * e
    return g


def rosenbrock_hvp(c, x, cross=True):
    h = np.zeros_like(x)
    h[:-1] += (1200 * x[:-1] ** 2 - 400 * x[1:] + 2) * c[:-1]
    h[1:] += 200 * c[1:]
    if cross:
        h[:-1] += -400 * x[:-1] * c[1:]
        h[1:] += -400 * x[:-1] * c[:-1]
    return h


ROSENBROCK = Reference(
    lambda x: (100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2).sum(), at=((np.array([0.3, -0.7, 1.9]),),)
)
right(
    "rosenbrock_at_its_minimum",
    "gradient",
    rosenbrock,
    rosenbrock_gradient,
    np.ones(3),
    "PyBNF #535: at an optimum every flag is an artefact.",
    ROSENBROCK,
)
right(
    "rosenbrock_at_the_origin",
    "gradient",
    rosenbrock,
    rosenbrock_gradient,
    np.zeros(3),
    "Forward differences flag it at the origin.",
    ROSENBROCK,
)
wrong(
    "rosenbrock_defect_at_its_minimum",
    "gradient",
    rosenbrock,
    lambda x: rosenbrock_gradient(x, inner=False),
    np.ones(3),
    "PyBNF #535: one real defect hides among the stationary points.",
    ROSENBROCK,
)
wrong(
    "zero_gradient_at_a_minimum",
    "gradient",
    lambda x: np.sum((x - 1) ** 2),
    lambda x: np.zeros_like(x),
    np.ones(4),
    "Zero at the minimum, and zero everywhere else.",
    Reference(lambda x: ((x - 1) ** 2).sum(), at=((np.array([0.5, 1.0, 2.0, 3.0]),),)),
)


def rosenbrock_gradient_mp(x):
    e = x[1:] - x[:-1] ** 2
    zero = np.array([0], dtype=object)
    return np.concatenate([-400 * x[:-1] * e - 2 * (1 - x[:-1]), zero]) + np.concatenate([zero, 200 * e])


START = np.array([-1.2, 1.0, 0.7])
HVP = Reference(rosenbrock_gradient_mp)
right(
    "hessian_vector_product",
    "vjp",
    rosenbrock_gradient,
    rosenbrock_hvp,
    START,
    "Second order as the first order of a gradient.",
    HVP,
)
wrong(
    "hessian_diagonal_only",
    "vjp",
    rosenbrock_gradient,
    lambda c, x: rosenbrock_hvp(c, x, cross=False),
    START,
    "pytorch PR #7710: second order went unchecked; here its cross terms are missing.",
    HVP,
)
