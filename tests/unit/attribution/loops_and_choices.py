"""Functions with loops, choices and broadcasts, with a wrong derivative each; and near misses beside them."""

from typing import Any

import numpy as np

import gradcheck
from gradcheck.attribution.mistake import Mistake

rng = np.random.default_rng(577)
X = rng.standard_normal((4, 3))
A, B = rng.standard_normal((3, 2)), rng.standard_normal((3, 2))
Y = rng.uniform(0.5, 2.0, 6)
CUBE, GAIN, SHIFT = rng.standard_normal((2, 3, 3)), rng.uniform(0.5, 2.0, 3), rng.standard_normal(3)
PAIR, SCALE = rng.standard_normal((2, 5)), rng.uniform(0.5, 2.0, 5)
DRIVES, LEAK = rng.standard_normal(6), np.array(0.4)
WX, WH = rng.standard_normal((2, 3)), 0.7 * rng.standard_normal((3, 3))
SEQUENCE = rng.standard_normal((5, 2))


def larger(x: Any, a: Any, b: Any) -> Any:
    return np.maximum(x @ a, x @ b)


def larger_vjp(c: Any, x: Any, a: Any, b: Any, share: Any) -> Any:
    one, two = x @ a, x @ b
    g, h = c * share(one, two), c * share(two, one)
    return g @ a.T + h @ b.T, x.T @ g, x.T @ h


def ranked(y: Any) -> Any:
    ordered = np.sort(np.exp(y))
    return np.arange(1.0, 7.0) @ np.log1p(ordered)


def ranked_gradient(y: Any, back: Any) -> Any:
    e = np.exp(y)
    order = np.argsort(e)
    return back(np.arange(1.0, 7.0) / (1 + e[order]), order) * e


def modulated(x: Any, gain: Any, shift: Any) -> Any:
    h = x * gain + shift
    return np.sin(h)


def modulated_vjp(c: Any, x: Any, gain: Any, shift: Any, add: Any) -> Any:
    d = c * np.cos(x * gain + shift)
    return d * gain, add(d * x), add(d)


def scaled_rows(x: Any, scale: Any) -> Any:
    return np.tanh(x) * scale


def scaled_rows_vjp(c: Any, x: Any, scale: Any, add: Any) -> Any:
    t = np.tanh(x)
    return c * scale * (1 - t * t), add(c * t)


def queue(y: Any) -> Any:
    done = np.cumsum(np.exp(y))
    return np.sum(np.sqrt(1.0 + done**2))


def queue_gradient(y: Any, back: Any) -> Any:
    e = np.exp(y)
    s = np.cumsum(e)
    return e * back(s / np.sqrt(1.0 + s**2))


def law(a: Any, b: Any) -> Any:
    model = a * Y**b
    return np.sum(np.sin(model))


def law_gradient(a: Any, b: Any, inner: Any) -> Any:
    model = a * Y**b
    w = np.cos(model)
    return np.sum(w * Y**b), np.sum(w * model * inner(b))


def lengths(x: Any) -> Any:
    r = np.sqrt(np.sum(x * x, axis=1))
    return np.sum(np.sin(r))


def lengths_gradient(x: Any, unit: Any) -> Any:
    r = np.sqrt(np.sum(x * x, axis=1))
    return np.cos(r)[:, None] * unit(x, r[:, None])


def windowed(y: Any, kernel: Any) -> Any:
    rows = np.stack([y[i : i + 3] for i in range(4)])
    return np.tanh(rows @ kernel)


def windowed_vjp(c: Any, y: Any, kernel: Any, keep: float) -> Any:
    rows = np.stack([y[i : i + 3] for i in range(4)])
    d = c * (1 - np.tanh(rows @ kernel) ** 2)
    parts, g = np.outer(d, kernel), np.zeros_like(y)
    for i, part in enumerate(parts):
        g[i : i + 3] = keep * g[i : i + 3] + part
    return g, rows.T @ d


def integrated(u: Any, leak: Any) -> Any:
    s = np.zeros(())
    out = []
    for drive in u:
        s = s + leak * (drive - np.tanh(s))
        out.append(s)
    return np.stack(out)


def integrated_vjp(c: Any, u: Any, leak: Any, late: float) -> Any:
    states = [np.zeros(())]
    for drive in u:
        states.append(states[-1] + leak * (drive - np.tanh(states[-1])))
    du, by_leak, carried = np.zeros_like(u), 0.0, 0.0
    for t in reversed(range(len(u))):
        state = (1 - late) * states[t] + late * states[t + 1]
        carried = carried + c[t]
        du[t] = leak * carried
        by_leak = by_leak + carried * (u[t] - np.tanh(state))
        carried = carried * (1 - leak * (1 - np.tanh(state) ** 2))
    return du, by_leak


