"""Small models and objectives of learning with one mistake each, after public reports on courses' code."""

import numpy as np

from .. import truth as mp
from ..item import Category
from ..truth import Reference

CATEGORY = Category("fresh learning")
right, wrong = CATEGORY.right, CATEGORY.wrong
rng = np.random.default_rng(9304)
mpf = mp.mpf


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def softmax(z):
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


# softmax regression
X, CLASSES = rng.standard_normal((5, 3)), np.array([0, 2, 1, 1, 0])
REGRESSION = (rng.standard_normal((3, 3)), rng.standard_normal(3))


def softmax_cost(w, b):
    z = X @ w + b
    return np.mean(np.log(np.sum(np.exp(z), axis=1)) - z[np.arange(5), CLASSES])


def softmax_cost_gradient(w, b, axis=0):
    d = (softmax(X @ w + b) - np.eye(3)[CLASSES]) / 5
    return X.T @ d, np.sum(d, axis=axis) + np.zeros(3)


def mp_softmax_cost(w, b):
    z = mp.lift(X) @ w + b
    return (mp.log(mp.exp(z).sum(axis=1)) - z[np.arange(5), CLASSES]).sum() / 5


right("fresh_softmax_cost", "gradient", softmax_cost, softmax_cost_gradient, REGRESSION, "A bias for each class.",
      Reference(mp_softmax_cost))  # fmt: skip
wrong("fresh_softmax_cost_bias_total", "gradient", softmax_cost, lambda *a: softmax_cost_gradient(*a, axis=None),
      REGRESSION, "One sum over samples and classes for every bias (rasbt/stat453 #5).",
      Reference(mp_softmax_cost))  # fmt: skip

# a network of two layers whose biases are penalised, too
AIMS = rng.standard_normal((5, 2))
TWO_LAYERS = (rng.standard_normal((3, 4)), rng.standard_normal(4), rng.standard_normal((4, 2)), rng.standard_normal(2))


def penalised_net(w1, b1, w2, b2):
    h = np.maximum(X @ w1 + b1, 0.0)
    loss = np.sum((h @ w2 + b2 - AIMS) ** 2) / 5
    return loss + 0.1 * (np.sum(w1 * w1) + np.sum(w2 * w2) + np.sum(b1 * b1) + np.sum(b2 * b2))


def penalised_net_gradient(w1, b1, w2, b2, of_biases=2.0):
    h = np.maximum(X @ w1 + b1, 0.0)
    d = 2 * (h @ w2 + b2 - AIMS) / 5
    dh = d @ w2.T * (h > 0)
    reg = 0.1
    return (X.T @ dh + 2 * reg * w1, dh.sum(axis=0) + of_biases * reg * b1,
            h.T @ d + 2 * reg * w2, d.sum(axis=0) + of_biases * reg * b2)  # fmt: skip


def mp_penalised_net(w1, b1, w2, b2):
    gap = mp.relu(mp.lift(X) @ w1 + b1) @ w2 + b2 - mp.lift(AIMS)
    return (gap * gap).sum() / 5 + mpf(0.1) * sum((p * p).sum() for p in (w1, b1, w2, b2))


right("fresh_penalised_net", "gradient", penalised_net, penalised_net_gradient, TWO_LAYERS, "All four are penalised.",
      Reference(mp_penalised_net))  # fmt: skip
wrong("fresh_penalised_net_biases_free", "gradient", penalised_net,
      lambda *a: penalised_net_gradient(*a, of_biases=0.0), TWO_LAYERS,
      "The loss penalises the biases, their gradient does not (Burton2000/CS231n-2017 #9).",
      Reference(mp_penalised_net))  # fmt: skip

# logistic regression whose first parameter is the intercept
DESIGN, PASSED = np.concatenate([np.ones((6, 1)), rng.standard_normal((6, 3))], axis=1), np.array([1.0, 0, 0, 1, 1, 0])
THETA = rng.standard_normal(4)


def exam(theta):
    h = sigmoid(DESIGN @ theta)
    fit = np.mean(-PASSED * np.log(h) - (1 - PASSED) * np.log(1 - h))
    return fit + 0.7 / (2 * 6) * np.sum(theta[1:] ** 2)


