"""`GraphBuilder`: operators, constants on either side, names."""

import operator
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from gradcheck.errors import InvalidProblem
from gradcheck.problem import OPS, Graph, GraphBuilder, Handle

OPERATORS: dict[str, Callable[[Any, Any], Any]] = {
    "add": operator.add,
    "sub": operator.sub,
    "mul": operator.mul,
    "div": operator.truediv,
    "pow": operator.pow,
}


def value(graph: Graph, **point: Any) -> float:
    return float(graph.evaluate(point)[graph.names[graph.loss]])


@pytest.mark.parametrize("number", [3, 3.0, np.float64(3.0), np.float32(3.0), np.int64(3), np.array(3.0)], ids=repr)
@pytest.mark.parametrize("op", OPERATORS)
def test_operators_keep_the_order_of_their_sides(op: str, number: Any) -> None:
    apply = OPERATORS[op]
    for left in (False, True):
        build = GraphBuilder()
        x = build.parameter("x")
        graph = build.graph(apply(number, x) if left else apply(x, number))
        assert graph.op(graph.loss) == op
        assert value(graph, x=2.0) == (apply(3.0, 2.0) if left else apply(2.0, 3.0))


@pytest.mark.parametrize("op", OPERATORS)
def test_operators_between_nodes(op: str) -> None:
    build = GraphBuilder()
    x, y = build.parameter("x"), build.parameter("y")
    graph = build.graph(OPERATORS[op](x, y))
    assert graph.node(graph.loss).inputs == ("x", "y")
    assert value(graph, x=2.0, y=5.0) == OPERATORS[op](2.0, 5.0)


def test_matmul_and_arrays_on_either_side() -> None:
    matrix = np.array([[1.0, 2.0], [3.0, 4.0]])
    for left in (False, True):
        build = GraphBuilder()
        x = build.parameter("x", (2,))
        product = matrix @ x if left else x @ matrix
        assert isinstance(product, Handle)
        graph = build.graph(build.sum(product))
        expected = matrix @ [1.0, 10.0] if left else np.array([1.0, 10.0]) @ matrix
        assert value(graph, x=[1.0, 10.0]) == float(np.sum(expected))


def test_an_array_on_the_left_is_one_constant() -> None:
    build = GraphBuilder()
    x = build.parameter("x", (2,))
    graph = build.graph(build.sum(np.array([2.0, 3.0]) * x))
    assert [node.op for node in graph.nodes] == ["parameter", "constant", "mul", "sum"]


def test_negation_and_sums_of_lists() -> None:
    build = GraphBuilder()
    x, y = build.parameter("x"), build.parameter("y")
    assert value(build.graph(-sum([x, y])), x=2.0, y=3.0) == -5.0


@pytest.mark.parametrize("op", OPS)
def test_every_op_is_a_method(op: str) -> None:
    row = OPS[op]
    shapes, attributes = row.examples[0]
    build = GraphBuilder()
    leaves = [build.parameter(f"p{k}", shape) for k, shape in enumerate(shapes)]
    made = getattr(build, op)(*leaves, name="made", **attributes)
    node = build.graph(build.sum(made)).node("made")
    assert node.op == op
    assert node.inputs == tuple(f"p{k}" for k in range(len(shapes)))
    assert {**row.attributes, **attributes} == node.attributes


def test_what_is_no_op_is_no_attribute() -> None:
    with pytest.raises(AttributeError, match=r"unknown op 'tanhh'; did you mean 'tanh'\?"):
        _ = GraphBuilder().tanhh


def test_names_are_given_or_made_up() -> None:
    build = GraphBuilder()
    x = build.parameter("x")
    taken = build.exp(x, name="mul_2")
    graph = build.graph(x * taken * 0.5 * 0.5 + build.constant([1.0, 2.0]) @ build.constant([3.0, 4.0], name="k"))
    assert graph.names == ("x", "mul_2", "mul", "0.5", "mul_3", "0.5_2", "mul_4", "constant", "k", "matmul", "add")
    assert repr(taken) == "<node 'mul_2'>"


def test_constants_that_look_alike_stay_apart() -> None:
    build = GraphBuilder()
    x = build.parameter("x")
    graph = build.graph((x + 0.1) * (x + 0.1000000001))
    assert [float(v) for v in graph.constants.values()] == [0.1, 0.1000000001]
    assert len(set(graph.names)) == len(graph)


def test_a_builder_goes_on_after_a_graph() -> None:
    build = GraphBuilder()
    x = build.parameter("x")
    first = build.graph(build.square(x))
    second = build.graph(build.exp(x))
    assert len(first) == 2
    assert second.names == ("x", "square", "exp")


def test_one_name_for_two_nodes_is_refused() -> None:
    build = GraphBuilder()
    x = build.parameter("x")
    with pytest.raises(InvalidProblem, match="node 'x': two nodes have this name"):
        build.graph(build.exp(x, name="x"))
