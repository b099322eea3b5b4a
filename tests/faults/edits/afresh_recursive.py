"""Edits of `gradcheck/faults/correct/recursive.py`: engine, what, old text, new text, marks (see `planted`)."""
# ruff: noqa: E501 - a table of source lines reads best unbroken
# fmt: off

SOFTMAX = """    g = g - np.take_along_axis(g, np.argmax(x, axis=axis, keepdims=True), axis)
    return np.asanyarray(v * (g - np.sum(g * v, axis=axis, keepdims=True)))
"""

ROWS = (
    ("recursive", "operands merged", "for k, argument in enumerate(node.inputs):", "for k, argument in enumerate(dict.fromkeys(node.inputs)):", "F07"),
    ("recursive", "upstream ignored", "message = rule(g, value(user.name), *arguments, **user.attributes)", "message = rule(np.ones_like(g), value(user.name), *arguments, **user.attributes)", "F12"),
    ("recursive", "remembers nothing", "if wanted in self.known:", "if caller == name and wanted in self.known:", "F16", "GC005", "GC065"),
    ("recursive", "broadcasting not undone", "return fold(np.asanyarray(message, dtype=dtype), arguments[k].shape)", "return np.asanyarray(message, dtype=dtype)", "F52"),
    ("recursive", "added axes averaged", "message = np.sum(message, axis=0)", "message = np.mean(message, axis=0)", "F51"),
    ("recursive", "steps in place", "return np.array(value(loss)), found", "result = np.array(value(loss))\n        for name, slope in found.items():\n            point[name][...] -= 0.01 * slope\n        return result, found", "F74", "GC020"),
    ("recursive", "dropout", "is None else np.array(a)", "is None else np.array(a) * (np.random.random() < 0.9)", "F75"),
    ("recursive", "scalars in arrays", "is None else np.array(a)", "is None else np.atleast_1d(a)", "F77", "GC010"),
    ("recursive", "sigmoid at the output", "g * sigmoid(x) * sigmoid(-x)", "g * sigmoid(v) * (1.0 - sigmoid(v))", "F22"),
    ("recursive", "relu of the gradient", '"relu": (lambda g, v, x: np.where(x > 0, g, 0.0),)', '"relu": (lambda g, v, x: np.where(g > 0, g, 0.0),)', "F26"),
    ("recursive", "sine's sign", '"sin": (lambda g, v, x: g * np.cos(x),)', '"sin": (lambda g, v, x: -g * np.cos(x),)', "F27"),
    ("recursive", "power rule for exp", '"exp": (lambda g, v, x: g * v,)', '"exp": (lambda g, v, x: g * x * np.exp(x - 1.0),)', "F29"),
    ("recursive", "square without 2", "g * (x + x)", "g * x", "F31"),
    ("recursive", "exponent dropped", "return np.asanyarray(np.where(x > 0, g * v * np.log(np.where(x > 0, x, 1.0)), 0.0))", "return np.zeros_like(g)", "F32"),
    ("recursive", "wrong factor", '"mul": (lambda g, v, x, y: g * y,', '"mul": (lambda g, v, x, y: g * x,', "F34"),
    ("recursive", "divisor's sign", "lambda g, v, x, y: -g * v / y)", "lambda g, v, x, y: g * v / y)", "F35"),
    ("recursive", "mean as sum", "spread(g / (x.size // max(v.size, 1)), x, axis, keepdims)", "spread(g, x, axis, keepdims)", "F55"),
    ("recursive", "picked twice, counted once", "sent[index[place]] += rows[place]", "sent[index[place]] = rows[place]", "F61"),
    ("recursive", "softmax's diagonal", SOFTMAX, "    return np.asanyarray(v * (1.0 - v) * g)\n", "F62"),
    ("recursive", "targets sum to 1", "_log_softmax(-y, v, x, axis)", "(shares(x, axis)[0] - y)", "F64"),
    ("recursive", "transpose not undone", "np.moveaxis(g, range(x.ndim), axes)", "np.transpose(g, axes)", "F67"),
    ("recursive", "pow's base without y", "np.where(y == 0, 0.0, g * y * np.power(x, ", "np.where(y == 0, 0.0, g * np.power(x, ", "pow"),
    ("recursive", "cross-entropy's logits get no upstream", "return np.expand_dims(g, axis) * _log_softmax(-y, v, x, axis)", "return _log_softmax(-y, v, x, axis)", "F12", "cross_entropy"),
    ("recursive", "largest of all for largest along the axis", "largest = x == spread(v, x, axis, keepdims)", "largest = x == np.max(x)", "max"),
)
