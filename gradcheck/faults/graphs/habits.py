"""Faults of state and protocol: what is kept between calls, and what the answer looks like."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradcheck.faults.graphs.textbook_backprop import Answer, Backprop
from gradcheck.problem import Graph, Point
from gradcheck.problem.ops import Array
from gradcheck.problem.walks import ancestors


class StaleAdjoints(Backprop):
    """Adjoints are not reset: a second sweep over a graph adds to those of the first."""

    def __init__(self) -> None:
        self.kept: list[Array] = []

    def start(self) -> list[Array]:
        """The adjoints of the last call, where the shapes fit."""
        fresh = super().start()
        if [a.shape for a in self.kept] == [a.shape for a in fresh]:
            old = [a for k, a in enumerate(self.kept) if k != self.graph.loss]
            old.insert(self.graph.loss, np.zeros_like(fresh[self.graph.loss]))
            fresh = [a + b for a, b in zip(fresh, old, strict=True)]
        return fresh

    def answer(self) -> Answer:
        """Keep the adjoints for the next call."""
        self.kept = self.adjoints
        return super().answer()


class StaleInnerAdjoints(StaleAdjoints):
    """`zero_grad` resets only the parameters."""

    def start(self) -> list[Array]:
        """Parameters start at 0, inner nodes at their last adjoints."""
        adjoints = super().start()
        for i in self.graph.parameters:
            adjoints[i] = np.zeros_like(adjoints[i])
        return adjoints


class StaleValues(Backprop):
    """The values of the forward pass are kept, and not computed again at another point."""

    def __init__(self) -> None:
        self.known: dict[int, tuple[Graph, list[Array]]] = {}

    def forward(self, point: Point) -> list[Array]:
        """The values of this graph's first point."""
        key = id(self.graph)
        if key not in self.known:
            self.known[key] = (self.graph, super().forward(point))  # keeps the graph alive, and its id unique
        return self.known[key][1]


class Uninitialised(Backprop):
    """`np.empty` for parameters that the loss does not need."""

    def answer(self) -> Answer:
        """What uninitialised memory may hold; here it is the loss's value."""
        value, gradients, adjoints = super().answer()
        needed = set(ancestors(self.graph, self.graph.loss))
        for i in self.graph.parameters:
            if i not in needed:
                gradients[self.graph.names[i]] = np.full(self.graph.shapes[i], value)
        return value, gradients, adjoints


class UnusedLeftOut(Backprop):
    """Parameters that the loss does not need are missing from the answer."""

    def answer(self) -> Answer:
        """Only gradients of parameters that received a message."""
        value, gradients, adjoints = super().answer()
        needed = set(ancestors(self.graph, self.graph.loss))
        kept = {n: g for n, g in gradients.items() if self.graph.index(n) in needed}
        return value, kept, adjoints


class WrongShape(Backprop):
    """Scalars come as arrays of one entry."""

    def answer(self) -> Answer:
        """Shape (1,) instead of ()."""
        value, gradients, adjoints = super().answer()
        return value, {n: np.atleast_1d(g) for n, g in gradients.items()}, adjoints


class NoValue(Backprop):
    """Returns the gradients without the loss."""

    def answer(self) -> Answer:
        """A single dictionary."""
        return (super().answer()[1],)


class Lists(Backprop):
    """Gradients in a list, in the order of the parameters, instead of by name."""

    def answer(self) -> Answer:
        """A list instead of a dictionary."""
        value, gradients, _ = super().answer()
        return value, list(gradients.values())


class SteppedInPlace(Backprop):
    """Changes the caller's point: parameters take a step while they are differentiated."""

    def __call__(self, graph: Graph, point: Point) -> Answer:
        """`parameter -= rate * gradient` in place."""
        answer = super().__call__(graph, point)
        for name, gradient in answer[1].items():
            np.subtract(point[name], 0.1 * gradient, out=point[name])
        return answer


class SinglePrecision(Backprop):
    """Computes everything in float32, and returns float64."""

    def __call__(self, graph: Graph, point: Point) -> Answer:
        """Round the point to float32, and give the results the point's dtype."""
        value, *rest = super().__call__(graph, {n: np.asarray(v, dtype=np.float32) for n, v in point.items()})
        dtype = np.result_type(*point.values())
        return np.asarray(value, dtype), *({n: np.asarray(g, dtype) for n, g in block.items()} for block in rest)


class Nudged(Backprop):
    """Finite differences with too large a step instead of backprop: forward, or `central`.

    `noise`: maximum difference of two such engines, since a difference quotient magnifies the rounding of f:
    `ROUNDINGS` of the largest value of any node, divided by the step. For the catalogue's steps this is small beside
    the truncation error.
    """

    ROUNDINGS = 16.0
    noise = 0.0

    def __init__(self, step: float = 1e-3, *, central: bool = False) -> None:
        self.step, self.central = step, central

    def answer(self) -> Answer:
        """(f(x + h) - f(x)) / h, or (f(x + h) - f(x - h)) / 2h, entry by entry."""
        value = self.values[self.graph.loss]
        largest = max(float(np.max(np.abs(v), initial=0.0)) for v in self.values)
        self.noise = self.ROUNDINGS * float(np.finfo(self.dtype).eps) * largest / self.step if largest < np.inf else 0.0
        free = {self.graph.names[i]: self.values[i] for i in self.graph.free}
        gradients: dict[str, Any] = {}
        for i in self.graph.parameters:
            name = self.graph.names[i]
            gradient = np.zeros_like(free[name])
            for entry in np.ndindex(gradient.shape):
                ahead, behind = free[name].copy(), free[name].copy()
                ahead[entry] += self.step
                behind[entry] -= self.step
                there = self.forward({**free, name: ahead})[self.graph.loss]
                here = self.forward({**free, name: behind})[self.graph.loss] if self.central else value
                gradient[entry] = (there - here) / (2 * self.step if self.central else self.step)
            gradients[name] = gradient
        return value, gradients


class Moody(Backprop):
    """Gives another answer each time: noise that no seed controls."""

    def __init__(self) -> None:
        self.calls = 0

    def answer(self) -> Answer:
        """One thousandth more at every second call."""
        self.calls += 1
        value, gradients, adjoints = super().answer()
        return value, {n: g * (1 + 1e-3 * (self.calls % 2)) for n, g in gradients.items()}, adjoints


class Negative(Backprop):
    """Returns the direction of descent instead of the gradient."""

    def answer(self) -> Answer:
        """Every sign changed."""
        value, gradients, adjoints = super().answer()
        return value, {n: -g for n, g in gradients.items()}, adjoints


class Clipped(Backprop):
    """Clips gradients to [-1, 1], or to another limit, before it returns them."""

    def __init__(self, limit: float = 1.0) -> None:
        self.limit = limit

    def answer(self) -> Answer:
        """Entries beyond the limit become the limit, sign included."""
        value, gradients, adjoints = super().answer()
        return value, {n: np.clip(g, -self.limit, self.limit) for n, g in gradients.items()}, adjoints
