"""Backpropagation as S0 writes it down, top-down: the adjoint of a node is a sum over the nodes that use it,

    dl/dv  =  sum over uses (u, k) of v  of  (du/da_k)^T dl/du,          a_k the k-th argument of u

a recursion that asks each user for its adjoint. Remembering every answer makes it dynamic programming: each node is
computed once, each edge walked once, and only nodes that the gradient needs are visited at all.

Python's own stack would end at a thousand nodes. So the recursive functions below are generators that `yield` the name
whose result they need, and `Memo` keeps the calls that wait on a list of its own.
"""

from collections.abc import Callable, Generator, Mapping
from typing import Any

import numpy as np

from gradcheck.problem import Graph, Node
from gradcheck.problem.ops import Array, Shape

Call = Generator[str, Any, Any]


def gradients(graph: Graph, point: Mapping[str, Array]) -> tuple[Array, dict[str, Array]]:
    """The loss, shape (), and its gradient with respect to every parameter, in the dtype of the point's arrays."""
    dtype = np.result_type(*point.values()) if point else np.dtype(np.float64)
    nodes = {node.name: node for node in graph.nodes}
    loss = graph.names[graph.loss]
    uses: dict[str, list[tuple[Node, int]]] = {name: [] for name in nodes}
    for node in nodes.values():
        for k, argument in enumerate(node.inputs):
            uses[argument].append((node, k))

    def value_of(name: str) -> Call:
        node = nodes[name]
        if not node.inputs:
            return np.asanyarray(point[name] if node.value is None else node.value, dtype=dtype)
        arguments = []
        for argument in node.inputs:
            arguments.append((yield argument))
        return np.asanyarray(VALUES[node.op](*arguments, **node.attributes), dtype=dtype)

    def adjoint_of(name: str) -> Call:
        """None where no path leads from the node to the loss."""
        if name == loss:
            return np.ones((), dtype)
        total = None
        for user, k in uses[name]:
            g = yield user.name
            if g is not None:
                message = send(user, k, g)
                total = message if total is None else total + message
        return total

    def send(user: Node, k: int, g: Array) -> Array:
        """What a node whose adjoint is `g` sends to its k-th argument."""
        arguments = [value(argument) for argument in user.inputs]
        rule = _piece(k) if user.op == "concatenate" else PULLS[user.op][k]
        message = rule(g, value(user.name), *arguments, **user.attributes)
        return fold(np.asanyarray(message, dtype=dtype), arguments[k].shape)

    value, adjoint = Memo(value_of), Memo(adjoint_of)
    with np.errstate(all="ignore"):  # an infinity or NaN shows in the answer
        answers = {graph.names[i]: adjoint(graph.names[i]) for i in graph.parameters}
        found = {name: np.zeros(nodes[name].shape, dtype) if a is None else np.array(a) for name, a in answers.items()}
        return np.array(value(loss)), found


class Memo:
    """A recursive function of a name that remembers its results and needs no stack of Python's."""

    def __init__(self, function: Callable[[str], Call]) -> None:
        self.function = function
        self.known: dict[str, Any] = {}

    def __call__(self, name: str) -> Any:
        """The function's result for `name`; whatever it needs on the way is computed, too, unless it is known."""
        if name in self.known:
            return self.known[name]
        waiting = [(name, self.function(name))]
        reply = None
        while waiting:
            caller, call = waiting[-1]
            try:
                wanted = call.send(reply)
            except StopIteration as end:
                reply = self.known[caller] = end.value
                waiting.pop()
            else:
                if wanted in self.known:
                    reply = self.known[wanted]
                else:
                    waiting.append((wanted, self.function(wanted)))
                    reply = None
        return self.known[name]


def fold(message: Array, shape: Shape) -> Array:
    """Add up the copies that broadcasting made of an argument of this shape."""
    while message.ndim > len(shape):
        message = np.sum(message, axis=0)
    for axis, length in enumerate(shape):
        if length == 1 and message.shape[axis] != 1:
            message = np.sum(message, axis=axis, keepdims=True)
    return message


# Functions that stay accurate where the formula in the book overflows or cancels.


