"""Whole networks: multilayer perceptrons up to 10^4 parameters, recurrent cells, fan-out and weight sharing."""

import numpy as np

from .. import truth as mp
from ..item import Category
from ..truth import ClosedForm, Reference

CATEGORY = Category("networks")
right, wrong = CATEGORY.right, CATEGORY.wrong
rng = np.random.default_rng(808)


# a small perceptron and the classical mistakes in it
def mlp(x, W1, b1, W2, b2):
    return np.tanh(x @ W1 + b1) @ W2 + b2


def mlp_vjp(c, x, W1, b1, W2, b2, mistake=None):
    z = x @ W1 + b1
    h = np.tanh(z)
    dh = c @ W2.T
    slope = {"at_output": 1 - np.tanh(h) ** 2, "identity": np.ones_like(z)}.get(mistake, 1 - h**2)
    dz = dh * slope
    dW2 = (h if mistake != "input_for_hidden" else x[:, : h.shape[1]]).T @ c
    db1 = dz[-1] if mistake == "last_sample" else dz.sum(0)
    return dz @ W1.T, x.T @ dz / (len(x) if mistake == "averaged" else 1), db1, dW2, c.sum(0)


MLP = Reference(lambda x, W1, b1, W2, b2: mp.tanh(x @ W1 + b1) @ W2 + b2)
SMALL = (
    rng.standard_normal((4, 3)),
    rng.standard_normal((3, 3)),
    rng.standard_normal(3),
    rng.standard_normal((3, 2)),
    rng.standard_normal(2),
)
right("mlp", "vjp", mlp, mlp_vjp, SMALL, "Two layers.", MLP)
wrong(
    "mlp_slope_at_activation",
    "vjp",
    mlp,
    lambda *a: mlp_vjp(*a, mistake="at_output"),
    SMALL,
    "tanh' was evaluated at the activation.",
    MLP,
)
wrong(
    "mlp_activation_forgotten",
    "vjp",
    mlp,
    lambda *a: mlp_vjp(*a, mistake="identity"),
    SMALL,
    "The hidden layer was treated as linear.",
    MLP,
)
wrong(
    "mlp_off_by_one_layer",
    "vjp",
    mlp,
    lambda *a: mlp_vjp(*a, mistake="input_for_hidden"),
    SMALL,
    "The second layer's weights got the first layer's input.",
    MLP,
)
wrong(
    "mlp_bias_of_last_sample",
    "vjp",
    mlp,
    lambda *a: mlp_vjp(*a, mistake="last_sample"),
    SMALL,
    "The bias gradient keeps the batch's last sample only.",
    MLP,
)
wrong(
    "mlp_one_layer_averaged",
    "vjp",
    mlp,
    lambda *a: mlp_vjp(*a, mistake="averaged"),
    SMALL,
    "One weight matrix divides by the batch size, the others do not.",
    MLP,
)


# ten thousand parameters
def wide_loss(W1, W2, x, y):
    return np.sum((np.tanh(x @ W1) @ W2 - y) ** 2) / len(x)


def wide_gradient(W1, W2, x, y):
    h = np.tanh(x @ W1)
    e = 2 * (h @ W2 - y) / len(x)
    return x.T @ ((e @ W2.T) * (1 - h**2)), h.T @ e, None, None


def wide_truth(_seed, W1, W2, x, y):
    """The same gradient by summing outer products sample by sample, with sech^2 in place of 1 - tanh^2."""
    g1, g2 = 0 * W1, 0 * W2
    for xs, ys in zip(x, y, strict=True):
        z = xs @ W1
        r = (mp.tanh(z) @ W2 - ys) * mp.mpf(2) / len(x)
        g2 = g2 + np.multiply.outer(mp.tanh(z), r)
        g1 = g1 + np.multiply.outer(xs, (W2 @ r) / mp.cosh(z) ** 2)
    return g1, g2, None, None


def one_entry(factor, at=(57, 31)):
    def gradient(W1, W2, x, y):
        g1, g2, *_ = wide_gradient(W1, W2, x, y)
        g1[at] *= factor
        return g1, g2, None, None

    return gradient


