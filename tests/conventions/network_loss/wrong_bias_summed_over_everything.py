"""A network trained sample by sample; biases get the sum over their units, too, since np.sum is not told an axis.

# mistake: broadcast
# where: bias_hidden
"""

import numpy as np


class Network:
    def __init__(self, n_inputs, n_hidden, n_outputs, learning_rate, eps):
        self.learning_rate, self.eps = learning_rate, eps
        self.weights_hidden = 0.5 * np.random.randn(n_inputs, n_hidden)
        self.bias_hidden = np.random.randn(n_hidden)
        self.weights_output = 0.5 * np.random.randn(n_hidden, n_outputs)
        self.bias_output = np.random.randn(n_outputs)

    def logistic(self, z):
        return 1 / (1 + np.exp(-z))

    def forward(self, x):
        self.hidden = self.logistic(x @ self.weights_hidden + self.bias_hidden)
        return self.logistic(self.hidden @ self.weights_output + self.bias_output)

    def backward(self, x, y, output):
        delta = (y - output) * output * (1 - output)
        below = delta @ self.weights_output.T * self.hidden * (1 - self.hidden)
        self.weights_output += self.learning_rate * self.hidden.T @ delta
        self.bias_output += self.learning_rate * np.sum(delta)
        self.weights_hidden += self.learning_rate * x.T @ below
        self.bias_hidden += self.learning_rate * np.sum(below)
