"""Sixty edits over all engines, written down unseen by the diagnosis: engine, what, old text, new text, marks (see `planted`).

Written from the catalogue's rows, the engines and the grader alone, and committed before the harness was first put to
them. First look (8a5dba5): 59 of 60 caught, 43 named rightly. Missed: recursion on Python's own stack, which no built-in
graph is deep enough to show. Of the other 16, seven were given a name that was not theirs (two names for one, or
another's); one was said outright in words that its marks do not list ("constant rate uphill": the update is added).
Once the diagnosis is mended by what they showed, these, too, are spent.
"""
# ruff: noqa: E501 - a table of source lines reads best unbroken
# fmt: off

MESSAGES = "    for i in inner:\n        upstream, at = adjoints[i], graph.arguments(i)\n        assert upstream is not None, \"a node's users come before it, and each has sent its message\"\n"
LEAF = "tape[node.name] = Value(point[node.name] if node.value is None else node.value)\n"
STEP = "grads[name][entry] = tangent({name: unit}, moving, pushes, loss)"

ROWS = (
    # dag.py
    ("dag.py", "pulls ones back", "pullback(rule_of(graph, i), upstream, values[i]", "pullback(rule_of(graph, i), np.ones_like(upstream), values[i]", "F12"),
    ("dag.py", "by falling index", MESSAGES, "    for i in sorted(inner, reverse=True):\n        upstream, at = adjoints[i], graph.arguments(i)\n        if upstream is None:\n            continue\n", "F04"),
    ("dag.py", "breadth first from the loss", MESSAGES, "    walk = [graph.loss]\n    for i in walk:\n        upstream, at = adjoints[i], graph.arguments(i)\n        if i in leaves or upstream is None:\n            continue\n        for a in at:\n            if a not in walk:\n                walk.append(a)\n", "F03"),
    ("dag.py", "equal arrays are done already", MESSAGES, "    done: list[Array] = []\n    for i in inner:\n        upstream, at = adjoints[i], graph.arguments(i)\n        if upstream is None or any(np.array_equal(values[i], other) for other in done):\n            continue\n        done.append(values[i])\n", "F05"),
    ("dag.py", "answers transposed", "else np.array(adjoint, dtype)", "else np.array(adjoint, dtype).T", "F59", "GC010"),
    ("dag.py", "zeros left out", "grads = {graph.names[i]: answer(i) for i in graph.parameters}", "grads = {graph.names[i]: answer(i) for i in graph.parameters if np.any(answer(i))}", "F76", "GC008"),
    ("dag.py", "value in an array of one", "value = np.array(loss, dtype)", "value = np.array([loss], dtype)", "GC010"),
    ("whole_levels.py", "clips on the way", "batch.rule.vjp(adjoints[batch.nodes], values", "batch.rule.vjp(np.clip(adjoints[batch.nodes], -1.0, 1.0), values", "F83", "GC025"),
    # rules.py and stable.py
    ("rules.py", "sub's signs exchanged", "lambda g, v, x, y: (g, -g))", "lambda g, v, x, y: (-g, g))", "sub"),
    ("rules.py", "div without its numerator", "-g * (v / y))", "-g / (y * y))", "div"),
    ("rules.py", "square at the output", "(g * 2.0 * x,)", "(g * 2.0 * v,)", "square"),
    ("rules.py", "sqrt times its root", "(g / (2.0 * v),)", "(g * 0.5 * v,)", "sqrt"),
    ("rules.py", "relu sends the sign", "(g * (x > 0),)),  # slope 0", "(g * np.sign(x),)),  # slope 0", "relu"),
    ("rules.py", "tanh computed for sigmoid", '"sigmoid": Rule(stable.sigmoid,', '"sigmoid": Rule(np.tanh,', "sigmoid"),
    ("rules.py", "minimum computes maximum", '"minimum": Rule(np.minimum,', '"minimum": Rule(np.maximum,', "minimum"),
    ("rules.py", "pow takes the exponent's log", "log_x = np.log(np.where(x > 0, x, np.ones_like(x)))", "log_x = np.log(np.where(y > 0, y, np.ones_like(y)))", "pow"),
    ("rules.py", "mean over one axis by all", "_sum(g / (x.size // max(1, v.size)), v,", "_sum(g / max(1, x.size), v,", "mean"),
    ("rules.py", "logsumexp along the last axis", "* softmax(x, axis),)", "* softmax(x, -1),)", "logsumexp"),
    ("rules.py", "targets get probabilities", "return g * to_logits, -g * log_softmax(logits, axis)", "return g * to_logits, -g * softmax(logits, axis)", "cross_entropy"),
    ("rules.py", "transpose reshaped back", "return (np.transpose(g, None if axes is None else np.argsort([a % x.ndim for a in axes]).tolist()),)", "return (np.reshape(g, x.shape),)", "transpose"),
    ("rules.py", "fancy += in take", "np.add.at(np.moveaxis(x_bar, axis, 0), index, picked)", "np.moveaxis(x_bar, axis, 0)[index] += picked", "F61"),
    ("stable.py", "tanh's square inside", "4.0 * q / np.square(1.0 + q)", "4.0 * q / (1.0 + np.square(q))", "tanh"),
    ("stable.py", "gelu's density not normal", "np.exp(-0.5 * np.square(x)) / np.sqrt(2.0 * np.pi).astype(x.dtype)", "np.exp(-0.5 * np.square(x))", "gelu"),
    # recursive.py
    ("recursive", "a user is asked once", "for user, k in uses[name]:", "for user, k in {user.name: (user, k) for user, k in uses[name]}.values():", "F07"),
    ("recursive", "one user is remembered", "uses[argument].append((node, k))", "uses[argument] = [(node, k)]", "F01", "F09"),
    ("recursive", "stretched axes averaged", "message = np.sum(message, axis=axis, keepdims=True)", "message = np.mean(message, axis=axis, keepdims=True)", "F51"),
    ("recursive", "the last copy", "message = np.sum(message, axis=0)", "message = message[-1]", "F50"),
    ("recursive", "right factor's outer product", "return np.asanyarray(np.swapaxes(x, -1, -2) @ g)", "return np.asanyarray(np.swapaxes(g, -1, -2) @ x)", "F59", "GC010"),
    ("recursive", "Python's own stack", "        waiting = [(name, self.function(name))]\n        reply = None\n", "        call, answer = self.function(name), None\n        try:\n            while True:\n                answer = self(call.send(answer))\n        except StopIteration as end:\n            self.known[name] = end.value\n            return end.value\n        waiting = [(name, self.function(name))]\n        reply = None\n", "GC004"),
    ("recursive", "NaN where nothing came", "np.zeros(nodes[name].shape, dtype) if a is None", "np.full(nodes[name].shape, np.nan, dtype) if a is None", "GC013"),
    ("recursive", "sine at the output", "g * np.cos(x),)", "g * np.cos(v),)", "sin"),
    ("recursive", "tan without its square", "g / np.square(np.cos(x))", "g / np.cos(x)", "tan"),
    ("recursive", "elu lacks its alpha", "g * alpha * np.exp(np.where(x > 0, 0.0, x))", "g * v", "elu"),
    ("recursive", "log softmax without the sum of g", "return np.asanyarray(complement * g - y * (np.sum(g, axis=axis, keepdims=True) - g))", "return np.asanyarray(g - y)", "log_softmax", "cross_entropy"),
    # tape.py
    ("tape", "first message kept", "self.adjoint = message if self.adjoint is None else self.adjoint + message", "self.adjoint = message if self.adjoint is None else self.adjoint", "F08"),
    ("tape", "leaves keep their adjoints", LEAF, "data = point[node.name] if node.value is None else node.value\n                leaf = vars(gradients).setdefault((node.name, np.shape(data)), Value(data))\n                leaf.data = data\n                tape[node.name] = leaf\n", "F70", "GC021", "GC023"),
    ("tape", "every slope at the output", "x.receive(g * slope(x.data, v, **attributes))", "x.receive(g * slope(v, v, **attributes))", "F20", "F22", "F30", "F100"),
    ("tape", "exp in place", '"exp": elementwise(np.exp,', '"exp": elementwise(lambda x: np.exp(x, out=x),', "GC020"),
    ("tape", "max to the smallest", "np.max(rows, axis=-1), largest)", "np.max(rows, axis=-1), lambda rows: largest(-rows))", "max"),
    ("tape", "targets' sign", "rolled(-log_y * rows", "rolled(log_y * rows", "cross_entropy"),
    ("tape", "transposed once more", "np.transpose(g, back)", "np.transpose(g, order)", "F67"),
    ("tape", "left factor not transposed", "np.swapaxes(a, -1, -2) @ g", "(a if a.shape[-1] == a.shape[-2] else np.swapaxes(a, -1, -2)) @ g", "F58"),
    ("tape", "names of derivatives", "{graph.names[i]: adjoints[graph.names[i]] for i in graph.parameters}", '{f"d{graph.names[i]}": adjoints[graph.names[i]] for i in graph.parameters}', "GC008", "GC009"),
    # forward_mode.py
    ("forward", "central differences", STEP, "ahead, behind = ({**point, name: point[name] + h * unit} for h in (1e-3, -1e-3))\n                grads[name][entry] = (forward(nodes, ahead, dtype)[loss] - forward(nodes, behind, dtype)[loss]) / 2e-3", "F81"),
    ("forward", "a scalar's gradient of shape (1,)", "grads[name] = np.zeros(shape, dtype)", "grads[name] = np.zeros(shape or (1,), dtype)", "F77", "GC010"),
    ("forward", "values in single precision", "values[node.name] = np.asanyarray(value, dtype=dtype)", "values[node.name] = np.asanyarray(value, dtype=np.float32)", "F80", "GC011"),
    ("forward", "noise on the units", "unit[entry] = 1.0", "unit[entry] = np.random.normal(1.0, 1e-3)", "F75", "GC021"),
    ("forward", "gradients of inputs, too", "for i in graph.parameters:", "for i in graph.free:", "GC009"),
    ("forward", "sum as mean", '"sum": lambda v, x, axis, keepdims: (lambda t: np.sum(t,', '"sum": lambda v, x, axis, keepdims: (lambda t: np.mean(t,', "F56"),
    ("forward", "relu's sides exchanged", "times(np.where(x > 0, 1.0, slope))", "times(np.where(x > 0, slope, 1.0))", "relu", "leaky_relu"),
    # networks and trainings of reference/
    ("mlp.py", "divided again when handed out", "np.asarray(grads[name], dtype) for name", 'np.array(grads[name] / (mlp.batch if mlp.reduction == "mean" else 1), dtype) for name', "F117"),
    ("mlp.py", "bias of the last sample", "np.sum(delta, axis=0)", "delta[-1]", "F114"),
    ("mlp.py", "sign of the error, logistic", "(1.0 - t) * sigmoid(y) - t * sigmoid(-y)", "t - sigmoid(y)", "F120"),
    ("mlp.py", "activation of the layer below", "mlp.activations[l - 1], z[l]", "mlp.activations[max(l - 2, 0)], z[l]", "F102"),
    ("neurons.py", "listed whenever reached", "successors[u] -= 1\n                if not successors[u]:\n                    order.append(u)", "order.append(u)", "F130"),
    ("neurons.py", "averaged over the samples", "np.sum(in_grad * out[u])", "np.mean(in_grad * out[u])", "F51", "F117"),
    ("sgd.py", "AdaGrad sums in vain", "np.sqrt(squares[name])", "np.sqrt(np.square(value))", "F140"),
    ("sgd.py", "counts steps from 1", "update(len(steps), gradient)", "update(len(steps) + 1, gradient)", "F142"),
    ("sgd.py", "each batch chosen anew", "(shuffled[start : start + size] for start", "(random.choice(samples, min(size, samples - start), replace=False) for start", "F144", "GC061"),
    ("sgd.py", "constant rate uphill", "rule.rate * value for name, value in g.items()}\n    if isinstance(rule, Decay)", "-rule.rate * value for name, value in g.items()}\n    if isinstance(rule, Decay)", "F146"),
)
