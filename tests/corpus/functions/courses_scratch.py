"""Classes with forward and backward that keep what they need on self, as books from scratch write them."""

import numpy as np

from .. import shows
from .. import truth as mp
from ..item import Category
from ..truth import LabelledByIntent, Reference

CATEGORY = Category("layer classes")
right, wrong = CATEGORY.right, CATEGORY.wrong
rng = np.random.default_rng(1729)


class Sigmoid:
    def __init__(self):
        self.out = None

    def forward(self, x):
        out = 1 / (1 + np.exp(-x))
        self.out = out
        return out

    def backward(self, dout):
        return dout * (1.0 - self.out) * self.out


class Affine:
    def __init__(self, W, b):
        self.W, self.b = W, b
        self.x = self.dW = self.db = None
        self.original_x_shape = None

    def forward(self, x):
        self.original_x_shape = x.shape
        self.x = x.reshape(x.shape[0], -1)
        return np.dot(self.x, self.W) + self.b

    def backward(self, dout):
        dx = np.dot(dout, self.W.T)
        self.dW = np.dot(self.x.T, dout)
        self.db = np.sum(dout, axis=0)
        return dx.reshape(*self.original_x_shape)


class SoftmaxWithLoss:
    def __init__(self):
        self.loss = self.y = self.t = None

    def forward(self, x, t):
        self.t = t
        z = x - np.max(x, axis=-1, keepdims=True)
        self.y = np.exp(z) / np.sum(np.exp(z), axis=-1, keepdims=True)
        self.loss = -np.sum(np.log(self.y[np.arange(len(x)), t] + 1e-7)) / len(x)
        return self.loss

    def backward(self, dout=1):
        dx = self.y.copy()
        dx[np.arange(len(dx)), self.t] -= 1
        return dx * dout / len(dx)


class TwoLayerNet:
    """Affine, sigmoid, affine, built anew around whatever parameters it is given."""

    def __init__(self, W1, b1, W2, b2):
        self.layers = [Affine(W1, b1), Sigmoid(), Affine(W2, b2)]

    def predict(self, x):
        for layer in self.layers:
            x = layer.forward(x)
        return x

    def gradient(self, dout):
        for layer in reversed(self.layers):
            dout = layer.backward(dout)
        a, _, b = self.layers
        return dout, a.dW, a.db, b.dW, b.db


def net(x, W1, b1, W2, b2):
    return TwoLayerNet(W1, b1, W2, b2).predict(x)


def net_vjp(c, x, *params):
    network = TwoLayerNet(*params)
    network.predict(x)
    return network.gradient(c)


SHARED = TwoLayerNet(*(np.zeros((3, 4)), np.zeros(4), np.zeros((4, 2)), np.zeros(2)))


def shared_vjp(c, x, W1, b1, W2, b2):
    """Only the first layer's parameters are loaded into the network that lives on."""
    SHARED.layers[0].W, SHARED.layers[0].b = W1, b1
    if not SHARED.layers[2].W.any():
        SHARED.layers[2].W, SHARED.layers[2].b = W2.copy(), b2
    SHARED.predict(x)
    return SHARED.gradient(c)


NET_IN = (
    rng.standard_normal((3, 3)), rng.standard_normal((3, 4)), rng.standard_normal(4),
    rng.standard_normal((4, 2)), rng.standard_normal(2),
)  # fmt: skip
NET = Reference(lambda x, W1, b1, W2, b2: mp.sigmoid(x @ W1 + b1) @ W2 + b2)
right("scratch_two_layer_net", "vjp", net, net_vjp, NET_IN, "Layers with caches, built anew in every call.", NET)
wrong(
    "scratch_two_layer_net_stale_weights", "vjp", net, shared_vjp, NET_IN,
    "The second layer keeps the weights of the first call.",
    Reference(NET.value, at=((*NET_IN[:3], NET_IN[3] + 0.5, NET_IN[4]),)),
)  # fmt: skip

LOGITS, T = rng.standard_normal((4, 3)), np.array([0, 2, 2, 1])
SMALL = mp.mpf(1e-7)
XENT_EPS = Reference(lambda x, t: -mp.log(mp.softmax(x)[np.arange(4), t] + SMALL).sum() / 4)
XENT = Reference(lambda x, t: -mp.log(mp.softmax(x)[np.arange(4), t]).sum() / 4)


def xent_gradient(x, t):
    layer = SoftmaxWithLoss()
    layer.forward(x, t)
    return layer.backward(), None


def xent_plain(x, t):
    z = x - x.max(axis=1, keepdims=True)
    return float(np.mean(np.log(np.exp(z).sum(axis=1)) - z[np.arange(len(t)), t]))


