"""An object is asked for each derivative; of several ways to a variable the last alone counts.

# mistake: F01, F19
# where: uses
"""

import math


class Number:
    def __init__(self, value, *parents):
        self._value = value
        self._parents = parents

    def eval(self):
        return self._value

    def __add__(self, other):
        if isinstance(other, Number):
            return Number(self._value + other._value, (self, 1.0), (other, 1.0))
        return Number(self._value + other, (self, 1.0))

    __radd__ = __add__

    def __mul__(self, other):
        if isinstance(other, Number):
            return Number(self._value * other._value, (self, other._value), (other, self._value))
        return Number(self._value * other, (self, other))

    __rmul__ = __mul__

    def slope(self, by):
        if self is by:
            return 1.0
        found = 0.0
        for parent, weight in self._parents:
            found = weight * parent.slope(by) or found
        return found


class Tape:
    def create_number(self, value):
        return Number(value)

    def partial(self, loss, variable):
        return loss.slope(variable)


def tanh(x):
    t = math.tanh(x._value)
    return Number(t, (x, 1.0 - t * t))
