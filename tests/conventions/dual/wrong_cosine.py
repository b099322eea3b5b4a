"""The derivative of the cosine is the sine, without its minus.

# mistake: F28
# where: cos
"""

import math


class DualNumber:
    __slots__ = ("der", "val")

    def __init__(self, val, der):
        self.val, self.der = val, der

    def __add__(self, other):
        if isinstance(other, DualNumber):
            return DualNumber(self.val + other.val, self.der + other.der)
        return DualNumber(self.val + other, self.der)

    def __mul__(self, other):
        if isinstance(other, DualNumber):
            return DualNumber(self.val * other.val, self.der * other.val + self.val * other.der)
        return DualNumber(self.val * other, self.der * other)

    __radd__ = __add__
    __rmul__ = __mul__

    def sin(self):
        return DualNumber(math.sin(self.val), math.cos(self.val) * self.der)

    def cos(self):
        return DualNumber(math.cos(self.val), math.sin(self.val) * self.der)
