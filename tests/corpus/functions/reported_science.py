"""Models, statistics and physics with one mistake each, after public reports and homework, for names."""

import numpy as np
from scipy.special import digamma, erfc, gammaln

from .. import truth as mp
from ..item import Category
from ..truth import Reference

CATEGORY = Category("reported science")
right, wrong = CATEGORY.right, CATEGORY.wrong
rng = np.random.default_rng(8102)
mpf, mpm = mp.mpf, mp.mpmath

# the marginal likelihood of a Gaussian process
SITES, HEIGHTS = rng.standard_normal((4, 2)), rng.standard_normal(4)
LENGTHS = (np.array(1.3), np.array(0.4))


def evidence(length, noise):
    gaps = SITES[:, None] - SITES
    k = np.exp(-0.5 * np.sum(gaps**2, -1) / length**2) + noise**2 * np.eye(4)
    return 0.5 * HEIGHTS @ np.linalg.solve(k, HEIGHTS) + 0.5 * np.linalg.slogdet(k)[1]


def evidence_gradient(length, noise, power=3):
    r2 = np.sum((SITES[:, None] - SITES) ** 2, -1)
    rbf = np.exp(-0.5 * r2 / length**2)
    inverse = np.linalg.inv(rbf + noise**2 * np.eye(4))
    a = inverse @ HEIGHTS
    dk = 0.5 * (inverse - np.outer(a, a))
    return np.sum(dk * rbf * r2 / length**power), 2 * noise * np.trace(dk)


def mp_evidence(length, noise):
    s, y = mp.lift(SITES), mp.lift(HEIGHTS)
    k = mp.exp(-((s[:, None] - s) ** 2).sum(axis=-1) / length**2 / 2) + noise**2 * mp.lift(np.eye(4))
    return (y @ mp.solve(k, y) + mpm.log(mp.det(k))) / 2


right("evidence_of_a_process", "gradient", evidence, evidence_gradient, LENGTHS, "By the length itself.",
      Reference(mp_evidence))  # fmt: skip
wrong("evidence_of_a_process_squared_length", "gradient", evidence, lambda *a: evidence_gradient(*a, power=2), LENGTHS,
      "K r^2 / l^2 where l^3 is due, which is the derivative by log l (scikit-learn #11113).",
      Reference(mp_evidence))  # fmt: skip

# residuals of an exponential decay
TIMES, DECAY = np.linspace(0.0, 2.0, 6), np.array([3.0, 1.2, 0.7])
SEEN = np.array([3.6, 2.9, 1.9, 1.5, 1.2, 0.9])


def residuals(p):
    return SEEN - (p[0] * np.exp(-p[1] * TIMES) + p[2])


def residuals_backward(c, p, turned=1.0):
    e = np.exp(-p[1] * TIMES)
    return turned * np.array([c @ e, -c @ (TIMES * p[0] * e), c.sum()])


def mp_residuals(p):
    return mp.lift(SEEN) - (p[0] * mp.exp(-p[1] * mp.lift(TIMES)) + p[2])


wrong("decay_residuals_of_the_model", "vjp", residuals, residuals_backward, DECAY,
      "The Jacobian of the model for that of data minus model (a question about leastsq).",
      Reference(mp_residuals))  # fmt: skip

# a parabola by its vertex
PLACES, VERTEX = np.linspace(-1.0, 2.0, 5), np.array([1.4, 0.6, -0.3])


def parabola(p):
    return p[0] * (PLACES - p[1]) ** 2 + p[2]


def parabola_backward(c, p, twice=True):
    d = PLACES - p[1]
    return np.array([c @ d**2, c @ (-2 * p[0] * d) * (p[1] if twice else 1.0), c.sum()])


def mp_parabola(p):
    return p[0] * (mp.lift(PLACES) - p[1]) ** 2 + p[2]


right("parabola_by_its_vertex", "vjp", parabola, lambda c, p: parabola_backward(c, p, twice=False), VERTEX,
      "Three parameters.", Reference(mp_parabola))  # fmt: skip
