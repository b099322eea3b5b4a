"""What is common to graphs and functions: one comparison of a block, and where two answers differ."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import gradcheck
from gradcheck.judge.differing_entry import first_apart
from gradcheck.judge.dispatch import try_any
from gradcheck.judge.settings import Settings
from gradcheck.oracle import graph_oracles
from gradcheck.problem import Case, Graph, GraphBuilder, Point
from gradcheck.subject.inprocess import InProcessSubject
from gradcheck.verdict.result import Result

SLOPE = 6.0
"""d(x^2)/dx at 3, whose last place is 2^-50."""
ULP = 2.0**-50


def of_graph(ulps: int, max_ulps: float | None) -> Result:
    build = GraphBuilder()
    case = Case("square", build.graph(build.square(build.parameter("x"))), {"x": 3.0})

    def engine(graph: Graph, point: Point) -> Any:
        return np.asarray(9.0), {"x": np.asarray(SLOPE + ulps * ULP)}

    return try_any("s::square", case, InProcessSubject(engine), graph_oracles(), Settings(max_ulps=max_ulps)).result


def of_function(ulps: int, max_ulps: float | None) -> Result:
    return gradcheck.check_gradient(lambda x: x * x, lambda x: SLOPE / 3 * x + ulps * ULP, 3.0, max_ulps=max_ulps)


@pytest.mark.parametrize("result_of", [of_graph, of_function])
def test_a_limit_in_ulps_is_kept_to_by_graphs_and_functions(result_of: Any) -> None:
    assert result_of(6, None).verdict == "PASS"  # within rounding
    assert result_of(6, 2).codes[0] == "GC012"
    assert result_of(2, 2).verdict == "PASS"
    assert result_of(0, 2).verdict == "PASS"


NAN, INF = float("nan"), float("inf")


@pytest.mark.parametrize(
    ("first", "second", "allowed"),
    [
        ([1.0, 2.0], [1.0, 2.5], 0.5),
        ([NAN, INF, -INF], [NAN, INF, -INF], 0.0),
        ([], [], 0.0),
    ],
)
def test_answers_that_agree(first: list[float], second: list[float], allowed: float) -> None:
    assert first_apart(np.array(first), np.array(second), np.asarray(allowed)) is None


@pytest.mark.parametrize(
    ("first", "second", "entry"),
    [
        ([1.0, 2.0], [1.0, 2.6], [1]),
        ([[1.0, 2.0], [3.0, 4.0]], [[1.0, 2.0], [NAN, 4.0]], [1, 0]),
        ([INF], [-INF], [0]),
        ([INF], [1.0], [0]),
        (1.0, 2.0, ""),
    ],
)
def test_answers_that_differ(first: Any, second: Any, entry: Any) -> None:
    a, b = np.array(first), np.array(second)
    facts = first_apart(a, b, np.asarray(0.5))
    assert facts is not None
    assert facts["entry"] == entry
    at = tuple(entry)
    np.testing.assert_equal((facts["first"], facts["second"]), (float(a[at]), float(b[at])))
