"""An engine of five ops whose exp passes on what arrives, as if its slope were 1.

# mistake: slope-forgotten
# where: exp
"""

import numpy as np

OPS = {
    "add": (lambda a, b: a + b, lambda g, y, a, b: (g, g)),
    "mul": (lambda a, b: a * b, lambda g, y, a, b: (g * b, g * a)),
    "exp": (np.exp, lambda g, y, a: (g,)),
    "tanh": (np.tanh, lambda g, y, a: (g / np.cosh(a) ** 2,)),
    "square": (np.square, lambda g, y, a: (g * 2 * a,)),
}


def gradients(graph, point):
    nodes = [graph.node(int(i)) for i in graph.order]
    values, arrived = {}, {node.name: np.zeros(node.shape) for node in nodes}
    for node in nodes:
        arguments = [values[name] for name in node.inputs]
        if node.inputs:
            values[node.name] = OPS[node.op][0](*arguments)
        else:
            values[node.name] = point[node.name] if node.value is None else node.value
    loss = graph.names[graph.loss]
    arrived[loss] = np.ones(())
    for node in reversed(nodes):
        arguments = [values[name] for name in node.inputs]
        passed = OPS[node.op][1](arrived[node.name], values[node.name], *arguments) if node.inputs else ()
        for name, g in zip(node.inputs, passed):
            arrived[name] = arrived[name] + summed_to(np.shape(values[name]), g)
    return values[loss], {graph.names[i]: arrived[graph.names[i]] for i in graph.parameters}


def summed_to(shape, g):
    g = np.sum(g, axis=tuple(range(np.ndim(g) - len(shape))))
    return np.sum(g, axis=tuple(k for k, n in enumerate(shape) if n == 1), keepdims=True)
