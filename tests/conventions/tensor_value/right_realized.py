"""Tensors of lists: values are read by x.realize(), and a gradient is an object of the base class, read likewise."""

import numpy as np


class Differentiable:
    def __init__(self, values, requires_grad=False):
        assert isinstance(values, (list, int, float)), f"unknown values {values!r}"
        self._set(np.array(values, dtype=float), requires_grad)

    def _set(self, array, requires_grad):
        self._array, self.requires_grad = array, requires_grad
        self.gradient, self._targets = None, ()

    def realize(self):
        return self._array.tolist()

    def backprop(self):
        assert self._array.size == 1, "backprop of what is no number"
        self._arrives(np.ones_like(self._array))

    def _arrives(self, delta):
        before = 0.0 if self.gradient is None else self.gradient._array
        self.gradient = Differentiable((before + delta).tolist())
        for target, back in self._targets:
            target._arrives(_folded(back(delta), target._array.shape))


class Tensor(Differentiable):
    @classmethod
    def _made(cls, array, *targets):
        out = cls.__new__(cls)
        out._set(array, any(target.requires_grad for target, _ in targets))
        out._targets = tuple(pair for pair in targets if pair[0].requires_grad)
        return out

    def __add__(self, other):
        other = _tensor(other)
        return Tensor._made(self._array + other._array, (self, lambda g: g), (other, lambda g: g))

    __radd__ = __add__

    def __mul__(self, other):
        other = _tensor(other)
        a, b = self._array, other._array
        return Tensor._made(a * b, (self, lambda g: g * b), (other, lambda g: g * a))

    __rmul__ = __mul__

    def sum(self):
        shape = self._array.shape
        return Tensor._made(self._array.sum(), (self, lambda g: np.broadcast_to(g, shape)))

    def relu(self):
        return where(less(Tensor(0.0), self), self, Tensor(0.0))


def _tensor(value):
    return value if isinstance(value, Tensor) else Tensor(value)


def _folded(delta, shape):
    while delta.ndim > len(shape):
        delta = delta.sum(axis=0)
    for axis, size in enumerate(shape):
        if size == 1 and delta.shape[axis] > 1:
            delta = delta.sum(axis=axis, keepdims=True)
    return delta


def less(a, b):
    nothing = np.zeros_like
    return Tensor._made((a._array < b._array).astype(float), (a, nothing), (b, nothing))


def where(mask, a, b):
    chosen = mask._array
    return Tensor._made(
        np.where(chosen, a._array, b._array),
        (mask, lambda g: np.zeros_like(g)),
        (a, lambda g: g * chosen),
        (b, lambda g: g * (1 - chosen)),
    )


def maximum(a, b):
    a, b = _tensor(a), _tensor(b)
    return where(less(b, a), a, b)
