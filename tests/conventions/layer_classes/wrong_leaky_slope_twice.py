"""A leaky ReLU whose backward pass multiplies the negative side by the slope twice.

# mistake: slope-twice, factor
# where: LeakyReLU
"""

import numpy as np


class LeakyReLU:
    def __init__(self, alpha=0.1):
        self.alpha = alpha

    def forward(self, x):
        self.x = x
        return np.where(x > 0, x, self.alpha * x)

    def backward(self, dout):
        return np.where(self.x > 0, dout, self.alpha * self.alpha * dout)
