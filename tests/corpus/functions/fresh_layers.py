"""Layers of networks with one mistake each, written by hand after public reports: the third held-out set."""

import numpy as np

from .. import shows
from .. import truth as mp
from ..item import Category
from ..truth import LabelledByIntent, Reference

CATEGORY = Category("fresh layers")
right, wrong = CATEGORY.right, CATEGORY.wrong
rng = np.random.default_rng(9301)
mpf = mp.mpf


def softmax(z):
    e = np.exp(z - z.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


# attention with a learnt bias per pair of places, and a causal mask
HEADS = (rng.standard_normal((3, 2)), rng.standard_normal((3, 2)), rng.standard_normal((3, 2)))
PAIR_BIAS, VISIBLE = 0.5 * rng.standard_normal((3, 3)), np.tril(np.ones((3, 3))) > 0


def biased_attention(q, k, v, bias):
    scores = q @ k.T / np.sqrt(2) + bias
    p = softmax(np.where(VISIBLE, scores, -1e9))
    return p @ v


def biased_attention_backward(c, q, k, v, bias, of_bias=1.0):
    p = softmax(np.where(VISIBLE, q @ k.T / np.sqrt(2) + bias, -1e9))
    dp = c @ v.T
    ds = p * (dp - np.sum(dp * p, axis=-1, keepdims=True))
    return ds @ k / np.sqrt(2), ds.T @ q / np.sqrt(2), p.T @ c, of_bias * ds


def mp_biased_attention(q, k, v, bias):
    e = mp.exp(q @ k.T / mp.sqrt(mpf(2)) + bias) * mp.lift(VISIBLE.astype(float))
    return e / e.sum(axis=1, keepdims=True) @ v


ATTENTION = (*HEADS, PAIR_BIAS)
right("fresh_biased_attention", "vjp", biased_attention, biased_attention_backward, ATTENTION,
      "The bias is added after the scale.", Reference(mp_biased_attention))  # fmt: skip
wrong("fresh_biased_attention_bias_scaled", "vjp", biased_attention,
      lambda c, *a: biased_attention_backward(c, *a, of_bias=1 / np.sqrt(2)), ATTENTION,
      "ds is divided by sqrt(d) before it is handed to the bias as well (homework on relative places).",
      Reference(mp_biased_attention))  # fmt: skip

# weights that are dropped out after the softmax
KEPT = np.array([[1.0, 0, 1, 1], [1, 1, 0, 1], [0, 1, 1, 1]]) / 0.75
QUERIES, KEYS, VALUES = (rng.standard_normal((n, 2)) for n in (3, 4, 4))


def dropped_attention(q, k, v):
    p = softmax(q @ k.T)
    kept = p * KEPT
    return kept @ v


def dropped_attention_backward_unmasked(c, q, k, v):
    p = softmax(q @ k.T)
    dp = c @ v.T
    ds = p * (dp - np.sum(dp * p, axis=-1, keepdims=True))
    return ds @ k, ds.T @ q, (p * KEPT).T @ c


wrong("fresh_dropped_attention_unmasked", "vjp", dropped_attention, dropped_attention_backward_unmasked,
      (QUERIES, KEYS, VALUES), "The mask reaches the values, and is forgotten on the way to the scores (homework).",
      Reference(lambda q, k, v: mp.softmax(q @ k.T, axis=1) * mp.lift(KEPT) @ v))  # fmt: skip

# layer norm of sequences
SEQUENCES = (rng.standard_normal((2, 3, 4)), rng.standard_normal(4), rng.standard_normal(4))


def sequence_norm(x, gain, bias):
    mean = x.mean(axis=-1, keepdims=True)
    var = ((x - mean) ** 2).mean(axis=-1, keepdims=True)
    unit = (x - mean) / np.sqrt(var + 1e-5)
    return unit * gain + bias


def sequence_norm_backward(c, x, gain, bias, over=-1):
    mean = x.mean(axis=-1, keepdims=True)
    rstd = 1 / np.sqrt(((x - mean) ** 2).mean(axis=-1, keepdims=True) + 1e-5)
    unit, d = (x - mean) * rstd, c * gain
    part = d.mean(axis=over, keepdims=True) + unit * (d * unit).mean(axis=over, keepdims=True)
    return rstd * (d - part), (c * unit).sum(axis=(0, 1)), c.sum(axis=(0, 1))


def mp_sequence_norm(x, gain, bias):
    centred = x - x.sum(axis=-1, keepdims=True) / 4
    return centred / mp.sqrt((centred * centred).sum(axis=-1, keepdims=True) / 4 + mpf(1e-5)) * gain + bias


right("fresh_sequence_norm", "vjp", sequence_norm, sequence_norm_backward, SEQUENCES, "Each token by itself.",
      Reference(mp_sequence_norm))  # fmt: skip
wrong("fresh_sequence_norm_two_axes", "vjp", sequence_norm, lambda c, *a: sequence_norm_backward(c, *a, over=(1, 2)),
      SEQUENCES, "Means over all but the first axis, as if the input had two (FlagGems #5392).",
      Reference(mp_sequence_norm))  # fmt: skip

# batch norm whose mean is differentiated as a sum
BATCH = rng.standard_normal((5, 3))


def plain_batch_norm(x):
    mu = x.mean(axis=0)
    centred = x - mu
    return centred / np.sqrt((centred**2).mean(axis=0) + 1e-5)


def plain_batch_norm_backward(c, x):
    centred = x - x.mean(axis=0)
    inv = 1 / np.sqrt((centred**2).mean(axis=0) + 1e-5)
    dvar = -0.5 * (c * centred).sum(axis=0) * inv**3
    dmu = -(c * inv).sum(axis=0)
    return c * inv + dvar * 2 * centred / len(x) + dmu


def mp_plain_batch_norm(x):
    centred = x - x.sum(axis=0) / 5
    return centred / mp.sqrt((centred * centred).sum(axis=0) / 5 + mpf(1e-5))


wrong("fresh_batch_norm_mean_undivided", "vjp", plain_batch_norm, plain_batch_norm_backward, BATCH,
      "The mean's part is not divided by the size of the batch (mlpack #1923, after PR #1327).",
      Reference(mp_plain_batch_norm))  # fmt: skip

# root mean square norm with a gain around one
GAINED = (rng.standard_normal((2, 4)), 0.5 * rng.standard_normal(4))


def offset_rms_norm(x, w):
    r = 1 / np.sqrt(np.mean(x**2, axis=-1, keepdims=True) + 1e-6)
    return x * r * (1 + w)


def offset_rms_norm_backward(c, x, w, one=1.0):
    r = 1 / np.sqrt(np.mean(x**2, axis=-1, keepdims=True) + 1e-6)
    unit, d = x * r, c * (one + w)
    return r * (d - unit * np.mean(d * unit, axis=-1, keepdims=True)), (c * unit).sum(axis=0)


def mp_offset_rms_norm(x, w):
    return x / mp.sqrt((x * x).sum(axis=-1, keepdims=True) / 4 + mpf(1e-6)) * (1 + w)


right("fresh_offset_rms_norm", "vjp", offset_rms_norm, offset_rms_norm_backward, GAINED, "1 + w on both ways.",
      Reference(mp_offset_rms_norm))  # fmt: skip
wrong("fresh_offset_rms_norm_plain_gain", "vjp", offset_rms_norm,
      lambda c, *a: offset_rms_norm_backward(c, *a, one=0.0), GAINED,
      "The backward of the other kind of gain, w for 1 + w (as kernels for both kinds confuse them).",
      Reference(mp_offset_rms_norm))  # fmt: skip

# channels that are squeezed to gates
SQUEEZED = (rng.standard_normal((2, 3, 4)), rng.standard_normal((3, 3)))


def excite(x, w):
    pooled = x.mean(axis=2)
    gate = 1 / (1 + np.exp(-(pooled @ w)))
    return x * gate[:, :, None]


def excite_backward(c, x, w, through_pool=1.0):
    pooled = x.mean(axis=2)
    gate = 1 / (1 + np.exp(-(pooled @ w)))
    dz = (c * x).sum(axis=2) * gate * (1 - gate)
    return c * gate[:, :, None] + through_pool * (dz @ w.T)[:, :, None] / 4, pooled.T @ dz


def mp_excite(x, w):
    return x * mp.sigmoid(x.sum(axis=2) / 4 @ w)[:, :, None]


right("fresh_squeeze_and_excite", "vjp", excite, excite_backward, SQUEEZED, "Both uses of x.", Reference(mp_excite))
wrong("fresh_squeeze_and_excite_gate_held", "vjp", excite, lambda c, *a: excite_backward(c, *a, through_pool=0.0),
      SQUEEZED, "The gate depends on x through the pool, which is forgotten (a question of a course's forum).",
      Reference(mp_excite))  # fmt: skip

# an exponential linear unit in a dense layer
DENSE = (rng.standard_normal((4, 3)), rng.standard_normal((3, 2)))


def elu_layer(x, w):
    z = x @ w
    return np.where(z > 0, z, 0.8 * np.expm1(np.minimum(z, 0.0)))


def elu_layer_backward(c, x, w, of_output=True):
    z = x @ w
    y = elu_layer(x, w)
    d = c * np.where(z > 0, 1.0, (y if of_output else z) + 0.8)
    return d @ w.T, x.T @ d


def mp_elu_layer(x, w):
    z = x @ w
    return np.where((z > 0).astype(bool), z, mpf(0.8) * mp.expm1(z))


right("fresh_elu_layer", "vjp", elu_layer, elu_layer_backward, DENSE, "By the output.", Reference(mp_elu_layer))
wrong("fresh_elu_layer_slope_of_the_input", "vjp", elu_layer,
      lambda c, *a: elu_layer_backward(c, *a, of_output=False), DENSE,
      "x + alpha, where the formula is one of the output: y + alpha (mlpack PR #1540, DeepCL #46).",
      Reference(mp_elu_layer))  # fmt: skip

# a swish with a slope that is learnt
SWISHED, BETA = rng.standard_normal((3, 2)), np.array([0.7, 1.4])


def swish(x, beta):
    return x / (1 + np.exp(-beta * x))


def swish_backward(c, x, beta):
    s = 1 / (1 + np.exp(-beta * x))
    slope = s * (1 - s)
    return c * (s + beta * x * slope), (c * x * slope).sum(axis=0)


wrong("fresh_learnt_swish_without_x", "vjp", swish, swish_backward, (SWISHED, BETA),
      "By beta the argument beta x has the slope x, which is left out (homework).",
      Reference(lambda x, beta: x * mp.sigmoid(beta * x)))  # fmt: skip

# logarithms of shares
LOGITS, CLASS_WEIGHTS = rng.standard_normal((3, 4)), np.array([0.5, 1.5, 1.0, 2.0])


def log_shares(z):
    top = z.max(axis=1, keepdims=True)
    logp = z - top - np.log(np.sum(np.exp(z - top), axis=1, keepdims=True))
    return logp * CLASS_WEIGHTS


def log_shares_backward(c, z, summed=True):
    p, d = softmax(z), c * CLASS_WEIGHTS
    return d - p * (d.sum(axis=1, keepdims=True) if summed else d)


def mp_log_shares(z):
    return (z - mp.log(mp.exp(z).sum(axis=1, keepdims=True))) * mp.lift(CLASS_WEIGHTS)


right("fresh_log_shares", "vjp", log_shares, log_shares_backward, LOGITS, "With the row's sum.",
      Reference(mp_log_shares))  # fmt: skip
wrong("fresh_log_shares_unsummed", "vjp", log_shares, lambda c, z: log_shares_backward(c, z, summed=False), LOGITS,
      "d - p d entry by entry: the row's sum of d is missing (after mlpack PR #2364).",
      Reference(mp_log_shares))  # fmt: skip


# a rectifier that masks the cotangent which it was given
def rectified(x, w):
    return np.maximum(x, 0.0) * w


def rectified_backward(dout, x, w):
    dw = (dout * np.maximum(x, 0.0)).sum(axis=0)
    dout *= w
    dout[x <= 0] = 0
    return dout, dw


wrong("fresh_rectified_in_place", "vjp", rectified, rectified_backward, (SWISHED, BETA),
      "dx = dout; dx[x <= 0] = 0 writes into the cotangent of the caller, as in many courses' solutions.",
      LabelledByIntent("the cotangent is another one afterwards", shows=shows.mutates_cotangent))  # fmt: skip
