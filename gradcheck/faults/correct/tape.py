"""Backpropagation with a tape, as in micrograd: run the graph on values that remember how they were computed.

Every op makes a `Value` and puts into it a closure, `backward`, that knows the op's arguments and sends each of them
its share of the adjoint. The tape is the list of Values in the order in which they came to be, which is topological:
played backwards, a Value's turn comes when all that use it have sent their shares, and the shares have been added
up (S4: gradients add at branches).
"""

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from gradcheck.problem import Graph
from gradcheck.problem.ops import Array


class Value:
    """An array, its adjoint so far (None for 0), and how to pass that adjoint on."""

    __slots__ = ("adjoint", "backward", "data")

    def __init__(self, data: Any, backward: Callable[[Array], object] | None = None) -> None:
        self.data: Array = data
        self.adjoint: Array | None = None
        self.backward = backward

    def receive(self, message: Any) -> None:
        """Add `message` to the adjoint, summed over the axes along which broadcasting repeated this array."""
        shape = self.data.shape
        if message.shape != shape:
            extra = message.ndim - len(shape)
            repeated = [a for a in range(message.ndim) if a < extra or shape[a - extra] == 1]
            message = np.reshape(np.sum(message, axis=tuple(repeated)), shape)
        message = np.asanyarray(message, dtype=self.data.dtype)
        self.adjoint = message if self.adjoint is None else self.adjoint + message


def gradients(graph: Graph, point: Mapping[str, Array]) -> tuple[Array, dict[str, Array], dict[str, Array]]:
    """The loss, shape (); its gradient with respect to every parameter; the adjoint of every node."""
    dtype = np.result_type(*point.values()) if point else np.dtype(np.float64)
    tape: dict[str, Value] = {}
    with np.errstate(all="ignore"):  # an infinity or NaN shows in the answer
        for i in graph.order.tolist():
            node = graph.node(i)
            if node.inputs:
                tape[node.name] = OPS[node.op](*[tape[name] for name in node.inputs], **node.attributes)
            else:
                tape[node.name] = Value(point[node.name] if node.value is None else node.value)
            tape[node.name].data = np.asanyarray(tape[node.name].data, dtype=dtype)
        loss = tape[graph.names[graph.loss]]
        loss.receive(np.ones((), dtype))
        for value in reversed(tape.values()):
            if value.backward is not None and value.adjoint is not None:
                value.backward(value.adjoint)
    adjoints = {name: np.zeros_like(v.data) if v.adjoint is None else np.array(v.adjoint) for name, v in tape.items()}
    return np.array(loss.data), {graph.names[i]: adjoints[graph.names[i]] for i in graph.parameters}, adjoints


# Arithmetic.


def add(x: Value, y: Value) -> Value:
    """x + y; each is sent g."""

    def backward(g: Array) -> None:
        x.receive(g)
        y.receive(g)

    return Value(x.data + y.data, backward)


def sub(x: Value, y: Value) -> Value:
    """x - y; y is sent -g."""

    def backward(g: Array) -> None:
        x.receive(g)
        y.receive(-g)

    return Value(x.data - y.data, backward)


def mul(x: Value, y: Value) -> Value:
    """x y; each is sent g times the other."""

    def backward(g: Array) -> None:
        x.receive(g * y.data)
        y.receive(g * x.data)

    return Value(x.data * y.data, backward)


def div(x: Value, y: Value) -> Value:
    """x / y; x is sent g / y, and y that times -x / y."""
    quotient = x.data / y.data

    def backward(g: Array) -> None:
        share = g / y.data
        x.receive(share)
        y.receive(-share * quotient)

    return Value(quotient, backward)


def power(x: Value, y: Value) -> Value:
    """x^y. The base is sent y x^(y-1), 0 for y = 0; the exponent x^y log x where x > 0, and 0 elsewhere, where only
    constant exponents have a meaning."""
    result = x.data**y.data

    def backward(g: Array) -> None:
        still, positive = y.data == 0, x.data > 0
        sent = g * y.data * x.data ** np.where(still, 1.0, y.data - 1.0)
        x.receive(np.where(g == 0, 0.0, sent))  # also where the power lies beyond the range
        y.receive(g * np.where(positive, result * np.log(np.where(positive, x.data, 1.0)), 0.0))

    return Value(result, backward)


# Functions entry by entry: `function` computes, `slope(x, v)` is its derivative at x, v the function's value.

