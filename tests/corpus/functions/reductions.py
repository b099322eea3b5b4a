"""Reductions: sums, products, variances, norms, log-sum-exp, and what is forgotten in their derivatives."""

import numpy as np

from .. import truth as mp
from ..item import Category
from ..truth import Hull, LabelledByIntent, Reference

CATEGORY = Category("reductions")
right, wrong = CATEGORY.right, CATEGORY.wrong
rng = np.random.default_rng(202)
X = rng.standard_normal(6)
M = rng.standard_normal((4, 5))
POSITIVE = rng.uniform(0.5, 2.0, 6)

# mean, variance, standard deviation
MEAN = Reference(lambda x: (x**2).mean())
right("mean_square", "gradient", lambda x: np.mean(x**2), lambda x: 2 * x / x.size, M, "1/n is there.", MEAN)
wrong("mean_square_without_1_over_n", "gradient", lambda x: np.mean(x**2), lambda x: 2 * x, M, "1/n is missing.", MEAN)
wrong(
    "mean_square_rows_only",
    "gradient",
    lambda x: np.mean(x**2),
    lambda x: 2 * x / len(x),
    M,
    "Divided by the number of rows instead of the number of entries.",
    MEAN,
)

VAR = Reference(lambda x: ((x - x.mean(axis=0)) ** 2).mean(axis=0))
SAMPLE_VAR = Reference(lambda x: ((x - x.mean()) ** 2).sum() / (x.size - 1))


def var_vjp(c, x):
    return c * 2 * (x - x.mean(axis=0)) / len(x)


right("variance_by_column", "vjp", lambda x: np.var(x, axis=0), var_vjp, M, "The mean's share cancels.", VAR)
wrong(
    "variance_derivative_at_raw_input",
    "vjp",
    lambda x: np.var(x, axis=0),
    lambda c, x: c * 2 * x / len(x),
    M,
    "The mean was not subtracted.",
    VAR,
)
right(
    "sample_variance",
    "gradient",
    lambda x: np.var(x, ddof=1),
    lambda x: 2 * (x - x.mean()) / (x.size - 1),
    X,
    "ddof=1 in both.",
    SAMPLE_VAR,
)
wrong(
    "sample_variance_other_ddof",
    "gradient",
    lambda x: np.var(x, ddof=1),
    lambda x: 2 * (x - x.mean()) / x.size,
    X,
    "ddof=1 forward, ddof=0 backward.",
    SAMPLE_VAR,
)
wrong(
    "variance_mean_held_and_unbalanced",
    "gradient",
    lambda x: np.mean(x**2) - np.mean(x) ** 2,
    lambda x: 2 * x / x.size,
    X,
    "E[x^2] - E[x]^2 with the second term's gradient forgotten.",
    Reference(lambda x: (x**2).mean() - x.mean() ** 2),
)
right(
    "variance_shifted_far",
    "gradient",
    lambda x: np.var(x),
    lambda x: 2 * (x - x.mean()) / x.size,
    1e6 + X,
    "By intent: a mean of 1e6 costs six digits, honestly.",
    Reference(lambda x: ((x - x.mean()) ** 2).mean()),
    rounding=1e9,
)


def std(x):
    return np.sqrt(np.mean((x - x.mean()) ** 2) + 1e-12)


STD = Reference(lambda x: mp.sqrt(((x - x.mean()) ** 2).mean() + 1e-12))
right(
    "standard_deviation",
    "gradient",
    std,
    lambda x: (x - x.mean()) / (x.size * std(x)),
    X,
    "Guarded by an epsilon under the root.",
    STD,
)
wrong(
    "standard_deviation_of_variance",
    "gradient",
    std,
    lambda x: 2 * (x - x.mean()) / x.size,
    X,
    "The root's derivative is missing.",
    STD,
)


# product, cumulative product, cumulative sum
def prod_vjp_by_division(c, x):
    with np.errstate(all="ignore"):
        return c * np.prod(x) / x


def prod_vjp(c, x):
    before = np.concatenate([[1.0], np.cumprod(x)[:-1]])
    after = np.concatenate([np.cumprod(x[::-1])[::-1][1:], [1.0]])
    return c * before * after


def mp_cumprod(x):
    out = [x[0]]
    for v in x[1:]:
        out.append(out[-1] * v)
    return np.array(out, dtype=object)


def cumprod_vjp(c, x):
    g = np.zeros_like(x)
    for i in range(len(x)):
        for k in range(i, len(x)):
            others = np.prod(np.delete(x[: k + 1], i))
            g[i] += c[k] * others
    return g


def cumprod_vjp_by_division(c, x):
    with np.errstate(all="ignore"):
        return np.cumsum((c * np.cumprod(x))[::-1])[::-1] / x


