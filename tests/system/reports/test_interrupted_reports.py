"""A signal: every report holds what was finished, and is whole."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from by_path import load

_signals = load(Path(__file__).parents[1] / "cli" / "test_signals.py")
KINDS = ("json", "junit", "sarif", "github", "markdown", "text")
REPORTS = [f"--report={kind}=out.{kind}" for kind in KINDS]

PAIRS = """
import numpy as np

traced = False

def f(w):
    global traced
    traced = traced or type(w) is not np.ndarray  # by the judge; a look at the file calls it with arrays
    return np.sum(w * w)

def f_grad(w):
    return w

def g(w):
    return np.sum(np.exp(w))

def g_grad(w):
    if traced:  # say that the second pair is being judged, and wait until somebody reads
        with open(MEETING, "w") as pipe:
            pipe.write("here")
        with open(MEETING) as pipe:
            pipe.read()
    return np.exp(w)

EXAMPLES = {"f": (np.array([0.5, -1.5]),), "g": (np.array([0.5, -1.5]),)}
"""


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_of_a_run(desk: Any, readers: Any, number: int, code: int) -> None:
    with _signals.in_the_second_case(desk, *REPORTS) as (run, child):
        run.send_signal(number)
        _, err = run.communicate(timeout=60)
    assert (run.returncode, err) == (code, "")
    assert _signals.gone(child)
    whole(readers(desk.folder), signal.Signals(number).name, code, "mine.py::branches")
    assert [path.name for path in desk.folder.iterdir() if path.name.startswith(".out")] == []


@contextmanager
def in_the_second_pair(shell: Any) -> Iterator[subprocess.Popen[str]]:
    """A verification whose first pair has failed, and whose second never ends."""
    pipe = shell.folder / "meeting"
    os.mkfifo(pipe)
    shell.write("pairs.py", PAIRS.replace("MEETING", repr(str(pipe))))
    with subprocess.Popen(
        (*_signals.COMMAND, "verify", "pairs.py", *REPORTS),
        cwd=shell.folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=_signals._heeds_signals,
    ) as run:
        try:
            assert pipe.read_text() == "here"
            yield run
        finally:
            run.kill()


def test_of_a_verification(shell: Any, readers: Any) -> None:
    with in_the_second_pair(shell) as run:
        run.send_signal(signal.SIGINT)
        out, _ = run.communicate(timeout=60)
    assert run.returncode == 130
    assert "1 FAIL" in out
    assert "interrupted" in out
    whole(readers(shell.folder), "SIGINT", 130, "gradcheck::f")


def test_lines_of_a_verification_survive_sigkill(shell: Any) -> None:
    with in_the_second_pair(shell) as run:
        run.kill()
        run.wait(60)
    head, result = map(json.loads, (shell.folder / "out.json").read_text().splitlines())
    assert (head["kind"], result["address"], result["verdict"]) == ("run", "f", "FAIL")
    assert [kind for kind in KINDS if (shell.folder / f"out.{kind}").exists()] == ["json"]


def test_an_engine_that_is_verified(shell: Any, readers: Any, monkeypatch: pytest.MonkeyPatch, at: Any) -> None:
    """Ctrl-C while the third of its results is told: those before it are reported, and the exit code says so."""
    from gradcheck.report.run_record import RunRecord
    from gradcheck.run.events import CaseFinished

    source = Path(__file__).parents[2] / "conventions" / "scalar_value" / "wrong_reflected_sub.py"
    shell.write("numbers_of_mine.py", source.read_text())
    told = []
    add = RunRecord.add

    def interrupting(record: Any, event: Any) -> None:
        add(record, event)
        if isinstance(event, CaseFinished):
            told.append(event)
            if len(told) == 3 * 4:  # four of the reports are made of records
                signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(RunRecord, "add", interrupting)
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        ran = shell("verify", "numbers_of_mine.py", *REPORTS)
    finally:
        signal.signal(signal.SIGINT, before)
    assert ran.code == 130
    assert "3 PASS" in ran.out
    assert "interrupted" in ran.out
    lines, junit, sarif, annotations, _, _ = readers(shell.folder)
    assert [row["kind"] for row in lines] == ["run", *["result"] * 3, "summary"]
    assert (junit.tests, junit.errors) == (4, 1)
    assert sarif["invocations"][0]["exitSignalName"] == "SIGINT"
    assert len(annotations) == 1


def whole(read: tuple[Any, ...], name: str, code: int, failed: str) -> None:
    """Each kind holds the one failure, and says that it is not all."""
    lines, junit, sarif, annotations, markdown, text = read
    assert (lines[-1]["kind"], lines[-1]["exit_code"], lines[-1]["interrupted"]) == ("summary", code, True)
    assert [row["verdict"] for row in lines if row["kind"] == "result"] == ["FAIL"]
    assert (junit.failures, junit.errors) == (1, 1)
    assert failed in {f"{case.classname}::{case.name}" for suite in junit for case in suite}
    [invocation] = sarif["invocations"]
    assert (invocation["executionSuccessful"], invocation["exitCode"]) == (False, code)
    assert (invocation["exitSignalName"], len(sarif["results"])) == (name, 1)
    assert [a.level for a in annotations] == ["error", "error"]
    assert f"**ended by {name}: 1" in markdown
    assert "interrupted" in text
