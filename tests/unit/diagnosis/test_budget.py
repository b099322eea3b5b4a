"""What a search may take: of one case, and what each experiment took."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import count
from typing import Any

import numpy as np
import pytest

from gradcheck.diagnosis.budget import Budget, BudgetSpent, Rationed, Spent, experiment
from gradcheck.diagnosis.diagnosed import diagnosed
from gradcheck.faults.graphs.textbook_backprop import Backprop
from gradcheck.judge.dispatch import try_any
from gradcheck.oracle import graph_oracles
from gradcheck.problem import Case, Graph, GraphBuilder
from gradcheck.subject.inprocess import InProcessSubject
from gradcheck.verdict.result import Verdict


def halved(graph: Graph, point: Mapping[str, Any]) -> Any:
    """A wrong engine."""
    value, gradients = Backprop()(graph, point)[:2]
    return value, {name: g / 2 for name, g in gradients.items()}


def case() -> Case:
    build = GraphBuilder()
    graph = build.graph(build.square(build.exp(build.parameter("x"))))
    return Case("case", graph, {"x": np.asarray(0.5)})


def codes_within(budget: Budget | None) -> tuple[Verdict, tuple[str, ...]]:
    subject, oracles = InProcessSubject(halved), graph_oracles()
    result = diagnosed(try_any("s::case", case(), subject, oracles), subject, oracles, budget)
    return result.verdict, result.codes


def test_a_case_whose_budget_is_spent_keeps_its_verdict_and_says_why_it_has_no_place() -> None:
    clock = count()  # a second goes by with each question
    verdict, codes = codes_within(Budget(1.0, clock=lambda: float(next(clock))))
    assert verdict is Verdict.FAIL
    assert {"GC012", "GC051", "GC114"} <= set(codes)
    assert "GC050" not in codes


@pytest.mark.parametrize("budget", [None, Budget(1000.0)])
def test_a_case_within_its_budget_has_a_place(budget: Budget | None) -> None:
    verdict, codes = codes_within(budget)
    assert verdict is Verdict.FAIL
    assert "GC050" in codes
    assert "GC114" not in codes


def test_a_fresh_budget_has_the_same_limits_and_nothing_spent() -> None:
    budget = Budget(questions=1)
    budget.spend()
    with pytest.raises(BudgetSpent):
        budget.spend()
    fresh = budget.afresh()
    fresh.spend()
    with pytest.raises(BudgetSpent):
        fresh.spend()


def test_what_an_experiment_took_is_written_down_even_if_the_budget_ends_it() -> None:
    subject = Rationed(InProcessSubject(Backprop()), Budget(questions=3))
    asked = case()
    with experiment(subject, "two"):
        for _ in range(2):
            subject.ask(asked.graph, asked.point)
    with pytest.raises(BudgetSpent), experiment(subject, "the rest"):
        _ = [subject.ask(asked.graph, asked.point) for _ in range(2)]
    assert [(one.experiment, one.questions) for one in subject.spent] == [("two", 2), ("the rest", 1)]
    assert all(isinstance(one, Spent) and one.seconds >= 0 for one in subject.spent)


def test_of_a_subject_that_is_not_rationed_nothing_is_written_down() -> None:
    with experiment(InProcessSubject(Backprop()), "free"):
        pass
