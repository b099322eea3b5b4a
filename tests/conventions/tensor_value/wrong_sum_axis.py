"""The backward of a sum over one axis multiplies by ones and trusts broadcasting: columns and rows change places.

# mistake: F54
# where: sum
"""

import numpy as np


class Tensor:
    def __init__(self, data, requires_grad=False, depends_on=()):
        self.data = np.array(data, dtype=float)
        self.requires_grad = requires_grad
        self.depends_on = list(depends_on)
        self.grad = None
        self.zero_grad()

    @property
    def shape(self):
        return self.data.shape

    def zero_grad(self):
        self.grad = Tensor.__new__(Tensor)
        self.grad.data = np.zeros_like(self.data)

    def backward(self, grad=None):
        """As in "autograd from scratch", with the tensors in order."""
        assert self.requires_grad, "called backward on a tensor without requires_grad"
        if grad is None:
            if self.shape != ():
                raise RuntimeError("grad must be given for a tensor that is not a number")
            grad = np.ones(())
        self.grad.data = self.grad.data + grad
        for node in topological(self):
            for tensor, grad_fn in node.depends_on:
                tensor.grad.data = tensor.grad.data + grad_fn(node.grad.data)

    def sum(self, axis=None):
        def grad_fn(grad):
            if axis is not None and grad.ndim and grad.shape[-1] != self.shape[-1]:
                grad = np.expand_dims(grad, axis)
            return grad * np.ones_like(self.data)

        return self._made(self.data.sum(axis=axis), (self, grad_fn))

    def _made(self, data, *depends_on):
        kept = [(t, f) for t, f in depends_on if t.requires_grad]
        return Tensor(data, bool(kept), kept)

    def __add__(self, other):
        other = ensure(other)
        return self._made(
            self.data + other.data, (self, lambda g: summed(g, self.shape)), (other, lambda g: summed(g, other.shape))
        )

    def __radd__(self, other):
        return self + other

    def __mul__(self, other):
        other = ensure(other)
        return self._made(
            self.data * other.data,
            (self, lambda g: summed(g * other.data, self.shape)),
            (other, lambda g: summed(g * self.data, other.shape)),
        )

    def __rmul__(self, other):
        return self * other

    def __neg__(self):
        return self._made(-self.data, (self, lambda g: -g))

    def __sub__(self, other):
        return self + -ensure(other)

    def __rsub__(self, other):
        return ensure(other) + -self


def topological(root):
    """Users before what they use."""
    order, seen = [], set()

    def visit(node):
        if id(node) not in seen:
            seen.add(id(node))
            for tensor, _ in node.depends_on:
                visit(tensor)
            order.append(node)

    visit(root)
    return order[::-1]


def ensure(value):
    return value if isinstance(value, Tensor) else Tensor(value)


def summed(grad, shape):
    for _ in range(grad.ndim - len(shape)):
        grad = grad.sum(axis=0)
    for i, n in enumerate(shape):
        if n == 1:
            grad = grad.sum(axis=i, keepdims=True)
    return grad
