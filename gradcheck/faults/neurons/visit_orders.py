"""Faults of networks of neurons: how often a neuron passes its gradient on, and which message the loss sends it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import numpy as np

from gradcheck.faults.neurons.single_neurons import Gradients, Neurons
from gradcheck.problem.neuron_dag import weight
from gradcheck.problem.ops import Array


class Visits(Neurons):
    """Base class of faults that visit a neuron more than once.

    `added`: gradients of a weight are added up over the visits; otherwise the last visit's is kept.
    """

    def __init__(self, *, added: bool = False) -> None:
        self.added = added

    def backward(self) -> Gradients:
        """The textbook's algorithm; each visit may add to the gradients."""
        network = self.network
        self.out_grad = {v: self.from_loss(v) for v in self.out}
        gradients = {weight(u, v): np.zeros(()) for u, v in network.edges}
        for v in self.visits():
            self.in_grad[v] = self.out_grad[v] * self.slope(v)
            for u in network.back(v):
                before = gradients[weight(u, v)] if self.added else 0.0
                gradients[weight(u, v)] = before + super().edge(u, v)
                self.out_grad[u] = self.out_grad[u] + self.message(u, v)
        return gradients

    def edge(self, u: str, v: str) -> Array:
        """The gradient of all visits together, if each visit gives the same."""
        return np.asarray(super().edge(u, v) * (self.count(v) if self.added else 1))


class ReadLiterally(Visits):
    """S2's pseudo-code as printed: "for n = 1, ..., |V| and v in back(v_{n-1})".

    `enumerated`: of the orders that S2 allows, the one in which each vertex comes as soon as it is a sink.
    `growing`: the visited vertices are v_1, v_2, ... themselves, so that each comes once per path to the loss.
    """

    def __init__(self, *, enumerated: bool = False, growing: bool = False, added: bool = False) -> None:
        super().__init__(added=added)
        self.enumerated, self.growing = enumerated, growing

    def visits(self) -> Iterator[str]:
        """Each vertex once for every vertex that it feeds, the loss included."""
        network = self.network
        if self.growing:
            yield from self.paths()
            return
        yield from network.loss_neurons
        for later in self.enumeration() if self.enumerated else reversed(network.order()):
            yield from (v for v in network.back(later) if v in network.neurons)

    def paths(self) -> list[str]:
        """The sinks, then the neurons that feed them, and so on, without a set of visited nodes."""
        feeding = {u for u, _ in self.network.edges}
        order = [v for v in self.network.neurons if v not in feeding]
        for v in order:  # grows while it is walked
            order += [u for u in self.network.back(v) if u in self.network.neurons]
        return order

    def enumeration(self) -> list[str]:
        """v_1, v_2, ...: each is a sink once the earlier ones are removed."""
        network = self.network
        waiting = Counter(u for u, _ in network.edges)
        order = [v for v in network.neurons if not waiting[v]]
        for v in order:  # grows while it is walked
            for u in network.back(v):
                waiting[u] -= 1
                if u in network.neurons and not waiting[u]:
                    order.append(u)
        return order


class OncePerSuccessor(Visits):
    """A neuron is visited, after all its successors, once per successor.

    `loss_too`: the loss counts as a successor. `per_path`: once per path to the loss, or to a sink.
    """

    def __init__(self, *, loss_too: bool = False, per_path: bool = False, added: bool = False) -> None:
        super().__init__(added=added)
        self.loss_too, self.per_path = loss_too, per_path

    def count(self, v: str) -> int:
        """The number of visits; at least one."""
        network = self.network
        own = int(self.loss_too and v in network.loss_neurons)
        after = [w for u, w in network.edges if u == v]
        return max(1, own + (sum(map(self.count, after)) if self.per_path else len(after)))


class LossFedOnce(Neurons):
    """Neurons that feed the loss and other neurons lose the loss's message."""

    def from_loss(self, v: str) -> Array:
        """Zero for a neuron that also feeds other neurons."""
        feeding = any(u == v for u, _ in self.network.edges)
        return np.zeros(self.network.batch) if feeding else super().from_loss(v)
