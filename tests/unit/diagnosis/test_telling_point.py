"""The point of the smallest counterexample is one at which mistakes give different numbers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from gradcheck.diagnosis.smallest import smallest, smallest_like
from gradcheck.diagnosis.telling_point import OneMessage, answer_key, hypotheses, telling
from gradcheck.faults.catalogue import fault
from gradcheck.faults.graphs.textbook_backprop import Backprop
from gradcheck.judge.dispatch import try_any
from gradcheck.judge.settings import Settings
from gradcheck.oracle.symbolic import symbolic
from gradcheck.problem import OPS, Case, Graph, GraphBuilder
from gradcheck.strategies.telling_values import (
    exact_in_float32,
    on_grid,
    telling_points,
    with_other_ops,
    with_own_operands,
)
from gradcheck.subject.inprocess import InProcessSubject

SPECIAL = {0.0, 1.0, -1.0}


def entries(case: Case) -> list[float]:
    arrays = (*case.point.values(), *case.graph.constants.values())
    return [float(v) for array in arrays for v in np.ravel(array)]


def gradients(engine: Any, case: Case) -> Any:
    return engine(case.graph, dict(case.point))[1]


def equivalent(one: str, other: str, case: Case) -> bool:
    """Whether two faults give the same at three other points of the same graph as well."""
    elsewhere = telling_points(case, 12)[-3:]
    return all(
        answer_key(*fault(one).subject()(c.graph, dict(c.point))[:2])
        == answer_key(*fault(other).subject()(c.graph, dict(c.point))[:2])
        for c in elsewhere
    )


SMALLEST: Mapping[str, tuple[str, ...]] = {
    "F01": ("add",),
    "F02": ("neg", "add"),
    "F09": ("neg", "add"),
    "F10": ("mul",),
    "F12": ("neg", "neg"),
    "F20": ("tanh",),
    "F21": ("tanh",),
    "F22": ("sigmoid",),
    "F29": ("exp",),
    "F31": ("square",),
    "F32": ("pow",),
    "F33": ("pow",),
    "F34": ("mul",),
    "F35": ("div",),
    "F36": ("div",),
    "F37": ("sub",),
}
"""A graph on which each fault shows: ops one after the other, on twice the same node where they take two."""


def graph_of(code: str) -> Case:
    build = GraphBuilder()
    first = node = build.parameter("w1")
    for op in SMALLEST[code]:
        last = first if code == "F09" else node  # w1 next to what is made of it
        node = build.apply(op, *([node, last][: OPS[op].arity]))
    return Case("smallest", build.graph(node), {"w1": 2.0})


def told(code: str, case: Case) -> Case:
    subject = InProcessSubject(fault(code).subject())
    return telling(case, subject, lambda c: try_any("c", c, subject, (symbolic,), Settings(moved_points=0)).wrong)


@pytest.mark.parametrize("code", SMALLEST)
def test_values_are_distinct_and_not_special_and_no_other_mistake_gives_the_number(code: str) -> None:
    case = told(code, graph_of(code))
    values = entries(case)
    assert len({abs(v) for v in values}) == len(values)
    assert not SPECIAL.intersection(values)
    assert exact_in_float32(case)
    right = gradients(Backprop(), case)
    assert all(np.any(g) for g in right.values())  # never x - x
    said = dict(hypotheses(case))
    assert said[code] != answer_key(*Backprop()(case.graph, dict(case.point))[:2])  # it fails here
    for other, key in said.items():
        if other.startswith("F") and other != code and key == said[code]:
            assert equivalent(code, other, case), other


@pytest.mark.parametrize(("code", "wrong"), [("F37", 1), ("F35", 1), ("F33", 0)])
def test_a_rule_of_two_operands_has_two_of_them(code: str, wrong: int) -> None:
    """3 - 5 and not 3 - 3: one operand's gradient is right, the other's is wrong."""
    case = told(code, graph_of(code))
    operands = case.graph.node("loss").inputs
    assert len(set(operands)) == 2
    yours, right = gradients(fault(code).subject(), case), gradients(Backprop(), case)
    assert [bool(np.isclose(yours[name], right[name])) for name in operands] == [k != wrong for k in range(2)]


def test_the_search_ends_there() -> None:
    """From random graphs to 3 - 5; what needs one node twice keeps it."""
    case = smallest(InProcessSubject(fault("F37").subject()), ops=frozenset({"sub", "add"}))
    assert case is not None
    assert (case.graph.node("loss").op, entries(case)) == ("sub", [3.0, 5.0])
    case = smallest(InProcessSubject(fault("F01").subject()), ops=frozenset({"add", "mul"}))
    assert case is not None
    assert (case.graph.node("loss").inputs, entries(case)) == (("w1", "w1"), [3.0])


def test_arrays_have_distinct_entries() -> None:
    build = GraphBuilder()
    a = build.parameter("A", (2, 2))
    start = Case("square", build.graph(build.sum(build.matmul(a, a))), {"A": np.full((2, 2), 2.0)})
    case = smallest_like(InProcessSubject(fault("F58").subject()), start)
    assert case is not None
    values = entries(case)
    assert len(values) >= 4
    assert len({abs(v) for v in values}) == len(values)


def test_a_mistake_that_shows_at_special_values_alone_keeps_them() -> None:
    """Parameters of one value: at distinct values nothing is wrong."""
    build = GraphBuilder()
    case = Case("c", build.graph(build.add(build.parameter("w1"), build.parameter("w2"))), {"w1": 2.0, "w2": 2.0})
    assert told("F06", case) is case


@pytest.mark.parametrize("code", ["F25", "F26"])
def test_a_kink_is_not_approached(code: str) -> None:
    build = GraphBuilder()
    x = build.parameter("w1")
    case = told(code, Case("c", build.graph(build.mul(build.relu(x), -1.5)), {"w1": -2.0 if code == "F25" else 2.0}))
    assert abs(float(case.point["w1"])) > 0.3
    assert case.point["w1"] != 2.0


def single(graph: Graph, point: Any) -> Any:
    """The textbook, right, in float32."""
    value, found, adjoints = Backprop()(graph, {n: v.astype(np.float32) for n, v in point.items()})
    return np.float64(value), {n: g.astype(np.float64) for n, g in found.items()}, adjoints


def test_a_bare_leaf_is_no_counterexample_to_an_engine_in_float32() -> None:
    """A loss that is a parameter of 0.1 comes back as float32's 0.1; its gradient is 1, and right."""
    build = GraphBuilder()
    case = Case("leaf", build.graph(build.parameter("w")), {"w": 0.1})
    subject = InProcessSubject(lambda graph, point: single(graph, point)[:2])
    assert smallest_like(subject, case) is None
    wrong = InProcessSubject(lambda graph, point: (*point.values(), dict.fromkeys(point, np.asarray(2.0))))
    found = smallest_like(wrong, case)
    assert found is not None
    assert len(found.graph) == 1


