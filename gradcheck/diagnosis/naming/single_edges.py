"""Engines that have a fault at some edges of a graph only, since half of a rule may be right."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from weakref import WeakKeyDictionary

from gradcheck.diagnosis.naming.answer_match import Observed, answer_of, unlike
from gradcheck.diagnosis.place import weighted
from gradcheck.errors import GradcheckError
from gradcheck.faults.graphs.textbook_backprop import Backprop
from gradcheck.problem import Case, Graph
from gradcheck.problem.ops import Array
from gradcheck.problem.parts import slot_by_slot
from gradcheck.subject.answer import Answer
from gradcheck.subject.inprocess import InProcessSubject

Edges = frozenset[tuple[int, int]]
"""Set of (node, slot): the messages from a node to one of its arguments."""


_KNOWN: WeakKeyDictionary[Observed, Edges] = WeakKeyDictionary()
"""Results of `wrong_edges`, kept since every fault that is tried needs the same ones."""


def wrong_edges(one: Observed) -> Edges:
    """The edges whose message is wrong when the node's op is tried alone, with a cotangent of unequal entries."""
    if one not in _KNOWN:
        _KNOWN[one] = _found(one)
    return _KNOWN[one]


def _found(one: Observed) -> Edges:
    if not isinstance(one.case, Case):
        return frozenset()
    graph = one.case.graph
    try:
        values = graph.evaluate(one.case.point)
    except GradcheckError:
        return frozenset()
    inner = [i for i in range(len(graph)) if graph.arguments(i)]
    return frozenset((i, slot) for i in inner for slot in _wrong_slots(one, graph, i, values))


def _wrong_slots(one: Observed, graph: Graph, node: int, values: Mapping[str, Array]) -> list[int]:
    try:
        part, point = slot_by_slot(graph, node, values)
        alone = Case("alone", weighted(part, graph.names[node]), point, dtype=one.case.dtype)
    except GradcheckError:
        return []
    theirs, right = answer_of(one.subject, alone), answer_of(InProcessSubject(Backprop()), alone)
    if not isinstance(right, Answer):
        return []
    leaves = part.arguments(part.index(graph.names[node]))
    wrong = (
        unlike(theirs.gradients, right.gradients, alone.dtype) if isinstance(theirs, Answer) else set(right.gradients)
    )
    return [slot for slot, leaf in enumerate(leaves) if part.names[leaf] in wrong]


class Partly(Backprop):
    """The textbook, with another engine's messages along some edges."""

    def __init__(self, bent: Backprop, edges: Edges) -> None:
        self.bent, self.edges = bent, edges

    def message(self, node: int, slot: int, upstream: Array) -> Array:
        """The other's message along its edges, the right one along all others."""
        if (node, slot) not in self.edges:
            return super().message(node, slot, upstream)
        bent = self.bent
        bent.graph, bent.dtype, bent.values = self.graph, self.dtype, self.values
        bent.varying, bent.adjoints = self.varying, self.adjoints
        return bent.message(node, slot, upstream)


def bends_messages(make: Callable[[], Any]) -> bool:
    """Whether a fault bends what one node sends to one argument, and nothing else."""
    kind = type(make())
    return (
        issubclass(kind, Backprop)
        and any(getattr(kind, m) is not getattr(Backprop, m) for m in ("message", "local", "unbroadcast"))
        and all(
            getattr(kind, m) is getattr(Backprop, m)
            for m in ("__call__", "forward", "value", "start", "sweep", "visit", "receive", "answer")
        )
    )
