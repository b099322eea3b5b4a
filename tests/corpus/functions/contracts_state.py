"""Functions and derivatives that keep state, draw at random, or write where they should not."""

import numpy as np

from .. import shows
from .. import truth as mp
from ..item import Category
from ..truth import LabelledByIntent, Reference

CATEGORY = Category("state")
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


# inputs and cotangents that are written to
def gradient_doubles_in_place(x):
    x *= 2
    return x


def loss_that_sorts(x):
    x.sort()
    return np.sum(np.arange(len(x)) * x)


def loss_that_sorts_gradient(x):
    return np.argsort(np.argsort(x)) * 1.0


def loss_that_sorts_a_copy(x):
    return np.sum(np.arange(len(x)) * np.sort(x))


def relu_vjp_in_place(c, x):
    c *= x > 0
    return c


def relu_vjp(c, x):
    c = c.copy()
    c *= x > 0
    return c


RELU = Reference(mp.relu)
wrong(
    "gradient_mutates_its_input",
    "gradient",
    lambda x: np.sum(x * x),
    gradient_doubles_in_place,
    X,
    "2x, computed in the caller's array.",
    intent("the input is doubled by the call", shows.mutates_inputs),
)
wrong(
    "loss_sorts_its_input",
    "gradient",
    loss_that_sorts,
    loss_that_sorts_gradient,
    X,
    "Every call of f sorts the caller's array (warp #1726: the input drifts between probes).",
    intent("the input is sorted by the call", shows.mutates_inputs),
)
right(
    "loss_sorts_a_copy",
    "gradient",
    loss_that_sorts_a_copy,
    loss_that_sorts_gradient,
    X,
    "The same on a copy.",
    Reference(lambda x: sum(i * v for i, v in enumerate(sorted(x)))),
)
wrong(
    "cotangent_masked_in_place",
    "vjp",
    lambda x: np.maximum(x, 0),
    relu_vjp_in_place,
    X,
    "pytorch #81417: a backward that alters its incoming gradient.",
    intent("the cotangent is masked by the call", shows.mutates_cotangent),
)
right("cotangent_masked_in_a_copy", "vjp", lambda x: np.maximum(x, 0), relu_vjp, X, "The same on a copy.", RELU)


def tangent_scaled_in_place(primals, tangents):
    (x,), (t,) = primals, tangents
    t *= np.cos(x)
    return t


wrong(
    "tangent_scaled_in_place",
    "jvp",
    np.sin,
    tangent_scaled_in_place,
    X,
    "The tangent is overwritten.",
    intent("the tangent is scaled by the call", shows.mutates_cotangent),
)
right(
    "tangent_scaled_in_a_copy",
    "jvp",
    np.sin,
    lambda p, t: (np.sin(p[0]), np.cos(p[0]) * t[0]),
    X,
    "Value and tangent, nothing overwritten.",
    Reference(mp.sin),
)


def shifted_and_restored(x):
    m = x.max()
    x -= m
    e = np.exp(x)
    x += m
    return e / e.sum()


right(
    "softmax_gradient_out_of_place",
    "gradient",
    lambda x: np.log(np.sum(np.exp(x))),
    lambda x: np.exp(x - x.max()) / np.exp(x - x.max()).sum(),
    X,
    "Shifted without writing.",
    Reference(mp.logsumexp),
)
wrong(
    "input_shifted_and_restored",
    "gradient",
    lambda x: np.log(np.sum(np.exp(x))),
    shifted_and_restored,
    X,
    "Writes and restores: raises on read-only inputs, and restores but nearly (FiniteDiff #111).",
    intent("a read-only input raises", shows.read_only_fails),
)


# buffers that are used again
class Reused:
    """x^3 with scratch arrays that live as long as the shape stays the same."""

    def __init__(self):
        self.value = self.grad = None

    def _fit(self, x):
        if self.grad is None or self.grad.shape != x.shape:
            self.value, self.grad = np.zeros_like(x), np.zeros_like(x)

    def cube_shared(self, x):
        self._fit(x)
        self.value[...] = x * x * x
        return self.value

    def vjp_shared(self, c, x):
        self._fit(x)
        self.grad[...] = 3 * c * x * x
        return self.grad

    def vjp_view(self, c, x):
        return self.vjp_shared(c, x)[...]

    def vjp_copied(self, c, x):
        return self.vjp_shared(c, x).copy()


