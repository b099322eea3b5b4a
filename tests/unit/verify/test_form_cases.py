"""The forms hold what they are named after, and every form of the issue's list is there."""

from __future__ import annotations

import pytest

from gradcheck.problem import LEAVES
from gradcheck.problem.walks import path_count
from gradcheck.subject.description import SeenOffer
from gradcheck.verify.engine_cases import drawn, engine_cases
from gradcheck.verify.form_cases import deep_cases, forked, form_cases

CASES = {case.name: case for case in form_cases()}

FORMS = (
    "sub: number on the left",
    "sub: number on the left of a product",
    "pow: number on the left of a product",
    "div: number on the left of a product",
    "mul: a node with itself",
    "add: two numbers on the right",
    "tanh: twice",
    "tanh: beside its argument",
    "exp: inner node",
    "tanh at 400",
    "sigmoid at -40",
    "an intermediate that nobody uses",
    "an input that is not needed",
    "an upstream factor",
    "used early and late",
)


@pytest.mark.parametrize("name", FORMS)
def test_forms(name: str):
    case = CASES[name]
    op = name.partition(":")[0].partition(" at ")[0]
    ops = {node.op for node in case.graph.nodes}
    assert op in ops or op.startswith(("an ", "used"))


def test_a_number_on_the_left_is_the_first_operand():
    graph = CASES["pow: number on the left of a product"].graph
    node = next(n for n in graph.nodes if n.op == "pow")
    assert [graph.node(name).op for name in node.inputs] == ["constant", "mul"]


def test_stacked_forks_have_more_paths_than_can_be_walked():
    case = forked()
    assert path_count(case.graph) > 2**24
    assert len(case.graph) < 100


def test_chains_are_as_deep_as_they_say():
    first, second, _ = deep_cases()
    assert [len(first.graph) > 1_000, len(second.graph) > 10_000] == [True, True]


@pytest.mark.parametrize("scalars", [True, False])
def test_an_engine_is_asked_only_what_it_offers(scalars: bool):
    offer = SeenOffer("x", "X", "t", ("gradients",), ops=frozenset({"add", "mul", "sum"}), scalars=scalars)
    cases = engine_cases(offer, 6)
    assert len(cases) > 20
    assert {node.op for item in cases for node in item.case.graph.nodes} <= {*LEAVES, "add", "mul", "sum"}
    assert any(any(item.case.graph.shapes) for item in cases) is not scalars


def test_graphs_are_drawn_alike_for_everybody():
    offer = SeenOffer("x", "X", "t", ("gradients",), ops=frozenset({"add", "mul", "tanh"}), scalars=True)
    one, other = ([item.case.point for item in drawn(offer, 5)] for _ in range(2))
    assert str(one) == str(other)
