"""Edits of `gradcheck/faults/correct/forward_mode.py`: engine, what, old text, new text, marks (see `planted`)."""
# ruff: noqa: E501 - a table of source lines reads best unbroken
# fmt: off

ROWS = (
    ("forward", "operands merged", "for a, push in zip(node.inputs, pushes[node.name], strict=True) if a in tangents]", "for a, push in dict(zip(node.inputs, pushes[node.name], strict=True)).items() if a in tangents]", "F07"),
    ("forward", "six nodes at most", "for node in moving:", "for node in moving[:6]:", "F14"),
    ("forward", "descent", "unit[entry] = 1.0", "unit[entry] = -1.0", "F82"),
    ("forward", "clipped", "grads[name][entry] = tangent({name: unit}, moving, pushes, loss)", "grads[name][entry] = np.clip(tangent({name: unit}, moving, pushes, loss), -1.0, 1.0)", "F83"),
    ("forward", "gradients in a list", "return np.array(values[loss]), grads", "return np.array(values[loss]), list(grads.values())", "F79", "GC007"),
    ("forward", "sigmoid as tanh", "times(np.square(sech(x / 2.0)) / 4.0)", "times(1.0 - v * v)", "F24"),
    ("forward", "relu lets all through", "_relu(x, 0.0)", "_relu(x, 1.0)", "F25"),
    ("forward", "leaky relu as relu", "lambda v, x, slope: _relu(x, slope)", "lambda v, x, slope: _relu(x, 0.0)", "F41"),
    ("forward", "sine's sign", "times(np.cos(x))", "times(-np.cos(x))", "F27"),
    ("forward", "divisor's sign", "times(1.0 / y, -v / y)", "times(1.0 / y, v / y)", "F35"),
    ("forward", "negation's sign", '"neg": lambda v, x: times(-1.0)', '"neg": lambda v, x: times(1.0)', "F38"),
    ("forward", "abs as identity", '"abs": lambda v, x: times(np.sign(x))', '"abs": lambda v, x: times(1.0)', "F39"),
    ("forward", "maximum to both", '"maximum": lambda v, x, y: _greater(x, y)', '"maximum": lambda v, x, y: times(1.0, 1.0)', "F40"),
    ("forward", "exponent dropped", "np.where(x > 0, v * np.log(inside), 0.0)", "np.zeros_like(v)", "F32"),
    ("forward", "1/n twice in mean", '"mean": lambda v, x, axis, keepdims: (lambda t: np.mean(t, axis=axis, keepdims=keepdims),)', '"mean": lambda v, x, axis, keepdims: (lambda t: np.mean(t, axis=axis, keepdims=keepdims) * (v.size / x.size),)', "F57"),
    ("forward", "matmul without transpose", "lambda t: x @ t)", "lambda t: (x.T if x.ndim == 2 and x.shape[0] == x.shape[1] else x) @ t)", "F58"),
    ("forward", "softmax's diagonal", "return (lambda t: v * centred(t),)", "return (lambda t: v * (1.0 - v) * t,)", "F62"),
    ("forward", "targets sum to 1", "return lambda dz: -np.sum(t * centred(dz), axis=axis)", "return lambda dz: np.sum((np.exp(log_y) - t) * dz, axis=axis)", "F64"),
    ("forward", "max to all", "share = top / np.sum(top, axis=axis, keepdims=True)", "share = np.ones_like(x)", "F65"),
    ("forward", "take sends nothing", "lambda t: np.take(t, np.asarray(indices), axis=axis)", "lambda t: np.zeros_like(v)", "F60"),
    ("forward", "log1p as log", '"log1p": lambda v, x: times(1.0 / (1.0 + x))', '"log1p": lambda v, x: times(1.0 / x)', "log1p"),
    ("forward", "softmax not normalised", "top = np.exp(log_softmax(x, axis)), np.argmax(x, axis=axis, keepdims=True)", "top = np.exp(x), np.argmax(x, axis=axis, keepdims=True)", "softmax", "log_softmax", "cross_entropy"),
    ("forward", "expm1 for exp", "alpha * np.exp(np.minimum(x, 0.0))))", "alpha * np.expm1(np.minimum(x, 0.0))))", "elu"),
)
