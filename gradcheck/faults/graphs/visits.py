"""Faults of order: which nodes are visited, when, and how often."""

from __future__ import annotations

import numpy as np

from gradcheck.errors import SubjectError
from gradcheck.faults.graphs.textbook_backprop import Backprop
from gradcheck.problem import Point
from gradcheck.problem.ops import Array


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
