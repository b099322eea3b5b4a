"""When the asking ends: deaths and time-outs in a row, and interrupts."""

from __future__ import annotations

import signal
from collections.abc import Generator, Iterator
from typing import Any

import numpy as np
import pytest

from gradcheck.errors import Interrupted, SubjectError
from gradcheck.faults.graphs.textbook_backprop import Backprop
from gradcheck.oracle import graph_oracles
from gradcheck.problem import Case, Graph, GraphBuilder
from gradcheck.run import runner
from gradcheck.run.events import CaseFinished, CaseJudged, Event, Finished
from gradcheck.run.suite import Addressed
from gradcheck.subject.inprocess import InProcessSubject
from gradcheck.verdict.result import Verdict

FAILURES = {
    "d": SubjectError("GC006", how="was killed by SIGSEGV"),
    "h": SubjectError("GC005", seconds=1.0, phase="answering"),
    "r": SubjectError("GC004", exception="E", message="m", where=""),
}


class Scripted(InProcessSubject):
    """Case number k does what letter k says: d dies, h hangs, r raises, anything else answers."""

    def __init__(self, script: str) -> None:
        super().__init__(Backprop())
        self.script, self.asked = script, 0

    def ask(self, problem: Any, point: Any, *given: Any, **options: Any) -> Any:
        letter = self.script[int(np.asarray(point["x"]))]
        self.asked += 1
        if letter in FAILURES:
            raise FAILURES[letter]
        return super().ask(problem, point, *given, **options)


def cases(count: int) -> list[Addressed]:
    build = GraphBuilder()
    graph = build.graph(build.square(build.parameter("x")))
    return [Addressed(f"s::{k}", "s", Case(str(k), graph, {"x": k + 0.5})) for k in range(count)]


def codes(script: str, **options: Any) -> list[str]:
    events = list(runner.run(cases(len(script)), Scripted(script), graph_oracles(), described="x", **options))
    last = events[-1]
    assert isinstance(last, Finished)
    return [next((c for c in r.codes if c in ("GC004", "GC005", "GC006", "GC017")), "-") for r in last.results]


@pytest.mark.parametrize(
    ("script", "asked"),
    [
        ("ddddd", 3),
        ("hhhhh", 3),
        ("dhdaa", 3),
        ("ddadda", 6),  # an answer in between
        ("ddrddr", 6),  # an exception is a sign of life
        ("hhahaa", 4),  # each time-out costs its time, in a row or not
        ("hardad", 6),
    ],
)
def test_after_three_time_outs_or_deaths_in_a_row_the_subject_is_not_asked(script: str, asked: int) -> None:
    told = codes(script, diagnosis=False)
    assert told == [{"d": "GC006", "h": "GC005", "r": "GC004", "a": "-"}[c] for c in script[:asked]] + ["GC017"] * (
        len(script) - asked
    )


@pytest.mark.parametrize(("limit", "asked"), [(1, 1), (4, 4), (0, 6)])
def test_the_limit_is_an_option(limit: int, asked: int) -> None:
    assert codes("dddddd", give_up_after=limit, diagnosis=False).count("GC006") == asked


def test_what_was_given_up_is_not_diagnosed() -> None:
    subject = Scripted("adddd")
    events = list(runner.run(cases(5), subject, graph_oracles(), described="x"))
    finished = [e.result for e in events if isinstance(e, CaseFinished)]
    assert [r.codes[0] for r in finished[-1:]] == ["GC017"]
    assert "the subject had given no answer 3 times" in finished[-1].findings[0].sentence
    assert subject.asked == 2 + 3  # an answer is asked for twice


def interrupted(events: Iterator[Event], wrong: BaseException) -> Event:
    """The next event after an exception where the run stands."""
    assert isinstance(events, Generator)
    event: Event = events.throw(wrong)
    return event


def halved(graph: Graph, point: Any) -> Any:
    """A wrong engine."""
    value, gradients = Backprop()(graph, point)[:2]
    return value, {name: g / 2 for name, g in gradients.items()}


class Watched(InProcessSubject):
    """Counts its questions."""

    asked = 0

    def ask(self, *given: Any, **options: Any) -> Any:
        self.asked += 1
        return super().ask(*given, **options)


def test_a_wrong_case_is_told_before_its_cause_is_looked_for() -> None:
    subject = Watched(halved)
    events = runner.run(cases(2), subject, graph_oracles(), described="x", diagnosis=False)
    judged = next(e for e in events if isinstance(e, CaseJudged))
    before = subject.asked
    finished = next(events)
    assert isinstance(finished, CaseFinished)
    assert (before, judged.result.verdict, finished.result.verdict) == (2, Verdict.FAIL, Verdict.FAIL)
    assert subject.asked > before  # about parts of the graph
    assert "GC050" in finished.result.codes
    assert "GC050" not in judged.result.codes


def test_a_right_case_is_told_once() -> None:
    events = runner.run(cases(2), Scripted("aa"), graph_oracles(), described="x")
    assert not any(isinstance(e, CaseJudged) for e in events)


def test_an_interrupt_while_a_cause_is_looked_for_keeps_the_verdict() -> None:
    events = runner.run(cases(3), InProcessSubject(halved), graph_oracles(), described="x")
    judged = next(e for e in events if isinstance(e, CaseJudged))
    told = interrupted(events, KeyboardInterrupt())
    last = next(events)
    assert isinstance(last, Finished)
    assert (told, last.results) == (CaseFinished(judged.result), (judged.result,))


def interrupted_at(number: int, wrong: BaseException) -> Finished:
    events = runner.run(cases(4), Scripted("aaaa"), graph_oracles(), described="x")
    seen: list[Any] = [next(events)]
    while sum(isinstance(e, CaseFinished) for e in seen) < number:
        seen.append(next(events))
    last = interrupted(events, wrong)
    assert isinstance(last, Finished)
    with pytest.raises(StopIteration):
        next(events)
    return last


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        (KeyboardInterrupt(), 130),
        (Interrupted(signal.SIGINT), 130),
        (Interrupted(signal.SIGTERM), 143),
        (Interrupted(signal.SIGHUP), 129),
    ],
    ids=["Ctrl-C", "SIGINT", "SIGTERM", "SIGHUP"],
)
def test_an_interrupt_ends_the_run_with_what_is_finished(wrong: BaseException, code: int) -> None:
    for number in (0, 2, 4):
        last = interrupted_at(number, wrong)
        assert (len(last.results), last.interrupted, last.exit_code) == (number, True, code)
