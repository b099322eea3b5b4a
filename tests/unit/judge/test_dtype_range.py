"""What the dtype's range takes from an engine is no mistake of its; what the range cannot explain is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from gradcheck.diagnosis.diagnosed import try_and_diagnose
from gradcheck.faults.catalogue import fault
from gradcheck.faults.graphs.textbook_backprop import Backprop
from gradcheck.judge.moved_points import moved_cases
from gradcheck.oracle import graph_oracles
from gradcheck.problem import Case, GraphBuilder
from gradcheck.run.selftest import correct_engines
from gradcheck.subject.answer import NATIVE
from gradcheck.subject.inprocess import InProcessSubject
from gradcheck.subject.loading import load
from gradcheck.verdict.result import Result, Verdict

Make = Callable[[GraphBuilder, Any], Any]


def quotient(build: GraphBuilder, x: Any) -> Any:
    """0/0 in float32 at -60: e^-120 vanishes."""
    e = build.exp(x)
    return build.div(build.mul(e, e), build.mul(e, e))


def there_and_back(build: GraphBuilder, x: Any) -> Any:
    return build.log(build.exp(x))


def harmless(build: GraphBuilder, x: Any) -> Any:
    """e^-400 vanishes in any dtype that there is, beside something that does not."""
    return build.add(build.add(x, x), build.exp(build.mul(x, -200.0)))


def saturated(build: GraphBuilder, x: Any) -> Any:
    """The sigmoid of -110 vanishes in float32; the x beside it has a gradient all the same."""
    return build.add(build.sigmoid(x), build.sub(1.0, x))


def case(make: Make, at: float, dtype: str = "float32") -> Case:
    build = GraphBuilder()
    return Case(make.__name__, build.graph(make(build, build.parameter("x"))), {"x": at}, dtype=dtype)


def tried(made: Case, function: Callable[..., Any]) -> Result:
    return try_and_diagnose("reach", made, InProcessSubject(function), graph_oracles())


ENGINES = {name: load(path).functions[NATIVE] for name, path in correct_engines().items()}


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(("make", "at"), [(quotient, -60.0), (there_and_back, 100.0), (there_and_back, -110.0)])
def test_a_right_engine_that_runs_out_of_range_is_not_flagged(engine: str, make: Make, at: float) -> None:
    made = case(make, at)
    assert made.misfit is not None
    result = tried(made, ENGINES[engine])
    assert result.verdict is Verdict.UNDECIDED
    assert result.codes == ("GC037",)
    assert f"node {made.misfit} is too large or too small for float32" in result.findings[0].sentence


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(("make", "at"), [(harmless, 2.0), (saturated, -110.0)])
def test_what_the_range_does_not_touch_is_judged(engine: str, make: Make, at: float) -> None:
    made = case(make, at)
    assert made.misfit is not None
    assert tried(made, ENGINES[engine]).verdict is Verdict.PASS
    assert tried(made, fault("F01").subject()).verdict is Verdict.FAIL


def test_the_same_graph_in_a_dtype_that_holds_it_is_judged() -> None:
    made = case(quotient, -60.0, "float64")
    assert made.misfit is None
    assert tried(made, Backprop()).verdict is Verdict.PASS

    def nan(graph: Any, point: Any) -> Any:
        value, gradients, *_ = Backprop()(graph, point)
        return value, {name: np.full_like(g, np.nan) for name, g in gradients.items()}

    assert tried(made, nan).codes[0] == "GC013"


def test_moved_points_stay_within_range() -> None:
    build = GraphBuilder()
    x = build.parameter("x")
    made = Case(
        "moved", build.graph(build.mul(build.relu(x), build.exp(build.mul(x, 40.0)))), {"x": -0.5}, dtype="float32"
    )
    moved = list(moved_cases(made, ["x"], 8))
    assert moved
    assert all(one.misfit is None for one in moved)
