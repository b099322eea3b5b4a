"""`full[index] += g` in the backward of indexing: an index that occurs twice is added once.

# mistake: F61
# where: take
"""

import numpy as np


class Tensor:
    def __init__(self, array, *, ctx=None):
        self.array = np.asarray(array, dtype=np.float64)
        self.grad = None
        self.ctx = ctx

    def numpy(self):
        return self.array

    def zero_grad(self):
        self.grad = None

    def __getitem__(self, index):
        def undo(g):
            full = np.zeros_like(self.array)
            full[index] += g
            return (full,)

        return Tensor(self.array[index], ctx=((self,), undo))

    def __mul__(self, other):
        other = other if isinstance(other, Tensor) else Tensor(other)
        return Tensor(
            self.array * other.array,
            ctx=((self, other), lambda g: (shrink(g * other.array, self), shrink(g * self.array, other))),
        )

    def __add__(self, other):
        other = other if isinstance(other, Tensor) else Tensor(other)
        return Tensor(self.array + other.array, ctx=((self, other), lambda g: (shrink(g, self), shrink(g, other))))

    def sum(self, axis=None, keepdims=False):
        def undo(g):
            if axis is not None and not keepdims:
                g = np.expand_dims(g, axis)
            return (np.broadcast_to(g, self.array.shape).copy(),)

        return Tensor(self.array.sum(axis=axis, keepdims=keepdims), ctx=((self,), undo))

    def backward(self):
        order = []

        def deepwalk(node, visited):
            visited.add(node)
            if node.ctx:
                for child in node.ctx[0]:
                    if child not in visited:
                        deepwalk(child, visited)
                order.append(node)

        deepwalk(self, set())
        self.grad = np.ones_like(self.array)
        for node in reversed(order):
            for child, g in zip(node.ctx[0], node.ctx[1](node.grad), strict=True):
                child.grad = g if child.grad is None else child.grad + g


def shrink(g, tensor):
    shape = tensor.array.shape
    g = g.sum(axis=tuple(range(g.ndim - len(shape))))
    return g.sum(axis=tuple(i for i, n in enumerate(shape) if n == 1 and g.shape[i] > 1), keepdims=True).reshape(shape)
