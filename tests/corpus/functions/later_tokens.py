"""Layers of language models, contrasts and graphs with one mistake each: the sixth held-out set."""

import numpy as np

from ..item import Category
from ..retold import retold

CATEGORY = Category("later tokens")
right, wrong = CATEGORY.right, CATEGORY.wrong
rng = np.random.default_rng(7201)

# places as rotations (github.com/huggingface/candle/pull/3612)
ROWS, SPEEDS = rng.standard_normal((3, 4)), np.array([1.0, 0.3])
PLACES = np.arange(1.0, 4.0)


def rotated(x, speeds):
    angle = PLACES[:, None] * speeds
    a, b = x[:, :2], x[:, 2:]
    return np.concatenate([a * np.cos(angle) - b * np.sin(angle), a * np.sin(angle) + b * np.cos(angle)], axis=1)


def rotated_backward(c, x, speeds, back=1.0, places=PLACES, second=1.0):
    angle = PLACES[:, None] * speeds
    cos, sin = np.cos(angle), np.sin(angle)
    u, v, a, b = c[:, :2], c[:, 2:], x[:, :2], x[:, 2:]
    da, db = u * cos + back * v * sin, v * cos - back * u * sin
    turned = u * (-a * sin - b * cos) + second * v * (a * cos - b * sin)
    return np.concatenate([da, db], axis=1), (places[:, None] * turned).sum(axis=0)


T = retold(rotated)
TURNED = (ROWS, SPEEDS)
right("later_rotated", "vjp", rotated, rotated_backward, TURNED, "Turned back by the same angle.", T)
wrong("later_rotated_forwards_again", "vjp", rotated, lambda c, *a: rotated_backward(c, *a, back=-1.0), TURNED,
      "The sine is not negated on the way back.", T)  # fmt: skip
wrong("later_rotated_without_places", "vjp", rotated,
      lambda c, *a: rotated_backward(c, *a, places=np.ones(3)), TURNED, "The angle's inner factor.", T)  # fmt: skip
wrong("later_rotated_first_half_alone", "vjp", rotated, lambda c, *a: rotated_backward(c, *a, second=0.0), TURNED,
      "The speeds move the second half, too.", T)  # fmt: skip

# a norm by the root of the mean square
TOKENS, SCALES = rng.standard_normal((3, 4)), np.array([0.8, 1.3, -0.6, 1.1])


def rooted(x, w):
    size = np.sqrt(np.mean(x**2, axis=1, keepdims=True) + 1e-6)
    return x / size * w


def rooted_backward(c, x, w, size_moves=1.0, count=4, scaled=True, batch=1):
    size = np.sqrt(np.mean(x**2, axis=1, keepdims=True) + 1e-6)
    d = c * w if scaled else c
    dx = d / size - size_moves * x * (d * x).sum(axis=1, keepdims=True) / (count * size**3)
    return dx, (c * x / size).sum(axis=0) / batch


T = retold(rooted)
NORMED = (TOKENS, SCALES)
right("later_rooted", "vjp", rooted, rooted_backward, NORMED, "The size depends on every entry.", T)
wrong("later_rooted_size_held", "vjp", rooted, lambda c, *a: rooted_backward(c, *a, size_moves=0.0), NORMED,
      "The size is taken for given.", T)  # fmt: skip
wrong("later_rooted_sum_for_mean", "vjp", rooted, lambda c, *a: rooted_backward(c, *a, count=1), NORMED,
      "The mean's 1/4 is lost.", T)  # fmt: skip
wrong("later_rooted_unscaled", "vjp", rooted, lambda c, *a: rooted_backward(c, *a, scaled=False), NORMED,
      "The weights do not scale what comes back.", T)  # fmt: skip
wrong("later_rooted_scales_averaged", "vjp", rooted, lambda c, *a: rooted_backward(c, *a, batch=3), NORMED,
      "Averaged over the tokens.", T)  # fmt: skip

# a layer's own mean and spread (github.com/karpathy/llm.c/pull/408)
HIDDEN, GAMMA, BETA = rng.standard_normal((4, 3)), np.array([1.2, 0.7, -0.9]), np.array([0.1, -0.2, 0.3])


