"""A multilayer perceptron that penalises its biases as well as its weights.

# mistake: none
# where: b1
"""

import numpy as np


def sigmoid(z):
    return np.exp(-np.logaddexp(0, -z))


SIGMA = {
    "identity": (lambda z: z, lambda z: np.ones_like(z)),
    "sigmoid": (sigmoid, lambda z: sigmoid(z) * sigmoid(-z)),
    "tanh": (np.tanh, lambda z: 1 / np.cosh(z) ** 2),
    "relu": (lambda z: np.maximum(z, 0), lambda z: (z > 0).astype(z.dtype)),
}


def cost(name, y, t):
    if name == "half_squared":
        return 0.5 * np.sum((y - t) ** 2), y - t
    if name == "squared":
        return np.sum((y - t) ** 2), 2 * (y - t)
    raise NotImplementedError(name)


def mlp_gradients(net, point):
    n = net.batch if net.reduction == "mean" else 1
    a, z = [point["X"]], [None]
    for k, name in enumerate(net.activations, 1):
        if name not in SIGMA:
            raise NotImplementedError(name)
        z.append(a[-1] @ point[f"W{k}"].T + (point[f"b{k}"] if net.bias else 0))
        a.append(SIGMA[name][0](z[-1]))
    value, delta = cost(net.loss, a[-1], point["T"])
    value, delta, grads = value / n, delta / n, {}
    for k in range(net.layers, 0, -1):
        delta = delta * SIGMA[net.activations[k - 1]][1](z[k])
        grads[f"W{k}"] = delta.T @ a[k - 1] + net.l2 * point[f"W{k}"]
        if net.bias:
            grads[f"b{k}"] = delta.sum(axis=0) + net.l2 * point[f"b{k}"]
        value = value + 0.5 * net.l2 * np.sum(point[f"W{k}"] ** 2)
        delta = delta @ point[f"W{k}"]
    dtype = point["X"].dtype
    return np.asarray(value, dtype), {name: np.asarray(g, dtype) for name, g in grads.items()}
