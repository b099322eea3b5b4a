"""Variables come from a factory; `3 - x` subtracts the derivative from the number as well.

# mistake: none
# where: sub
"""

import math


class Var:
    def __init__(self, val, der):
        self._val, self._der = val, der

    @property
    def val(self):
        return self._val

    def _with(self, other, val, mine, theirs):
        names = {**self._der, **other._der}
        return Var(val, {v: mine * self._der.get(v, 0) + theirs * other._der.get(v, 0) for v in names})

    def _scaled(self, val, slope):
        return Var(val, {v: slope * d for v, d in self._der.items()})

    def __add__(self, other):
        if isinstance(other, Var):
            return self._with(other, self._val + other._val, 1.0, 1.0)
        return self._scaled(self._val + other, 1.0)

    __radd__ = __add__

    def __mul__(self, other):
        if isinstance(other, Var):
            return self._with(other, self._val * other._val, other._val, self._val)
        return self._scaled(self._val * other, other)

    __rmul__ = __mul__

    def __neg__(self):
        return self._scaled(-self._val, -1.0)

    def __sub__(self, other):
        return self + (-other)

    def __rsub__(self, other):
        return Var(other - self._val, {v: other - d for v, d in self._der.items()})


class Space:
    @staticmethod
    def new_variable(val):
        made = Var(val, {})
        made._der[made] = 1.0
        return made


class Ops:
    @classmethod
    def sin(cls, x):
        return x._scaled(math.sin(x._val), math.cos(x._val))

    @classmethod
    def exp(cls, x):
        return x._scaled(math.exp(x._val), math.exp(x._val))