Elementwise = Callable[..., Any]


def elementwise(function: Elementwise, slope: Elementwise) -> Callable[..., Value]:
    """The op that applies `function` to every entry; attributes go to both."""

    def op(x: Value, **attributes: Any) -> Value:
        v = function(x.data, **attributes)
        return Value(v, lambda g: x.receive(g * slope(x.data, v, **attributes)))

    return op


def sigmoid(x: Array) -> Array:
    """1 / (1 + e^-x) on the right and e^x / (1 + e^x) on the left, so that nothing overflows."""
    t = np.exp(np.minimum(x, -x))
    return np.asanyarray(np.where(x >= 0, 1.0 / (1.0 + t), t / (1.0 + t)))


def sigmoid_slope(x: Array) -> Array:
    """sigma(x) (1 - sigma(x)), the second factor without the subtraction."""
    return sigmoid(x) * sigmoid(-x)


def normal_cdf(x: Array) -> Array:
    """Phi(x) = erfc(-x / sqrt 2) / 2."""
    from scipy.special import erfc

    return np.asanyarray(erfc(x / -np.sqrt(2.0)) / 2.0)


def normal_pdf(x: Array) -> Array:
    """phi(x) = exp(-x^2 / 2) / sqrt(2 pi)."""
    return np.asanyarray(np.exp(-(x**2) / 2.0) / np.sqrt(2.0 * np.pi))


def maximum(x: Value, y: Value) -> Value:
    """The greater of two; at a tie, a kink, the first is sent everything."""

    def backward(g: Array) -> None:
        first = x.data >= y.data
        x.receive(g * first)
        y.receive(g * ~first)

    return Value(np.maximum(x.data, y.data), backward)


def minimum(x: Value, y: Value) -> Value:
    """The smaller of two; at a tie, a kink, the first is sent everything."""

    def backward(g: Array) -> None:
        first = x.data <= y.data
        x.receive(g * first)
        y.receive(g * ~first)

    return Value(np.minimum(x.data, y.data), backward)


# Reductions. They reduce the last axis of a view in which the reduced axes are one; `unrolled` and `rolled` go there
# and back.


def unrolled(x: Array, axis: Any) -> Array:
    """x with the axes `axis` (None: all) moved to the end and made one."""
    axes = tuple(range(x.ndim)) if axis is None else tuple(np.atleast_1d(axis).tolist())
    moved = np.moveaxis(x, axes, range(-len(axes), 0))
    kept = x.ndim - len(axes)
    return np.reshape(moved, (*moved.shape[:kept], math.prod(moved.shape[kept:])))


def rolled(rows: Array, like: Array, axis: Any) -> Array:
    """The inverse: an array shaped like `unrolled(like, axis)`, or broadcast to it, with the axes of `like` again."""
    axes = tuple(range(like.ndim)) if axis is None else tuple(np.atleast_1d(axis).tolist())
    moved = np.moveaxis(like, axes, range(-len(axes), 0)).shape
    return np.moveaxis(np.reshape(rows, moved), range(-len(axes), 0), axes)


def reduction(function: Elementwise, slope: Elementwise) -> Callable[..., Value]:
    """The op that reduces axes; `slope(rows)` is the derivative of `function` of a row with respect to its entries."""

    def op(x: Value, axis: Any, keepdims: bool) -> Value:
        if x.data.ndim == 0:
            return Value(function(x.data[None]), lambda g: x.receive(np.reshape(g * slope(x.data[None]), ())))
        rows = unrolled(x.data, axis)
        result = function(rows)
        axes = tuple(range(x.data.ndim)) if axis is None else axis

        def backward(g: Array) -> None:
            x.receive(rolled(np.reshape(g, (*result.shape, 1)) * slope(rows), x.data, axis))

        return Value(np.expand_dims(result, axes) if keepdims else result, backward)

    return op


def largest(rows: Array) -> Array:
    """1 at the largest entry of each row; of entries that tie for it, a kink, at the first."""
    return np.asanyarray(np.arange(rows.shape[-1]) == np.argmax(rows, axis=-1)[..., None])


# Softmax and its kin, along the last axis: with d = x - max x and e = exp(d), one of the largest entries is taken out
# of the sum of e, which is then 1 + rest without rounding away a small rest.


