"""A linear layer whose bias gets the mean over the batch.

# mistake: mean-sum, broadcast
# where: Linear
"""

import torch


class Linear(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, weight, bias):
        out = x @ weight.t() + bias
        ctx.save_for_backward(x, weight)
        return out

    @staticmethod
    def backward(ctx, grad_output):
        x, weight, = ctx.saved_tensors
        return grad_output @ weight, grad_output.t() @ x, grad_output.mean(0)
