"""The oracle `path_enumeration`: counts, sums by definition, kinks on some paths only, budgets."""

from __future__ import annotations

from typing import Any

import mpmath as mp
import numpy as np
import pytest

from gradcheck.oracle import path_enumeration as module
from gradcheck.oracle.estimate import Aside, Estimates, Kind
from gradcheck.oracle.path_enumeration import (
    PathEnumeration,
    count_paths,
    path_counts,
    path_enumeration,
    paths,
    spaced,
)
from gradcheck.oracle.symbolic import symbolic
from gradcheck.problem import OPS, Graph, GraphBuilder


def asked(graph: Graph, **point: Any) -> Estimates:
    answer = path_enumeration(graph, {name: np.asarray(value) for name, value in point.items()})
    assert isinstance(answer, Estimates), answer
    return answer


def lecture() -> tuple[Graph, dict[str, Any]]:
    build = GraphBuilder()
    a, b, c = (build.parameter(name) for name in "abc")
    x, y = build.add(a, b, name="x"), build.add(b, c, name="y")
    return build.graph(build.mul(x, y, name="f")), {"a": -1.0, "b": 3.0, "c": 4.0}


def diamonds(depth: int, step: str = "sin") -> Graph:
    """v = v * sin(v), depth times: 2^depth paths."""
    build = GraphBuilder()
    node = build.parameter("w")
    for _ in range(depth):
        node = node * build.apply(step, node)
    return build.graph(node)


def test_gradients_add_at_branches() -> None:
    """S4.b: 9 = 7 + 2, along two paths."""
    graph, point = lecture()
    answer = asked(graph, **point)
    assert {n: (float(e.value), float(e.error)) for n, e in answer.gradients.items()} == {
        "a": (7.0, 0.0),
        "b": (9.0, 0.0),
        "c": (2.0, 0.0),
    }
    assert answer.gradients["b"].kind is Kind.PROVEN
    assert answer.notes == ("4 paths",)
    assert list(paths(graph, point, "b")) == [(("b", "x", "f"), 7.0), (("b", "y", "f"), 2.0)]
    assert path_counts(graph) == {"a": 1, "b": 2, "c": 1}


@pytest.mark.parametrize(("l2", "count"), [(0.0, 1), (0.25, 2)])
def test_logistic_least_squares(l2: float, count: int) -> None:
    """S1.a and S1.b, in 40 digits; the regulariser is a second path."""
    build = GraphBuilder()
    w, b, x, t = build.parameter("w"), build.parameter("b"), build.input("x"), build.input("t")
    loss = 0.5 * build.square(build.sigmoid(w * x + b) - t)
    graph = build.graph(loss + l2 * (0.5 * build.square(w)) if l2 else loss)
    answer = asked(graph, w=0.75, b=-0.3, x=1.7, t=0.4)
    with mp.workdps(40):
        W, B, X, T = (mp.mpf(v) for v in (0.75, -0.3, 1.7, 0.4))
        y = 1 / (1 + mp.exp(-(W * X + B)))
        for name, true in (("w", (y - T) * y * (1 - y) * X + l2 * W), ("b", (y - T) * y * (1 - y))):
            value, error = (mp.mpf(float(v)) for v in (answer.gradients[name].value, answer.gradients[name].error))
            assert abs(value - true) <= error
            assert abs(value - true * (1 + mp.mpf("1e-15"))) > error
    assert path_counts(graph)["w"] == count


def test_a_repeated_argument_is_two_edges() -> None:
    build = GraphBuilder()
    x = build.parameter("x")
    graph = build.graph(build.mul(x, x, name="m"))
    assert count_paths(graph) == 2
    assert list(paths(graph, {"x": np.asarray(3.0)}, "x")) == [(("x", "m"), 3.0)] * 2
    assert asked(graph, x=3.0).gradients["x"].value == 6.0


def test_dead_branches_count_nothing() -> None:
    build = GraphBuilder()
    w, dead = build.parameter("w"), build.parameter("dead")
    build.sin(dead * w, name="unused")
    graph = build.graph(build.neg(w, name="loss"))
    assert path_counts(graph) == {"w": 1, "dead": 0}
    assert list(paths(graph, {"w": np.asarray(1.0), "dead": np.asarray(1.0)}, "dead")) == []
    answer = asked(graph, w=1.0, dead=1.0)
    assert (answer.gradients["dead"].value, answer.gradients["dead"].error) == (0.0, 0.0)


def test_a_parameter_may_be_the_loss() -> None:
    build = GraphBuilder()
    graph = build.graph(build.parameter("w"))
    assert count_paths(graph) == 1
    assert asked(graph, w=5.0).gradients["w"].value == 1.0
    assert list(paths(graph, {"w": np.asarray(5.0)}, "w")) == [(("w",), 1.0)]


def test_nodes_in_any_order() -> None:
    graph = Graph.from_arrays(["mul", "parameter", "sin"], [0, 2, 2, 3], [1, 2, 1], loss=0)
    estimate = asked(graph, v1=0.7).gradients["v1"]
    with mp.workdps(40):
        true = mp.sin(mp.mpf(0.7)) + mp.mpf(0.7) * mp.cos(mp.mpf(0.7))
        assert abs(mp.mpf(float(estimate.value)) - true) <= float(estimate.error)


