"""Failing graphs shrink to what a person would have drawn. The minimal examples are pinned."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from gradcheck.problem import Graph
from gradcheck.strategies.graph_strategies import graphs

Minimal = Callable[..., str]


def uses(graph: Graph, name: str) -> int:
    return sum(node.inputs.count(name) for node in graph.nodes)


def has(op: str) -> Callable[[Graph], bool]:
    return lambda graph: any(node.op == op for node in graph.nodes)


def fans_out(graph: Graph) -> bool:
    return any(uses(graph, name) > 1 for name in graph.names)


def inner_node_fans_out(graph: Graph) -> bool:
    return any(node.inputs and uses(graph, node.name) > 1 for node in graph.nodes)


def constant_on_the_left(graph: Graph) -> bool:
    return any(node.op == "sub" and graph.node(node.inputs[0]).op == "constant" for node in graph.nodes)


def out_of_order(graph: Graph) -> bool:
    return bool(np.any(graph.order != np.arange(len(graph))))


def broadcasts(graph: Graph) -> bool:
    return any(node.op == "add" and len({graph.node(name).shape for name in node.inputs}) > 1 for node in graph.nodes)


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        (fans_out, "parameter() add(w1,w1)"),
        (has("tanh"), "parameter() tanh(w1)"),
        (constant_on_the_left, "parameter() constant() sub(0.5,w1)"),
        (out_of_order, "add(w1,w1) parameter()"),
    ],
)
def test_the_minimal_scalar_graph(minimal: Minimal, condition: Callable[[Graph], bool], expected: str) -> None:
    assert minimal(graphs(), condition) == expected


def test_a_shared_inner_node_shrinks_to_three_nodes(minimal: Minimal) -> None:
    assert minimal(graphs(), inner_node_fans_out) == "parameter() add(w1,w1) add(add,add)"


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        (fans_out, "parameter() add(w1,w1) sum(add)"),
        (has("matmul"), "parameter() matmul(w1,w1)"),
    ],
)
def test_the_minimal_array_graph(minimal: Minimal, condition: Callable[[Graph], bool], expected: str) -> None:
    assert minimal(graphs(scalar=False), condition) == expected


@pytest.mark.parametrize("op", ["mul", "div", "pow", "relu", "log"])
def test_an_op_shrinks_to_few_nodes(minimal: Minimal, op: str) -> None:
    assert len(minimal(graphs(), has(op)).split()) <= 5


def test_broadcasting_shrinks_to_few_nodes(minimal: Minimal) -> None:
    assert len(minimal(graphs(scalar=False), broadcasts).split()) <= 5


def test_a_condition_that_needs_many_nodes_is_not_shrunk_below_it(minimal: Minimal) -> None:
    assert len(minimal(graphs(), lambda graph: len(graph) >= 5).split()) == 5