def centred(x, gamma, beta):
    apart = x - np.mean(x, axis=1, keepdims=True)
    spread = np.sqrt(np.mean(apart**2, axis=1, keepdims=True) + 1e-5)
    return gamma * apart / spread + beta


def centred_backward(c, x, gamma, beta, mean_moves=1.0, spread_moves=1.0, last=False):
    apart = x - x.mean(axis=1, keepdims=True)
    spread = np.sqrt((apart**2).mean(axis=1, keepdims=True) + 1e-5)
    h = apart / spread
    d = c * gamma
    dx = d - mean_moves * d.mean(axis=1, keepdims=True) - spread_moves * h * (d * h).mean(axis=1, keepdims=True)
    dg, db = (c * h, c)
    return dx / spread, dg[-1] if last else dg.sum(axis=0), db[-1] if last else db.sum(axis=0)


T = retold(centred)
LAYER = (HIDDEN, GAMMA, BETA)
right("later_centred", "vjp", centred, centred_backward, LAYER, "Three terms.", T)
wrong("later_centred_mean_held", "vjp", centred, lambda c, *a: centred_backward(c, *a, mean_moves=0.0), LAYER,
      "The mean is taken for given.", T)  # fmt: skip
wrong("later_centred_spread_held", "vjp", centred, lambda c, *a: centred_backward(c, *a, spread_moves=0.0), LAYER,
      "The spread is taken for given.", T)  # fmt: skip
wrong("later_centred_not_accumulated", "vjp", centred, lambda c, *a: centred_backward(c, *a, last=True), LAYER,
      "Each token overwrites what the ones before it added to gamma and beta.", T)  # fmt: skip

# attention that looks back
QUERIES, KEYS, VALUES = (rng.standard_normal((3, 2)) for _ in range(3))
BEHIND = np.tril(np.ones((3, 3)))


def looked(q, k, v):
    scores = q @ k.T / np.sqrt(2.0)
    e = np.exp(scores) * BEHIND
    p = e / np.sum(e, axis=1, keepdims=True)
    return p @ v


def looked_backward(c, q, k, v, scale=2.0, below=1.0, turned=True, crossed=True):
    e = np.exp(q @ k.T / np.sqrt(2.0)) * BEHIND
    p = e / e.sum(axis=1, keepdims=True)
    dp = c @ v.T
    ds = p * (dp - below * (dp * p).sum(axis=1, keepdims=True)) / np.sqrt(scale)
    return ds @ k, (ds.T if crossed else ds) @ q, (p.T if turned else p) @ c


T = retold(looked)
HEAD = (QUERIES, KEYS, VALUES)
right("later_looked", "vjp", looked, looked_backward, HEAD, "Softmax over what lies behind.", T)
wrong("later_looked_unscaled", "vjp", looked, lambda c, *a: looked_backward(c, *a, scale=1.0), HEAD,
      "1/sqrt(d) is forgotten.", T)  # fmt: skip
wrong("later_looked_sum_held", "vjp", looked, lambda c, *a: looked_backward(c, *a, below=0.0), HEAD,
      "The sum below is taken for given.", T)  # fmt: skip
wrong("later_looked_values_unturned", "vjp", looked, lambda c, *a: looked_backward(c, *a, turned=False), HEAD,
      "P where its transpose is due.", T)  # fmt: skip
wrong("later_looked_keys_unturned", "vjp", looked, lambda c, *a: looked_backward(c, *a, crossed=False), HEAD,
      "The scores' gradient where its transpose is due.", T)  # fmt: skip

# bags of words
WORDS, BAGS, SHARES = rng.standard_normal((5, 2)), np.array([[0, 3, 3], [1, 0, 4]]), rng.uniform(0.5, 2.0, (2, 3))


def bagged(table, shares):
    picked = table[BAGS]
    return np.sum(picked * shares[:, :, None], axis=1)


