"""The gradient without backpropagation: forward mode, one pass for every entry of every parameter.

A pass moves one entry w by dw = 1 and carries the movement of every node, its *tangent* dv = dv/dw, along with the
computation, arguments first:

    dv  =  sum over arguments a of v  of  (dv/da) da

so that the tangent of the loss is dl/dw. The local derivatives dv/da are the same in every pass; they are made once, as
functions that are linear in the tangent. The whole gradient costs as many passes as there are entries, where reverse
mode needs one: this engine is right, and slow.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from gradcheck.problem import Graph, Node
from gradcheck.problem.ops import Array

Push = Callable[[Array], Any]
"""A local derivative: from an argument's tangent to the node's, which may still have to be broadcast."""


def gradients(graph: Graph, point: Mapping[str, Array]) -> tuple[Array, dict[str, Array]]:
    """The loss, shape (), and its gradient with respect to every parameter, in the dtype of the point's arrays."""
    dtype = np.result_type(*point.values()) if point else np.dtype(np.float64)
    nodes = [graph.node(i) for i in graph.order.tolist()]
    loss = graph.names[graph.loss]
    with np.errstate(all="ignore"):  # an infinity or NaN shows in the answer
        values = forward(nodes, point, dtype)
        pushes = {
            node.name: LOCAL[node.op](values[node.name], *[values[a] for a in node.inputs], **node.attributes)
            for node in nodes
            if node.inputs
        }
        grads = {}
        wanted = needed(nodes, loss)
        above = [node for node in nodes if node.name in wanted]
        for i in graph.parameters:
            name, shape = graph.names[i], graph.shapes[i]
            moving = list(moved_by(name, above))
            grads[name] = np.zeros(shape, dtype)
            for entry in np.ndindex(shape):
                unit = np.zeros_like(values[name])
                unit[entry] = 1.0
                grads[name][entry] = tangent({name: unit}, moving, pushes, loss)
    return np.array(values[loss]), grads


def forward(nodes: list[Node], point: Mapping[str, Array], dtype: Any) -> dict[str, Array]:
    """The value of every node."""
    values: dict[str, Array] = {}
    for node in nodes:
        if node.inputs:
            value = VALUES[node.op](*[values[a] for a in node.inputs], **node.attributes)
        else:
            value = point[node.name] if node.value is None else node.value
        values[node.name] = np.asanyarray(value, dtype=dtype)
    return values


def needed(nodes: list[Node], end: str) -> set[str]:
    """The names of `end` and of all that it is computed from."""
    wanted = {end}
    for node in reversed(nodes):
        if node.name in wanted:
            wanted.update(node.inputs)
    return wanted


def moved_by(start: str, nodes: list[Node]) -> Iterator[Node]:
    """Those of the nodes that depend on `start`, without `start`, in order: all that moves in a pass."""
    moving = {start}
    for node in nodes:
        if not moving.isdisjoint(node.inputs):
            moving.add(node.name)
            yield node


def tangent(tangents: dict[str, Array], moving: list[Node], pushes: Mapping[str, tuple[Push, ...]], loss: str) -> Any:
    """One pass: the tangent of the loss, 0 where it does not move."""
    for node in moving:
        parts = [push(tangents[a]) for a, push in zip(node.inputs, pushes[node.name], strict=True) if a in tangents]
        total = parts[0]
        for part in parts[1:]:
            total = total + part
        tangents[node.name] = total if total.shape == node.shape else np.broadcast_to(total, node.shape, subok=True)
    return tangents.get(loss, 0.0)


def times(*slopes: Any) -> tuple[Push, ...]:
    """The local derivatives of an op that works entry by entry: a slope for each argument.

    What stands still (t = 0) moves nothing, also where the slope lies beyond the dtype's range: 0 * inf would be NaN.
    """
    return tuple(lambda t, slope=slope: np.where(t == 0, t, slope * t) for slope in slopes)


# Slopes and values that neither overflow nor cancel.


def logistic(x: Array) -> Array:
    """sigma(x) = 1 / (1 + e^-x); to the left of 0 it is e^x / (1 + e^x)."""
    left = np.exp(np.minimum(x, 0.0))
    right = np.exp(np.minimum(-x, 0.0))
    return np.asanyarray(left / (left + right))


def gaussian(x: Array) -> Array:
    """Phi(x), the area below the normal density to the left of x, by erfc."""
    from scipy.special import erfc

    return np.asanyarray(erfc(-np.sqrt(0.5) * x) * 0.5)


def sech(x: Array) -> Array:
    """1 / cosh x = 2 e^-|x| / (1 + e^-2|x|)."""
    q = np.exp(-np.abs(x))
    return np.asanyarray(2.0 * q / (1.0 + q * q))


