"""Layers and losses with one mistake each, for names: held back."""

import numpy as np

from .. import truth as mp
from ..item import Category
from ..truth import Reference

CATEGORY = Category("names blind layers")
right, wrong = CATEGORY.right, CATEGORY.wrong
rng = np.random.default_rng(7101)
mpf, mpm = mp.mpf, mp.mpmath

# a dense layer with GELU by tanh
X, W, B = rng.standard_normal((4, 3)), 0.6 * rng.standard_normal((3, 2)), 0.3 * rng.standard_normal(2)
ROOT = np.sqrt(2 / np.pi)


def gelu_layer(x, w, b):
    z = x @ w + b
    t = np.tanh(ROOT * (z + 0.044715 * z**3))
    return 0.5 * z * (1 + t)


def gelu_backward(c, x, w, b, cubic=0.044715, own=1.0, axis=0, kept=1.0, product=1):
    z = x @ w + b
    t = np.tanh(ROOT * (z + cubic * z**3))
    slope = own * 0.5 * (1 + t) + kept * 0.5 * z * (1 - t * t) * ROOT * (1 + 3 * cubic * z * z)
    d = c * slope
    bias = np.mean(d, axis=0) if axis is None else d.sum(axis=axis)
    return d @ w.T, (x.T @ d if product else x.T @ c), bias


def mp_gelu(x, w, b):
    z = x @ w + b
    return z * (1 + mp.tanh(mp.lift(np.array(ROOT)) * (z + mpf(0.044715) * z**3))) / 2


GELU = Reference(mp_gelu)
DENSE = (X, W, B)
right("gelu_dense", "vjp", gelu_layer, gelu_backward, DENSE, "GELU by tanh.", GELU)
wrong("gelu_dense_0.0447", "vjp", gelu_layer, lambda c, *a: gelu_backward(c, *a, cubic=0.0447), DENSE,
      "0.0447 for 0.044715.", GELU)  # fmt: skip
wrong("gelu_dense_gate_held", "vjp", gelu_layer, lambda c, *a: gelu_backward(c, *a, kept=0.0), DENSE,
      "The gate is held: 0.5 (1 + tanh) alone.", GELU)  # fmt: skip
wrong("gelu_dense_bias_mean", "vjp", gelu_layer, lambda c, *a: gelu_backward(c, *a, axis=None), DENSE,
      "The bias gets the mean over the batch.", GELU)  # fmt: skip
wrong("gelu_dense_weights_before_gelu", "vjp", gelu_layer, lambda c, *a: gelu_backward(c, *a, product=0), DENSE,
      "The weights get the cotangent of the output, without GELU's slope.", GELU)  # fmt: skip

# normalisation of groups of channels
CHANNELS, GAIN = rng.standard_normal((3, 6)), rng.standard_normal(6)


def group_norm(x, gain):
    groups = x.reshape(3, 2, 3)
    mean = groups.mean(axis=2, keepdims=True)
    centred = groups - mean
    var = (centred**2).mean(axis=2, keepdims=True)
    y = centred / np.sqrt(var + 1e-2)
    return gain * y.reshape(3, 6)


def group_norm_backward(c, x, gain, mean=True, spread=True, eps=1e-2, first=False):
    groups = x.reshape(3, 2, 3)
    centred = groups - groups.mean(axis=2, keepdims=True)
    std = np.sqrt((centred**2).mean(axis=2, keepdims=True) + 1e-2)
    y = centred / std
    g = (c * gain).reshape(3, 2, 3)
    d = g.copy()
    if mean:
        d = d - g.mean(axis=2, keepdims=True)
    if spread:
        scale = std**2 / (std**2 - 1e-2) if eps == 0 else 1.0
        d = d - y * (g * y).mean(axis=2, keepdims=True) * scale
    by_gain = c[0] * y.reshape(3, 6)[0] if first else (c * y.reshape(3, 6)).sum(axis=0)
    return (d / std).reshape(3, 6), by_gain


def mp_group_norm(x, gain):
    rows = []
    for row in x:
        out = []
        for k in (0, 3):
            part = row[k : k + 3]
            d = part - part.sum() / 3
            out += list(d / mpm.sqrt((d * d).sum() / 3 + mpf(1e-2)))
        rows.append(out)
    return gain * np.array(rows, dtype=object)


GROUPS, GROUPED = Reference(mp_group_norm), (CHANNELS, GAIN)
right("group_norm_of_channels", "vjp", group_norm, group_norm_backward, GROUPED, "All three paths.", GROUPS)
wrong("group_norm_of_channels_mean", "vjp", group_norm, lambda c, x, g: group_norm_backward(c, x, g, mean=False),
      GROUPED, "The mean is held.", GROUPS)  # fmt: skip
