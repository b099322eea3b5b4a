"""Whole models and fits with library calls inside: SciPy, eigenvalues, splines, larger networks, single precision."""

import numpy as np
import scipy.linalg
import scipy.sparse
from scipy import signal, special

from .. import truth as mp
from ..item import Category
from ..truth import Reference

CATEGORY = Category("course models")
right, wrong = CATEGORY.right, CATEGORY.wrong
rng = np.random.default_rng(1543)


# a small convolutional network in single precision: conv, relu, pool, affine, softmax
IMAGES, LABELS = rng.standard_normal((3, 6, 6)).astype(np.float32), np.array([1, 0, 2])


def cnn_parts(K, W):
    windows = np.lib.stride_tricks.sliding_window_view(IMAGES, (3, 3), axis=(1, 2))
    maps = np.tensordot(windows, K, axes=([3, 4], [1, 2]))
    hidden = np.maximum(maps, 0)
    blocks = hidden.reshape(3, 2, 2, 2, 2, -1).transpose(0, 1, 3, 5, 2, 4).reshape(3, 2, 2, K.shape[0], 4)
    pooled = blocks.max(axis=-1)
    scores = pooled.reshape(3, -1) @ W
    scores = scores - scores.max(axis=1, keepdims=True)
    p = np.exp(scores)
    return windows, maps, blocks, pooled, p / p.sum(axis=1, keepdims=True)


def cnn(K, W):
    p = cnn_parts(K, W)[-1]
    return -np.mean(np.log(p[np.arange(3), LABELS]))


def cnn_gradient(K, W, gate=True):
    windows, maps, blocks, pooled, p = cnn_parts(K, W)
    p = p.copy()
    p[np.arange(3), LABELS] -= 1
    p /= np.float32(3)
    dpool = (p @ W.T).reshape(pooled.shape)
    dblocks = np.zeros_like(blocks)
    np.put_along_axis(dblocks, blocks.argmax(-1)[..., None], dpool[..., None], axis=-1)
    dmaps = dblocks.reshape(3, 2, 2, -1, 2, 2).transpose(0, 1, 4, 2, 5, 3).reshape(maps.shape)
    if gate:
        dmaps = dmaps * (maps > 0)
    return np.einsum("nijk,nijab->kab", dmaps, windows), pooled.reshape(3, -1).T @ p


def mp_cnn(K, W):
    x, total = mp.lift(IMAGES), mp.mpf(0)
    for n in range(3):
        features = []
        for i, j in np.ndindex(2, 2):
            for k in K:
                corners = [(2 * i + a, 2 * j + b) for a, b in np.ndindex(2, 2)]
                features.append(max([mp.mpf(0), *((x[n, r : r + 3, s : s + 3] * k).sum() for r, s in corners)]))
        scores = np.array(features, dtype=object) @ W
        total += mp.logsumexp(scores) - scores[LABELS[n]]
    return total / 3


CNN = Reference(mp_cnn)
CNN_IN = tuple((rng.standard_normal(s) * 0.5).astype(np.float32) for s in ((2, 3, 3), (8, 3)))
right("model_cnn_float32", "gradient", cnn, cnn_gradient, CNN_IN, "put_along_axis, tensordot, einsum.", CNN)
DARK = (-np.abs(CNN_IN[0]), CNN_IN[1])
wrong(
    "model_cnn_relu_not_gated", "gradient", cnn, lambda K, W: cnn_gradient(K, W, gate=False), CNN_IN,
    "ReLU's mask is missing, which shows where a whole pooling block is dead.", Reference(mp_cnn, at=(DARK,)),
)  # fmt: skip


# one transformer block: pre-norm, two heads, feed-forward with GELU by erf
def norm(x):
    c = x - x.mean(-1, keepdims=True)
    return c / np.sqrt((c**2).mean(-1, keepdims=True) + 1e-5)


def norm_vjp(d, x):
    inv, y = 1 / np.sqrt(x.var(-1, keepdims=True) + 1e-5), norm(x)
    return inv * (d - d.mean(-1, keepdims=True) - y * (d * y).mean(-1, keepdims=True))


