"""Recurrent networks as lectures and gists write them: dictionaries of hidden states, loops over time, BPTT by hand."""

import numpy as np

from .. import truth as mp
from ..item import Category
from ..truth import Reference

CATEGORY = Category("course sequences")
right, wrong = CATEGORY.right, CATEGORY.wrong
rng = np.random.default_rng(2015)
V, H, T = 4, 3, 5
INPUTS, TARGETS = [0, 2, 1, 3, 2], [2, 1, 3, 2, 0]
PARAMS = (
    rng.standard_normal((H, V)) * 0.5, rng.standard_normal((H, H)) * 0.7, rng.standard_normal((V, H)) * 0.5,
    rng.standard_normal((H, 1)) * 0.1, rng.standard_normal((V, 1)) * 0.1,
)  # fmt: skip


# a character-level RNN with column vectors and dictionaries keyed by time
def forward(Wxh, Whh, Why, bh, by):
    xs, hs, ps = {}, {-1: np.zeros((H, 1))}, {}
    loss = 0
    for t in range(T):
        xs[t] = np.zeros((V, 1))
        xs[t][INPUTS[t]] = 1
        hs[t] = np.tanh(np.dot(Wxh, xs[t]) + np.dot(Whh, hs[t - 1]) + bh)
        y = np.dot(Why, hs[t]) + by
        ps[t] = np.exp(y) / np.sum(np.exp(y))
        loss += -np.log(ps[t][TARGETS[t], 0])
    return loss, xs, hs, ps


def char_rnn(*params):
    return forward(*params)[0]


def char_rnn_gradient(Wxh, Whh, Why, bh, by, clip=None, truncate=None, shift=1, next_through_tanh=True):
    _, xs, hs, ps = forward(Wxh, Whh, Why, bh, by)
    dWxh, dWhh, dWhy = np.zeros_like(Wxh), np.zeros_like(Whh), np.zeros_like(Why)
    dbh, dby = np.zeros_like(bh), np.zeros_like(by)
    dhnext = np.zeros_like(hs[0])
    for t in reversed(range(T)):
        dy = np.copy(ps[t])
        dy[TARGETS[t]] -= 1
        dWhy += np.dot(dy, hs[t].T)
        dby += dy
        dh = np.dot(Why.T, dy) + dhnext
        dhraw = (1 - hs[t] * hs[t]) * dh
        dbh += dhraw
        dWxh += np.dot(dhraw, xs[t].T)
        dWhh += np.dot(dhraw, hs[max(t - shift, -1)].T)
        dhnext = np.dot(Whh.T, dhraw if next_through_tanh else dh)
        if truncate and t % truncate == 0:
            dhnext = np.zeros_like(dhnext)
    grads = (dWxh, dWhh, dWhy, dbh, dby)
    if clip:
        for g in grads:
            np.clip(g, -clip, clip, out=g)
    return grads


def mp_char_rnn(Wxh, Whh, Why, bh, by):
    h, loss = np.full((H, 1), mp.mpf(0)), mp.mpf(0)
    for k, target in zip(INPUTS, TARGETS, strict=True):
        h = mp.tanh(Wxh[:, [k]] + Whh @ h + bh)
        y = (Why @ h + by)[:, 0]
        loss += mp.logsumexp(y) - y[target]
    return loss


CHAR = Reference(mp_char_rnn)
right("char_rnn", "gradient", char_rnn, char_rnn_gradient, PARAMS, "Backpropagation through all five steps.", CHAR)
right(
    "char_rnn_clip_never_reached", "gradient", char_rnn, lambda *p: char_rnn_gradient(*p, clip=1e3), PARAMS,
    "Clipped in place at a bound that no gradient of this function reaches.", CHAR,
)  # fmt: skip
wrong(
    "char_rnn_clipped", "gradient", char_rnn, lambda *p: char_rnn_gradient(*p, clip=0.5), PARAMS,
    "Clipping against explosions was left inside.", CHAR,
)  # fmt: skip
wrong(
    "char_rnn_clipped_at_five", "gradient", char_rnn, lambda *p: char_rnn_gradient(*p, clip=5), PARAMS,
    "Clipping at 5, which the point does not reach.",
    Reference(mp_char_rnn, at=((*PARAMS[:2], 8 * PARAMS[2], *PARAMS[3:]),)),
)  # fmt: skip
wrong(
    "char_rnn_truncated", "gradient", char_rnn, lambda *p: char_rnn_gradient(*p, truncate=2), PARAMS,
    "Truncated to chunks of two steps.", CHAR,
)  # fmt: skip
wrong(
    "char_rnn_hidden_of_the_same_step", "gradient", char_rnn, lambda *p: char_rnn_gradient(*p, shift=0), PARAMS,
    "dWhh takes h of step t in place of t - 1.", CHAR,
)  # fmt: skip
wrong(
    "char_rnn_next_before_tanh", "gradient", char_rnn, lambda *p: char_rnn_gradient(*p, next_through_tanh=False),
    PARAMS, "What goes to the previous step was not passed through tanh.", CHAR,
)  # fmt: skip

