"""Steps in time, signals and prices with one mistake each, after public reports."""

import numpy as np
from scipy.special import ndtr

from .. import truth as mp
from ..item import Category
from ..truth import Reference

CATEGORY = Category("fresh dynamics")
right, wrong = CATEGORY.right, CATEGORY.wrong
rng = np.random.default_rng(9308)
mpf, mpm = mp.mpf, mp.mpmath

# heat whose conductivity depends on heat
HEAT = np.array([0.3, 1.1, 0.7, -0.4, 0.9])


def imbalance(u):
    k = 1 + 0.5 * u**2
    flux = 0.5 * (k[1:] + k[:-1]) * (u[1:] - u[:-1])
    return flux[1:] - flux[:-1]


def imbalance_backward(c, u, newton=1.0):
    k, step = 1 + 0.5 * u**2, u[1:] - u[:-1]
    dflux = np.concatenate([[0.0], c]) - np.concatenate([c, [0.0]])
    du, dk = np.zeros(5), np.zeros(5)
    du[1:] += dflux * 0.5 * (k[1:] + k[:-1])
    du[:-1] -= dflux * 0.5 * (k[1:] + k[:-1])
    dk[1:] += 0.5 * dflux * step
    dk[:-1] += 0.5 * dflux * step
    return du + newton * dk * u


def mp_imbalance(u):
    k = 1 + u * u / 2
    flux = (k[1:] + k[:-1]) * (u[1:] - u[:-1]) / 2
    return flux[1:] - flux[:-1]


right("fresh_imbalance", "vjp", imbalance, imbalance_backward, HEAT, "Newton's.", Reference(mp_imbalance))
wrong("fresh_imbalance_after_picard", "vjp", imbalance, lambda c, u: imbalance_backward(c, u, newton=0.0), HEAT,
      "The conductivity is held, as in Picard's iteration (homework on nonlinear heat).",
      Reference(mp_imbalance))  # fmt: skip

# hares and lynxes, by Euler's steps
ANIMALS, RATES = np.array([1.2, 0.6]), np.array([1.1, 0.8, 0.5, 0.9])


def animals(y, p):
    for _ in range(4):
        hares, lynxes = y[0], y[1]
        y = y + 0.2 * np.array([p[0] * hares - p[1] * hares * lynxes, p[2] * hares * lynxes - p[3] * lynxes])
    return y


def animals_backward(c, y, p, backwards=True):
    states = []
    for _ in range(4):
        states.append(y)
        y = y + 0.2 * np.array([p[0] * y[0] - p[1] * y[0] * y[1], p[2] * y[0] * y[1] - p[3] * y[1]])
    dy, dp = c, np.zeros(4)
    for h, v in reversed(states) if backwards else states:
        dp += 0.2 * np.array([dy[0] * h, -dy[0] * h * v, dy[1] * h * v, -dy[1] * v])
        dy = dy + 0.2 * np.array([dy[0] * (p[0] - p[1] * v) + dy[1] * p[2] * v, -dy[0] * p[1] * h
                                  + dy[1] * (p[2] * h - p[3])])  # fmt: skip
    return dy, dp


def mp_animals(y, p):
    for _ in range(4):
        h, v = y
        y = y + mpf(0.2) * np.array([p[0] * h - p[1] * h * v, p[2] * h * v - p[3] * v], dtype=object)
    return y


right("fresh_animals", "vjp", animals, animals_backward, (ANIMALS, RATES), "From the last step.",
      Reference(mp_animals))  # fmt: skip
wrong("fresh_animals_states_forwards", "vjp", animals, lambda c, *a: animals_backward(c, *a, backwards=False),
      (ANIMALS, RATES), "The adjoint meets the stored states in the order of the forward steps (a forum's question).",
      Reference(mp_animals))  # fmt: skip

# how alike a signal is to itself later on
SOUND = rng.standard_normal(6)


def likeness(x):
    return np.array([np.sum(x[: 6 - k] * x[k:]) for k in range(1, 4)])


def likeness_backward(c, x, both=1.0):
    d = np.zeros(6)
    for k in range(1, 4):
        d[k:] += c[k - 1] * x[: 6 - k]
        d[: 6 - k] += both * c[k - 1] * x[k:]
    return d


def mp_likeness(x):
    return np.array([(x[: 6 - k] * x[k:]).sum() for k in range(1, 4)], dtype=object)


right("fresh_likeness", "vjp", likeness, likeness_backward, SOUND, "Either factor moves.", Reference(mp_likeness))
wrong("fresh_likeness_of_later_samples", "vjp", likeness, lambda c, x: likeness_backward(c, x, both=0.0), SOUND,
      "The earlier of the two factors is taken for a constant (homework).", Reference(mp_likeness))  # fmt: skip

# a signal of sums and differences, which are softened
WAVE = rng.standard_normal(8)


def wavelets(x):
    coarse = (x[0::2] + x[1::2]) / np.sqrt(2)
    fine = (x[0::2] - x[1::2]) / np.sqrt(2)
    return np.concatenate([coarse, np.tanh(fine)])


def wavelets_backward(c, x):
    fine = (x[0::2] - x[1::2]) / np.sqrt(2)
    dcoarse, dfine = c[:4], c[4:] * (1 - np.tanh(fine) ** 2)
    d = np.zeros(8)
    d[0::2] = (dcoarse + dfine) / np.sqrt(2)
    d[1::2] = (dcoarse + dfine) / np.sqrt(2)
    return d


def mp_wavelets(x):
    root = mpm.mpf(float(np.sqrt(2)))  # the constant of f
    return np.concatenate([(x[0::2] + x[1::2]) / root, mp.tanh((x[0::2] - x[1::2]) / root)])


