"""What a subject keeps between calls, and the experiments that show one fault each."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gradcheck.diagnosis.naming.answer_match import Observed
from gradcheck.diagnosis.naming.chain_probes import chain, reach, short_numbers
from gradcheck.diagnosis.naming.kept_between_calls import questions, state_fault, unneeded_only
from gradcheck.diagnosis.naming.search import Named, explanation
from gradcheck.faults.catalogue import fault
from gradcheck.faults.graphs.textbook_backprop import Backprop
from gradcheck.faults.graphs.visits import CutOff
from gradcheck.problem import Case, Graph, GraphBuilder
from gradcheck.subject.inprocess import InProcessSubject

KNOWN = frozenset({"sin", "neg", "mul"})


def code(named: Named) -> list[str]:
    return [f.code for f in named.faults]


@pytest.mark.parametrize("row", ["F70", "F71", "F72"])
def test_state_is_named_from_a_sequence_of_questions(row: str) -> None:
    found, how = state_fault(InProcessSubject(fault(row).subject()), questions())
    assert found is not None
    assert found.code == row
    assert "same questions" in how


def test_an_engine_without_state_has_no_fault_of_state() -> None:
    assert state_fault(InProcessSubject(Backprop()), questions()) == (None, "")
    assert state_fault(InProcessSubject(fault("F01").subject()), questions())[0] is None


def test_noise_that_does_not_repeat_from_a_fresh_start_is_named() -> None:
    random, right = np.random.default_rng(1), Backprop()

    def noisy(graph: Graph, point: Any) -> Any:
        value, gradients, _ = right(graph, point)
        return value, {n: g * random.uniform(0.9, 1.1) for n, g in gradients.items()}

    found, how = state_fault(InProcessSubject(noisy), questions())
    assert found is not None
    assert found.code == "F75"
    assert "fresh start" in how


def half_used() -> Case:
    build = GraphBuilder()
    build.parameter("unused", (2,))
    return Case("half used", build.graph(build.sin(build.parameter("x"))), {"x": 0.5, "unused": np.ones(2)})


@pytest.mark.parametrize(("left", "named"), [((0.125, 0.5), True), ((1.0, 1.0), False), ((np.nan, np.nan), False)])
def test_what_nobody_wrote_is_told_from_a_default(left: Any, named: bool) -> None:
    right = Backprop()

    def fills(graph: Graph, point: Any) -> Any:
        value, gradients, _ = right(graph, point)
        return value, {**gradients, "unused": np.array(left)}

    assert unneeded_only([Observed(half_used(), InProcessSubject(fills), "gradients")]) is named


def test_a_wrong_number_that_the_loss_needs_is_another_fault() -> None:
    subject = InProcessSubject(fault("F27").subject())
    assert not unneeded_only([Observed(half_used(), subject, "gradients")])


@pytest.mark.parametrize("levels", [2, 6, 11])
def test_how_far_the_gradient_gets(levels: int) -> None:
    assert reach(InProcessSubject(CutOff(levels)), KNOWN) == levels


@pytest.mark.parametrize("row", ["F01", "F27", "F38", "F82"])
def test_another_fault_is_no_cut(row: str) -> None:
    assert reach(InProcessSubject(fault(row).subject()), KNOWN) is None
    assert reach(InProcessSubject(Backprop()), KNOWN) is None


def test_a_cut_is_named_with_the_length() -> None:
    deep = chain("sin", 14)
    named = explanation(InProcessSubject(CutOff(12)), [deep], [chain("sin", 3)], frozenset())
    assert code(named) == ["F14"]
    assert "a chain of 12 nodes" in named.how


def rounded(kind: Any) -> InProcessSubject:
    right = Backprop()

    def rounds(graph: Graph, point: Any) -> Any:
        value, gradients, _ = right(graph, point)
        return value.astype(kind).astype(float), {n: g.astype(kind).astype(float) for n, g in gradients.items()}

    return InProcessSubject(rounds)


def seven_chains(subject: InProcessSubject) -> list[Observed]:
    return [Observed(chain("sin", n), subject, "gradients") for n in range(1, 8)]


def test_single_precision_is_told_by_its_numbers() -> None:
    assert short_numbers(seven_chains(rounded(np.float32)))
    assert not short_numbers(seven_chains(rounded(np.float64)))
    assert not short_numbers(seven_chains(rounded(np.float16)))  # further off than single precision may be
    assert not short_numbers(seven_chains(InProcessSubject(fault("F81").bends[-1]())))  # a difference quotient
