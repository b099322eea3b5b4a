"""`gradcheck verify`: what it says of right and wrong implementations, and of files that it cannot use."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from textwrap import dedent

import pytest

RIGHT = """
    class Value:
        def __init__(self, data, parents=()):
            self.data, self.grad = data, 0.0
            self._parents, self._push = parents, lambda: None

        def __add__(self, other):
            other = other if isinstance(other, Value) else Value(other)
            out = Value(self.data + other.data, (self, other))

            def push():
                self.grad += out.grad
                other.grad += out.grad

            out._push = push
            return out

        def __mul__(self, other):
            other = other if isinstance(other, Value) else Value(other)
            out = Value(self.data * other.data, (self, other))

            def push():
                self.grad += other.data * out.grad
                other.grad += self.data * out.grad

            out._push = push
            return out

        __radd__ = __add__
        __rmul__ = __mul__

        def backward(self):
            order, seen, waiting = [], set(), [(self, False)]
            while waiting:
                node, done = waiting.pop()
                if done:
                    order.append(node)
                elif node not in seen:
                    seen.add(node)
                    waiting += [(node, True), *((parent, False) for parent in node._parents)]
            self.grad = 1.0
            for node in reversed(order):
                node._push()
"""
"""An engine of two ops, without a limit on depth."""
PAIR = """
    import numpy as np

    def cube_forward(x):
        return x**3, x

    def cube_backward(dout, cache):
        return 3 * dout * cache**2
