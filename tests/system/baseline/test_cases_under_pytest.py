"""Cases of suites in a baseline that pytest keeps: by node id, with what `gradcheck baseline` would record of them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from gradcheck.cli import main

SUITE = """
import gradcheck


@gradcheck.case
def squares():
    build = gradcheck.GraphBuilder()
    yield gradcheck.Case("square #2", build.graph(build.square(build.parameter("a"))), {"a": 3.0}, "da = 2 a")
    build = gradcheck.GraphBuilder()
    yield gradcheck.Case("exp", build.graph(build.exp(build.parameter("b"))), {"b": 0.0}, "db = exp(b)")
"""
ENGINE = """
import numpy as np


def gradients(graph, point):
    (name, x), = point.items()
    return (x * x, {name: 2 * x}) if name == "a" else (np.exp(x), {name: np.exp(x)})
"""
SETTINGS = """
[tool.gradcheck]
subject = "engine.py"
diagnosis-budget = 0
"""
NODES = ["gradcheck_own.py::exp", "gradcheck_own.py::square #2"]


class Project:
    """A suite and an engine, and pytest with the baseline."""

    def __init__(self, pytester: pytest.Pytester) -> None:
        self._pytester = pytester
        self.file = pytester.path / "gradcheck-baseline.json"
        for name, text in (("gradcheck_own.py", SUITE), ("engine.py", ENGINE), ("pyproject.toml", SETTINGS)):
            (pytester.path / name).write_text(text, encoding="utf-8")

    def edit(self, name: str, old: str, new: str) -> None:
        path = self._pytester.path / name
        assert old in path.read_text(encoding="utf-8")
        path.write_text(path.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")

    def part(self, name: str) -> Any:
        return json.loads(self.file.read_text(encoding="utf-8"))[name]

    def __call__(self, action: str, *arguments: str) -> tuple[int, list[str]]:
        """The exit code, and the lines about the baseline."""
        quiet = ("-q", "-p", "no:cacheprovider", "-p", "no:randomly")
        ran = self._pytester.runpytest_subprocess(*quiet, f"--gradcheck-baseline={action}", *arguments)
        text = ran.stdout.str().partition(" gradcheck baseline =")[2].partition(" short test summary info ")[0]
        return int(ran.ret), [line for line in text.splitlines()[1:] if "own.py" in line or "baseline.json" in line]


@pytest.fixture
def project(pytester: pytest.Pytester) -> Project:
    return Project(pytester)


def test_a_case_is_recorded_as_the_command_does(project: Project) -> None:
    code, lines = project("record")
    assert (code, lines) == (0, ["'gradcheck-baseline.json': 2 added, 0 changed, 0 removed, 2 in all"])
    kept = project.part("pytest")
    assert (list(kept["cases"]), kept["subject"]) == (NODES, "engine.py")
    assert kept["cases"][NODES[1]]["gradients"]["a"]["values"] == ["6 +- 0"]  # 2 a at 3
    assert kept["cases"][NODES[1]]["gradients"]["a"]["ulps"] == 0
    assert kept["cases"][NODES[1]]["evaluations"]["derivative"] > 0
    assert main(["baseline", "record", "gradcheck_own.py"]) == 0
    assert project.part("run")["cases"] == kept["cases"]


def test_what_changed_about_a_case(project: Project) -> None:
    assert project("record")[0] == 0
    before = project.file.read_bytes()
    assert project("compare") == (0, ["'gradcheck-baseline.json': 2 checks compared, nothing changed"])
    project.edit("gradcheck_own.py", '{"a": 3.0}', '{"a": 4.0}')
    project.edit("engine.py", "np.exp(x)}", "1 + x}")
    project.edit("gradcheck_own.py", '{"b": 0.0}', '{"b": 1.0}')
    code, lines = project("compare")
    assert code == 1
    assert lines[0].startswith(f"gradient changed  {NODES[0]}  b: 1 -> 2.718281828459045235360287471")
    assert lines[1].startswith(f"answer wrong      {NODES[0]}  FAIL: the exact gradient is another besides")
    assert lines[2].startswith(f"gradient changed  {NODES[1]}  a: 6 -> 8  (the point is another")
    assert lines[3:] == ["'gradcheck-baseline.json': 2 checks compared, 3 changes"]
    assert project.file.read_bytes() == before


def test_cases_that_are_gone_and_cases_that_are_not_asked_for(project: Project) -> None:
    assert project("record", "-n", "2")[0] == 0
    kept = project.part("pytest")
    assert (list(kept["cases"]), kept["subject"]) == (NODES, "engine.py")  # as one process records them
    assert project("compare", "-k", "exp")[0] == 0
    project.edit("engine.py", "def gradients", "OPS = ['square']\n\n\ndef gradients")
    code, lines = project("compare", "-n", "2")
    assert code == 1
    assert lines[0] == f"case vanished     {NODES[0]}  the subject does not answer it any more"
    project.edit("gradcheck_own.py", '"square #2"', '"cube"')
    code, lines = project("update")
    assert lines[:3] == [
        "new case          gradcheck_own.py::cube",
        f"case vanished     {NODES[0]}  the subject does not answer it any more",
        f"case vanished     {NODES[1]}  there is no such test any more",
    ]
    assert list(project.part("pytest")["cases"]) == ["gradcheck_own.py::cube"]
