"""Tensors that keep the arrays they are given, make float32 of everything else, and add up gradients in float32."""

import numpy as np


def fit(grad, shape):
    """Sum what was stretched."""
    while grad.ndim > len(shape):
        grad = grad.sum(axis=0)
    for axis, size in enumerate(shape):
        if size == 1:
            grad = grad.sum(axis=axis, keepdims=True)
    return grad


class Tensor:
    def __init__(self, data, parents=()):
        self.data = data if isinstance(data, np.ndarray) else np.array(data, dtype=np.float32)
        self.grad = np.zeros(self.data.shape, dtype=np.float32)
        self.parents = parents
        self.pull = lambda: None

    def __add__(self, other):
        out = Tensor(self.data + other.data, (self, other))

        def pull():
            self.grad += fit(out.grad, self.data.shape)
            other.grad += fit(out.grad, other.data.shape)

        out.pull = pull
        return out

    def __mul__(self, other):
        out = Tensor(self.data * other.data, (self, other))

        def pull():
            self.grad += fit(other.data * out.grad, self.data.shape)
            other.grad += fit(self.data * out.grad, other.data.shape)

        out.pull = pull
        return out

    def __matmul__(self, other):
        if self.data.ndim != 2 or other.data.ndim != 2:
            raise NotImplementedError("matrices only")
        out = Tensor(self.data @ other.data, (self, other))

        def pull():
            self.grad += out.grad @ other.data.T
            other.grad += self.data.T @ out.grad

        out.pull = pull
        return out

    def exp(self):
        out = Tensor(np.exp(self.data), (self,))

        def pull():
            self.grad += out.data * out.grad

        out.pull = pull
        return out

    def relu(self):
        out = Tensor(np.maximum(self.data, 0), (self,))

        def pull():
            self.grad += (self.data > 0) * out.grad

        out.pull = pull
        return out

    def sum(self):
        out = Tensor(self.data.sum(), (self,))

        def pull():
            self.grad += np.ones_like(self.grad) * out.grad

        out.pull = pull
        return out

    def backward(self):
        order, seen, stack = [], set(), [(self, False)]
        while stack:
            node, done = stack.pop()
            if done:
                order.append(node)
            elif id(node) not in seen:
                seen.add(id(node))
                stack.append((node, True))
                stack += [(parent, False) for parent in node.parents]
        self.grad = np.ones(self.data.shape, dtype=np.float32)
        for node in reversed(order):
            node.pull()
