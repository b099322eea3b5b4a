"""A sigmoid that saves its output and takes the sigmoid of it once more in backward.

# mistake: slope-at-output, other-slope, slope-twice
# where: Sigmoid
"""

import torch


class Sigmoid(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        out = 1 / (1 + torch.exp(-x))
        ctx.save_for_backward(out)
        return out

    @staticmethod
    def backward(ctx, grad_output):
        out, = ctx.saved_tensors
        s = torch.sigmoid(out); return grad_output * s * (1 - s)
