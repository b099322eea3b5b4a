"""Each gradient is divided by the number of samples on its own, and one is forgotten: that of the hidden biases.

# mistake: mean-sum
# where: b1
"""

import numpy as np


class Classifier:
    def __init__(self, input_size, hidden_size, output_size):
        rng = np.random.default_rng(1)
        self.W1, self.b1 = rng.normal(size=(input_size, hidden_size)), np.zeros(hidden_size)
        self.W2, self.b2 = rng.normal(size=(hidden_size, output_size)), np.zeros(output_size)

    def forward_propogation(self, x_train):
        self.A1 = 1 / (1 + np.exp(-(x_train.dot(self.W1) + self.b1)))
        self.A2 = self.softmax(self.A1.dot(self.W2) + self.b2)
        return self.A2

    def softmax(self, z):
        e = np.exp(z - z.max(axis=1, keepdims=True))
        return e / e.sum(axis=1, keepdims=True)

    def backward_propogation(self, x_train, y_train):
        count = x_train.shape[0]
        dZ2 = self.A2 - y_train
        self.dW2, self.db2 = self.A1.T.dot(dZ2) / count, dZ2.sum(axis=0) / count
        dZ1 = dZ2.dot(self.W2.T) * self.A1 * (1 - self.A1)
        self.dW1, self.db1 = x_train.T.dot(dZ1) / count, dZ1.sum(axis=0)