def test_one_message_alone_is_bent() -> None:
    build = GraphBuilder()
    x = build.parameter("x")
    graph = build.graph(build.pow(x, x))
    node = graph.loss
    right = gradients(Backprop(), Case("p", graph, {"x": 3.0}))["x"]
    dropped = [gradients(OneMessage(node, slot, 0.0), Case("p", graph, {"x": 3.0}))["x"] for slot in (0, 1)]
    assert np.allclose(dropped, [27 * np.log(3), 27])
    assert np.isclose(right, 27 * np.log(3) + 27)


def test_large_cases_stay_as_they_are() -> None:
    build = GraphBuilder()
    x = build.parameter("x", (50,))
    case = Case("large", build.graph(build.sum(build.sin(x))), {"x": np.ones(50)})
    assert telling(case, InProcessSubject(Backprop()), lambda c: True) is case


# Points.


def difference() -> Case:
    build = GraphBuilder()
    x = build.parameter("x")
    return Case("d", build.graph(build.sub(x, x)), {"x": 2.0})


@pytest.mark.parametrize("shape", [(), (2,), (3, 3), (30,)])
def test_points_are_distinct_exact_and_inside_the_domain(shape: tuple[int, ...]) -> None:
    build = GraphBuilder()
    x, y = build.parameter("x", shape), build.parameter("y", shape)
    case = Case("c", build.graph(build.sum(build.log(x) / y)), {"x": np.full(shape, 2.0), "y": np.full(shape, 2.0)})
    found = telling_points(case, 9)
    assert len(found) >= 6
    for one in found:
        values = entries(one)
        assert len({abs(v) for v in values}) == len(values)
        assert exact_in_float32(one)
        assert np.all(one.point["w1"] > 0)


def test_two_leaves_for_one_and_another_op_for_one_whose_gradient_is_0() -> None:
    apart = with_own_operands(difference())
    assert apart is not None
    assert [node.inputs for node in apart.graph.nodes] == [(), (), ("w1", "w2")]
    assert with_own_operands(apart) is None
    ops = {case.graph.node("loss").op for case in with_other_ops(difference())}
    assert ops == {"add", "mul", "div"}


def test_values_move_to_the_grid_and_never_to_0() -> None:
    build = GraphBuilder()
    x, y = build.parameter("x"), build.parameter("y")
    case = Case("c", build.graph(build.add(build.mul(x, 0.3), y)), {"x": 0.01, "y": 1.5})
    moved = on_grid(case)
    assert sorted(entries(moved)) == [0.0625, 0.3125, 1.5]
    assert on_grid(moved) is moved
