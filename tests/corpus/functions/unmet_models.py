"""Graphs, contrasts, flows, scenes and sequences with one mistake each: the fourth held-out set."""

import numpy as np

from .. import shows
from .. import truth as mp
from ..item import Category
from ..truth import LabelledByIntent, Reference

CATEGORY = Category("unmet models")
right, wrong = CATEGORY.right, CATEGORY.wrong
rng = np.random.default_rng(5503)
mpf, mpm = mp.mpf, mp.mpmath

# a graph convolution whose neighbours point one way
LINKS = np.array([[1.0, 1, 0, 1], [0, 1, 1, 0], [0, 0, 1, 1], [1, 0, 1, 1]])
SPREAD = LINKS / LINKS.sum(axis=1, keepdims=True)
NODES = (rng.standard_normal((4, 3)), rng.standard_normal((3, 2)))


def graph_layer(x, w):
    gathered = SPREAD @ x
    return np.tanh(gathered @ w)


def graph_layer_backward(c, x, w, back=SPREAD.T):
    h = np.tanh(SPREAD @ x @ w)
    dz = c * (1 - h**2)
    return back @ (dz @ w.T), (SPREAD @ x).T @ dz


def mp_graph_layer(x, w):
    return mp.tanh(mp.lift(SPREAD) @ x @ w)


right("unmet_graph_layer", "vjp", graph_layer, graph_layer_backward, NODES, "Against the links.",
      Reference(mp_graph_layer))  # fmt: skip
wrong("unmet_graph_layer_along_the_links", "vjp", graph_layer, lambda c, *a: graph_layer_backward(c, *a, back=SPREAD),
      NODES, "The adjacency is taken for symmetric.", Reference(mp_graph_layer))  # fmt: skip

# messages along edges
SOURCE, TARGET, EDGE = np.array([0, 0, 1, 2, 3]), np.array([1, 2, 3, 3, 0]), np.array([0.5, 1.4, -0.8, 0.9, 1.2])


def messages(x, w):
    m = np.tanh(x[SOURCE] @ w) * EDGE[:, None]
    out = np.zeros((4, 2))
    np.add.at(out, TARGET, m)
    return out


def messages_backward(c, x, w, assigned=False, ends=(SOURCE, TARGET)):
    t = np.tanh(x[SOURCE] @ w)
    dz = c[ends[1]] * EDGE[:, None] * (1 - t**2)
    dx = np.zeros_like(x)
    if assigned:
        dx[ends[0]] = dz @ w.T
    else:
        np.add.at(dx, ends[0], dz @ w.T)
    return dx, x[SOURCE].T @ dz


def mp_messages(x, w):
    m = mp.tanh(x[SOURCE] @ w) * mp.lift(EDGE)[:, None]
    return np.array([sum((m[e] for e in range(5) if TARGET[e] == i), np.array([mpf(0)] * 2)) for i in range(4)])


right("unmet_messages", "vjp", messages, messages_backward, NODES, "Every edge adds.", Reference(mp_messages))
wrong("unmet_messages_last_edge_stays", "vjp", messages, lambda c, *a: messages_backward(c, *a, assigned=True), NODES,
      "A node that sends twice keeps the gradient of one edge.", Reference(mp_messages))  # fmt: skip
wrong("unmet_messages_to_the_receiver", "vjp", messages,
      lambda c, *a: messages_backward(c, *a, ends=(TARGET, TARGET)), NODES,
      "The gradient of a message is left with the node that got it.", Reference(mp_messages))  # fmt: skip


# shares of neighbours by a score
def attended(x, a):
    e = np.exp(x @ a) * LINKS
    p = e / e.sum(axis=1, keepdims=True)
    return p @ x


def attended_backward(c, x, a, centred=1.0):
    e = np.exp(x @ a) * LINKS
    p = e / e.sum(axis=1, keepdims=True)
    dp = c @ x.T
    ds = (p * (dp - centred * np.sum(p * dp, axis=1, keepdims=True))).sum(axis=0)
    return p.T @ c + ds[:, None] * a, x.T @ ds


def mp_attended(x, a):
    e = mp.exp(x @ a) * mp.lift(LINKS)
    return e / e.sum(axis=1, keepdims=True) @ x


GAT = (NODES[0], np.array([0.5, -0.7, 0.3]))
right("unmet_attended", "vjp", attended, attended_backward, GAT, "Scores are centred.", Reference(mp_attended))
wrong("unmet_attended_uncentred", "vjp", attended, lambda c, *a: attended_backward(c, *a, centred=0.0), GAT,
      "The softmax has its diagonal term alone, without minus p.", Reference(mp_attended))  # fmt: skip

