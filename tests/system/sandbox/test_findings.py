"""Each way of giving no answer has its own code and facts, and leaves the next question unharmed."""

from __future__ import annotations

import os
import select
import signal
from typing import Any

import numpy as np
import pytest

from gradcheck.errors import SubjectError, UsageError


def test_a_right_subject_is_heard(bench: Any, truth: Any) -> None:
    child = bench.body("return right(point)")
    assert child.entry_points() == {"gradients"}
    answer = bench.ask(child)
    assert truth(answer)
    assert answer.adjoints is None
    assert answer.mutated == ()
    assert answer.stdout == ""
    assert answer.value.dtype == np.float64
    assert type(answer.gradients["w"]) is np.ndarray


def test_adjoints_and_dtypes_travel_as_they_are(bench: Any) -> None:
    child = bench.body(
        "return 1, {'w': np.array([np.nan, np.inf], np.float32), 'other': True}, {'loss': 1.5, 'w': np.arange(2)}"
    )
    answer = child.ask(bench.graph, bench.point, np.float32)
    assert answer.value.dtype.kind == "i"
    assert answer.gradients["w"].dtype == np.float32
    assert np.isnan(answer.gradients["w"][0])
    assert np.isposinf(answer.gradients["w"][1])
    assert answer.gradients["other"].dtype == bool
    assert answer.adjoints is not None
    assert answer.adjoints["loss"] == 1.5
    assert answer.adjoints["w"].tolist() == [0, 1]


def test_the_point_arrives_in_the_dtype_asked_for(bench: Any) -> None:
    child = bench.body("return point['w'].dtype.itemsize, {}")
    assert child.ask(bench.graph, bench.point, "float32").value == 4
    assert child.ask(bench.graph, bench.point, "float64").value == 8


def test_import_fails(bench: Any) -> None:
    facts = bench.refused(bench.subject("import math\n\nimport no_such_module\n"), "GC001")
    assert facts["type"] == "ModuleNotFoundError"
    assert "no_such_module" in facts["message"]
    assert facts["file"] == "engine.py"
    assert facts["line"] == 3


def test_a_failure_inside_a_sibling_names_the_sibling(bench: Any) -> None:
    bench.write("a = 1\nb = 1 / 0\n", "helper.py")
    facts = bench.refused(bench.subject("import helper\n"), "GC001")
    assert (facts["type"], facts["file"], facts["line"]) == ("ZeroDivisionError", "helper.py", 2)


def test_a_file_that_does_not_load_is_asked_once(bench: Any) -> None:
    child = bench.subject("import no_such_module\n")
    bench.refused(child, "GC001")
    bench.write("def gradients(graph, point): return 1.0, {}\n")
    bench.refused(child, "GC001")


def test_syntax_error(bench: Any) -> None:
    facts = bench.refused(bench.subject("def gradients(graph, point):\n    return (1,\n"), "GC002")
    assert facts["line"] == 2
    assert facts["text"] == "return (1,"
    assert facts["file"] == "engine.py"


def test_no_entry_point(bench: Any) -> None:
    facts = bench.refused(
        bench.subject("from math import sin\ndef gradient(g, p): ...\ndef _h(): ...\nclass Net: ...\n"), "GC003"
    )
    assert facts["looked_for"] == ["gradients", "mlp_gradients", "neuron_gradients", "train"]
    assert facts["found"] == ["Net", "gradient"]
    assert facts["near"] == ["gradient"]


def test_a_named_function(bench: Any) -> None:
    path = bench.write("def mine(graph, point): return 2.0, {}\ndef gradients(graph, point): return 1.0, {}\n")
    assert bench.ask(bench.child(path, "mine")).value == 2.0
    assert bench.refused(bench.child(path, "yours"), "GC003")["looked_for"] == ["yours"]


def test_an_entry_point_that_it_has_not(bench: Any) -> None:
    child = bench.body("return right(point)")
    with pytest.raises(SubjectError, match="mlp_gradients") as caught:
        child.ask(bench.graph, bench.point, entry="mlp_gradients")
    assert caught.value.code == "GC003"


def test_raises(bench: Any, truth: Any) -> None:
    child = bench.body(
        """
        def inner():
            np.zeros(3).reshape(2)
        inner() if len(calls) == 0 and not calls.append(1) else None
        return right(point)
        """
    )
    bench.write((bench.folder / "engine.py").read_text() + "calls = []\n")
    facts = bench.refused(child, "GC004")
    assert facts["type"] == "ValueError"
    assert "cannot reshape" in facts["message"]
    assert facts["function"] == "inner"
    assert facts["file"] == "engine.py"
    assert facts["text"] == "np.zeros(3).reshape(2)"
    assert "engine.py" in facts["traceback"]
    assert truth(bench.ask(child)), "the same child goes on after an exception"


def test_recursion(bench: Any) -> None:
    facts = bench.refused(bench.body("return gradients(graph, point)"), "GC004")
    assert facts["type"] == "RecursionError"
    assert facts["function"] == "gradients"


def test_an_exception_without_a_message_it_can_print(bench: Any) -> None:
    child = bench.body("class Odd(BaseException):\n    def __str__(self): raise KeyError\nraise Odd")
    assert "__str__ raised KeyError" in bench.refused(child, "GC004")["message"]


@pytest.mark.parametrize(
    "body",
    [
        "while True: pass",
        "time.sleep(1e6)",
        """
        while True:
            try:
                while True: pass
            except BaseException:
                pass
        """,
        "import signal\nsignal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())\ntime.sleep(1e6)",
        "if os.fork(): os.wait()\nelse: time.sleep(1e6)",
    ],
    ids=["busy", "sleeps", "catches everything", "blocks signals", "waits for a child"],
)
def test_hangs(bench: Any, body: str) -> None:
    facts = bench.refused(bench.body(body, timeout=0.3), "GC005")
    assert facts == {"seconds": 0.3, "phase": "answering"}


