"""A network that decays its biases as well, though its loss has the weights' squares alone.

# mistake: loss-term
# where: Net
"""

import numpy as np


class Net:
    def __init__(self, layer_dims, weight_decay=0.0):
        self.L = len(layer_dims) - 1
        self.weight_decay = weight_decay
        self.params = {}
        for l in range(1, self.L + 1):
            self.params[f"W{l}"] = np.random.randn(layer_dims[l - 1], layer_dims[l]) / np.sqrt(layer_dims[l - 1])
            self.params[f"b{l}"] = np.zeros((1, layer_dims[l]))

    def forward(self, X):
        self.a = [X]
        for l in range(1, self.L + 1):
            z = self.a[-1] @ self.params[f"W{l}"] + self.params[f"b{l}"]
            self.a.append(np.tanh(z) if l < self.L else z)
        return self.a[-1]

    def loss(self, X, y):
        out = self.forward(X)
        decay = sum(np.sum(self.params[f"W{l}"] ** 2) for l in range(1, self.L + 1))
        return np.mean((out - y) ** 2) + 0.5 * self.weight_decay * decay

    def backward(self, X, y):
        self.forward(X)
        grads = {}
        delta = 2 * (self.a[-1] - y) / y.size
        for l in range(self.L, 0, -1):
            grads[f"W{l}"] = self.a[l - 1].T @ delta
            grads[f"b{l}"] = delta.sum(axis=0, keepdims=True)
            if l > 1:
                delta = (delta @ self.params[f"W{l}"].T) * (1 - self.a[l - 1] ** 2)
        for name in grads:
            grads[name] = grads[name] + self.weight_decay * self.params[name]
        return grads
