"""Energies, time steps, adjoints and fits that physicists and engineers differentiate by hand."""

import math

import numpy as np
from scipy.special import erfc, ndtr

from .. import shows
from .. import truth as mp
from ..item import Category
from ..truth import LabelledByIntent, Reference

CATEGORY = Category("everyday science")
right, wrong = CATEGORY.right, CATEGORY.wrong
rng = np.random.default_rng(1687)
ATOMS = np.array([[0.0, 0.0, 0.1], [1.1, 0.1, 0.0], [0.2, 1.2, -0.1], [1.0, 1.1, 1.0]])


# Lennard-Jones with a cutoff, forces in a double loop (action and reaction)
def lennard_jones(x, cutoff=1.8):
    energy = 0.0
    for i in range(len(x)):
        for j in range(i):
            r2 = np.dot(x[i] - x[j], x[i] - x[j])
            if r2 < cutoff**2:
                s6 = 1.0 / r2**3
                energy += 4 * (s6 * s6 - s6)
    return energy


def lennard_jones_forces(x, cutoff=1.8, reaction=True, power=4):
    F = np.zeros_like(x)
    for i in range(len(x)):
        for j in range(i):
            d = x[i] - x[j]
            r2 = d @ d
            if r2 < cutoff**2:
                f = 24 * (2 / r2**6 - 1 / r2**3) / r2 ** (power / 4)
                F[i] += f * d
                if reaction:
                    F[j] -= f * d
    return F


def mp_lennard_jones(x):
    total = mp.mpf(0)
    for i in range(len(x)):
        for j in range(i):
            r2 = ((x[i] - x[j]) ** 2).sum()
            if r2 < mp.mpf(1.8) ** 2:
                total += 4 * (r2**-6 - r2**-3)
    return total


LJ = Reference(mp_lennard_jones)
right("md_lennard_jones", "gradient", lennard_jones, lambda x: -lennard_jones_forces(x), ATOMS, "Minus forces.", LJ)
wrong("md_lennard_jones_forces", "gradient", lennard_jones, lennard_jones_forces, ATOMS, "Forces, not gradient.", LJ)
wrong(
    "md_lennard_jones_no_reaction", "gradient", lennard_jones, lambda x: -lennard_jones_forces(x, reaction=False),
    ATOMS, "Only one atom of each pair feels the force.", LJ,
)  # fmt: skip
wrong(
    "md_lennard_jones_one_over_r", "gradient", lennard_jones, lambda x: -lennard_jones_forces(x, power=2), ATOMS,
    "Divided by r where d still has its length.", LJ,
)  # fmt: skip

# real-space part of an Ewald sum in a periodic box
CHARGES, BOX, ALPHA = np.array([1.0, -1.0, 1.0, -1.0]), 3.0, 0.9


def ewald_real(x):
    i, j = np.triu_indices(len(x), k=1)
    d = x[i] - x[j]
    d = d - BOX * np.rint(d / BOX)
    r = np.sqrt(np.sum(d * d, axis=1))
    return np.sum(CHARGES[i] * CHARGES[j] * erfc(ALPHA * r) / r)


def ewald_real_gradient(x, wrap=True):
    i, j = np.triu_indices(len(x), k=1)
    d = x[i] - x[j]
    if wrap:
        d -= BOX * np.rint(d / BOX)
    r = np.linalg.norm(d, axis=1)
    slope = -(erfc(ALPHA * r) / r + 2 * ALPHA / np.sqrt(np.pi) * np.exp(-((ALPHA * r) ** 2))) / r
    g = (CHARGES[i] * CHARGES[j] * slope / r)[:, None] * d
    out = np.zeros_like(x)
    np.add.at(out, i, g)
    np.add.at(out, j, -g)
    return out


def mp_ewald(x):
    total = mp.mpf(0)
    for i in range(len(x)):
        for j in range(i):
            d = x[i] - x[j]
            d = d - 3 * mp.floor(d / 3 + mp.mpf(1) / 2)
            r = mp.mpmath.sqrt((d * d).sum())
            total += int(CHARGES[i] * CHARGES[j]) * mp.mpmath.erfc(mp.mpf(float(ALPHA)) * r) / r
    return total


