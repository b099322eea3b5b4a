"""Graphs: any order of nodes, repeats, dead branches, size, immutability, copies."""

import copy
import pickle
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradcheck.errors import InvalidProblem
from gradcheck.problem import CODES, NAMES, Graph, GraphBuilder
from gradcheck.problem.validate import all_scalar
from gradcheck.problem.walks import reached, topological_order


def chain(length: int, *, backwards: bool = False) -> Graph:
    """x, then sin after sin; backwards, each node stands before its argument."""
    steps = np.arange(length)
    ops = np.full(length, CODES["sin"])
    ops[0] = CODES["parameter"]
    inputs = steps[:-1]
    offsets = np.concatenate([[0], steps])
    if not backwards:
        return Graph.from_arrays(ops, offsets, inputs, loss=length - 1)
    return Graph.from_arrays(ops[::-1], np.concatenate([steps, [length - 1]]), steps[1:], loss=0)


@st.composite
def shuffled_dags(draw: st.DrawFn) -> tuple[list[list[int]], int]:
    """Arguments of each node of a random DAG whose nodes stand in a random order, and its last node."""
    n = draw(st.integers(1, 12))
    arguments = [draw(st.lists(st.integers(0, i - 1), max_size=2)) if i else [] for i in range(n)]
    place = draw(st.permutations(range(n)))
    shuffled: list[list[int]] = [[] for _ in range(n)]
    for i, row in enumerate(arguments):
        shuffled[place[i]] = [place[j] for j in row]
    return shuffled, place[n - 1]


def made(arguments: list[list[int]], loss: int) -> Graph:
    codes = [CODES[("parameter", "neg", "add")[len(row)]] for row in arguments]
    offsets = np.cumsum([0, *map(len, arguments)])
    return Graph(codes, offsets, [j for row in arguments for j in row], loss=loss)


def closure(arguments: list[list[int]], start: int) -> set[int]:
    """Everything `start` is computed from, by the naive recursion."""
    return {start}.union(*(closure(arguments, j) for j in arguments[start]))


@given(shuffled_dags())
def test_order_puts_every_argument_first(dag: tuple[list[list[int]], int]) -> None:
    arguments, loss = dag
    graph = made(arguments, loss)
    assert sorted(graph.order.tolist()) == list(range(len(arguments)))
    place = {node: k for k, node in enumerate(graph.order.tolist())}
    for node, row in enumerate(arguments):
        assert all(place[j] < place[node] for j in row)
        assert graph.arguments(node) == tuple(row)


@given(shuffled_dags())
def test_reached_is_the_transitive_closure(dag: tuple[list[list[int]], int]) -> None:
    arguments, loss = dag
    graph = made(arguments, loss)
    for source in range(len(arguments)):
        expected = [source in closure(arguments, node) for node in range(len(arguments))]
        assert reached(graph, np.array([source])).tolist() == expected


@given(shuffled_dags(), st.data())
def test_closing_any_path_makes_a_cycle_that_is_printed(dag: tuple[list[list[int]], int], data: st.DataObject) -> None:
    arguments, loss = dag
    above = data.draw(st.sampled_from(range(len(arguments))))
    below = data.draw(st.sampled_from(sorted(closure(arguments, above))))
    arguments[below] = [*arguments[below], above][-2:]  # `above` is computed from `below`, and now the reverse
    with pytest.raises(InvalidProblem, match="no cycles") as refusal:
        made(arguments, loss)
    path = str(refusal.value).partition("but here ")[2].split(" > ")
    nodes = [int(name[1:]) for name in path]
    assert nodes[0] == nodes[-1]
    assert len(set(nodes)) == len(nodes) - 1
    assert all(before in arguments[after] for before, after in pairwise(nodes))


def test_a_given_topological_order_is_kept() -> None:
    graph = chain(50)
    assert graph.order.tolist() == list(range(50))
    assert topological_order(graph).tolist() == list(range(50))


