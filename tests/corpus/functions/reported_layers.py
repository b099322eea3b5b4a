"""Layers and networks with one mistake each, after public reports and homework, for names."""

import numpy as np

from .. import truth as mp
from ..item import Category
from ..truth import Reference

CATEGORY = Category("reported layers")
right, wrong = CATEGORY.right, CATEGORY.wrong
rng = np.random.default_rng(8101)
mpf = mp.mpf


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


# a residual stream that is normalised by its root mean square: both are handed on
STREAM, BRANCH, GAIN = rng.standard_normal((2, 4)), rng.standard_normal((2, 4)), rng.standard_normal(4)


def prenorm(x, branch, gain):
    stream = x + branch
    rms = np.sqrt(np.mean(stream**2, axis=1, keepdims=True) + 1e-6)
    return stream, stream / rms * gain


def prenorm_backward(c, x, branch, gain, inside=False):
    stream = x + branch
    rms = np.sqrt(np.mean(stream**2, axis=1, keepdims=True) + 1e-6)
    unit = stream / rms
    g = c[1] * gain + (c[0] if inside else 0.0)
    d = (g - unit * np.mean(g * unit, axis=1, keepdims=True)) / rms
    d = d if inside else d + c[0]
    return d, d, (c[1] * unit).sum(0)


def mp_prenorm(x, branch, gain):
    s = x + branch
    rms = mp.sqrt((s * s).sum(axis=1, keepdims=True) / 4 + mpf(1e-6))
    return s, s / rms * gain


PRENORM = (STREAM, BRANCH, GAIN)
right("prenorm_stream", "vjp", prenorm, prenorm_backward, PRENORM, "The stream's own cotangent is added at the end.",
      Reference(mp_prenorm))  # fmt: skip
wrong("prenorm_stream_added_before_the_norm", "vjp", prenorm, lambda c, *a: prenorm_backward(c, *a, inside=True),
      PRENORM, "The stream's own cotangent goes through the normalisation (Dao-AILab/quack PR #53).",
      Reference(mp_prenorm))  # fmt: skip

# two steps of an LSTM
H, CELL, INPUT = rng.standard_normal(2), rng.standard_normal(2), rng.standard_normal((2, 3))
WEIGHTS, BIASES = 0.6 * rng.standard_normal((4, 2, 5)), 0.3 * rng.standard_normal((4, 2))


def lstm(w, b, h, c):
    for x in INPUT:
        z = np.concatenate([h, x])
        f = sigmoid(w[0] @ z + b[0])
        i = sigmoid(w[1] @ z + b[1])
        g = np.tanh(w[2] @ z + b[2])
        o = sigmoid(w[3] @ z + b[3])
        c = f * c + i * g
        h = o * np.tanh(c)
    return h


def lstm_backward(dh, w, b, h, c, forget=lambda f: f * (1 - f), carried=True):
    cache = []
    for x in INPUT:
        z = np.concatenate([h, x])
        f, i, o = (sigmoid(w[k] @ z + b[k]) for k in (0, 1, 3))
        g = np.tanh(w[2] @ z + b[2])
        before, c = c, f * c + i * g
        h = o * np.tanh(c)
        cache.append((z, f, i, g, o, before, c))
    dw, db, dc = np.zeros_like(w), np.zeros_like(b), np.zeros(2)
    for z, f, i, g, o, before, c in reversed(cache):
        dc = dh * o * (1 - np.tanh(c) ** 2) + (dc if carried else 0.0)
        gates = (dc * before * forget(f), dc * g * i * (1 - i), dc * i * (1 - g * g), dh * np.tanh(c) * o * (1 - o))
        dz = np.zeros(5)
        for k, d in enumerate(gates):
            dw[k] += np.outer(d, z)
            db[k] += d
            dz += w[k].T @ d
        dh, dc = dz[:2], dc * f
    return dw, db, dh, dc


