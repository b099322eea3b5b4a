"""Layers as course assignments ask for them: forward returns (out, cache), backward unpacks the cache."""

import numpy as np

from .. import truth as mp
from ..item import Category
from ..truth import Reference

CATEGORY = Category("course layers")
right, wrong = CATEGORY.right, CATEGORY.wrong
rng = np.random.default_rng(231)
X = rng.standard_normal((4, 2, 3))
W, B = rng.standard_normal((6, 5)), rng.standard_normal(5)


# affine
def affine_forward(x, w, b):
    out = x.reshape(x.shape[0], -1).dot(w) + b
    cache = (x, w, b)
    return out, cache


def affine_backward(dout, cache):
    x, w, _b = cache
    dx = dout.dot(w.T).reshape(x.shape)
    dw = x.reshape(x.shape[0], -1).T.dot(dout)
    db = np.sum(dout, axis=0)
    return dx, dw, db


def affine_backward_bias_mean(dout, cache):
    dx, dw, _ = affine_backward(dout, cache)
    return dx, dw, np.mean(dout, axis=0)


def affine_backward_axes_reversed(dout, cache):
    x, w, _b = cache
    dx = dout.dot(w.T).reshape(x.shape[::-1]).T
    return dx, x.reshape(len(x), -1).T.dot(dout), dout.sum(axis=0)


def value(forward):
    return lambda *args: forward(*args)[0]


def backward(forward, back):
    return lambda dout, *args: back(dout, forward(*args)[1])


AFFINE = Reference(lambda x, w, b: x.reshape(len(x), -1) @ w + b)
right(
    "course_affine", "vjp", value(affine_forward), backward(affine_forward, affine_backward), (X, W, B),
    "Images flattened to rows and reshaped back.", AFFINE,
)  # fmt: skip
wrong(
    "course_affine_bias_averaged", "vjp", value(affine_forward), backward(affine_forward, affine_backward_bias_mean),
    (X, W, B), "The bias gradient is the mean over the batch.", AFFINE,
)  # fmt: skip
wrong(
    "course_affine_reshaped_backwards", "vjp", value(affine_forward),
    backward(affine_forward, affine_backward_axes_reversed), (X, W, B),
    "Reshaped to the reversed axes and transposed, which has the right shape.", AFFINE,
)  # fmt: skip


# losses
SCORES, Y = rng.standard_normal((5, 4)) * 2, np.array([1, 0, 3, 2, 1])


def svm_loss(x, y):
    N = x.shape[0]
    correct_class_scores = x[np.arange(N), y]
    margins = np.maximum(0, x - correct_class_scores[:, np.newaxis] + 1.0)
    margins[np.arange(N), y] = 0
    loss = np.sum(margins) / N
    num_pos = np.sum(margins > 0, axis=1)
    dx = np.zeros_like(x)
    dx[margins > 0] = 1
    dx[np.arange(N), y] -= num_pos
    dx /= N
    return loss, dx


def svm_gradient_without_count(x, y):
    _, dx = svm_loss(x, y)
    dx[np.arange(len(y)), y] = -1.0 / len(y)
    return dx, None


def mp_svm(x, y):
    total = sum(max(x[i, j] - x[i, y[i]] + 1, mp.mpf(0)) for i in range(len(x)) for j in range(4) if j != y[i])
    return total / len(x)


SVM = Reference(mp_svm)
right(
    "course_svm_loss", "gradient", lambda x, y: svm_loss(x, y)[0], lambda x, y: (svm_loss(x, y)[1], None),
    (SCORES, Y), "Margins zeroed at the correct class in place, positives counted.", SVM,
)  # fmt: skip
wrong(
    "course_svm_loss_violations_not_counted", "gradient", lambda x, y: svm_loss(x, y)[0], svm_gradient_without_count,
    (SCORES, Y), "The correct class is pulled once, however many margins are violated.", SVM,
)  # fmt: skip


def softmax_loss_naive(W, X, y, reg):
    loss = 0.0
    dW = np.zeros_like(W)
    for i in range(X.shape[0]):
        scores = X[i].dot(W)
        scores -= np.max(scores)
        p = np.exp(scores)
        p /= p.sum()
        loss -= np.log(p[y[i]])
        p[y[i]] -= 1
        dW += np.outer(X[i], p)
    loss = loss / X.shape[0] + reg * np.sum(W * W)
    return loss, dW / X.shape[0] + 2 * reg * W


def softmax_value(W):
    return softmax_loss_naive(W, IMAGES, Y, 0.1)[0]