def logsumexp(x: Array, axis: Any = None, keepdims: bool = False) -> Array:
    """log sum e^x, over one axis after the other, since log(e^log(a + b) + e^log(c + d)) = log(a + b + c + d).

    Sorted, the largest entry m comes last, and the sum is m + log(1 + what the others add): small others are not lost.
    """
    total, axes = x, range(x.ndim) if axis is None else np.atleast_1d(axis).tolist()
    for a in axes:
        rows = np.sort(np.moveaxis(total, a, -1), axis=-1)
        others = np.sum(np.exp(rows[..., :-1] - rows[..., -1:]), axis=-1)
        total = np.expand_dims(rows[..., -1] + np.log1p(others), a)
    return np.asanyarray(total if keepdims else np.squeeze(total, tuple(axes)))


def log_softmax(x: Array, axis: int) -> Array:
    """log y_k = x_k - log sum e^x; for the largest x_k what is left over is -log(1 + what the others add)."""
    d = x - np.max(x, axis=axis, keepdims=True)
    return np.asanyarray(d - logsumexp(d, axis, keepdims=True))


# The ops: first what each computes, then its local derivatives.


def where(x: Array, y: Array, mask: Any) -> Array:
    """x where the mask is true, else y."""
    return np.where(np.asarray(mask, dtype=bool), x, y)


def concatenate(*parts: Array, axis: int) -> Array:
    """The parts one after the other along an axis."""
    return np.concatenate(parts, axis=axis)


VALUES: Mapping[str, Callable[..., Any]] = {
    "add": np.add,
    "sub": np.subtract,
    "mul": np.multiply,
    "div": np.divide,
    "neg": np.negative,
    "square": np.square,
    "pow": np.float_power,
    "sqrt": np.sqrt,
    "exp": np.exp,
    "expm1": np.expm1,
    "log": np.log,
    "log1p": np.log1p,
    "sin": np.sin,
    "cos": np.cos,
    "tan": np.tan,
    "tanh": np.tanh,
    "sigmoid": logistic,
    "softplus": lambda x: np.logaddexp(0.0, x),
    "relu": lambda x: np.maximum(x, 0.0),
    "leaky_relu": lambda x, slope: np.maximum(x, 0.0) + slope * np.minimum(x, 0.0),
    "elu": lambda x, alpha: np.maximum(x, 0.0) + alpha * np.expm1(np.minimum(x, 0.0)),
    "gelu": lambda x: x * gaussian(x),
    "abs": np.abs,
    "minimum": np.minimum,
    "maximum": np.maximum,
    "sum": np.sum,
    "mean": np.mean,
    "max": np.max,
    "logsumexp": logsumexp,
    "softmax": lambda x, axis: np.exp(log_softmax(x, axis)),
    "log_softmax": log_softmax,
    "cross_entropy": lambda z, t, axis: -np.sum(t * log_softmax(z, axis), axis=axis),
    "matmul": np.matmul,
    "transpose": np.transpose,
    "reshape": lambda x, shape: np.reshape(x, shape),
    "broadcast_to": lambda x, shape: np.broadcast_to(x, shape, subok=True),
    "concatenate": concatenate,
    "take": lambda x, indices, axis: np.take(x, np.asarray(indices), axis=axis),
    "where": where,
}
"""`value(*arguments, **attributes)`."""


def _pow(v: Array, x: Array, y: Array) -> tuple[Push, ...]:
    """d(x^y) = y x^(y-1) dx + x^y log x dy; a base that is not positive has a constant exponent."""
    inside = np.where(x > 0, x, 1.0)
    return times(np.where(y == 0, 0.0, y * np.float_power(x, y - (y != 0))), np.where(x > 0, v * np.log(inside), 0.0))


def _greater(x: Array, y: Array) -> tuple[Push, ...]:
    """The greater argument moves max(x, y); at a tie, a kink, half of each does."""
    share = (np.sign(x - y) + 1.0) / 2.0
    return times(share, 1.0 - share)


def _relu(x: Array, slope: float) -> tuple[Push, ...]:
    """Slope 1 on the right, `slope` on the left and at the kink."""
    return times(np.where(x > 0, 1.0, slope))


def _max(v: Array, x: Array, axis: Any, keepdims: bool) -> tuple[Push, ...]:
    """The largest entry moves the maximum; entries that tie for it, a kink, move it together."""
    top = x == np.max(x, axis=axis, keepdims=True)
    share = top / np.sum(top, axis=axis, keepdims=True)
    return (lambda t: np.sum(share * t, axis=axis, keepdims=keepdims),)


def _logsumexp(v: Array, x: Array, axis: Any, keepdims: bool) -> tuple[Push, ...]:
    """sum_k y_k dx_k, y the softmax of x."""
    y = np.exp(x - logsumexp(x, axis, keepdims=True))
    return (lambda t: np.sum(y * t, axis=axis, keepdims=keepdims),)


