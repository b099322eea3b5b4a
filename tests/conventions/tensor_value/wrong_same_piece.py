"""The backward of a concatenation gives every part the front of the gradient: the running offset is never moved on.

# mistake: F68
# where: concatenate
"""

import numpy as np


class Tensor:
    __slots__ = ("_backward", "_parents", "data", "grad")

    def __init__(self, data, parents=()):
        self.data = np.array(data, dtype=np.float64)
        self.grad = np.zeros_like(self.data)
        self._parents = parents
        self._backward = None

    def __add__(self, other):
        other = other if isinstance(other, Tensor) else Tensor(other)
        out = Tensor(self.data + other.data, (self, other))

        def run():
            self.grad += match(out.grad, self.data.shape)
            other.grad += match(out.grad, other.data.shape)

        out._backward = run
        return out

    def __mul__(self, other):
        other = other if isinstance(other, Tensor) else Tensor(other)
        out = Tensor(self.data * other.data, (self, other))

        def run():
            self.grad += match(out.grad * other.data, self.data.shape)
            other.grad += match(out.grad * self.data, other.data.shape)

        out._backward = run
        return out

    def __radd__(self, other):
        return self + other

    def __rmul__(self, other):
        return self * other

    def sigmoid(self):
        s = 1 / (1 + np.exp(-self.data))
        out = Tensor(s, (self,))

        def run():
            self.grad += out.grad * s * (1 - s)

        out._backward = run
        return out

    def sum(self):
        out = Tensor(self.data.sum(), (self,))

        def run():
            self.grad += out.grad

        out._backward = run
        return out

    def backward(self):
        order, seen = [], set()
        todo = [(self, iter(self._parents))]
        seen.add(id(self))
        while todo:
            node, parents = todo[-1]
            for parent in parents:
                if id(parent) not in seen:
                    seen.add(id(parent))
                    todo.append((parent, iter(parent._parents)))
                    break
            else:
                order.append(node)
                todo.pop()
        self.grad = np.ones_like(self.data)
        for node in reversed(order):
            if node._backward:
                node._backward()


def cat(tensors, dim=0):
    out = Tensor(np.concatenate([t.data for t in tensors], axis=dim), tuple(tensors))

    def run():
        start = 0
        for t in tensors:
            index = [slice(None)] * out.data.ndim
            index[dim] = slice(start, start + t.data.shape[dim])
            t.grad += out.grad[tuple(index)].reshape(t.data.shape) if fits(out, t, dim) else 0.0

    out._backward = run
    return out


def fits(out, part, dim):
    return part.data.shape[dim] <= out.data.shape[dim]


def match(g, shape):
    g = g.sum(axis=tuple(range(g.ndim - len(shape))))
    return g.sum(axis=tuple(k for k, n in enumerate(shape) if n == 1), keepdims=True)