def test_deep_diamonds_by_definition() -> None:
    depth = 17
    answer = asked(diamonds(depth), w=2.07)
    with mp.workdps(60):
        v, slope = mp.mpf(2.07), mp.mpf(1)
        for _ in range(depth):
            slope *= mp.sin(v) + v * mp.cos(v)
            v *= mp.sin(v)
        estimate = answer.gradients["w"]
        assert abs(mp.mpf(float(estimate.value)) - slope) <= float(estimate.error) <= 1e-15 * abs(slope)
    assert answer.notes == (f"{spaced(2**depth)} paths",)


def test_counts_are_exact_beyond_floats() -> None:
    assert count_paths(diamonds(200)) == 2**200
    build = GraphBuilder()
    node = build.parameter("W", (2, 2))
    for _ in range(60):
        node = build.matmul(node, node)
    # C = A A: entry (i, j) uses 4 entries, and each entry is used 4 times; over all outputs, from every W entry.
    assert path_counts(build.graph(build.sum(node)))["W"].tolist() == [[4**60, 4**60], [4**60, 4**60]]


@pytest.mark.parametrize(("budget", "aside"), [(2**12, False), (2**12 - 1, True)])
def test_the_budget_on_both_sides(budget: int, aside: bool) -> None:
    answer = PathEnumeration(budget)(diamonds(12), {"w": np.asarray(1.5)})
    assert isinstance(answer, Aside) == aside
    if isinstance(answer, Aside):
        assert answer.reason == "4 096 paths, budget 4 095"


def test_the_reason_gives_the_exact_count() -> None:
    """200 000 * 64.35 = 12 870 000 = C(27, 13) ... any graph of that many paths: 2^4 * 3^2 * 5^4 * 11 * 13."""
    build = GraphBuilder()
    node = build.parameter("w")
    for ways in [2] * 4 + [3] * 2 + [5] * 4 + [11, 13]:
        total = node
        for _ in range(ways - 1):
            total = total + node
        node = total
    answer = path_enumeration(build.graph(build.tanh(node)), {"w": np.asarray(1e-6)})
    assert answer == Aside("path_enumeration", "12 870 000 paths, budget 200 000")


def test_large_counts_stay_readable() -> None:
    assert spaced(12_870_000) == "12 870 000"
    assert spaced(10**23) == "100 000 000 000 000 000 000 000"
    assert spaced(2**400).startswith("about 10^120")


def test_too_many_edges(monkeypatch: pytest.MonkeyPatch) -> None:
    build = GraphBuilder()
    graph = build.graph(build.sum(build.sin(build.parameter("w", (100,)))))
    point = {"w": np.linspace(0.0, 1.0, 100)}
    monkeypatch.setattr(module, "EDGES", 199)
    assert path_enumeration(graph, point) == Aside("path_enumeration", "expands to 200 scalar edges, budget 199")
    monkeypatch.setattr(module, "EDGES", 200)
    assert isinstance(path_enumeration(graph, point), Estimates)


def test_a_graph_too_large_to_list_steps_aside() -> None:
    build = GraphBuilder()
    left, right = build.parameter("A", (300, 300)), build.parameter("B", (300, 300))
    point = {"A": np.zeros((300, 300)), "B": np.zeros((300, 300))}
    answer = path_enumeration(build.graph(build.sum(build.matmul(left, right))), point)
    assert answer == Aside("path_enumeration", "expands to more than 2 000 000 scalar edges")


def test_only_paths_through_a_kink_are_unknown() -> None:
    build = GraphBuilder()
    w, x = build.parameter("w"), build.parameter("x")
    graph = build.graph(build.relu(w, name="h") * x + w)
    answer = asked(graph, w=0.0, x=3.0)
    assert np.isinf(answer.gradients["w"].error)
    assert (answer.gradients["x"].value, answer.gradients["x"].error) == (0.0, 0.0)
    assert answer.loss is not None
    assert (answer.loss.value, answer.loss.error) == (0.0, 0.0)
    assert answer.notes == ("3 paths", "kink at node 'h' (relu)")
    products = [product for _, product in paths(graph, {"w": np.asarray(0.0), "x": np.asarray(3.0)}, "w")]
    assert np.isnan(products[0])
    assert products[1] == 1.0


def test_a_kink_times_zero_is_no_kink() -> None:
    """0 * relu(w) is constant, whatever relu does at 0."""
    build = GraphBuilder()
    w, c = build.parameter("w"), build.input("c")
    graph = build.graph(build.relu(w) * c)
    assert (asked(graph, w=0.0, c=0.0).gradients["w"].error) == 0.0
    assert np.isinf(asked(graph, w=0.0, c=1e-300).gradients["w"].error)