wrong("group_norm_of_channels_spread", "vjp", group_norm, lambda c, x, g: group_norm_backward(c, x, g, spread=False),
      GROUPED, "The spread is held.", GROUPS)  # fmt: skip
wrong("group_norm_of_channels_epsilon", "vjp", group_norm, lambda c, x, g: group_norm_backward(c, x, g, eps=0),
      GROUPED, "As if there were no 0.01 under the root.", GROUPS)  # fmt: skip
wrong("group_norm_of_channels_first", "vjp", group_norm, lambda c, x, g: group_norm_backward(c, x, g, first=True),
      GROUPED, "The gain's gradient is that of the first sample.", GROUPS)  # fmt: skip

# causal attention
Q, K, V = rng.standard_normal((3, 2)), rng.standard_normal((3, 2)), rng.standard_normal((3, 2))
SEEN = np.tril(np.ones((3, 3), bool))


def causal(q, k, v):
    scores = q @ k.T / np.sqrt(2)
    scores = np.where(SEEN, scores, -np.inf)
    e = np.exp(scores - scores.max(axis=1, keepdims=True))
    p = e / e.sum(axis=1, keepdims=True)
    return p @ v


def causal_backward(c, q, k, v, full=True, scaled=True, swapped=False, values=True, turned=True):
    scores = np.where(SEEN, q @ k.T / np.sqrt(2), -np.inf)
    e = np.exp(scores - scores.max(axis=1, keepdims=True))
    p = e / e.sum(axis=1, keepdims=True)
    g = c @ v.T
    d = p * (g - np.sum(p * g, axis=1, keepdims=True)) if full else p * (1 - p) * g
    if scaled:
        d = d / np.sqrt(2)
    by_q, by_k = d @ k, (d.T if turned else d) @ q
    by_v = p.T @ c if values else p @ c
    return (by_k, by_q, by_v) if swapped else (by_q, by_k, by_v)


def mp_causal(q, k, v):
    rows = []
    for i in range(3):
        w = [mpm.exp(sum(q[i] * k[j]) / mp.lift(np.array(np.sqrt(2))).item()) for j in range(i + 1)]
        rows.append(sum(a * v[j] for j, a in enumerate(w)) / sum(w))
    return np.array(rows, dtype=object)


CAUSAL, HEADS = Reference(mp_causal), (Q, K, V)
right("causal_attention", "vjp", causal, causal_backward, HEADS, "Masked.", CAUSAL)
wrong("causal_attention_diagonal", "vjp", causal, lambda c, *a: causal_backward(c, *a, full=False), HEADS,
      "softmax's slope as p (1 - p).", CAUSAL)  # fmt: skip
wrong("causal_attention_unscaled", "vjp", causal, lambda c, *a: causal_backward(c, *a, scaled=False), HEADS,
      "1 / sqrt(d) is forgotten.", CAUSAL)  # fmt: skip
wrong("causal_attention_exchanged", "vjp", causal, lambda c, *a: causal_backward(c, *a, swapped=True), HEADS,
      "Queries' and keys' gradients are exchanged.", CAUSAL)  # fmt: skip
wrong("causal_attention_values", "vjp", causal, lambda c, *a: causal_backward(c, *a, values=False), HEADS,
      "p for p^T at the values.", CAUSAL)  # fmt: skip
wrong("causal_attention_keys", "vjp", causal, lambda c, *a: causal_backward(c, *a, turned=False), HEADS,
      "The scores' gradient is not transposed at the keys.", CAUSAL)  # fmt: skip

# a strided convolution along time
SIGNAL, FILTER, OFFSET = rng.standard_normal((2, 7)), rng.standard_normal((3, 2, 3)), rng.standard_normal(3)


def strided_convolution(x, f, b):
    out = np.zeros((3, 3))
    for t in range(3):
        window = x[:, 2 * t : 2 * t + 3]
        out[:, t] = np.tensordot(f, window, 2) + b
    return out


def strided_backward(c, x, f, b, added=True, flipped=False, stride=2, bias=True):
    dx, df = np.zeros_like(x), np.zeros_like(f)
    for t in range(3):
        piece = np.tensordot(c[:, t], f[:, :, ::-1] if flipped else f, 1)
        if added:
            dx[:, 2 * t : 2 * t + 3] += piece
        else:
            dx[:, 2 * t : 2 * t + 3] = piece
        df += c[:, t, None, None] * x[:, stride * t : stride * t + 3]
    return dx, df, c.sum(axis=1) if bias else c[:, 0]


