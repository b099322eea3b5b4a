"""Regularised linear regression: the penalty's gradient keeps the factor 1/2 of the cost.

# mistake: path-factor
# where: linearRegCostFunction
"""

import numpy as np


def linearRegCostFunction(X, y, theta, lambda_=0.0):
    m = y.size
    h = X @ theta
    J = np.sum((h - y) ** 2) / (2 * m) + lambda_ / (2 * m) * np.sum(theta[1:] ** 2)
    grad = X.T @ (h - y) / m
    grad[1:] += lambda_ / (2 * m) * theta[1:]
    return J, grad
