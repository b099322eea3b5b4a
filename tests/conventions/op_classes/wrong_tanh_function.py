"""DeZero's manner: Function objects that remember inputs and outputs; tanh's backward uses its input.

# mistake: slope-at-output
# where: Tanh
"""

import numpy as np


class Variable:
    def __init__(self, data):
        if not isinstance(data, np.ndarray):
            raise TypeError(f"{type(data)} is not supported")
        self.data = data
        self.grad = None
        self.creator = None
        self.generation = 0

    def set_creator(self, func):
        self.creator = func
        self.generation = func.generation + 1

    def cleargrad(self):
        self.grad = None

    def backward(self):
        if self.grad is None:
            self.grad = np.ones_like(self.data)
        funcs, seen = [], set()

        def add_func(f):
            if f not in seen:
                funcs.append(f)
                seen.add(f)
                funcs.sort(key=lambda x: x.generation)

        if self.creator is not None:
            add_func(self.creator)
        while funcs:
            f = funcs.pop()
            gxs = f.backward(f.output.grad)
            gxs = gxs if isinstance(gxs, tuple) else (gxs,)
            for x, gx in zip(f.inputs, gxs, strict=True):
                x.grad = gx if x.grad is None else x.grad + gx
                if x.creator is not None:
                    add_func(x.creator)

    def sum(self):
        return Sum()(self)


class Function:
    def __call__(self, *inputs):
        inputs = [as_variable(x) for x in inputs]
        ys = self.forward(*(x.data for x in inputs))
        self.generation = max(x.generation for x in inputs)
        self.inputs = inputs
        self.output = Variable(np.asarray(ys))
        self.output.set_creator(self)
        return self.output

    def forward(self, *xs):
        raise NotImplementedError()

    def backward(self, *gys):
        raise NotImplementedError()


def as_variable(x):
    return x if isinstance(x, Variable) else Variable(np.asarray(x, dtype=float))


class Add(Function):
    def forward(self, x0, x1):
        assert x0.shape == x1.shape, "no broadcasting yet"
        return x0 + x1

    def backward(self, gy):
        return gy, gy


class Mul(Function):
    def forward(self, x0, x1):
        assert x0.shape == x1.shape, "no broadcasting yet"
        return x0 * x1

    def backward(self, gy):
        x0, x1 = self.inputs[0].data, self.inputs[1].data
        return gy * x1, gy * x0


class Tanh(Function):
    def forward(self, x):
        return np.tanh(x)

    def backward(self, gy):
        x = self.inputs[0].data
        return gy * (1 - x**2)


class Sum(Function):
    def forward(self, x):
        return x.sum()

    def backward(self, gy):
        return np.broadcast_to(gy, self.inputs[0].data.shape)


def add(x0, x1):
    return Add()(x0, x1)


def mul(x0, x1):
    return Mul()(x0, x1)


def tanh(x):
    return Tanh()(x)


Variable.__add__ = add
Variable.__mul__ = mul