EWALD = Reference(mp_ewald)
IONS = np.array([[0.2, 0.3, 0.1], [2.7, 0.2, 0.4], [1.4, 2.6, 0.3], [1.2, 0.4, 2.5]])
right("md_ewald_real_space", "gradient", ewald_real, ewald_real_gradient, IONS, "Minimum image by rint.", EWALD)
wrong(
    "md_ewald_no_minimum_image", "gradient", ewald_real, lambda x: ewald_real_gradient(x, wrap=False), IONS,
    "The periodic image is ignored in the gradient.", EWALD,
)  # fmt: skip


# a velocity Verlet step on a harmonic chain with a quartic term, vjp to both outputs
def chain_force(q):
    d = np.diff(q)
    f = np.zeros_like(q)
    f[:-1] += d + d**3
    f[1:] -= d + d**3
    return f


def chain_force_vjp(c, q):
    d = np.diff(q)
    w = (c[:-1] - c[1:]) * (1 + 3 * d**2)
    g = np.zeros_like(q)
    g[1:] += w
    g[:-1] -= w
    return g


def verlet(q, p, dt=0.1):
    half = p + 0.5 * dt * chain_force(q)
    new = q + dt * half
    return new, half + 0.5 * dt * chain_force(new)


def verlet_vjp(c, q, p, dt=0.1, second=True):
    cq, cp = c
    new = q + dt * (p + 0.5 * dt * chain_force(q))
    dnew = cq + (0.5 * dt * chain_force_vjp(cp, new) if second else 0)
    dhalf = cp + dt * dnew
    return dnew + 0.5 * dt * chain_force_vjp(dhalf, q), dhalf


def mp_verlet(q, p):
    dt = mp.mpf(0.1)

    def force(v):
        d = v[1:] - v[:-1]
        w = np.concatenate([[mp.mpf(0)], d + d**3, [mp.mpf(0)]])
        return w[1:] - w[:-1]

    half = p + dt / 2 * force(q)
    return q + dt * half, half + dt / 2 * force(q + dt * half)


VERLET, VERLET_IN = Reference(mp_verlet), (rng.standard_normal(4), rng.standard_normal(4))
right("verlet_step", "vjp", verlet, verlet_vjp, VERLET_IN, "Kick, drift, kick; two outputs.", VERLET)
wrong(
    "verlet_step_second_kick_constant", "vjp", verlet, lambda c, q, p: verlet_vjp(c, q, p, second=False), VERLET_IN,
    "The second kick's force is held constant.", VERLET,
)  # fmt: skip

# heat equation: explicit steps, misfit at the end, adjoint by marching backward; conductivity is a field
SEEN = rng.standard_normal(6)


def heat(u0, k, steps=4, dt=0.1):
    u = u0.copy()
    for _ in range(steps):
        flux = k * (u[1:] - u[:-1])
        u[1:-1] += dt * (flux[1:] - flux[:-1])
    return 0.5 * np.sum((u - SEEN) ** 2)


def heat_gradient(u0, k, steps=4, dt=0.1, states="before"):
    us = [u0.copy()]
    for _ in range(steps):
        u = us[-1].copy()
        flux = k * np.diff(u)
        u[1:-1] += dt * np.diff(flux)
        us.append(u)
    lam, gk = us[-1] - SEEN, np.zeros_like(k)
    for n in reversed(range(steps)):
        inner = lam.copy()
        inner[[0, -1]] = 0
        dflux = -dt * np.diff(inner)
        gk += dflux * np.diff(us[n if states == "before" else n + 1])
        back = k * dflux
        lam[1:] += back
        lam[:-1] -= back
    return lam, gk


def mp_heat(u0, k):
    u, dt = u0.copy(), mp.mpf(0.1)
    for _ in range(4):
        flux = k * (u[1:] - u[:-1])
        u = np.concatenate([u[:1], u[1:-1] + dt * (flux[1:] - flux[:-1]), u[-1:]])
    return ((u - mp.lift(SEEN)) ** 2).sum() / 2


HEAT, HEAT_IN = Reference(mp_heat), (rng.standard_normal(6), rng.uniform(0.5, 2, 5))
right("heat_equation_adjoint", "gradient", heat, heat_gradient, HEAT_IN, "Fixed ends; updated in a copy.", HEAT)
wrong(
    "heat_equation_adjoint_state_late", "gradient", heat, lambda u, k: heat_gradient(u, k, states="after"), HEAT_IN,
    "The adjoint pairs with the state one step late.", HEAT,
)  # fmt: skip


def heat_in_place(u0, k):
    for _ in range(4):
        u0[1:-1] += 0.1 * np.diff(k * np.diff(u0))
    return 0.5 * np.sum((u0 - SEEN) ** 2)


