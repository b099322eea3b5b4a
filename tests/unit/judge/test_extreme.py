"""Random graphs at extreme values: subnormal numbers, the ends of a dtype's range, and what overflows when squared.

Right engines pass there, or nobody can tell; a wrong gradient is still found where the range explains nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from gradcheck.diagnosis.diagnosed import try_and_diagnose
from gradcheck.errors import InvalidProblem
from gradcheck.faults.correct import forward_mode, recursive, tape
from gradcheck.judge.graph_estimates import DIFFERENCED, gather, put_together
from gradcheck.oracle import Aside, Estimates, graph_oracles
from gradcheck.oracle.estimate import Along
from gradcheck.oracle.exact import exact
from gradcheck.oracle.finite_difference import finite_difference
from gradcheck.oracle.symbolic import symbolic
from gradcheck.problem import OPS, Case, GraphBuilder
from gradcheck.problem.ops import LEAVES
from gradcheck.reference.dag import gradients as reference
from gradcheck.strategies.drawing import draw
from gradcheck.strategies.pick import picker
from gradcheck.strategies.wish import Wish
from gradcheck.subject.inprocess import InProcessSubject
from gradcheck.verdict.result import Result, Verdict

ENGINES: dict[str, Callable[..., Any]] = {
    "reference": reference,
    "tape": tape.gradients,
    "recursive": recursive.gradients,
    "forward_mode": forward_mode.gradients,
}

VALUES = {
    "float64": (5e-324, 1e-310, 2.3e-308, 1e-160, 1e-12, -0.0, 0.0, 700.0, 1e16, 1e154, 1e162, 1e308, 1.7e308),
    "float32": (1.4e-45, 1e-40, 1.2e-38, 1e-20, 1e-6, -0.0, 0.0, 88.0, 1e8, 1.8e19, 1e25, 1e38, 3.4e38),
}
"""By dtype; every one comes up with either sign."""

EVERY_OP = tuple(op for op in OPS if op not in LEAVES)
WISHES = (
    Wish(max_nodes=8, ops=tuple(op for op in EVERY_OP if OPS[op].elementwise)),
    Wish(max_nodes=7, ops=EVERY_OP, scalar=False),
)
ATTEMPTS = 50
"""Points that are drawn for one graph: not every value is in every op's domain."""


