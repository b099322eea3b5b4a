"""Faults of accumulation: what becomes of an adjoint at a branch."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradcheck.faults.graphs.textbook_backprop import Backprop
from gradcheck.problem.ops import Array


class Overwrites(Backprop):
    """`adjoint[a] = message` for `adjoint[a] += message`."""

    def receive(self, node: int, message: Array) -> None:
        """The last message wins."""
        self.adjoints[node] = message


class KeepsTheFirst(Backprop):
    """`if a not in adjoint: adjoint[a] = message`."""

    def receive(self, node: int, message: Array) -> None:
        """The first message wins."""
        if not np.any(self.adjoints[node]):
            self.adjoints[node] = message


class KeepsOneListed(Backprop):
    """Keeps only the message from the user that is listed first, or last.

    `dead`: that user may be one that the loss does not need, and sends nothing. `made`: what counts is the order in
    which the nodes are computed, as where each new node is written down with its arguments.
    """

    def __init__(self, first: bool, *, dead: bool = False, made: bool = False) -> None:
        self.first, self.dead, self.made = first, dead, made

    def start(self) -> list[Array]:
        """No user has sent a message yet."""
        self.kept: dict[int, int] = {}
        order = self.graph.order if self.made else range(len(self.graph))
        self.places = {int(node): place for place, node in enumerate(order)}
        return super().start()

    def visit(self, node: int) -> None:
        """Its messages replace those of users that come later, or earlier."""
        place = self.places[node]
        for slot, argument in enumerate(self.graph.arguments(node)):
            before = self.kept.get(argument)
            if before is None or (place < before if self.first else place >= before):
                self.kept[argument] = place
                self.adjoints[argument] = self.message(node, slot, self.adjoints[node])


class KeepsOneNamed(Backprop):
    """Keeps only the message from the user whose name comes last."""

    def start(self) -> list[Array]:
        """No user has sent a message yet."""
        self.kept: dict[int, str] = {}
        return super().start()

    def visit(self, node: int) -> None:
        """Its messages replace those of users whose names come before its own."""
        name = self.graph.names[node]
        for slot, argument in enumerate(self.graph.arguments(node)):
            if name >= self.kept.get(argument, ""):
                self.kept[argument] = name
                self.adjoints[argument] = self.message(node, slot, self.adjoints[node])


class EqualNodesMerged(Backprop):
    """A dictionary of adjoints keyed by value: leaves of equal value share one adjoint."""

    def receive(self, node: int, message: Array) -> None:
        """All leaves of the same kind and value receive the messages to any of them."""
        mine = self.values[node]
        for other, value in enumerate(self.values):
            if other == node or (
                self.graph.op(other) == self.graph.op(node) == "parameter" and np.array_equal(value, mine)
            ):
                self.adjoints[other] = self.adjoints[other] + message


class OperandsMerged(Backprop):
    """Operands are kept in a set, as in `self._prev = set(children)`: x * x has only one.

    `last`: of equal operands the last one counts, as in a dictionary. `op`: in nodes of this op only.
    """

    def __init__(self, *, last: bool = False, op: str | None = None) -> None:
        self.last, self.op = last, op

    def visit(self, node: int) -> None:
        """One message for each distinct argument."""
        arguments = self.graph.arguments(node)
        merged = self.op in (None, self.graph.op(node))
        for slot, argument in enumerate(arguments):
            others = arguments[slot + 1 :] if self.last else arguments[:slot]
            if self.varying[argument] and not (merged and argument in others):
                self.receive(argument, self.message(node, slot, self.adjoints[node]))


class SeededEverywhere(Backprop):
    """Every adjoint starts at 1, not the loss's alone."""

    def start(self) -> list[Array]:
        """Ones for every node."""
        return [np.ones_like(value) for value in self.values]


class UpstreamIgnored(Backprop):
    """Local derivatives are added up, without the factor of the upstream gradient."""

    def message(self, node: int, slot: int, upstream: Array) -> Array:
        """Every node is treated like the loss."""
        return super().message(node, slot, np.ones_like(upstream))


