"""Softmax is taken for an element-wise activation: its backward is s * (1 - s).

# mistake: F62
# where: softmax
"""

import numpy as np


class Node:
    """A node of a computational graph, as in lecture notes: value, grad, and edges to its inputs."""

    def __init__(self, value, edges=()):
        self.value = np.asarray(value, dtype=float)
        self.grad = np.zeros(self.value.shape)
        self.edges = list(edges)

    def backward(self):
        order = topological(self)
        for node in order:
            node.grad = np.zeros(node.value.shape)
        self.grad = np.ones(self.value.shape)
        for node in order:
            for source, vjp in node.edges:
                source.grad = source.grad + vjp(node.grad)

    def __add__(self, other):
        other = lift(other)
        return Node(self.value + other.value, [(self, lambda g: fit(g, self)), (other, lambda g: fit(g, other))])

    def __radd__(self, other):
        return self + other

    def __mul__(self, other):
        other = lift(other)
        return Node(
            self.value * other.value,
            [(self, lambda g: fit(g * other.value, self)), (other, lambda g: fit(g * self.value, other))],
        )

    def __rmul__(self, other):
        return self * other

    def sum(self):
        return Node(self.value.sum(), [(self, lambda g: np.full(self.value.shape, g))])


def lift(x):
    return x if isinstance(x, Node) else Node(x)


def fit(g, node):
    while g.ndim > node.value.ndim:
        g = g.sum(axis=0)
    for axis, n in enumerate(node.value.shape):
        g = g.sum(axis=axis, keepdims=True) if n == 1 else g
    return g


def topological(root):
    order, seen = [], set()

    def visit(node):
        if id(node) not in seen:
            seen.add(id(node))
            for source, _ in node.edges:
                visit(source)
            order.append(node)

    visit(root)
    return order[::-1]


def softmax(x, axis=-1):
    e = np.exp(x.value - x.value.max(axis=axis, keepdims=True))
    s = e / e.sum(axis=axis, keepdims=True)
    return Node(s, [(x, lambda g: g * s * (1 - s))])


def log(x):
    return Node(np.log(x.value), [(x, lambda g: g / x.value)])
