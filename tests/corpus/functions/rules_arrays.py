"""Rules of libraries that were reported wrong or are easily got wrong: arrays of real numbers."""

import numpy as np
from scipy.special import betaln, digamma, gammaln, logsumexp, ndtr

from .. import truth as mp
from ..item import Category
from ..truth import Reference

CATEGORY = Category("rules of arrays")
right, wrong = CATEGORY.right, CATEGORY.wrong
rng = np.random.default_rng(7401)
mpf, mpm = mp.mpf, mp.mpmath
log_gamma = np.frompyfunc(mpm.loggamma, 1, 1)
normal_below = np.frompyfunc(mpm.ncdf, 1, 1)

X, Y = rng.standard_normal((4, 3)), rng.standard_normal((4, 3))
V = np.array([0.4, -1.3, 0.9, 2.1])
POSITIVE = np.array([0.6, 1.7, 0.9, 2.4])
SHARES = np.array([0.15, 0.6, 0.35, 0.8])


# a standard deviation with one degree of freedom less
def spread(x):
    return np.std(x, axis=0, ddof=1)


def spread_backward(c, x, free=1):
    return c * (x - x.mean(axis=0)) / ((len(x) - free) * spread(x))


SPREAD = Reference(lambda x: mp.sqrt(((x - x.sum(axis=0) / 4) ** 2).sum(axis=0) / 3))
right("std_with_ddof", "vjp", spread, spread_backward, X, "n - 1.", SPREAD)
wrong("std_with_ddof_n", "vjp", spread, lambda c, x: spread_backward(c, x, 0), X, "n.", SPREAD)


# cosine similarity
def cosine(x, y):
    return np.sum(x * y, axis=1) / (np.linalg.norm(x, axis=1) * np.linalg.norm(y, axis=1))


def cosine_backward(c, x, y, second=True):
    a, b = np.linalg.norm(x, axis=1, keepdims=True), np.linalg.norm(y, axis=1, keepdims=True)
    s, c = cosine(x, y)[:, None], c[:, None]
    return c * (y / (a * b) - s * x / a**2), c * (x / (a * b) - s * (y / b**2 if second else x / a**2))


def mp_cosine(x, y):
    return (x * y).sum(axis=1) / mp.sqrt((x * x).sum(axis=1) * (y * y).sum(axis=1))


COSINE = Reference(mp_cosine)
right("cosine_similarity_pair", "vjp", cosine, cosine_backward, (X, Y), "Each by its own.", COSINE)
wrong("cosine_similarity_pair_projection", "vjp", cosine, lambda c, x, y: cosine_backward(c, x, y, False), (X, Y),
      "The first one's direction is taken from the second's gradient.", COSINE)  # fmt: skip


# a log-sum-exp with weights
def weighted(x, b):
    return logsumexp(x, b=b)


def weighted_gradient(x, b, weights=True):
    e = np.exp(x - weighted(x, b))
    return (b * e if weights else e), e


WEIGHTED = Reference(lambda x, b: mpm.log((b * mp.exp(x)).sum()))
right("logsumexp_with_weights", "gradient", weighted, weighted_gradient, (V, POSITIVE), "b e.", WEIGHTED)
wrong("logsumexp_with_weights_left_out", "gradient", weighted, lambda x, b: weighted_gradient(x, b, False),
      (V, POSITIVE), "e.", WEIGHTED)  # fmt: skip


# a determinant of rank n - 1
SINGULAR = np.array([[1.0, 2.0, -1.0], [0.0, 3.0, 4.0], [1.0, 8.0, 7.0]]) / 4


def adjugate(A):
    return np.array([[(-1) ** (i + j) * np.linalg.det(np.delete(np.delete(A, i, 0), j, 1)) for j in range(3)]
                     for i in range(3)])  # fmt: skip


DET = Reference(
    lambda A: (A[0, 0] * (A[1, 1] * A[2, 2] - A[1, 2] * A[2, 1]) - A[0, 1] * (A[1, 0] * A[2, 2] - A[1, 2] * A[2, 0])
               + A[0, 2] * (A[1, 0] * A[2, 1] - A[1, 1] * A[2, 0]))
)  # fmt: skip
right("det_of_rank_two", "gradient", np.linalg.det, adjugate, SINGULAR, "Minors.", DET, rounding=1e4)
wrong("det_of_rank_two_zero", "gradient", np.linalg.det, np.zeros_like, SINGULAR, "0 where it is singular.", DET)
wrong("det_of_rank_two_untransposed", "gradient", np.linalg.det, lambda A: adjugate(A).T, SINGULAR, "The adjugate.",
      DET, rounding=1e4)  # fmt: skip


