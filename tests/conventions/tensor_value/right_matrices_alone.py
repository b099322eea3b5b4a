"""Matrices and no other arrays: a row or a column beside a matrix is spread over it, an array with one axis refused."""

import numpy as np


def gathered(grad, shape):
    """Sum a gradient over the axis along which a row, a column or a single number was spread."""
    for axis in (0, 1):
        if shape[axis] == 1:
            grad = grad.sum(axis=axis, keepdims=True)
    return grad


class Matrix:
    def __init__(self, data, sources=()):
        self.data = np.array(data, dtype=float)
        assert self.data.ndim == 2, "a matrix, please"
        self.sources = sources
        self.grad = None

    def _arrived(self, grad):
        self.grad = grad if self.grad is None else self.grad + grad

    def __add__(self, other):
        return Matrix(
            self.data + other.data,
            [(self, lambda g: gathered(g, self.data.shape)), (other, lambda g: gathered(g, other.data.shape))],
        )

    def __mul__(self, other):
        return Matrix(
            self.data * other.data,
            [
                (self, lambda g: gathered(g * other.data, self.data.shape)),
                (other, lambda g: gathered(g * self.data, other.data.shape)),
            ],
        )

    def exp(self):
        value = np.exp(self.data)
        return Matrix(value, [(self, lambda g: g * value)])

    def sum(self):
        return Matrix(self.data.sum(keepdims=True), [(self, lambda g: g * np.ones(self.data.shape))])

    def backward(self):
        order, known = [], set()

        def visit(node):
            if id(node) not in known:
                known.add(id(node))
                for source, _ in node.sources:
                    visit(source)
                order.append(node)

        visit(self)
        self.grad = np.ones(self.data.shape)
        for node in reversed(order):
            for source, pull in node.sources:
                source._arrived(pull(node.grad))
