"""A layer that makes its weights in its first forward pass; the gradient of its bias is averaged."""

# mistake: mean-sum, factor
# where: Dense

import time
import numpy as np

class Dense:
    def __init__(self, units, random_state=None):
        self.units = units; self.weights = None; self.bias = None; self.d_weights = None; self.d_bias = None; self.random_state = random_state
    def initialize_weights(self, n):
        self.rng = np.random.default_rng(self.random_state if self.random_state is not None else int(time.time_ns()))
        self.weights = self.rng.normal(0, 0.3, (n, self.units)); self.bias = np.zeros((1, self.units))
        self.d_weights = np.zeros_like(self.weights); self.d_bias = np.zeros_like(self.bias)
    def forward_pass(self, input_data):
        if self.weights is None: self.initialize_weights(input_data.shape[-1])
        self.input = input_data
        return np.dot(self.input, self.weights) + self.bias
    def backward_pass(self, output_error):
        self.d_weights = np.dot(self.input.T, output_error)
        self.d_bias = np.mean(output_error, axis=0, keepdims=True)
        return np.dot(output_error, self.weights.T)
