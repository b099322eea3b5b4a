"""Logistic regression whose residual is the wrong way round.

# mistake: sign
# where: compute_cost
"""

import numpy as np


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def compute_cost(X, y, w, b):
    a = sigmoid(np.dot(X, w) + b)
    return -np.mean(y * np.log(a) + (1 - y) * np.log(1 - a))


def compute_gradient(X, y, w, b):
    a = sigmoid(np.dot(X, w) + b)
    dw = np.dot(X.T, y - a) / len(y)
    db = np.mean(y - a)
    return dw, db
