"""Whatever a subject does, the parent goes on: an answer or a SubjectError, in time, and nothing left behind."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gradcheck.diagnosis.diagnosed import try_and_diagnose
from gradcheck.errors import HarnessFault, SubjectError
from gradcheck.judge.entry_points import ask
from gradcheck.judge.protocol import no_answer
from gradcheck.oracle.symbolic import symbolic
from gradcheck.problem import Case, Cost, GraphBuilder, Growth
from gradcheck.subject.limits import signals_kept_in
from gradcheck.subject.removal import remove
from gradcheck.verdict.result import Verdict

# --- messages --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("raised", ['SubjectError("GC012", x=1)', 'SubjectError("GC003")', 'SubjectError("GC004")'])
def test_a_subject_error_from_the_methods_of_an_answer(bench: Any, raised: str) -> None:
    """`len` of the answer is asked outside the subject's call; what it raises is no error of the harness's."""
    child = bench.body(
        f"""
        from gradcheck.errors import SubjectError
        class Odd(tuple):
            def __len__(self): raise {raised}
        return Odd((1.0, {{}}))
        """
    )
    with pytest.raises(SubjectError) as caught:
        bench.ask(child)
    assert caught.value.code == "GC004"
    assert "the subject raised SubjectError" in no_answer(caught.value).sentence


FORGED = """
    from gradcheck.subject import service
    def forge(self, question, header, arrays=(), send=service.Service._send):
        send(self, question, {FORM} if header["status"] != "begin" else header, arrays)
    service.Service._send = forge
    return right(point)
"""


@pytest.mark.parametrize(
    "form",
    [
        '{"status": "error", "code": "GC004", "facts": {}}',
        '{"status": "error", "code": "GC004", "facts": {"type": "T", "message": "m", "file": "f", "line": [1]}}',
        '{"status": "error", "code": "GC003", "facts": {"looked_for": 3}}',
        '{"status": "error", "code": "GC007", "facts": {"expected": "a"}}',
        '{"status": "training", "mutated": [], "steps": 0, "names": []}',
        '{**header, "gradients": {"unknown": []}, "operations": True}',
    ],
    ids=["no facts", "a line that is a list", "facts of another form", "facts left out", "a training", "a count"],
)
def test_messages_of_another_form(bench: Any, form: str) -> None:
    how = bench.refused(bench.body(FORGED.replace("{FORM}", form)), "GC006")["how"]
    assert how.startswith("broke the protocol")


def test_empty_arrays_with_lengths_that_do_not_fit_together(bench: Any) -> None:
    child = bench.body("return 36.25, {k: np.empty((0, 10**9, 10**9)) for k in 'ab'}")
    assert bench.ask(child).gradients["a"].shape == (0, 10**9, 10**9)
    result = try_and_diagnose("s::c", Case("c", bench.graph, bench.point), child, (symbolic,))
    assert (result.verdict, set(result.codes)) == (Verdict.ERROR, {"GC008", "GC009"})


@pytest.mark.parametrize(
    "flood", ["b'x' * (1 << 20)", "frame({'status': 'answer', 'id': 3, 'arrays': []})"], ids=["noise", "answers"]
)
def test_a_flood_while_the_question_is_sent(bench: Any, flood: str) -> None:
    """A thread writes without end while the parent sends 64 MB: it reads one byte of that and ends the child."""
    child = bench.body(
        f"""
        import json, struct, threading
        def frame(header):
            data = json.dumps(header).encode()
            return struct.pack("<4sIQ", b"gck1", len(data), 0) + data
        def flood():
            while True:
                for fd in range(3, 16):
                    try: os.write(fd, {flood})
                    except OSError: pass
        import gc
        from gradcheck.subject import service
        me = next(o for o in gc.get_objects() if type(o) is service.Service)
        me._read = lambda count: time.sleep(1e6)  # reads no question any more
        answer = right(point)
        me._send_first = me._send
        def send(question, header, arrays=()):
            me._send_first(question, header, arrays)
            if header["status"] == "answer": threading.Thread(target=flood).start()
        me._send = send
        return answer
        """
    )
    bench.ask(child)
    build = GraphBuilder()
    graph = build.graph(build.sum(build.parameter("w", (8 << 20,)), name="loss"))
    with pytest.raises(SubjectError) as caught:
        child.ask(graph, {"w": np.zeros(8 << 20)})
    assert caught.value.code == "GC006"
    assert "broke the protocol" in caught.value.facts["how"]


# --- clean-up --------------------------------------------------------------------------------------------------------


def folder_of(bench: Any, child: Any) -> Path:
    return Path(bench.ask(child).stdout.strip())


@pytest.mark.parametrize(
    "body",
    [
        "for _ in range(900): os.mkdir('d'); os.chdir('d')",
        "for _ in range(2000): os.mkdir('d'); os.chdir('d')",  # beyond what Python's recursion is limited to
        "for _ in range(40): os.mkdir('d' * 250); os.chdir('d' * 250)",  # a path of 10,000 characters
        "os.makedirs('a/b/c'); open('a/b/c/f', 'w').close(); [os.chmod(d, 0) for d in ('a/b/c', 'a/b', 'a')]",
        "open('f', 'w').close(); os.chmod('f', 0); os.chmod('.', 0)",
        "os.symlink('/', 'root'); os.symlink('nowhere', 'gone'); os.mkfifo('pipe'); os.mkdir('moved-0')",
        "os.mkdir(b'\\xff'); open(b'\\xff/\\xfe', 'w').close()",
    ],
    ids=[
        "900 folders",
        "2,000 folders",
        "a long path",
        "no permissions",
        "nor at the top",
        "links",
        "names that are no text",
    ],
)
def test_nothing_is_left_behind(bench: Any, body: str) -> None:
    child = bench.body(f"print(os.getcwd())\n{body}\nreturn right(point)")
    folder = folder_of(bench, child)
    assert folder.is_dir()
    child.close()
    assert not os.path.lexists(folder)
    assert Path("/").is_dir()


def test_a_folder_that_is_gone_already(bench: Any) -> None:
    child = bench.body("print(os.getcwd())\nos.rmdir(os.getcwd())\nreturn right(point)")
    assert not folder_of(bench, child).exists()
    child.close()


def test_what_the_system_will_not_remove_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An immutable file: whatever is tried, the system refuses; all else goes."""
    (tmp_path / "top" / "a" / "b").mkdir(parents=True)
    (tmp_path / "top" / "a" / "b" / "kept").touch()
    (tmp_path / "top" / "a" / "gone").touch()
    unlink = Path.unlink

    def refuses(path: Path) -> None:
        if path.name == "kept":
            raise PermissionError
        unlink(path)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "unlink", refuses)
        remove(tmp_path / "top")
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["kept"]
    remove(tmp_path / "top")
    assert list(tmp_path.iterdir()) == []


