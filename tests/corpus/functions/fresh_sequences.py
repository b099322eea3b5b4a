"""Convolutions, pools, tables and recurrences with one mistake each, after public reports."""

import numpy as np

from .. import truth as mp
from ..item import Category
from ..truth import Reference

CATEGORY = Category("fresh sequences")
right, wrong = CATEGORY.right, CATEGORY.wrong
rng = np.random.default_rng(9302)
mpf = mp.mpf


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


# a strided convolution of a padded signal
SIGNAL, FILTERS = rng.standard_normal((2, 6)), rng.standard_normal((3, 2, 3))


def conv_forward(x, w):
    padded = np.pad(x, ((0, 0), (1, 1)))
    out = np.zeros((3, 3))
    for t in range(3):
        out[:, t] = np.tensordot(w, padded[:, 2 * t : 2 * t + 3], 2)
    return out


def conv_backward(dout, x, w, stride=2):
    padded = np.pad(x, ((0, 0), (1, 1)))
    dpadded, dw = np.zeros_like(padded), np.zeros_like(w)
    for t in range(3):
        at = slice(stride * t, stride * t + 3)
        dpadded[:, at] += np.tensordot(dout[:, t], w, 1)
        dw += dout[:, t, None, None] * padded[:, at]
    return dpadded[:, 1:-1], dw


def mp_conv(x, w):
    padded = np.concatenate([0 * x[:, :1], x, 0 * x[:, :1]], axis=1)
    return np.stack([(w * padded[:, 2 * t : 2 * t + 3]).sum(axis=2).sum(axis=1) for t in range(3)], axis=1)


right("fresh_strided_conv", "vjp", conv_forward, conv_backward, (SIGNAL, FILTERS), "The same windows.",
      Reference(mp_conv))  # fmt: skip
wrong("fresh_strided_conv_stride_missing", "vjp", conv_forward, lambda d, *a: conv_backward(d, *a, stride=1),
      (SIGNAL, FILTERS), "The stride is missing in conv_backward (Kulbear/deep-learning-coursera PR #34).",
      Reference(mp_conv))  # fmt: skip

# every channel with a kernel of its own
IMAGES, KERNELS = rng.standard_normal((2, 3, 4, 4)), rng.standard_normal((3, 2, 2))


def depthwise(x, k):
    out = 0.0
    for i in range(2):
        for j in range(2):
            out = out + x[:, :, i : i + 3, j : j + 3] * k[:, i, j][:, None, None]
    return out


def depthwise_backward(c, x, k):
    dx, dk = np.zeros_like(x), np.zeros_like(k)
    for i in range(2):
        for j in range(2):
            dx[:, :, i : i + 3, j : j + 3] += c * k[:, i, j][:, None, None]
            dk[:, j, i] = (c * x[:, :, i : i + 3, j : j + 3]).sum(axis=(0, 2, 3))
    return dx, dk


def mp_depthwise(x, k):
    return sum(x[:, :, i : i + 3, j : j + 3] * k[:, i, j][:, None, None] for i in (0, 1) for j in (0, 1))


wrong("fresh_depthwise_rows_for_columns", "vjp", depthwise, depthwise_backward, (IMAGES, KERNELS),
      "The kernel's gradient is written to [j, i] (a slip of homework).", Reference(mp_depthwise))  # fmt: skip

# windows that are cut at the end are averaged over what they hold
PROFILE = rng.standard_normal((2, 7))
STARTS = (0, 2, 4, 6)


def mean_pool(x):
    return np.stack([x[:, s : s + 3].mean(axis=1) for s in STARTS], axis=1)


def mean_pool_backward(c, x, full=False, divided=True):
    dx = np.zeros_like(x)
    for t, s in enumerate(STARTS):
        held = 3 if full else x[:, s : s + 3].shape[1]
        dx[:, s : s + 3] += c[:, t, None] / (held if divided else 1)
    return dx


def mp_mean_pool(x):
    return np.stack([x[:, s : s + 3].sum(axis=1) / min(3, 7 - s) for s in STARTS], axis=1)


right("fresh_mean_pool", "vjp", mean_pool, mean_pool_backward, PROFILE, "Over what is there.",
      Reference(mp_mean_pool))  # fmt: skip
wrong("fresh_mean_pool_full_window", "vjp", mean_pool, lambda c, x: mean_pool_backward(c, x, full=True), PROFILE,
      "The last window is cut, and still divided by the kernel's size (tracel-ai/burn #5604, pytorch #198119).",
      Reference(mp_mean_pool))  # fmt: skip
wrong("fresh_mean_pool_undivided", "vjp", mean_pool, lambda c, x: mean_pool_backward(c, x, divided=False), PROFILE,
      "Each pixel gets the whole error, as somebody expected (DeepLearnToolbox #129).",
      Reference(mp_mean_pool))  # fmt: skip

# overlapping windows of which the largest counts
RIDGE = np.array([[0.3, 1.9, 0.2, -0.4, 2.2, 0.6, 0.1]])


def peaks(x):
    return np.stack([x[:, t : t + 3].max(axis=1) for t in range(5)], axis=1)


def peaks_backward(c, x, added=True):
    dx = np.zeros_like(x)
    for t in range(5):
        at = (np.arange(len(x)), t + x[:, t : t + 3].argmax(axis=1))
        dx[at] = c[:, t] + (dx[at] if added else 0.0)
    return dx


def mp_peaks(x):
    return np.stack([x[:, t : t + 3].max(axis=1) for t in range(5)], axis=1)


