"""Reductions of real libraries: std, p-norms, cumulative products, quantiles, segments, normalisers."""

import math

import numpy as np

from .. import truth as mp
from ..item import Category
from ..truth import Hull, LabelledByIntent, Reference

CATEGORY = Category("library reductions")
right, wrong = CATEGORY.right, CATEGORY.wrong
rng = np.random.default_rng(2202)
X = rng.standard_normal(6)
M = rng.standard_normal((4, 5))


# standard deviation with ddof, alone and beside the mean
def std_rows(x):
    return np.std(x, axis=1, ddof=1)


def std_rows_vjp(c, x, divisor=None):
    n = x.shape[1]
    centred = x - x.mean(axis=1, keepdims=True)
    return c[:, None] * centred / ((divisor or n - 1) * std_rows(x)[:, None])


def mp_std_rows(x):
    centred = x - x.mean(axis=1, keepdims=True)
    return mp.sqrt((centred**2).sum(axis=1) / (x.shape[1] - 1))


STD = Reference(mp_std_rows)
right("std_of_rows_ddof_1", "vjp", std_rows, std_rows_vjp, M, "n - 1 in both passes.", STD)
wrong("std_of_rows_n_in_backward", "vjp", std_rows, lambda c, x: std_rows_vjp(c, x, 5), M, "ddof ignored.", STD)
wrong(
    "std_of_rows_all_entries_counted",
    "vjp",
    std_rows,
    lambda c, x: std_rows_vjp(c, x, x.size - 1),
    M,
    "The number of all entries in place of a row's.",
    STD,
)


def std_and_mean(x):
    return np.std(x, axis=1, ddof=1), x.mean(axis=1)


def std_and_mean_vjp(c, x, mean=True):
    return std_rows_vjp(c[0], x) + (c[1][:, None] / x.shape[1] if mean else 0.0)


STD_MEAN = Reference(lambda x: (mp_std_rows(x), x.mean(axis=1)))
right("std_and_mean", "vjp", std_and_mean, std_and_mean_vjp, M, "Two outputs, two cotangents.", STD_MEAN)
wrong(
    "std_and_mean_second_cotangent_lost",
    "vjp",
    std_and_mean,
    lambda c, x: std_and_mean_vjp(c, x, mean=False),
    M,
    "The mean's cotangent is not used.",
    STD_MEAN,
)


# p-norms
def row_norms(x, p=3.0):
    return (np.abs(x) ** p).sum(axis=1) ** (1 / p)


def row_norms_vjp(c, x, p=3.0):
    n = row_norms(x, p)[:, None]
    return c[:, None] * np.sign(x) * (np.abs(x) / n) ** (p - 1)


def row_norms_vjp_global(c, x, p=3.0):
    n = (np.abs(x) ** p).sum() ** (1 / p)
    return c[:, None] * np.sign(x) * (np.abs(x) / n) ** (p - 1)


NORM3 = Reference(lambda x: mp.power((mp.absolute(x) ** 3).sum(axis=1), mp.mpf(1) / 3))
right("norm_3_of_rows", "vjp", row_norms, row_norms_vjp, M, "sign(x) (|x|/n)^2.", NORM3)
wrong(
    "norm_3_axis_ignored",
    "vjp",
    row_norms,
    row_norms_vjp_global,
    M,
    "HIPS autograd #42: the rule did not heed the axis.",
    NORM3,
)
wrong(
    "norm_3_sign_lost",
    "vjp",
    row_norms,
    lambda c, x: np.abs(row_norms_vjp(1.0 + 0 * c, x)) * c[:, None],
    M,
    "x^2 is positive on either side.",
    NORM3,
)


def norm_1_5(x):
    return (np.abs(x) ** 1.5).sum() ** (1 / 1.5)


