"""An engine of arrays whose ops are functions made by a decorator; its nodes combine with nodes alone, and have no `*`."""

import numpy as np


class Node:
    def __init__(self, value, parents=()):
        self.value = value
        self.parents = parents
        self.grad = np.zeros(np.shape(value))
        self.push = lambda: None

    def backward(self):
        if np.ndim(self.value):
            raise ValueError("backward() starts at a single number")
        order, seen = [], set()

        def visit(node):
            if id(node) not in seen:
                seen.add(id(node))
                for parent in node.parents:
                    visit(parent)
                order.append(node)

        visit(self)
        self.grad = np.ones(())
        for node in reversed(order):
            node.push()

    def __add__(self, other):
        return plus(self, other)

    def __sub__(self, other):
        return minus(self, other)

    def __pow__(self, exponent):
        return power(self, exponent=exponent)


def node_op(rule):
    def call(*inputs, **settings):
        kept = []
        out = Node(rule.forward(kept, *[node.value for node in inputs], **settings), inputs)

        def push():
            for node, grad in zip(inputs, rule.backward(kept, out.grad), strict=True):
                node.grad = node.grad + grad

        out.push = push
        return out

    return call


@node_op
class plus:
    def forward(kept, a, b):
        assert np.shape(a) == np.shape(b)
        return a + b

    def backward(kept, grad):
        return grad, grad


@node_op
class minus:
    def forward(kept, a, b):
        assert np.shape(a) == np.shape(b)
        return a - b

    def backward(kept, grad):
        return grad, -grad


@node_op
class power:
    def forward(kept, a, exponent=1):
        kept += [a, exponent]
        return a**exponent

    def backward(kept, grad):
        a, exponent = kept
        return (exponent * a ** (exponent - 1) * grad,)


@node_op
class matmul:
    def forward(kept, a, b):
        assert np.ndim(a) == np.ndim(b) == 2
        kept += [a, b]
        return a @ b

    def backward(kept, grad):
        a, b = kept
        return grad @ b.T, a.T @ grad


@node_op
class relu:
    def forward(kept, a):
        kept.append(a > 0)
        return np.maximum(a, 0)

    def backward(kept, grad):
        return (kept[0] * grad,)


@node_op
class reduce_sum:
    def forward(kept, a):
        kept.append(np.shape(a))
        return np.sum(a)

    def backward(kept, grad):
        return (np.ones(kept[0]) * grad,)


@node_op
class reduce_mean:
    def forward(kept, a):
        kept.append(np.shape(a))
        return np.mean(a)

    def backward(kept, grad):
        return (np.ones(kept[0]) * grad / np.prod(kept[0]),)
