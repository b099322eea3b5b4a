"""Saved failures: a folder for each subject, asked first and once, and never what a run stops at."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gradcheck.cli import main
from gradcheck.problem import Case, GraphBuilder
from gradcheck.run.events import Diagnosed
from gradcheck.run.saved import ahead, folder_of, save
from gradcheck.run.suite import Addressed, load_suite
from gradcheck.verdict.result import Result, Verdict


def case(name: str, x: float, seed: int | None = 7) -> Addressed:
    build = GraphBuilder()
    graph = build.graph(build.square(build.parameter("x")))
    return Addressed(f"s::{name}", "s", Case(name, graph, {"x": x}, seed=seed))


def failed(*items: Addressed) -> list[Result]:
    return [Result(item.address, Verdict.FAIL) for item in items]


def test_generated_failures_and_the_counterexample_are_saved_and_load_again(tmp_path: Path) -> None:
    generated, written = case("shared <1>", 3.0), case("by hand", 1.0, None)
    smallest = case("smallest", 2.0, None).case
    assert isinstance(smallest, Case)
    folder = tmp_path / "deep" / "failures"
    paths, lines = save(folder, [generated, written], failed(generated, written), Diagnosed(None, smallest, ()))
    assert [p.name for p in paths] == ["shared-1--7.json", "smallest.json"]
    assert lines == [
        f"saved 1 failing graph and the smallest counterexample to {folder}; the graph is asked first next time "
        "(--no-save saves nothing)"
    ]
    (again,) = load_suite(str(paths[0]))
    assert isinstance(again.case, Case)
    assert np.array_equal(again.case.point["x"], 3.0)
    assert again.case.seed == 7


def test_nothing_is_saved_of_a_run_that_passes(tmp_path: Path) -> None:
    passed = case("fine", 3.0)
    assert save(tmp_path / "failures", [passed], [Result("s::fine", Verdict.PASS)], None) == ([], [])
    assert not (tmp_path / "failures").exists()


def test_what_the_run_generates_anyway_is_asked_once(tmp_path: Path) -> None:
    items = [case("a", 1.0), case("b", 2.0), case("c", 3.0)]
    save(tmp_path, items, failed(items[1]), None)
    again = ahead(tmp_path, items)
    assert [a.address for a in again.cases] == ["s::a", "s::b", "s::c"]
    assert (again.first, again.lines) == (("s::b",), ())
    of_another_seed = ahead(tmp_path, [case("a", 1.0), case("b", 2.5)])
    assert [a.case.name for a in of_another_seed.cases] == ["a", "b", "b"]
    assert of_another_seed.first == (of_another_seed.cases[-1].address,)


def test_the_smallest_counterexample_is_no_further_case(tmp_path: Path) -> None:
    item, smallest = case("a", 1.0), case("smallest", 2.0, None).case
    assert isinstance(smallest, Case)
    assert save(tmp_path, [item], [], Diagnosed(None, smallest, ()))[1] == [
        f"saved the smallest counterexample to {tmp_path} (--no-save saves nothing)"
    ]
    again = ahead(tmp_path, [item])
    assert ([a.address for a in again.cases], again.first) == (["s::a"], ())


def test_where_nothing_is_generated_nothing_is_asked_first(tmp_path: Path) -> None:
    item = case("a", 1.0)
    save(tmp_path, [item], failed(item), None)
    assert ahead(tmp_path, [case("other", 9.0, None)]).first == ()


@pytest.mark.parametrize("text", ["{", "[]", '{"schema_version": 1, "cases": [3]}', "\x00", "[" * 100_000])
def test_a_damaged_file_is_skipped_with_a_line(tmp_path: Path, text: str) -> None:
    item = case("a", 1.0)
    save(tmp_path, [item], failed(item), None)
    (tmp_path / "broken.json").write_text(text, encoding="utf-8")
    again = ahead(tmp_path, [case("b", 2.0)])
    assert [a.case.name for a in again.cases] == ["b", "a"]
    (line,) = again.lines
    assert line.startswith("skipped a saved failure that cannot be read")
    assert line.endswith(f"delete {tmp_path / 'broken.json'}")
    assert "\n" not in line


def test_a_folder_that_cannot_be_made_is_a_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    item = case("a", 1.0)
    written, (line,) = save(tmp_path / "file" / "deep", [item], failed(item), None)
    assert written == []  # and nothing is announced
    assert line.startswith("failing graphs cannot be saved: ")


def test_each_subject_has_a_folder_of_its_own(tmp_path: Path) -> None:
    paths = [tmp_path / "a" / "engine.py", tmp_path / "b" / "engine.py", tmp_path / "pack" / "__init__.py"]
    folders = [folder_of(tmp_path, path, name) for path in paths for name in (None, "f")]
    assert len(set(folders)) == 6
    assert [f.name.rpartition("-")[0] for f in folders] == ["engine"] * 4 + ["pack"] * 2
    assert folder_of(tmp_path, paths[0].parent / ".." / "a" / "engine.py", None) == folders[0]


# Through the command line.

FAST = ["--format", "json", "--diagnosis-budget", "600"]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> Callable[..., tuple[list[str], str]]:
    """Runs a line in an empty folder; the addresses that were asked, and stderr."""
    monkeypatch.chdir(tmp_path)

    def addresses(*arguments: str) -> tuple[list[str], str]:
        capsys.readouterr()
        main(["run", *arguments, *FAST])
        told = capsys.readouterr()
        return [result["address"] for result in json.loads(told.out)["results"]], told.err

    return addresses


GENERATED = ("random_dags", "-k", "twins-shared-00 or smallest")


def test_saved_failures_are_announced_asked_first_and_of_one_subject(run: Any, tmp_path: Path, faulty: Any) -> None:
    wrong, quick = ("--subject", str(faulty("overwrite"))), "--no-diagnosis"
    (first,), told = run(*GENERATED, *wrong)
    (folder,) = (tmp_path / ".gradcheck" / "failures").iterdir()
    assert (
        sorted(p.suffix for p in folder.glob("*.json")) == [".json"] * 2
    )  # the graph, and the smallest counterexample
    assert sorted(p.name for p in folder.glob("*") if p.suffix != ".json") == ["last-failed"]  # for --lf
    where = folder.relative_to(tmp_path)
    assert f"saved 1 failing graph and the smallest counterexample to {where}; the graph is asked first" in told
    again, told = run(*GENERATED, *wrong)
    assert "asking 1 saved failure first" in told
    assert again == [first]
    assert run(*GENERATED, *wrong, "--no-save", quick)[0] == [first]
    assert run(first, *wrong, quick)[0] == [first]  # one case is asked for, and nothing else
    assert run("worked_examples::S4.b", *wrong, quick)[0] == ["worked_examples::S4.b"]
    for other in (("--subject", str(faulty("wrong_forward"))), ()):
        assert run(*GENERATED, *other, quick)[0] == [first]


def test_a_second_run_has_the_same_results_in_the_same_order(run: Any, faulty: Any, capsys: Any) -> None:
    line = ("worked_examples", "random_dags", "-k", "S4 or shared-0", "--subject", str(faulty("overwrite")))
    first, told = run(*line)
    assert "failing graphs and the smallest counterexample" in told
    again, told = run(*line)
    assert "saved failures first" in told
    assert again == first


@pytest.mark.parametrize(("options", "there"), [(("--save-failures", "mine"), True), (("--no-save",), False)])
def test_the_folder_is_a_setting(run: Any, tmp_path: Path, faulty: Any, options: Any, there: bool) -> None:
    subject = str(faulty("overwrite"))
    run("worked_examples::S4.b", "--subject", subject, *options)
    assert not (tmp_path / ".gradcheck").exists()
    assert bool(list(tmp_path.rglob("*.json"))) is there


def test_a_place_that_cannot_be_written_stops_nothing(run: Any, tmp_path: Path, faulty: Any) -> None:
    (tmp_path / ".gradcheck").write_text("a file in the way")
    subject = str(faulty("overwrite"))
    addresses, told = run("worked_examples::S4.b", "--subject", subject)
    assert addresses == ["worked_examples::S4.b"]
    assert "failing graphs cannot be saved: " in told


def test_no_submission_is_asked_what_was_saved_of_another(run: Any, checkout: Path, faulty: Any) -> None:
    """A loop over submissions: each gets the cases that it gets alone, and none of them twice."""
    engines = [checkout / "tests" / "faults" / "overwrite.py", faulty("wrong_forward")]
    quick = ("random_dags", "-k", "twins-shared-00", "--no-diagnosis")
    alone, _ = run(*quick)
    first, *_ = told = [run(*quick, "--subject", str(path)) for path in engines]
    assert [asked for asked, _ in told] == [alone, alone]
    again, _ = run(*quick, "--subject", str(engines[0]))
    assert again == alone
    assert "saved 1 failing graph to .gradcheck/failures/overwrite-" in first[1]


def test_a_damaged_file_stops_no_later_run(run: Any, tmp_path: Path, checkout: Path) -> None:
    line = ("random_dags", "-k", "twins-shared-00", "--no-diagnosis")
    wrong = ("--subject", str(checkout / "tests" / "faults" / "overwrite.py"))
    first, _ = run(*line, *wrong)
    saved = list((tmp_path / ".gradcheck").rglob("*.json"))
    assert saved
    for path in saved:
        path.write_text("{", encoding="utf-8")
    again, told = run(*line, *wrong)
    assert again == first
    assert "skipped a saved failure that cannot be read" in told
