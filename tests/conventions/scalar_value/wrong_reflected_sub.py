"""The reflected subtraction calls the plain one."""

# mistake: F43
# where: sub
import math


class Number:
    """A number that remembers where it came from."""

    def __init__(self, v, parents=()):
        self.v = v
        self.parents = parents
        self.g = 0.0
        self._bw = lambda: None

    def __add__(self, o):
        o = o if isinstance(o, Number) else Number(o)
        out = Number(self.v + o.v, (self, o))

        def bw():
            self.g += out.g
            o.g += out.g

        out._bw = bw
        return out

    __radd__ = __add__

    def __mul__(self, o):
        o = o if isinstance(o, Number) else Number(o)
        out = Number(self.v * o.v, (self, o))

        def bw():
            self.g += o.v * out.g
            o.g += self.v * out.g

        out._bw = bw
        return out

    __rmul__ = __mul__

    def __neg__(self):
        return self * -1

    def __sub__(self, o):
        return self + (-o)

    def __rsub__(self, o):
        return self - o

    def __truediv__(self, o):
        return self * o**-1

    def __pow__(self, k):
        out = Number(self.v**k, (self,))

        def bw():
            self.g += k * self.v ** (k - 1) * out.g

        out._bw = bw
        return out

    def tanh(self):
        t = (math.exp(2 * self.v) - 1) / (math.exp(2 * self.v) + 1)
        out = Number(t, (self,))

        def bw():
            self.g += (1 - t**2) * out.g

        out._bw = bw
        return out

    def exp(self):
        out = Number(math.exp(self.v), (self,))

        def bw():
            self.g += out.v * out.g

        out._bw = bw
        return out

    def backprop(self):
        order = []
        seen = set()

        def visit(n):
            if n not in seen:
                seen.add(n)
                for p in n.parents:
                    visit(p)
                order.append(n)

        visit(self)
        self.g = 1.0
        for n in reversed(order):
            n._bw()
