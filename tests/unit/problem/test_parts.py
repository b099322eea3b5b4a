"""Smaller graphs cut out of a graph: the same numbers, and no more nodes than needed."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradcheck.problem import Graph, GraphBuilder
from gradcheck.problem.parts import beyond, up_to
from gradcheck.problem.walks import ancestors


def network() -> Graph:
    """h = tanh(W x + b) feeds the loss twice; `dead` feeds nothing."""
    build = GraphBuilder()
    weights, b, x = build.parameter("W", (2, 3)), build.parameter("b", (2,)), build.input("x", (3,))
    z = build.add(weights @ x, b, name="z")
    h = build.tanh(z, name="h")
    build.exp(h, name="dead")
    s = build.sum(h * h, name="s")
    return build.graph(build.mul(s, build.max(h, name="m"), name="loss"))


POINT = {
    "W": np.array([[0.5, -0.25, 1.0], [0.75, 0.5, -0.5]]),
    "b": np.array([0.1, -0.2]),
    "x": np.array([1.0, 2.0, -0.5]),
}


def names(graph: Graph) -> set[str]:
    return set(graph.names)


def test_ancestors_come_in_order_and_leave_the_rest_out() -> None:
    graph = network()
    listed = [graph.names[i] for i in ancestors(graph, graph.index("h"))]
    assert set(listed) == {"W", "b", "x", "matmul", "z", "h"}
    assert listed.index("matmul") < listed.index("z") < listed.index("h")
    assert ancestors(graph, graph.index("W")) == [graph.index("W")]
    assert "dead" not in {graph.names[i] for i in ancestors(graph, graph.loss)}


@given(st.permutations(range(6)))
def test_ancestors_of_shuffled_nodes(place: list[int]) -> None:
    # x -> a -> c, b = a * x -> d = b + c; nothing else reaches c.
    rows = {
        0: ("parameter", []),
        1: ("sin", [0]),
        2: ("cos", [1]),
        3: ("mul", [1, 0]),
        4: ("add", [3, 2]),
        5: ("exp", [0]),
    }
    ops, inputs = [""] * 6, [[]] * 6  # type: list[str], list[list[int]]
    for i, (op, arguments) in rows.items():
        ops[place[i]], inputs[place[i]] = op, [place[j] for j in arguments]
    offsets = np.cumsum([0, *map(len, inputs)])
    graph = Graph.from_arrays(ops, offsets, [j for row in inputs for j in row], loss=place[4])
    assert set(ancestors(graph, place[2])) == {place[0], place[1], place[2]}
    assert set(ancestors(graph, place[4])) == {place[i] for i in range(5)}


@pytest.mark.parametrize("node", ["W", "x", "matmul", "z", "h", "dead", "s", "m", "loss"])
def test_up_to_has_the_nodes_value_as_its_loss(node: str) -> None:
    graph = network()
    values = graph.evaluate(POINT)
    part = up_to(graph, graph.index(node))
    point = {part.names[i]: POINT[part.names[i]] for i in part.free}
    assert float(part.evaluate(point)[part.names[part.loss]]) == pytest.approx(float(np.sum(values[node])), rel=1e-15)
    expected = {graph.names[i] for i in ancestors(graph, graph.index(node))}
    assert names(part) == expected | ({f"sum of {node}"} if graph.shapes[graph.index(node)] else set())


def test_up_to_finds_a_name_for_its_sum() -> None:
    build = GraphBuilder()
    x = build.parameter("sum of h", (2,))
    h = build.exp(x, name="h")
    graph = build.graph(build.sum(h))
    assert names(up_to(graph, graph.index("h"))) == {"sum of h", "h", "sum of sum of h"}


@pytest.mark.parametrize(
    ("node", "gone"),
    [("h", {"W", "b", "x", "matmul", "z", "dead"}), ("z", {"W", "b", "x", "matmul", "dead"}), ("s", {"mul", "dead"})],
)
def test_beyond_makes_a_parameter_of_the_node(node: str, gone: set[str]) -> None:
    graph = network()
    values = graph.evaluate(POINT)
    part, extra = beyond(graph, graph.index(node), values[node])
    assert names(part) == names(graph) - gone
    assert part.node(node).op == "parameter"
    assert part.node(node).shape == graph.node(node).shape
    assert {name: value.tolist() for name, value in extra.items()} == {node: values[node].tolist()}
    point = {part.names[i]: extra.get(part.names[i], POINT.get(part.names[i])) for i in part.free}
    assert float(part.evaluate(point)["loss"]) == float(values["loss"])
    # It is the parameter that the loss now hangs on.
    moved = {**point, node: values[node] + 0.125}
    assert float(part.evaluate(moved)["loss"]) != float(values["loss"])


def test_beyond_keeps_what_others_need() -> None:
    build = GraphBuilder()
    x = build.parameter("x")
    a = build.sin(x, name="a")
    graph = build.graph(build.mul(build.exp(a, name="e"), a, name="loss"))
    part, _ = beyond(graph, graph.index("e"), np.array(2.0))
    assert names(part) == {"x", "a", "e", "loss"}
    assert part.node("a").op == "sin"
