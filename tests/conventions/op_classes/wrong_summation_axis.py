"""needle's Summation: the gradient is broadcast without the summed axis put back.

# mistake: transposed, permuted
# where: Summation
"""

import numpy as np


class TensorOp:
    """Ops on arrays; node.inputs are what the op was called with."""


class Summation(TensorOp):
    def __init__(self, axes=None):
        self.axes = axes

    def compute(self, a):
        return np.sum(a, axis=self.axes)

    def gradient(self, out_grad, node):
        (a,) = node.inputs
        if np.ndim(out_grad) and out_grad.shape[-1] != a.shape[-1]:
            out_grad = np.resize(out_grad, a.shape)
        return np.broadcast_to(out_grad, a.shape)


class EWiseMul(TensorOp):
    def compute(self, a, b):
        return a * b

    def gradient(self, out_grad, node):
        a, b = node.inputs
        return out_grad * b, out_grad * a