wrong("parabola_by_its_vertex_once_more", "vjp", parabola, parabola_backward, VERTEX,
      "The vertex enters once more (a bug report about leastsq).", Reference(mp_parabola))  # fmt: skip

# Lennard-Jones with a shifted force
ATOMS, CUTOFF = np.array([[0.0, 0.0], [1.1, 0.2], [0.3, 1.3]]), 2.5
PAIRS = np.array([[0, 1], [0, 2], [1, 2]])
SLOPE_THERE = 4 * (-12 * CUTOFF**-13 + 6 * CUTOFF**-7)


def shifted_force(x):
    d = x[PAIRS[:, 0]] - x[PAIRS[:, 1]]
    r = np.sqrt(np.sum(d * d, axis=1))
    bare = 4 * (r**-12 - r**-6)
    shift = (r - CUTOFF) * SLOPE_THERE
    return np.sum(bare - shift)


def shifted_force_gradient(x, turned=1.0):
    d = x[PAIRS[:, 0]] - x[PAIRS[:, 1]]
    r = np.sqrt(np.sum(d * d, axis=1))
    slope = 4 * (-12 * r**-13 + 6 * r**-7) - turned * SLOPE_THERE
    pull = (slope / r)[:, None] * d
    g = np.zeros_like(x)
    np.add.at(g, PAIRS[:, 0], pull)
    np.add.at(g, PAIRS[:, 1], -pull)
    return g


def mp_shifted_force(x):
    total = mpf(0)
    for i, j in PAIRS:
        r = mpm.sqrt(((x[i] - x[j]) ** 2).sum())
        total += 4 * (r**-12 - r**-6) - (r - mpf(CUTOFF)) * mpf(SLOPE_THERE)
    return total


right("shifted_force", "gradient", shifted_force, shifted_force_gradient, ATOMS, "The cutoff's slope is taken off.",
      Reference(mp_shifted_force))  # fmt: skip
wrong("shifted_force_added", "gradient", shifted_force, lambda x: shifted_force_gradient(x, turned=-1.0), ATOMS,
      "The shift has the wrong sign (JuliaMolSim/Molly.jl #53).", Reference(mp_shifted_force))  # fmt: skip

# the part of Ewald's sum in real space
CHARGES, APART = np.array([1.0, -0.5, 0.8]), np.array([0.7, 1.1, 1.9])


def screened(r):
    return np.sum(CHARGES * erfc(0.8 * r) / r)


def screened_gradient(r, turned=1.0):
    bell = 2 * 0.8 / np.sqrt(np.pi) * np.exp(-((0.8 * r) ** 2))
    return CHARGES * (-erfc(0.8 * r) / r**2 - turned * bell / r)


def mp_screened(r):
    return (mp.lift(CHARGES) * (1 - mp.erf(mpf(0.8) * r)) / r).sum()


wrong("screened_charges_bell_added", "gradient", screened, lambda r: screened_gradient(r, turned=-1.0), APART,
      "The slope of erfc has the wrong sign (openmm/NNPOps #130).", Reference(mp_screened))  # fmt: skip

# a quaternion turned by a gyroscope
ATTITUDE, RATES = np.array([0.8, 0.2, -0.4, 0.4]), np.array([0.3, -0.5, 0.2])


def strapdown(q, w):
    zero = 0.0 * w[0]
    omega = np.array([[zero, -w[0], -w[1], -w[2]], [w[0], zero, w[2], -w[1]],
                      [w[1], -w[2], zero, w[0]], [w[2], w[1], -w[0], zero]])  # fmt: skip
    return q + 0.05 * omega @ q


def strapdown_backward(c, q, w, half=1.0):
    omega = np.array([[0, -w[0], -w[1], -w[2]], [w[0], 0, w[2], -w[1]],
                      [w[1], -w[2], 0, w[0]], [w[2], w[1], -w[0], 0]])  # fmt: skip
    by_rates = np.array([[-q[1], -q[2], -q[3]], [q[0], -q[3], q[2]], [q[3], q[0], -q[1]], [-q[2], q[1], q[0]]])
    return c + 0.05 * omega.T @ c, half * 0.05 * by_rates.T @ c


