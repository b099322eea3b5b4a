"""Losses with one mistake each, after public reports and questions."""

import numpy as np

from .. import truth as mp
from ..item import Category
from ..truth import Reference

CATEGORY = Category("fresh losses")
right, wrong = CATEGORY.right, CATEGORY.wrong
rng = np.random.default_rng(9303)
mpf = mp.mpf


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def softmax(z):
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


# a smooth Huber loss with a knee at 0.4
ROWS, MEASURED = rng.standard_normal((6, 3)), rng.standard_normal(6)
LINE = (rng.standard_normal(3), np.array(0.2))


def smooth_huber(w, b):
    e = ROWS @ w + b - MEASURED
    return np.mean(0.4**2 * (np.sqrt(1 + (e / 0.4) ** 2) - 1))


def smooth_huber_gradient(w, b, alpha=0.4):
    e = ROWS @ w + b - MEASURED
    d = alpha * e / np.sqrt(e**2 + 0.4**2) / len(e)
    return ROWS.T @ d, d.sum()


def mp_smooth_huber(w, b):
    e = mp.lift(ROWS) @ w + b - mp.lift(MEASURED)
    return (mpf(0.4**2) * (mp.sqrt(1 + (e / mpf(0.4)) ** 2) - 1)).sum() / 6


right("fresh_smooth_huber", "gradient", smooth_huber, smooth_huber_gradient, LINE, "alpha e / sqrt(e^2 + alpha^2).",
      Reference(mp_smooth_huber))  # fmt: skip
wrong("fresh_smooth_huber_without_alpha", "gradient", smooth_huber, lambda *a: smooth_huber_gradient(*a, alpha=1.0),
      LINE, "e / sqrt(e^2 + alpha^2), which a test at alpha = 1 does not see (RubixML PR #446).",
      Reference(mp_smooth_huber))  # fmt: skip

# overlap of a soft mask with the true one
SOFT_MASK, TRUE_MASK = rng.uniform(0.1, 0.9, (3, 4)), (rng.random((3, 4)) > 0.5).astype(float)


def dice(p):
    inter = np.sum(p * TRUE_MASK)
    union = np.sum(p) + np.sum(TRUE_MASK)
    return 2 * inter / union


def dice_gradient(p):
    inter, union = np.sum(p * TRUE_MASK), np.sum(p) + np.sum(TRUE_MASK)
    return 2 * (TRUE_MASK * union - inter) / (union * union)


def dice_gradient_plus(p):
    inter, union = np.sum(p * TRUE_MASK), np.sum(p) + np.sum(TRUE_MASK)
    return 2 * (TRUE_MASK * union + inter) / (union * union)


def dice_gradient_precedence(p):
    inter, union = np.sum(p * TRUE_MASK), np.sum(p) + np.sum(TRUE_MASK)
    return 2 * (TRUE_MASK * union - inter) / union * union


def mp_dice(p):
    t = mp.lift(TRUE_MASK)
    return 2 * (p * t).sum() / (p.sum() + t.sum())


right("fresh_dice", "gradient", dice, dice_gradient, SOFT_MASK, "The quotient rule.", Reference(mp_dice))
wrong("fresh_dice_plus", "gradient", dice, dice_gradient_plus, SOFT_MASK,
      "Plus for minus in the quotient rule (milesial/Pytorch-UNet #35).", Reference(mp_dice))  # fmt: skip
wrong("fresh_dice_precedence", "gradient", dice, dice_gradient_precedence, SOFT_MASK,
      "/ union * union divides once and multiplies again (the same line of Pytorch-UNet #35).",
      Reference(mp_dice))  # fmt: skip

# an anchor between what is like it and what is not
TRIPLES = (np.array([[0.0, 0.1], [1.0, -0.3], [0.4, 0.8], [-0.5, 0.2]]),
           np.array([[0.6, 0.4], [1.2, 0.1], [-0.7, 0.9], [-0.4, 0.1]]),
           np.array([[0.5, -0.3], [1.1, -0.9], [0.2, 0.5], [1.5, 1.8]]))  # fmt: skip


def triplets(a, p, n):
    near = np.sum((a - p) ** 2, axis=1)
    far = np.sum((a - n) ** 2, axis=1)
    hinge = np.maximum(near - far + 0.3, 0.0)
    return np.sum(hinge) / len(a)


def triplets_gradient(a, p, n, by_active=False):
    active = (np.sum((a - p) ** 2, axis=1) - np.sum((a - n) ** 2, axis=1) + 0.3 > 0).astype(float)[:, None]
    scale = 2 * active / (active.sum() if by_active else len(a))
    return scale * (n - p), scale * (p - a), scale * (a - n)


def mp_triplets(a, p, n):
    return mp.relu(((a - p) ** 2).sum(axis=1) - ((a - n) ** 2).sum(axis=1) + mpf(0.3)).sum() / 4


right("fresh_triplets", "gradient", triplets, triplets_gradient, TRIPLES, "Over all triplets.",
      Reference(mp_triplets))  # fmt: skip
wrong("fresh_triplets_over_the_active", "gradient", triplets, lambda *a: triplets_gradient(*a, by_active=True),
      TRIPLES, "The loss is divided by all triplets, the gradient by the active ones (wanji/caffe-sl #7).",
      Reference(mp_triplets))  # fmt: skip

# images and captions, with the temperature by its logarithm
PAIRS = (rng.standard_normal((3, 2)), rng.standard_normal((3, 2)), np.array(0.4))


