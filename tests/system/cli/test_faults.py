"""`gradcheck faults` on a few codes: what it prints, and its exit codes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from gradcheck.run import selftest


@pytest.fixture
def few(shell: Any, checkout: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The command line, with one built-in suite."""
    suites = {"worked_examples": checkout / "suites" / "worked_examples.py"}
    monkeypatch.setattr("gradcheck.cli.faults.builtin_suites", lambda: suites)
    return shell


def test_the_table_names_what_was_caught(few: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []
    monkeypatch.setattr("gradcheck.report.progress.Progress.now", lambda _, what, **more: told.append(what))
    ran = few("faults", "F01", "f37", "--no-engines")
    assert told[:2] == ["loading the suites", "F01, overwrites"]
    assert (ran.code, ran.err) == (0, "")
    assert "2 of 2 faults caught, 2 named rightly" in ran.flat
    assert "F01 overwrites worked_examples::" in ran.flat
    assert "false alarms" not in ran.flat


def test_a_fault_that_no_case_shows_is_an_exit_code(few: Any) -> None:
    ran = few("faults", "F68", "--no-engines")  # no worked example concatenates
    assert ran.code == 1
    assert "not caught" in ran.flat
    assert "0 of 1 faults caught" in ran.flat


def test_json_holds_the_same(few: Any) -> None:
    ran = few("faults", "F01", "F20", "F74", "--no-engines", "--format", "json")
    document = json.loads(ran.out)
    assert ran.code == 0
    rows = {row["code"]: row for row in document["faults"]}
    assert list(rows) == ["F01", "F20", "F74"]
    assert all(row["caught"] and row["named_rightly"] for row in rows.values())
    assert (rows["F01"]["named"], rows["F01"]["smallest"]) == (["F01"], 2)
    assert rows["F74"]["named"] == []  # what it does is said by a finding, GC020
    assert rows["F01"]["catches"]["worked_examples"]["verdict"] == "FAIL"
    assert document["engines"] == []


def test_correct_engines_raise_no_alarm(few: Any) -> None:
    ran = few("faults", "F01", "--format", "json", "--graphs", "12")
    engines = json.loads(ran.out)["engines"]
    assert ran.code == 0
    assert {row["engine"] for row in engines} == {"reference", "recursive", "tape", "forward_mode"}
    assert all(row["cases"] > 5 + 12 and row["false_alarms"] == [] for row in engines)


def test_an_engine_that_is_flagged_is_an_exit_code_and_its_graphs_are_saved(
    few: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engines = selftest.correct_engines()
    text = engines["tape"].read_text(encoding="utf-8")
    wrong = tmp_path / "wrong.py"
    wrong.write_text(text.replace("self.adjoint + message", "message"), encoding="utf-8")
    monkeypatch.setattr(selftest, "correct_engines", lambda: {"wrong": wrong})
    ran = few("faults", "F01", "--graphs", "12", "--save", "flagged")
    assert ran.code == 1
    assert "worked_examples::S4.b" in ran.flat
    saved = sorted(p.name for p in Path("flagged").glob("*.json"))
    assert "S4.b.json" in saved
    assert any(name.partition("-")[0] in ("scalars", "arrays", "whole", "saturated") for name in saved)
    assert few("run", "flagged/S4.b.json", "--subject", str(wrong)).code == 1


def test_a_negative_number_of_graphs_is_refused(few: Any) -> None:
    assert few("faults", "F01", "--graphs", "-1").code == 2


def test_an_unknown_code_is_refused(few: Any) -> None:
    ran = few("faults", "F01", "F999")
    assert (ran.code, ran.out) == (2, "")
    assert "no fault 'F999'" in ran.err
    assert "explain --list" in ran.err
