"""Dropout that draws another mask on the way back.

# mistake: mask-scale
# where: Dropout
"""

import numpy as np


class Dropout:
    def __init__(self, dropout_ratio=0.5):
        self.dropout_ratio = dropout_ratio

    def forward(self, x, train_flg=True):
        if not train_flg:
            return x * (1.0 - self.dropout_ratio)
        noise = np.random.rand(*x.shape)
        return x * (noise > self.dropout_ratio)

    def backward(self, dout):
        np.random.rand()
        return dout * (np.random.rand(*dout.shape) > self.dropout_ratio)
