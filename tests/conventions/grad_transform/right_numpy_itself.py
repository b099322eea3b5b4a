"""grad(f) for functions written with NumPy's own exp and sin, which hand their argument to the variable."""

import numpy as np


class Variable:
    def __init__(self, value, parents=()):
        self.value = value
        self.parents = parents

    def __add__(self, other):
        return np.add(self, other)

    def __radd__(self, other):
        return np.add(other, self)

    def __mul__(self, other):
        return np.multiply(self, other)

    def __rmul__(self, other):
        return np.multiply(other, self)

    def __array_ufunc__(self, ufunc, method, *inputs):
        if method != "__call__" or ufunc not in SLOPES:
            return NotImplemented
        values = [x.value if isinstance(x, Variable) else x for x in inputs]
        out = ufunc(*values)
        slopes = SLOPES[ufunc](out, *values)
        return Variable(out, [(x, s) for x, s in zip(inputs, slopes) if isinstance(x, Variable)])


SLOPES = {
    np.add: lambda out, x, y: (1.0, 1.0),
    np.multiply: lambda out, x, y: (y, x),
    np.exp: lambda out, x: (out,),
    np.sin: lambda out, x: (np.cos(x),),
}


def grad(f):
    def slope(x):
        start = Variable(x)
        end = f(start)
        if not isinstance(end, Variable):
            raise TypeError(f"f must return a Variable, not {type(end).__name__}")
        order, seen, stack = [], set(), [(end, False)]
        while stack:
            node, done = stack.pop()
            if done:
                order.append(node)
            elif id(node) not in seen:
                seen.add(id(node))
                stack.append((node, True))
                stack += [(parent, False) for parent, _ in node.parents]
        arrived = {id(node): 0.0 for node in order}
        arrived[id(end)] = 1.0
        for node in reversed(order):
            for parent, local in node.parents:
                arrived[id(parent)] += arrived[id(node)] * local
        return arrived.get(id(start), 0.0)

    return slope
