"""Adjoints read off a graph's own record are those of a probe added to the node, or are not told."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings

from gradcheck.oracle.analysis import Analysis, analyse_graph
from gradcheck.problem import Case, Graph, GraphBuilder
from gradcheck.problem.parts import probed
from gradcheck.problem.walks import ancestors
from gradcheck.strategies import graph_cases

Made = Callable[[GraphBuilder], Graph]


def analysed(case: Case) -> Analysis:
    found = analyse_graph(case.graph, case.point, crossed=False, rounded=False)
    assert isinstance(found, Analysis), found
    return found


def nodes_of(graph: Graph) -> list[int]:
    return [i for i in ancestors(graph, graph.loss) if graph.op(i) != "constant"]


def product_twice(build: GraphBuilder) -> Graph:
    x, y = build.parameter("x"), build.parameter("y")
    return build.graph(build.add(build.mul(x, y, name="p"), build.exp(build.mul(x, y, name="q"))))


def data_that_equals_a_literal(build: GraphBuilder) -> Graph:
    """gelu(x) is 0.5 x erfc(...)."""
    x, half = build.parameter("x"), build.input("half")
    return build.graph(build.add(build.gelu(x), build.mul(half, x, name="h")))


def data_alike(build: GraphBuilder) -> Graph:
    x, a, b = build.parameter("x"), build.input("a"), build.input("b")
    return build.graph(build.add(build.mul(a, x), build.exp(build.mul(b, x))))


def part_of_a_composed_op(build: GraphBuilder) -> Graph:
    """log_softmax(x) is x - logsumexp(x)."""
    x = build.parameter("x", (3,))
    sums = build.logsumexp(x, axis=-1, keepdims=True, name="l")
    return build.graph(build.sum(build.mul(build.log_softmax(x), sums)))


def same_array(build: GraphBuilder) -> Graph:
    x = build.parameter("x")
    return build.graph(build.mul(build.sum(x, name="s"), x))


@pytest.mark.parametrize(
    "made", [product_twice, data_that_equals_a_literal, data_alike, part_of_a_composed_op, same_array]
)
def test_what_two_nodes_share_is_told_rightly_or_not_at_all(made: Made) -> None:
    graph = made(GraphBuilder())
    values = {"x": 0.7, "y": -0.4, "half": 0.5, "a": 1.5, "b": 1.5}
    point = {graph.names[i]: np.full(graph.shapes[i], values[graph.names[i]]) for i in graph.free}
    holds_what_a_probe_says(Case("shared", graph, point))


def test_a_product_that_is_made_twice_is_not_told() -> None:
    graph = product_twice(GraphBuilder())
    known = analysed(Case("twice", graph, {"x": 0.7, "y": -0.4}))
    p, q, x = (graph.index(name) for name in "pqx")
    assert known.adjoints([p]) is known.adjoints([q]) is None
    (proof,) = known.adjoints([x]) or ()
    assert proof.value == pytest.approx(-0.4 * (1 + np.exp(-0.28)), rel=1e-15)


def test_data_has_an_adjoint_although_nothing_varies_in_it() -> None:
    build = GraphBuilder()
    w, x = build.parameter("w"), build.input("x")
    graph = build.graph(build.exp(build.mul(w, build.square(x, name="s"))))
    known = analysed(Case("data", graph, {"w": 0.5, "x": 2.0}))
    by_square, by_x = known.adjoints([graph.index("s"), graph.index("x")]) or ()
    assert by_square.value == pytest.approx(0.5 * np.exp(2.0), rel=1e-15)
    assert by_x.value == pytest.approx(2 * 2.0 * 0.5 * np.exp(2.0), rel=1e-15)


def test_at_a_tie_nothing_is_told() -> None:
    build = GraphBuilder()
    w = build.parameter("w")
    graph = build.graph(build.square(build.abs(w, name="a")))
    assert analysed(Case("tie", graph, {"w": 0.0})).adjoints([graph.index("a")]) is None


def holds_what_a_probe_says(case: Case) -> int:
    """Compares every node's adjoint with the gradient by a probe; the number of nodes that were told."""
    known, told = analysed(case), 0
    for node in nodes_of(case.graph):
        found = known.adjoints([node])
        if found is None:
            continue
        longer, (probe,), zeros = probed(case.graph, [node])
        beside = analysed(Case("probed", longer, {**case.point, **zeros}))
        if not beside.smooth:
            continue
        by_probe = beside.estimates.gradients[probe]
        finite = np.isfinite(by_probe.error) & np.isfinite(found[0].error)
        apart = np.abs(found[0].value - by_probe.value)
        assert np.all(apart[finite] <= (found[0].error + by_probe.error)[finite]), case.graph.names[node]
        told += 1
    return told


@settings(max_examples=25)
@given(graph_cases(max_nodes=9, scalar=False))
def test_random_graphs(case: Case) -> None:
    found = analyse_graph(case.graph, case.point, crossed=False, rounded=False)
    if isinstance(found, Analysis) and found.smooth:
        holds_what_a_probe_says(case)
