"""Whatever is typed or handed in as a file is answered with a result or one line: no traceback, no hang, no flood."""

from __future__ import annotations

import json
import os
import random
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from gradcheck.errors import LONGEST, GradcheckError
from gradcheck.run.runner import replay_line
from gradcheck.run.select import MOST_DEEP, select
from gradcheck.run.suite import MOST_CASES, Addressed, collect, load_suite
from gradcheck.subject.paths import subject_path

EXPRESSIONS = int(os.environ.get("GRADCHECK_EXPRESSIONS", "2000"))


def refused(ran: Any, *says: str, out: str = "") -> None:
    """One short line on stderr, exit code 2."""
    assert ran.code == 2
    assert ran.out == out
    assert ran.err.startswith("gradcheck: ")
    assert ran.err.count("\n") == 1
    assert ran.err.rstrip("\n").isprintable()
    assert len(ran.err) <= LONGEST + 20
    for words in says:
        assert words in ran.err


WORDS = (
    "a", "branches", "product", "linear", "and", "or", "not", "(", ")", "((", "))", "()", "", "\x00", "\x1b[31m", "é",
    "AND", "İ", "\t", "\n", "'", '"', "*", "\ud800", "and not", "or (", ") and",
)  # fmt: skip

LONG = ("a" * 5000, "(" * 10_000, "not " * 10_000, ")" * 10_000, "a or " * 3000)


def expression(number: int) -> str:
    draw = random.Random(number)
    words = [draw.choice(WORDS) for _ in range(draw.randrange(1, 12))]
    if draw.random() < 0.05:
        words.append(draw.choice(LONG))
    made = draw.choice((" ", " ", "")).join(words)
    if draw.random() < 0.3:
        at = draw.randrange(len(made) + 1)
        made = made[:at] + made[at + draw.randrange(4) :]
    return made


def complaint_about(text: str, cases: list[Addressed]) -> str:
    try:
        select(cases, text)
    except GradcheckError as wrong:
        return str(wrong)
    return ""


def test_mutated_expressions_choose_or_say_why_not(desk: Any) -> None:
    cases = collect(["mine.py"])
    chosen = complaints = 0
    for number in range(EXPRESSIONS):
        complaint = complaint_about(expression(number), cases)
        assert len(complaint) <= LONGEST
        complaints += complaint != ""
        chosen += complaint == ""
    assert chosen > EXPRESSIONS / 20
    assert complaints > EXPRESSIONS / 20


def test_two_names_of_one_file_are_one_suite(desk: Any) -> None:
    once = [item.address for item in collect(["mine.py"])]
    assert [item.address for item in collect(["mine.py", "./mine.py", f"{Path.cwd()}/mine.py"])] == once


def test_expressions_may_be_long_but_not_deep(desk: Any) -> None:
    cases = collect(["mine.py"])
    assert len(select(cases, "(" * MOST_DEEP + "product" + ")" * MOST_DEEP)) == 1
    assert len(select(cases, "not " * MOST_DEEP + "product")) == 1
    assert len(select(cases, " or ".join(["nothing"] * 50_000) + " or product")) == 1
    for deep in ("(" * 10_000, "not " * 10_000 + "a", "(" * (MOST_DEEP + 1) + "a" + ")" * (MOST_DEEP + 1)):
        refused(desk("run", "mine.py", "-k", deep), "cannot be read", "nested more than 100 deep")


def test_an_expression_that_fits_nothing_says_so(desk: Any) -> None:
    ran = desk("run", "mine.py", "--subject", "engine.py", "-k", "xyz", "--no-timings")
    assert ran.code == 5
    assert "gradcheck: no case fits -k 'xyz'; 2 cases were looked at" in ran.err
    ran = desk("run", "mine.py", "-k", "xyz", "--list")
    assert (ran.code, ran.out) == (5, "")
    assert "no case fits" in ran.err


