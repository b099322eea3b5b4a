"""The weights are not transposed on the way back, which only square layers survive.

# mistake: product-transposed
# where: fc
"""

import numpy as np


def fc_forward(x, w, b):
    return np.dot(x, w) + b, (x, w)


def fc_backward(dout, cache):
    x, w = cache
    dx = np.dot(dout, w)
    dw = np.dot(x.T, dout)
    db = np.sum(dout, axis=0)
    return dx, dw, db