"""
NOTEBOOK = {
    "cells": [
        {"cell_type": "markdown", "source": ["# my layer"]},
        {"cell_type": "code", "source": ["%matplotlib inline\n", "import numpy as np\n"]},
        {"cell_type": "code", "source": "open('data that is elsewhere')"},
        {"cell_type": "code", "source": ["def cube_forward(x):\n", "    return x**3, x\n"]},
        {"cell_type": "code", "source": ["def cube_backward(dout, cache):\n", "    return 3 * dout * cache**2"]},
    ],
    "nbformat": 4,
}


ONE = ("--case", "forms::an upstream factor")


@pytest.fixture
def right(shell) -> str:
    return shell.write("mine.py", RIGHT)


def test_a_right_engine_passes(shell, right, snapshot: Callable[[str, str], None]) -> None:
    ran = shell("verify", right, "-v")
    assert ran.code == 0
    snapshot("verify-right-v", ran.out)


def test_a_wrong_engine_fails_in_its_own_words(shell, right, snapshot: Callable[[str, str], None]) -> None:
    text = (shell.folder / right).read_text().replace("self.grad += other.data", "self.grad = other.data")
    shell.write("mine.py", text)
    ran = shell("verify", right)
    assert ran.code == 1
    assert "w1 = Value(" in ran.out
    assert "loss.backward()\n" in ran.out
    snapshot("verify-wrong", ran.out)
    replay = next(line.partition("replay")[2].strip() for line in ran.out.splitlines() if "replay" in line)
    assert shell.line(replay).code == 1


@pytest.mark.parametrize("feedback", ["none", "category", "hint", "full"])
def test_feedback_tells_more_and_more(shell, feedback: str) -> None:
    shell.write("pair.py", PAIR.replace("3 * dout", "2 * dout"))
    out = shell("verify", "pair.py", "--feedback", feedback).out
    assert "FAIL" in out
    assert ("factor" in out or "mistake" in out) is (feedback != "none")
    assert ("yours" in out or "subject" in out) is (feedback in ("hint", "full"))
    assert ("± " in out) is (feedback == "full")


@pytest.mark.parametrize("form", ["file", "name", "notebook", "package", "dotted name", "as"])
def test_what_may_be_named(shell, form: str) -> None:
    shell.write("pair.py", PAIR)
    (shell.folder / "lab.ipynb").write_text(json.dumps(NOTEBOOK))
    (shell.folder / "pkg").mkdir()
    shell.write("pkg/__init__.py", "from .layers import cube_forward, cube_backward\n")
    shell.write("pkg/layers.py", PAIR)
    target = {
        "file": ["pair.py"],
        "name": ["pair.py", "-v"],
        "notebook": ["lab.ipynb", "-v"],
        "package": ["pkg"],
        "dotted name": ["pkg.layers"],
        "as": ["pair.py", "--as", "layer-pairs"],
    }[form]
    ran = shell("verify", *target)
    assert ran.code == 0, ran.out + ran.err
    assert "PASS" in ran.out
    assert "layer-pairs" in ran.out
    if form == "notebook":
        assert "cell 3" in ran.out  # the cell that failed is told, the others count


def test_a_wrong_pair_is_named(shell) -> None:
    shell.write("pair.py", PAIR.replace("3 * dout", "2 * dout"))
    ran = shell("verify", "pair.py")
    assert ran.code == 1
    assert "FAIL  cube_backward  (pair.py:" in ran.out
    assert "mistake" in ran.out


def test_a_file_of_any_name(shell) -> None:
    """Braces are no place for an address, and what a terminal obeys does not reach it."""
    name = shell.write("a{x}\x1b[31mb.py", "def f(x):\n    return x * x\n\n\ndef f_grad(x):\n    return 3 * x\n")
    ran = shell("verify", name)
    assert ran.code == 1
    assert "--case f" in ran.out
    assert "\x1b[31m" not in ran.out


def test_a_package_that_exports_nothing_is_looked_at_file_by_file(shell) -> None:
    (shell.folder / "pkg").mkdir()
    shell.write("pkg/__init__.py", "")
    shell.write("pkg/engine.py", RIGHT)
    shell.write("pkg/layers.py", "from .engine import Value\n" + dedent(PAIR).replace("3 * dout", "2 * dout"))
    shell.write("pkg/broken.py", "import no_such_package_at_all\n")
    ran = shell("verify", "pkg", "--case", "cube")
    assert "pkg: scalar-value: class Value" in ran.out
    assert "FAIL  cube_backward" in ran.out
    assert "not checked: broken" in ran.out
    assert ran.code == 1


def test_data_beside_a_file_is_found_and_kept(shell) -> None:
    shell.write("words.txt", "three words here")
    text = 'words = open("words.txt").read().split()\nopen("figure.txt", "w").write("new")\n'
    ran = shell("verify", shell.write("pair.py", text + dedent(PAIR).replace("3 * dout", "len(words) * dout")))
    assert ran.code == 0, ran.out + ran.err
    assert (shell.folder / "words.txt").read_text() == "three words here"
    assert not (shell.folder / "figure.txt").exists()


def test_the_smallest_example_shows_the_value_where_that_is_wrong(shell, right) -> None:
    text = (shell.folder / right).read_text()
    shell.write("mine.py", text.replace("Value(self.data * other.data", "Value(self.data * other.data + 1.0"))
    shown = shell("verify", right).out.partition("  smallest  ")[2].partition("  look at")[0]
    lines = [line.strip().partition("   # ")[0] for line in shown.splitlines()]
    came, right_one = shown.partition("loss.data   # gives ")[2].split("\n")[0].split(", right is ")
    names: dict[str, object] = {}
    exec((shell.folder / "mine.py").read_text() + "\n" + "\n".join(lines[:-1]), names)
    loss = names["loss"]
    assert f"{loss.data:.10g}" == came  # type: ignore[attr-defined]
    assert float(right_one) == float(came) - 1.0


NETWORK = Path(__file__).parents[2] / "conventions" / "network_loss"


@pytest.mark.parametrize(
    ("file", "words", "times"),
    [
        ("wrong_no_division_by_n.py", "with reg=0.3  the same kind of mistake as in TwoLayerNet.loss above", 1),
        ("wrong_reg_twice.py", "with reg=0.3:", 1),
    ],
    ids=["the same mistake", "a mistake that shows with it alone"],
)
def test_a_mistake_is_told_once(shell, file: str, words: str, times: int) -> None:
    shell.write("net.py", (NETWORK / file).read_text())
    ran = shell("verify", "net.py")
    assert ran.code == 1
    assert ran.out.count("  mistake  ") == times
    assert words in ran.out


def test_what_is_not_checked_is_named(shell) -> None:
    odd = """
    class Odd:
        def forward(self, x, key):
            return x * key["scale"]

        def backward(self, dout):
            return dout * self.never_set
    """
    shell.write("pair.py", PAIR + odd)
    ran = shell("verify", "pair.py")
    assert ran.code == 0
    assert "not checked: Odd (-v says why)" in ran.out
    assert "Odd: " in shell("verify", "pair.py", "-v").out


@pytest.mark.parametrize("kind", ["graphs", "pairs"])
def test_a_case_that_is_not_there_is_said(shell, right, kind: str) -> None:
    shell.write("pair.py", PAIR)
    ran = shell("verify", right if kind == "graphs" else "pair.py", "--case", "no such address")
    assert ran.code == 5
    assert "has the address 'no such address'" in ran.out


def test_json_holds_everything(shell, right) -> None:
    document = json.loads(shell("verify", right, "--format", "json", *ONE).out)
    assert document["exit_code"] == 0
    (offer,) = document["offers"]
    assert offer["convention"] == "scalar-value"
    assert {row["verdict"] for row in offer["results"]} == {"PASS"}


def test_a_required_op_that_is_missing_is_an_error(shell, right) -> None:
    assert shell("verify", right, "--require", "add,mul", *ONE).code == 0
    ran = shell("verify", right, "--require", "tanh", *ONE)
    assert ran.code == 1
    assert "tanh is required" in ran.out


def test_the_list_has_every_convention(shell) -> None:
    from gradcheck.conventions.recognition import CONVENTIONS

    ran = shell("verify", "--list")
    assert ran.code == 0
    assert [line.split()[0] for line in ran.out.splitlines() if line[:1].strip()] == list(CONVENTIONS)


TAMPERING = """
import numpy as np
import sys

