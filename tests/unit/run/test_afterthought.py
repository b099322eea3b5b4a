"""After a failing run: the smallest counterexample, the fault's name, and files that replay."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gradcheck.check.trial import try_case
from gradcheck.cli import main
from gradcheck.faults.catalogue import fault
from gradcheck.faults.engine import Backprop
from gradcheck.oracle import graph_oracles
from gradcheck.problem import Case, GraphBuilder
from gradcheck.run.afterthought import diagnose
from gradcheck.run.events import Diagnosed
from gradcheck.run.saved import save
from gradcheck.run.suite import Addressed, load_suite
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
    results = [try_case(a.address, a.case, subject, graph_oracles()) for a in cases]
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
        results = [try_case(a.address, a.case, subject, graph_oracles()) for a in cases if isinstance(a.case, Case)]
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


def test_generated_failures_and_the_counterexample_are_saved_and_load_again(tmp_path: Path) -> None:
    results, found = tried(InProcessSubject(fault("F01").subject()))
    folder = tmp_path / "deep" / "failures"
    paths, lines = save(folder, items(), results, found)
    assert lines == []
    assert sorted(p.name for p in paths) == ["shared-1--7.json", "smallest.json"]  # "arrays" was not generated
    (again,) = load_suite(str(folder / "shared-1--7.json"))
    assert isinstance(again.case, Case)
    assert np.array_equal(again.case.point["x"], 3.0)
    assert again.case.seed == 7


def test_nothing_is_saved_of_a_run_that_passes(tmp_path: Path) -> None:
    results = [replace(r, verdict=Verdict.PASS) for r in tried(InProcessSubject(Backprop()))[0]]
    assert save(tmp_path / "failures", items(), results, None) == ([], [])
    assert not (tmp_path / "failures").exists()


# Through the command line, where the folder is a setting.


@pytest.fixture
def command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, checkout: Path) -> Any:
    """`gradcheck run random_dags -k FIRST --subject OVERWRITE ...` in an empty folder."""
    monkeypatch.chdir(tmp_path)
    subject = str(checkout / "tests" / "faults" / "overwrite.py")
    return lambda *more: main(["run", "worked_examples::S4.b", "--subject", subject, "--format", "json", *more])


def test_failures_go_to_a_folder_of_their_own_by_default(command: Any, tmp_path: Path, capsys: Any) -> None:
    assert command() == 1
    (saved,) = (tmp_path / ".gradcheck" / "failures").glob("*.json")
    assert main(["run", str(saved), "--subject", str(tmp_path / "right.py")]) == 2  # a missing subject: nothing runs
    assert main(["run", str(saved)]) == 0  # the reference is right there


@pytest.mark.parametrize(("folder", "there"), [("mine", True), ("", False)])
def test_the_folder_is_a_setting(command: Any, tmp_path: Path, capsys: Any, folder: str, there: bool) -> None:
    assert command("--save-failures", folder) == 1
    assert not (tmp_path / ".gradcheck").exists()
    assert bool(list(tmp_path.rglob("*.json"))) is there


def test_saved_failures_come_first_next_time_where_graphs_are_generated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, checkout: Path, capsys: Any
) -> None:
    monkeypatch.chdir(tmp_path)
    generated = ["random_dags", "-k", "twins-shared-00 or smallest", "--format", "json"]
    wrong = ["--subject", str(checkout / "tests" / "faults" / "overwrite.py")]

    def addresses(*arguments: str) -> list[str]:
        capsys.readouterr()
        main(["run", *arguments])
        return [result["address"] for result in json.loads(capsys.readouterr().out)["results"]]

    (first,) = addresses(*generated, *wrong)
    files = sorted(p.name for p in (tmp_path / ".gradcheck" / "failures").glob("*.json"))
    assert len(files) == 2  # the graph, and the smallest counterexample
    assert addresses(*generated, *wrong)[2:] == [first]
    assert [Path(a.partition("::")[0]).name for a in addresses(*generated, *wrong)[:2]] == files
    assert addresses(first, "--format", "json", *wrong) == [first]  # one case is asked for, and nothing else
    assert addresses("worked_examples::S4.b", "--format", "json", *wrong) == ["worked_examples::S4.b"]