# --- signals ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("target", ["os.kill(os.getpid(), 19)", "os.killpg(0, 19)"], ids=["itself", "its group"])
def test_a_subject_that_stops_itself(bench: Any, truth: Any, target: str) -> None:
    child = bench.body(f"if point['w'][0] == 7: {target}\nreturn right(point)", timeout=0.3)
    with pytest.raises(SubjectError) as caught:
        child.ask(bench.graph, {**bench.point, "w": np.array([7.0, 0.0])})
    assert caught.value.code == "GC005"
    child._timeout = 20.0
    assert truth(bench.ask(child))


def test_a_subject_that_stops_itself_while_loading(bench: Any) -> None:
    child = bench.subject("import os\nos.kill(os.getpid(), 19)\n", load_timeout=0.3)
    assert bench.refused(child, "GC005")["phase"] == "loading"


def test_a_subject_that_is_stopped_while_it_is_sent_a_question(bench: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    child = bench.body("return os.getpid(), {}")
    os.kill(int(bench.ask(child).value), signal.SIGSTOP)
    monkeypatch.setattr("gradcheck.subject.process.TRANSPORT_SECONDS", 0.3)
    build = GraphBuilder()
    graph = build.graph(build.sum(build.parameter("w", (1 << 18,)), name="loss"))
    with pytest.raises(SubjectError) as caught:
        child.ask(graph, {"w": np.zeros(1 << 18)})
    assert caught.value.code == "GC005"


@pytest.mark.skipif(not signals_kept_in(), reason="keeping signals in needs Landlock 6 (Linux 6.12)")
def test_a_subject_cannot_signal_the_parent(bench: Any, truth: Any) -> None:
    """SIGCONT, which does no harm, where SIGSTOP would hang this test for ever at the commit that it is written for."""
    child = bench.body("os.kill(os.getppid() if point['w'][0] == 7 else os.getpid(), 18)\nreturn right(point)")
    with pytest.raises(SubjectError) as caught:
        child.ask(bench.graph, {**bench.point, "w": np.array([7.0, 0.0])})
    assert (caught.value.code, caught.value.facts["type"]) == ("GC004", "PermissionError")
    assert truth(bench.ask(child))


# --- what the system does not give -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("number", "hint"),
    [(errno.EMFILE, "about 32 open files"), (errno.EAGAIN, "limit on processes"), (errno.ENOENT, "No such file")],
)
def test_a_child_that_cannot_be_started(
    bench: Any, monkeypatch: pytest.MonkeyPatch, number: int, hint: str, tmp_path: Path
) -> None:
    def refuses(*args: Any, **options: Any) -> None:
        raise OSError(number, os.strerror(number))

    child = bench.body("return right(point)")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr(subprocess, "Popen", refuses)
    with pytest.raises(HarnessFault, match=f"a child process for the subject cannot be started: .*{hint}"):
        bench.ask(child)
    assert not list(tmp_path.glob("gradcheck-*"))


