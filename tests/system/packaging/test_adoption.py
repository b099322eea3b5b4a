"""A small repository adopts gradcheck: install, test, run, record, break a gradient, compare; and its CI, line by line.

The workflows are those that `gradcheck/cli/CI.md` shows. Their `uses:` steps need GitHub; every line of a shell is run.
pre-commit itself runs the local hooks and those of `.pre-commit-hooks.yaml`. The latter are installed from a copy of
this repository into an environment of their own, without network: what gradcheck depends on is linked from where these
tests run, and pip builds with the setuptools that is there.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
import yaml

ROOT = Path(__file__).resolve().parents[3]
PAGE = (ROOT / "gradcheck" / "cli" / "CI.md").read_text(encoding="utf-8")

LAYER = '''"""A dense layer with a tanh, and what it does backward, by hand."""

import numpy as np


def layer(x, W, b):
    return np.tanh(x @ W + b)


def layer_backward(upstream, x, W, b):
    slope = upstream * (1 - layer(x, W, b) ** 2)
    return slope @ W.T, x.T @ slope, slope.sum(axis=0)


def gradients(graph, point):
    """The engine: the loss is the sum of the layer's output."""
    x, W, b = (point[name] for name in ("x", "W", "b"))
    y = layer(x, W, b)
    of_x, of_W, of_b = layer_backward(np.ones_like(y), x, W, b)
    return np.sum(y), {"W": of_W, "b": of_b}