WITH_ZERO = np.array([0.0, 1.2, -0.7, 0.4])
NORM15 = Reference(lambda x: mp.power(mp.power(mp.absolute(x), mp.mpf("1.5")).sum(), mp.mpf(2) / 3))
right(
    "norm_1_5_with_a_zero_entry",
    "gradient",
    norm_1_5,
    lambda x: np.sign(x) * np.sqrt(np.abs(x) / norm_1_5(x)),
    WITH_ZERO,
    "Smooth to first order: the slope at a zero entry is 0.",
    NORM15,
)
wrong(
    "norm_1_5_with_a_zero_entry_nan",
    "gradient",
    norm_1_5,
    lambda x: x * np.abs(x) ** -0.5 / np.sqrt(norm_1_5(x)),
    WITH_ZERO,
    "x |x|^(p-2) is 0 * inf at a zero entry when p < 2 (pytorch #36493 has the same product in cdist).",
    NORM15,
)


def inf_norm_shared(x):
    top = np.abs(x) == np.abs(x).max()
    return np.sign(x) * top / top.sum()


TIED = np.array([2.0, 2.0, -1.0])
TIE = LabelledByIntent("any share between the two that sums to 1", (Hull([0, 0, 0], [1, 1, 0], total=1.0),))
right("norm_inf_tied_shared", "gradient", lambda x: np.max(np.abs(x)), inf_norm_shared, TIED, "Half each.", TIE)
wrong(
    "norm_inf_tied_counted_twice",
    "gradient",
    lambda x: np.max(np.abs(x)),
    lambda x: np.sign(x) * (np.abs(x) == np.abs(x).max()),
    TIED,
    "pytorch #54591 lists norm(p=inf) with equal values: here every one of them gets all.",
    TIE,
)
wrong(
    "norm_inf_unsigned",
    "gradient",
    lambda x: np.max(np.abs(x)),
    lambda x: 1.0 * (np.abs(x) == np.abs(x).max()),
    np.array([0.5, -3.0, 1.0]),
    "The largest entry is negative, its slope is -1.",
    Reference(lambda x: max(mp.absolute(x))),
)


# products
def cumprod_vjp(c, x):
    """left[i] tail[i] with tail[i] = c[i] + x[i+1] tail[i+1]: no division."""
    left = np.concatenate([[1.0], np.cumprod(x)[:-1]])
    tail = np.zeros_like(x)
    for i in range(len(x) - 1, -1, -1):
        tail[i] = c[i] + (x[i + 1] * tail[i + 1] if i + 1 < len(x) else 0.0)
    return left * tail


def cumprod_vjp_divides(c, x):
    total = np.cumsum((c * np.cumprod(x))[::-1])[::-1]
    return np.divide(total, x, out=np.zeros_like(x), where=x != 0)


def mp_cumprod(x):
    out, p = [], mp.mpf(1)
    for v in x:
        p = p * v
        out.append(p)
    return np.array(out, dtype=object)


TWO_ZEROS = np.array([2.0, 0.0, 3.0, 0.0, 1.5])
CUMPROD = Reference(mp_cumprod)
right("cumprod_with_two_zeros", "vjp", np.cumprod, cumprod_vjp, TWO_ZEROS, "burn PR #5141's form.", CUMPROD)
wrong(
    "cumprod_nan_replaced_by_zero",
    "vjp",
    np.cumprod,
    cumprod_vjp_divides,
    TWO_ZEROS,
    "tensorflow #119430: 0/0 in the division by x is silently turned into 0.",
    CUMPROD,
)


def exclusive_cumprod(x):
    return np.concatenate([np.ones(1), np.cumprod(x)[:-1]])


def exclusive_cumprod_vjp(c, x):
    shifted = np.append(c[1:], 0.0)
    return cumprod_vjp(shifted, x)


EXCLUSIVE = Reference(lambda x: np.concatenate([[mp.mpf(1)], mp_cumprod(x)[:-1]]))
right(
    "cumprod_exclusive",
    "vjp",
    exclusive_cumprod,
    exclusive_cumprod_vjp,
    np.array([0.5, 0.0, -1.5, 2.0]),
    "The last entry has no influence.",
    EXCLUSIVE,
)
wrong(
    "cumprod_exclusive_as_inclusive",
    "vjp",
    exclusive_cumprod,
    cumprod_vjp,
    np.array([0.5, 0.8, -1.5, 2.0]),
    "The flag is not handed on to the backward pass.",
    EXCLUSIVE,
)