# each view of a picture finds its other view
VIEWS = rng.standard_normal((4, 3))
OTHER = np.array([1, 0, 3, 2])


def contrast(x):
    z = x / np.sqrt(np.sum(x**2, axis=1, keepdims=True))
    s = z @ z.T / 0.5 - 1e9 * np.eye(4)
    top = np.log(np.sum(np.exp(s), axis=1))
    return np.mean(top - s[np.arange(4), OTHER])


def contrast_gradient(x, keys=1.0, projected=1.0, warmth=0.5):
    r = np.sqrt(np.sum(x**2, axis=1, keepdims=True))
    z = x / r
    p = np.exp(z @ z.T / 0.5) * (1 - np.eye(4))
    ds = (p / p.sum(axis=1, keepdims=True) - np.eye(4)[OTHER]) / 4 / warmth
    dz = ds @ z + keys * (ds.T @ z)
    return (dz - projected * z * np.sum(dz * z, axis=1, keepdims=True)) / r


def mp_contrast(x):
    z = x / mp.sqrt((x * x).sum(axis=1, keepdims=True))
    s = z @ z.T * 2
    return sum(mpm.log(sum(mpm.exp(s[i, j]) for j in range(4) if j != i)) - s[i, OTHER[i]] for i in range(4)) / 4


right("unmet_contrast", "gradient", contrast, contrast_gradient, VIEWS, "Queries, keys, and the norm.",
      Reference(mp_contrast))  # fmt: skip
wrong("unmet_contrast_keys_held", "gradient", contrast, lambda x: contrast_gradient(x, keys=0.0), VIEWS,
      "Similarities are derived by the queries alone.", Reference(mp_contrast))  # fmt: skip
wrong("unmet_contrast_lengths_held", "gradient", contrast, lambda x: contrast_gradient(x, projected=0.0), VIEWS,
      "Lengths are taken for constants.", Reference(mp_contrast))  # fmt: skip
wrong("unmet_contrast_warmth_lost", "gradient", contrast, lambda x: contrast_gradient(x, warmth=1.0), VIEWS,
      "1/temperature is forgotten.", Reference(mp_contrast))  # fmt: skip

# triplets with a margin, of which some are far enough already
TRIPLETS = (rng.standard_normal((4, 2)), rng.standard_normal((4, 2)), rng.standard_normal((4, 2)) + 1.0)


def triplets(a, p, n):
    gap = np.sum((a - p) ** 2, axis=1) - np.sum((a - n) ** 2, axis=1) + 0.4
    return np.sum(np.maximum(gap, 0))


def triplets_gradient_of_all(a, p, n):
    return 2 * (n - p), 2 * (p - a), 2 * (a - n)


def mp_triplets(a, p, n):
    return mp.relu(((a - p) ** 2).sum(axis=1) - ((a - n) ** 2).sum(axis=1) + mpf(0.4)).sum()


wrong("unmet_triplets_all_active", "gradient", triplets, triplets_gradient_of_all, TRIPLETS,
      "Triplets that are far enough pull as well.", Reference(mp_triplets))  # fmt: skip

# one coupling of a normalising flow
FLOW = (rng.standard_normal(4), 0.5 * rng.standard_normal((2, 2)), 0.5 * rng.standard_normal((2, 2)))


def coupling(x, ws, wt):
    s = np.tanh(ws @ x[:2])
    moved = x[2:] * np.exp(s) + wt @ x[:2]
    volume = np.sum(s)
    return 0.5 * (np.sum(x[:2] ** 2) + np.sum(moved**2)) - volume


def coupling_gradient(x, ws, wt, of_volume=1.0, of_tanh=True):
    s = np.tanh(ws @ x[:2])
    moved = x[2:] * np.exp(s) + wt @ x[:2]
    ds = moved * x[2:] * np.exp(s) - of_volume
    dz = ds * (1 - s**2) if of_tanh else ds
    dx = np.concatenate([x[:2] + ws.T @ dz + wt.T @ moved, moved * np.exp(s)])
    return dx, np.outer(dz, x[:2]), np.outer(moved, x[:2])


def mp_coupling(x, ws, wt):
    s = mp.tanh(ws @ x[:2])
    moved = x[2:] * mp.exp(s) + wt @ x[:2]
    return ((x[:2] * x[:2]).sum() + (moved * moved).sum()) / 2 - s.sum()


right("unmet_coupling", "gradient", coupling, coupling_gradient, FLOW, "With its volume.", Reference(mp_coupling))
wrong("unmet_coupling_volume_left_out", "gradient", coupling, lambda *a: coupling_gradient(*a, of_volume=0.0), FLOW,
      "The log determinant is not derived.", Reference(mp_coupling))  # fmt: skip
