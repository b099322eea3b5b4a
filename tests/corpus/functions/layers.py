"""Layers of networks as people write them: normalisation, convolution, pooling, attention."""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from .. import truth as mp
from ..item import Category
from ..truth import Hull, LabelledByIntent, Reference

CATEGORY = Category("layers")
right, wrong = CATEGORY.right, CATEGORY.wrong
rng = np.random.default_rng(707)
EPS = 1e-5
B = rng.standard_normal((5, 3))
GAMMA, BETA = rng.uniform(0.5, 1.5, 3), rng.standard_normal(3)


# batch normalisation in training mode
def batch_norm(x, gamma, beta):
    return gamma * (x - x.mean(0)) / np.sqrt(x.var(0) + EPS) + beta


def batch_norm_vjp(c, x, gamma, beta, through_mean=True, through_var=True, sums=True):
    n = len(x)
    inv = 1 / np.sqrt(x.var(0) + EPS)
    xhat = (x - x.mean(0)) * inv
    dxhat = c * gamma
    dx = dxhat.copy()
    if through_mean:
        dx -= dxhat.sum(0) / n
    if through_var:
        dx -= xhat * (dxhat * xhat).sum(0) / n
    dgamma, dbeta = (c * xhat).sum(0), c.sum(0)
    return dx * inv, dgamma if sums else dgamma / n, dbeta if sums else dbeta / n


def mp_batch_norm(x, gamma, beta):
    centred = x - x.mean(axis=0)
    return gamma * centred / mp.sqrt((centred**2).mean(axis=0) + EPS) + beta


BN = Reference(mp_batch_norm)
right("batch_norm", "vjp", batch_norm, batch_norm_vjp, (B, GAMMA, BETA), "Through mean and variance.", BN)
wrong(
    "batch_norm_statistics_constant",
    "vjp",
    batch_norm,
    lambda c, x, g, b: batch_norm_vjp(c, x, g, b, False, False),
    (B, GAMMA, BETA),
    "Mean and variance held constant, as in evaluation mode.",
    BN,
)
wrong(
    "batch_norm_variance_constant",
    "vjp",
    batch_norm,
    lambda c, x, g, b: batch_norm_vjp(c, x, g, b, True, False),
    (B, GAMMA, BETA),
    "Only the variance held constant.",
    BN,
)
wrong(
    "batch_norm_mean_constant",
    "vjp",
    batch_norm,
    lambda c, x, g, b: batch_norm_vjp(c, x, g, b, False, True),
    (B, GAMMA, BETA),
    "Only the mean held constant.",
    BN,
)
wrong(
    "batch_norm_parameters_averaged",
    "vjp",
    batch_norm,
    lambda c, x, g, b: batch_norm_vjp(c, x, g, b, sums=False),
    (B, GAMMA, BETA),
    "gamma and beta averaged over the batch.",
    BN,
)
ONES_SUM = Reference(
    lambda x: (
        mp_batch_norm(x, np.array([1, 1, 1]), np.array([0, 0, 0])).sum()
        + (mp_batch_norm(x, np.array([1, 1, 1]), np.array([0, 0, 0])) ** 3).sum()
    )
)


def bn_cubed(x):
    y = batch_norm(x, 1.0, 0.0)
    return np.sum(y) + np.sum(y**3)


def bn_cubed_gradient(x):
    y = batch_norm(x, 1.0, 0.0)
    return batch_norm_vjp(1 + 3 * y**2, x, 1.0, 0.0)[0]


right(
    "batch_norm_under_a_plain_sum",
    "gradient",
    bn_cubed,
    bn_cubed_gradient,
    B,
    "Mnemosyne PR #987: a seed of ones alone cancels through batch normalisation.",
    ONES_SUM,
)


# layer, group and root-mean-square normalisation
def layer_norm(x, gamma, beta):
    m = x.mean(-1, keepdims=True)
    v = ((x - m) ** 2).mean(-1, keepdims=True)
    return gamma * (x - m) / np.sqrt(v + EPS) + beta


def layer_norm_vjp(c, x, gamma, beta, axis=-1, eps=EPS):
    m = x.mean(-1, keepdims=True)
    inv = 1 / np.sqrt(x.var(-1, keepdims=True) + eps)
    xhat = (x - m) * inv
    d = c * gamma
    dx = inv * (d - d.mean(axis, keepdims=True) - xhat * (d * xhat).mean(axis, keepdims=True))
    return dx, (c * xhat).sum(0), c.sum(0)


def mp_layer_norm(x, gamma, beta):
    centred = x - x.mean(axis=-1, keepdims=True)
    return gamma * centred / mp.sqrt((centred**2).mean(axis=-1, keepdims=True) + EPS) + beta


