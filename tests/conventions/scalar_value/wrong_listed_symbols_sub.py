"""Forward mode on expressions; `2 - x` has the slopes of `x - 2`.

# mistake: F37, F43
# where: sub
"""

import numpy as np


class Var:
    def __init__(self, name):
        self.label = name

    @property
    def variables(self):
        return [self]

    def eval(self, value):
        return value

    def partial(self, by, value):
        return 1.0 if by is self else 0.0

    def deriv(self, *values):
        slopes = [self.partial(by, *values) for by in self.variables]
        return slopes[0] if len(slopes) == 1 else np.array(slopes)

    def __add__(self, other):
        return Expression(self, other, lambda a, b: a + b, lambda a, b: (1.0, 1.0))

    __radd__ = __add__

    def __mul__(self, other):
        return Expression(self, other, lambda a, b: a * b, lambda a, b: (b, a))

    __rmul__ = __mul__

    def __sub__(self, other):
        return Expression(self, other, lambda a, b: a - b, lambda a, b: (1.0, -1.0))

    def __rsub__(self, other):
        return Expression(other, self, lambda a, b: a - b, lambda a, b: (1.0, 1.0))


class Expression(Var):
    def __init__(self, left, right, value, slopes):
        super().__init__("f")
        self.left, self.right, self.value_of, self.slopes_of = left, right, value, slopes
        found = [v for side in (left, right) if isinstance(side, Var) for v in side.variables]
        self._variables = list(dict.fromkeys(found))

    @property
    def variables(self):
        return self._variables

    def _given(self, side, values):
        known = dict(zip(self.variables, values))
        return [known[v] for v in side.variables]

    def eval(self, *values):
        return self.value_of(*(s.eval(*self._given(s, values)) if isinstance(s, Var) else s for s in (self.left, self.right)))

    def partial(self, by, *values):
        sides = (self.left, self.right)
        numbers = [s.eval(*self._given(s, values)) if isinstance(s, Var) else s for s in sides]
        inner = [s.partial(by, *self._given(s, values)) if isinstance(s, Var) else 0.0 for s in sides]
        return sum(slope * each for slope, each in zip(self.slopes_of(*numbers), inner))
