"""relu's backward asks for the sign of the gradient, not of the input.

# mistake: F26
# where: relu
"""

import math


class Number:
    """An engine for perceptrons: functions of the module make nodes, the sweep is a function, too."""

    def __init__(self, data):
        self.data = data
        self.grad = 0.0
        self.inputs = ()
        self.rule = None

    def __add__(self, other):
        return _made(self.data + _raw(other), (self, other), lambda g: (g, g))

    def __sub__(self, other):
        return _made(self.data - _raw(other), (self, other), lambda g: (g, -g))

    def __mul__(self, other):
        return _made(self.data * _raw(other), (self, other), lambda g: (g * _raw(other), g * self.data))

    def __radd__(self, other):
        return self + other

    def __rmul__(self, other):
        return self * other

    def __rsub__(self, other):
        return _made(other - self.data, (self,), lambda g: (-g,))


def _raw(x):
    return x.data if isinstance(x, Number) else x


def _made(data, inputs, rule):
    out = Number(data)
    out.inputs, out.rule = inputs, rule
    return out


def relu(x):
    return _made(max(0.0, x.data), (x,), lambda g: (g if g > 0 else 0.0,))


def tanh(x):
    t = math.tanh(x.data)
    return _made(t, (x,), lambda g: (g * (1.0 - t * t),))


def backpropagate(root):
    order, seen = [], set()

    def visit(node):
        if isinstance(node, Number) and id(node) not in seen:
            seen.add(id(node))
            for other in node.inputs:
                visit(other)
            order.append(node)

    visit(root)
    root.grad = 1.0
    for node in reversed(order):
        if node.rule:
            for other, g in zip(node.inputs, node.rule(node.grad), strict=True):
                if isinstance(other, Number):
                    other.grad += g