def prod_vjp(c, x):
    return c * np.array([np.prod(np.delete(x, i)) for i in range(len(x))])


def prod_vjp_loses_axis(c, x):
    if np.any(x == 0) and len(x) == 1:
        return np.asarray(c)
    return prod_vjp(c, x)


PROD = Reference(lambda x: np.prod(x), at=((np.array([0.0]),),))
right("product_of_a_single_zero", "vjp", np.prod, prod_vjp, np.array([0.0]), "An empty product is 1.", PROD)
wrong(
    "product_of_a_single_zero_loses_its_axis",
    "vjp",
    np.prod,
    prod_vjp_loses_axis,
    np.array([0.0]),
    "pytorch #82644: the answer for one zero has shape () where (1,) is due.",
    PROD,
)


# log-sums
def logcumsumexp(x):
    return np.logaddexp.accumulate(x)


def logcumsumexp_vjp(c, x):
    y = logcumsumexp(x)
    return np.array([np.sum(c[i:] * np.exp(x[i] - y[i:])) for i in range(len(x))])


def mp_logcumsumexp(x):
    return mp.log(np.array([mp.exp(x[: i + 1]).sum() for i in range(len(x))], dtype=object))


LOGCUMSUMEXP = Reference(mp_logcumsumexp)
right("logcumsumexp", "vjp", logcumsumexp, logcumsumexp_vjp, 3 * X, "Later outputs feel earlier inputs.", LOGCUMSUMEXP)
wrong(
    "logcumsumexp_other_direction",
    "vjp",
    logcumsumexp,
    lambda c, x: np.exp(x) * np.cumsum(c * np.exp(-logcumsumexp(x))),
    3 * X,
    "A forward cumulative sum where a reversed one is due.",
    LOGCUMSUMEXP,
)
KEEP = np.array([[1, 1, 0, 1, 0], [0, 1, 1, 1, 1], [1, 0, 0, 0, 0], [1, 1, 1, 1, 1]], dtype=bool)


def masked_logsumexp(x):
    z = np.where(KEEP, x, -np.inf)
    top = z.max(axis=1, keepdims=True)
    return top[:, 0] + np.log(np.exp(z - top).sum(axis=1))


def masked_logsumexp_vjp(c, x):
    z = np.where(KEEP, x, -np.inf)
    return c[:, None] * np.exp(z - masked_logsumexp(x)[:, None])


MASKED = Reference(lambda x: mp.log((mp.exp(x) * KEEP).sum(axis=1)))
right("logsumexp_masked_by_inf", "vjp", masked_logsumexp, masked_logsumexp_vjp, M, "exp(-inf) = 0.", MASKED)
wrong(
    "logsumexp_masked_and_averaged",
    "vjp",
    masked_logsumexp,
    lambda c, x: masked_logsumexp_vjp(c, x) + 1e-4 * c[:, None] * ~KEEP,
    M,
    "A leak of 1e-4 to entries that are masked out.",
    MASKED,
)
wrong(
    "logmeanexp_divided_again",
    "gradient",
    lambda x: np.log(np.mean(np.exp(x))),
    lambda x: np.exp(x) / np.exp(x).sum() / x.size,
    X,
    "The mean's 1/n cancels in the logarithm.",
    Reference(lambda x: mp.log(mp.exp(x).mean())),
)


# order statistics
def median_vjp(c, x):
    order = np.argsort(x)
    g = np.zeros_like(x)
    g[order[[2, 3]]] = c / 2
    return g


def median_vjp_lower(c, x):
    g = np.zeros_like(x)
    g[np.argsort(x)[2]] = c
    return g


