"""Functions that solve something on the way (roots, systems, plans, orbits) and gradients right to some digits only."""

import numpy as np
from scipy.integrate import solve_ivp
from scipy.optimize import brentq, newton
from scipy.sparse.linalg import cg
from scipy.special import gammaln, ndtr

from .. import truth as mp
from ..item import Category
from ..truth import Reference

CATEGORY = Category("new solvers")
right, wrong = CATEGORY.right, CATEGORY.wrong
rng = np.random.default_rng(1001)
UNIT = 2.0**-53
mpf, mpm = mp.mpf, mp.mpmath

# implied volatilities by the secant method
SPOT, MATURITY = 100.0, 0.5
STRIKES = np.array([90.0, 100.0, 115.0])
QUOTES = np.array([13.08, 7.02, 4.87])


def call_prices(sigma):
    spread = sigma * np.sqrt(MATURITY)
    d1 = np.log(SPOT / STRIKES) / spread + 0.5 * spread
    return SPOT * ndtr(d1) - STRIKES * ndtr(d1 - spread)


def implied_volatility(prices):
    return newton(lambda sigma: call_prices(sigma) - prices, np.full(3, 0.3))


def density_at_d1(sigma):
    spread = sigma * np.sqrt(MATURITY)
    d1 = np.log(SPOT / STRIKES) / spread + 0.5 * spread
    return SPOT * np.exp(-0.5 * d1 * d1) / np.sqrt(2 * np.pi)


def mp_implied_volatility(prices):
    def one(price, strike):
        def gap(sigma):
            spread = sigma * mpm.sqrt(mpf(MATURITY))
            d1 = mpm.log(mpf(SPOT) / strike) / spread + spread / 2
            return SPOT * mpm.ncdf(d1) - strike * mpm.ncdf(d1 - spread) - price

        return mpm.findroot(gap, 0.3)

    return np.array([one(p, mpf(k)) for p, k in zip(prices, STRIKES, strict=True)], dtype=object)


IMPLIED = Reference(mp_implied_volatility)
right(
    "implied_volatility_secant", "vjp", implied_volatility,
    lambda c, p: c / (np.sqrt(MATURITY) * density_at_d1(implied_volatility(p))), QUOTES,
    "scipy.optimize.newton without fprime; the slope is 1 / vega at its root.", IMPLIED, rounding=1e-10 / UNIT,
)  # fmt: skip
wrong(
    "implied_volatility_secant_maturity_lost", "vjp", implied_volatility,
    lambda c, p: c / density_at_d1(implied_volatility(p)), QUOTES, "Vega without its factor sqrt(T).", IMPLIED,
)  # fmt: skip

# a chain of springs, its adjoint by conjugate gradients
N = 20
STIFFNESS = rng.uniform(0.6, 3.0, N)
PULL, SEEN = rng.uniform(-1, 1, N), rng.uniform(-1, 1, N)
CHAIN = np.eye(N) - np.eye(N, k=-1)


def stiffness_matrix(k):
    return CHAIN.T @ (k[:, None] * CHAIN) + 0.5 * np.eye(N)


def misfit(k):
    u = np.linalg.solve(stiffness_matrix(k), PULL)
    return 0.5 * np.sum((u - SEEN) ** 2)


def misfit_gradient(k, rtol, maxiter=None):
    K = stiffness_matrix(k)
    u = np.linalg.solve(K, PULL)
    adjoint, _ = cg(K, u - SEEN, rtol=rtol, atol=0.0, maxiter=maxiter)
    return -(CHAIN @ adjoint) * (CHAIN @ u)


def mp_misfit(k):
    K = CHAIN.T.astype(int) @ (k[:, None] * CHAIN.astype(int)) + mp.lift(0.5 * np.eye(N))
    return ((mp.solve(K, mp.lift(PULL)) - mp.lift(SEEN)) ** 2).sum() / 2


MISFIT = Reference(mp_misfit)
for digits in (12, 10, 8):
    right(
        f"springs_adjoint_by_cg_1e-{digits}", "gradient", misfit,
        lambda k, rtol=10.0**-digits: misfit_gradient(k, rtol), STIFFNESS,
        f"The adjoint system solved by cg(rtol=1e-{digits}): right to about so many digits.", MISFIT,
        rounding=10.0 ** (1 - digits) / UNIT,
    )  # fmt: skip
wrong(
    "springs_adjoint_by_cg_four_steps", "gradient", misfit, lambda k: misfit_gradient(k, 1e-12, maxiter=4), STIFFNESS,
    "maxiter=4 of some twenty steps, and nobody asks whether it converged.", MISFIT,
)  # fmt: skip
wrong(
    "springs_adjoint_by_cg_sign", "gradient", misfit, lambda k: -misfit_gradient(k, 1e-12), STIFFNESS,
    "The minus of the adjoint method is forgotten.", MISFIT,
)  # fmt: skip

