"""A deep network in Coursera's manner; db is the sum over a layer's units, axis 0, squeezed to one number per layer.

# mistake: broadcast, sum-axis
# where: axis 1 is due
"""

import numpy as np


def model_forward(X, params):
    caches = []
    A = X
    L = len(params) // 2
    for l in range(1, L + 1):
        Z = params[f"W{l}"].dot(A) + params[f"b{l}"]
        caches.append((A, Z))
        A = np.maximum(Z, 0) if l < L else 1 / (1 + np.exp(-Z))
    return A, caches


def cost_function(AL, Y):
    return float(-np.mean(Y * np.log(AL) + (1 - Y) * np.log(1 - AL)))


def model_backward(AL, Y, params, caches):
    m = Y.shape[1]
    grads = {}
    dZ = AL - Y
    for l in range(len(caches), 0, -1):
        A_prev, _ = caches[l - 1]
        grads[f"dW{l}"] = dZ.dot(A_prev.T) / m
        grads[f"db{l}"] = np.full(params[f"b{l}"].shape, np.sum(dZ) / m)
        if l > 1:
            dZ = params[f"W{l}"].T.dot(dZ) * (caches[l - 2][1] > 0)
    return grads