class UpstreamAdded(Backprop):
    """The chain rule with a plus instead of a product: upstream + local derivative.

    `spared`: the loss itself, whose upstream is 1, is treated rightly.
    """

    def __init__(self, *, spared: bool = True) -> None:
        self.spared = spared

    def local(self, node: int, slot: int, arguments: list[Array], upstream: Array) -> Array:
        """A sum instead of the product."""
        if self.spared and node == self.graph.loss:
            return super().local(node, slot, arguments, upstream)
        derivative = super().local(node, slot, arguments, np.ones_like(upstream))
        return derivative + (upstream if upstream.shape == derivative.shape else np.mean(upstream))


class BranchesAveraged(Backprop):
    """Contributions are averaged at a branch instead of added.

    `dead_too`: uses that the loss does not need count in the number of uses.
    """

    def __init__(self, *, dead_too: bool = False) -> None:
        self.dead_too = dead_too

    def visit(self, node: int) -> None:
        """Divide each message by the number of uses of the argument."""
        counted = range(len(self.graph)) if self.dead_too else self.needed
        for slot, argument in enumerate(self.graph.arguments(node)):
            if self.varying[argument]:
                uses = sum(self.graph.arguments(user).count(argument) for user in counted)
                self.receive(argument, self.message(node, slot, self.adjoints[node]) / uses)


class RunningAverage(Backprop):
    """(sum so far + message) / 2: the mean of two messages, but not of three."""

    def start(self) -> list[Array]:
        """No user has sent a message yet."""
        self.arrived = set[int]()
        return super().start()

    def receive(self, node: int, message: Array) -> None:
        """Keep the first message unchanged."""
        self.adjoints[node] = (self.adjoints[node] + message) / 2 if node in self.arrived else message
        self.arrived.add(node)


class SharedBuffers(Backprop):
    """`adjoint[a] += message` in place, while add sends the same array to both operands."""

    def start(self) -> list[Array]:
        """No adjoints yet: the first message becomes the adjoint, without being copied."""
        self.arrived = {self.graph.loss}
        return super().start()

    def message(self, node: int, slot: int, upstream: Array) -> Array:
        """Add passes on the upstream array itself."""
        argument = self.graph.arguments(node)[slot]
        if self.hands_on(node, slot) and upstream.shape == self.values[argument].shape:
            return upstream
        return super().message(node, slot, upstream)

    def hands_on(self, node: int, slot: int) -> bool:
        """Whether an operand gets the upstream array itself."""
        return self.graph.op(node) == "add"

    def receive(self, node: int, message: Array) -> None:
        """In place from the second message on."""
        if node in self.arrived:
            self.adjoints[node] += message
        else:
            self.arrived.add(node)
            self.adjoints[node] = message if message.flags.writeable else message.copy()


class SharedByDifferences(SharedBuffers):
    """The same where a difference is a sum: it hands the array to what it subtracts from, too."""

    def hands_on(self, node: int, slot: int) -> bool:
        """Both operands of a sum, the first of a difference."""
        return super().hands_on(node, slot) or (self.graph.op(node) == "sub" and slot == 0)


class SharedArrays(SharedByDifferences):
    """The same where single numbers are NumPy's own: `+=` on one makes a new number, and changes arrays alone."""

    def message(self, node: int, slot: int, upstream: Array) -> Array:
        """A message without axes cannot be changed later, unless it is the upstream array itself."""
        message = super().message(node, slot, upstream)
        return message if message is upstream or message.ndim else _number(message)

    def receive(self, node: int, message: Array) -> None:
        """In place where that can be done."""
        if node not in self.arrived:
            self.arrived.add(node)
            self.adjoints[node] = message
        elif self.adjoints[node].flags.writeable:
            self.adjoints[node] += message
        else:
            self.adjoints[node] = _number(self.adjoints[node] + message)


def _number(value: Any) -> Array:
    """A number that cannot be changed in place."""
    fixed = np.array(value)
    fixed.flags.writeable = False
    return fixed
