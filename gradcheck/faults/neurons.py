"""The textbook's backprop over single neurons (S2), and its faults."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import numpy as np

from gradcheck.faults.network import activate, losses, outer_slope, slope
from gradcheck.problem import Point
from gradcheck.problem.neuron_dag import NeuronDAG, target, weight
from gradcheck.problem.ops import Array

Gradients = dict[str, Array]


class Neurons:
    """A subject for networks of neurons: call it with the network and a point; it answers (value, gradients).

    Attributes, while it answers
    ----------
    network, point: what was asked.
    signal, out: in(v) and out(v) of every vertex, shape (batch,).
    out_grad: dL/dout(v) as summed up so far.
    """

    network: NeuronDAG
    point: Point
    signal: dict[str, Array]
    out: dict[str, Array]
    out_grad: dict[str, Array]

    def __call__(self, network: NeuronDAG, point: Point) -> tuple[Array, Gradients]:
        """The loss of the batch and its gradient, by weight."""
        self.network, self.point = network, point
        self.signal, self.out = {}, {u: np.asarray(point[u]) for u in network.inputs}
        with np.errstate(all="ignore"):
            for v in network.order():
                terms = [point[weight(u, v)] * self.out[u] for u in network.back(v)]
                self.signal[v] = np.sum(terms, axis=0)
                self.out[v] = activate(network.neurons[v], self.signal[v])
            y = np.stack([self.out[v] for v in network.loss_neurons], axis=1)
            t = np.stack([point[target(v)] for v in network.loss_neurons], axis=1)
            share = 1.0 / network.batch if network.reduction == "mean" else 1.0
            self.out_grad = {v: np.zeros(network.batch) for v in self.out}
            for k, v in enumerate(network.loss_neurons):
                self.out_grad[v] = outer_slope(network.loss, y, t)[:, k] * share
            for v in self.visits():
                in_grad = self.out_grad[v] * self.slope(v)
                for u in network.back(v):
                    self.out_grad[u] = self.out_grad[u] + in_grad * point[weight(u, v)]
            gradients = {weight(u, v): self.edge(u, v) for u, v in network.edges}
        dtype = y.dtype
        value = np.sum(losses(network.loss, y, t)) * share
        return np.asarray(value, dtype), {name: np.asarray(g, dtype) for name, g in gradients.items()}

    def visits(self) -> Iterator[str]:
        """Each vertex once, after all its successors."""
        yield from reversed(self.network.order())

    def slope(self, v: str) -> Array:
        """sigma_v'(in(v))."""
        return slope(self.network.neurons[v], self.signal[v])

    def edge(self, u: str, v: str) -> Array:
        """dL/dw(u->v) = dL/dout(v) sigma_v'(in(v)) out(u), summed over the samples."""
        return np.asarray(np.sum(self.out_grad[v] * self.slope(v) * self.out[u]))


class ReadLiterally(Neurons):
    """S2's pseudo-code as printed: "for n = 1, ..., |V| and v in back(v_{n-1})".

    `enumerated`: of several orders that S2 allows, the one in which each vertex comes as soon as it is a sink.
    `growing`: the vertices so visited are v_1, v_2, ... themselves, so that each comes once per path to the loss.
    """

    def __init__(self, *, enumerated: bool = False, growing: bool = False) -> None:
        self.enumerated, self.growing = enumerated, growing

    def visits(self) -> Iterator[str]:
        """A vertex once for every vertex that it feeds, the loss included."""
        network = self.network
        if self.growing:
            yield from self.paths()
            return
        yield from network.loss_neurons
        for later in self.enumeration() if self.enumerated else reversed(network.order()):
            yield from (v for v in network.back(later) if v in network.neurons)

    def paths(self) -> list[str]:
        """The sinks, then whatever feeds them, and so on: without a set of what was seen."""
        feeding = {u for u, _ in self.network.edges}
        order = [v for v in self.network.neurons if v not in feeding]
        for v in order:  # grows while it is walked
            order += [u for u in self.network.back(v) if u in self.network.neurons]
        return order

    def enumeration(self) -> list[str]:
        """v_1, v_2, ...: each a sink once the earlier ones are removed."""
        network = self.network
        waiting = Counter(u for u, _ in network.edges)
        order = [v for v in network.neurons if not waiting[v]]
        for v in order:  # grows while it is walked
            for u in network.back(v):
                waiting[u] -= 1
                if u in network.neurons and not waiting[u]:
                    order.append(u)
        return order


class SignalForOutput(Neurons):
    """dL/dw(u->v) with in(u) for out(u)."""

    def edge(self, u: str, v: str) -> Array:
        """What enters u for what leaves it."""
        return np.asarray(np.sum(self.out_grad[v] * self.slope(v) * self.signal.get(u, self.out[u])))


class OneNonlinearity(Neurons):
    """Backward, all neurons have the nonlinearity of the first."""

    def slope(self, v: str) -> Array:
        """sigma' of another neuron."""
        first = next(iter(self.network.neurons.values()))
        return slope(first, self.signal[v])


class LossFedOnce(Neurons):
    """Of the neurons that feed the loss, those that also feed other neurons lose the loss's part."""

    def visits(self) -> Iterator[str]:
        """`out_grad` is reset where another neuron will report."""
        feeding = {u for u, _ in self.network.edges}
        for v in self.network.loss_neurons:
            if v in feeding:
                self.out_grad[v] = np.zeros(self.network.batch)
        yield from super().visits()
