"""Habits of hurried and of careful people: loops by math, buffers, views, odd layouts, own classes, odd dtypes."""

import math

import numpy as np

from .. import shows
from .. import truth as mp
from ..item import Category
from ..truth import Hull, LabelledByIntent, Reference

CATEGORY = Category("habits")
right, wrong = CATEGORY.right, CATEGORY.wrong
rng = np.random.default_rng(42)
X, A = rng.standard_normal(5), rng.standard_normal((4, 3))


# np.vectorize over a scalar function with branches
def selu_scalar(v):
    if v > 0:
        return 1.05 * v
    return 1.05 * 1.67 * (math.exp(v) - 1.0)


def selu_slope(v):
    return 1.05 if v > 0 else 1.05 * 1.67 * math.exp(v)


selu, selu_prime = np.vectorize(selu_scalar, otypes=[float]), np.vectorize(selu_slope, otypes=[float])
S, L = mp.mpf(1.05), mp.mpf(1.67)
SELU = Reference(np.frompyfunc(lambda v: S * v if v > 0 else S * L * mp.mpmath.expm1(v), 1, 1))
right("habit_vectorize_selu", "vjp", selu, lambda c, x: c * selu_prime(x), X, "Scalars through math.exp.", SELU)
wrong(
    "habit_vectorize_selu_positive_only", "vjp", selu,
    lambda c, x: c * np.where(x > 0, 1.05, 1.05 * np.exp(x)), np.abs(X),
    "alpha is missing on the negative side, of which the point has none.", Reference(SELU.value, at=((X,),)),
)  # fmt: skip
wrong(
    "habit_vectorize_guesses_integers", "vjp", lambda x: x * np.abs(x),
    lambda c, x: c * np.vectorize(lambda v: 0 if v < 0.5 else 2 * abs(v))(x), np.array([0.2, -0.7, 1.6, 2.4]),
    "np.vectorize takes int from its first result, and the others are truncated.",
    Reference(lambda x: x * mp.absolute(x)),
)  # fmt: skip


# answers with unusual memory: Fortran order, read-only broadcasts, transposed views, negative strides
right(
    "habit_answer_in_fortran_order", "vjp", lambda x: x**2, lambda c, x: np.asfortranarray(2 * c * x), A,
    "Column-major answer.", Reference(lambda x: x * x),
)  # fmt: skip
right(
    "habit_answer_read_only", "gradient", lambda x: 3.0 * x.sum(), lambda x: np.broadcast_to(np.float64(3.0), x.shape),
    A, "A read-only broadcast scalar.", Reference(lambda x: 3 * x.sum()),
)  # fmt: skip
right(
    "habit_answer_transposed_view", "vjp", lambda x: np.tanh(x).T, lambda c, x: (c * (1 - np.tanh(x.T) ** 2)).T, A,
    "A transposed view as the answer.", Reference(lambda x: mp.tanh(x).T),
)  # fmt: skip
right(
    "habit_answer_reversed_view", "vjp", lambda x: np.sin(x[::-1]), lambda c, x: (c * np.cos(x[::-1]))[::-1], X,
    "Negative strides.", Reference(lambda x: mp.sin(x[::-1])),
)  # fmt: skip
right(
    "habit_cumulative_by_reversed_views", "vjp", lambda x: np.exp(np.cumsum(x)),
    lambda c, x: np.cumsum((c * np.exp(np.cumsum(x)))[::-1])[::-1], X, "Reverse cumulative sum.",
    Reference(lambda x: mp.exp(np.cumsum(x))),
)  # fmt: skip
wrong(
    "habit_cumulative_not_reversed", "vjp", lambda x: np.exp(np.cumsum(x)),
    lambda c, x: np.cumsum(c * np.exp(np.cumsum(x))), X, "Forward cumulative sum.",
    Reference(lambda x: mp.exp(np.cumsum(x))),
)  # fmt: skip
wrong(
    "habit_reshape_for_transpose", "vjp", lambda x: np.tanh(x).T,
    lambda c, x: c.reshape(x.shape) * (1 - np.tanh(x) ** 2), A, "reshape where transpose belongs.",
    Reference(lambda x: mp.tanh(x).T),
)  # fmt: skip


