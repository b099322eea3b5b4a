"""A ReLU that looks at the upstream gradient where it should look at its input.

# mistake: branch, other-slope
# where: relu
"""

import numpy as np


def relu_forward(x):
    out = np.maximum(0, x)
    return out, x


def relu_backward(dout, cache):
    dx = np.array(dout, copy=True)
    dx[dout <= 0] = 0
    return dx