def heads(x, W):
    return (x @ W).reshape(len(x), 3, 2, -1).transpose(1, 2, 0, 3)


def block(x, Wqkv, Wff):
    q, k, v = heads(norm(x), Wqkv)
    p = special.softmax(q @ k.swapaxes(1, 2) / np.sqrt(q.shape[-1]), axis=-1)
    y = x + (p @ v).swapaxes(0, 1).reshape(x.shape)
    a = norm(y) @ Wff
    return y + 0.5 * a * (1 + special.erf(a / np.sqrt(2)))


def block_vjp(c, x, Wqkv, Wff, residual=True):
    u = norm(x)
    q, k, v = heads(u, Wqkv)
    root = np.sqrt(q.shape[-1])
    p = special.softmax(q @ k.swapaxes(1, 2) / root, axis=-1)
    y = x + (p @ v).swapaxes(0, 1).reshape(x.shape)
    w = norm(y)
    a = w @ Wff
    da = c * (0.5 * (1 + special.erf(a / np.sqrt(2))) + a * np.exp(-0.5 * a * a) / np.sqrt(2 * np.pi))
    dy = norm_vjp(da @ Wff.T, y) + c
    do = dy.reshape(len(x), 2, -1).swapaxes(0, 1)
    dp = do @ v.swapaxes(1, 2)
    ds = p * (dp - (dp * p).sum(-1, keepdims=True)) / root
    dqkv = np.stack([ds @ k, ds.swapaxes(1, 2) @ q, p.swapaxes(1, 2) @ do]).transpose(2, 0, 1, 3).reshape(len(x), -1)
    return norm_vjp(dqkv @ Wqkv.T, x) + (dy if residual else c), u.T @ dqkv, w.T @ da


def mp_norm(x):
    c = x - x.mean(axis=-1, keepdims=True)
    return c / mp.sqrt((c * c).mean(axis=-1, keepdims=True) + 1e-5)


def mp_block(x, Wqkv, Wff):
    z, d = mp_norm(x) @ Wqkv, 4
    out = []
    for h in range(2):
        q, k, v = (z[:, part * d + 2 * h : part * d + 2 * h + 2] for part in range(3))
        out.append(mp.softmax(q @ k.T / mp.mpmath.sqrt(2)) @ v)
    y = x + np.concatenate(out, axis=1)
    a = mp_norm(y) @ Wff
    return y + a * (1 + mp.erf(a / mp.mpmath.sqrt(2))) / 2


BLOCK = Reference(mp_block)
BLOCK_IN = (rng.standard_normal((3, 4)), rng.standard_normal((4, 12)) * 0.5, rng.standard_normal((4, 4)) * 0.5)
right("model_transformer_block", "vjp", block, block_vjp, BLOCK_IN, "Pre-norm, two heads, GELU.", BLOCK)
wrong(
    "model_transformer_block_inner_residual", "vjp", block, lambda c, *a: block_vjp(c, *a, residual=False), BLOCK_IN,
    "The first residual path takes the output's cotangent.", BLOCK,
)  # fmt: skip

# linear algebra by libraries: top eigenvalue, nuclear norm, matrix exponential, triangular solves
SPREAD = rng.standard_normal((5, 3))


def top_variance(W):
    return np.linalg.eigvalsh(W.T @ W)[-1]


def top_variance_gradient(W, factor=2.0):
    _, V = np.linalg.eigh(W.T @ W)
    return factor * W @ np.outer(V[:, -1], V[:, -1])


def mp_top_variance(W):
    return max(mp.mpmath.eigsy(mp.mpmath.matrix((W.T @ W).tolist()), eigvals_only=True))


TOP = Reference(mp_top_variance)
right("model_top_eigenvalue", "gradient", top_variance, top_variance_gradient, SPREAD, "By the eigenvector.", TOP)
wrong(
    "model_top_eigenvalue_half", "gradient", top_variance, lambda W: top_variance_gradient(W, factor=1.0), SPREAD,
    "The product W'W uses W twice.", TOP,
)  # fmt: skip