# entropic transport, stopped at 1e-9
GROUND = rng.uniform(0.2, 1.5, (4, 4))
HALVES, TARGET, EPS = np.full(4, 0.25), np.array([0.1, 0.4, 0.2, 0.3]), 0.25


def scalings(C):
    K, v = np.exp(-C / EPS), np.ones(4)
    for _ in range(5000):
        u = HALVES / (K @ v)
        v = TARGET / (K.T @ u)
        if np.abs(u * (K @ v) - HALVES).max() < 1e-9:
            return K, u, v
    raise ArithmeticError("Sinkhorn's iteration did not converge")


def transport(C):
    _, u, v = scalings(C)
    return EPS * (HALVES @ np.log(u) + TARGET @ np.log(v))


def transport_plan(C):
    K, u, v = scalings(C)
    return u[:, None] * K * v


def mp_transport(C):
    K, v = mp.exp(-C * 4), np.full(4, mpf(1))
    a, b = mp.lift(HALVES), mp.lift(TARGET)
    for _ in range(400):
        u = a / (K @ v)
        v = b / (K.T @ u)
    return ((a * mp.log(u)).sum() + (b * mp.log(v)).sum()) / 4


TRANSPORT = Reference(mp_transport)
right(
    "sinkhorn_dual_stopped_at_1e-9", "gradient", transport, transport_plan, GROUND,
    "The plan is the gradient of the dual value, up to the tolerance of the loop.", TRANSPORT, rounding=1e-8 / UNIT,
)  # fmt: skip
wrong(
    "sinkhorn_dual_conditional_plan", "gradient", transport,
    lambda C: transport_plan(C) / transport_plan(C).sum(axis=1, keepdims=True), GROUND,
    "The plan with rows that sum to one: four times too large.", TRANSPORT,
)  # fmt: skip

# logistic growth by solve_ivp, sensitivities by solve_ivp
GROWTH = np.array([0.9, 2.5, 0.3])  # rate, capacity, start


def final_population(p):
    r, K, y0 = p
    done = solve_ivp(lambda t, y: r * y * (1 - y / K), (0.0, 3.0), [y0], rtol=1e-10, atol=1e-12)
    return done.y[0, -1]


def population_sensitivities(p, by_capacity):
    r, K, y0 = p

    def rates(t, z):
        y, slope = z[0], r * (1 - 2 * z[0] / K)
        return [r * y * (1 - y / K), slope * z[1] + y * (1 - y / K), slope * z[2] + by_capacity(r, K, y), slope * z[3]]

    return solve_ivp(rates, (0.0, 3.0), [y0, 0.0, 0.0, 1.0], rtol=1e-10, atol=1e-12).y[1:, -1]


POPULATION = Reference(lambda p: p[1] / (1 + (p[1] / p[2] - 1) * mp.exp(-3 * p[0])))
right(
    "population_by_solve_ivp", "gradient", final_population,
    lambda p: population_sensitivities(p, lambda r, K, y: r * y * y / K**2), GROWTH,
    "Sensitivity equations, integrated to rtol=1e-10 as f is.", POPULATION, rounding=1e-8 / UNIT,
)  # fmt: skip
wrong(
    "population_by_solve_ivp_quotient", "gradient", final_population,
    lambda p: population_sensitivities(p, lambda r, K, y: r * y * y / K), GROWTH,
    "d(1 - y/K)/dK is y/K^2, and y/K was written.", POPULATION, rounding=1e-8 / UNIT,
)  # fmt: skip

# the internal rate of return by brentq
FLOWS = np.array([-100.0, 24.0, 31.0, 28.0, 40.0, 18.0])
YEARS = np.arange(6)


def rate_of_return(flows):
    return brentq(lambda r: np.sum(flows / (1 + r) ** YEARS), -0.5, 1.0, xtol=1e-8)


def rate_gradient(flows, lowered=1):
    r = rate_of_return(flows)
    by_rate = -np.sum(YEARS * flows / (1 + r) ** (YEARS + lowered))
    return -((1 + r) ** -YEARS.astype(float)) / by_rate


