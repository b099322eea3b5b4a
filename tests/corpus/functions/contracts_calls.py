"""Derivatives that depend on how they are called: cotangents, layouts, repeated arrays, batches, shapes."""

import numpy as np

from .. import shows
from .. import truth as mp
from ..item import Category
from ..truth import LabelledByIntent, Reference

CATEGORY = Category("calls")
right, wrong = CATEGORY.right, CATEGORY.wrong
rng = np.random.default_rng(616)
X = rng.standard_normal(6)
M = rng.standard_normal((4, 3))
W = rng.standard_normal((3, 2))


def intent(reason, shown):
    return LabelledByIntent(reason, shows=shown)


TANH = Reference(mp.tanh)
CUBE = Reference(lambda x: x**3)
SQUARES = Reference(lambda x: (x * x).sum())


def tanh_vjp(c, x):
    return c * (1 - np.tanh(x) ** 2)


# the upstream gradient
wrong("upstream_ignored", "vjp", lambda x: x**3, lambda _c, x: 3 * x * x, X, "The cotangent is not used.", CUBE)
wrong(
    "upstream_ignored_scalar",
    "vjp",
    lambda x: np.sum(x * x),
    lambda _c, x: 2 * x,
    X,
    "caffe #6814: right for a seed of 1, exactly half for a seed of 2.",
    SQUARES,
)
wrong(
    "upstream_added_twice",
    "vjp",
    lambda x: x**3,
    lambda c, x: 3 * x * x * c + c,
    X,
    "The cotangent is added as well.",
    CUBE,
)
wrong(
    "upstream_squared",
    "vjp",
    lambda x: x**3,
    lambda c, x: 3 * x * x * c * c,
    X,
    "Multiplied in twice: right for ones.",
    CUBE,
)
wrong(
    "upstream_clipped",
    "vjp",
    lambda x: x**3,
    lambda c, x: 3 * x * x * np.clip(c, -1, 1),
    X,
    "Gradient clipping inside the derivative: not linear in the cotangent.",
    intent("three times the cotangent is not three times the answer", shows.not_linear),
)
wrong(
    "upstream_clipped_far_out",
    "vjp",
    lambda x: x**3,
    lambda c, x: 3 * x * x * np.clip(c, -1e3, 1e3),
    X,
    "Not linear either, beyond 1e3.",
    intent(
        "a cotangent of 1e6 is cut",
        lambda item: not np.allclose(item.derivative(np.full(6, 1e6), X), 1e6 * item.derivative(np.ones(6), X)),
    ),
)
wrong(
    "upstream_plus_weight_decay",
    "vjp",
    lambda x: x**3,
    lambda c, x: 3 * x * x * c + 1e-4 * x,
    X,
    "Weight decay was added to the derivative: a zero cotangent does not give zero.",
    CUBE,
)
wrong(
    "upstream_normalised",
    "vjp",
    lambda x: x**3,
    lambda c, x: 3 * x * x * c / np.sqrt(np.sum(c * c)),
    X,
    "The cotangent was normalised.",
    CUBE,
)
wrong(
    "upstream_summed",
    "vjp",
    lambda x: x**3,
    lambda c, x: 3 * x * x * np.sum(c),
    X,
    "The cotangent was summed up before its use.",
    CUBE,
)
right("upstream_used_once", "vjp", lambda x: x**3, lambda c, x: 3 * x * x * c, X, "As it should be.", CUBE)
wrong(
    "jvp_ignores_the_tangent",
    "jvp",
    np.tanh,
    lambda p, _t: 1 - np.tanh(p[0]) ** 2,
    X,
    "The derivative, not its product with the tangent.",
    TANH,
)


# tuples of outputs
def mean_and_variance(x):
    return np.mean(x), np.var(x)


MEAN_VAR = Reference(lambda x: (x.mean(), ((x - x.mean()) ** 2).mean()))


def mean_and_variance_vjp(c, x):
    return (c[0] + 2 * c[1] * (x - x.mean())) / x.size * np.ones_like(x)