ZERO_IN = np.array([1.5, 0.0, -2.0, 0.7])
PROD = Reference(lambda x: mp_cumprod(x)[-1])
CUMPROD = Reference(mp_cumprod)
CUMSUM = Reference(lambda x: np.array([x[: i + 1].sum() for i in range(len(x))], dtype=object))
right(
    "product_with_a_zero",
    "vjp",
    lambda x: np.prod(x),
    prod_vjp,
    ZERO_IN,
    "Prefix and suffix products need no division.",
    PROD,
)
wrong(
    "product_by_division", "vjp", lambda x: np.prod(x), prod_vjp_by_division, ZERO_IN, "prod/x is 0/0 at a zero.", PROD
)
wrong(
    "product_by_guarded_division",
    "vjp",
    lambda x: np.prod(x),
    lambda c, x: c * np.prod(x) / np.where(x == 0, 1.0, x),
    ZERO_IN,
    "The guard against 0/0 answers 0 where the truth is the product of the others.",
    PROD,
)
right("cumprod_with_a_zero", "vjp", np.cumprod, cumprod_vjp, ZERO_IN, "Quadratic, and right at zeros.", CUMPROD)
wrong("cumprod_by_division", "vjp", np.cumprod, cumprod_vjp_by_division, ZERO_IN, "Division by a zero entry.", CUMPROD)
right(
    "cumsum",
    "vjp",
    np.cumsum,
    lambda c, x: np.cumsum(c[::-1])[::-1],
    X,
    "The adjoint of a cumulative sum runs backwards.",
    CUMSUM,
)
wrong("cumsum_forwards", "vjp", np.cumsum, lambda c, x: np.cumsum(c), X, "The adjoint was run forwards.", CUMSUM)
right(
    "cumsum_jvp",
    "jvp",
    np.cumsum,
    lambda p, t: (np.cumsum(p[0]), np.cumsum(t[0])),
    X,
    "A linear map is its own JVP.",
    CUMSUM,
)
wrong(
    "cumsum_jvp_is_the_vjp",
    "jvp",
    np.cumsum,
    lambda p, t: np.cumsum(t[0][::-1])[::-1],
    X,
    "Forward and reverse mode were mixed up: the dot-product identity fails.",
    CUMSUM,
)


# log-sum-exp and softmax
def lse(x):
    return np.log(np.sum(np.exp(x)))


def lse_shifted(x):
    m = np.max(x)
    return m + np.log(np.sum(np.exp(x - m)))


def softmax(x):
    e = np.exp(x - np.max(x, axis=-1, keepdims=True))
    return e / np.sum(e, axis=-1, keepdims=True)


def softmax_vjp(c, x):
    s = softmax(x)
    return s * (c - np.sum(c * s, axis=-1, keepdims=True))


LSE, SOFTMAX = Reference(mp.logsumexp), Reference(mp.softmax)
FAR = np.array([-700.0, 2.0, 3.0, 710.0, 709.5])
right("logsumexp_plain", "gradient", lse, softmax, X, "Unshifted, moderate inputs.", LSE)
right(
    "logsumexp_shifted_far",
    "gradient",
    lse_shifted,
    softmax,
    FAR,
    "The shift contributes nothing to the derivative, though max does.",
    LSE,
)
right(
    "logsumexp_tied_maximum",
    "gradient",
    lse_shifted,
    softmax,
    np.array([1.0, 1.0, 0.0]),
    "A tie of the maximum, where the function itself is smooth.",
    LSE,
)
wrong(
    "logsumexp_gradient_through_max_only",
    "gradient",
    lse_shifted,
    lambda x: np.eye(len(x))[np.argmax(x)],
    X,
    "Only the shift was differentiated.",
    LSE,
)
wrong(
    "logsumexp_shift_counted_twice",
    "gradient",
    lse_shifted,
    lambda x: softmax(x) + np.eye(len(x))[np.argmax(x)],
    X,
    "The shift's gradient was added, its cancellation forgotten.",
    LSE,
)
wrong(
    "logsumexp_nan_far_out",
    "gradient",
    lse_shifted,
    lambda x: np.exp(x) / np.sum(np.exp(x)),
    FAR,
    "inf/inf in the derivative of a stable value.",
    LSE,
)
right("softmax_rows", "vjp", softmax, softmax_vjp, M, "The full Jacobian by one inner product per row.", SOFTMAX)
wrong(
    "softmax_diagonal_only",
    "vjp",
    softmax,
    lambda c, x: c * softmax(x) * (1 - softmax(x)),
    M,
    "Only the Jacobian's diagonal.",
    SOFTMAX,
)
wrong(
    "softmax_wrong_axis",
    "vjp",
    softmax,
    lambda c, x: softmax(x) * (c - np.sum(c * softmax(x), axis=0)),
    M,
    "The inner product runs over the batch.",
    SOFTMAX,
)


# norms
def norm(x):
    return np.sqrt(np.sum(x * x))


def unit(x):
    n = norm(x)
    return x / n if n > 0 else np.zeros_like(x)


def unit_unguarded(x):
    with np.errstate(all="ignore"):
        return x / norm(x)


def normalise(x):
    return x / np.sqrt(np.sum(x * x, axis=-1, keepdims=True) + 1e-12)