@pytest.mark.parametrize("backwards", [False, True])
def test_a_chain_of_a_hundred_thousand_nodes_needs_no_recursion(backwards: bool) -> None:
    length = 100_000
    graph = chain(length, backwards=backwards)
    assert graph.order[0] == (length - 1 if backwards else 0)
    assert np.all(np.diff(graph.order) == (-1 if backwards else 1))
    assert bool(np.all(graph.depends_on_parameters()))
    assert all_scalar(graph)


def test_a_cycle_of_a_hundred_thousand_nodes_is_found_without_recursion() -> None:
    length = 100_000
    ops = np.full(length, CODES["sin"])
    inputs = np.roll(np.arange(length), 1)
    with pytest.raises(InvalidProblem, match=r"no cycles, but here v\d+ > v\d+"):
        Graph.from_arrays(ops, np.arange(length + 1), inputs, loss=0)


def test_a_random_dag_of_a_hundred_thousand_nodes_is_arrays() -> None:
    size = 100_000
    below = np.arange(1, size)
    inputs = np.stack([below - 1, np.random.default_rng(7).integers(0, below)], axis=1).reshape(-1)
    ops = np.full(size, CODES["add"])
    ops[0] = CODES["parameter"]
    graph = Graph.from_arrays(ops, np.concatenate([[0], np.arange(0, 2 * size, 2)]), inputs, loss=size - 1)
    assert len(graph) == size
    assert graph.parameters == (0,)
    assert graph.names[size - 1] == f"v{size - 1}"
    assert graph.index(f"v{size - 1}") == size - 1
    assert not isinstance(graph.names, tuple)
    assert graph.arguments(size - 1)[0] == size - 2


def diamond() -> Graph:
    """x -> a, b -> c = a * b, with a dead branch; nodes stand loss first, argument after user."""
    return Graph.from_arrays(
        ["add", "mul", "sin", "exp", "parameter", "cos", "constant", "input"],
        [0, 2, 4, 5, 6, 6, 7, 7, 7],
        [1, 6, 2, 3, 4, 4, 4],
        loss=0,
        names=["loss", "c", "a", "b", "x", "dead", "two", "data"],
        constants={6: 2.0},
    )


def test_nodes_in_any_order_and_dead_branches_are_a_graph() -> None:
    graph = diamond()
    values = graph.evaluate({"x": 0.5, "data": 3.0})
    assert float(values["loss"]) == pytest.approx(np.sin(0.5) * np.exp(0.5) + 2.0, rel=1e-15)
    assert float(values["dead"]) == pytest.approx(np.cos(0.5), rel=1e-15)
    assert graph.depends_on_parameters().tolist() == [True, True, True, True, True, True, False, False]
    assert [graph.names[i] for i in graph.free] == ["x", "data"]


def test_repeated_arguments_count_each_time() -> None:
    build = GraphBuilder()
    x = build.parameter("x")
    graph = build.graph(x * x + x)
    assert [node.inputs for node in graph.nodes] == [(), ("x", "x"), ("mul", "x")]
    assert float(graph.evaluate({"x": 3.0})["add"]) == 12.0


def test_a_parameter_may_be_the_loss() -> None:
    build = GraphBuilder()
    graph = build.graph(build.parameter("x"))
    assert len(graph) == 1
    assert graph.lower() is graph


def test_views_of_nodes() -> None:
    graph = diamond()
    nodes = graph.nodes
    assert len(nodes) == 8
    assert [node.op for node in nodes][:3] == ["add", "mul", "sin"]
    assert nodes[-1].name == "data"
    assert [node.name for node in nodes[1:3]] == ["c", "a"]
    assert graph.node("c").inputs == ("a", "b")
    assert graph.node(-1) == nodes[7]
    assert graph.node("c").meaning.value(2.0, 3.0) == 6.0
    two = graph.node("two")
    assert two.value is not None
    assert float(two.value) == 2.0
    assert graph.node("a").value is None
    with pytest.raises(KeyError):
        graph.node("nobody")
    with pytest.raises(IndexError):
        graph.node(8)
    with pytest.raises(KeyError):
        _ = two.meaning
    assert repr(graph) == "Graph(8 nodes, 1 parameters, loss 'loss')"


