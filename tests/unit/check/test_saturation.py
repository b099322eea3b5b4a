"""Where functions saturate, rounding may cost more than what matters: an answer right to its last digits passes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from gradcheck.check.trial import try_case
from gradcheck.faults.rules import WrongRule
from gradcheck.oracle import graph_oracles
from gradcheck.problem import Case, GraphBuilder
from gradcheck.run.suite import shipped
from gradcheck.subject.inprocess import InProcessSubject
from gradcheck.subject.process import ChildSubject
from gradcheck.verdict.result import Verdict


@pytest.fixture(scope="module")
def reference() -> Iterator[ChildSubject]:
    with ChildSubject(shipped("reference")) as subject:
        yield subject


def squared(op: str, x: float, dtype: str) -> Case:
    """f = op(w)^2."""
    build = GraphBuilder()
    return Case(
        "far out", build.graph(build.square(build.apply(op, build.parameter("w"), name="y"))), {"w": x}, dtype=dtype
    )


def weighed(op: str, x: Any, dtype: str) -> Case:
    """f = <c, op(w)>."""
    build = GraphBuilder()
    y = build.apply(op, build.parameter("w", (3,)), name="y")
    loss = y if op == "logsumexp" else build.sum(y * np.array([1.0, 2.0, -3.0]))
    return Case("far out", build.graph(loss), {"w": x}, dtype=dtype)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("x", [800.0, -800.0, 100.0, 40.0, -40.0])
@pytest.mark.parametrize("op", ["sigmoid", "softplus", "tanh", "elu"])
def test_the_reference_is_right_far_out(op: str, x: float, dtype: str, reference: ChildSubject) -> None:
    assert try_case("s::c", squared(op, x, dtype), reference, graph_oracles()).verdict is Verdict.PASS


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("x", [[1e4, 0.0, -1e4], [1e4, 9999.0, 0.0], [1e4, 1e4, 1e4]], ids=str)
@pytest.mark.parametrize("op", ["softmax", "log_softmax", "logsumexp"])
def test_the_reference_is_right_at_large_logits(op: str, x: Any, dtype: str, reference: ChildSubject) -> None:
    assert try_case("s::c", weighed(op, x, dtype), reference, graph_oracles()).verdict is Verdict.PASS


@pytest.mark.parametrize(
    ("op", "x", "dtype", "slope"),
    [
        ("sigmoid", 40.0, "float64", lambda g, y, x: g * y * (1 - y)),  # 0, and the truth is 4e-18
        ("softplus", 800.0, "float32", lambda g, y, x: g * np.float32(1.001)),
        ("sigmoid", -800.0, "float32", lambda g, y, x: g + np.float32(1e-30)),
    ],
)
def test_a_slope_that_is_wrong_far_out_does_not_pass(op: str, x: float, dtype: str, slope: Any) -> None:
    result = try_case("s::c", squared(op, x, dtype), InProcessSubject(WrongRule(op, slope)), graph_oracles())
    assert result.verdict is not Verdict.PASS
