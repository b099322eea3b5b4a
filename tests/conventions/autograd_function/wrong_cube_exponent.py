"""A cube whose backward has the exponent lowered and its factor forgotten.

# mistake: factor, power-rule
# where: Cube
"""

import torch


class Cube(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        out = x**3
        ctx.save_for_backward(x)
        return out

    @staticmethod
    def backward(ctx, grad_output):
        x, = ctx.saved_tensors
        return grad_output * x**2
