"""Faults of branches and order that any graph can have, in networks of neurons."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from gradcheck.faults.neurons.single_neurons import Gradients, Neurons
from gradcheck.faults.neurons.visit_orders import ReadLiterally
from gradcheck.problem.neuron_dag import weight
from gradcheck.problem.ops import Array


class ByMessages(Neurons):
    """Visits each neuron once, and computes its gradient from the messages that have arrived by then.

    `order`: "levels", S2's "enumeration", or "declared": the network's list in reverse, in which a neuron may come
    before its successors. `loss_apart`: the loss's message is always added, whatever becomes of the others.
    """

    def __init__(self, order: str = "levels", *, loss_apart: bool = False) -> None:
        self.order, self.loss_apart = order, loss_apart

    def backward(self) -> Gradients:
        """Send the messages one by one, then compute the weights' gradients."""
        network = self.network
        first = {v: self.from_loss(v) for v in network.loss_neurons}
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
        """Combine the messages to a neuron; here their sum."""
        return np.asarray(np.sum(messages, axis=0))

    def visits(self) -> Iterator[str]:
        """The neurons in the order of their visits, each once."""
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
    """`=` instead of `+=`."""

    def gathered(self, messages: Sequence[Array]) -> Array:
        """The last message."""
        return messages[-1]


class FirstMessage(ByMessages):
    """Only the first message to a neuron counts."""

    def gathered(self, messages: Sequence[Array]) -> Array:
        """The first message."""
        return messages[0]


class MeanMessage(ByMessages):
    """The messages to a neuron are averaged."""

    def gathered(self, messages: Sequence[Array]) -> Array:
        """The mean of the messages."""
        return np.asarray(np.mean(messages, axis=0))
