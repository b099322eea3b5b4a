"""max over an axis gives its gradient to every entry of the row, not to the largest alone.

# mistake: F65
# where: max
"""

import numpy as np


class Tensor:
    def __init__(self, data, parents=(), vjp=None):
        self.data = np.asarray(data, dtype=np.float64)
        self.grad = None
        self.parents, self.vjp = parents, vjp

    def __mul__(self, other):
        other = other if isinstance(other, Tensor) else Tensor(other)
        return Tensor(self.data * other.data, (self, other), lambda g: (g * other.data, g * self.data))

    def __add__(self, other):
        other = other if isinstance(other, Tensor) else Tensor(other)
        return Tensor(self.data + other.data, (self, other), lambda g: (g, g))

    __rmul__ = __mul__
    __radd__ = __add__

    def sum(self):
        return Tensor(self.data.sum(), (self,), lambda g: (np.broadcast_to(g, self.data.shape),))

    def max(self, axis=None, keepdims=False):
        def vjp(g):
            if axis is not None and not keepdims:
                g = np.expand_dims(g, axis)
            return (np.broadcast_to(g, self.data.shape),)

        return Tensor(self.data.max(axis=axis, keepdims=keepdims), (self,), vjp)

    def backward(self, gradient=None):
        gradients = {id(self): np.ones_like(self.data) if gradient is None else gradient}
        for node in self.ancestors():
            node.grad = gradients[id(node)]
            if node.vjp is None:
                continue
            for parent, g in zip(node.parents, node.vjp(node.grad), strict=True):
                g = undone(g, parent.data.shape)
                gradients[id(parent)] = gradients[id(parent)] + g if id(parent) in gradients else g

    def ancestors(self):
        """Everything that this tensor was made from, users first."""
        order, seen = [], set()

        def visit(node):
            if id(node) not in seen:
                seen.add(id(node))
                for parent in node.parents:
                    visit(parent)
                order.append(node)

        visit(self)
        return reversed(order)


def undone(g, shape):
    g = g.sum(axis=tuple(range(g.ndim - len(shape))))
    return g.sum(axis=tuple(k for k, n in enumerate(shape) if n == 1), keepdims=True)