def mp_strapdown(q, w):
    o = mpf(0)
    omega = np.array([[o, -w[0], -w[1], -w[2]], [w[0], o, w[2], -w[1]],
                      [w[1], -w[2], o, w[0]], [w[2], w[1], -w[0], o]])  # fmt: skip
    return q + mpf(0.05) * (omega @ q)


wrong("strapdown_without_the_half", "vjp", strapdown, lambda c, *a: strapdown_backward(c, *a, half=2.0),
      (ATTITUDE, RATES), "dt L(q) for dt/2 L(q) (VINS-Fusion #49).", Reference(mp_strapdown))  # fmt: skip

# points before a camera
WORLD, SHIFT = rng.standard_normal((4, 3)) + np.array([0, 0, 4.0]), np.array([0.1, -0.2, 0.3])


def projected(points, shift):
    seen = points + shift
    return 1.5 * seen[:, :2] / seen[:, 2:] + 0.5


def projected_backward(c, points, shift, power=2):
    s = points + shift
    d = np.concatenate([1.5 * c / s[:, 2:], -1.5 * (c * s[:, :2]).sum(1, keepdims=True) / s[:, 2:] ** power], axis=1)
    return d, d.sum(0)


def mp_projected(points, shift):
    s = points + shift
    return mpf(1.5) * s[:, :2] / s[:, 2:] + mpf(0.5)


right("pinhole_camera", "vjp", projected, projected_backward, (WORLD, SHIFT), "Depth squared.",
      Reference(mp_projected))  # fmt: skip
wrong("pinhole_camera_depth_once", "vjp", projected, lambda c, *a: projected_backward(c, *a, power=1), (WORLD, SHIFT),
      "-f X / Z for -f X / Z^2.", Reference(mp_projected))  # fmt: skip

# counts with more spread than Poisson's
COUNTS, DESIGN = np.array([0.0, 2.0, 1.0, 5.0, 3.0]), rng.standard_normal((5, 2))
OVERDISPERSED = (np.array([0.3, -0.4]), np.array(0.6))


def overdispersed(beta, alpha):
    mu = np.exp(DESIGN @ beta)
    r = 1 / alpha
    ll = gammaln(COUNTS + r) - gammaln(r) + r * np.log(r / (r + mu)) + COUNTS * np.log(mu / (r + mu))
    return -np.sum(ll)


def overdispersed_gradient(beta, alpha, inner=True):
    mu = np.exp(DESIGN @ beta)
    r = 1 / alpha
    dr = digamma(COUNTS + r) - digamma(r) + np.log(r / (r + mu)) + 1 - (r + COUNTS) / (r + mu)
    dmu = COUNTS / mu - (r + COUNTS) / (r + mu)
    return -DESIGN.T @ (dmu * mu), -dr.sum() * (-(r**2) if inner else 1.0)


def mp_overdispersed(beta, alpha):
    mu, r, y = mp.exp(mp.lift(DESIGN) @ beta), 1 / alpha, mp.lift(COUNTS)
    gln = mp._each(mpm.loggamma)
    return -(gln(y + r) - mpm.loggamma(r) + r * mp.log(r / (r + mu)) + y * mp.log(mu / (r + mu))).sum()


wrong("overdispersed_counts_by_the_reciprocal", "gradient", overdispersed,
      lambda *a: overdispersed_gradient(*a, inner=False), OVERDISPERSED,
      "The derivative by 1/alpha is given for that by alpha.", Reference(mp_overdispersed))  # fmt: skip

# a generalised Poisson with its spread by its logarithm
SPREAD_DATA, SPREAD = np.array([1.2, 0.4, 2.3, 0.9]), np.array([0.5, -0.3])


def log_spread(params):
    alpha = np.exp(params[-1])
    z = (SPREAD_DATA - params[0]) / alpha
    return np.sum(0.5 * z**2 + z**4 / 12) + 4 * np.log(alpha)