right(
    "scratch_softmax_with_loss", "gradient", xent_plain, xent_gradient, (LOGITS, T),
    "y - t over the batch, from a layer object.", XENT,
)  # fmt: skip
wrong(
    "scratch_softmax_with_loss_guarded_log", "gradient", lambda x, t: SoftmaxWithLoss().forward(x, t), xent_gradient,
    (LOGITS, T), "log(y + 1e-7) forward, y - t backward: off by 1e-7 over y.", XENT_EPS,
)  # fmt: skip
wrong(
    "scratch_softmax_with_loss_batch_twice", "gradient", xent_plain,
    lambda x, t: (xent_gradient(x, t)[0] / len(x), None), (LOGITS, T), "Divided by the batch size twice.", XENT,
)  # fmt: skip

SIGMOID = Sigmoid()
X = rng.standard_normal((3, 4))
wrong(
    "scratch_sigmoid_cache_of_the_last_forward", "vjp", SIGMOID.forward, lambda c, x: SIGMOID.backward(c), X,
    "The layer's own cache decides, whatever x the backward is asked at.",
    LabelledByIntent("another forward call changes the answer", shows=shows.depends_on_call_order),
)  # fmt: skip


def sigmoid_forward_then_backward(c, x):
    layer = Sigmoid()
    layer.forward(x)
    return layer.backward(c)


right(
    "scratch_sigmoid_forward_then_backward", "vjp", lambda x: Sigmoid().forward(x), sigmoid_forward_then_backward, X,
    "Forward again, then backward from the cache.", Reference(mp.sigmoid),
)  # fmt: skip
right(
    "scratch_sigmoid_float32", "vjp", lambda x: Sigmoid().forward(x), sigmoid_forward_then_backward,
    (X * 3).astype(np.float32), "The same in single precision.", Reference(mp.sigmoid),
)  # fmt: skip


# im2col over a batch
def im2col(x, fh, fw, stride=1, pad=0):
    N, C, H, W = x.shape
    oh, ow = (H + 2 * pad - fh) // stride + 1, (W + 2 * pad - fw) // stride + 1
    img = np.pad(x, [(0, 0), (0, 0), (pad, pad), (pad, pad)], "constant")
    col = np.zeros((N, C, fh, fw, oh, ow), dtype=x.dtype)
    for y in range(fh):
        for z in range(fw):
            col[:, :, y, z, :, :] = img[:, :, y : y + stride * oh : stride, z : z + stride * ow : stride]
    return col.transpose(0, 4, 5, 1, 2, 3).reshape(N * oh * ow, -1)


def col2im(col, shape, fh, fw, stride=1, pad=0, add=True):
    N, C, H, W = shape
    oh, ow = (H + 2 * pad - fh) // stride + 1, (W + 2 * pad - fw) // stride + 1
    col = col.reshape(N, oh, ow, C, fh, fw).transpose(0, 3, 4, 5, 1, 2)
    img = np.zeros((N, C, H + 2 * pad + stride - 1, W + 2 * pad + stride - 1))
    for y in range(fh):
        for z in range(fw):
            target = img[:, :, y : y + stride * oh : stride, z : z + stride * ow : stride]
            if add:
                target += col[:, :, y, z, :, :]
            else:
                target[...] = col[:, :, y, z, :, :]
    return img[:, :, pad : H + pad, pad : W + pad]


def conv(x, W, b):
    FN, _C, FH, FW = W.shape
    out = np.dot(im2col(x, FH, FW, 1, 1), W.reshape(FN, -1).T) + b
    return out.reshape(len(x), x.shape[2], x.shape[3], -1).transpose(0, 3, 1, 2)


def conv_vjp(dout, x, W, b, add=True, untranspose=True):
    FN, C, FH, FW = W.shape
    dout = (dout.transpose(0, 2, 3, 1) if untranspose else dout).reshape(-1, FN)
    dW = np.dot(im2col(x, FH, FW, 1, 1).T, dout).transpose(1, 0).reshape(FN, C, FH, FW)
    dx = col2im(np.dot(dout, W.reshape(FN, -1)), x.shape, FH, FW, 1, 1, add)
    return dx, dW, np.sum(dout, axis=0)


def mp_conv(x, W, b):
    padded = np.full((len(x), x.shape[1], x.shape[2] + 2, x.shape[3] + 2), mp.mpf(0))
    padded[:, :, 1:-1, 1:-1] = x
    out = np.empty((len(x), len(W), *x.shape[2:]), dtype=object)
    for n, f, i, j in np.ndindex(out.shape):
        out[n, f, i, j] = (padded[n, :, i : i + 3, j : j + 3] * W[f]).sum() + b[f]
    return out


CONV = Reference(mp_conv)
CONV_IN = (rng.standard_normal((1, 2, 3, 3)), rng.standard_normal((2, 2, 3, 3)), rng.standard_normal(2))
right("scratch_im2col_convolution", "vjp", conv, conv_vjp, CONV_IN, "im2col forward, col2im backward.", CONV)
wrong(
    "scratch_col2im_overwrites", "vjp", conv, lambda c, x, W, b: conv_vjp(c, x, W, b, add=False), CONV_IN,
    "col2im assigns where windows overlap.", CONV,
)  # fmt: skip
wrong(
    "scratch_im2col_channels_not_last", "vjp", conv, lambda c, x, W, b: conv_vjp(c, x, W, b, untranspose=False),
    CONV_IN, "The cotangent was reshaped without moving its channels to the end.", CONV,
)  # fmt: skip