def sigmoid(x: Array) -> Array:
    """1 / (1 + exp(-x)); only exponentials of negative numbers are taken."""
    small = np.exp(-np.abs(x))
    return np.asanyarray(np.where(x < 0, small, 1.0) / (1.0 + small))


def sech2(x: Array) -> Array:
    """tanh'(x) = 1 / cosh(x)^2, squared last: cosh is infinite only where the result is 0."""
    return np.asanyarray(np.square(1.0 / np.cosh(x)))


def normal(x: Array) -> Array:
    """The standard normal distribution function, from its tail, which does not cancel."""
    from scipy.special import erfc

    return np.asanyarray(0.5 * erfc(-x * np.sqrt(0.5)))


def shares(x: Array, axis: Any) -> tuple[Array, Array, Array]:
    """Softmax y of x along `axis`, 1 - y, and log y; all of x's shape.

    With e = exp(x - max x) and one largest entry set apart, sum(e) = 1 + rest: where one entry dwarfs the others,
    1 - y and log y of that entry are made of `rest` alone.
    """
    shifted = x - np.max(x, axis=axis, keepdims=True)
    e = np.exp(shifted)
    ties = e == 1.0
    rest = np.sum(np.where(ties, 0.0, e), axis=axis, keepdims=True) + (np.sum(ties, axis=axis, keepdims=True) - 1)
    y = e / (1.0 + rest)
    complement = np.where(ties, rest, (1.0 + rest) - e) / (1.0 + rest)
    return y, np.asanyarray(complement), np.asanyarray(shifted - np.log1p(rest))


def log_softmax(x: Array, axis: Any) -> Array:
    """x - log sum exp(x)."""
    return shares(x, axis)[2]


def logsumexp(x: Array, axis: Any, keepdims: bool) -> Array:
    """log sum exp(x): what a largest entry lacks is minus its log softmax."""
    total = np.max(x, axis=axis, keepdims=True) - np.max(log_softmax(x, axis), axis=axis, keepdims=True)
    return np.asanyarray(total if keepdims else np.squeeze(total, axis=axis))


# The rules. g is the adjoint of the node, v its value, and x, y its arguments.


def spread(g: Array, x: Array, axis: Any, keepdims: bool) -> Array:
    """A reduction's adjoint (or value), with its reduced axes back."""
    if axis is None:
        return np.reshape(g, (1,) * x.ndim)
    return g if keepdims else np.expand_dims(g, axis)


def _pow_base(g: Array, v: Array, x: Array, y: Array) -> Array:
    """y x^(y - 1), and 0 for y = 0."""
    sent = np.where(y == 0, 0.0, g * y * np.power(x, np.where(y == 0, 1.0, y - 1.0)))
    return np.asanyarray(np.where(g == 0, 0.0, sent))  # also where the power lies beyond the range


def _pow_exponent(g: Array, v: Array, x: Array, y: Array) -> Array:
    """x^y log x; for x <= 0 the exponent is a constant, and nobody needs what it is sent."""
    return np.asanyarray(np.where(x > 0, g * v * np.log(np.where(x > 0, x, 1.0)), 0.0))


def _greater(g: Array, x: Array, y: Array) -> Array:
    """What x is sent if the greater of x and y wins; at a tie, a kink, it gets half."""
    return np.asanyarray(g * (0.5 * (x > y) + 0.5 * (x >= y)))


