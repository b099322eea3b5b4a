"""`grad` keeps gradients in a dictionary and writes to it: of a variable's several uses the last one written counts.

# mistake: F01, F19, F08, F09
# where: uses of a node
"""

import math


class Var:
    def __init__(self, value, rules=()):
        self.value = value
        self.rules = rules

    def __add__(self, other):
        other = var(other)
        return Var(self.value + other.value, ((self, lambda g: g), (other, lambda g: g)))

    def __mul__(self, other):
        other = var(other)
        return Var(self.value * other.value, ((self, lambda g: g * other.value), (other, lambda g: g * self.value)))

    def __sub__(self, other):
        other = var(other)
        return Var(self.value - other.value, ((self, lambda g: g), (other, lambda g: -g)))

    def __rsub__(self, other):
        return var(other) - self

    __radd__ = __add__
    __rmul__ = __mul__


def var(x):
    return x if isinstance(x, Var) else Var(x)


def sin(x):
    x = var(x)
    return Var(math.sin(x.value), ((x, lambda g: g * math.cos(x.value)),))


def value_and_grad(f):
    def both(x):
        start = Var(x)
        end = var(f(start))
        order, seen = [], set()

        def visit(node):
            if node not in seen:
                seen.add(node)
                for parent, _ in node.rules:
                    visit(parent)
                order.append(node)

        visit(end)
        gradients = {end: 1.0}
        for node in reversed(order):
            for parent, rule in node.rules:
                gradients[parent] = rule(gradients[node])
        return end.value, gradients.get(start, 0.0)

    return both


def grad(f):
    return lambda x: value_and_grad(f)(x)[1]
