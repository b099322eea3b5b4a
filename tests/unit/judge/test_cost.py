"""Cost claims on trial: engines that keep them, engines that break them, engines that cannot be counted."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gradcheck.diagnosis.diagnosed import try_and_diagnose
from gradcheck.errors import InvalidProblem, SubjectError
from gradcheck.judge.cost import Measured, broken, forward_operations
from gradcheck.judge.entry_points import ask
from gradcheck.oracle.symbolic import symbolic
from gradcheck.problem import MLP, Case, Cost, Forwards, Graph, GraphBuilder, Growth, Shortcut
from gradcheck.problem.counting import Counted
from gradcheck.subject import ChildSubject, InProcessSubject
from gradcheck.verdict.result import Result, Verdict

Point = Mapping[str, Any]
Answer = tuple[Any, dict[str, Any]]

VALUES: Mapping[str, Callable[..., Any]] = {
    "sin": np.sin,
    "mul": lambda x, y: x * y,
    "add": lambda x, y: x + y,
}
SLOPES: Mapping[str, Callable[..., tuple[Any, ...]]] = {
    "sin": lambda x: (np.cos(x),),
    "mul": lambda x, y: (y, x),
    "add": lambda x, y: (1.0, 1.0),
}


def forward(graph: Graph, point: Point) -> list[Any]:
    values: list[Any] = [None] * len(graph)
    for i in graph.order.tolist():
        name, op = graph.names[i], graph.op(i)
        values[i] = point[name] if name in point else graph.constants.get(i)
        if values[i] is None:
            values[i] = VALUES[op](*(values[j] for j in graph.arguments(i)))
    return values


def answer(graph: Graph, values: list[Any], adjoints: list[Any]) -> Answer:
    return values[graph.loss], {graph.names[i]: np.asarray(adjoints[i] + 0.0) for i in graph.parameters}


def backprop(graph: Graph, point: Point) -> Answer:
    """Each node once, after all its users."""
    values = forward(graph, point)
    adjoints: list[Any] = [values[graph.loss] * 0.0] * len(graph)
    adjoints[graph.loss] = adjoints[graph.loss] + 1.0
    for i in reversed(graph.order.tolist()):
        at = graph.arguments(i)
        for j, slope in zip(at, SLOPES[graph.op(i)](*(values[k] for k in at)) if at else (), strict=True):
            adjoints[j] = adjoints[j] + adjoints[i] * slope
    return answer(graph, values, adjoints)


def every_path(graph: Graph, point: Point) -> Answer:
    """A node is visited once for every path that leads to it: right, and exponential on diamonds."""
    values = forward(graph, point)
    adjoints: list[Any] = [values[graph.loss] * 0.0] * len(graph)

    def visit(i: int, adjoint: Any) -> None:
        adjoints[i] = adjoints[i] + adjoint
        at = graph.arguments(i)
        for j, slope in zip(at, SLOPES[graph.op(i)](*(values[k] for k in at)) if at else (), strict=True):
            visit(j, adjoint * slope)

    visit(graph.loss, np.asarray(1.0))
    return answer(graph, values, adjoints)


def forward_again_for_every_node(graph: Graph, point: Point) -> Answer:
    """The values are computed afresh for each node of the backward pass: right, and quadratic."""
    adjoints: list[Any] = [forward(graph, point)[graph.loss] * 0.0] * len(graph)
    adjoints[graph.loss] = adjoints[graph.loss] + 1.0
    for i in reversed(graph.order.tolist()):
        values, at = forward(graph, point), graph.arguments(i)
        for j, slope in zip(at, SLOPES[graph.op(i)](*(values[k] for k in at)) if at else (), strict=True):
            adjoints[j] = adjoints[j] + adjoints[i] * slope
    return answer(graph, forward(graph, point), adjoints)


def in_python(graph: Graph, point: Point) -> Answer:
    return backprop(graph, {name: float(value) for name, value in point.items()})


def plain_arrays_only(graph: Graph, point: Point) -> Answer:
    for name, value in point.items():
        if type(value) is not np.ndarray:
            raise TypeError(f"{name} must be a plain array")
    return backprop(graph, point)


def wrong(graph: Graph, point: Point) -> Answer:
    value, gradients = backprop(graph, point)
    return value, {name: 1.5 * g for name, g in gradients.items()}


def diamonds(depth: int) -> Case:
    build = GraphBuilder()
    v = build.parameter("w")
    for _ in range(depth):
        v = build.sin(v) + 0.1 * v
    return Case(f"{depth} diamonds", build.graph(v), {"w": 0.75})


def chain(length: int) -> Case:
    build = GraphBuilder()
    v = build.parameter("w")
    for k in range(length):
        v = build.sin(v) if k % 2 else 1.5 * v
    return Case(f"{length} nodes", build.graph(v), {"w": 0.5})


def nodes(case: Case) -> float:
    return float(len(case.graph))


LINEAR = Growth("nodes", 1.0, measure=nodes)


def trial(at: Callable[[int], Case], sizes: tuple[int, ...], claim: Any, engine: Callable[..., Any]) -> Result:
    cost = Cost("c", at, sizes, claim, "said", ("S0.a",))
    return try_and_diagnose("s::c", cost, InProcessSubject(engine), (symbolic,), replay="again")


@pytest.mark.parametrize(
    ("at", "sizes", "claim"),
    [
        (chain, (8, 32, 128), LINEAR),
        (diamonds, (2, 5, 10), LINEAR),
        (diamonds, (2, 5, 10), Shortcut()),
        (chain, (8, 32), Forwards(6.0)),
    ],
)
def test_backprop_keeps_its_claims(at: Any, sizes: tuple[int, ...], claim: Any) -> None:
    result = trial(at, sizes, claim, backprop)
    assert (result.verdict, result.findings) == (Verdict.PASS, ())
    assert result.comparisons == 2 + len(sizes)  # the loss and w at the smallest size, and a count per size
    assert (result.address, result.sentence, result.labels, result.replay) == ("s::c", "said", ("S0.a",), "again")
    assert list(result.shows) == [f"size {n}" for n in sizes]


@pytest.mark.parametrize(
    ("engine", "at", "sizes", "claim", "said"),
    [
        (every_path, diamonds, (2, 5, 10), LINEAR, "as the power"),
        (every_path, diamonds, (2, 5, 10), Shortcut(), "as the power"),
        (forward_again_for_every_node, chain, (8, 32, 128), LINEAR, "as the power 1.85"),
        (forward_again_for_every_node, chain, (8, 32), Forwards(6.0), "times"),
        (backprop, chain, (4, 8, 16), Shortcut(), "paths of the naive expansion"),  # a chain has one path
    ],
)
def test_a_broken_claim_fails(engine: Any, at: Any, sizes: tuple[int, ...], claim: Any, said: str) -> None:
    result = trial(at, sizes, claim, engine)
    assert (result.verdict, set(result.codes)) == (Verdict.FAIL, {"GC065"})
    assert said in result.findings[0].sentence


def test_paths_cost_no_more_than_backprop_where_there_is_one() -> None:
    assert trial(chain, (8, 32, 128), LINEAR, every_path).verdict is Verdict.PASS


@pytest.mark.parametrize(
    ("engine", "why"),
    [
        (in_python, "no operation was seen at size 8"),
        (plain_arrays_only, "w must be a plain array"),
    ],
)
def test_what_cannot_be_counted_is_undecided(engine: Any, why: str) -> None:
    result = trial(chain, (8, 32, 128), LINEAR, engine)
    assert (result.verdict, result.codes) == (Verdict.UNDECIDED, ("GC064",))
    assert why in result.findings[0].sentence


@pytest.mark.parametrize(
    ("at", "sizes", "claim", "said"),
    [
        (diamonds, (8, 12, 60), LINEAR, "at size 12 a gradient was stopped after more than"),
        (diamonds, (8, 12, 60), Shortcut(), "at size 12 a gradient was stopped after more than"),
        (diamonds, (40,), Forwards(4.0), "4 times the"),
    ],
)
def test_an_engine_that_would_never_end_is_stopped_by_its_operations(
    at: Any, sizes: tuple[int, ...], claim: Any, said: str
) -> None:
    """2^60 paths, and no clock: only the smallest size, and what a claim allows, are worked through."""

    def every_path_when_counted(graph: Graph, point: Point) -> Answer:
        return (every_path if isinstance(point["w"], Counted) else backprop)(graph, point)

    result = trial(at, sizes, claim, every_path_when_counted)
    assert (result.verdict, result.codes) == (Verdict.FAIL, ("GC065",))
    assert said in result.findings[0].sentence


@pytest.mark.parametrize("catches", [Exception, BaseException])
def test_a_limit_on_operations_cannot_be_caught_away(catches: type[BaseException]) -> None:
    def stubborn(graph: Graph, point: Point) -> Answer:
        try:
            return every_path(graph, point)
        except catches:
            return in_python(graph, point)

    assert trial(diamonds, (2, 3, 12), Growth("n", 1.0, tolerance=2.0), stubborn).codes == ("GC065",)


@pytest.mark.parametrize(("operations", "stopped"), [(1_200, False), (1_201, True)])
def test_both_sides_of_the_limit(operations: int, stopped: bool) -> None:
    """A forward pass takes 100 operations, claimed are 3 times as many, and it is stopped beyond 4 times that."""

    def just(graph: Graph, point: Point) -> Answer:
        _ = np.zeros(operations) + point["w"]
        return in_python(graph, point)

    result = trial(chain, (100,), Forwards(3.0), just)
    assert result.codes == ("GC065",)
    assert ("was stopped after more than 1,200 operations" in result.findings[0].sentence) is stopped
    assert ("takes 1,200 operations" in result.findings[0].sentence) is not stopped


@pytest.mark.parametrize(
    "failure",
    [
        SubjectError("GC005", seconds=120.0, phase="answering"),
        SubjectError("GC006", how="was killed by SIGKILL", signal="SIGKILL", phase="answering"),
    ],
    ids=["late", "dead"],
)
def test_a_time_out_or_a_death_is_no_refusal(failure: SubjectError) -> None:
    """Whatever kept the counting from an answer, a subject that answers plainly did not refuse to be counted."""

    class Loaded(InProcessSubject):
        def ask(self, *args: Any, **options: Any) -> Any:
            if options.get("count"):
                raise failure
            return super().ask(*args, **options)

    cost = Cost("c", chain, (8, 32, 128), LINEAR)
    result = try_and_diagnose("s::c", cost, Loaded(backprop), (symbolic,))
    assert (result.verdict, result.codes) == (Verdict.ERROR, (failure.code,))


def test_operations_that_are_half_hidden_are_undecided_too() -> None:
    def half(graph: Graph, point: Point) -> Answer:
        _ = np.sin(point["w"])  # all that is seen
        return in_python(graph, point)

    result = trial(chain, (8, 32, 128), LINEAR, half)
    assert result.codes == ("GC064",)
    assert "1 operations were seen" in result.findings[0].sentence


def test_a_wrong_gradient_has_no_cost_worth_speaking_of() -> None:
    result = trial(chain, (8, 32, 128), LINEAR, wrong)
    assert result.verdict is Verdict.FAIL
    assert "GC012" in result.codes
    assert not result.shows


def test_an_engine_that_fails_at_larger_sizes_only() -> None:
    def shallow(graph: Graph, point: Point) -> Answer:
        if len(graph) > 60:
            raise RecursionError("too deep")
        return backprop(graph, point)

    result = trial(chain, (8, 32, 128), LINEAR, shallow)
    assert (result.verdict, result.codes) == (Verdict.ERROR, ("GC004",))


def test_an_expectation_is_strict() -> None:
    cost = Cost("c", diamonds, (2, 5, 10), LINEAR, expect=("FAIL", "known"))
    assert "GC043" in try_and_diagnose("s::c", cost, InProcessSubject(every_path), (symbolic,)).codes
    assert try_and_diagnose("s::c", cost, InProcessSubject(backprop), (symbolic,)).codes == ("GC042",)


def counts(*pairs: tuple[int, int], forward: int = 100) -> list[Measured]:
    return [Measured(n, chain(2), operations, forward) for n, operations in pairs]


@pytest.mark.parametrize(
    ("claim", "measured", "holds"),
    [
        # 8 -> 32 is a factor of 4; 4^1.25 = 5.657, 4^2.25 = 22.63
        (Growth("n", 1.0), counts((8, 1000), (32, 5656)), True),
        (Growth("n", 1.0), counts((8, 1000), (32, 5658)), False),
        (Growth("n", 2.0), counts((8, 1000), (32, 22_627)), True),
        (Growth("n", 2.0), counts((8, 1000), (32, 22_628)), False),
        (Growth("n", 1.0, tolerance=0.1), counts((8, 1000), (32, 4594)), True),  # 4^1.1 = 4.5948
        (Growth("n", 1.0, tolerance=0.1), counts((8, 1000), (32, 4596)), False),
        (Growth("n", 1.0), counts((8, 1000), (32, 4000), (64, 10_000)), False),  # the last step counts as well
        (Growth("n", 1.0), counts((8, 1000), (32, 1100)), True),
        (Forwards(4.0), counts((8, 400)), True),
        (Forwards(4.0), counts((8, 401)), False),
    ],
)
def test_both_sides_of_every_tolerance(claim: Any, measured: list[Measured], holds: bool) -> None:
    sizes = (8, 32, 64)
    assert (not list(broken(Cost("c", chain, sizes, claim), measured))) is holds


@pytest.mark.parametrize(("naive", "holds"), [(1.99, True), (2.01, False)])
def test_diamonds_double_their_paths(naive: float, holds: bool) -> None:
    result = trial(diamonds, (2, 5, 10), Shortcut(naive=naive), backprop)
    assert (result.verdict is Verdict.PASS) is holds


def test_a_forward_pass_counted_by_hand() -> None:
    """X (2, 3) W^T (3, 4) + b: 2*2*3*4 + 8; tanh 8; minus T, squared, halved 24; sum over units 8; mean 2 + 1."""
    mlp = MLP((3, 4), "tanh", batch=2)
    point = {name: np.full(shape, 0.1) for name, shape in {**mlp.parameter_shapes, **mlp.input_shapes}.items()}
    assert forward_operations(Case("m", mlp, point)) == 48 + 8 + 8 + 24 + 8 + 3


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: Cost("c", chain, (8, 32), LINEAR), "at least 3"),
        (lambda: Cost("c", chain, (), Forwards()), "at least 1"),
        (lambda: Cost("c", chain, (8, 8, 9), LINEAR), "ascend"),
        (lambda: Cost("", chain, (8,), Forwards()), "printable name"),
        (lambda: Cost("c", chain, (8,), "cheap"), "claim must be"),  # type: ignore[arg-type]
        (lambda: Cost("c", lambda n: n, (8,), Forwards()), "must return a Case"),  # type: ignore[arg-type, return-value]
        (lambda: Cost("c", chain, (8,), Forwards(), expect=("BAD", "why")), "expect must be"),
        (lambda: Forwards(1.0), "more than 1 forward"),
        (lambda: Growth("n", 0.0), "> 0"),
    ],
)
def test_cost_cases_that_mean_nothing(make: Callable[[], Any], said: str) -> None:
    with pytest.raises(InvalidProblem, match=said):
        make()


def test_a_child_process_counts_as_this_one_does(checkout: Path) -> None:
    case = diamonds(5)
    with ChildSubject(checkout / "reference") as child:
        assert ask(child, case).operations is None
        first, again = ask(child, case, count=True), ask(child, case, count=True)
    assert first.operations == again.operations
    assert first.operations is not None
    assert 1 < first.operations / forward_operations(case) < 4
