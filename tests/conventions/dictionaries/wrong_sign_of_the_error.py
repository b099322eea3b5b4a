"""Logistic regression as in Coursera's second week; the error is Y - A, as if the weights were to climb.

# mistake: sign
# where: propagate
"""

import numpy as np


def sigmoid(z):
    return 1.0 / (1.0 + np.exp(-z))


def propagate(w, b, X, Y):
    m = X.shape[1]
    A = sigmoid(w.T @ X + b)
    cost = (-1 / m) * np.sum(Y * np.log(A) + (1 - Y) * np.log(1 - A))
    error = Y - A
    dw = (X @ error.T) / m
    db = np.sum(error) / m
    return {"dw": dw, "db": db}, cost
