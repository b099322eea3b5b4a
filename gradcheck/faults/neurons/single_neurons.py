"""The textbook's backprop over single neurons (S2), one decision per method, for the faults of neurons to override."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from gradcheck.faults.mlps.delta_recursion import activate, average, losses, outer_slope, slope
from gradcheck.problem import Point
from gradcheck.problem.neuron_dag import NeuronDAG, target, weight
from gradcheck.problem.ops import Array

Gradients = dict[str, Array]


class Neurons:
    """A subject for networks of neurons: call it with the network and a point; it answers (value, gradients).

    Attributes while it answers
    ----------
    network, point: the question.
    signal, out: in(v) and out(v) of every vertex, shape (batch,).
    y, t: outputs and targets of the neurons that feed the loss, shape (batch, n).
    out_grad: dL/dout(v) as summed up so far.
    in_grad: dL/din(v) as of v's last visit.
    """

    throughout: bool = False
    """Whether a bend applies to every neuron: an engine that is right in one of them has another mistake."""
    network: NeuronDAG
    point: Point
    signal: dict[str, Array]
    out: dict[str, Array]
    y: Array
    t: Array
    out_grad: dict[str, Array]
    in_grad: dict[str, Array]

    def __call__(self, network: NeuronDAG, point: Point) -> tuple[Array, Gradients]:
        """The loss of the batch and its gradient, by weight."""
        with np.errstate(all="ignore"):
            self.forward(network, point)
            value = np.sum(losses(network.loss, self.y, self.t)) * average(network.reduction, network.batch)
            gradients = self.backward()
        dtype = self.y.dtype
        return np.asarray(value, dtype), {name: np.asarray(g, dtype) for name, g in gradients.items()}

    def forward(self, network: NeuronDAG, point: Point) -> None:
        """Compute every in(v) and out(v); no gradient yet."""
        self.network, self.point = network, point
        self.signal, self.out = {}, {u: np.asarray(point[u]) for u in network.inputs}
        for v in network.order():
            terms = [point[weight(u, v)] * self.out[u] for u in network.back(v)]
            self.signal[v] = np.sum(terms, axis=0)
            self.out[v] = activate(network.neurons[v], self.signal[v])
        self.y = np.stack([self.out[v] for v in network.loss_neurons], axis=1)
        self.t = np.stack([np.asarray(point[target(v)]) for v in network.loss_neurons], axis=1)
        self.out_grad, self.in_grad = {}, {}

    def backward(self) -> Gradients:
        """Send the messages from the loss down, then compute the weights' gradients."""
        network = self.network
        self.out_grad = {v: self.from_loss(v) for v in self.out}
        for v in self.visits():
            self.in_grad[v] = self.out_grad[v] * self.slope(v)
            for u in network.back(v):
                self.out_grad[u] = self.out_grad[u] + self.message(u, v)
        return {weight(u, v): self.edge(u, v) for u, v in network.edges}

    def visits(self) -> Iterator[str]:
        """Each vertex after all its successors, once or `count` times in a row."""
        for v in reversed(self.network.order()):
            for _ in range(self.count(v)):
                yield v

    def count(self, v: str) -> int:
        """The number of times that a neuron passes its gradient on."""
        return 1

    def share(self) -> float:
        """The weight of one sample in the gradient of the batch: 1/n for an average, 1 for a sum."""
        return average(self.network.reduction, self.network.batch)

    def outer(self) -> Array:
        """The slope of the loss in every output, shape (batch, n)."""
        return outer_slope(self.network.loss, self.y, self.t)

    def from_loss(self, v: str) -> Array:
        """The loss's message to v, shape (batch,); 0 if v does not feed the loss."""
        if v not in self.network.loss_neurons:
            return np.zeros(self.network.batch)
        return np.asarray(self.outer()[:, list(self.network.loss_neurons).index(v)] * self.share())

    def slope(self, v: str) -> Array:
        """sigma_v'(in(v))."""
        return slope(self.network.neurons[v], self.signal[v])

    def message(self, u: str, v: str) -> Array:
        """The message from v back to u: dL/din(v) w(u->v)."""
        return np.asarray(self.in_grad[v] * self.point[weight(u, v)])

    def edge(self, u: str, v: str) -> Array:
        """dL/dw(u->v) = dL/din(v) out(u), summed over the samples."""
        return np.asarray(np.sum(self.in_grad[v] * self.out[u]))