# batch normalisation with running statistics kept on self
class BatchNormalization:
    def __init__(self, momentum=0.9):
        self.momentum, self.running_mean = momentum, None

    def forward(self, x):
        mu = x.mean(axis=0)
        if self.running_mean is None:
            self.running_mean = np.zeros_like(mu)
        self.running_mean = self.momentum * self.running_mean + (1 - self.momentum) * mu
        xc = x - mu
        return xc / np.sqrt(np.mean(xc**2, axis=0) + 1e-6)

    def forward_centred_by_running_mean(self, x):
        self.forward(x)
        return x - self.running_mean


def bn_vjp(c, x):
    xc = x - x.mean(axis=0)
    inv = 1.0 / np.sqrt(np.mean(xc**2, axis=0) + 1e-6)
    xn = xc * inv
    return inv * (c - c.mean(axis=0) - xn * (c * xn).mean(axis=0))


def mp_bn(x):
    xc = x - x.mean(axis=0)
    return xc / mp.sqrt((xc * xc).mean(axis=0) + 1e-6)


right(
    "scratch_batchnorm_running_mean_on_the_side", "vjp", BatchNormalization().forward, bn_vjp, X,
    "A running mean is kept, and training mode does not use it.", Reference(mp_bn),
)  # fmt: skip
wrong(
    "scratch_batchnorm_running_mean_used", "vjp", BatchNormalization().forward_centred_by_running_mean,
    lambda c, x: c * 1.0, X, "The forward pass subtracts a mean that drifts with every call.",
    LabelledByIntent("two calls differ", shows=shows.not_repeatable),
)  # fmt: skip

# embeddings and negative sampling
VOCABULARY, IDS = rng.standard_normal((5, 3)), np.array([1, 3, 1, 4])


def embedding_vjp_loop(c, W, idx):
    dW = np.zeros_like(W)
    for i, word_id in enumerate(idx):
        dW[word_id] += c[i]
    return dW, None


def embedding_vjp_fancy(c, W, idx):
    dW = np.zeros_like(W)
    dW[idx] += c
    return dW, None


EMBED = Reference(lambda W, idx: W[idx])
right("scratch_embedding_loop", "vjp", lambda W, idx: W[idx], embedding_vjp_loop, (VOCABULARY, IDS), "Loop.", EMBED)
wrong(
    "scratch_embedding_fancy_plus_equals", "vjp", lambda W, idx: W[idx], embedding_vjp_fancy, (VOCABULARY, IDS),
    "dW[idx] += c counts a repeated word once.", EMBED,
)  # fmt: skip
wrong(
    "scratch_embedding_repeat_elsewhere", "vjp", lambda W, idx: W[idx], embedding_vjp_fancy,
    (VOCABULARY, np.array([1, 3, 0, 4])), "The same, at indices without a repeat: wrong for others.",
    Reference(EMBED.value, at=((VOCABULARY, IDS),)),
)  # fmt: skip
WORD = rng.standard_normal((2, 3))
POSITIVE, NEGATIVE = np.array([1, 0]), np.array([[2, 3], [4, 2]])


def negative_sampling(h, W):
    loss = 0.0
    for k, label in [(POSITIVE, 1), *((NEGATIVE[:, j], 0) for j in range(2))]:
        score = np.sum(W[k] * h, axis=1)
        loss += np.mean(np.logaddexp(0, -score if label else score))
    return loss


def negative_sampling_gradient(h, W, accumulate=True):
    dh, dW = np.zeros_like(h), np.zeros_like(W)
    for k, label in [(POSITIVE, 1), *((NEGATIVE[:, j], 0) for j in range(2))]:
        dscore = (1 / (1 + np.exp(-np.sum(W[k] * h, axis=1))) - label).reshape(-1, 1) / len(h)
        dh = dh + dscore * W[k] if accumulate else dscore * W[k]
        np.add.at(dW, k, dscore * h)
    return dh, dW


def mp_negative_sampling(h, W):
    total = mp.mpf(0)
    for i in range(2):
        total += mp.log1p(mp.exp(-(W[POSITIVE[i]] * h[i]).sum()))
        total += sum(mp.log1p(mp.exp((W[k] * h[i]).sum())) for k in NEGATIVE[i])
    return total / 2


SAMPLING = Reference(mp_negative_sampling)
right(
    "scratch_negative_sampling", "gradient", negative_sampling, negative_sampling_gradient, (WORD, VOCABULARY),
    "One positive, two negatives, one of them drawn twice.", SAMPLING,
)  # fmt: skip
wrong(
    "scratch_negative_sampling_last_term_only", "gradient", negative_sampling,
    lambda h, W: negative_sampling_gradient(h, W, accumulate=False), (WORD, VOCABULARY),
    "dh is overwritten by each sampled word.", SAMPLING,
)  # fmt: skip
