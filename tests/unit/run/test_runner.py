"""When the asking ends: deaths and time-outs in a row, and interrupts."""

from __future__ import annotations

import signal
from typing import Any

import numpy as np
import pytest

from gradcheck.errors import Interrupted, SubjectError
from gradcheck.faults.graphs.textbook_backprop import Backprop
from gradcheck.oracle import graph_oracles
from gradcheck.problem import Case, GraphBuilder
from gradcheck.run import runner
from gradcheck.run.events import CaseFinished, Finished
from gradcheck.run.suite import Addressed
from gradcheck.subject.inprocess import InProcessSubject

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


def interrupted_at(number: int, wrong: BaseException) -> Finished:
    events = runner.run(cases(4), Scripted("aaaa"), graph_oracles(), described="x")
    seen: list[Any] = [next(events)]
    while sum(isinstance(e, CaseFinished) for e in seen) < number:
        seen.append(next(events))
    last = events.throw(wrong)  # type: ignore[attr-defined]
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