def mp_strided(x, f, b):
    out = np.empty((3, 3), dtype=object)
    for o in range(3):
        for t in range(3):
            out[o, t] = b[o] + sum(f[o, i, k] * x[i, 2 * t + k] for i in range(2) for k in range(3))
    return out


STRIDED, TIMED = Reference(mp_strided), (SIGNAL, FILTER, OFFSET)
right("strided_convolution", "vjp", strided_convolution, strided_backward, TIMED, "Windows overlap.", STRIDED)
wrong("strided_convolution_overwrites", "vjp", strided_convolution,
      lambda c, *a: strided_backward(c, *a, added=False), TIMED, "Overlapping windows overwrite.", STRIDED)  # fmt: skip
wrong("strided_convolution_flipped", "vjp", strided_convolution, lambda c, *a: strided_backward(c, *a, flipped=True),
      TIMED, "The filter is reversed for x.", STRIDED)  # fmt: skip
wrong("strided_convolution_stride", "vjp", strided_convolution, lambda c, *a: strided_backward(c, *a, stride=1),
      TIMED, "The filter's windows move by one.", STRIDED)  # fmt: skip
wrong("strided_convolution_bias", "vjp", strided_convolution, lambda c, *a: strided_backward(c, *a, bias=False),
      TIMED, "The offset gets the first time step's cotangent.", STRIDED)  # fmt: skip

# a gated recurrence
INPUTS, GATE, CANDIDATE = rng.standard_normal((4, 2)), rng.standard_normal((2, 2)), rng.standard_normal((2, 2))


def gated(xs, u, w):
    h = np.zeros(2)
    for x in xs:
        z = 1 / (1 + np.exp(-(u @ x + h)))
        n = np.tanh(w @ x + h)
        h = (1 - z) * h + z * n
    return h


def gated_backward(c, xs, u, w, keep=1.0, gate=1.0, through=True, once=False, slope="right"):
    states, h = [], np.zeros(2)
    for x in xs:
        z, n = 1 / (1 + np.exp(-(u @ x + h))), np.tanh(w @ x + h)
        states.append((h, z, n))
        h = (1 - z) * h + z * n
    dx, du, dw, g = np.zeros_like(xs), np.zeros_like(u), np.zeros_like(w), c
    for x, (h, z, n), t in zip(xs[::-1], states[::-1], range(3, -1, -1), strict=True):
        dn = g * z * (1 - n * n)
        if slope == "twice":
            dn = dn * (1 - n * n)
        dz = gate * g * (n - h) * (z * (1 - z) if slope != "forgotten" else 1.0)
        du = np.outer(dz, x) if once else du + np.outer(dz, x)
        dw = dw + np.outer(dn, x)
        dx[t] = u.T @ dz + w.T @ dn
        g = keep * g * (1 - z) + (dz + dn if through else 0.0)
    return dx, du, dw


def mp_gated(xs, u, w):
    h = np.array([mpf(0), mpf(0)], dtype=object)
    for x in xs:
        z = 1 / (1 + mp.exp(-(u @ x + h)))
        h = h + z * (mp.tanh(w @ x + h) - h)
    return h


GATED, STEPS = Reference(mp_gated), (INPUTS, GATE, CANDIDATE)
right("gated_recurrence", "vjp", gated, gated_backward, STEPS, "Back through time.", GATED)
wrong("gated_recurrence_carry", "vjp", gated, lambda c, *a: gated_backward(c, *a, keep=0.0), STEPS,
      "What the gate keeps of the state carries nothing back.", GATED)  # fmt: skip
wrong("gated_recurrence_gate_sign", "vjp", gated, lambda c, *a: gated_backward(c, *a, gate=-1.0), STEPS,
      "h - n for n - h at the gate.", GATED)  # fmt: skip
wrong("gated_recurrence_assigned", "vjp", gated, lambda c, *a: gated_backward(c, *a, once=True), STEPS,
      "The gate's weights keep the earliest step's contribution alone.", GATED)  # fmt: skip
wrong("gated_recurrence_tanh_twice", "vjp", gated, lambda c, *a: gated_backward(c, *a, slope="twice"), STEPS,
      "tanh's slope twice.", GATED)  # fmt: skip
wrong("gated_recurrence_gate_slope", "vjp", gated, lambda c, *a: gated_backward(c, *a, slope="forgotten"), STEPS,
      "The sigmoid's slope is forgotten.", GATED)  # fmt: skip

# the largest response over time
SERIES, READOUT = rng.standard_normal((3, 5)), rng.standard_normal(3)


