"""The smallest graph on which an engine is wrong is the one a person would have drawn."""

from __future__ import annotations

import pytest

from gradcheck.diagnosis.smallest import smallest, smallest_like
from gradcheck.faults.catalogue import fault
from gradcheck.faults.graphs.textbook_backprop import Backprop
from gradcheck.problem import Case, GraphBuilder, Training
from gradcheck.subject.inprocess import InProcessSubject


def planted(code: str) -> InProcessSubject:
    return InProcessSubject(fault(code).subject())


def drawn(case: Case | None) -> list[str]:
    assert case is not None
    return [node.op for node in case.graph.nodes]


def test_overwriting_shows_on_one_node_used_twice() -> None:
    case = smallest(planted("F01"))
    assert case is not None
    (leaf, top) = sorted(case.graph.nodes, key=lambda node: len(node.inputs))
    assert (leaf.op, top.inputs) == ("parameter", (leaf.name, leaf.name))


@pytest.mark.parametrize(("code", "op"), [("F20", "tanh"), ("F27", "sin"), ("F38", "neg"), ("F31", "square")])
def test_a_wrong_rule_shows_on_its_op(code: str, op: str) -> None:
    ops = drawn(smallest(planted(code), ops=frozenset({op, "add"})))
    assert op in ops
    assert len(ops) <= 3


def test_it_repeats_exactly() -> None:
    one, two = smallest(planted("F02")), smallest(planted("F02"))
    assert one is not None
    assert two is not None
    assert [(n.op, n.inputs) for n in one.graph.nodes] == [(n.op, n.inputs) for n in two.graph.nodes]


def test_a_right_engine_has_none() -> None:
    assert smallest(InProcessSubject(Backprop()), ops=frozenset({"add", "mul"})) is None


def test_a_fault_of_another_op_is_not_found_among_these() -> None:
    assert smallest(planted("F27"), ops=frozenset({"add", "mul"})) is None


def test_arrays_are_drawn_where_the_case_needs_them() -> None:
    build = GraphBuilder()
    x = build.parameter("x", (3,))
    case = Case("mean", build.graph(build.mean(x)), {"x": [1.0, 2.0, 4.0]})
    found = smallest_like(planted("F55"), case)
    assert "mean" in drawn(found)


def test_a_training_has_no_smallest_graph() -> None:
    assert smallest_like(planted("F01"), object.__new__(Training)) is None
