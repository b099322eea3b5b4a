"""More that public reports tell, with one mistake each."""

import numpy as np

from .. import shows
from .. import truth as mp
from ..item import Category
from ..truth import LabelledByIntent, Reference

CATEGORY = Category("fresh reports")
right, wrong = CATEGORY.right, CATEGORY.wrong
rng = np.random.default_rng(9311)
mpf = mp.mpf


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


# a network of two sigmoid layers, by squared error
CLUES, ANSWERS = rng.standard_normal((5, 2)), (rng.random((5, 2)) > 0.5).astype(float)
PERCEPTRON = (rng.standard_normal((2, 3)), rng.standard_normal((3, 2)))


def perceptron(w1, w2):
    h = sigmoid(CLUES @ w1)
    out = sigmoid(h @ w2)
    return 0.5 * np.sum((out - ANSWERS) ** 2)


def perceptron_gradient(w1, w2, hidden=lambda a: a * (1 - a), last=lambda a: a * (1 - a)):
    h = sigmoid(CLUES @ w1)
    out = sigmoid(h @ w2)
    d = (out - ANSWERS) * last(out)
    return CLUES.T @ (d @ w2.T * hidden(h)), h.T @ d


def mp_perceptron(w1, w2):
    gap = mp.sigmoid(mp.sigmoid(mp.lift(CLUES) @ w1) @ w2) - mp.lift(ANSWERS)
    return (gap * gap).sum() / 2


right("fresh_perceptron", "gradient", perceptron, perceptron_gradient, PERCEPTRON, "a (1 - a) twice.",
      Reference(mp_perceptron))  # fmt: skip
wrong("fresh_perceptron_activated_again", "gradient", perceptron,
      lambda *a: perceptron_gradient(*a, hidden=lambda h: sigmoid(h) * (1 - sigmoid(h))), PERCEPTRON,
      "The derivative applies the sigmoid to what is activated already (liashchynskyi/skynet PR #1).",
      Reference(mp_perceptron))  # fmt: skip
wrong("fresh_perceptron_plain_error", "gradient", perceptron,
      lambda *a: perceptron_gradient(*a, last=lambda out: 1.0), PERCEPTRON,
      "The delta of the output is the error alone (louisjc/mnist-neural-network #1).",
      Reference(mp_perceptron))  # fmt: skip

# a layer that adds
ADDED = (rng.standard_normal((4, 3)), rng.standard_normal(3))


def shifted(x, b):
    return np.tanh(x + b)


def shifted_backward(c, x, b):
    d = c * (1 - shifted(x, b) ** 2)
    return d, d[0].copy()


wrong("fresh_shifted_first_row", "vjp", shifted, shifted_backward, ADDED,
      "gradient = error is right for a batch of one alone (mlpack PR #3679).",
      Reference(lambda x, b: mp.tanh(x + b)))  # fmt: skip

# intervals that are to meet
FOUND, MEANT = np.array([[0.2, 1.3], [1.0, 2.1], [-0.4, 0.9]]), np.array([[0.5, 1.6], [0.7, 1.8], [-0.1, 1.5]])


def meeting(found):
    inter = np.minimum(found[:, 1], MEANT[:, 1]) - np.maximum(found[:, 0], MEANT[:, 0])
    union = found[:, 1] - found[:, 0] + MEANT[:, 1] - MEANT[:, 0] - inter
    gap = found.sum(axis=1) - MEANT.sum(axis=1)
    return 1 - inter / union + 0.25 * gap**2


def meeting_backward(go, found):
    inter = np.minimum(found[:, 1], MEANT[:, 1]) - np.maximum(found[:, 0], MEANT[:, 0])
    union = found[:, 1] - found[:, 0] + MEANT[:, 1] - MEANT[:, 0] - inter
    dinter = np.stack([-1.0 * (found[:, 0] > MEANT[:, 0]), 1.0 * (found[:, 1] < MEANT[:, 1])], axis=1)
    dunion = np.array([-1.0, 1.0]) - dinter
    iou_grad = (dinter * union[:, None] - inter[:, None] * dunion) / union[:, None] ** 2
    penalty = 0.5 * (found.sum(axis=1) - MEANT.sum(axis=1))[:, None]
    return go[:, None] * (-iou_grad / go[:, None] + penalty)


wrong("fresh_meeting_divided_by_the_cotangent", "vjp", meeting, meeting_backward, FOUND,
      "go * (-dIoU / go + dP): one of two terms is free of the cotangent (ooples/AiDotNet.Tensors PR #87).",
      LabelledByIntent("three times the cotangent is not three times the answer", shows=shows.not_linear))  # fmt: skip

# a dense layer with the tanh form of GELU
GELU = (rng.standard_normal((3, 2)), rng.standard_normal((2, 2)))


def gelu_layer(x, w):
    z = x @ w
    return 0.5 * z * (1 + np.tanh(np.sqrt(2 / np.pi) * (z + 0.044715 * z**3)))


def gelu_layer_backward(c, x, w):
    z = x @ w
    s = sigmoid(1.702 * z)
    d = c * (s + 1.702 * z * s * (1 - s))
    return d @ w.T, x.T @ d


def mp_gelu_layer(x, w):
    z = x @ w
    return z * (1 + mp.tanh(mp.sqrt(2 / mp.mpmath.pi) * (z + mpf(0.044715) * z**3))) / 2


