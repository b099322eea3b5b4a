"""Which failing cases a name explains: also those that fail at a moved point, by very little, or in an adjoint."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from gradcheck.diagnosis.diagnosed import try_and_diagnose
from gradcheck.diagnosis.naming import Explains, Named
from gradcheck.faults.catalogue import fault
from gradcheck.judge.dispatch import try_any
from gradcheck.oracle import graph_oracles
from gradcheck.problem import Case, GraphBuilder
from gradcheck.problem.parts import leaves_as_parameters
from gradcheck.run.afterthought import diagnose
from gradcheck.run.events import Diagnosed
from gradcheck.run.suite import Addressed
from gradcheck.subject.inprocess import InProcessSubject


def dead() -> Case:
    """f = relu(x) + relu(x) with x < 0: the gradient is 0, however often a node's uses are counted."""
    build = GraphBuilder()
    r = build.relu(build.parameter("x"))
    return Case("dead", build.graph(build.add(r, r)), {"x": -1.0})


def tiny() -> Case:
    """x / y with x = 1e-18: its slope for y is -1.1e-19, and -3.3e-19 where the divisor is not squared."""
    build = GraphBuilder()
    return Case("tiny", build.graph(build.div(build.parameter("x"), build.parameter("y"))), {"x": 1e-18, "y": 3.0})


def data() -> Case:
    """f = w x + x^2: of the parameter and the input, only the input is used twice."""
    build = GraphBuilder()
    w, x = build.parameter("w"), build.input("x")
    return Case("data", build.graph(build.add(build.mul(w, x), build.square(x))), {"w": 0.5, "x": 3.0})


def shared() -> Case:
    """f = x^2 + x."""
    build = GraphBuilder()
    x = build.parameter("x")
    return Case("shared", build.graph(build.add(build.square(x), x)), {"x": 3.0})


class Revealing:
    """An engine that reveals the adjoints of inputs; `factor` times what they are."""

    def __init__(self, code: str, factor: float = 1.0) -> None:
        self._engine, self._factor = fault(code).subject(), factor

    def __call__(self, graph: Any, point: Any) -> Any:
        value, gradients, *_ = self._engine(leaves_as_parameters(graph, ("input",))[0], point)
        parameters = {graph.names[i] for i in graph.parameters}
        inner = {name: self._factor * g for name, g in gradients.items() if name not in parameters}
        return value, {name: g for name, g in gradients.items() if name in parameters}, inner


def silent(graph: Any, point: Any) -> Any:
    """An engine that overwrites, and reveals no adjoints."""
    return fault("F01").subject()(graph, point)[:2]


def run(cases: Sequence[Case], engine: Any) -> tuple[list[Any], Diagnosed]:
    subject = InProcessSubject(engine)
    items = [Addressed(f"s::{case.name}", "s", case) for case in cases]
    results = [try_and_diagnose(a.address, a.case, subject, graph_oracles()) for a in items]
    (found,) = [e for e in diagnose(items, results, subject, graph_oracles()) if isinstance(e, Diagnosed)]
    return results, found


@pytest.mark.parametrize(
    ("case", "code", "engine"),
    [
        (dead, "F01", silent),
        (tiny, "F36", fault("F36").subject()),
        (data, "F01", Revealing("F01")),
    ],
)
def test_the_mistake_explains_the_case(case: Any, code: str, engine: Any) -> None:
    subject = InProcessSubject(engine)
    tried = try_any("case", case(), subject, graph_oracles())
    assert tried.wrong
    assert tried.case is not None
    assert Explains(Named((fault(code),)), subject)(tried.case)
    assert not Explains(Named((fault("F26"),)), subject)(tried.case)


def test_the_point_that_shows_the_mistake_is_in_the_result_and_its_texts() -> None:
    (result, _), found = run([dead(), shared()], silent)
    assert found.explains == ("s::dead", "s::shared")
    (x,) = result.moved_point.values()
    assert x > 0
    assert result.to_dict()["moved_point"] == {"x": x}
    assert f"at another point than the case's own, where nothing is wrong: x = {x:.12g}" in result.to_text(200)
    plain = try_any("case", shared(), InProcessSubject(silent), graph_oracles()).result
    assert plain.moved_point == {}


def test_an_adjoint_that_is_wrong_in_another_way_stays_unexplained() -> None:
    twice = Revealing("F01", factor=5.0)
    assert not Explains(Named((fault("F01"),)), InProcessSubject(twice))(data())


def test_a_right_answer_is_not_explained() -> None:
    right = InProcessSubject(fault("F27").subject())
    for case in (tiny(), data(), shared()):
        assert not Explains(Named((fault("F01"),)), right)(case)
