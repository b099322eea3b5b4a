"""The matrix product's gradients use .T, which turns round all axes of a stack and does nothing to a vector.

# mistake: F69
# where: matmul
"""

import numpy as np


class Array:
    """A small engine: @, + and sum, gradients added in place."""

    def __init__(self, data, parents=()):
        self.data = np.array(data, dtype=float)
        self.grad = np.zeros_like(self.data)
        self.parents = parents
        self.push = lambda: None

    def __matmul__(self, other):
        out = Array(self.data @ other.data, (self, other))

        def push():
            self.grad += out.grad @ other.data.T
            other.grad += self.data.T @ out.grad

        out.push = push
        return out

    def __add__(self, other):
        if self.data.shape != other.data.shape:
            raise NotImplementedError("arrays of one shape")
        out = Array(self.data + other.data, (self, other))

        def push():
            self.grad += out.grad
            other.grad += out.grad

        out.push = push
        return out

    def sum(self):
        out = Array(self.data.sum(), (self,))

        def push():
            self.grad += out.grad

        out.push = push
        return out

    def backward(self):
        order, seen = [], set()

        def visit(node):
            if node not in seen:
                seen.add(node)
                for parent in node.parents:
                    visit(parent)
                order.append(node)

        visit(self)
        self.grad = np.ones_like(self.data)
        for node in reversed(order):
            node.push()