right("two_outputs", "vjp", mean_and_variance, mean_and_variance_vjp, X, "One cotangent per output.", MEAN_VAR)
wrong(
    "two_outputs_second_forgotten",
    "vjp",
    mean_and_variance,
    lambda c, x: c[0] / x.size * np.ones_like(x),
    X,
    "OpenMDAO PR #928: one output was forgotten.",
    MEAN_VAR,
)
right(
    "flat_output_beside_a_smooth_one",
    "vjp",
    lambda x: (np.sin(x), np.floor(x)),
    lambda c, x: c[0] * np.cos(x),
    X,
    "pytorch #194869: an output that is piecewise constant adds nothing.",
    Reference(lambda x: (mp.sin(x), mp.floor(x) * 1)),
)
wrong(
    "flat_output_passed_through",
    "vjp",
    lambda x: (np.sin(x), np.floor(x)),
    lambda c, x: c[0] * np.cos(x) + c[1],
    X,
    "pytorch PR #18190: nobody checked the output that has no derivative.",
    Reference(lambda x: (mp.sin(x), mp.floor(x) * 1)),
)


# memory order, overlapping memory, read-only memory
def times_table(x):
    return x * np.arange(x.size).reshape(x.shape)


def cube_vjp_by_memory(c, x):
    flat = x.ravel(order="K")
    return (c.ravel() * 3 * flat**2).reshape(x.shape)


def cube_vjp_into_ravel(c, x):
    g = np.zeros_like(x)
    g.ravel()[:] = 3 * c.ravel() * x.ravel() ** 2
    return g


def cube_vjp_by_bytes(c, x):
    raw = np.frombuffer(x.tobytes(order="A"), dtype=x.dtype).reshape(x.shape)
    return 3 * c * raw**2


TIMES = Reference(lambda x: x * np.arange(x.size).reshape(x.shape))
right(
    "weights_by_position",
    "vjp",
    times_table,
    lambda c, x: c * np.arange(x.size).reshape(x.shape),
    M,
    "Right in any layout.",
    TIMES,
)
wrong(
    "memory_order_walked",
    "vjp",
    lambda x: x**3,
    cube_vjp_by_memory,
    np.asfortranarray(M),
    "order='K' walks memory, not indices; this input lies in Fortran order.",
    CUBE,
)
wrong(
    "written_into_a_copy_by_ravel",
    "vjp",
    lambda x: x**3,
    cube_vjp_into_ravel,
    M,
    "ravel of a Fortran array is a copy, and the gradient stays zero (tiny-dnn PR #871: assigned to a copy).",
    intent("Fortran order gives zeros", shows.layout_matters),
)
wrong(
    "read_by_bytes",
    "vjp",
    lambda x: x**3,
    cube_vjp_by_bytes,
    M,
    "Raw bytes taken for C order (torch-totem PR #26: non-contiguous input).",
    intent("Fortran order gives another answer", shows.layout_matters),
)
OVERLAP = np.broadcast_to(np.array([0.5, -1.0, 2.0]), (4, 3))
right(
    "overlapping_input",
    "vjp",
    lambda x: x**3,
    lambda c, x: 3 * c * x * x,
    OVERLAP,
    "pytorch #38586: rows that share memory are still separate entries.",
    CUBE,
)
STRIDED = rng.standard_normal((4, 6))[:, ::2]
right(
    "strided_input",
    "vjp",
    lambda x: x**3,
    lambda c, x: 3 * c * x * x,
    STRIDED,
    "Every second column of a larger array.",
    CUBE,
)

# the same array twice, batches, numbers without a shape
PRODUCT = Reference(lambda a, b: a * b)


def product_vjp_keyed_by_identity(c, a, b):
    grads = {}
    grads[id(a)] = grads.get(id(a), 0) + c * b
    grads[id(b)] = grads.get(id(b), 0) + c * a
    return grads[id(a)], grads[id(b)]


right(
    "same_array_twice", "vjp", np.multiply, lambda c, a, b: (c * b, c * a), (X, X), "Gradients are per slot.", PRODUCT
)
wrong(
    "same_array_twice_keyed_by_identity",
    "vjp",
    np.multiply,
    product_vjp_keyed_by_identity,
    (X, X),
    "Both slots get the sum, since gradients are filed under id().",
    PRODUCT,
)
wrong(
    "keyed_by_identity_of_different_arrays",
    "vjp",
    np.multiply,
    product_vjp_keyed_by_identity,
    (X, X[::-1].copy()),
    "The same mistake, which only the same array twice brings to light.",
    intent(
        "passing one array twice doubles its gradients",
        lambda item: not np.allclose(item.derivative(np.ones(6), X, X)[0], X),
    ),
)


