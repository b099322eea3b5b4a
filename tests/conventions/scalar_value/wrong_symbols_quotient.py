"""Symbols that get their numbers later; the quotient by its denominator lacks its minus.

# mistake: F35
# where: div
"""

import math


def symbol(name):
    return Symbol("variable", name=name)


class Symbol:
    def __init__(self, op, *parents, name=None, constant=None):
        self.op, self.parents, self.name, self.constant = op, parents, name, constant

    def _order(self, order, seen):
        if id(self) not in seen:
            seen.add(id(self))
            for parent in self.parents:
                parent._order(order, seen)
            order.append(self)
        return order

    def _forward(self, point):
        order = self._order([], set())
        for node in order:
            if node.op == "variable":
                node.number = node.constant if node.name is None else point[node.name]
            else:
                node.number, node.slopes = RULES[node.op](*(parent.number for parent in node.parents))
            node.total = 0.0
        return order

    def eval(self, point):
        return self._forward(point)[-1].number

    def deriv(self, point):
        order = self._forward(point)
        self.total = 1.0
        for node in reversed(order):
            for parent, slope in zip(node.parents, getattr(node, "slopes", ())):
                parent.total += slope * node.total
        return {node.name: node.total for node in order if node.name is not None}

    def __add__(self, other):
        return Symbol("add", self, _node(other))

    def __radd__(self, other):
        return _node(other) + self

    def __mul__(self, other):
        return Symbol("mul", self, _node(other))

    def __rmul__(self, other):
        return _node(other) * self

    def __sub__(self, other):
        return self + -1 * _node(other)

    def __rsub__(self, other):
        return _node(other) - self

    def __truediv__(self, other):
        return Symbol("div", self, _node(other))

    def __rtruediv__(self, other):
        return _node(other) / self


RULES = {
    "add": lambda a, b: (a + b, (1.0, 1.0)),
    "mul": lambda a, b: (a * b, (b, a)),
    "div": lambda a, b: (a / b, (1 / b, a / b**2)),
    "exp": lambda a: (math.exp(a), (math.exp(a),)),
    "sin": lambda a: (math.sin(a), (math.cos(a),)),
}


def _node(other):
    return other if isinstance(other, Symbol) else Symbol("variable", constant=other)


def exp(x):
    return Symbol("exp", x)


def sin(x):
    return Symbol("sin", x)