def recurrent(wx: Any, wh: Any) -> Any:
    h, total = np.full(3, 0.1), 0.0
    for x in SEQUENCE:
        h = np.tanh(x @ wx + h @ wh)
        total = total + np.sum(h * h)
    return total


def recurrent_gradient(wx: Any, wh: Any, keep: float) -> Any:
    hs = [np.full(3, 0.1)]
    for x in SEQUENCE:
        hs.append(np.tanh(x @ wx + hs[-1] @ wh))
    gx, gh, later = np.zeros_like(wx), np.zeros_like(wh), np.zeros(3)
    for t in reversed(range(len(SEQUENCE))):
        d = (2 * hs[t + 1] + later) * (1 - hs[t + 1] ** 2)
        gx, gh = keep * gx + np.outer(SEQUENCE[t], d), keep * gh + np.outer(hs[t], d)
        later = wh @ d
    return gx, gh


def floored(y: Any) -> Any:
    p = np.maximum(y, 1.1)
    return np.sum(np.log(p) * np.arange(1.0, 7.0))


def held_norm(x: Any) -> Any:
    r = gradcheck.held(np.sqrt(np.sum(x * x, axis=1, keepdims=True)))
    return np.sin(x / r)


def held_norm_vjp(c: Any, x: Any, followed: float) -> Any:
    r = np.sqrt(np.sum(x * x, axis=1, keepdims=True))
    d = c * np.cos(x / r)
    return d / r - followed * x * np.sum(d * x, axis=1, keepdims=True) / r**3


def filtered(q: Any) -> Any:
    var, mean, loss = 1.0, 0.0, 0.0
    for y in DRIVES:
        var = var + q
        gain = var / (var + 1.5)
        mean = mean + gain * (y - mean)
        var = (1 - gain) * var
        loss = loss + mean * mean + var
    return loss + np.sum(q)


def filtered_gradient(q: Any, through: float) -> Any:
    var, mean, g, dvar, dmean = 1.0, 0.0, 1.0, 0.0, 0.0
    for y in DRIVES:
        var, dvar = var + q, dvar + 1.0
        gain, dgain = var / (var + 1.5), through * 1.5 * dvar / (var + 1.5) ** 2
        mean, dmean = mean + gain * (y - mean), (1 - gain) * dmean + dgain * (y - mean)
        var, dvar = (1 - gain) * var, (1 - gain) * dvar - dgain * var
        g = g + 2 * mean * dmean + dvar
    return g


def first_axes(v: Any) -> Any:
    return v.sum(axis=(0, 1))