def peaks(x, w):
    top = x.max(axis=1)
    return np.tanh(w * top)


def peaks_backward(c, x, w, where="largest"):
    top = x.max(axis=1)
    inner = np.tanh(w * top) if where == "output" else w * top
    slope = c * (1 - np.tanh(inner) ** 2)
    dx = np.zeros_like(x)
    if where == "all":
        dx += (slope * w)[:, None]
    elif where == "shared":
        dx += (slope * w)[:, None] / 5
    elif where == "first":
        dx[:, 0] = slope * w
    else:
        dx[np.arange(3), x.argmax(axis=1)] = slope * w
    return dx, slope * top


PEAKS = Reference(lambda x, w: np.array([mpm.tanh(a * max(row)) for row, a in zip(x, w, strict=True)], dtype=object))
right("peak_over_time", "vjp", peaks, peaks_backward, (SERIES, READOUT), "At the largest.", PEAKS)
wrong("peak_over_time_all", "vjp", peaks, lambda c, x, w: peaks_backward(c, x, w, "all"), (SERIES, READOUT),
      "Every time step gets it.", PEAKS)  # fmt: skip
wrong("peak_over_time_shared", "vjp", peaks, lambda c, x, w: peaks_backward(c, x, w, "shared"), (SERIES, READOUT),
      "Shared evenly, as by a mean.", PEAKS)  # fmt: skip

wrong("peak_over_time_output", "vjp", peaks, lambda c, x, w: peaks_backward(c, x, w, "output"), (SERIES, READOUT),
      "tanh's slope is taken at its output.", PEAKS)  # fmt: skip

# a residual block with dropout
STREAM, MIX = rng.standard_normal((2, 4)) * [[1.0], [-1.0]], 0.5 * rng.standard_normal((4, 4))
MASK = np.array([[1.0, 0, 1, 1], [0, 1, 1, 1]]) / 0.75


def residual(x, w):
    h = np.maximum(x @ w, 0.0)
    kept = h * MASK
    return x + kept


def residual_backward(c, x, w, skip=1.0, mask=MASK, slope=True):
    d = c * mask
    if slope:
        d = d * (x @ w > 0)
    return skip * c + d @ w.T, x.T @ d


RESIDUAL = Reference(lambda x, w: x + mp.relu(x @ w) * mp.lift(MASK))
right("dropout_residual", "vjp", residual, residual_backward, (STREAM, MIX), "Skip, mask, scale.", RESIDUAL)
wrong("dropout_residual_skip", "vjp", residual, lambda c, x, w: residual_backward(c, x, w, skip=0.0), (STREAM, MIX),
      "The skip is left out.", RESIDUAL)  # fmt: skip
wrong("dropout_residual_skip_twice", "vjp", residual, lambda c, x, w: residual_backward(c, x, w, skip=2.0),
      (STREAM, MIX), "The skip is counted twice.", RESIDUAL)  # fmt: skip
wrong("dropout_residual_scale", "vjp", residual, lambda c, x, w: residual_backward(c, x, w, mask=1.0 * (MASK > 0)),
      (STREAM, MIX), "1 / keep is forgotten.", RESIDUAL)  # fmt: skip
wrong("dropout_residual_rectifier", "vjp", residual, lambda c, x, w: residual_backward(c, x, w, slope=False),
      (STREAM, MIX), "The rectifier's slope is taken as one.", RESIDUAL)  # fmt: skip

# words and places
TABLE, PLACES, WORDS = rng.standard_normal((5, 2)), rng.standard_normal((4, 2)), np.array([3, 1, 3, 0])


def embedded(table, places):
    words = table[WORDS]
    summed = words + places
    return np.sin(summed)


def embedded_backward(c, table, places, added=True, slope=np.cos):
    d = c * slope(table[WORDS] + places)
    result = np.zeros_like(table)
    if added:
        np.add.at(result, WORDS, d)
    else:
        result[WORDS] += d
    return result, d


EMBEDDED = Reference(lambda table, places: mp.sin(table[WORDS] + places))
right("words_and_places", "vjp", embedded, embedded_backward, (TABLE, PLACES), "np.add.at.", EMBEDDED)
wrong("words_and_places_buffered", "vjp", embedded, lambda c, t, p: embedded_backward(c, t, p, False), (TABLE, PLACES),
      "result[index] += d keeps the last of a repeated word.", EMBEDDED)  # fmt: skip
wrong("words_and_places_slope_sign", "vjp", embedded,
      lambda c, t, p: embedded_backward(c, t, p, slope=np.sin), (TABLE, PLACES), "sin for cos.", EMBEDDED)  # fmt: skip