@pytest.mark.parametrize("seed", ["x", "", "-1", "1.5", "1e3", "0x10", "٣", "9" * 5000, "\x1b[31m", "12 34", "NaN"])
@pytest.mark.parametrize("command", ["run", "explain"])
def test_seeds_that_are_none(desk: Any, command: str, seed: str) -> None:
    refused(desk(command, "mine.py::product", f"--seed={seed}"), "--seed takes a whole number >= 0")


@pytest.mark.parametrize("seed", ["0", " 7 ", "9" * 300])
def test_seeds_that_are_large(desk: Any, seed: str) -> None:
    assert desk("run", "random_dags", "--list", f"--seed={seed}", "-k", "chain").code in (0, 5)


ADDRESSES = (
    "::", ":::", "a::b::c", "::branches", "mine.py::a::b", "mine.py::\x1b[31m", "mine.py::" + "n" * 10_000,
    "n" * 10_000, "a\0b", "mine.py\0::x", "\ud800", ".", "..", "/", "folder", "folder::x", "pipe.json", "loop.json",
    "loop.py",
    "mine.py/x", "\n", "a" * 300 + ".json", "*", "mine.py::" + "\ud800",
    "/dev/zero", "/dev/stdin", "\u202egnp.json",
)  # fmt: skip


@pytest.mark.parametrize("address", ADDRESSES, ids=lambda text: ascii(text)[:40])
@pytest.mark.parametrize("command", ["run", "explain"])
def test_addresses_of_nothing(desk: Any, command: str, address: str) -> None:
    (desk.folder / "folder").mkdir()
    os.mkfifo(desk.folder / "pipe.json")
    for name in ("loop.json", "loop.py"):
        (desk.folder / name).symlink_to(desk.folder / name)
    ran = desk(command, "--", address)
    refused(ran)


SUBJECTS = {
    "nowhere.py": ("no subject file 'nowhere.py': there is no such file", "expected a Python file"),
    "engine.py:": ("no name after the colon of 'engine.py:'", "engine.py:NAME for one of its functions"),
    "engine.py:a-b": ("'a-b' is no name of a Python function", "engine.py:NAME"),
    "nowhere.py:f": ("no subject file 'nowhere.py'",),
    "n" * 300 + ".py": ("no subject file 'nnn", "file name too long"),
    "a\0b.py": ("no subject file 'a\\x00b.py'", "no null character"),
    "\x1b[31m.py": ("no subject file '\\x1b[31m.py'",),
    "pipe.py": ("no subject file 'pipe.py'", "a pipe"),
    "loop.py": ("no subject file 'loop.py'", "symbolic links"),
    "folder": ("the folder 'folder' has no __init__.py",),
    "": ("--subject: expected FILE or FILE:NAME, got ''",),
}


@pytest.mark.parametrize("subject", SUBJECTS, ids=lambda text: ascii(text)[:40])
def test_subjects_that_are_none(desk: Any, subject: str) -> None:
    (desk.folder / "folder").mkdir()
    os.mkfifo(desk.folder / "pipe.py")
    (desk.folder / "loop.py").symlink_to(desk.folder / "loop.py")
    refused(desk("run", "mine.py", "--subject", subject), *SUBJECTS[subject])


def test_a_subject_may_have_a_colon_in_its_name(desk: Any, engine: str) -> None:
    for name in ("odd:name.py", "engine.py:"):
        (desk.folder / name).write_text(engine)
        assert subject_path(name) == (desk.folder / name, None)


def test_a_name_that_the_subject_has_not_is_guessed(desk: Any) -> None:
    ran = desk("run", "mine.py", "--subject", "engine.py:gradient")
    assert ran.code == 1
    assert "did you mean gradients?" in ran.flat


