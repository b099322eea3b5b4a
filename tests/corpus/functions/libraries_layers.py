"""Layers of real libraries: pooling at borders, group and weight norms, strided convolutions, cells, sampling."""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from .. import truth as mp
from ..item import Category
from ..truth import Reference

CATEGORY = Category("library layers")
right, wrong = CATEGORY.right, CATEGORY.wrong
rng = np.random.default_rng(2205)
X = rng.standard_normal(7)
EPS = 1e-5


# average pooling, kernel 2, stride 2, the last window hanging over
def avg_pool(x, k=2):
    return np.array([x[s : s + k].mean() for s in range(0, len(x), k)])


def avg_pool_vjp(c, x, k=2, clipped=True):
    g = np.zeros_like(x)
    for i, s in enumerate(range(0, len(x), k)):
        g[s : s + k] += c[i] / (len(x[s : s + k]) if clipped else k)
    return g


AVG = Reference(lambda x: np.array([x[s : s + 2].mean() for s in range(0, len(x), 2)], dtype=object))
right("avg_pool_ceil_mode", "vjp", avg_pool, avg_pool_vjp, X, "A last window of one.", AVG)
wrong(
    "avg_pool_ceil_mode_full_divisor",
    "vjp",
    avg_pool,
    lambda c, x: avg_pool_vjp(c, x, clipped=False),
    X,
    "burn #5604: forward divides the overhanging window by its clipped size, backward by the kernel's.",
    AVG,
)


def padded_pool(x, include):
    padded, ones = np.pad(x, 1), np.pad(np.ones(len(x)), 1)
    count = 3.0 if include else sliding_window_view(ones, 3).sum(axis=1)
    return sliding_window_view(padded, 3).sum(axis=1) / count


def padded_pool_vjp(c, x, include):
    count = 3.0 if include else sliding_window_view(np.pad(np.ones(len(x)), 1), 3).sum(axis=1)
    return np.convolve(c / count, np.ones(3))[1:-1]


PADDED = Reference(
    lambda x: np.array([x[max(0, i - 1) : i + 2].sum() / len(x[max(0, i - 1) : i + 2]) for i in range(7)], dtype=object)
)
right(
    "avg_pool_padding_not_counted",
    "vjp",
    lambda x: padded_pool(x, include=False),
    lambda c, x: padded_pool_vjp(c, x, include=False),
    X,
    "count_include_pad=False in both passes.",
    PADDED,
)
wrong(
    "avg_pool_padding_counted_in_backward",
    "vjp",
    lambda x: padded_pool(x, include=False),
    lambda c, x: padded_pool_vjp(c, x, include=True),
    X,
    "The flag is not passed on (pytorch PR #15997 adds it to a gradient operator): wrong at the two ends.",
    PADDED,
)


def lp_pool(x):
    return np.sqrt((sliding_window_view(x, 3) ** 2).sum(axis=1))


def lp_pool_vjp(c, x, add=True):
    y = lp_pool(x)
    g = np.zeros_like(x)
    for i in range(len(y)):
        piece = c[i] * x[i : i + 3] / y[i]
        g[i : i + 3] = g[i : i + 3] + piece if add else piece
    return g


LP = Reference(lambda x: np.array([mp.mpmath.sqrt((x[i : i + 3] ** 2).sum()) for i in range(5)], dtype=object))
right("lp_pool_overlapping", "vjp", lp_pool, lp_pool_vjp, X, "Windows that overlap add up.", LP)
wrong("lp_pool_overlap_assigned", "vjp", lp_pool, lambda c, x: lp_pool_vjp(c, x, add=False), X, "Assigned.", LP)


def max_pool_dilated(x):
    return np.array([max(x[i], x[i + 2], x[i + 4]) for i in range(3)])


def max_pool_dilated_vjp(c, x, dilation=2):
    g = np.zeros_like(x)
    for i in range(3):
        window = [i, i + 2, i + 4]
        g[i + dilation * int(np.argmax(x[window]))] += c[i]
    return g


