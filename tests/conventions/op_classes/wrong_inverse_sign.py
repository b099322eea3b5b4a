"""minitorch's Inv: the derivative of 1/x is taken for 1/x^2, without its minus.

# mistake: sign
# where: Inv
"""


class Context:
    def __init__(self, no_grad=False):
        self.no_grad = no_grad
        self._saved = None

    def save_for_backward(self, *values):
        if not self.no_grad:
            self._saved = values

    @property
    def saved_values(self):
        assert self._saved is not None, "nothing was saved"
        return self._saved if len(self._saved) > 1 else self._saved[0]


def inv(x):
    return 1.0 / x


def inv_back(x, d):
    return d / x**2


class ScalarFunction:
    """Functions of numbers; forward and backward are static."""


class Inv(ScalarFunction):
    @staticmethod
    def forward(ctx, a):
        ctx.save_for_backward(a)
        return inv(a)

    @staticmethod
    def backward(ctx, d_output):
        a = ctx.saved_values
        return inv_back(a, d_output)


class Mul(ScalarFunction):
    @staticmethod
    def forward(ctx, a, b):
        ctx.save_for_backward(a, b)
        return a * b

    @staticmethod
    def backward(ctx, d_output):
        a, b = ctx.saved_values
        return b * d_output, a * d_output
