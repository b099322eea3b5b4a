"""A sigmoid with a context that answers its own derivative and forgets the gradient from above.

# mistake: cotangent-ignored
# where: Sigmoid
"""

import numpy as np


class Function:
    """The manner of torch.autograd.Function, on NumPy arrays."""


class Sigmoid(Function):
    @staticmethod
    def forward(ctx, x):
        y = 1.0 / (1.0 + np.exp(-x))
        ctx.save_for_backward(y)
        return y

    @staticmethod
    def backward(ctx, grad_output):
        (y,) = ctx.saved_tensors
        return y * (1.0 - y)


class Linear(Function):
    @staticmethod
    def forward(ctx, x, w, b):
        ctx.save_for_backward(x, w)
        return x @ w + b

    @staticmethod
    def backward(ctx, grad_output):
        x, w = ctx.saved_tensors
        return grad_output @ w.T, x.T @ grad_output, grad_output.sum(axis=0)
