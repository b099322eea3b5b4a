"""Gradients are tensors; a subtraction sends the same sign to both operands.

# mistake: F37
# where: sub
"""

import numpy as np


class Tensor:
    def __init__(self, data, autograd=False, creators=None, creation_op=None):
        self.data = np.array(data)
        self.autograd = autograd
        self.creators = creators
        self.creation_op = creation_op
        self.grad = None
        self.waiting = 0
        for creator in creators or ():
            creator.waiting += 1

    def backward(self, grad, origin=None):
        if not self.autograd:
            return
        assert isinstance(grad, Tensor) and not grad.autograd
        self.grad = grad if self.grad is None else Tensor(self.grad.data + grad.data)
        if origin is not None:
            self.waiting -= 1
            if self.waiting:
                return
        for creator, passed in zip(self.creators or (), self._passed(), strict=False):
            creator.backward(passed, self)

    def _passed(self):
        g = self.grad
        if self.creation_op == "add":
            return g, g
        if self.creation_op == "sub":
            return g, g
        if self.creation_op == "mul":
            a, b = (Tensor(creator.data) for creator in self.creators)
            return g * b, g * a
        if self.creation_op == "neg":
            return (-g,)
        if self.creation_op == "sum":
            return (Tensor(np.broadcast_to(g.data, self.creators[0].data.shape)),)
        if self.creation_op == "mm":
            a, b = (Tensor(creator.data) for creator in self.creators)
            return g.mm(b.transpose()), a.transpose().mm(g)
        if self.creation_op == "transpose":
            return (g.transpose(),)
        if self.creation_op == "tanh":
            return (Tensor(g.data * (1 - self.data**2)),)
        return ()

    def _made(self, data, op, *creators):
        if all(creator.autograd for creator in creators):
            return Tensor(data, autograd=True, creators=creators, creation_op=op)
        return Tensor(data)

    def __add__(self, other):
        assert self.data.shape == other.data.shape
        return self._made(self.data + other.data, "add", self, other)

    def __sub__(self, other):
        assert self.data.shape == other.data.shape
        return self._made(self.data - other.data, "sub", self, other)

    def __mul__(self, other):
        assert self.data.shape == other.data.shape
        return self._made(self.data * other.data, "mul", self, other)

    def __neg__(self):
        return self._made(-self.data, "neg", self)

    def sum(self):
        return self._made(self.data.sum(), "sum", self)

    def mm(self, other):
        assert self.data.ndim == other.data.ndim == 2
        return self._made(self.data @ other.data, "mm", self, other)

    def transpose(self):
        return self._made(self.data.T, "transpose", self)

    def tanh(self):
        return self._made(np.tanh(self.data), "tanh", self)
