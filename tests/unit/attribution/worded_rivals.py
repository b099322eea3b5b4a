"""Wrong derivatives that several mistakes explain, and what is said of them: the likelier one, or that it is either."""

from pathlib import Path
from typing import Any

import numpy as np

from by_path import load
from gradcheck.attribution.mistake import Mistake

Worded = load(Path(__file__).with_name("worded_axes_and_turns.py")).Worded
rng = np.random.default_rng(617)
LOADS = np.array([1.5, 2.7])
TURN, START = np.array([[1.0, 0.3], [0.0, 1.0]]), np.array([0.1, 0.2])
FOCI = np.array([0.5, -0.8, 0.4])
POINTS = rng.standard_normal((5, 2))
SCORES, GAINS = np.array([0.3, 1.2, -0.5, 0.6]), np.array([3.0, 0.5, 1.0, 2.0])
TONE, TAPS = rng.standard_normal(6), np.array([0.5, 0.3, -0.4])
PLACES = rng.standard_normal((4, 2))
AGES, DIED = np.array([0.5, 1.2, 2.0, 2.4]), np.array([1.0, 0, 1, 1])
SERIES = rng.standard_normal(6)
GRID = rng.standard_normal((3, 3)), rng.standard_normal((3, 2))


def blocked(a: Any) -> Any:
    b = np.ones_like(a)
    for k in range(1, 5):
        b = a * b / (k + a * b)
    return b


def blocked_last_turn(primals: Any, tangents: Any) -> Any:
    (a,), (v,) = primals, tangents
    b = np.ones_like(a)
    for k in range(1, 5):
        before, b = b, a * b / (k + a * b)
    return 4 * v * before / (4 + a * before) ** 2


def through_lenses(f: Any) -> Any:
    ray = START
    for k in range(3):
        ray = TURN @ (ray - np.array([0.0, 1.0]) * ray[0] / f[k])
    return ray


def through_lenses_unturned(c: Any, f: Any) -> Any:
    rays = [START]
    for k in range(3):
        rays.append(TURN @ (rays[-1] - np.array([0.0, 1.0]) * rays[-1][0] / f[k]))
    d, df = c, np.zeros(3)
    for k in range(2, -1, -1):
        d = TURN @ d
        df[k] = d[1] * rays[k][0] / f[k] ** 2
        d = np.array([d[0] - d[1] / f[k], d[1]])
    return df


def well(p: Any) -> Any:
    a, b = p
    less = b**2 / (1 + a)
    return a * b**2 - less


def well_half(p: Any) -> Any:
    a, b = p
    return np.array([b**2 + b**2 / (1 + a) ** 2, a * b - b / (1 + a)])


def pulled(x: Any) -> Any:
    z = x - np.mean(x, axis=0)
    return np.sum(np.exp(z)) - np.sum(np.sqrt(np.sum(z**2, axis=0)))


def pulled_without_spread(x: Any) -> Any:
    e = np.exp(x - x.mean(axis=0))
    return e - e.mean(axis=0)


def ranked(s: Any) -> Any:
    above = 1 / (1 + np.exp(s[:, None] - s[None, :]))
    return np.sum(GAINS / (1 + np.sum(above, axis=1)))


def ranked_own(s: Any) -> Any:
    a = 1 / (1 + np.exp(s[:, None] - s))
    return GAINS / (1 + a.sum(axis=1)) ** 2 * (a * (1 - a)).sum(axis=1)


def filtered(x: Any, taps: Any) -> Any:
    y = np.zeros(6)
    for t in range(6):
        y[t] = taps[0] * x[t]
        if t > 0:
            y[t] += taps[1] * y[t - 1]
        if t > 1:
            y[t] += taps[2] * y[t - 2]
    return y


def filtered_as_given(c: Any, x: Any, taps: Any) -> Any:
    y = filtered(x, taps)
    return taps[0] * c, np.array([c @ x, c[1:] @ y[:-1], c[2:] @ y[:-2]])


def squared_total(x: Any) -> Any:
    return np.sum(np.sin(x)) ** 2


def upstream_ignored(c: Any, x: Any) -> Any:
    return 2 * np.sum(np.sin(x)) * np.cos(x)


def scaled_places(at: Any) -> Any:
    return np.sin((at[:, 0] + 1) / 2 * 4) * np.cos((at[:, 1] + 1) / 2 * 3)


def otherwise_scaled_places(c: Any, at: Any) -> Any:
    a, b = (at[:, 0] + 1) * 2, (at[:, 1] + 1) * 1.5
    return np.stack([2.5 * c * np.cos(a) * np.cos(b), -2.0 * c * np.sin(a) * np.sin(b)], axis=1)


def ageing(p: Any) -> Any:
    return np.sum(DIED * (p[0] + p[1] * AGES)) - np.sum(np.exp(p[0] + p[1] * AGES))


def ageing_of_the_dead(p: Any) -> Any:
    d = DIED * (1 - np.exp(p[0] + p[1] * AGES))
    return np.array([d.sum(), d @ AGES])