DILATED = Reference(lambda x: np.array([max(x[i], x[i + 2], x[i + 4]) for i in range(3)], dtype=object))
right("max_pool_dilated", "vjp", max_pool_dilated, max_pool_dilated_vjp, X, "Every second entry.", DILATED)
wrong(
    "max_pool_dilation_lost",
    "vjp",
    max_pool_dilated,
    lambda c, x: max_pool_dilated_vjp(c, x, dilation=1),
    X,
    "The winner's place in the window is used without the dilation.",
    DILATED,
)
CUTS = [(0, 3), (2, 5), (4, 7)]
ADAPTIVE = Reference(lambda x: np.array([x[a:b].mean() for a, b in CUTS], dtype=object))


def adaptive_vjp(c, x, last=3.0):
    g = np.zeros_like(x)
    for (a, b), v, n in zip(CUTS, c, (3.0, 3.0, last), strict=True):
        g[a:b] += v / n
    return g


right(
    "adaptive_average_pool",
    "vjp",
    lambda x: np.array([x[a:b].mean() for a, b in CUTS]),
    adaptive_vjp,
    X,
    "Seven entries to three.",
    ADAPTIVE,
)
wrong(
    "adaptive_average_pool_by_ratio",
    "vjp",
    lambda x: np.array([x[a:b].mean() for a, b in CUTS]),
    lambda c, x: adaptive_vjp(c, x) * 3 / (7 / 3),
    X,
    "Divided by 7/3, the mean length.",
    ADAPTIVE,
)


# group and instance norm: input (batch, channels, length)
IMAGE = rng.standard_normal((2, 4, 3))
SCALE, SHIFT = rng.uniform(0.5, 1.5, 4), rng.standard_normal(4)


def group_norm(x, w, b, groups=2):
    z = x.reshape(x.shape[0], groups, -1)
    z = (z - z.mean(-1, keepdims=True)) / np.sqrt(z.var(-1, keepdims=True) + EPS)
    return z.reshape(x.shape) * w[:, None] + b[:, None]


def group_norm_vjp(c, x, w, b, groups=2, count=None):
    z = x.reshape(x.shape[0], groups, -1)
    inv = 1 / np.sqrt(z.var(-1, keepdims=True) + EPS)
    z = (z - z.mean(-1, keepdims=True)) * inv
    d = (c * w[:, None]).reshape(z.shape)
    n = count or z.shape[-1]
    dx = inv * (d - d.sum(-1, keepdims=True) / n - z * (d * z).sum(-1, keepdims=True) / n)
    return dx.reshape(x.shape), (c * z.reshape(x.shape)).sum((0, 2)), c.sum((0, 2))


def mp_group_norm(x, w, b, groups=2):
    z = x.reshape(x.shape[0], groups, -1)
    z = z - z.mean(axis=-1, keepdims=True)
    z = z / mp.sqrt((z**2).mean(axis=-1, keepdims=True) + EPS)
    return z.reshape(x.shape) * w[:, None] + b[:, None]


GROUP = Reference(mp_group_norm)
AFFINE = (IMAGE, SCALE, SHIFT)
right("group_norm", "vjp", group_norm, group_norm_vjp, AFFINE, "Two groups of two channels.", GROUP)
wrong(
    "group_norm_count_of_a_channel",
    "vjp",
    group_norm,
    lambda c, x, w, b: group_norm_vjp(c, x, w, b, count=3),
    AFFINE,
    "Liger-Kernel #1375: the size of the last axis stands in for the size of the group.",
    GROUP,
)
INSTANCE = Reference(lambda x, w, b: mp_group_norm(x, w, b, groups=4))
right(
    "instance_norm",
    "vjp",
    lambda x, w, b: group_norm(x, w, b, 4),
    lambda c, x, w, b: group_norm_vjp(c, x, w, b, 4),
    AFFINE,
    "As many groups as channels.",
    INSTANCE,
)


