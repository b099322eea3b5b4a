"""A slope written by the output, in a network that hands it the input of the sigmoid.

# mistake: slope-at-output, slope-twice, other-slope
# where: sigmoid
"""

import numpy as np


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def sigmoid_derivative(x):
    return x * (1 - x)


def backward(x, w, target):
    z = x @ w
    a = sigmoid(z)
    return x.T @ ((a - target) * sigmoid_derivative(z))
