"""needle's PowerScalar: the exponent comes down and is not lowered, n x^n.

# mistake: power-rule
# where: PowerScalar
"""

import numpy as np


class Op:
    def compute(self, *args):
        raise NotImplementedError

    def gradient(self, out_grad, node):
        raise NotImplementedError


class PowerScalar(Op):
    """Raises a tensor to an integer power."""

    def __init__(self, scalar: int):
        self.scalar = scalar

    def compute(self, a):
        return a**self.scalar

    def gradient(self, out_grad, node):
        a = node.inputs[0]
        return out_grad * self.scalar * a**self.scalar


class EWisePow(Op):
    def compute(self, a, b):
        return a**b

    def gradient(self, out_grad, node):
        a, b = node.inputs
        return out_grad * b * a ** (b - 1), out_grad * a**b * np.log(a)
