"""Max pooling with overlapping windows whose gradients are assigned instead of added.

# mistake: overwritten
# where: max_pool
"""

import numpy as np


def max_pool_forward(x, pool_param):
    N, C, H, W = x.shape
    k, s = 3, 1
    Hn, Wn = (H - k) // s + 1, (W - k) // s + 1
    out = np.zeros((N, C, Hn, Wn))
    for i in range(Hn):
        for j in range(Wn):
            out[:, :, i, j] = x[:, :, i * s : i * s + k, j * s : j * s + k].max(axis=(2, 3))
    return out, (x, k, s)


def max_pool_backward(dout, cache):
    x, k, s = cache
    N, C, Hn, Wn = dout.shape
    dx = np.zeros_like(x)
    for n in range(N):
        for c in range(C):
            for i in range(Hn):
                for j in range(Wn):
                    window = x[n, c, i * s : i * s + k, j * s : j * s + k]
                    r, q = np.unravel_index(window.argmax(), window.shape)
                    dx[n, c, i * s + r, j * s + q] = dout[n, c, i, j]
    return dx