def affine(x, W):
    return x @ W


def affine_vjp_first_sample(c, x, W):
    return c @ W.T, np.outer(x[0], c[0])


def affine_vjp_squeezed(c, x, W):
    g = np.squeeze(x.T @ c)
    return np.squeeze(c @ W.T), g


AFFINE = Reference(lambda x, W: x @ W)
wrong(
    "batch_first_sample_only",
    "vjp",
    affine,
    affine_vjp_first_sample,
    (M, W),
    "Right for a batch of one, wrong for more.",
    AFFINE,
)
wrong(
    "batch_of_one_squeezed",
    "vjp",
    affine,
    affine_vjp_squeezed,
    (M[:1], W),
    "squeeze() drops the batch axis of a batch of one.",
    intent("an answer of shape (3,) for an input of shape (1, 3)", shows.wrong_shape),
)
wrong(
    "batch_of_one_squeezed_later",
    "vjp",
    affine,
    affine_vjp_squeezed,
    (M, W),
    "The same, given a larger batch, where only a batch of one brings it to light.",
    intent("a batch of one loses its axis", lambda item: item.derivative(np.ones((1, 2)), M[:1], W)[0].shape != (1, 3)),
)
right(
    "zero_dimensional_input",
    "gradient",
    lambda x: np.exp(x) * x,
    lambda x: np.exp(x) * (1 + x),
    np.array(0.7),
    "A 0-d array.",
    Reference(lambda x: mp.exp(x) * x),
)
wrong(
    "zero_dimensional_input_loses_a_term",
    "gradient",
    lambda x: np.exp(x) * x,
    lambda x: np.exp(x) * (1 + (x if np.ndim(x) else 0)),
    np.array(0.7),
    "A branch for 0-d inputs forgets a term.",
    Reference(lambda x: mp.exp(x) * x),
)
WHOLE = np.array([1.0, 2.0, -3.0])
right(
    "integer_valued_input",
    "vjp",
    lambda x: np.sin(x) / 2,
    lambda c, x: c * np.cos(x) / 2,
    WHOLE,
    "Whole numbers stored as floats.",
    Reference(lambda x: mp.sin(x) / 2),
)


def dtype_from_list(c, x):
    g = np.array([int(v) if v == int(v) else v for v in x])
    g = np.zeros_like(g)
    g[...] = np.trunc(c * np.cos(x) / 2) if g.dtype.kind == "i" else c * np.cos(x) / 2
    return g.astype(float)


wrong(
    "integer_valued_input_truncated",
    "vjp",
    lambda x: np.sin(x) / 2,
    dtype_from_list,
    WHOLE,
    "Whole numbers become an integer array, whose gradient is truncated.",
    Reference(lambda x: mp.sin(x) / 2),
)


# what comes back
wrong(
    "answers_one_gradient_of_two",
    "vjp",
    np.multiply,
    lambda c, _a, b: (c * b,),
    (X, X[::-1].copy()),
    "One gradient for two inputs.",
    intent("one answer for two inputs", shows.wrong_shape),
)
wrong(
    "answers_gradients_swapped",
    "vjp",
    np.multiply,
    lambda c, a, b: (c * a, c * b),
    (X, X[::-1] + 1),
    "Each factor's gradient was handed to itself.",
    PRODUCT,
)
wrong(
    "input_marked_without_gradient",
    "vjp",
    np.multiply,
    lambda c, _a, b: (c * b, None),
    (X, X[::-1].copy()),
    "chainer #4656: marked as having no gradient.",
    PRODUCT,
)
right(
    "input_without_influence",
    "vjp",
    lambda a, b: a * a + 0 * b,
    lambda c, a, _b: (2 * c * a, None),
    (X, X[::-1].copy()),
    "None counts as zero, and zero it is.",
    Reference(lambda a, b: a * a + 0 * b),
)
