"""What to look at, in one sentence, for every row of the catalogue and for findings without a name."""

from __future__ import annotations

import pytest

from gradcheck.diagnosis.diagnosed import try_and_diagnose
from gradcheck.diagnosis.look_at import FAMILIES, look_at
from gradcheck.faults.catalogue import CATALOGUE, fault
from gradcheck.oracle import graph_oracles
from gradcheck.problem import Case, GraphBuilder
from gradcheck.subject.inprocess import InProcessSubject
from gradcheck.verdict.finding import Finding


def found(code: str, case: Case) -> tuple[Finding, ...]:
    return try_and_diagnose("case", case, InProcessSubject(fault(code).subject()), graph_oracles()).findings


def shared() -> Case:
    build = GraphBuilder()
    b = build.parameter("b")
    return Case("c", build.graph(build.add(build.tanh(b, name="y"), b, name="f")), {"b": 0.75})


def quotient() -> Case:
    build = GraphBuilder()
    a, b = build.parameter("a"), build.parameter("b")
    return Case("c", build.graph(build.div(a, b, name="f")), {"a": 3.0, "b": 5.0})


@pytest.mark.parametrize("row", CATALOGUE, ids=lambda row: row.code)
def test_every_fault_says_something_without_a_place(row: object) -> None:
    sentence = look_at((), (row,))  # type: ignore[arg-type]
    assert sentence
    assert not set("{}") & set(sentence)
    assert not any(word in sentence for word in ("adjoint", "cotangent", "ulp", "VJP"))


def test_families_are_those_of_the_catalogue() -> None:
    assert {row.family for row in CATALOGUE} == set(FAMILIES)


def test_a_branch_is_named_with_its_node() -> None:
    for faults in ((fault("F01"),), ()):  # named or not
        sentence = look_at(found("F01", shared()), faults, shared())
        assert sentence.startswith("how the gradients that arrive at b from its uses are put together")


def test_a_rule_comes_with_its_derivative() -> None:
    for faults in ((fault("F20"),), ()):
        assert look_at(found("F20", shared()), faults, shared()) == "the derivative of tanh(x): 1 - tanh(x)^2"


def test_the_derivative_of_two_operands_is_told_by_operand() -> None:
    sentence = look_at(found("F35", quotient()), (fault("F35"),), quotient())
    assert sentence.startswith("the derivative of div(x, y): ")
    assert "for its numerator" in sentence
    assert sentence.endswith("for its denominator")


def test_a_wrong_value_is_looked_at_going_forward() -> None:
    build = GraphBuilder()
    case = Case("c", build.graph(build.sigmoid(build.parameter("w"), name="f")), {"w": 3.0})
    assert look_at(found("F42", case)) == "how f is computed going forward: the value of sigmoid is wrong"


def test_of_nothing_nothing_is_said() -> None:
    assert look_at(()) == ""