wrong("fresh_wavelets_odd_samples_sign", "vjp", wavelets, wavelets_backward, WAVE,
      "Odd samples enter the difference with a minus, which is lost (homework).", Reference(mp_wavelets))  # fmt: skip

# a loud spectrum
LOUDNESS = np.array([0.5, 1.0, 0.2, 0.8, 0.2, 1.0])


def loudness(x):
    spectrum = np.fft.fft(x)
    power = spectrum.real**2 + spectrum.imag**2
    return np.sum(LOUDNESS * np.log(1 + power))


def loudness_gradient(x, conjugate=True):
    spectrum = np.fft.fft(x)
    d = 2 * LOUDNESS * spectrum / (1 + np.abs(spectrum) ** 2)
    return np.real(np.fft.fft(np.conj(d) if conjugate else d))


def mp_loudness(x):
    turns = [[2 * mpm.pi * (k * n) / 6 for n in range(6)] for k in range(6)]
    power = [sum(map(mpm.fmul, x, map(mpm.cos, t))) ** 2 + sum(map(mpm.fmul, x, map(mpm.sin, t))) ** 2 for t in turns]
    return sum(mpf(w) * mpm.log(1 + s) for w, s in zip(LOUDNESS, power, strict=True))


right("fresh_loudness", "gradient", loudness, loudness_gradient, SOUND, "Conjugated.", Reference(mp_loudness))
wrong("fresh_loudness_unconjugated", "gradient", loudness, lambda x: loudness_gradient(x, conjugate=False), SOUND,
      "The transform once more, without the conjugate (homework).", Reference(mp_loudness))  # fmt: skip

# calls on a share that pays a dividend
CALLS = (np.array([80.0, 100.0, 95.0]), np.array([0.25, 0.2, 0.4]), np.array([3.0, 1.0, 0.5]))


def calls_on_a_share(s, sigma, t):
    d1 = (np.log(s / 97.0) + (0.05 - 0.03 + 0.5 * sigma**2) * t) / (sigma * np.sqrt(t))
    return s * np.exp(-0.03 * t) * ndtr(d1) - 97.0 * np.exp(-0.05 * t) * ndtr(d1 - sigma * np.sqrt(t))


def calls_on_a_share_backward(c, s, sigma, t, decay=1.0, density=True):
    d1 = (np.log(s / 97.0) + (0.05 - 0.03 + 0.5 * sigma**2) * t) / (sigma * np.sqrt(t))
    d2, carry = d1 - sigma * np.sqrt(t), np.exp(-0.03 * t)
    bell = np.exp(-0.5 * d1**2) / np.sqrt(2 * np.pi)
    by_time = s * bell * sigma / (2 * np.sqrt(t)) * carry**decay
    by_time = by_time + 0.05 * 97.0 * np.exp(-0.05 * t) * ndtr(d2) - 0.03 * s * carry * ndtr(d1)
    return c * carry * ndtr(d1), c * s * carry * np.sqrt(t) * (bell if density else ndtr(d1)), c * by_time


def mp_calls(s, sigma, t):
    normal = mp._each(mpm.ncdf)
    d1 = (mp.log(s / 97) + (mpf(0.05 - 0.03) + sigma**2 / 2) * t) / (sigma * mp.sqrt(t))
    late = normal(d1 - sigma * mp.sqrt(t))
    return s * mp.exp(-mpf(0.03) * t) * normal(d1) - 97 * mp.exp(-mpf(0.05) * t) * late


CARRIED = Reference(mp_calls)
right("fresh_calls", "vjp", calls_on_a_share, calls_on_a_share_backward, CALLS, "Discounted.", CARRIED)
wrong("fresh_calls_decay_undiscounted", "vjp", calls_on_a_share,
      lambda c, *a: calls_on_a_share_backward(c, *a, decay=0.0), CALLS,
      "The decay by volatility lacks exp(-q t) (quantrs PR #128, OptionStratLib PR #426).", CARRIED)  # fmt: skip
wrong("fresh_calls_vega_of_the_distribution", "vjp", calls_on_a_share,
      lambda c, *a: calls_on_a_share_backward(c, *a, density=False), CALLS,
      "Vega by N(d1), the distribution, for its density (yhilpisch/py4fi #3).", CARRIED)  # fmt: skip

# bonds by their yields
BONDS, COUPONS = (np.array([0.03, 0.06]), np.array([4.0, 7.0])), np.arange(1, 7)


def bonds(y, coupon):
    growth = 1 + y[:, None] / 2
    return (coupon[:, None] / 2 * growth ** -COUPONS.astype(float)).sum(axis=1) + 100.0 * growth[:, 0] ** -6.0


def bonds_backward(c, y, coupon, more=1):
    growth, n = 1 + y[:, None] / 2, COUPONS.astype(float)
    paid = (coupon[:, None] / 2 * n * growth ** -(n + more)).sum(axis=1) + 600.0 * growth[:, 0] ** -(6.0 + more)
    return -0.5 * c * paid, 0.5 * c * (growth**-n).sum(axis=1)


def mp_bonds(y, coupon):
    growth = 1 + y / 2
    return sum(coupon / 2 * growth**-n for n in range(1, 7)) + 100 * growth**-6


right("fresh_bonds", "vjp", bonds, bonds_backward, BONDS, "One power more.", Reference(mp_bonds))
wrong("fresh_bonds_power_kept", "vjp", bonds, lambda c, *a: bonds_backward(c, *a, more=0), BONDS,
      "The exponent is not lowered: Macaulay's duration for the modified one (homework).",
      Reference(mp_bonds))  # fmt: skip
