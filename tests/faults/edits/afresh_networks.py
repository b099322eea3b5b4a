"""Edits of `reference/mlp.py`, `neurons.py` and `sgd.py`: engine, what, old text, new text, marks (see `planted`)."""
# ruff: noqa: E501 - a table of source lines reads best unbroken
# fmt: off

SLOPE = "delta = slope_times(mlp.activations[l - 1], z[l], a[l], a_bar)"
WEIGHTS = 'grads[f"W{l}"] = delta.T @ a[l - 1]\n'
PENALTY = 'grads[f"W{l}"] = grads[f"W{l}"] + mlp.l2 * weights\n'
AVERAGE = "value, a_bar = value / mlp.batch, a_bar / mlp.batch"
ENTROPY = "return np.sum(losses), rule.vjp(np.ones_like(losses), losses, y, t)[0]"

ROWS = (
    # mlp.py
    ("mlp.py", "formulas in a, given z", "(z_bar,) = RULES[activation].vjp(a_bar, a, z)", 'if activation in ("sigmoid", "tanh"):\n        return a_bar * (z * (1.0 - z) if activation == "sigmoid" else 1.0 - z * z)\n    (z_bar,) = RULES[activation].vjp(a_bar, a, z)', "F101"),
    ("mlp.py", "activation of the layer above", "slope_times(mlp.activations[l - 1],", "slope_times(mlp.activations[min(l, mlp.layers - 1)],", "F102"),
    ("mlp.py", "sigmoid everywhere", "RULES[activation].vjp(a_bar, a, z)", 'RULES["sigmoid"].vjp(a_bar, a, z)', "F103"),
    ("mlp.py", "last slope forgotten", SLOPE, f"{SLOPE} if l < mlp.layers else a_bar", "F104"),
    ("mlp.py", "inner slopes forgotten", SLOPE, f"{SLOPE} if l == mlp.layers else a_bar", "F105"),
    ("mlp.py", "delta of the layer above", WEIGHTS, 'grads[f"W{l}"] = (above if l < mlp.layers and above.shape == delta.shape else delta).T @ a[l - 1]\n            above = delta\n', "F106"),
    ("mlp.py", "own activation", WEIGHTS, 'grads[f"W{l}"] = delta.T @ (a[l] if a[l].shape == a[l - 1].shape else a[l - 1])\n', "F107"),
    ("mlp.py", "updated before use", 'a_bar = delta @ given[f"W{l}"]', 'a_bar = delta @ (given[f"W{l}"] - 0.01 * grads[f"W{l}"])', "F109"),
    ("mlp.py", "delta not transposed", 'a_bar = delta @ given[f"W{l}"]', 'w = given[f"W{l}"]\n                a_bar = delta @ (w.T if w.shape[0] == w.shape[1] else w)', "F110"),
    ("mlp.py", "weight gradient transposed", WEIGHTS, 'grads[f"W{l}"] = a[l - 1].T @ delta\n', "F111"),
    ("mlp.py", "bias of one sample", "np.sum(delta, axis=0)", "delta[0]", "F114"),
    ("mlp.py", "last sample only", f'{WEIGHTS}            if mlp.bias:\n                grads[f"b{{l}}"] = np.sum(delta, axis=0)', 'grads[f"W{l}"] = np.outer(delta[-1], a[l - 1][-1])\n            if mlp.bias:\n                grads[f"b{l}"] = delta[-1]', "F115"),
    ("mlp.py", "1/n twice", AVERAGE, "value, a_bar = value / mlp.batch, a_bar / mlp.batch**2", "F117"),
    ("mlp.py", "averaged over outputs", AVERAGE, "value, a_bar = value / mlp.batch, a_bar / a_bar.size", "F118"),
    ("mlp.py", "2 (a - t) for the halved loss", "return 0.5 * np.sum(np.square(y - t)), y - t", "return 0.5 * np.sum(np.square(y - t)), 2.0 * (y - t)", "F119"),
    ("mlp.py", "a - t for the whole square", "return np.sum(np.square(y - t)), 2.0 * (y - t)", "return np.sum(np.square(y - t)), y - t", "F119"),
    ("mlp.py", "softmax's slope twice", ENTROPY, "p = np.exp(y - np.max(y, axis=1, keepdims=True))\n        p = p / np.sum(p, axis=1, keepdims=True)\n        return np.sum(losses), rule.vjp(np.ones_like(losses), losses, y, t)[0] * p * (1.0 - p)", "F121"),
    ("mlp.py", "L2 on biases", PENALTY, f'{PENALTY}                if mlp.bias:\n                    grads[f"b{{l}}"] = grads[f"b{{l}}"] + mlp.l2 * given[f"b{{l}}"]\n', "F122"),
    ("mlp.py", "L2 missing", PENALTY, "pass\n", "F123"),
    ("mlp.py", "L2 doubled", "+ mlp.l2 * weights\n", "+ 2.0 * mlp.l2 * weights\n", "F125"),
    ("mlp.py", "sign of the error, whole square", "return np.sum(np.square(y - t)), 2.0 * (y - t)", "return np.sum(np.square(y - t)), 2.0 * (t - y)", "F120"),
    # neurons.py
    ("neurons.py", "read literally", "for v in order:\n            in_grad", "visits = [*network.loss_neurons, *(u for later in order for u in network.back(later) if u in network.neurons)]\n        for v in visits:\n            in_grad", "F130"),
    ("neurons.py", "the first nonlinearity", "slope_times(network.neurons[v], signal[v]", "slope_times(next(iter(network.neurons.values())), signal[v]", "F132"),
    ("neurons.py", "feeding neurons hear no loss", "out_grad[v] = out_grad[v] + y_bar[:, k]", "if all(u != v for u, _ in network.edges):\n                out_grad[v] = out_grad[v] + y_bar[:, k]", "F133"),
    # sgd.py
    ("sgd.py", "AdaGrad without its root", "(np.sqrt(squares[name]) + rule.epsilon)", "(squares[name] + rule.epsilon)", "F141"),
    ("sgd.py", "decay from t = 1", "(1.0 + rule.decay * t)", "(1.0 + rule.decay * (t + 1))", "F142"),
    ("sgd.py", "decay per epoch", "update(len(steps), gradient)", "update(epochs, gradient)", "F143"),
    ("sgd.py", "drawn with replacement", "shuffled = random.permutation(samples)", "shuffled = random.integers(0, samples, samples)", "F144", "GC061"),
    ("sgd.py", "first parameters", "training.point(batch, parameters))", "training.point(batch, training.parameters))", "F147"),
    ("sgd.py", "batch summed", "change = update(len(steps), gradient)", 'factor = len(batch) if training.reduction == "mean" else 1.0 / len(batch)\n            change = update(len(steps), {name: factor * slope for name, slope in gradient.items()})', "F148"),
    ("sgd.py", "one step too many", "if len(steps) == training.steps or", "if len(steps) > training.steps or", "F149", "GC062"),
)