@pytest.mark.parametrize(("dtype", "decided"), [(np.float64, True), (np.float32, False)])
def test_a_branch_that_rounding_may_turn_is_a_kink(dtype: Any, decided: bool) -> None:
    build = GraphBuilder()
    w, x = build.parameter("w"), build.input("x")
    graph = build.graph(build.relu(w * x - 0.9))
    answer = asked(graph, w=np.asarray(0.3 + 1e-8, dtype), x=np.asarray(3.0, dtype))
    assert np.isfinite(answer.gradients["w"].error) == decided


def test_a_constant_exponent_needs_no_logarithm() -> None:
    build = GraphBuilder()
    w = build.parameter("w", (3,))
    graph = build.graph(build.sum(w ** np.array([2.0, 3.0, 1.0])))
    answer = asked(graph, w=[-2.0, -1.0, 0.0])
    assert answer.gradients["w"].value.tolist() == [-4.0, 3.0, 1.0]
    assert answer.gradients["w"].error.tolist() == [0.0, 0.0, 0.0]


def test_paths_of_arrays_name_entries_and_stop_at_the_limit() -> None:
    build = GraphBuilder()
    w, x = build.parameter("W", (2, 2)), build.input("x", (2,))
    graph = build.graph(build.sum(build.tanh(build.matmul(w, x, name="z"), name="h"), name="l"))
    point = {"W": np.full((2, 2), 0.5), "x": np.array([1.0, -1.0])}
    assert list(paths(graph, point, "W", (1, 0))) == [(("W[1,0]", "z[1]", "h[1]", "l"), 1.0)]
    assert len(list(paths(diamonds(10), {"w": np.asarray(1.0)}, "w", limit=7))) == 7


def test_a_dead_relu_is_a_path_of_product_zero() -> None:
    build = GraphBuilder()
    w = build.parameter("w")
    graph = build.graph(build.relu(w, name="h") + w)
    found = list(paths(graph, {"w": np.asarray(-1.0)}, "w"))
    assert [product for _, product in found] == [0.0, 1.0]
    assert count_paths(graph) == len(found) == 2


@pytest.mark.parametrize("op", OPS)
def test_every_op_agrees_with_the_closed_form(op: str) -> None:
    """Both are proven, and come by different roads: lanes and products here, one formula of the whole loss there."""
    row = OPS[op]
    rng = np.random.default_rng(len(op))
    for shapes, attributes in row.examples:
        build = GraphBuilder()
        handles = [build.parameter(f"p{k}", shape) for k, shape in enumerate(shapes)]
        node = build.apply(op, *handles, **attributes)
        weights = rng.uniform(0.5, 1.5, row.shape(*shapes, **{**row.attributes, **attributes}))
        graph = build.graph(build.sum(build.square(node) * weights))
        point = {f"p{k}": rng.uniform(*row.range_of(k), s) for k, s in enumerate(shapes)}
        mine, other = asked(graph, **point), symbolic(graph, point)
        assert isinstance(other, Estimates)
        for name in point:
            a, b = mine.gradients[name], other.gradients[name]
            assert np.all(np.abs(a.value - b.value) <= a.error + b.error)
            assert np.all(a.error <= 1e-15 * np.maximum(1, np.abs(a.value)))
        assert sum(counts.sum() for counts in path_counts(graph).values()) == count_paths(graph)


def random_graph(seed: int) -> tuple[Graph, dict[str, np.ndarray]]:
    """A dozen scalar ops on three parameters, away from the edges of their domains."""
    rng = np.random.default_rng(seed)
    build = GraphBuilder()
    nodes = [build.parameter(name) for name in "abc"]
    for _ in range(12):
        op = str(rng.choice(["add", "sub", "mul", "sin", "tanh", "sigmoid", "relu", "maximum", "square", "gelu"]))
        at = rng.integers(max(0, len(nodes) - 5), len(nodes), size=2)
        nodes.append(build.apply(op, *(nodes[k] for k in at[: OPS[op].arity])))
    return build.graph(nodes[-1] + nodes[-2]), {name: np.asarray(rng.uniform(-2, 2)) for name in "abc"}


def meet(a: Estimates, b: Estimates) -> bool:
    pairs = [(a.gradients[name], b.gradients[name]) for name in a.gradients]
    return all(abs(x.value - y.value) <= x.error + y.error for x, y in pairs)


def test_definition_and_closed_form_meet_on_random_graphs(monkeypatch: pytest.MonkeyPatch) -> None:
    """And no longer meet when one edge that carries something is left out."""
    graphs = [random_graph(seed) for seed in range(60)]
    closed = [symbolic(graph, point) for graph, point in graphs]
    for (graph, point), other in zip(graphs, closed, strict=True):
        assert isinstance(other, Estimates)
        assert meet(asked(graph, **point), other)

    whole = module._forward

    def one_edge_short(*arguments: Any) -> Any:
        edges = whole(*arguments)
        for users in edges:
            if len(users) > 1:
                users.pop()
                break
        return edges

    monkeypatch.setattr(module, "_forward", one_edge_short)
    wrong = sum(not meet(asked(graph, **point), other) for (graph, point), other in zip(graphs, closed, strict=True))
    assert wrong > 30
