"""Nodes of arrays of which parameters are a kind, whose gradient may not be asked for before something has arrived."""

import numpy as np


class Node:
    def __init__(self, array, parents=(), pull=None, requires_grad=None):
        self.array = np.array(array, dtype=float)
        self.parents = parents
        self.pull = pull
        self.requires_grad = any(p.requires_grad for p in parents) if requires_grad is None else requires_grad
        self._grad = None

    @property
    def grad(self):
        if self._grad is None:
            raise ValueError("nothing has arrived here")
        return self._grad

    def __add__(self, other):
        self.like(other)
        return Node(self.array + other.array, (self, other), lambda g: (g, g))

    def __mul__(self, other):
        self.like(other)
        return Node(self.array * other.array, (self, other), lambda g: (g * other.array, g * self.array))

    def like(self, other):
        if self.array.shape != other.array.shape:
            raise ValueError("operands of one shape, please")

    def tanh(self):
        slope = 1 - np.tanh(self.array) ** 2
        return Node(np.tanh(self.array), (self,), lambda g: (g * slope,))

    def sum(self):
        return Node(self.array.sum(), (self,), lambda g: (g * np.ones(self.array.shape),))

    def backward(self):
        if not self.requires_grad:
            raise ValueError("nothing here has a gradient")
        order, known = [], set()

        def visit(node):
            if node not in known:
                known.add(node)
                for parent in node.parents:
                    visit(parent)
                order.append(node)

        visit(self)
        self._grad = np.ones(self.array.shape)
        for node in reversed(order):
            for parent, g in zip(node.parents, node.pull(node._grad) if node.pull else ()):
                parent._grad = g if parent._grad is None else parent._grad + g


class Parameter(Node):
    def __init__(self, array):
        super().__init__(array, requires_grad=True)
