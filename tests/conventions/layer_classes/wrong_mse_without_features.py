"""A mean squared error over all entries whose gradient is divided by the batch alone.

# mistake: mean-sum, factor
# where: MSELoss
"""

import numpy as np


class MSELoss:
    def forward(self, A, Y):
        self.A = A
        self.Y = Y
        self.N, self.C = A.shape
        return np.sum((A - Y) ** 2) / (self.N * self.C)

    def backward(self):
        return 2 * (self.A - self.Y) / self.N
