"""A tensor as blog posts build it: broadcasting is undone by summing leading axes, and then shapes are made to fit.

A bias of shape (3,) is right; one of shape (1, 3), or a column (2, 1), gets the gradient of one copy.

# mistake: F50, F53
# where: add
"""

import numpy as np


class Tensor:
    def __init__(self, data, requires_grad=True):
        self.data = np.array(data, dtype=float)
        self.requires_grad = requires_grad
        self.grad = None
        self.parents = []

    @property
    def shape(self):
        return self.data.shape

    def _add_grad(self, g):
        while g.ndim > self.data.ndim:
            g = g.sum(axis=0)
        if g.shape != self.data.shape:
            index = tuple(slice(0, n) for n in self.data.shape)
            g = g[index]
        self.grad = g if self.grad is None else self.grad + g

    def backward(self, grad=None):
        order, seen = [], set()

        def visit(t):
            if id(t) in seen:
                return
            seen.add(id(t))
            for parent, _ in t.parents:
                visit(parent)
            order.append(t)

        visit(self)
        self.grad = np.ones_like(self.data) if grad is None else grad
        for t in reversed(order):
            for parent, pull in t.parents:
                parent._add_grad(pull(t.grad))

    def _new(self, data, *parents):
        out = Tensor(data)
        out.parents = list(parents)
        return out

    def __add__(self, other):
        other = as_tensor(other)
        return self._new(self.data + other.data, (self, lambda g: g), (other, lambda g: g))

    def __mul__(self, other):
        other = as_tensor(other)
        return self._new(self.data * other.data, (self, lambda g: g * other.data), (other, lambda g: g * self.data))

    def __neg__(self):
        return self._new(-self.data, (self, lambda g: -g))

    def __sub__(self, other):
        return self + (-as_tensor(other))

    __radd__ = __add__
    __rmul__ = __mul__

    def __rsub__(self, other):
        return as_tensor(other) - self

    def __matmul__(self, other):
        assert self.data.ndim == other.data.ndim >= 2, "matrices, or stacks of them"
        return self._new(
            self.data @ other.data,
            (self, lambda g: g @ np.swapaxes(other.data, -1, -2)),
            (other, lambda g: np.swapaxes(self.data, -1, -2) @ g),
        )

    def relu(self):
        return self._new(np.maximum(self.data, 0), (self, lambda g: g * (self.data > 0)))

    def sum(self):
        return self._new(self.data.sum(), (self, lambda g: g * np.ones_like(self.data)))


def as_tensor(value):
    return value if isinstance(value, Tensor) else Tensor(value)
