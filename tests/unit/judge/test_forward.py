"""A wrong loss value hides no wrong gradient, and makes no right one wrong."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from gradcheck.diagnosis.diagnosed import try_and_diagnose
from gradcheck.faults.graphs.textbook_backprop import Backprop
from gradcheck.oracle import graph_oracles
from gradcheck.problem import Case, Graph, GraphBuilder
from gradcheck.subject.inprocess import InProcessSubject
from gradcheck.verdict.result import Result, Verdict

Bend = Callable[[Any, dict[str, Any]], tuple[Any, dict[str, Any]]]


def product() -> Case:
    """l = 3.5 w + v |u|: 3.5, 2 and 0.5 are the gradients."""
    build = GraphBuilder()
    w, v, u = (build.parameter(name) for name in "wvu")
    graph = build.graph(build.add(3.5 * w, build.mul(v, build.abs(u)), name="l"))
    return Case("product", graph, {"w": 1.0, "v": 0.5, "u": 2.0})


def tried(case: Case, bend: Bend) -> Result:
    """The result of a right engine whose answer is bent."""

    def gradients(graph: Graph, point: Mapping[str, Any]) -> Any:
        value, grads, *_ = Backprop()(graph, point)
        return bend(value, dict(grads))

    return try_and_diagnose("s::c", case, InProcessSubject(gradients), graph_oracles())


def wrong(result: Result) -> dict[str, tuple[float, float]]:
    """The blocks found wrong: the subject's number, and the truth."""
    return {f.facts["block"]: (f.facts["subject"], f.facts["truth"]) for f in result.findings if f.code == "GC012"}


def test_both_are_told_and_the_value_comes_first() -> None:
    result = tried(product(), lambda value, grads: (value + 1, {**grads, "w": 0 * grads["w"]}))
    assert result.verdict is Verdict.FAIL
    assert [c for c in result.codes if c in ("GC012", "GC014")] == ["GC014", "GC012"]
    assert wrong(result) == {"w": (0.0, 3.5)}


def test_every_wrong_block_is_told() -> None:
    result = tried(product(), lambda value, grads: (value + 1, {name: 2 * g for name, g in grads.items()}))
    assert wrong(result) == {"w": (7.0, 3.5), "v": (4.0, 2.0), "u": (1.0, 0.5)}


def test_a_gradient_that_is_right_is_not_called_wrong_for_the_value() -> None:
    result = tried(product(), lambda value, grads: (value + 1, grads))
    assert "GC014" in result.codes
    assert not wrong(result)


def test_a_right_value_with_a_wrong_gradient() -> None:
    result = tried(product(), lambda value, grads: (value, {**grads, "w": 0 * grads["w"]}))
    assert "GC014" not in result.codes
    assert wrong(result) == {"w": (0.0, 3.5)}


def test_no_cause_is_sought_in_gradients_of_another_function() -> None:
    """Twice the loss and twice the gradient: "twice the right gradient" would send the reader to the backward pass."""
    result = tried(product(), lambda value, grads: (2 * value, {name: 2 * g for name, g in grads.items()}))
    assert {"GC014", "GC012"} <= set(result.codes)
    assert "GC051" not in result.codes


def test_at_a_kink_any_of_its_slopes_is_right_and_others_are_not() -> None:
    """|u| at 0: between -0.5 and 0.5."""
    build = GraphBuilder()
    u = build.parameter("u")
    case = Case("kink", build.graph(build.mul(0.5, build.abs(u), name="l")), {"u": 0.0})
    for slope, verdicts in ((0.25, ["GC014"]), (3.5, ["GC014", "GC012"])):
        result = tried(case, lambda value, grads, slope=slope: (value + 1, {"u": np.array(slope)}))
        assert result.verdict is Verdict.FAIL
        assert [f.code for f in result.findings if f.severity == "error"] == verdicts