def mp_lstm(w, b, h, c):
    for x in mp.lift(INPUT):
        z = np.concatenate([h, x])
        f, i, o = (mp.sigmoid(w[k] @ z + b[k]) for k in (0, 1, 3))
        c = f * c + i * mp.tanh(w[2] @ z + b[2])
        h = o * mp.tanh(c)
    return h


LSTM = (WEIGHTS, BIASES, H, CELL)
right("lstm_of_two_steps", "vjp", lstm, lstm_backward, LSTM, "Both states are carried back.", Reference(mp_lstm))
wrong("lstm_of_two_steps_forget_gate", "vjp", lstm, lambda c, *a: lstm_backward(c, *a, forget=sigmoid), LSTM,
      "The sigmoid once more where its derivative is due (CaptainE/RNN-LSTM-in-numpy #1).",
      Reference(mp_lstm))  # fmt: skip


# the same gates, once, with their biases apart
def gates(x, bf, bi, bo):
    u = np.array([0.4, -0.7])
    return np.sum(sigmoid(x + bf) * u + sigmoid(2 * x + bi) * np.tanh(x)) + np.sum(sigmoid(x - bo) * x)


def gates_gradient(x, bf, bi, bo, copied=False):
    u, f, i, o = np.array([0.4, -0.7]), sigmoid(x + bf), sigmoid(2 * x + bi), sigmoid(x - bo)
    df, di, do = f * (1 - f) * u, i * (1 - i) * np.tanh(x), o * (1 - o) * x
    dx = df + 2 * di + i * (1 - np.tanh(x) ** 2) + do + o
    return dx, df, df if copied else di, -do


def mp_gates(x, bf, bi, bo):
    u = mp.lift(np.array([0.4, -0.7]))
    s = mp.sigmoid
    return (s(x + bf) * u + s(2 * x + bi) * mp.tanh(x)).sum() + (s(x - bo) * x).sum()


GATES = tuple(rng.standard_normal((4, 2)))
wrong("gate_biases_copied", "gradient", gates, lambda *a: gates_gradient(*a, copied=True), GATES,
      "The input gate's bias gets the forget gate's gradient (hanbt/learn_dl #53).", Reference(mp_gates))  # fmt: skip

# a network of two layers in the column convention of a well-known course
BATCH, TARGETS = rng.standard_normal((3, 5)), (rng.random((1, 5)) > 0.5).astype(float)
NET = (rng.standard_normal((4, 3)), rng.standard_normal((4, 1)), rng.standard_normal((1, 4)), np.zeros((1, 1)))


def course_net(w1, b1, w2, b2):
    z1 = w1 @ BATCH + b1
    a1 = np.maximum(z1, 0.0)
    a2 = sigmoid(w2 @ a1 + b2)
    return -np.mean(TARGETS * np.log(a2) + (1 - TARGETS) * np.log(1 - a2))


def course_net_gradient(w1, b1, w2, b2, mask=lambda z, d: z > 0):
    z1 = w1 @ BATCH + b1
    a1 = np.maximum(z1, 0.0)
    dz2 = (sigmoid(w2 @ a1 + b2) - TARGETS) / 5
    da1 = w2.T @ dz2
    dz1 = da1 * mask(z1, da1)
    return dz1 @ BATCH.T, dz1.sum(1, keepdims=True), dz2 @ a1.T, dz2.sum(1, keepdims=True)


def mp_course_net(w1, b1, w2, b2):
    x, t = mp.lift(BATCH), mp.lift(TARGETS)
    a2 = mp.sigmoid(w2 @ mp.relu(w1 @ x + b1) + b2)
    return -(t * mp.log(a2) + (1 - t) * mp.log(1 - a2)).sum() / 5


right("course_net", "gradient", course_net, course_net_gradient, NET, "The mask is made of z.",
      Reference(mp_course_net))  # fmt: skip
wrong("course_net_mask_of_the_gradient", "gradient", course_net,
      lambda *a: course_net_gradient(*a, mask=lambda z, d: d > 0), NET,
      "np.multiply(dA, np.int64(dA > 0)), as in notes on a course (bighuang624 #10).",
      Reference(mp_course_net))  # fmt: skip

