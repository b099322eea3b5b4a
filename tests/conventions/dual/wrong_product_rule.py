"""The product rule with the wrong factors: each derivative is multiplied with its own value.

# mistake: F34
# where: mul
"""

import math


class Num:
    def __init__(self, value, grad):
        self.value = value
        self.grad = grad

    def _of(self, other):
        return other if isinstance(other, Num) else Num(other, 0.0)

    def __add__(self, other):
        other = self._of(other)
        return Num(self.value + other.value, self.grad + other.grad)

    def __sub__(self, other):
        other = self._of(other)
        return Num(self.value - other.value, self.grad - other.grad)

    def __mul__(self, other):
        other = self._of(other)
        return Num(self.value * other.value, self.grad * self.value + other.grad * other.value)

    def __rmul__(self, other):
        return self * other

    def __radd__(self, other):
        return self + other

    def exp(self):
        return Num(math.exp(self.value), math.exp(self.value) * self.grad)
