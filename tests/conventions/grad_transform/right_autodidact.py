"""A small autograd in the manner of Autodidact: boxes, a table of VJPs, and `grad` as a transformation of functions."""

import numpy as onp


class Box:
    def __init__(self, value, parents=()):
        self._value = value
        self._parents = parents

    def __add__(self, other):
        return add(self, other)

    def __radd__(self, other):
        return add(other, self)

    def __sub__(self, other):
        return subtract(self, other)

    def __rsub__(self, other):
        return subtract(other, self)

    def __mul__(self, other):
        return multiply(self, other)

    def __rmul__(self, other):
        return multiply(other, self)

    def __truediv__(self, other):
        return divide(self, other)

    def __rtruediv__(self, other):
        return divide(other, self)

    def __neg__(self):
        return negative(self)

    __array_priority__ = 100.0
    __array_ufunc__ = None


def _value(x):
    return x._value if isinstance(x, Box) else x


def unbroadcast(g, target):
    while onp.ndim(g) > onp.ndim(target):
        g = onp.sum(g, axis=0)
    for axis, size in enumerate(onp.shape(target)):
        if size == 1:
            g = onp.sum(g, axis=axis, keepdims=True)
    return g


def primitive(f, *vjps):
    def wrapped(*args, **kwargs):
        values = [_value(a) for a in args]
        ans = f(*values, **kwargs)
        parents = [
            (a, lambda g, vjp=vjp: vjp(g, ans, *values, **kwargs))
            for a, vjp in zip(args, vjps, strict=True)
            if isinstance(a, Box)
        ]
        return Box(ans, parents) if parents else ans

    return wrapped


add = primitive(onp.add, lambda g, ans, x, y: unbroadcast(g, x), lambda g, ans, x, y: unbroadcast(g, y))
subtract = primitive(onp.subtract, lambda g, ans, x, y: unbroadcast(g, x), lambda g, ans, x, y: unbroadcast(-g, y))
multiply = primitive(
    onp.multiply, lambda g, ans, x, y: unbroadcast(g * y, x), lambda g, ans, x, y: unbroadcast(g * x, y)
)
divide = primitive(
    onp.divide, lambda g, ans, x, y: unbroadcast(g / y, x), lambda g, ans, x, y: unbroadcast(-g * x / y**2, y)
)
negative = primitive(onp.negative, lambda g, ans, x: -g)
exp = primitive(onp.exp, lambda g, ans, x: g * ans)
log = primitive(onp.log, lambda g, ans, x: g / x)
tanh = primitive(onp.tanh, lambda g, ans, x: g / onp.cosh(x) ** 2)
sin = primitive(onp.sin, lambda g, ans, x: g * onp.cos(x))


def _spread(g, ans, x, axis=None, keepdims=False):
    if axis is not None and not keepdims:
        g = onp.expand_dims(g, axis)
    return onp.broadcast_to(g, onp.shape(x))


sum = primitive(onp.sum, _spread)  # noqa: A001 - the name that NumPy has


def grad(fun, argnum=0):
    """The gradient of `fun` with respect to one of its arguments."""

    def gradfun(*args):
        start = Box(onp.asarray(args[argnum], dtype=float))
        end = fun(*(start if k == argnum else a for k, a in enumerate(args)))
        if not isinstance(end, Box):
            return onp.zeros(onp.shape(args[argnum]))
        return backward_pass(end, start)

    return gradfun


def backward_pass(end, start):
    outgrads = {id(end): onp.ones(onp.shape(end._value))}
    for node in toposort(end):
        g = outgrads.get(id(node))
        for parent, vjp in node._parents:
            got = vjp(g)
            outgrads[id(parent)] = outgrads[id(parent)] + got if id(parent) in outgrads else got
    return outgrads.get(id(start), onp.zeros(onp.shape(start._value)))


def toposort(end):
    order, seen, stack = [], set(), [(end, False)]
    while stack:
        node, done = stack.pop()
        if done:
            order.append(node)
        elif id(node) not in seen:
            seen.add(id(node))
            stack.append((node, True))
            stack.extend((parent, False) for parent, _ in node._parents)
    return order[::-1]