# three layers, the first bias averaged with a 4 on top
DEEP_DATA = rng.standard_normal((2, 7))
DEEP = (rng.standard_normal((3, 2)), rng.standard_normal((3, 1)), rng.standard_normal((1, 3)))


def deep_net(w1, b1, w2):
    a1 = np.tanh(w1 @ DEEP_DATA + b1)
    out = w2 @ a1
    return np.sum(out**2) / 7


def deep_net_gradient(w1, b1, w2, four=1.0):
    a1 = np.tanh(w1 @ DEEP_DATA + b1)
    dout = 2 * (w2 @ a1)
    dz1 = (w2.T @ dout) * (1 - a1**2)
    return 1.0 / 7 * dz1 @ DEEP_DATA.T, four / 7 * np.sum(dz1, axis=1, keepdims=True), 1.0 / 7 * dout @ a1.T


def mp_deep_net(w1, b1, w2):
    out = w2 @ mp.tanh(w1 @ mp.lift(DEEP_DATA) + b1)
    return (out * out).sum() / 7


wrong("deep_net_bias_four_over_m", "gradient", deep_net, lambda *a: deep_net_gradient(*a, four=4.0), DEEP,
      "db1 = 4./m * np.sum(dZ1), the exercise on gradient checking (bighuang624 #10).",
      Reference(mp_deep_net))  # fmt: skip

# scaled to between 0 and 1
SPREAD = rng.standard_normal(6)


def unit_range(x):
    low = np.min(x)
    width = np.max(x) - low
    return (x - low) / width


def unit_range_backward(c, x, top=1.0):
    low, width = np.argmin(x), np.max(x) - np.min(x)
    y = (x - x[low]) / width
    d = c / width
    d[low] += -c.sum() / width + (c @ y) / width
    d[np.argmax(x)] -= top * (c @ y) / width
    return d


def mp_unit_range(x):
    low, high = min(x), max(x)
    return (x - low) / (high - low)


right("unit_range", "vjp", unit_range, unit_range_backward, SPREAD, "All three uses.", Reference(mp_unit_range))
wrong("unit_range_without_maximum", "vjp", unit_range, lambda c, x: unit_range_backward(c, x, top=0.0), SPREAD,
      "What the maximum contributes is lost (FluxML/Zygote.jl #197).", Reference(mp_unit_range))  # fmt: skip

# rotary places
ANGLES, QUERY = np.outer(np.arange(3), [1.0, 0.1]), rng.standard_normal((3, 4))


def rotary(q):
    a, b = q[:, :2], q[:, 2:]
    first = a * np.cos(ANGLES) - b * np.sin(ANGLES)
    second = a * np.sin(ANGLES) + b * np.cos(ANGLES)
    return np.concatenate([first, second], axis=1)


def rotary_backward(c, q, back=1.0):
    s, a, b = back * np.sin(ANGLES), c[:, :2], c[:, 2:]
    return np.concatenate([a * np.cos(ANGLES) + b * s, -a * s + b * np.cos(ANGLES)], axis=1)


def mp_rotary(q):
    t = mp.lift(ANGLES)
    a, b = q[:, :2], q[:, 2:]
    return np.concatenate([a * mp.cos(t) - b * mp.sin(t), a * mp.sin(t) + b * mp.cos(t)], axis=1)


wrong("rotary_turned_forwards", "vjp", rotary, lambda c, q: rotary_backward(c, q, back=-1.0), QUERY,
      "Back by the rotation itself, not by its inverse.", Reference(mp_rotary))  # fmt: skip

# weights by direction and length
DIRECTION, LENGTH, FEATURES = rng.standard_normal(4), np.array(1.7), rng.standard_normal((5, 4))


def weight_norm(v, g):
    w = g * v / np.sqrt(np.sum(v**2))
    return np.tanh(FEATURES @ w)


def weight_norm_backward(c, v, g, held=0.0):
    n = np.sqrt(np.sum(v**2))
    y = np.tanh(FEATURES @ (g * v / n))
    dw = FEATURES.T @ (c * (1 - y * y))
    return g / n * (dw - (1 - held) * v * (v @ dw) / n**2), v @ dw / n