def log_spread_gradient(params, chain=True):
    alpha = np.exp(params[-1])
    z = (SPREAD_DATA - params[0]) / alpha
    dz = z + z**3 / 3
    by_alpha = -np.sum(dz * z) / alpha + 4 / alpha
    return np.array([-np.sum(dz) / alpha, by_alpha * alpha if chain else by_alpha])


def mp_log_spread(params):
    alpha = mpm.exp(params[-1])
    z = (mp.lift(SPREAD_DATA) - params[0]) / alpha
    return (z * z / 2 + z**4 / 12).sum() + 4 * params[-1]


right("spread_by_its_logarithm", "gradient", log_spread, log_spread_gradient, SPREAD, "Times alpha.",
      Reference(mp_log_spread))  # fmt: skip
wrong("spread_by_its_logarithm_untransformed", "gradient", log_spread, lambda p: log_spread_gradient(p, chain=False),
      SPREAD, "score[-1] is that of alpha itself (statsmodels #7522).", Reference(mp_log_spread))  # fmt: skip

# growth that depends on all others
RATES_OF, POPULATION = rng.standard_normal((4, 4)), np.array([0.5, 1.2, 0.8, 0.3])


def competing(x):
    rates = RATES_OF @ x
    return x * rates


def competing_backward(c, x, diagonal=True):
    d = c * x
    through = np.diag(RATES_OF) * d if diagonal else RATES_OF.T @ d
    return c * (RATES_OF @ x) + through


def mp_competing(x):
    return x * (mp.lift(RATES_OF) @ x)


wrong("competing_species_diagonal", "vjp", competing, competing_backward, POPULATION,
      "The diagonal of the matrix for all of it (after AndreiChertkov/fpcross PR #2).",
      Reference(mp_competing))  # fmt: skip

# proportional hazards
COVARIATES, DIED, HAZARD = rng.standard_normal((5, 2)), np.array([1.0, 0, 1, 1, 0]), np.array([0.4, -0.3])


def hazards(beta):
    score = COVARIATES @ beta
    risk = np.cumsum(np.exp(score)[::-1])[::-1]
    return -np.sum(DIED * (score - np.log(risk)))


def hazards_gradient(beta, backwards=False):
    e = np.exp(COVARIATES @ beta)
    inverse = DIED / np.cumsum(e[::-1])[::-1]
    total = np.cumsum(inverse[::-1])[::-1] if backwards else np.cumsum(inverse)
    return -COVARIATES.T @ (DIED - e * total)


def mp_hazards(beta):
    score = mp.lift(COVARIATES) @ beta
    risk = [mp.exp(score[k:]).sum() for k in range(5)]
    return -sum(mpf(d) * (s - mpm.log(r)) for d, s, r in zip(DIED, score, risk, strict=True))


right("proportional_hazards", "gradient", hazards, hazards_gradient, HAZARD, "Forwards over those at risk.",
      Reference(mp_hazards))  # fmt: skip
wrong("proportional_hazards_backwards", "gradient", hazards, lambda b: hazards_gradient(b, backwards=True), HAZARD,
      "The running sum has the direction of the forward one.", Reference(mp_hazards))  # fmt: skip

# a hidden chain
EMIT, START = rng.random((4, 3)) + 0.1, np.array([0.5, 0.3, 0.2])
MOVES = np.array([[0.7, 0.2, 0.1], [0.3, 0.5, 0.2], [0.2, 0.2, 0.6]])


def hidden_chain(moves):
    a = START * EMIT[0]
    for e in EMIT[1:]:
        a = (a @ moves) * e
    return np.log(np.sum(a))


def hidden_chain_gradient(moves, turned=True):
    states = [START * EMIT[0]]
    for e in EMIT[1:]:
        states.append((states[-1] @ moves) * e)
    g, d = np.ones(3) / states[-1].sum(), np.zeros_like(moves)
    for t in (3, 2, 1):
        g = g * EMIT[t]
        d += np.outer(states[t - 1], g)
        g = moves @ g
    return d.T if turned else d


