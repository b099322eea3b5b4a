"""Faults of branches and order, which any graph can have, in networks of neurons."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from gradcheck.faults.neurons.single_neurons import Gradients, Neurons
from gradcheck.faults.neurons.visit_orders import ReadLiterally
from gradcheck.problem.neuron_dag import weight
from gradcheck.problem.ops import Array


class ByMessages(Neurons):
    """Each neuron is visited once, and makes something of the messages that have reached it by then.

    `order`: "levels", S2's "enumeration", or "declared": the network's list from its end, whether or not all that a
    neuron feeds have reported by then.
    `loss_apart`: what the loss sends counts, whatever becomes of the other messages.
    """

    def __init__(self, order: str = "levels", *, loss_apart: bool = False) -> None:
        self.order, self.loss_apart = order, loss_apart

    def backward(self) -> Gradients:
        """Message by message."""
        network = self.network
        first = {v: self.heard(v) for v in network.loss_neurons}
        mail = {v: [first[v]] if v in first and not self.loss_apart else [] for v in self.out}
        gradients: Gradients = {weight(u, v): np.zeros(()) for u, v in network.edges}
        for v in self.visits():
            apart = first[v] if v in first and self.loss_apart else 0.0
            total = self.gathered(mail[v]) if mail[v] else np.zeros(network.batch)
            self.in_grad[v] = (total + apart) * self.slope(v)
            for u in network.back(v):
                gradients[weight(u, v)] = self.edge(u, v)
                mail[u].append(self.message(u, v))
        return gradients

    def gathered(self, messages: Sequence[Array]) -> Array:
        """Their sum."""
        return np.asarray(np.sum(messages, axis=0))

    def visits(self) -> Iterator[str]:
        """Each neuron once."""
        network = self.network
        if self.order == "declared":
            yield from reversed(list(network.neurons))
        elif self.order == "enumeration":
            literal = ReadLiterally()
            literal.network = network
            yield from literal.enumeration()
        else:
            yield from super().visits()


class LastMessage(ByMessages):
    """`=` for `+=`."""

    def gathered(self, messages: Sequence[Array]) -> Array:
        """What came last."""
        return messages[-1]


class FirstMessage(ByMessages):
    """A neuron that has heard something hears no more."""

    def gathered(self, messages: Sequence[Array]) -> Array:
        """What came first."""
        return messages[0]


class MeanMessage(ByMessages):
    """The messages are averaged."""

    def gathered(self, messages: Sequence[Array]) -> Array:
        """Their mean."""
        return np.asarray(np.mean(messages, axis=0))