WIDE = (
    rng.standard_normal((90, 100)) / 9,
    rng.standard_normal((100, 10)) / 10,
    rng.standard_normal((8, 90)),
    rng.standard_normal((8, 10)),
)
WEIGHTS = {"wrt": (0, 1)}
WIDE_TRUTH = ClosedForm(wide_truth)
right(
    "mlp_of_ten_thousand_parameters",
    "gradient",
    wide_loss,
    wide_gradient,
    WIDE,
    "A batch of eight.",
    WIDE_TRUTH,
    options=WEIGHTS,
)
wrong(
    "one_entry_of_ten_thousand_doubled",
    "gradient",
    wide_loss,
    one_entry(2.0),
    WIDE,
    "One entry of 10^4 is doubled.",
    WIDE_TRUTH,
    options=WEIGHTS,
)
wrong(
    "one_entry_of_ten_thousand_one_per_mille",
    "gradient",
    wide_loss,
    one_entry(1.001, (3, 77)),
    WIDE,
    "One entry of 10^4 is off by one per mille.",
    WIDE_TRUTH,
    options=WEIGHTS,
)
wrong(
    "ten_thousand_parameters_1e-5_off",
    "gradient",
    wide_loss,
    lambda *a: tuple(g if g is None else g * (1 + 1e-5) for g in wide_gradient(*a)),
    WIDE,
    "All entries are off by 1e-5.",
    WIDE_TRUTH,
    options=WEIGHTS,
)


def big_least_squares(w):
    return 0.5 * np.sum((w - TARGET) ** 2 * CURVATURE)


TARGET, CURVATURE = rng.standard_normal(10_000), rng.uniform(0.5, 2, 10_000)
BIG = rng.standard_normal(10_000)
BIG_TRUTH = ClosedForm(lambda _seed, w: ((w - mp.lift(TARGET)) * mp.lift(CURVATURE),))


def one_sign(w):
    g = (w - TARGET) * CURVATURE
    g[6180] = -g[6180]
    return g


right(
    "ten_thousand_quadratics",
    "gradient",
    big_least_squares,
    lambda w: (w - TARGET) * CURVATURE,
    BIG,
    "A separable sum.",
    BIG_TRUTH,
)
wrong("ten_thousand_quadratics_one_sign", "gradient", big_least_squares, one_sign, BIG, "One sign of 10^4.", BIG_TRUTH)


# fan-out
def shared(x):
    a = np.sin(x)
    return np.sum(a * np.exp(a) + a**2)


def shared_gradient(x, accumulate=True):
    a = np.sin(x)
    da = (1 + a) * np.exp(a)
    da = da + 2 * a if accumulate else 2 * a
    return da * np.cos(x)


X = rng.standard_normal(5)
SHARED = Reference(lambda x: (mp.sin(x) * mp.exp(mp.sin(x)) + mp.sin(x) ** 2).sum())
right("shared_node", "gradient", shared, shared_gradient, X, "Both consumers counted.", SHARED)
wrong(
    "shared_node_overwritten",
    "gradient",
    shared,
    lambda x: shared_gradient(x, accumulate=False),
    X,
    "ARENA_2.0 PR 18: overwritten where it should accumulate.",
    SHARED,
)


class Node:
    """A scalar that remembers how it came about, after the fashion of micrograd."""

    def __init__(self, value, parents=()):
        self.value, self.parents, self.grad = value, parents, 0.0

    def __add__(self, other):
        return Node(self.value + other.value, ((self, 1.0), (other, 1.0)))

    def __mul__(self, other):
        return Node(self.value * other.value, ((self, other.value), (other, self.value)))


def diamond(a, b):
    c = a * b
    d = c + a
    return d * c + d


def diamond_value(x):
    return diamond(Node(x[0]), Node(x[1])).value


def in_order(root):
    order, seen = [], set()

    def visit(node):
        if id(node) not in seen:
            seen.add(id(node))
            for parent, _ in node.parents:
                visit(parent)
            order.append(node)

    visit(root)
    root.grad = 1.0
    for node in reversed(order):
        for parent, slope in node.parents:
            parent.grad += slope * node.grad


def depth_first(root):
    root.grad = 1.0

    def push(node):
        for parent, slope in node.parents:
            parent.grad += slope * node.grad
            push(parent)

    push(root)


def tape_gradient(x, sweep):
    a, b = Node(x[0]), Node(x[1])
    sweep(diamond(a, b))
    return np.array([a.grad, b.grad])


PAIR = np.array([1.5, -0.7])
DIAMOND = Reference(lambda x: (x[0] * x[1] + x[0]) * (x[0] * x[1]) + x[0] * x[1] + x[0])
right(
    "tape_in_topological_order",
    "gradient",
    diamond_value,
    lambda x: tape_gradient(x, in_order),
    PAIR,
    "A tape, swept in reverse topological order.",
    DIAMOND,
)
wrong(
    "tape_depth_first",
    "gradient",
    diamond_value,
    lambda x: tape_gradient(x, depth_first),
    PAIR,
    "micrograd #68: recursion without topological order propagates partial sums again.",
    DIAMOND,
)


