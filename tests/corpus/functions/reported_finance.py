"""Epidemics, prices, scores and signals with one mistake each, after public reports and homework, for names."""

import numpy as np
from scipy.special import ndtr

from .. import truth as mp
from ..item import Category
from ..truth import Reference

CATEGORY = Category("reported finance")
right, wrong = CATEGORY.right, CATEGORY.wrong
rng = np.random.default_rng(8103)
mpf, mpm = mp.mpf, mp.mpmath

# an epidemic by Euler's steps
START, RATES = np.array([0.9, 0.1]), np.array([0.8, 0.3])


def epidemic(start, rates):
    s, i = start
    for _ in range(3):
        new = rates[0] * s * i
        s = s - new
        i = i + new - rates[1] * i
    return i


def epidemic_gradient(start, rates, caught=1.0):
    states = [(start[0], start[1])]
    for _ in range(3):
        s, i = states[-1]
        states.append((s - rates[0] * s * i, i + rates[0] * s * i - rates[1] * i))
    ds, di, db, dg = 0.0, 1.0, 0.0, 0.0
    for s, i in states[2::-1]:
        dnew = di - caught * ds
        db, dg = db + dnew * s * i, dg - di * i
        ds, di = ds + dnew * rates[0] * i, di * (1 - rates[1]) + dnew * rates[0] * s
    return np.array([ds, di]), np.array([db, dg])


def mp_epidemic(start, rates):
    s, i = start
    for _ in range(3):
        new = rates[0] * s * i
        s, i = s - new, i + new - rates[1] * i
    return i


right("epidemic_by_steps", "gradient", epidemic, epidemic_gradient, (START, RATES), "Both states.",
      Reference(mp_epidemic))  # fmt: skip
wrong("epidemic_by_steps_not_taken_off", "gradient", epidemic, lambda *a: epidemic_gradient(*a, caught=0.0),
      (START, RATES), "Those who catch it are not taken from the healthy on the way back.",
      Reference(mp_epidemic))  # fmt: skip

# the price of a call
CALL = (np.array(1.1), np.array(0.3), np.array(0.6))


def call(spot, sigma, years):
    total = sigma * np.sqrt(years)
    d1 = (np.log(spot) + 0.02 * years) / total + 0.5 * total
    return spot * ndtr(d1) - np.exp(-0.02 * years) * ndtr(d1 - total)


def call_gradient(spot, sigma, years, root=True):
    total = sigma * np.sqrt(years)
    d1 = (np.log(spot) + 0.02 * years) / total + 0.5 * total
    bell = np.exp(-0.5 * d1**2) / np.sqrt(2 * np.pi)
    theta = spot * bell * sigma / (2 * np.sqrt(years)) + 0.02 * np.exp(-0.02 * years) * ndtr(d1 - total)
    return ndtr(d1), spot * bell * (np.sqrt(years) if root else 1.0), theta


def mp_call(spot, sigma, years):
    total = sigma * mp.sqrt(years)
    d1 = (mp.log(spot) + mpf(0.02) * years) / total + total / 2
    d2 = d1 - total
    return (
        spot * (1 + mp.erf(d1 / mp.sqrt(mpf(2)))) - mp.exp(-mpf(0.02) * years) * (1 + mp.erf(d2 / mp.sqrt(mpf(2))))
    ) / 2


right("price_of_a_call", "gradient", call, call_gradient, CALL, "Delta, vega, theta.", Reference(mp_call))
wrong("price_of_a_call_vega", "gradient", call, lambda *a: call_gradient(*a, root=False), CALL,
      "S phi(d1) without the root of the time.", Reference(mp_call))  # fmt: skip

# a robust fit
ROBUST_DATA, ROBUST_SEEN = rng.standard_normal((6, 2)), np.array([4.0, -0.5, 0.3, -3.0, 1.0, 0.2])
ROBUST = np.array([0.4, -0.6])


def robust(w):
    r = ROBUST_DATA @ w - ROBUST_SEEN
    far = 1.5 * (np.abs(r) - 0.75)
    return np.sum(np.where(np.abs(r) < 1.5, 0.5 * r**2, far))


def robust_gradient(w, delta=1.5):
    r = ROBUST_DATA @ w - ROBUST_SEEN
    return ROBUST_DATA.T @ np.where(np.abs(r) < 1.5, r, delta * np.sign(r))


def mp_robust(w):
    r = mp.lift(ROBUST_DATA) @ w - mp.lift(ROBUST_SEEN)
    return sum(v * v / 2 if abs(v) < 1.5 else mpf(1.5) * (abs(v) - mpf(0.75)) for v in r)


wrong("robust_fit_plain_sign", "gradient", robust, lambda w: robust_gradient(w, delta=1.0), ROBUST,
      "sign(r) for delta sign(r).", Reference(mp_robust))  # fmt: skip

# overlap of a mask
MASK, OVERLAP = np.array([1.0, 0, 1, 1, 0, 0]), rng.standard_normal(6)


