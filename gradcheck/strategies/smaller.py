"""Shrink a failing graph as a graph: from any case to the simplest that still fails.

Hypothesis shrinks the choices by which a graph was drawn, and gets stuck if a simpler graph needs quite different
choices. Here the graph itself is simplified, step by step, as long as it keeps failing: nodes are cut off, bypassed,
merged or dropped, ops and values are made plain.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from gradcheck.errors import InvalidProblem
from gradcheck.problem.case import Case
from gradcheck.problem.graph import Graph
from gradcheck.problem.ops import LEAVES, OPS, Array
from gradcheck.strategies.comfort import MARGIN
from gradcheck.strategies.draft import Draft
from gradcheck.strategies.values import DECIMALS
from gradcheck.strategies.wish import Wish

PLAIN_OPS = ("add", "neg", "mul", "sub", "sum", "square", "div")
"""Ops, the plainest first; all others are less plain."""

MOVERS = ("sum", "mean", "max", "reshape", "transpose", "broadcast_to")
"""Ops that are the identity on a scalar."""


def minimise(case: Case, fails: Callable[[Case], bool], *, questions: int = 400) -> Case:
    """The simplest case found, from `case` downwards, for which `fails` holds; `case` must be one that fails.

    Every step lowers `complexity`, so that the search ends. It calls `fails` at most `questions` times, and is
    deterministic.
    """
    if not isinstance(case.problem, Graph):
        case = replace(case, problem=case.graph)
    asked = 0
    progress = True
    while progress:
        progress = False
        for candidate in smaller(case):
            if asked == questions:
                return case
            asked += 1
            if fails(candidate):
                case, progress = candidate, True
                break
    return case


def smaller(case: Case) -> Iterator[Case]:
    """Valid cases that are simpler than this one, the boldest change first; away from kinks if this one is.

    The loss of each depends on a parameter.
    """
    sketch = Sketch.of(case)
    limit, near_kink = complexity(case.graph, case.point), _gap(case) < MARGIN
    for edited in sketch.edits():
        try:
            candidate = edited.case(case)
        except InvalidProblem:
            continue  # shapes that no longer fit, or a value outside an op's domain
        simpler = complexity(candidate.graph, candidate.point) < limit
        trained = bool(candidate.graph.depends_on_parameters()[candidate.graph.loss])
        if simpler and trained and (near_kink or _gap(candidate) >= MARGIN):
            yield candidate


def complexity(graph: Graph, point: Mapping[str, Array]) -> tuple[Any, ...]:
    """What `minimise` lowers, compared in turn: nodes, edges, entries, then ops, values and node order by plainness."""
    entries = sum(math.prod(graph.shapes[i]) for i in graph.free)
    ops = sorted((_plainness(graph.op(i)) for i in range(len(graph))), reverse=True)
    constants = [graph.constants[i] for i in sorted(graph.constants)]
    values = [_rank(float(v)) for array in (*point.values(), *constants) for v in np.ravel(array)]
    distances = int(np.sum(np.repeat(np.arange(len(graph)), np.diff(graph.offsets)) - graph.inputs))
    shuffled = bool(np.any(graph.order != np.arange(len(graph))))
    return (
        len(graph),
        len(graph.inputs),
        entries,
        tuple(ops),
        tuple(sorted(values, reverse=True)),
        shuffled,
        distances,
    )


def _plainness(op: str) -> int:
    if op in LEAVES:
        return LEAVES.index(op) - len(LEAVES)
    return PLAIN_OPS.index(op) if op in PLAIN_OPS else len(PLAIN_OPS)


def _rank(value: float) -> int:
    return DECIMALS.index(value) if value in DECIMALS else len(DECIMALS)


def _gap(case: Case) -> float:
    """The least distance of any node's arguments to a kink or tie; inf where nothing has one."""
    values = case.graph.evaluate(case.point)
    gaps = [math.inf]
    for node in case.graph.nodes:
        if node.inputs and (kink := OPS[node.op].kink) is not None:
            gaps.append(
                float(np.min(kink(*(values[name] for name in node.inputs), **node.attributes), initial=math.inf))
            )
    return min(gaps)