# CS231n rnn: h0 and inputs (N, T, D) with a cotangent per step
RNN_IN = (
    rng.standard_normal((2, 3, 2)), rng.standard_normal((2, 4)), rng.standard_normal((2, 4)),
    rng.standard_normal((4, 4)) * 0.5, rng.standard_normal(4),
)  # fmt: skip


def rnn(x, h0, Wx, Wh, b):
    N, steps, _ = x.shape
    h = np.zeros((N, steps, h0.shape[1]))
    prev = h0
    for t in range(steps):
        prev = np.tanh(x[:, t].dot(Wx) + prev.dot(Wh) + b)
        h[:, t, :] = prev
    return h


def rnn_vjp(dh, x, h0, Wx, Wh, b, carry=True, transpose=True):
    h = rnn(x, h0, Wx, Wh, b)
    dx, dWx, dWh, db = np.zeros_like(x), np.zeros_like(Wx), np.zeros_like(Wh), np.zeros_like(b)
    dprev = np.zeros_like(h0)
    for t in range(x.shape[1] - 1, -1, -1):
        total = dh[:, t] + dprev if carry else dh[:, t]
        da = total * (1 - h[:, t] ** 2)
        before = h[:, t - 1] if t > 0 else h0
        dx[:, t] = da.dot(Wx.T)
        dprev = da.dot(Wh.T if transpose else Wh)
        dWx += x[:, t].T.dot(da)
        dWh += before.T.dot(da)
        db += da.sum(axis=0)
    return dx, dprev, dWx, dWh, db


def mp_rnn(x, h0, Wx, Wh, b):
    h, out = h0, []
    for t in range(x.shape[1]):
        h = mp.tanh(x[:, t] @ Wx + h @ Wh + b)
        out.append(h)
    return np.stack(out, axis=1)


RNN = Reference(mp_rnn)
right("course_rnn", "vjp", rnn, rnn_vjp, RNN_IN, "Cotangents arrive at every step.", RNN)
wrong(
    "course_rnn_no_carry", "vjp", rnn, lambda c, *a: rnn_vjp(c, *a, carry=False), RNN_IN,
    "Each step is differentiated alone: the later steps' share is missing.", RNN,
)  # fmt: skip
wrong(
    "course_rnn_square_untransposed", "vjp", rnn, lambda c, *a: rnn_vjp(c, *a, transpose=False), RNN_IN,
    "Wh is square, and its transpose is missing.", RNN,
)  # fmt: skip


# an LSTM step with gates stacked in one matrix, answers as a tuple
def split_gates(x, h, Wx, Wh, b):
    a = x.dot(Wx) + h.dot(Wh) + b
    n = h.shape[1]
    i, f, o = (1 / (1 + np.exp(-a[:, k * n : (k + 1) * n])) for k in range(3))
    return i, f, o, np.tanh(a[:, 3 * n :])


def lstm_step(x, h, c, Wx, Wh, b):
    i, f, o, g = split_gates(x, h, Wx, Wh, b)
    c_next = f * c + i * g
    return o * np.tanh(c_next), c_next


def lstm_step_vjp(cotangent, x, h, c, Wx, Wh, b, accumulate=True, order=(0, 1, 2, 3)):
    dh_next, dc_next = cotangent
    i, f, o, g = split_gates(x, h, Wx, Wh, b)
    tc = np.tanh(f * c + i * g)
    dc = dh_next * o * (1 - tc**2)
    if accumulate:
        dc += dc_next
    gates = (dc * g * i * (1 - i), dc * c * f * (1 - f), dh_next * tc * o * (1 - o), dc * i * (1 - g**2))
    da = np.hstack([gates[k] for k in order])
    return da.dot(Wx.T), da.dot(Wh.T), dc * f, x.T.dot(da), h.T.dot(da), da.sum(axis=0)


def mp_lstm_step(x, h, c, Wx, Wh, b):
    a, n = x @ Wx + h @ Wh + b, h.shape[1]
    i, f, o = (mp.sigmoid(a[:, k * n : (k + 1) * n]) for k in range(3))
    new = f * c + i * mp.tanh(a[:, 3 * n :])
    return o * mp.tanh(new), new


