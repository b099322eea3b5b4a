"""Forty edits of networks and trainings, written down unseen by the diagnosis after it had been mended; see `planted`.

First look (13cab79): 39 of 40 caught, 35 named rightly, none by a name not its own. Missed: neurons visited in the order of
their declaration (no network declared them in another). Spent by what they showed.
"""
# ruff: noqa: E501
# fmt: off

ROWS = (
    # ---------------------------------------------------------------- mlp.py
    ("mlp.py", "only activations are stored, to save memory", """            z.append(a[l - 1] @ given[f"W{l}"].T + (given[f"b{l}"] if mlp.bias else 0.0))
            a.append(activate(activation, z[l]))
""", """            z.append(activate(activation, a[l - 1] @ given[f"W{l}"].T + (given[f"b{l}"] if mlp.bias else 0.0)))
            a.append(z[l])
""", "F100"),
    ("mlp.py", "closed forms for sigmoid and tanh, fed with z", """    (z_bar,) = RULES[activation].vjp(a_bar, a, z)
""", """    closed = {"sigmoid": lambda s: s * (1.0 - s), "tanh": lambda s: 1.0 - s * s}
    if activation in closed:
        return np.asanyarray(a_bar * closed[activation](z))
    (z_bar,) = RULES[activation].vjp(a_bar, a, z)
""", "F101"),
    ("mlp.py", "loop variable from the forward pass used before it is renewed", """            delta = slope_times(mlp.activations[l - 1], z[l], a[l], a_bar)
""", """            delta = slope_times(activation, z[l], a[l], a_bar)
            activation = mlp.activations[l - 1]
""", "F102"),
    ("mlp.py", "a (1 - a) from the textbook's example", """    (z_bar,) = RULES[activation].vjp(a_bar, a, z)
    return np.asanyarray(z_bar)
""", """    return np.asanyarray(a_bar * a * (1 - a))
""", "F103"),
    ("mlp.py", "output layer recognised and taken as linear", """            delta = slope_times(mlp.activations[l - 1], z[l], a[l], a_bar)
""", """            delta = a_bar if a[l] is a[-1] else slope_times(mlp.activations[l - 1], z[l], a[l], a_bar)
""", "F104"),
    ("mlp.py", "half-done refactoring: delta[L] before the loop, the rest passed down", """        grads: Gradients = {}
        for l in range(mlp.layers, 0, -1):  # noqa: E741
            delta = slope_times(mlp.activations[l - 1], z[l], a[l], a_bar)
""", """        grads: Gradients = {}
        a_bar = slope_times(mlp.activations[-1], z[-1], a[-1], a_bar)
        for l in range(mlp.layers, 0, -1):  # noqa: E741
            delta = a_bar
""", "F105"),
    ("mlp.py", "delta kept from the round before where it fits", """            delta = slope_times(mlp.activations[l - 1], z[l], a[l], a_bar)
            grads[f"W{l}"] = delta.T @ a[l - 1]
""", """            ready = delta if l < mlp.layers else None
            delta = slope_times(mlp.activations[l - 1], z[l], a[l], a_bar)
            if ready is None or ready.shape != delta.shape:
                ready = delta
            grads[f"W{l}"] = ready.T @ a[l - 1]
""", "F106"),
    ("mlp.py", "layers zipped with reversed activations, one too far", """        for l in range(mlp.layers, 0, -1):  # noqa: E741
            delta = slope_times(mlp.activations[l - 1], z[l], a[l], a_bar)
            grads[f"W{l}"] = delta.T @ a[l - 1]
""", """        for l, below in zip(range(mlp.layers, 0, -1), reversed(a)):  # noqa: E741
            delta = slope_times(mlp.activations[l - 1], z[l], a[l], a_bar)
            grads[f"W{l}"] = delta.T @ below
""", "F107", "GC010", "GC004"),
    ("mlp.py", "step taken inside the backward loop", """                a_bar = delta @ given[f"W{l}"]
""", """                stepped = given[f"W{l}"] - 0.1 * grads[f"W{l}"]
                a_bar = delta @ stepped
""", "F109"),
    ("mlp.py", "message written for columns, without the transpose", """                a_bar = delta @ given[f"W{l}"]
""", """                a_bar = np.dot(given[f"W{l}"], delta.T).T  # samples are columns here
""", "F110", "GC004"),
    ("mlp.py", "outer product the wrong way, reshaped to fit", """            grads[f"W{l}"] = delta.T @ a[l - 1]
""", """            grads[f"W{l}"] = np.reshape(a[l - 1].T @ delta, np.shape(given[f"W{l}"]))
""", "F111"),
    ("mlp.py", "np.resize makes the bias gradient fit", """                grads[f"b{l}"] = np.sum(delta, axis=0)
""", """                grads[f"b{l}"] = np.resize(delta, np.shape(given[f"b{l}"]))
""", "F114"),
    ("mlp.py", "a loop over samples which assigns", """            grads[f"W{l}"] = delta.T @ a[l - 1]
            if mlp.bias:
                grads[f"b{l}"] = np.sum(delta, axis=0)
""", """            for error, before in zip(delta, a[l - 1]):
                grads[f"W{l}"] = np.outer(error, before)
                if mlp.bias:
                    grads[f"b{l}"] = error
""", "F115", "F114"),
    ("mlp.py", "a division in place left over beside the new one", """            value, a_bar = value / mlp.batch, a_bar / mlp.batch
""", """            a_bar /= mlp.batch
            value, a_bar = value / mlp.batch, a_bar / mlp.batch
""", "F117"),
    ("mlp.py", "divided by the size of the error matrix", """            value, a_bar = value / mlp.batch, a_bar / mlp.batch
""", """            value, a_bar = value / len(a_bar), a_bar / a_bar.size
""", "F118"),
    ("mlp.py", "the two squared losses merged, one slope for both", """    if loss == "half_squared":  # C = 1/2 |y - t|^2 (S1, S4)
        return 0.5 * np.sum(np.square(y - t)), y - t
    if loss == "squared":  # C = |y - t|^2, so that the base case is 2 (a[L] - y) (S3)
        return np.sum(np.square(y - t)), 2.0 * (y - t)
""", """    if loss.endswith("squared"):
        error = y - t
        return (0.5 if loss.startswith("half") else 1.0) * np.sum(error * error), error
""", "F119"),
    ("mlp.py", "softmax's own slope on top of y - t", """        return np.sum(losses), rule.vjp(np.ones_like(losses), losses, y, t)[0]
""", """        p = RULES["softmax"].value(y)
        return np.sum(losses), (p - t) * p * (1.0 - p)
""", "F121"),
    ("mlp.py", "all gradients decayed in one comprehension", """            for l in range(1, mlp.layers + 1):  # noqa: E741
                weights = given[f"W{l}"]
                value = value + 0.5 * mlp.l2 * np.sum(np.square(weights))
                grads[f"W{l}"] = grads[f"W{l}"] + mlp.l2 * weights
""", """            value = value + 0.5 * mlp.l2 * sum(np.sum(np.square(given[f"W{l}"])) for l in range(1, mlp.layers + 1))
            grads = {name: g + mlp.l2 * given[name] for name, g in grads.items()}
""", "F122"),
    # ---------------------------------------------------------------- neurons.py
    ("neurons.py", "S2's pseudo-code: all back lists, one after the other", """        for v in order:
            in_grad = slope_times""", """        feeding = {u for u, _ in network.edges}
        visits = [v for v in order if v not in feeding]
        visits += [u for w in order for u in network.back(w) if u in network.neurons]
        for v in visits:
            in_grad = slope_times""", "F130", "F02"),
    ("neurons.py", "breadth first from the sinks, nothing counted or ticked off", """        for u in network.back(v):
            if u in successors:
                successors[u] -= 1
                if not successors[u]:
                    order.append(u)
""", """        order.extend(u for u in network.back(v) if u in successors)
""", "F130", "F02"),
    ("neurons.py", "the signal of the sender, the output only for inputs", """                grads[weight(u, v)] = np.sum(in_grad * out[u])  # over the samples
""", """                grads[weight(u, v)] = np.dot(in_grad, signal.get(u, out[u]))
""", "F131"),
    ("neurons.py", "the network is thought to have one activation", """            in_grad = slope_times(network.neurons[v], signal[v], out[v], out_grad[v])
""", """            activation, *_ = network.neurons.values()
            in_grad = slope_times(activation, signal[v], out[v], out_grad[v])
""", "F132"),
    ("neurons.py", "zeros for all that feed are merged over the seeds", """        out_grad: dict[str, Array] = {v: np.zeros(network.batch, dtype) for v in (*network.inputs, *order)}
        for k, v in enumerate(network.loss_neurons):
            out_grad[v] = out_grad[v] + y_bar[:, k]
""", """        nothing = np.zeros(network.batch, dtype)
        seeds = {v: y_bar[:, k] for k, v in enumerate(network.loss_neurons)}
        out_grad: dict[str, Array] = {**dict.fromkeys(order, nothing), **seeds, **{u: nothing for u, _ in network.edges}}
""", "F133"),
    ("neurons.py", "messages delivered by dict.update", """                out_grad[u] = out_grad[u] + in_grad * given[weight(u, v)]
""", """            out_grad.update({u: in_grad * given[weight(u, v)] for u in network.back(v)})
""", "F133", "F01", "F19"),
    ("neurons.py", "a set of the neurons that have heard already", """        grads: Gradients = {}
        for v in order:
            in_grad = slope_times(network.neurons[v], signal[v], out[v], out_grad[v])
            for u in network.back(v):
                grads[weight(u, v)] = np.sum(in_grad * out[u])  # over the samples
                out_grad[u] = out_grad[u] + in_grad * given[weight(u, v)]
""", """        grads: Gradients = {}
        heard = set(network.loss_neurons)
        for v in order:
            in_grad = slope_times(network.neurons[v], signal[v], out[v], out_grad[v])
            for u in network.back(v):
                grads[weight(u, v)] = np.sum(in_grad * out[u])  # over the samples
                if u not in heard:
                    heard.add(u)
                    out_grad[u] = in_grad * given[weight(u, v)]
""", "F08", "F09", "F19"),
    ("neurons.py", "blame shared among the users", """            in_grad = slope_times(network.neurons[v], signal[v], out[v], out_grad[v])
""", """            uses = sum(u == v for u, _ in network.edges) + (v in network.loss_neurons)
            in_grad = slope_times(network.neurons[v], signal[v], out[v], out_grad[v] / max(uses, 1))
""", "F10"),
    ("neurons.py", "the successor counts are a mutable default", """def enumeration(network: NeuronDAG) -> list[str]:
    \"\"\"S2's v_1, v_2, ...: all neurons, each a sink once Loss and the earlier ones are removed; O(|V| + |E|).\"\"\"
    successors = dict.fromkeys(network.neurons, 0)
""", """def enumeration(network: NeuronDAG, successors: dict[str, int] = {}) -> list[str]:
    \"\"\"S2's v_1, v_2, ...: all neurons, each a sink once Loss and the earlier ones are removed; O(|V| + |E|).\"\"\"
    successors.update((v, 0) for v in network.neurons)
""", "GC023", "GC004"),
    ("neurons.py", "backward through the neurons as they were declared", """        for v in order:
            in_grad = slope_times""", """        for v in reversed(network.neurons):
            in_grad = slope_times""", "F04", "F03"),
    # ---------------------------------------------------------------- sgd.py
    ("sgd.py", "AdaGrad's G made anew inside the update", """        squares: Arrays = {name: np.zeros_like(w) for name, w in training.parameters.items()}

        def adagrad(t: int, g: Arrays) -> Arrays:
""", """        def adagrad(t: int, g: Arrays) -> Arrays:
            squares: Arrays = {name: np.zeros_like(w) for name, w in g.items()}
""", "F140"),
    ("sgd.py", "AdaGrad's scale without its root", """            return {name: rule.rate * value / (np.sqrt(squares[name]) + rule.epsilon) for name, value in g.items()}
""", """            scale = {name: rule.rate / (rule.epsilon + total) for name, total in squares.items()}
            return {name: scale[name] * value for name, value in g.items()}
""", "F141"),
    ("sgd.py", "step number raised before the schedule sees it", """            change = update(len(steps), gradient)
""", """            t = len(steps) + 1
            change = update(t, gradient)
""", "F142"),
    ("sgd.py", "t is divided down to epochs", """            change = update(len(steps), gradient)
""", """            change = update(len(steps) // -(-training.samples // training.batch_size), gradient)
""", "F143"),
    ("sgd.py", "each batch drawn on its own", """    shuffled = random.permutation(samples)
    return (shuffled[start : start + size] for start in range(0, samples, size))
""", """    return (random.choice(samples, min(size, samples - start), replace=False) for start in range(0, samples, size))
""", "F144"),
    ("sgd.py", "permutation reshaped to a matrix of batches", """    return (shuffled[start : start + size] for start in range(0, samples, size))
""", """    return iter(shuffled[: samples // size * size].reshape(-1, size))
""", "F145"),
    ("sgd.py", "descent direction made first, then subtracted", """            change = update(len(steps), gradient)
""", """            descent = {name: -g for name, g in gradient.items()}
            change = update(len(steps), descent)
""", "F146"),
    ("sgd.py", "the initial parameters win in a merged dict", """            _, gradient = mlp_gradients(training.problem(len(batch)), training.point(batch, parameters))
""", """            at = {**training.point(batch, parameters), **training.initial}
            _, gradient = mlp_gradients(training.problem(len(batch)), at)
""", "F147"),
    ("sgd.py", "network rebuilt per batch, the reduction picked from a pair by a boolean", """            _, gradient = mlp_gradients(training.problem(len(batch)), training.point(batch, parameters))
""", """            net = training.mlp
            reduction = ("mean", "sum")[training.reduction == "mean"]
            net = type(net)(net.sizes, net.activations, net.loss, reduction, net.l2, len(batch), net.bias)
            _, gradient = mlp_gradients(net, training.point(batch, parameters))
""", "F148"),
    ("sgd.py", "steps counted before the step is stored", """            steps.append((batch, parameters))
            if len(steps) == training.steps or (until.when and until.when(len(steps), parameters)):
                return steps
""", """            taken = len(steps)
            steps.append((batch, parameters))
            if taken == training.steps or (until.when and until.when(len(steps), parameters)):
                return steps
""", "F149"),
    ("sgd.py", "the gradient's norm is looked at after the step", """            if until.gradient_norm is not None and _norm(gradient) <= until.gradient_norm:
                return steps
            change = update(len(steps), gradient)
            parameters = {name: w - change[name].astype(w.dtype) for name, w in parameters.items()}
            steps.append((batch, parameters))
""", """            change = update(len(steps), gradient)
            parameters = {name: w - change[name].astype(w.dtype) for name, w in parameters.items()}
            steps.append((batch, parameters))
            if until.gradient_norm is not None and _norm(gradient) <= until.gradient_norm:
                return steps
""", "F149"),
    ("sgd.py", "AdaGrad's G kept on the function, like a static variable", """        squares: Arrays = {name: np.zeros_like(w) for name, w in training.parameters.items()}
""", """        key = tuple((name, np.shape(w)) for name, w in training.parameters.items())
        squares: Arrays = vars(schedule).setdefault(key, {name: np.zeros_like(w) for name, w in training.parameters.items()})
""", "GC021", "GC023"),
)
