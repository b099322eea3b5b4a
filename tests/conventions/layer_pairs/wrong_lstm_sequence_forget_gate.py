"""An LSTM over a sequence: going back, the cell's gradient is not multiplied by the forget gate.

# mistake: slope-forgotten
# where: lstm_backward
"""

import numpy as np


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
        dx[:, t], dnext = da @ Wx.T, da @ Wh.T
        dWx += x[:, t].T @ da
        dWh += entered.T @ da
        db += da.sum(axis=0)
    return dx, dnext, dWx, dWh, db
