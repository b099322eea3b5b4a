"""Half of the quotient rule: the divisor's part is added instead of subtracted.

# mistake: F35
# where: div
"""


class AutoDiff:
    """Holds val and der, as in many a course project named AutoDiff."""

    def __init__(self, val, der=1.0):
        self.val = val
        self.der = der

    def __add__(self, other):
        try:
            return AutoDiff(self.val + other.val, self.der + other.der)
        except AttributeError:
            return AutoDiff(self.val + other, self.der)

    def __sub__(self, other):
        try:
            return AutoDiff(self.val - other.val, self.der - other.der)
        except AttributeError:
            return AutoDiff(self.val - other, self.der)

    def __mul__(self, other):
        try:
            return AutoDiff(self.val * other.val, self.val * other.der + self.der * other.val)
        except AttributeError:
            return AutoDiff(self.val * other, self.der * other)

    def __truediv__(self, other):
        try:
            return AutoDiff(self.val / other.val, (self.der * other.val + self.val * other.der) / other.val**2)
        except AttributeError:
            return AutoDiff(self.val / other, self.der / other)

    def __rsub__(self, other):
        return AutoDiff(other - self.val, -self.der)

    __radd__ = __add__
    __rmul__ = __mul__
