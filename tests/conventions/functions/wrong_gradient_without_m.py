"""gradient forgets to divide by the number of samples.

# mistake: mean-sum, factor
# where: gradient
"""

import numpy as np


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def costFunction(theta, X, y):
    m = len(y)
    h = sigmoid(X @ theta)
    return -(y @ np.log(h) + (1 - y) @ np.log(1 - h)) / m


def gradient(theta, X, y):
    m = len(y)
    return X.T @ (sigmoid(X @ theta) - y)