def parts(rows: Array) -> tuple[Array, Array, Array]:
    """d, e, and rest with its axis of length 1."""
    d = rows - np.max(rows, axis=-1, keepdims=True)
    e = np.exp(d)
    return d, e, np.sum(e * ~largest(rows), axis=-1, keepdims=True)


def softmax_of(rows: Array) -> Array:
    """The softmax of each row."""
    _, e, rest = parts(rows)
    return e / (1.0 + rest)


def log_softmax_of(rows: Array) -> Array:
    """The logarithm of the softmax of each row, without one of a small number."""
    d, _, rest = parts(rows)
    return np.asanyarray(d - np.log1p(rest))


def logsumexp_of(rows: Array) -> Array:
    """log(sum(exp(row))) of each row; exp does not overflow."""
    return np.asanyarray(np.max(rows, axis=-1) + np.log1p(parts(rows)[2][..., 0]))


def log_softmax_vjp(rows: Array, g: Array) -> Array:
    """g_k - y_k sum(g) = (1 - y_k) g_k - y_k sum_(j != k) g_j; 1 - y_k at the top is rest / (1 + rest)."""
    _, e, rest = parts(rows)
    lacking = np.where(largest(rows), rest, 1.0 - e + rest)
    return np.asanyarray((lacking * g - e * (np.sum(g, axis=-1, keepdims=True) - g)) / (1.0 + rest))


def softmax(x: Value, axis: int) -> Value:
    """The softmax along an axis."""
    y = softmax_of(unrolled(x.data, axis))

    def backward(g: Array) -> None:
        """y_k (g_k - sum_j y_j g_j). The y_j sum to 1, so g may be taken relative to g at the largest entry."""
        rows = unrolled(g, axis)
        rows = rows - np.take_along_axis(rows, np.argmax(y, axis=-1)[..., None], -1)
        x.receive(rolled(y * (rows - np.sum(y * rows, axis=-1, keepdims=True)), x.data, axis))

    return Value(rolled(y, x.data, axis), backward)


def log_softmax(x: Value, axis: int) -> Value:
    """The logarithm of the softmax along an axis."""
    rows = unrolled(x.data, axis)

    def backward(g: Array) -> None:
        x.receive(rolled(log_softmax_vjp(rows, unrolled(g, axis)), x.data, axis))

    return Value(rolled(log_softmax_of(rows), x.data, axis), backward)


def cross_entropy(logits: Value, targets: Value, axis: int) -> Value:
    """-sum_k t_k log softmax(z)_k (S1)."""
    z, t = unrolled(logits.data, axis), unrolled(targets.data, axis)
    log_y = log_softmax_of(z)

    def backward(g: Array) -> None:
        rows = g[..., None]
        logits.receive(rolled(log_softmax_vjp(z, -t * rows), logits.data, axis))
        targets.receive(rolled(-log_y * rows, targets.data, axis))

    return Value(-np.sum(t * log_y, axis=-1), backward)


# Linear algebra and structure.


def matmul(x: Value, y: Value) -> Value:
    """x_bar = g y^T, y_bar = x^T g (S1, S4); a vector is a matrix with one row on the left, one column on the right."""

    def backward(g: Array) -> None:
        a = x.data[None, :] if x.data.ndim == 1 else x.data
        b = y.data[:, None] if y.data.ndim == 1 else y.data
        g = np.expand_dims(g, -1) if y.data.ndim == 1 else g
        g = np.expand_dims(g, -2) if x.data.ndim == 1 else g
        to_a, to_b = g @ np.swapaxes(b, -1, -2), np.swapaxes(a, -1, -2) @ g
        x.receive(to_a)  # a row more or less is a broadcast axis
        y.receive(to_b[..., 0] if y.data.ndim == 1 else to_b)

    return Value(x.data @ y.data, backward)


def transpose(x: Value, axes: tuple[int, ...] | None) -> Value:
    """The axes in another order; g is put back into the order of x."""
    order = list(range(x.data.ndim))[::-1] if axes is None else [a % x.data.ndim for a in axes]
    back = [order.index(a) for a in range(x.data.ndim)]
    return Value(np.transpose(x.data, order), lambda g: x.receive(np.transpose(g, back)))


def reshape(x: Value, shape: tuple[int, ...]) -> Value:
    """Another shape; g gets that of x."""
    return Value(np.reshape(x.data, shape), lambda g: x.receive(np.reshape(g, x.data.shape)))


def broadcast_to(x: Value, shape: tuple[int, ...]) -> Value:
    """x repeated to a larger shape; `receive` sums g over what was repeated."""
    return Value(np.broadcast_to(x.data, shape), x.receive)