def softened(x: Any) -> Any:
    return np.sum(np.log1p(np.exp(x)))


WORDED = {
    "the last turn of a recursion of quotients": Worded(
        "jvp", blocked, blocked_last_turn, (LOADS,), "in one of the steps alone", Mistake.TRUNCATED
    ),
    "a matrix that leaves one entry as it is, not transposed": Worded(
        "vjp", through_lenses, through_lenses_unturned, (FOCI,), "lacking the transposition", Mistake.PRODUCT_TRANSPOSED
    ),
    "a factor of an argument that is unpacked": Worded(
        "gradient", well, well_half, (np.array([0.7, -1.2]),), "half the right one", Mistake.FACTOR
    ),
    "a norm that is a term": Worded(
        "gradient", pulled, pulled_without_spread, (POINTS,), "being left out", Mistake.DROPPED
    ),
    "one of all pairs, with those of an entry and itself": Worded(
        "gradient", ranked, ranked_own, (SCORES,), "being left out", Mistake.DROPPED
    ),
    "what a loop filled": Worded(
        "vjp", filtered, filtered_as_given, (TONE, TAPS), "wherever an entry that was computed", Mistake.TRUNCATED
    ),
    "the cotangent of one number": Worded(
        "vjp", squared_total, upstream_ignored, (TONE,), "the cotangent is not used", Mistake.COTANGENT_IGNORED
    ),
    "a scale for each column": Worded(
        "vjp", scaled_places, otherwise_scaled_places, (PLACES,), "is 1.25, 1.333 times", Mistake.FACTOR
    ),
    "the mask of another term": Worded(
        "gradient", ageing, ageing_of_the_dead, (np.array([-0.7, 0.8]),), "the mask of another", Mistake.MASK_SCALE
    ),
    "tanh for the sigmoid": Worded(
        "gradient", softened, np.tanh, (TONE,), "with the slope of the logarithm of cosh", Mistake.OTHER_SLOPE
    ),
}


def carried(u: Any, v: Any) -> Any:
    for _ in range(3):
        u = u - v * (u - np.roll(u, 1))
    return u


def carried_once(c: Any, u: Any, v: Any) -> Any:
    states = [u]
    for _ in range(2):
        states.append(states[-1] - v * (states[-1] - np.roll(states[-1], 1)))
    for u in reversed(states):
        dv = -c @ (u - np.roll(u, 1))
        c = c - v * (c - np.roll(c, -1))
    return c, np.array(dv)


def echo(x: Any, a: Any) -> Any:
    y = x.copy()
    for t in range(2, 6):
        y[t] = x[t] + a * y[t - 2]
    return y


def echo_of_the_input(c: Any, x: Any, a: Any) -> Any:
    d, da = c.copy(), 0.0
    for t in range(5, 1, -1):
        da += d[t] * x[t - 2]
        d[t - 2] += a * d[t]
    return d, np.array(da)


def lattice(down: Any, along: Any) -> Any:
    a = np.zeros((3, 3))
    for t in range(3):
        for u in range(3):
            if t and u:
                a[t, u] = np.logaddexp(a[t - 1, u] + down[t - 1, u], a[t, u - 1] + along[t, u - 1])
            elif t:
                a[t, u] = a[t - 1, u] + down[t - 1, u]
            elif u:
                a[t, u] = a[t, u - 1] + along[t, u - 1]
    return a[2, 2] + down[2, 2]


def lattice_ends_along(down: Any, along: Any) -> Any:
    share = [np.exp(lattice_at(t, 2, down, along, 1)) for t in range(3)]
    dd, da, d = np.zeros((3, 3)), np.zeros((3, 2)), 1.0
    dd[2, 2] = 1.0
    for t in (2, 1):
        da[t, 1] = d * share[t]
        d = dd[t - 1, 2] = d * (1 - share[t])
    da[0, 1] = d
    return dd, da


def lattice_at(t: int, u: int, down: Any, along: Any, way: int) -> Any:
    """The logarithm of the share of the way along in an entry."""
    a = np.zeros((3, 3))
    for i in range(3):
        for j in range(3):
            if i and j:
                a[i, j] = np.logaddexp(a[i - 1, j] + down[i - 1, j], a[i, j - 1] + along[i, j - 1])
            elif i:
                a[i, j] = a[i - 1, j] + down[i - 1, j]
            elif j:
                a[i, j] = a[i, j - 1] + along[i, j - 1]
    return a[t, u - 1] + along[t, u - 1] - a[t, u]


EITHER = {
    "one of equal turns, or their mean": ("vjp", carried, carried_once, (SERIES, np.array(0.3))),
    "a recursion's input for its output": ("vjp", echo, echo_of_the_input, (SERIES, np.array(0.6))),
    "one path whose end two blocks show": ("gradient", lattice, lattice_ends_along, GRID),
}
"""Derivatives that have no one name."""
