"""Indexing, sorting and masking: writes that overwrite, permutations that are not inverted."""

import numpy as np

from .. import shows
from .. import truth as mp
from ..item import Category
from ..truth import LabelledByIntent, Reference

CATEGORY = Category("indexing")
right, wrong = CATEGORY.right, CATEGORY.wrong
rng = np.random.default_rng(404)
X = rng.standard_normal(6)
M = rng.standard_normal((4, 3))
BIAS = rng.standard_normal(3)
COLUMN = rng.standard_normal((4, 1))

# gather and scatter
IDX = np.array([0, 2, 2, 5, 0, 2])
TABLE = rng.standard_normal((6, 3))


def gather_vjp(c, x):
    g = np.zeros_like(x)
    np.add.at(g, IDX, c)
    return g


def gather_vjp_overwriting(c, x):
    g = np.zeros_like(x)
    g[IDX] = c
    return g


def gather_vjp_buffered(c, x):
    g = np.zeros_like(x)
    g[IDX] += c
    return g


GATHER = Reference(lambda x: np.array([x[i] for i in IDX], dtype=object))
right("gather_repeated", "vjp", lambda x: x[IDX], gather_vjp, TABLE, "np.add.at accumulates repeated indices.", GATHER)
wrong(
    "gather_repeated_overwritten",
    "vjp",
    lambda x: x[IDX],
    gather_vjp_overwriting,
    TABLE,
    "Repeated indices overwrite one another.",
    GATHER,
)
wrong(
    "gather_repeated_buffered_add",
    "vjp",
    lambda x: x[IDX],
    gather_vjp_buffered,
    TABLE,
    "g[i] += c counts a repeated index once.",
    GATHER,
)


def scatter_add(x, v):
    y = x.copy()
    np.add.at(y, [1, 1, 3], v)
    return y


def mp_scatter_add(x, v):
    y = x.copy()
    for i, t in zip([1, 1, 3], v, strict=True):
        y[i] = y[i] + t
    return y


right(
    "scatter_add",
    "vjp",
    scatter_add,
    lambda c, x, v: (c, c[[1, 1, 3]]),
    (X, BIAS),
    "The adjoint of a scatter is a gather.",
    Reference(mp_scatter_add),
)
wrong(
    "scatter_add_hits_zeroed",
    "vjp",
    scatter_add,
    lambda c, x, v: (np.where(np.isin(np.arange(6), [1, 3]), 0.0, c), c[[1, 1, 3]]),
    (X, BIAS),
    "Treated as an assignment, so that the cells added to lost their gradient.",
    Reference(mp_scatter_add),
)


def assign(x, v):
    y = np.zeros(6)
    y[:] = x
    y[1:4] = v * y[0]
    return y


def assign_vjp(c, x, v):
    g = c.copy()
    g[1:4] = 0
    g[0] += np.sum(c[1:4] * v)
    return g, c[1:4] * x[0]


def assign_vjp_not_cleared(c, x, v):
    g = c.copy()
    g[0] += np.sum(c[1:4] * v)
    return g, c[1:4] * x[0]


def mp_assign(x, v):
    return np.concatenate([x[:1], v * x[0], x[4:]])


def assign_typed(x, v):
    y = np.zeros(6, dtype=x.dtype)
    y[:] = x
    y[1:4] = v * y[0]
    return y


right(
    "assignment_into_a_buffer",
    "vjp",
    assign,
    assign_vjp,
    (X, BIAS),
    "A float buffer inside the function: overwritten cells lose their gradient.",
    Reference(mp_assign),
)
right(
    "assignment_into_a_typed_buffer",
    "vjp",
    assign_typed,
    assign_vjp,
    (X, BIAS),
    "The buffer takes the input's dtype.",
    Reference(mp_assign),
)
wrong(
    "assignment_not_cleared",
    "vjp",
    assign,
    assign_vjp_not_cleared,
    (X, BIAS),
    "Overwritten cells still pass their gradient on.",
    Reference(mp_assign),
)


# sorting and ranking
def sort_vjp(c, x):
    g = np.empty_like(x)
    g[np.argsort(x)] = c
    return g


SORT = Reference(lambda x: np.array(sorted(x), dtype=object))
CLOSE = rng.permutation(np.linspace(0, 1, 120)) + 1e-7 * rng.standard_normal(120)
right("sort", "vjp", np.sort, sort_vjp, X, "The inverse permutation.", SORT)
wrong(
    "sort_permutation_not_inverted",
    "vjp",
    np.sort,
    lambda c, x: c[np.argsort(x)],
    X,
    "The permutation in place of its inverse.",
    SORT,
)
right(
    "sort_of_many",
    "vjp",
    np.sort,
    sort_vjp,
    CLOSE,
    "pytorch #57166: a step swaps the order of neighbours and the right gradient fails.",
    SORT,
)
TIGHT = np.array([0.5, 0.5 + 1e-7, -1.0, 0.5 - 1e-7, 2.0])
right("sort_neighbours_1e-7_apart", "vjp", np.sort, sort_vjp, TIGHT, "Neighbours closer than any customary step.", SORT)