# own work on copies, out=, errstate
def logistic_in_place(x):
    out = np.empty_like(x)
    np.negative(x, out=out)
    np.exp(out, out=out)
    out += 1
    np.reciprocal(out, out=out)
    return out


def logistic_vjp(c, x):
    s = logistic_in_place(x)
    g = np.multiply(c, s)
    s -= 1
    g *= s
    np.negative(g, out=g)
    return g


right("habit_out_arguments", "vjp", logistic_in_place, logistic_vjp, X, "out= all the way.", Reference(mp.sigmoid))


def stable_sigmoid(x):
    out = np.zeros_like(x)
    pos = x >= 0
    out[pos] = 1 / (1 + np.exp(-x[pos]))
    e = np.exp(x[~pos])
    out[~pos] = e / (1 + e)
    return out


FAR = np.array([-745.0, -30.0, -1.0, 0.0, 2.0, 40.0, 800.0])
right(
    "habit_sigmoid_by_masks", "vjp", stable_sigmoid, lambda c, x: c * stable_sigmoid(x) * stable_sigmoid(-x), FAR,
    "Masked branches, from -745 to 800, and 1 - s as s(-x).", Reference(mp.sigmoid),
)  # fmt: skip
wrong(
    "habit_sigmoid_by_masks_negative_half", "vjp", stable_sigmoid,
    lambda c, x: c * np.where(x >= 0, stable_sigmoid(x) * stable_sigmoid(-x), stable_sigmoid(x)), FAR,
    "On the negative half the factor 1 - s is missing.", Reference(mp.sigmoid),
)  # fmt: skip


def clipped_exp(x):
    return np.log1p(np.exp(np.clip(x, -500, 500)))


right(
    "habit_clip_against_overflow", "vjp", clipped_exp,
    lambda c, x: c / (1 + np.exp(-np.clip(x, -500, 500))), X * 10, "Clipped far from the point.",
    Reference(lambda x: mp.log1p(mp.exp(x))),
)  # fmt: skip
wrong(
    "habit_nan_when_large", "vjp", lambda x: np.logaddexp(0, x), lambda c, x: c * np.exp(x) / (1 + np.exp(x)),
    np.array([1.0, -2.0, 800.0]), "inf / inf at 800.", Reference(lambda x: mp.log1p(mp.exp(x))),
)  # fmt: skip
wrong(
    "habit_nan_to_num", "vjp", lambda x: np.logaddexp(0, x),
    lambda c, x: c * np.nan_to_num(np.exp(x) / (1 + np.exp(x))), np.array([1.0, -2.0, 800.0]),
    "The NaN at 800 is turned into 0, and 1 is true.", Reference(lambda x: mp.log1p(mp.exp(x))),
)  # fmt: skip

# float32 in the middle, and honest float32
SINGLE = A.astype(np.float32)


def half_squares(x):
    return 0.5 * np.sum(np.sin(x) ** 2)


HALF_SQUARES = Reference(lambda x: (mp.sin(x) ** 2).sum() / 2)
right(
    "habit_float32_honest", "gradient", half_squares, lambda x: np.sin(x) * np.cos(x), SINGLE, "Single throughout.",
    HALF_SQUARES,
)  # fmt: skip
right(
    "habit_float32_by_float64", "gradient", half_squares,
    lambda x: (0.5 * np.sin(2 * x.astype(np.float64))).astype(np.float32), SINGLE, "Computed in double, rounded once.",
    HALF_SQUARES,
)  # fmt: skip
wrong(
    "habit_float64_through_float32", "gradient", half_squares,
    lambda x: (np.sin(x) * np.cos(x).astype(np.float32)).astype(x.dtype), A,
    "One factor went through single precision.", HALF_SQUARES,
)  # fmt: skip
wrong(
    "habit_float32_through_float16", "gradient", half_squares,
    lambda x: (np.sin(x) * np.cos(x.astype(np.float16)).astype(np.float32)), SINGLE,
    "Single precision through half.", HALF_SQUARES, rounding=100.0,
)  # fmt: skip


