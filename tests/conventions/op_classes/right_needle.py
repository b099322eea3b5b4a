"""Ops in needle's manner: `compute` on arrays, `gradient` on tensors, which are ops again."""

import numpy as np


class Op:
    def __call__(self, *args):
        return Tensor.make_from_op(self, args)

    def compute(self, *args):
        raise NotImplementedError

    def gradient(self, out_grad, node):
        raise NotImplementedError


class Tensor:
    def __init__(self, array, *, requires_grad=True):
        self.cached_data = np.asarray(array.cached_data if isinstance(array, Tensor) else array, dtype=np.float64)
        self.op, self.inputs = None, []
        self.requires_grad = requires_grad
        self.grad = None

    @staticmethod
    def make_from_op(op, inputs):
        tensor = Tensor(op.compute(*(x.cached_data for x in inputs)))
        tensor.op, tensor.inputs = op, list(inputs)
        return tensor

    @property
    def shape(self):
        return self.cached_data.shape

    def numpy(self):
        return self.cached_data

    def backward(self, out_grad=None):
        compute_gradient_of_variables(self, out_grad or Tensor(np.ones(self.shape)))

    def __add__(self, other):
        return EWiseAdd()(self, other) if isinstance(other, Tensor) else AddScalar(other)(self)

    def __mul__(self, other):
        return EWiseMul()(self, other) if isinstance(other, Tensor) else MulScalar(other)(self)

    def __sub__(self, other):
        return self + (-other)

    def __rsub__(self, other):
        return (-self) + other

    def __truediv__(self, other):
        return EWiseDiv()(self, other) if isinstance(other, Tensor) else MulScalar(1 / other)(self)

    def __pow__(self, other):
        if isinstance(other, Tensor):
            raise NotImplementedError
        return PowerScalar(other)(self)

    def __matmul__(self, other):
        return MatMul()(self, other)

    def __neg__(self):
        return Negate()(self)

    def sum(self, axes=None):
        return Summation(axes)(self)

    def reshape(self, shape):
        return Reshape(shape)(self)

    def broadcast_to(self, shape):
        return BroadcastTo(shape)(self)

    def transpose(self, axes=None):
        return Transpose(axes)(self)

    __radd__ = __add__
    __rmul__ = __mul__


class EWiseAdd(Op):
    def compute(self, a, b):
        assert a.shape == b.shape, "element-wise ops do not broadcast"
        return a + b

    def gradient(self, out_grad, node):
        return out_grad, out_grad


class AddScalar(Op):
    def __init__(self, scalar):
        self.scalar = scalar

    def compute(self, a):
        return a + self.scalar

    def gradient(self, out_grad, node):
        return out_grad


class EWiseMul(Op):
    def compute(self, a, b):
        assert a.shape == b.shape, "element-wise ops do not broadcast"
        return a * b

    def gradient(self, out_grad, node):
        lhs, rhs = node.inputs
        return out_grad * rhs, out_grad * lhs


class MulScalar(Op):
    def __init__(self, scalar):
        self.scalar = scalar

    def compute(self, a):
        return a * self.scalar

    def gradient(self, out_grad, node):
        return (out_grad * self.scalar,)


class PowerScalar(Op):
    def __init__(self, scalar: int):
        self.scalar = scalar

    def compute(self, a):
        return a**self.scalar

    def gradient(self, out_grad, node):
        return out_grad * self.scalar * node.inputs[0] ** (self.scalar - 1)


class EWiseDiv(Op):
    def compute(self, a, b):
        assert a.shape == b.shape, "element-wise ops do not broadcast"
        return a / b

    def gradient(self, out_grad, node):
        lhs, rhs = node.inputs
        return out_grad / rhs, -out_grad * lhs / (rhs * rhs)


class Negate(Op):
    def compute(self, a):
        return -a

    def gradient(self, out_grad, node):
        return -out_grad


class Transpose(Op):
    """Swaps two axes, by default the last two."""

    def __init__(self, axes=None):
        self.axes = axes if isinstance(axes, tuple) and len(axes) == 2 else (-1, -2)

    def compute(self, a):
        return np.swapaxes(a, *self.axes)

    def gradient(self, out_grad, node):
        return out_grad.transpose(self.axes)


class Reshape(Op):
    def __init__(self, shape):
        self.shape = shape

    def compute(self, a):
        return np.reshape(a, self.shape)

    def gradient(self, out_grad, node):
        return out_grad.reshape(node.inputs[0].shape)


class BroadcastTo(Op):
    def __init__(self, shape):
        self.shape = shape

    def compute(self, a):
        return np.broadcast_to(a, self.shape)

    def gradient(self, out_grad, node):
        old = node.inputs[0].shape
        lead = len(self.shape) - len(old)
        axes = tuple(range(lead)) + tuple(lead + i for i, n in enumerate(old) if n == 1)
        return out_grad.sum(axes).reshape(old) if axes else out_grad


class Summation(Op):
    def __init__(self, axes=None):
        self.axes = axes

    def compute(self, a):
        return np.sum(a, axis=self.axes)

    def gradient(self, out_grad, node):
        shape = node.inputs[0].shape
        axes = range(len(shape)) if self.axes is None else self.axes if isinstance(self.axes, tuple) else (self.axes,)
        kept = tuple(1 if i in {a % len(shape) for a in axes} else n for i, n in enumerate(shape))
        return out_grad.reshape(kept).broadcast_to(shape)


class MatMul(Op):
    def compute(self, a, b):
        if a.ndim != 2 or b.ndim != 2:
            raise NotImplementedError("matrices only")
        return a @ b

    def gradient(self, out_grad, node):
        lhs, rhs = node.inputs
        return out_grad @ rhs.transpose(), lhs.transpose() @ out_grad


class Log(Op):
    def compute(self, a):
        return np.log(a)

    def gradient(self, out_grad, node):
        return out_grad / node.inputs[0]


class Exp(Op):
    def compute(self, a):
        return np.exp(a)

    def gradient(self, out_grad, node):
        return out_grad * node


def log(a):
    return Log()(a)


def exp(a):
    return Exp()(a)


def compute_gradient_of_variables(output, out_grad):
    """Reverse mode over nodes in topological order, sums kept apart until a node is reached."""
    grads = {output: [out_grad]}
    for node in reversed(find_topo_sort([output])):
        total = grads[node][0]
        for more in grads[node][1:]:
            total = total + more
        node.grad = total
        if node.op is None:
            continue
        answers = node.op.gradient(total, node)
        answers = answers if isinstance(answers, (tuple, list)) else (answers,)
        for source, g in zip(node.inputs, answers, strict=True):
            grads.setdefault(source, []).append(g)


def find_topo_sort(nodes):
    order, seen = [], set()

    def visit(node):
        if node not in seen:
            seen.add(node)
            for source in node.inputs:
                visit(source)
            order.append(node)

    for node in nodes:
        visit(node)
    return order
