"""compute_gradient_reg adds the penalty's values instead of its slopes.

# mistake: other-slope
# where: compute_gradient_reg
"""

import numpy as np


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def compute_cost(X, y, w, b):
    m = X.shape[0]
    cost = 0.0
    for i in range(m):
        f = sigmoid(np.dot(X[i], w) + b)
        cost += -y[i] * np.log(f) - (1 - y[i]) * np.log(1 - f)
    return cost / m


def compute_gradient(X, y, w, b):
    m, n = X.shape
    dj_dw = np.zeros((n,))
    dj_db = 0.0
    for i in range(m):
        err = sigmoid(np.dot(X[i], w) + b) - y[i]
        for j in range(n):
            dj_dw[j] = dj_dw[j] + err * X[i, j]
        dj_db = dj_db + err
    return dj_db / m, dj_dw / m


def compute_cost_reg(X, y, w, b, lambda_=1):
    m, n = X.shape
    return compute_cost(X, y, w, b) + lambda_ / (2 * m) * sum(np.square(w))


def compute_gradient_reg(X, y, w, b, lambda_=1):
    m, n = X.shape
    dj_db, dj_dw = compute_gradient(X, y, w, b)
    for j in range(n):
        dj_dw[j] = dj_dw[j] + lambda_ / (2 * m) * w[j] ** 2
    return dj_db, dj_dw
