"""A softmax with loss that is right for labels, and forgets the batch where targets are one-hot.

# mistake: mean-sum
# where: one-hot
"""

import numpy as np


class SoftmaxWithLoss:
    def forward(self, x, t):
        x = x - np.max(x, axis=1, keepdims=True)
        self.t = t
        self.y = np.exp(x) / np.sum(np.exp(x), axis=1, keepdims=True)
        labels = t.argmax(axis=1) if t.size == self.y.size else t
        return -np.mean(np.log(self.y[np.arange(len(x)), labels] + 1e-7))

    def backward(self, dout=1):
        if self.t.size == self.y.size:
            return self.y - self.t
        dx = self.y.copy()
        dx[np.arange(len(dx)), self.t] -= 1
        return dx / len(dx)