@dataclass(frozen=True)
class Sketch:
    """A graph with its point, nodes in topological order, to be edited."""

    ops: tuple[str, ...]
    arguments: tuple[tuple[int, ...], ...]
    attributes: Mapping[int, Mapping[str, Any]]
    values: tuple[Array, ...]
    loss: int
    in_order: bool = True

    @classmethod
    def of(cls, case: Case) -> Sketch:
        """The case's graph with leaves first, and every node's value at its point."""
        graph, known = case.graph, case.graph.evaluate(case.point)
        order = sorted(graph.order.tolist(), key=lambda i: bool(graph.arguments(i)))  # leaves first
        place = {node: at for at, node in enumerate(order)}
        return cls(
            tuple(graph.op(i) for i in order),
            tuple(tuple(place[j] for j in graph.arguments(i)) for i in order),
            {place[i]: given for i, given in graph.attributes.items()},
            tuple(np.asarray(known[graph.names[i]]) for i in order),
            place[graph.loss],
            bool(np.all(graph.order == np.arange(len(graph)))),
        )

    def case(self, like: Case) -> Case:
        """The sketch as a case, named as `like`; nodes that were out of order are given in reverse order."""
        draft = Draft(Wish())
        for node, op in enumerate(self.ops):
            draft.add(op, self.arguments[node], self.values[node], self.attributes.get(node, {}), False)
        graph, point = draft.finish(self.loss, 0 if self.in_order else 1)
        return replace(like, problem=graph, point=point)

    def edits(self) -> Iterator[Sketch]:
        """Simpler sketches, the boldest change first."""
        computed = [i for i, a in enumerate(self.arguments) if a]
        yield self._without(set(range(len(self.ops))) - self._needed())
        yield self._of_scalars()
        for i in computed:  # from the leaves upwards: the first cuts are the smallest, the last the boldest
            for a in dict.fromkeys(self.arguments[i]):
                yield self._redirect({i: a}, self.loss if i != self.loss else a)
        for i in reversed(computed):
            if i != self.loss:
                yield self._leaf(i)
        used = {j for a in self.arguments for j in a}
        for i in computed:
            if i not in used and i != self.loss:
                other = replace(self, loss=i)
                yield other._without(set(range(len(self.ops))) - other._needed())
        yield from (self._without({i}) for i in range(len(self.ops)) if i not in used and i != self.loss)
        leaves = [i for i, a in enumerate(self.arguments) if not a]
        for i in reversed(leaves):
            yield from (self._redirect({i: j}, self.loss) for j in leaves if j < i and self._alike(i, j))
        for i in computed:
            for slot, old in enumerate(self.arguments[i]):
                for new in range(i):
                    if new != old and self._alike(old, new):
                        yield self._with_argument(i, slot, new)
        if not self.in_order:
            yield replace(self, in_order=True)
        for i in computed:
            yield from (self._with_op(i, op) for op in PLAIN_OPS[:3] if op != self.ops[i])
        for i in leaves:
            if self.ops[i] != "parameter":
                yield self._retyped(i, "parameter")
            for plain in (DECIMALS[0], DECIMALS[1]):
                yield self._revalued(i, plain)

    def _alike(self, one: int, other: int) -> bool:
        return self.values[one].shape == self.values[other].shape

    def _needed(self) -> set[int]:
        needed = {self.loss}
        for i in range(len(self.ops) - 1, -1, -1):
            if i in needed:
                needed.update(self.arguments[i])
        return needed

    def _without(self, gone: set[int]) -> Sketch:
        """The graph without these nodes, nor the dead ones that use them; itself where the loss is one of them."""
        gone = set(gone)
        for i, a in enumerate(self.arguments):
            if gone.intersection(a):
                gone.add(i)
        if self.loss in gone:
            return self
        kept = [i for i in range(len(self.ops)) if i not in gone]
        place = {old: new for new, old in enumerate(kept)}
        return replace(
            self,
            ops=tuple(self.ops[i] for i in kept),
            arguments=tuple(tuple(place[j] for j in self.arguments[i]) for i in kept),
            attributes={place[i]: given for i, given in self.attributes.items() if i in place},
            values=tuple(self.values[i] for i in kept),
            loss=place[self.loss],
        )

    def _redirect(self, instead: Mapping[int, int], loss: int) -> Sketch:
        """Uses of a node become uses of another; nodes that are no longer needed are dropped."""
        before = self._needed()
        arguments = tuple(tuple(instead.get(j, j) for j in a) for a in self.arguments)
        edited = replace(self, arguments=arguments, loss=loss)
        return edited._without((before - edited._needed()) | set(instead))

    def _leaf(self, node: int) -> Sketch:
        """A computed node becomes a parameter; nodes that only it needed are dropped."""
        before = self._needed()
        edited = replace(
            self,
            ops=_put(self.ops, node, "parameter"),
            arguments=_put(self.arguments, node, ()),
            attributes={i: given for i, given in self.attributes.items() if i != node},
            values=_put(self.values, node, _plain(self.values[node].shape, DECIMALS[0])),
        )
        return edited._without(before - edited._needed())

    def _with_argument(self, node: int, slot: int, new: int) -> Sketch:
        before = self._needed()
        arguments = _put(self.arguments, node, _put(self.arguments[node], slot, new))
        edited = replace(self, arguments=arguments)
        return edited._without(before - edited._needed())

    def _with_op(self, node: int, op: str) -> Sketch:
        if not (OPS[op].elementwise and OPS[self.ops[node]].elementwise):
            return self
        attributes = {i: given for i, given in self.attributes.items() if i != node}
        return replace(self, ops=_put(self.ops, node, op), attributes=attributes)

    def _retyped(self, node: int, kind: str) -> Sketch:
        return replace(self, ops=_put(self.ops, node, kind))

    def _revalued(self, node: int, value: float) -> Sketch:
        return replace(self, values=_put(self.values, node, _plain(self.values[node].shape, value)))

    def _of_scalars(self) -> Sketch:
        """All leaves become scalars; ops that then do nothing are bypassed."""
        if not any(value.ndim for value in self.values):
            return self
        instead: dict[int, int] = {}
        for i, op in enumerate(self.ops):
            if op in MOVERS:
                first = self.arguments[i][0]
                instead[i] = instead.get(first, first)
        values = tuple(
            np.asarray(DECIMALS[k % 8]) if not self.arguments[i] else np.zeros(())
            for k, (i, _) in enumerate(enumerate(self.values))
        )
        return replace(self, values=values)._redirect(instead, instead.get(self.loss, self.loss))


def _plain(shape: tuple[int, ...], value: float) -> Array:
    return np.full(shape, value)


def _put(items: tuple[Any, ...], at: int, item: Any) -> tuple[Any, ...]:
    return (*items[:at], item, *items[at + 1 :])
