"""Networks and layers as courses have them written: several blocks, one mistake in the backward pass."""

import numpy as np

from .. import truth as mp
from ..item import Category
from ..truth import Reference

CATEGORY = Category("new networks")
right, wrong = CATEGORY.right, CATEGORY.wrong
rng = np.random.default_rng(1003)
mpf, mpm = mp.mpf, mp.mpmath


def draw(*shape):
    return rng.standard_normal(shape)


# softmax regression on a batch, with weight decay
PIXELS, LABELS, DECAY = draw(6, 4), np.array([0, 2, 1, 2, 2, 0]), 0.3


def classifier_loss(W, b):
    scores = PIXELS @ W + b
    scores = scores - scores.max(axis=1, keepdims=True)
    e = np.exp(scores)
    probs = e / e.sum(axis=1, keepdims=True)
    data_loss = -np.log(probs[np.arange(6), LABELS]).mean()
    return data_loss + 0.5 * DECAY * np.sum(W * W)


def classifier_gradient(W, b, decay=DECAY, per_class=np.sum):
    scores = PIXELS @ W + b
    e = np.exp(scores - scores.max(axis=1, keepdims=True))
    dscores = e / e.sum(axis=1, keepdims=True)
    dscores[np.arange(6), LABELS] -= 1
    dscores /= 6
    return PIXELS.T @ dscores + decay * W, per_class(dscores, axis=0)


def mp_classifier(W, b):
    scores = mp.lift(PIXELS) @ W + b
    picked = scores[np.arange(6), LABELS]
    return (mp.logsumexp(scores, axis=1) - picked).sum() / 6 + mpf(DECAY) / 2 * (W * W).sum()


CLASSIFIER, CLASSIFIER_IN = Reference(mp_classifier), (draw(4, 3), draw(3))
right(
    "softmax_regression_decayed", "gradient", classifier_loss, classifier_gradient, CLASSIFIER_IN,
    "Mean over the batch, half the squared weights.", CLASSIFIER,
)  # fmt: skip
wrong(
    "softmax_regression_bias_mean_again", "gradient", classifier_loss,
    lambda W, b: classifier_gradient(W, b, per_class=np.mean), CLASSIFIER_IN,
    "The bias is averaged over a batch that was averaged already.", CLASSIFIER,
)  # fmt: skip
wrong(
    "softmax_regression_decay_without_half", "gradient", classifier_loss,
    lambda W, b: classifier_gradient(W, b, decay=2 * DECAY), CLASSIFIER_IN,
    "The half of the penalty is forgotten.", CLASSIFIER,
)  # fmt: skip
wrong(
    "softmax_regression_decay_missing", "gradient", classifier_loss,
    lambda W, b: classifier_gradient(W, b, decay=0.0), CLASSIFIER_IN, "The penalty is missing.", CLASSIFIER,
)  # fmt: skip

# two layers with sigmoids and a squared error
FEATURES, ANSWERS = draw(5, 3), draw(5, 2)


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def two_layer_cost(W1, b1, W2):
    z1 = FEATURES @ W1 + b1
    a1 = 1 / (1 + np.exp(-z1))
    out = a1 @ W2
    return 0.5 * np.sum((out - ANSWERS) ** 2) / len(FEATURES)


def two_layer_gradient(W1, b1, W2, slope):
    a1 = sigmoid(FEATURES @ W1 + b1)
    dout = (a1 @ W2 - ANSWERS) / len(FEATURES)
    dz1 = dout @ W2.T * slope(a1)
    return FEATURES.T @ dz1, dz1.sum(axis=0), a1.T @ dout


def mp_two_layer(W1, b1, W2):
    return ((mp.sigmoid(mp.lift(FEATURES) @ W1 + b1) @ W2 - mp.lift(ANSWERS)) ** 2).sum() / 10


TWO_LAYER, TWO_LAYER_IN = Reference(mp_two_layer), (draw(3, 4), draw(4), draw(4, 2))
TWO_LAYER_SLOPES = (
    ("", right, lambda a: a * (1 - a), "The slope from the activation."),
    ("_slope_of_activation", wrong, lambda a: sigmoid(a) * (1 - sigmoid(a)), "sigmoid' is given the activation."),
    ("_slope_forgotten", wrong, lambda a: 1.0, "sigmoid' is forgotten."),
    ("_slope_twice", wrong, lambda a: (a * (1 - a)) ** 2, "sigmoid' is applied twice."),
    ("_slope_of_tanh", wrong, lambda a: 1 - a**2, "The slope of tanh for a sigmoid."),
)
for name, label, slope, why in TWO_LAYER_SLOPES:
    label(
        f"sigmoid_net{name}", "gradient", two_layer_cost,
        lambda W1, b1, W2, slope=slope: two_layer_gradient(W1, b1, W2, slope), TWO_LAYER_IN, why, TWO_LAYER,
    )  # fmt: skip

