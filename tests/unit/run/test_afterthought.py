"""After a failing run: the smallest counterexample, the fault's name, and a search that ends by itself."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import pytest

from gradcheck.diagnosis.budget import Budget, BudgetSpent
from gradcheck.diagnosis.diagnosed import try_and_diagnose
from gradcheck.diagnosis.naming import Named
from gradcheck.faults.catalogue import fault
from gradcheck.faults.graphs.textbook_backprop import Backprop
from gradcheck.oracle import graph_oracles
from gradcheck.problem import Case, GraphBuilder
from gradcheck.run import afterthought
from gradcheck.run.afterthought import diagnose
from gradcheck.run.events import Diagnosed, Diagnosing
from gradcheck.run.suite import Addressed
from gradcheck.subject.inprocess import InProcessSubject
from gradcheck.verdict.finding import finding
from gradcheck.verdict.result import Result, Verdict


def items() -> list[Addressed]:
    """Scalars and arrays; the first is as if generated."""
    build = GraphBuilder()
    x = build.parameter("x")
    shared = Case("shared <1>", build.graph(build.add(build.square(x), x)), {"x": 3.0}, seed=7)
    build = GraphBuilder()
    a = build.parameter("a", (2,))
    arrays = Case("arrays", build.graph(build.sum(build.mul(build.sin(a), a))), {"a": [0.5, 1.5]})
    build = GraphBuilder()
    chain = Case("chain", build.graph(build.sin(build.parameter("x"))), {"x": 0.5})
    return [Addressed(f"s::{c.name}", "s", c) for c in (shared, arrays, chain)]


def tried(subject: Any) -> tuple[list[Result], Diagnosed | None]:
    cases: Sequence[Any] = items()
    results = [try_and_diagnose(a.address, a.case, subject, graph_oracles()) for a in cases]
    return results, last(diagnose(cases, results, subject, graph_oracles()))


def last(found: Iterable[Any]) -> Diagnosed | None:
    """What a search ends with."""
    return next((event for event in found if isinstance(event, Diagnosed)), None)


def test_the_fault_is_named_and_drawn() -> None:
    results, found = tried(InProcessSubject(fault("F01").subject()))
    assert [r.verdict for r in results] == [Verdict.FAIL, Verdict.FAIL, Verdict.PASS]
    assert found is not None
    assert [f.code for f in found.faults] == ["F01"]
    assert found.case is not None
    assert len(found.case.graph) == 2
    assert found.counterexample is not None
    assert found.counterexample.verdict is Verdict.FAIL
    assert found.how.startswith("behaves, on all ")


def test_the_diagnosis_says_what_it_explains_and_shows_every_parameter() -> None:
    _, found = tried(InProcessSubject(fault("F01").subject()))
    assert found is not None
    assert (found.explains, found.unexplained) == (("s::shared <1>", "s::arrays"), ())
    (row,) = found.parameters
    assert (row.name, row.value, row.yours, row.right, row.wrong) == ("w1", 3.0, 1.0, 2.0, True)
    assert row.equals == "one of the equal parts alone"
    assert found.look_at.startswith("how the gradients that arrive at w1 from its uses are put together")


def two_mistakes(graph: Any, point: Any) -> Any:
    """Overwrites at branches; where there is a sine, its slope is wrong besides, as no row of the catalogue has it."""
    engine = fault("F01").subject() if not any(n.op == "sin" for n in graph.nodes) else Backprop()
    value, gradients, *_ = engine(graph, point)
    sines = any(node.op == "sin" for node in graph.nodes)
    return value, {n: (1.2345 if sines else 1.0) * g for n, g in gradients.items()}


def test_a_cause_never_stands_beside_the_counterexample_of_another_mistake(monkeypatch: pytest.MonkeyPatch) -> None:
    """The smallest graph is sin(w), which shows the other mistake: one that the named fault explains is sought."""
    monkeypatch.setattr(afterthought, "explanation", lambda *_: Named((fault("F01"),), "behaves exactly like", True))
    cases = items()
    results = [try_and_diagnose(a.address, a.case, InProcessSubject(two_mistakes), graph_oracles()) for a in cases]
    assert [r.verdict for r in results] == [Verdict.FAIL] * 3
    found = last(diagnose(cases, results, InProcessSubject(two_mistakes), graph_oracles()))
    assert found is not None
    assert (found.explains, found.unexplained) == (("s::shared <1>",), ("s::arrays", "s::chain"))
    assert found.case is not None
    ops = {node.op for node in found.case.graph.nodes}
    assert "sin" not in ops
    assert [row.wrong for row in found.parameters] == [True]


def test_a_cause_that_explains_no_case_stands_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(afterthought, "explanation", lambda *_: Named((fault("F27"),), "behaves exactly like", True))
    _, found = tried(InProcessSubject(fault("F01").subject()))
    assert found is not None
    assert [f.code for f in found.faults] == ["F27"]
    assert (found.case, found.counterexample, found.parameters) == (None, None, ())
    assert (found.explains, found.unexplained) == ((), ("s::shared <1>", "s::arrays"))


def keeps_one_of_its_own(graph: Any, point: Any) -> Any:
    """Of several uses the one counts that sends the most: an order that no engine of the catalogue has."""

    class Largest(Backprop):
        def receive(self, node: int, message: Any) -> None:
            before = self.adjoints[node]
            self.adjoints[node] = message if np.sum(np.abs(message)) > np.sum(np.abs(before)) else before

    return Largest()(graph, point)


def test_what_an_experiment_showed_explains_numbers_made_of_the_right_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(afterthought, "explanation", lambda *_: Named((fault("F19"),), "by the digits:"))
    results, found = tried(InProcessSubject(keeps_one_of_its_own))
    assert found is not None
    assert found.explains == tuple(r.address for r in results if r.verdict is Verdict.FAIL)
    assert found.case is not None
    assert found.parameters[0].equals


def test_an_engine_that_passes_needs_no_diagnosis() -> None:
    assert tried(InProcessSubject(Backprop()))[1] is None


def test_no_cause_is_invented() -> None:
    right = Backprop()

    def off(graph: Any, point: Any) -> Any:
        value, gradients, *_ = right(graph, point)
        return value, {n: 1.2345 * g for n, g in gradients.items()}

    found = tried(InProcessSubject(off))[1]
    assert found is not None
    assert found.faults == ()
    assert found.case is not None


def test_wrong_numbers_come_before_slow_ones() -> None:
    """An engine that walks every path is named for it, unless it has a wrong gradient to show besides."""
    cases, slow = items(), Result("costs::c", Verdict.FAIL, (finding("GC065", what="too many operations"),))
    every_path = fault("F16").subject

    def wrong_too(graph: Any, point: Any) -> Any:
        value, gradients, *_ = every_path()(graph, point)
        sines = any(node.op == "sin" for node in graph.nodes)
        return value, {n: (1.2345 if sines else 1.0) * g for n, g in gradients.items()}

    for engine, named, drawn in ((every_path(), ["F16"], False), (wrong_too, [], True)):
        subject = InProcessSubject(engine)
        results = [
            try_and_diagnose(a.address, a.case, subject, graph_oracles()) for a in cases if isinstance(a.case, Case)
        ]
        found = last(diagnose(cases, [*results, slow], subject, graph_oracles()))
        assert found is not None
        assert [f.code for f in found.faults] == named
        assert (found.counterexample is not None) is drawn


def test_an_engine_without_an_answer_has_no_diagnosis() -> None:
    def raises(graph: Any, point: Any) -> Any:
        raise RuntimeError("no")

    results, found = tried(InProcessSubject(raises))
    assert {r.verdict for r in results} == {Verdict.ERROR}
    assert found is None


class Only:
    """An engine of one op: the loss is `op` of the one parameter. Its rule is wrong."""

    def __init__(self, op: str) -> None:
        self._op, self._right = op, Backprop()

    def __call__(self, graph: Any, point: Any) -> Any:
        if {node.op for node in graph.nodes if node.inputs} - {self._op}:
            raise NotImplementedError("no such op")
        value, gradients, *_ = self._right(graph, point)
        return value, {n: 2.5 * g for n, g in gradients.items()}


def of_one_op(op: str) -> list[Addressed]:
    build = GraphBuilder()
    case = Case("one", build.graph(build.apply(op, build.parameter("x"))), {"x": 0.5})
    return [Addressed("s::one", "s", case)]


def searched(
    subject: Any, cases: Sequence[Addressed], budget: Budget | None = None, results: Sequence[Result] = ()
) -> list[Any]:
    done = list(results) or [try_and_diagnose(a.address, a.case, subject, graph_oracles()) for a in cases]
    return list(diagnose(cases, done, subject, graph_oracles(), budget=budget))


@pytest.mark.parametrize("op", ["exp", "square", "tanh"])
def test_graphs_that_overflow_are_no_evidence(op: str) -> None:
    """A chain of exponentials is inf after five: the experiment ends there, not the run."""
    *_, found = searched(InProcessSubject(Only(op)), of_one_op(op))
    assert isinstance(found, Diagnosed)
    assert found.counterexample is not None
    assert found.ended == ""


def test_an_error_of_the_search_ends_the_search_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: Any) -> None:
        raise ZeroDivisionError("of its own")

    monkeypatch.setattr("gradcheck.run.afterthought.explanation", fails)
    *_, found = searched(InProcessSubject(Only("sin")), of_one_op("sin"))
    assert found.ended == "the search for the cause ended early: ZeroDivisionError: of its own"
    assert found.counterexample is not None  # what was found before stays


def test_the_budget_ends_the_search_and_what_was_found_stays() -> None:
    subject, cases = InProcessSubject(fault("F01").subject()), items()
    *_, whole = searched(subject, cases, Budget(None, None))
    assert ([f.code for f in whole.faults], whole.ended) == (["F01"], "")
    for questions, shown in ((0, False), (20, True)):
        *_, found = searched(subject, cases, Budget(None, questions))
        assert found.ended == f"the search for the cause was ended after {questions} questions"
        assert found.faults == ()  # no name on an unfinished search
        assert (found.counterexample is not None) is shown
        assert (found.case is not None) is shown


def test_a_part_of_a_budget_ends_before_the_whole_and_counts_for_it() -> None:
    budget = Budget(None, 10)
    part = budget.part(0.4)
    for _ in range(4):
        part.spend()
    with pytest.raises(BudgetSpent, match="after 4 questions"):
        part.spend()
    for _ in range(5):
        budget.spend()
    with pytest.raises(BudgetSpent, match="after 10 questions"):
        budget.spend()


def test_the_seconds_of_a_budget_are_told_with_what_goes_on() -> None:
    times = iter([100.0, 104.0, 110.0])
    budget = Budget(10.0, clock=lambda: next(times))
    budget.spend()
    budget.spend()
    with pytest.raises(BudgetSpent, match=r"^after 10 s; --diagnosis-budget 60 goes on$"):
        budget.spend()


@pytest.mark.parametrize("codes", [("GC006", "GC006", "GC017"), ("GC004", "GC004", "GC004")])
def test_a_subject_that_never_answered_is_not_asked_again(codes: Sequence[str]) -> None:
    asked: list[Any] = []
    cases = items()
    facts = {"exception": "E", "message": "m", "where": "", "how": "died", "times": 3}
    results = [Result(a.address, Verdict.ERROR, (finding(c, **facts),)) for a, c in zip(cases, codes, strict=True)]
    assert searched(InProcessSubject(lambda *given: asked.append(given)), cases, None, results) == []
    assert asked == []


def test_what_goes_on_is_told() -> None:
    events = searched(InProcessSubject(Only("sin")), of_one_op("sin"))
    told = [event.what for event in events if isinstance(event, Diagnosing)]
    assert told == ["looking for the smallest counterexample", "looking for the cause"]