# accumulation: bincount, reduceat, add.at, and what forgets to accumulate
GROUPS = np.array([2, 0, 2, 1, 0])


def group_log_means(x):
    return np.log(np.bincount(GROUPS, weights=np.exp(x), minlength=3) / np.bincount(GROUPS, minlength=3))


def group_log_means_vjp(c, x):
    e = np.exp(x)
    return e * (c / np.bincount(GROUPS, weights=e))[GROUPS]


GROUPED = Reference(
    lambda x: mp.log(
        np.array([(mp.exp(x)[g == GROUPS]).sum() / int(np.sum(g == GROUPS)) for g in range(3)], dtype=object)
    )
)
right("habit_bincount", "vjp", group_log_means, group_log_means_vjp, X, "Weighted bincount, gathered back.", GROUPED)
wrong(
    "habit_bincount_divided_again", "vjp", group_log_means,
    lambda c, x: group_log_means_vjp(c / np.bincount(GROUPS), x), X, "The group size cancels in the logarithm.",
    GROUPED,
)  # fmt: skip
SEGMENTS = Reference(lambda x: np.array([(x[:2] ** 3).sum(), (x[2:3] ** 3).sum(), (x[3:] ** 3).sum()], dtype=object))
right(
    "habit_reduceat", "vjp", lambda x: np.add.reduceat(x**3, [0, 2, 3]),
    lambda c, x: 3 * x**2 * np.repeat(c, [2, 1, 2]), X, "Segment sums and np.repeat.", SEGMENTS,
)  # fmt: skip
wrong(
    "habit_reduceat_lengths_shifted", "vjp", lambda x: np.add.reduceat(x**3, [0, 2, 3]),
    lambda c, x: 3 * x**2 * np.repeat(c, [2, 2, 1]), X, "Segment lengths 2, 2, 1 for 2, 1, 2.", SEGMENTS,
)  # fmt: skip


# None for what is not used, numbers for 0-d, lists
def fit(x, unused, scale):
    return scale * np.dot(x, x)


FIT_IN = (X, rng.standard_normal(2), np.array(1.5))
FIT = Reference(lambda x, _u, s: s * (x * x).sum())
right(
    "habit_none_and_plain_numbers", "gradient", fit,
    lambda x, u, s: [2 * s * x, None, np.float64(sum(v * v for v in x))], FIT_IN,
    "A list: an array, None, a scalar.", FIT,
)  # fmt: skip
wrong(
    "habit_none_for_what_is_used", "gradient", fit, lambda x, u, s: (2 * s * x, np.zeros_like(u), None), FIT_IN,
    "None for the scale, which the loss does use.", FIT,
)  # fmt: skip
right(
    "habit_zeros_for_what_is_not_used", "gradient", fit,
    lambda x, u, s: (2 * s * x, 0 * u, np.array(x @ x)), FIT_IN, "Zeros, too, are right.", FIT,
)  # fmt: skip
wrong(
    "habit_uninitialised_for_what_is_not_used", "gradient", fit,
    lambda x, u, s: (2 * s * x, np.full_like(u, 4.9e-3), np.array(x @ x)), FIT_IN,
    "What lay in memory, for an input that does not matter.", FIT,
)  # fmt: skip


# broadcasting
def scaled_rows(x, s):
    return x * s