def nuclear_gradient(W):
    U, _, Vt = np.linalg.svd(W, full_matrices=False)
    return U @ Vt


def mp_nuclear(W):
    return sum(mp.mpmath.sqrt(v) for v in mp.mpmath.eigsy(mp.mpmath.matrix((W.T @ W).tolist()), eigvals_only=True))


right(
    "model_nuclear_norm", "gradient", lambda W: np.linalg.norm(W, "nuc"), nuclear_gradient, SPREAD,
    "U V' of the thin SVD.", Reference(mp_nuclear),
)  # fmt: skip
RATES, START = rng.standard_normal((3, 3)) * 0.5, np.array([1.0, 0.5, -0.3])


def propagate(Q):
    return START @ scipy.linalg.expm(Q)


def propagate_vjp(c, Q, transpose=True):
    M = Q.T if transpose else Q
    return scipy.linalg.expm_frechet(M, np.outer(START, c), compute_expm=False)


def mp_propagate(Q):
    term, total = np.array([mp.mpf(v) for v in START], dtype=object), 0
    for k in range(1, 70):
        total, term = total + term, term @ Q / k
    return total


EXPM = Reference(mp_propagate)
right("model_matrix_exponential", "vjp", propagate, propagate_vjp, RATES, "Frechet derivative at Q'.", EXPM)
wrong(
    "model_matrix_exponential_untransposed", "vjp", propagate, lambda c, Q: propagate_vjp(c, Q, transpose=False), RATES,
    "Frechet derivative at Q.", EXPM,
)  # fmt: skip


# multivariate normal by its Cholesky factor: lower triangle is used, log diagonal
OBSERVED = rng.standard_normal((4, 3))


def mvn(mu, T):
    L = np.tril(T, -1) + np.diag(np.exp(np.diag(T)))
    z = scipy.linalg.solve_triangular(L, (OBSERVED - mu).T, lower=True)
    return 0.5 * np.sum(z**2) + 4 * np.trace(T)


def mvn_gradient(mu, T, diagonal=True):
    L = np.tril(T, -1) + np.diag(np.exp(np.diag(T)))
    z = scipy.linalg.solve_triangular(L, (OBSERVED - mu).T, lower=True)
    w = scipy.linalg.solve_triangular(L, z, lower=True, trans="T")
    dL = np.tril(-w @ z.T)
    g = np.tril(dL, -1) + np.diag(np.diag(dL) * (np.diag(L) if diagonal else 1.0) + 4)
    return -w.sum(axis=1), g


def mp_mvn(mu, T):
    total = 4 * sum(T[i, i] for i in range(3))
    for row in mp.lift(OBSERVED):
        z = []
        for i in range(3):
            z.append((row[i] - mu[i] - sum(T[i, j] * z[j] for j in range(i))) / mp.mpmath.exp(T[i, i]))
        total += sum(v * v for v in z) / 2
    return total


MVN, MVN_IN = Reference(mp_mvn), (rng.standard_normal(3), rng.standard_normal((3, 3)) * 0.4)
right("model_normal_by_cholesky", "gradient", mvn, mvn_gradient, MVN_IN, "The upper triangle is not used.", MVN)
wrong(
    "model_normal_by_cholesky_log_diagonal", "gradient", mvn, lambda m, T: mvn_gradient(m, T, diagonal=False), MVN_IN,
    "The diagonal is exponentiated, and its chain rule is missing.", MVN,
)  # fmt: skip

# a blur by SciPy, a graph Laplacian as a sparse matrix
PSF, SHARP = np.array([[0.1, 0.2, 0.0], [0.2, 0.3, 0.1], [0.0, 0.1, 0.0]]), rng.standard_normal((4, 4))


def blur(x):
    return signal.convolve2d(x, PSF, mode="same")


def blur_vjp(c, x):
    return signal.correlate2d(c, PSF, mode="same")


def mp_blur(x):
    out = np.empty(x.shape, dtype=object)
    for i, j in np.ndindex(x.shape):
        taps = [(i + 1 - a, j + 1 - b, PSF[a, b]) for a, b in np.ndindex(3, 3)]
        out[i, j] = sum(mp.mpf(float(w)) * x[r, s] for r, s, w in taps if 0 <= r < 4 and 0 <= s < 4)
    return out


