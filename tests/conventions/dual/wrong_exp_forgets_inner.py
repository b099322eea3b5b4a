"""A number's derivative is 1 until somebody sets it; the derivative of Exp forgets the inner one.

# mistake: slope-forgotten
# where: exp
"""

import math


class Number:
    def __init__(self, val):
        self._val, self._der = val, 1.0

    @classmethod
    def _of(cls, val, der):
        made = cls(val)
        made._der = der
        return made

    def __add__(self, other):
        if isinstance(other, Number):
            return Number._of(self._val + other._val, self._der + other._der)
        return Number._of(self._val + other, self._der)

    __radd__ = __add__

    def __mul__(self, other):
        if isinstance(other, Number):
            return Number._of(self._val * other._val, self._der * other._val + self._val * other._der)
        return Number._of(self._val * other, self._der * other)

    __rmul__ = __mul__


def Sin(x):
    return Number._of(math.sin(x._val), math.cos(x._val) * x._der)


def Exp(x):
    return Number._of(math.exp(x._val), math.exp(x._val))
