"""Failing graphs shrink as graphs, from wherever they come, to the smallest that fail."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from gradcheck.errors import InvalidProblem
from gradcheck.problem import Case, Graph, GraphBuilder
from gradcheck.strategies.comfort import MARGIN
from gradcheck.strategies.drawing import draw
from gradcheck.strategies.pick import picker
from gradcheck.strategies.smaller import complexity, minimise, smaller
from gradcheck.strategies.wish import Wish

SCALARS = Wish.of(2, 12, None, scalar=True, near_kinks=False, saturated=False, integer_points=False, shuffled=True)
ARRAYS = Wish.of(2, 12, None, scalar=False, near_kinks=False, saturated=False, integer_points=False, shuffled=True)


def case(seed: int, wish: Wish) -> Case:
    graph, point = draw(picker(seed), wish)
    return Case("drawn", graph, point)


def text(graph: Graph) -> str:
    return " ".join(f"{node.op}({','.join(node.inputs)})" for node in graph.nodes)


def has(op: str) -> Callable[[Case], bool]:
    return lambda case: any(node.op == op for node in case.graph.nodes)


def fans_out(case: Case) -> bool:
    return bool(np.any(np.bincount(case.graph.inputs, minlength=1) > 1))


def inner_fan_out(case: Case) -> bool:
    counts = np.bincount(case.graph.inputs, minlength=len(case.graph))
    return any(counts[node.index] > 1 for node in case.graph.nodes if node.inputs)


def out_of_order(case: Case) -> bool:
    return bool(np.any(case.graph.order != np.arange(len(case.graph))))


def dead_branch(case: Case) -> bool:
    used = set(case.graph.inputs.tolist()) | {case.graph.loss}
    return any(node.index not in used for node in case.graph.nodes if node.inputs)


@pytest.mark.parametrize("wish", [SCALARS, ARRAYS], ids=["scalars", "arrays"])
@pytest.mark.parametrize(("fails", "least"), [(fans_out, 2), (inner_fan_out, 3), (has("tanh"), 2), (dead_branch, 3)])
def test_graphs_become_about_as_small_as_can_be(wish: Wish, fails: Callable[[Case], bool], least: int) -> None:
    found = [c for c in (case(seed, wish) for seed in range(120)) if fails(c)][:9]
    sizes = sorted(len(minimise(c, fails).graph) for c in found)
    assert len(sizes) >= 4
    spare = wish is ARRAYS  # an array takes one more node to become a loss
    assert sizes[len(sizes) // 2] <= least + spare
    assert sizes[-1] <= least + 2 + spare


def test_the_minimal_graph_is_the_plainest() -> None:
    texts = {text(minimise(case(seed, SCALARS), fans_out).graph) for seed in range(40) if fans_out(case(seed, SCALARS))}
    assert "parameter() add(w1,w1)" in texts
    assert all(len(one.split()) <= 3 for one in texts), texts


def test_disorder_is_kept_where_it_matters() -> None:
    found = next(c for c in (case(seed, SCALARS) for seed in range(60)) if out_of_order(c) and len(c.graph) > 8)
    assert len(minimise(found, out_of_order).graph) == 2


def test_values_become_plain() -> None:
    build = GraphBuilder()
    x, y = build.parameter("x"), build.parameter("y")
    ugly = Case("ugly", build.graph(build.sin(x * 1.37) + y), {"x": 0.61, "y": -1.9})
    shrunk = minimise(ugly, has("sin"))
    assert text(shrunk.graph) == "parameter() sin(w1)"
    assert shrunk.point == {"w1": 2.0}


def test_every_candidate_is_simpler_valid_and_trained() -> None:
    count = 0
    for seed in range(15):
        for wish in (SCALARS, ARRAYS):
            whole = case(seed, wish)
            for candidate in smaller(whole):
                count += 1
                assert complexity(candidate.graph, candidate.point) < complexity(whole.graph, whole.point)
                assert candidate.graph.depends_on_parameters()[candidate.graph.loss]
    assert count > 400


def test_kinks_are_not_approached() -> None:
    build = GraphBuilder()
    x = build.parameter("x")
    whole = Case("relu", build.graph(build.relu(x - 1.0) * build.exp(x)), {"x": 1.5})
    for candidate in smaller(whole):
        values = candidate.graph.evaluate(candidate.point)
        for node in candidate.graph.nodes:
            if node.op == "relu":
                assert abs(values[node.inputs[0]]) >= MARGIN


def test_networks_are_lowered_first() -> None:
    from gradcheck.problem import MLP

    mlp = MLP((1, 1), "tanh")
    point = {"X": [[0.5]], "T": [[1.0]], "W1": [[0.5]], "b1": [0.25]}
    shrunk = minimise(Case("mlp", mlp, point), has("tanh"))
    assert next(node.op for node in shrunk.graph.nodes if node.inputs) == "tanh"
    assert len(shrunk.graph) <= 3


def test_questions_are_limited_and_the_way_repeats() -> None:
    asked = []

    def fails(candidate: Case) -> bool:
        asked.append(text(candidate.graph))
        return fans_out(candidate)

    start = next(c for c in (case(seed, SCALARS) for seed in range(60)) if fans_out(c) and len(c.graph) > 10)
    minimise(start, fails, questions=5)
    assert len(asked) == 5
    first = list(asked)
    asked.clear()
    minimise(start, fails, questions=5)
    assert asked == first


def test_what_cannot_be_made_smaller_stays() -> None:
    build = GraphBuilder()
    x = build.parameter("w1")
    least = Case("least", build.graph(build.add(x, x, name="loss")), {"w1": 2.0})
    assert minimise(least, fans_out) == least


def test_an_edit_outside_an_ops_domain_is_not_offered() -> None:
    build = GraphBuilder()
    x = build.parameter("x")
    whole = Case("log", build.graph(build.log(build.exp(build.neg(x)))), {"x": 2.0})
    for candidate in smaller(whole):
        try:
            candidate.graph.evaluate(candidate.point)
        except InvalidProblem:  # log(neg(2)) must have been left out
            pytest.fail(text(candidate.graph))
