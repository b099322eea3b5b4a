"""`gradcheck faults` on a few codes: what it prints, and its exit codes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture
def few(shell: Any, checkout: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The command line, with one built-in suite."""
    suites = {"worked_examples": checkout / "suites" / "worked_examples.py"}
    monkeypatch.setattr("gradcheck.cli.faults.builtin_suites", lambda: suites)
    return shell


def test_the_table_names_what_was_caught(few: Any) -> None:
    ran = few("faults", "F01", "f37", "--no-engines")
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
    ran = few("faults", "F01", "--format", "json")
    engines = json.loads(ran.out)["engines"]
    assert ran.code == 0
    assert {row["engine"] for row in engines} == {"reference", "recursive", "tape", "forward_mode"}
    assert all(row["cases"] > 5 and row["false_alarms"] == [] for row in engines)


def test_an_unknown_code_is_refused(few: Any) -> None:
    ran = few("faults", "F01", "F999")
    assert (ran.code, ran.out) == (2, "")
    assert "no fault 'F999'" in ran.err
    assert "F01" in ran.err
