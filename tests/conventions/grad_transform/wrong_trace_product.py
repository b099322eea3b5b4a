"""`trace(f, x)` gives the derivative of f at x; a product of two variables forgets the half of the product rule.

# mistake: none
# where: mul
"""

import math

import numpy as np


class _Row:
    def __init__(self, val, row):
        self.val, self.row = val, row

    def __add__(self, other):
        other = _row(other, self)
        return _Row(self.val + other.val, self.row + other.row)

    __radd__ = __add__

    def __mul__(self, other):
        other = _row(other, self)
        return _Row(self.val * other.val, self.row * other.val)

    __rmul__ = __mul__

    def __sub__(self, other):
        return self + -1.0 * _row(other, self)

    def __rsub__(self, other):
        return other + -1.0 * self


def _row(other, like):
    return other if isinstance(other, _Row) else _Row(other, np.zeros_like(like.row))


def sin(x):
    return _Row(math.sin(x.val), math.cos(x.val) * x.row) if isinstance(x, _Row) else math.sin(x)


def exp(x):
    return _Row(math.exp(x.val), math.exp(x.val) * x.row) if isinstance(x, _Row) else math.exp(x)


def trace(f, x):
    at = np.atleast_1d(np.asarray(x, dtype=float))
    numbers = [_Row(value, row) for value, row in zip(at, np.eye(len(at)))]
    out = f(*numbers)
    row = out.row if isinstance(out, _Row) else np.zeros(len(at))
    return row if len(at) > 1 else row[0]
