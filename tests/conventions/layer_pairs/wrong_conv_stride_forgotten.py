"""A convolution whose gradient with respect to x forgets the stride.

# mistake: none
# where: conv
"""

import numpy as np


def conv_forward_naive(x, w, b, conv_param):
    stride, pad = conv_param["stride"], conv_param["pad"]
    N, C, H, W = x.shape
    F, _, HH, WW = w.shape
    Hn, Wn = 1 + (H + 2 * pad - HH) // stride, 1 + (W + 2 * pad - WW) // stride
    xp = np.pad(x, ((0,), (0,), (pad,), (pad,)), "constant")
    out = np.zeros((N, F, Hn, Wn))
    for i in range(Hn):
        for j in range(Wn):
            patch = xp[:, :, i * stride : i * stride + HH, j * stride : j * stride + WW]
            for f in range(F):
                out[:, f, i, j] = np.sum(patch * w[f], axis=(1, 2, 3))
    return out + b[None, :, None, None], (x, w, b, conv_param)


def conv_backward_naive(dout, cache):
    x, w, b, conv_param = cache
    stride, pad = conv_param["stride"], conv_param["pad"]
    N, F, Hn, Wn = dout.shape
    _, _, HH, WW = w.shape
    xp = np.pad(x, ((0,), (0,), (pad,), (pad,)), "constant")
    dxp, dw = np.zeros_like(xp), np.zeros_like(w)
    for i in range(Hn):
        for j in range(Wn):
            patch = xp[:, :, i * stride : i * stride + HH, j * stride : j * stride + WW]
            for f in range(F):
                dw[f] += np.sum(patch * dout[:, f, i, j][:, None, None, None], axis=0)
                dxp[:, :, i : i + HH, j : j + WW] += w[f] * dout[:, f, i, j][:, None, None, None]
    return dxp[:, :, pad:-pad, pad:-pad], dw, dout.sum(axis=(0, 2, 3))