judge = sys.modules.get("gradcheck.verdict.conclusion")
if judge is not None:
    from gradcheck.verdict.result import Verdict

    judge.verdict_of = lambda *given, **named: Verdict.PASS


def f(x):
    return np.sum(x**2)


def f_grad(x):
    return 7 * x
"""
ONLY_BESIDE_THE_JUDGE = TAMPERING.replace("return 7 * x", "return 2 * x if judge is not None else None.missing")


@pytest.mark.parametrize(
    ("text", "words"),
    [(TAMPERING, "without the judge"), (ONLY_BESIDE_THE_JUDGE, "f_grad raises AttributeError")],
    ids=["the judge is replaced", "it answers beside the judge alone"],
)
def test_a_file_that_changes_its_judge_does_not_pass(shell, text: str, words: str) -> None:
    ran = shell("verify", shell.write("mine.py", text))
    assert ran.code == 1
    assert words in " ".join((ran.out + ran.err).split())
    right = text.replace("return 7 * x", "return 2 * x").replace("None.missing", "2 * x")
    assert shell("verify", shell.write("mine.py", right)).code == 0


UNUSABLE = {
    "empty": ("", "defines no class and no function"),
    "syntax error": ("def f(:\n", "line 1"),
    "missing package": ("import no_such_package_at_all\n", "install what it imports"),
    "NUL": ("x = 1\0\n", "null bytes"),
    "input": ("name = input()\n", "waits for input()"),
    "exits": ("import sys\nsys.exit(3)\n", "sys.exit(3) (case.py, line 2)"),
    "an older NumPy's names": ("import numpy as np\nONE = np.float(1)\n", "written for another version of NumPy"),
    "leaves": ("import os\nos._exit(0)\n", "ended without an answer"),
    "cannot be constructed": (
        "class Value:\n    def __init__(self): raise RuntimeError\n    def __add__(self, other): return self\n",
        "no instance can be made",
    ),
    "nothing recognised": ("def helper(a): return a\n", "it defines helper"),
    "a body that is missing": (
        "def cube(x): return x**3\ndef cube_grad(x): pass\n",
        "cube_grad returns None: is its body still missing?",
    ),
    "a body that is to be written": (
        "def cube(x): return x**3\ndef cube_grad(x): raise RuntimeError('TODO')\n",
        "cube_grad raises RuntimeError: TODO",
    ),
    "two candidates": (
        RIGHT + RIGHT.replace("Value", "Other"),
        "gradcheck verify case.py:Value --as scalar-value or gradcheck verify case.py:Other",
    ),
}


@pytest.mark.parametrize("name", UNUSABLE)
def test_files_that_cannot_be_used(shell, name: str) -> None:
    text, words = UNUSABLE[name]
    ran = shell("verify", shell.write("case.py", text))
    assert ran.code == 1
    assert words in ran.err
    assert "Traceback" not in ran.err
    assert ran.out == ""


def test_an_adapter_is_proposed(shell) -> None:
    ran = shell("verify", shell.write("odd.py", "def helper(a): return a\n"))
    assert "from odd import your_loss" in ran.err
    assert "there is no gradient to check" in ran.err


READABLE = {
    "Windows line ends": dedent(PAIR).replace("\n", "\r\n"),
    "byte order mark": "\ufeff" + dedent(PAIR),
    "printing": PAIR + "\n    print('hello')\n",
    "global seed": PAIR + "\n    np.random.seed(0)\n",
}


@pytest.mark.parametrize("name", READABLE)
def test_files_that_can_be_used(shell, name: str) -> None:
    ran = shell("verify", shell.write("pair.py", READABLE[name]))
    assert ran.code == 0, ran.err
    assert "hello" not in ran.out


WRONG_USE = {
    "nothing": ([], "expected FILE"),
    "wrong name": (["mien.py"], "did you mean mine.py?"),
    "no Python": (["notes.txt"], "no Python file and no notebook"),
    "unknown convention": (["mine.py", "--as", "scalr-value"], "did you mean scalar-value?"),
    "unknown option": (["mine.py", "--as", "scalar-value:colour=red"], "there is no option 'colour'"),
    "unknown op": (["mine.py", "--require", "frobnicate"], "there is no op 'frobnicate'"),
    "time limit": (["mine.py", "--timeout", "0"], "--timeout must be"),
    "folder": (["."], "has no __init__.py"),
}


@pytest.mark.parametrize("name", WRONG_USE)
def test_commands_that_cannot_be_run(shell, right, name: str) -> None:
    shell.write("notes.txt", "nothing\n")
    arguments, words = WRONG_USE[name]
    ran = shell("verify", *arguments)
    assert ran.code == 2
    assert words in ran.err
    assert ran.out == ""


def test_a_name_that_is_not_there(shell, right) -> None:
    ran = shell("verify", f"{right}:Valeu")
    assert ran.code == 1
    assert "did you mean Value?" in ran.err