def mp_weight_norm(v, g):
    return mp.tanh(mp.lift(FEATURES) @ (g * v / mp.sqrt((v * v).sum())))


right("weight_norm_of_a_row", "vjp", weight_norm, weight_norm_backward, (DIRECTION, LENGTH), "With the projection.",
      Reference(mp_weight_norm))  # fmt: skip
wrong("weight_norm_of_a_row_not_projected", "vjp", weight_norm, lambda c, *a: weight_norm_backward(c, *a, held=1.0),
      (DIRECTION, LENGTH), "The norm is taken for a constant.", Reference(mp_weight_norm))  # fmt: skip

# a gated linear unit
TOKENS, UP, GATE = rng.standard_normal((3, 3)), rng.standard_normal((3, 2)), rng.standard_normal((3, 2))


def swiglu(x, up, gate):
    z = x @ gate
    s = sigmoid(z)
    return z * s * (x @ up)


def swiglu_backward(c, x, up, gate, own=1.0):
    z, u = x @ gate, x @ up
    s = sigmoid(z)
    dz, du = c * u * (own * s + z * s * (1 - s)), c * z * s
    return dz @ gate.T + du @ up.T, x.T @ du, x.T @ dz


def mp_swiglu(x, up, gate):
    z = x @ gate
    return z * mp.sigmoid(z) * (x @ up)


wrong("swiglu_without_the_gate_itself", "vjp", swiglu, lambda c, *a: swiglu_backward(c, *a, own=0.0),
      (TOKENS, UP, GATE), "silu' = z s (1 - s): the product rule's other term is lost.",
      Reference(mp_swiglu))  # fmt: skip

# smoothed labels
LOGITS, CLASSES = rng.standard_normal((4, 3)), np.eye(3)[[0, 2, 1, 2]]


def smoothed_entropy(z):
    target = 0.9 * CLASSES + 0.1 / 3
    logp = z - np.log(np.sum(np.exp(z), axis=1, keepdims=True))
    return -np.sum(target * logp) / 4


def smoothed_entropy_gradient(z):
    p = np.exp(z) / np.exp(z).sum(1, keepdims=True)
    return (p - CLASSES) / 4


def mp_smoothed_entropy(z):
    t = mp.lift(0.9 * CLASSES + 0.1 / 3)
    return -(t * (z - mp.log(mp.exp(z).sum(axis=1, keepdims=True)))).sum() / 4


wrong("smoothed_entropy_hard_labels", "gradient", smoothed_entropy, smoothed_entropy_gradient, LOGITS,
      "(p - y)/n with the labels before they are smoothed.", Reference(mp_smoothed_entropy))  # fmt: skip

# attention by one head
Q, K, V = rng.standard_normal((3, 3)), rng.standard_normal((4, 3)), rng.standard_normal((4, 2))


def one_head(q, k, v):
    scores = q @ k.T / np.sqrt(3)
    e = np.exp(scores)
    p = e / e.sum(1, keepdims=True)
    return p @ v


def one_head_backward(c, q, k, v, of_keys=1.0):
    e = np.exp(q @ k.T / np.sqrt(3))
    p = e / e.sum(1, keepdims=True)
    dp = c @ v.T
    ds = p * (dp - (dp * p).sum(1, keepdims=True))
    return ds @ k / np.sqrt(3), of_keys * ds.T @ q / np.sqrt(3), p.T @ c


def mp_one_head(q, k, v):
    return mp.softmax(q @ k.T / mp.sqrt(mpf(3)), axis=1) @ v


right("one_head", "vjp", one_head, one_head_backward, (Q, K, V), "Both sides are scaled.", Reference(mp_one_head))
wrong("one_head_keys_unscaled", "vjp", one_head, lambda c, *a: one_head_backward(c, *a, of_keys=np.sqrt(3)), (Q, K, V),
      "The scale of the scores reaches the queries alone.", Reference(mp_one_head))  # fmt: skip