BLUR = Reference(mp_blur)
right("model_blur", "vjp", blur, blur_vjp, SHARP, "The adjoint of a convolution is a correlation.", BLUR)
wrong(
    "model_blur_by_itself", "vjp", blur, lambda c, x: blur(c), SHARP, "The kernel is not symmetric.", BLUR,
)  # fmt: skip
EDGES = np.array([[0, 1], [1, 2], [2, 3], [0, 3], [0, 2]])
INCIDENCE = scipy.sparse.csr_matrix(
    (np.tile([1.0, -1.0], 5), (np.repeat(np.arange(5), 2), EDGES.ravel())), shape=(5, 4)
)


def diffusion(x):
    return np.sum(np.cosh(INCIDENCE @ x) - 1)


DIFFUSION = Reference(lambda x: sum(mp.mpmath.cosh(x[i] - x[j]) - 1 for i, j in EDGES))
right(
    "model_sparse_incidence", "gradient", diffusion, lambda x: INCIDENCE.T @ np.sinh(INCIDENCE @ x),
    np.array([0.3, -0.2, 1.0, 0.5]), "A scipy.sparse matrix in f.", DIFFUSION,
)  # fmt: skip
wrong(
    "model_sparse_incidence_unsigned", "gradient", diffusion,
    lambda x: abs(INCIDENCE).T @ np.sinh(INCIDENCE @ x), np.array([0.3, -0.2, 1.0, 0.5]), "Signs are lost.", DIFFUSION,
)  # fmt: skip

# item response, Bradley-Terry, restricted Boltzmann machine
ANSWERS = (rng.uniform(size=(4, 3)) < 0.5) * 1


def irt(theta, a, b):
    z = a * (theta[:, None] - b)
    return -np.sum(special.log_expit(np.where(ANSWERS, z, -z)))


def irt_gradient(theta, a, b):
    r = special.expit(a * (theta[:, np.newaxis] - b)) - ANSWERS
    return r @ a, np.sum(r * (theta[:, np.newaxis] - b), axis=0), -a * r.sum(0)


def mp_irt(theta, a, b):
    z = a * (theta[:, None] - b)
    return (mp.log1p(mp.exp(z)) - ANSWERS * z).sum()


IRT, IRT_IN = Reference(mp_irt), (rng.standard_normal(4), rng.uniform(0.5, 2, 3), rng.standard_normal(3))
right("model_item_response", "gradient", irt, irt_gradient, IRT_IN, "log_expit of a signed margin.", IRT)
wrong(
    "model_item_response_difficulty", "gradient", irt,
    lambda t, a, b: (*irt_gradient(t, a, b)[:2], irt_gradient(t, a, b)[2] / a), IRT_IN,
    "The discrimination is missing for the difficulty.", IRT,
)  # fmt: skip
GAMES = np.array([[0, 1], [1, 2], [2, 0], [0, 1], [3, 0]])


def bradley_terry(s):
    return sum(np.log(1 + np.exp(s[lose] - s[win])) for win, lose in GAMES)


def bradley_terry_gradient(s):
    g = np.zeros(len(s))
    for win, lose in GAMES:
        p = 1 / (1 + np.exp(s[win] - s[lose]))
        g[win] -= p
        g[lose] += p
    return g


TERRY = Reference(lambda s: sum(mp.mpmath.log1p(mp.mpmath.exp(s[b] - s[a])) for a, b in GAMES))
right(
    "model_bradley_terry", "gradient", bradley_terry, bradley_terry_gradient, rng.standard_normal(4),
    "Python's sum over games; strengths sum to no gradient.", TERRY,
)  # fmt: skip
VISIBLE = np.array([[1.0, 0.0, 1.0], [0.0, 0.0, 1.0]])


def free_energy(W, b, c):
    return -np.sum(VISIBLE @ b) - np.sum(np.log1p(np.exp(VISIBLE @ W + c)))