def exam_gradient(theta):
    penalised = theta.copy()
    penalised[1] = 0
    return DESIGN.T @ (sigmoid(DESIGN @ theta) - PASSED) / 6 + 0.7 / 6 * penalised


def mp_exam(theta):
    h, y = mp.sigmoid(mp.lift(DESIGN) @ theta), mp.lift(PASSED)
    return (-y * mp.log(h) - (1 - y) * mp.log(1 - h)).sum() / 6 + mpf(0.7 / 12) * (theta[1:] ** 2).sum()


wrong("fresh_exam_second_parameter_free", "gradient", exam, exam_gradient, THETA,
      "thetaZero[1] = 0, as if counted from one (dibgerge/ml-coursera-python-assignments #45).",
      Reference(mp_exam))  # fmt: skip

# a hidden layer in the convention of columns
COLUMNS, WISHES = rng.standard_normal((3, 6)), rng.standard_normal((2, 6))
NOTES = (rng.standard_normal((4, 3)), rng.standard_normal((4, 1)), rng.standard_normal((2, 4)))


def notes_net(w1, b1, w2):
    h = np.tanh(w1 @ COLUMNS + b1)
    return 0.5 * np.sum((w2 @ h - WISHES) ** 2)


def notes_net_gradient(w1, b1, w2):
    h = np.tanh(w1 @ COLUMNS + b1)
    d = w2 @ h - WISHES
    dz = w2.T @ d * (1 - h * h)
    return dz @ COLUMNS.T, np.mean(dz, axis=1, keepdims=True), d @ h.T


def mp_notes_net(w1, b1, w2):
    gap = w2 @ mp.tanh(w1 @ mp.lift(COLUMNS) + b1) - mp.lift(WISHES)
    return (gap * gap).sum() / 2


wrong("fresh_notes_net_bias_averaged", "gradient", notes_net, notes_net_gradient, NOTES,
      "The mean over the batch where the sum is due (kvfrans/notes #5).", Reference(mp_notes_net))  # fmt: skip

# faces on a sphere
FACES = (rng.standard_normal((4, 3)), rng.standard_normal((3, 3)))
PERSONS = np.array([0, 2, 1, 0])


def faces_loss(x, w):
    u = x / np.sqrt(np.sum(x**2, axis=1, keepdims=True))
    v = w / np.sqrt(np.sum(w**2, axis=0))
    z = 4.0 * (u @ v - 0.2 * np.eye(3)[PERSONS])
    return np.mean(np.log(np.sum(np.exp(z), axis=1)) - z[np.arange(4), PERSONS])


def faces_loss_gradient(x, w, of_weights=1.0):
    nx, nw = np.sqrt(np.sum(x**2, axis=1, keepdims=True)), np.sqrt(np.sum(w**2, axis=0))
    u, v = x / nx, w / nw
    d = 4.0 * (softmax(4.0 * (u @ v - 0.2 * np.eye(3)[PERSONS])) - np.eye(3)[PERSONS]) / 4
    du, dv = d @ v.T, u.T @ d
    return (du - u * np.sum(du * u, axis=1, keepdims=True)) / nx, (dv - of_weights * v * np.sum(dv * v, axis=0)) / nw


def mp_faces_loss(x, w):
    u, v = x / mp.sqrt((x * x).sum(axis=1, keepdims=True)), w / mp.sqrt((w * w).sum(axis=0))
    z = 4 * (u @ v - mp.lift(0.2 * np.eye(3)[PERSONS]))
    return (mp.log(mp.exp(z).sum(axis=1)) - z[np.arange(4), PERSONS]).sum() / 4


right("fresh_faces_loss", "gradient", faces_loss, faces_loss_gradient, FACES, "Both are projected.",
      Reference(mp_faces_loss))  # fmt: skip
wrong("fresh_faces_loss_weights_not_projected", "gradient", faces_loss,
      lambda *a: faces_loss_gradient(*a, of_weights=0.0), FACES,
      "The weights' length is taken for a constant (as layers with an angular margin often do).",
      Reference(mp_faces_loss))  # fmt: skip

# values and advantages of actions
STATES, HEADS = rng.standard_normal((3, 2)), (rng.standard_normal((2, 1)), rng.standard_normal((2, 4)))


