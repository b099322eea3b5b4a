"""Max pooling that finds its windows on the way back by their size, where the stride tells: right if both are equal.

# mistake: permuted
# where: stride=3
"""

import numpy as np


def max_pool_forward(x, pool_param):
    h, w, s = pool_param["pool_height"], pool_param["pool_width"], pool_param["stride"]
    N, C, H, W = x.shape
    out = np.zeros((N, C, 1 + (H - h) // s, 1 + (W - w) // s))
    for i in range(out.shape[2]):
        for j in range(out.shape[3]):
            out[:, :, i, j] = x[:, :, i * s : i * s + h, j * s : j * s + w].max(axis=(2, 3))
    return out, (x, pool_param)


def max_pool_backward(dout, cache):
    x, pool_param = cache
    h, w = pool_param["pool_height"], pool_param["pool_width"]
    dx = np.zeros_like(x)
    N, C, OH, OW = dout.shape
    for i in range(OH):
        for j in range(OW):
            window = x[:, :, i * h : (i + 1) * h, j * w : (j + 1) * w]
            largest = window == window.max(axis=(2, 3), keepdims=True, initial=-np.inf)
            dx[:, :, i * h : (i + 1) * h, j * w : (j + 1) * w] += largest * dout[:, :, i, j][:, :, None, None]
    return dx
