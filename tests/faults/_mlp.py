"""A correct multilayer perceptron in plain NumPy; the files beside it override one method each, and are wrong by it."""

import numpy as np

ACTIVATIONS = {
    "identity": lambda z: z,
    "tanh": np.tanh,
    "sigmoid": lambda z: 1.0 / (1.0 + np.exp(-z)),
}


class Network:
    """Gradients of an MLP with half squared loss, a batch at a time."""

    def __init__(self, mlp, point):
        self.mlp, self.point = mlp, point

    def slope(self, name, z, a):
        """sigma'(z)."""
        if name == "identity":
            return np.ones_like(z)
        return 1.0 - np.tanh(z) ** 2 if name == "tanh" else np.exp(-z) / (1.0 + np.exp(-z)) ** 2

    def weights(self, delta, a):
        """dC/dW from the delta of a layer and the activations before it."""
        return delta.T @ a

    def bias(self, delta):
        """dC/db."""
        return np.sum(delta, axis=0)

    def average(self, delta):
        """Of the sum over the batch, as the MLP says."""
        return delta / self.mlp.batch if self.mlp.reduction == "mean" else delta

    def penalised(self, name, w):
        """What the penalty adds to a parameter's gradient."""
        return self.mlp.l2 * w if name[0] == "W" and self.mlp.l2 else 0.0

    def gradients(self):
        """The loss and every gradient."""
        point, mlp = self.point, self.mlp
        z, a = [None], [point["X"]]
        for k, name in enumerate(mlp.activations, 1):
            z.append(a[-1] @ point[f"W{k}"].T + point[f"b{k}"])
            a.append(ACTIVATIONS[name](z[-1]))
        error = a[-1] - point["T"]
        value = 0.5 * np.sum(error**2) / (mlp.batch if mlp.reduction == "mean" else 1)
        value = value + 0.5 * mlp.l2 * sum(np.sum(point[f"W{k}"] ** 2) for k in range(1, mlp.layers + 1))
        slope, grads = self.average(error), {}
        for k in range(mlp.layers, 0, -1):
            delta = slope * self.slope(mlp.activations[k - 1], z[k], a[k])
            grads[f"W{k}"], grads[f"b{k}"] = self.weights(delta, a[k - 1]), self.bias(delta)
            slope = delta @ point[f"W{k}"]
        return value, {name: g + self.penalised(name, point[name]) for name, g in grads.items()}