def free_energy_gradient(W, b, c):
    h = special.expit(VISIBLE @ W + c)
    return -VISIBLE.T @ h, -VISIBLE.sum(axis=0) + 0 * b, -h.sum(axis=0)


RBM = Reference(lambda W, b, c: -(mp.lift(VISIBLE) @ b).sum() - mp.log1p(mp.exp(mp.lift(VISIBLE) @ W + c)).sum())
right(
    "model_rbm_free_energy", "gradient", free_energy, free_energy_gradient,
    (rng.standard_normal((3, 2)), rng.standard_normal(3), rng.standard_normal(2)), "Softplus of hidden units.", RBM,
)  # fmt: skip

# curves fitted: Michaelis-Menten, a polynomial by Horner, an integral by the trapezoidal rule
DOSE, SPEED = np.array([0.1, 0.5, 1.0, 3.0, 10.0]), np.array([0.3, 1.1, 1.5, 2.2, 2.7])


def menten(p):
    vmax, km = p
    return np.sum((SPEED - vmax * DOSE / (km + DOSE)) ** 2)


def menten_gradient(p):
    vmax, km = p
    f = DOSE / (km + DOSE)
    r = SPEED - vmax * f
    return np.array([-2 * r @ f, 2 * r @ (vmax * DOSE / (km + DOSE) ** 2)])


MENTEN = Reference(lambda p: ((mp.lift(SPEED) - p[0] * mp.lift(DOSE) / (p[1] + mp.lift(DOSE))) ** 2).sum())
right("model_michaelis_menten", "gradient", menten, menten_gradient, np.array([2.8, 0.7]), "Two parameters.", MENTEN)


def horner(a, x):
    acc = np.zeros_like(x)
    for coefficient in a[::-1]:
        acc = acc * x + coefficient
    return acc


def horner_vjp(c, a, x):
    return np.vander(x, len(a), increasing=True).T @ c, c * np.polyval(np.polyder(a[::-1]), x)


HORNER = Reference(lambda a, x: sum(a[k] * x**k for k in range(len(a))))
right(
    "model_polynomial_by_horner", "vjp", horner, horner_vjp, (rng.standard_normal(4), np.array([-1.2, 0.0, 0.7])),
    "vander, polyder, polyval.", HORNER,
)  # fmt: skip
wrong(
    "model_polynomial_order_reversed", "vjp", horner,
    lambda c, a, x: (np.vander(x, len(a)).T @ c, horner_vjp(c, a, x)[1]),
    (rng.standard_normal(4), np.array([-1.2, 0.0, 0.7])), "vander's default is decreasing powers.", HORNER,
)  # fmt: skip


def action(path):
    v = np.gradient(path, 0.1)
    return np.trapezoid(0.5 * v**2 - np.cos(path), dx=0.1)


def action_gradient(path, ends=True):
    w = np.full_like(path, 0.1)
    w[[0, -1]] *= 0.5
    wv = w * np.gradient(path, 0.1)
    g = w * np.sin(path)
    g[2:] += wv[1:-1] / 0.2
    g[:-2] -= wv[1:-1] / 0.2
    if ends:
        g[[0, 1]] += np.array([-1, 1]) * wv[0] / 0.1
        g[[-2, -1]] += np.array([-1, 1]) * wv[-1] / 0.1
    return g


def mp_action(path):
    dt, n = mp.mpf(0.1), len(path)
    v = [(path[min(i + 1, n - 1)] - path[max(i - 1, 0)]) / (dt * (2 if 0 < i < n - 1 else 1)) for i in range(n)]
    f = [a * a / 2 - mp.mpmath.cos(b) for a, b in zip(v, path, strict=True)]
    return dt * (sum(f) - (f[0] + f[-1]) / 2)


ACTION, PATH = Reference(mp_action), np.cumsum(rng.standard_normal(7) * 0.1)
right("model_action_of_a_path", "gradient", action, action_gradient, PATH, "np.gradient and np.trapezoid.", ACTION)
wrong(
    "model_action_ends_forgotten", "gradient", action, lambda p: action_gradient(p, ends=False), PATH,
    "One-sided differences at the ends are not differentiated.", ACTION,
)  # fmt: skip
