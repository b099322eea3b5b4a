"""Correct gradients of a DAG of neurons in plain NumPy; a file beside it overrides one method, and is wrong by it."""

import numpy as np
from _maps import ACTIVATIONS, LOSSES

from gradcheck.problem.neuron_dag import target, weight


class Neurons:
    """S2's algorithm: in_grad and out_grad of every vertex."""

    def __init__(self, network, point):
        self.network, self.point = network, point

    def visits(self, order):
        """The neurons in the order in which the backward pass visits them: each once, after all its successors."""
        return list(reversed(order))

    def gradients(self, out_grad=None):
        """The loss and every gradient; out_grad of every vertex is left in the dictionary given, if any."""
        network, point = self.network, self.point
        order, dtype = network.order(), point[network.inputs[0]].dtype
        out, signal = {u: point[u] for u in network.inputs}, {}
        for v in order:
            signal[v] = sum(point[weight(u, v)] * out[u] for u in network.back(v))
            out[v] = ACTIVATIONS[network.neurons[v]][0](signal[v])
        outputs = np.stack([out[v] for v in network.loss_neurons], axis=1)
        targets = np.stack([point[target(v)] for v in network.loss_neurons], axis=1)
        value, slope = LOSSES[network.loss](outputs, targets)
        if network.reduction == "mean":
            value, slope = value / network.batch, slope / network.batch
        out_grad = {} if out_grad is None else out_grad
        out_grad.update({v: np.zeros(network.batch, dtype) for v in out})
        for k, v in enumerate(network.loss_neurons):
            out_grad[v] = slope[:, k]
        grads = {}
        for v in self.visits(order):
            in_grad = out_grad[v] * ACTIVATIONS[network.neurons[v]][1](signal[v])
            for u in network.back(v):
                grads[weight(u, v)] = np.asarray(np.sum(in_grad * out[u]), dtype)
                out_grad[u] = out_grad[u] + in_grad * point[weight(u, v)]
        return np.asarray(value, dtype), grads