def softmax_value_only(W):
    scores = IMAGES.dot(W)
    scores = scores - np.max(scores, axis=1, keepdims=True)
    return np.mean(np.log(np.exp(scores).sum(axis=1)) - scores[range(5), Y]) + 0.1 * np.sum(W * W)


IMAGES, WS = rng.standard_normal((5, 3)), rng.standard_normal((3, 4))
SOFTMAX = Reference(
    lambda W: (
        sum(mp.logsumexp(r) - r[k] for r, k in zip(mp.lift(IMAGES) @ W, Y, strict=True)) / 5
        + mp.mpf("0.1") * (W * W).sum()
    )
)
right(
    "course_softmax_loss_naive", "gradient", softmax_value, lambda W: softmax_loss_naive(W, IMAGES, Y, 0.1)[1], WS,
    "Loops over the samples; loss and gradient from one call.", SOFTMAX,
)  # fmt: skip
wrong(
    "course_softmax_loss_regularised_before_mean", "gradient", softmax_value_only,
    lambda W: softmax_loss_naive(W, IMAGES, Y, 0.1 / 5)[1], WS,
    "The regulariser was divided by the batch as well.", SOFTMAX,
)  # fmt: skip
wrong(
    "course_softmax_loss_half_regularised", "gradient", softmax_value_only,
    lambda W: softmax_loss_naive(W, IMAGES, Y, 0.05)[1], WS, "reg W for reg sum(W W), without the two.", SOFTMAX,
)  # fmt: skip


# batch normalisation: the long road along the computational graph, and the short formula
def batchnorm_forward(x, gamma, beta, eps=1e-5):
    mu = np.mean(x, axis=0)
    xc = x - mu
    var = np.mean(xc**2, axis=0)
    std = np.sqrt(var + eps)
    xn = xc / std
    return gamma * xn + beta, (gamma, xc, std, xn)


def batchnorm_backward(dout, cache):
    gamma, xc, std, xn = cache
    N = dout.shape[0]
    dbeta = dout.sum(axis=0)
    dgamma = np.sum(xn * dout, axis=0)
    dxn = gamma * dout
    dxc = dxn / std
    dstd = -np.sum((dxn * xc) / (std * std), axis=0)
    dvar = 0.5 * dstd / std
    dxc += (2.0 / N) * xc * dvar
    dmu = np.sum(dxc, axis=0)
    return dxc - dmu / N, dgamma, dbeta


def batchnorm_backward_alt(dout, cache, ddof=0):
    gamma, _, std, xn = cache
    N = dout.shape[0] - ddof
    dbeta, dgamma = dout.sum(axis=0), (dout * xn).sum(axis=0)
    return gamma / (N * std) * (N * dout - dbeta - xn * dgamma), dgamma, dbeta


def batchnorm_backward_mean_before_variance(dout, cache):
    gamma, xc, std, xn = cache
    N = dout.shape[0]
    dxc = gamma * dout / std
    dmu = np.sum(dxc, axis=0)
    dvar = -0.5 * np.sum(gamma * dout * xc, axis=0) / std**2
    return dxc + (2.0 / N) * xc * dvar - dmu / N, np.sum(xn * dout, axis=0), dout.sum(axis=0)


BATCH, GAMMA, BETA = rng.standard_normal((6, 3)) + 2, rng.uniform(0.5, 1.5, 3), rng.standard_normal(3)


def mp_batchnorm(x, gamma, beta):
    c = x - x.mean(axis=0)
    return gamma * c / mp.sqrt((c * c).mean(axis=0) + 1e-5) + beta


BN = Reference(mp_batchnorm)
right(
    "course_batchnorm_by_the_graph", "vjp", value(batchnorm_forward), backward(batchnorm_forward, batchnorm_backward),
    (BATCH, GAMMA, BETA), "Backward along the computational graph.", BN,
)  # fmt: skip
right(
    "course_batchnorm_alt", "vjp", value(batchnorm_forward), backward(batchnorm_forward, batchnorm_backward_alt),
    (BATCH, GAMMA, BETA), "The simplified expression.", BN,
)  # fmt: skip
wrong(
    "course_batchnorm_alt_degrees_of_freedom", "vjp", value(batchnorm_forward),
    backward(batchnorm_forward, lambda d, c: batchnorm_backward_alt(d, c, ddof=1)), (BATCH, GAMMA, BETA),
    "N - 1 in the backward, N in the forward.", BN,
)  # fmt: skip
wrong(
    "course_batchnorm_std_power", "vjp", value(batchnorm_forward),
    backward(batchnorm_forward, batchnorm_backward_mean_before_variance), (BATCH, GAMMA, BETA),
    "std squared where the derivative of 1/std has its cube.", BN,
)  # fmt: skip


