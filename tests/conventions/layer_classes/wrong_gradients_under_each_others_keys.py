"""A layer with two matrices of one shape, whose gradients are returned under each other's keys.

# mistake: exchanged
# where: Gated
"""

import numpy as np


class Gated:
    def __init__(self, in_features, out_features):
        self.W_gate = np.random.randn(in_features, out_features)
        self.W_value = np.random.randn(in_features, out_features)

    def forward(self, x):
        gate, value = 1 / (1 + np.exp(-x @ self.W_gate)), np.tanh(x @ self.W_value)
        return gate * value, (x, gate, value)

    def backward(self, dout, cache):
        x, gate, value = cache
        dgate, dvalue = dout * value * gate * (1 - gate), dout * gate * (1 - value**2)
        return dgate @ self.W_gate.T + dvalue @ self.W_value.T, {"W_value": x.T @ dgate, "W_gate": x.T @ dvalue}
