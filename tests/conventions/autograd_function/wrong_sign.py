"""A negative logarithm-like penalty whose backward has lost the sign.

# mistake: sign
# where: NegativeSoftplus
"""

import torch


class NegativeSoftplus(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        out = -torch.log1p(torch.exp(x))
        ctx.save_for_backward(x)
        return out

    @staticmethod
    def backward(ctx, grad_output):
        x, = ctx.saved_tensors
        return grad_output * torch.sigmoid(x)