# one head of attention with its projections
TOKENS = draw(4, 3)


def attention_head(Wq, Wk, Wv):
    Q, K, V = TOKENS @ Wq, TOKENS @ Wk, TOKENS @ Wv
    scores = Q @ K.T / np.sqrt(3)
    e = np.exp(scores - scores.max(axis=-1, keepdims=True))
    weights = e / e.sum(axis=-1, keepdims=True)
    return weights @ V


def attention_head_vjp(c, Wq, Wk, Wv, kind="right"):
    Q, K, V = TOKENS @ Wq, TOKENS @ Wk, TOKENS @ Wv
    scores = Q @ K.T / np.sqrt(3)
    e = np.exp(scores - scores.max(axis=-1, keepdims=True))
    A = e / e.sum(axis=-1, keepdims=True)
    dA = c @ V.T
    dS = A * (1 - A) * dA if kind == "diagonal" else A * (dA - (A * dA).sum(axis=-1, keepdims=True))
    dS = dS / np.sqrt(3)
    dQ, dK = dS @ K, (dS if kind == "product" else dS.T) @ Q
    dWq, dWk, dWv = TOKENS.T @ dQ, TOKENS.T @ dK, TOKENS.T @ (A.T @ c)
    if kind == "values":
        dWv = TOKENS.T @ (A @ c)
    return (dWk, dWq, dWv) if kind == "exchanged" else (dWq, dWk, dWv)


def mp_attention_head(Wq, Wk, Wv):
    X = mp.lift(TOKENS)
    return mp.softmax((X @ Wq) @ (X @ Wk).T / mpm.sqrt(3)) @ (X @ Wv)


HEAD, HEAD_IN = Reference(mp_attention_head), (draw(3, 3), draw(3, 3), draw(3, 3))
for kind, label, why in (
    ("right", right, "Three projections."),
    ("diagonal", wrong, "Softmax's Jacobian is cut to its diagonal."),
    ("product", wrong, "dS is not transposed for the keys."),
    ("values", wrong, "The weights are not transposed for the values."),
    ("exchanged", wrong, "The gradients of Wq and Wk are handed back in the wrong order."),
):
    label(
        "attention_head_projected" + ("" if kind == "right" else f"_{kind}"), "vjp", attention_head,
        lambda c, q, k, v, kind=kind: attention_head_vjp(c, q, k, v, kind), HEAD_IN, why, HEAD,
    )  # fmt: skip

# inverted dropout, seeded as a course prescribes
ACTIVATIONS, KEEP = draw(4, 5), 0.8


def dropout_block(x, w):
    np.random.seed(12)  # noqa: NPY002 (as the course prescribes)
    mask = (np.random.rand(*x.shape) < KEEP) / KEEP  # noqa: NPY002 (from the seeded one)
    h = np.tanh(x) * mask
    return h @ w


def dropout_block_vjp(c, x, w, masks=lambda drawn: drawn / KEEP):
    np.random.seed(12)  # noqa: NPY002 (as the course prescribes)
    drawn = np.random.rand(*x.shape) < KEEP  # noqa: NPY002 (from the seeded one)
    h = np.tanh(x)
    return c @ w.T * masks(drawn) * (1 - h * h), (h * (drawn / KEEP)).T @ c


MASK = np.random.RandomState(12).rand(4, 5) < KEEP
DROPOUT = Reference(lambda x, w: (mp.tanh(x) * mp.lift(MASK / KEEP)) @ w)
DROPOUT_IN = (ACTIVATIONS, draw(5, 2))
right(
    "dropout_block_seeded", "vjp", dropout_block, dropout_block_vjp, DROPOUT_IN, "Seeded in f and backwards.", DROPOUT
)
wrong(
    "dropout_block_scale_forgotten", "vjp", dropout_block,
    lambda c, x, w: dropout_block_vjp(c, x, w, lambda drawn: drawn * 1.0), DROPOUT_IN,
    "The mask without its scale 1 / keep.", DROPOUT,
)  # fmt: skip
wrong(
    "dropout_block_mask_forgotten", "vjp", dropout_block,
    lambda c, x, w: dropout_block_vjp(c, x, w, lambda drawn: np.ones(drawn.shape)), DROPOUT_IN,
    "The mask itself is forgotten.", DROPOUT,
)  # fmt: skip