# group normalisation over images
def groupnorm_forward(x, gamma, beta, G=2, eps=1e-5):
    N, _C, _H, _Wd = x.shape
    g = x.reshape(N * G, -1)
    mu, var = g.mean(axis=1, keepdims=True), g.var(axis=1, keepdims=True)
    xn = ((g - mu) / np.sqrt(var + eps)).reshape(x.shape)
    return gamma * xn + beta, (gamma, xn, var + eps, G)


def groupnorm_backward(dout, cache, axes=(0, 2, 3), keepdims=True):
    gamma, xn, var, G = cache
    N, _C, _H, _Wd = dout.shape
    dbeta, dgamma = dout.sum(axis=axes, keepdims=keepdims), (dout * xn).sum(axis=axes, keepdims=keepdims)
    d, n = (dout * gamma).reshape(N * G, -1), xn.reshape(N * G, -1)
    dx = (d - d.mean(axis=1, keepdims=True) - n * (d * n).mean(axis=1, keepdims=True)) / np.sqrt(var)
    return dx.reshape(dout.shape), dgamma, dbeta


def groupnorm_backward_whole_sample(dout, cache):
    gamma, xn, var, G = cache
    _, dgamma, dbeta = groupnorm_backward(dout, cache)
    N = len(dout)
    d, n = (dout * gamma).reshape(N, -1), xn.reshape(N, -1)
    dx = d - d.mean(axis=1, keepdims=True) - n * (d * n).mean(axis=1, keepdims=True)
    return (dx.reshape(N * G, -1) / np.sqrt(var)).reshape(dout.shape), dgamma, dbeta


def mp_groupnorm(x, gamma, beta):
    g = x.reshape(len(x) * 2, -1)
    c = g - g.mean(axis=1, keepdims=True)
    return gamma * (c / mp.sqrt((c * c).mean(axis=1, keepdims=True) + 1e-5)).reshape(x.shape) + beta


GN = Reference(mp_groupnorm)
GN_IN = (rng.standard_normal((2, 4, 2, 2)), rng.uniform(0.5, 1.5, (1, 4, 1, 1)), rng.standard_normal((1, 4, 1, 1)))
right(
    "course_groupnorm", "vjp", value(groupnorm_forward), backward(groupnorm_forward, groupnorm_backward), GN_IN,
    "Two groups of two channels; parameters of shape (1, C, 1, 1).", GN,
)  # fmt: skip
wrong(
    "course_groupnorm_means_over_the_sample", "vjp", value(groupnorm_forward),
    backward(groupnorm_forward, groupnorm_backward_whole_sample), GN_IN,
    "Statistics per group forward, per sample backward.", GN,
)  # fmt: skip


# convolution with stride and padding, and max pooling, both naive
def conv_forward_naive(x, w, b, stride=2, pad=1):
    N, _C, H, Wd = x.shape
    F, _, HH, WW = w.shape
    H_out, W_out = 1 + (H + 2 * pad - HH) // stride, 1 + (Wd + 2 * pad - WW) // stride
    xp = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)), mode="constant")
    out = np.zeros((N, F, H_out, W_out), dtype=x.dtype)
    for n in range(N):
        for f in range(F):
            for i in range(H_out):
                for j in range(W_out):
                    window = xp[n, :, i * stride : i * stride + HH, j * stride : j * stride + WW]
                    out[n, f, i, j] = np.sum(window * w[f]) + b[f]
    return out, (x, w, b, stride, pad, xp)


def conv_backward_naive(dout, cache, crop=None):
    x, w, _b, stride, pad, xp = cache
    _, _, HH, WW = w.shape
    dxp, dw, db = np.zeros_like(xp), np.zeros_like(w), np.sum(dout, axis=(0, 2, 3))
    for n, f, i, j in np.ndindex(dout.shape):
        rows, cols = slice(i * stride, i * stride + HH), slice(j * stride, j * stride + WW)
        dw[f] += xp[n, :, rows, cols] * dout[n, f, i, j]
        dxp[n, :, rows, cols] += w[f] * dout[n, f, i, j]
    H, Wd = x.shape[2:]
    k = pad if crop is None else crop
    return dxp[:, :, k : k + H, k : k + Wd], dw, db


