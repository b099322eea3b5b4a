"""Subjects that want to be judged right without being so, or to do harm."""

from __future__ import annotations

import os
import select
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gradcheck.errors import SubjectError

FORGE = """
    import json, struct
    def frame(header, raw=b""):
        data = json.dumps(header).encode()
        return struct.pack("<4sIQ", b"gck1", len(data), len(raw)) + data + raw
    def everywhere(data):
        for fd in range(3, 64):
            try:
                os.write(fd, data)
            except OSError:
                pass
"""


def test_what_is_printed_is_only_printed(bench: Any, truth: Any) -> None:
    child = bench.body(
        FORGE + "    for out in (1, 2): os.write(out, frame({'status': 'answer', 'id': 3}))\n"
        "    print('PASS 100/100'); print('score', file=sys.stderr); sys.stdout.buffer.write(bytes(range(256)))\n"
        "    return right(point)"
    )
    answer = bench.ask(child)
    assert truth(answer)
    assert "PASS 100/100" in answer.stdout
    assert "score" in answer.stdout


def test_a_flood_of_output_is_capped(bench: Any, truth: Any) -> None:
    child = bench.body("for _ in range(300): print('x' * 10_000)\nreturn right(point)")
    for _ in range(2):
        answer = bench.ask(child)
        assert truth(answer)
        assert len(answer.stdout) <= 64 << 10


@pytest.mark.parametrize(
    "forged",
    [
        "b'nonsense that is no frame at all'",
        "frame({'status': 'answer', 'id': 10**6, 'arrays': []})",
        "frame({'status': 'answer', 'arrays': [['|O', [1], 1]]}, bytes(8))",
        "frame({'status': 'answer', 'arrays': [['<f8', [10**9], 1]]}, bytes(8))",
        "frame({'status': 'answer', 'arrays': [['|u1', [0], 10**12]]})",
        "frame({'status': 'answer', 'arrays': '['})",
        "struct.pack('<4sIQ', b'gck1', 1 << 31, 1 << 62)",
        "struct.pack('<4sIQ', b'gck1', 200_000, 0) + b'[' * 200_000",
    ],
)
def test_forged_frames_are_no_answer(bench: Any, forged: str) -> None:
    child = bench.body(FORGE + f"    everywhere({forged})\n    return right(point)")
    facts = bench.refused(child, "GC006")
    assert facts["how"].startswith("broke the protocol")


def test_a_well_made_forgery_is_an_answer_and_nothing_more(bench: Any) -> None:
    """Whoever forges an answer has given it; the one that comes besides breaks the protocol at the next question."""
    child = bench.body(
        FORGE + "    import gradcheck.subject.service as service, gc\n"
        "    me = next(o for o in gc.get_objects() if type(o) is service.Service)\n"
        "    from gradcheck.subject import answer, received_answers as answers\n"
        "    false = answer.Answer(np.float64(7).reshape(()), {}, None)\n"
        "    me._send(3, *answers.answer_to_wire(false, answers.Vocabulary(graph, point)))\n"
        "    return right(point)"
    )
    assert bench.ask(child).value == 7.0
    assert "broke the protocol" in bench.refused(child, "GC006")["how"]


def test_closing_every_descriptor(bench: Any) -> None:
    facts = bench.refused(bench.body("os.closerange(0, 64)\ntime.sleep(1e6)"), "GC006")
    assert facts["how"] == "closed the pipe that answers go through"


def test_a_subclass_that_answers_for_itself(bench: Any) -> None:
    child = bench.body(
        """
        class Agreeable(np.ndarray):
            def __array_function__(self, *a, **k): return True
            def __array_ufunc__(self, *a, **k): return True
            def __eq__(self, other): return True
            def __array__(self, *a, **k): raise RuntimeError
            def tobytes(self): return bytes(16)
            shape = (5, 5)
            dtype = object
            nbytes = 0
        return 1.0, {"w": np.array([3.0, 4.0]).view(Agreeable)}
        """
    )
    gradient = bench.ask(child).gradients["w"]
    assert type(gradient) is np.ndarray
    assert gradient.tolist() == [3.0, 4.0]


def test_mutations_are_seen(bench: Any) -> None:
    def mutated(body: str) -> tuple[str, ...]:
        answer = bench.ask(bench.body(f"{body}\nreturn 1.0, {{}}"))
        return tuple(answer.mutated)

    assert mutated("point['w'] += 1") == ("point['w']",)
    assert mutated("point['x'][1] = -0.0; point['w'] = point['w'].copy()") == ("point['w']", "point['x']")
    assert mutated("del point['w']; point['new'] = 1") == ("point['w']", "point['new']")
    assert mutated("point['w'].shape = (2, 1)") == ("point['w']",)
    assert mutated("object.__setattr__(graph, 'loss', 0)") == ("Graph.loss",)
    assert mutated("graph.inputs.flags.writeable = True; graph.inputs[0] = 1") == ("Graph.inputs",)
    assert mutated("graph.codes.flags.writeable = True; graph.codes[:] = graph.codes") == ()


def test_mutation_does_not_reach_the_next_question(bench: Any) -> None:
    child = bench.body("answer = right(point)\npoint['w'] *= 0\nreturn answer")
    first, second = bench.ask(child), bench.ask(child)
    assert first.value == second.value == 36.25
    assert bench.point["w"].tolist() == [1.0, -2.0]


def test_a_fork_that_returns_answers_once(bench: Any, truth: Any) -> None:
    child = bench.body("if os.fork() == 0: time.sleep(0.0)\nreturn right(point)")
    for _ in range(3):
        assert truth(bench.ask(child))


@pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="watching another's child needs pidfd_open")
@pytest.mark.parametrize("leaves", ["pass", "os.setsid() or os.fork() and os._exit(0)"], ids=["group", "daemon"])
def test_grandchildren_end_too(bench: Any, leaves: str) -> None:
    child = bench.body(
        f"""
        read, write = os.pipe()
        if os.fork() == 0:
            {leaves}
            os.write(write, b"%d." % os.getpid())
            time.sleep(1e6)
        return int(os.read(read, 16).split(b".")[0]), {{}}
        """
    )
    watched = os.pidfd_open(int(bench.ask(child).value))
    try:
        poll = select.poll()
        poll.register(watched, select.POLLIN)
        assert not poll.poll(0)
        child.close()
        assert poll.poll(10_000)
    finally:
        os.close(watched)


def test_what_the_child_inherits(bench: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRADER_TOKEN", "secret")
    monkeypatch.setenv("PYTHONPATH", str(bench.folder))
    child = bench.body(
        """
        print(sorted(os.environ)); print(os.getcwd()); print(repr(sys.stdin.read())); print(sys.argv)
        print(sys.flags.hash_randomization, sys.flags.safe_path, sys.flags.no_user_site)
        return float(os.getsid(0) == os.getpid()), {}
        """
    )
    answer = bench.ask(child)
    assert answer.value == 1.0
    environment, folder, stdin, argv, flags = answer.stdout.splitlines()
    assert "GRADER_TOKEN" not in environment
    assert "PYTHONPATH" not in environment
    assert "gradcheck-" in folder
    assert Path(folder).is_dir()
    assert stdin == "''"
    assert argv == str([str(bench.folder / "engine.py")])
    assert flags == "0 True 1"
    child.close()
    assert not Path(folder).exists()


def test_limits_are_set_before_the_file_is_read(bench: Any) -> None:
    child = bench.subject(
        """
        import resource
        held = [resource.getrlimit(getattr(resource, f"RLIMIT_{n}"))[1] for n in ("AS", "CORE", "FSIZE", "CPU")]
        def gradients(graph, point):
            return 1.0, {str(i): n for i, n in enumerate(held)}
        """,
        memory=3 << 30,
    )
    memory, core, size, processor = (int(n) for n in bench.ask(child).gradients.values())
    assert (memory, core, size) == (3 << 30, 0, 64 << 20)
    assert 0 < processor < 1 << 31
    assert {"memory", "wall clock", "network"} <= set(child.guarantees)
    assert child.guarantees["memory"] in ("enforced", "partial")
    assert child.guarantees["network"] == "absent"


def test_without_a_sandbox_reports_say_so(bench: Any) -> None:
    child = bench.body("return right(point)", sandbox="none")
    assert child.guarantees["memory"] == "absent"
    assert child.guarantees["wall clock"] == "enforced"


def test_no_file_may_grow_without_end(bench: Any) -> None:
    child = bench.body("with open('big', 'wb') as f:\n    f.truncate(1 << 30)\nreturn 1.0, {}")
    assert bench.refused(child, "GC004")["type"] == "OSError"


def test_tampering_with_our_own_modules(bench: Any) -> None:
    """In its own process a subject may do as it likes; what leaves it is still only an answer, checked on arrival."""
    child = bench.body(
        """
        from gradcheck.subject import received_answers as answers
        answers.answer_to_wire = lambda answer, names: ({"status": "verdict", "verdict": "PASS"}, [])
        from gradcheck.subject import service
        service.answer_to_wire = answers.answer_to_wire
        return right(point)
        """
    )
    assert "broke the protocol" in bench.refused(child, "GC006")["how"]


@pytest.mark.parametrize("names", ['["gradients", "verdict"]', "[]", "[[]]", "3", "None"])
def test_entry_points_that_are_none(bench: Any, names: str) -> None:
    child = bench.subject(
        f"""
        from gradcheck.subject import service
        def forge(self, question, header, arrays=(), send=service.Service._send):
            send(self, question, {{**header, "entry_points": {names}}}, arrays)
        service.Service._send = forge
        def gradients(graph, point): return 1.0, {{}}
        """
    )
    assert bench.refused(child, "GC006")["phase"] == "loading"


def test_errors_that_are_not_the_child_s_to_give(bench: Any) -> None:
    child = bench.body(
        """
        from gradcheck.subject import service
        service.answer_to_wire = lambda *a: ({"status": "error", "code": "GC999", "facts": {}}, [])
        return right(point)
        """
    )
    assert "broke the protocol" in bench.refused(child, "GC006")["how"]


def test_a_subject_error_of_its_own_making_is_an_exception(bench: Any) -> None:
    child = bench.body("from gradcheck.errors import SubjectError\nraise SubjectError('GC005', seconds=1)")
    assert bench.refused(child, "GC004")["type"] == "SubjectError"


def test_an_interrupted_question_leaves_no_answer_behind(bench: Any, truth: Any, monkeypatch: Any) -> None:
    child = bench.body("return right(point)")
    assert truth(bench.ask(child))
    with monkeypatch.context() as patch:
        patch.setattr(
            "gradcheck.subject.channel.Channel.receive", lambda *a, **k: (_ for _ in ()).throw(KeyboardInterrupt)
        )
        with pytest.raises(KeyboardInterrupt):
            bench.ask(child)
    assert truth(child.ask(bench.graph, {"w": np.array([1.0, -2.0]), "x": np.array([0.5, 3.0])}))


def test_closing_twice(bench: Any) -> None:
    child = bench.body("return right(point)")
    bench.ask(child)
    child.close()
    child.close()
    with bench.body("return None") as other, pytest.raises(SubjectError):
        bench.ask(other)
