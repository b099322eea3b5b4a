"""Faults of local rules: one op's derivative is wrong, at every node that applies it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from gradcheck.faults.graphs.textbook_backprop import Backprop
from gradcheck.problem.ops import Array

Rule = Callable[..., Any]
"""`rule(upstream, value, *arguments)`: the wrong message, in the broadcast shape."""


class WrongRule(Backprop):
    """One rule replaced: `rule` for argument `slot` (None for all) of each node that applies `op`."""

    def __init__(self, op: str, rule: Rule, slot: int | None = None) -> None:
        self.op, self.rule, self.slot = op, rule, slot

    def local(self, node: int, slot: int, arguments: list[Array], upstream: Array) -> Array:
        """The wrong rule where it applies, the right one elsewhere."""
        if self.graph.op(node) != self.op or self.slot not in (None, slot):
            return super().local(node, slot, arguments, upstream)
        wrong = self.rule(upstream, self.values[node], *arguments)
        return np.asarray(np.broadcast_to(wrong, arguments[slot].shape), dtype=self.dtype)


class OwnFactor(Backprop):
    """Each factor of a product (or those in `slots`) receives itself, where the other factor belongs."""

    def __init__(self, *slots: int) -> None:
        self.slots = slots or (0, 1)

    def local(self, node: int, slot: int, arguments: list[Array], upstream: Array) -> Array:
        """g x is sent to x in x y."""
        if self.graph.op(node) != "mul" or slot not in self.slots:
            return super().local(node, slot, arguments, upstream)
        return np.asarray(upstream * arguments[slot], dtype=self.dtype)


class WrongForward(Backprop):
    """One op computes another function, and its derivative matches that function."""

    def __init__(self, op: str, value: Callable[..., Any], slope: Callable[..., Any]) -> None:
        self.op, self.wrong, self.slope = op, value, slope

    def value(self, node: int, arguments: list[Array]) -> Any:
        """The value of another function."""
        if self.graph.op(node) != self.op:
            return super().value(node, arguments)
        return self.wrong(*arguments)

    def local(self, node: int, slot: int, arguments: list[Array], upstream: Array) -> Array:
        """The derivative that matches the wrong value."""
        if self.graph.op(node) != self.op:
            return super().local(node, slot, arguments, upstream)
        return np.asarray(upstream * self.slope(*arguments), dtype=self.dtype)


class Reversed(Backprop):
    """`2 - x` runs as `x - 2`: the reflected operator does not swap its operands, forward and backward."""

    def __init__(self, op: str) -> None:
        self.op = op

    def value(self, node: int, arguments: list[Array]) -> Any:
        """Exchange the operands where a constant stands on the left."""
        return super().value(node, arguments[::-1] if self._reflected(node) else arguments)

    def local(self, node: int, slot: int, arguments: list[Array], upstream: Array) -> Array:
        """The derivatives of the exchanged operands."""
        if not self._reflected(node):
            return super().local(node, slot, arguments, upstream)
        return super().local(node, 1 - slot, arguments[::-1], upstream)

    def _reflected(self, node: int) -> bool:
        graph = self.graph
        return graph.op(node) == self.op and graph.op(graph.arguments(node)[0]) == "constant"


def sigmoid(x: Array) -> Any:
    """1 / (1 + exp(-x))."""
    return 1.0 / (1.0 + np.exp(-x))
