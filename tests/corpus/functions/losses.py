"""Losses and likelihoods."""

from itertools import product

import numpy as np

from .. import truth as mp
from ..item import Category
from ..truth import Hull, LabelledByIntent, Reference

CATEGORY = Category("losses")
right, wrong = CATEGORY.right, CATEGORY.wrong
rng = np.random.default_rng(909)
LOGITS = rng.standard_normal((4, 3))
LABELS = np.array([0, 2, 1, 2])
X, W = rng.standard_normal((5, 3)), rng.standard_normal(3)
Y = np.array([0.0, 1.0, 1.0, 0.0, 1.0])


def softmax(z):
    e = np.exp(z - z.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


# softmax cross-entropy
def cross_entropy(z, labels):
    s = z - z.max(-1, keepdims=True)
    return np.mean(np.log(np.exp(s).sum(-1)) - s[np.arange(len(z)), labels])


def cross_entropy_gradient(z, labels, mean=True, one_hot=True):
    p = softmax(z)
    if one_hot:
        p[np.arange(len(z)), labels] -= 1
    return p / len(z) if mean else p, None


def mp_cross_entropy(z, labels):
    return sum(mp.logsumexp(row) - row[k] for row, k in zip(z, labels, strict=True)) / len(z)


XENT = Reference(mp_cross_entropy)
CONFIDENT = np.array([[30.0, 0.0, -30.0], [-20.0, 45.0, 1.0], [0.0, 0.1, 0.2], [900.0, 0.0, 1.0]])
right(
    "cross_entropy",
    "gradient",
    cross_entropy,
    cross_entropy_gradient,
    (LOGITS, LABELS),
    "Softmax minus one-hot, over n; integer labels have no gradient.",
    XENT,
)
wrong(
    "cross_entropy_mean_missing",
    "gradient",
    cross_entropy,
    lambda z, k: cross_entropy_gradient(z, k, mean=False),
    (LOGITS, LABELS),
    "1/n is missing.",
    XENT,
)
wrong(
    "cross_entropy_one_hot_missing",
    "gradient",
    cross_entropy,
    lambda z, k: cross_entropy_gradient(z, k, one_hot=False),
    (LOGITS, LABELS),
    "The one-hot target was not subtracted.",
    XENT,
)
right(
    "cross_entropy_confident",
    "gradient",
    cross_entropy,
    cross_entropy_gradient,
    (CONFIDENT, np.array([0, 1, 1, 2])),
    "Logits from -30 to 900: p - 1 loses digits that are nothing beside the block.",
    XENT,
)
wrong(
    "cross_entropy_probabilities_clipped",
    "gradient",
    cross_entropy,
    lambda z, k: ((np.clip(softmax(z), 1e-3, 1 - 1e-3) - np.eye(3)[k]) / len(z), None),
    (CONFIDENT, np.array([0, 1, 1, 2])),
    "Probabilities clipped to [1e-3, 1 - 1e-3] in the backward pass.",
    XENT,
)


def smoothed(z):
    t = 0.9 * np.eye(3)[LABELS] + 0.1 / 3
    return -np.sum(t * np.log(softmax(z)))


def smoothed_gradient(z, smooth=0.1):
    return softmax(z) - ((1 - smooth) * np.eye(3)[LABELS] + smooth / 3)


SMOOTH = Reference(lambda z: -((0.9 * np.eye(3)[LABELS] + 0.1 / 3) * mp.log(mp.softmax(z))).sum())
right("label_smoothing", "gradient", smoothed, smoothed_gradient, LOGITS, "Targets smoothed in both.", SMOOTH)
wrong(
    "label_smoothing_backward_unsmoothed",
    "gradient",
    smoothed,
    lambda z: smoothed_gradient(z, smooth=0.0),
    LOGITS,
    "Hard targets in the backward pass.",
    SMOOTH,
)


# logistic regression
def logistic(w, X, y):
    z = X @ w
    return np.sum(np.logaddexp(0, z) - y * z) + 0.05 * np.sum(w * w)


def logistic_gradient(w, X, y, penalty=0.1):
    r = 1 / (1 + np.exp(-(X @ w))) - y
    return X.T @ r + penalty * w, None, None


LOGISTIC = Reference(lambda w, X, y: (mp.log1p(mp.exp(X @ w)) - y * (X @ w)).sum() + 0.05 * (w * w).sum())
right(
    "logistic_regression",
    "gradient",
    logistic,
    logistic_gradient,
    (W, X, Y),
    "With a ridge.",
    LOGISTIC,
    options={"wrt": (0,)},
)
wrong(
    "logistic_regression_ridge_halved",
    "gradient",
    logistic,
    lambda w, X, y: logistic_gradient(w, X, y, penalty=0.05),
    (W, X, Y),
    "The ridge's factor two is missing.",
    LOGISTIC,
    options={"wrt": (0,)},
)
wrong(
    "logistic_regression_labels_plus_minus",
    "gradient",
    logistic,
    lambda w, X, y: logistic_gradient(w, X, 2 * y - 1),
    (W, X, Y),
    "Labels in {-1, 1} in the backward pass, in {0, 1} in the forward pass.",
    LOGISTIC,
    options={"wrt": (0,)},
)

# regression losses
R = np.array([0.3, -2.0, 1.7, -0.2, 4.0])
HUBER = Reference(lambda r: sum(v * v / 2 if abs(v) <= 1 else abs(v) - mp.mpf(1) / 2 for v in r))


def huber(r):
    a = np.abs(r)
    return np.sum(np.where(a <= 1, 0.5 * r * r, a - 0.5))


right("huber", "gradient", huber, lambda r: np.clip(r, -1, 1), R, "Both branches.", HUBER)
right(
    "huber_at_its_joint",
    "gradient",
    huber,
    lambda r: np.clip(r, -1, 1),
    np.array([1.0, -1.0, 0.5]),
    "Smooth at |r| = 1, although both branches meet there.",
    HUBER,
)
wrong("huber_never_clipped", "gradient", huber, lambda r: r, R, "The quadratic branch everywhere.", HUBER)
wrong(
    "huber_rare_outlier",
    "gradient",
    huber,
    lambda r: np.where(r > 1, 1.0, r),
    np.array([0.3, -0.4, 1.7, 0.2]),
    "Negative outliers are not clipped; the point has none.",
    Reference(HUBER.value, at=((R,),)),
)
LOGCOSH = Reference(lambda r: mp.log(mp.cosh(r)).sum())
right("log_cosh", "gradient", lambda r: np.sum(np.logaddexp(r, -r) - np.log(2)), np.tanh, R, "Overflow-free.", LOGCOSH)
wrong(
    "log_cosh_as_sign",
    "gradient",
    lambda r: np.sum(np.logaddexp(r, -r) - np.log(2)),
    np.sign,
    R,
    "The derivative of |r|, which log cosh resembles.",
    LOGCOSH,
)
QUANTILE = Reference(lambda r: sum(0.9 * v if v > 0 else (0.9 - 1) * v for v in r))


def pinball(r):
    return np.sum(np.maximum(0.9 * r, (0.9 - 1) * r))


right("pinball", "gradient", pinball, lambda r: np.where(r > 0, 0.9, 0.9 - 1), R, "Asymmetric.", QUANTILE)
wrong(
    "pinball_mirrored",
    "gradient",
    pinball,
    lambda r: np.where(r > 0, 0.1, -0.9),
    R,
    "tau and 1 - tau are mixed up.",
    QUANTILE,
)


# hinge losses and ranking
def svm(w, X, t):
    return np.sum(np.maximum(0, 1 - t * (X @ w)))


def svm_gradient(w, X, t, factor=1.0):
    active = t * (X @ w) < 1
    return -X.T @ (t * active) * factor, None, None


SIGNS = 2 * Y - 1
SVM = Reference(lambda w, X, t: mp.relu(1 - t * (X @ w)).sum())
right("svm_hinge", "gradient", svm, svm_gradient, (W, X, SIGNS), "Active margins only.", SVM, options={"wrt": (0,)})
wrong(
    "svm_hinge_inactive_too",
    "gradient",
    svm,
    lambda w, X, t: (-X.T @ t, None, None),
    (3 * W, X, SIGNS),
    "Satisfied margins still pull.",
    SVM,
    options={"wrt": (0,)},
)
ON = (np.array([1.0, 0.0]), np.array([[1.0, 2.0], [3.0, 1.0]]), np.array([1.0, 1.0]))
MARGIN = LabelledByIntent("between 0 and -x for the sample at its margin", (Hull([-1, -2], [0, 0]),))


def svm_on(w):
    return svm(w, ON[1], ON[2])


right(
    "svm_on_its_margin",
    "gradient",
    svm_on,
    lambda w: svm_gradient(w, ON[1], ON[2])[0],
    ON[0],
    "One sample exactly on its margin.",
    MARGIN,
)
wrong(
    "svm_on_its_margin_doubled",
    "gradient",
    svm_on,
    lambda w: -2.0 * ON[1][0] * (ON[2][0] * (ON[1][0] @ w) <= 1),
    ON[0],
    "Twice the sample.",
    MARGIN,
)
A, P, N = rng.standard_normal((3, 4, 2))
TRIPLET = Reference(lambda a, p, n: mp.relu(((a - p) ** 2).sum(axis=1) - ((a - n) ** 2).sum(axis=1) + mp.mpf(1)).sum())


def triplet(a, p, n):
    return np.sum(np.maximum(0, ((a - p) ** 2).sum(1) - ((a - n) ** 2).sum(1) + 1.0))


def triplet_gradient(a, p, n, anchor=True):
    on = (((a - p) ** 2).sum(1) - ((a - n) ** 2).sum(1) + 1.0 > 0)[:, None]
    return (2 * (n - p) if anchor else 2 * (a - p)) * on, -2 * (a - p) * on, 2 * (a - n) * on


right("triplet", "gradient", triplet, triplet_gradient, (A, P, N), "Anchor, positive, negative.", TRIPLET)
wrong(
    "triplet_anchor_one_distance",
    "gradient",
    triplet,
    lambda a, p, n: triplet_gradient(a, p, n, anchor=False),
    (A, P, N),
    "The anchor's share in the second distance is missing.",
    TRIPLET,
)


# divergences, similarity
def kl(z, q):
    p = softmax(z)
    return np.sum(p * (np.log(p) - np.log(q)))


def kl_gradient(z, q, normaliser=True):
    p = softmax(z)
    g = np.log(p) - np.log(q)
    return p * (g - (p * g).sum() if normaliser else g), -p / q


KL_IN = (rng.standard_normal(4), rng.dirichlet(np.ones(4)))
KL = Reference(lambda z, q: (mp.softmax(z) * mp.log(mp.softmax(z) / q)).sum())
right("kl_divergence", "gradient", kl, kl_gradient, KL_IN, "Through the softmax.", KL)
wrong(
    "kl_divergence_normaliser_forgotten",
    "gradient",
    kl,
    lambda z, q: kl_gradient(z, q, normaliser=False),
    KL_IN,
    "The softmax's normaliser was held constant.",
    KL,
)
MU, LV = rng.standard_normal(4), rng.standard_normal(4)
VAE = Reference(lambda m, v: (-1 - v + m * m + mp.exp(v)).sum() / 2)
right(
    "gaussian_kl",
    "gradient",
    lambda m, v: -0.5 * np.sum(1 + v - m * m - np.exp(v)),
    lambda m, v: (m * 1.0, 0.5 * (np.exp(v) - 1)),
    (MU, LV),
    "As in a variational autoencoder.",
    VAE,
)
wrong(
    "gaussian_kl_constant_lost",
    "gradient",
    lambda m, v: -0.5 * np.sum(1 + v - m * m - np.exp(v)),
    lambda m, v: (m * 1.0, 0.5 * np.exp(v)),
    (MU, LV),
    "The -1 of the log-variance is lost.",
    VAE,
)


def cosine(a, b):
    return a @ b / np.sqrt((a @ a) * (b @ b))


def cosine_gradient(a, b, project=True):
    na, nb = np.sqrt(a @ a), np.sqrt(b @ b)
    k = cosine(a, b) if project else 0.0
    return b / (na * nb) - k * a / na**2, a / (na * nb) - k * b / nb**2


COSINE = Reference(lambda a, b: (a * b).sum() / mp.sqrt((a * a).sum() * (b * b).sum()))
right("cosine_similarity", "gradient", cosine, cosine_gradient, (MU, LV), "Projected off the radius.", COSINE)
wrong(
    "cosine_similarity_norms_constant",
    "gradient",
    cosine,
    lambda a, b: cosine_gradient(a, b, project=False),
    (MU, LV),
    "Both norms held constant.",
    COSINE,
)


# focal loss
def focal(z):
    p = 1 / (1 + np.exp(-z))
    return np.sum(-((1 - p) ** 2) * np.log(p))


def focal_gradient(z, inner=True):
    p = 1 / (1 + np.exp(-z))
    weight = 2 * (1 - p) * np.log(p) * p * (1 - p) if inner else 0.0
    return weight - (1 - p) ** 3


FOCAL = Reference(lambda z: (-((1 - mp.sigmoid(z)) ** 2) * mp.log(mp.sigmoid(z))).sum())
right("focal_loss", "gradient", focal, focal_gradient, R, "Weight and logarithm both depend on p.", FOCAL)
wrong(
    "focal_loss_weight_constant",
    "gradient",
    focal,
    lambda z: focal_gradient(z, inner=False),
    R,
    "The modulating weight was held constant.",
    FOCAL,
)


# a small CTC: all alignments of the word "ab" with blanks, by dynamic programming
EXTENDED = [0, 1, 0, 2, 0]


def ctc(z):
    y = softmax(z)
    alpha = np.zeros((len(z), 5), dtype=y.dtype)
    alpha[0, 0], alpha[0, 1] = y[0, 0], y[0, 1]
    for t in range(1, len(z)):
        for s, k in enumerate(EXTENDED):
            a = alpha[t - 1, s]
            if s >= 1:
                a = a + alpha[t - 1, s - 1]
            if s == 3:
                a = a + alpha[t - 1, 1]
            alpha[t, s] = a * y[t, k]
    return -np.log(alpha[-1, 3] + alpha[-1, 4])


def ctc_gradient(z, skips=True):
    y = softmax(z)
    n = len(z)
    alpha, beta = np.zeros((n, 5)), np.zeros((n, 5))
    alpha[0, :2] = y[0, :2]
    beta[-1, 3:] = 1.0
    for t in range(1, n):
        for s, k in enumerate(EXTENDED):
            alpha[t, s] = y[t, k] * (
                alpha[t - 1, s] + (alpha[t - 1, s - 1] if s else 0) + (alpha[t - 1, 1] if s == 3 else 0)
            )
    for t in range(n - 2, -1, -1):
        for s in range(5):
            onward = [s, s + 1] + ([3] if s == 1 and skips else [])
            beta[t, s] = sum(beta[t + 1, r] * y[t + 1, EXTENDED[r]] for r in onward if r < 5)
    occupancy = np.zeros_like(y)
    for s, k in enumerate(EXTENDED):
        occupancy[:, k] += alpha[:, s] * beta[:, s]
    return y - occupancy / (alpha[-1, 3] + alpha[-1, 4])


def mp_ctc(z):
    """By enumeration: every labelling of the frames whose collapse is "ab"."""
    y = mp.softmax(z)
    total = mp.mpf(0)
    for path in product(range(3), repeat=len(z)):
        collapsed = [k for i, k in enumerate(path) if k and (i == 0 or path[i - 1] != k)]
        if collapsed == [1, 2]:
            weight = mp.mpf(1)
            for t, k in enumerate(path):
                weight *= y[t, k]
            total += weight
    return -mp.mpmath.log(total)


CTC = Reference(mp_ctc)
FRAMES = rng.standard_normal((4, 3))
right("ctc", "gradient", ctc, ctc_gradient, FRAMES, "Forward-backward over the extended word.", CTC)
wrong(
    "ctc_backward_without_skips",
    "gradient",
    ctc,
    lambda z: ctc_gradient(z, skips=False),
    FRAMES,
    "The backward recursion forgets that a blank may be skipped.",
    CTC,
)


# contrastive loss over a batch
def info_nce(u, v):
    s = u @ v.T / 0.5
    return np.mean(np.log(np.exp(s).sum(1)) - np.diag(s))


def info_nce_gradient(u, v, both=True):
    s = u @ v.T / 0.5
    d = (softmax(s) - np.eye(len(s))) / len(s) / 0.5
    return d @ v, (d.T if both else d) @ u


NCE = Reference(lambda u, v: sum(mp.logsumexp(row) - row[i] for i, row in enumerate(u @ v.T * 2)) / len(u))
right(
    "contrastive_batch", "gradient", info_nce, info_nce_gradient, (A, P), "Every sample is everybody's negative.", NCE
)
wrong(
    "contrastive_batch_untransposed",
    "gradient",
    info_nce,
    lambda u, v: info_nce_gradient(u, v, both=False),
    (A, P),
    "The similarity matrix is square, and its transpose is missing.",
    NCE,
)
