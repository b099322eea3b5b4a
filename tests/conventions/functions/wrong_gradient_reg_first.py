"""gradientReg regularises theta[0] too.

# mistake: loss-term
# where: gradientReg
"""

import numpy as np


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def costFunctionReg(theta, X, y, reg):
    m = y.size
    h = sigmoid(X.dot(theta))
    return -1 * (1 / m) * (np.log(h).T.dot(y) + np.log(1 - h).T.dot(1 - y)) + (reg / (2 * m)) * np.sum(np.square(theta[1:]))


def gradientReg(theta, X, y, reg):
    m = y.size
    h = sigmoid(X.dot(theta.reshape(-1, 1)))
    grad = (1 / m) * X.T.dot(h - y.reshape(-1, 1)) + (reg / m) * theta.reshape(-1, 1)
    return grad.flatten()
