"""`pytest --gradcheck-baseline`: checks that tests make, by node id: recorded, compared, updated, by workers too."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pytest

NAME = "gradcheck-baseline.json"
TEST = """
import threading

import gradcheck
import numpy as np
import pytest

SCALE = 1.0


def f(x):
    return np.sum(SCALE * x**3)


def grad(x):
    return SCALE * 3 * x**2


@pytest.mark.parametrize("n", [1, 2])
def test_cubes(n):
    gradcheck.assert_gradient(f, grad, np.arange(1.0, n + 1))


class TestProduct:
    def test_twice(self):
        assert gradcheck.check_vjp(np.square, lambda c, x: 2 * c * x, np.array([0.5, 1.0]))
        assert not gradcheck.check_vjp(np.square, lambda c, x: c * x, np.array([0.5, 1.0]))


def test_in_a_thread():
    thread = threading.Thread(target=lambda: gradcheck.assert_gradient(f, grad, np.array([2.0])))
    thread.start()
    thread.join()


def test_without_checks():
    assert f(np.zeros(2)) == 0
"""
ADDRESSES = [
    "inner/test_cubes.py::TestProduct::test_twice #1",
    "inner/test_cubes.py::TestProduct::test_twice #2",
    "inner/test_cubes.py::test_cubes[1] #1",
    "inner/test_cubes.py::test_cubes[2] #1",
    "inner/test_cubes.py::test_in_a_thread #1",
]


class Ran(NamedTuple):
    """What pytest did: its exit code, the lines about the baseline, and everything it printed."""

    code: int
    lines: list[str]
    text: str


class Project(NamedTuple):
    """A project with tests that check, and pytest in it."""

    folder: Path
    environment: Mapping[str, str]

    @property
    def file(self) -> Path:
        return self.folder / NAME

    @property
    def checks(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.file.read_text(encoding="utf-8"))["pytest"]["cases"]
        return found

    def edit(self, old: str, new: str) -> None:
        path = self.folder / "inner" / "test_cubes.py"
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new), encoding="utf-8")

    def pytest(self, action: str, *arguments: str) -> Ran:
        options = ["-q", "-p", "no:cacheprovider", f"--gradcheck-baseline={action}"]
        done = subprocess.run(
            [sys.executable, "-m", "pytest", *options, *arguments],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        text = done.stdout + done.stderr
        _, _, after = text.partition(" gradcheck baseline =")
        lines = [line for line in after.splitlines()[1:] if line.partition("  ")[0] in WORDS or NAME in line]
        return Ran(done.returncode, lines, text)


WORDS = {"gradient changed", "accuracy fell", "case vanished", "answer wrong", "new case", "note"}


def made(folder: Path) -> Project:
    """The project in a folder."""
    keep = ("PATH", "HOME", "TMPDIR", "LANG", "LC_ALL", "SYSTEMROOT")
    environment = {name: os.environ[name] for name in keep if name in os.environ}
    (folder / "inner").mkdir()
    (folder / "inner" / "test_cubes.py").write_text(TEST, encoding="utf-8")
    (folder / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
    return Project(folder, {**environment, "PYTHONDONTWRITEBYTECODE": "1"})


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return made(tmp_path)


@pytest.fixture(scope="module")
def baseline(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """What `record` writes for the project."""
    first = made(tmp_path_factory.mktemp("recorded"))
    ran = first.pytest("record")
    assert ran.code == 0, ran.text
    assert ran.lines == [f"'{NAME}': 5 added, 0 changed, 0 removed, 5 in all"]
    return first.file.read_bytes()


@pytest.fixture
def recorded(project: Project, baseline: bytes) -> Project:
    """The project with its baseline."""
    project.file.write_bytes(baseline)
    return project


def test_record_and_compare(recorded: Project) -> None:
    assert list(recorded.checks) == ADDRESSES
    block = recorded.checks["inner/test_cubes.py::test_cubes[2] #1"]["gradients"]["x"]
    assert block["values"] == ["3 +- 0", "12 +- 0"]  # 3 x^2 at 1 and 2
    wrong = recorded.checks["inner/test_cubes.py::TestProduct::test_twice #2"]
    assert wrong["verdict"] == "FAIL"  # as its test demands
    counts = recorded.checks["inner/test_cubes.py::test_in_a_thread #1"]["evaluations"]
    assert counts["f"] > 0 < counts["derivative"]
    before = recorded.file.read_bytes()
    ran = recorded.pytest("compare")
    assert (ran.code, ran.lines) == (0, [f"'{NAME}': 5 checks compared, nothing changed"])
    assert recorded.file.read_bytes() == before


def test_a_changed_function(recorded: Project) -> None:
    recorded.edit("SCALE = 1.0", "SCALE = 2.0")
    ran = recorded.pytest("compare")
    assert ran.code == 1
    assert "5 passed" in ran.text  # the tests alone see nothing
    assert ran.lines[1].startswith("gradient changed  inner/test_cubes.py::test_cubes[2] #1  x[0]: 3 -> 6  (at ")
    assert ran.lines[2] == "gradient changed  inner/test_cubes.py::test_cubes[2] #1  x[1]: 12 -> 24"
    assert ran.lines[-1] == f"'{NAME}': 5 checks compared, 4 changes"


def test_a_wrong_derivative_is_told_apart(recorded: Project) -> None:
    recorded.edit("SCALE * 3 * x**2", "SCALE * 2 * x**2")
    ran = recorded.pytest("compare")
    assert ran.code == 1
    wrong = [line for line in ran.lines if line.startswith("answer wrong")]
    assert len(wrong) == 3  # one of them in a thread, where pytest sees no failure
    assert wrong[0].startswith("answer wrong      inner/test_cubes.py::test_cubes[1] #1  FAIL: the exact gradient ")
    assert not any(line.startswith("gradient changed") for line in ran.lines)


def test_lost_accuracy(recorded: Project) -> None:
    recorded.edit("return SCALE * 3 * x**2", "return SCALE * 3 * x**2 * (1 + 7e-13)")
    recorded.edit("grad, np", "grad, accuracy=1e-12, *[np")
    recorded.edit("n + 1))", "n + 1)])")
    recorded.edit("np.array([2.0]))", "np.array([2.0])])")
    ran = recorded.pytest("compare")
    assert ran.code == 1
    assert all(line.startswith("accuracy fell") for line in ran.lines[:-1]), ran.lines
    assert "x: off by 0 ulps -> " in ran.lines[0]


def test_vanished_and_new(recorded: Project) -> None:
    recorded.edit("def test_in_a_thread", "def test_elsewhere")
    recorded.edit("        assert not gradcheck.check_vjp(np.square, lambda c, x: c * x, np.array([0.5, 1.0]))\n", "")
    ran = recorded.pytest("compare")
    assert (ran.code, ran.lines) == (
        1,
        [
            "case vanished     inner/test_cubes.py::TestProduct::test_twice #2  its test makes fewer checks",
            "new case          inner/test_cubes.py::test_elsewhere #1",
            "case vanished     inner/test_cubes.py::test_in_a_thread #1  there is no such test any more",
            f"'{NAME}': 3 checks compared, 2 changes, 1 new",
        ],
    )


@pytest.mark.parametrize(
    "arguments",
    [
        ["-k", "twice"],
        ["inner/test_cubes.py::TestProduct"],
        ["inner/test_cubes.py::test_cubes[1]"],
        ["--deselect", "inner/test_cubes.py::TestProduct"],
        ["-x"],
    ],
)
def test_what_was_not_asked_for_has_not_vanished(recorded: Project, arguments: list[str]) -> None:
    assert recorded.pytest("compare", *arguments).code == 0


def test_update(recorded: Project) -> None:
    recorded.edit("SCALE = 1.0", "SCALE = 2.0")
    recorded.edit("def test_in_a_thread", "def test_elsewhere")
    shown = recorded.pytest("compare").lines[:-1]
    ran = recorded.pytest("update")
    assert (ran.code, ran.lines[:-1]) == (0, shown)
    assert ran.lines[-1] == f"'{NAME}': 1 added, 2 changed, 1 removed, 5 in all"
    assert recorded.pytest("compare").code == 0


def test_workers_of_xdist_measure_the_same(recorded: Project) -> None:
    before = recorded.file.read_bytes()
    recorded.file.unlink()
    ran = recorded.pytest("record", "-n", "2")
    assert (ran.code, recorded.file.read_bytes()) == (0, before)
    recorded.edit("SCALE = 1.0", "SCALE = 2.0")
    ran = recorded.pytest("compare", "-n", "2")
    assert (ran.code, ran.lines[-1]) == (1, f"'{NAME}': 5 checks compared, 4 changes")


def test_a_lost_worker_changes_nothing(recorded: Project) -> None:
    before = recorded.file.read_bytes()
    recorded.edit("    assert f(np.zeros(2)) == 0", "    import os; os._exit(3)")
    ran = recorded.pytest("update", "-n", "1", "--max-worker-restart", "0")
    assert ran.code != 0
    assert recorded.file.read_bytes() == before
    assert f"nothing was compared, and '{NAME}' is as it was: a worker of pytest-xdist was lost" in ran.text


def test_tests_of_hypothesis_are_left_out(project: Project) -> None:
    text = (
        "import gradcheck, numpy as np\n"
        "from hypothesis import given, settings, strategies as st\n\n\n"
        "@settings(max_examples=3, deadline=None)\n"
        "@given(st.floats(1, 2))\n"
        "def test_drawn(x):\n"
        "    gradcheck.assert_gradient(lambda x: x**2, lambda x: 2 * x, x)\n"
    )
    (project.folder / "inner" / "test_drawn.py").write_text(text, encoding="utf-8")
    ran = project.pytest("record")
    assert ran.lines[-1].endswith("5 in all; 1 test of Hypothesis left out: each run draws anew")
    assert list(project.checks) == ADDRESSES


def test_the_part_of_suites_is_kept(project: Project) -> None:
    part = {"seed": 3, "subject": "engine.py", "cases": {}}
    project.file.write_text(json.dumps({"schema_version": 1, "run": part}))
    assert project.pytest("record").code == 0
    assert json.loads(project.file.read_text(encoding="utf-8"))["run"] == part


def test_the_setting_of_the_file(project: Project) -> None:
    (project.folder / "pyproject.toml").write_text('[tool.gradcheck]\nbaseline = "kept.json"\n', encoding="utf-8")
    assert project.pytest("record", "inner").code == 0
    assert (project.folder / "kept.json").exists()


def refused(ran: Ran, why: str) -> None:
    assert ran.code == pytest.ExitCode.USAGE_ERROR
    assert why in ran.text
    assert "passed" not in ran.text
    assert "Traceback" not in ran.text


def test_bad_files_end_the_session_before_it_begins(project: Project) -> None:
    refused(project.pytest("compare"), "holds no checks: pytest --gradcheck-baseline=record writes them")
    for text, why in (("no json", "not JSON"), ('{"schema_version": 0}', "version 0"), ("[]", "expected an object")):
        project.file.write_text(text)
        refused(project.pytest("record"), why)
        assert project.file.read_text() == text


def test_record_overwrites_nothing(recorded: Project) -> None:
    before = recorded.file.read_bytes()
    refused(recorded.pytest("record"), "holds 5 checks already: --gradcheck-baseline=update")
    refused(recorded.pytest("compare", "--gradcheck-seed", "4"), "was recorded without a seed")
    assert recorded.file.read_bytes() == before