# a bag of word vectors with a repeated word
WORDS, FREQUENCY = np.array([3, 1, 3, 0, 3]), np.array([1.0, 0.5, 2.0, 1.5, 0.25])


def bag_of_words(table, w):
    vectors = table[WORDS] * FREQUENCY[:, None]
    bag = vectors.sum(axis=0)
    return np.tanh(bag) @ w


def bag_of_words_gradient(table, w, scatter):
    bag = (table[WORDS] * FREQUENCY[:, None]).sum(axis=0)
    dbag = w * (1 - np.tanh(bag) ** 2)
    dtable = np.zeros_like(table)
    scatter(dtable, FREQUENCY[:, None] * dbag)
    return dtable, np.tanh(bag)


def assigned(dtable, rows):
    dtable[WORDS] = rows


def shifted(dtable, rows):
    np.add.at(dtable, WORDS + 1, rows)


BAG = Reference(lambda t, w: (mp.tanh((t[WORDS] * mp.lift(FREQUENCY)[:, None]).sum(axis=0)) * w).sum())
for name, label, how, why in (
    ("", right, lambda d, rows: np.add.at(d, WORDS, rows), "np.add.at for the repeated word."),
    ("_assigned", wrong, assigned, "A word that occurs three times keeps its last contribution."),
    ("_shifted", wrong, shifted, "Indices that count from 1 in the backward pass."),
):
    label(
        f"bag_of_words{name}", "gradient", bag_of_words,
        lambda t, w, how=how: bag_of_words_gradient(t, w, how), (draw(5, 3), draw(3)), why, BAG,
    )  # fmt: skip

# an Elman network over six steps
SEQUENCE = draw(6, 2)


def elman(Wx, Wh, b):
    h = np.zeros(3)
    total = 0.0
    for t in range(6):
        z = SEQUENCE[t] @ Wx + h @ Wh + b
        h = np.tanh(z)
        total = total + np.sum(h * h)
    return total


def elman_gradient(Wx, Wh, b, kind="right"):
    hs = [np.zeros(3)]
    for x in SEQUENCE:
        hs.append(np.tanh(x @ Wx + hs[-1] @ Wh + b))
    dWx, dWh, db, dh_next = np.zeros_like(Wx), np.zeros_like(Wh), np.zeros_like(b), np.zeros(3)
    for t in reversed(range(6)):
        if kind == "window" and t == 2:
            dh_next = np.zeros(3)
        dh = 2 * hs[t + 1] + (0 if kind == "carry" else dh_next)
        dz = dh * (1 - hs[t + 1] ** 2)
        if kind == "assigned":
            dWx, dWh, db = np.outer(SEQUENCE[t], dz), np.outer(hs[t], dz), dz
        else:
            dWx, dWh, db = dWx + np.outer(SEQUENCE[t], dz), dWh + np.outer(hs[t], dz), db + dz
        dh_next = Wh @ dz
    if kind == "late":
        dWh = dWh + np.outer(hs[6], dz)
    return dWx, dWh, db


def mp_elman(Wx, Wh, b):
    h, total = np.full(3, mpf(0)), mpf(0)
    for x in mp.lift(SEQUENCE):
        h = mp.tanh(x @ Wx + h @ Wh + b)
        total += (h * h).sum()
    return total


ELMAN, ELMAN_IN = Reference(mp_elman), (draw(2, 3), 0.7 * draw(3, 3), draw(3))
for kind, label, why in (
    ("right", right, "Back through all steps."),
    ("window", wrong, "The chain is cut once, as truncated back-propagation does."),
    ("carry", wrong, "Nothing is carried from step to step."),
    ("assigned", wrong, "Every step overwrites what the others gave."),
):
    label(
        "elman_six_steps" + ("" if kind == "right" else f"_{kind}"), "gradient", elman,
        lambda Wx, Wh, b, kind=kind: elman_gradient(Wx, Wh, b, kind), ELMAN_IN, why, ELMAN,
    )  # fmt: skip