def extreme_case(seed: int) -> Case | None:
    """The case of a seed; None where no point of its graph was in every domain."""
    random = np.random.default_rng(seed)
    graph, point = draw(picker(f"extreme {seed}"), WISHES[seed % 2])
    dtype = ("float64", "float32")[seed // 2 % 2]
    for _ in range(ATTEMPTS):
        moved = {name: np.array(value, dtype=np.float64) for name, value in point.items()}
        for value in moved.values():
            chosen = random.random(value.shape) < 0.6
            value[chosen] = (random.choice(VALUES[dtype], value.shape) * random.choice([-1.0, 1.0], value.shape))[
                chosen
            ]
        try:
            return Case(f"extreme {seed}", graph, moved, dtype=dtype)
        except InvalidProblem:
            continue
    return None


def result(case: Case, engine: Callable[..., Any]) -> Result:
    return try_and_diagnose("case", case, InProcessSubject(engine), graph_oracles())


SEEDS = [*range(15), *range(20, 60)]
"""Seed 19 is right, too, and takes ten times as long as any other."""


@pytest.mark.parametrize("seed", SEEDS)
def test_the_reference_is_not_flagged_at_extreme_values(seed: int) -> None:
    case = extreme_case(seed)
    if case is None:
        pytest.skip("no point of this graph is in every domain")
    assert result(case, reference).verdict in (Verdict.PASS, Verdict.UNDECIDED)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("seed", [37, 51, 251, 274, 298, 346])
def test_what_once_was_flagged(seed: int, engine: str) -> None:
    """0 / 0 in a slope, a mean whose sum overflows, a revealed adjoint, powers of tiny bases, an adjoint too large."""
    case = extreme_case(seed)
    assert case is not None
    assert result(case, ENGINES[engine]).verdict in (Verdict.PASS, Verdict.UNDECIDED)


@pytest.mark.parametrize("seed", [37, 51, 251])
def test_a_wrong_engine_is_not_excused_by_its_dtype(seed: int) -> None:
    """At moderate values of the same graphs, where nothing leaves the range, twice the gradient is a mistake."""
    hostile = extreme_case(seed)
    assert hostile is not None
    case = hostile.at({name: np.full(np.shape(value), 0.75) for name, value in hostile.point.items()})

    def doubled(graph: Any, point: Mapping[str, Any]) -> Any:
        value, grads = reference(graph, point)[:2]
        return value, {name: 2 * g + 1 for name, g in grads.items()}

    assert result(case, doubled).verdict is Verdict.FAIL


@pytest.mark.parametrize(
    ("op", "engine"), [("pow", "reference"), ("div", "reference"), ("pow", "tape"), ("pow", "recursive")]
)
def test_nothing_times_a_slope_beyond_the_range_is_nothing(op: str, engine: str) -> None:
    """exp(-1 / x^2) near 0: its slope is 0 times infinity in floats, and 0 in truth."""
    build = GraphBuilder()
    x = build.parameter("x")
    steep = build.pow(x, -2.0) if op == "pow" else build.div(build.div(1.0, x), x)
    graph = build.graph(build.exp(-steep))
    assert float(ENGINES[engine](graph, {"x": np.array(1e-160)})[1]["x"]) == 0.0


def softmax_of(entries: int) -> Case:
    build = GraphBuilder()
    x = build.parameter("x", (entries,))
    graph = build.graph(build.sum(build.softmax(x) * np.arange(1.0, entries + 1)))
    return Case("softmax", graph, {"x": np.linspace(-1.0, 1.0, entries)})


class Counting:
    """An estimated oracle that counts how often it is asked for every entry; along a direction it differences."""

    name, kind = finite_difference.name, finite_difference.kind

    def __init__(self) -> None:
        self.asked = 0

    def __call__(self, graph: Any, point: Any) -> Estimates | Aside:
        self.asked += 1
        return Aside(self.name, "counted")

    def along(self, graph: Any, point: Any) -> Along | Aside:
        return finite_difference.along(graph, point)


@pytest.mark.parametrize(("entries", "asked"), [(4, 1), (DIFFERENCED, 1), (DIFFERENCED + 1, 0), (1000, 0)])
def test_differences_take_one_direction_of_what_two_proofs_have_settled(entries: int, asked: int) -> None:
    differences = Counting()
    gathered = gather(softmax_of(entries), (symbolic, exact, differences))
    assert differences.asked == asked
    assert len(gathered.answers) == 2
    if not asked:
        along = gathered.along[-1]
        assert along.oracle == differences.name
        slope = np.sum(gathered.gradients["x"].middle * along.direction["x"])
        assert np.abs(along.estimate.value - slope) <= along.estimate.error + 1e-14 * np.abs(along.direction["x"]).sum()
        assert gathered.missed == ()


def test_a_proof_that_is_wrong_in_one_entry_is_missed_along_a_direction() -> None:
    """Two proofs with the same mistake meet each other, and the differences do not meet them."""

    def bent(oracle: Any) -> Any:
        def asked(graph: Any, point: Any) -> Any:
            said = oracle(graph, point)
            right = said.gradients["x"]
            wrong = replace(right, value=right.value + 1e-6 * (np.arange(right.value.size) == 5))
            return replace(said, gradients={"x": wrong}, along=())

        return asked

    case = softmax_of(40)
    answers = [bent(oracle)(case.graph, case.point) for oracle in (symbolic, exact)]
    along = finite_difference.along(case.graph, case.point)
    assert isinstance(along, Along)
    assert put_together(answers, [], {"x": (40,)}, [along]).missed == (finite_difference.name,)


def test_a_graph_of_too_many_operations_is_not_differenced_at_all() -> None:
    build = GraphBuilder()
    x = node = build.parameter("x", (9,))
    for _ in range(2000):
        node = build.add(node, x)
    aside = finite_difference.along(build.graph(build.sum(node)), {"x": np.ones(9)})
    assert isinstance(aside, Aside)
    assert "array operations for one direction" in aside.reason


def test_differences_are_asked_where_only_one_proof_is_to_be_had() -> None:
    differences = Counting()
    gather(softmax_of(DIFFERENCED + 1), (exact, differences))
    assert differences.asked == 1


def test_an_exponential_that_has_died_out_passes_nothing_on_to_a_slope_beyond_the_range() -> None:
    """elu(-1/x) near x = 1e-162 is at its floor: 0 times the infinite slope of 1/x."""
    build = GraphBuilder()
    graph = build.graph(build.elu(-build.div(1.0, build.parameter("x"))))
    assert float(reference(graph, {"x": np.array(1e-162)})[1]["x"]) == 0.0