# distances by another power
def powered(x, y):
    return np.sum(np.abs(x - y) ** 1.5, axis=1) ** (1 / 1.5)


def powered_backward(c, x, y, sign=True):
    d = x - y
    g = (c / np.sqrt(powered(x, y)))[:, None] * np.sqrt(np.abs(d)) * (np.sign(d) if sign else 1.0)
    return g, -g


POWERED = Reference(lambda x, y: mp.power(mp.power(mp.absolute(x - y), mpf(3) / 2).sum(axis=1), 1 / mpf(1.5)))
LARGER = Y - 3.0
right("distance_of_power", "vjp", powered, powered_backward, (X, LARGER), "With its sign.", POWERED, rounding=1e4)
wrong("distance_of_power_unsigned", "vjp", powered, lambda c, x, y: powered_backward(c, x, y, False), (X, Y),
      "Without its sign.", POWERED)  # fmt: skip


# Kumaraswamy and beta: a divergence's terms
def beta_density(a, b):
    return np.sum((a - 1) * np.log(SHARES) + (b - 1) * np.log1p(-SHARES) - betaln(a, b))


def beta_gradient(a, b, both=True):
    whole = digamma(a + b)
    by_a = np.log(SHARES) - digamma(a) + whole
    return by_a, np.log1p(-SHARES) - digamma(b) + (whole if both else digamma(a))


BETA = Reference(
    lambda a, b: ((a - 1) * mp.log(mp.lift(SHARES)) + (b - 1) * mp.log1p(-mp.lift(SHARES)) - log_gamma(a) - log_gamma(b)
                  + log_gamma(a + b)).sum()
)  # fmt: skip
right("beta_density", "gradient", beta_density, beta_gradient, (POSITIVE, POSITIVE[::-1].copy()), "a + b.", BETA)
wrong("beta_density_whole", "gradient", beta_density, lambda a, b: beta_gradient(a, b, False),
      (POSITIVE, POSITIVE[::-1].copy()), "psi(a) for psi(a + b).", BETA)  # fmt: skip


# zero-inflated counts
COUNTS = np.array([0, 3, 0, 1])


def inflated(w, m):
    p = 1 / (1 + np.exp(-w))
    zero = np.log(p + (1 - p) * np.exp(-m))
    return np.sum(np.where(COUNTS == 0, zero, np.log1p(-p) + COUNTS * np.log(m) - m - gammaln(COUNTS + 1)))


def inflated_gradient(w, m, zeros=True):
    p = 1 / (1 + np.exp(-w))
    e = np.exp(-m)
    mixed = p + (1 - p) * e
    by_w = np.where(COUNTS == 0, p * (1 - p) * (1 - e) / mixed, -p)
    return by_w, np.where(COUNTS == 0, -(1 - p) * e / mixed if zeros else -1.0, COUNTS / m - 1)


def mp_inflated(w, m):
    total = mpf(0)
    for n, a, b in zip(COUNTS, w, m, strict=True):
        p = 1 / (1 + mpm.exp(-a))
        total += mpm.log(p + (1 - p) * mpm.exp(-b)) if n == 0 else (
            mpm.log(1 - p) + int(n) * mpm.log(b) - b - mpm.loggamma(int(n) + 1))  # fmt: skip
    return total


INFLATED = Reference(mp_inflated)
right("zero_inflated_counts", "gradient", inflated, inflated_gradient, (V, POSITIVE), "Mixed.", INFLATED)
wrong("zero_inflated_counts_plain", "gradient", inflated, lambda w, m: inflated_gradient(w, m, False), (V, POSITIVE),
      "Zeros as those of a plain Poisson.", INFLATED)  # fmt: skip


# censored from above
def tobit(b, s):
    z = (V - b) / s
    density = -0.5 * z**2 - np.log(s)
    return np.sum(np.where(V < 1.0, density, np.log(ndtr((b - 1.0) / s))))


def tobit_gradient(b, s, ratio=True):
    z, q = (V - b) / s, (b - 1.0) / s
    mills = np.exp(-0.5 * q**2) / np.sqrt(2 * np.pi) / (ndtr(q) if ratio else 1.0)
    return np.sum(np.where(V < 1, z / s, mills / s)), np.sum(np.where(V < 1, (z**2 - 1) / s, -mills * q / s))


