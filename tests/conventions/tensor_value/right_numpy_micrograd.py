"""micrograd's Value with NumPy arrays inside: closures, a recursive topological order, gradients that add up."""

import numpy as np


def unbroadcast(grad, shape):
    """Sum out the axes that broadcasting stretched."""
    while grad.ndim > len(shape):
        grad = grad.sum(axis=0)
    for axis, length in enumerate(shape):
        if length == 1 and grad.shape[axis] != 1:
            grad = grad.sum(axis=axis, keepdims=True)
    return grad


class Tensor:
    __array_ufunc__ = None

    def __init__(self, data, _children=(), _op=""):
        self.data = np.asarray(data, dtype=np.float64)
        self.grad = np.zeros_like(self.data)
        self._backward = lambda: None
        self._prev = set(_children)
        self._op = _op

    def __repr__(self):
        return f"Tensor(data={self.data}, grad={self.grad})"

    def _result(self, data, children, op, *rules):
        out = Tensor(data, children, op)

        def _backward():
            for child, rule in zip(children, rules, strict=True):
                child.grad = child.grad + unbroadcast(rule(out.grad), child.data.shape)

        out._backward = _backward
        return out

    @staticmethod
    def _wrap(other):
        return other if isinstance(other, Tensor) else Tensor(other)

    def __add__(self, other):
        other = Tensor._wrap(other)
        return self._result(self.data + other.data, (self, other), "+", lambda g: g, lambda g: g)

    def __mul__(self, other):
        other = Tensor._wrap(other)
        return self._result(
            self.data * other.data, (self, other), "*", lambda g: g * other.data, lambda g: g * self.data
        )

    def __truediv__(self, other):
        other = Tensor._wrap(other)
        return self._result(
            self.data / other.data,
            (self, other),
            "/",
            lambda g: g / other.data,
            lambda g: -g * self.data / other.data**2,
        )

    def __pow__(self, exponent):
        if not isinstance(exponent, (int, float)):
            raise NotImplementedError("only powers that are plain numbers")
        return self._result(self.data**exponent, (self,), "**", lambda g: g * exponent * self.data ** (exponent - 1))

    def __matmul__(self, other):
        a, b = self.data, other.data
        if a.ndim < 2 or b.ndim < 2:
            raise NotImplementedError("matrices only")
        return self._result(
            a @ b, (self, other), "@", lambda g: g @ b.swapaxes(-1, -2), lambda g: a.swapaxes(-1, -2) @ g
        )

    def __neg__(self):
        return self * -1.0

    def __sub__(self, other):
        return self + (-Tensor._wrap(other))

    def __radd__(self, other):
        return self + other

    def __rmul__(self, other):
        return self * other

    def __rsub__(self, other):
        return Tensor._wrap(other) - self

    def __rtruediv__(self, other):
        return Tensor._wrap(other) / self

    def exp(self):
        e = np.exp(self.data)
        return self._result(e, (self,), "exp", lambda g: g * e)

    def log(self):
        return self._result(np.log(self.data), (self,), "log", lambda g: g / self.data)

    def tanh(self):
        t = np.tanh(self.data)
        return self._result(t, (self,), "tanh", lambda g: g * (1 - t**2))

    def relu(self):
        return self._result(np.maximum(self.data, 0), (self,), "relu", lambda g: g * (self.data > 0))

    def sum(self, axis=None, keepdims=False):
        def rule(g):
            if axis is not None and not keepdims:
                g = np.expand_dims(g, axis)
            return np.broadcast_to(g, self.data.shape)

        return self._result(self.data.sum(axis=axis, keepdims=keepdims), (self,), "sum", rule)

    def mean(self, axis=None, keepdims=False):
        total = self.sum(axis, keepdims)
        return total / (self.data.size / total.data.size)

    def max(self, axis=None, keepdims=False):
        top = self.data.max(axis=axis, keepdims=True)
        mask = self.data == top
        share = mask / mask.sum(axis=axis, keepdims=True)

        def rule(g):
            return share * np.reshape(g, top.shape)

        return self._result(self.data.max(axis=axis, keepdims=keepdims), (self,), "max", rule)

    def softmax(self, axis=-1):
        e = np.exp(self.data - self.data.max(axis=axis, keepdims=True))
        s = e / e.sum(axis=axis, keepdims=True)
        return self._result(s, (self,), "softmax", lambda g: s * (g - (g * s).sum(axis=axis, keepdims=True)))

    def log_softmax(self, axis=-1):
        shifted = self.data - self.data.max(axis=axis, keepdims=True)
        z = shifted - np.log(np.exp(shifted).sum(axis=axis, keepdims=True))
        return self._result(z, (self,), "log_softmax", lambda g: g - np.exp(z) * g.sum(axis=axis, keepdims=True))

    def reshape(self, *shape):
        return self._result(self.data.reshape(*shape), (self,), "reshape", lambda g: g.reshape(self.data.shape))

    def transpose(self, *axes):
        axes = axes or tuple(range(self.data.ndim))[::-1]
        back = np.argsort(axes)
        return self._result(self.data.transpose(axes), (self,), "transpose", lambda g: g.transpose(back))

    @property
    def T(self):  # noqa: N802
        return self.transpose()

    def __getitem__(self, index):
        def rule(g):
            full = np.zeros_like(self.data)
            np.add.at(full, index, g)
            return full

        return self._result(self.data[index], (self,), "[]", rule)

    @staticmethod
    def concatenate(tensors, axis=0):
        tensors = list(tensors)
        cuts = np.cumsum([t.data.shape[axis] for t in tensors])[:-1]
        out = Tensor(np.concatenate([t.data for t in tensors], axis=axis), tensors, "concatenate")

        def _backward():
            for t, g in zip(tensors, np.split(out.grad, cuts, axis=axis), strict=True):
                t.grad = t.grad + g

        out._backward = _backward
        return out

    def zero_grad(self):
        self.grad = np.zeros_like(self.data)

    def backward(self):
        topo, visited = [], set()

        def build(v):
            if v not in visited:
                visited.add(v)
                for child in v._prev:
                    build(child)
                topo.append(v)

        build(self)
        self.grad = np.ones_like(self.data)
        for v in reversed(topo):
            v._backward()


def maximum(a, b):
    """Element-wise larger entry; a tie is shared."""
    a, b = Tensor._wrap(a), Tensor._wrap(b)
    first = (a.data > b.data) + 0.5 * (a.data == b.data)
    return a._result(np.maximum(a.data, b.data), (a, b), "maximum", lambda g: g * first, lambda g: g * (1 - first))


def where(condition, a, b):
    """Entries of a where the condition holds, else those of b."""
    a, b = Tensor._wrap(a), Tensor._wrap(b)
    return a._result(
        np.where(condition, a.data, b.data), (a, b), "where", lambda g: g * condition, lambda g: g * ~condition
    )