wrong("fresh_gelu_layer_other_form", "vjp", gelu_layer, gelu_layer_backward, GELU,
      "The slope of z sigmoid(1.702 z), another form of GELU (after ravin-d-27/PyDeepFlow PR #89).",
      Reference(mp_gelu_layer))  # fmt: skip

# a choice that is made smooth by noise
SHAKES = rng.standard_normal((5, 3))


def shaken_choice(theta):
    e = np.exp((theta + SHAKES) / 0.5)
    p = e / e.sum(axis=1, keepdims=True)
    return p.mean(axis=0)


def shaken_choice_backward(c, theta, collect=np.mean):
    e = np.exp((theta + SHAKES) / 0.5)
    p = e / e.sum(axis=1, keepdims=True)
    return collect(p * (c - (p @ c)[:, None]), axis=0) / 0.5


def mp_shaken_choice(theta):
    return mp.softmax(2 * (theta + mp.lift(SHAKES)), axis=1).sum(axis=0) / 5


right("fresh_shaken_choice", "vjp", shaken_choice, shaken_choice_backward, rng.standard_normal(3), "The mean.",
      Reference(mp_shaken_choice))  # fmt: skip
wrong("fresh_shaken_choice_summed", "vjp", shaken_choice,
      lambda c, t: shaken_choice_backward(c, t, collect=np.sum), rng.standard_normal(3),
      "The sum over the samples of noise for their mean (InferOpt.jl #74).", Reference(mp_shaken_choice))  # fmt: skip

# as many heads as tokens
PER_HEAD = tuple(rng.standard_normal((3, 3, 2)) for _ in range(3))


def heads_apart(q, k, v):
    q, k, v = (a.transpose(1, 0, 2) for a in (q, k, v))
    e = np.exp(q @ k.transpose(0, 2, 1))
    p = e / e.sum(axis=2, keepdims=True)
    return (p @ v).transpose(1, 0, 2)


def heads_apart_backward(c, q, k, v, turned=True):
    q, k, v, c = (a.transpose(1, 0, 2) for a in (q, k, v, c))
    e = np.exp(q @ k.transpose(0, 2, 1))
    p = e / e.sum(axis=2, keepdims=True)
    dp = c @ v.transpose(0, 2, 1)
    ds = p * (dp - np.sum(dp * p, axis=2, keepdims=True))
    dk, dv = ds.transpose(0, 2, 1) @ q, p.transpose(0, 2, 1) @ c
    return (ds @ k).transpose(1, 0, 2), *((d.transpose(1, 0, 2) if turned else d) for d in (dk, dv))


def mp_heads_apart(q, k, v):
    each = [mp.softmax(q[:, h] @ k[:, h].T, axis=1) @ v[:, h] for h in range(3)]
    return np.stack(each, axis=1)


right("fresh_heads_apart", "vjp", heads_apart, heads_apart_backward, PER_HEAD, "Tokens first.",
      Reference(mp_heads_apart))  # fmt: skip
wrong("fresh_heads_apart_heads_first", "vjp", heads_apart, lambda c, *a: heads_apart_backward(c, *a, turned=False),
      PER_HEAD, "Heads and tokens of keys and values are exchanged, as many of either (diffusers PR #14341).",
      Reference(mp_heads_apart))  # fmt: skip

# pairs of molecules, one of them listed the other way round
MOLECULES, LISTED = rng.standard_normal((3, 2)), np.array([[0, 1], [2, 0], [1, 2]])


def molecules(x):
    d = x[LISTED[:, 0]] - x[LISTED[:, 1]]
    return np.sum((np.sum(d**2, axis=1) - 0.8) ** 2)


def molecules_gradient(x):
    g = np.zeros_like(x)
    for i, j in LISTED:
        d = x[i] - x[j]
        pull = 4 * (d @ d - 0.8) * d
        g[min(i, j)] += pull
        g[max(i, j)] -= pull
    return g


def mp_molecules(x):
    return sum((((x[i] - x[j]) ** 2).sum() - mpf(0.8)) ** 2 for i, j in LISTED)


wrong("fresh_molecules_not_swapped_back", "gradient", molecules, molecules_gradient, MOLECULES,
      "Where a pair was swapped, its gradients are not swapped back (paesanilab/MBX #65).",
      Reference(mp_molecules))  # fmt: skip

# bonds after Morse
BONDED = np.array([[0.0, 0.0], [1.1, 0.3], [1.9, -0.4], [2.6, 0.7]])


def morse(x):
    d = x[1:] - x[:-1]
    r = np.sqrt(np.sum(d**2, axis=1))
    return np.sum(2.0 * (1 - np.exp(-1.5 * (r - 1.0))) ** 2)


def morse_force(x):
    d = x[1:] - x[:-1]
    r = np.sqrt(np.sum(d**2, axis=1))
    bell = np.exp(-1.5 * (r - 1.0))
    pull, force = (6.0 * (1 - bell) * bell / r)[:, None] * d, np.zeros_like(x)
    force[:-1] += pull
    force[1:] -= pull
    return force


def mp_morse(x):
    r = mp.sqrt(((x[1:] - x[:-1]) ** 2).sum(axis=1))
    return (2 * (1 - mp.exp(-(r - 1) * 3 / 2)) ** 2).sum()


wrong("fresh_morse_force", "gradient", morse, morse_force, BONDED,
      "The force is handed out as the derivative (the confusion that dissolve PR #1852 clears up).",
      Reference(mp_morse))  # fmt: skip
