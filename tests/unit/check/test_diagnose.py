"""Exact relations and paths: each is named for a subject that has it, and nothing is said of any other."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gradcheck.check.diagnose import relation
from gradcheck.check.trial import try_case
from gradcheck.oracle import graph_oracles
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

    result = try_case("diamond", case, InProcessSubject(subject), graph_oracles())
    assert result.verdict == ("PASS" if gradient == 27 + np.cos(3.0) else "FAIL")
    return [f.sentence for f in result.findings if f.code == "GC051"]


@pytest.mark.parametrize(
    ("gradient", "says"),
    [
        (18 + np.cos(3.0), "x>p>f missing among all 3 paths"),
        (9 + np.cos(3.0), "x>y>p>f missing among all 3 paths"),
        (27.0, "x>s>f missing among all 3 paths"),
        (36 + np.cos(3.0), "x>p>f counted twice among all 3 paths"),
        (27 + 2 * np.cos(3.0), "x>s>f counted twice among all 3 paths"),
    ],
)
def test_the_missing_or_doubled_path_is_named(gradient: float, says: str) -> None:
    (cause,) = said(diamond(), gradient)
    assert says in cause


@pytest.mark.parametrize("gradient", [1.2345, 27.5 + np.cos(3.0), 27 + np.cos(3.0)])
def test_a_wrong_number_without_a_reason_gets_none(gradient: float) -> None:
    assert said(diamond(), gradient) == []
