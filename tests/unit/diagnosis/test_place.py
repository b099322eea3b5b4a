"""The node that is to blame is named: the op whose rule is wrong, or the node where cotangents are not added up."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import pytest

from gradcheck.diagnosis.diagnosed import try_and_diagnose
from gradcheck.diagnosis.place import LARGE, weighted
from gradcheck.faults.graphs import accumulation, layouts
from gradcheck.faults.graphs.local_rules import WrongForward, WrongRule
from gradcheck.faults.graphs.textbook_backprop import Backprop
from gradcheck.oracle import graph_oracles
from gradcheck.problem import Case, GraphBuilder
from gradcheck.run.suite import collect
from gradcheck.subject.inprocess import InProcessSubject


def chain() -> Case:
    """f = exp(tanh(w) * w)."""
    build = GraphBuilder()
    w = build.parameter("w")
    t = build.tanh(w, name="t")
    return Case("chain", build.graph(build.exp(build.mul(t, w, name="m"), name="f")), {"w": 0.5})


def matrices() -> Case:
    """f = sum of C * reshape(A), where the order of entries shows."""
    build = GraphBuilder()
    a = build.parameter("A", (2, 3))
    flat = build.reshape(build.sin(a, name="s"), shape=(6,), name="r")
    return Case(
        "matrices",
        build.graph(build.sum(build.mul(flat, np.arange(1.0, 7.0), name="m"), name="f")),
        {"A": np.arange(6.0).reshape(2, 3) / 5},
    )


def row() -> Case:
    """f = sum of (X + b)^2, b a row that is broadcast."""
    build = GraphBuilder()
    x, b = build.input("X", (2, 3)), build.parameter("b", (3,))
    y = build.add(x, b, name="y")
    return Case(
        "row", build.graph(build.sum(build.square(y, name="q"), name="f")), {"X": np.ones((2, 3)), "b": [0.1, 0.2, 0.3]}
    )


def found(case: Case, engine: Any) -> list[Any]:
    result = try_and_diagnose("case", case, InProcessSubject(engine), graph_oracles())
    return [f for f in result.findings if f.code in ("GC050", "GC015")]


@pytest.mark.parametrize(
    ("case", "engine", "node", "says"),
    [
        (chain, WrongRule("tanh", lambda g, y, x: g * (1 - np.tanh(y) ** 2)), "'t'", "its rule is wrong, alone"),
        (chain, WrongRule("exp", lambda g, y, x: g), "'f'", "its rule is wrong, alone"),
        (chain, accumulation.Overwrites(), "'w'", "is used 2 times"),
        # A rule that only cotangents other than ones show to be wrong:
        (
            chain,
            WrongRule("tanh", lambda g, y, x: 1 - y * y),
            "'t'",
            "its rule is wrong, unless what arrives from above",
        ),
        (matrices, layouts.ReshapedByColumns(), "'r'", "its rule is wrong, alone"),
        (row, layouts.BroadcastNotSummed(), "'y'", "(broadcast from (3,)): its rule is wrong, alone"),
    ],
)
def test_the_node_is_named(case: Any, engine: Any, node: str, says: str) -> None:
    (located,) = found(case(), engine)
    assert located.code == "GC050"
    assert located.facts["node"] == node
    assert says in located.facts["what"]


@pytest.mark.parametrize("case", [chain, matrices, row])
def test_a_right_engine_is_not_blamed(case: Any) -> None:
    assert found(case(), Backprop()) == []


def test_a_sum_that_is_off_by_rounding_alone_is_not_blamed() -> None:
    """Terms cancel at node `div`: an honest sum is off by 3.7e-14 there, more than a count of operations allows."""
    (item,) = collect(["random_dags::diamond-shuffled-69"])
    assert isinstance(item.case, Case)
    (located,) = found(item.case, WrongRule("exp", lambda g, y, x: g))
    assert (located.facts["op"], "its rule is wrong" in located.facts["what"]) == ("exp", True)


def test_a_wrong_value_is_located_forward() -> None:
    (located,) = found(chain(), WrongForward("tanh", lambda x: 2 * np.tanh(x), lambda x: 2 - 2 * np.tanh(x) ** 2))
    assert (located.code, located.facts["node"]) == ("GC015", "'t'")


def test_a_subject_wrong_in_the_whole_only_has_no_wrong_rule() -> None:
    engine = Backprop()

    def off(graph: Any, point: Any) -> Any:
        value, gradients, *_ = engine(graph, point)
        return value, {n: g + (len(graph) > 3) for n, g in gradients.items()}

    assert all("its rule is wrong" not in f.facts["what"] for f in found(chain(), off))


@pytest.mark.parametrize("shape", [(), (3,), (2, 2)])
def test_weights_are_all_different_and_none_is_one(shape: tuple[int, ...]) -> None:
    build = GraphBuilder()
    x = build.parameter("x", shape)
    graph = weighted(build.graph(build.sum(x)), "x")
    right = partial(Backprop().__call__)(graph, {"x": np.full(shape, 0.5)})[1]["x"]
    assert sorted(right.ravel()) == [2.0 + k for k in range(right.size)]


@pytest.mark.parametrize(("length", "places"), [(3, 1), (LARGE, 0)])
def test_a_graph_of_very_many_nodes_is_not_taken_apart(length: int, places: int) -> None:
    build = GraphBuilder()
    node = build.parameter("w")
    for _ in range(length):
        node = build.neg(node)
    case = Case("chain", build.graph(build.tanh(node)), {"w": 0.5})
    subject = InProcessSubject(WrongRule("tanh", lambda g, y, x: 2 * g))
    result = try_and_diagnose("a::chain", case, subject, graph_oracles()[:1])
    assert result.codes.count("GC050") == places
