"""The loss of a captioning network: what is masked in the loss still has a gradient.

# mistake: mask-scale
# where: temporal_softmax_loss
"""

import numpy as np


def temporal_affine_forward(x, w, b):
    return x @ w + b, (x, w)


def temporal_affine_backward(dout, cache):
    x, w = cache
    return dout @ w.T, np.einsum("ntd,ntm->dm", x, dout), dout.sum(axis=(0, 1))


def temporal_softmax_loss(x, y, mask):
    N, T, V = x.shape
    flat, labels = x.reshape(N * T, V), y.reshape(N * T)
    probs = np.exp(flat - flat.max(axis=1, keepdims=True))
    probs /= probs.sum(axis=1, keepdims=True)
    loss = -np.sum(mask.reshape(N * T) * np.log(probs[np.arange(N * T), labels])) / N
    dflat = probs.copy()
    dflat[np.arange(N * T), labels] -= 1
    return loss, (dflat / N).reshape(N, T, V)