def _mean(g: Array, v: Array, x: Array, axis: Any, keepdims: bool) -> Array:
    return np.broadcast_to(spread(g / (x.size // max(v.size, 1)), x, axis, keepdims), x.shape)


def _max(g: Array, v: Array, x: Array, axis: Any, keepdims: bool) -> Array:
    """Entries that tie share g: a kink."""
    largest = x == spread(v, x, axis, keepdims)
    return np.asanyarray(largest * (spread(g, x, axis, keepdims) / np.sum(largest, axis=axis, keepdims=True)))


def _softmax(g: Array, v: Array, x: Array, axis: int) -> Array:
    """y (g - y.g): only differences of g count, and they are taken to g at the largest entry."""
    g = g - np.take_along_axis(g, np.argmax(x, axis=axis, keepdims=True), axis)
    return np.asanyarray(v * (g - np.sum(g * v, axis=axis, keepdims=True)))


def _log_softmax(g: Array, v: Array, x: Array, axis: int) -> Array:
    """g_k - y_k sum(g) = (1 - y_k) g_k - y_k (sum(g) - g_k)."""
    y, complement, _ = shares(x, axis)
    return np.asanyarray(complement * g - y * (np.sum(g, axis=axis, keepdims=True) - g))


def _logits(g: Array, v: Array, x: Array, y: Array, axis: int) -> Array:
    """C = -sum t log softmax(x): the message of log_softmax to the adjoint -t."""
    return np.expand_dims(g, axis) * _log_softmax(-y, v, x, axis)


def _left(g: Array, v: Array, x: Array, y: Array) -> Array:
    """v = x y: x_bar = g y^T (S1); a vector's missing axis is written out."""
    if y.ndim == 1:
        return np.expand_dims(g, -1) * y
    if x.ndim == 1:
        return np.squeeze(np.expand_dims(g, -2) @ np.swapaxes(y, -1, -2), -2)
    return np.asanyarray(g @ np.swapaxes(y, -1, -2))


def _right(g: Array, v: Array, x: Array, y: Array) -> Array:
    """v = x y: y_bar = x^T g."""
    if x.ndim == 1:
        return np.asanyarray(x[:, None] * np.expand_dims(g, -2)) if y.ndim > 1 else g * x
    if y.ndim == 1:
        return np.asanyarray(np.squeeze(np.swapaxes(x, -1, -2) @ np.expand_dims(g, -1), -1))
    return np.asanyarray(np.swapaxes(x, -1, -2) @ g)


def _transpose(g: Array, v: Array, x: Array, axes: tuple[int, ...] | None) -> Array:
    """Every axis back to where it came from."""
    return np.transpose(g) if axes is None else np.moveaxis(g, range(x.ndim), axes)


def _piece(k: int) -> Callable[..., Array]:
    """The k-th part gets its own piece of g."""

    def pull(g: Array, v: Array, *parts: Array, axis: int) -> Array:
        start = sum(part.shape[axis] for part in parts[:k])
        return np.take(g, range(start, start + parts[k].shape[axis]), axis=axis)

    return pull


def _take(g: Array, v: Array, x: Array, indices: Any, axis: int) -> Array:
    """An entry picked several times is sent all of its copies' adjoints."""
    index = np.asarray(indices)
    at = axis % x.ndim
    sent = np.zeros_like(np.moveaxis(x, at, 0))
    rows = np.moveaxis(g, range(at, at + index.ndim), range(index.ndim))
    for place in np.ndindex(index.shape):
        sent[index[place]] += rows[place]
    return np.moveaxis(sent, 0, at)


def _concatenate(*parts: Array, axis: int) -> Array:
    return np.concatenate(parts, axis=axis)


def _gelu_slope(x: Array) -> Array:
    return np.asanyarray(normal(x) + x * np.exp(-0.5 * x * x) * np.sqrt(0.5 / np.pi))


VALUES: Mapping[str, Callable[..., Any]] = {
    "add": lambda x, y: x + y,
    "sub": lambda x, y: x - y,
    "mul": lambda x, y: x * y,
    "div": lambda x, y: x / y,
    "neg": lambda x: -x,
    "square": lambda x: x * x,
    "pow": np.power,
    "sqrt": np.sqrt,
    "exp": np.exp,
    "expm1": np.expm1,
    "log": np.log,
    "log1p": np.log1p,
    "sin": np.sin,
    "cos": np.cos,
    "tan": np.tan,
    "tanh": np.tanh,
    "sigmoid": sigmoid,
    "softplus": lambda x: np.where(x > 0, x, 0.0) + np.log1p(np.exp(-np.abs(x))),
    "relu": lambda x: np.where(x > 0, x, 0.0),
    "leaky_relu": lambda x, slope: np.where(x > 0, x, slope * x),
    "elu": lambda x, alpha: np.where(x > 0, x, alpha * np.expm1(np.where(x > 0, 0.0, x))),
    "gelu": lambda x: x * normal(x),
    "abs": np.abs,
    "minimum": np.minimum,
    "maximum": np.maximum,
    "sum": np.sum,
    "mean": np.mean,
    "max": np.max,
    "logsumexp": logsumexp,
    "softmax": lambda x, axis: shares(x, axis)[0],
    "log_softmax": log_softmax,
    "cross_entropy": lambda x, y, axis: -np.sum(y * log_softmax(x, axis), axis=axis),
    "matmul": np.matmul,
    "transpose": np.transpose,
    "reshape": lambda x, shape: np.reshape(x, shape),
    "broadcast_to": lambda x, shape: np.broadcast_to(x, shape),
    "concatenate": _concatenate,
    "take": lambda x, indices, axis: np.take(x, np.asarray(indices), axis=axis),
    "where": lambda x, y, mask: np.where(np.asarray(mask), x, y),
}
"""What every op computes."""

PULLS: Mapping[str, tuple[Callable[..., Any], ...]] = {
    "add": (lambda g, v, x, y: g, lambda g, v, x, y: g),
    "sub": (lambda g, v, x, y: g, lambda g, v, x, y: -g),
    "mul": (lambda g, v, x, y: g * y, lambda g, v, x, y: g * x),
    "div": (lambda g, v, x, y: g / y, lambda g, v, x, y: -g * v / y),
    "neg": (lambda g, v, x: -g,),
    "square": (lambda g, v, x: g * (x + x),),
    "pow": (_pow_base, _pow_exponent),
    "sqrt": (lambda g, v, x: g * 0.5 / v,),
    "exp": (lambda g, v, x: g * v,),
    "expm1": (lambda g, v, x: g * np.exp(x),),
    "log": (lambda g, v, x: g / x,),
    "log1p": (lambda g, v, x: g / (1.0 + x),),
    "sin": (lambda g, v, x: g * np.cos(x),),
    "cos": (lambda g, v, x: -(g * np.sin(x)),),
    "tan": (lambda g, v, x: g / np.square(np.cos(x)),),
    "tanh": (lambda g, v, x: g * sech2(x),),
    "sigmoid": (lambda g, v, x: g * sigmoid(x) * sigmoid(-x),),
    "softplus": (lambda g, v, x: g * sigmoid(x),),
    "relu": (lambda g, v, x: np.where(x > 0, g, 0.0),),
    "leaky_relu": (lambda g, v, x, slope: np.where(x > 0, g, slope * g),),
    "elu": (lambda g, v, x, alpha: np.where(x > 0, g, g * alpha * np.exp(np.where(x > 0, 0.0, x))),),
    "gelu": (lambda g, v, x: g * _gelu_slope(x),),
    "abs": (lambda g, v, x: g * np.sign(x),),
    "minimum": (lambda g, v, x, y: _greater(g, y, x), lambda g, v, x, y: _greater(g, x, y)),
    "maximum": (lambda g, v, x, y: _greater(g, x, y), lambda g, v, x, y: _greater(g, y, x)),
    "sum": (lambda g, v, x, axis, keepdims: np.broadcast_to(spread(g, x, axis, keepdims), x.shape),),
    "mean": (_mean,),
    "max": (_max,),
    "logsumexp": (lambda g, v, x, axis, keepdims: spread(g, x, axis, keepdims) * shares(x, axis)[0],),
    "softmax": (_softmax,),
    "log_softmax": (_log_softmax,),
    "cross_entropy": (_logits, lambda g, v, x, y, axis: -np.expand_dims(g, axis) * log_softmax(x, axis)),
    "matmul": (_left, _right),
    "transpose": (_transpose,),
    "reshape": (lambda g, v, x, shape: np.reshape(g, x.shape),),
    "broadcast_to": (lambda g, v, x, shape: g,),
    "take": (_take,),
    "where": (lambda g, v, x, y, mask: np.where(mask, g, 0.0), lambda g, v, x, y, mask: np.where(mask, 0.0, g)),
}
"""What the k-th argument of an op is sent, for every k (`_piece` for concatenate, which takes any number)."""
