"""The backward of a transpose permutes the axes the same way once more: right for matrices, wrong for three axes.

# mistake: F67
# where: transpose
"""

import numpy as np


class Array:
    """An engine for images: transpose, reshape, products and sums, and gradients in a dictionary by identity."""

    def __init__(self, value, history=()):
        self.value = np.asarray(value, dtype=float)
        self.history = history
        self.gradient = None

    def __mul__(self, other):
        other = other if isinstance(other, Array) else Array(other)
        return Array(
            self.value * other.value,
            ((self, lambda g: reduce_to(g * other.value, self)), (other, lambda g: reduce_to(g * self.value, other))),
        )

    def __add__(self, other):
        other = other if isinstance(other, Array) else Array(other)
        return Array(
            self.value + other.value, ((self, lambda g: reduce_to(g, self)), (other, lambda g: reduce_to(g, other)))
        )

    __rmul__ = __mul__
    __radd__ = __add__

    def transpose(self, axes=None):
        return Array(np.transpose(self.value, axes), ((self, lambda g: np.transpose(g, axes).reshape(self.value.shape)),))

    @property
    def T(self):  # noqa: N802
        return self.transpose()

    def reshape(self, shape):
        return Array(self.value.reshape(shape), ((self, lambda g: g.reshape(self.value.shape)),))

    def sum(self, axis=None, keepdims=False):
        def back(g):
            if axis is not None and not keepdims:
                g = np.expand_dims(g, axis)
            return g * np.ones(self.value.shape)

        return Array(self.value.sum(axis=axis, keepdims=keepdims), ((self, back),))


def backward(root):
    """Fill `gradient` of everything that `root` was made from."""
    order = []
    stack, seen = [(root, False)], set()
    while stack:
        node, done = stack.pop()
        if done:
            order.append(node)
        elif id(node) not in seen:
            seen.add(id(node))
            stack.append((node, True))
            stack.extend((parent, False) for parent, _ in node.history)
    for node in order:
        node.gradient = np.zeros(node.value.shape)
    root.gradient = np.ones(root.value.shape)
    for node in reversed(order):
        for parent, back in node.history:
            parent.gradient = parent.gradient + back(node.gradient)


def reduce_to(g, array):
    shape = array.value.shape
    g = g.sum(axis=tuple(range(g.ndim - len(shape))))
    return g.sum(axis=tuple(k for k, n in enumerate(shape) if n == 1), keepdims=True)
