"""SIGINT, SIGTERM and SIGHUP: what is finished is reported, and neither process nor file is left behind."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

COMMAND = (sys.executable, "-c", "import sys; from gradcheck.cli import main; sys.exit(main())")

ENGINE = """
import os

def gradients(graph, point):
    if "w" in graph.names:  # the second case: say which process this is, and wait until somebody reads
        with open(MEETING, "w") as pipe:
            pipe.write(str(os.getpid()))
        with open(MEETING) as pipe:
            pipe.read()
    return 14.0, {"a": 7.0, "b": 7.0, "c": 2.0}  # b should be 9
"""


def _heeds_signals() -> None:
    """A run in the background, or under nohup, inherits that signals are ignored, and rightly goes on ignoring them."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)


@contextmanager
def in_the_second_case(desk: Any, *options: str) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """A run whose first case has failed, and whose second never ends; its child's process."""
    pipe = desk.folder / "meeting"
    os.mkfifo(pipe)
    desk.write("waits.py", ENGINE.replace("MEETING", repr(str(pipe))))
    (desk.folder / "temporary").mkdir()
    line = (*COMMAND, "run", "mine.py", "--subject", "waits.py", "--timeout", "50", *options)
    with subprocess.Popen(
        line,
        cwd=desk.folder,
        env=os.environ | {"TMPDIR": str(desk.folder / "temporary")},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=_heeds_signals,
    ) as run:
        try:
            child = int(pipe.read_text())
            yield run, child
        finally:
            run.kill()


def gone(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return True
    state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    return state == "Z"


@contextmanager
def watched(*processes: int) -> Iterator[Callable[[], None]]:
    """Something that waits until all these processes have ended; it fails if one does not within a minute."""
    handles = [os.pidfd_open(process) for process in processes]

    def ended() -> None:
        for handle in handles:
            assert select.select([handle], [], [], 60)[0], "a process outlives the run"

    try:
        yield ended
    finally:
        for handle in handles:
            os.close(handle)


def descendants(process: int) -> list[int]:
    """Every process that this one has started, and those that these have."""
    children = Path(f"/proc/{process}/task/{process}/children").read_text().split()
    return [below for child in map(int, children) for below in (child, *descendants(child))]


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_what_is_finished_is_reported_and_nothing_left(desk: Any, number: int, code: int) -> None:
    with in_the_second_case(desk, "--report", "json=out.jsonl") as (run, child):
        assert list((desk.folder / "temporary").iterdir())
        run.send_signal(number)
        out, err = run.communicate(timeout=60)
    assert (run.returncode, err) == (code, "")
    for words in ("1 FAIL", "df/db is 7, should be 9", "interrupted"):
        assert words in out
    assert gone(child)
    assert list((desk.folder / "temporary").iterdir()) == []
    head, result, summary = map(json.loads, (desk.folder / "out.jsonl").read_text().splitlines())
    assert (head["cases"], result["verdict"]) == (2, "FAIL")
    assert (summary["exit_code"], summary["interrupted"], summary["diagnosis"]) == (code, True, None)


def test_json_on_stdout_is_whole_after_a_signal(desk: Any) -> None:
    with in_the_second_case(desk, "--format", "json") as (run, _):
        run.send_signal(signal.SIGTERM)
        out, _ = run.communicate(timeout=60)
    document = json.loads(out)
    assert (document["exit_code"], [r["verdict"] for r in document["results"]]) == (143, ["FAIL"])


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux ends a child in an endless loop")
def test_what_is_finished_survives_even_sigkill(desk: Any) -> None:
    with in_the_second_case(desk, "--report", "json=out.jsonl") as (run, child), watched(child) as ended:
        run.kill()
        run.wait(60)
        ended()
    head, result = map(json.loads, (desk.folder / "out.jsonl").read_text().splitlines())
    assert (head["kind"], result["kind"], result["verdict"]) == ("run", "result", "FAIL")


def test_handlers_are_put_back(desk: Any) -> None:
    before: list[Any] = [signal.getsignal(n) for n in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)]
    desk("run", "mine.py", "--list")
    assert [signal.getsignal(n) for n in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)] == before


def test_a_signal_while_an_event_is_told_is_thrown_in_after_it() -> None:
    from gradcheck.cli.signals import Signals
    from gradcheck.errors import Interrupted

    def source() -> Any:
        try:
            yield "first"
            yield "second"
        except Interrupted as asked:
            yield f"ended by {asked.number}"

    told = []
    raised: Callable[[int], None] = signal.raise_signal
    with Signals() as signals:
        for event in signals.events(source()):
            if event == "first":
                raised(signal.SIGTERM)  # nothing is raised here
            told.append(event)
        assert told == ["first", "ended by 15"]
        with pytest.raises(Interrupted):  # the second one
            raised(signal.SIGTERM)


