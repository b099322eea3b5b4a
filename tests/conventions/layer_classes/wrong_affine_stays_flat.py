"""An affine layer that lays its samples out flat, and its gradient too.

# mistake: shape-laid-out
# where: Affine, x of shape
"""

import numpy as np


class Affine:
    def __init__(self, W, b):
        self.W = W; self.b = b
        self.x = None; self.dW = None; self.db = None
    def forward(self, x):
        self.shape = x.shape
        x = x.reshape(x.shape[0], -1)
        self.x = x
        return x @ self.W + self.b
    def backward(self, dout):
        dx = dout @ self.W.T
        self.dW = self.x.T @ dout
        self.db = dout.sum(axis=0)
        return dx
