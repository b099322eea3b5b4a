"""`gradcheck verify --report KIND=PATH`: each kind, with the line of the class or of the derivative."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

PAIRS = """
import numpy as np


def f(w):
    return np.sum(w * w * w)


def f_grad(w):
    square = w * w
    return 2 * square


def g(w):
    return np.sum(np.exp(w))


def g_grad(w):
    return np.exp(w)


EXAMPLES = {"f": (np.array([0.5, -1.5]),), "g": (np.array([0.5, -1.5]),)}
"""
NUMBERS = (Path(__file__).parents[2] / "conventions" / "scalar_value" / "wrong_reflected_sub.py").read_text()
WRONG, RIGHT = "return self - o", "return -self + o"
assert NUMBERS.count(WRONG) == 1


def test_pairs(shell: Any, reported: Callable[..., Any], at: Callable[..., int]) -> None:
    shell.write("pairs.py", PAIRS)
    seen = reported("verify", "pairs.py")
    assert (seen.code, seen.err) == (1, "")
    head, *results, summary = seen.json
    assert (head["kind"], head["cases"], head["subject"]) == ("run", None, "pairs.py")
    assert {row["address"]: row["verdict"] for row in results} == {"f": "FAIL", "g": "PASS"}
    assert (summary["exit_code"], summary["summary"]["FAIL"], summary["trouble"]) == (1, 1, "")
    assert (seen.junit.tests, seen.junit.failures, seen.junit.errors) == (2, 1, 0)
    lines = {at(Path("pairs.py"), "def f_grad"), at(Path("pairs.py"), "return 2 * square")}
    [result] = seen.sarif["results"]
    place = result["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == "pairs.py"
    assert place["region"]["startLine"] in lines
    assert result["ruleId"] == "GC012"
    [annotation] = seen.github
    assert annotation.properties["line"] == str(place["region"]["startLine"])
    assert annotation.properties["title"] == "gradcheck FAIL f"
    report, replay = seen.code_blocks
    assert "f_grad" in report
    assert shell.line(replay.strip()).code == 1
    assert seen.text == seen.out


def test_a_class_of_numbers(shell: Any, reported: Callable[..., Any], at: Callable[..., int]) -> None:
    shell.write("numbers_of_mine.py", NUMBERS)
    seen = reported("verify", "numbers_of_mine.py", "--case", "forms::sub: number on the left")
    assert seen.code == 1
    line = at(Path("numbers_of_mine.py"), "class Number")
    [result] = seen.sarif["results"]
    assert result["locations"][0]["physicalLocation"]["region"]["startLine"] == line
    [annotation] = seen.github
    assert annotation.properties["line"] == str(line)
    assert "__rsub__" in annotation.message
    smallest, replay = seen.code_blocks
    assert "loss.backprop()" in smallest
    assert shell.line(replay.strip()).code == 1
    assert [m["addresses"] for m in seen.json[-1]["mistakes"]] == [["forms::sub: number on the left"]]


def test_lost_accuracy_is_a_warning(shell: Any, reported: Callable[..., Any], at: Callable[..., int]) -> None:
    shell.write("numbers_of_mine.py", NUMBERS.replace(WRONG, RIGHT))
    seen = reported("verify", "numbers_of_mine.py")
    lost = "forms::tanh at 400"
    assert seen.code == 0
    assert (seen.junit.failures, seen.junit.errors) == (0, 0)
    assert "it raises OverflowError" in seen.cases[lost].system_out
    [result] = seen.sarif["results"]
    assert (result["level"], result["message"]["text"].partition("\n")[0]) == ("warning", lost)
    assert [(a.level, a.properties["title"]) for a in seen.github] == [("warning", f"gradcheck WARNING {lost}")]
    assert f"Warning: `{lost}`" in seen.markdown
    assert (seen.json[-1]["warned"], seen.json[-1]["exit_code"]) == ([lost], 0)


def test_a_file_that_cannot_be_imported(shell: Any, reported: Callable[..., Any]) -> None:
    shell.write("pairs.py", "import numpy\n\n1 / 0\n")
    seen = reported("verify", "pairs.py")
    assert seen.code == 1
    assert seen.junit.errors == 1
    [result] = seen.sarif["results"]
    assert (result["ruleId"], result["locations"][0]["physicalLocation"]["region"]["startLine"]) == ("GC001", 3)
    assert "ZeroDivisionError" in seen.json[-1]["trouble"]
    assert "ZeroDivisionError" in seen.text
    assert "ZeroDivisionError" in seen.markdown


def test_a_file_of_no_convention(shell: Any, reported: Callable[..., Any]) -> None:
    shell.write("pairs.py", "def helper(x):\n    return x\n")
    seen = reported("verify", "pairs.py")
    assert seen.code == 1
    assert seen.junit.errors == 1
    assert seen.sarif["results"] == []
    assert seen.sarif["invocations"][0]["executionSuccessful"] is False
    assert [a.level for a in seen.github] == ["error"]
    assert "nothing in pairs.py keeps" in seen.json[-1]["trouble"]


def test_an_op_that_is_required(shell: Any, reported: Callable[..., Any]) -> None:
    shell.write("numbers_of_mine.py", NUMBERS)
    case = "forms::add: inner nodes"
    seen = reported("verify", "numbers_of_mine.py", "--case", case, "--require", "sin")
    assert seen.code == 1
    assert seen.junit.errors == 1
    assert [r["message"]["text"] for r in seen.sarif["results"] if "--require sin" in r["message"]["text"]]
    assert [a for a in seen.github if "sin is required" in a.message]