def test_ctrl_c_while_a_failure_is_told_discards_nothing(desk: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from gradcheck.report.console import ConsoleReport
    from gradcheck.run.events import CaseFinished

    desk.write("doubles.py", "def gradients(graph, point):\n    return 14.0, {'a': 7.0, 'b': 7.0, 'c': 2.0}\n")
    tell = ConsoleReport.add

    def interrupted(report: Any, event: Any) -> None:
        if isinstance(event, CaseFinished):
            signal.raise_signal(signal.SIGINT)
        tell(report, event)

    monkeypatch.setattr(ConsoleReport, "add", interrupted)
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        ran = desk("run", "mine.py", "--subject", "doubles.py", "--no-diagnosis")
    finally:
        signal.signal(signal.SIGINT, before)
    assert ran.code == 130
    assert "1 FAIL" in ran.out
    assert "mine.py::branches" in ran.out


def test_a_pipe_has_the_first_failure_while_the_second_case_runs(desk: Any) -> None:
    with in_the_second_case(desk, "--no-diagnosis") as (run, _):
        assert run.stdout is not None
        os.set_blocking(run.stdout.fileno(), False)
        told = os.read(run.stdout.fileno(), 1 << 16).decode()
    assert "mine.py::branches" in told
    assert "FAIL" in told


FOUR = """
    import gradcheck

    @gradcheck.case
    def four():
        for k in range(4):
            build = gradcheck.GraphBuilder()
            graph = build.graph(build.square(build.parameter(f"{'waits' if k in (0, 2) else 'goes'}")))
            yield gradcheck.Case(f"case {k}", graph, {graph.names[graph.parameters[0]]: 1.0})
"""

WAITS = """
def gradients(graph, point):
    (name, x), = point.items()
    if name == "waits":
        with open(MEETING, "w") as pipe:
            pipe.write("here ")
        while True:
            pass
    return x**2, {name: 2 * x}
"""


@contextmanager
def two_at_work(desk: Any, *options: str) -> Iterator[tuple[subprocess.Popen[str], list[int]]]:
    """A run with two workers, each in an endless case, the second case finished; its process and all below it."""
    pipe = desk.folder / "meeting"
    os.mkfifo(pipe)
    desk.write("waits.py", WAITS.replace("MEETING", repr(str(pipe))))
    desk.write("four.py", FOUR)
    temporary = desk.folder / "temporary"
    temporary.mkdir()
    line = (*COMMAND, "run", "four.py", "--subject", "waits.py", "--timeout", "500", "--jobs", "2", *options)
    with subprocess.Popen(
        line,
        cwd=desk.folder,
        env=os.environ | {"TMPDIR": str(temporary)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=_heeds_signals,
        start_new_session=True,
    ) as run:
        try:
            said = ""
            while said.count("here") < 2:  # the pipe ends whenever nobody writes
                said += pipe.read_text()
            below = descendants(run.pid)
            assert len(below) == 5  # two workers, two children of theirs, and this process's own
            yield run, below
        finally:
            run.kill()


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="it looks at /proc")
@pytest.mark.parametrize("group", [False, True], ids=["the process", "its group"])
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_workers_end_with_the_run(desk: Any, number: int, code: int, group: bool) -> None:
    with two_at_work(desk, "--report", "json=out.jsonl") as (run, below), watched(*below) as ended:
        assert len(list((desk.folder / "temporary").iterdir())) == 3
        (os.killpg if group else os.kill)(run.pid, number)
        out, err = run.communicate(timeout=100)
        ended()
    assert (run.returncode, err) == (code, "")
    assert "1 PASS" in out
    assert "interrupted" in out
    assert list((desk.folder / "temporary").iterdir()) == []
    assert not (desk.folder / "out.jsonl.waiting").exists()
    head, result, summary = map(json.loads, (desk.folder / "out.jsonl").read_text().splitlines())
    assert (head["cases"], result["address"], result["verdict"]) == (4, "four.py::case 1", "PASS")
    assert (summary["exit_code"], summary["interrupted"]) == (code, True)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux ends a child in an endless loop")
def test_after_sigkill_all_processes_end_and_the_next_run_tidies_up(desk: Any) -> None:
    temporary = desk.folder / "temporary"
    with two_at_work(desk, "--report", "json=out.jsonl") as (run, below), watched(*below) as ended:
        run.kill()
        run.wait(60)
        ended()
    assert list(temporary.iterdir())
    assert [json.loads(line)["kind"] for line in (desk.folder / "out.jsonl").read_text().splitlines()] == ["run"]
    waiting = desk.folder / "out.jsonl.waiting"
    (early,) = map(json.loads, waiting.read_text().splitlines())
    assert (early["kind"], early["address"], early["verdict"]) == ("result", "four.py::case 1", "PASS")
    environment = os.environ | {"TMPDIR": str(temporary)}
    again = subprocess.run(
        (*COMMAND, "run", "mine.py", "--subject", "engine.py", "--report", "json=out.jsonl"),
        cwd=desk.folder,
        env=environment,
        timeout=100,
        check=True,
    )
    assert again.returncode == 0
    assert list(temporary.iterdir()) == []
    assert not waiting.exists()
