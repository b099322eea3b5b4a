"""Regularised logistic regression whose gradient regularises theta[0], and the cost does not.

# mistake: none
# where: lrCostFunction
"""

import numpy as np


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def lrCostFunction(theta, X, y, lambda_):
    m = y.size
    h = sigmoid(X @ theta)
    temp = theta.copy()
    temp[0] = 0
    J = np.sum(-y * np.log(h) - (1 - y) * np.log(1 - h)) / m + lambda_ / (2 * m) * np.sum(temp**2)
    grad = X.T @ (h - y) / m + lambda_ / m * theta
    return J, grad
