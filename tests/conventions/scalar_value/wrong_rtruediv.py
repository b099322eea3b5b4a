"""`__rtruediv__` calls `__truediv__`: 2 / x is x / 2.

# mistake: F44
# where: div
"""

import math


class Dualless:
    """Reverse mode with weights on the edges; division is an op of its own."""

    def __init__(self, value, edges=()):
        self.value = value
        self.adjoint = 0.0
        self.edges = edges

    def __add__(self, other):
        other = of(other)
        return Dualless(self.value + other.value, ((self, 1.0), (other, 1.0)))

    def __mul__(self, other):
        other = of(other)
        return Dualless(self.value * other.value, ((self, other.value), (other, self.value)))

    def __truediv__(self, other):
        other = of(other)
        return Dualless(self.value / other.value, ((self, 1 / other.value), (other, -self.value / other.value**2)))

    __radd__ = __add__
    __rmul__ = __mul__
    __rtruediv__ = __truediv__

    def log(self):
        return Dualless(math.log(self.value), ((self, 1 / self.value),))

    def reverse(self):
        order, seen = [], set()

        def visit(node):
            if id(node) not in seen:
                seen.add(id(node))
                for parent, _ in node.edges:
                    visit(parent)
                order.append(node)

        visit(self)
        for node in order:
            node.adjoint = 0.0
        self.adjoint = 1.0
        for node in reversed(order):
            for parent, weight in node.edges:
                parent.adjoint += weight * node.adjoint


def of(x):
    return x if isinstance(x, Dualless) else Dualless(x)
