"""Results before their turn: beside the report until they stand in it, and never in its way."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from gradcheck.report.lines import LinesReport
from gradcheck.report.results_ahead import place
from gradcheck.run.events import CaseAhead, CaseFinished, CaseJudged, Finished, Started
from gradcheck.verdict.result import Result, Verdict


def result(name: str) -> Result:
    return Result(f"mine.py::{name}", Verdict.PASS)


def addresses(file: Path) -> list[str]:
    rows = map(json.loads, file.read_text(encoding="utf-8").splitlines())
    return [row["address"] for row in rows if row["kind"] == "result"]


def test_a_result_waits_until_its_turn_has_come(tmp_path: Path) -> None:
    file, waiting = tmp_path / "out.jsonl", tmp_path / "out.jsonl.waiting"
    waiting.write_text("left by a run that was killed")
    report = LinesReport(file)
    report.add(Started(3, "engine.py", False, None))
    assert not waiting.exists()
    for name in "bc":
        report.add(CaseAhead(result(name)))
    assert (addresses(file), addresses(waiting)) == ([], ["mine.py::b", "mine.py::c"])
    for name in "ab":
        report.add(CaseFinished(result(name)))
    assert (addresses(file), "mine.py::c" in addresses(waiting)) == (["mine.py::a", "mine.py::b"], True)
    report.add(CaseFinished(result("c")))
    assert not waiting.exists()
    report.add(CaseAhead(result("d")))
    report.add(Finished((), (), 0.0))
    report.close()
    assert [path.name for path in tmp_path.iterdir()] == ["out.jsonl"]
    assert report.complete


def test_a_report_that_is_a_device_has_no_file_beside_it(tmp_path: Path) -> None:
    pipe, other = tmp_path / "pipe", tmp_path / "pipe.waiting"
    os.mkfifo(pipe)
    other.write_text("of somebody else")
    reading = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    report = LinesReport(pipe)
    report.add(Started(1, "engine.py", False, None))
    report.add(CaseAhead(result("a")))
    report.add(Finished((), (), 0.0))
    report.close()
    os.close(reading)
    assert other.read_text() == "of somebody else"


def test_where_the_file_cannot_be_written_the_report_is(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "out.jsonl"
    (tmp_path / "out.jsonl.waiting").mkdir()
    report = LinesReport(file)
    ahead = (CaseAhead(result("a")), CaseAhead(result("b")))
    for event in (Started(1, "", False, None), *ahead, CaseFinished(result("a"))):
        report.add(event)
    report.add(Finished((), (), 0.0))
    report.close()
    assert (addresses(file), report.complete) == (["mine.py::a"], True)
    told = capsys.readouterr().err
    assert told.count("out.jsonl.waiting cannot be written (Is a directory)") == 1  # once, not for every result


def test_a_verdict_whose_cause_is_looked_for_is_in_the_file(tmp_path: Path) -> None:
    file = tmp_path / "out.jsonl"
    report = LinesReport(file)
    report.add(Started(1, "", False, None))
    report.add(CaseJudged(result("a")))
    assert (addresses(file), addresses(place(file))) == ([], ["mine.py::a"])
    report.add(CaseFinished(result("a")))
    assert (addresses(file), place(file).exists()) == (["mine.py::a"], False)
    report.close()
