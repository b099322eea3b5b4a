"""Layers of a captioning network: word vectors, an LSTM over sequences, scores and their masked loss."""

import numpy as np


def word_embedding_forward(x, W):
    return W[x], (x, W.shape)


def word_embedding_backward(dout, cache):
    x, shape = cache
    dW = np.zeros(shape)
    np.add.at(dW, x, dout)
    return dW


def logistic(v):
    return 1 / (1 + np.exp(-v))


def lstm_forward(x, h0, Wx, Wh, b):
    steps, h, c = [], h0, np.zeros_like(h0)
    out = np.zeros((x.shape[0], x.shape[1], h0.shape[1]))
    for t in range(x.shape[1]):
        gates = np.split(x[:, t] @ Wx + h @ Wh + b, 4, axis=1)
        i, f, o = (logistic(gate) for gate in gates[:3])
        g, before, entered = np.tanh(gates[3]), c, h
        c = f * before + i * g
        h = o * np.tanh(c)
        out[:, t] = h
        steps.append((entered, before, i, f, o, g, c))
    return out, (x, Wx, Wh, steps)


def lstm_backward(dh, cache):
    x, Wx, Wh, steps = cache
    dx, dWx, dWh, db = np.zeros_like(x), np.zeros_like(Wx), np.zeros_like(Wh), np.zeros(Wx.shape[1])
    dnext, dc = np.zeros_like(dh[:, 0]), np.zeros_like(dh[:, 0])
    for t in reversed(range(x.shape[1])):
        entered, before, i, f, o, g, c = steps[t]
        total = dh[:, t] + dnext
        dc = dc + total * o * (1 - np.tanh(c) ** 2)
        parts = (dc * g * i * (1 - i), dc * before * f * (1 - f), total * np.tanh(c) * o * (1 - o), dc * i * (1 - g**2))
        da = np.concatenate(parts, axis=1)
        dx[:, t], dnext, dc = da @ Wx.T, da @ Wh.T, dc * f
        dWx += x[:, t].T @ da
        dWh += entered.T @ da
        db += da.sum(axis=0)
    return dx, dnext, dWx, dWh, db


def temporal_softmax_loss(x, y, mask):
    N, T, V = x.shape
    flat, labels, counts = x.reshape(N * T, V), y.reshape(N * T), mask.reshape(N * T)
    probs = np.exp(flat - flat.max(axis=1, keepdims=True))
    probs /= probs.sum(axis=1, keepdims=True)
    loss = -np.sum(counts * np.log(probs[np.arange(N * T), labels])) / N
    dflat = probs.copy()
    dflat[np.arange(N * T), labels] -= 1
    return loss, (dflat * counts[:, None] / N).reshape(N, T, V)
