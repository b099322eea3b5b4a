"""Drawn graphs are valid, comfortable, and full of the structure on which wrong engines go wrong."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from gradcheck.errors import InvalidProblem
from gradcheck.problem import OPS, Case, Graph
from gradcheck.strategies.comfort import LARGE, MARGIN, SMALL
from gradcheck.strategies.drawing import draw
from gradcheck.strategies.graph_strategies import chains, graph_cases, graphs
from gradcheck.strategies.graph_structure import SENTENCES, structures
from gradcheck.strategies.pick import picker
from gradcheck.strategies.wish import Wish

DEFAULTS = {"scalar": True, "near_kinks": False, "saturated": False, "integer_points": False, "shuffled": True}


def drawn(strategy: st.SearchStrategy[Any], count: int) -> list[Any]:
    """As many examples as asked for, valid ones; the number of draws made is checked on the way."""
    examples: list[Any] = []

    @settings(max_examples=count, phases=[Phase.generate], database=None, suppress_health_check=list(HealthCheck))
    @given(strategy)
    def collect(example: Any) -> None:
        examples.append(example)

    collect()
    return examples


@pytest.fixture(scope="module")
def scalar_graphs() -> list[Graph]:
    """300 graphs as Hypothesis draws them."""
    return drawn(graphs(), 300)


def seeded(count: int, **wish: Any) -> list[Graph]:
    """Graphs from seeds: the same drawing without Hypothesis, and faster."""
    every = Wish.of(2, 12, None, **{**DEFAULTS, **wish})
    return [draw(picker(seed), every)[0] for seed in range(count)]


def unused(graph: Graph) -> list[str]:
    used = {name for node in graph.nodes for name in node.inputs}
    return [node.name for node in graph.nodes if node.name not in used]


@given(st.one_of(graph_cases(), graph_cases(scalar=False)))
def test_every_node_is_comfortable(case: Case) -> None:
    values = case.graph.evaluate(case.point)
    for node in case.graph.nodes:
        if not node.inputs or node.index == case.graph.loss:
            continue
        size, row = np.abs(values[node.name]), OPS[node.op]
        assert np.all(size <= LARGE)
        assert np.all((size >= SMALL) | (size == 0))
        if row.kink is not None:
            gaps = row.kink(*(values[name] for name in node.inputs), **node.attributes)
            assert np.all(gaps >= MARGIN)


@given(graphs(min_nodes=3, max_nodes=7))
def test_sizes_are_kept(graph: Graph) -> None:
    assert 3 <= len(graph) <= 7


@given(graphs(min_nodes=9, max_nodes=9, scalar=False))
def test_an_exact_size_can_be_had(graph: Graph) -> None:
    assert len(graph) == 9


@given(graphs(min_nodes=1, max_nodes=1))
def test_one_node_is_a_parameter_that_is_the_loss(graph: Graph) -> None:
    assert [node.op for node in graph.nodes] == ["parameter"]


@given(graphs(ops=["mul", "log"], min_nodes=6))
def test_only_the_ops_asked_for(graph: Graph) -> None:
    assert {node.op for node in graph.nodes if node.inputs} <= {"mul", "log"}


def test_the_order_of_the_ops_asked_for_makes_no_difference() -> None:
    forwards, backwards = graphs(ops=["add", "mul", "log"]), graphs(ops={"log", "mul", "add"})
    assert repr(forwards) == repr(backwards)
    wishes = [Wish.of(2, 12, ops, **DEFAULTS) for ops in (["add", "mul", "log"], ["log", "mul", "add"])]
    assert wishes[0] == wishes[1]


@given(st.one_of(graphs(), graphs(scalar=False)))
def test_the_loss_depends_on_a_parameter_and_nothing_uses_it(graph: Graph) -> None:
    assert graph.depends_on_parameters()[graph.loss]
    assert graph.names[graph.loss] in unused(graph)


@given(graphs(shuffled=False))
def test_unshuffled_graphs_come_in_order(graph: Graph) -> None:
    assert np.array_equal(graph.order, np.arange(len(graph)))


@given(graph_cases(integer_points=True))
def test_integer_points_are_whole(case: Case) -> None:
    assert all(np.all(value == np.round(value)) for value in case.point.values())


@pytest.mark.parametrize("structure", sorted(set(SENTENCES) - {"arrays", "broadcast"}))
def test_structure_appears_within_300_draws(structure: str, scalar_graphs: list[Graph]) -> None:
    assert any(structure in structures(graph) for graph in scalar_graphs)


def test_broadcasting_goes_every_way_round() -> None:
    pairs: set[tuple[int, int]] = set()  # numbers of axes, left and right
    stretched = Counter[str]()
    for graph in seeded(500, scalar=False):
        for node in graph.nodes:
            if len(node.inputs) == 2 and OPS[node.op].elementwise:
                left, right = (graph.node(name).shape for name in node.inputs)
                pairs.add((len(left), len(right)))
                stretched["left"] += 1 in left and node.shape != left
                stretched["right"] += 1 in right and node.shape != right
    assert {(0, 1), (1, 0), (1, 2), (2, 1), (0, 2), (2, 0)} <= pairs
    assert stretched["left"] >= 3
    assert stretched["right"] >= 3


def test_every_op_of_the_table_is_drawn() -> None:
    seen = {node.op for scalar in (True, False) for graph in seeded(500, scalar=scalar) for node in graph.nodes}
    assert set(OPS) <= seen


@pytest.mark.parametrize("op", ["sub", "div", "pow"])
@pytest.mark.parametrize("inner", [False, True])
def test_constants_stand_on_the_left_of_leaves_and_of_inner_nodes(op: str, inner: bool) -> None:
    def found(graph: Graph) -> bool:
        return any(
            node.op == op
            and graph.node(node.inputs[0]).op == "constant"
            and bool(graph.node(node.inputs[1]).inputs) == inner
            for node in graph.nodes
        )

    assert any(found(graph) for graph in seeded(600, scalar=True))


def test_points_at_and_next_to_kinks_come_on_request_only() -> None:
    def closest(cases: list[Case]) -> list[float]:
        gaps = []
        for case in cases:
            values = case.graph.evaluate(case.point)
            for node in case.graph.nodes:
                if node.inputs and (kink := OPS[node.op].kink) is not None:
                    gaps.append(float(kink(*(values[name] for name in node.inputs), **node.attributes)))
        return gaps

    assert min(closest(drawn(graph_cases(), 200))) >= MARGIN
    near = closest(drawn(graph_cases(near_kinks=True), 200))
    assert sum(gap <= 1e-3 for gap in near) >= 20
    assert 0.0 in near


def test_saturation_comes_on_request_only() -> None:
    def deepest(cases: list[Case]) -> float:
        return max(
            abs(float(case.graph.evaluate(case.point)[node.inputs[0]]))
            for case in cases
            for node in case.graph.nodes
            if node.op == "tanh"
        )

    only = ["tanh", "add", "mul"]
    assert deepest(drawn(graph_cases(ops=only), 200)) < 3
    assert deepest(drawn(graph_cases(ops=only, saturated=True), 200)) >= 20


def test_under_five_percent_of_draws_are_invalid() -> None:
    tried, valid = 0, 0

    @settings(max_examples=300, phases=[Phase.generate], database=None)
    @given(st.data())
    def count(data: st.DataObject) -> None:
        nonlocal tried, valid
        tried += 1
        data.draw(graph_cases())
        valid += 1

    count()
    assert valid >= 0.95 * tried
    assert valid >= 285


@settings(max_examples=15)
@given(chains(min_length=1000, max_length=3000))
def test_chains_stay_ordinary_from_end_to_end(case: Case) -> None:
    graph = case.graph
    assert 1000 <= len(graph) <= 3004
    values = graph.evaluate(case.point)
    sizes = np.abs([value for name, value in values.items() if graph.node(name).inputs])
    assert sizes.min() >= 1e-2
    assert sizes.max() <= 1e2
    # the slope at the far end can be told from 0: a small move of the first value moves the loss
    moved = graph.evaluate({**case.point, "v0": case.point["v0"] * (1 + 1e-7)})
    shift = abs(float(moved[graph.names[graph.loss]] - values[graph.names[graph.loss]]))
    assert shift > 1e-11


@pytest.mark.parametrize(
    ("wish", "complaint"),
    [
        ({"min_nodes": 0}, "min_nodes must be a whole number of at least 1, got 0"),
        ({"max_nodes": 0}, "max_nodes must be a whole number of at least 1, got 0"),
        ({"max_nodes": True}, "max_nodes"),
        ({"min_nodes": 5, "max_nodes": 4}, "min_nodes must be at most max_nodes, got 5 and 4"),
        ({"ops": ["tanhh"]}, "unknown op 'tanhh'; did you mean 'tanh'?"),
        ({"ops": []}, "at least one op"),
        ({"ops": "tanh"}, "got the string 'tanh'"),
        ({"ops": ["matmul"]}, "matmul needs arrays; ask for scalar=False"),
        ({"ops": ["matmul"], "scalar": False}, "ops must name sum or mean"),
    ],
)
@pytest.mark.parametrize("strategy", [graphs, graph_cases])
def test_the_impossible_is_refused_when_asked_for(strategy: Any, wish: dict[str, Any], complaint: str) -> None:
    with pytest.raises(InvalidProblem) as refused:
        strategy(**wish)
    assert complaint in str(refused.value)


def test_chains_of_impossible_length_are_refused() -> None:
    with pytest.raises(InvalidProblem, match="min_length=5, max_length=4"):
        chains(min_length=5, max_length=4)
