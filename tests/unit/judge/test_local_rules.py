"""Ties that cancel: an engine may settle each by a rule of its own, and gets what the function's derivative is not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import gradcheck
from gradcheck.diagnosis.diagnosed import try_and_diagnose
from gradcheck.faults.correct import forward_mode, recursive, tape
from gradcheck.oracle import graph_oracles
from gradcheck.problem import Case, Graph, GraphBuilder, Point
from gradcheck.problem.builder import Handle
from gradcheck.subject.inprocess import InProcessSubject
from gradcheck.tracing import explore
from gradcheck.verdict.result import Result, Verdict

Build = Callable[[GraphBuilder, Handle], Handle]


def capped(build: GraphBuilder, w: Handle) -> Handle:
    """min(max(0.5, w), w) is w: at 0.5 max may choose 0.5, and min what max chose, with the slope 0."""
    return build.minimum(build.maximum(0.5, w), w)


def cancelled(build: GraphBuilder, w: Handle) -> Handle:
    """|w - 0.5| - |w - 0.5| is 0: two operations with slopes from -1 to 1, one minus the other."""
    v = build.sub(w, 0.5)
    return build.sub(build.abs(v), build.abs(v))


def twice_used(build: GraphBuilder, w: Handle) -> Handle:
    """The same of one operation, which settles its tie once."""
    a = build.abs(build.sub(w, 0.5))
    return build.sub(a, a)


def halves(build: GraphBuilder, w: Handle) -> Handle:
    """relu(v) - relu(-v) is v."""
    v = build.sub(w, 0.5)
    return build.sub(build.relu(v), build.relu(build.neg(v)))


def shifted(build: GraphBuilder, w: Handle) -> Handle:
    """log(exp(w - m) + exp(0.5 - m)) + m with m = max(w, 0.5), whose choice matters to nothing."""
    m = build.maximum(w, 0.5)
    return build.add(build.log(build.add(build.exp(build.sub(w, m)), build.exp(build.sub(0.5, m)))), m)


TRUTH: dict[Any, float] = {capped: 1.0, cancelled: 0.0, twice_used: 0.0, halves: 1.0, shifted: 0.5}
"""The derivative at the tie."""


def case_of(made: Build, at: Any = 0.5, dtype: str = "float64") -> Case:
    build = GraphBuilder()
    point = np.asarray(at, dtype=float)
    loss = made(build, build.parameter("w", point.shape))
    loss = build.mul(build.sum(loss) if point.shape else loss, 3.0)
    return Case(made.__name__, build.graph(loss), {"w": point}, dtype=dtype)


def answered(made: Build, answer: Any, at: Any = 0.5, dtype: str = "float64") -> Result:
    """The verdict on 3 `answer` where w is `at`, by an engine that is right everywhere else."""
    case = case_of(made, at, dtype)

    def subject(graph: Graph, point: Point) -> Any:
        value, grads, _ = tape.gradients(graph, point)
        if graph.names == case.graph.names and np.array_equal(point["w"], case.point["w"]):
            grads = {"w": np.asarray(3.0 * np.asarray(answer), dtype=dtype)}
        return value, grads

    return try_and_diagnose("case", case, InProcessSubject(subject), graph_oracles())


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize(
    ("made", "legal", "wrong"),
    [
        (capped, [0.0, 0.25, 0.75], [-0.01, 1.01, 3.0]),
        (cancelled, [-2.0, 0.5, 2.0], [-2.01, 2.01, 5.0]),
        (twice_used, [], [-1.0, 1e-3, 1.0]),
        (halves, [0.0, 0.5, 2.0], [-0.01, 2.01, 3.0]),
        (shifted, [], [0.0, 0.49, 1.0]),
    ],
)
def test_graphs_pass_by_local_rules_and_by_no_others(
    made: Build, legal: list[float], wrong: list[float], dtype: str
) -> None:
    right = answered(made, TRUTH[made], dtype=dtype)
    assert right.verdict is Verdict.PASS, right.to_text()
    for answer in legal:
        result = answered(made, answer, dtype=dtype)
        assert (result.verdict, result.codes) == (Verdict.PASS, ("GC045",)), result.to_text()
        assert "legal by local rules" in result.findings[0].sentence
    for answer in wrong:
        result = answered(made, answer, dtype=dtype)
        assert (result.verdict, result.codes[0]) == (Verdict.FAIL, "GC012"), result.to_text()


def test_the_function_s_own_derivative_is_right_without_remark() -> None:
    assert answered(capped, 1.0).codes == answered(cancelled, 0.0).codes == ()
    assert answered(capped, 1.0).comparisons == answered(capped, 0.25).comparisons == 2


def test_entries_that_do_not_tie_are_judged_as_ever() -> None:
    at = [0.5, 0.9, 0.5]
    assert answered(capped, [1.0, 1.0, 1.0], at).codes == ()
    mixed = answered(capped, [0.25, 1.0, 0.75], at)
    assert (mixed.verdict, mixed.codes) == (Verdict.PASS, ("GC045",))
    for wrong in ([0.25, 0.99, 0.75], [0.25, 1.0, 1.01], [1.0, 0.5, 1.0]):
        assert answered(capped, wrong, at).verdict is Verdict.FAIL


@pytest.mark.parametrize(("answer", "expected"), [(0.5, "PASS"), (-2.0, "PASS"), (2.01, "FAIL"), (-2.01, "FAIL")])
def test_more_choices_than_can_be_explored_are_taken_one_at_a_time(answer: float, expected: str) -> None:
    at = np.full(10, 0.5)
    assert answered(cancelled, np.zeros(10), at).codes == ()
    result = answered(cancelled, np.array([*[0.0] * 9, answer]), at)
    assert result.verdict == expected, result.to_text()
    assert result.codes[0] == ("GC045" if expected == "PASS" else "GC012")


@pytest.mark.parametrize("engine", [forward_mode, recursive, tape])
@pytest.mark.parametrize("made", TRUTH)
def test_right_engines_are_not_flagged(engine: Any, made: Build) -> None:
    result = try_and_diagnose("case", case_of(made), InProcessSubject(engine.gradients), graph_oracles())
    assert result.verdict is Verdict.PASS, result.to_text()


# -- adjoints ----------------------------------------------------------------------------------------------------------


def revealed(made: Build, adjoint: float) -> Result:
    """3 made(v) + w, where v = 0 w + 0.5 lets nothing through to w; the adjoint of v is revealed, and no other."""
    build = GraphBuilder()
    w = build.parameter("w")
    v = build.add(build.mul(w, build.input("x")), 0.5, name="v")
    case = Case("case", build.graph(build.add(build.mul(made(build, v), 3.0), w)), {"w": 0.7, "x": 0.0})

    def subject(graph: Graph, point: Point) -> Any:
        value, grads, adjoints = tape.gradients(graph, point)
        return value, grads, {"v": np.asarray(adjoint)} if point["x"] == 0 else adjoints

    return try_and_diagnose("case", case, InProcessSubject(subject), graph_oracles())


def test_adjoints_are_left_alone_where_local_rules_decide_them() -> None:
    assert revealed(capped, 3.0).verdict is Verdict.PASS
    assert revealed(capped, 0.75).verdict is Verdict.PASS
    assert revealed(shifted, 1.5).verdict is Verdict.PASS
    wrong = revealed(shifted, 0.75)  # no rule gives it that
    assert (wrong.verdict, wrong.codes[0]) == (Verdict.FAIL, "GC070")


# -- functions ---------------------------------------------------------------------------------------------------------


def capped_array(x: Any) -> Any:
    return np.sum(np.minimum(np.maximum(0.5, x), x) * np.array([1.0, 10.0]))


def cancelled_array(x: Any) -> Any:
    return np.sum(np.abs(x - 0.5) - np.abs(x - 0.5))


def masked_array(x: Any) -> Any:
    return np.sum(np.where(x > 0.5, x, 0.0) + np.where(x <= 0.5, x, 0.0))


def shifted_array(x: Any) -> Any:
    m = np.max(x)
    return np.log(np.sum(np.exp(x - m))) + m


def softmax(x: Any) -> Any:
    return np.exp(x) / np.sum(np.exp(x))


GRADIENTS: dict[Any, Any] = {
    capped_array: lambda x: np.array([1.0, 10.0]) + 0.0 * x,
    cancelled_array: np.zeros_like,
    masked_array: np.ones_like,
    shifted_array: softmax,
}
TIES = np.array([0.5, 0.5])


@pytest.mark.parametrize(
    ("f", "error", "expected"),
    [
        (capped_array, [0.0, 0.0], "PASS"),
        (capped_array, [-0.5, -2.5], "UNDECIDED"),
        (capped_array, [-1.0, 0.0], "UNDECIDED"),
        (capped_array, [0.1, 0.0], "FAIL"),
        (capped_array, [0.0, -10.1], "FAIL"),
        (cancelled_array, [0.0, 0.0], "PASS"),
        (cancelled_array, [0.5, -2.0], "UNDECIDED"),
        (cancelled_array, [0.5, -2.1], "FAIL"),
        (masked_array, [0.0, 0.0], "PASS"),
        (masked_array, [-1.0, 0.0], "FAIL"),  # a branch leaves no choice: > and <= fall alike
        (shifted_array, [0.0, 0.0], "PASS"),
        (shifted_array, [0.5, -0.5], "FAIL"),
    ],
)
def test_functions_are_left_open_within_the_hull(f: Any, error: Any, expected: str) -> None:
    def grad(x: Any) -> Any:
        return GRADIENTS[f](x) + np.array(error) * (x == TIES)

    result = gradcheck.check_gradient(f, grad, TIES)
    assert result.verdict == expected, result.to_text()
    assert expected == "PASS" or result.codes[0] == ("GC030" if expected == "UNDECIDED" else "GC012")


@pytest.mark.parametrize(("share", "expected"), [(1.0, "PASS"), (0.25, "UNDECIDED"), (-0.1, "FAIL"), (1.1, "FAIL")])
def test_vjps_and_jvps(share: float, expected: str) -> None:
    def f(x: Any) -> Any:
        return np.minimum(np.maximum(0.5, x), x) * np.array([1.0, 10.0])

    def slope(x: Any) -> Any:
        return np.array([1.0, 10.0]) * np.where(x == 0.5, share, 1.0)

    assert gradcheck.check_vjp(f, lambda c, x: c * slope(x), TIES).verdict == expected
    assert gradcheck.check_jvp(f, lambda p, t: t[0] * slope(p[0]), TIES).verdict == expected


# -- the outcomes themselves -------------------------------------------------------------------------------------------


def slopes(f: Any, x: float) -> tuple[set[float], set[float]]:
    """The derivatives at x where comparisons fall alike, and by local rules."""
    alike = explore(f, (np.array(x),))
    found = [alike.vjp(), alike.by_local_rules().vjp()]
    return tuple({float(parts[0].midpoint) for parts in d.alternatives} for d in found)  # type: ignore[return-value]


@pytest.mark.parametrize(
    ("f", "alike", "local"),
    [
        (lambda x: np.minimum(np.maximum(0.5, x), x), {1.0}, {0.0, 1.0}),
        (lambda x: np.minimum(np.maximum(0.5, x), 0.5), {0.0}, {0.0, 1.0}),
        (lambda x: np.maximum(x, x), {1.0}, {1.0}),
        (lambda x: np.abs(x - 0.5), {-1.0, 1.0}, {-1.0, 1.0}),
        (lambda x: np.abs(x - 0.5) - np.abs(x - 0.5), {0.0}, {-2.0, 0.0, 2.0}),
        (lambda x: np.max(np.stack([x, 0 * x + 0.5])) - np.sort(np.stack([x, 0.5]))[1], {0.0, -1.0, 1.0}, None),
        (lambda x: x * (x > 0.5) + x * (x <= 0.5), {1.0}, {1.0}),
    ],
)
def test_by_local_rules_each_selection_is_free(f: Any, alike: set[float], local: set[float] | None) -> None:
    assert slopes(f, 0.5) == (alike, alike if local is None else local)
    assert [len(s) for s in slopes(f, 0.75)] == [1, 1]  # no tie, no choice


def test_selections_that_contradict_each_other_mislead_no_branch() -> None:
    """max(0.5, x) < x never holds, whatever max chose: an outcome of another value is none."""

    def f(x: Any) -> Any:
        m = np.maximum(0.5, x)
        return np.where(m < x, 5.0 + 7.0 * x, np.minimum(m, x))

    assert slopes(f, 0.5) == ({1.0}, {0.0, 1.0})
