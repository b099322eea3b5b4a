"""A convolution with any padding and stride, pooling by windows that may overlap, and two ways back from a norm."""

import numpy as np


def conv_forward(x, w, b, conv_param):
    stride, pad = conv_param["stride"], conv_param["pad"]
    padded = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    high, wide = w.shape[2:]
    rows, columns = (padded.shape[2] - high) // stride + 1, (padded.shape[3] - wide) // stride + 1
    out = np.zeros((x.shape[0], w.shape[0], rows, columns))
    for i in range(rows):
        for j in range(columns):
            window = padded[:, :, i * stride : i * stride + high, j * stride : j * stride + wide]
            out[:, :, i, j] = np.tensordot(window, w, axes=([1, 2, 3], [1, 2, 3])) + b
    return out, (padded, w, conv_param)


def conv_backward(dout, cache):
    padded, w, conv_param = cache
    stride, pad = conv_param["stride"], conv_param["pad"]
    high, wide = w.shape[2:]
    dpadded, dw = np.zeros_like(padded), np.zeros_like(w)
    for i in range(dout.shape[2]):
        for j in range(dout.shape[3]):
            here = (slice(None), slice(None), slice(i * stride, i * stride + high), slice(j * stride, j * stride + wide))
            dw += np.tensordot(dout[:, :, i, j], padded[here], axes=([0], [0]))
            dpadded[here] += np.tensordot(dout[:, :, i, j], w, axes=([1], [0]))
    return dpadded[:, :, pad : dpadded.shape[2] - pad, pad : dpadded.shape[3] - pad], dw, dout.sum(axis=(0, 2, 3))


def max_pool_forward(x, pool_param):
    high, wide, stride = pool_param["pool_height"], pool_param["pool_width"], pool_param["stride"]
    N, C, H, W = x.shape
    out = np.zeros((N, C, 1 + (H - high) // stride, 1 + (W - wide) // stride))
    for i in range(out.shape[2]):
        for j in range(out.shape[3]):
            window = x[:, :, i * stride : i * stride + high, j * stride : j * stride + wide]
            out[:, :, i, j] = window.max(axis=(2, 3))
    return out, (x, pool_param)


def max_pool_backward(dout, cache):
    x, pool_param = cache
    high, wide, stride = pool_param["pool_height"], pool_param["pool_width"], pool_param["stride"]
    dx = np.zeros_like(x)
    for n in range(x.shape[0]):
        for c in range(x.shape[1]):
            for i in range(dout.shape[2]):
                for j in range(dout.shape[3]):
                    window = x[n, c, i * stride : i * stride + high, j * stride : j * stride + wide]
                    row, column = np.unravel_index(np.argmax(window), window.shape)
                    dx[n, c, i * stride + row, j * stride + column] += dout[n, c, i, j]
    return dx


def batchnorm_forward(x, gamma, beta, bn_param):
    if bn_param["mode"] == "test":
        mean, var = bn_param.get("running_mean", np.zeros(x.shape[1])), bn_param.get("running_var", np.ones(x.shape[1]))
        return gamma * (x - mean) / np.sqrt(var + bn_param["eps"]) + beta, None
    mean, std = x.mean(axis=0), np.sqrt(x.var(axis=0) + bn_param["eps"])
    normal = (x - mean) / std
    return gamma * normal + beta, (normal, gamma, std)


def batchnorm_backward(dout, cache):
    normal, gamma, std = cache
    dnormal = dout * gamma
    dx = (dnormal - dnormal.mean(axis=0) - normal * (dnormal * normal).mean(axis=0)) / std
    return dx, (dout * normal).sum(axis=0), dout.sum(axis=0)


def batchnorm_backward_alt(dout, cache):
    normal, gamma, std = cache
    m = len(dout)
    dgamma, dbeta = (dout * normal).sum(axis=0), dout.sum(axis=0)
    return gamma / (m * std) * (m * dout - dbeta - normal * dgamma), dgamma, dbeta
