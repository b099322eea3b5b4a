"""Layers and training code: normalisations, gates, batches, buffers, and what their backward passes lose."""

import numpy as np

from .. import truth as mp
from ..item import Category
from ..truth import LabelledByIntent, Reference

CATEGORY = Category("new training")
right, wrong = CATEGORY.right, CATEGORY.wrong
rng = np.random.default_rng(1004)
mpf, mpm = mp.mpf, mp.mpmath


def draw(*shape):
    return rng.standard_normal(shape)


# standardisation of columns with an epsilon that matters
READ = draw(5, 3)


def standardise(x):
    mu = x.mean(axis=0)
    centred = x - mu
    var = (centred**2).mean(axis=0)
    return centred / np.sqrt(var + 0.1)


def standardise_vjp(c, x, kind="right"):
    centred = x - x.mean(axis=0)
    var = (centred**2).mean(axis=0)
    inv = 1 / np.sqrt(var + (0.0 if kind == "epsilon" else 0.1))
    if kind == "squared":
        c = c * c
    dvar = (c * centred).sum(axis=0) * -0.5 * inv**3
    if kind == "spread":
        dvar = 0 * dvar
    dcentred = c * inv + 2 * centred * dvar / len(x)
    return dcentred if kind == "mean" else dcentred - dcentred.mean(axis=0)


def mp_standardise(x):
    centred = x - x.sum(axis=0) / len(x)
    return centred / mp.sqrt((centred**2).sum(axis=0) / len(x) + mpf(0.1))


STANDARD = Reference(mp_standardise)
for kind, label, why in (
    ("right", right, "Through the mean and the variance."),
    ("epsilon", wrong, "The epsilon of 0.1 is left out of the inverse deviation."),
    ("mean", wrong, "The mean is treated as a constant."),
    ("spread", wrong, "The deviation is treated as a constant."),
    ("squared", wrong, "The cotangent was multiplied in by the caller, and here again."),
):
    label(
        "standardise_columns" + ("" if kind == "right" else f"_{kind}"), "vjp", standardise,
        lambda c, x, kind=kind: standardise_vjp(c, x, kind), READ, why, STANDARD,
    )  # fmt: skip


# cosine similarity of two batches of embeddings
def cosine_loss(a, b):
    na = np.sqrt((a * a).sum(axis=1))
    nb = np.sqrt((b * b).sum(axis=1))
    cosines = (a * b).sum(axis=1) / (na * nb)
    return np.sum(1 - cosines)


def cosine_loss_gradient(a, b, norms=True):
    na = np.sqrt((a * a).sum(axis=1, keepdims=True))
    nb = np.sqrt((b * b).sum(axis=1, keepdims=True))
    cosines = (a * b).sum(axis=1, keepdims=True) / (na * nb)
    ga, gb = -b / (na * nb), -a / (na * nb)
    return (ga + cosines * a / na**2, gb + cosines * b / nb**2) if norms else (ga + cosines * a / na**2, gb)


def mp_cosine(a, b):
    return sum(1 - (u * v).sum() / mpm.sqrt((u * u).sum() * (v * v).sum()) for u, v in zip(a, b, strict=True))


COSINE, COSINE_IN = Reference(mp_cosine), (draw(3, 4), draw(3, 4))
right("cosine_loss_of_batches", "gradient", cosine_loss, cosine_loss_gradient, COSINE_IN, "Both norms.", COSINE)
wrong(
    "cosine_loss_second_norm_constant", "gradient", cosine_loss, lambda a, b: cosine_loss_gradient(a, b, False),
    COSINE_IN, "The second norm is treated as a constant.", COSINE,
)  # fmt: skip


# a batch of Gaussian energies, looped over samples
CENTRES = draw(4, 3)


def energies(x, log_width):
    total = 0.0
    for i in range(4):
        gap = x[i] - CENTRES[i]
        width = np.exp(log_width)
        total = total + np.sum(gap**2 / width) + np.sum(log_width)
    return total