def bagged_backward(c, table, shares, added=True, weighed=True, parted=False):
    g = np.zeros_like(table)
    part = c[:, None, :] * shares[:, :, None] if weighed else np.repeat(c[:, None, :], 3, axis=1)
    if added:
        np.add.at(g, BAGS, part)
    else:
        g[BAGS] = part
    ds = (table[BAGS] * c[:, None, :]).sum(axis=2)
    return g, ds / 2 if parted else ds


T = retold(bagged)
BAG = (WORDS, SHARES)
right("later_bagged", "vjp", bagged, bagged_backward, BAG, "Words that occur twice get both.", T)
wrong("later_bagged_assigned", "vjp", bagged, lambda c, *a: bagged_backward(c, *a, added=False), BAG,
      "A word that occurs twice gets the last part alone.", T)  # fmt: skip
wrong("later_bagged_unweighed", "vjp", bagged, lambda c, *a: bagged_backward(c, *a, weighed=False), BAG,
      "Words get their part without its share.", T)  # fmt: skip
wrong("later_bagged_shares_over_width", "vjp", bagged, lambda c, *a: bagged_backward(c, *a, parted=True), BAG,
      "A mean over the width where a sum is due.", T)  # fmt: skip

# a gate that swings
GATED, UP, DOWN = rng.standard_normal(4), rng.standard_normal((3, 4)), rng.standard_normal((3, 4))


def gated(x, up, down):
    u, g = up @ x, down @ x
    swung = g / (1 + np.exp(-g))
    return u * swung


def gated_backward(c, x, up, down, slope="whole", linear=True):
    u, g = up @ x, down @ x
    s = 1 / (1 + np.exp(-g))
    slopes = {"whole": s * (1 + g * (1 - s)), "sigmoid": s * (1 - s), "value": s}
    du, dg = c * g * s, c * u * slopes[slope]
    dx = up.T @ du * linear + down.T @ dg
    return dx, np.outer(du, x), np.outer(dg, x)


T = retold(gated)
GATE = (GATED, UP, DOWN)
right("later_gated", "vjp", gated, gated_backward, GATE, "The product rule, twice.", T)
wrong("later_gated_slope_of_the_sigmoid", "vjp", gated, lambda c, *a: gated_backward(c, *a, slope="sigmoid"), GATE,
      "Another activation's slope.", T)  # fmt: skip
wrong("later_gated_sigmoid_held", "vjp", gated, lambda c, *a: gated_backward(c, *a, slope="value"), GATE,
      "g moves above alone, not in its sigmoid.", T)  # fmt: skip
wrong("later_gated_by_the_gate_alone", "vjp", gated, lambda c, *a: gated_backward(c, *a, linear=False), GATE,
      "x reaches the product through the gate alone.", T)  # fmt: skip

# pairs of pictures and sentences
PICTURES, SENTENCES, HEAT = rng.standard_normal((3, 2)), rng.standard_normal((3, 2)), np.array(0.4)


def unit(x):
    return x / np.sqrt(np.sum(x**2, axis=1, keepdims=True))


def paired_up(x, y, heat):
    scores = unit(x) @ unit(y).T / heat
    rows = np.log(np.sum(np.exp(scores), axis=1)) - np.diag(scores)
    columns = np.log(np.sum(np.exp(scores), axis=0)) - np.diag(scores)
    return np.mean(rows) + np.mean(columns)


def paired_up_gradient(x, y, heat, columns=1.0, lengths=True, square=2, mean=3):
    a, b = unit(x), unit(y)
    s = a @ b.T / heat
    e = np.exp(s)
    ds = (e / e.sum(axis=1, keepdims=True) - np.eye(3) + columns * (e / e.sum(axis=0) - np.eye(3))) / mean

    def back(d, u, raw):
        size = np.sqrt((raw**2).sum(axis=1, keepdims=True))
        return (d - lengths * u * (d * u).sum(axis=1, keepdims=True)) / size

    dheat = -(ds * (a @ b.T)).sum() / heat**square
    return back(ds @ b / heat, a, x), back(ds.T @ a / heat, b, y), np.array(dheat)


