"""Targets first, and the gradient by the targets, which has the other sign: that of a squared error.

# mistake: sign
# where: SquaredError
"""

import numpy as np


class SquaredError:
    def forward(self, label, out):
        gap = out - label
        return np.mean(gap * gap)

    def backward(self, label, out):
        return 2 * (label - out) / out.size
