"""Layer normalisation that multiplies by gamma after the sums instead of before them.

# mistake: product-transposed, path-factor
# where: layernorm
"""

import numpy as np


def layernorm_forward(x, gamma, beta, ln_param):
    eps = ln_param.get("eps", 1e-5)
    mu = x.mean(axis=1, keepdims=True)
    std = np.sqrt(x.var(axis=1, keepdims=True) + eps)
    x_hat = (x - mu) / std
    return gamma * x_hat + beta, (x_hat, gamma, std)


def layernorm_backward(dout, cache):
    x_hat, gamma, std = cache
    dbeta = np.sum(dout, axis=0)
    dgamma = np.sum(dout * x_hat, axis=0)
    m = dout.mean(axis=1, keepdims=True)
    v = (dout * x_hat).mean(axis=1, keepdims=True)
    dx = gamma * (dout - m - x_hat * v) / std
    return dx, dgamma, dbeta
