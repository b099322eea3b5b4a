"""`grad` by a tape of closures; the rule of log divides by what log returned.

# mistake: F30
# where: log
"""

import math


class Traced:
    def __init__(self, value, tape):
        self.value, self.tape = value, tape
        self.grad = 0.0

    def _put(self, value, *pulls):
        out = Traced(value, self.tape)
        self.tape.append((out, pulls))
        return out

    def __add__(self, other):
        if isinstance(other, Traced):
            return self._put(self.value + other.value, (self, 1.0), (other, 1.0))
        return self._put(self.value + other, (self, 1.0))

    def __mul__(self, other):
        if isinstance(other, Traced):
            return self._put(self.value * other.value, (self, other.value), (other, self.value))
        return self._put(self.value * other, (self, other))

    def __neg__(self):
        return self * -1.0

    def __sub__(self, other):
        return self + -other

    def __rsub__(self, other):
        return -self + other

    __radd__ = __add__
    __rmul__ = __mul__


def exp(x):
    if not isinstance(x, Traced):
        return math.exp(x)
    e = math.exp(x.value)
    return x._put(e, (x, e))


def log(x):
    if not isinstance(x, Traced):
        return math.log(x)
    y = math.log(x.value)
    return x._put(y, (x, 1.0 / y))


def grad(f):
    def df(x):
        tape = []
        start = Traced(x, tape)
        end = f(start)
        if not isinstance(end, Traced):
            return 0.0
        end.grad = 1.0
        for out, pulls in reversed(tape):
            for parent, slope in pulls:
                parent.grad += slope * out.grad
        return start.grad

    return df
