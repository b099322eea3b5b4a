"""Factorisations, embeddings, clusterings and transport: unsupervised homework."""

import numpy as np

from .. import shows
from .. import truth as mp
from ..item import Category
from ..truth import LabelledByIntent, Reference

CATEGORY = Category("course embeddings")
right, wrong = CATEGORY.right, CATEGORY.wrong
rng = np.random.default_rng(2008)


# matrix factorisation with a mask of what was rated
RATINGS = np.array([[5, 3, 0, 1], [4, 0, 0, 1], [1, 1, 0, 5]])
U, M = rng.uniform(0.2, 1, (3, 2)), rng.uniform(0.2, 1, (4, 2))


def factorise(U, M):
    rated = RATINGS > 0
    return 0.5 * np.sum((U @ M.T - RATINGS)[rated] ** 2) + 0.05 * (np.sum(U**2) + np.sum(M**2))


def factorise_gradient(U, M, masked=True, simultaneous=True):
    E = (U @ M.T - RATINGS) * (RATINGS > 0 if masked else 1)
    dU = E @ M + 0.1 * U
    if not simultaneous:
        E = ((U - 0.01 * dU) @ M.T - RATINGS) * (RATINGS > 0)
    return dU, E.T @ U + 0.1 * M


def factorise_gradient_integer(U, M):
    dU, dM = factorise_gradient(U, M)
    out = np.zeros_like(RATINGS)[:, :2]
    out[:] = dU
    return out, dM


def mp_factorise(U, M):
    e = U @ M.T - RATINGS
    return sum(e[i] ** 2 for i in np.ndindex(e.shape) if RATINGS[i]) / 2 + mp.mpf("0.05") * (
        (U * U).sum() + (M * M).sum()
    )


FACTORISE = Reference(mp_factorise)
right("ratings_factorised", "gradient", factorise, factorise_gradient, (U, M), "Boolean mask of ratings.", FACTORISE)
wrong(
    "ratings_factorised_unrated_pull", "gradient", factorise,
    lambda U, M: factorise_gradient(U, M, masked=False), (U, M), "Missing ratings count as zeros.", FACTORISE,
)  # fmt: skip
wrong(
    "ratings_factorised_after_a_step", "gradient", factorise,
    lambda U, M: factorise_gradient(U, M, simultaneous=False), (U, M),
    "The second factor's gradient is taken after a step of the first.", FACTORISE,
)  # fmt: skip
wrong(
    "ratings_factorised_integer_buffer", "gradient", factorise, factorise_gradient_integer, (U, M),
    "zeros_like of the integer ratings truncates the gradient.",
    LabelledByIntent("the answer is of integers", shows=shows.wrong_shape),
)  # fmt: skip

# NMF under the generalised Kullback-Leibler divergence
VS = rng.uniform(0.5, 2, (3, 4))


def nmf(Wf, Hf):
    R = Wf @ Hf
    return np.sum(VS * np.log(VS / R) - VS + R)


def nmf_gradient(Wf, Hf, axis=1):
    ratio = VS / (Wf @ Hf)
    return (Hf.sum(axis=1) - ratio @ Hf.T), (Wf.sum(axis=0)[:, None] - Wf.T @ ratio)


def nmf_gradient_ratio_squared(Wf, Hf):
    R = Wf @ Hf
    return (1 - VS / R**2) @ Hf.T, Wf.T @ (1 - VS / R**2)


NMF = Reference(lambda W, H: (mp.lift(VS) * mp.log(mp.lift(VS) / (W @ H)) - mp.lift(VS) + W @ H).sum())
NMF_IN = (rng.uniform(0.2, 1, (3, 2)), rng.uniform(0.2, 1, (2, 4)))
right("nmf_divergence", "gradient", nmf, nmf_gradient, NMF_IN, "As in the multiplicative rules.", NMF)
wrong("nmf_divergence_ratio_squared", "gradient", nmf, nmf_gradient_ratio_squared, NMF_IN, "V / R^2 for V / R.", NMF)


# t-SNE: P given, Student kernel, self-pairs excluded
D = np.abs(rng.standard_normal((5, 5)))
P = D + D.T
np.fill_diagonal(P, 0)
P /= P.sum()
EMBEDDED = rng.standard_normal((5, 2))


def tsne_kernel(Y):
    sum_Y = np.sum(np.square(Y), 1)
    num = -2.0 * np.dot(Y, Y.T)
    num = 1.0 / (1.0 + np.add(np.add(num, sum_Y).T, sum_Y))
    num[range(len(Y)), range(len(Y))] = 0.0
    return num


def tsne(Y):
    num = tsne_kernel(Y)
    Q = np.maximum(num / np.sum(num), 1e-12)
    return np.sum(P * np.log(np.maximum(P, 1e-12) / Q))


def tsne_gradient(Y, kernel=True, factor=4.0):
    num = tsne_kernel(Y)
    PQ = P - num / np.sum(num)
    dY = np.zeros_like(Y)
    for i in range(len(Y)):
        weight = PQ[:, i] * num[:, i] if kernel else PQ[:, i]
        dY[i, :] = factor * np.sum(np.tile(weight, (2, 1)).T * (Y[i, :] - Y), 0)
    return dY


