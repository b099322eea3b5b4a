"""A network whose backward moves the weights itself, as in the first network of most tutorials."""

import numpy as np


class Neural_Network(object):
    def __init__(self, input_size=2, hidden_size=3, output_size=1):
        self.W1 = np.random.randn(input_size, hidden_size)
        self.W2 = np.random.randn(hidden_size, output_size)

    def forward(self, X):
        self.z = np.dot(X, self.W1)
        self.z2 = self.sigmoid(self.z)
        self.z3 = np.dot(self.z2, self.W2)
        return self.sigmoid(self.z3)

    def sigmoid(self, s):
        return 1 / (1 + np.exp(-s))

    def sigmoid_prime(self, s):
        return s * (1 - s)

    def loss(self, X, y):
        return 0.5 * np.sum((y - self.forward(X)) ** 2)

    def backward(self, X, y, o, lr=1.0):
        self.o_error = y - o
        self.o_delta = self.o_error * self.sigmoid_prime(o)
        self.z2_error = self.o_delta.dot(self.W2.T)
        self.z2_delta = self.z2_error * self.sigmoid_prime(self.z2)
        self.W1 += lr * X.T.dot(self.z2_delta)
        self.W2 += lr * self.z2.T.dot(self.o_delta)

    def train(self, X, y):
        o = self.forward(X)
        self.backward(X, y, o)
