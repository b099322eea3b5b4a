"""One row per op: its value, and its vector-Jacobian product (VJP).

A node v = op(a_1, ..., a_k) needs to know only how to differentiate itself with respect to its own arguments (S4's
"message passing"). It receives the *upstream* cotangent g = dl/dv, an array of v's shape, and sends back to each
argument the message

    a_bar = (dv/da)^T g                                                              (S1, "vector form")

without ever forming the Jacobian dv/da. For an element-wise op that Jacobian is diagonal and the message is
`g * slope`, S0's  dl/dz_i = dl/da_i * sigma'(z_i)  (1.3.2).

A row's `vjp(g, v, *arguments, **attributes)` returns one message per argument. Where NumPy broadcast an argument, one
entry of it was used many times, and messages add up over uses (S0's sum over out-neighbours). No row deals with that:
`pullback` sums the copies away for all of them (`unbroadcast`).

Rows keep the dtype of their arguments: float64, float32 and float16. At a kink a row makes the choice stated beside it;
each is a convex combination of the derivatives found next to the kink.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradcheck.problem import NAMES, Graph
from gradcheck.problem.ops import Array, Shape

from . import stable
from .stable import log_softmax, logsumexp, softmax


@dataclass(frozen=True)
class Rule:
    """How one op is computed and differentiated.

    value: `value(*arguments, **attributes)`, an array of the node's shape.
    vjp: `vjp(g, v, *arguments, **attributes)`, a message per argument, before broadcasting is undone.
    """

    value: Callable[..., Any]
    vjp: Callable[..., tuple[Any, ...]]


def rule_of(graph: Graph, node: int) -> Rule:
    """The rule of the op that a node applies."""
    return RULES[NAMES[graph.codes[node]]]


def pullback(rule: Rule, g: Array, v: Array, arguments: list[Array], attributes: Mapping[str, Any]) -> list[Array]:
    """The messages to all arguments, each of its argument's shape. `g` and `v` have the node's shape."""
    messages = rule.vjp(g, v, *arguments, **attributes)
    return [unbroadcast(message, np.shape(a)) for message, a in zip(messages, arguments, strict=True)]


def unbroadcast(message: Array, shape: Shape) -> Array:
    """Sum `message` over the axes that broadcasting added or stretched, back to `shape`.

    Broadcasting is the linear map that copies entries; its transpose adds the copies up.
    """
    if message.shape == shape:
        return message
    added = message.ndim - len(shape)
    stretched = tuple(added + k for k, length in enumerate(shape) if length == 1)
    return np.reshape(np.sum(message, axis=(*range(added), *stretched)), shape)


def steep(vjp: Callable[..., tuple[Any, ...]]) -> Callable[..., tuple[Any, ...]]:
    """The VJP of an op that works entry by entry, whose slope may lie beyond the dtype's range.

    Where g is 0 its messages are 0, however steep it is: 0 * inf would be NaN.
    """

    def messages(g: Array, *values: Array) -> tuple[Any, ...]:
        return tuple(np.where(g == 0, g, message) for message in vjp(g, *values))

    return messages


# Rows too long for one line.


@steep
def _pow(g: Array, v: Array, x: Array, y: Array) -> tuple[Array, Array]:
    """d(x^y)/dx = y x^(y-1), which is 0 for y = 0 even at x = 0; d(x^y)/dy = x^y log x where x > 0.

    For x <= 0 only a constant exponent has a meaning, and its message, which nobody needs, is 0.
    """
    slope = y * np.power(x, np.where(y == 0, y, y - 1.0))
    log_x = np.log(np.where(x > 0, x, np.ones_like(x)))
    return g * slope, g * v * log_x


def _take_greater(g: Array, x: Array, y: Array) -> tuple[Array, Array]:
    """All of g to the greater of the two; at a tie, which is a kink, half to each."""
    tie = x == y
    return np.where(tie, 0.5 * g, g * (x > y)), np.where(tie, 0.5 * g, g * (x < y))


def _widen(g: Array, x: Array, axis: Any, keepdims: bool) -> Array:
    """Give a reduction's cotangent its reduced axes back, with length 1."""
    if keepdims:
        return g
    return np.reshape(g, (1,) * np.ndim(x)) if axis is None else np.expand_dims(g, axis)


def _sum(g: Array, v: Array, x: Array, axis: Any = None, keepdims: bool = False) -> tuple[Array]:
    """Every summand has slope 1: each gets a copy of g."""
    return (np.broadcast_to(_widen(g, x, axis, keepdims), x.shape),)


