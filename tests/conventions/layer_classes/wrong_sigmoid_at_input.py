"""A sigmoid that keeps its input and takes the slope formula of the output from it.

# mistake: slope-at-output, other-slope
# where: Sigmoid
"""

import numpy as np


class Sigmoid:
    def __init__(self):
        self.x = None

    def forward(self, x):
        self.x = x
        return 1 / (1 + np.exp(-x))

    def backward(self, dout):
        return dout * self.x * (1.0 - self.x)
