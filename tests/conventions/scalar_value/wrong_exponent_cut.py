"""The exponent is no child of a power: 2**x is right, and 2**(x*y) is cut off from x and y.

The gradient is put into the exponent itself, so that a leaf has it; whatever the exponent was computed from has none.

# mistake: F32, F14
# where: pow
"""

from math import exp, log


class Scalar:
    def __init__(self, value, parents=()):
        self.value = float(value)
        self.derivative = 0.0
        self.parents = parents
        self.pull = lambda: None

    def __add__(self, b):
        b = scalar(b)
        out = Scalar(self.value + b.value, (self, b))

        def pull():
            self.derivative += out.derivative
            b.derivative += out.derivative

        out.pull = pull
        return out

    def __mul__(self, b):
        b = scalar(b)
        out = Scalar(self.value * b.value, (self, b))

        def pull():
            self.derivative += b.value * out.derivative
            b.derivative += self.value * out.derivative

        out.pull = pull
        return out

    def __pow__(self, b):
        b = scalar(b)
        out = Scalar(self.value**b.value, (self,))

        def pull():
            self.derivative += b.value * self.value ** (b.value - 1) * out.derivative
            if self.value > 0:
                b.derivative += log(self.value) * out.value * out.derivative

        out.pull = pull
        return out

    def __rpow__(self, a):
        return scalar(a) ** self

    def __sub__(self, b):
        return self + scalar(b) * -1

    def __rsub__(self, a):
        return scalar(a) - self

    def __neg__(self):
        return self * -1

    __radd__ = __add__
    __rmul__ = __mul__

    def exp(self):
        out = Scalar(exp(self.value), (self,))

        def pull():
            self.derivative += out.value * out.derivative

        out.pull = pull
        return out

    def backward(self):
        seen, order = set(), []

        def visit(node):
            if node not in seen:
                seen.add(node)
                for parent in node.parents:
                    visit(parent)
                order.append(node)

        visit(self)
        self.derivative = 1.0
        while order:
            order.pop().pull()


def scalar(x):
    return x if isinstance(x, Scalar) else Scalar(x)
