"""A product whose backward gives each factor the gradient of the other.

# mistake: exchanged, product-transposed, permuted
# where: Product
"""

import torch


class Product(torch.autograd.Function):
    @staticmethod
    def forward(ctx, a, b):
        out = a * b
        ctx.save_for_backward(a, b)
        return out

    @staticmethod
    def backward(ctx, grad_output):
        a, b, = ctx.saved_tensors
        return grad_output * a, grad_output * b