def test_attributes_come_with_their_defaults() -> None:
    build = GraphBuilder()
    x = build.parameter("x", (2, 3))
    graph = build.graph(build.sum(build.sum(x, axis=1, name="rows")))
    assert graph.node("rows").attributes == {"axis": 1, "keepdims": False}
    assert graph.attributes[1] == {"axis": 1}
    assert graph.node("x").attributes == {}


@pytest.mark.parametrize("name", ["v", "v01", "v-1", "v8", "w1", "v٣", "", "v1 "])
def test_generated_names_are_exactly_those(name: str) -> None:
    graph = chain(8)
    with pytest.raises(KeyError):
        graph.index(name)
    assert graph.names[2:4] == ["v2", "v3"]
    assert list(graph.names) == [f"v{i}" for i in range(8)]
    assert graph.index("v7") == 7


def changes(graph: Graph) -> dict[str, Any]:
    return {
        "codes": lambda: graph.codes.__setitem__(0, 5),
        "inputs": lambda: graph.inputs.__setitem__(0, 0),
        "offsets": lambda: graph.offsets.__setitem__(0, 1),
        "order": lambda: graph.order.__setitem__(0, 1),
        "loss": lambda: setattr(graph, "loss", 1),
        "new attribute": lambda: setattr(graph, "extra", 1),
        "shapes": lambda: setattr(graph, "shapes", ()),
        "a constant's entry": lambda: graph.constants[1].__setitem__(0, 9.0),
        "constants": lambda: graph.constants.__setitem__(1, 9.0),  # type: ignore[index]
        "attributes": lambda: graph.attributes.__setitem__(3, {}),  # type: ignore[index]
        "an attribute": lambda: graph.attributes[3].__setitem__("indices", 0),  # type: ignore[index]
        "an attribute's entry": lambda: graph.attributes[3]["indices"].__setitem__(0, 0),
        "a name": lambda: graph.names.__setitem__(0, "y"),  # type: ignore[index]
    }


@pytest.mark.parametrize("change", changes(chain(3)))
def test_a_graph_cannot_be_changed(change: str) -> None:
    build = GraphBuilder()
    x = build.parameter("x", (3,))
    indices, numbers = np.array([2, 0, 2]), np.array([1.0, 2.0, 3.0])
    graph = build.graph(build.sum(build.take(x * numbers, indices=indices)))
    before = graph.evaluate({"x": [1.0, 1.0, 1.0]})[graph.names[graph.loss]]
    with pytest.raises((AttributeError, TypeError, ValueError)):
        changes(graph)[change]()
    indices[:], numbers[:] = 0, 0.0  # nor through what it was made of
    assert graph.evaluate({"x": [1.0, 1.0, 1.0]})[graph.names[graph.loss]] == before == 7.0


@pytest.mark.parametrize(
    "copied",
    [copy.copy, copy.deepcopy, *(lambda g, p=p: pickle.loads(pickle.dumps(g, p)) for p in range(2, 6))],
    ids=["copy", "deepcopy", *(f"pickle {p}" for p in range(2, 6))],
)
def test_copies_are_the_same_graph(copied: Any) -> None:
    build = GraphBuilder()
    x = build.parameter("x", (2, 3))
    y = build.where(x, -0.0, mask=np.array([True, False, True]))
    picked = build.take(y, indices=((0, 2), (2, 2)), axis=1)
    graph = build.graph(build.sum(picked * build.constant(np.full((2, 2), 5e-324))))
    same = copied(graph)
    assert same.codes.tolist() == graph.codes.tolist()
    assert same.inputs.tolist() == graph.inputs.tolist()
    assert same.names == graph.names
    assert same.shapes == graph.shapes
    assert same.attributes == graph.attributes
    assert same.loss == graph.loss
    for i, value in graph.constants.items():
        assert same.constants[i].tobytes() == value.tobytes()
        assert same.constants[i].shape == value.shape


def test_codes_and_names_are_one_table() -> None:
    assert [CODES[name] for name in NAMES] == list(range(len(NAMES)))
    graph = Graph.from_arrays(np.array([CODES["parameter"], CODES["exp"]]), [0, 0, 1], [0], loss=1)
    assert [graph.op(i) for i in range(2)] == ["parameter", "exp"]
