"""A correct multilayer perceptron in plain NumPy; the files beside it override one method each, and are wrong by it."""

import numpy as np
from _maps import ACTIVATIONS, LOSSES


class Network:
    """Gradients of an MLP, a batch at a time."""

    def __init__(self, mlp, point):
        self.mlp, self.point = mlp, point

    def slope(self, name, z, a):
        """sigma'(z)."""
        return ACTIVATIONS[name][1](z)

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
        return self.mlp.l2 * w if name[0] == "W" else np.zeros_like(w)

    def gradients(self):
        """The loss and every gradient."""
        point, mlp = self.point, self.mlp
        z, a = [None], [point["X"]]
        for k, name in enumerate(mlp.activations, 1):
            z.append(a[-1] @ point[f"W{k}"].T + (point[f"b{k}"] if mlp.bias else 0.0))
            a.append(ACTIVATIONS[name][0](z[-1]))
        value, slope = LOSSES[mlp.loss](a[-1], point["T"])
        value = value / mlp.batch if mlp.reduction == "mean" else value
        value = value + 0.5 * mlp.l2 * sum(np.sum(point[f"W{k}"] ** 2) for k in range(1, mlp.layers + 1))
        slope, grads = self.average(slope), {}
        for k in range(mlp.layers, 0, -1):
            delta = slope * self.slope(mlp.activations[k - 1], z[k], a[k])
            grads[f"W{k}"] = self.weights(delta, a[k - 1])
            if mlp.bias:
                grads[f"b{k}"] = self.bias(delta)
            slope = delta @ point[f"W{k}"]
        if mlp.l2:
            grads = {name: g + self.penalised(name, point[name]) for name, g in grads.items()}
        dtype = point["X"].dtype
        return np.asarray(value, dtype), {name: np.asarray(g, dtype) for name, g in grads.items()}
