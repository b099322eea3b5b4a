"""Engines in other languages: right ones pass, wrong ones fail, and whatever else they do has a finding."""

from __future__ import annotations

import json
import os
import select
import shlex
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from textwrap import dedent
from typing import Any

import numpy as np
import pytest

from gradcheck.cli import main
from gradcheck.errors import SubjectError
from gradcheck.problem import Graph, GraphBuilder
from gradcheck.subject import ChildSubject, limits
from gradcheck.subject.command import CommandSubject, command, split

Build = Callable[..., str]
LANGUAGES = ("c", "js", "py")

WRONG = {
    "c: lost fan-out": ("c", "*to_a += g * b, *to_b += g * a", "*to_a = g * b, *to_b = g * a"),
    "c: sin for cos": ("c", "g * cos(a)", "g * sin(a)"),
    "c: a sum that subtracts": ("c", "*to_a += g, *to_b -= g;", "*to_a += g, *to_b += g;"),
    "c: six digits": ("c", '"%.17g"', '"%.6g"'),
    "js: lost fan-out": ("js", "grad.set(i, grad.get(i) + back[k])", "grad.set(i, back[k])"),
    "js: quotient": ("js", "(-g * a) / (b * b)", "(-g * a) / b"),
    "js: relu passes all": ("js", "[a > 0 ? g : 0]", "[g]"),
    "py: lost fan-out": ("py", "grad[i] += g", "grad[i] = g"),
    "py: exp": ("py", "(g * y,)", "(g * a,)"),
    "py: forward": ("py", '"sub": (lambda a, b: a - b', '"sub": (lambda a, b: b - a'),
}


@pytest.fixture
def judged(capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, dict[str, Any]]]:
    """`judged(subject, *suites and options)`: exit code and JSON document of a run without the search for a cause."""

    def judge(subject: str, *arguments: str) -> tuple[int, dict[str, Any]]:
        options = ("--subject", subject, "--no-save", "--no-diagnosis", "--format", "json")
        code = main(["run", *arguments, *options])
        return code, json.loads(capsys.readouterr().out)

    return judge


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_right_engine_passes(language: str, build: Build, judged: Any) -> None:
    code, document = judged(build(language), "worked_examples", "local_rules", "random_dags")
    assert code == 0
    counts = document["summary"]
    assert (counts["FAIL"], counts["ERROR"], counts["UNDECIDED"]) == (0, 0, 0)
    assert counts["PASS"] >= 35
    reasons = {row["reason"] for row in document["not_offered"]}
    assert reasons == {"not in its OPS", "it takes single numbers alone"}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_engine_fails(name: str, build: Build, judged: Any) -> None:
    code, document = judged(build(*WRONG[name]), "worked_examples", "local_rules", "branches", "random_dags", "-x")
    assert code == 1
    assert document["summary"]["FAIL"] == 1, "the run stops there"


@pytest.mark.parametrize("language", LANGUAGES)
def test_verify_says_what_the_engine_says_of_itself(
    language: str, build: Build, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["verify", build(language), "--case", "worked_examples::S4.b"]) == 0
    out = " ".join(capsys.readouterr().out.split())
    assert f"command: engine.{language}, protocol 1: single numbers in float64; ops add, div" in out
    assert "not offered: pow, log" in out


def test_the_mistake_is_named(build: Build, capsys: pytest.CaptureFixture[str]) -> None:
    wrong = build(*WRONG["py: lost fan-out"])
    assert main(["run", "worked_examples::S4.b", "--subject", wrong, "--no-save", "--no-timings"]) == 1
    out = " ".join(capsys.readouterr().out.split())
    assert "A node that is used twice gets the gradient of one use only" in out
    assert f"--subject {shlex.quote(wrong)}" in out, "the replay names the program"


def test_costs_are_not_put_to_a_program(build: Build, judged: Any) -> None:
    code, document = judged(build("py"), "costs")
    assert code == 5
    assert {tuple(row["ops"]) for row in document["not_offered"]} == {("the counting of operations",)}


# --- one question to a program --------------------------------------------------------------------------------------