def instance_norm_vjp_first_sample(c, x, w, b):
    dx, _, db = group_norm_vjp(c, x, w, b, 4)
    return dx, group_norm_vjp(c[:1], x[:1], w, b, 4)[1], db


wrong(
    "instance_norm_scale_of_first_sample",
    "vjp",
    lambda x, w, b: group_norm(x, w, b, 4),
    instance_norm_vjp_first_sample,
    AFFINE,
    "The scale's gradient is not summed over the batch.",
    INSTANCE,
)


# root-mean-square norm, square so that a missing axis keeps the shape
ROWS = rng.standard_normal((4, 4))
GAIN = rng.uniform(0.5, 1.5, 4)


def rms_norm(x, w):
    return w * x / np.sqrt((x * x).mean(1, keepdims=True) + EPS)


def rms_norm_vjp(c, x, w, per_row=True, weighted=True):
    inv = 1 / np.sqrt((x * x).mean(1, keepdims=True) + EPS)
    d = c * w
    inner = ((d if weighted else c) * x).mean(1)
    return inv * d - inv**3 * x * (inner[:, None] if per_row else inner), (c * x * inv).sum(0)


RMS = Reference(lambda x, w: w * x / mp.sqrt((x * x).mean(axis=1, keepdims=True) + EPS))
right("rms_norm_with_gain", "vjp", rms_norm, rms_norm_vjp, (ROWS, GAIN), "The correction runs along rows.", RMS)
wrong(
    "rms_norm_correction_along_columns",
    "vjp",
    rms_norm,
    lambda c, x, w: rms_norm_vjp(c, x, w, per_row=False),
    (ROWS, GAIN),
    "attorch #17: the per-row correction is broadcast along the last axis; equal sizes hide it.",
    RMS,
)
wrong(
    "rms_norm_gain_missing_in_correction",
    "vjp",
    rms_norm,
    lambda c, x, w: rms_norm_vjp(c, x, w, weighted=False),
    (ROWS, GAIN),
    "A weight forgotten in the backward pass (llm.c PR #763 has a reviewer's tale of one).",
    RMS,
)


# reparametrised weights
def weight_norm(v, g):
    return g[:, None] * v / np.sqrt((v * v).sum(1, keepdims=True))


def weight_norm_vjp(c, v, g, project=True):
    n = np.sqrt((v * v).sum(1, keepdims=True))
    along = (c * v).sum(1, keepdims=True) / n
    return g[:, None] / n * (c - (along * v / n if project else 0.0)), along[:, 0]


WEIGHT = Reference(lambda v, g: g[:, None] * v / mp.sqrt((v * v).sum(axis=1, keepdims=True)))
VG = (rng.standard_normal((3, 4)), rng.standard_normal(3))
right("weight_norm", "vjp", weight_norm, weight_norm_vjp, VG, "Direction and length.", WEIGHT)
wrong(
    "weight_norm_unprojected",
    "vjp",
    weight_norm,
    lambda c, v, g: weight_norm_vjp(c, v, g, project=False),
    VG,
    "The norm is held constant.",
    WEIGHT,
)
U0, V0 = np.array([0.6, 0.8, 0.0]), np.array([0.5, 0.5, 0.5, 0.5])


def spectral_scale(W):
    return W / (U0 @ W @ V0)


def spectral_scale_vjp(c, W, through=True):
    sigma = U0 @ W @ V0
    return c / sigma - (np.sum(c * W) / sigma**2 * np.outer(U0, V0) if through else 0.0)


SPECTRAL = Reference(lambda W: W / (mp.lift(U0) @ W @ mp.lift(V0)))
right("spectral_norm_layer", "vjp", spectral_scale, spectral_scale_vjp, VG[0] + 2, "u and v are constants.", SPECTRAL)
wrong(
    "spectral_norm_layer_sigma_constant",
    "vjp",
    spectral_scale,
    lambda c, W: spectral_scale_vjp(c, W, through=False),
    VG[0] + 2,
    "sigma is none.",
    SPECTRAL,
)


