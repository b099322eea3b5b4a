"""Layers with several blocks, and one mistake in each wrong backward pass."""

import numpy as np

from .. import truth as mp
from ..item import Category
from ..truth import LabelledByIntent, Reference

CATEGORY = Category("blind layers")
right, wrong = CATEGORY.right, CATEGORY.wrong
rng = np.random.default_rng(2003)
mpf, mpm = mp.mpf, mp.mpmath


def draw(*shape):
    return rng.standard_normal(shape)


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


# maxout with two pieces
def maxout(x, W1, W2):
    z1, z2 = x @ W1, x @ W2
    return np.maximum(z1, z2)


def maxout_vjp(c, x, W1, W2, share):
    z1, z2 = x @ W1, x @ W2
    c1, c2 = c * share(z1, z2), c * share(z2, z1)
    return c1 @ W1.T + c2 @ W2.T, x.T @ c1, x.T @ c2


MAXOUT, MAXOUT_IN = Reference(lambda x, a, b: mp.maximum(x @ a, x @ b)), (draw(4, 3), draw(3, 2), draw(3, 2))
for name, label, share, why in (
    ("", right, lambda mine, other: mine > other, "The larger piece gets it."),
    ("_all", wrong, lambda mine, other: 1.0, "Both pieces get all of it."),
    ("_smaller", wrong, lambda mine, other: mine < other, "The smaller piece gets it."),
):
    label(
        f"maxout{name}", "vjp", maxout,
        lambda c, x, a, b, share=share: maxout_vjp(c, x, a, b, share), MAXOUT_IN, why, MAXOUT,
    )  # fmt: skip


# features modulated per channel (batch, place, channel), in single precision
def film(x, gamma, beta):
    h = x * gamma + beta
    return h / (1 + np.exp(-h))


def film_vjp(c, x, gamma, beta, kind="right"):
    h = x * gamma + beta
    s = sigmoid(h)
    dh = c * (s * (1 - s) if kind == "slope" else s + h * s * (1 - s))
    if kind == "axes":
        return dh * gamma, (dh * x).sum(axis=(0, 2)), dh.sum(axis=(0, 2))
    if kind == "mean":
        return dh * gamma, (dh * x).sum(axis=0).mean(axis=0), dh.sum(axis=0).mean(axis=0)
    return dh * gamma, (dh * x).sum(axis=(0, 1)), dh.sum(axis=(0, 1))


def single(*arrays):
    return tuple(a.astype(np.float32) for a in arrays)


FILM, FILM_IN = Reference(lambda x, g, b: (x * g + b) * mp.sigmoid(x * g + b)), single(draw(2, 3, 3), draw(3), draw(3))
for kind, label, why in (
    ("right", right, "Summed over batch and places."),
    ("axes", wrong, "Summed over batch and channels, since there are as many channels as places."),
    ("mean", wrong, "Summed over the batch, averaged over the three places."),
    ("slope", wrong, "The slope of the sigmoid for that of x sigmoid(x)."),
):
    label(
        "film_float32" + ("" if kind == "right" else f"_{kind}"), "vjp", film,
        lambda c, x, g, b, kind=kind: film_vjp(c, x, g, b, kind), FILM_IN, why, FILM,
    )  # fmt: skip


# a highway layer: gate, candidate, carry
def highway(x, Wt, Wh):
    t = 1 / (1 + np.exp(-(x @ Wt)))
    h = np.tanh(x @ Wh)
    return t * h + (1 - t) * x


def highway_vjp(c, x, Wt, Wh, kind="right"):
    t = 1 / (1 + np.exp(-(x @ Wt)))
    h = np.tanh(x @ Wh)
    dt = c * (h + x) if kind == "sign" else c * (h - x)
    if kind == "gate":
        dt = 0 * dt
    dzt, dzh = dt * t * (1 - t), c * t * (1 - h * h)
    carried = c * (1 - t)
    if kind == "carry":
        carried = 0 * carried
    if kind == "carry_twice":
        carried = 2 * carried
    return dzt @ Wt.T + dzh @ Wh.T + carried, x.T @ dzt, x.T @ dzh