def energies_gradient(x, log_width, sample=lambda i: i):
    gx, gw = np.zeros_like(x), np.zeros_like(log_width)
    for i in range(4):
        gap = x[sample(i)] - CENTRES[sample(i)]
        gx[i] = 2 * gap / np.exp(log_width)
        gw += 1 - gap**2 / np.exp(log_width)
    return gx, gw


ENERGIES = Reference(lambda x, s: ((x - mp.lift(CENTRES)) ** 2 / mp.exp(s)).sum() + 4 * s.sum())
ENERGIES_IN = (draw(4, 3), draw(3))
right("energies_by_sample", "gradient", energies, energies_gradient, ENERGIES_IN, "A loop over samples.", ENERGIES)
wrong(
    "energies_first_sample", "gradient", energies, lambda x, s: energies_gradient(x, s, lambda i: 0), ENERGIES_IN,
    "x[0] where x[i] belongs: every sample gets the first one's gradient.", ENERGIES,
)  # fmt: skip
wrong(
    "energies_only_first_written", "gradient", energies,
    lambda x, s: (energies_gradient(x, s)[0] * (np.arange(4) == 0)[:, None], energies_gradient(x, s)[1]), ENERGIES_IN,
    "Only the first sample's row is written.", ENERGIES,
)  # fmt: skip


# a linear layer between others: what becomes of the cotangent
def swish_layer(x, W):
    z = x @ W
    return z / (1 + np.exp(-z))


def swish_layer_vjp(c, x, W):
    z = x @ W
    s = 1 / (1 + np.exp(-z))
    dz = c * (s + z * s * (1 - s))
    return dz @ W.T, x.T @ dz


SWISH, SWISH_IN = Reference(lambda x, W: (x @ W) * mp.sigmoid(x @ W)), (draw(3, 4), draw(4, 2))
right("swish_layer", "vjp", swish_layer, swish_layer_vjp, SWISH_IN, "c enters once.", SWISH)
wrong(
    "swish_layer_cotangent_ignored", "vjp", swish_layer, lambda c, x, W: swish_layer_vjp(np.ones_like(c), x, W),
    SWISH_IN, "Ones for the cotangent: the layer was tested under a sum.", SWISH,
)  # fmt: skip
wrong(
    "swish_layer_cotangent_mean", "vjp", swish_layer,
    lambda c, x, W: swish_layer_vjp(np.full_like(c, c.mean()), x, W), SWISH_IN,
    "The cotangent's mean for all of its entries.", SWISH,
)  # fmt: skip
wrong(
    "swish_layer_cotangent_twice", "vjp", swish_layer,
    lambda c, x, W: (swish_layer_vjp(c * c, x, W)[0], swish_layer_vjp(c, x, W)[1]), SWISH_IN,
    "c multiplies dz, and again what goes to x.", SWISH,
)  # fmt: skip
wrong(
    "swish_layer_in_half_precision", "vjp", swish_layer,
    lambda c, x, W: tuple(g.astype(np.float16).astype(float) for g in swish_layer_vjp(c, x, W)), SWISH_IN,
    "Gradients sent as float16.", SWISH,
)  # fmt: skip


def swish_slope(z):
    s = 1 / (1 + np.exp(-z))
    return s + z * s * (1 - s)


def single_product(c, x, W):
    dz = c * swish_slope(x @ W)
    return dz @ W.T, (x.T.astype(np.float32) @ dz.astype(np.float32)).astype(float)


wrong(
    "swish_layer_single_product", "vjp", swish_layer, single_product, SWISH_IN, "The product for W runs in float32.",
    SWISH,
)  # fmt: skip


# gradients after the step, gradients of the call before
INPUTS, OUTPUTS = draw(5, 3), draw(5, 2)


def linear_net(W1, W2):
    h = np.tanh(INPUTS @ W1)
    return np.sum((h @ W2 - OUTPUTS) ** 2)