MEDIAN = Reference(lambda x: (sorted(x)[2] + sorted(x)[3]) / 2)
right("median_of_six", "vjp", np.median, median_vjp, X, "Half to either middle entry.", MEDIAN)
wrong("median_of_six_lower_only", "vjp", np.median, median_vjp_lower, X, "The rule of a lower median.", MEDIAN)


def quantile(x):
    return np.quantile(x, 0.3)


def quantile_vjp(c, x, swapped=False):
    place = 0.3 * (len(x) - 1)
    low, share = math.floor(place), place - math.floor(place)
    order = np.argsort(x)
    g = np.zeros_like(x)
    g[order[low]] = c * (share if swapped else 1 - share)
    g[order[low + 1]] = c * (1 - share if swapped else share)
    return g


SEVEN = rng.standard_normal(7)
QUANTILE = Reference(lambda x: sorted(x)[1] + (mp.mpf(0.3) * 6 - 1) * (sorted(x)[2] - sorted(x)[1]))
right("quantile_interpolated", "vjp", quantile, quantile_vjp, SEVEN, "0.2 and 0.8 of the neighbours.", QUANTILE)
wrong(
    "quantile_weights_swapped",
    "vjp",
    quantile,
    lambda c, x: quantile_vjp(c, x, swapped=True),
    SEVEN,
    "0.8 and 0.2.",
    QUANTILE,
)


def cummax_vjp(c, x, accumulate=True):
    g = np.zeros_like(x)
    best = 0
    for i in range(len(x)):
        best = i if x[i] > x[best] else best
        g[best] = (g[best] if accumulate else 0.0) + c[i]
    return g


CUMMAX = Reference(lambda x: np.array([max(x[: i + 1]) for i in range(len(x))], dtype=object))
STEPS = np.array([0.3, -1.0, 1.4, 0.2, 0.9, 2.0])
right("cummax", "vjp", np.maximum.accumulate, cummax_vjp, STEPS, "A running maximum is used again and again.", CUMMAX)
wrong(
    "cummax_overwritten",
    "vjp",
    np.maximum.accumulate,
    lambda c, x: cummax_vjp(c, x, accumulate=False),
    STEPS,
    "The last use alone counts.",
    CUMMAX,
)


# normalisers
def min_max(x):
    return (x - x.min()) / (x.max() - x.min())


def min_max_vjp(c, x, through_range=True):
    span = x.max() - x.min()
    g = c / span
    low, high = np.argmin(x), np.argmax(x)
    g[low] -= c.sum() / span
    if through_range:
        push = np.sum(c * (x - x.min())) / span**2
        g[high] -= push
        g[low] += push
    return g


MIN_MAX = Reference(lambda x: (x - min(x)) / (max(x) - min(x)))
right("min_max_scaling", "vjp", min_max, min_max_vjp, X, "Through minimum and range.", MIN_MAX)
wrong(
    "min_max_scaling_range_constant",
    "vjp",
    min_max,
    lambda c, x: min_max_vjp(c, x, through_range=False),
    X,
    "The range is held constant.",
    MIN_MAX,
)


def normalise(x, eps=1e-3):
    return x / max(np.sqrt(np.sum(x * x)), eps)


def normalise_vjp(c, x, eps=1e-3, guarded=True):
    n = np.sqrt(np.sum(x * x))
    if guarded and n <= eps:
        return c / eps
    return c / n - x * np.sum(c * x) / n**3


def mp_normalise(x):
    return x / max(mp.sqrt((x * x).sum()), mp.mpf(1e-3))


SHORT = 1e-5 * X
right("normalise_below_eps", "vjp", normalise, normalise_vjp, SHORT, "Linear below eps.", Reference(mp_normalise))
wrong(
    "normalise_below_eps_projected",
    "vjp",
    normalise,
    lambda c, x: normalise_vjp(c, x, guarded=False),
    SHORT,
    "The projection where the clamp is active.",
    Reference(mp_normalise),
)
wrong(
    "normalise_clamp_forgotten",
    "vjp",
    normalise,
    lambda c, x: normalise_vjp(c, x, guarded=False),
    0.002 * X,
    "The same, at a point above the clamp but near it.",
    Reference(mp_normalise, at=((SHORT,),)),
)


