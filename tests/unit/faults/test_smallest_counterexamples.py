"""The smallest counterexample of every fault at a branch is the smallest there is: all tiny graphs are gone through.

What is passed on too early needs a node that two later ones use, one of them through the other: 4 nodes. A cut after
four levels needs five edges in a row. All others show on 2 or 3 nodes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import product
from typing import Any

import numpy as np
import pytest

from gradcheck.diagnosis.smallest import smallest
from gradcheck.errors import InvalidProblem, SubjectError
from gradcheck.faults.catalogue import CATALOGUE, fault
from gradcheck.faults.graphs.textbook_backprop import Backprop
from gradcheck.problem import OPS, Graph
from gradcheck.problem.ops import CODES, Array
from gradcheck.strategies.comfort import MARGIN
from gradcheck.subject.inprocess import InProcessSubject

Point = dict[str, Array]
Problem = tuple[Graph, Point]

LEAST = {
    **dict.fromkeys(("F01", "F07", "F08", "F10", "F11", "F15", "F17", "F19"), 2),
    **dict.fromkeys(("F02", "F04", "F05", "F06", "F09", "F12", "F13", "F18"), 3),
    "F03": 4,
    "F14": 6,
}
"""Nodes of the smallest graph on which each fault of branches and order shows."""

VALUES = (2.0, 1.0, -1.0, 0.5)
ELEMENTWISE = tuple(op for op, row in OPS.items() if row.elementwise)
PLAIN = ("add", "neg")
"""An op of either arity: where only structure counts, as many as are needed."""


def test_every_fault_of_branches_and_order_is_looked_at() -> None:
    rows = [r for r in CATALOGUE if r.family in ("branches", "order") and r.scope == "dag" and not r.right]
    assert {r.code for r in rows} == set(LEAST)


@pytest.mark.parametrize("code", [code for code in LEAST if code != "F17"])  # which hangs, and gives no number
def test_the_search_finds_one_of_that_size(code: str) -> None:
    case = smallest(InProcessSubject(fault(code).subject()))
    assert case is not None
    assert len(case.graph) == LEAST[code]
    assert differs(code, (case.graph, dict(case.point)))


@pytest.mark.parametrize("code", LEAST)
@pytest.mark.parametrize("nodes", [1, 2])
def test_fewer_than_three_nodes_show_it_nowhere_or_there_already(code: str, nodes: int) -> None:
    shown = any(differs(code, problem) for problem in every_graph(nodes, ELEMENTWISE, VALUES))
    assert shown == (nodes >= LEAST[code])


@pytest.mark.parametrize(("code", "nodes"), [("F03", 3), ("F14", 3), ("F14", 4), ("F14", 5)])
def test_what_is_passed_on_needs_more_nodes(code: str, nodes: int) -> None:
    """Neither fault looks at values, at which op a node is, or at what the loss does not need: two plain ops make every
    structure there is."""
    problems = every_graph(nodes, PLAIN, VALUES[:1], live=True)
    assert not any(differs(code, problem) for problem in problems)
    assert len(problems) > 10


def test_the_enumeration_is_complete() -> None:
    """Counted by hand: the loss w; w + w and -w; w and an idle leaf; each in either order."""
    assert len(every_graph(1, PLAIN, VALUES)) == len(VALUES)
    kinds = ("add1", "neg1", "input0", "constant0")
    assert Counter(text(graph) for graph, _ in every_graph(2, PLAIN, VALUES[:1])) == {
        **dict.fromkeys((f"parameter0 {kind}" for kind in kinds), 1),
        **dict.fromkeys((f"{kind} parameter0" for kind in kinds), 1),
        "parameter0 parameter0": 4,  # either is the loss
    }
    seen = {text(graph) for graph, _ in every_graph(3, PLAIN, VALUES[:1])}
    assert {"parameter0 neg1 add2", "parameter0 add1 add1", "parameter0 input0 add2", "add1 neg1 parameter0"} <= seen


def text(graph: Graph) -> str:
    """Each node's op, and how many nodes it uses."""
    return " ".join(f"{node.op}{len(set(node.inputs))}" for node in graph.nodes)