wrong(
    "vjp_returns_its_buffer",
    "vjp",
    lambda x: x**3,
    Reused().vjp_shared,
    X,
    "The answer of one call is overwritten by the next.",
    intent("an earlier answer changes", shows.result_changes_later),
)
wrong(
    "vjp_returns_a_view_of_its_buffer",
    "vjp",
    lambda x: x**3,
    Reused().vjp_view,
    X,
    "A slice of the buffer is still the buffer.",
    intent("an earlier answer changes", shows.result_changes_later),
)
wrong(
    "value_returned_in_a_buffer",
    "vjp",
    Reused().cube_shared,
    lambda c, x: 3 * c * x * x,
    X,
    "f itself hands out its buffer, so that differences of two values are zero.",
    intent("an earlier value changes", shows.result_changes_later),
)
right(
    "buffer_copied_out",
    "vjp",
    lambda x: x**3,
    Reused().vjp_copied,
    X,
    "A scratch array that is copied on its way out is fine.",
    CUBE,
)
right(
    "identity_returns_the_cotangent",
    "vjp",
    lambda x: x * 1.0,
    lambda c, _x: c,
    X,
    "The cotangent itself as the result is fine.",
    Reference(lambda x: x * 1),
)
right(
    "sum_returns_the_cotangent_twice",
    "vjp",
    np.add,
    lambda c, _a, _b: (c, c),
    (X, X[::-1].copy()),
    "The same array for two inputs is fine.",
    Reference(lambda a, b: a + b),
)


# randomness
def dropout_global(x):
    return np.sum(x * x * (np.random.rand(len(x)) < 0.5))  # noqa: NPY002


def dropout_reseeding(x):
    np.random.seed(0)  # noqa: NPY002
    return np.sum(x * x * (np.random.rand(len(x)) < 0.5))  # noqa: NPY002


def dropout_reseeding_gradient(x):
    np.random.seed(0)  # noqa: NPY002
    return 2 * x * (np.random.rand(len(x)) < 0.5)  # noqa: NPY002


KEEP = np.random.default_rng(0).random(6) < 0.5


def dropout_own(x):
    return np.sum(x * x * (np.random.default_rng(0).random(len(x)) < 0.5))


def dropout_own_gradient(x):
    return 2 * x * (np.random.default_rng(0).random(len(x)) < 0.5)


def hutchinson_gradient(x):
    z = np.random.choice([-1.0, 1.0], len(x))  # noqa: NPY002
    return z * (z @ (2 * x))


wrong(
    "dropout_fresh_every_call",
    "gradient",
    dropout_global,
    lambda x: x,
    X,
    "pytorch #114333: a new mask at every call; the gradient is that of the expectation.",
    intent("two calls differ", shows.not_repeatable),
)
RESEEDED = np.random.RandomState(0).rand(6) < 0.5
right(
    "dropout_reseeds_the_world",
    "gradient",
    dropout_reseeding,
    dropout_reseeding_gradient,
    X,
    "Repeatable, at the price of reseeding everybody's generator: a note.",
    Reference(lambda x: sum(v * v for v, k in zip(x, RESEEDED, strict=True) if k)),
)
right(
    "dropout_with_its_own_generator",
    "gradient",
    dropout_own,
    dropout_own_gradient,
    X,
    "A generator of its own, seeded in the call.",
    Reference(lambda x: sum(v * v for v, k in zip(x, KEEP, strict=True) if k)),
)
wrong(
    "gradient_estimated_by_random_signs",
    "gradient",
    lambda x: np.sum(x * x),
    hutchinson_gradient,
    X,
    "Unbiased, random, and no gradient.",
    intent("two calls differ", shows.not_repeatable),
)
right(
    "dropout_mask_as_argument",
    "gradient",
    lambda x, m: np.sum(x * x * m),
    lambda x, m: (2 * x * m, None),
    (X, KEEP * 1.0),
    "The mask is an input that nobody differentiates.",
    Reference(lambda x, m: (x * x * m).sum()),
    options={"wrt": (0,)},
)
wrong(
    "dropout_mask_not_rescaled",
    "gradient",
    lambda x, m: np.sum((x * m / 0.5) ** 2),
    lambda x, m: (2 * x * m / 0.5, None),
    (X, KEEP * 1.0),
    "Inverted dropout rescales twice under the square, once in the gradient.",
    Reference(lambda x, m: ((x * m / 0.5) ** 2).sum()),
    options={"wrt": (0,)},
)


