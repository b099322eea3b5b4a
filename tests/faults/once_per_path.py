"""A node is visited once per path to the loss, and passes on all it has received each time."""

import numpy as np
from scipy.special import erfc


def sigmoid(x):
    e = np.exp(-np.abs(x))
    return np.where(x >= 0, 1.0, e) / (1.0 + e)


def normal(x):
    return 0.5 * erfc(-x / np.sqrt(2.0))


def logsumexp(x, axis, keepdims):
    return np.logaddexp.reduce(x, axis=tuple(range(x.ndim)) if axis is None else axis, keepdims=keepdims)


def log_softmax(x, axis):
    return x - logsumexp(x, axis, True)


def sech2(x):
    return (1.0 / np.cosh(x)) ** 2


def back_pow(g, v, x, y):
    slope = y * np.power(x, np.where(y == 0, 1.0, y - 1.0))
    return g * slope, g * v * np.log(np.where(x > 0, x, 1.0))


def back_maximum(g, v, x, y):
    to_x = np.where(x == y, 0.5, x > y)
    return g * to_x, g * (1.0 - to_x)


def widen(g, x, axis, keepdims):
    if keepdims:
        return g
    return np.expand_dims(g, tuple(range(x.ndim)) if axis is None else axis)


def back_sum(g, v, x, axis, keepdims):
    return (widen(g, x, axis, keepdims) * np.ones_like(x),)


def back_mean(g, v, x, axis, keepdims):
    return back_sum(g / (np.size(x) / np.size(v)), v, x, axis, keepdims)


def back_max(g, v, x, axis, keepdims):
    largest = x == np.max(x, axis=axis, keepdims=True)
    return (widen(g, x, axis, keepdims) * largest / np.sum(largest, axis=axis, keepdims=True),)


def back_logsumexp(g, v, x, axis, keepdims):
    return (widen(g, x, axis, keepdims) * np.exp(x - logsumexp(x, axis, True)),)


def back_softmax(g, v, x, axis):
    return (v * (g - np.sum(g * v, axis=axis, keepdims=True)),)


def back_log_softmax(g, v, x, axis):
    return (g - np.exp(v) * np.sum(g, axis=axis, keepdims=True),)


def back_cross_entropy(g, v, x, t, axis):
    g, log_y = np.expand_dims(g, axis), log_softmax(x, axis)
    return back_log_softmax(-g * t, log_y, x, axis)[0], -g * log_y


def back_matmul(g, v, x, y):
    a = x[None, :] if x.ndim == 1 else x
    b = y[:, None] if y.ndim == 1 else y
    g = np.expand_dims(g, -1) if y.ndim == 1 else g
    g = np.expand_dims(g, -2) if x.ndim == 1 else g
    to_x, to_y = g @ np.swapaxes(b, -1, -2), np.swapaxes(a, -1, -2) @ g
    if x.ndim == 1:
        to_x = np.sum(to_x, axis=tuple(range(to_x.ndim - 1)))
    if y.ndim == 1:
        to_y = np.sum(to_y[..., 0], axis=tuple(range(to_y.ndim - 2)))
    return to_x, to_y


def back_transpose(g, v, x, axes):
    return (np.transpose(g) if axes is None else np.moveaxis(g, range(x.ndim), axes),)


def back_concatenate(g, v, *parts, axis):
    return np.split(g, np.cumsum([part.shape[axis] for part in parts])[:-1], axis=axis)


def back_take(g, v, x, indices, axis):
    positions = np.take(np.arange(x.size).reshape(x.shape), np.asarray(indices), axis=axis)
    return (np.bincount(positions.ravel(), g.ravel(), x.size).reshape(x.shape),)


FORWARD = {
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
    "softplus": lambda x: np.logaddexp(0.0, x),
    "relu": lambda x: np.maximum(x, 0.0),
    "leaky_relu": lambda x, slope: np.where(x > 0, x, slope * x),
    "elu": lambda x, alpha: np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0.0))),
    "gelu": lambda x: x * normal(x),
    "abs": np.abs,
    "minimum": np.minimum,
    "maximum": np.maximum,
    "sum": np.sum,
    "mean": np.mean,
    "max": np.max,
    "logsumexp": logsumexp,
    "softmax": lambda x, axis: np.exp(log_softmax(x, axis)),
    "log_softmax": log_softmax,
    "cross_entropy": lambda x, t, axis: -np.sum(t * log_softmax(x, axis), axis=axis),
    "matmul": np.matmul,
    "transpose": np.transpose,
    "reshape": lambda x, shape: np.reshape(x, shape),
    "broadcast_to": lambda x, shape: np.broadcast_to(x, shape),
    "concatenate": lambda *parts, axis: np.concatenate(parts, axis=axis),
    "take": lambda x, indices, axis: np.take(x, np.asarray(indices), axis=axis),
    "where": lambda x, y, mask: np.where(mask, x, y),
}

