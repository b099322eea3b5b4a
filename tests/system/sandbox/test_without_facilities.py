"""Children on a system without poll, process groups, fork, readv, resource and fcntl, as Windows is one.

The facilities are hidden here, in the parent and in the child, and real children run through what takes their place.
"""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from importlib.util import module_from_spec, spec_from_file_location
from io import FileIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gradcheck.cli import main
from gradcheck.problem import GraphBuilder
from gradcheck.subject import leftovers, limits, offspring, undisturbed
from gradcheck.subject.channel import Channel, Gone
from gradcheck.subject.command import CommandSubject, command
from gradcheck.subject.polled_pipes import PolledPipes
from gradcheck.subject.threaded_pipes import HELD, ThreadedPipes

MODULES = ("resource", "fcntl")
ATTRIBUTES = {
    "os": ("killpg", "getpgid", "setsid", "fork", "forkpty", "readv", "writev", "set_blocking", "geteuid", "getuid"),
    "select": ("poll", "epoll"),
    "signal": ("pthread_sigmask", "pthread_kill", "sigpending", "SIGHUP"),
}
HOOK = f"""
import importlib, sys
sys.modules.update(dict.fromkeys({MODULES!r}))
for module, names in {ATTRIBUTES!r}.items():
    for name in names:
        vars(importlib.import_module(module)).pop(name, None)
"""