def _mean(g: Array, v: Array, x: Array, axis: Any = None, keepdims: bool = False) -> tuple[Array]:
    """As the sum, divided by the number of entries averaged."""
    return _sum(g / (x.size // max(1, v.size)), v, x, axis, keepdims)


def _max(g: Array, v: Array, x: Array, axis: Any = None, keepdims: bool = False) -> tuple[Array]:
    """g to the largest entry; entries that tie for it, which is a kink, share g equally."""
    largest = x == _widen(v, x, axis, keepdims)
    return (largest * (_widen(g, x, axis, keepdims) / np.sum(largest, axis=axis, keepdims=True, dtype=x.dtype)),)


def _logsumexp(g: Array, v: Array, x: Array, axis: Any = None, keepdims: bool = False) -> tuple[Array]:
    """d(log sum_l e^x_l)/dx_k = softmax(x)_k."""
    return (_widen(g, x, axis, keepdims) * softmax(x, axis),)


def _softmax(g: Array, v: Array, x: Array, axis: int = -1) -> tuple[Array]:
    """dy_j/dx_k = y_j (1[j=k] - y_k), so the message is y * (g - sum(g * y)).

    Since the y sum to 1, adding a constant to g changes nothing. We subtract g at the largest class: in a saturated
    softmax (y near 1 there) the two terms of the difference would otherwise cancel.
    """
    h = g - np.take_along_axis(g, np.argmax(x, axis=axis, keepdims=True), axis)
    return (v * (h - np.sum(h * v, axis=axis, keepdims=True)),)


def _log_softmax(g: Array, v: Array, x: Array, axis: int = -1) -> tuple[Array]:
    """d(log y_j)/dx_k = 1[j=k] - y_k, so the message is g - y sum(g).

    Written as g (1 - y) - y (sum(g) - g), with 1 - y from its own sum, it does not cancel where y is near 1.
    """
    y, complement = stable.softmax_and_complement(x, axis)
    return (g * complement - y * (np.sum(g, axis=axis, keepdims=True) - g),)


def _cross_entropy(g: Array, v: Array, logits: Array, targets: Array, axis: int = -1) -> tuple[Array, Array]:
    """l = -sum_k t_k log y_k, y = softmax(z) (S1): dl/dz = sum(t) y - t, dl/dt = -log y.

    It is "y - t" only where the targets sum to 1. The message to z is that of log_softmax with cotangent -t.
    """
    g = np.expand_dims(g, axis)
    (to_logits,) = _log_softmax(-targets, v, logits, axis)
    return g * to_logits, -g * log_softmax(logits, axis)


def _matmul(g: Array, v: Array, x: Array, y: Array) -> tuple[Array, Array]:
    """v = x y: x_bar = g y^T, y_bar = x^T g (S1: x_bar = W^T z_bar; S3, S4: dC/dW = delta a^T).

    Leading axes are a batch of products. A vector on the left is a row, on the right a column: `rows` and `columns`
    are x, y and g with those axes written out.
    """
    x_is_row, y_is_column = x.ndim == 1, y.ndim == 1
    rows = np.expand_dims(x, 0) if x_is_row else x
    columns = np.expand_dims(y, 1) if y_is_column else y
    g = np.expand_dims(g, -1) if y_is_column else g
    g = np.expand_dims(g, -2) if x_is_row else g
    x_bar = np.matmul(g, np.swapaxes(columns, -1, -2))
    y_bar = np.matmul(np.swapaxes(rows, -1, -2), g)
    return x_bar, np.squeeze(y_bar, axis=-1) if y_is_column else y_bar


def _transpose(g: Array, v: Array, x: Array, axes: tuple[int, ...] | None = None) -> tuple[Array]:
    """The inverse permutation."""
    return (np.transpose(g, None if axes is None else np.argsort([a % x.ndim for a in axes]).tolist()),)


def _concatenate(g: Array, v: Array, *parts: Array, axis: int = 0) -> tuple[Array, ...]:
    """Each part gets its own piece of g."""
    return tuple(np.split(g, np.cumsum([part.shape[axis] for part in parts[:-1]]), axis=axis))


def _take(g: Array, v: Array, x: Array, indices: Any, axis: int = 0) -> tuple[Array]:
    """Each picked entry sends its cotangent home; an entry that was picked twice receives both (`add.at`, not `=`)."""
    index, axis = np.asarray(indices), axis % x.ndim
    x_bar = np.zeros_like(x)
    picked = np.moveaxis(g, range(axis, axis + index.ndim), range(index.ndim))
    np.add.at(np.moveaxis(x_bar, axis, 0), index, picked)
    return (x_bar,)


def _where(g: Array, v: Array, x: Array, y: Array, mask: Any) -> tuple[Array, Array]:
    """g goes to the side that was chosen."""
    chosen = np.asarray(mask, dtype=bool)
    return g * chosen, g * ~chosen


RULES: Mapping[str, Rule] = {
    # Arithmetic. In each row: g the upstream cotangent, v the node's value, x and y its arguments.
    "add": Rule(np.add, lambda g, v, x, y: (g, g)),
    "sub": Rule(np.subtract, lambda g, v, x, y: (g, -g)),
    "mul": Rule(np.multiply, lambda g, v, x, y: (g * y, g * x)),
    "div": Rule(np.true_divide, steep(lambda g, v, x, y: (g / y, -g * (v / y)))),
    "neg": Rule(np.negative, lambda g, v, x: (-g,)),
    "square": Rule(np.square, lambda g, v, x: (g * 2.0 * x,)),
    "pow": Rule(np.power, _pow),
    "sqrt": Rule(np.sqrt, steep(lambda g, v, x: (g / (2.0 * v),))),
    # Exponentials and trigonometry.
    "exp": Rule(np.exp, lambda g, v, x: (g * v,)),  # S1: z_bar = exp(z) * y_bar
    "expm1": Rule(np.expm1, lambda g, v, x: (g * np.exp(x),)),  # not v + 1, which cancels far on the left
    "log": Rule(np.log, lambda g, v, x: (g / x,)),
    "log1p": Rule(np.log1p, lambda g, v, x: (g / (1.0 + x),)),
    "sin": Rule(np.sin, lambda g, v, x: (g * np.cos(x),)),
    "cos": Rule(np.cos, lambda g, v, x: (-g * np.sin(x),)),
    "tan": Rule(np.tan, lambda g, v, x: (g * (1.0 + np.square(v)),)),
    # Activations: a_i = sigma(z_i), so dl/dz_i = dl/da_i * sigma'(z_i) (S0 1.3.2). The slope is taken at z, not at a.
    "tanh": Rule(np.tanh, lambda g, v, x: (g * stable.tanh_slope(x),)),
    "sigmoid": Rule(stable.sigmoid, lambda g, v, x: (g * stable.sigmoid_slope(x),)),
    "softplus": Rule(stable.softplus, lambda g, v, x: (g * stable.sigmoid(x),)),
    "relu": Rule(lambda x: np.maximum(x, 0.0), lambda g, v, x: (g * (x > 0),)),  # slope 0 at the kink x = 0
    "leaky_relu": Rule(
        lambda x, slope=0.01: np.where(x > 0, x, slope * x),
        lambda g, v, x, slope=0.01: (np.where(x > 0, g, slope * g),),  # the left slope at the kink x = 0
    ),
    "elu": Rule(
        lambda x, alpha=1.0: np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0.0))),
        lambda g, v, x, alpha=1.0: (np.where(x > 0, g, g * alpha * np.exp(np.minimum(x, 0.0))),),  # left slope at 0
    ),
    "gelu": Rule(stable.gelu, lambda g, v, x: (g * stable.gelu_slope(x),)),
    "abs": Rule(np.abs, lambda g, v, x: (g * np.sign(x),)),  # slope 0, half-way from -1 to 1, at the kink x = 0
    "minimum": Rule(np.minimum, lambda g, v, x, y: _take_greater(g, -x, -y)),
    "maximum": Rule(np.maximum, lambda g, v, x, y: _take_greater(g, x, y)),
    # Reductions over `axis` (None: all), and what is made of them.
    "sum": Rule(np.sum, _sum),
    "mean": Rule(np.mean, _mean),
    "max": Rule(np.max, _max),
    "logsumexp": Rule(lambda x, axis=None, keepdims=False: logsumexp(x, axis, keepdims), _logsumexp),
    "softmax": Rule(lambda x, axis=-1: softmax(x, axis), _softmax),
    "log_softmax": Rule(lambda x, axis=-1: log_softmax(x, axis), _log_softmax),
    "cross_entropy": Rule(lambda z, t, axis=-1: -np.sum(t * log_softmax(z, axis), axis=axis), _cross_entropy),
    # Linear algebra, and moving entries about: the message takes every entry back where it came from.
    "matmul": Rule(np.matmul, _matmul),
    "transpose": Rule(np.transpose, _transpose),
    "reshape": Rule(lambda x, shape: np.reshape(x, shape), lambda g, v, x, shape: (np.reshape(g, x.shape),)),
    "broadcast_to": Rule(lambda x, shape: np.broadcast_to(x, shape), lambda g, v, x, shape: (g,)),
    "concatenate": Rule(lambda *parts, axis=0: np.concatenate(parts, axis=axis), _concatenate),
    "take": Rule(lambda x, indices, axis=0: np.take(x, np.asarray(indices), axis=axis), _take),
    "where": Rule(lambda x, y, mask: np.where(np.asarray(mask, dtype=bool), x, y), _where),
}
"""The rule of every op, by name."""
