"""A network with sigmoid outputs and squares; the slope of the output layer's sigmoid is left out.

# mistake: slope-forgotten
# where: NeuralNetwork
"""

import numpy as np


def sigmoid(z):
    return 1.0 / (1.0 + np.exp(-z))


class NeuralNetwork:
    def __init__(self, input_nodes, hidden_nodes, output_nodes):
        self.W1 = np.random.normal(0.0, input_nodes**-0.5, (input_nodes, hidden_nodes))
        self.b1 = np.zeros((1, hidden_nodes))
        self.W2 = np.random.normal(0.0, hidden_nodes**-0.5, (hidden_nodes, output_nodes))
        self.b2 = np.zeros((1, output_nodes))
        self.grads = {}

    def forward(self, X):
        self.X = X
        self.A1 = sigmoid(X.dot(self.W1) + self.b1)
        self.A2 = sigmoid(self.A1.dot(self.W2) + self.b2)
        return self.A2

    def loss(self, y_hat, y):
        return 0.5 * np.mean(np.sum((y_hat - y) ** 2, axis=1))

    def backward(self, X, y):
        m = X.shape[0]
        delta2 = (self.A2 - y) / m
        self.grads["W2"] = self.A1.T.dot(delta2)
        self.grads["b2"] = delta2.sum(axis=0, keepdims=True)
        delta1 = delta2.dot(self.W2.T) * self.A1 * (1 - self.A1)
        self.grads["W1"] = X.T.dot(delta1)
        self.grads["b1"] = delta1.sum(axis=0, keepdims=True)
        return self.grads
