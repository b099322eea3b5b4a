"""Finds the node that is wrong, by asking the subject about smaller graphs cut out of the case.

Forward: each inner node becomes the loss of a smaller graph. The first node whose value is wrong, while the values of
all its arguments are right, is wrong. Backward: each inner node becomes a parameter. Behind the wrong adjoints closest
to the loss is a wrong local rule or a wrong accumulation. The rule is then tried alone, on a graph of that one op, with
a cotangent of ones and with another.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.diagnosis.judged_parts import Parts
from gradcheck.diagnosis.made_in import made_in
from gradcheck.oracle.estimate import Oracle
from gradcheck.problem import OPS, Case, Graph, GraphBuilder
from gradcheck.problem.builder import Handle
from gradcheck.problem.parts import beyond, slot_by_slot, up_to
from gradcheck.problem.walks import ancestors, reached
from gradcheck.subject.answer import Subject
from gradcheck.verdict.compare import Comparison
from gradcheck.verdict.finding import Finding, finding

Array = NDArray[Any]

LARGE = 500
"""Number of nodes beyond which a graph is not taken apart: each part of it takes seconds, and there are as many."""


ALONE = "alone on one op"
UPSTREAM = "unless what arrives from above is 1"
"""How a rule is wrong: for any cotangent, or for all but ones."""


class Locator:
    """Locates what is wrong in one failed case."""

    def __init__(self, case: Case, subject: Subject, oracles: Sequence[Oracle]) -> None:
        self._case = case
        self._graph = case.graph
        self._subject = subject
        self._parts = Parts(case, subject, oracles)
        self._values = self._parts.values

    def findings(self, comparisons: Sequence[Comparison]) -> list[Finding]:
        """Findings that name the node, or none where the subject or the budget does not let it be found."""
        if not comparisons or len(self._graph) > LARGE:
            return []
        if np.any(comparisons[0].wrong):
            return self._forward()
        wrong = [c.block for c in comparisons[1:] if np.any(c.wrong)]
        return self._backward(wrong)

    def _forward(self) -> list[Finding]:
        graph = self._graph
        for i in ancestors(graph, graph.loss):
            if not graph.arguments(i):
                continue
            off = self._parts.value(up_to(graph, i))
            if off is None:
                return []
            if off.wrong.any():
                assert off.worst is not None
                return [
                    finding(
                        "GC015",
                        node=repr(graph.names[i]),
                        op=graph.op(i),
                        subject=off.worst.subject,
                        truth=off.worst.truth,
                    )
                ]
        return []

    def _backward(self, blocks: Sequence[str]) -> list[Finding]:
        """From the loss towards the wrong blocks: a finding per first node whose adjoint is wrong."""
        graph = self._graph
        varying = graph.depends_on_parameters()
        suspects = self._above([graph.index(block) for block in blocks])
        for i in reversed(graph.order.tolist()):
            if i not in suspects or not varying[i] or i == graph.loss:
                continue
            wrong = self._adjoint_wrong(i)
            if wrong is None:
                return []
            if wrong:
                return [self._wrong_part(i)]
        return []

    def _wrong_part(self, node: int) -> Finding:
        """Why `node`'s adjoint is wrong while those of all nodes after it are right: a user's rule, or the sum."""
        graph = self._graph
        users = [k for k in range(len(graph)) if node in graph.arguments(k)]
        for user in users:
            how, where = self._rule_wrong(user)
            if how:
                fits = f" (broadcast from {graph.shapes[node]})" if self._broadcasts(user, node) else ""
                what = f"passes a wrong gradient to {graph.names[node]!r}{fits}: its rule is wrong, {how}"
                return finding("GC050", node=repr(graph.names[user]), op=graph.op(user), what=what, **where)
        uses = int(np.sum(graph.inputs == node))
        what = (
            f"is used {uses} times, and the gradient that arrives at it is wrong, though every node after it is right: "
            "look at how the gradients from its uses are added up"
            if uses > 1
            else "is the first at which a wrong gradient arrives; every node after it is right"
        )
        return finding("GC050", node=repr(graph.names[node]), op=graph.op(node), what=what)

    def _broadcasts(self, user: int, argument: int) -> bool:
        op, shapes = self._graph.op(user), self._graph.shapes
        return (OPS[op].elementwise or op == "broadcast_to") and shapes[user] != shapes[argument]

    def _above(self, leaves: Sequence[int]) -> set[int]:
        """The leaves and every node on a path from one of them to the loss."""
        downstream = reached(self._graph, np.array(leaves, dtype=np.int64))
        return {i for i in ancestors(self._graph, self._graph.loss) if downstream[i]}

    def _adjoint_wrong(self, node: int) -> bool | None:
        graph = self._graph
        if not graph.arguments(node):
            part, extra = graph, dict[str, Array]()
        else:
            part, extra = beyond(graph, node, self._values[graph.names[node]])
        return self._parts.adjoint_wrong(node, part, extra)

    def _rule_wrong(self, node: int) -> tuple[str, dict[str, Any]]:
        """How the node's op, alone, passes on a wrong cotangent, "" if it does not; and in which function (`made_in`).

        It is asked for a cotangent of ones, and for another.
        """
        part, extra = slot_by_slot(self._graph, node, self._values)
        if wrong := self._parts.wrong(part, extra):
            return ALONE, self._made_in(part, extra, wrong)
        name, shape = self._graph.names[node], self._graph.shapes[node]
        if self._graph.op(node) == "mul":
            return "", {}
        # Ones hide a wrong order of entries, and a rule that ignores its cotangent. Weights show both, provided that
        # the subject multiplies by them correctly.
        build = GraphBuilder()
        probe = weighted(build.graph(build.sum(build.parameter(name, shape))), name)
        if self._parts.wrong(probe, {name: self._values[name]}):
            return "", {}
        heavier = weighted(part, name)
        if not (wrong := self._parts.wrong(heavier, extra)):
            return "", {}
        how = UPSTREAM if OPS[self._graph.op(node)].elementwise else ALONE
        return how, self._made_in(heavier, extra, wrong)

    def _made_in(self, part: Graph, extra: Mapping[str, Array], wrong: Sequence[str]) -> dict[str, Any]:
        return made_in(self._subject, part, part, self._parts.point(part, extra), wrong, self._case.dtype)


def weighted(part: Graph, name: str) -> Graph:
    """The graph whose loss is the sum of the entries of node `name`, each times a weight of its own."""
    build, made = GraphBuilder(), dict[str, Handle]()
    for i in ancestors(part, part.index(name)):
        node = part.node(i)
        if node.inputs:
            made[node.name] = build.apply(node.op, *[made[a] for a in node.inputs], name=node.name, **node.attributes)
        elif node.value is not None:
            made[node.name] = build.constant(node.value, name=node.name)
        else:
            leaf = build.parameter if node.op == "parameter" else build.input
            made[node.name] = leaf(node.name, node.shape)
    shape = part.node(name).shape
    weights = np.arange(2.0, 2.0 + np.prod(shape, dtype=np.int64)).reshape(shape)
    product = build.mul(made[name], weights)
    return build.graph(build.sum(product) if shape else product)
