"""Derivations against worked numbers, closed forms, the symbolic oracle and the sums of their own paths."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from gradcheck.errors import Unsupported, UsageError
from gradcheck.explain import derivation as explain_module
from gradcheck.explain.derivation import derive
from gradcheck.explain.derivation_parts import Derivation, TreeLine
from gradcheck.explain.graph_tree import tree
from gradcheck.explain.printed_algorithm import literal_gradients, literal_reading
from gradcheck.oracle.estimate import Estimates
from gradcheck.oracle.symbolic import symbolic
from gradcheck.problem import MLP, Case, Graph, GraphBuilder, NeuronDAG
from gradcheck.problem.neuron_dag import target, weight
from gradcheck.problem.walks import ancestors
from gradcheck.run.suite import collect


def worked(name: str) -> Case:
    [found] = collect([f"worked_examples::{name}"])
    assert isinstance(found.case, Case)
    return found.case


def gradients(derivation: Derivation) -> dict[str, Any]:
    return {g.parameter: g.value for g in derivation.gradients}


def test_the_lecture_s_numbers() -> None:
    derivation = derive(worked("S4.b"))
    values = {step.name: float(step.value) for step in derivation.steps}
    assert values == {"a": -1, "b": 3, "c": 4, "x": 2, "y": 7, "f": 14}
    adjoints = {row.name: float(row.value) for row in derivation.adjoints}
    assert adjoints == {"f": 1, "x": 7, "y": 2, "a": 7, "b": 9, "c": 2}
    [b] = [row for row in derivation.adjoints if row.name == "b"]
    assert [(c.user, float(c.value)) for c in b.contributions] == [("x", 7), ("y", 2)]
    assert derivation.adjoints[0].name == "f"
    [uses] = [step.uses for step in derivation.steps if step.name == "b"]
    assert uses == 2
    [f] = [step for step in derivation.steps if step.name == "f"]
    assert [(d.formulas, d.value) for d in f.locals] == [(("df/dx = y",), 7), (("df/dy = x",), 2)]
    assert [(p.entry, p.count, [w.product for w in p.paths]) for p in derivation.paths] == [
        ("a", 1, [7]),
        ("b", 2, [7, 2]),
        ("c", 1, [2]),
    ]
    assert derivation.literal is None
    assert derivation.notes == ()


def test_along_a_curve() -> None:
    derivation = derive(worked("S1.c"))
    t = 1.25
    x, y = math.cos(t), t * t
    via_x = y * math.exp(x * y) * -math.sin(t)
    products = {path.nodes[1:-1]: path.product for path in derivation.paths[0].paths}
    assert products == {
        ("x", "xy", "exp"): pytest.approx(via_x, rel=1e-14),
        ("y", "xy", "exp"): pytest.approx(x * math.exp(x * y) * 2 * t, rel=1e-14),
        ("y",): 2 * t,
    }
    assert float(gradients(derivation)["t"]) == pytest.approx(via_x + (1 + x * math.exp(x * y)) * 2 * t, rel=1e-14)


@pytest.mark.parametrize("number", range(0, 100, 5))
def test_three_ways_to_one_gradient(number: int) -> None:
    case = random_cases()[number]
    derivation = derive(case, limit=10_000)
    said = symbolic(case.graph, case.point)
    assert isinstance(said, Estimates)
    for name, value in gradients(derivation).items():
        np.testing.assert_allclose(value, said.gradients[name].value, rtol=1e-11, atol=1e-11)
    whole = gradients(derivation)
    for block in derivation.paths:
        if len(block.paths) == block.count:
            total = math.fsum(path.product for path in block.paths)
            assert total == pytest.approx(float(whole[block.parameter][block.index]), rel=1e-11, abs=1e-11)
        for path in block.paths:
            if path.factors is not None:
                assert math.prod(path.factors) == pytest.approx(path.product, rel=1e-12, abs=1e-300)


_CASES: list[Case] = []


def random_cases() -> list[Case]:
    if not _CASES:
        _CASES.extend(a.case for a in collect(["random_dags"]) if isinstance(a.case, Case))
    return _CASES


def test_a_repeated_argument_is_two_uses() -> None:
    build = GraphBuilder()
    w = build.parameter("w")
    derivation = derive(Case("twice", build.graph(build.mul(w, w, name="l")), {"w": 3.0}))
    [step] = [s for s in derivation.steps if s.name == "l"]
    assert [(d.slot, d.repeated, d.value) for d in step.locals] == [(0, True, 3.0), (1, True, 3.0)]
    assert [c.slot for c in derivation.adjoints[-1].contributions] == [0, 1]
    assert float(derivation.adjoints[-1].value) == 6
    assert derivation.paths[0].count == 2


def diamonds(depth: int) -> Case:
    build = GraphBuilder()
    v = build.parameter("w")
    for k in range(depth):
        v = build.add(build.sin(v), build.mul(0.1, v), name=f"v{k}")
    return Case(f"{depth} diamonds", build.graph(v), {"w": 0.5})


def test_paths_beyond_the_limit_are_counted_exactly() -> None:
    [block] = derive(diamonds(70), limit=7).paths
    assert len(block.paths) == 7
    assert block.count == 2**70


def test_a_dead_parameter_has_gradient_zero_and_no_path() -> None:
    build = GraphBuilder()
    w, idle = build.parameter("w"), build.parameter("idle", (2,))
    build.exp(idle)
    derivation = derive(Case("dead", build.graph(build.square(w)), {"w": 3.0, "idle": [1, 2]}))
    assert gradients(derivation)["idle"].tolist() == [0, 0]
    assert [(p.entry, p.count, p.paths) for p in derivation.paths][1] == ("idle[0]", 0, ())
    assert derivation.notes == ("the loss does not depend on 2 other nodes",)


def test_a_kink_is_said() -> None:
    build = GraphBuilder()
    w = build.parameter("w")
    case = Case("kink", build.graph(build.relu(w, name="h") + build.square(w)), {"w": 0.0})
    derivation = derive(case)
    assert [d.kink for s in derivation.steps if s.name == "h" for d in s.locals] == [True]
    assert any("at a kink: h" in note for note in derivation.notes)
    assert any(math.isnan(path.product) for path in derivation.paths[0].paths)
    assert not any("kink" in note for note in derive(case.at({"w": np.asarray(1e-300)})).notes)


def test_a_large_graph_is_cut_and_what_is_left_is_right(monkeypatch: pytest.MonkeyPatch) -> None:
    case = diamonds(30)
    whole = {row.name: float(row.value) for row in derive(case).adjoints}
    monkeypatch.setattr(explain_module, "MOST_NODES", 25)
    cut = derive(case)
    assert len(cut.steps) == 25
    assert {row.name: float(row.value) for row in cut.adjoints} == {row.name: whole[row.name] for row in cut.adjoints}
    assert gradients(cut) == {"w": None}
    assert cut.paths == ()
    assert "cut: the 25 nodes nearest to the loss are worked out, 96 further ones are not" in cut.notes[0]


def test_what_is_too_large_names_its_node() -> None:
    build = GraphBuilder()
    a, b = build.parameter("a", (200, 200)), build.parameter("b", (200, 200))
    graph = build.graph(build.sum(build.matmul(a, b, name="c")))
    case = Case("large", graph, {"a": np.ones((200, 200)), "b": np.ones((200, 200))})
    with pytest.raises(Unsupported, match=r"node 'c' \(matmul\) is too large to be explained"):
        derive(case)


def test_formulas_are_said_in_the_graph_s_names() -> None:
    build = GraphBuilder()
    # The op table calls the arguments of mul x and y; here they are y and x, and one name is no identifier.
    y, x, odd = build.parameter("y"), build.parameter("x"), build.parameter("a+b")
    product = build.mul(y, x, name="product")
    scaled = build.mul(-2.5, product, name="scaled")
    loss = build.mul(scaled, odd, name="loss")
    said = derive(Case("names", build.graph(loss), {"y": 2, "x": 3, "a+b": 4}))
    formulas = {line for step in said.steps for d in step.locals for line in d.formulas}
    assert formulas == {
        "dproduct/dy = x",
        "dproduct/dx = y",
        "dscaled/dproduct = (-2.5)",
        "dloss/dscaled = ‹a+b›",
        "dloss/d‹a+b› = scaled",
    }


def test_branches_and_lanes_are_said() -> None:
    build = GraphBuilder()
    w, c = build.parameter("w", (3,)), build.input("c", (3,))
    loss = build.matmul(build.relu(w, name="h"), c, name="loss")
    said = derive(Case("lanes", build.graph(loss), {"w": [1.0, -2.0, 3.0], "c": [4.0, 5.0, 6.0]}))
    of = {d.node: d for step in said.steps for d in step.locals}
    assert of["h"].formulas == ("dh/dw = 1 if w > 0", "dh/dw = 0 if w < 0")
    assert of["h"].entries == (((0,), (0,), 1.0), ((1,), (1,), 0.0), ((2,), (2,), 1.0))
    assert of["loss"].formulas == ("dloss/dh[0] = c[0]", "dloss/dh[1] = c[1]", "dloss/dh[2] = c[2]")
    assert of["loss"].total == 3
    assert said.paths[0].entry == "w[0]"


def test_one_entry() -> None:
    case = worked("S1.f")
    [block] = derive(case, entry=("x", (2,))).paths
    assert (block.entry, block.count) == ("x[2]", 3)
    assert [path.product for path in block.paths] == [-0.5, -1.5, 1.5]
    for entry in (("x", (4,)), ("x", ()), ("x", (0, 0)), ("q", ())):
        with pytest.raises(UsageError):
            derive(case, entry=entry)


def test_the_forms_of_a_network_agree() -> None:
    network = MLP((2, 3, 2), "tanh", batch=2)
    draw = np.random.default_rng(1)
    shapes = {**network.input_shapes, **network.parameter_shapes}
    case = Case("net", network, {name: draw.uniform(-1, 1, shape) for name, shape in shapes.items()})
    unit, vector = (derive(case, form=form) for form in ("unit", "vector"))
    assert (unit.form, vector.form) == ("unit", "vector")
    assert len(unit.steps) > len(vector.steps)
    for name, value in gradients(vector).items():
        np.testing.assert_allclose(gradients(unit)[name], value, rtol=1e-13)
    assert derive(case).form == "vector"  # the unit form is not small
    with pytest.raises(UsageError, match="is a graph already"):
        derive(worked("S4.b"), form="unit")


# --- the tree -------------------------------------------------------------------------------------------------


def names(rows: tuple[TreeLine, ...], *marks: str) -> list[str]:
    return [row.name for row in rows if row.mark in marks]


def test_each_node_is_expanded_once_and_later_uses_refer_to_it() -> None:
    rows = derive(worked("S4.b")).tree
    assert [(row.depth, row.name, row.mark) for row in rows] == [
        (0, "f", ""),
        (1, "x", ""),
        (2, "a", ""),
        (2, "b", "shared"),
        (1, "y", ""),
        (2, "b", "again"),
        (2, "c", ""),
    ]


@pytest.mark.parametrize("depth", [1, 2, 5, 100])
def test_deep_trees_continue_further_down_and_lose_nothing(depth: int) -> None:
    graph = diamonds(10).graph
    everything = ancestors(graph, graph.loss)
    rows = tree(graph, everything, lines=10_000, depth=depth)
    assert sorted(names(rows, "", "shared")) == sorted(graph.names[i] for i in everything)
    assert max(row.depth for row in rows) <= depth + (depth == 100)
    assert not names(rows, "rest")
    continued = set(names(rows, "continued"))
    assert continued <= set(names(rows, "", "shared"))
    assert bool(continued) is (depth < 100)


@pytest.mark.parametrize("lines", [1, 5, 20])
def test_what_the_tree_leaves_out_is_counted(lines: int) -> None:
    graph = diamonds(10).graph
    everything = ancestors(graph, graph.loss)
    *rows, rest = tree(graph, everything, lines=lines)
    assert len(rows) == lines
    assert rest == TreeLine(0, str(len(everything) - len(names(tuple(rows), "", "shared"))), "rest")


def test_a_long_chain_is_no_recursion() -> None:
    n = 30_000
    graph = Graph.from_arrays(["parameter", *["sin"] * n], np.r_[0, np.arange(n + 1)], np.arange(n), loss=n)
    derivation = derive(Case("chain", graph, {"v0": 1.0}))
    assert len(derivation.steps) == explain_module.MOST_NODES
    assert derivation.tree[-1].mark == "rest"


# --- S2's pseudo-code, read literally ----------------------------------------------------------------------------


def network(layers: list[list[str]]) -> NeuronDAG:
    """Fully connected layers of tanh neurons, all of the last feeding the loss."""
    edges = [(u, v) for before, after in pairwise(layers) for u in before for v in after]
    neurons = {v: "tanh" for layer in layers[1:] for v in layer}
    return NeuronDAG(neurons, edges, layers[0], layers[-1], batch=2)


def ratios(net: NeuronDAG) -> dict[str, float]:
    """The literal reading's weight gradients in units of the right ones, by SymEngine's closed form."""
    draw = np.random.default_rng(5)
    shapes = {**net.input_shapes, **net.parameter_shapes}
    case = Case("net", net, {name: draw.uniform(0.3, 1.0, shape).round(2) for name, shape in shapes.items()})
    truth = symbolic(case.graph, case.point)
    assert isinstance(truth, Estimates)
    literal, _ = literal_gradients(net, case.point)
    return {name: literal[name] / float(truth.gradients[name].value) for name in net.parameter_shapes}


def test_on_a_chain_the_literal_reading_is_right() -> None:
    assert list(ratios(network([["x"], ["u"], ["v"]])).values()) == pytest.approx([1.0, 1.0])


def test_with_two_hidden_layers_every_weight_gradient_is_still_right() -> None:
    found = ratios(network([["x1", "x2"], ["a1", "a2"], ["b1", "b2"], ["y"]]))
    assert list(found.values()) == pytest.approx([1.0] * len(found))


def test_with_three_hidden_layers_those_into_the_first_are_doubled() -> None:
    found = ratios(network([["x"], ["a1", "a2"], ["b1", "b2"], ["c1", "c2"], ["y"]]))
    for name, ratio in found.items():
        assert ratio == pytest.approx(2.0 if name.startswith("w(x->") else 1.0), name


def test_the_smallest_net_on_which_weight_gradients_are_wrong() -> None:
    edges = [("x", "v"), ("v", "u"), ("u", "a")]
    net = NeuronDAG({"v": "tanh", "u": "sigmoid", "a": "tanh"}, edges, ["x"], ["u", "a"], batch=1)
    point = {"x": [0.5], target("u"): [0.2], target("a"): [-0.4], **{weight(*e): 0.75 for e in edges}}
    found = ratios(net)
    assert found == {
        "w(x->v)": pytest.approx(found["w(x->v)"]),
        "w(v->u)": pytest.approx(1),
        "w(u->a)": pytest.approx(1),
    }
    assert abs(found["w(x->v)"] - 1) > 0.1
    about = Case("S2.c", net, point)
    reading = literal_reading(about)
    assert reading is not None
    assert reading.wrong == 1
    assert reading.visits == {"u": 2, "a": 1, "v": 1}
    assert literal_reading(Case("S2.a", net, point)) is None
    assert literal_reading(Case("other", net, point, labels=("S2.c",))) is not None
    assert literal_reading(Case("S2.c", net.lower(), point)) is None