BODY = """
import json, os, sys, time
for line in sys.stdin:
    question = json.loads(line)
    if question["do"] == "hello":
        print(json.dumps({{"gradcheck": 1{hello}}}), flush=True)
        continue
    number, point = question["id"], {{"w": 1.0, **question["point"]}}
    right = {{"id": number, "gradients": {{"w": point["x"]}}}}
    right["value"] = point["w"] * point["x"] if isinstance(point["w"], float) else sum(map(sum, point["w"]))
{body}
"""


class Desk:
    """Writes programs in Python and asks them about loss = w * x at w = 3, x = 0.5."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.subjects: list[CommandSubject] = []
        build = GraphBuilder()
        self.graph: Graph = build.graph(build.mul(build.parameter("w"), build.input("x"), name="loss"))

    def program(self, body: str, hello: str = "") -> str:
        return self.script(BODY.format(hello=hello, body="".join(f"    {row}\n" for row in dedent(body).splitlines())))

    def script(self, text: str) -> str:
        path = self.folder / f"engine{len(self.subjects)}.py"
        path.write_text(dedent(text), encoding="utf-8")
        return f"cmd:{sys.executable} {path}"

    def subject(self, text: str, **options: Any) -> CommandSubject:
        made = CommandSubject(command(text), **{"timeout": 20.0, **options})
        self.subjects.append(made)
        return made

    def ask(self, subject: ChildSubject, dtype: str = "float64", **options: Any) -> Any:
        return subject.ask(self.graph, {"w": 3.0, "x": 0.5}, dtype, **options)

    def refused(self, subject: ChildSubject) -> tuple[str, dict[str, Any]]:
        with pytest.raises(SubjectError) as caught:
            self.ask(subject)
        return caught.value.code, caught.value.facts


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    made = Desk(tmp_path)
    yield made
    for subject in made.subjects:
        subject.close()


ANSWER = "print(json.dumps(right), flush=True)\n"
ONCE = "first = not os.path.exists('{0}')\nopen('{0}', 'w').close()\n"

MISBEHAVING = {
    "exits": ("sys.exit(3)", "GC006", "exited with status 3 before it had answered"),
    "crashes": ("os.abort()", "GC006", "was killed by SIGABRT"),
    "closes its output": ("os.close(1); time.sleep(1e6)", "GC006", "closed its standard output"),
    "raises": ("raise ValueError('no')", "GC006", "exited with status 1"),
    "writes no JSON": ("print('1.5', flush=True)", "GC006", "no JSON object: '1.5'"),
    "answers twice": ("print(json.dumps(right) + chr(10) + '{}', flush=True)", "GC006", "more than one line"),
    "answers another question": ("right['id'] = 7\n" + ANSWER, "GC006", "id is int 7 to question 1"),
    "floods": ("while True: sys.stdout.write('x' * 65536)", "GC006", "a line of more than 1,048,576 bytes"),
    "floods with lines": ("while True: print('{}')", "GC006", "more than one line"),
    "writes nan as C does": ("print('{\"id\":1,\"value\":nan,\"gradients\":{}}', flush=True)", "GC006", "spell nan"),
    "gives no gradients": ("del right['gradients']\n" + ANSWER, "GC007", "without 'gradients'"),
    "gives null": ("right['value'] = None\n" + ANSWER, "GC007", "null (JSON.stringify"),
    "gives ragged lists": ("right['gradients']['w'] = [[1], [1, 2]]\n" + ANSWER, "GC007", "parts of shapes"),
    "gives many names": (
        "right['gradients'] = {str(i): 0 for i in range(2000)}\n" + ANSWER,
        "GC007",
        "2,000 others, such as",
    ),
    "reports an error": ("right = {'id': number, 'error': 'ZeroDivisionError: by 0'}\n" + ANSWER, "GC004", "by 0"),
    "offers no mul": ("right = {'id': number, 'not_offered': 'mul'}\n" + ANSWER, "GC004", "mul"),
    "reports a novel": ("right = {'id': number, 'error': 'x' * 3_000_000}\n" + ANSWER, "GC006", "1,048,576 bytes"),
}  # fmt: skip


@pytest.mark.parametrize("name", MISBEHAVING)
def test_a_misbehaving_engine_gets_its_finding_and_is_asked_again(name: str, desk: Desk) -> None:
    body, code, says = MISBEHAVING[name]
    once = ONCE.format(desk.folder / "once")
    indented = "".join(f"    {row}\n" for row in body.splitlines())
    text = desk.program(f"{once}if first:\n{indented}else:\n    {ANSWER}")
    subject = desk.subject(text, largest=1 << 20)
    came, facts = desk.refused(subject)
    assert came == code, facts
    assert says in str(facts)
    answer = desk.ask(subject)
    assert (float(answer.value), float(answer.gradients["w"])) == (1.5, 0.5)


@pytest.mark.parametrize(
    "body",
    ["time.sleep(1e6)", "while True: pass", "print(json.dumps(right))", "while True: sys.stderr.write('x' * 999)"],
    ids=["sleeps", "is busy", "does not flush", "floods its standard error"],
)
def test_an_engine_that_does_not_answer_is_stopped(body: str, desk: Desk) -> None:
    code, facts = desk.refused(desk.subject(desk.program(body), timeout=0.5))
    assert (code, facts["seconds"], facts["phase"]) == ("GC005", 0.5, "answering")
    assert len(facts.get("stdout", "")) <= 2_000


HELLOS = {
    "says nothing": ("import time\ntime.sleep(1e6)", "GC005", "phase=loading"),
    "is another program": ("print('usage: engine FILE')", "GC006", "no JSON: 'usage: engine FILE'"),
    "ends at once": ("import sys\nsys.exit(4)", "GC006", "exited with status 4"),
    "another version": ("print('{\"gradcheck\": 2}')", "GC006", "version int 2 of the protocol; this gradcheck"),
    "an answer to no question": ('print(\'{"id": 1, "value": 1}\')', "GC006", "without the version"),
    "a field that is none": ('print(\'{"gradcheck": 1, "opps": []}\')', "GC006", "unknown field 'opps'"),
}


@pytest.mark.parametrize("name", HELLOS)
def test_a_hello_that_fails(name: str, desk: Desk) -> None:
    script, code, says = HELLOS[name]
    came, facts = desk.refused(desk.subject(desk.script(script), load_timeout=0.7))
    assert (came, facts["phase"]) == (code, "loading")
    assert says.removeprefix("phase=") in str(facts)


def test_verify_says_what_a_program_should_do(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify", desk.script("print('hello')")]) == 1
    err = capsys.readouterr().err
    assert "cannot be used" in err
    assert "a line that is no JSON: 'hello'" in err
    assert "PROTOCOL.md" in err


def test_standard_error_is_kept_beside_the_answer(desk: Desk) -> None:
    answer = desk.ask(desk.subject(desk.program(f"print('a remark', file=sys.stderr, flush=True)\n{ANSWER}")))
    assert answer.stdout == "a remark\n"
    code, facts = desk.refused(desk.subject(desk.program("print('last words', file=sys.stderr)\nsys.exit(1)")))
    assert (code, facts["stdout"]) == ("GC006", "last words\n")


def test_c_programs_crash_and_hang(build: Build, desk: Desk) -> None:
    crash = desk.subject(build("c", "read_nodes(strstr", "*(volatile int *)0 = 1, read_nodes(strstr"))
    code, facts = desk.refused(crash)
    assert (code, facts["how"]) == ("GC006", "was killed by SIGSEGV")
    hang = desk.subject(build("c", "last->grad = 1;", "for (;;) last->grad = 1;"), timeout=0.5)
    assert desk.refused(hang)[0] == "GC005"
    silent = desk.subject(build("c", "fflush(stdout);", ";"), load_timeout=0.5)
    assert desk.refused(silent)[0] == "GC005"


def test_a_program_that_dies_each_time_is_given_up(desk: Desk, judged: Any) -> None:
    code, document = judged(desk.program("sys.exit(1)"), "worked_examples", "local_rules", "--give-up-after", "2")
    assert code == 1
    assert document["summary"]["PASS"] == 0
    asked = [row for row in document["results"] if any(f["code"] == "GC006" for f in row["findings"])]
    assert len(asked) == 2


# --- arrays, dtypes, what is offered ----------------------------------------------------------------------------------


def test_arrays_go_and_come_as_nested_lists(desk: Desk) -> None:
    made = GraphBuilder()
    w, x = made.parameter("w", (2, 2)), made.input("x", (2, 2))
    graph = made.graph(made.sum(made.mul(w, x)))
    subject = desk.subject(desk.program(ANSWER))
    answer = subject.ask(graph, {"w": np.eye(2), "x": np.array([[1.0, 2.0], [3.0, 0.1]])})
    assert answer.gradients["w"].tolist() == [[1.0, 2.0], [3.0, 0.1]]
    assert answer.value == 2.0


def test_what_is_not_offered_is_not_asked(desk: Desk) -> None:
    subject = desk.subject(desk.program("sys.exit(9)", ', "ops": ["mul"], "scalars": True'))
    made = GraphBuilder()
    w = made.parameter("w")
    array = GraphBuilder()
    v = array.parameter("w", (2,))
    for graph, point, what in (
        (made.graph(made.exp(w)), 1.0, "exp"),
        (array.graph(array.sum(array.mul(v, v))), [1.0, 2.0], "a graph of arrays"),
    ):
        with pytest.raises(SubjectError) as caught:
            subject.ask(graph, {"w": point})
        assert (caught.value.code, caught.value.facts["type"]) == ("GC004", "NotImplementedError")
        assert caught.value.facts["message"] == what
    assert subject.declared.ops == {"mul"}
    assert subject.declared.scalars
    assert not subject.declared.counts


SINGLE = """
import json, math, struct, sys
def f32(x): return struct.unpack("f", struct.pack("f", x))[0]
for line in sys.stdin:
    q = json.loads(line)
    if q["do"] == "hello":
        print('{"gradcheck": 1, "ops": ["tanh", "mul", "add"], "dtype": "float32", "scalars": true}', flush=True)
        continue
    v, g = {}, {}
    for n in q["graph"]["nodes"]:
        a = [v[i] for i in n.get("inputs", ())]
        op, g[n["name"]] = n["op"], 0.0
        v[n["name"]] = f32({"add": lambda: a[0] + a[1], "mul": lambda: a[0] * a[1], "tanh": lambda: math.tanh(a[0])}
                           .get(op, lambda: n["value"] if "value" in n else q["point"][n["name"]])())
    g[q["graph"]["loss"]] = 1.0
    for n in reversed(q["graph"]["nodes"]):
        i, d = n.get("inputs", ()), g[n["name"]]
        if n["op"] in ("add", "mul"):
            other = [1.0, 1.0] if n["op"] == "add" else [v[i[1]], v[i[0]]]
            for k in (0, 1): g[i[k]] = f32(g[i[k]] + f32(d * other[k]))
        elif n["op"] == "tanh":
            g[i[0]] = f32(g[i[0]] + f32(d * f32(1 - f32(v[n["name"]] ** 2))))
    names = [n["name"] for n in q["graph"]["nodes"] if n["op"] == "parameter"]
    loss = v[q["graph"]["loss"]]
    print(json.dumps({"id": q["id"], "value": loss, "gradients": {k: g[k] for k in names}}), flush=True)
