"""The power rule without n - 1: the derivative of x**n is n * x**n.

# mistake: F33
# where: pow
"""


class Value:
    __slots__ = ("backward_step", "children", "data", "grad")

    def __init__(self, data, children=()):
        self.data, self.grad, self.children, self.backward_step = float(data), 0.0, children, None

    def _wrap(self, other):
        return other if isinstance(other, Value) else Value(other)

    def __add__(self, other):
        other = self._wrap(other)
        out = Value(self.data + other.data, (self, other))

        def step():
            self.grad += out.grad
            other.grad += out.grad

        out.backward_step = step
        return out

    def __mul__(self, other):
        other = self._wrap(other)
        out = Value(self.data * other.data, (self, other))

        def step():
            self.grad += out.grad * other.data
            other.grad += out.grad * self.data

        out.backward_step = step
        return out

    def __pow__(self, n):
        if not isinstance(n, (int, float)):
            raise TypeError("exponents are numbers")
        out = Value(self.data**n, (self,))

        def step():
            self.grad += out.grad * n * self.data**n

        out.backward_step = step
        return out

    def __radd__(self, other):
        return self + other

    def __rmul__(self, other):
        return self * other

    def __neg__(self):
        return self * -1

    def __sub__(self, other):
        return self + self._wrap(other) * -1

    def __rsub__(self, other):
        return self._wrap(other) - self

    def zero_grad(self):
        self.grad = 0.0

    def backward(self):
        order, seen, stack = [], set(), [(self, False)]
        while stack:
            v, ready = stack.pop()
            if ready:
                order.append(v)
            elif id(v) not in seen:
                seen.add(id(v))
                stack.append((v, True))
                stack += [(c, False) for c in v.children]
        self.grad = 1.0
        for v in reversed(order):
            if v.backward_step is not None:
                v.backward_step()