wrong("unmet_coupling_volume_added", "gradient", coupling, lambda *a: coupling_gradient(*a, of_volume=-1.0), FLOW,
      "The log determinant has the other sign.", Reference(mp_coupling))  # fmt: skip
wrong("unmet_coupling_scale_unbent", "gradient", coupling, lambda *a: coupling_gradient(*a, of_tanh=False), FLOW,
      "1 - s^2 of the tanh of the scales is forgotten.", Reference(mp_coupling))  # fmt: skip

# columns in another order between two couplings
ORDER, BACK = np.array([2, 0, 3, 1]), np.array([1, 3, 0, 2])
BETWEEN = (rng.standard_normal((2, 4)), rng.uniform(0.5, 1.5, 4))


def reordered(x, gain):
    y = x[:, ORDER] * gain
    return np.tanh(y)


def reordered_backward(c, x, gain, back=BACK):
    d = c * (1 - np.tanh(x[:, ORDER] * gain) ** 2)
    return (d * gain)[:, back], np.sum(d * x[:, ORDER], axis=0)


def mp_reordered(x, gain):
    return mp.tanh(x[:, ORDER] * gain)


right(
    "unmet_reordered", "vjp", reordered, reordered_backward, BETWEEN, "By the inverse order.", Reference(mp_reordered)
)
wrong("unmet_reordered_same_order", "vjp", reordered, lambda c, *a: reordered_backward(c, *a, back=ORDER), BETWEEN,
      "The order is applied again, not undone.", Reference(mp_reordered))  # fmt: skip

# features that are scaled and shifted by a condition
FILM = (rng.standard_normal((3, 3)), rng.uniform(0.5, 1.5, 3), rng.standard_normal(3))


def film(x, gain, shift):
    y = x * gain + shift
    return y / (1 + y**2)


def film_backward(c, x, gain, shift, over=0):
    y = x * gain + shift
    d = c * (1 - y**2) / (1 + y**2) ** 2
    return d * gain, np.sum(d * x, axis=over), d.sum(axis=0)


def mp_film(x, gain, shift):
    y = x * gain + shift
    return y / (1 + y * y)


right("unmet_film", "vjp", film, film_backward, FILM, "Summed over the rows.", Reference(mp_film))
wrong("unmet_film_gain_by_rows", "vjp", film, lambda c, *a: film_backward(c, *a, over=1), FILM,
      "The gain's gradient is summed over the columns of a square batch.", Reference(mp_film))  # fmt: skip

# a signal on a graph that should be smooth
LAPLACE, NOISY = (
    np.diag([2.0, 3, 2, 1]) - np.array([[0, 1, 0, 1], [1, 0, 1, 1], [0, 1, 0, 1], [0, 0, 1, 0]]),
    np.array([0.4, 1.1, -0.6, 0.9]),
)
SIGNAL = rng.standard_normal(4)


def smoothed(x):
    fit = 0.5 * np.sum((x - NOISY) ** 2)
    return fit + 0.3 * np.sum(x * (LAPLACE @ x))


def smoothed_gradient(x, penalty=1.0, turned=1.0):
    return x - NOISY + penalty * 0.3 * (LAPLACE @ x + turned * LAPLACE.T @ x)


def mp_smoothed(x):
    d = x - mp.lift(NOISY)
    return (d * d).sum() / 2 + mpf(0.3) * (x @ mp.lift(LAPLACE) @ x)


wrong("unmet_smoothed_penalty_forgotten", "gradient", smoothed, lambda x: smoothed_gradient(x, penalty=0.0), SIGNAL,
      "The penalty is not derived.", Reference(mp_smoothed))  # fmt: skip
wrong("unmet_smoothed_one_factor", "gradient", smoothed, lambda x: smoothed_gradient(x, turned=0.0), SIGNAL,
      "Of x' L x one factor is derived.", Reference(mp_smoothed))  # fmt: skip


# a layer that keeps what its last forward saw
class Squash:
    def forward(self, x):
        self.seen = np.arctan(x)
        return self.seen * x

    def backward(self, c, x):
        return c * (self.seen + x / (1 + x**2))


SQUASH = Squash()
wrong("unmet_squash_keeps_the_last_forward", "vjp", SQUASH.forward, SQUASH.backward, SIGNAL,
      "The backward reads what the last forward left.",
      LabelledByIntent("a forward in between changes the answer", shows=shows.depends_on_call_order))  # fmt: skip
