"""Graphs for which one proof is asked: the verdict is that of all oracles, right or wrong, far or near."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gradcheck.faults.correct.tape import gradients
from gradcheck.judge.dispatch import try_any
from gradcheck.judge.settings import ALL, NEEDED, Settings
from gradcheck.oracle import graph_oracles
from gradcheck.problem import Case, Graph, GraphBuilder, Point
from gradcheck.subject.inprocess import InProcessSubject
from gradcheck.verdict.result import Result, Verdict


def waves(x: float = 0.7) -> Case:
    """f = sin(x) exp(x y), at y = 0.3."""
    build = GraphBuilder()
    x_, y = build.parameter("x"), build.parameter("y")
    f = build.mul(build.sin(x_), build.exp(build.mul(x_, y)), name="f")
    return Case("waves", build.graph(f), {"x": x, "y": 0.3})


def hinge(x: float) -> Case:
    """f = relu(x), with its kink at 0."""
    build = GraphBuilder()
    x_ = build.parameter("x")
    return Case("hinge", build.graph(build.relu(x_, name="f")), {"x": x})


def judged(case: Case, factor: float, oracles: str, value: float = 1.0) -> Result:
    """A right engine whose gradients and value are multiplied."""

    def subject(graph: Graph, point: Point) -> Any:
        loss, grads, _ = gradients(graph, point)
        return loss * value, {name: g * factor for name, g in grads.items()}

    settings = Settings(oracles=oracles)
    return try_any("case", case, InProcessSubject(subject), graph_oracles(), settings).result


@pytest.mark.parametrize("factor", [1.0, 1 + 4e-16, 1 + 1e-13, 1 + 1e-9, 1.001, -1.0, np.nan])
@pytest.mark.parametrize("case", [waves(), waves(-2.5), hinge(1.0), hinge(0.0)], ids=["near", "far", "smooth", "kink"])
def test_the_verdict_is_that_of_all_oracles(case: Case, factor: float) -> None:
    one, all_of_them = (judged(case, factor, oracles) for oracles in (NEEDED, ALL))
    assert (one.verdict, one.codes) == (all_of_them.verdict, all_of_them.codes)


@pytest.mark.parametrize("value", [1.0, 1 + 4e-16, 1 + 1e-6, 0.0])
def test_so_is_that_on_the_value(value: float) -> None:
    one, all_of_them = (judged(waves(), 1.0, oracles, value) for oracles in (NEEDED, ALL))
    assert (one.verdict, one.codes) == (all_of_them.verdict, all_of_them.codes)


def test_those_left_out_are_told() -> None:
    states = {w.oracle: w.state for w in judged(waves(), 1.0, NEEDED).witnesses}
    others = dict.fromkeys(["symbolic", "finite_difference", "path_enumeration"], "not asked")
    assert {**states, **others} == states
    assert states["exact"] == "agreed"
    assert all(w.state == "agreed" for w in judged(waves(), 1.0, ALL).witnesses)


def test_a_wrong_one_is_put_to_all() -> None:
    result = judged(waves(), 1.001, NEEDED)
    assert result.verdict is Verdict.FAIL
    assert {w.state for w in result.witnesses} == {"agreed"}