RATE = Reference(
    lambda flows: mpm.findroot(lambda r: sum(v / (1 + r) ** k for k, v in enumerate(flows)), 0.13)
)  # fmt: skip
right(
    "rate_of_return_by_brentq", "gradient", rate_of_return, rate_gradient, FLOWS,
    "brentq(xtol=1e-8) and the implicit function theorem at its root.", RATE, rounding=1e-8 / UNIT,
)  # fmt: skip
right(
    "rate_of_return_by_brentq_declared", "gradient", rate_of_return, rate_gradient, FLOWS,
    "The same with its accuracy declared.", RATE, rounding=1e-7 / UNIT, options={"accuracy": 1e-7},
)  # fmt: skip
wrong(
    "rate_of_return_exponent_not_raised", "gradient", rate_of_return, lambda flows: rate_gradient(flows, 0), FLOWS,
    "d(1 + r)^-k/dr with the exponent k instead of k + 1.", RATE, rounding=1e-8 / UNIT,
)  # fmt: skip

# Kepler's equation by its fixed point
ANOMALIES = np.array([0.4, 1.3, 2.2, 2.9])
ECCENTRICITY = np.array(0.3)


def eccentric_anomaly(M, e):
    E = M
    for _ in range(60):
        E = M + e * np.sin(E)
    return E


def kepler_vjp(c, M, e):
    E = eccentric_anomaly(M, e)
    w = c / (1 - e * np.cos(E))
    return w, np.sum(w * np.sin(E))


def kepler_vjp_last_step(c, M, e):
    E = eccentric_anomaly(M, e)
    return c, np.sum(c * np.sin(E))


def mp_kepler(M, e):
    E = M
    for _ in range(8):
        E = E - (E - e * mp.sin(E) - M) / (1 - e * mp.cos(E))
    return E


KEPLER = Reference(mp_kepler)
right(
    "kepler_by_fixed_point", "vjp", eccentric_anomaly, kepler_vjp, (ANOMALIES, ECCENTRICITY),
    "Sixty steps at e = 0.3 have converged to the last digit; at e = 2.4 they would not.", KEPLER,
)  # fmt: skip
wrong(
    "kepler_by_fixed_point_last_step", "vjp", eccentric_anomaly, kepler_vjp_last_step, (ANOMALIES, ECCENTRICITY),
    "Only the last of the sixty steps is differentiated.", KEPLER,
)  # fmt: skip

# log-gamma with digamma by its asymptotic series, cut after some terms
COUNTS = np.array([6.5, 8.0, 11.25])
BERNOULLI = (1 / 12, -1 / 120, 1 / 252, -1 / 240, 1 / 132, -691 / 32760, 1 / 12, -3617 / 8160)


def evidence(x):
    return np.sum(gammaln(x) - 0.5 * x)


def evidence_gradient(x, terms):
    digamma = np.log(x) - 0.5 / x - sum(b * x ** (-2.0 * k) for k, b in enumerate(BERNOULLI[:terms], start=1))
    return digamma - 0.5


EVIDENCE = Reference(lambda x: sum(mpm.loggamma(v) - v / 2 for v in x))
for terms, digits in ((7, 13), (5, 11), (4, 10)):
    right(
        f"digamma_series_of_{terms}_terms", "gradient", evidence,
        lambda x, terms=terms: evidence_gradient(x, terms), COUNTS,
        f"An asymptotic series, right to about 1e-{digits}: a user would call it right.", EVIDENCE,
        rounding=10.0 ** (1 - digits) / UNIT,
    )  # fmt: skip
wrong(
    "digamma_series_of_one_term", "gradient", evidence, lambda x: evidence_gradient(x, 1), COUNTS,
    "Cut after its first term: right to five digits.", EVIDENCE,
)  # fmt: skip

# relative errors planted
READOUT, STATE = rng.standard_normal((3, 5)), rng.standard_normal(5)


def readout(x):
    h = np.tanh(READOUT @ x)
    return np.sum(h**2) + 0.1 * x @ x


def readout_gradient(x):
    h = np.tanh(READOUT @ x)
    return READOUT.T @ (2 * h * (1 - h * h)) + 0.2 * x


READ = Reference(lambda x: (mp.tanh(mp.lift(READOUT) @ x) ** 2).sum() + mpf(0.1) * (x * x).sum())
for size, digits in ((3e-14, 14), (2e-12, 12), (5e-10, 10)):
    right(
        f"readout_planted_1e-{digits}", "gradient", readout,
        lambda x, size=size: readout_gradient(x) * (1 + size), STATE,
        f"A relative error of {size:g} that nothing explains: far below what any use could notice.", READ,
        rounding=max(1e3, 4 * size / UNIT),
    )  # fmt: skip
wrong(
    "readout_planted_1e-4", "gradient", readout, lambda x: readout_gradient(x) * (1 + 1e-4), STATE,
    "A relative error of 1e-4: too large for any use that counts digits.", READ,
)  # fmt: skip
wrong(
    "readout_ridge_of_seven_digits", "gradient", readout, lambda x: readout_gradient(x) - 0.2 * x + 0.1999998 * x,
    STATE, "The ridge's constant is slightly off.", READ,
)  # fmt: skip