# dropout within a network
KEPT = np.array([[1, 0, 1, 1], [0, 1, 1, 0], [1, 1, 0, 1]]) / 0.75
DROPPED_NET = (rng.standard_normal((2, 4)), rng.standard_normal((4, 2)))
DROPPED_DATA = rng.standard_normal((3, 2))


def dropped_net(w1, w2):
    h = np.tanh(DROPPED_DATA @ w1)
    h = h * KEPT
    return np.mean((h @ w2) ** 2)


def dropped_net_gradient(w1, w2, masked=True):
    a = np.tanh(DROPPED_DATA @ w1)
    h = a * KEPT
    dout = 2 * (h @ w2) / 6
    da = dout @ w2.T * (KEPT if masked else 1.0)
    return DROPPED_DATA.T @ (da * (1 - a * a)), h.T @ dout


def mp_dropped_net(w1, w2):
    out = (mp.tanh(mp.lift(DROPPED_DATA) @ w1) * mp.lift(KEPT)) @ w2
    return (out * out).sum() / 6


wrong("dropped_net_unmasked", "gradient", dropped_net, lambda *a: dropped_net_gradient(*a, masked=False), DROPPED_NET,
      "The mask is not applied on the way back.", Reference(mp_dropped_net))  # fmt: skip

# nearest neighbours twice as many
COARSE, FILTER = rng.standard_normal((2, 3)), rng.standard_normal((2, 6))


def upsampled(x):
    fine = np.repeat(x, 2, axis=1)
    return fine * FILTER


def upsampled_backward(c, x, every=False):
    d = c * FILTER
    return d[:, ::2] if every else d.reshape(2, 3, 2).sum(-1)


def mp_upsampled(x):
    return np.repeat(x, 2, axis=1) * mp.lift(FILTER)


wrong("upsampled_every_other", "vjp", upsampled, lambda c, x: upsampled_backward(c, x, every=True), COARSE,
      "Takes one of the two neighbours instead of adding them up.", Reference(mp_upsampled))  # fmt: skip

# a table used at both ends
TABLE, WORDS, NEXT = rng.standard_normal((4, 3)), np.array([0, 2, 2, 3]), np.array([2, 3, 1, 1])


def tied(table):
    h = np.tanh(table[WORDS])
    scores = h @ table.T
    logp = scores - np.log(np.exp(scores).sum(1, keepdims=True))
    return -np.mean(logp[np.arange(4), NEXT])


def tied_gradient(table, looked_up=1.0):
    h = np.tanh(table[WORDS])
    e = np.exp(h @ table.T)
    d = e / e.sum(1, keepdims=True)
    d[np.arange(4), NEXT] -= 1
    d /= 4
    g = d.T @ h
    np.add.at(g, WORDS, looked_up * (d @ table) * (1 - h * h))
    return g


def mp_tied(table):
    scores = mp.tanh(table[WORDS]) @ table.T
    return -(scores - mp.log(mp.exp(scores).sum(axis=1, keepdims=True)))[np.arange(4), NEXT].sum() / 4


right("tied_table", "gradient", tied, tied_gradient, TABLE, "Both uses add up.", Reference(mp_tied))
wrong("tied_table_at_the_output_alone", "gradient", tied, lambda t: tied_gradient(t, looked_up=0.0), TABLE,
      "The words that are looked up get nothing.", Reference(mp_tied))  # fmt: skip

# one instance normalised, with a gain
IMAGE = (rng.standard_normal((2, 5)), rng.standard_normal((2, 1)), rng.standard_normal((2, 1)))


def instance_norm(x, gain, bias):
    centred = x - x.mean(1, keepdims=True)
    unit = centred / np.sqrt((centred**2).mean(1, keepdims=True) + 1e-5)
    return gain * unit + bias