wrong(
    "heat_equation_marches_in_the_input", "gradient", heat_in_place, heat_gradient, HEAT_IN,
    "f steps in the caller's own array.", LabelledByIntent("the input moves", shows=shows.mutates_inputs),
)  # fmt: skip

# SIR epidemic fitted to case counts, forward sensitivities, RK2
CASES = np.array([12.0, 20.0, 31.0, 43.0])


def sir_rate(y, beta, gamma):
    s, i = y
    return np.array([-beta * s * i, beta * s * i - gamma * i])


def sir_misfit(theta):
    beta, gamma = theta[0], theta[1]
    y, loss = np.array([0.99, 0.01], dtype=theta.dtype), 0.0
    for seen in CASES:
        for _ in range(2):
            k1 = sir_rate(y, beta, gamma)
            y = y + 0.5 * sir_rate(y + 0.25 * k1, beta, gamma)
        loss = loss + (1000 * y[1] - seen) ** 2
    return loss


def sir_gradient(theta, midpoint=True):
    beta, gamma = theta
    y, s = np.array([0.99, 0.01]), np.zeros((2, 2))
    g = np.zeros(2)

    def jac(y):
        u, i = y
        return (
            np.array([[-beta * i, -beta * u], [beta * i, beta * u - gamma]]),
            np.array([[-u * i, 0.0], [u * i, -i]]),
        )

    for seen in CASES:
        for _ in range(2):
            A, B = jac(y)
            k1, s1 = sir_rate(y, beta, gamma), A @ s + B
            mid = y + 0.25 * k1
            A2, B2 = jac(mid if midpoint else y)
            y, s = y + 0.5 * sir_rate(mid, beta, gamma), s + 0.5 * (A2 @ (s + 0.25 * s1) + B2)
        g += 2 * (1000 * y[1] - seen) * 1000 * s[1]
    return g


def mp_sir(theta):
    beta, gamma = theta
    y, loss = [mp.mpf(0.99), mp.mpf(0.01)], mp.mpf(0)

    def rate(y):
        return [-beta * y[0] * y[1], beta * y[0] * y[1] - gamma * y[1]]

    for seen in CASES:
        for _ in range(2):
            mid = [a + b / 4 for a, b in zip(y, rate(y), strict=True)]
            y = [a + b / 2 for a, b in zip(y, rate(mid), strict=True)]
        loss += (1000 * y[1] - int(seen)) ** 2
    return loss


SIR = Reference(mp_sir)
right("sir_fit", "gradient", sir_misfit, sir_gradient, np.array([0.9, 0.3]), "Sensitivity equations.", SIR)
wrong(
    "sir_fit_jacobian_at_the_start", "gradient", sir_misfit, lambda t: sir_gradient(t, midpoint=False),
    np.array([0.9, 0.3]), "The midpoint's Jacobian is taken at the step's start.", SIR,
)  # fmt: skip


def sir_by_differences(theta, h=1e-3):
    return np.array([(sir_misfit(theta + h * e) - sir_misfit(theta)) / h for e in np.eye(2)])


wrong(
    "sir_fit_forward_differences", "gradient", sir_misfit, sir_by_differences, np.array([0.9, 0.3]),
    "A forward difference of 1e-3 is left inside.", SIR,
)  # fmt: skip


# Black-Scholes by the math module, greeks as the gradient
def norm_cdf(v):
    return 0.5 * (1 + math.erf(v / math.sqrt(2)))


def black_scholes(s):
    S, K, T, r, sigma = (float(v) for v in s)
    d1 = (math.log(S / K) + (r + 0.5 * sigma**2) * T) / (sigma * math.sqrt(T))
    return S * norm_cdf(d1) - K * math.exp(-r * T) * norm_cdf(d1 - sigma * math.sqrt(T))


def black_scholes_arrays(s):
    S, K, T, r, sigma = s
    d1 = (np.log(S / K) + (r + 0.5 * sigma**2) * T) / (sigma * np.sqrt(T))
    return S * ndtr(d1) - K * np.exp(-r * T) * ndtr(d1 - sigma * np.sqrt(T))


def greeks(s, theta_sign=1.0, percent=1.0):
    S, K, T, r, sigma = s
    d1 = (math.log(S / K) + (r + 0.5 * sigma**2) * T) / (sigma * math.sqrt(T))
    d2 = d1 - sigma * math.sqrt(T)
    density = math.exp(-0.5 * d1 * d1) / math.sqrt(2 * math.pi)
    discount = K * math.exp(-r * T)
    return np.array(
        [
            norm_cdf(d1),
            -math.exp(-r * T) * norm_cdf(d2),
            theta_sign * (S * density * sigma / (2 * math.sqrt(T)) + r * discount * norm_cdf(d2)),
            T * discount * norm_cdf(d2),
            S * density * math.sqrt(T) / percent,
        ]
    )