def response_norm(x):
    s = 1 + 0.3 * np.convolve(x * x, np.ones(3), mode="same")
    return x * s**-0.75


def response_norm_vjp(c, x, neighbours=True):
    s = 1 + 0.3 * np.convolve(x * x, np.ones(3), mode="same")
    pull = c * x * s**-1.75
    spread = np.convolve(pull, np.ones(3), mode="same") if neighbours else pull
    return c * s**-0.75 - 2 * 0.3 * 0.75 * x * spread


def mp_response_norm(x):
    s = [1 + 0.3 * (x[max(0, i - 1) : i + 2] ** 2).sum() for i in range(len(x))]
    return np.array([v * mp.mpmath.power(t, mp.mpf("-0.75")) for v, t in zip(x, s, strict=True)], dtype=object)


LRN = Reference(mp_response_norm)
right("local_response_norm", "vjp", response_norm, response_norm_vjp, X, "Across neighbours.", LRN)
wrong(
    "local_response_norm_own_channel",
    "vjp",
    response_norm,
    lambda c, x: response_norm_vjp(c, x, neighbours=False),
    X,
    "The neighbours' squares are held constant.",
    LRN,
)


# grouped, strided, dilated convolution: x (channels, length), w (outputs, channels per group, taps)
CHANNELS, TAPS = rng.standard_normal((4, 9)), rng.standard_normal((4, 2, 2))