"""


def test_a_float32_engine_is_judged_in_float32(desk: Desk, judged: Any) -> None:
    text = desk.script(SINGLE)
    code, document = judged(text, "worked_examples", "local_rules", "random_dags")
    assert code == 0, document["summary"]
    assert document["summary"]["PASS"] > 3
    wrong = desk.folder / "wrong.py"
    wrong.write_text(SINGLE.replace("1 - f32(", "1 - 0.99 * f32("))
    assert judged(f"cmd:{sys.executable} {wrong}", "local_rules")[1]["summary"]["FAIL"] > 0


# --- what it runs in --------------------------------------------------------------------------------------------------


def test_where_a_program_runs(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRADER_TOKEN", "secret")
    monkeypatch.chdir(desk.folder)
    body = "print(sorted(os.environ), os.getcwd(), os.environ['PATH'], file=sys.stderr, flush=True)\n"
    (desk.folder / "engine with a space.py").write_text(BODY.format(hello="", body=f"    {body}    {ANSWER}"))
    subject = desk.subject(f"cmd:{sys.executable} 'engine with a space.py'")
    said = desk.ask(subject).stdout
    assert "GRADER_TOKEN" not in said
    assert str(desk.folder) in said
    assert os.environ["PATH"] in said
    assert subject.guarantees.keys() == limits.guarantees("limits").keys()


@pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="watching another's child needs pidfd_open")
def test_a_program_ends_with_what_it_started(desk: Desk) -> None:
    body = "import subprocess\nother = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(1e6)'])\n"
    said = "right.update(value=other.pid, gradients={'w': os.getpid()})\n"
    subject = desk.subject(desk.program(f"{body}{said}{ANSWER}time.sleep(1e6)"))
    answer = desk.ask(subject)
    watched = [os.pidfd_open(int(process)) for process in (answer.value, answer.gradients["w"])]
    poll = select.poll()
    try:
        for process in watched:
            poll.register(process, select.POLLIN)
        assert not poll.poll(0)
        subject.close()
        for process in watched:
            poll.unregister(process)
            alone = select.poll()
            alone.register(process, select.POLLIN)
            assert alone.poll(10_000)
    finally:
        for process in watched:
            os.close(process)


@pytest.mark.skipif(sys.platform != "linux", reason="other systems do not limit address space")
def test_the_memory_of_a_program_is_limited(desk: Desk) -> None:
    refusal = "right = {'id': number, 'error': 'MemoryError: '}"
    body = f"try:\n    held = bytearray(2 << 30)\nexcept MemoryError:\n    {refusal}\n{ANSWER}"
    code, facts = desk.refused(desk.subject(desk.program(body), memory=1 << 30))
    assert (code, facts["type"]) == ("GC004", "MemoryError")


# --- commands that are none -------------------------------------------------------------------------------------------

UNUSABLE = {
    "cmd:": "names no program",
    "cmd:   ": "names no program",
    "cmd:'./a.out": "No closing quotation",
    "cmd:no_such_program_at_all": "there is no program 'no_such_program_at_all'",
    "cmd:./no_such_program": "there is no program './no_such_program'",
    "cmd:./plain.txt": "is not executable (chmod +x)",
    "cmd:./folder": "is a folder",
    "cmd:here.sh": "for the file here write cmd:./here.sh",
}


@pytest.mark.parametrize("verb", ["run --subject", "verify"])
@pytest.mark.parametrize("text", UNUSABLE)
def test_a_command_that_cannot_be_run(
    text: str, verb: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "plain.txt").write_text("x")
    (tmp_path / "folder").mkdir()
    (tmp_path / "here.sh").write_text("x")
    (tmp_path / "here.sh").chmod(0o755)
    assert main([*verb.split(), text]) == 2
    assert UNUSABLE[text] in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "backslashes", "words"),
    [
        ("./a.out 'two words' 3", False, ["./a.out", "two words", "3"]),
        (r"C:\engines\a.exe --fast", True, [r"C:\engines\a.exe", "--fast"]),
        (r'"C:\Program Files\a.exe" "b c"', True, [r"C:\Program Files\a.exe", "b c"]),
    ],
)
def test_the_words_of_a_command(text: str, backslashes: bool, words: list[str]) -> None:
    assert split(text, backslashes=backslashes) == words


DEEP = {
    "in JavaScript": (
        "right = {'id': number, 'error': 'RangeError: Maximum call stack size exceeded'}\n",
        "RangeError",
    ),
    "in Java": ("right = {'id': number, 'error': 'StackOverflowError: '}\n", "StackOverflowError"),
    "in C": ("import signal\nos.kill(os.getpid(), signal.SIGSEGV)\n", "killed by SIGSEGV"),
}


@pytest.mark.parametrize("name", DEEP)
def test_too_deep_a_recursion_is_no_wrong_gradient(name: str, desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    """The program answers no other graph, and is asked none: there is nothing to compare."""
    body, says = DEEP[name]
    text = desk.program(body + ANSWER, ', "ops": ["add", "mul"], "scalars": True')
    assert main(["verify", text, "--case", "deep::a chain of 1,000 nodes"]) == 5
    out = " ".join(capsys.readouterr().out.split())
    assert "limit: it does not finish a chain of 1,000 nodes" in out
    assert says in out


def test_a_file_that_the_system_cannot_execute(tmp_path: Path, desk: Desk) -> None:
    (tmp_path / "odd").write_bytes(b"\x7fELF no program")
    (tmp_path / "odd").chmod(0o755)
    code, facts = desk.refused(desk.subject(f"cmd:{tmp_path / 'odd'}"))
    assert (code, facts["phase"]) == ("GC006", "loading")
    assert "could not be started" in facts["how"]


def test_conventions_are_of_python_files(build: Build, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify", build("py"), "--as", "scalar-value"]) == 2
    assert "--as names a convention of Python files" in capsys.readouterr().err