def mp_highway(x, Wt, Wh):
    t = mp.sigmoid(x @ Wt)
    return t * mp.tanh(x @ Wh) + (1 - t) * x


HIGHWAY, HIGHWAY_IN = Reference(mp_highway), (draw(3, 3), draw(3, 3), draw(3, 3))
for kind, label, why in (
    ("right", right, "Three paths to x."),
    ("sign", wrong, "The gate's carry enters with a plus."),
    ("gate", wrong, "The gate is treated as a constant."),
    ("carry", wrong, "The carried input is forgotten."),
    ("carry_twice", wrong, "The carried input is counted twice."),
):
    label(
        "highway_layer" + ("" if kind == "right" else f"_{kind}"), "vjp", highway,
        lambda c, x, Wt, Wh, kind=kind: highway_vjp(c, x, Wt, Wh, kind), HIGHWAY_IN, why, HIGHWAY,
    )  # fmt: skip


# a gated convolution along time
def windows(x, width):
    return np.stack([x[i : i + width] for i in range(len(x) - width + 1)])


def gated_conv(x, kernel, gate):
    cols = windows(x, 3)
    value = cols @ kernel
    opened = 1 / (1 + np.exp(-(cols @ gate)))
    return value * opened


def gated_conv_vjp(c, x, kernel, gate, kind="right"):
    cols = windows(x, 3)
    value, opened = cols @ kernel, sigmoid(cols @ gate)
    dvalue, dlogit = c * opened, c * value * opened * (1 - opened)
    if kind == "gate_slope":
        dlogit = c * value
    dcols = np.outer(dvalue, kernel) + np.outer(dlogit, gate)
    dx = np.zeros_like(x)
    for i in range(len(dcols)):
        if kind == "assigned":
            dx[i : i + 3] = dcols[i]
        else:
            dx[i : i + 3] += dcols[i]
    dkernel, dgate = cols.T @ dvalue, cols.T @ dlogit
    if kind == "flipped":
        dkernel = dkernel[::-1].copy()
    return (dx, dgate, dkernel) if kind == "exchanged" else (dx, dkernel, dgate)


def mp_gated_conv(x, kernel, gate):
    cols = np.stack([x[i : i + 3] for i in range(len(x) - 2)])
    return (cols @ kernel) * mp.sigmoid(cols @ gate)


GATED, GATED_IN = Reference(mp_gated_conv), (draw(7), draw(3), draw(3))
for kind, label, why in (
    ("right", right, "Overlapping windows are added up."),
    ("gate_slope", wrong, "The gate's sigmoid has no slope."),
    ("assigned", wrong, "Overlapping windows overwrite each other."),
    ("flipped", wrong, "The kernel's gradient is flipped, as for a true convolution."),
    ("exchanged", wrong, "Kernel and gate in the wrong order."),
):
    label(
        "gated_convolution" + ("" if kind == "right" else f"_{kind}"), "vjp", gated_conv,
        lambda c, x, k, g, kind=kind: gated_conv_vjp(c, x, k, g, kind), GATED_IN, why, GATED,
    )  # fmt: skip

# a three-layer regression net with biases, mean squared error and an L1 penalty
XS, YS, LASSO = draw(6, 3), draw(6), 0.05


def regression_net(W1, b1, w2, b2):
    hidden = np.log1p(np.exp(XS @ W1 + b1))
    predicted = hidden @ w2 + b2
    residual = predicted - YS
    return np.mean(residual**2) + LASSO * np.sum(np.abs(w2))


def regression_net_gradient(W1, b1, w2, b2, kind="right"):
    z = XS @ W1 + b1
    hidden = np.log1p(np.exp(z))
    dpred = 2 * (hidden @ w2 + b2 - YS) / (1 if kind == "summed" else 6)
    at = hidden if kind == "output" else z
    slope = 1 - np.tanh(at) ** 2 if kind == "tanh" else sigmoid(at)
    if kind == "twice":
        slope = slope**2
    dz = np.outer(dpred, w2) * slope
    db1 = dz[0] if kind == "bias_row" else dz.sum(axis=0)
    dw2 = hidden.T @ dpred + (0 if kind == "lasso" else LASSO * np.sign(w2))
    db2 = np.ones(()) if kind == "bias_one" else dpred.sum()
    if kind == "bias_mean":
        db2 = dpred.mean()
    return XS.T @ dz, db1, dw2, db2


