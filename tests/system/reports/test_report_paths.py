"""Paths of reports: checked before anything runs, never half written, nothing overwritten before something was run."""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path
from typing import Any

import pytest

KINDS = ("json", "junit", "sarif", "github", "markdown", "text")
RUN = ("run", "mine.py", "--subject", "engine.py", "--no-save", "--no-diagnosis")
VERIFY = ("verify", "pair.py")
COMMANDS = {"run": RUN, "verify": VERIFY}
PAIR = """
import numpy as np

def f(w):
    return np.sum(w * w)

def f_grad(w):
    return 2 * w

EXAMPLES = {"f": (np.array([0.5, -1.5]),)}
"""


@pytest.fixture
def bench(desk: Any) -> Any:
    """The desk with a pair of functions that is right, and an earlier report."""
    desk.write("pair.py", PAIR)
    desk.write("old.txt", "earlier\n")
    return desk


BAD = {
    "an unknown kind": ("sarf=out", "--report: there is no kind 'sarf'; did you mean 'sarif'?"),
    "no kind at all": ("=out", "--report: there is no kind ''"),
    "a kind in capitals": ("JUnit=out", "did you mean 'junit'?"),
    "no path": ("sarif=", "--report takes sarif=PATH, got 'sarif='"),
    "no equals sign": ("markdown", "--report takes markdown=PATH, got 'markdown'"),
    "a folder as path": ("sarif=.", "--report: '.' cannot be written: Is a directory"),
    "no folder": ("junit=no/where/out.xml", "--report: there is no folder for 'no/where/out.xml'"),
    "a file as folder": ("junit=old.txt/out.xml", "--report: there is no folder for 'old.txt/out.xml'"),
    "a null character": ("text=a\0b", "cannot be written"),
    "a name too long": (f"text={'x' * 300}", "cannot be written"),
    "a loop of links": ("text=loop", "cannot be written"),
    "lines on stdout": ("json=-", "--report json=-: only github and markdown can go to stdout; give a path"),
    "XML on stdout": ("junit=-", "--report junit=-: only github and markdown can go to stdout; give a path"),
    "a folder that cannot be written": ("junit=/proc/out.xml", "'/proc/out.xml' cannot be written"),
}


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("name", BAD)
def test_a_report_that_cannot_be(bench: Any, command: str, name: str) -> None:
    (bench.folder / "loop").symlink_to("loop")
    for file in ("engine.py", "pair.py"):
        bench.write(file, "raise SystemExit('must not be loaded')\n")
    given, says = BAD[name]
    ran = bench(*COMMANDS[command], "--report", "text=old.txt", "--report", given)
    refused(ran, says)
    assert Path("old.txt").read_text() == "earlier\n"


def refused(ran: Any, says: str) -> None:
    """One paragraph on stderr, exit code 2."""
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith("gradcheck: ")
    assert ran.err.count("\n") == 1
    assert says in ran.err


@pytest.mark.parametrize("command", COMMANDS)
def test_two_reports_to_one_path(bench: Any, command: str) -> None:
    (bench.folder / "link").symlink_to("old.txt")
    ran = bench(*COMMANDS[command], "--report", "text=old.txt", "--report", "json=./link")
    refused(ran, "--report: two reports to one place, 'text=old.txt' and 'json=./link'")
    assert Path("old.txt").read_text() == "earlier\n"


@pytest.mark.parametrize("command", COMMANDS)
def test_stdout_that_json_has_already(bench: Any, command: str) -> None:
    ran = bench(*COMMANDS[command], "--format", "json", "--report", "github=-")
    refused(ran, "--report github=- and --format json: stdout can hold one of them; give a path")


@pytest.mark.parametrize("command", COMMANDS)
def test_a_file_that_is_closed(bench: Any, command: str, monkeypatch: Any) -> None:
    monkeypatch.setattr("gradcheck.cli.report_files.os.access", lambda path, mode: False)  # the superuser may write all
    refused(bench(*COMMANDS[command], "--report", "text=old.txt"), "'old.txt' cannot be written: Permission denied")


NOTHING_RUN = {
    "no subject": ("run", "mine.py", "--subject", "nowhere.py"),
    "no suite": ("run", "nowhere.py", "--subject", "engine.py"),
    "an invalid suite": ("run", "broken.py", "--subject", "engine.py"),
    "a wrong flag's value": ("run", "mine.py", "--subject", "engine.py", "--timeout", "0"),
    "no file": ("verify", "nowhere.py"),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", NOTHING_RUN)
def test_nothing_is_overwritten_where_nothing_ran(bench: Any, kind: str, name: str) -> None:
    bench.write("broken.py", "1 / 0\n")
    assert bench(*NOTHING_RUN[name], "--report", f"{kind}=old.txt").code == 2
    assert Path("old.txt").read_text() == "earlier\n"
    assert not Path(".old.txt.gradcheck").exists()


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("kind", KINDS)
def test_a_report_replaces_the_earlier_one_and_leaves_nothing(bench: Any, command: str, kind: str) -> None:
    Path("old.txt").chmod(0o640)
    Path(".old.txt.gradcheck").write_text("of a run that was killed")  # a stale half
    (bench.folder / "link").symlink_to("old.txt")
    before = {path.name for path in bench.folder.iterdir()} - {"__pycache__"}
    assert bench(*COMMANDS[command], "--report", f"{kind}=link").code == 0
    assert "earlier" not in Path("old.txt").read_text()
    assert Path("link").is_symlink()
    assert stat.S_IMODE(Path("old.txt").stat().st_mode) == 0o640
    left = {path.name for path in bench.folder.iterdir()} - {"__pycache__"}
    assert left == (before if kind == "json" else before - {".old.txt.gradcheck"})  # lines need no second file


PROGRESS = re.compile(r"gradcheck: \d+ s; now ")
"""What a slow machine says in between."""


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no device that is always full")
@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "github"])
def test_a_full_disk(bench: Any, command: str, kind: str) -> None:
    ran = bench(*COMMANDS[command], "--report", f"{kind}=/dev/full", "--report", "junit=whole.xml")
    assert ran.code == 0
    assert "PASS" in ran.out
    how = "complete" if kind == "json" else "written"
    told = [line for line in ran.err.splitlines() if not PROGRESS.match(line)]
    assert told == [f"gradcheck: the report '/dev/full' is not {how}: No space left on device"]
    assert Path("whole.xml").exists()


def test_a_disk_that_fills_up_keeps_the_earlier_report(bench: Any, monkeypatch: Any) -> None:
    def full(number: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("gradcheck.report.whole_file.os.fsync", full)
    ran = bench(*RUN, "--report", "junit=old.txt")
    assert ran.code == 0
    assert ran.err == "gradcheck: the report 'old.txt' is not written: No space left on device\n"
    assert Path("old.txt").read_text() == "earlier\n"
    assert not Path(".old.txt.gradcheck").exists()


def test_devices_may_take_several(bench: Any) -> None:
    assert bench(*RUN, "--report", "text=/dev/null", "--report", "junit=/dev/null").code == 0


def test_a_pipe(bench: Any) -> None:
    os.mkfifo("pipe")
    reader = os.open("pipe", os.O_RDONLY | os.O_NONBLOCK)
    try:
        assert bench(*RUN, "--report", "markdown=pipe").code == 0
        assert os.read(reader, 1 << 16).startswith(b"## gradcheck\n")
    finally:
        os.close(reader)