T = retold(paired_up)
PAIR = (PICTURES, SENTENCES, HEAT)
right("later_paired_up", "gradient", paired_up, paired_up_gradient, PAIR, "Rows and columns.", T)
wrong("later_paired_up_rows_alone", "gradient", paired_up, lambda *a: paired_up_gradient(*a, columns=0.0), PAIR,
      "The columns' half of the loss is forgotten.", T)  # fmt: skip
wrong("later_paired_up_lengths_held", "gradient", paired_up, lambda *a: paired_up_gradient(*a, lengths=False), PAIR,
      "The lengths are taken for given.", T)  # fmt: skip
wrong("later_paired_up_heat_once", "gradient", paired_up, lambda *a: paired_up_gradient(*a, square=1), PAIR,
      "1/t where 1/t^2 is due.", T)  # fmt: skip
wrong("later_paired_up_summed", "gradient", paired_up, lambda *a: paired_up_gradient(*a, mean=1), PAIR,
      "A sum over the pairs where f takes the mean.", T)  # fmt: skip

# neighbours by the roots of their degrees
EDGES, NODES = np.abs(rng.standard_normal((4, 4))) + 0.2, rng.standard_normal((4, 2))


def spread_out(a, h):
    degree = np.sum(a, axis=1)
    share = 1 / np.sqrt(degree)
    return (share[:, None] * a * share[None, :]) @ h


def spread_out_backward(c, a, h, degrees=1.0, columns=1.0, turned=True, power=1.5):
    degree = a.sum(axis=1)
    s = degree**-0.5
    m = s[:, None] * a * s
    dm = c @ h.T
    ds = (dm * a * s).sum(axis=1) + columns * (dm * a * s[:, None]).sum(axis=0)
    da = s[:, None] * dm * s + degrees * (ds * -0.5 * degree**-power)[:, None]
    return da, (m.T if turned else m) @ c


T = retold(spread_out)
GRAPH = (EDGES, NODES)
right("later_spread_out", "vjp", spread_out, spread_out_backward, GRAPH, "Degrees move with the edges.", T)
wrong("later_spread_out_degrees_held", "vjp", spread_out, lambda c, *a: spread_out_backward(c, *a, degrees=0.0), GRAPH,
      "The degrees are taken for given.", T)  # fmt: skip
wrong("later_spread_out_senders_held", "vjp", spread_out, lambda c, *a: spread_out_backward(c, *a, columns=0.0), GRAPH,
      "The degree of the node that sends is taken for given.", T)  # fmt: skip
wrong("later_spread_out_unturned", "vjp", spread_out, lambda c, *a: spread_out_backward(c, *a, turned=False), GRAPH,
      "The graph of one direction is not turned.", T)  # fmt: skip
wrong("later_spread_out_exponent", "vjp", spread_out, lambda c, *a: spread_out_backward(c, *a, power=0.5), GRAPH,
      "The exponent -1/2 is not lowered.", T)  # fmt: skip

# labels that are not quite sure
LOGITS, LABELS = rng.standard_normal((3, 4)), np.array([2, 0, 3])


def smoothed(z):
    wanted = 0.9 * np.eye(4)[LABELS] + 0.025
    log_p = z - np.log(np.sum(np.exp(z), axis=1, keepdims=True))
    return -np.sum(wanted * log_p) / 3


def smoothed_gradient(z, smooth=True, batch=3, sign=1.0):
    e = np.exp(z)
    wanted = 0.9 * np.eye(4)[LABELS] + 0.025 if smooth else np.eye(4)[LABELS]
    return sign * (e / e.sum(axis=1, keepdims=True) - wanted) / batch


T = retold(smoothed)
right("later_smoothed", "gradient", smoothed, smoothed_gradient, (LOGITS,), "Shares minus what is wanted.", T)
wrong("later_smoothed_over_classes", "gradient", smoothed, lambda z: smoothed_gradient(z, batch=4), (LOGITS,),
      "Divided by the classes, not by the samples.", T)  # fmt: skip
wrong("later_smoothed_sign", "gradient", smoothed, lambda z: smoothed_gradient(z, sign=-1.0), (LOGITS,),
      "Wanted minus shares.", T)  # fmt: skip
