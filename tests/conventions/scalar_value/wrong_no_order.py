"""The sweep goes breadth first from the loss, each node once, when it is first met: not in topological order.

# mistake: F03
# where: uses of a node
"""

from collections import deque
from math import cos, sin


class Var:
    def __init__(self, val, local=()):
        self.val = val
        self.grad = 0.0
        self.local = local

    def __add__(self, other):
        other = other if isinstance(other, Var) else Var(other)
        return Var(self.val + other.val, ((self, 1.0), (other, 1.0)))

    def __sub__(self, other):
        other = other if isinstance(other, Var) else Var(other)
        return Var(self.val - other.val, ((self, 1.0), (other, -1.0)))

    def __rsub__(self, other):
        return Var(other) - self

    def __mul__(self, other):
        other = other if isinstance(other, Var) else Var(other)
        return Var(self.val * other.val, ((self, other.val), (other, self.val)))

    def __truediv__(self, other):
        other = other if isinstance(other, Var) else Var(other)
        return Var(self.val / other.val, ((self, 1 / other.val), (other, -self.val / other.val**2)))

    def __rtruediv__(self, other):
        return Var(other) / self

    __radd__ = __add__
    __rmul__ = __mul__

    def backward(self):
        self.grad = 1.0
        queue, met = deque([self]), {id(self)}
        while queue:
            node = queue.popleft()
            for parent, weight in node.local:
                parent.grad += weight * node.grad
                if id(parent) not in met:
                    met.add(id(parent))
                    queue.append(parent)


def vsin(x):
    return Var(sin(x.val), ((x, cos(x.val)),))


def vcos(x):
    return Var(cos(x.val), ((x, -sin(x.val)),))
