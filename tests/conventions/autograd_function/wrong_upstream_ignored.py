"""An exponential whose backward gives its own slope and forgets what comes from above.

# mistake: cotangent-ignored
# where: Exponential
"""

import torch


class Exponential(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        out = torch.exp(x)
        ctx.save_for_backward(out)
        return out

    @staticmethod
    def backward(ctx, grad_output):
        out, = ctx.saved_tensors
        return out
