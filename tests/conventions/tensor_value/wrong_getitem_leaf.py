"""`__getitem__` makes a new tensor of the entries and records nothing: what is computed from it never reaches x.

# mistake: F60
# where: take
"""

import numpy as np


class Tensor:
    def __init__(self, value, parents=(), backward=None):
        self.value = np.array(value, dtype=float)
        self.gradient = np.zeros(self.value.shape)
        self.parents = parents
        self._push = backward

    def __getitem__(self, key):
        return Tensor(self.value[key])

    def __mul__(self, other):
        other = other if isinstance(other, Tensor) else Tensor(other)

        def push(g):
            self.gradient += _fit(g * other.value, self.value)
            other.gradient += _fit(g * self.value, other.value)

        return Tensor(self.value * other.value, (self, other), push)

    def __add__(self, other):
        other = other if isinstance(other, Tensor) else Tensor(other)

        def push(g):
            self.gradient += _fit(g, self.value)
            other.gradient += _fit(g, other.value)

        return Tensor(self.value + other.value, (self, other), push)

    def sum(self):
        def push(g):
            self.gradient += g

        return Tensor(self.value.sum(), (self,), push)

    def exp(self):
        def push(g):
            self.gradient += g * out.value

        out = Tensor(np.exp(self.value), (self,), push)
        return out

    def backprop(self):
        done = []

        def walk(node):
            if not any(node is other for other in done):
                for parent in node.parents:
                    walk(parent)
                done.append(node)

        walk(self)
        self.gradient = np.ones(self.value.shape)
        for node in done[::-1]:
            if node._push is not None:
                node._push(node.gradient)


def _fit(g, like):
    while g.ndim > like.ndim:
        g = g.sum(0)
    for k, n in enumerate(like.shape):
        if n == 1:
            g = g.sum(k, keepdims=True)
    return g
