"""Two layers with keys of their own, whose second offset gets the sum where everything else gets the mean.

# mistake: count, mean-sum, factor
# where: backward_propagation, bias2
"""

import numpy as np


def initialize_parameters(x_train, y_train):
    parameters = {
        "weight1": np.random.randn(3, x_train.shape[0]) * 0.1,
        "bias1": np.zeros((3, 1)),
        "weight2": np.random.randn(y_train.shape[0], 3) * 0.1,
        "bias2": np.zeros((y_train.shape[0], 1)),
    }
    return parameters


def forward_propagation(x_train, parameters):
    z1 = np.dot(parameters["weight1"], x_train) + parameters["bias1"]
    a1 = np.tanh(z1)
    z2 = np.dot(parameters["weight2"], a1) + parameters["bias2"]
    a2 = 1 / (1 + np.exp(-z2))
    cache = {"a2": a2, "a1": a1, "z2": z2, "z1": z1}
    return cache


def compute_cost(a2, Y, parameters):
    losses = -(Y * np.log(a2) + (1 - Y) * np.log(1 - a2))
    return np.sum(losses) / Y.shape[1]


def backward_propagation(parameters, cache, X, Y):
    m = X.shape[1]
    dz2 = cache["a2"] - Y
    dz1 = np.dot(parameters["weight2"].T, dz2) * (1 - cache["a1"] ** 2)
    grads = {
        "dweight1": np.dot(dz1, X.T) / m,
        "dbias1": np.sum(dz1, axis=1, keepdims=True) / m,
        "dweight2": np.dot(dz2, cache["a1"].T) / m,
        "dbias2": np.sum(dz2, axis=1, keepdims=True),
    }
    return grads