def instance_norm_backward(c, x, gain, bias, raw=False):
    centred = x - x.mean(1, keepdims=True)
    s = np.sqrt((centred**2).mean(1, keepdims=True) + 1e-5)
    unit, g = centred / s, c * gain
    dx = (g - g.mean(1, keepdims=True) - unit * (g * unit).mean(1, keepdims=True)) / s
    return dx, (c * (x if raw else unit)).sum(1, keepdims=True), c.sum(1, keepdims=True)


def mp_instance_norm(x, gain, bias):
    centred = x - x.sum(axis=1, keepdims=True) / 5
    return gain * centred / mp.sqrt((centred * centred).sum(axis=1, keepdims=True) / 5 + mpf(1e-5)) + bias


wrong("instance_norm_gain_of_raw_input", "vjp", instance_norm, lambda c, *a: instance_norm_backward(c, *a, raw=True),
      IMAGE, "dgamma = sum(dout * x), before x is normalised.", Reference(mp_instance_norm))  # fmt: skip

# the support vector machine of a course, vectorised
SVM_DATA, SVM_CLASSES, SVM = rng.standard_normal((5, 3)), np.array([0, 2, 1, 1, 0]), rng.standard_normal((3, 3))


def svm(w):
    scores = SVM_DATA @ w
    correct = scores[np.arange(5), SVM_CLASSES][:, None]
    margins = np.maximum(0.0, scores - correct + 1.0)
    margins[np.arange(5), SVM_CLASSES] = 0.0
    return np.sum(margins) / 5 + 0.3 * np.sum(w * w)


def svm_gradient(w, hit=1.0, penalty=0.6):
    scores = SVM_DATA @ w
    counts = (scores - scores[np.arange(5), SVM_CLASSES][:, None] + 1.0 > 0).astype(float)
    counts[np.arange(5), SVM_CLASSES] = 0.0
    counts[np.arange(5), SVM_CLASSES] = -hit * counts.sum(1)
    return SVM_DATA.T @ counts / 5 + penalty * w


def mp_svm(w):
    scores = mp.lift(SVM_DATA) @ w
    total = mpf(0)
    for row, k in zip(scores, SVM_CLASSES, strict=True):
        total += sum((max(mpf(0), v - row[k] + 1) for j, v in enumerate(row) if j != k), mpf(0))
    return total / 5 + mpf(0.3) * (w * w).sum()


right("course_svm", "gradient", svm, svm_gradient, SVM, "With the class itself.", Reference(mp_svm))
wrong("course_svm_without_the_class", "gradient", svm, lambda w: svm_gradient(w, hit=0.0), SVM,
      "dW[:, y[i]] -= X[i] is forgotten.", Reference(mp_svm))  # fmt: skip

# a softmax regression with its penalty
RIDGE_DATA, RIDGE_CLASSES = rng.standard_normal((6, 2)), np.eye(3)[[0, 1, 2, 2, 1, 0]]
RIDGE = (rng.standard_normal((2, 3)), rng.standard_normal(3))


def ridge_softmax(w, b):
    z = RIDGE_DATA @ w + b
    logp = z - np.log(np.exp(z).sum(1, keepdims=True))
    return -np.sum(RIDGE_CLASSES * logp) / 6 + 0.2 * np.sum(w**2)


def ridge_softmax_gradient(w, b, of_weights=0.4, of_bias=0.0):
    e = np.exp(RIDGE_DATA @ w + b)
    d = (e / e.sum(1, keepdims=True) - RIDGE_CLASSES) / 6
    return RIDGE_DATA.T @ d + of_weights * w, d.sum(0) + of_bias * b


def mp_ridge_softmax(w, b):
    z = mp.lift(RIDGE_DATA) @ w + b
    logp = z - mp.log(mp.exp(z).sum(axis=1, keepdims=True))
    return -(mp.lift(RIDGE_CLASSES) * logp).sum() / 6 + mpf(0.2) * (w * w).sum()


wrong("ridge_softmax_half_the_penalty", "gradient", ridge_softmax,
      lambda *a: ridge_softmax_gradient(*a, of_weights=0.2), RIDGE, "reg * W for reg * sum(W**2).",
      Reference(mp_ridge_softmax))  # fmt: skip