right("fresh_overlapping_peaks", "vjp", peaks, peaks_backward, RIDGE, "A peak of several windows.",
      Reference(mp_peaks))  # fmt: skip
wrong("fresh_overlapping_peaks_assigned", "vjp", peaks, lambda c, x: peaks_backward(c, x, added=False), RIDGE,
      "One pixel is the largest of three windows, of which the last one stays (a question of a course's forum).",
      Reference(mp_peaks))  # fmt: skip

# words and the sentence that they are in
TOKENS, SEGMENTS = np.array([3, 0, 2, 0, 1]), np.array([0, 0, 0, 1, 1])
TABLES = (rng.standard_normal((4, 3)), rng.standard_normal((2, 3)))


def embedded(words, segments):
    h = 1.5 * words[TOKENS]
    return np.tanh(h + segments[SEGMENTS])


def embedded_backward(c, words, segments):
    d = c * (1 - embedded(words, segments) ** 2)
    dwords, dsegments = np.zeros_like(words), np.zeros_like(segments)
    np.add.at(dwords, TOKENS, 1.5 * d)
    dsegments[SEGMENTS] += d
    return dwords, dsegments


def embedded_backward_unscaled(c, words, segments):
    d = c * (1 - embedded(words, segments) ** 2)
    dwords, dsegments = np.zeros_like(words), np.zeros_like(segments)
    np.add.at(dwords, TOKENS, d)
    np.add.at(dsegments, SEGMENTS, d)
    return dwords, dsegments


def mp_embedded(words, segments):
    return mp.tanh(mpf(1.5) * words[TOKENS] + segments[SEGMENTS])


wrong("fresh_segments_buffered", "vjp", embedded, embedded_backward, TABLES,
      "A[idx] += x counts a repeated index once (HIPS/autograd #263).", Reference(mp_embedded))  # fmt: skip
wrong("fresh_words_unscaled", "vjp", embedded, embedded_backward_unscaled, TABLES,
      "The scale of the embedding is forgotten on the way back (homework on transformers).",
      Reference(mp_embedded))  # fmt: skip

# two steps of a gated recurrent unit
STEPS = rng.standard_normal((2, 3))
GATES = (0.7 * rng.standard_normal((3, 3, 2)), 0.7 * rng.standard_normal((3, 2, 2)), rng.standard_normal(2))


def gru(w, u, h):
    for x in STEPS:
        z = sigmoid(x @ w[0] + h @ u[0])
        r = sigmoid(x @ w[1] + h @ u[1])
        n = np.tanh(x @ w[2] + (r * h) @ u[2])
        h = z * h + (1 - z) * n
    return h


def gru_backward(dh, w, u, h, through_reset=1.0):
    cache = []
    for x in STEPS:
        z, r = sigmoid(x @ w[0] + h @ u[0]), sigmoid(x @ w[1] + h @ u[1])
        n = np.tanh(x @ w[2] + (r * h) @ u[2])
        cache.append((x, h, z, r, n))
        h = z * h + (1 - z) * n
    dw, du = np.zeros_like(w), np.zeros_like(u)
    for x, before, z, r, n in reversed(cache):
        dn = dh * (1 - z) * (1 - n * n)
        dz = dh * (before - n) * z * (1 - z)
        drh = dn @ u[2].T
        dr = drh * before * r * (1 - r)
        for k, (d, state) in enumerate(((dz, before), (dr, before), (dn, r * before))):
            dw[k] += np.outer(x, d)
            du[k] += np.outer(state, d)
        dh = dh * z + dz @ u[0].T + dr @ u[1].T + through_reset * drh * r
    return dw, du, dh


def mp_gru(w, u, h):
    for x in mp.lift(STEPS):
        z, r = (mp.sigmoid(x @ w[k] + h @ u[k]) for k in (0, 1))
        h = z * h + (1 - z) * mp.tanh(x @ w[2] + (r * h) @ u[2])
    return h


right("fresh_gru_of_two_steps", "vjp", gru, gru_backward, GATES, "Four ways back to h.", Reference(mp_gru))
wrong("fresh_gru_candidate_cut_off", "vjp", gru, lambda d, *a: gru_backward(d, *a, through_reset=0.0), GATES,
      "h gets nothing through the candidate, whose r * h is taken for r (a question about BPTT).",
      Reference(mp_gru))  # fmt: skip

# a linear recurrence with a decay per step
SCANNED = (rng.uniform(0.4, 0.9, 5), rng.standard_normal(5))


def scan(a, b):
    h, out = 0.0 * a[0], []
    for t in range(5):
        h = a[t] * h + b[t]
        out.append(h)
    return np.array(out)


def scan_backward(c, a, b, late=0):
    states = np.concatenate([[0.0], scan(a, b)])
    da, db, dh = np.zeros(5), np.zeros(5), 0.0
    for t in range(4, -1, -1):
        dh = dh + c[t]
        da[t], db[t] = dh * states[t + late], dh
        dh = a[t] * dh
    return da, db


def mp_scan(a, b):
    h, out = mpf(0), []
    for s, t in zip(a, b, strict=True):
        h = s * h + t
        out.append(h)
    return np.array(out, dtype=object)


right("fresh_scan", "vjp", scan, scan_backward, SCANNED, "The state before the step.", Reference(mp_scan))
wrong("fresh_scan_state_after_the_step", "vjp", scan, lambda c, *a: scan_backward(c, *a, late=1), SCANNED,
      "The decay meets the state that it made, not the one it met: off by one (VikParuchuri/zero_to_gpt #9).",
      Reference(mp_scan))  # fmt: skip
