"""An activation whose constructor needs a number, and whose derivative is right for 1 alone.
"""
# mistake: places, branch
# where: ExponentialUnit

import numpy as np


class ExponentialUnit:
    def __init__(self, alpha):
        self.alpha = alpha

    def forward(self, x):
        return np.where(x > 0, x, self.alpha * (np.exp(np.minimum(x, 0)) - 1))

    def derivative(self, x):
        return np.where(x > 0, 1.0, self.forward(x) + 1.0)
