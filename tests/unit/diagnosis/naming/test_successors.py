"""Neurons with several successors, in engines that walk networks in ways of their own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from gradcheck.diagnosis.naming.branch_counts import several_successors
from gradcheck.faults.neurons.single_neurons import Neurons
from gradcheck.subject.inprocess import InProcessSubject


class SecondNameAlone(Neurons):
    """A neuron hears one of its users: the second by name, the loss being called "Loss"; or the only one."""

    def heard_of(self, u: str) -> str:
        users = sorted([*(w for x, w in self.network.edges if x == u), *["Loss"] * (u in self.network.loss_neurons)])
        return users[min(1, len(users) - 1)] if users else ""

    def from_loss(self, v: str) -> Any:
        return super().from_loss(v) * (self.heard_of(v) == "Loss")

    def message(self, u: str, v: str) -> Any:
        return super().message(u, v) * (self.heard_of(u) == v)


class Shared(Neurons):
    """A neuron's gradient is divided by the number of its users, of which the loss is one."""

    def uses(self, v: str) -> int:
        return max(1, sum(u == v for u, _ in self.network.edges) + (v in self.network.loss_neurons))

    def slope(self, v: str) -> Any:
        return super().slope(v) / self.uses(v)


class AsDeclared(Neurons):
    """Backwards through the neurons as they were declared."""

    def visits(self) -> Iterator[str]:
        yield from reversed(list(self.network.neurons))

    def edge(self, u: str, v: str) -> Any:
        return np.asarray(np.sum(self.in_grad[v] * self.out[u]))


class TwiceForTheThird(Neurons):
    """Another mistake: the third successor counts double."""

    def message(self, u: str, v: str) -> Any:
        after = [w for x, w in self.network.edges if x == u]
        return super().message(u, v) * (2.0 if len(after) > 2 and v == after[2] else 1.0)


class NoSlope(Neurons):
    def slope(self, v: str) -> Any:
        return np.ones_like(super().slope(v))


def asked(engine: Neurons) -> InProcessSubject:
    return InProcessSubject(engine, entry="neuron_gradients")


@pytest.mark.parametrize(("engine", "code"), [(SecondNameAlone, "F19"), (Shared, "F10"), (AsDeclared, "F04")])
def test_mistakes_made_in_ways_of_their_own(engine: type[Neurons], code: str) -> None:
    fault, how = several_successors(asked(engine()))
    assert fault is not None
    assert fault.code == code
    assert how


@pytest.mark.parametrize("engine", [Neurons, TwiceForTheThird, NoSlope])
def test_no_name_for_the_right_one_nor_for_others(engine: type[Neurons]) -> None:
    assert several_successors(asked(engine())) == (None, "")
