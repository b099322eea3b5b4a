"""Gradients are added in place, and an addition hands one and the same array to both of its operands.

# mistake: F15
# where: add
"""

import numpy as np


class Tensor:
    def __init__(self, data, children=()):
        self.data = np.asarray(data, dtype=float)
        self.grad = None
        self.children = children
        self.grad_fn = None

    def accumulate(self, g):
        shape = self.data.shape
        if g.shape != shape:
            g = g.sum(axis=tuple(range(g.ndim - len(shape))))
            g = g.sum(axis=tuple(k for k, n in enumerate(shape) if n == 1), keepdims=True)
        if self.grad is None:
            self.grad = g
        else:
            self.grad += g

    def zero_grad(self):
        self.grad = None

    def __add__(self, other):
        other = tensor(other)
        out = Tensor(self.data + other.data, (self, other))

        def grad_fn(g):
            self.accumulate(g)
            other.accumulate(g)

        out.grad_fn = grad_fn
        return out

    def __mul__(self, other):
        other = tensor(other)
        out = Tensor(self.data * other.data, (self, other))

        def grad_fn(g):
            self.accumulate(g * other.data)
            other.accumulate(g * self.data)

        out.grad_fn = grad_fn
        return out

    def __sub__(self, other):
        other = tensor(other)
        out = Tensor(self.data - other.data, (self, other))

        def grad_fn(g):
            self.accumulate(g)
            other.accumulate(-g)

        out.grad_fn = grad_fn
        return out

    def __rsub__(self, other):
        return tensor(other) - self

    __radd__ = __add__
    __rmul__ = __mul__

    def sum(self):
        out = Tensor(np.array(self.data.sum()), (self,))
        out.grad_fn = lambda g: self.accumulate(g * np.ones(self.data.shape))
        return out

    def backward(self):
        order, seen = [], set()

        def visit(node):
            if node in seen:
                return
            seen.add(node)
            for child in node.children:
                visit(child)
            order.append(node)

        visit(self)
        self.grad = np.ones_like(self.data)
        for node in reversed(order):
            if node.grad_fn is not None:
                node.grad_fn(node.grad)


def tensor(value):
    return value if isinstance(value, Tensor) else Tensor(value)
