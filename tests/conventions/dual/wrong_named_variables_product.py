"""Forward mode with names, whose product gives each factor its own value.

# mistake: exchanged
# where: mul
"""

import math


class Scalar:
    def __init__(self, name, value):
        self._val = value
        self._deriv = {} if name is None else {name: 1.0}

    @staticmethod
    def _made(value, *terms):
        made = Scalar(None, value)
        for slope, node in terms:
            for name, derivative in node._deriv.items():
                made._deriv[name] = made._deriv.get(name, 0.0) + slope * derivative
        return made

    def __add__(self, other):
        if isinstance(other, Scalar):
            return Scalar._made(self._val + other._val, (1.0, self), (1.0, other))
        return Scalar._made(self._val + other, (1.0, self))

    def __radd__(self, other):
        return self + other

    def __mul__(self, other):
        if isinstance(other, Scalar):
            return Scalar._made(self._val * other._val, (self._val, self), (other._val, other))
        return Scalar._made(self._val * other, (other, self))

    def __rmul__(self, other):
        return self * other

    def __neg__(self):
        return Scalar._made(-self._val, (-1.0, self))

    def __sub__(self, other):
        return self + (-other)

    def __rsub__(self, other):
        return (-self) + other


def exp(x):
    return Scalar._made(math.exp(x._val), (math.exp(x._val), x))


def sin(x):
    return Scalar._made(math.sin(x._val), (math.cos(x._val), x))
