"""A dense layer of rows whose bias gradient is summed over the features of each sample.

# mistake: sum-axis
# where: Layer_Dense, biases has shape (1
"""

import numpy as np


class Layer_Dense:
    def __init__(self, n_inputs, n_neurons):
        self.weights = 0.1 * np.random.randn(n_inputs, n_neurons)
        self.biases = np.zeros((1, n_neurons))

    def forward(self, inputs):
        self.inputs = inputs
        self.output = inputs @ self.weights + self.biases

    def backward(self, dvalues):
        self.dweights = self.inputs.T @ dvalues
        self.dbiases = dvalues.sum(axis=1, keepdims=True)
        self.dinputs = dvalues @ self.weights.T
