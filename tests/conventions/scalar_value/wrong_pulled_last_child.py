"""Gradients are pulled by x.grad(); what is made last of a variable replaces what was made before.

# mistake: F01
# where: uses
"""

import math


class Var:
    def __init__(self, value):
        self.value = value
        self.children = []
        self.grad_value = None

    def grad(self):
        if self.grad_value is None:
            self.grad_value = sum(weight * child.grad() for weight, child in self.children)
        return self.grad_value

    def _made(self, value, *parents):
        z = Var(value)
        for parent, weight in parents:
            parent.children[:] = [(weight, z)]
        return z

    def __add__(self, other):
        if not isinstance(other, Var):
            return self._made(self.value + other, (self, 1.0))
        return self._made(self.value + other.value, (self, 1.0), (other, 1.0))

    __radd__ = __add__

    def __mul__(self, other):
        if not isinstance(other, Var):
            return self._made(self.value * other, (self, other))
        return self._made(self.value * other.value, (self, other.value), (other, self.value))

    __rmul__ = __mul__

    @staticmethod
    def sin(x):
        return x._made(math.sin(x.value), (x, math.cos(x.value)))

    @staticmethod
    def cos(x):
        return x._made(math.cos(x.value), (x, -math.sin(x.value)))


def exp(x):
    return x._made(math.exp(x.value), (x, math.exp(x.value)))