def _centred(x: Array, axis: int) -> Push:
    """d(log y_k) = dx_k - sum_j y_j dx_j, y = softmax(x).

    The y_j sum to 1, so every dx may be taken relative to that of the largest entry: then a y_j near 1 cancels nothing.
    """
    y, top = np.exp(log_softmax(x, axis)), np.argmax(x, axis=axis, keepdims=True)

    def push(t: Array) -> Array:
        t = t - np.take_along_axis(t, top, axis)
        return np.asanyarray(t - np.sum(y * t, axis=axis, keepdims=True))

    return push


def _softmax(v: Array, x: Array, axis: int) -> tuple[Push, ...]:
    """dy_k = y_k d(log y_k)."""
    centred = _centred(x, axis)
    return (lambda t: v * centred(t),)


def _cross_entropy(v: Array, z: Array, t: Array, axis: int) -> tuple[Push, ...]:
    """dC = -sum_k (t_k d(log y_k) + log y_k dt_k)."""
    centred, log_y = _centred(z, axis), log_softmax(z, axis)
    return lambda dz: -np.sum(t * centred(dz), axis=axis), lambda dt: -np.sum(log_y * dt, axis=axis)


def _concatenate(v: Array, *parts: Array, axis: int) -> tuple[Push, ...]:
    """Each part moves its own piece of the result."""

    def place(k: int) -> Push:
        return lambda t: np.concatenate([t if j == k else np.zeros_like(p) for j, p in enumerate(parts)], axis=axis)

    return tuple(place(k) for k in range(len(parts)))


def _where(v: Array, x: Array, y: Array, mask: Any) -> tuple[Push, ...]:
    chosen = np.asarray(mask, dtype=bool)
    return times(chosen, ~chosen)


LOCAL: Mapping[str, Callable[..., tuple[Push, ...]]] = {
    "add": lambda v, x, y: times(1.0, 1.0),
    "sub": lambda v, x, y: times(1.0, -1.0),
    "mul": lambda v, x, y: times(y, x),
    "div": lambda v, x, y: times(1.0 / y, -v / y),
    "neg": lambda v, x: times(-1.0),
    "square": lambda v, x: times(2.0 * x),
    "pow": _pow,
    "sqrt": lambda v, x: times(1.0 / (2.0 * v)),
    "exp": lambda v, x: times(v),
    "expm1": lambda v, x: times(np.exp(x)),
    "log": lambda v, x: times(1.0 / x),
    "log1p": lambda v, x: times(1.0 / (1.0 + x)),
    "sin": lambda v, x: times(np.cos(x)),
    "cos": lambda v, x: times(-np.sin(x)),
    "tan": lambda v, x: times(1.0 + np.square(v)),
    "tanh": lambda v, x: times(np.square(sech(x))),
    "sigmoid": lambda v, x: times(np.square(sech(x / 2.0)) / 4.0),
    "softplus": lambda v, x: times(logistic(x)),
    "relu": lambda v, x: _relu(x, 0.0),
    "leaky_relu": lambda v, x, slope: _relu(x, slope),
    "elu": lambda v, x, alpha: times(np.where(x > 0, 1.0, alpha * np.exp(np.minimum(x, 0.0)))),
    "gelu": lambda v, x: times(gaussian(x) + x * np.exp(-np.square(x) / 2.0) / np.sqrt(2.0 * np.pi)),
    "abs": lambda v, x: times(np.sign(x)),
    "minimum": lambda v, x, y: _greater(-x, -y),
    "maximum": lambda v, x, y: _greater(x, y),
    "sum": lambda v, x, axis, keepdims: (lambda t: np.sum(t, axis=axis, keepdims=keepdims),),
    "mean": lambda v, x, axis, keepdims: (lambda t: np.mean(t, axis=axis, keepdims=keepdims),),
    "max": _max,
    "logsumexp": _logsumexp,
    "softmax": _softmax,
    "log_softmax": lambda v, x, axis: (_centred(x, axis),),
    "cross_entropy": _cross_entropy,
    "matmul": lambda v, x, y: (lambda t: t @ y, lambda t: x @ t),
    "transpose": lambda v, x, axes: (lambda t: np.transpose(t, axes),),
    "reshape": lambda v, x, shape: (lambda t: np.reshape(t, shape),),
    "broadcast_to": lambda v, x, shape: times(1.0),
    "concatenate": _concatenate,
    "take": lambda v, x, indices, axis: (lambda t: np.take(t, np.asarray(indices), axis=axis),),
    "where": _where,
}
"""`local(v, *arguments, **attributes)`: the local derivative by each argument, v the node's value."""