def dueling(wv, wa):
    advantage = STATES @ wa
    return STATES @ wv + advantage - advantage.mean(axis=1, keepdims=True)


def dueling_backward(c, wv, wa, centred=1.0):
    return STATES.T @ c.sum(axis=1, keepdims=True), STATES.T @ (c - centred * c.mean(axis=1, keepdims=True))


def mp_dueling(wv, wa):
    a = mp.lift(STATES) @ wa
    return mp.lift(STATES) @ wv + a - a.sum(axis=1, keepdims=True) / 4


right("fresh_dueling_heads", "vjp", dueling, dueling_backward, HEADS, "Centred.", Reference(mp_dueling))
wrong("fresh_dueling_heads_uncentred", "vjp", dueling, lambda c, *a: dueling_backward(c, *a, centred=0.0), HEADS,
      "The mean of the advantages is differentiated as a constant (homework).", Reference(mp_dueling))  # fmt: skip

# a policy that may move a little only
OLD, ADVANTAGE = np.zeros(5), np.array([1.0, -0.5, 0.8, -1.2, 0.6])
LOG_SHARES = np.array([0.1, 0.4, 0.35, -0.5, -0.45])


def proximal(logp):
    ratio = np.exp(logp - OLD)
    limited = np.clip(ratio, 0.8, 1.2)
    return -np.mean(np.minimum(ratio * ADVANTAGE, limited * ADVANTAGE))


def proximal_gradient(logp, pessimistic=True):
    ratio = np.exp(logp - OLD)
    inside = np.abs(ratio - 1) < 0.2
    free = ratio * ADVANTAGE <= np.clip(ratio, 0.8, 1.2) * ADVANTAGE
    return -ratio * ADVANTAGE / 5 * (free if pessimistic else inside)


def mp_proximal(logp):
    r, a = mp.exp(logp), mp.lift(ADVANTAGE)
    return -mp.minimum(r * a, mp.minimum(mp.maximum(r, mpf(0.8)), mpf(1.2)) * a).sum() / 5


right("fresh_proximal_policy", "gradient", proximal, proximal_gradient, LOG_SHARES, "Free where that is worse.",
      Reference(mp_proximal))  # fmt: skip
wrong("fresh_proximal_policy_clipped_everywhere", "gradient", proximal,
      lambda x: proximal_gradient(x, pessimistic=False), LOG_SHARES,
      "No gradient outside the clip, although the minimum takes the unclipped one there (questions about PPO).",
      Reference(mp_proximal))  # fmt: skip

# a sample of a category that is softened
NOISE = rng.gumbel(size=(2, 4))


def softened_sample(z):
    y = (z + NOISE) / 0.6
    return softmax(y)


def softened_sample_backward(c, z):
    y = softened_sample(z)
    return y * (c - np.sum(c * y, axis=1, keepdims=True))


wrong("fresh_softened_sample_temperature_lost", "vjp", softened_sample, softened_sample_backward,
      rng.standard_normal((2, 4)), "The softmax's gradient without 1/temperature (homework).",
      Reference(lambda z: mp.softmax((z + mp.lift(NOISE)) / mpf(0.6), axis=1)))  # fmt: skip

# a word, its neighbour, and words drawn at random
WORDS = (rng.standard_normal(3), rng.standard_normal(3), rng.standard_normal((4, 3)))


def skip_gram(centre, outside, drawn):
    near = np.log(sigmoid(outside @ centre))
    return -near - np.sum(np.log(sigmoid(-(drawn @ centre))))


def skip_gram_gradient(centre, outside, drawn):
    d, dk = sigmoid(outside @ centre) - 1, sigmoid(-(drawn @ centre)) - 1
    return d * outside + dk @ drawn, d * centre, np.outer(dk, centre)


def mp_skip_gram(centre, outside, drawn):
    m = mp.mpmath
    return m.log(1 + m.exp(-(outside @ centre))) + mp.log(1 + mp.exp(drawn @ centre)).sum()


wrong("fresh_skip_gram_drawn_words_pulled", "gradient", skip_gram, skip_gram_gradient, WORDS,
      "The minus in the words drawn is not differentiated (a failed check in hankcs/CS224n PR #5).",
      Reference(mp_skip_gram))  # fmt: skip
