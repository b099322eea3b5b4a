"""Backprop through a network of single neurons (S2), done right.

S2 wants dLoss/dw for the weight on every edge u -> v, and finds that the loss depends on it only through out(v):

    dLoss/dw(u->v) = dLoss/dout(v) * sigma_v'(in(v)) * out(u)                        (S2, equations 1 and 2)

so it remains to compute out_grad[v] = dLoss/dout(v) for every vertex. S2 takes the vertices in an order in which each
is a sink once the earlier ones are removed: **each vertex once, after all its successors**. Then out_grad[v] is
complete when v's turn comes, and in_grad[v] = out_grad[v] * sigma_v'(in(v)) is passed back once along each edge.

The pseudo-code printed in S2 says instead "for n = 1, ..., |V| and v in back(v_{n-1})". Read literally, that visits v
once for every successor, and passes its whole in_grad back each time: a neuron with two successors sends it twice.

Each edge is walked once forward and once backward, as S2 demands: backprop costs what running the network costs.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from gradcheck.problem import Point
from gradcheck.problem.neuron_dag import NeuronDAG, target, weight
from gradcheck.problem.ops import Array

from .mlp import activate, loss_and_slope, slope_times

Gradients = dict[str, Array]


def neuron_gradients(network: NeuronDAG, point: Point) -> tuple[Array, Gradients]:
    """The loss of the batch and its gradient.

    Parameters
    ----------
    network: neurons, edges, inputs, loss neurons.
    point: each input and target, shape (batch,), and a weight of shape () per edge; the dtype computed in is theirs.

    Returns
    -------
    value: the loss, shape ().
    grads: dLoss/dw(u->v), shape (), by the weight's name.

    Examples
    --------
    u feeds both v and y: x = 1, out(u) = 3, out(v) = 2 * 3 = 6, out(y) = 3 + 5 * 6 = 33. With target 32, dLoss/dy = 1,
    so that out_grad[v] = 5 and out_grad[u] = 1 + 2 * 5 = 11: both successors count, each once.

    >>> edges = [("x", "u"), ("u", "v"), ("u", "y"), ("v", "y")]
    >>> network = NeuronDAG(dict.fromkeys("uvy", "identity"), edges, inputs=["x"], loss_neurons=["y"])
    >>> weights = {weight(*edge): np.array(value) for edge, value in zip(edges, [3.0, 2.0, 1.0, 5.0])}
    >>> value, grads = neuron_gradients(network, {"x": np.array([1.0]), target("y"): np.array([32.0]), **weights})
    >>> float(value), [float(grads[weight(*edge)]) for edge in edges]
    (0.5, [11.0, 15.0, 3.0, 6.0])
    """
    names = (*network.input_shapes, *network.parameter_shapes)
    given: dict[str, Any] = {name: np.asanyarray(point[name]) for name in names}
    dtype = np.result_type(*given.values())
    order = enumeration(network)
    with np.errstate(all="ignore"):  # an infinity or NaN shows in the answer, where it is judged
        # Forward: in(v) and out(v), shape (batch,).
        signal: dict[str, Array] = {}
        out: dict[str, Array] = {u: given[u] for u in network.inputs}
        for v in reversed(order):
            signal[v] = sum((given[weight(u, v)] * out[u] for u in network.back(v)), start=np.zeros((), dtype))
            out[v] = activate(network.neurons[v], signal[v])
        y = np.stack([out[v] for v in network.loss_neurons], axis=1)
        t = np.stack([given[target(v)] for v in network.loss_neurons], axis=1)
        value, y_bar = loss_and_slope(network.loss, y, t)
        if network.reduction == "mean":
            value, y_bar = value / network.batch, y_bar / network.batch

        # Backward: Loss is vertex v_0, and starts the messages.
        out_grad: dict[str, Array] = {v: np.zeros(network.batch, dtype) for v in (*network.inputs, *order)}
        for k, v in enumerate(network.loss_neurons):
            out_grad[v] = out_grad[v] + y_bar[:, k]
        grads: Gradients = {}
        for v in order:
            in_grad = slope_times(network.neurons[v], signal[v], out[v], out_grad[v])
            for u in network.back(v):
                grads[weight(u, v)] = np.sum(in_grad * out[u])  # over the samples
                out_grad[u] = out_grad[u] + in_grad * given[weight(u, v)]
    return np.array(value, dtype), {name: np.array(grads[name], dtype) for name in network.parameter_shapes}


def enumeration(network: NeuronDAG) -> list[str]:
    """S2's v_1, v_2, ...: all neurons, each a sink once Loss and the earlier ones are removed; O(|V| + |E|)."""
    successors = dict.fromkeys(network.neurons, 0)
    for u, _ in network.edges:
        if u in successors:
            successors[u] += 1
    order = [v for v, count in successors.items() if not count]
    for v in order:  # grows while it is walked
        for u in network.back(v):
            if u in successors:
                successors[u] -= 1
                if not successors[u]:
                    order.append(u)
    return order