def correlation(x, y):
    return np.corrcoef(x, y)[0, 1]


def correlation_gradient(x, y, centre=True):
    a, b = (x - x.mean(), y - y.mean()) if centre else (x, y)
    na, nb = np.sqrt(a @ a), np.sqrt(b @ b)
    r = a @ b / (na * nb)
    return b / (na * nb) - r * a / na**2, a / (na * nb) - r * b / nb**2


def mp_correlation(x, y):
    a, b = x - x.mean(), y - y.mean()
    return (a * b).sum() / mp.sqrt((a * a).sum() * (b * b).sum())


PAIR = (X, X[::-1] + rng.standard_normal(6))
CORRELATION = Reference(mp_correlation)
right("correlation_coefficient", "gradient", correlation, correlation_gradient, PAIR, "numpy.corrcoef.", CORRELATION)
wrong(
    "correlation_coefficient_uncentred",
    "gradient",
    correlation,
    lambda x, y: correlation_gradient(x, y, centre=False),
    PAIR,
    "The cosine's derivative.",
    CORRELATION,
)


# segments, quadrature, running formulas
STARTS = np.array([0, 2, 5])
TEN = rng.standard_normal(8)
SEGMENTS = Reference(lambda x: np.array([x[:2].sum(), x[2:5].sum(), x[5:].sum()], dtype=object))
right(
    "segment_sums",
    "vjp",
    lambda x: np.add.reduceat(x, STARTS),
    lambda c, x: np.repeat(c, np.diff(np.append(STARTS, len(x)))),
    TEN,
    "np.add.reduceat.",
    SEGMENTS,
)
wrong(
    "segment_sums_off_by_one",
    "vjp",
    lambda x: np.add.reduceat(x, STARTS),
    lambda c, x: np.repeat(c, [3, 3, 2]),
    TEN,
    "A segment's end counted as part of it.",
    SEGMENTS,
)


def trapezoids(y, x):
    return np.sum((y[1:] + y[:-1]) / 2 * np.diff(x))


def trapezoids_gradient(y, x):
    d = np.diff(x)
    mean = (y[1:] + y[:-1]) / 2
    gy = (np.append(d, 0.0) + np.append(0.0, d)) / 2
    return gy, np.append(0.0, mean) - np.append(mean, 0.0)


GRID = np.array([0.0, 0.4, 0.5, 1.1, 2.0, 2.2])
TRAPEZOIDS = Reference(lambda y, x: ((y[1:] + y[:-1]) / 2 * (x[1:] - x[:-1])).sum())
right("trapezoids_both_arguments", "gradient", trapezoids, trapezoids_gradient, (X, GRID), "Nodes, too.", TRAPEZOIDS)
wrong(
    "trapezoids_nodes_constant",
    "gradient",
    trapezoids,
    lambda y, x: (trapezoids_gradient(y, x)[0], None),
    (X, GRID),
    "The nodes' gradient is missing.",
    TRAPEZOIDS,
)


def welford(x):
    mean, square = 0.0, 0.0
    for k, v in enumerate(x, start=1):
        d = v - mean
        mean = mean + d / k
        square = square + d * (v - mean)
    return square / (len(x) - 1)


right(
    "variance_by_welford",
    "gradient",
    welford,
    lambda x: 2 * (x - x.mean()) / (x.size - 1),
    X,
    "A running formula forward, the closed one backward.",
    Reference(lambda x: ((x - x.mean()) ** 2).sum() / (x.size - 1)),
)
COSH = np.frompyfunc(math.cosh, 1, 1)
SINH = np.frompyfunc(math.sinh, 1, 1)
right(
    "sum_of_cosh_by_frompyfunc",
    "gradient",
    lambda x: float(np.sum(COSH(x))),
    lambda x: SINH(x).astype(float),
    X,
    "math.cosh through np.frompyfunc: an object array on the way.",
    Reference(lambda x: mp.cosh(x).sum()),
)