BACKWARD = {
    "add": lambda g, v, x, y: (g, g),
    "sub": lambda g, v, x, y: (g, -g),
    "mul": lambda g, v, x, y: (g * y, g * x),
    "div": lambda g, v, x, y: (g / y, -g * v / y),
    "neg": lambda g, v, x: (-g,),
    "square": lambda g, v, x: (2.0 * g * x,),
    "pow": back_pow,
    "sqrt": lambda g, v, x: (0.5 * g / v,),
    "exp": lambda g, v, x: (g * v,),
    "expm1": lambda g, v, x: (g * np.exp(x),),
    "log": lambda g, v, x: (g / x,),
    "log1p": lambda g, v, x: (g / (1.0 + x),),
    "sin": lambda g, v, x: (g * np.cos(x),),
    "cos": lambda g, v, x: (-g * np.sin(x),),
    "tan": lambda g, v, x: (g * (1.0 + v * v),),
    "tanh": lambda g, v, x: (g * sech2(x),),
    "sigmoid": lambda g, v, x: (g * sigmoid(x) * sigmoid(-x),),
    "softplus": lambda g, v, x: (g * sigmoid(x),),
    "relu": lambda g, v, x: (g * (x > 0),),
    "leaky_relu": lambda g, v, x, slope: (g * np.where(x > 0, 1.0, slope),),
    "elu": lambda g, v, x, alpha: (g * np.where(x > 0, 1.0, alpha * np.exp(np.minimum(x, 0.0))),),
    "gelu": lambda g, v, x: (g * (normal(x) + x * np.exp(-x * x / 2.0) / np.sqrt(2.0 * np.pi)),),
    "abs": lambda g, v, x: (g * np.sign(x),),
    "minimum": lambda g, v, x, y: back_maximum(g, v, -x, -y),
    "maximum": back_maximum,
    "sum": back_sum,
    "mean": back_mean,
    "max": back_max,
    "logsumexp": back_logsumexp,
    "softmax": back_softmax,
    "log_softmax": back_log_softmax,
    "cross_entropy": back_cross_entropy,
    "matmul": back_matmul,
    "transpose": back_transpose,
    "reshape": lambda g, v, x, shape: (np.reshape(g, x.shape),),
    "broadcast_to": lambda g, v, x, shape: (g,),
    "concatenate": back_concatenate,
    "take": back_take,
    "where": lambda g, v, x, y, mask: (np.where(mask, g, 0.0), np.where(mask, 0.0, g)),
}


def fold(message, shape):
    """Add up what broadcasting repeated."""
    while message.ndim > len(shape):
        message = message.sum(axis=0)
    for axis, length in enumerate(shape):
        if length == 1:
            message = message.sum(axis=axis, keepdims=True)
    return message


def forward(nodes, point):
    dtype = np.result_type(np.float16, *point.values())
    values = {}
    for node in nodes:
        if node.inputs:
            value = FORWARD[node.op](*[values[a] for a in node.inputs], **node.attributes)
        else:
            value = point[node.name] if node.value is None else node.value
        values[node.name] = np.asanyarray(value, dtype)
    return values


def messages(node, g, values):
    """What a node sends to each of its arguments."""
    arguments = [values[a] for a in node.inputs]
    sent = BACKWARD[node.op](g, values[node.name], *arguments, **node.attributes)
    return [(a, fold(np.asanyarray(m), values[a].shape)) for a, m in zip(node.inputs, sent, strict=True)]


def answer(graph, values, bars):
    dtype = values[graph.names[graph.loss]].dtype
    return values[graph.names[graph.loss]], {
        graph.names[i]: np.array(bars[graph.names[i]], dtype) for i in graph.parameters
    }


def in_order(nodes, loss):
    """Arguments first, by depth-first search."""
    order, seen = [], set()

    def visit(name):
        if name in seen:
            return
        for a in nodes[name].inputs:
            visit(a)
        order.append(name)

    visit(loss)
    return order


def gradients(graph, point):
    nodes = {node.name: node for node in graph.nodes}
    loss = graph.names[graph.loss]
    values = forward([graph.node(int(i)) for i in graph.order], point)
    bars = {name: np.zeros(node.shape) for name, node in nodes.items()}
    bars[loss] = np.ones(())
    for name in reversed(in_order(nodes, loss)):
        if nodes[name].inputs:
            for a, message in messages(nodes[name], bars[name], values):
                bars[a] = bars[a] + message
    return answer(graph, values, bars)