Row = tuple[str, Any, Any, Any, Mistake, str]
NAMED: dict[str, Row] = {
    "both of two get all": (
        "vjp", larger, lambda c, *p: larger_vjp(c, *p, lambda s, t: 1.0), (X, A, B), Mistake.MAXIMUM, "np.maximum",
    ),
    "the smaller of two": (
        "vjp", larger, lambda c, *p: larger_vjp(c, *p, lambda s, t: s < t), (X, A, B), Mistake.MAXIMUM, "np.maximum",
    ),
    "left in sorted order": (
        "gradient", ranked, lambda y: ranked_gradient(y, lambda g, order: g), (Y,), Mistake.MAXIMUM, "np.sort",
    ),
    "gathered by the order": (
        "gradient", ranked, lambda y: ranked_gradient(y, lambda g, order: g[order]), (Y,), Mistake.MAXIMUM, "np.sort",
    ),
    "summed over other axes": (
        "vjp", modulated, lambda c, *p: modulated_vjp(c, *p, lambda v: v.sum(axis=(0, 2))), (CUBE, GAIN, SHIFT),
        Mistake.BROADCAST, "h = x * gain + shift",
    ),
    "the first row alone": (
        "vjp", scaled_rows, lambda c, *p: scaled_rows_vjp(c, *p, lambda v: v[0]), (X, GAIN), Mistake.FIRST_SAMPLE, "",
    ),
    "averaged over two": (
        "vjp", scaled_rows, lambda c, *p: scaled_rows_vjp(c, *p, lambda v: v.mean(axis=0)), (PAIR, SCALE),
        Mistake.MEAN_SUM, "np.tanh(x) * scale",
    ),
    "a running sum without one's own": (
        "gradient", queue, lambda y: queue_gradient(y, lambda g: g[::-1].cumsum()[::-1] - g), (Y,),
        Mistake.CUMULATIVE, "np.cumsum",
    ),
    "the exponent for the logarithm": (
        "gradient", law, lambda a, b: law_gradient(a, b, lambda b: b), (np.array(1.2), np.array(0.65)),
        Mistake.POWER_RULE, "a * Y**b",
    ),
    "a length in the denominator": (
        "gradient", lengths, lambda x: lengths_gradient(x, lambda x, r: x), (X,), Mistake.NORM, "r = np.sqrt",
    ),
    "windows overwritten": (
        "vjp", windowed, lambda c, *p: windowed_vjp(c, *p, 0.0), (Y, GAIN), Mistake.OVERWRITTEN, "",
    ),
    "states of the step after": (
        "vjp", integrated, lambda c, *p: integrated_vjp(c, *p, 1.0), (DRIVES, LEAK), Mistake.STALE, "s = s + leak",
    ),
    "one step alone": (
        "gradient", recurrent, lambda *p: recurrent_gradient(*p, 0.0), (WX, WH), Mistake.OVERWRITTEN, "h = np.tanh(",
    ),
    "a floor that is ignored": (
        "gradient", floored, lambda y: np.arange(1.0, 7.0) / y, (Y,), Mistake.BRANCH, "np.maximum(y, 1.1)",
    ),
    "a held norm followed": (
        "vjp", held_norm, lambda c, x: held_norm_vjp(c, x, 1.0), (X,), Mistake.NORM, "gradcheck.held(",
    ),
    "a gain held in all steps": (
        "gradient", filtered, lambda q: filtered_gradient(q, 0.0), (np.array(0.6),), Mistake.DROPPED, "gain = var /",
    ),
}  # fmt: skip
"""By what is wrong: check, f, derivative, inputs, kind, a piece of f's line ("" where none is told)."""

NEAR: dict[str, tuple[str, Any, Any, Any, Mistake]] = {
    "two share unequally": (
        "vjp", larger, lambda c, *p: larger_vjp(c, *p, lambda s, t: 0.6 + 0.1 * np.sin(s)), (X, A, B), Mistake.MAXIMUM,
    ),
    "in another order": (
        "gradient", ranked, lambda y: ranked_gradient(y, lambda g, order: np.roll(g, 2) * 1.1), (Y,), Mistake.MAXIMUM,
    ),
    "axes summed with weights": (
        "vjp", modulated, lambda c, *p: modulated_vjp(c, *p, lambda v: v.sum(axis=(0, 2)) + 0.1 * first_axes(v)),
        (CUBE, GAIN, SHIFT), Mistake.BROADCAST,
    ),
    "rows with weights": (
        "vjp", scaled_rows, lambda c, *p: scaled_rows_vjp(c, *p, lambda v: v[0] + 0.3 * v[1]), (X, GAIN),
        Mistake.FIRST_SAMPLE,
    ),
    "half of one's own": (
        "gradient", queue, lambda y: queue_gradient(y, lambda g: g[::-1].cumsum()[::-1] - 0.45 * g), (Y,),
        Mistake.CUMULATIVE,
    ),
    "windows overwritten in part": (
        "vjp", windowed, lambda c, *p: windowed_vjp(c, *p, 0.35), (Y, GAIN), Mistake.OVERWRITTEN,
    ),
    "states between two steps": (
        "vjp", integrated, lambda c, *p: integrated_vjp(c, *p, 0.5), (DRIVES, LEAK), Mistake.STALE,
    ),
    "steps forgotten by and by": (
        "gradient", recurrent, lambda *p: recurrent_gradient(*p, 0.35), (WX, WH), Mistake.OVERWRITTEN,
    ),
    "a floor that is ignored in part": (
        "gradient", floored, lambda y: np.arange(1.0, 7.0) / y * np.where(y < 1.1, 1.0, 0.9), (Y,), Mistake.BRANCH,
    ),
    "a held norm half followed": (
        "vjp", held_norm, lambda c, x: held_norm_vjp(c, x, 0.45), (X,), Mistake.NORM,
    ),
    "a gain that counts for a third": (
        "gradient", filtered, lambda q: filtered_gradient(q, 0.35), (np.array(0.6),), Mistake.DROPPED,
    ),
}  # fmt: skip
"""Beside those, and the kind that must not be named."""
