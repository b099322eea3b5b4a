"""The mean's backward sends the whole gradient to every entry: it forgets to divide by how many there are.

# mistake: F55
# where: mean
"""

import numpy as np


class Variable:
    """After "deep learning from scratch", part 3: functions are recorded with their inputs."""

    def __init__(self, data):
        self.data = np.asarray(data, dtype=np.float64)
        self.grad = None
        self.creator = None
        self.generation = 0

    def cleargrad(self):
        self.grad = None

    def backward(self):
        self.grad = np.ones_like(self.data)
        funcs, seen = [], set()

        def add(f):
            if f is not None and f not in seen:
                seen.add(f)
                funcs.append(f)
                funcs.sort(key=lambda f: f.generation)

        add(self.creator)
        while funcs:
            f = funcs.pop()
            gxs = f.backward(f.output.grad)
            if not isinstance(gxs, tuple):
                gxs = (gxs,)
            for x, gx in zip(f.inputs, gxs, strict=True):
                x.grad = gx if x.grad is None else x.grad + gx
                add(x.creator)

    def __add__(self, other):
        return Add()(self, other)

    def __mul__(self, other):
        return Mul()(self, other)

    def __radd__(self, other):
        return Add()(self, other)

    def __rmul__(self, other):
        return Mul()(self, other)

    def mean(self, axis=None, keepdims=False):
        return Mean(axis, keepdims)(self)

    def sum(self, axis=None, keepdims=False):
        return Sum(axis, keepdims)(self)


class Function:
    def __call__(self, *inputs):
        self.inputs = [x if isinstance(x, Variable) else Variable(x) for x in inputs]
        self.generation = max(x.generation for x in self.inputs)
        self.output = Variable(self.forward(*(x.data for x in self.inputs)))
        self.output.creator = self
        self.output.generation = self.generation + 1
        return self.output


def sum_to(g, shape):
    lead = g.ndim - len(shape)
    axes = tuple(range(lead)) + tuple(i + lead for i, n in enumerate(shape) if n == 1)
    return g.sum(axis=axes, keepdims=True).reshape(shape) if g.shape != shape else g


class Add(Function):
    def forward(self, a, b):
        self.shapes = a.shape, b.shape
        return a + b

    def backward(self, g):
        return sum_to(g, self.shapes[0]), sum_to(g, self.shapes[1])


class Mul(Function):
    def forward(self, a, b):
        return a * b

    def backward(self, g):
        a, b = self.inputs[0].data, self.inputs[1].data
        return sum_to(g * b, a.shape), sum_to(g * a, b.shape)


class Sum(Function):
    def __init__(self, axis, keepdims):
        self.axis, self.keepdims = axis, keepdims

    def forward(self, x):
        return x.sum(axis=self.axis, keepdims=self.keepdims)

    def backward(self, g):
        x = self.inputs[0].data
        if self.axis is not None and not self.keepdims:
            g = np.expand_dims(g, self.axis)
        return np.broadcast_to(g, x.shape)


class Mean(Sum):
    def forward(self, x):
        return x.mean(axis=self.axis, keepdims=self.keepdims)