def grouped(x, w, stride=2, dilation=3):
    out = []
    for o in range(4):
        block = x[2 * (o // 2) : 2 * (o // 2) + 2]
        out.append([sum((w[o, :, k] * block[:, t * stride + k * dilation]).sum() for k in range(2)) for t in range(3)])
    return np.array(out)


def grouped_vjp(c, x, w, stride=2, dilation=3, weight_steps=(2, 3), group_of=lambda o: o // 2):
    gx, gw = np.zeros_like(x), np.zeros_like(w)
    for o in range(4):
        rows = slice(2 * (o // 2), 2 * (o // 2) + 2)
        seen = x[2 * group_of(o) : 2 * group_of(o) + 2]
        for t in range(3):
            for k in range(2):
                gx[rows, t * stride + k * dilation] += c[o, t] * w[o, :, k]
                gw[o, :, k] += c[o, t] * seen[:, t * weight_steps[0] + k * weight_steps[1]]
    return gx, gw


GROUPED = Reference(grouped)
XW = (CHANNELS, TAPS)
right("convolution_grouped", "vjp", grouped, grouped_vjp, XW, "Two groups, stride 2, dilation 3.", GROUPED)
wrong(
    "convolution_weight_stride_and_dilation_swapped",
    "vjp",
    grouped,
    lambda c, x, w: grouped_vjp(c, x, w, weight_steps=(3, 2)),
    XW,
    "iree-turbine PR #1223, candle PR #2337: stride and dilation change places in the backward pass.",
    GROUPED,
)
wrong(
    "convolution_weight_group_mixed",
    "vjp",
    grouped,
    lambda c, x, w: grouped_vjp(c, x, w, group_of=lambda o: o % 2),
    XW,
    "pytorch #51430: the weight gradient of nn.grad is wrong for groups > 1 (here: o mod 2 for o // 2).",
    GROUPED,
)


def transposed(x, w):
    y = np.zeros(2 * len(x) + len(w) - 2)
    for i, v in enumerate(x):
        y[2 * i : 2 * i + len(w)] += v * w
    return y


def transposed_vjp(c, x, w, stride=2):
    gx = np.array([c[stride * i : stride * i + len(w)] @ w for i in range(len(x))])
    gw = np.array([sum(v * c[2 * i + k] for i, v in enumerate(x)) for k in range(len(w))])
    return gx, gw


def mp_transposed(x, w):
    y = np.full(2 * len(x) + len(w) - 2, mp.mpf(0), dtype=object)
    for i, v in enumerate(x):
        y[2 * i : 2 * i + len(w)] += v * w
    return y


UP = (X[:4], rng.standard_normal(3))
TRANSPOSED = Reference(mp_transposed)
right("convolution_transposed", "vjp", transposed, transposed_vjp, UP, "A strided correlation back.", TRANSPOSED)
wrong(
    "convolution_transposed_stride_lost",
    "vjp",
    transposed,
    lambda c, x, w: (transposed_vjp(c, x, w, stride=1)[0], transposed_vjp(c, x, w)[1]),
    UP,
    "pytorch #63314: the second entry of dY is taken where the third belongs.",
    TRANSPOSED,
)


# recurrent cells
def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def gru(x, h, U, b):
    r = sigmoid(x[0] + h)
    z = sigmoid(x[1] - h)
    n = np.tanh(x[2] + r * (U @ h + b))
    return (1 - z) * n + z * h


def gru_vjp(c, x, h, U, b, inside=True):
    r, z = sigmoid(x[0] + h), sigmoid(x[1] - h)
    inner = U @ h + b
    n = np.tanh(x[2] + r * inner)
    dn = c * (1 - z) * (1 - n * n)
    dz = c * (h - n) * z * (1 - z)
    dr = dn * (inner if inside else U @ h) * r * (1 - r)
    dh = c * z + U.T @ (dn * r) + dr - dz
    return np.array([dr, dz, dn]), dh, np.outer(dn * r, h), dn * r


def mp_gru(x, h, U, b):
    r, z = mp.sigmoid(x[0] + h), mp.sigmoid(x[1] - h)
    return (1 - z) * mp.tanh(x[2] + r * (U @ h + b)) + z * h


CELL = (rng.standard_normal((3, 3)), rng.standard_normal(3), rng.standard_normal((3, 3)), 0.1 * rng.standard_normal(3))
GRU = Reference(mp_gru)
right("gru_reset_after", "vjp", gru, gru_vjp, CELL, "cuDNN's variant: the bias is inside the reset product.", GRU)
wrong(
    "gru_reset_after_bias_outside",
    "vjp",
    gru,
    lambda c, x, h, U, b: gru_vjp(c, x, h, U, b, inside=False),
    CELL,
    "The reset gate's gradient as if the bias stood outside the product.",
    GRU,
)


def lstm(W, x):
    """Hidden state after all steps; W maps (x_t, h) to the pre-activations of i, f, g, o."""
    h = s = np.zeros(2)
    for v in x:
        i, f, g, o = np.split(W @ np.concatenate([v, h]), 4)
        s = sigmoid(f) * s + sigmoid(i) * np.tanh(g)
        h = sigmoid(o) * np.tanh(s)
    return h


def lstm_vjp(c, W, x, fault=""):
    h, s, steps = np.zeros(2), np.zeros(2), []
    for v in x:
        before = h
        i, f, g, o = np.split(W @ np.concatenate([v, h]), 4)
        i, f, g, o, old = sigmoid(i), sigmoid(f), np.tanh(g), sigmoid(o), s
        s = f * s + i * g
        h = o * np.tanh(s)
        steps.append((v, h if fault == "h_t" else before, i, f, g, o, old, s))
    gW, gx, dh, ds = np.zeros_like(W), np.zeros_like(x), c, np.zeros(2)
    for t in range(len(x) - 1, -1, -1):
        v, before, i, f, g, o, old, s = steps[t]
        q = np.tanh(s)
        ds = ds + dh * o * (1 - (np.tanh(q) if fault == "tanh tanh" else q) ** 2)
        di = ds * (i if fault == "i for g" else g) * i * (1 - i)
        d = np.concatenate([di, ds * old * f * (1 - f), ds * i * (1 - g * g), dh * q * o * (1 - o)])
        gW += np.outer(d, np.concatenate([v, before]))
        back = W.T @ d
        gx[t], dh, ds = back[: len(v)], back[len(v) :], ds * f
    return gW, gx


def mp_lstm(W, x):
    h = s = mp.lift(np.zeros(2))
    for v in x:
        i, f, g, o = np.split(W @ np.concatenate([v, h]), 4)
        s = mp.sigmoid(f) * s + mp.sigmoid(i) * mp.tanh(g)
        h = mp.sigmoid(o) * mp.tanh(s)
    return h


LSTM = Reference(mp_lstm)
SEQUENCE = (0.7 * rng.standard_normal((8, 4)), rng.standard_normal((3, 2)))
right("lstm_three_steps", "vjp", lstm, lstm_vjp, SEQUENCE, "Against all of the following.", LSTM)
for name, fault, why in (
    ("lstm_input_gate_takes_itself", "i for g", "dc/di is g; the gate itself was taken"),
    ("lstm_tanh_of_tanh", "tanh tanh", "1 - tanh(y)^2 of a value that is a tanh already"),
    ("lstm_hidden_rows_of_this_step", "h_t", "the weight rows of the hidden state saw h_t where h_(t-1) entered"),
):
    wrong(
        name,
        "vjp",
        lstm,
        lambda c, W, x, fault=fault: lstm_vjp(c, W, x, fault),
        SEQUENCE,
        f"Neuron PR #181: {why}.",
        LSTM,
    )


# attention with shared keys, rotary positions
def softmax(z):
    e = np.exp(z - z.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def shared_keys(q, k, v):
    """Two query heads (heads, steps, width) over one key and value head."""
    return softmax(q @ k.T / np.sqrt(2.0)) @ v


def shared_keys_vjp(c, q, k, v, reduce=lambda a: a.sum(0)):
    p = softmax(q @ k.T / np.sqrt(2.0))
    dp = c @ v.T
    ds = p * (dp - (dp * p).sum(-1, keepdims=True)) / np.sqrt(2.0)
    return ds @ k, reduce(np.swapaxes(ds, 1, 2) @ q), reduce(np.swapaxes(p, 1, 2) @ c)


def mp_shared_keys(q, k, v):
    return np.array([mp.softmax(h @ k.T / mp.mpmath.sqrt(2)) @ v for h in q], dtype=object)


HEADS = (rng.standard_normal((2, 3, 2)), rng.standard_normal((4, 2)), rng.standard_normal((4, 2)))
SHARED = Reference(mp_shared_keys)
right("attention_shared_keys", "vjp", shared_keys, shared_keys_vjp, HEADS, "Summed over query heads.", SHARED)
wrong(
    "attention_shared_keys_last_head",
    "vjp",
    shared_keys,
    lambda c, q, k, v: shared_keys_vjp(c, q, k, v, reduce=lambda a: a[-1]),
    HEADS,
    "The last head's share overwrites the others.",
    SHARED,
)
ANGLES = np.array([0.0, 0.7, 1.9])


def rotary(x, sign=1.0):
    s, k = np.sin(sign * ANGLES), np.cos(sign * ANGLES)
    return np.stack([x[:, 0] * k - x[:, 1] * s, x[:, 0] * s + x[:, 1] * k], axis=1)


def mp_rotary(x):
    s, k = mp.sin(mp.lift(ANGLES)), mp.cos(mp.lift(ANGLES))
    return np.stack([x[:, 0] * k - x[:, 1] * s, x[:, 0] * s + x[:, 1] * k], axis=1)


PAIRS = rng.standard_normal((3, 2))
ROTARY = Reference(mp_rotary)
right("rotary_positions", "vjp", rotary, lambda c, x: rotary(c, -1.0), PAIRS, "Rotated back.", ROTARY)
wrong("rotary_positions_rotated_on", "vjp", rotary, lambda c, x: rotary(c), PAIRS, "Rotated on.", ROTARY)


# sampling
def sample(image, where, mode):
    last = len(image) - 1
    u = np.clip(where, 0, last) if mode == "border" else last - np.abs(np.abs(where) - last)
    i = np.minimum(np.floor(u), last - 1).astype(int)
    return image[i] * (i + 1 - u) + image[i + 1] * (u - i)


def sample_vjp(c, image, where, mode, heed=True):
    last = len(image) - 1
    if mode == "border":
        u, slope = np.clip(where, 0, last), 1.0 * ((where > 0) & (where < last))
    else:
        u, slope = last - np.abs(np.abs(where) - last), np.sign(where) * np.where(np.abs(where) > last, -1.0, 1.0)
    i = np.minimum(np.floor(u), last - 1).astype(int)
    g = np.zeros_like(image)
    np.add.at(g, i, c * (i + 1 - u))
    np.add.at(g, i + 1, c * (u - i))
    return g, c * (image[i + 1] - image[i]) * (slope if heed else 1.0)


def mp_sample(image, where, mode):
    last = len(image) - 1
    out = []
    for v in where:
        u = min(max(v, mp.mpf(0)), mp.mpf(last)) if mode == "border" else last - abs(abs(v) - last)
        i = min(int(mp.mpmath.floor(u)), last - 1)
        out.append(image[i] * (i + 1 - u) + image[i + 1] * (u - i))
    return np.array(out, dtype=object)


PLACES = (rng.standard_normal(5), np.array([-1.3, 0.4, 2.6, 3.9, 5.2]))
for mode, fault in (("border", "moves although it is clamped"), ("reflection", "keeps its sign although mirrored")):
    right(
        f"sample_with_{mode}",
        "vjp",
        lambda image, where, mode=mode: sample(image, where, mode),
        lambda c, image, where, mode=mode: sample_vjp(c, image, where, mode),
        PLACES,
        "Image and places, inside and beyond both ends.",
        Reference(lambda image, where, mode=mode: mp_sample(image, where, mode)),
    )
    wrong(
        f"sample_with_{mode}_as_inside",
        "vjp",
        lambda image, where, mode=mode: sample(image, where, mode),
        lambda c, image, where, mode=mode: sample_vjp(c, image, where, mode, heed=False),
        PLACES,
        f"pytorch #23925: grid_sample's gradients at the border; here a place outside {fault}.",
        Reference(lambda image, where, mode=mode: mp_sample(image, where, mode)),
    )


def resize_matrix(n, m, corners):
    at = np.arange(m) * (n - 1) / (m - 1) if corners else np.clip((np.arange(m) + 0.5) * n / m - 0.5, 0, n - 1)
    i = np.minimum(at.astype(int), n - 2)
    R = np.zeros((m, n))
    R[np.arange(m), i] = i + 1 - at
    R[np.arange(m), i + 1] = at - i
    return R


RESIZE = Reference(lambda x: mp.lift(resize_matrix(7, 10, False)) @ x)
right(
    "resize_linear",
    "vjp",
    lambda x: resize_matrix(len(x), 10, False) @ x,
    lambda c, x: resize_matrix(len(x), 10, False).T @ c,
    X,
    "align_corners=False both ways.",
    RESIZE,
)
wrong(
    "resize_linear_corners_in_backward",
    "vjp",
    lambda x: resize_matrix(len(x), 10, False) @ x,
    lambda c, x: resize_matrix(len(x), 10, True).T @ c,
    X,
    "align_corners=True in the backward pass alone.",
    RESIZE,
)


def prelu_vjp(c, x, a, negative_only=True):
    low = x <= 0
    return c * np.where(low, a, 1.0), (c * x * (low if negative_only else 1.0)).sum(0)


PRELU = Reference(lambda x, a: np.where(x <= 0, a * x, x))
XA = (ROWS, np.array([0.1, 0.25, -0.3, 0.5]))
right("prelu", "vjp", lambda x, a: np.where(x <= 0, a * x, x), prelu_vjp, XA, "A slope per channel.", PRELU)
wrong(
    "prelu_slope_from_all_inputs",
    "vjp",
    lambda x, a: np.where(x <= 0, a * x, x),
    lambda c, x, a: prelu_vjp(c, x, a, negative_only=False),
    XA,
    "Positive inputs count for the slope, too.",
    PRELU,
)
