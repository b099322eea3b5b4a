"""Arrays without a sum, whose product of matrices goes back without a transposition.

It breaks where the matrices are not square, and is wrong where they are.

# mistake: none
# where: matmul
"""

import numpy as np


def shrunk(grad, shape):
    """Sum a gradient over the axes along which its array was stretched."""
    grad = grad.sum(axis=tuple(range(grad.ndim - len(shape))))
    long = tuple(axis for axis, n in enumerate(shape) if n == 1)
    return grad.sum(axis=long, keepdims=True)


class Array:
    def __init__(self, values, parents=()):
        self.values = np.asarray(values, dtype=float)
        self.grad = np.zeros(self.values.shape)
        self.parents = parents
        self.push = lambda: None

    def __add__(self, other):
        made = Array(self.values + other.values, (self, other))

        def push():
            self.grad = self.grad + shrunk(made.grad, self.values.shape)
            other.grad = other.grad + shrunk(made.grad, other.values.shape)

        made.push = push
        return made

    def matmul(self, other):
        if self.values.ndim != 2 or other.values.ndim != 2:
            raise ValueError("two matrices, please")
        made = Array(self.values @ other.values, (self, other))

        def push():
            self.grad = self.grad + made.grad @ other.values
            other.grad = other.grad + self.values.T @ made.grad

        made.push = push
        return made

    def sigmoid(self):
        made = Array(1 / (1 + np.exp(-self.values)), (self,))

        def push():
            self.grad = self.grad + made.values * (1 - made.values) * made.grad

        made.push = push
        return made

    def backward(self):
        order, known = [], set()

        def visit(node):
            if node not in known:
                known.add(node)
                for parent in node.parents:
                    visit(parent)
                order.append(node)

        visit(self)
        self.grad = np.ones(self.values.shape)
        for node in reversed(order):
            node.push()
