"""Neurons that pass their gradient on once per successor, with whatever has arrived by then, in any order."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from itertools import accumulate, islice
from typing import Any

import numpy as np
import pytest

from gradcheck.diagnosis.naming.answer_match import Observed
from gradcheck.diagnosis.naming.further_cases import drawn_cases
from gradcheck.diagnosis.naming.search import explanation
from gradcheck.diagnosis.naming.visit_counts import ENTRY, visited_again
from gradcheck.faults.entries import bends_at
from gradcheck.faults.neurons.single_neurons import Neurons
from gradcheck.problem.neuron_dag import weight
from gradcheck.subject.inprocess import InProcessSubject

Total = Callable[[Sequence[Any]], Any]
"""What a neuron passes on in all, of the messages that arrive one after the other."""


def engine(total: Total, count: Callable[[int], int] = lambda fed: 1) -> InProcessSubject:
    """Every neuron passes on `total` of its messages, the loss's first; a weight's gradient is right for them.

    `count`: how often a message counts that comes from a neuron that is fed by so many.
    """

    def pulls(network: Any, point: Any) -> Any:
        textbook = Neurons()
        value, _ = textbook(network, point)
        after = {v: [w for u, w in network.edges if u == v] for v in textbook.out}

        def message(v: str, w: str) -> Any:
            return total(arrived(w)) * textbook.slope(w) * point[weight(v, w)] * count(len(network.back(w)))

        def arrived(v: str) -> list[Any]:
            loss = [textbook.from_loss(v)] if v in network.loss_neurons else []
            return [*loss, *(message(v, w) for w in after[v])] or [np.zeros(network.batch)]

        edges = {weight(u, v): sum(arrived(v)) * textbook.slope(v) * textbook.out[u] for u, v in network.edges}
        return value, {name: np.asarray(np.sum(g)) for name, g in edges.items()}

    return InProcessSubject(pulls, entry=ENTRY)


def failing(subject: InProcessSubject) -> list[Any]:
    return [c for c in islice(drawn_cases(ENTRY, []), 20) if Observed(c, subject, ENTRY).wrong]


def test_a_right_engine_passes_it_on_once() -> None:
    subject = engine(sum)
    assert not failing(subject)
    assert visited_again(subject, []) == (None, "")


AGAIN: dict[str, Total] = {
    "whatever has arrived": lambda messages: sum(accumulate(messages)),
    "the other way round": lambda messages: sum(accumulate(reversed(messages))),
    "all of it, each time": lambda messages: len(messages) * sum(messages),
}


@pytest.mark.parametrize("manner", AGAIN)
def test_passing_it_on_for_each_successor_is_named(manner: str) -> None:
    subject = engine(AGAIN[manner])
    wrong = failing(subject)
    fault, how = visited_again(subject, wrong)
    assert fault is not None
    assert fault.code == "F130"
    assert int(re.findall(r"on (\d+) networks", how)[0]) > 12
    assert {f.code for f in explanation(subject, wrong, [], frozenset()).faults} == {"F130"}


OTHERWISE: dict[str, Total] = {
    "the last message only": lambda messages: messages[-1],
    "the first message twice": lambda messages: sum(messages) + (messages[0] if len(messages) > 1 else 0),
    "the mean of the messages": lambda messages: sum(messages) / len(messages),
    "everything twice": lambda messages: 2 * sum(messages),
    "the first lost": lambda messages: sum(messages[1:]) if len(messages) > 1 else messages[0],
}


@pytest.mark.parametrize("manner", OTHERWISE)
def test_other_counts_are_another_mistake(manner: str) -> None:
    subject = engine(OTHERWISE[manner])
    assert visited_again(subject, failing(subject)) == (None, "")


def test_neither_is_counting_once_per_predecessor() -> None:
    subject = engine(sum, lambda fed: fed)
    assert visited_again(subject, failing(subject)) == (None, "")


def test_what_it_failed_on_has_to_agree() -> None:
    """Right counts on the networks made for that, and another mistake elsewhere: two samples are not one."""
    subject = engine(AGAIN["whatever has arrived"])
    other = engine(OTHERWISE["everything twice"])

    def both(network: Any, point: Any) -> Any:
        inner = other if len(network.inputs) > 1 else subject
        answer = inner.ask(network, point, entry=ENTRY)
        return answer.value, answer.gradients

    mixed = InProcessSubject(both, entry=ENTRY)
    wrong = failing(mixed)
    assert any(len(c.problem.inputs) > 1 for c in wrong)
    assert visited_again(mixed, wrong) == (None, "")


@pytest.mark.parametrize(("code", "make"), [(r.code, make) for r, make in bends_at(ENTRY) if r.code != "F130"][::4])
def test_other_faults_are_not_called_so(code: str, make: Any) -> None:
    subject = InProcessSubject(make(), entry=ENTRY)
    assert visited_again(subject, failing(subject)) == (None, ""), code
