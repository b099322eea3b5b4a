"""Scalar engines as plain Python classes inside f, thousands of nodes deep: decided how, and in how much time.

    python tests/benchmarks/deep_engines.py [NODES [POINTS [NAME ...]]]

One line per chain and engine: the verdicts at the points, the kinds of mistake that are named, and the largest
processor time of one check in seconds, imports apart. The goal is 5 s at 3,000 nodes.
"""

from __future__ import annotations

import math
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

import gradcheck


class Value:
    """A number that knows what it was made of, and how its derivative goes back."""

    def __init__(self, data: Any, parents: Sequence[Value] = (), back: Any = None) -> None:
        self.data, self.parents, self.back, self.grad = data, parents, back, 0.0

    def __add__(self, other: Any) -> Value:
        other = other if isinstance(other, Value) else Value(other)

        def back(out: Value) -> None:
            self.grad += out.grad
            other.grad += out.grad

        return Value(self.data + other.data, (self, other), back)

    def __mul__(self, other: Any) -> Value:
        other = other if isinstance(other, Value) else Value(other)

        def back(out: Value) -> None:
            self.grad += other.data * out.grad
            other.grad += self.data * out.grad

        return Value(self.data * other.data, (self, other), back)

    def tanh(self) -> Value:
        t = np.tanh(self.data)

        def back(out: Value) -> None:
            self.grad += (1 - t * t) * out.grad

        return Value(t, (self,), back)

    def sin(self) -> Value:
        def back(out: Value) -> None:
            self.grad += np.cos(self.data) * out.grad

        return Value(np.sin(self.data), (self,), back)


def backward(root: Value, wrong: str = "") -> None:
    """From the last made to the first; a node whose number is in `wrong`'s way gets a wrong rule."""
    order, seen, waiting = list[Value](), set[int](), [(root, False)]
    while waiting:
        node, done = waiting.pop()
        if done:
            order.append(node)
        elif id(node) not in seen:
            seen.add(id(node))
            waiting += [(node, True), *((parent, False) for parent in node.parents)]
    root.grad = 1.0
    for node in reversed(order):
        if node.back is not None:
            _back(node, wrong)


def _back(node: Value, wrong: str) -> None:
    before = [parent.grad for parent in node.parents]
    node.back(node)
    if wrong == "overwrites":
        for parent, grad in zip(node.parents, before, strict=True):
            parent.grad -= grad
    if wrong == "slope forgotten" and len(node.parents) == 1:
        node.parents[0].grad = before[0] + node.grad
    if (
        wrong == "first factor alone"
        and len(node.parents) == 2
        and node.data == node.parents[0].data * node.parents[1].data
    ):
        node.parents[1].grad = before[1]


def linear(x: Sequence[Value], nodes: int) -> Value:
    """h <- 0.999 h + 0.001 b."""
    h, b = x[0], x[1]
    for _ in range(nodes // 3):
        h = h * 0.999 + b * 0.001
    return h * h


def recurrent(x: Sequence[Value], nodes: int) -> Value:
    """h <- tanh(w h + u)."""
    h, w, u = x
    for _ in range(nodes // 3):
        h = (w * h + u).tanh()
    return h


def oscillator(x: Sequence[Value], nodes: int) -> Value:
    """A pendulum by small steps."""
    angle, speed, pull = x
    for _ in range(nodes // 6):
        speed = speed + pull * angle.sin() * -0.01
        angle = angle + speed * 0.01
    return angle * angle


CHAINS: dict[str, tuple[Callable[[Sequence[Value], int], Value], int]] = {
    "linear": (linear, 2),
    "recurrent": (recurrent, 3),
    "oscillator": (oscillator, 3),
}
WRONG = ("", "overwrites", "slope forgotten", "first factor alone")


def tried(name: str, wrong: str, nodes: int, points: int) -> str:
    """The line about a chain and an engine."""
    chain, inputs = CHAINS[name]

    def f(x: Any) -> Any:
        return chain([Value(t) for t in x], nodes).data

    def grad(x: Any) -> Any:
        values = [Value(t) for t in x]
        backward(chain(values, nodes), wrong)
        return np.array([v.grad for v in values])

    verdicts, kinds, longest = Counter[str](), Counter[str](), 0.0
    for x in np.random.default_rng(5).uniform(0.2, 1.0, (points, inputs)):
        started = time.process_time()
        result = gradcheck.check_gradient(f, grad, x)
        longest = max(longest, time.process_time() - started)
        verdicts[result.verdict] += 1
        kinds.update(str(found.facts.get("kind")) for found in result.findings if found.code == "GC051")
    named = ", ".join(f"{kind} {count}" for kind, count in kinds.items())
    told = ", ".join(f"{verdict} {count}" for verdict, count in verdicts.items())
    return f"{name}  {wrong or 'right'}  {told}  {named or '-'}  {longest:.1f} s"


def main() -> None:
    """Print the table."""
    nodes = int(sys.argv[1]) if sys.argv[1:] else 3_000
    points = int(sys.argv[2]) if sys.argv[2:] else 20
    gradcheck.check_gradient(lambda x: math.fsum(x**2), lambda x: 3 * x, np.ones(2))  # what is imported on the way
    for name in sys.argv[3:] or CHAINS:
        for wrong in WRONG:
            print(tried(name, wrong, nodes, points), flush=True)


if __name__ == "__main__":
    main()