def mp_tobit(b, s):
    return sum((-(((mpf(v) - b) / s) ** 2) / 2 - mp.log(s) if v < 1 else mp.log(normal_below((b - 1) / s))) for v in V)


TOBIT = Reference(mp_tobit)
AT = (np.array(0.3), np.array(1.4))
right("censored_from_above", "gradient", tobit, tobit_gradient, AT, "Mills.", TOBIT)
wrong("censored_from_above_ratio", "gradient", tobit, lambda b, s: tobit_gradient(b, s, False), AT,
      "The density without the probability.", TOBIT)  # fmt: skip


# a step of a kernel's Newton solution, differentiated implicitly
def root_of(a):
    x = np.ones_like(a)
    for _ in range(30):
        x = x - (x**3 + a * x - 2.0) / (3 * x**2 + a)
    return x


def root_backward(c, a, sign=-1.0):
    x = root_of(a)
    return sign * c * x / (3 * x**2 + a)


ROOT = Reference(lambda a: np.array([mpm.findroot(lambda x, k=k: x**3 + k * x - 2, mpf(1)) for k in a], dtype=object))
right("implicit_root", "vjp", root_of, root_backward, POSITIVE, "-x/(3x^2 + a).", ROOT, rounding=1e4)
wrong("implicit_root_sign", "vjp", root_of, lambda c, a: root_backward(c, a, 1.0), POSITIVE, "The sign.", ROOT,
      rounding=1e4)  # fmt: skip


# np.gradient's edges
def sloped(x):
    return np.gradient(x)


def sloped_backward(c, x, edges=True):
    g = np.zeros_like(x)
    g[2:] += c[1:-1] / 2
    g[:-2] -= c[1:-1] / 2
    for at, step in ((0, 1), (-1, -1)):
        weight = c[at] if edges else c[at] / 2
        g[at + step if at == 0 else at - 1] += weight * (1 if at == 0 else -1)
        g[at] += -weight if at == 0 else weight
    return g


SLOPED = Reference(
    lambda x: np.array([x[1] - x[0], *[(x[k + 1] - x[k - 1]) / 2 for k in range(1, 3)], x[3] - x[2]], dtype=object)
)
right("gradient_of_samples", "vjp", sloped, sloped_backward, V, "One-sided at the edges.", SLOPED)
wrong("gradient_of_samples_edges", "vjp", sloped, lambda c, x: sloped_backward(c, x, False), V,
      "Halved at the edges, too.", SLOPED)  # fmt: skip


# a Kronecker product
def kron_backward(c, a, b, order=True):
    blocks = c.reshape(2, 3, 2, 3).transpose(0, 2, 1, 3) if order else c.reshape(2, 2, 3, 3)
    return np.einsum("ijkl,kl->ij", blocks, b), np.einsum("ijkl,ij->kl", blocks, a)


KRON = Reference(lambda a, b: np.array([[a[i // 3, j // 3] * b[i % 3, j % 3] for j in range(6)] for i in range(6)]))
PAIR = (rng.standard_normal((2, 2)), rng.standard_normal((3, 3)))
right("kronecker_product", "vjp", np.kron, kron_backward, PAIR, "Blocks.", KRON)
wrong("kronecker_product_reshaped", "vjp", np.kron, lambda c, a, b: kron_backward(c, a, b, False), PAIR,
      "Reshaped without exchanging axes.", KRON)  # fmt: skip


# a JVP of a normalisation
def normed_jvp(primals, tangents, mean=True):
    (x,), (t,) = primals, tangents
    d = x - x.mean()
    s = np.sqrt(np.mean(d**2))
    dt = t - t.mean() if mean else t
    return dt / s - d * np.mean(d * dt) / s**3


def normed(x):
    d = x - x.mean()
    return d / np.sqrt(np.mean(d**2))


NORMED = Reference(lambda x: (x - x.sum() / 4) / mpm.sqrt(((x - x.sum() / 4) ** 2).sum() / 4))
right("normalised_jvp", "jvp", normed, normed_jvp, V, "t - mean.", NORMED)
wrong("normalised_jvp_mean", "jvp", normed, lambda p, t: normed_jvp(p, t, False), V, "t.", NORMED)