def mp_hidden_chain(moves):
    a = mp.lift(START) * mp.lift(EMIT[0])
    for e in mp.lift(EMIT[1:]):
        a = (a @ moves) * e
    return mpm.log(a.sum())


wrong("hidden_chain_transposed", "gradient", hidden_chain, hidden_chain_gradient, MOVES,
      "From and to are exchanged.", Reference(mp_hidden_chain))  # fmt: skip

# a filter of one number
MEASURED, FILTER = np.array([0.3, 0.8, 0.1, 0.6]), (np.array(0.2), np.array(0.5))


def filtered(q, r):
    m, p, cost = 0.0, 1.0, 0.0
    for y in MEASURED:
        p = p + q
        k = p / (p + r)
        cost = cost + (y - m) ** 2 / (p + r)
        m = m + k * (y - m)
        p = (1 - k) * p
    return cost


def filtered_gradient(q, r, gain=1.0):
    m, p, states = 0.0, 1.0, []
    for y in MEASURED:
        p = p + q
        k = p / (p + r)
        states.append((y - m, p, k))
        m, p = m + k * (y - m), (1 - k) * p
    dq, dr, dm, dp = 0.0, 0.0, 0.0, 0.0
    for e, p, k in reversed(states):
        s = p + r
        dk = gain * (dm * e - dp * p)
        dp = dp * (1 - k) + dk * r / s**2 - e**2 / s**2
        dr += -dk * p / s**2 - e**2 / s**2
        dm = dm * (1 - k) - 2 * e / s
        dq += dp
    return dq, dr


def mp_filtered(q, r):
    m, p, cost = mpf(0), mpf(1), mpf(0)
    for y in mp.lift(MEASURED):
        p = p + q
        k, cost = p / (p + r), cost + (y - m) ** 2 / (p + r)
        m, p = m + k * (y - m), (1 - k) * p
    return cost


right("filter_of_one_number", "gradient", filtered, filtered_gradient, FILTER, "Back through gain and variance.",
      Reference(mp_filtered))  # fmt: skip
wrong("filter_of_one_number_gain_held", "gradient", filtered, lambda *a: filtered_gradient(*a, gain=0.0), FILTER,
      "The gain is taken for a constant.", Reference(mp_filtered))  # fmt: skip

# one step of Runge and Kutta
PENDULUM, STEP = np.array([0.6, -0.2]), 0.3


def flow(y):
    return np.array([y[1], -np.sin(y[0])])


def runge_kutta(y):
    k1 = flow(y)
    k2 = flow(y + STEP / 2 * k1)
    k3 = flow(y + STEP / 2 * k2)
    k4 = flow(y + STEP * k3)
    return y + STEP / 6 * (k1 + 2 * k2 + 2 * k3 + k4)


def runge_kutta_jvp(primals, tangents, middle=2.0):
    (y,), (t,) = primals, tangents

    def slope(at, along):
        return np.array([along[1], -np.cos(at[0]) * along[0]])

    k1, d1 = flow(y), slope(y, t)
    k2, d2 = flow(y + STEP / 2 * k1), slope(y + STEP / 2 * k1, t + STEP / 2 * d1)
    k3, d3 = flow(y + STEP / 2 * k2), slope(y + STEP / 2 * k2, t + STEP / 2 * d2)
    d4 = slope(y + STEP * k3, t + STEP * d3)
    return t + STEP / 6 * (d1 + middle * d2 + middle * d3 + d4)


def mp_runge_kutta(y):
    h = mpf(STEP)

    def along(v):
        return np.array([v[1], -mpm.sin(v[0])])

    k1 = along(y)
    k2 = along(y + h / 2 * k1)
    k3 = along(y + h / 2 * k2)
    return y + h / 6 * (k1 + 2 * k2 + 2 * k3 + along(y + h * k3))


wrong("runge_kutta_even_weights", "jvp", runge_kutta, lambda p, t: runge_kutta_jvp(p, t, middle=1.0), PENDULUM,
      "The two middle slopes count once.", Reference(mp_runge_kutta))  # fmt: skip
