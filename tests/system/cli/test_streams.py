"""A report finds its way: ASCII alone, stdout full or closed; and signs of life where nobody looks at a terminal."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from gradcheck.report.progress import Progress
from gradcheck.run.events import CaseFinished, CaseStarted, Diagnosing, Started
from gradcheck.verdict.result import Result, Verdict

PROGRAM = f'"{sys.executable}" -c "import sys; from gradcheck.cli import main; sys.exit(main())"'
needs_full = pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no device that is always full")


def ran(desk: Any, line: str, **environment: str) -> subprocess.CompletedProcess[str]:
    line = f"{PROGRAM} run --no-timings mine.py --subject engine.py {line}"
    kept = {k: v for k, v in os.environ.items() if k not in ("CI", "FORCE_COLOR")} | environment
    return subprocess.run(
        ["bash", "-c", line], cwd=desk.folder, env=kept, capture_output=True, text=True, check=False, timeout=60
    )


@pytest.fixture
def wrong(desk: Any, engine: str) -> Any:
    """A desk whose engine is wrong in one case."""
    desk.write("engine.py", engine.replace("bars[name] = bars[name] + bar", "bars[name] = bar"))
    return desk


def test_an_ascii_console_gets_ascii(wrong: Any) -> None:
    told = ran(wrong, "--no-diagnosis -v", PYTHONIOENCODING="ascii")
    assert told.returncode == 1
    assert "truth                9" in told.stdout
    assert "+- " in told.stdout
    assert told.stdout.isascii()
    assert told.stderr.splitlines() == [
        "gradcheck: characters that ascii has not were replaced; PYTHONIOENCODING=utf-8 keeps them"
    ]


@pytest.mark.parametrize("to", [">&-", pytest.param(">/dev/full", marks=needs_full)])
@pytest.mark.parametrize("form", ["console", "json"])
def test_what_stdout_does_not_take_goes_to_stderr(wrong: Any, to: str, form: str) -> None:
    told = ran(wrong, f"--no-diagnosis --format {form} {to}")
    assert (told.returncode, told.stdout) == (1, "")
    assert told.stderr.startswith("gradcheck: stdout cannot be written (")
    assert "worked" not in told.stderr
    assert ("1 FAIL" if form == "console" else '"exit_code": 1') in told.stderr


@pytest.mark.parametrize("to", [">&- 2>&-", pytest.param(">/dev/full 2>/dev/full", marks=needs_full)])
def test_where_nothing_arrives_the_exit_code_says_so(wrong: Any, to: str) -> None:
    assert ran(wrong, f"--no-diagnosis {to}").returncode == 2
    assert ran(wrong, f"--no-diagnosis --report json=out.jsonl {to}").returncode == 1
    assert "summary" in (wrong.folder / "out.jsonl").read_text()


class Clock:
    """Tells the seconds that it was set to."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_pipe_gets_a_line_after_a_silence_and_none_before() -> None:
    clock, stream, others = Clock(), io.StringIO(), Clock()
    progress = Progress(stream, live=False, others=others, clock=clock)
    progress.add(Started(380, "engine.py", False, None))
    for verdict in ("PASS", "FAIL", "FAIL"):
        progress.add(CaseFinished(Result("local_rules::abs", Verdict(verdict))))
    progress.add(CaseStarted("local_rules::exp"))
    clock.now = 7.0
    progress.look()
    assert stream.getvalue() == ""
    clock.now = 9.0
    progress.look()
    progress.look()
    assert stream.getvalue() == "gradcheck: 3 of 380 cases, 2 FAIL, 9 s; now local_rules::exp\n"
    others.now, clock.now = 15.0, 18.0  # the report itself was written to at 15
    progress.look()
    assert stream.getvalue().count("\n") == 1
    progress.add(Diagnosing("looking for the cause"))
    clock.now = 23.0
    progress.look()
    assert stream.getvalue().splitlines()[1:] == ["gradcheck: 3 of 380 cases, 2 FAIL, 23 s; now looking for the cause"]
    assert "\x1b" not in stream.getvalue()


def test_a_command_may_want_a_line_after_a_shorter_silence() -> None:
    clock, stream = Clock(), io.StringIO()
    progress = Progress(stream, live=False, silence=2.0, clock=clock)
    progress.now("reading engine.py")
    for clock.now in (1.9, 2.0):
        progress.look()
    assert stream.getvalue() == "gradcheck: 2 s; now reading engine.py\n"


def test_a_terminal_has_one_line_that_goes_away() -> None:
    clock, stream = Clock(), io.StringIO()
    with Progress(stream, live=True, width=50, clock=clock) as progress:
        progress.add(Started(4, "engine.py", False, None))
        progress.add(CaseFinished(Result("s::a", Verdict.PASS)))
        progress.add(CaseStarted("s::" + "long" * 20))
        progress.look()
        shown = stream.getvalue().rpartition("\x1b[2K")[2]
        assert shown.startswith("[#####...............] 1 of 4 cases, 0 s; now")
        assert len(shown) < 50
        with progress.aside():
            assert stream.getvalue().endswith("\x1b[2K")
            stream.write("the report")
    assert "\n" not in stream.getvalue()


def test_a_pipe_is_not_animated_by_force_color(wrong: Any) -> None:
    told = ran(wrong, "--no-diagnosis", FORCE_COLOR="1", TERM="xterm-256color")
    assert "\x1b[2K" not in told.stdout + told.stderr
    assert "\r" not in told.stdout + told.stderr
