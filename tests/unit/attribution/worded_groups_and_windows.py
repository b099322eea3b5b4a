"""Wrong derivatives in which several steps, blocks or windows are wrong at once, with words that name what is wrong."""

from typing import Any

import numpy as np
from worded_axes_and_turns import Worded  # found beside this file by whoever loads it by its path

from gradcheck.attribution.mistake import Mistake

rng = np.random.default_rng(615)
X, V, W = rng.standard_normal((4, 3)), rng.standard_normal(3), rng.standard_normal((3, 3))
STREAM = rng.standard_normal((2, 3, 4))
SIGNAL, FILTER = rng.standard_normal(9), rng.standard_normal(3)
LENGTHS = np.array([3.0, 2.0, 6.0, 4.0])
FIRST, SECOND = np.array([0, 2, 1]), np.array([1, 0, 2])
SPEEDS = rng.uniform(0.5, 2.0, 6)


def centred(x: Any) -> Any:
    h = x - x.mean(axis=-1, keepdims=True)
    return h / np.sqrt((h**2).mean(axis=-1, keepdims=True) + 0.01)


def centred_over_two_axes(c: Any, x: Any) -> Any:
    h = x - x.mean(axis=-1, keepdims=True)
    r = 1 / np.sqrt((h**2).mean(axis=-1, keepdims=True) + 0.01)
    n = h * r
    return r * (c - (c.mean(axis=(1, 2), keepdims=True) + n * (c * n).mean(axis=(1, 2), keepdims=True)))


def apart(a: Any, b: Any, s: Any, t: Any) -> Any:
    return np.sum((a - b) ** 2 * np.exp(s) + t * np.exp(-s) + t**2)


def apart_in_another_order(a: Any, b: Any, s: Any, t: Any) -> Any:
    d = 2 * (a - b) * np.exp(s)
    return -d, d, np.exp(-s) + 2 * t, (a - b) ** 2 * np.exp(s) - t * np.exp(-s)


def quadratic(a: Any) -> Any:
    return 0.5 * np.sum((a @ a.T) * W) + np.sum(np.sin(a))


def quadratic_by_a_triangle(a: Any) -> Any:
    g = 0.5 * (W + W.T) @ a + np.cos(a)
    return 2 * g - np.diag(np.diag(g))


def gain(x: Any, w: Any) -> Any:
    r = 1 / np.sqrt(np.sum(x**2, axis=1, keepdims=True) + 1)
    return x * r * (1 + w)


def gain_without_one(c: Any, x: Any, w: Any) -> Any:
    r = 1 / np.sqrt(np.sum(x**2, axis=1, keepdims=True) + 1)
    d = c * w
    return r * (d - x * r**2 * np.sum(d * x, axis=1, keepdims=True)), (c * x * r).sum(axis=0)


def share(x: Any) -> Any:
    inter = np.sum(x * X)
    union = np.sum(x**2) + 3.0
    return inter / union


def share_plus(x: Any) -> Any:
    union = np.sum(x**2) + 3.0
    return (X * union + 2 * x * np.sum(x * X)) / union**2


def steps(y: Any, k: Any) -> Any:
    for _ in range(4):
        y = y + 0.3 * np.sin(k * y)
    return y


def steps_forwards(c: Any, y: Any, k: Any) -> Any:
    states = [y]
    for _ in range(3):
        states.append(states[-1] + 0.3 * np.sin(k * states[-1]))
    dk = np.zeros_like(k)
    for s in states:
        dk, c = dk + c * 0.3 * s * np.cos(k * s), c * (1 + 0.3 * k * np.cos(k * s))
    return c, dk


def rotated(p: Any) -> Any:
    for _ in range(2):
        p = W @ p @ W.T + 0.1 * np.sin(p)
    return p


def rotated_on(c: Any, p: Any) -> Any:
    q = W @ p @ W.T + 0.1 * np.sin(p)
    for s in (q, p):
        c = W @ c @ W.T + 0.1 * np.cos(s) * c
    return c


def windows(x: Any, w: Any) -> Any:
    return np.stack([np.tanh(x[2 * t : 2 * t + 3] @ w) for t in range(4)])


def windows_one_by_one(c: Any, x: Any, w: Any) -> Any:
    dx, dw = np.zeros_like(x), np.zeros_like(w)
    for t in range(4):
        at = slice(t, t + 3)
        d = c[t] * (1 - np.tanh(x[at] @ w) ** 2)
        dx[at] += d * w
        dw += d * x[at]
    return dx, dw


def pairs(x: Any) -> Any:
    d = x[FIRST] - x[SECOND]
    return np.sum((np.sum(d**2, axis=1) - 0.8) ** 2)


def pairs_in_order(x: Any) -> Any:
    g = np.zeros_like(x)
    for i, j in zip(FIRST, SECOND, strict=True):
        d = x[i] - x[j]
        g[min(i, j)] += 4 * (d @ d - 0.8) * d
        g[max(i, j)] -= 4 * (d @ d - 0.8) * d
    return g


def per_length(x: Any) -> Any:
    return np.sum(np.exp(0.3 * x).sum(axis=1) / LENGTHS)


def spectrum(x: Any) -> Any:
    z = np.fft.fft(x)
    return np.sum(np.log(1 + z.real**2 + z.imag**2))


def spectrum_once_more(x: Any) -> Any:
    z = np.fft.fft(x)
    return np.real(np.fft.fft(2 * z / (1 + np.abs(z) ** 2)))


WORDED: dict[str, Worded] = {
    "two means of one line": Worded(
        "vjp", centred, centred_over_two_axes, (STREAM,), "averages over the wrong axes, where axis 2 is due",
        Mistake.BROADCAST,
    ),
    "a triangle's gradient": Worded(
        "gradient", quadratic, quadratic_by_a_triangle, (W,), "as if the two of a pair were one entry", Mistake.DOUBLED
    ),
    "a gain around one": Worded(
        "vjp", gain, gain_without_one, (X, V), "without the 1 that is added there", Mistake.GUARD
    ),
    "plus in the quotient rule": Worded(
        "gradient", share, share_plus, (X + 0.5,), "return inter / union, lacking the minus sign", Mistake.PATH_SIGN
    ),
    "states in the order of the forward pass": Worded(
        "vjp", steps, steps_forwards, (V, SPEEDS[:3]), "the turns in reverse order", Mistake.STALE
    ),
    "both transpositions": Worded(
        "vjp", rotated, rotated_on, (0.3 * W.T,), "lacking the transposition of the other factor",
        Mistake.PRODUCT_TRANSPOSED,
    ),
    "windows with another stride": Worded(
        "vjp", windows, windows_one_by_one, (SIGNAL, FILTER), "with a stride of 1, not 2", Mistake.PERMUTED
    ),
    "one of three pairs": Worded(
        "gradient", pairs, pairs_in_order, (X[:3, :2],), "having the wrong sign in slice 1", Mistake.PATH_SIGN
    ),
    "one length for all": Worded(
        "gradient", per_length, lambda x: 0.3 * np.exp(0.3 * x) / 3.75, (X,), "with the mean of the numbers there",
        Mistake.MEAN_SUM,
    ),
    "a spectrum without its conjugate": Worded(
        "gradient", spectrum, spectrum_once_more, (SPEEDS,), "a conjugation is missing", Mistake.CONJUGATE
    ),
}  # fmt: skip
"""By what is wrong."""

EXCHANGED = (apart, apart_in_another_order, (V, V[::-1].copy(), 0.5 * W[0], W[1]))
"""Two pairs of blocks that have each other's gradient; of the first pair each is minus the other, besides."""