def mp_black_scholes(s):
    S, K, T, r, sigma = s
    cdf = mp.mpmath.ncdf
    d1 = (mp.mpmath.log(S / K) + (r + sigma**2 / 2) * T) / (sigma * mp.mpmath.sqrt(T))
    return S * cdf(d1) - K * mp.mpmath.exp(-r * T) * cdf(d1 - sigma * mp.mpmath.sqrt(T))


BS, OPTION = Reference(mp_black_scholes), np.array([100.0, 95.0, 0.5, 0.03, 0.25])
right("greeks_by_math", "gradient", black_scholes, greeks, OPTION, "Python floats through math.erf.", BS)
right("greeks", "gradient", black_scholes_arrays, greeks, OPTION, "The same by scipy.special.ndtr.", BS)
wrong(
    "greeks_theta_for_maturity", "gradient", black_scholes, lambda s: greeks(s, theta_sign=-1.0), OPTION,
    "Theta is the derivative by calendar time: minus that by maturity.", BS,
)  # fmt: skip
wrong(
    "greeks_vega_per_cent", "gradient", black_scholes_arrays, lambda s: greeks(s, percent=100.0), OPTION,
    "Vega quoted per percentage point.", BS,
)  # fmt: skip

# phase retrieval: |FFT|^2, and Tikhonov least squares
MEASURED = np.abs(np.fft.fft(rng.standard_normal(8))) ** 2


def phase_retrieval(x):
    return 0.25 * np.sum((np.abs(np.fft.fft(x)) ** 2 - MEASURED) ** 2)


def phase_retrieval_gradient(x, scale=True):
    F = np.fft.fft(x)
    back = np.fft.ifft((np.abs(F) ** 2 - MEASURED) * F)
    return np.real(back) * (len(x) if scale else 1)


def mp_phase(x):
    total = mp.mpf(0)
    for k in range(8):
        f = sum(v * mp.mpmath.expjpi(mp.mpf(-k * n) / 4) for n, v in enumerate(x))
        total += (f.real**2 + f.imag**2 - mp.mpf(float(MEASURED[k]))) ** 2 / 4
    return total


PHASE, OBJECT = Reference(mp_phase), rng.standard_normal(8)
right("phase_retrieval", "gradient", phase_retrieval, phase_retrieval_gradient, OBJECT, "n times the ifft.", PHASE)
wrong(
    "phase_retrieval_ifft_for_adjoint", "gradient", phase_retrieval,
    lambda x: phase_retrieval_gradient(x, scale=False), OBJECT, "The inverse FFT is the adjoint over n.", PHASE,
)  # fmt: skip
DESIGN, DATA = rng.standard_normal((6, 4)), rng.standard_normal(6)


def tikhonov(x, lam):
    second = np.diff(x, n=2)
    r = DESIGN @ x - DATA
    return r @ r + lam**2 * second @ second


def tikhonov_gradient(x, lam, squared=True):
    L = np.diff(np.eye(4), n=2, axis=0)
    return 2 * DESIGN.T @ (DESIGN @ x - DATA) + 2 * (lam**2 if squared else lam) * L.T @ (L @ x), 2 * lam * np.sum(
        (L @ x) ** 2
    )


def mp_tikhonov(x, lam):
    s = x[2:] - 2 * x[1:-1] + x[:-2]
    r = mp.lift(DESIGN) @ x - mp.lift(DATA)
    return (r * r).sum() + lam**2 * (s * s).sum()


TIKHONOV = Reference(mp_tikhonov)
right(
    "tikhonov_second_differences", "gradient", tikhonov, tikhonov_gradient,
    (rng.standard_normal(4), np.array(0.7)), "The weight, too, is differentiated.", TIKHONOV,
)  # fmt: skip
wrong(
    "tikhonov_weight_not_squared", "gradient", tikhonov, lambda x, lam: tikhonov_gradient(x, lam, squared=False),
    (rng.standard_normal(4), np.array(1.0)), "lambda for lambda squared, at lambda = 1.",
    Reference(mp_tikhonov, at=((rng.standard_normal(4), np.array(0.7)),)),
)  # fmt: skip
