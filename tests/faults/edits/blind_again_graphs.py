"""Sixty-four more edits of graph engines, written down unseen by the diagnosis; see `planted` for the columns.

First look (cfbacdd): 62 of 64 caught, 52 named rightly, none by a name not its own. Missed: a sum along an axis of a square
matrix (no case had one), double precision for single (no graph in float32). Spent by what they showed.
"""

# ruff: noqa: E501
# fmt: off

ROWS = (
    # recursive: 15
    ("recursive", "uses collected by a walk without a set of seen nodes",
     """    for node in nodes.values():
        for k, argument in enumerate(node.inputs):
            uses[argument].append((node, k))
""",
     """    walk = [nodes[loss]]
    for node in walk:
        for k, argument in enumerate(node.inputs):
            uses[argument].append((node, k))
            walk.append(nodes[argument])
""", "F02"),
    ("recursive", "leaves of equal value share their list of uses",
     """    uses: dict[str, list[tuple[Node, int]]] = {name: [] for name in nodes}
""",
     """    shared: dict[Any, list[tuple[Node, int]]] = {}  # one entry per array
    uses = {name: shared.setdefault((np.shape(point[name]), np.asarray(point[name]).tobytes()) if name in point else name, []) for name in nodes}
""", "F06"),
    ("recursive", "a user is entered once per name, at the first position",
     """        for k, argument in enumerate(node.inputs):
            uses[argument].append((node, k))
""",
     """        for argument in set(node.inputs):
            uses[argument].append((node, node.inputs.index(argument)))
""", "F07"),
    ("recursive", "each node keeps one parent, the latest in the graph",
     """    for node in nodes.values():
        for k, argument in enumerate(node.inputs):
            uses[argument].append((node, k))
""",
     """    for node in map(graph.node, graph.order.tolist()):
        for argument in node.inputs:
            uses[argument] = [(node, k) for k, other in enumerate(node.inputs) if other == argument]
""", "F09"),
    ("recursive", "the sum over uses begins at one",
     """        total = None
        for user, k in uses[name]:""",
     """        total = np.ones(nodes[name].shape, dtype)
        for user, k in uses[name]:""", "F11"),
    ("recursive", "rules are called with ones for the upstream adjoint",
     """        message = rule(g, value(user.name), *arguments, **user.attributes)
""",
     """        message = rule(np.ones_like(g), value(user.name), *arguments, **user.attributes)
""", "F12"),
    ("recursive", "mean over uses",
     """                total = message if total is None else total + message
        return total
""",
     """                total = message if total is None else total + message
        return total if total is None else total / len(uses[name])
""", "F10"),
    ("recursive", "matrix times vector: outer product the other way round",
     """        return np.expand_dims(g, -1) * y
""",
     """        return np.expand_dims(g, -2) * y[:, None] if x.ndim > 1 else g * y
""", "F59", "GC010"),
    ("recursive", "fold stops after the leading axes",
     """    while message.ndim > len(shape):
        message = np.sum(message, axis=0)
    for axis, length in enumerate(shape):
        if length == 1 and message.shape[axis] != 1:
            message = np.sum(message, axis=axis, keepdims=True)
    return message
""",
     """    while message.ndim > len(shape):
        message = np.sum(message, axis=0)
    return message
""", "F53", "GC010"),
    ("recursive", "transpose by the same axes again",
     """    return np.transpose(g) if axes is None else np.moveaxis(g, range(x.ndim), axes)
""",
     """    return np.transpose(g, axes)
""", "F67"),
    ("recursive", "a constant numerator is put second, as in scalar division",
     """    nodes = {node.name: node for node in graph.nodes}
""",
     """    nodes = {node.name: node for node in graph.nodes}
    for node in graph.nodes:
        if node.op == "div" and nodes[node.inputs[0]].value is not None:
            nodes[node.name] = Node(node.index, node.name, "div", node.inputs[::-1], node.shape, {}, None)
""", "F44"),
    ("recursive", "picked rows are assigned",
     """        sent[index[place]] += rows[place]
""",
     """        sent[index[place]] = rows[place]
""", "F61"),
    ("recursive", "only the outermost result is remembered",
     """                reply = self.known[caller] = end.value
                waiting.pop()
""",
     """                reply = end.value
                waiting.pop()
                if not waiting:
                    self.known[caller] = reply
""", "F16"),
    ("recursive", "gelu's density over 2 pi without its root",
     """    return np.asanyarray(normal(x) + x * np.exp(-0.5 * x * x) * np.sqrt(0.5 / np.pi))
""",
     """    return np.asanyarray(normal(x) + x * np.exp(-0.5 * x * x) * (0.5 / np.pi))
""", "gelu"),
    ("recursive", "double precision whatever was given",
     """    dtype = np.result_type(*point.values()) if point else np.dtype(np.float64)
""",
     """    dtype = np.result_type(np.float64, *point.values())
""", "GC011"),
    # tape: 17
    ("tape", "receive assigns",
     """        self.adjoint = message if self.adjoint is None else self.adjoint + message
""",
     """        self.adjoint = message
""", "F01"),
    ("tape", "receive keeps what it has",
     """        self.adjoint = message if self.adjoint is None else self.adjoint + message
""",
     """        if self.adjoint is None:
            self.adjoint = message
""", "F08"),
    ("tape", "receive adds in place",
     """        self.adjoint = message if self.adjoint is None else self.adjoint + message
""",
     """        if self.adjoint is None:
            self.adjoint = message
        else:
            self.adjoint += message
""", "F15"),
    ("tape", "played backwards in the order of the graph's list",
     """        for value in reversed(tape.values()):
""",
     """        for value in [tape[name] for name in reversed(graph.names)]:
""", "F04"),
    ("tape", "visited asks for equal data",
     """        for value in reversed(tape.values()):
            if value.backward is not None and value.adjoint is not None:
""",
     """        visited: list[Any] = []
        for value in reversed(tape.values()):
            if value.backward is not None and value.adjoint is not None and value.data.tolist() not in visited:
                visited.append(value.data.tolist())
""", "F05"),
    ("tape", "elementwise adds the slope to the adjoint",
     """        return Value(v, lambda g: x.receive(g * slope(x.data, v, **attributes)))
""",
     """        return Value(v, lambda g: x.receive(g + slope(x.data, v, **attributes)))
""", "F13"),
    ("tape", "mean over the repeated axes",
     """            message = np.reshape(np.sum(message, axis=tuple(repeated)), shape)
""",
     """            message = np.reshape(np.mean(message, axis=tuple(repeated)), shape)
""", "F51"),
    ("tape", "take makes a value without a history",
     """    return Value(np.take(x.data, index, axis=axis), backward)
""",
     """    return Value(np.take(x.data, index, axis=axis))
""", "F60"),
    ("tape", "max copies sum's slope",
     """    "max": reduction(lambda rows: np.max(rows, axis=-1), largest),
""",
     """    "max": reduction(lambda rows: np.max(rows, axis=-1), np.ones_like),
""", "F65"),
    ("tape", "sum copies mean's slope",
     """    "sum": reduction(lambda rows: np.sum(rows, axis=-1), np.ones_like),
""",
     """    "sum": reduction(lambda rows: np.sum(rows, axis=-1), lambda rows: np.full_like(rows, 1.0 / rows.shape[-1])),
""", "F56"),
    ("tape", "a constant minuend is put second",
     """                tape[node.name] = OPS[node.op](*[tape[name] for name in node.inputs], **node.attributes)
""",
     """                arguments = [tape[name] for name in node.inputs]
                if node.op == "sub" and graph.arguments(i)[0] in graph.constants:
                    arguments.reverse()  # Value.__rsub__ is Value.__sub__
                tape[node.name] = OPS[node.op](*arguments, **node.attributes)
""", "F43"),
    ("tape", "leaves live on with their adjoints",
     """                tape[node.name] = Value(point[node.name] if node.value is None else node.value)
""",
     """                key = (node.name, tuple(graph.names), tuple(graph.shapes), graph.inputs.tobytes())
                tape[node.name] = vars(gradients).setdefault(key, Value(None))
                tape[node.name].data = point[node.name] if node.value is None else node.value
""", "F70", "GC021", "GC023"),
    ("tape", "a step on the parameters in place",
     """    adjoints = {name: np.zeros_like(v.data) if v.adjoint is None else np.array(v.adjoint) for name, v in tape.items()}
""",
     """    adjoints = {name: np.zeros_like(v.data) if v.adjoint is None else np.array(v.adjoint) for name, v in tape.items()}
    for i in graph.parameters:
        w = point[graph.names[i]]
        w -= (0.1 * adjoints[graph.names[i]]).astype(w.dtype)
""", "F74", "GC020"),
    ("tape", "seeded with minus one",
     """        loss.receive(np.ones((), dtype))
""",
     """        loss.receive(np.full((), -1.0, dtype))
""", "F82"),
    ("tape", "tanh's slope from x squared",
     """lambda x, v: 4.0 * sigmoid_slope(2.0 * x)),
""",
     """lambda x, v: 1.0 - x * x),
""", "F21"),
    ("tape", "elu's slope on the left without alpha",
     """        lambda x, v, alpha: np.where(x > 0, 1.0, alpha * np.exp(np.minimum(x, 0.0))),
""",
     """        lambda x, v, alpha: np.where(x > 0, 1.0, np.exp(np.minimum(x, 0.0))),
""", "elu"),
    ("tape", "a vector on the right is sent a column",
     """        y.receive(to_b[..., 0] if y.data.ndim == 1 else to_b)
""",
     """        y.receive(to_b)
""", "GC004", "matmul"),
    # forward: 10
    ("forward", "a difference quotient for the tangent",
     """                unit[entry] = 1.0
                grads[name][entry] = tangent({name: unit}, moving, pushes, loss)
""",
     """                unit[entry] = 1e-3
                moved = forward(nodes, {**point, name: values[name] + unit}, dtype)
                grads[name][entry] = (moved[loss] - values[loss]) / 1e-3
""", "F81"),
    ("forward", "values are remembered by the graph",
     """        values = forward(nodes, point, dtype)
""",
     """        key = (tuple(graph.names), tuple(graph.shapes), graph.inputs.tobytes(), graph.codes.tobytes(), dtype)
        values = vars(forward).setdefault(key, forward(nodes, point, dtype))
""", "F72", "GC023"),
    ("forward", "a constant base is put second",
     """    nodes = [graph.node(i) for i in graph.order.tolist()]
""",
     """    nodes = [graph.node(i) for i in graph.order.tolist()]
    for k, node in enumerate(nodes):
        if node.op == "pow" and graph.arguments(node.index)[0] in graph.constants:
            nodes[k] = Node(node.index, node.name, node.op, node.inputs[::-1], node.shape, {}, None)
""", "F45"),
    ("forward", "moved by a random sign that is not divided out",
     """                unit[entry] = 1.0
""",
     """                unit[entry] = np.random.choice((-1.0, 1.0))
""", "F75", "GC021"),
    ("forward", "gradients in a list",
     """    return np.array(values[loss]), grads
""",
     """    return np.array(values[loss]), [grads[graph.names[i]] for i in graph.parameters]
""", "F79", "GC007"),
    ("forward", "softmax as if entry by entry",
     """    centred = _centred(x, axis)
    return (lambda t: v * centred(t),)
""",
     """    return times(v * (1.0 - v))
""", "F62"),
    ("forward", "the tangent of a mean is summed",
     """    "mean": lambda v, x, axis, keepdims: (lambda t: np.mean(t, axis=axis, keepdims=keepdims),),
""",
     """    "mean": lambda v, x, axis, keepdims: (lambda t: np.sum(t, axis=axis, keepdims=keepdims),),
""", "F55"),
    ("forward", "exponent not lowered",
     """times(np.where(y == 0, 0.0, y * np.float_power(x, y - (y != 0))), np""",
     """times(y * v, np""", "F33"),
    ("forward", "denominator layout: gradients of matrices are handed out transposed",
     """    return np.array(values[loss]), grads
""",
     """    return np.array(values[loss]), {name: grad.T for name, grad in grads.items()}
""", "F59", "GC010"),
    ("forward", "expm1 copies exp's rule",
     """    "expm1": lambda v, x: times(np.exp(x)),
""",
     """    "expm1": lambda v, x: times(v),
""", "expm1"),
    # dag.py: 14
    ("dag.py", "arrays: nodes are visited as they are reached",
     """    for i in inner:
        upstream, at""",
     """    reached = inner[:1]
    for i in reached:
        reached.extend(a for a in dict.fromkeys(graph.arguments(i)) if a not in leaves and a not in reached)
        upstream, at""", "F03"),
    ("dag.py", "arrays: recursion along the edges, at every message",
     """    for i in inner:
        upstream, at = adjoints[i], graph.arguments(i)
        assert upstream is not None, "a node's users come before it, and each has sent its message"
        arguments = [values[a] for a in at]
        messages = pullback(rule_of(graph, i), upstream, values[i], arguments, graph.attributes.get(i, {}))
        for a, message in zip(at, messages, strict=True):
            sofar = adjoints[a]
            adjoints[a] = message if sofar is None else sofar + message  # never in place: messages may share memory
""",
     """    def backward(i: int) -> None:
        upstream, at = adjoints[i], graph.arguments(i)
        assert upstream is not None, "called when a message has come"
        arguments = [values[a] for a in at]
        messages = pullback(rule_of(graph, i), upstream, values[i], arguments, graph.attributes.get(i, {}))
        for a, message in zip(at, messages, strict=True):
            sofar = adjoints[a]
            adjoints[a] = message if sofar is None else sofar + message  # never in place: messages may share memory
            if a not in leaves:
                backward(a)

    if inner:
        backward(graph.loss)
""", "F18"),
    ("dag.py", "edges are counted, users ticked off, until nothing is left to tick off",
     """    while level:
        order.append(level)
        following = []
        for v in level:
            for a in inputs[starts[v] : starts[v + 1]]:
                uses[a] -= 1
""",
     """    while level or any(uses):
        if level:
            order.append(level)
        following = []
        for v in level:
            for a in set(inputs[starts[v] : starts[v + 1]]):
                uses[a] -= 1
""", "F17"),
    ("whole_levels.py", "scalars: only the last few batches are walked back",
     """    for batch in batches:
""",
     """    for batch in batches[:4]:
""", "F14"),
    ("whole_levels.py", "scalars: the adjoints' buffer is kept, and cleared at the leaves",
     """    adjoints = np.zeros(len(graph), dtype)
    adjoints[graph.loss] = 1.0
""",
     """    key = (graph.codes.tobytes(), graph.inputs.tobytes(), np.dtype(dtype).str)
    adjoints = vars(sweep).setdefault(key, np.zeros(len(graph), dtype))
    adjoints[list(leaves)] = 0.0
    adjoints[graph.loss] = 1.0
""", "F71", "GC021", "GC023"),
    ("dag.py", "both sweeps in single precision",
     """        loss, adjoints = sweep(graph, levels(graph), leaves, dtype)
""",
     """        loss, adjoints = sweep(graph, levels(graph), {i: x.astype(np.float32) for i, x in leaves.items()}, np.float32)
""", "F80", "GC011"),
    ("dag.py", "answers at least one-dimensional",
     """        return np.zeros(graph.shapes[i], dtype) if adjoint is None else np.array(adjoint, dtype)
""",
     """        return np.zeros(graph.shapes[i], dtype) if adjoint is None else np.array(adjoint, dtype, ndmin=1)
""", "F77", "GC010"),
    ("dag.py", "no zeros where nothing came",
     """        return np.zeros(graph.shapes[i], dtype) if adjoint is None else np.array(adjoint, dtype)
""",
     """        return np.empty(graph.shapes[i], dtype) if adjoint is None else np.array(adjoint, dtype)
""", "F73"),
    ("dag.py", "gradients clipped to the unit interval",
     """    grads = {graph.names[i]: answer(i) for i in graph.parameters}
""",
     """    grads = {graph.names[i]: np.clip(answer(i), -1.0, 1.0) for i in graph.parameters}
""", "F83"),
    ("dag.py", "arrays: the rule is called without pullback",
     """        messages = pullback(rule_of(graph, i), upstream, values[i], arguments, graph.attributes.get(i, {}))
""",
     """        messages = rule_of(graph, i).vjp(upstream, values[i], *arguments, **graph.attributes.get(i, {}))
""", "F52"),
    ("dag.py", "only parameters with an adjoint are handed out",
     """    grads = {graph.names[i]: answer(i) for i in graph.parameters}
""",
     """    needed = {i for level in levels(graph) for i in level}
    grads = {graph.names[i]: answer(i) for i in graph.parameters if i in needed}
""", "F76", "GC008"),
    ("whole_levels.py", "scalars: messages of a batch by fancy +=",
     """                np.add.at(adjoints, a, message)  # `adjoints[a] += message` would lose all but one use of a node
""",
     """                adjoints[a] += message
""", "F01"),
    ("dag.py", "returns the gradients alone",
     """    return value, grads, {name: answer(i) for i, name in enumerate(graph.names)}
""",
     """    return grads
""", "F78", "GC007"),
    ("dag.py", "gradients of the inputs, too",
     """    grads = {graph.names[i]: answer(i) for i in graph.parameters}
""",
     """    grads = {graph.names[i]: answer(i) for i in graph.free}
""", "GC009"),
    # rules.py, stable.py: 8
    ("rules.py", "unbroadcast takes the first copy",
     """    return np.reshape(np.sum(message, axis=(*range(added), *stretched)), shape)
""",
     """    first = tuple(slice(1) if k < added or k in stretched else slice(None) for k in range(message.ndim))
    return np.reshape(message[first], shape)
""", "F50"),
    ("rules.py", "a sum's cotangent is widened only if it does not broadcast as it is",
     """    return (np.broadcast_to(_widen(g, x, axis, keepdims), x.shape),)
""",
     """    fits = g.ndim > 0 and g.shape == x.shape[-g.ndim :]
    return (np.broadcast_to(g if fits else _widen(g, x, axis, keepdims), x.shape),)
""", "F54"),
    ("rules.py", "matmul: the right factor is transposed only where shapes ask for it",
     """    x_bar = np.matmul(g, np.swapaxes(columns, -1, -2))
""",
     """    x_bar = np.matmul(g, columns if g.shape[-1] == columns.shape[-2] else np.swapaxes(columns, -1, -2))
""", "F58"),
    ("rules.py", "cross-entropy: y - t",
     """    (to_logits,) = _log_softmax(-targets, v, logits, axis)
""",
     """    to_logits = softmax(logits, axis) - targets
""", "F64"),
    ("rules.py", "sigmoid by tanh, without the half inside",
     """    "sigmoid": Rule(stable.sigmoid, lambda g, v, x: (g * stable.sigmoid_slope(x),)),
""",
     """    "sigmoid": Rule(lambda x: 0.5 * (1.0 + np.tanh(x)), lambda g, v, x: (g * 0.5 * stable.tanh_slope(x),)),
""", "F42"),
    ("rules.py", "tanh's slope taken at v",
     """(g * stable.tanh_slope(x),)),
""",
     """(g * stable.tanh_slope(v),)),
""", "F20"),
    ("rules.py", "logsumexp: softmax over the last axis whatever the axis",
     """    return (_widen(g, x, axis, keepdims) * softmax(x, axis),)
""",
     """    return (_widen(g, x, axis, keepdims) * softmax(x, -1),)
""", "logsumexp"),
    ("stable.py", "the complement is 1 - e before the division",
     """    others = np.where(e == 1.0, rest, total - e)
""",
     """    others = np.where(e == 1.0, rest, 1.0 - e)
""", "log_softmax", "cross_entropy"),
)