def mp_tsne(Y):
    n = len(Y)
    num = {(i, j): 1 / (1 + ((Y[i] - Y[j]) ** 2).sum()) for i, j in np.ndindex(n, n) if i != j}
    total = sum(num.values())
    return sum(P[k] * mp.mpmath.log(mp.mpf(float(P[k])) * total / num[k]) for k in num)


TSNE = Reference(mp_tsne)
right("tsne", "gradient", tsne, tsne_gradient, EMBEDDED, "np.tile, a diagonal written to zero, floors of 1e-12.", TSNE)
wrong(
    "tsne_without_kernel", "gradient", tsne, lambda Y: tsne_gradient(Y, kernel=False), EMBEDDED,
    "SNE's gradient: the Student kernel is missing.", TSNE,
)  # fmt: skip
wrong(
    "tsne_factor_two", "gradient", tsne, lambda Y: tsne_gradient(Y, factor=2.0), EMBEDDED,
    "Each pair counts once instead of twice.", TSNE,
)  # fmt: skip

# multidimensional scaling
TARGET = np.array([[0.0, 1.0, 2.0, 1.5], [1.0, 0.0, 1.2, 0.7], [2.0, 1.2, 0.0, 2.2], [1.5, 0.7, 2.2, 0.0]])


def stress(Y):
    total = 0.0
    for i in range(len(Y)):
        for j in range(i + 1, len(Y)):
            total += (np.linalg.norm(Y[i] - Y[j]) - TARGET[i, j]) ** 2
    return total


def stress_gradient(Y, normalise=True):
    diff = Y[:, None, :] - Y[None, :, :]
    dist = np.sqrt((diff**2).sum(-1))
    np.fill_diagonal(dist, 1.0)
    B = 2 * (dist - TARGET) / (dist if normalise else 1.0)
    np.fill_diagonal(B, 0.0)
    return (B[:, :, None] * diff).sum(axis=1)


def mp_stress(Y):
    return sum(
        (mp.mpmath.sqrt(((Y[i] - Y[j]) ** 2).sum()) - mp.mpf(float(TARGET[i, j]))) ** 2
        for i, j in np.ndindex(4, 4)
        if i < j
    )


STRESS = Reference(mp_stress)
right("mds_stress", "gradient", stress, stress_gradient, EMBEDDED[:4], "Norms of pairs in two loops.", STRESS)
wrong(
    "mds_stress_unit_vectors_missing", "gradient", stress, lambda Y: stress_gradient(Y, normalise=False),
    EMBEDDED[:4], "The differences are not divided by their lengths.", STRESS,
)  # fmt: skip

# soft k-means
POINTS, CENTRES = rng.standard_normal((6, 2)), rng.standard_normal((3, 2))


def soft_kmeans(x, mu, temperature=0.5):
    d = ((x[:, None] - mu[None]) ** 2).sum(-1)
    return -temperature * np.sum(np.log(np.exp(-d / temperature).sum(1)))


def soft_kmeans_gradient(x, mu, temperature=0.5, hard=False):
    d = ((x[:, None] - mu[None]) ** 2).sum(-1)
    a = np.exp(-(d - d.min(1, keepdims=True)) / temperature)
    a /= a.sum(1, keepdims=True)
    if hard:
        a = np.eye(len(mu))[d.argmin(axis=1)]
    return 2 * (x - a @ mu), 2 * (a.sum(0)[:, None] * mu - a.T @ x)


KMEANS = Reference(
    lambda x, mu: -sum(mp.mpmath.log(sum(mp.mpmath.exp(-2 * ((p - m) ** 2).sum()) for m in mu)) for p in x) / 2
)
right(
    "kmeans_soft", "gradient", soft_kmeans, soft_kmeans_gradient, (POINTS, CENTRES), "Assignments by softmin.", KMEANS
)
wrong(
    "kmeans_soft_by_hard_assignment", "gradient", soft_kmeans,
    lambda x, mu: soft_kmeans_gradient(x, mu, hard=True), (POINTS, CENTRES), "argmin in place of the softmin.", KMEANS,
)  # fmt: skip

# PCA as an autoencoder with tied weights, and by an eigenvalue
CLOUD = rng.standard_normal((5, 3))


def tied(W):
    R = CLOUD - CLOUD @ W @ W.T
    return np.sum(R**2) / len(CLOUD)


def tied_gradient(W, both=True):
    R = CLOUD - CLOUD @ W @ W.T
    g = -2 * R.T @ CLOUD @ W / len(CLOUD)
    return g - 2 * CLOUD.T @ R @ W / len(CLOUD) if both else g


TIED, TIED_IN = Reference(lambda W: ((mp.lift(CLOUD) - mp.lift(CLOUD) @ W @ W.T) ** 2).sum() / 5), CLOUD[:3, :2] * 0.7
right("pca_tied_autoencoder", "gradient", tied, tied_gradient, TIED_IN, "W is used twice.", TIED)
wrong(
    "pca_tied_autoencoder_decoder_only", "gradient", tied, lambda W: tied_gradient(W, both=False), TIED_IN,
    "Only the decoder's use of W.", TIED,
)  # fmt: skip