def top2(x):
    return np.sort(x)[::-1][:2]


def top2_vjp(c, x):
    g = np.zeros_like(x)
    g[np.argsort(x)[::-1][:2]] = c
    return g


TOP2 = Reference(lambda x: np.array(sorted(x, reverse=True)[:2], dtype=object))
right("top_two", "vjp", top2, top2_vjp, X, "Largest first.", TOP2)
wrong(
    "top_two_order_swapped",
    "vjp",
    top2,
    lambda c, x: top2_vjp(c[::-1], x),
    X,
    "argsort ascends, the values descend.",
    TOP2,
)
right(
    "median_of_five",
    "gradient",
    np.median,
    lambda x: np.eye(len(x))[np.argsort(x)[2]],
    X[:5],
    "An odd count: the middle entry.",
    Reference(lambda x: sorted(x)[2]),
)
wrong(
    "median_as_mean",
    "gradient",
    np.median,
    lambda x: np.full_like(x, 1 / x.size),
    X[:5],
    "The mean's gradient.",
    Reference(lambda x: sorted(x)[2]),
)


# where
def safe_sqrt(x):
    return np.where(x > 0, np.sqrt(np.where(x > 0, x, 1.0)), 0.0)


def safe_sqrt_vjp(c, x):
    return c * np.where(x > 0, 0.5 / np.sqrt(np.where(x > 0, x, 1.0)), 0.0)


def unsafe_sqrt_vjp(c, x):
    with np.errstate(all="ignore"):
        return c * (x > 0) * 0.5 / np.sqrt(x)


HALF = np.array([-2.0, -0.5, 0.7, 4.0])
SAFE_SQRT = Reference(lambda x: np.array([mp.mpmath.sqrt(v) if v > 0 else mp.mpf(0) for v in x], dtype=object))
right("where_guarded_twice", "vjp", safe_sqrt, safe_sqrt_vjp, HALF, "The double where.", SAFE_SQRT)
wrong(
    "where_nan",
    "vjp",
    safe_sqrt,
    unsafe_sqrt_vjp,
    HALF,
    "0 * NaN is NaN: the branch not taken poisons the gradient.",
    SAFE_SQRT,
)

# a mask, triangles, an integer argument
MASK = np.tri(4, 3)
right("lower_triangle", "vjp", np.tril, lambda c, x: np.tril(c), M, "Masked alike.", Reference(lambda x: x * MASK))
wrong(
    "lower_triangle_unmasked",
    "vjp",
    np.tril,
    lambda c, x: c,
    M,
    "The mask is missing in the backward pass.",
    Reference(lambda x: x * MASK),
)
ROWS = np.array([2, 0, 2])


def rows_of(table, rows):
    return table[rows] ** 2


def rows_of_vjp(c, table, rows):
    g = np.zeros_like(table)
    np.add.at(g, rows, 2 * table[rows] * c)
    return g, None


PICK = Reference(lambda t, r: np.array([t[i] for i in r], dtype=object) ** 2)
right(
    "integer_argument",
    "vjp",
    rows_of,
    rows_of_vjp,
    (M, ROWS),
    "ChainRulesTestUtils #136: an integer argument has no gradient, the float one has.",
    PICK,
)
wrong(
    "integer_argument_shifts_the_table",
    "vjp",
    rows_of,
    lambda c, t, r: (np.roll(rows_of_vjp(c, t, r)[0], 1, axis=0), None),
    (M, ROWS),
    "Indices counted from one in the backward pass.",
    PICK,
)
EMPTY = np.zeros((0, 3))
right(
    "empty_beside_full",
    "vjp",
    lambda e, x: np.concatenate([e, x]) ** 2,
    lambda c, e, x: (2 * e * c[: len(e)], 2 * x * c[len(e) :]),
    (EMPTY, M),
    "pytorch #190436: an empty input is no reason to crash.",
    Reference(lambda e, x: np.concatenate([e, x]) ** 2),
)


def mean_of_each(e, x):
    return np.array([e.sum() / max(1, len(e)), x.mean()])


def mean_of_each_vjp(c, e, x):
    return np.full_like(e, c[0]) * (1 / len(e)), np.full_like(x, c[1] / x.size)


wrong(
    "empty_divides_by_zero",
    "vjp",
    mean_of_each,
    mean_of_each_vjp,
    (np.zeros(0), X),
    "The backward pass divides by the length of an empty input.",
    LabelledByIntent("ZeroDivisionError where f has a value", shows=shows.raises),
)