def normalise_vjp(c, x):
    n = np.sqrt(np.sum(x * x, axis=-1, keepdims=True) + 1e-12)
    return c / n - x * np.sum(c * x, axis=-1, keepdims=True) / n**3


NORM = Reference(lambda x: mp.sqrt((x * x).sum()))
NORMALISE = Reference(lambda x: x / mp.sqrt((x * x).sum(axis=-1, keepdims=True) + 1e-12))
right("norm", "gradient", norm, unit, X, "Away from zero.", NORM)
right(
    "norm_at_zero",
    "gradient",
    norm,
    unit,
    np.zeros(3),
    "Zero lies in the unit ball of subgradients.",
    LabelledByIntent(
        "subgradients of the norm at 0: the unit ball, of which the cube of half-width 1/sqrt(3) is a part",
        (Hull(-0.577, 0.577),),
    ),
)
wrong(
    "norm_at_zero_nan",
    "gradient",
    norm,
    unit_unguarded,
    np.zeros(3),
    "0/0 at the origin.",
    LabelledByIntent("no NaN is a subgradient", (Hull(-1, 1),)),
)
wrong("norm_squared_derivative", "gradient", norm, lambda x: 2 * x, X, "The derivative of the squared norm.", NORM)
right("normalised_rows", "vjp", normalise, normalise_vjp, M, "Projection onto the tangent of the sphere.", NORMALISE)
wrong(
    "normalised_rows_norm_held_constant",
    "vjp",
    normalise,
    lambda c, x: c / np.sqrt(np.sum(x * x, axis=-1, keepdims=True) + 1e-12),
    M,
    "The norm was taken for a constant.",
    NORMALISE,
)


# extrema without ties
MAXIMUM = Reference(lambda x: max(x))


def one_hot_max(x):
    return (np.arange(len(x)) == np.argmax(x)).astype(x.dtype)


right(
    "maximum_with_a_narrow_gap",
    "gradient",
    np.max,
    one_hot_max,
    np.array([0.3, 1.0, 1.0 + 1e-6]),
    "FiniteDifferences #53: a gap of 1e-6 gave 0.618 instead of 1.",
    MAXIMUM,
)
wrong(
    "maximum_shared_within_tolerance",
    "gradient",
    np.max,
    lambda x: np.isclose(x, x.max()) / np.isclose(x, x.max()).sum(),
    np.array([0.3, 1.0, 1.0 + 1e-6]),
    "isclose shares the gradient with a runner-up 1e-6 away.",
    MAXIMUM,
)
RANGE = Reference(lambda x: max(x) - min(x))
right(
    "range",
    "gradient",
    lambda x: np.ptp(x),
    lambda x: one_hot_max(x) - one_hot_max(-x),
    X,
    "Largest minus smallest.",
    RANGE,
)
wrong(
    "range_minimum_sign",
    "gradient",
    lambda x: np.ptp(x),
    lambda x: one_hot_max(x) + one_hot_max(-x),
    X,
    "The minimum's sign is missing.",
    RANGE,
)

# weighted and geometric means
WEIGHTED = Reference(lambda x, w: (w * x).sum() / w.sum())
right(
    "weighted_mean",
    "gradient",
    lambda x, w: np.sum(w * x) / np.sum(w),
    lambda x, w: (w / w.sum(), (x - np.sum(w * x) / w.sum()) / w.sum()),
    (X, POSITIVE),
    "Weights normalise themselves.",
    WEIGHTED,
)
wrong(
    "weighted_mean_normaliser_constant",
    "gradient",
    lambda x, w: np.sum(w * x) / np.sum(w),
    lambda x, w: (w / w.sum(), x / w.sum()),
    (X, POSITIVE),
    "The normaliser was taken for a constant.",
    WEIGHTED,
)
GEOMETRIC = Reference(lambda x: mp.exp(mp.log(x).mean()))
right(
    "geometric_mean",
    "gradient",
    lambda x: np.exp(np.mean(np.log(x))),
    lambda x: np.exp(np.mean(np.log(x))) / (x.size * x),
    POSITIVE,
    "Through logarithms.",
    GEOMETRIC,
)
wrong(
    "geometric_mean_1_over_n_missing",
    "gradient",
    lambda x: np.exp(np.mean(np.log(x))),
    lambda x: np.exp(np.mean(np.log(x))) / x,
    POSITIVE,
    "1/n is missing.",
    GEOMETRIC,
)
SIMPLEX = rng.dirichlet(np.ones(5))
ENTROPY = Reference(lambda p: -(p * mp.log(p)).sum())
right(
    "entropy_on_the_simplex",
    "gradient",
    lambda p: -np.sum(p * np.log(p)),
    lambda p: -np.log(p),
    SIMPLEX,
    "On the simplex the constant -1 of the full gradient is invisible.",
    ENTROPY,
    options={"structure": {0: "simplex"}},
)
wrong(
    "entropy_constant_off_the_simplex",
    "gradient",
    lambda p: -np.sum(p * np.log(p)),
    lambda p: -np.log(p),
    SIMPLEX,
    "Without a declared simplex the -1 is missing.",
    ENTROPY,
)
