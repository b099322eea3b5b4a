"""Lost digits, overflow and answers at kinks are told from wrong rules, on both sides of every limit."""

from __future__ import annotations

import pytest

from gradcheck.problem import Case, GraphBuilder
from gradcheck.run.suite import Addressed
from gradcheck.verdict.compare import Worst
from gradcheck.verdict.finding import finding
from gradcheck.verdict.result import Result, Verdict
from gradcheck.verify.accuracy import ORDINARY, TINY, losses

RAISED = {"message": "m", "place": "", "type": "OverflowError"}


def case(address: str, at: float, op: str = "tanh") -> Addressed:
    build = GraphBuilder()
    graph = build.graph(getattr(build, op)(build.parameter("x")))
    return Addressed(address, "forms", Case(address, graph, {"x": at}))


def result(address: str, *, came: float = 1.0, right: float = 1.0, raised: str = "", labels=()) -> Result:
    if raised:
        return Result(address, Verdict.ERROR, (finding("GC004", **{**RAISED, "type": raised}),), labels=labels)
    verdict = Verdict.PASS if came == right else Verdict.FAIL
    worst = Worst("x", (), came, right, 0.0, abs(came - right), 0.0, 1.0, 1.0)
    return Result(address, verdict, (), 1, worst, labels=labels)


def found(*rows: tuple[float, Result], op: str = "tanh") -> list[str]:
    cases = [case(r.address, at, op) for at, r in rows]
    return [loss.sentence for loss in losses(cases, [r for _, r in rows])]


def test_zero_for_a_tiny_slope_is_lost_accuracy():
    (sentence,) = found((1.0, result("a")), (40.0, result("b", came=0.0, right=4e-18)))
    assert sentence.startswith("tanh loses accuracy at 40 (yours 0, right 4e-18)")


@pytest.mark.parametrize("off", [1e-3, 0.5, 2.0])
def test_a_wrong_number_is_no_lost_accuracy(off: float):
    assert found((1.0, result("a")), (40.0, result("b", came=off, right=4e-18))) == []


def test_a_rule_that_is_wrong_at_ordinary_arguments_is_wrong():
    assert found((1.0, result("a", came=0.5)), (40.0, result("b", came=0.0, right=4e-18))) == []


def test_nothing_is_known_without_an_ordinary_argument():
    assert found((40.0, result("b", came=0.0, right=4e-18))) == []


@pytest.mark.parametrize(("at", "count"), [(ORDINARY, 0), (ORDINARY + 1, 1)])
def test_ordinary_arguments_lose_nothing(at: float, count: int):
    rows = [(1.0, result("a")), (at, result("b", came=float("nan"), right=0.0))]
    assert len(found(*rows)) == count


@pytest.mark.parametrize(("error", "count"), [("OverflowError", 1), ("ZeroDivisionError", 1), ("ValueError", 0)])
def test_overflow_is_told_by_its_exception(error: str, count: int):
    sentences = found((1.0, result("a")), (400.0, result("b", raised=error)))
    assert len(sentences) == count
    assert all(f"it raises {error}" in sentence for sentence in sentences)


def test_an_answer_at_a_kink_is_a_remark():
    rows = [(1.0, result("a")), (0.0, result("b", came=0.0, right=0.01, labels=("leaky_relu", "kink")))]
    (sentence,) = found(*rows, op="leaky_relu")
    assert "at its kink" in sentence
    assert found((1.0, result("a", came=3.0)), rows[1], op="leaky_relu") == []


def test_overflow_where_a_rule_is_wrong_besides_is_no_second_mistake():
    wrong = (1.0, result("a", came=2.0, right=1.0))
    (sentence,) = found(wrong, (400.0, result("b", raised="OverflowError")))
    assert sentence == "tanh gives no finite number at 400 (it raises OverflowError)"
    assert found(wrong, (400.0, result("b", raised="NameError"))) == []
    assert found(wrong, (ORDINARY, result("b", raised="OverflowError"))) == []


@pytest.mark.parametrize(("at", "count"), [(TINY / 10, 1), (TINY * 10, 0)])
def test_a_guard_shows_near_0_alone(at: float, count: int):
    sentences = found((1.0, result("a")), (at, result("b", came=5.0, right=9.0)), op="log")
    assert len(sentences) == count
    assert all(sentence.startswith("log answers otherwise near 0") for sentence in sentences)


def test_a_rule_that_is_wrong_near_0_and_elsewhere_is_wrong():
    assert found((1.0, result("a", came=0.5)), (TINY / 10, result("b", came=5.0, right=9.0)), op="log") == []


@pytest.mark.parametrize(("ordinary", "count"), [(1.0, 1), (0.5, 0)])
def test_what_raises_at_its_kink_alone_is_a_remark(ordinary: float, count: int):
    at_kink = result("b", raised="ZeroDivisionError", labels=("abs", "kink"))
    sentences = found((1.0, result("a", came=ordinary)), (0.0, at_kink), op="abs")
    assert len(sentences) == count
    assert all("no answer at its kink (it raises ZeroDivisionError)" in sentence for sentence in sentences)


@pytest.mark.parametrize(("distance", "count"), [(1e-15, 1), (1e-9, 0)])
def test_a_guard_that_shows_in_the_last_digits_is_no_wrong_rule(distance: float, count: int):
    off = finding("GC014", loss="y", subject=0.2 + distance, truth=0.2, distance=distance, allowed=1e-16)
    sentences = found((1.0, result("a")), (1.2, Result("b", Verdict.FAIL, (off,), 1)), op="log")
    assert len(sentences) == count
    assert all(sentence.startswith("log is off in the last digits (by 1e-15") for sentence in sentences)
