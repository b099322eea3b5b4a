"""A linear layer that divides dLdW by the batch once more: the loss has done that already.

# mistake: mean-sum
# where: Linear
"""

import numpy as np


class Linear:
    def __init__(self, in_features, out_features):
        self.W = np.zeros((out_features, in_features))
        self.b = np.zeros(out_features)

    def forward(self, A):
        self.A = A
        self.N = A.shape[0]
        return A @ self.W.T + self.b

    def backward(self, dLdZ):
        self.dLdW = dLdZ.T @ self.A / self.N
        self.dLdb = dLdZ.sum(axis=0) / self.N
        return dLdZ @ self.W