SCALE = rng.standard_normal((4, 1))
SCALED = Reference(lambda x, s: x * s)
right(
    "habit_broadcast_column", "vjp", scaled_rows, lambda c, x, s: (c * s, np.einsum("ij,ij->i", c, x)[:, None]),
    (A, SCALE), "Summed over what was broadcast.", SCALED,
)  # fmt: skip
wrong(
    "habit_broadcast_column_first", "vjp", scaled_rows, lambda c, x, s: (c * s, (c * x)[:, :1]), (A, SCALE),
    "The first column stands for the sum.", SCALED,
)  # fmt: skip
wrong(
    "habit_broadcast_column_total", "vjp", scaled_rows,
    lambda c, x, s: (c * s, np.full_like(s, np.sum(c * x) / len(s))), (A, SCALE),
    "The total, shared evenly.", SCALED,
)  # fmt: skip


# batch of more than one, square, negative, single entry
def row_norms(x):
    return np.linalg.norm(x, axis=1)


NORMS = Reference(lambda x: mp.sqrt((x * x).sum(axis=1)))
right(
    "habit_row_norms", "vjp", row_norms, lambda c, x: x * (c / np.linalg.norm(x, axis=-1))[:, np.newaxis], A,
    "Normalised rows.", NORMS,
)  # fmt: skip
wrong(
    "habit_row_norms_batch_of_one", "vjp", row_norms, lambda c, x: x * c[:, None] / np.linalg.norm(x), A[:1],
    "The norm of the whole batch, right for a batch of one.", Reference(NORMS.value, at=((A,),)),
)  # fmt: skip
wrong(
    "habit_row_norms_square_batch", "vjp", row_norms,
    lambda c, x: x * (c / np.linalg.norm(x, axis=1)),
    A[:3], "(n,) broadcast along the last axis, since the batch is square.", NORMS,
)  # fmt: skip


def one_entry(c, x):
    g = 2 * c * x
    g[3, 1] = c[3, 1] * x[3, 1]
    return g


wrong(
    "habit_one_entry_of_twelve", "vjp", np.square, one_entry, A, "One entry lacks its factor two.",
    Reference(lambda x: x * x),
)  # fmt: skip
wrong(
    "habit_power_of_absolute", "vjp", lambda x: x**3, lambda c, x: 3 * c * np.abs(x) * x, np.abs(A),
    "x |x| for x^2, which shows where x is negative.", Reference(lambda x: x**3, at=((A,),)),
)  # fmt: skip


# sorting, medians, quantiles, top k
def trimmed(x):
    return np.mean(np.sort(x)[1:-1] ** 2)


def trimmed_gradient(x, inverse=True):
    order = np.argsort(x)
    g = np.zeros_like(x)
    inner = 2 * np.sort(x)[1:-1] / (len(x) - 2)
    if inverse:
        g[order[1:-1]] = inner
    else:
        g[1:-1] = inner
        g = g[order]
    return g


MESSY = np.array([0.7, -1.2, 2.5, 0.1, -0.4])
TRIMMED = Reference(lambda x: sum(v * v for v in sorted(x)[1:-1]) / (len(x) - 2))
right("habit_trimmed_mean", "gradient", trimmed, trimmed_gradient, MESSY, "Scattered by argsort.", TRIMMED)
wrong(
    "habit_trimmed_mean_gathered", "gradient", trimmed, lambda x: trimmed_gradient(x, inverse=False), MESSY,
    "Gathered by the permutation that should scatter.", TRIMMED,
)  # fmt: skip