def mp_regression_net(W1, b1, w2, b2):
    hidden = mp.log1p(mp.exp(mp.lift(XS) @ W1 + b1))
    return ((hidden @ w2 + b2 - mp.lift(YS)) ** 2).sum() / 6 + mpf(LASSO) * mp.absolute(w2).sum()


NET, NET_IN = Reference(mp_regression_net), (draw(3, 4), draw(4), draw(4), np.array(0.3))
for kind, label, why in (
    ("right", right, "Softplus units, an absolute penalty."),
    ("summed", wrong, "The mean is derived as a sum, and the penalty is not."),
    ("output", wrong, "Softplus' slope is taken at its output."),
    ("tanh", wrong, "The slope of tanh for a softplus."),
    ("twice", wrong, "Softplus' slope is applied twice."),
    ("bias_row", wrong, "The hidden bias takes the first sample's row."),
    ("lasso", wrong, "The penalty is left out."),
    ("bias_one", wrong, "One for the output's bias."),
    ("bias_mean", wrong, "The output's bias is averaged once more."),
):
    label(
        "softplus_regression" + ("" if kind == "right" else f"_{kind}"), "gradient", regression_net,
        lambda W1, b1, w2, b2, kind=kind: regression_net_gradient(W1, b1, w2, b2, kind), NET_IN, why, NET,
    )  # fmt: skip

# dropout from a generator of its own, on the way to a classifier
RATE = 0.3