LN = Reference(mp_layer_norm)
right("layer_norm", "vjp", layer_norm, layer_norm_vjp, (B, GAMMA, BETA), "Per row.", LN)
wrong(
    "layer_norm_means_over_batch",
    "vjp",
    layer_norm,
    lambda c, x, g, b: layer_norm_vjp(c, x, g, b, axis=0),
    (B, GAMMA, BETA),
    "The backward means run over the batch.",
    LN,
)
wrong(
    "layer_norm_other_epsilon",
    "vjp",
    layer_norm,
    lambda c, x, g, b: layer_norm_vjp(c, x, g, b, eps=1e-6),
    (B, GAMMA, BETA),
    "eps=1e-5 forward, 1e-6 backward.",
    LN,
)


def rms_norm(x, g):
    return g * x / np.sqrt(np.mean(x * x, axis=-1, keepdims=True) + EPS)


def rms_norm_vjp(c, x, g, divide=True):
    inv = 1 / np.sqrt(np.mean(x * x, axis=-1, keepdims=True) + EPS)
    d = c * g
    n = x.shape[-1] if divide else 1
    return d * inv - x * inv**3 * np.sum(d * x, axis=-1, keepdims=True) / n, np.sum(c * x * inv, axis=0)


RMS = Reference(lambda x, g: g * x / mp.sqrt((x * x).mean(axis=-1, keepdims=True) + EPS))
right("rms_norm", "vjp", rms_norm, rms_norm_vjp, (B, GAMMA), "Without a mean.", RMS)
wrong(
    "rms_norm_1_over_n_missing",
    "vjp",
    rms_norm,
    lambda c, x, g: rms_norm_vjp(c, x, g, divide=False),
    (B, GAMMA),
    "1/n is missing in the second term.",
    RMS,
)

# one-dimensional convolution by NumPy, two-dimensional by loops and by windows
SIGNAL, TAPS = rng.standard_normal(7), rng.standard_normal(3)
CORRELATE = Reference(
    lambda x, k: np.array(
        [sum(x[i + j] * k[j] for j in range(len(k))) for i in range(len(x) - len(k) + 1)], dtype=object
    )
)


def correlate(x, k):
    return np.correlate(x, k, mode="valid")


def correlate_vjp(c, x, k):
    return np.convolve(c, k, mode="full"), np.correlate(x, c, mode="valid")


right(
    "correlation",
    "vjp",
    correlate,
    correlate_vjp,
    (SIGNAL, TAPS),
    "The adjoint of a correlation is a convolution.",
    CORRELATE,
)
wrong(
    "correlation_kernel_not_flipped",
    "vjp",
    correlate,
    lambda c, x, k: (np.convolve(c, k[::-1], mode="full"), np.correlate(x, c, mode="valid")),
    (SIGNAL, TAPS),
    "The kernel was flipped once too often.",
    CORRELATE,
)
IMAGE, KERNEL = rng.standard_normal((2, 5, 5)), rng.standard_normal((2, 2, 3, 3))


def conv_loops(x, k):
    f, _, h, w = k.shape
    out = np.zeros((f, x.shape[1] - h + 1, x.shape[2] - w + 1), dtype=x.dtype)
    for i in range(out.shape[1]):
        for j in range(out.shape[2]):
            for q in range(f):
                out[q, i, j] = np.sum(x[:, i : i + h, j : j + w] * k[q])
    return out


def conv_loops_vjp(c, x, k, accumulate=True):
    _, _, h, w = k.shape
    dx, dk = np.zeros_like(x), np.zeros_like(k)
    for i in range(c.shape[1]):
        for j in range(c.shape[2]):
            for q in range(len(k)):
                if accumulate:
                    dx[:, i : i + h, j : j + w] += k[q] * c[q, i, j]
                else:
                    dx[:, i : i + h, j : j + w] = k[q] * c[q, i, j]
                dk[q] += x[:, i : i + h, j : j + w] * c[q, i, j]
    return dx, dk


def conv_windows(x, k):
    windows = sliding_window_view(x, k.shape[2:], axis=(1, 2))
    return np.einsum("cijhw,fchw->fij", windows, k)


def conv_windows_vjp(c, x, k, flip=True):
    windows = sliding_window_view(x, k.shape[2:], axis=(1, 2))
    h, w = k.shape[2:]
    padded = np.pad(c, ((0, 0), (h - 1, h - 1), (w - 1, w - 1)))
    cw = sliding_window_view(padded, (h, w), axis=(1, 2))
    kernel = k[:, :, ::-1, ::-1] if flip else k
    return np.einsum("fijhw,fchw->cij", cw, kernel), np.einsum("cijhw,fij->fchw", windows, c)


def im2col(x, h, w):
    rows, cols = x.shape[1] - h + 1, x.shape[2] - w + 1
    return np.stack([x[:, i : i + h, j : j + w].ravel() for i in range(rows) for j in range(cols)], axis=1)