def median_gradient(x):
    g = np.zeros_like(x)
    g[np.argpartition(x, len(x) // 2)[len(x) // 2]] = 1.0
    return g


MEDIAN = Reference(lambda x: sorted(x)[2] if len(x) % 2 else (sorted(x)[1] + sorted(x)[2]) / 2)
right("habit_median", "gradient", np.median, median_gradient, MESSY, "The middle one of five.", MEDIAN)
wrong(
    "habit_median_of_an_even_number", "gradient", np.median, median_gradient, MESSY[:4],
    "The middle two of four share it.", MEDIAN,
)  # fmt: skip
right(
    "habit_median_tied", "gradient", np.median, median_gradient, np.array([0.5, 0.5, -1.0, 2.0, 0.5]),
    "Three equal middles: one of them gets it.",
    LabelledByIntent("the tied share 1", (Hull([0, 0, 0, 0, 0], [1, 1, 0, 0, 1], total=1),)),
)  # fmt: skip


# implicit functions: Newton to convergence, gradient by the implicit function theorem
def kepler(m, e):
    E = m
    for _ in range(50):
        step = (E - e * np.sin(E) - m) / (1 - e * np.cos(E))
        E = E - step
        if np.max(np.abs(step)) < 1e-14:
            break
    return E


def kepler_vjp(c, m, e, sign=1.0):
    E = kepler(m, e)
    d = c / (1 - e * np.cos(E))
    return d, sign * np.sum(d * np.sin(E))


def mp_kepler(m, e):
    return np.array([mp.mpmath.findroot(lambda E, v=v: E - e * mp.mpmath.sin(E) - v, v) for v in m], dtype=object)


KEPLER, KEPLER_IN = Reference(mp_kepler), (np.array([0.3, 1.1, 2.0]), np.array(0.4))
right("habit_newton_and_implicit", "vjp", kepler, kepler_vjp, KEPLER_IN, "Converged to the last digits.", KEPLER)
wrong(
    "habit_newton_and_implicit_sign", "vjp", kepler, lambda c, m, e: kepler_vjp(c, m, e, sign=-1.0), KEPLER_IN,
    "The implicit function theorem's sign.", KEPLER,
)  # fmt: skip


# state that is right, state that is not
class Scratch:
    def __init__(self):
        self.buffer, self.calls = np.empty(0), 0

    def vjp(self, c, x):
        self.calls += 1
        if self.buffer.shape != x.shape:
            self.buffer = np.empty_like(x)
        np.cos(x, out=self.buffer)
        return c * self.buffer

    def vjp_given_away(self, c, x):
        if self.buffer.shape != x.shape:
            self.buffer = np.empty_like(x)
        np.cos(x, out=self.buffer)
        self.buffer *= c
        return self.buffer.reshape(-1)[:].reshape(x.shape)


right("habit_scratch_and_counter", "vjp", np.sin, Scratch().vjp, X, "A scratch array and a counter.", Reference(mp.sin))
wrong(
    "habit_scratch_given_away", "vjp", np.sin, Scratch().vjp_given_away, X, "A view of the scratch is the answer.",
    LabelledByIntent("an earlier answer changes", shows=shows.result_changes_later),
)  # fmt: skip


def shared_default(c, x, grads={}):  # noqa: B006 - the mistake itself
    key = x.shape
    grads[key] = grads.get(key, 0) + c * np.cos(x)
    return np.array(grads[key])


wrong(
    "habit_mutable_default", "vjp", np.sin, shared_default, X, "Gradients pile up in a default argument.",
    LabelledByIntent("the second call answers twice as much", shows=shows.not_repeatable),
)  # fmt: skip
wrong(
    "habit_centred_in_place", "gradient", lambda x: np.sum((x - x.mean(axis=0)) ** 2),
    lambda x: (x.__isub__(x.mean(axis=0)), 2 * x)[1], A, "Right numbers, but the caller's data are centred.",
    LabelledByIntent("the input is centred", shows=shows.mutates_inputs),
)  # fmt: skip
wrong(
    "habit_global_constant_detached", "gradient", lambda x: np.sum(x**2) / np.sum(np.abs(x)),
    lambda x: 2 * x / np.sum(np.abs(x)), X, "The normaliser is treated as a constant.",
    Reference(lambda x: (x * x).sum() / mp.absolute(x).sum()),
)  # fmt: skip
wrong(
    "habit_difference_with_a_large_step", "gradient", lambda x: np.sum(np.sin(x) * x),
    lambda x: ((np.sin(x + 1e-4) * (x + 1e-4)) - (np.sin(x - 1e-4) * (x - 1e-4))) / 2e-4, X,
    "A central difference of 1e-4: off by 1e-9.", Reference(lambda x: (mp.sin(x) * x).sum()),
)  # fmt: skip