NEAR = {
    "a suite": (("run", "locl_rules"), "did you mean 'local_rules'?"),
    "a case": (("run", "worked_examples::S4b"), "did you mean 'S4.b'?"),
    "a case in the user's file": (("run", "mine.py::brnches"), "did you mean 'branches'?"),
    "a label": (("run", "mine.py::liner"), "did you mean 'linear'?"),
    "a bare case": (("explain", "S4b"), "did you mean 'S4.b'"),
    "a code": (("explain", "GC0012"), "did you mean 'GC012'"),
    "a fault": (("explain", "F001"), "did you mean 'F01'"),
    "a fault to plant": (("faults", "F001"), "did you mean 'F01'"),
}


@pytest.mark.parametrize("name", NEAR)
def test_did_you_mean(desk: Any, name: str) -> None:
    arguments, says = NEAR[name]
    refused(desk(*arguments), says)


def test_an_engine_is_no_suite(desk: Any) -> None:
    refused(
        desk("run", "engine.py"),
        "engine.py: no function is decorated",
        "`gradients`: did you mean --subject engine.py?",
    )


HEAD = "import gradcheck\nimport itertools, sys\n"
CASE = 'gradcheck.Case("n", (b := gradcheck.GraphBuilder()).graph(b.square(b.parameter("x"))), {"x": 1.0})'

SUITES = {
    "exits": ("sys.exit(3)\n", ("bad.py, line 3: the suite called sys.exit(3)",)),
    "exits in a function": ("@gradcheck.case\ndef f():\n    sys.exit()\n", ("bad.py, line 5", "sys.exit()")),
    "exits with a flood": ("sys.exit('x' * 10**6)\n", ("sys.exit(xxx", "...")),
    "raises what is no Exception": ("class Stop(BaseException): pass\nraise Stop('now')\n", ("line 4: Stop: now",)),
    "raises on being printed": (
        "class Bad(Exception):\n    def __str__(self): 1 / 0\nraise Bad\n",
        ("line 5: Bad: (no message: its __str__ raised ZeroDivisionError)",),
    ),
    "raises in a function of its own": (
        "def helper():\n    return {}['shape']\n@gradcheck.case\ndef f():\n    helper()\n",
        ("line 4: KeyError: 'shape'; traceback: bad.py, line 7, in f > bad.py, line 4, in helper",),
    ),
    "raises control characters": ("raise ValueError('\\x1b[31m\\nred')\n", ("line 3: ValueError: \\x1b[31m red",)),
    "raises a flood": ("raise ValueError('x' * 10**6)\n", ("line 3: ValueError: xxx",)),
    "never ends": (
        f"@gradcheck.case\ndef f():\n    c = {CASE}\n    yield from itertools.repeat([])\n",
        (f"bad.py: f: it gives more than {MOST_CASES:,} cases; does it ever end?",),
    ),
    "never ends, with one case": (
        f"@gradcheck.case\ndef f():\n    yield from itertools.repeat({CASE})\n",
        ("case 'n'", "names must be unique"),
    ),
    "holds itself": (
        "@gradcheck.case\ndef f():\n    a = []\n    a.append(a)\n    return a\n",
        ("does it ever end?",),
    ),
    "returns None": ("@gradcheck.case\ndef f(): pass\n", ("bad.py: f: expected cases", "got NoneType")),
    "returns a text": ("@gradcheck.case\ndef f(): return 'abc'\n", ("expected cases", "got str")),
    "returns a dictionary": ("@gradcheck.case\ndef f(): return {'a': 1}\n", ("expected cases", "got str")),
    "wants two arguments": ("@gradcheck.case\ndef f(a, b): pass\n", ("TypeError", "'b'")),
    "has attributes of every name": (
        "class Any:\n    def __getattr__(self, name): return True\nx = Any()\n",
        ("no function is decorated @gradcheck.case",),
    ),
    "null bytes": ("x = 1\0\n", ("bad.py", "null bytes")),
    "recursion": ("def f(): f()\nf()\n", ("bad.py, line 3: RecursionError",)),
}


