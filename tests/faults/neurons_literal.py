"""S2's pseudo-code read literally: a neuron is visited once per successor, and passes its whole in_grad each time."""

import numpy as np

from gradcheck.problem.networks import target, weight

ACTIVATIONS = {
    "identity": (lambda z: z, np.ones_like),
    "tanh": (np.tanh, lambda z: 1.0 - np.tanh(z) ** 2),
    "sigmoid": (lambda z: 1.0 / (1.0 + np.exp(-z)), lambda z: np.exp(-z) / (1.0 + np.exp(-z)) ** 2),
}


def neuron_gradients(network, point):
    order = network.order()
    out, signal = {u: point[u] for u in network.inputs}, {}
    for v in order:
        signal[v] = sum(point[weight(u, v)] * out[u] for u in network.back(v))
        out[v] = ACTIVATIONS[network.neurons[v]][0](signal[v])
    errors = {v: out[v] - point[target(v)] for v in network.loss_neurons}
    value = sum(np.sum(0.5 * e**2) for e in errors.values()) / network.batch
    out_grad = {v: np.zeros(network.batch) for v in out}
    for v, error in errors.items():
        out_grad[v] = error / network.batch
    grads = {name: np.zeros(()) for name in network.parameter_shapes}
    for successor in ["Loss", *reversed(order)]:  # for n = 1, 2, ... and v in back(v_{n-1})
        for v in network.loss_neurons if successor == "Loss" else network.back(successor):
            if v in network.inputs:
                continue
            in_grad = out_grad[v] * ACTIVATIONS[network.neurons[v]][1](signal[v])
            for u in network.back(v):
                grads[weight(u, v)] = np.sum(in_grad * out[u])
                out_grad[u] = out_grad[u] + in_grad * point[weight(u, v)]
    return value, grads
