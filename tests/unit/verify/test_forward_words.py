"""Advice on an engine of forward mode: nothing in it goes backward."""

from gradcheck.problem import Case, GraphBuilder
from gradcheck.run.events import Diagnosed
from gradcheck.verify.forward_words import in_forward_mode


def advised(look_at: str) -> Diagnosed:
    build = GraphBuilder()
    case = Case("c", build.graph(build.tanh(build.parameter("x"))), {"x": 0.5})
    return Diagnosed(None, case, (), look_at=look_at)


def test_what_arrives_going_backward_is_the_derivative_handed_on() -> None:
    found = in_forward_mode(advised("what arrives at x going backward: every node after it is right"))
    assert found is not None
    assert "the derivative that tanh hands on" in found.look_at
    assert "backward" not in found.look_at


def test_a_formula_is_kept() -> None:
    found = advised("the derivative of tanh: 1 - tanh(x)^2")
    assert in_forward_mode(found) == found
    assert in_forward_mode(None) is None