def overlap(z):
    p = 1 / (1 + np.exp(-z))
    return 1 - 2 * np.sum(p * MASK) / (np.sum(p) + np.sum(MASK))


def overlap_gradient(z, below=0.0):
    p = 1 / (1 + np.exp(-z))
    size = p.sum() + MASK.sum()
    return (-2 * MASK / size + below * 2 * (p @ MASK) / size**2) * p * (1 - p)


def mp_overlap(z):
    p, m = mp.sigmoid(z), mp.lift(MASK)
    return 1 - 2 * (p * m).sum() / (p.sum() + m.sum())


wrong("overlap_of_masks_size_held", "gradient", overlap, overlap_gradient, OVERLAP,
      "The sum of the sizes is taken for a constant.", Reference(mp_overlap))  # fmt: skip

# a code drawn with its own noise
NOISE, CODED = rng.standard_normal(4), rng.standard_normal(4)
CODE = (rng.standard_normal(4), 0.5 * rng.standard_normal(4))


def drawn_code(mu, lv):
    z = mu + NOISE * np.exp(0.5 * lv)
    kept = 0.5 * np.sum((np.tanh(z) - CODED) ** 2)
    return kept + 0.5 * np.sum(np.exp(lv) + mu**2 - 1 - lv)


def drawn_code_gradient(mu, lv, half=0.5):
    std = np.exp(0.5 * lv)
    y = np.tanh(mu + NOISE * std)
    dz = (y - CODED) * (1 - y * y)
    return dz + mu, half * dz * NOISE * std + 0.5 * (np.exp(lv) - 1)


def mp_drawn_code(mu, lv):
    y = mp.tanh(mu + mp.lift(NOISE) * mp.exp(lv / 2)) - mp.lift(CODED)
    return ((y * y).sum() + (mp.exp(lv) + mu * mu - 1 - lv).sum()) / 2


right("code_with_its_noise", "gradient", drawn_code, drawn_code_gradient, CODE, "Half of the log variance.",
      Reference(mp_drawn_code))  # fmt: skip
wrong("code_with_its_noise_without_half", "gradient", drawn_code, lambda *a: drawn_code_gradient(*a, half=1.0), CODE,
      "exp(lv / 2) differentiated without the half.", Reference(mp_drawn_code))  # fmt: skip

# a distance on the globe
HERE, THERE = np.array([0.7, 0.2]), np.array([0.9, -0.6])


def on_the_globe(p, q):
    half = 0.5 * (q - p)
    a = np.sin(half[0]) ** 2 + np.cos(p[0]) * np.cos(q[0]) * np.sin(half[1]) ** 2
    return 2 * np.arcsin(np.sqrt(a))


def on_the_globe_gradient(p, q, cosine=1.0):
    half = 0.5 * (q - p)
    s = np.sin(half) ** 2
    a = s[0] + np.cos(p[0]) * np.cos(q[0]) * s[1]
    d = 1 / np.sqrt(a * (1 - a))
    north, east = 0.5 * np.sin(q[0] - p[0]), 0.5 * np.cos(p[0]) * np.cos(q[0]) * np.sin(q[1] - p[1])
    dp = np.array([-north - cosine * np.sin(p[0]) * np.cos(q[0]) * s[1], -east])
    return d * dp, d * np.array([north - np.cos(p[0]) * np.sin(q[0]) * s[1], east])


def mp_on_the_globe(p, q):
    half = (q - p) / 2
    a = mpm.sin(half[0]) ** 2 + mpm.cos(p[0]) * mpm.cos(q[0]) * mpm.sin(half[1]) ** 2
    return 2 * mpm.asin(mpm.sqrt(a))


wrong("distance_on_the_globe_cosine_held", "gradient", on_the_globe, lambda *a: on_the_globe_gradient(*a, cosine=0.0),
      (HERE, THERE), "The cosine of the first latitude is taken for a constant.",
      Reference(mp_on_the_globe))  # fmt: skip

# a circular convolution by its spectrum
SIGNAL, KERNEL = rng.standard_normal(6), rng.standard_normal(6)


def circular(x, k):
    return np.fft.irfft(np.fft.rfft(x) * np.fft.rfft(k), 6)


def circular_backward(c, x, k, turn=np.conj):
    spectrum = np.fft.rfft(c)
    return np.fft.irfft(spectrum * turn(np.fft.rfft(k)), 6), np.fft.irfft(spectrum * turn(np.fft.rfft(x)), 6)


def mp_circular(x, k):
    return np.array([sum(x[j] * k[(i - j) % 6] for j in range(6)) for i in range(6)])


right("circular_convolution_by_spectrum", "vjp", circular, circular_backward, (SIGNAL, KERNEL), "Correlates.",
      Reference(mp_circular))  # fmt: skip
wrong("circular_convolution_by_spectrum_not_conjugated", "vjp", circular,
      lambda c, *a: circular_backward(c, *a, turn=lambda s: s), (SIGNAL, KERNEL),
      "Convolves where it must correlate.", Reference(mp_circular))  # fmt: skip