# focal loss
LOGITS, CLASSES = rng.standard_normal(5), np.array([1.0, 0, 1, 1, 0])


def focal(z):
    p = 1 / (1 + np.exp(-z))
    hit = np.where(CLASSES > 0, p, 1 - p)
    weight = (1 - hit) ** 2
    return -np.mean(weight * np.log(hit))


def focal_gradient(z, weight=1.0, sign=True, mean=5, inner=True, power=2.0):
    p = 1 / (1 + np.exp(-z))
    hit = np.where(CLASSES > 0, p, 1 - p)
    by_hit = -((1 - hit) ** 2) / hit + weight * power * (1 - hit) * np.log(hit)
    turn = np.where(CLASSES > 0, 1.0, -1.0) if sign else 1.0
    return by_hit * turn * (p * (1 - p) if inner else 1.0) / mean


def mp_focal(z):
    p = mp.sigmoid(z)
    hits = [a if y else 1 - a for a, y in zip(p, CLASSES, strict=True)]
    return -sum((1 - h) ** 2 * mpm.log(h) for h in hits) / 5


FOCAL = Reference(mp_focal)
right("focal_hits", "gradient", focal, focal_gradient, LOGITS, "Weight and logarithm.", FOCAL)
wrong("focal_hits_weight_held", "gradient", focal, lambda z: focal_gradient(z, weight=0.0), LOGITS,
      "The weight is held.", FOCAL)  # fmt: skip
wrong("focal_hits_power", "gradient", focal, lambda z: focal_gradient(z, power=1.0), LOGITS,
      "The weight's exponent does not come down.", FOCAL)  # fmt: skip
wrong("focal_hits_negatives", "gradient", focal, lambda z: focal_gradient(z, sign=False), LOGITS,
      "1 - p falls with z: its sign is forgotten.", FOCAL)  # fmt: skip
wrong("focal_hits_sum", "gradient", focal, lambda z: focal_gradient(z, mean=1), LOGITS, "A sum for a mean.", FOCAL)
wrong("focal_hits_sigmoid", "gradient", focal, lambda z: focal_gradient(z, inner=False), LOGITS,
      "By p, not by z.", FOCAL)  # fmt: skip

# pairs of views, one told from the others
VIEW, OTHER = rng.standard_normal((3, 2)), rng.standard_normal((3, 2))


def contrast(a, b):
    na = np.sqrt(np.sum(a * a, axis=1, keepdims=True))
    u = a / na
    scores = u @ b.T / 0.5
    total = np.log(np.sum(np.exp(scores), axis=1))
    return np.mean(total - np.diag(scores))


def contrast_gradient(a, b, norm=True, warm=0.5, positive=1.0, turned=True):
    na = np.sqrt(np.sum(a * a, axis=1, keepdims=True))
    u = a / na
    scores = u @ b.T / 0.5
    p = np.exp(scores)
    d = (p / p.sum(axis=1, keepdims=True) - positive * np.eye(3)) / 3 / warm
    du = d @ b
    da = (du - u * np.sum(u * du, axis=1, keepdims=True) if norm else du) / na
    return da, (d.T if turned else d) @ u


def mp_contrast(a, b):
    total = mpf(0)
    for i in range(3):
        u = a[i] / mpm.sqrt(sum(a[i] * a[i]))
        s = [2 * sum(u * b[j]) for j in range(3)]
        total += mpm.log(sum(mpm.exp(v) for v in s)) - s[i]
    return total / 3


CONTRAST, VIEWS = Reference(mp_contrast), (VIEW, OTHER)
right("contrast_of_views", "gradient", contrast, contrast_gradient, VIEWS, "Unit vectors on one side.", CONTRAST)
wrong("contrast_of_views_norm", "gradient", contrast, lambda a, b: contrast_gradient(a, b, norm=False), VIEWS,
      "The length is held.", CONTRAST)  # fmt: skip
wrong("contrast_of_views_temperature", "gradient", contrast, lambda a, b: contrast_gradient(a, b, warm=1.0), VIEWS,
      "The temperature is forgotten.", CONTRAST)  # fmt: skip
wrong("contrast_of_views_positive", "gradient", contrast, lambda a, b: contrast_gradient(a, b, positive=0.0), VIEWS,
      "The pairs that belong together pull nothing.", CONTRAST)  # fmt: skip
wrong("contrast_of_views_other_side", "gradient", contrast, lambda a, b: contrast_gradient(a, b, turned=False), VIEWS,
      "The scores' gradient is not transposed for the other view.", CONTRAST)  # fmt: skip
