"""Exact relations and paths: each is named for a subject that has it, and nothing is said of any other."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gradcheck.diagnosis.causes import along, relation
from gradcheck.diagnosis.diagnosed import try_and_diagnose
from gradcheck.oracle import graph_oracles
from gradcheck.oracle.path_enumeration import paths
from gradcheck.problem import Case, Graph, GraphBuilder, Point
from gradcheck.subject.inprocess import InProcessSubject

TRUTH = np.array([[1.0, -2.5, 0.75], [3.0, 0.5, -1.25], [0.3, 2.0, -4.0]])
TIGHT = np.full(TRUTH.shape, 1e-12)
SIZES = {"n": 7}


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (-TRUTH, "times -1"),
        (2 * TRUTH, "twice the right gradient"),
        (TRUTH / 2, "half the right gradient"),
        (7 * TRUTH, "7 times the right gradient"),
        (TRUTH / 7, "1/7 of the right gradient"),
        (TRUTH.T, "transpose"),
        (TRUTH[::-1], "permutation"),
        (0 * TRUTH, "zero throughout"),
    ],
)
def test_an_exact_relation_is_named(answer: Any, says: str) -> None:
    assert says in relation(answer, TRUTH, TIGHT, SIZES)


@pytest.mark.parametrize(
    "answer",
    [
        3 * TRUTH,  # a factor that nothing here has
        TRUTH + 1.0,
        2 * TRUTH + 1e-9,  # near a relation, beyond what rounding explains
        np.where(TRUTH > 0, 2 * TRUTH, TRUTH),  # twice in some entries only
        np.full(TRUTH.shape, np.nan),
        np.random.default_rng(0).standard_normal(TRUTH.shape),
    ],
)
def test_no_cause_is_invented(answer: Any) -> None:
    assert relation(answer, TRUTH, TIGHT, SIZES) == ""


def test_a_relation_holds_up_to_the_tolerance_and_no_further() -> None:
    assert relation(2 * TRUTH + 0.9e-12, TRUTH, TIGHT, {})
    assert not relation(2 * TRUTH + 3e-12, TRUTH, TIGHT, {})
    assert relation(-TRUTH + 0.9e-12, TRUTH, TIGHT, {})
    assert not relation(-TRUTH + 1.1e-12, TRUTH, TIGHT, {})


def test_of_a_true_zero_nothing_is_said() -> None:
    assert relation(np.ones(3), np.zeros(3), np.full(3, 1e-12), SIZES) == ""


# Paths.


def diamond() -> Case:
    """f = x y + sin x with y = x^2: three paths, of products 9, 18 and cos 3 at x = 3 (d/dx = 3 x^2 + cos x)."""
    build = GraphBuilder()
    x = build.parameter("x")
    y = build.square(x, name="y")
    return Case(
        "diamond", build.graph(build.add(build.mul(x, y, name="p"), build.sin(x, name="s"), name="f")), {"x": 3.0}
    )


def said(case: Case, gradient: float) -> list[str]:
    """Causes that are named where the subject gives this gradient for x."""

    def subject(graph: Graph, point: Point) -> Any:
        return graph.evaluate(point)[graph.names[graph.loss]], {"x": np.asarray(gradient)}

    result = try_and_diagnose("diamond", case, InProcessSubject(subject), graph_oracles())
    assert result.verdict == ("PASS" if gradient == 27 + np.cos(3.0) else "FAIL")
    return [f.sentence for f in result.findings if f.code == "GC051"]


@pytest.mark.parametrize(
    ("gradient", "says"),
    [
        (18 + np.cos(3.0), "is missing: x > p > f; 3 paths lead to the loss"),
        (9 + np.cos(3.0), "the part of the gradient that comes through y is missing: x > y > p > f"),
        (27.0, "the part of the gradient that comes through s is missing: x > s > f"),
        (36 + np.cos(3.0), "is counted twice: x > p > f"),
        (27 + 2 * np.cos(3.0), "that comes through s is counted twice: x > s > f"),
    ],
)
def test_the_missing_or_doubled_path_is_named(gradient: float, says: str) -> None:
    (cause,) = said(diamond(), gradient)
    assert says in cause


@pytest.mark.parametrize("gradient", [1.2345, 27.5 + np.cos(3.0), 27 + np.cos(3.0)])
def test_a_wrong_number_without_a_reason_gets_none(gradient: float) -> None:
    assert said(diamond(), gradient) == []


def x_to_the_x() -> Case:
    """f = x ** x: as base x * x^(x-1) = 27 arrives at x = 3, as exponent 27 log 3."""
    build = GraphBuilder()
    x = build.parameter("x")
    return Case("power", build.graph(build.pow(x, x, name="f")), {"x": 3.0})


@pytest.mark.parametrize(("gradient", "says"), [(27.0, "x > f as exponent"), (27 * np.log(3.0), "x > f as base")])
def test_two_paths_of_one_node_are_told_apart_by_operand(gradient: float, says: str) -> None:
    (cause,) = said(x_to_the_x(), gradient)
    assert f"the part of the gradient is missing: {says}; 2 paths" in cause


@pytest.mark.parametrize(("gradient", "says"), [(1.0, "x > f as right operand"), (-1.0, "x > f as left operand")])
def test_of_a_difference_too(gradient: float, says: str) -> None:
    build = GraphBuilder()
    x = build.parameter("x")
    (cause,) = said(Case("difference", build.graph(build.sub(x, x, name="f")), {"x": 3.0}), gradient)
    assert f"is missing: {says}" in cause


def test_equal_parts_are_not_told_apart() -> None:
    build = GraphBuilder()
    x = build.parameter("x")
    (cause,) = said(Case("sum", build.graph(build.add(x, x, name="f")), {"x": 3.0}), 1.0)
    assert "x: one of 2 equal parts of the gradient is missing: x > f; 2 paths lead to the loss" in cause


def test_a_direct_use_is_told_from_one_through_another_node() -> None:
    build = GraphBuilder()
    x = build.parameter("x")
    case = Case("c", build.graph(build.add(build.exp(x, name="y"), x, name="f")), {"x": 0.75})
    assert "that comes from its use in f itself is missing: x > f;" in said(case, np.exp(0.75))[0]
    assert "that comes through y is missing: x > y > f;" in said(case, 1.0)[0]


def test_two_places_of_two_operands_each() -> None:
    """f = p / p with p = x ** x: a path is named by every operand that is in doubt."""
    build = GraphBuilder()
    x = build.parameter("x")
    p = build.pow(x, x, name="p")
    graph = build.graph(build.div(p, p, name="f"))
    ways = [("x", "p", "f")] * 4
    assert [along(graph, ways, k) for k in range(4)] == [
        f"x > p as {first} > f as {second}" for first in ("base", "exponent") for second in ("numerator", "denominator")
    ]
    products = [product for _, product in paths(graph, {"x": 3.0}, "x")]
    slope = [27.0 * 27**-1, 27.0 * -(27**-1), 27 * np.log(3.0) * 27**-1, 27 * np.log(3.0) * -(27**-1)]
    assert np.allclose(products, slope)  # the paths come in that very order
