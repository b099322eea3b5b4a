"""A network of two layers that goes back past its activation.

# mistake: slope-forgotten
# where: Network
"""

import numpy as np


class Linear:
    def __init__(self, in_features, out_features):
        self.W = np.random.randn(in_features, out_features)
        self.b = np.zeros(out_features)

    def forward(self, x):
        self.x = x
        return x @ self.W + self.b

    def backward(self, grad):
        self.grad_W = self.x.T @ grad
        self.grad_b = grad.sum(axis=0)
        return grad @ self.W.T


class Network:
    def __init__(self, input_dim, hidden_dim, output_dim):
        self.l1 = Linear(input_dim, hidden_dim)
        self.l2 = Linear(hidden_dim, output_dim)

    def forward(self, x):
        self.h = np.tanh(self.l1.forward(x))
        return self.l2.forward(self.h)

    def backward(self, grad):
        grad = self.l2.backward(grad)
        return self.l1.backward(grad)
