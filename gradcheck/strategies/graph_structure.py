"""Which structures a graph has, for its name and sentence, and for a suite to count."""

from __future__ import annotations

import numpy as np

from gradcheck.problem.graph import Graph
from gradcheck.problem.ops import LEAVES, OPS
from gradcheck.problem.walks import ancestors, path_count

ORDERED = ("sub", "div", "pow")
"""Ops for which a constant on the left differs from one on the right."""

SENTENCES = {
    "repeated": "one node as both operands of an op",
    "diamond": "branches that meet again",
    "deep": "diamonds on diamonds",
    "shared": "a parameter used in several places",
    "fan": "a node that feeds three or more",
    "left": "a constant on the left",
    "dead": "results that the loss does not need",
    "idle": "a leaf that the loss does not need",
    "twins": "the same operation twice with different constants",
    "kinked": "ops with kinks, at points away from them",
    "broadcast": "broadcasting",
    "arrays": "arrays",
    "shuffled": "nodes in no particular order",
    "chain": "one op after another",
}
"""Every structure that `structures` knows, in words."""


def structures(graph: Graph) -> frozenset[str]:
    """The structures present in a graph; keys of SENTENCES.

    Diamonds, fans and shared parameters count only where they matter for the gradient: among nodes that lie on a
    path from a parameter to the loss.
    """
    n = len(graph)
    arguments = [graph.arguments(i) for i in range(n)]
    needed = np.zeros(n, dtype=bool)
    needed[ancestors(graph, graph.loss)] = True
    live = needed & graph.depends_on_parameters()
    users: list[set[int]] = [set() for _ in range(n)]
    for i in np.flatnonzero(live).tolist():
        for j in arguments[i]:
            if live[j]:
                users[j].add(i)
    ops = [graph.op(i) for i in range(n)]
    computed = [i for i in range(n) if arguments[i]]
    found = set()
    if any(len(set(a)) < len(a) for i, a in enumerate(arguments) if live[i]):
        found.add("repeated")
    forks = [i for i in range(n) if len(users[i]) > 1]
    if any(ops[i] not in LEAVES for i in forks):
        found.add("diamond")
    if len(forks) > 1 and path_count(graph) >= 6:
        found.add("deep")
    if any(ops[i] == "parameter" for i in forks):
        found.add("shared")
    if any(len(users[i]) > 2 for i in forks):
        found.add("fan")
    if any(ops[i] in ORDERED and ops[arguments[i][0]] == "constant" for i in computed):
        found.add("left")
    if any(not needed[i] for i in computed):
        found.add("dead")
    if any(not needed[i] for i in graph.free):
        found.add("idle")
    if _twins(graph, arguments, ops):
        found.add("twins")
    if any(OPS[ops[i]].kink is not None for i in computed):
        found.add("kinked")
    if any(graph.shapes):
        found.add("arrays")
        if any(OPS[ops[i]].elementwise and len({graph.shapes[j] for j in arguments[i]}) > 1 for i in computed):
            found.add("broadcast")
    if np.any(graph.order != np.arange(n)):
        found.add("shuffled")
    if not forks and "repeated" not in found and len(computed) >= 3:
        found.add("chain")
    return frozenset(found)


def _twins(graph: Graph, arguments: list[tuple[int, ...]], ops: list[str]) -> bool:
    """Whether one op is applied to the same node twice, beside different constants."""
    seen: dict[tuple[str, int, bool], set[float]] = {}
    for i, inputs in enumerate(arguments):
        if len(inputs) == 2:
            for node, other, on_left in ((inputs[0], inputs[1], False), (inputs[1], inputs[0], True)):
                if ops[other] == "constant" and graph.constants[other].ndim == 0:
                    seen.setdefault((ops[i], node, on_left), set()).add(float(graph.constants[other]))
    return any(len(values) > 1 for values in seen.values())