def dropped_scores(x, W):
    keep = np.random.default_rng(5).random(x.shape) >= RATE
    h = np.maximum(x, 0.1 * x)
    h = h * keep / (1 - RATE)
    scores = h @ W
    e = np.exp(scores - scores.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def dropped_scores_vjp(c, x, W, kind="right"):
    keep = (np.random.default_rng(5).random(x.shape) >= RATE).astype(float)
    h = np.maximum(x, 0.1 * x) * keep / (1 - RATE)
    scores = h @ W
    e = np.exp(scores - scores.max(axis=1, keepdims=True))
    p = e / e.sum(axis=1, keepdims=True)
    dscores = p * (1 - p) * c if kind == "diagonal" else p * (c - (c * p).sum(axis=1, keepdims=True))
    leak = 1.0 if kind == "leak" else 0.1
    factor = {"mask": np.ones(x.shape), "scale": keep}.get(kind, keep / (1 - RATE))
    return dscores @ W.T * factor * np.where(x > 0, 1.0, leak), h.T @ dscores


KEPT = np.random.default_rng(5).random((4, 3)) >= RATE
DROPPED = Reference(lambda x, W: mp.softmax((mp.maximum(x, mpf(0.1) * x) * KEPT / (1 - mpf(RATE))) @ W))
DROPPED_IN = (draw(4, 3), draw(3, 3))
for kind, label, why in (
    ("right", right, "The mask is drawn again from the same seed."),
    ("diagonal", wrong, "Softmax entry by entry."),
    ("leak", wrong, "The slope 1 for negative inputs, too."),
    ("mask", wrong, "No mask on the way back."),
    ("scale", wrong, "No 1 / (1 - rate) on the way back."),
):
    label(
        "classifier_with_dropout" + ("" if kind == "right" else f"_{kind}"), "vjp", dropped_scores,
        lambda c, x, W, kind=kind: dropped_scores_vjp(c, x, W, kind), DROPPED_IN, why, DROPPED,
    )  # fmt: skip


# group-wise standardisation in single precision, with a gain per channel
def group_standardise(x, gain):
    groups = x.reshape(2, 2, 3)
    mean = groups.mean(axis=2, keepdims=True)
    spread = np.sqrt(((groups - mean) ** 2).mean(axis=2, keepdims=True) + 1e-2)
    return ((groups - mean) / spread).reshape(2, 6) * gain


def group_standardise_vjp(c, x, gain, kind="right"):
    groups = x.reshape(2, 2, 3)
    centred = groups - groups.mean(axis=2, keepdims=True)
    spread = np.sqrt((centred**2).mean(axis=2, keepdims=True) + 1e-2)
    unit = centred / spread
    w = (c * gain).reshape(2, 2, 3)
    through_spread = 0 if kind == "spread" else unit * (w * unit).mean(axis=2, keepdims=True)
    through_mean = 0 if kind == "mean" else w.mean(axis=2, keepdims=True)
    g = (w - through_mean - through_spread) / spread
    whole = c * unit.reshape(2, 6)
    return g.reshape(2, 6), (whole.mean(axis=0) if kind == "gain" else whole.sum(axis=0))


def mp_group_standardise(x, gain):
    rows = []
    for v in x.reshape(4, 3):
        d = v - v.sum() / 3
        rows.append(d / mpm.sqrt((d * d).sum() / 3 + mpf(1e-2)))
    return np.stack(rows).reshape(2, 6) * gain


GROUPS = Reference(mp_group_standardise)
GROUPS_IN = (draw(2, 6).astype(np.float32), draw(6).astype(np.float32))
for kind, label, why in (
    ("right", right, "Groups of three channels."),
    ("mean", wrong, "The mean held constant."),
    ("spread", wrong, "The spread held constant."),
    ("gain", wrong, "The gain averaged over the batch."),
):
    label(
        "group_standardise_float32" + ("" if kind == "right" else f"_{kind}"), "vjp", group_standardise,
        lambda c, x, g, kind=kind: group_standardise_vjp(c, x, g, kind), GROUPS_IN, why, GROUPS,
    )  # fmt: skip

# a bilinear scorer of pairs, square on purpose
LEFT, RIGHT = draw(4, 3), draw(4, 3)


def pair_scores(M, bias):
    projected = LEFT @ M
    scores = np.sum(projected * RIGHT, axis=1) + bias
    return np.tanh(scores)


def pair_scores_vjp(c, M, bias, kind="right"):
    scores = np.sum((LEFT @ M) * RIGHT, axis=1) + bias
    if kind == "ones":
        c = np.ones_like(c)
    if kind == "total":
        c = np.full_like(c, c.sum())
    ds = c * (1 - np.tanh(scores) ** 2)
    dM = LEFT.T @ (ds[:, None] * RIGHT)
    if kind == "transposed":
        dM = dM.T
    if kind == "square":
        return dM, np.sum(c * ds)
    if kind == "first":
        dM = np.outer(LEFT[0], ds[0] * RIGHT[0])
    if kind == "half":
        dM = dM.astype(np.float16).astype(float)
    if kind == "integers":
        dM = np.rint(dM)
    if kind == "rolled":
        dM = np.roll(dM, 1, axis=0)
    return dM, np.sum(ds)


PAIRS = Reference(lambda M, b: mp.tanh(((mp.lift(LEFT) @ M) * mp.lift(RIGHT)).sum(axis=1) + b))
PAIRS_IN = (0.6 * draw(3, 3), np.array(-0.2))
for kind, label, why in (
    ("right", right, "A sum of outer products."),
    ("ones", wrong, "The cotangent is taken for ones."),
    ("total", wrong, "The cotangent's sum stands for each of its entries."),
    ("transposed", wrong, "The square matrix is handed back transposed."),
    ("square", wrong, "The cotangent enters the bias twice."),
    ("first", wrong, "The first pair alone reaches the matrix."),
    ("half", wrong, "Rounded to half precision."),
    ("integers", wrong, "Rounded to integers."),
    ("rolled", wrong, "Rows shifted by one."),
):
    label(
        "bilinear_pairs" + ("" if kind == "right" else f"_{kind}"), "vjp", pair_scores,
        lambda c, M, b, kind=kind: pair_scores_vjp(c, M, b, kind), PAIRS_IN, why, PAIRS,
    )  # fmt: skip

# weights shared by encoder and decoder
CODES = draw(5, 4)


def tied_coder(W, b):
    code = np.tanh(CODES @ W + b)
    back = code @ W.T
    return 0.5 * np.sum((back - CODES) ** 2)


def tied_coder_gradient(W, b, kind="right"):
    code = np.tanh(CODES @ W + b)
    dback = code @ W.T - CODES
    dz = dback @ W * (1 - code**2)
    decoder, encoder = dback.T @ code, CODES.T @ dz
    dW = {"encoder": encoder, "twice": encoder + 2 * decoder, "minus": encoder - decoder}.get(kind, encoder + decoder)
    return dW, (0 * b if kind == "bias" else dz.sum(axis=0))


TIED = Reference(lambda W, b: ((mp.tanh(mp.lift(CODES) @ W + b) @ W.T - mp.lift(CODES)) ** 2).sum() / 2)
for kind, label, why in (
    ("right", right, "Both uses of W."),
    ("encoder", wrong, "The encoder's gradient overwrites the decoder's."),
    ("twice", wrong, "The decoder's use is counted twice."),
    ("minus", wrong, "The decoder's use enters with a minus."),
    ("bias", wrong, "The bias gets nothing."),
):
    label(
        "tied_coder" + ("" if kind == "right" else f"_{kind}"), "gradient", tied_coder,
        lambda W, b, kind=kind: tied_coder_gradient(W, b, kind), (0.7 * draw(4, 3), draw(3)), why, TIED,
    )  # fmt: skip


# a leaky integrator whose backward pass uses states of another moment
def integrator(u, leak):
    s = np.zeros(())
    out = []
    for drive in u:
        s = s + leak * (drive - np.tanh(s))
        out.append(s)
    return np.stack(out)


def integrator_vjp(c, u, leak, kind="right"):
    states = [np.zeros(())]
    for drive in u:
        states.append(states[-1] + leak * (drive - np.tanh(states[-1])))
    du, by_leak, carried = np.zeros_like(u), 0.0, 0.0
    for t in reversed(range(len(u))):
        if kind == "cut" and t == len(u) - 4:
            carried = 0.0
        before = states[t + 1] if kind == "late" else states[t]
        carried = carried + c[t]
        du[t] = leak * carried
        by_leak = by_leak + carried * (u[t] - np.tanh(before))
        carried = carried * (1 - leak * (1 - np.tanh(before) ** 2))
    return du, by_leak


def mp_integrator(u, leak):
    s, out = mpf(0), []
    for drive in u:
        s = s + leak * (drive - mpm.tanh(s))
        out.append(s)
    return np.array(out, dtype=object)


INTEGRATOR, INTEGRATOR_IN = Reference(mp_integrator), (draw(6), np.array(0.4))
for kind, label, why in (
    ("right", right, "States before each step."),
    ("late", wrong, "States after each step: one moment too late."),
    ("cut", wrong, "The last four steps only."),
):
    label(
        "leaky_integrator" + ("" if kind == "right" else f"_{kind}"), "vjp", integrator,
        lambda c, u, k, kind=kind: integrator_vjp(c, u, k, kind), INTEGRATOR_IN, why, INTEGRATOR,
    )  # fmt: skip


# a layer that keeps its last scores
class Scorer:
    """Scores by softsign; the backward pass reads what the first forward pass of all kept."""

    def __init__(self):
        self.kept = None

    def forward(self, x):
        z = x / (1 + np.abs(x))
        if self.kept is None:
            self.kept = x.copy()
        return z

    def backward(self, c, x):
        if self.kept is None or self.kept.shape != x.shape:
            self.kept = x.copy()
        return c / (1 + np.abs(self.kept)) ** 2


def scorer_is_stale(item):
    fresh, (x,) = Scorer(), item.inputs
    one = np.ones_like(x)
    fresh.forward(x)
    fresh.forward(3 * x)
    return not np.allclose(fresh.backward(one, 3 * x), one / (1 + np.abs(3 * x)) ** 2)


right(
    "softsign_scorer", "vjp", lambda x: x / (1 + np.abs(x)), lambda c, x: c / (1 + np.abs(x)) ** 2, draw(5),
    "Its own input.", Reference(lambda x: x / (1 + mp.absolute(x))),
)  # fmt: skip
FIRST = Scorer()
wrong(
    "softsign_scorer_first_input", "vjp", FIRST.forward, FIRST.backward, draw(5), "The first input for ever.",
    LabelledByIntent("At three times the input it answers as before.", shows=scorer_is_stale),
)  # fmt: skip