def mp_conv(x, w, b):
    padded = np.full((len(x), x.shape[1], x.shape[2] + 2, x.shape[3] + 2), mp.mpf(0))
    padded[:, :, 1:-1, 1:-1] = x
    rows, cols = (x.shape[2] - 1) // 2 + 1, (x.shape[3] - 1) // 2 + 1
    out = np.empty((len(x), len(w), rows, cols), dtype=object)
    for n, f, i, j in np.ndindex(out.shape):
        out[n, f, i, j] = (padded[n, :, 2 * i : 2 * i + 3, 2 * j : 2 * j + 3] * w[f]).sum() + b[f]
    return out


CONV = Reference(mp_conv)
CONV_IN = (rng.standard_normal((2, 1, 5, 3)), rng.standard_normal((2, 1, 3, 3)), rng.standard_normal(2))
right(
    "course_conv_naive_stride_2", "vjp", value(conv_forward_naive), backward(conv_forward_naive, conv_backward_naive),
    CONV_IN, "Padded and strided; the answer is a view of the padded gradient.", CONV,
)  # fmt: skip
wrong(
    "course_conv_naive_padding_not_cropped", "vjp", value(conv_forward_naive),
    backward(conv_forward_naive, lambda d, c: conv_backward_naive(d, c, crop=0)), CONV_IN,
    "The first rows of the padded gradient, in place of the inner ones.", CONV,
)  # fmt: skip


def pool_forward_naive(x):
    N, C, H, Wd = x.shape
    out = np.zeros((N, C, H // 2, Wd // 2))
    for i in range(H // 2):
        for j in range(Wd // 2):
            out[:, :, i, j] = np.max(x[:, :, 2 * i : 2 * i + 2, 2 * j : 2 * j + 2], axis=(2, 3))
    return out, x


def pool_backward_naive(dout, x, channel=True):
    dx = np.zeros_like(x)
    for n, c, i, j in np.ndindex(dout.shape):
        window = x[n, c if channel else 0, 2 * i : 2 * i + 2, 2 * j : 2 * j + 2]
        r, s = np.unravel_index(np.argmax(window), window.shape)
        dx[n, c, 2 * i + r, 2 * j + s] = dout[n, c, i, j]
    return dx


def mp_pool(x):
    out = np.empty((len(x), x.shape[1], x.shape[2] // 2, x.shape[3] // 2), dtype=object)
    for n, c, i, j in np.ndindex(out.shape):
        out[n, c, i, j] = max(x[n, c, 2 * i : 2 * i + 2, 2 * j : 2 * j + 2].ravel())
    return out


POOL, POOL_IN = Reference(mp_pool), rng.standard_normal((2, 2, 2, 4))
right(
    "course_pool_naive", "vjp", value(pool_forward_naive), backward(pool_forward_naive, pool_backward_naive), POOL_IN,
    "unravel_index of argmax, assigned since windows do not overlap.", POOL,
)  # fmt: skip
wrong(
    "course_pool_naive_first_channel_decides", "vjp", value(pool_forward_naive),
    backward(pool_forward_naive, lambda d, c: pool_backward_naive(d, c, channel=False)), POOL_IN,
    "The argmax of channel 0 is used for every channel.", POOL,
)  # fmt: skip


# inverted dropout with a mask from a seeded generator
def dropout_forward(x, p=0.6, seed=3):
    mask = (np.random.RandomState(seed).rand(*x.shape) < p) / p
    return x * mask, mask


KEPT = (np.random.RandomState(3).rand(5, 4) < 0.6) * 1.0
DROPOUT = Reference(lambda x: x * KEPT / mp.mpf("0.6"))
right(
    "course_dropout_seeded", "vjp", value(dropout_forward), lambda d, x: d * dropout_forward(x)[1], SCORES,
    "A RandomState of its own gives the same mask forward and backward.", DROPOUT,
)  # fmt: skip
wrong(
    "course_dropout_mask_not_inverted", "vjp", value(dropout_forward), lambda d, x: d * (dropout_forward(x)[1] > 0),
    SCORES, "The backward mask lacks the division by p.", DROPOUT,
)  # fmt: skip
right(
    "course_dropout_global_seed", "vjp", value(dropout_forward),
    lambda d, x: (np.random.seed(3), d * (np.random.rand(*x.shape) < 0.6) / 0.6)[1],  # noqa: NPY002
    SCORES, "Right numbers; that everybody's generator is reseeded is worth a note.", DROPOUT,
)  # fmt: skip
