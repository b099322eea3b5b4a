"""Softmax and cross-entropy as one loss, whose gradient is not divided by the number of samples.

# mistake: mean-sum, factor
# where: Softmax_Loss_CrossEntropy
"""

import numpy as np


class Softmax:
    def forward(self, inputs):
        self.inputs = inputs
        powers = np.exp(inputs - np.max(inputs, axis=1, keepdims=True))
        self.output = powers / powers.sum(axis=1, keepdims=True)

    def backward(self, dvalues):
        self.dinputs = np.empty_like(dvalues)
        for row, (out, upstream) in enumerate(zip(self.output, dvalues)):
            column = out.reshape(-1, 1)
            self.dinputs[row] = (np.diagflat(column) - column @ column.T) @ upstream


class Loss:
    def calculate(self, output, y):
        return np.mean(self.forward(output, y))


class Loss_CrossEntropy(Loss):
    def forward(self, y_pred, y_true):
        clipped = np.clip(y_pred, 1e-7, 1 - 1e-7)
        if y_true.ndim == 1:
            chosen = clipped[range(len(y_pred)), y_true]
        else:
            chosen = np.sum(clipped * y_true, axis=1)
        return -np.log(chosen)

    def backward(self, dvalues, y_true):
        if y_true.ndim == 1:
            y_true = np.eye(dvalues.shape[1])[y_true]
        self.dinputs = -y_true / dvalues / len(dvalues)


class Softmax_Loss_CrossEntropy:
    def __init__(self):
        self.activation = Softmax()
        self.loss = Loss_CrossEntropy()

    def forward(self, inputs, y_true):
        self.activation.forward(inputs)
        self.output = self.activation.output
        return self.loss.calculate(self.output, y_true)

    def backward(self, dvalues, y_true):
        rows = len(dvalues)
        if y_true.ndim == 2:
            y_true = np.argmax(y_true, axis=1)
        self.dinputs = dvalues.copy()
        self.dinputs[range(rows), y_true] -= 1
