"""minitorch's Mul returns its two gradients in the wrong order.

# mistake: exchanged
# where: Mul
"""

import math


class ScalarFunction:
    @classmethod
    def apply(cls, ctx, *vals):
        return cls.forward(ctx, *vals)


class Mul(ScalarFunction):
    @staticmethod
    def forward(ctx, a: float, b: float) -> float:
        ctx.save_for_backward(a, b)
        return a * b

    @staticmethod
    def backward(ctx, d_output: float):
        a, b = ctx.saved_values
        return a * d_output, b * d_output


class Exp(ScalarFunction):
    @staticmethod
    def forward(ctx, a: float) -> float:
        out = math.exp(a)
        ctx.save_for_backward(out)
        return out

    @staticmethod
    def backward(ctx, d_output: float) -> float:
        (out,) = ctx.saved_values
        return out * d_output