def test_no_temporary_folder(bench: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", "/nowhere")
    with pytest.raises(HarnessFault, match=r"cannot be started: .*/nowhere"):
        bench.ask(bench.body("return right(point)"))


# --- counts ----------------------------------------------------------------------------------------------------------

ENGINE = """
    import numpy as np
    VALUES = {"sin": np.sin, "mul": lambda x, y: x * y, "add": lambda x, y: x + y}
    SLOPES = {"sin": lambda x: (np.cos(x),), "mul": lambda x, y: (y, x), "add": lambda x, y: (1.0, 1.0)}
    def gradients(graph, point):
        values, adjoints = [None] * len(graph), [0.0] * len(graph)
        for i in graph.order.tolist():
            name = graph.names[i]
            values[i] = point[name] if name in point else graph.constants.get(i)
            if values[i] is None:
                values[i] = VALUES[graph.op(i)](*(values[j] for j in graph.arguments(i)))
        def visit(i, adjoint):
            adjoints[i] = adjoints[i] + adjoint
            at = graph.arguments(i)
            for j, slope in zip(at, SLOPES[graph.op(i)](*(values[k] for k in at)) if at else ()):
                visit(j, adjoint * slope)
        visit(graph.loss, np.asarray(1.0))
        TAMPER
        return values[graph.loss], {"w": np.asarray(adjoints[graph.parameters[0]])}
"""


def diamonds(depth: int) -> Case:
    build = GraphBuilder()
    v = build.parameter("w")
    for _ in range(depth):
        v = build.sin(v) + 0.1 * v
    return Case(f"{depth} diamonds", build.graph(v), {"w": 0.75})


@pytest.mark.parametrize(
    ("tamper", "code"),
    [
        ("pass", "GC065"),
        ("if hasattr(point['w'], 'meter'): point['w'].meter.operations = 20 * len(graph)", "GC065"),
        ("kind = type(point['w']); kind is np.ndarray or setattr(kind, '__array_ufunc__', None)", "GC064"),
        (
            "kind = type(point['w']); "
            "kind is np.ndarray or type.__setattr__(kind, '__array_ufunc__', np.ndarray.__array_ufunc__)",
            "GC064",
        ),
        ("np.size = lambda value: 0", "GC064"),
        (
            "from gradcheck.problem import counting; w = point['w']; "
            "isinstance(w, counting.Counted) and w.view(counting.Meter().kind)",
            "GC064",
        ),
    ],
    ids=["none", "its meter", "its class", "its class by force", "numpy", "another meter"],
)
def test_a_count_that_the_subject_would_rather_set(bench: Any, tamper: str, code: str) -> None:
    """An engine that visits every path, and then sets right what was counted."""
    child = bench.subject(ENGINE.replace("TAMPER", tamper))
    cost = Cost("c", diamonds, (2, 5, 10), Growth("nodes", 1.0, measure=lambda case: float(len(case.graph))))
    result = try_and_diagnose("s::c", cost, child, (symbolic,))
    assert result.codes == (code,)


def test_the_limit_on_operations_reaches_the_child(bench: Any) -> None:
    child = bench.subject(ENGINE.replace("TAMPER", "pass"))
    with pytest.raises(SubjectError) as caught:
        ask(child, diamonds(40), count=True, most=1_000)
    assert (caught.value.code, caught.value.facts["operations"]) == ("GC065", 1_000)
    assert ask(child, diamonds(2), count=True, most=1_000).operations is not None