def hide(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in MODULES:
        monkeypatch.setitem(sys.modules, module, None)
    for module, names in ATTRIBUTES.items():
        for name in names:
            monkeypatch.delattr(f"{module}.{name}", raising=False)


WHEREVER = pytest.mark.parametrize("bare", ["parent", "child", "both"], indirect=True)


@pytest.fixture(params=["both"])
def bare(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> str:
    """Where the facilities are missing; all of them are missing there until the test has ended."""
    where: str = request.param
    if where != "parent":
        folder = tmp_path / "hook"
        folder.mkdir()
        (folder / "sitecustomize.py").write_text(HOOK)
        usual = offspring._environment
        monkeypatch.setattr(offspring, "_environment", lambda *given: {**usual(*given), "PYTHONPATH": str(folder)})
    if where != "child":
        hide(monkeypatch)
        monkeypatch.setattr(leftovers, "PROCESSES", tmp_path / "no such folder")
    return where


@WHEREVER
def test_the_facilities_are_missing(bare: str, bench: Any) -> None:
    child = bench.body(
        f"""
        import select, signal
        found = [n for module, names in {ATTRIBUTES!r}.items() for n in names if hasattr(sys.modules[module], n)]
        try:
            import resource
            found.append("resource")
        except ImportError:
            pass
        return float(len(found)), {{}}
        """
    )
    assert bool(bench.ask(child).value == 0) is (bare != "parent")
    assert hasattr(select, "poll") is hasattr(os, "killpg") is (bare == "child")
    kind = PolledPipes if bare == "child" else ThreadedPipes
    assert isinstance(child._child.channel._pipes, kind)


@WHEREVER
@pytest.mark.usefixtures("bare")
def test_a_right_subject_is_heard_again_and_again(bench: Any, truth: Callable[[Any], bool]) -> None:
    child = bench.body("print('hello')\nreturn right(point)")
    answers = [bench.ask(child) for _ in range(20)]
    assert all(map(truth, answers))
    assert "hello" in {answer.stdout.strip() for answer in answers}


@pytest.mark.usefixtures("bare")
def test_questions_and_answers_larger_than_any_pipe(bench: Any) -> None:
    bench.point = {"w": np.arange(400_000.0), "x": np.ones(400_000)}
    made = GraphBuilder()
    w, x = made.parameter("w", (400_000,)), made.input("x", (400_000,))
    bench.graph = made.graph(made.sum(made.square(w * x), name="loss"))
    answer = bench.ask(bench.body("return right(point)"))
    assert np.array_equal(answer.gradients["w"], 2 * bench.point["w"])


@pytest.mark.usefixtures("bare")
@pytest.mark.parametrize("body", ["while True: pass", "time.sleep(1e6)", "while True: print('x' * 1000)"])
def test_hangs(bench: Any, body: str) -> None:
    facts = bench.refused(bench.body(body, timeout=0.3), "GC005")
    assert (facts["seconds"], facts["phase"]) == (0.3, "answering")
    assert len(facts.get("stdout", "")) <= 64 << 10


@pytest.mark.usefixtures("bare")
@pytest.mark.parametrize(
    ("body", "facts"),
    [
        ("os._exit(3)", {"exit_status": 3}),
        ("os.kill(os.getpid(), 9)", {"signal": "SIGKILL"}),
        ("print('last words'); sys.stdout.flush(); os._exit(1)", {"stdout": "last words\n"}),
        ("sys.exit(2)", {"how": "called sys.exit(2)"}),
    ],
    ids=["exits", "killed", "last words", "sys.exit"],
)
def test_crashes(bench: Any, truth: Callable[[Any], bool], body: str, facts: dict[str, Any]) -> None:
    child = bench.body(f"if not os.path.exists({str(bench.folder / 'once')!r}):\n"
                       f"    open({str(bench.folder / 'once')!r}, 'w').close()\n"
                       f"    {body}\nreturn right(point)")  # fmt: skip
    assert facts.items() <= bench.refused(child, "GC006").items()
    assert truth(bench.ask(child)), "another child answers the next question"


@pytest.mark.usefixtures("bare")
@pytest.mark.parametrize(
    "body",
    [
        "for end in range(3, 20):\n    try: os.write(end, b'x' * 65536)\n    except OSError: pass\nreturn right(point)",
        "for end in range(3, 20):\n    try:\n        while os.write(end, b'x' * 65536): pass\n    except OSError: pass",
    ],
    ids=["a little", "without end"],
)
def test_floods_the_answers(bench: Any, body: str) -> None:
    assert "broke the protocol" in bench.refused(bench.body(body, timeout=5.0), "GC006")["how"]


@pytest.mark.usefixtures("bare")
def test_a_child_that_reads_no_question_is_ended(bench: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gradcheck.subject.process.TRANSPORT_SECONDS", 0.5)
    child = bench.subject(
        """
        import sys, time
        def gradients(graph, point):
            frame = sys._getframe()
            while "self" not in frame.f_locals or not hasattr(frame.f_locals["self"], "_receive"):
                frame = frame.f_back
            frame.f_locals["self"]._receive = lambda: time.sleep(1e6)
            return 1.0, {}
        """
    )
    monkeypatch.setattr("gradcheck.subject.process.TRANSPORT_SECONDS", 60.0)
    bench.ask(child)
    monkeypatch.setattr("gradcheck.subject.process.TRANSPORT_SECONDS", 0.5)
    bench.point = {"w": np.zeros(2), "x": np.zeros(2)}
    assert bench.refused(child, "GC005")["phase"] == "answering"


@WHEREVER
def test_what_is_missing_is_shown(bare: str, bench: Any) -> None:
    held = bench.body("return right(point)").guarantees
    assert held["wall clock"] == "enforced"
    assert (held["processes"] == "absent") is (bare != "child")
    own = {held[name] == "absent" for name in limits.SET_BY_CHILD}
    assert own == {bare != "parent"}


@pytest.mark.usefixtures("bare")
def test_nothing_is_left_behind(bench: Any) -> None:
    before = threading.active_count()
    child = bench.body("return float(os.getpid()), {str(os.getcwd()): 0.0}")
    answer = bench.ask(child)
    (folder,) = answer.gradients
    child.close()
    assert not Path(folder).exists()
    assert not Path(f"/proc/{int(answer.value)}").exists()
    until = time.monotonic() + 10
    while threading.active_count() > before and time.monotonic() < until:
        pass
    assert threading.active_count() <= before


@pytest.mark.usefixtures("bare")
def test_verify_and_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    engine = tmp_path / "engine.py"
    engine.write_text(
        "OPS = ['mul', 'add']\n"
        "def gradients(graph, point):\n"
        "    return 14.0, {'a': 7.0, 'b': 9.0, 'c': 2.0}\n"
    )  # fmt: skip
    run = ["run", "worked_examples::S4.b", "--subject", str(engine), "--no-save", "--no-diagnosis"]
    assert main(["verify", str(engine), "--case", "worked_examples::S4.b"]) == 0, capsys.readouterr()
    assert main(run) == 0
    engine.write_text(engine.read_text().replace("9.0", "7.0"))
    assert main(run) == 1
    assert "df/db is 7, should be 9" in capsys.readouterr().out
    pair = tmp_path / "pair.py"
    pair.write_text("def square(x):\n    return x * x\n\n\ndef square_grad(x):\n    return 2 * x\n")
    assert main(["verify", str(pair)]) == 0
    pair.write_text(pair.read_text().replace("2 * x", "3 * x"))
    assert main(["verify", str(pair)]) == 1
    assert "FAIL" in capsys.readouterr().out


@pytest.mark.usefixtures("bare")
def test_a_program_in_another_language(bench: Any, tmp_path: Path) -> None:
    path = tmp_path / "speaks.py"
    path.write_text(
        "import json, os, sys\n"
        "print('{\"gradcheck\": 1}', flush=True); sys.stdin.readline()\n"
        "for line in sys.stdin:\n"
        "    question = json.loads(line)\n"
        "    if question['point']['w'][0] == 7: os._exit(5)\n"
        "    if question['point']['w'][0] == 8: sys.stdin.read()\n"
        "    print(json.dumps({'id': question['id'], 'value': 36.25, 'gradients': {'w': [0.5, -36]}}), flush=True)\n"
    )
    with CommandSubject(command(f"cmd:{sys.executable} {path}"), timeout=0.7) as subject:
        for first, code in ((1.0, ""), (7.0, "GC006"), (8.0, "GC005"), (2.0, "")):
            bench.point["w"] = np.array([first, -2.0])
            if code:
                bench.refused(subject, code)
            else:
                assert bench.ask(subject).gradients["w"].tolist() == [0.5, -36.0]


# --- the pieces -----------------------------------------------------------------------------------------------------


@pytest.fixture(params=[PolledPipes, ThreadedPipes])
def pipes(request: pytest.FixtureRequest) -> Iterator[tuple[Any, list[int]]]:
    """Pipes of either kind, and the other ends: questions, answers, prints."""
    ends = [os.pipe() for _ in range(3)]
    made = request.param(ends[0][1], ends[1][0], ends[2][0])
    theirs = [ends[0][0], ends[1][1], ends[2][1]]
    yield made, theirs
    made.close()
    for end in (*theirs, ends[0][1], ends[1][0], ends[2][0]):
        if end >= 0:
            os.close(end)


def test_nothing_has_come(pipes: tuple[Any, list[int]]) -> None:
    mine, _ = pipes
    assert not mine.wait(0.01)
    assert not mine.has_answer()
    assert mine.answer(10) is None
    assert mine.print() is None


def test_what_comes_is_read_in_order(pipes: tuple[Any, list[int]]) -> None:
    mine, theirs = pipes
    os.write(theirs[1], b"answer")
    os.write(theirs[2], b"print")
    while not mine.wait(10):  # what is printed may come first, and ends a wait as well
        pass
    assert mine.has_answer()
    assert mine.answer(3) == b"ans"
    assert mine.answer(100) == b"wer"
    assert mine.answer(100) is None
    mine.settle(10)
    assert mine.print() == b"print"


def test_a_full_pipe_takes_nothing_and_blocks_nobody(pipes: tuple[Any, list[int]]) -> None:
    mine, theirs = pipes
    piece = memoryview(b"x" * (1 << 20))
    written = 0
    while taken := mine.write(piece):
        written += taken
        mine.wait(0.2, writing=True)
    assert not mine.wait(0.01, writing=True)
    got = len(os.read(theirs[0], 1 << 20))
    while got < written:
        got += len(os.read(theirs[0], 1 << 20))
    mine.wait(10, writing=True)
    assert mine.write(piece) > 0


def test_nobody_reads(pipes: tuple[Any, list[int]]) -> None:
    mine, theirs = pipes
    os.close(theirs[0])
    theirs[0] = -1

    def write_twice() -> None:
        for _ in range(2):
            mine.write(memoryview(b"x"))
            mine.wait(10, writing=True)

    with pytest.raises(OSError, match="pipe"):
        write_twice()


def test_the_end_is_told(pipes: tuple[Any, list[int]]) -> None:
    mine, theirs = pipes
    os.write(theirs[1], b"end")
    for place in (1, 2):
        os.close(theirs[place])
        theirs[place] = -1
    mine.settle(10)
    assert mine.print() == b""
    assert mine.wait(10)
    assert mine.answer(3) == b"end"
    assert mine.wait(10)
    assert not mine.has_answer()
    assert mine.answer(3) == b""


def test_a_thread_reads_ahead_a_little_and_no_more() -> None:
    """A child that writes without end fills its pipe and waits."""
    ends = [os.pipe() for _ in range(3)]
    mine = ThreadedPipes(ends[0][1], ends[1][0], ends[2][0])
    os.set_blocking(ends[1][1], False)
    written, refused = 0, 0
    while refused < 200_000:
        try:
            written += os.write(ends[1][1], b"x" * 4096)
            refused = 0
        except BlockingIOError:
            refused += 1
    assert written < HELD + (1 << 19)
    mine.close()
    for pair in ends:
        os.close(pair[1])
    for pair in ends:
        os.close(pair[0])


class Dead:
    """A process that has ended, while a stranger holds its pipes open."""

    def __init__(self) -> None:
        ends = [os.pipe() for _ in range(3)]
        self.stdin, self.stdout, self.stderr = (
            FileIO(end, mode)
            for end, mode in zip((ends[0][1], ends[1][0], ends[2][0]), ("wb", "rb", "rb"), strict=True)
        )
        self.theirs = (ends[0][0], ends[1][1], ends[2][1])

    def poll(self) -> int:
        return 0


@pytest.mark.parametrize("hidden", [False, True], ids=["poll", "threads"])
def test_a_dead_child_is_noticed_though_its_pipes_are_open(monkeypatch: pytest.MonkeyPatch, hidden: bool) -> None:
    if hidden:
        monkeypatch.delattr("select.poll")
    dead = Dead()
    channel = Channel(dead)  # type: ignore[arg-type]
    os.write(dead.theirs[2], b"its last words")
    with pytest.raises(Gone):
        channel.receive(time.monotonic() + 60, payload=10, most=1)
    assert channel.printed == "its last words"
    channel.close()
    for end in dead.theirs:
        os.close(end)
    for pipe in (dead.stdin, dead.stdout, dead.stderr):
        pipe.close()


def test_windows_ends_descendants_by_taskkill(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[list[str]] = []
    monkeypatch.delattr("os.killpg")
    monkeypatch.setattr("os.name", "nt")
    monkeypatch.setattr(subprocess, "run", lambda line, **options: asked.append(line))

    class Process:
        pid, killed = 123, False

        def kill(self) -> None:
            self.killed = True

    process = Process()
    offspring.kill(process)  # type: ignore[arg-type]
    monkeypatch.undo()
    assert asked == [["taskkill", "/F", "/T", "/PID", "123"]]
    assert process.killed


def _undisturbed(monkeypatch: pytest.MonkeyPatch, *, hidden: bool) -> Any:
    """The module, loaded anew where SIGHUP and pthread_sigmask are missing."""
    if not hidden:
        return undisturbed
    for name in ("SIGHUP", "pthread_sigmask"):
        monkeypatch.delattr(f"signal.{name}")
    spec = spec_from_file_location("undisturbed_bare", undisturbed.__file__)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("hidden", [False, True], ids=["masked", "noted"])
def test_a_signal_waits(monkeypatch: pytest.MonkeyPatch, hidden: bool) -> None:
    module = _undisturbed(monkeypatch, hidden=hidden)
    assert len(module.NUMBERS) == (2 if hidden else 3)
    came: list[str] = []
    before = signal.signal(signal.SIGTERM, lambda number, frame: came.append("handled"))
    try:
        with module.undisturbed():
            signal.raise_signal(signal.SIGTERM)
            came.append("inside")
        came.append("after")
        assert came == ["inside", "handled", "after"]
        signal.raise_signal(signal.SIGTERM)
        assert came[3:] == ["handled"], "the usual handler is back"
    finally:
        signal.signal(signal.SIGTERM, before)