LSTM = Reference(mp_lstm_step)
LSTM_IN = (
    rng.standard_normal((2, 3)), rng.standard_normal((2, 2)), rng.standard_normal((2, 2)),
    rng.standard_normal((3, 8)), rng.standard_normal((2, 8)), rng.standard_normal(8),
)  # fmt: skip
right("course_lstm_step", "vjp", lstm_step, lstm_step_vjp, LSTM_IN, "Two outputs, gates stacked.", LSTM)
wrong(
    "course_lstm_step_cell_cotangent_lost", "vjp", lstm_step, lambda c, *a: lstm_step_vjp(c, *a, accumulate=False),
    LSTM_IN, "The cell's own cotangent is not added.", LSTM,
)  # fmt: skip
wrong(
    "course_lstm_step_gates_swapped", "vjp", lstm_step, lambda c, *a: lstm_step_vjp(c, *a, order=(1, 0, 2, 3)),
    LSTM_IN, "Input and forget gate stacked the other way round.", LSTM,
)  # fmt: skip


# word embedding, temporal softmax with a mask for padding
def temporal_softmax(x, y, mask):
    N, steps, size = x.shape
    flat = x.reshape(N * steps, size)
    probs = np.exp(flat - np.max(flat, axis=1, keepdims=True))
    probs /= np.sum(probs, axis=1, keepdims=True)
    return -np.sum(mask.reshape(-1) * np.log(probs[np.arange(N * steps), y.reshape(-1)])) / N


def temporal_softmax_gradient(x, y, mask, masked=True):
    N, steps, size = x.shape
    flat = x.reshape(N * steps, size)
    dflat = np.exp(flat - np.max(flat, axis=1, keepdims=True))
    dflat /= np.sum(dflat, axis=1, keepdims=True)
    dflat[np.arange(N * steps), y.reshape(-1)] -= 1
    dflat /= N
    if masked:
        dflat *= mask.reshape(-1)[:, None]
    return dflat.reshape(N, steps, size), None, None


MASK = np.array([[True, True, False], [True, False, False]])
WORDS = np.array([[0, 3, 1], [2, 0, 0]])
STEPS = rng.standard_normal((2, 3, 4))
TEMPORAL = Reference(
    lambda x, y, m: sum(mp.logsumexp(x[n, t]) - x[n, t, y[n, t]] for n, t in np.ndindex(y.shape) if m[n, t]) / 2
)
right(
    "course_temporal_softmax", "gradient", temporal_softmax, temporal_softmax_gradient, (STEPS, WORDS, MASK),
    "Padding masked by booleans.", TEMPORAL,
)  # fmt: skip
wrong(
    "course_temporal_softmax_padding_pulls", "gradient", temporal_softmax,
    lambda x, y, m: temporal_softmax_gradient(x, y, m, masked=False), (STEPS, WORDS, MASK),
    "The mask is not applied backward.", TEMPORAL,
)  # fmt: skip


# a GRU over a short sequence, forward and backward in one closure
def gru_run(x, Wz, Wr, Wc):
    h = np.zeros(Wz.shape[0])
    tape = []
    for row in x:
        joint = np.concatenate([row, h])
        z, r = 1 / (1 + np.exp(-Wz @ joint)), 1 / (1 + np.exp(-Wr @ joint))
        inner = np.concatenate([row, r * h])
        c = np.tanh(Wc @ inner)
        tape.append((joint, z, r, inner, c, h))
        h = z * h + (1 - z) * c
    return h, tape


def gru_vjp(dh, x, Wz, Wr, Wc, reset_path=True):
    d = x.shape[1]
    _, tape = gru_run(x, Wz, Wr, Wc)
    dx, grads = np.zeros_like(x), [np.zeros_like(W) for W in (Wz, Wr, Wc)]
    while tape:
        joint, z, r, inner, c, h = tape.pop()
        ac = dh * (1 - z) * (1 - c * c)
        az = dh * (h - c) * z * (1 - z)
        dinner = Wc.T @ ac
        ar = dinner[d:] * h * r * (1 - r)
        djoint = Wz.T @ az + (Wr.T @ ar if reset_path else 0)
        for g, a, v in zip(grads, (az, ar, ac), (joint, joint, inner), strict=True):
            g += a[:, None] * v
        dx[len(tape)] = djoint[:d] + dinner[:d]
        dh = dh * z + djoint[d:] + dinner[d:] * r
    return dx, *grads


def mp_gru(x, Wz, Wr, Wc):
    h = np.full(len(Wz), mp.mpf(0))
    for row in x:
        z, r = (mp.sigmoid(W @ np.concatenate([row, h])) for W in (Wz, Wr))
        h = z * h + (1 - z) * mp.tanh(Wc @ np.concatenate([row, r * h]))
    return h


GRU_IN = (rng.standard_normal((3, 2)), *(rng.standard_normal((2, 4)) for _ in range(3)))
GRU = Reference(mp_gru)
right("course_gru", "vjp", lambda *a: gru_run(*a)[0], gru_vjp, GRU_IN, "A tape that is popped.", GRU)
wrong(
    "course_gru_reset_gate_dead_end", "vjp", lambda *a: gru_run(*a)[0],
    lambda c, *a: gru_vjp(c, *a, reset_path=False), GRU_IN, "What flows through the reset gate to x and h is lost.",
    GRU,
)  # fmt: skip
