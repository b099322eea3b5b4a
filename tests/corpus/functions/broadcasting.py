"""Broadcasting and moving data about: sums that go missing, orders that are not undone."""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from .. import shows
from ..item import Category
from ..truth import LabelledByIntent, Reference

CATEGORY = Category("broadcasting")
right, wrong = CATEGORY.right, CATEGORY.wrong
rng = np.random.default_rng(404)
X = rng.standard_normal(6)
M = rng.standard_normal((4, 3))
BIAS = rng.standard_normal(3)
COLUMN = rng.standard_normal((4, 1))

# broadcasting
ADD = Reference(lambda x, b: x + b)
right(
    "bias_added",
    "vjp",
    lambda x, b: x + b,
    lambda c, x, b: (c, c.sum(axis=0)),
    (M, BIAS),
    "Summed over the batch; the first answer is the cotangent itself, which is fine.",
    ADD,
)
wrong(
    "bias_broadcast_not_summed",
    "vjp",
    lambda x, b: x + b,
    lambda c, x, b: (c, c),
    (M, BIAS),
    "The bias gradient has the batch's shape.",
    LabelledByIntent("an answer of shape (4, 3) for an input of shape (3,)", shows=shows.wrong_shape),
)
wrong(
    "bias_broadcast_averaged",
    "vjp",
    lambda x, b: x + b,
    lambda c, x, b: (c, c.mean(axis=0)),
    (M, BIAS),
    "Averaged where the broadcast must be summed.",
    ADD,
)
wrong(
    "bias_first_row_only",
    "vjp",
    lambda x, b: x + b,
    lambda c, x, b: (c, c[0]),
    (M, BIAS),
    "Right for a batch of one, wrong for a larger one.",
    ADD,
)
SCALE = Reference(lambda x, s: x * s)
right(
    "scaled_by_column",
    "vjp",
    np.multiply,
    lambda c, x, s: (c * s, (c * x).sum(axis=1, keepdims=True)),
    (M, COLUMN),
    "keepdims keeps the shape.",
    SCALE,
)
wrong(
    "scaled_by_column_keepdims_missing",
    "vjp",
    np.multiply,
    lambda c, x, s: (c * s, (c * x).sum(axis=1)),
    (M, COLUMN),
    "keepdims is missing: (4,) for (4, 1).",
    LabelledByIntent("an answer of shape (4,) for an input of shape (4, 1)", shows=shows.wrong_shape),
)
right(
    "scale_by_a_number",
    "vjp",
    np.multiply,
    lambda c, x, s: (c * s, np.sum(c * x)),
    (M, np.array(1.7)),
    "A 0-d factor.",
    SCALE,
)
wrong(
    "scale_by_a_number_length_one",
    "vjp",
    np.multiply,
    lambda c, x, s: (c * s, np.atleast_1d(np.sum(c * x))),
    (M, np.array(1.7)),
    "A 0-d input gets a gradient of shape (1,).",
    LabelledByIntent("an answer of shape (1,) for a 0-d input", shows=shows.wrong_shape),
)
SQUARE = rng.standard_normal((3, 3))
wrong(
    "row_bias_summed_over_columns",
    "vjp",
    lambda x, b: x + b,
    lambda c, x, b: (c, c.sum(axis=1)),
    (SQUARE, BIAS),
    "Summed over the wrong axis; a square batch hides it from the shape.",
    ADD,
)
CROSS = Reference(lambda a, b: np.array([[x - y for y in b] for x in a], dtype=object))
right(
    "all_differences",
    "vjp",
    lambda a, b: a[:, None] - b,
    lambda c, a, b: (c.sum(1), -c.sum(0)),
    (X, BIAS),
    "Two broadcasts against each other.",
    CROSS,
)
wrong(
    "all_differences_sign",
    "vjp",
    lambda a, b: a[:, None] - b,
    lambda c, a, b: (c.sum(1), c.sum(0)),
    (X, BIAS),
    "The subtrahend's sign.",
    CROSS,
)
TILE = Reference(lambda x: np.concatenate([x, x, x]))
right("tile", "vjp", lambda x: np.tile(x, 3), lambda c, x: c.reshape(3, -1).sum(0), X, "Copies add up.", TILE)
wrong(
    "tile_as_repeat",
    "vjp",
    lambda x: np.tile(x, 3),
    lambda c, x: c.reshape(-1, 3).sum(1),
    X,
    "tile was undone as if it were repeat.",
    TILE,
)
right(
    "sum_over_rows",
    "vjp",
    lambda x: x.sum(axis=0),
    lambda c, x: np.broadcast_to(c, x.shape),
    M,
    "A read-only broadcast view as the result is fine.",
    Reference(lambda x: x.sum(axis=0)),
)
wrong(
    "sum_over_rows_divided",
    "vjp",
    lambda x: x.sum(axis=0),
    lambda c, x: np.broadcast_to(c / len(x), x.shape),
    M,
    "A sum treated as a mean.",
    Reference(lambda x: x.sum(axis=0)),
)