def test_hangs_while_importing(bench: Any) -> None:
    child = bench.subject("print('so far')\nwhile True: pass\n", load_timeout=0.3)
    assert bench.refused(child, "GC005") == {"seconds": 0.3, "phase": "loading", "stdout": "so far\n"}


def test_goes_on_after_a_time_out(bench: Any, truth: Any) -> None:
    child = bench.body("if point['w'][0] == 7: time.sleep(1e6)\nreturn right(point)", timeout=0.5)
    assert truth(bench.ask(child))
    with pytest.raises(SubjectError) as caught:
        child.ask(bench.graph, {**bench.point, "w": np.array([7.0, 0.0])})
    assert caught.value.code == "GC005"
    assert truth(bench.ask(child))


@pytest.mark.parametrize(
    ("body", "fact"),
    [
        ("os._exit(0)", {"exit_status": 0, "how": "exited with status 0 before it had answered"}),
        ("os._exit(3)", {"exit_status": 3}),
        ("os.kill(os.getpid(), 11)", {"signal": "SIGSEGV", "how": "was killed by SIGSEGV"}),
        ("os.abort()", {"signal": "SIGABRT"}),
        ("sys.exit(2)", {"how": "called sys.exit(2)"}),
        ("raise SystemExit('done')", {"how": "called sys.exit(done)"}),
        ("if os.fork(): os._exit(0)\nelse: time.sleep(1e6)", {"exit_status": 0}),
    ],
)
def test_dies(bench: Any, body: str, fact: dict[str, Any]) -> None:
    facts = bench.refused(bench.body(f"print('last words')\n{body}"), "GC006")
    assert fact.items() <= facts.items()
    assert facts["phase"] == "answering"
    assert facts["stdout"] == "last words\n"


def test_exits_while_importing(bench: Any) -> None:
    assert bench.refused(bench.subject("import sys\nsys.exit()\n"), "GC006")["phase"] == "loading"
    assert bench.refused(bench.subject("import os\nos._exit(0)\n"), "GC006")["phase"] == "loading"


def test_goes_on_after_a_crash(bench: Any, truth: Any) -> None:
    child = bench.body("if point['w'][0] == 7: os._exit(1)\nreturn right(point)")
    with pytest.raises(SubjectError) as caught:
        child.ask(bench.graph, {**bench.point, "w": np.array([7.0, 0.0])})
    assert caught.value.code == "GC006"
    assert truth(bench.ask(child))


@pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="waiting for another's child needs pidfd_open")
def test_a_death_between_questions_is_no_question_s_fault(bench: Any) -> None:
    child = bench.body("return os.getpid(), {}")
    first = int(bench.ask(child).value)
    watched = os.pidfd_open(first)
    os.kill(first, signal.SIGKILL)
    select.select([watched], [], [])
    os.close(watched)
    assert int(bench.ask(child).value) != first


def test_state_persists_between_questions(bench: Any) -> None:
    child = bench.body("calls.append(1)\nreturn len(calls), {}")
    bench.write((bench.folder / "engine.py").read_text() + "calls = []\n")
    assert [int(bench.ask(child).value) for _ in range(3)] == [1, 2, 3]


@pytest.mark.parametrize(
    ("answer", "block", "came"),
    [
        ("None", None, "None"),
        ("1.0", None, "float 1.0"),
        ("(1.0, {'w': [1.0, 2.0]})", "gradients['w']", "a list of 2"),
        ("(1.0, {'w': None})", "gradients['w']", "None"),
        ("(1.0, {}, {'loss': 'x'})", "adjoints['loss']", "str x"),
    ],
)
def test_malformed_answers(bench: Any, answer: str, block: str | None, came: str) -> None:
    facts = bench.refused(bench.body(f"return {answer}"), "GC007")
    assert facts["block"] == block
    assert came in facts["came"]
    assert facts["expected"]


@pytest.mark.parametrize(
    "huge", ["np.zeros(40_000_000)", "np.broadcast_to(0.0, (10**12,))"], ids=["real", "a broadcast view"]
)
def test_huge_answers_stay_where_they_are(bench: Any, huge: str) -> None:
    facts = bench.refused(bench.body(f"return 1.0, {{'w': {huge}}}"), "GC007")
    assert facts["block"] == "gradients['w']"
    assert "bytes" in facts["came"]


def test_too_much_memory(bench: Any, truth: Any) -> None:
    child = bench.body("if point['w'][0] == 7: np.ones(1 << 29)\nreturn right(point)", memory=1 << 30)
    with pytest.raises(SubjectError) as caught:
        child.ask(bench.graph, {**bench.point, "w": np.array([7.0, 0.0])})
    assert caught.value.code == "GC004"
    assert "MemoryError" in caught.value.facts["type"]
    assert truth(bench.ask(child))


def test_a_missing_file_is_the_caller_s_mistake(bench: Any) -> None:
    with pytest.raises(UsageError, match=r"no subject file .*absent\.py"):
        bench.child(bench.folder / "absent.py")
    (bench.folder / "folder").mkdir()
    with pytest.raises(UsageError, match=r"no __init__\.py"):
        bench.child(bench.folder / "folder")


@pytest.mark.parametrize("options", [{"timeout": 0.0}, {"memory": 1 << 20}, {"sandbox": "nonsense"}])
def test_limits_that_cannot_be(bench: Any, options: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        bench.subject("", **options)
