"""The optimizer owns the reverse sweep; where a parameter is used twice, the last use overwrites the other.

# mistake: F01, F19
# where: uses
"""

import numpy as np


class Parameter:
    def __init__(self, data, parents=(), pull=None):
        self.data = np.asarray(data, dtype=float)
        self.parents, self.pull = parents, pull
        self.grad = None

    def __array_ufunc__(self, ufunc, method, *inputs, **options):
        if (ufunc, method) == (np.add, "reduce"):
            return Parameter(np.sum(inputs[0].data), (inputs[0],), lambda g: [g * np.ones_like(inputs[0].data)])
        if method != "__call__" or ufunc not in RULES:
            return NotImplemented
        inputs = [x if isinstance(x, Parameter) else Parameter(x) for x in inputs]
        values = [x.data for x in inputs]
        out = ufunc(*values)
        return Parameter(out, inputs, lambda g: [fit(d, v) for d, v in zip(RULES[ufunc](g, out, *values), values)])

    def __add__(self, other):
        return np.add(self, other)

    def __mul__(self, other):
        return np.multiply(self, other)

    def __radd__(self, other):
        return np.add(other, self)

    def __rmul__(self, other):
        return np.multiply(other, self)

    def __neg__(self):
        return np.negative(self)


RULES = {
    np.add: lambda g, out, a, b: (g, g),
    np.multiply: lambda g, out, a, b: (g * b, g * a),
    np.negative: lambda g, out, a: (-g,),
    np.exp: lambda g, out, a: (g * out,),
    np.sin: lambda g, out, a: (g * np.cos(a),),
}


def fit(gradient, like):
    while gradient.ndim > like.ndim:
        gradient = gradient.sum(axis=0)
    for axis, size in enumerate(like.shape):
        if size == 1:
            gradient = gradient.sum(axis=axis, keepdims=True)
    return gradient


class SGD:
    def __init__(self, params, lr=0.1):
        if not params:
            raise ValueError("at least one parameter")
        self.params, self.lr = params, lr

    def backward(self, loss):
        order, seen = [], set()

        def visit(node):
            if id(node) not in seen:
                seen.add(id(node))
                for parent in node.parents:
                    visit(parent)
                order.append(node)

        visit(loss)
        loss.grad = np.ones_like(loss.data)
        for node in reversed(order):
            if node.pull is not None:
                for parent, gradient in zip(node.parents, node.pull(node.grad)):
                    parent.grad = gradient