# the same regression for two classes, penalised but for its intercept
LOGIT_DATA, HITS, LOGIT = rng.standard_normal((7, 3)), np.array([1.0, 0, 0, 1, 1, 0, 1]), rng.standard_normal(4)


def logistic(theta):
    z = theta[0] + LOGIT_DATA @ theta[1:]
    cost = np.sum(np.log(1 + np.exp(z)) - HITS * z) / 7
    return cost + 0.5 / 7 * np.sum(theta[1:] ** 2)


def logistic_gradient(theta, intercept=0.0):
    d = sigmoid(theta[0] + LOGIT_DATA @ theta[1:]) - HITS
    rows = np.column_stack([np.ones(7), LOGIT_DATA])
    return rows.T @ d / 7 + 1 / 7 * theta * np.array([intercept, 1, 1, 1])


def mp_logistic(theta):
    z = theta[0] + mp.lift(LOGIT_DATA) @ theta[1:]
    cost = (mp.log(1 + mp.exp(z)) - mp.lift(HITS) * z).sum() / 7
    return cost + mpf(0.5) / 7 * (theta[1:] ** 2).sum()


wrong("logistic_penalised_intercept", "gradient", logistic, lambda t: logistic_gradient(t, intercept=1.0), LOGIT,
      "The intercept is penalised in the gradient alone.", Reference(mp_logistic))  # fmt: skip


# a softmax under a squared error
CHOICE_DATA, CHOICE = rng.standard_normal((4, 3)), rng.standard_normal((3, 3))


def squared_choice(w):
    e = np.exp(CHOICE_DATA @ w)
    p = e / np.sum(e, axis=1, keepdims=True)
    return 0.5 * np.sum((p - np.eye(3)[[0, 1, 2, 0]]) ** 2)


def squared_choice_gradient(w):
    e = np.exp(CHOICE_DATA @ w)
    p = e / np.sum(e, axis=1, keepdims=True)
    return CHOICE_DATA.T @ ((p - np.eye(3)[[0, 1, 2, 0]]) * p * (1 - p))


def mp_squared_choice(w):
    p = mp.softmax(mp.lift(CHOICE_DATA) @ w, axis=1) - mp.lift(np.eye(3)[[0, 1, 2, 0]])
    return (p * p).sum() / 2


wrong("squared_choice_as_if_sigmoids", "gradient", squared_choice, squared_choice_gradient, CHOICE,
      "p (1 - p) for the whole Jacobian of the softmax.", Reference(mp_squared_choice))  # fmt: skip


# a simple recurrence, read at its end
SERIES, RECURRENT = rng.standard_normal((4, 2)), (rng.standard_normal((3, 2)), 0.5 * rng.standard_normal((3, 3)))


def elman(wx, wh):
    h = np.zeros(3)
    for x in SERIES:
        h = np.tanh(wx @ x + wh @ h)
    return np.sum(h**2)


def elman_gradient(wx, wh, late=0):
    states = [np.zeros(3)]
    for x in SERIES:
        states.append(np.tanh(wx @ x + wh @ states[-1]))
    dx, dh, g = np.zeros_like(wx), np.zeros_like(wh), 2 * states[-1]
    for t in range(3, -1, -1):
        dz = g * (1 - states[t + 1 - late] ** 2)
        dx += np.outer(dz, SERIES[t])
        dh += np.outer(dz, states[t])
        g = wh.T @ dz
    return dx, dh


def mp_elman(wx, wh):
    h = mp.lift(np.zeros(3))
    for x in mp.lift(SERIES):
        h = mp.tanh(wx @ x + wh @ h)
    return (h * h).sum()


right("elman_read_at_its_end", "gradient", elman, elman_gradient, RECURRENT, "Slopes of the states themselves.",
      Reference(mp_elman))  # fmt: skip
wrong("elman_read_at_its_end_earlier_slopes", "gradient", elman, lambda *a: elman_gradient(*a, late=1), RECURRENT,
      "1 - h**2 of the state before.", Reference(mp_elman))  # fmt: skip