'''
SUITE = """import gradcheck
import numpy as np


@gradcheck.case
def layers():
    random = np.random.default_rng(1)
    for rows in (1, 4):
        build = gradcheck.GraphBuilder()
        x = build.input("x", (rows, 3))
        W, b = build.parameter("W", (3, 2)), build.parameter("b", (2,))
        loss = build.sum(build.tanh(build.add(build.matmul(x, W), b)), name="loss")
        point = {"x": random.normal(size=(rows, 3)), "W": random.normal(size=(3, 2)), "b": random.normal(size=2)}
        yield gradcheck.Case(f"{rows} rows", build.graph(loss), point)
"""
TEST = """import gradcheck
import numpy as np
from layer import layer, layer_backward


def test_layer_backward():
    random = np.random.default_rng(0)
    x, W, b = random.normal(size=(4, 3)), random.normal(size=(3, 2)), random.normal(size=2)
    gradcheck.assert_vjp(layer, layer_backward, x, W, b)
"""
RECORD = ("gradcheck baseline record", "python -m pytest -q --gradcheck-baseline=record")
COMPARE = ("gradcheck baseline compare", "python -m pytest -q --gradcheck-baseline=compare")
RIGHT, WRONG = "slope.sum(axis=0)", "slope.mean(axis=0)"


class Project(NamedTuple):
    """The repository: its folder, and a shell in which gradcheck is installed from its wheel."""

    folder: Path
    shell: Callable[[str], subprocess.CompletedProcess[str]]

    def edit(self, file: str, old: str, new: str) -> None:
        """Change a file."""
        text = (self.folder / file).read_text(encoding="utf-8")
        assert old in text
        (self.folder / file).write_text(text.replace(old, new), encoding="utf-8")

    def line_of(self, text: str, file: str = "layer.py") -> int:
        """The number of the line with this text."""
        lines = (self.folder / file).read_text(encoding="utf-8").splitlines()
        return next(number for number, line in enumerate(lines, 1) if text in line)


def blocks(language: str) -> list[str]:
    """The page's blocks in a language."""
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE, flags=re.M | re.S)


@pytest.fixture
def project(tmp_path: Path, wheel: Path, installed: Path) -> Project:
    """The repository, with the settings that the page shows; `pip install` finds the wheel and nothing else."""
    if shutil.which("bash") is None or shutil.which("git") is None:
        pytest.skip("needs bash and git")
    folder, tools = tmp_path / "project", tmp_path / "tools"
    folder.mkdir()
    tools.mkdir()
    (tools / "python").write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} "$@"\n', encoding="utf-8")
    (tools / "python").chmod(0o755)
    (settings,) = blocks("toml")
    files = {
        "pyproject.toml": settings,
        "layer.py": LAYER,
        "gradcheck_suite.py": SUITE,
        "test_layer.py": TEST,
        "requirements.txt": "gradcheck\n",
        ".gitignore": "__pycache__/\n.gradcheck/\n*.sarif\n*.xml\nsummary.md\n",
    }
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    keep = ("HOME", "TMPDIR", "LANG", "LC_ALL")
    environment = {
        **{name: os.environ[name] for name in keep if name in os.environ},
        "PATH": os.pathsep.join([str(tools), str(installed / "bin"), os.environ["PATH"]]),
        "PYTHONPATH": str(installed),
        "PYTHONDONTWRITEBYTECODE": "1",
        "PIP_NO_INDEX": "1",
        "PIP_NO_DEPS": "1",
        "PIP_FIND_LINKS": str(wheel.parent),
        "PIP_TARGET": str(tmp_path / "from_requirements"),
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "GITHUB_STEP_SUMMARY": "summary.md",
        "GITHUB_WORKSPACE": str(folder),
        "PRE_COMMIT_HOME": str(tmp_path / "pre-commit"),
        "GIT_CONFIG_GLOBAL": os.devnull,
    }

    def shell(line: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["bash", "-e", "-c", line],
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )

    assert shell("git init -q && git add -A").returncode == 0
    return Project(folder, shell)


def test_a_repository_adopts_gradcheck(project: Project) -> None:
    assert project.shell("python -m pip install -r requirements.txt").returncode == 0
    for line in ("python -m pytest -q", "gradcheck run", *RECORD, *COMPARE):
        done = project.shell(line)
        assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"
    recorded = json.loads((project.folder / "gradcheck-baseline.json").read_text(encoding="utf-8"))
    assert list(recorded["run"]["cases"]) == ["gradcheck_suite.py::1 rows", "gradcheck_suite.py::4 rows"]
    assert list(recorded["pytest"]["cases"]) == [*recorded["run"]["cases"], "test_layer.py::test_layer_backward #1"]

    project.edit("layer.py", RIGHT, WRONG)
    tested = project.shell("python -m pytest -q")
    assert tested.returncode == 1
    assert "4 is the length of axis 0 of x" in " ".join(tested.stdout.split())
    assert f"layer.py:{project.line_of('def layer_backward')}: GradientError" in tested.stdout

    ran = project.shell("gradcheck run --report github=- --report sarif=g.sarif --report junit=g.xml")
    assert ran.returncode == 1
    annotations = [line for line in ran.stdout.splitlines() if line.startswith("::")]
    at = project.line_of("def layer_backward")
    assert len(annotations) == 1
    assert annotations[0].startswith(
        f"::error file=layer.py,line={at},title=gradcheck FAIL gradcheck_suite.py%3A%3A4 rows::"
    )

    (log,) = json.loads((project.folder / "g.sarif").read_text(encoding="utf-8"))["runs"]
    places = [result["locations"][0]["physicalLocation"] for result in log["results"]]
    assert [place["artifactLocation"]["uri"] for place in places] == ["layer.py"]
    assert [place["region"]["startLine"] for place in places] == [at]
    rules = {rule["id"] for rule in log["tool"]["driver"]["rules"]}
    assert {result["ruleId"] for result in log["results"]} <= rules

    tree = ET.parse(project.folder / "g.xml").getroot()
    cases = {case.get("name"): case for case in tree.iter("testcase")}
    assert [name for name, case in cases.items() if case.find("failure") is not None] == ["4 rows"]
    assert len(cases) == 2

    compared = project.shell("gradcheck baseline compare")
    assert compared.returncode == 1
    assert "answer wrong      gradcheck_suite.py::4 rows  FAIL: the exact gradient is as recorded" in compared.stdout
    assert "gradient changed" not in compared.stdout

    compared = project.shell(COMPARE[1])
    assert compared.returncode == 1
    assert "answer wrong      test_layer.py::test_layer_backward #1  FAIL: the exact gradient is as" in compared.stdout

    project.edit("layer.py", WRONG, RIGHT)
    assert [project.shell(line).returncode for line in COMPARE] == [0, 0]


def test_another_function_is_told_from_a_wrong_answer(project: Project) -> None:
    assert project.shell("gradcheck baseline record").returncode == 0
    project.edit("gradcheck_suite.py", "build.tanh(", "build.sin(")
    project.edit("layer.py", "return np.tanh(x @ W + b)", "return np.sin(x @ W + b)")
    project.edit("layer.py", "(1 - layer(x, W, b) ** 2)", "np.cos(x @ W + b)")
    compared = project.shell("gradcheck baseline compare --report github=-")
    assert compared.returncode == 1
    assert "gradient changed  gradcheck_suite.py::1 rows  W[0, 0]: " in compared.stdout
    assert "answer wrong" not in compared.stdout
    errors = [line for line in compared.stdout.splitlines() if line.startswith("::error ")]
    assert errors
    assert all(line.startswith("::error file=gradcheck_suite.py,line=1,title=gradcheck baseline") for line in errors)
    assert project.shell("gradcheck baseline update").returncode == 0
    assert project.shell("gradcheck baseline compare").returncode == 0


def steps(job: dict[str, Any]) -> list[tuple[str, bool]]:
    """Each line that a shell runs, and whether it runs although one before it failed."""
    if "script" in job:
        return [(line, False) for line in job["script"]]
    return [(step["run"], step.get("if") == "always()") for step in job["steps"] if "run" in step]


def workflows() -> dict[str, dict[str, Any]]:
    """The jobs that the page shows, by the name of the service."""
    found = [yaml.safe_load(text) for text in blocks("yaml")]
    (github,) = (page["jobs"]["gradcheck"] for page in found if "jobs" in page)
    (gitlab,) = (page["gradcheck"] for page in found if "gradcheck" in page)
    return {"github": github, "gitlab": gitlab}


@pytest.mark.parametrize("service", ["github", "gitlab"])
def test_the_lines_of_a_workflow(project: Project, service: str) -> None:
    assert [project.shell(line).returncode for line in RECORD] == [0, 0]
    for broken in (False, True):
        if broken:
            project.edit("layer.py", RIGHT, WRONG)
        codes = {line: project.shell(line).returncode for line, _ in steps(workflows()[service])}
        assert len(codes) == 4
        installing = next(line for line in codes if "pip install" in line)
        assert codes.pop(installing) == 0
        assert set(codes.values()) == {int(broken)}, codes
    for name in {"github": ["gradcheck.sarif", "summary.md"], "gitlab": ["pytest.xml", "gradcheck.xml"]}[service]:
        assert (project.folder / name).stat().st_size > 0


def test_what_a_workflow_uploads_is_what_its_lines_write() -> None:
    jobs = workflows()
    (sarif,) = (step["with"]["sarif_file"] for step in jobs["github"]["steps"] if "sarif_file" in step.get("with", {}))
    assert any(f"sarif={sarif}" in line for line, _ in steps(jobs["github"]))
    for name in jobs["gitlab"]["artifacts"]["reports"]["junit"]:
        assert any(name in line for line, _ in steps(jobs["gitlab"]))
    late = [always for line, always in steps(jobs["github"]) if line.startswith("gradcheck")]
    assert all(late)  # a failing test must not hide the reports


def test_pre_commit_runs_the_hooks(project: Project) -> None:
    (config,) = (text for text in blocks("yaml") if text.startswith("repos:"))
    (project.folder / ".pre-commit-config.yaml").write_text(config, encoding="utf-8")
    assert project.shell("gradcheck baseline record && git add -A").returncode == 0
    run = "python -m pre_commit run --all-files"
    done = project.shell(run)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("Passed") == 2
    project.edit("layer.py", RIGHT, WRONG)
    done = project.shell(f"git add -A; {run}")
    assert done.returncode == 1
    assert done.stdout.count("Failed") == 2
    assert "gradcheck_suite.py::4 rows" in done.stdout


@pytest.fixture
def repository(export: Path, tmp_path: Path) -> Path:
    """This project as a repository of hooks, with one commit."""
    folder = tmp_path / "gradcheck-repository"
    shutil.copytree(export, folder, ignore=shutil.ignore_patterns("build", "*.egg-info"))
    author = ("-c", "user.name=a", "-c", "user.email=a@localhost")
    for line in (("init", "-q"), ("add", "-A"), (*author, "commit", "-qm", "as it is")):
        subprocess.run(("git", *line), cwd=folder, check=True, capture_output=True)
    return folder


def test_pre_commit_installs_and_runs_the_hooks_of_this_repository(
    project: Project, repository: Path, tmp_path: Path
) -> None:
    dependencies = tmp_path / "dependencies"
    dependencies.mkdir()
    for entry in Path(np.__file__).parents[1].iterdir():
        if "gradcheck" not in entry.name:
            (dependencies / entry.name).symlink_to(entry)
    head = subprocess.run(("git", "rev-parse", "HEAD"), cwd=repository, check=True, capture_output=True, text=True)
    hooks = [{"id": "gradcheck"}, {"id": "gradcheck-baseline"}]
    config = {"repos": [{"repo": str(repository), "rev": head.stdout.strip(), "hooks": hooks}]}
    (project.folder / ".pre-commit-config.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
    assert project.shell("gradcheck baseline record && git add -A").returncode == 0
    offline = f"PYTHONPATH={shlex.quote(str(dependencies))} PIP_NO_BUILD_ISOLATION=0"
    run = f"env -u PIP_TARGET -u PIP_FIND_LINKS {offline} python -m pre_commit run --all-files"
    done = project.shell(run)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("Passed") == 2
    assert list((tmp_path / "pre-commit").glob("repo*/py_env-*/lib/python*/site-packages/gradcheck/cli/run.py"))
    project.edit("layer.py", RIGHT, WRONG)
    done = project.shell(f"git add -A; {run}")
    assert done.returncode == 1
    assert done.stdout.count("Failed") == 2
    assert "gradcheck_suite.py::4 rows" in done.stdout


def test_the_hooks_of_this_repository(project: Project) -> None:
    manifest = ROOT / ".pre-commit-hooks.yaml"
    assert project.shell(f"python -m pre_commit validate-manifest {shlex.quote(str(manifest))}").returncode == 0
    hooks = yaml.safe_load(manifest.read_text(encoding="utf-8"))
    (config,) = (yaml.safe_load(text) for text in blocks("yaml") if text.startswith("repos:"))
    shown = {hook["id"]: hook["entry"] for hook in config["repos"][0]["hooks"]}
    assert {hook["id"]: hook["entry"] for hook in hooks} == shown
    assert project.shell("gradcheck baseline record").returncode == 0
    for code, change in ((0, RIGHT), (1, WRONG)):
        project.edit("layer.py", RIGHT, change)
        assert [project.shell(hook["entry"]).returncode for hook in hooks] == [code, code]