def concatenate(*pieces: Value, axis: int) -> Value:
    """The pieces one after the other; each is sent its part of g."""

    def backward(g: Array) -> None:
        ends = np.cumsum([piece.data.shape[axis] for piece in pieces])
        for piece, share in zip(pieces, np.split(g, ends[:-1], axis=axis), strict=True):
            piece.receive(share)

    return Value(np.concatenate([piece.data for piece in pieces], axis=axis), backward)


def take(x: Value, indices: Any, axis: int) -> Value:
    """An entry picked several times is sent the sum."""
    index = np.asarray(indices)

    def backward(g: Array) -> None:
        rows = np.zeros_like(np.moveaxis(x.data, axis, 0))
        first = axis % x.data.ndim
        np.add.at(rows, index, np.moveaxis(g, range(first, first + index.ndim), range(index.ndim)))
        x.receive(np.moveaxis(rows, 0, axis))

    return Value(np.take(x.data, index, axis=axis), backward)


def where(x: Value, y: Value, mask: Any) -> Value:
    """x where the mask is true, else y; each is sent g where it was taken."""
    chosen = np.asarray(mask, dtype=bool)

    def backward(g: Array) -> None:
        x.receive(np.where(chosen, g, 0.0))
        y.receive(np.where(chosen, 0.0, g))

    return Value(np.where(chosen, x.data, y.data), backward)


OPS: Mapping[str, Callable[..., Value]] = {
    "add": add,
    "sub": sub,
    "mul": mul,
    "div": div,
    "pow": power,
    "neg": elementwise(np.negative, lambda x, v: -np.ones_like(x)),
    "square": elementwise(np.square, lambda x, v: 2.0 * x),
    "sqrt": elementwise(np.sqrt, lambda x, v: 0.5 / v),
    "exp": elementwise(np.exp, lambda x, v: v),
    "expm1": elementwise(np.expm1, lambda x, v: np.exp(x)),
    "log": elementwise(np.log, lambda x, v: 1.0 / x),
    "log1p": elementwise(np.log1p, lambda x, v: 1.0 / (1.0 + x)),
    "sin": elementwise(np.sin, lambda x, v: np.cos(x)),
    "cos": elementwise(np.cos, lambda x, v: -np.sin(x)),
    "tan": elementwise(np.tan, lambda x, v: 1.0 + v * v),
    "tanh": elementwise(np.tanh, lambda x, v: 4.0 * sigmoid_slope(2.0 * x)),
    "sigmoid": elementwise(sigmoid, lambda x, v: sigmoid_slope(x)),
    "softplus": elementwise(lambda x: np.logaddexp(x, np.zeros_like(x)), lambda x, v: sigmoid(x)),
    "relu": elementwise(lambda x: x * (x > 0), lambda x, v: x >= 0),  # at the kink the slope on the right
    "leaky_relu": elementwise(
        lambda x, slope: np.where(x > 0, x, slope * x),
        lambda x, v, slope: np.where(x > 0, 1.0, slope),
    ),
    "elu": elementwise(
        lambda x, alpha: np.maximum(x, 0.0) + alpha * np.expm1(np.minimum(x, 0.0)),
        lambda x, v, alpha: np.where(x > 0, 1.0, alpha * np.exp(np.minimum(x, 0.0))),
    ),
    "gelu": elementwise(lambda x: x * normal_cdf(x), lambda x, v: normal_cdf(x) + x * normal_pdf(x)),
    "abs": elementwise(np.abs, lambda x, v: np.sign(x)),
    "minimum": minimum,
    "maximum": maximum,
    "sum": reduction(lambda rows: np.sum(rows, axis=-1), np.ones_like),
    "mean": reduction(lambda rows: np.mean(rows, axis=-1), lambda rows: np.ones_like(rows) / rows.shape[-1]),
    "max": reduction(lambda rows: np.max(rows, axis=-1), largest),
    "logsumexp": reduction(logsumexp_of, softmax_of),
    "softmax": softmax,
    "log_softmax": log_softmax,
    "cross_entropy": cross_entropy,
    "matmul": matmul,
    "transpose": transpose,
    "reshape": reshape,
    "broadcast_to": broadcast_to,
    "concatenate": concatenate,
    "take": take,
    "where": where,
}
"""The op that each name of the table stands for."""