# concatenation, padding, reversal, reshaping, windows
CAT = Reference(lambda a, b: np.concatenate([a, b]) ** 2)
right(
    "concatenate",
    "vjp",
    lambda a, b: np.concatenate([a, b]) ** 2,
    lambda c, a, b: (2 * a * c[: len(a)], 2 * b * c[len(a) :]),
    (X, BIAS),
    "Split where it was joined.",
    CAT,
)
wrong(
    "concatenate_split_in_order_b_a",
    "vjp",
    lambda a, b: np.concatenate([a, b]),
    lambda c, a, b: (c[3:], c[:3]),
    (X[:3], BIAS),
    "The parts were split in the other order.",
    Reference(lambda a, b: np.concatenate([a, b])),
)
PAD = Reference(lambda x: np.concatenate([x[1:2], x, x[-2:-1]]))
right(
    "pad_reflecting",
    "vjp",
    lambda x: np.pad(x, 1, mode="reflect"),
    lambda c, x: c[1:-1] + np.eye(len(x))[1] * c[0] + np.eye(len(x))[-2] * c[-1],
    X,
    "Reflected cells are used twice.",
    PAD,
)
wrong(
    "pad_reflecting_as_zeros",
    "vjp",
    lambda x: np.pad(x, 1, mode="reflect"),
    lambda c, x: c[1:-1],
    X,
    "The backward pass crops, as for zero padding.",
    PAD,
)
DIFF = Reference(lambda x: x[1:] - x[:-1])
right(
    "differences",
    "vjp",
    np.diff,
    lambda c, x: np.concatenate([[0.0], c]) - np.concatenate([c, [0.0]]),
    X,
    "Each inner entry twice.",
    DIFF,
)
wrong(
    "differences_ends_dropped",
    "vjp",
    np.diff,
    lambda c, x: np.concatenate([[0.0], c[:-1] - c[1:], [0.0]]),
    X,
    "Both end entries were left at zero.",
    DIFF,
)
RESHAPE = Reference(
    lambda x: np.array([x[i, j] for j in range(x.shape[1]) for i in range(x.shape[0])], dtype=object) ** 3
)
right(
    "flatten_by_columns",
    "vjp",
    lambda x: x.ravel(order="F") ** 3,
    lambda c, x: (3 * x.ravel(order="F") ** 2 * c).reshape(x.shape, order="F"),
    M,
    "Column order, undone in column order.",
    RESHAPE,
)
wrong(
    "flatten_by_columns_undone_by_rows",
    "vjp",
    lambda x: x.ravel(order="F") ** 3,
    lambda c, x: (3 * x.ravel(order="F") ** 2 * c).reshape(x.shape),
    M,
    "Column order, undone in row order.",
    RESHAPE,
)
right(
    "transpose",
    "vjp",
    np.transpose,
    lambda c, x: c.T,
    M,
    "A view of the cotangent as the result is fine.",
    Reference(lambda x: x.T),
)
AXES = Reference(lambda x: x.transpose(2, 0, 1) * 1)
CUBE = rng.standard_normal((2, 2, 2))
right(
    "axes_rotated",
    "vjp",
    lambda x: np.transpose(x, (2, 0, 1)),
    lambda c, x: np.transpose(c, (1, 2, 0)),
    CUBE,
    "The inverse permutation of the axes.",
    AXES,
)
wrong(
    "axes_rotated_twice",
    "vjp",
    lambda x: np.transpose(x, (2, 0, 1)),
    lambda c, x: np.transpose(c, (2, 0, 1)),
    CUBE,
    "The same permutation in place of its inverse; a cube hides it from the shape.",
    AXES,
)


def moving_average(x):
    return sliding_window_view(x, 3).mean(axis=1)


def moving_average_vjp(c, x):
    return np.convolve(c, np.full(3, 1 / 3))


AVERAGE = Reference(lambda x: np.array([(x[i] + x[i + 1] + x[i + 2]) / 3 for i in range(len(x) - 2)], dtype=object))
right("moving_average", "vjp", moving_average, moving_average_vjp, X, "Overlapping windows.", AVERAGE)
wrong(
    "moving_average_edges",
    "vjp",
    moving_average,
    lambda c, x: np.pad(c, 1),
    X,
    "Each window's weight was handed to its centre.",
    AVERAGE,
)
FLIP = Reference(lambda x: x[::-1] * np.array(range(1, 7), dtype=object))
right(
    "reversed_and_weighted",
    "vjp",
    lambda x: x[::-1] * np.arange(1, 7),
    lambda c, x: (c * np.arange(1, 7))[::-1],
    X,
    "Weights first, then the reversal.",
    FLIP,
)
wrong(
    "reversed_before_weighting",
    "vjp",
    lambda x: x[::-1] * np.arange(1, 7),
    lambda c, x: c[::-1] * np.arange(1, 7),
    X,
    "The two steps were undone in the wrong order.",
    FLIP,
)
