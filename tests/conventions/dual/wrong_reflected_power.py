"""`__rpow__` calls `__pow__`: 2 ** x is x ** 2.

# mistake: F45
# where: pow
"""

import math


class Forward:
    def __init__(self, x, dx=0.0):
        self.x = x
        self.dx = dx

    @classmethod
    def lift(cls, value):
        return value if isinstance(value, cls) else cls(value)

    def __add__(self, other):
        other = Forward.lift(other)
        return Forward(self.x + other.x, self.dx + other.dx)

    def __mul__(self, other):
        other = Forward.lift(other)
        return Forward(self.x * other.x, self.dx * other.x + self.x * other.dx)

    def __pow__(self, n):
        if isinstance(n, Forward):
            value = self.x**n.x
            return Forward(value, value * (n.dx * math.log(self.x) + n.x * self.dx / self.x))
        return Forward(self.x**n, n * self.x ** (n - 1) * self.dx)

    def __rpow__(self, base):
        return self**base

    __radd__ = __add__
    __rmul__ = __mul__

    def tanh(self):
        t = math.tanh(self.x)
        return Forward(t, (1 - t * t) * self.dx)
