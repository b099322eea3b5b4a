"""Edits of `gradcheck/faults/correct/tape.py`: engine, what, old text, new text, marks (see `planted`)."""
# ruff: noqa: E501 - a table of source lines reads best unbroken
# fmt: off

LOOP = "for value in reversed(tape.values()):\n"
LEAF = "tape[node.name] = Value(point[node.name] if node.value is None else node.value)\n"
CALL = "tape[node.name] = OPS[node.op](*[tape[name] for name in node.inputs], **node.attributes)\n"


def reflected(op: str) -> str:
    """A constant on the left changes places."""
    return (
        f'left = node.op == "{op}" and graph.op(graph.index(node.inputs[0])) == "constant"\n'
        "                inputs = node.inputs[::-1] if left else node.inputs\n"
        "                tape[node.name] = OPS[node.op](*[tape[name] for name in inputs], **node.attributes)\n"
    )


ROWS = (
    ("tape", "backwards through the list", LOOP, "for value in [tape[name] for name in reversed(graph.names)]:\n", "F04"),
    ("tape", "visited by value", LOOP, "seen = set[bytes]()\n        " + LOOP + "            if value.data.tobytes() in seen:\n                continue\n            seen.add(value.data.tobytes())\n", "F05"),
    ("tape", "equal parameters are one", LEAF, "data = point[node.name] if node.value is None else node.value\n                same = [tape[n] for n in tape if graph.op(graph.index(n)) == node.op and np.array_equal(tape[n].data, data)]\n                tape[node.name] = same[0] if same else Value(data)\n", "F06"),
    ("tape", "upstream added", "x.receive(g * slope(x.data, v, **attributes))", "x.receive(g + slope(x.data, v, **attributes))", "F13"),
    ("tape", "last ten values only", LOOP, "for value in list(reversed(tape.values()))[:10]:\n", "F14"),
    ("tape", "2 - x as x - 2", CALL, reflected("sub"), "F43"),
    ("tape", "2 / x as x / 2", CALL, reflected("div"), "F44"),
    ("tape", "2 ** x as x ** 2", CALL, reflected("pow"), "F45"),
    ("tape", "unused parameters missing", "{graph.names[i]: adjoints[graph.names[i]] for i in graph.parameters}", "{graph.names[i]: adjoints[graph.names[i]] for i in graph.parameters if tape[graph.names[i]].adjoint is not None}", "F76", "GC008"),
    ("tape", "no value", "return np.array(loss.data), {", "return {", "F78", "GC007"),
    ("tape", "clipped", "np.array(v.adjoint) for", "np.clip(v.adjoint, -1.0, 1.0) for", "F83"),
    ("tape", "one copy of a broadcast", "np.sum(message, axis=tuple(repeated))", "message[tuple(slice(0, 1) if a in repeated else slice(None) for a in range(message.ndim))]", "F50"),
    ("tape", "broadcast averaged", "np.sum(message, axis=tuple(repeated))", "np.mean(message, axis=tuple(repeated))", "F51"),
    ("tape", "tanh at the output", "4.0 * sigmoid_slope(2.0 * x)", "1.0 - np.tanh(v) ** 2", "F20"),
    ("tape", "sigmoid at the input", "lambda x, v: sigmoid_slope(x))", "lambda x, v: x * (1.0 - x))", "F23"),
    ("tape", "wrong forward, matching backward", '"sigmoid": elementwise(sigmoid, lambda x, v: sigmoid_slope(x))', '"sigmoid": elementwise(lambda x: 0.5 + 0.5 * np.tanh(x), lambda x, v: 0.5 - 0.5 * np.tanh(x) ** 2)', "F42"),
    ("tape", "wrong factor", "x.receive(g * y.data)\n", "x.receive(g * x.data)\n", "F34"),
    ("tape", "divisor not squared", "y.receive(-share * quotient)", "y.receive(-g * quotient)", "F36"),
    ("tape", "subtrahend's sign", "y.receive(-g)", "y.receive(g)", "F37"),
    ("tape", "exponent not lowered", "np.where(still, 1.0, y.data - 1.0)", "np.where(still, 1.0, y.data)", "F33"),
    ("tape", "mul forgets that x is y", "x.receive(g * y.data)\n        y.receive(g * x.data)", "x.receive(g * y.data)\n        if x is not y:\n            y.receive(g * x.data)", "F07"),
    ("tape", "sum as mean", "np.sum(rows, axis=-1), np.ones_like)", "np.sum(rows, axis=-1), lambda rows: np.ones_like(rows) / rows.shape[-1])", "F56"),
    ("tape", "spread along the wrong axis", "np.reshape(g, (*result.shape, 1)) * slope(rows)", "np.reshape(g, result.shape) * slope(rows)", "F54"),
    ("tape", "outer products reversed", "y.receive(to_b[..., 0] if y.data.ndim == 1 else to_b)", "y.receive(to_b[..., 0] if y.data.ndim == 1 else np.swapaxes(to_b, -1, -2) if to_b.shape[-1] == to_b.shape[-2] else to_b)", "F59"),
    ("tape", "softmax's denominator constant", "x.receive(rolled(y * (rows - np.sum(y * rows, axis=-1, keepdims=True)), x.data, axis))", "x.receive(rolled(y * unrolled(g, axis), x.data, axis))", "F63"),
    ("tape", "reshape by columns", "x.receive(np.reshape(g, x.data.shape))", 'x.receive(np.reshape(g, x.data.shape, order="F"))', "F66"),
    ("tape", "same piece for all", "zip(pieces, np.split(g, ends[:-1], axis=axis), strict=True)", "zip(pieces, [np.take(g, range(piece.data.shape[axis]), axis) for piece in pieces], strict=True)", "F68"),
    ("tape", "gelu by differences", "lambda x, v: normal_cdf(x) + x * normal_pdf(x))", "lambda x, v: ((x + 1e-3) * normal_cdf(x + 1e-3) - v) / 1e-3)", "F81", "gelu"),
    ("tape", "sqrt without its half", "lambda x, v: 0.5 / v)", "lambda x, v: 1.0 / v)", "sqrt"),
    ("tape", "where the other way", "x.receive(np.where(chosen, g, 0.0))\n        y.receive(np.where(chosen, 0.0, g))", "x.receive(np.where(chosen, 0.0, g))\n        y.receive(np.where(chosen, g, 0.0))", "where"),
    ("tape", "single precision", "message = np.asanyarray(message, dtype=self.data.dtype)", "message = np.asanyarray(message, dtype=np.float32).astype(self.data.dtype)", "F80"),
)