# recurrent cells
def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def rnn(x, W, U):
    h = np.zeros(len(U))
    for xt in x:
        h = np.tanh(xt @ W + h @ U)
    return h


def rnn_vjp(c, x, W, U, truncated=False):
    hs = [np.zeros(len(U))]
    for xt in x:
        hs.append(np.tanh(xt @ W + hs[-1] @ U))
    dx, dW, dU, dh = np.zeros_like(x), np.zeros_like(W), np.zeros_like(U), c
    for t in reversed(range(len(x))):
        dz = dh * (1 - hs[t + 1] ** 2)
        dx[t] = W @ dz
        dW += np.outer(x[t], dz)
        dU += np.outer(hs[t], dz)
        dh = U @ dz
        if truncated and t <= len(x) - 2:
            break
    return dx, dW, dU


def mp_rnn(x, W, U):
    h = mp.lift(np.zeros(len(U)))
    for xt in x:
        h = mp.tanh(xt @ W + h @ U)
    return h


SEQ = (rng.standard_normal((4, 2)), rng.standard_normal((2, 3)), 0.5 * rng.standard_normal((3, 3)))
RNN = Reference(mp_rnn)
right("rnn", "vjp", rnn, rnn_vjp, SEQ, "Backpropagation through time.", RNN)
wrong(
    "rnn_truncated",
    "vjp",
    rnn,
    lambda c, x, W, U: rnn_vjp(c, x, W, U, truncated=True),
    SEQ,
    "Truncated after two steps.",
    RNN,
)


def lstm(x, W, U, b):
    n = len(U)
    h, s = np.zeros(n), np.zeros(n)
    for xt in x:
        z = xt @ W + h @ U + b
        i, f, o, g = sigmoid(z[:n]), sigmoid(z[n : 2 * n]), sigmoid(z[2 * n : 3 * n]), np.tanh(z[3 * n :])
        s = f * s + i * g
        h = o * np.tanh(s)
    return h


def lstm_vjp(c, x, W, U, b, mistake=None):
    n = len(U)
    h, s = np.zeros(n), np.zeros(n)
    trace = []
    for xt in x:
        z = xt @ W + h @ U + b
        i, f, o, g = sigmoid(z[:n]), sigmoid(z[n : 2 * n]), sigmoid(z[2 * n : 3 * n]), np.tanh(z[3 * n :])
        before, hidden = s, h
        s = f * s + i * g
        h = o * np.tanh(s)
        trace.append((xt, hidden, before, i, f, o, g, s))
    dx, dW, dU, db = np.zeros_like(x), np.zeros_like(W), np.zeros_like(U), np.zeros_like(b)
    dh, ds = c, np.zeros(n)
    for t in reversed(range(len(x))):
        xt, hidden, before, i, f, o, g, s = trace[t]
        ts = np.tanh(s)
        ds = dh * o * (1 - ts**2) + (0 if mistake == "cell_path" else ds)
        dz = np.concatenate(
            [ds * g * i * (1 - i), ds * before * f * (1 - f), dh * ts * o * (1 - o), ds * i * (1 - g**2)]
        )
        if mistake == "candidate":
            dz[3 * n :] = ds * i * g * (1 - g)
        dx[t] = W @ dz
        dW += np.outer(xt, dz)
        dU += np.outer(hidden, dz)
        db += dz
        dh, ds = U @ dz, ds * f
    return dx, dW, dU, db


def mp_lstm(x, W, U, b):
    n = len(U)
    h = s = mp.lift(np.zeros(n))
    for xt in x:
        z = xt @ W + h @ U + b
        gates = mp.sigmoid(z[: 3 * n])
        s = gates[n : 2 * n] * s + gates[:n] * mp.tanh(z[3 * n :])
        h = gates[2 * n :] * mp.tanh(s)
    return h


LSTM_IN = (
    rng.standard_normal((3, 2)),
    rng.standard_normal((2, 12)),
    0.5 * rng.standard_normal((3, 12)),
    rng.standard_normal(12),
)
LSTM = Reference(mp_lstm)
right("lstm", "vjp", lstm, lstm_vjp, LSTM_IN, "Four gates, three steps.", LSTM)
wrong(
    "lstm_cell_path_cut",
    "vjp",
    lstm,
    lambda *a: lstm_vjp(*a, mistake="cell_path"),
    LSTM_IN,
    "The cell state's own path through time is missing.",
    LSTM,
)
wrong(
    "lstm_candidate_as_gate",
    "vjp",
    lstm,
    lambda *a: lstm_vjp(*a, mistake="candidate"),
    LSTM_IN,
    "The tanh candidate was differentiated like a sigmoid gate.",
    LSTM,
)