def differs(code: str, problem: Problem) -> bool:
    """Whether the fault answers otherwise than the engine that it is a bend of, revealed adjoints included.

    Raising is answering otherwise.
    """
    graph, point = problem
    try:
        value, gradients, *more = fault(code).subject()(graph, {n: v.copy() for n, v in point.items()})
    except SubjectError:
        return True
    right, truth, adjoints = textbook(problem)
    given = {**(more[0] if more else {}), **gradients}
    return not (
        np.allclose(value, right, rtol=1e-9, atol=1e-12)
        and all(np.allclose(given[n], v, rtol=1e-9, atol=1e-12) for n, v in {**adjoints, **truth}.items() if n in given)
    )


ANSWERS: dict[int, tuple[Problem, Any]] = {}


def textbook(problem: Problem) -> Any:
    """The right answer, found once for all faults; the problem is kept, so that its id stays its own."""
    if id(problem) not in ANSWERS:
        ANSWERS[id(problem)] = (problem, Backprop()(*problem))
    return ANSWERS[id(problem)][1]


@cache
def every_graph(nodes: int, ops: Sequence[str], values: Sequence[float], live: bool = False) -> tuple[Problem, ...]:
    """All scalar graphs of so many nodes and these ops, at all points of these values, valid and away from kinks.

    Leaves come first, then ops on any earlier nodes; the loss is any node that a parameter reaches. Nodes are handed
    over in that order, and in its reverse. `live`: only graphs whose loss needs every node.
    """
    found = []
    for leaves in range(1, nodes + 1):
        for kinds in product(("parameter", "input", "constant"), repeat=leaves):
            if kinds == tuple(sorted(kinds, reverse=True)) and "parameter" in kinds:  # leaves have no order
                for computed in applications(leaves, nodes, ops):
                    used = {j for _, arguments in computed for j in arguments}
                    losses = range(nodes) if not live else [nodes - 1] if len(used) == nodes - 1 else []
                    found += [p for loss in losses for p in at_points(kinds, computed, loss, values)]
    return tuple(found)


def applications(first: int, nodes: int, ops: Sequence[str]) -> Iterator[tuple[tuple[str, tuple[int, ...]], ...]]:
    """Every way of computing the nodes from `first` on."""
    choices = [
        [(op, arguments) for op in ops for arguments in product(range(node), repeat=OPS[op].arity)]
        for node in range(first, nodes)
    ]
    return product(*choices)


def at_points(
    kinds: Sequence[str], computed: Sequence[tuple[str, tuple[int, ...]]], loss: int, given: Sequence[float]
) -> Iterator[Problem]:
    """The graph at every point, its nodes in order and in reverse."""
    ops = [*kinds, *(op for op, _ in computed)]
    arguments = [*((),) * len(kinds), *(a for _, a in computed)]
    for values in product(given, repeat=len(kinds)):
        for order in (list(range(len(ops))), list(range(len(ops)))[::-1]):
            place = {node: at for at, node in enumerate(order)}
            inputs = [[place[j] for j in arguments[node]] for node in order]
            try:
                graph = Graph(
                    [CODES[ops[node]] for node in order],
                    np.cumsum([0, *map(len, inputs)]),
                    [j for row in inputs for j in row],
                    loss=place[loss],
                    constants={place[k]: values[k] for k, kind in enumerate(kinds) if kind == "constant"},
                )
                point = {
                    graph.names[place[k]]: np.asarray(values[k]) for k, kind in enumerate(kinds) if kind != "constant"
                }
                fine = comfortable(graph, point)
            except InvalidProblem:  # outside an op's domain
                break
            if not fine:
                break
            yield graph, point
            if len(ops) == 1:
                break


def comfortable(graph: Graph, point: Point) -> bool:
    """Whether a parameter reaches the loss, and no node is at a kink."""
    if not graph.depends_on_parameters()[graph.loss]:
        return False
    known = graph.evaluate(point)
    for node in graph.nodes:
        kink = OPS[node.op].kink if node.inputs else None
        if kink is not None and np.any(kink(*(known[name] for name in node.inputs), **node.attributes) < MARGIN):
            return False
    return True