# caches and call order
class Layer:
    """tanh(x) that remembers what its forward pass saw."""

    def __init__(self):
        self.y = None
        self.seen = {}
        self.total = None
        self.calls = 0

    def forward(self, x):
        self.y = np.tanh(x)
        return self.y.copy()

    def backward(self, c, _x):
        if self.y is None:
            raise RuntimeError("call forward first")
        return c * (1 - self.y**2)

    def backward_first_forever(self, c, x):
        if self.y is None:
            self.y = np.tanh(x)
        return c * (1 - self.y**2)

    def backward_cached_by_shape(self, c, x):
        if x.shape not in self.seen:
            self.seen[x.shape] = np.tanh(x)
        return c * (1 - self.seen[x.shape] ** 2)

    def backward_cached_by_content(self, c, x):
        key = x.tobytes(), x.shape
        if key not in self.seen:
            self.seen = {key: np.tanh(x)}
        return c * (1 - self.seen[key] ** 2)

    def backward_accumulating(self, c, x):
        g = tanh_vjp(c, x)
        self.total = g if self.total is None else self.total + g
        return self.total.copy()

    def backward_with_momentum(self, c, x):
        g = tanh_vjp(c, x)
        self.total = g if self.total is None else 0.9 * self.total + 0.1 * g
        return self.total.copy()

    def backward_third_call_differs(self, c, x):
        self.calls += 1
        return tanh_vjp(c, x) * (0.5 if self.calls % 3 == 0 else 1.0)


NEEDS, FIRST, SHAPES, ACCUMULATES, MOMENTUM, THIRD = (Layer() for _ in range(6))
wrong(
    "backward_uses_the_last_forward",
    "vjp",
    NEEDS.forward,
    NEEDS.backward,
    X,
    "After f ran elsewhere, the derivative is that of elsewhere.",
    intent("another forward call changes the answer", shows.depends_on_call_order),
)
wrong(
    "backward_remembers_its_first_input",
    "vjp",
    np.tanh,
    FIRST.backward_first_forever,
    X,
    "A cache that is never refreshed.",
    intent("the answer is the same at any later point", lambda item: _stale(item)),
)
wrong(
    "backward_cached_by_shape",
    "vjp",
    np.tanh,
    SHAPES.backward_cached_by_shape,
    X,
    "A cache keyed by shape goes stale for new numbers.",
    intent("the answer is the same at any later point", lambda item: _stale(item)),
)
right(
    "backward_cached_by_content",
    "vjp",
    np.tanh,
    Layer().backward_cached_by_content,
    X,
    "A cache keyed by content is fine.",
    TANH,
)
wrong(
    "backward_accumulates_over_calls",
    "vjp",
    np.tanh,
    ACCUMULATES.backward_accumulating,
    X,
    "micrograd PR #102: gradients are never zeroed.",
    intent("the second call answers twice as much", shows.not_repeatable),
)
wrong(
    "backward_with_momentum",
    "vjp",
    np.tanh,
    MOMENTUM.backward_with_momentum,
    X,
    "Momentum belongs to the optimiser: right at the first call, stale at any other point.",
    intent("the answer depends on the calls before", shows.depends_on_call_order),
)
wrong(
    "backward_every_third_call",
    "vjp",
    np.tanh,
    THIRD.backward_third_call_differs,
    X,
    "A counter decides.",
    intent("the third call differs", shows.not_repeatable),
)


def _stale(item):
    first = item.derivative(np.ones(6), item.inputs[0]).copy()
    return bool(np.array_equal(first, item.derivative(np.ones(6), 2 * item.inputs[0])))


class Annealed:
    """A loss whose weight changes with the number of calls."""

    def __init__(self):
        self.step = 0

    def loss(self, x):
        self.step += 1
        return np.sum(x * x) * (1 + 1e-3 * self.step)


wrong(
    "loss_annealed_by_call_count",
    "gradient",
    Annealed().loss,
    lambda x: 2 * x,
    X,
    "The weight of the loss grows with every call.",
    intent("two calls differ", shows.not_repeatable),
)
