"""A tanh whose slope forgets the square.

# mistake: power-rule
# where: Tanh
"""

import numpy as np


class Tanh:
    def forward(self, x):
        self.out = np.tanh(x)
        return self.out

    def backward(self, dout):
        return dout * (1 - self.out)