@pytest.mark.parametrize("name", SUITES)
def test_suites_that_misbehave(desk: Any, name: str) -> None:
    text, says = SUITES[name]
    (desk.folder / "bad.py").write_text(HEAD + text)
    refused(desk("run", "bad.py", "--subject", "engine.py"), *says)


def test_a_suite_in_latin_1_is_refused(desk: Any) -> None:
    (desk.folder / "bad.py").write_bytes(b"x = '\xff'\n")
    refused(desk("run", "bad.py"), "bad.py", "no Python")


def test_what_a_suite_prints_stays_out_of_the_report(desk: Any) -> None:
    text = (desk.folder / "mine.py").read_text()
    (desk.folder / "loud.py").write_text(
        "print('at the top')\n" + text.replace("build = ", "print('here'); build = ", 1)
    )
    ran = desk("run", "loud.py", "--subject", "engine.py", "--format", "json")
    assert ran.code == 0
    assert ran.out.startswith("{")
    assert "at the top" not in ran.out
    assert "here" not in ran.out
    assert "at the top" in ran.err


def test_an_interruption_of_a_suite_is_no_complaint_about_it(desk: Any) -> None:
    (desk.folder / "slow.py").write_text("raise KeyboardInterrupt\n")
    assert desk("run", "slow.py").code == 130


def test_the_replay_line_is_quoted(desk: Any, engine: str) -> None:
    name = "my engine; rm $HOME 'x'.py"
    (desk.folder / name).write_text(
        engine.replace("2 * a * bar", "3 * a * bar").replace("bar * b, bar * a", "bar, bar")
    )
    (desk.folder / "my suite.py").write_text((desk.folder / "mine.py").read_text())
    ran = desk("run", "my suite.py", "--subject", name, "--no-diagnosis", "--format", "json", "--save-failures", "")
    assert ran.code == 1
    lines = [result["replay"] for result in json.loads(ran.out)["results"] if result["verdict"] == "FAIL"]
    assert lines
    for line in lines:
        arguments = shlex.split(line)
        assert arguments[2].startswith("my suite.py::")
        assert arguments[3:5] == ["--subject", name]


def test_an_address_is_quoted_whatever_it_holds() -> None:
    (item,) = collect(["worked_examples::S4.b"])
    for suite in ("it's.py", "a b.py", "$(rm).py", "a\\b.py", "a#b.py", "a!b.py", "~x.py", "a`b`.py", '"q".py'):
        line = replay_line(Addressed(f"{suite}::S4.b", suite, item.case), "")
        assert shlex.split(line) == ["gradcheck", "run", f"{suite}::S4.b"]


def test_complaints_of_the_parser_are_short_and_safe(shell: Any) -> None:
    for arguments in (
        ("run", "--seed=--"),
        ("run", "-k--"),
        ("run", "--\x1b[31m"),
        ("run", "--timeout", "9" * 9000 + "x"),
        ("\x1b[2J" * 1000,),
    ):
        ran = shell(*arguments)
        assert ran.code == 2
        assert "\x1b" not in ran.err
        assert len(ran.err) <= LONGEST


def test_escapes_in_a_file_s_name_stay_out_of_the_terminal(desk: Any) -> None:
    name = "\x1b]0;title\x07.json"
    (desk.folder / name).write_text("{")
    refused(desk("run", name), "\\x1b]0;title\\x07.json: not JSON")
    refused(desk("explain", name), "\\x1b]0;title\\x07.json: not JSON")


def test_python_m_gradcheck() -> None:
    command = [sys.executable, "-m", "gradcheck", "explain", "GC012"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0
    assert done.stdout.startswith("GC012 wrong gradient")


def test_a_json_suite_that_is_no_file(desk: Any) -> None:
    with pytest.raises(GradcheckError, match="it is a folder"):
        load_suite(str(Path(desk.folder)))
