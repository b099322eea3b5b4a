"""Faults of accumulation and order: what becomes of an adjoint at a branch, and when a node is visited."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradcheck.errors import SubjectError
from gradcheck.faults.graphs.textbook_backprop import Backprop
from gradcheck.problem import Point
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

    `dead`: that user may be one that the loss does not need, and sends nothing.
    """

    def __init__(self, first: bool, *, dead: bool = False) -> None:
        self.first, self.dead = first, dead

    def start(self) -> list[Array]:
        """No user has sent a message yet."""
        self.kept: dict[int, int] = {}
        return super().start()

    def visit(self, node: int) -> None:
        """Its messages replace those of users that are listed later, or earlier."""
        for slot, argument in enumerate(self.graph.arguments(node)):
            before = self.kept.get(argument)
            if before is None or (node < before if self.first else node >= before):
                self.kept[argument] = node
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


class OncePerPath(Backprop):
    """Depth-first search without a set of visited nodes: a node is in the order once per path to the loss."""

    def sweep(self) -> None:
        """Each time, the node passes on its whole adjoint."""
        order: list[int] = []
        stack = [(self.graph.loss, False)]
        while stack:  # as recursion would: first the arguments, then the node
            node, listed = stack.pop()
            if listed:
                order.append(node)
            else:
                stack.append((node, True))
                stack += [(a, False) for a in reversed(self.graph.arguments(node))]
        for node in reversed(order):
            self.visit(node)


class OncePerPathByLevels(Backprop):
    """Breadth-first search without a set of visited nodes: a node is visited once per path, sorted by path length."""

    def sweep(self) -> None:
        """Each time, the node passes on its whole adjoint."""
        queue = [self.graph.loss]
        for node in queue:  # grows while it is walked
            self.visit(node)
            queue += self.graph.arguments(node)


class OncePerMessage(Backprop):
    """Recursion from the loss: each message that arrives makes the node pass on its sum so far at once."""

    def sweep(self) -> None:
        """Depth first along every path; earlier contributions are passed on again."""
        stack = [(self.graph.loss, slot) for slot in reversed(range(len(self.graph.arguments(self.graph.loss))))]
        while stack:
            node, slot = stack.pop()
            argument = self.graph.arguments(node)[slot]
            if self.varying[argument]:
                self.receive(argument, self.message(node, slot, self.adjoints[node]))
                stack += [(argument, k) for k in reversed(range(len(self.graph.arguments(argument))))]


class PartialAdjoints(Backprop):
    """Visits every node once, but as soon as it is reached, before all its users have sent their messages."""

    def sweep(self) -> None:
        """Breadth first from the loss."""
        queue, seen = [self.graph.loss], {self.graph.loss}
        for node in queue:  # grows while it is walked
            self.visit(node)
            for argument in self.graph.arguments(node):
                if argument not in seen:
                    seen.add(argument)
                    queue.append(argument)


class GivenOrder(Backprop):
    """Visits the nodes in the reverse of the given order, which need not be topological."""

    def sweep(self) -> None:
        """From the last node of the list to the first."""
        for node in reversed(range(len(self.graph))):
            if node in self.needed:
                self.visit(node)


class GivenOrderThroughout(GivenOrder):
    """Uses the given order in the forward pass, too, where the value of a later argument is missing."""

    def forward(self, point: Point) -> list[Array]:
        """Raises KeyError for an argument that comes later."""
        for node in range(len(self.graph)):
            for argument in self.graph.arguments(node):
                if argument > node:
                    raise KeyError(self.graph.names[argument])
        return super().forward(point)


class VisitedByValue(Backprop):
    """The test `if node in visited` uses an `==` that compares values."""

    def sweep(self) -> None:
        """A node is skipped if a node of equal value was visited before."""
        seen: set[bytes] = set()
        for node in self.backwards():
            key = self.values[node].tobytes()
            if key not in seen:
                seen.add(key)
                self.visit(node)


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


class OneParent(Backprop):
    """Only the user nearest to the loss counts for each node, as if the graph were a tree."""

    def sweep(self) -> None:
        """Each argument takes only the message of the first user that the sweep meets."""
        parent: dict[int, int] = {}
        for node in self.backwards():
            for argument in self.graph.arguments(node):
                if np.any(self.adjoints[node]):
                    parent.setdefault(argument, node)
            for slot, argument in enumerate(self.graph.arguments(node)):
                if self.varying[argument] and parent.get(argument) == node:
                    self.receive(argument, self.message(node, slot, self.adjoints[node]))


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


class CutOff(Backprop):
    """Adjoints are passed on for a few levels only, as in truncated backprop through time."""

    def __init__(self, levels: int = 4) -> None:
        self.levels = levels

    def sweep(self) -> None:
        """Nodes more than `levels` edges away from the loss send nothing."""
        distance = {self.graph.loss: 0}
        for node in self.backwards():
            if node in distance and distance[node] < self.levels:
                self.visit(node)
                for argument in self.graph.arguments(node):
                    distance[argument] = max(distance.get(argument, 0), distance[node] + 1)


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


class EveryPath(Backprop):
    """The sum over all paths, path by path: right, but exponential in the number of branches.

    Nothing can stop it in this process. So it gives up after `most` messages and raises the SubjectError that the
    parent of a child process would raise.
    """

    most = 20_000
    seconds = 10.0

    def sweep(self) -> None:
        """Send each message down to the leaves separately."""
        stack = [(self.graph.loss, self.adjoints[self.graph.loss])]
        sent = 0
        while stack:
            sent += 1
            if sent > self.most:
                raise SubjectError("GC005", seconds=self.seconds)
            node, upstream = stack.pop()
            for slot, argument in enumerate(self.graph.arguments(node)):
                if self.varying[argument]:
                    message = self.message(node, slot, upstream)
                    self.receive(argument, message)
                    stack.append((argument, message))


class NeverReady(Backprop):
    """Waits until all uses of a node are ticked off, but counts edges and ticks off nodes: x * x is never ready.

    Nothing can stop a loop in this process. So it gives up when no further node is ready and raises the SubjectError
    that the parent of a child process would raise.
    """

    seconds = 10.0

    def sweep(self) -> None:
        """Visit whatever node is ready, until none is left."""
        waiting = {node: int(np.sum(self.graph.inputs == node)) for node in range(len(self.graph))}
        while waiting:
            ready = [node for node, uses in waiting.items() if uses == 0]
            if not ready:
                raise SubjectError("GC005", seconds=self.seconds)
            for node in ready:
                del waiting[node]
                self.visit(node)
                for argument in set(self.graph.arguments(node)):
                    waiting[argument] -= 1
