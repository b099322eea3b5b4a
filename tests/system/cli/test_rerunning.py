"""`--lf`, `--durations`, `--exit-zero`: what a second run is about, and what a run ends with."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from gradcheck.run.last_failed import LastFailed
from gradcheck.run.suite import Addressed
from gradcheck.verdict.result import Result, Verdict


@pytest.fixture
def bench(desk: Any) -> Any:
    """The folder with an engine that is wrong in the first of two cases."""
    text = (desk.folder / "engine.py").read_text()
    (desk.folder / "bent.py").write_text(text.replace("return values", "bars.update(b=7.0)\n    return values", 1))
    return desk


def addresses(ran: Any) -> list[str]:
    return [row["address"] for row in json.loads(ran.out)["results"]]


def test_only_what_failed_is_tried_again(bench: Any) -> None:
    line = ("run", "mine.py", "--subject", "bent.py", "--format", "json", "--no-diagnosis")
    assert addresses(bench(*line)) == ["mine.py::branches", "mine.py::product"]
    again = bench(*line, "--lf")
    assert addresses(again) == ["mine.py::branches"]
    assert again.err == "gradcheck: trying the 1 of 2 cases that failed last time\n"
    (bench.folder / "bent.py").write_text((bench.folder / "engine.py").read_text())
    assert (mended := bench(*line, "--last-failed")).code == 0
    assert addresses(mended) == ["mine.py::branches"]
    everything = bench(*line, "--lf")
    assert addresses(everything) == ["mine.py::branches", "mine.py::product"]
    assert "no case of these failed last time: all are tried" in everything.err


def test_a_run_of_other_cases_forgets_nothing(bench: Any) -> None:
    line = ("run", "--subject", "bent.py", "--format", "json", "--no-diagnosis")
    bench(*line, "mine.py")
    bench(*line, "mine.py::product")
    assert addresses(bench(*line, "mine.py", "--lf")) == ["mine.py::branches"]


def test_each_subject_has_its_own(bench: Any) -> None:
    line = ("run", "mine.py", "--format", "json", "--no-diagnosis")
    bench(*line, "--subject", "bent.py")
    assert len(addresses(bench(*line, "--subject", "engine.py", "--lf"))) == 2
    assert len(addresses(bench(*line, "--lf"))) == 2


def test_with_no_save_nothing_is_kept(bench: Any) -> None:
    bench("run", "mine.py", "--subject", "bent.py", "--no-save")
    assert not (bench.folder / ".gradcheck").exists()


def test_a_run_without_failures_leaves_no_file(bench: Any) -> None:
    bench("run", "mine.py", "--subject", "engine.py")
    assert not (bench.folder / ".gradcheck").exists()


def test_without_what_is_saved_there_is_no_last_time(bench: Any) -> None:
    ran = bench("run", "mine.py", "--lf", "--no-save")
    assert (ran.code, ran.out) == (2, "")
    assert "--lf reads what was saved, and --no-save reads nothing" in ran.err


def test_together_with_k(bench: Any) -> None:
    line = ("run", "mine.py", "--subject", "bent.py", "--format", "json", "--no-diagnosis")
    bench(*line)
    assert addresses(bench(*line, "--lf", "-k", "branches")) == ["mine.py::branches"]
    assert addresses(bench(*line, "--lf", "-k", "product")) == ["mine.py::product"]


def test_two_jobs_keep_the_same(bench: Any) -> None:
    line = ("run", "mine.py", "--subject", "bent.py", "--format", "json", "--no-diagnosis", "--jobs", "2")
    bench(*line)
    assert addresses(bench(*line, "--lf")) == ["mine.py::branches"]


@pytest.mark.parametrize("text", ["{", "[]", '{"schema_version": 2, "failed": []}', '{"schema_version": 1}'])
def test_a_file_that_cannot_be_read_stops_nothing(bench: Any, text: str) -> None:
    line = ("run", "mine.py", "--subject", "bent.py", "--no-diagnosis")
    bench(*line)
    (file,) = (bench.folder / ".gradcheck").rglob("last-failed")
    file.write_text(text)
    ran = bench(*line, "--lf")
    assert ran.code == 1
    assert "what failed last cannot be read" in ran.out
    assert str(file.relative_to(bench.folder)) in ran.out
    assert json.loads(file.read_text())["failed"] == ["mine.py::branches"]


def test_a_file_that_cannot_be_written_stops_nothing(bench: Any) -> None:
    (bench.folder / ".gradcheck").write_text("a file in the way")
    ran = bench("run", "mine.py", "--subject", "bent.py", "--no-diagnosis")
    assert ran.code == 1
    assert "what failed cannot be kept for --lf" in ran.out


def test_what_is_known_of_other_cases_stays(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "failed.json"
    results = [Result("s::a", Verdict.FAIL), Result("s::b", Verdict.PASS), Result("engine.py", Verdict.ERROR)]
    assert LastFailed(path).record(results) == []
    assert LastFailed(path).addresses == {"s::a"}
    assert LastFailed(path).record([Result("s::c", Verdict.UNDECIDED)]) == []
    assert LastFailed(path).addresses == {"s::a", "s::c"}
    assert LastFailed(path).record([Result("s::a", Verdict.PASS), Result("s::c", Verdict.PASS)]) == []
    assert LastFailed(path).addresses == frozenset()
    assert list(path.parent.iterdir()) == [path]


def test_no_case_at_all_is_chosen_of_none(tmp_path: Path) -> None:
    none: list[Addressed] = []
    assert LastFailed(tmp_path / "x.json").chosen(none)[0] == []


@pytest.mark.parametrize(("count", "lines"), [("1", 1), ("0", 2), ("7", 2)])
def test_the_slowest_cases(bench: Any, count: str, lines: int) -> None:
    ran = bench("run", "mine.py", "--subject", "engine.py", "--durations", count)
    assert ran.code == 0
    head, _, rest = ran.out.partition("slowest cases:\n")
    shown = re.findall(r"^ +(\d+\.\d{3}) s  mine\.py::(\w+)$", rest, re.MULTILINE)
    assert len(shown) == lines
    assert [float(seconds) for seconds, _ in shown] == sorted((float(seconds) for seconds, _ in shown), reverse=True)
    assert "entries compared" in rest
    assert head


@pytest.mark.parametrize(
    ("options", "says"),
    [(("--durations", "-1"), "got -1"), (("--durations", "1", "--no-timings"), "--no-timings leaves out times")],
)
def test_durations_that_cannot_be(bench: Any, options: tuple[str, ...], says: str) -> None:
    ran = bench("run", "mine.py", *options)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err == f"gradcheck: --durations takes a number of cases, or 0 for all; {says}\n"


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("mine.py", "--subject", "bent.py"), 0),
        (("mine.py", "--subject", "engine.py"), 0),
        (("mine.py", "-k", "nothing"), 5),
        (("nowhere.py",), 2),
    ],
)
def test_exit_zero_hides_failures_alone(bench: Any, arguments: tuple[str, ...], code: int) -> None:
    ran = bench("run", *arguments, "--exit-zero", "--no-diagnosis")
    assert ran.code == code
    if "bent.py" in arguments:
        assert "1 FAIL" in ran.out
        assert bench("run", *arguments, "--no-diagnosis").code == 1
