"""Forward mode as in lecture notes: a dual number a + b eps, functions of the module on top of it."""

import math


class Dual:
    def __init__(self, real, eps=0.0):
        self.real = real
        self.eps = eps

    def __repr__(self):
        return f"{self.real} + {self.eps}e"

    def __add__(self, other):
        other = dual(other)
        return Dual(self.real + other.real, self.eps + other.eps)

    def __sub__(self, other):
        other = dual(other)
        return Dual(self.real - other.real, self.eps - other.eps)

    def __mul__(self, other):
        other = dual(other)
        return Dual(self.real * other.real, self.real * other.eps + self.eps * other.real)

    def __truediv__(self, other):
        other = dual(other)
        return Dual(self.real / other.real, (self.eps - self.real / other.real * other.eps) / other.real)

    def __pow__(self, n):
        if isinstance(n, Dual):
            raise NotImplementedError("exponents are numbers")
        return Dual(self.real**n, n * self.real ** (n - 1) * self.eps if n else 0.0)

    def __neg__(self):
        return Dual(-self.real, -self.eps)

    def __rsub__(self, other):
        return dual(other) - self

    def __rtruediv__(self, other):
        return dual(other) / self

    __radd__ = __add__
    __rmul__ = __mul__


def dual(x):
    return x if isinstance(x, Dual) else Dual(x)


def exp(x):
    return Dual(math.exp(x.real), math.exp(x.real) * x.eps)


def log(x):
    return Dual(math.log(x.real), x.eps / x.real)


def sin(x):
    return Dual(math.sin(x.real), math.cos(x.real) * x.eps)


def cos(x):
    return Dual(math.cos(x.real), -math.sin(x.real) * x.eps)


def relu(x):
    return x if x.real > 0 else Dual(0.0, 0.0)
