"""Back through time, the gradient that comes from the step after is left out.

# mistake: dropped, truncated
# where: rnn_backward
"""

import numpy as np


def softmax(z):
    e = np.exp(z - z.max(axis=0))
    return e / e.sum(axis=0)


def rnn_cell_forward(xt, a_prev, parameters):
    Wax, Waa, Wya = parameters["Wax"], parameters["Waa"], parameters["Wya"]
    ba, by = parameters["ba"], parameters["by"]
    a_next = np.tanh(Wax @ xt + Waa @ a_prev + ba)
    yt_pred = softmax(Wya @ a_next + by)
    cache = (a_next, a_prev, xt, parameters)
    return a_next, yt_pred, cache


def rnn_cell_backward(da_next, cache):
    a_next, a_prev, xt, parameters = cache
    dz = (1 - a_next**2) * da_next
    gradients = {"dxt": parameters["Wax"].T @ dz, "da_prev": parameters["Waa"].T @ dz}
    gradients |= {"dWax": dz @ xt.T, "dWaa": dz @ a_prev.T, "dba": dz.sum(axis=1, keepdims=True)}
    return gradients


def rnn_forward(x, a0, parameters):
    n_x, m, T_x = x.shape
    n_y, n_a = parameters["Wya"].shape
    a, y_pred, steps = np.zeros((n_a, m, T_x)), np.zeros((n_y, m, T_x)), []
    a_next = a0
    for t in range(T_x):
        a_next, yt_pred, cache = rnn_cell_forward(x[:, :, t], a_next, parameters)
        a[:, :, t], y_pred[:, :, t] = a_next, yt_pred
        steps.append(cache)
    caches = (steps, x)
    return a, y_pred, caches


def rnn_backward(da, caches):
    steps, x = caches
    n_a, m, T_x = da.shape
    dx, da_prev, sums = np.zeros(x.shape), np.zeros((n_a, m)), {"dWax": 0, "dWaa": 0, "dba": 0}
    for t in reversed(range(T_x)):
        step = rnn_cell_backward(da[:, :, t], steps[t])
        dx[:, :, t], da_prev = step["dxt"], step["da_prev"]
        sums = {key: total + step[key] for key, total in sums.items()}
    return {"dx": dx, "da0": da_prev, **sums}