def gru(x, h, W, U):
    n = len(h)
    zx, zh = x @ W, h @ U
    r, u = sigmoid(zx[:n] + zh[:n]), sigmoid(zx[n : 2 * n] + zh[n : 2 * n])
    g = np.tanh(zx[2 * n :] + r * zh[2 * n :])
    return u * h + (1 - u) * g


def gru_vjp(c, x, h, W, U, direct=True):
    n = len(h)
    zx, zh = x @ W, h @ U
    r, u = sigmoid(zx[:n] + zh[:n]), sigmoid(zx[n : 2 * n] + zh[n : 2 * n])
    g = np.tanh(zx[2 * n :] + r * zh[2 * n :])
    da = c * (1 - u) * (1 - g**2)
    dr = da * zh[2 * n :] * r * (1 - r)
    du = c * (h - g) * u * (1 - u)
    dzx, dzh = np.concatenate([dr, du, da]), np.concatenate([dr, du, da * r])
    return W @ dzx, U @ dzh + (c * u if direct else 0), np.outer(x, dzx), np.outer(h, dzh)


def mp_gru(x, h, W, U):
    n = len(h)
    a, b = x @ W, h @ U
    r, u = mp.sigmoid(a[:n] + b[:n]), mp.sigmoid(a[n : 2 * n] + b[n : 2 * n])
    return u * h + (1 - u) * mp.tanh(a[2 * n :] + r * b[2 * n :])


GRU_IN = (rng.standard_normal(2), rng.standard_normal(3), rng.standard_normal((2, 9)), rng.standard_normal((3, 9)))
right("gru_step", "vjp", gru, gru_vjp, GRU_IN, "One step.", Reference(mp_gru))
wrong(
    "gru_step_direct_path_missing",
    "vjp",
    gru,
    lambda *a: gru_vjp(*a, direct=False),
    GRU_IN,
    "The state's direct path u*h is missing.",
    Reference(mp_gru),
)


# tied weights
def autoencoder(x, W):
    return np.sum((np.tanh(x @ W) @ W.T - x) ** 2)


def autoencoder_gradient(x, W, tied=True):
    h = np.tanh(x @ W)
    e = 2 * (h @ W.T - x)
    dz = (e @ W) * (1 - h**2)
    return dz @ W.T - e, (x.T @ dz) + (e.T @ h if tied else 0)


AUTO_IN = (rng.standard_normal((3, 4)), rng.standard_normal((4, 2)))
AUTO = Reference(lambda x, W: ((mp.tanh(x @ W) @ W.T - x) ** 2).sum())
right(
    "tied_autoencoder",
    "gradient",
    autoencoder,
    autoencoder_gradient,
    AUTO_IN,
    "Encoder and decoder share their weights.",
    AUTO,
)
wrong(
    "tied_autoencoder_decoder_forgotten",
    "gradient",
    autoencoder,
    lambda x, W: autoencoder_gradient(x, W, tied=False),
    AUTO_IN,
    "The decoder's share is missing.",
    AUTO,
)


# deep and thin: signals that vanish
def deep(x, w):
    for v in w:
        x = np.tanh(v * x)
    return np.sum(x)


def deep_gradient(x, w, short=0):
    xs = [x]
    for v in w:
        xs.append(np.tanh(v * xs[-1]))
    d, dw = np.ones_like(x), np.zeros_like(w)
    for k in reversed(range(short, len(w))):
        dz = d * (1 - xs[k + 1] ** 2)
        dw[k] = np.sum(dz * xs[k])
        d = dz * w[k]
    return d, dw


def mp_deep(x, w):
    for v in w:
        x = mp.tanh(v * x)
    return x.sum()


THIN = (np.array([0.3, -1.2]), np.full(30, 0.7))
right(
    "thirty_layers_vanishing",
    "gradient",
    deep,
    deep_gradient,
    THIN,
    "Gradients of 1e-5 after thirty layers.",
    Reference(mp_deep),
)
wrong(
    "thirty_layers_first_one_skipped",
    "gradient",
    deep,
    lambda x, w: deep_gradient(x, w, short=1),
    THIN,
    "The loop stops one layer early.",
    Reference(mp_deep),
)