def image_text(a, b, s):
    scale = np.exp(s)
    z = scale * (a @ b.T)
    rows = np.log(np.exp(z).sum(axis=1)) - np.diag(z)
    columns = np.log(np.exp(z).sum(axis=0)) - np.diag(z)
    return (rows.mean() + columns.mean()) / 2


def image_text_gradient(a, b, s, chain=True):
    cosines, scale = a @ b.T, np.exp(s)
    e = np.exp(scale * cosines)
    d = (e / e.sum(axis=1, keepdims=True) + e / e.sum(axis=0) - 2 * np.eye(3)) / 6
    return scale * d @ b, scale * d.T @ a, np.sum(d * cosines) * (scale if chain else 1.0)


def mp_image_text(a, b, s):
    z = mp.exp(s) * (a @ b.T)
    e = mp.exp(z)
    return (mp.log(e.sum(axis=1)).sum() + mp.log(e.sum(axis=0)).sum() - 2 * np.trace(z)) / 6


right("fresh_image_text", "gradient", image_text, image_text_gradient, PAIRS, "By the logarithm.",
      Reference(mp_image_text))  # fmt: skip
wrong("fresh_image_text_by_the_scale", "gradient", image_text, lambda *a: image_text_gradient(*a, chain=False), PAIRS,
      "The derivative by the scale is handed out as that by its logarithm (openvdb/fvdb-core PR #433).",
      Reference(mp_image_text))  # fmt: skip

# a focal loss of two classes
SCORES, POSITIVE = rng.standard_normal(6), np.array([1.0, 0, 1, 0, 0, 1])


def focal_of_two(z):
    p = sigmoid(z)
    hits = (1 - p) ** 2 * np.log(p)
    passes = p**2 * np.log(1 - p)
    return -np.sum(POSITIVE * hits + (1 - POSITIVE) * passes)


def focal_of_two_gradient(z):
    p = sigmoid(z)
    off = np.where(POSITIVE > 0, 1 - p, p)
    weighted = np.where(POSITIVE > 0, 2 * p * off**2, -2 * off**2 * (1 - p)) * np.log(1 - off)
    return weighted - off**3


def mp_focal_of_two(z):
    p, y = mp.sigmoid(z), mp.lift(POSITIVE)
    return -(y * (1 - p) ** 2 * mp.log(p) + (1 - y) * p * p * mp.log(1 - p)).sum()


wrong("fresh_focal_of_two_last_sign", "gradient", focal_of_two, focal_of_two_gradient, SCORES,
      "Both classes are merged, and (-1)^y is missing before the last term (Imbalance-XGBoost #1).",
      Reference(mp_focal_of_two))  # fmt: skip

# texts of unlike length, each with its mean
TEXTS, LENGTHS = rng.standard_normal((2, 3, 4)), np.array([3, 2])
WANTED, IS_TOKEN = np.array([[1, 0, 3], [2, 2, 0]]), np.array([[1.0, 1, 1], [1, 1, 0]])


def text_loss(z):
    logp = z - np.log(np.sum(np.exp(z), axis=2, keepdims=True))
    picked = np.take_along_axis(logp, WANTED[:, :, None], axis=2)[:, :, 0]
    per_text = -np.sum(picked * IS_TOKEN, axis=1) / LENGTHS
    return per_text.mean()


def text_loss_gradient(z, by_text=True):
    p = np.exp(z) / np.exp(z).sum(axis=2, keepdims=True)
    weight = IS_TOKEN / (2 * LENGTHS[:, None]) if by_text else IS_TOKEN / IS_TOKEN.sum()
    return (p - np.eye(4)[WANTED]) * weight[:, :, None]


def mp_text_loss(z):
    logp = z - mp.log(mp.exp(z).sum(axis=2, keepdims=True))
    return -sum(logp[b, t, WANTED[b, t]] / int(LENGTHS[b]) for b in range(2) for t in range(LENGTHS[b])) / 2


right("fresh_text_loss", "gradient", text_loss, text_loss_gradient, TEXTS, "By text.", Reference(mp_text_loss))
wrong("fresh_text_loss_by_all_tokens", "gradient", text_loss, lambda z: text_loss_gradient(z, by_text=False), TEXTS,
      "The mean over all tokens is differentiated, not the mean of means (a question about padded batches).",
      Reference(mp_text_loss))  # fmt: skip

# one item is to be preferred to another
PREFERENCES = (rng.standard_normal((3, 2)), rng.standard_normal((3, 2)), rng.standard_normal((3, 2)))


def preferred(user, liked, other):
    gap = np.sum(user * (liked - other), axis=1)
    return -np.sum(np.log(sigmoid(gap))) + 0.05 * np.sum(user**2)


def preferred_gradient(user, liked, other, of_log=True):
    s = sigmoid(np.sum(user * (liked - other), axis=1, keepdims=True))
    d = -(1 - s) if of_log else -s * (1 - s)
    return d * (liked - other) + 0.1 * user, d * user, -d * user


def mp_preferred(user, liked, other):
    return -mp.log(mp.sigmoid((user * (liked - other)).sum(axis=1))).sum() + mpf(0.05) * (user * user).sum()


right("fresh_preferred_items", "gradient", preferred, preferred_gradient, PREFERENCES, "log sigmoid's slope.",
      Reference(mp_preferred))  # fmt: skip
wrong("fresh_preferred_items_sigmoid_slope", "gradient", preferred, lambda *a: preferred_gradient(*a, of_log=False),
      PREFERENCES, "The sigmoid's slope for that of its logarithm, as benfred/implicit #716 asks for.",
      Reference(mp_preferred))  # fmt: skip
