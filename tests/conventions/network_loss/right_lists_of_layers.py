"""A network with its matrices in lists, which gradient descent moves in place; the loss stands beside the class."""

import numpy as np


def logistic(v):
    return 1.0 / (1.0 + np.exp(-v))


def squared_error_loss(output, target):
    return 0.5 * np.sum((output - target) ** 2) / len(target)


class TwoLayers:
    def __init__(self, n_features, n_classes, hidden_size=16):
        widths = [n_features, hidden_size, n_classes]
        self.weights = [0.3 * np.random.randn(a, b) for a, b in zip(widths[:-1], widths[1:])]
        self.biases = [np.zeros((1, b)) for b in widths[1:]]

    def forward(self, X):
        self.activations = [X]
        for W, b in zip(self.weights, self.biases):
            self.activations.append(logistic(self.activations[-1] @ W + b))
        return self.activations[-1]

    def backprop(self, X, y, alpha):
        output = self.forward(X)
        delta = (output - y) * output * (1 - output) / X.shape[0]
        for k in (1, 0):
            entering = self.activations[k]
            back = (delta @ self.weights[k].T) * entering * (1 - entering)
            self.weights[k] -= alpha * entering.T @ delta
            self.biases[k] -= alpha * delta.sum(axis=0, keepdims=True)
            delta = back