def conv_im2col(x, k):
    h, w = k.shape[2:]
    return (k.reshape(len(k), -1) @ im2col(x, h, w)).reshape(len(k), x.shape[1] - h + 1, x.shape[2] - w + 1)


def conv_im2col_vjp(c, x, k):
    h, w = k.shape[2:]
    flat = c.reshape(len(k), -1)
    dcol = k.reshape(len(k), -1).T @ flat
    dx = np.zeros_like(x)
    cols = x.shape[2] - w + 1
    for p in range(dcol.shape[1]):
        i, j = divmod(p, cols)
        dx[:, i : i + h, j : j + w] += dcol[:, p].reshape(len(x), h, w)
    return dx, (flat @ im2col(x, h, w).T).reshape(k.shape)


def mp_conv(x, k):
    f, _, h, w = k.shape
    return np.array(
        [
            [
                [(x[:, i : i + h, j : j + w] * k[q]).sum() for j in range(x.shape[2] - w + 1)]
                for i in range(x.shape[1] - h + 1)
            ]
            for q in range(f)
        ],
        dtype=object,
    )


CONV = Reference(mp_conv)
right(
    "convolution_by_loops",
    "vjp",
    conv_loops,
    conv_loops_vjp,
    (IMAGE, KERNEL),
    "Accumulated over overlapping windows.",
    CONV,
)
wrong(
    "convolution_overwrites",
    "vjp",
    conv_loops,
    lambda c, x, k: conv_loops_vjp(c, x, k, accumulate=False),
    (IMAGE, KERNEL),
    "Overlapping windows overwrite one another.",
    CONV,
)
right(
    "convolution_by_windows",
    "vjp",
    conv_windows,
    conv_windows_vjp,
    (IMAGE, KERNEL),
    "Full correlation with the flipped kernel.",
    CONV,
)
wrong(
    "convolution_kernel_not_flipped",
    "vjp",
    conv_windows,
    lambda c, x, k: conv_windows_vjp(c, x, k, flip=False),
    (IMAGE, KERNEL),
    "The kernel was not flipped.",
    CONV,
)
right("convolution_by_im2col", "vjp", conv_im2col, conv_im2col_vjp, (IMAGE, KERNEL), "Through a matrix product.", CONV)

# pooling
MAP = rng.standard_normal((2, 4, 4))


def max_pool(x):
    return x.reshape(len(x), 2, 2, 2, 2).max(axis=(2, 4))


def max_pool_vjp(c, x):
    blocks = x.reshape(len(x), 2, 2, 2, 2).transpose(0, 1, 3, 2, 4).reshape(-1, 4)
    g = np.zeros_like(blocks)
    g[np.arange(len(g)), blocks.argmax(1)] = c.ravel()
    return g.reshape(len(x), 2, 2, 2, 2).transpose(0, 1, 3, 2, 4).reshape(x.shape)


def max_pool_vjp_all_ties(c, x):
    up = max_pool(x).repeat(2, axis=1).repeat(2, axis=2)
    return (x == up) * c.repeat(2, axis=1).repeat(2, axis=2)


POOL = Reference(
    lambda x: np.array(
        [
            [[x[q, 2 * i : 2 * i + 2, 2 * j : 2 * j + 2].max() for j in range(2)] for i in range(2)]
            for q in range(len(x))
        ],
        dtype=object,
    )
)
right("max_pool", "vjp", max_pool, max_pool_vjp, MAP, "To the largest of each block.", POOL)
wrong(
    "max_pool_as_average",
    "vjp",
    max_pool,
    lambda c, x: c.repeat(2, 1).repeat(2, 2) / 4 + 0 * x,
    MAP,
    "The average pool's derivative.",
    POOL,
)
ZERO_BLOCK = np.zeros((1, 4, 4))
ZERO_BLOCK[0, :, 2:] = [[1, 2], [3, 4], [5, 6], [7, 8]]
HIGH = np.zeros((1, 4, 4))
HIGH[0, :, :2] = 1
HIGH[0, 1::2, 3] = 1
LOW = np.zeros((1, 4, 4))
LOW[0, 1::2, 3] = 1
TIES = LabelledByIntent("each tied block shares 1 among its entries", (Hull(LOW, HIGH, total=4),))
right(
    "max_pool_ties",
    "gradient",
    lambda x: np.sum(max_pool(x)),
    lambda x: max_pool_vjp(np.ones((1, 2, 2)), x),
    ZERO_BLOCK,
    "After a ReLU whole blocks are tied at zero: one of them gets it.",
    TIES,
)
wrong(
    "max_pool_ties_all_get_it",
    "gradient",
    lambda x: np.sum(max_pool(x)),
    lambda x: max_pool_vjp_all_ties(np.ones((1, 2, 2)), x),
    ZERO_BLOCK,
    "Compared with the maximum, all four tied entries get the whole gradient.",
    TIES,
)

