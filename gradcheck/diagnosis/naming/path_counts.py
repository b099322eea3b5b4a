"""How often each path counts in a gradient, from graphs whose paths show in the gradient's digits.

Every path from x to the loss carries its own power of 16. So the gradient, written in base 16, shows how often each
path was added: 0x1101 lacks the second of four paths. The digits do not depend on the order in which an engine walks a
graph. They show what it does where a node has several uses, or where two nodes have one value.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from gradcheck.errors import SubjectError
from gradcheck.judge.entry_points import ask
from gradcheck.problem import Case, GraphBuilder
from gradcheck.problem.builder import Handle
from gradcheck.problem.ops import Array
from gradcheck.subject.answer import Subject

BASE = 16
NEEDED = frozenset({"add", "mul"})
"""Ops of the graphs; graphs of arrays end in a sum as well."""
WIDE = 16
"""Number of uses in the wide graphs, all at the same distance from the loss."""
WIDE_BASE = 8
"""Base of the digits in the wide graphs; with 8, all numbers are whole in float64."""
FAR = 5
"""Power of the use that is three steps further from the loss."""
DEEP = 10
"""Number of edges of the graph without forks: more than the longest way through any fork has."""

Shape = tuple[int, ...]
Tally = tuple[float, ...]
"""Number of times that each path counts, by rising power."""


@dataclass(frozen=True)
class Fork:
    """A graph in which one node has several uses, and x one path to the loss for each of them.

    Attributes
    ----------
    case: at a point where all numbers are whole.
    powers: of `base`, which the paths' products are.
    base: 16, or less where there are many paths.
    inner: the node with several uses is computed of x; else it is x.
    """

    case: Case
    powers: tuple[int, ...]
    base: int
    inner: bool


def forks(shape: Shape, inner: bool) -> Iterator[Fork]:
    """Graphs of nodes with two and three uses, near and far, listed and joined in several orders."""
    for powers in ((1, 2), (2, 1), (1, FAR), (FAR, 1), (1, 2, 3), (3, 2, 1)):
        for reverse in (False, True):
            build = GraphBuilder()
            x = forked = build.parameter("x", shape)
            if inner:
                forked = x * _number(build, BASE, shape)
            loss, *rest = [_way(build, forked, k, shape) for k in powers]
            for term in rest:
                loss = term + loss if reverse else loss + term
            yield Fork(_case("fork", build, loss, {"x": 3.0}, shape), powers, BASE, inner)


def wide(shape: Shape, inner: bool) -> Fork:
    """A node with many uses; an engine that processes many nodes at once takes them together."""
    build = GraphBuilder()
    x = forked = build.parameter("x", shape)
    if inner:
        forked = x * _number(build, WIDE_BASE, shape)
    powers = tuple(range(1, WIDE + 1))
    level = [forked * _number(build, WIDE_BASE**k, shape) for k in powers]
    while len(level) > 1:
        level = [left + right for left, right in zip(level[::2], level[1::2], strict=True)]
    return Fork(_case("wide", build, level[0], {"x": 3.0}, shape), powers, WIDE_BASE, inner)


def straight(shape: Shape) -> Case:
    """A graph in which no node has several uses: an engine that is wrong here makes another mistake."""
    build = GraphBuilder()
    v = build.parameter("x", shape)
    for k in range(DEEP):
        v = v + _number(build, 1, shape) if k % 2 else v * _number(build, BASE, shape)
    return _case("straight", build, v, {"x": 3.0}, shape)


def pair(values: tuple[float, float], shape: Shape) -> Case:
    """The graph 16 * 16 a + 256 * 16 b: two parameters and two inner nodes, of equal values where a = b."""
    build = GraphBuilder()
    a, b = build.parameter("a", shape), build.parameter("b", shape)
    ways = [v * _number(build, BASE, shape) * _number(build, BASE**k, shape) for k, v in ((1, a), (2, b))]
    return _case("pair", build, ways[0] + ways[1], {"a": values[0], "b": values[1]}, shape)


def gradient(subject: Subject, case: Case) -> dict[str, float] | None:
    """Each parameter's gradient, equal in all entries; None if it is not, if the value is wrong or if there is none."""
    try:
        answer = ask(subject, case)
    except SubjectError:
        return None
    graph = case.graph
    loss = graph.evaluate(case.point)[graph.names[graph.loss]]
    found = {name: set(np.ravel(g).tolist()) for name, g in answer.gradients.items()}
    known = {graph.names[i] for i in graph.parameters}
    if found.keys() != known or any(len(g) != 1 for g in found.values()) or not np.array_equal(answer.value, loss):
        return None
    return {name: g.pop() for name, g in found.items()}


def tally(subject: Subject, fork: Fork) -> Tally | None:
    """The number of times that each path counts in the subject's gradient; None if its digits are no counts.

    Equal shares of 1 / (number of uses) count as well.
    """
    answer = gradient(subject, fork.case)
    if answer is None:
        return None
    scaled, uses = answer["x"] / (fork.base if fork.inner else 1), len(fork.powers)
    every = sum(float(fork.base) ** k for k in fork.powers)
    if np.isclose(scaled, every / uses, rtol=1e-12, atol=0.0):
        return (1.0 / uses,) * uses
    if not (np.isfinite(scaled) and scaled == round(scaled) and 0 <= scaled < 2.0**53):
        return None
    digits, whole = list[int](), round(scaled)
    while whole:
        whole, digit = divmod(whole, fork.base)
        digits.append(digit)
    counted = dict(enumerate(digits))
    if any(digit and power not in fork.powers for power, digit in counted.items()):
        return None
    return tuple(float(counted.get(power, 0)) for power in sorted(fork.powers))


def _way(build: GraphBuilder, x: Handle, power: int, shape: Shape) -> Handle:
    """The product of x and a power of 16: in one step, or in three for the power `FAR`."""
    for k in (2, 1, 2) if power == FAR else (power,):
        x = x * _number(build, BASE**k, shape)
    return x


def _number(build: GraphBuilder, value: float, shape: Shape) -> Handle:
    return build.constant(np.full(shape, float(value)))


def _case(name: str, build: GraphBuilder, loss: Handle, point: dict[str, float], shape: Shape) -> Case:
    graph = build.graph(build.sum(loss) if shape else loss)
    at: dict[str, Array] = {k: np.full(shape, v) for k, v in point.items()}
    return Case(name, graph, at)