# Sinkhorn: five iterations, differentiated by unrolling
ROWS, COLS = np.array([0.5, 0.3, 0.2]), np.array([0.25, 0.25, 0.5])


def sinkhorn_scalings(C, n=5):
    K = np.exp(-C / 0.5)
    us, vs = [], [np.ones(len(COLS))]
    for _ in range(n):
        us.append(ROWS / (K @ vs[-1]))
        vs.append(COLS / (K.T @ us[-1]))
    return K, us, vs


def sinkhorn(C):
    K, us, vs = sinkhorn_scalings(C)
    return np.sum(us[-1][:, None] * K * vs[-1] * C)


def sinkhorn_gradient(C, unroll=True):
    K, us, vs = sinkhorn_scalings(C)
    plan = us[-1][:, None] * K * vs[-1]
    dC = plan.copy()
    if not unroll:
        return dC
    dK = us[-1][:, None] * vs[-1] * C
    du, dv = (K * C) @ vs[-1], (K * C).T @ us[-1]
    for k in range(len(us) - 1, -1, -1):
        dv_over = -dv * vs[k + 1] ** 2 / COLS
        dK += np.outer(us[k], dv_over)
        du = du + K @ dv_over
        du_over = -du * us[k] ** 2 / ROWS
        dK += np.outer(du_over, vs[k])
        dv, du = K.T @ du_over, np.zeros_like(du)
    return dC - dK * K / 0.5


def mp_sinkhorn(C):
    K = mp.exp(-2 * C)
    r, c = mp.lift(ROWS), mp.lift(COLS)
    v = np.full(3, mp.mpf(1))
    for _ in range(5):
        u = r / (K @ v)
        v = c / (K.T @ u)
    return (u[:, None] * K * v * C).sum()


SINKHORN, COSTS = Reference(mp_sinkhorn), rng.uniform(0, 2, (3, 3))
right("sinkhorn_unrolled", "gradient", sinkhorn, sinkhorn_gradient, COSTS, "Five iterations, unrolled.", SINKHORN)
wrong(
    "sinkhorn_envelope", "gradient", sinkhorn, lambda C: sinkhorn_gradient(C, unroll=False), COSTS,
    "The plan itself: the envelope theorem, for another objective than this one.", SINKHORN,
)  # fmt: skip

# soft-DTW
SERIES = (np.array([0.1, 0.9, 0.4, -0.3]), np.array([0.0, 0.5, 1.0]))


def soft_dtw_table(D, gamma=0.3):
    n, m = D.shape
    R = np.full((n + 2, m + 2), np.inf)
    R[0, 0] = 0
    for i in range(1, n + 1):
        for j in range(1, m + 1):
            r = np.array([R[i - 1, j - 1], R[i - 1, j], R[i, j - 1]])
            low = r.min()
            R[i, j] = D[i - 1, j - 1] + low - gamma * np.log(np.sum(np.exp(-(r - low) / gamma)))
    return R


def soft_dtw(x, y):
    return soft_dtw_table((x[:, None] - y) ** 2)[-2, -2]


def soft_dtw_gradient(x, y, gamma=0.3, diagonal=True):
    D = (x[:, None] - y) ** 2
    n, m = D.shape
    R = soft_dtw_table(D)
    E = np.zeros((n + 2, m + 2))
    E[n, m] = 1
    for i in range(n, 0, -1):
        for j in range(m, 0, -1):
            for p, q in ((i + 1, j), (i, j + 1), (i + 1, j + 1))[: 3 if diagonal else 2]:
                if p <= n and q <= m:
                    E[i, j] += E[p, q] * np.exp((R[p, q] - R[i, j] - D[p - 1, q - 1]) / gamma)
    E = E[1:-1, 1:-1]
    return (E * 2 * (x[:, None] - y)).sum(1), (E * -2 * (x[:, None] - y)).sum(0)


def mp_soft_dtw(x, y):
    """By enumeration: soft minimum over all monotone alignments."""
    g = mp.mpf(0.3)

    def paths(i, j):
        here = (x[i] - y[j]) ** 2
        if i == 0 and j == 0:
            return [here]
        steps = [(i - 1, j - 1), (i - 1, j), (i, j - 1)]
        return [here + rest for p, q in steps if p >= 0 and q >= 0 for rest in paths(p, q)]

    return -g * mp.mpmath.log(sum(mp.mpmath.exp(-cost / g) for cost in paths(len(x) - 1, len(y) - 1)))


DTW = Reference(mp_soft_dtw)
right("soft_dtw", "gradient", soft_dtw, soft_dtw_gradient, SERIES, "inf at the border of the table.", DTW)
wrong(
    "soft_dtw_no_diagonal_step", "gradient", soft_dtw, lambda x, y: soft_dtw_gradient(x, y, diagonal=False), SERIES,
    "The backward recursion forgets diagonal steps.", DTW,
)  # fmt: skip