# attention
Q, K, V = (rng.standard_normal((3, 4)) for _ in range(3))


def softmax(s):
    e = np.exp(s - s.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def attention(q, k, v):
    return softmax(q @ k.T / np.sqrt(q.shape[-1])) @ v


def attention_vjp(c, q, k, v, scale=True, full=True):
    r = np.sqrt(q.shape[-1])
    p = softmax(q @ k.T / r)
    dp = c @ v.T
    ds = p * (dp - (dp * p).sum(-1, keepdims=True)) if full else p * dp
    if scale:
        ds = ds / r
    return ds @ k, ds.T @ q, p.T @ c


ATTENTION = Reference(lambda q, k, v: mp.softmax(q @ k.T / mp.mpf(2)) @ v)
right("attention", "vjp", attention, attention_vjp, (Q, K, V), "Scaled dot-product attention.", ATTENTION)
wrong(
    "attention_scale_missing",
    "vjp",
    attention,
    lambda c, q, k, v: attention_vjp(c, q, k, v, scale=False),
    (Q, K, V),
    "1/sqrt(d) is missing in the backward pass.",
    ATTENTION,
)
wrong(
    "attention_softmax_row_term_missing",
    "vjp",
    attention,
    lambda c, q, k, v: attention_vjp(c, q, k, v, full=False),
    (Q, K, V),
    "The row term of softmax's Jacobian is missing.",
    ATTENTION,
)


def causal(q, k, v):
    s = q @ k.T / np.sqrt(q.shape[-1])
    s = np.where(np.tri(len(q)) > 0, s, -1e9)
    return softmax(s) @ v


def causal_vjp(c, q, k, v, masked=True):
    r = np.sqrt(q.shape[-1])
    s = np.where(np.tri(len(q)) > 0, q @ k.T / r, -1e9) if masked else q @ k.T / r
    p = softmax(s)
    dp = c @ v.T
    ds = p * (dp - (dp * p).sum(-1, keepdims=True)) / r
    return ds @ k, ds.T @ q, p.T @ c


def mp_causal(q, k, v):
    s = mp.exp(q @ k.T / mp.mpf(2)) * np.tri(3).astype(int)
    return s / s.sum(axis=-1, keepdims=True) @ v


right(
    "attention_causal",
    "vjp",
    causal,
    causal_vjp,
    (Q, K, V),
    "Masked with -1e9, which underflows to exactly nothing.",
    Reference(mp_causal),
)
wrong(
    "attention_causal_mask_missing",
    "vjp",
    causal,
    lambda c, q, k, v: causal_vjp(c, q, k, v, masked=False),
    (Q, K, V),
    "The backward pass recomputes without the mask.",
    Reference(mp_causal),
)


# embedding with tied output, residual block
def residual(x, W1, W2):
    return x + np.maximum(x @ W1, 0) @ W2


def residual_vjp(c, x, W1, W2, skip=True):
    z = x @ W1
    h = np.maximum(z, 0)
    dz = (c @ W2.T) * (z > 0)
    return (c if skip else 0) + dz @ W1.T, x.T @ dz, h.T @ c


R1, R2 = rng.standard_normal((3, 4)), rng.standard_normal((4, 3))
RESIDUAL = Reference(lambda x, W1, W2: x + mp.relu(x @ W1) @ W2)
right("residual_block", "vjp", residual, residual_vjp, (B, R1, R2), "Two paths to the input.", RESIDUAL)
wrong(
    "residual_block_skip_forgotten",
    "vjp",
    residual,
    lambda c, x, a, b: residual_vjp(c, x, a, b, skip=False),
    (B, R1, R2),
    "The skip connection's path is missing.",
    RESIDUAL,
)


def gated(x, W, U):
    z = x @ W
    return z / (1 + np.exp(-z)) * (x @ U)


def gated_vjp(c, x, W, U, both=True):
    z, u = x @ W, x @ U
    s = 1 / (1 + np.exp(-z))
    dz = c * u * (s + z * s * (1 - s) if both else s)
    du = c * z * s
    return dz @ W.T + du @ U.T, x.T @ dz, x.T @ du


GATED = Reference(lambda x, W, U: (x @ W) * mp.sigmoid(x @ W) * (x @ U))
G1, G2 = rng.standard_normal((3, 2)), rng.standard_normal((3, 2))
right("gated_linear_unit", "vjp", gated, gated_vjp, (B, G1, G2), "SwiGLU.", GATED)
wrong(
    "gated_linear_unit_half_swish",
    "vjp",
    gated,
    lambda c, x, a, b: gated_vjp(c, x, a, b, both=False),
    (B, G1, G2),
    "Swish differentiated as if its gate were constant.",
    GATED,
)