def linear_net_gradient(W1, W2, rate=0.0):
    h = np.tanh(INPUTS @ W1)
    dout = 2 * (h @ W2 - OUTPUTS)
    dW2 = h.T @ dout
    W2 = W2 - rate * dW2
    return INPUTS.T @ (dout @ W2.T * (1 - h * h)), dW2


LINEAR_NET = Reference(lambda a, b: ((mp.tanh(mp.lift(INPUTS) @ a) @ b - mp.lift(OUTPUTS)) ** 2).sum())
LINEAR_IN = (draw(3, 4), draw(4, 2))
right("sgd_layers_in_order", "gradient", linear_net, linear_net_gradient, LINEAR_IN, "Old weights.", LINEAR_NET)
wrong(
    "sgd_second_layer_stepped_first", "gradient", linear_net, lambda a, b: linear_net_gradient(a, b, 0.05), LINEAR_IN,
    "W2 has made its step before it carries the error back.", LINEAR_NET,
)  # fmt: skip


def remembering(gradient):
    """Keeps the activations of the first point of a shape, as a workspace that is never refreshed does."""
    kept = {}

    def called(a, b):
        first = kept.setdefault((a.shape, b.shape), (a.copy(), b.copy()))
        return gradient(first[0], b)

    return called


def stays_at_the_first_point(item):
    fresh, (a, b) = remembering(linear_net_gradient), item.inputs
    fresh(a, b)
    return not np.allclose(fresh(2 * a, b)[1], linear_net_gradient(2 * a, b)[1])


wrong(
    "sgd_activations_of_the_first_call", "gradient", linear_net, remembering(linear_net_gradient), LINEAR_IN,
    "The activations belong to the first call with these shapes.",
    LabelledByIntent("Another W1 changes nothing any more.", shows=stays_at_the_first_point),
)  # fmt: skip


# a gated sum of experts, in which something gets nothing, a constant, or not all of it
STIMULUS = draw(6)


def experts(gate, W, b):
    g = np.exp(gate - gate.max())
    g = g / g.sum()
    z = W @ STIMULUS + b
    outputs = np.log1p(np.exp(z))
    return g @ outputs


def experts_gradient(gate, W, b):
    g = np.exp(gate - gate.max())
    g = g / g.sum()
    z = W @ STIMULUS + b
    outputs = np.log1p(np.exp(z))
    dz = g / (1 + np.exp(-z))
    return g * (outputs - g @ outputs), np.outer(dz, STIMULUS), dz


EXPERTS = Reference(lambda q, W, b: (mp.softmax(q) * mp.log1p(mp.exp(W @ mp.lift(STIMULUS) + b))).sum())
EXPERTS_IN = (draw(4), 0.5 * draw(4, 6), draw(4))


def bent(change):
    def gradient(gate, W, b):
        return change(*experts_gradient(gate, W, b))

    return gradient


def last_column_lost(dgate, dW, db):
    dW = dW.copy()
    dW[:, -1] = 0
    return dgate, dW, db


right("experts_gated", "gradient", experts, experts_gradient, EXPERTS_IN, "Gate, weights, bias.", EXPERTS)
for name, change, why in (
    ("gate_zero", lambda q, W, b: (0 * q, W, b), "The gate is never trained."),
    ("bias_ones", lambda q, W, b: (q, W, np.ones_like(b)), "Ones for the bias, as if f were the sum of z."),
    ("last_column", last_column_lost, "Columns up to n - 1."),
    ("bias_is_gate", lambda q, W, b: (q, W, q.copy()), "The gate's gradient is copied into the bias."),
    ("weights_rolled", lambda q, W, b: (q, np.roll(W, 1, axis=1), b), "Columns shifted by one."),
    ("bias_reversed", lambda q, W, b: (q, W, b[::-1].copy()), "The bias in reversed order."),
    ("gate_and_bias_exchanged", lambda q, W, b: (b, W, q), "Gate and bias in the wrong order."),
    ("weights_sign", lambda q, W, b: (q, -W, b), "The weights' gradient has the wrong sign."),
):
    wrong(f"experts_{name}", "gradient", experts, bent(change), EXPERTS_IN, why, EXPERTS)
