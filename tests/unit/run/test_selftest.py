"""The harness grades itself: what counts as caught and as named, and what does not."""

from __future__ import annotations

import gc
import tracemalloc
import weakref
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gradcheck.faults.catalogue import fault
from gradcheck.faults.graphs.textbook_backprop import Backprop
from gradcheck.oracle import graph_oracles
from gradcheck.oracle.estimate import Oracle
from gradcheck.oracle.exact import exact
from gradcheck.problem import Case, Graph, GraphBuilder, Point
from gradcheck.run import selftest
from gradcheck.run.selftest import TELLING, Catch, Graded, Remembering, false_alarms, grade_faults
from gradcheck.run.suite import Addressed
from gradcheck.verdict.finding_kinds import KINDS
from gradcheck.verdict.result import Verdict

Suites = dict[str, Sequence[Addressed]]
CATCH = Catch("s::c", Verdict.FAIL, ("exact",))


@pytest.fixture(scope="module")
def suites() -> Suites:
    """A graph with a shared node, and one without."""
    build = GraphBuilder()
    x = build.parameter("x")
    shared = Case("shared", build.graph(build.add(build.square(x), x)), {"x": 3.0})
    build = GraphBuilder()
    chain = Case("chain", build.graph(build.sin(build.parameter("x"))), {"x": 0.5})
    return {
        "one": [Addressed("one::shared", "one", shared)],
        "two": [Addressed("two::chain", "two", chain)],
    }


@pytest.fixture(scope="module")
def oracles() -> tuple[Oracle, ...]:
    return tuple(Remembering(oracle) for oracle in graph_oracles())


def test_a_fault_is_caught_where_it_shows(suites: Suites, oracles: tuple[Oracle, ...]) -> None:
    (graded,) = grade_faults(suites, oracles, [fault("F01")])
    assert graded.caught
    assert graded.catches["two"] is None
    caught = graded.catches["one"]
    assert caught is not None
    assert (caught.address, caught.verdict) == ("one::shared", Verdict.FAIL)
    assert graded.smallest == 2
    assert graded.named_rightly


def test_a_right_engine_is_no_catch(suites: Suites, oracles: tuple[Oracle, ...]) -> None:
    (graded,) = grade_faults(suites, oracles, [replace(fault("F01"), bend=Backprop)])
    assert not graded.caught
    assert (graded.named, graded.smallest) == ((), None)
    assert not graded.named_rightly


@pytest.mark.parametrize(
    ("code", "named", "codes", "rightly"),
    [
        ("F09", ("F09",), (), True),
        ("F09", ("F08", "F09"), (), False),  # two are no diagnosis
        ("F09", ("F08",), (), False),
        ("F09", (), ("GC012",), False),
        ("F74", (), ("GC020",), True),
        ("F74", (), ("GC012",), False),
        ("F74", ("F01",), ("GC020",), False),  # another name spoils what a finding says
        ("F01", (), ("GC020",), False),
        ("F16", (), (), True),  # its numbers are right
    ],
)
def test_what_is_named_rightly(code: str, named: tuple[str, ...], codes: tuple[str, ...], rightly: bool) -> None:
    assert Graded(fault(code), {"s": CATCH}, named, 3, codes).named_rightly is rightly


def test_findings_that_tell_exist() -> None:
    assert all(fault(code).code == code and told in KINDS for code, told in TELLING.items())


def test_an_oracle_is_asked_once_per_graph_and_point(suites: Suites) -> None:
    class Counting:
        name = "counting"
        asked = 0

        def __call__(self, graph: Any, point: Any) -> Any:
            self.asked += 1
            return graph_oracles()[0](graph, point)

    counting = Counting()
    oracle, case = Remembering(counting), suites["one"][0].case
    assert isinstance(case, Case)
    first = oracle(case.graph, case.point)
    assert oracle(case.graph, case.point) is first
    assert counting.asked == 1
    assert oracle(case.graph, {"x": np.asarray(4.0)}) is not first
    assert counting.asked == 2


def test_what_is_remembered_is_small(suites: Suites) -> None:
    """Answers share the random numbers of their replays: with numbers of its own each would take two megabytes."""
    oracle, case = Remembering(exact), suites["one"][0].case
    assert isinstance(case, Case)
    oracle(case.graph, case.point)
    tracemalloc.start()
    try:
        answers = [oracle(case.graph, {"x": np.asarray(4.0 + k)}) for k in range(20)]
        kept, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(answers) == 20
    assert kept < 20 * 200_000


def test_an_oracle_forgets_what_was_asked_long_ago(suites: Suites, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(selftest, "MOST_REMEMBERED", 2)
    oracle, case = Remembering(graph_oracles()[0]), suites["one"][0].case
    assert isinstance(case, Case)
    first = oracle(case.graph, case.point)
    second = oracle(case.graph, {"x": np.asarray(4.0)})
    assert oracle(case.graph, case.point) is first  # asked again just now, so that it stays
    oracle(case.graph, {"x": np.asarray(5.0)})
    assert oracle(case.graph, case.point) is first
    assert oracle(case.graph, {"x": np.asarray(4.0)}) is not second


def test_a_false_alarm_is_told(
    suites: Suites, oracles: tuple[Oracle, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engines = selftest.correct_engines()
    text = engines["tape"].read_text(encoding="utf-8")
    wrong = tmp_path / "wrong.py"
    wrong.write_text(text.replace("self.adjoint + message", "message"), encoding="utf-8")
    monkeypatch.setattr(selftest, "correct_engines", lambda: {"tape": engines["tape"], "wrong": wrong})
    items = [item for suite in suites.values() for item in suite]
    rows = {e.engine: (e.cases, [item.address for item in e.alarms]) for e in false_alarms(items, oracles)}
    assert rows == {"tape": (2, []), "wrong": (2, ["one::shared"])}


def test_oracles_are_asked_once_for_all_engines_and_their_answers_not_kept(
    suites: Suites, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An answer holds whole records of what was computed: of thousands of graphs they would fill the memory."""
    engines, items = selftest.correct_engines(), [*suites["one"], *suites["two"]] * 4
    monkeypatch.setattr(selftest, "correct_engines", lambda: {"one": engines["tape"], "other": engines["recursive"]})
    given, alive, kept = [id(item.case.graph) for item in items[:2]], list[Any](), list[int]()

    class Watched:
        name = exact.name

        def __call__(self, graph: Graph, point: Point) -> Any:
            answer = exact(graph, point)
            if id(graph) in given:  # and not one of its parts
                gc.collect()
                kept.append(sum(one() is not None for one in alive))
                alive.append(weakref.ref(answer))
            return answer

    first, second = false_alarms(items, [Watched()])
    assert first.cases == second.cases == len(items) == len(kept)
    assert max(kept) <= 1
