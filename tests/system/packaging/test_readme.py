"""The README and what is executed cannot drift apart.

Its first `sh` block makes the environment, runs the main job and passes the tests; `.ci/run` reads it out of the
README and executes it line by line. Every line of the other `sh` blocks is executed here, in a folder that holds
what the README speaks of: the files that its `python` blocks show (a block after a line that names one, `my_engine.py`)
and `PLACEHOLDERS`. Each ends in exit code 0, or in the one that its comment names (`gradcheck run ...  # exit code 1`).
The tests of its other `python` blocks are called. What its `text` blocks show is compared in `tests/system/cli`.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from by_path import load

ROOT = Path(__file__).resolve().parents[3]
README = (ROOT / "README.md").read_text(encoding="utf-8")

STUDENT = ROOT / "tests" / "conventions" / "scalar_value" / "right_number.py"
PLACEHOLDERS = {
    "submissions/late.py": "raise SystemExit('not finished')\n",
    "my_backprop.py": STUDENT.read_text(encoding="utf-8"),
}
"""Files that the README speaks of without showing them."""

COMMAND = ".venv/bin/gradcheck"
PYTEST = ".venv/bin/pytest"


class Line(NamedTuple):
    """One line of a README and the exit code it is to end in."""

    text: str
    code: int


def later_lines(text: str) -> list[Line]:
    """The lines of all `sh` blocks but the first."""
    blocks = re.findall(r"^```sh\n(.*?)^```", text, flags=re.M | re.S)
    found = []
    for line in "".join(blocks[1:]).splitlines():
        command, _, comment = line.partition("#")
        if command.strip():
            code = re.search(r"exit code (\d+)", comment)
            found.append(Line(command.strip(), int(code.group(1)) if code else 0))
    return found


def python_blocks(text: str) -> list[str]:
    """The source of all `python` blocks that are no file of their own."""
    files = files_shown(text).values()
    return [block for block in re.findall(r"^```python\n(.*?)^```", text, flags=re.M | re.S) if block not in files]


def files_shown(text: str) -> dict[str, str]:
    """The source of all `python` blocks whose preceding line names a file."""
    return dict(re.findall(r"`(\w+\.py)`[^`\n]*:\n\n```python\n(.*?)^```", text, flags=re.M | re.S))


@pytest.fixture(scope="module")
def reader() -> Any:
    """`.ci/commands.py`, which `.ci/run` reads the README with."""
    return load(ROOT / ".ci" / "commands.py")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A user's folder: an environment with gradcheck in it, and the files that the README speaks of."""
    if shutil.which("bash") is None:
        pytest.skip("needs bash")
    scripts = {
        COMMAND: f'"{sys.executable}" -c "import sys; from gradcheck.cli import main; sys.exit(main())"',
        PYTEST: f'"{sys.executable}" -m pytest',
    }
    programs = {name: f'#!/bin/sh\nexec {script} "$@"\n' for name, script in scripts.items()}
    for name, source in {**PLACEHOLDERS, **files_shown(README), **programs}.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(source, encoding="utf-8")
    for name in programs:
        (tmp_path / name).chmod(0o755)
    return tmp_path


def shell(line: str, home: Path) -> "subprocess.CompletedProcess[str]":
    command = ["bash", "-euo", "pipefail", "-c", line]
    return subprocess.run(command, cwd=home, capture_output=True, text=True, timeout=300, check=False)


def test_the_first_block_makes_runs_and_tests(reader: Any) -> None:
    block = "\n".join(reader.commands(README))
    for part in ("venv", "pip install", "gradcheck run", "pytest"):
        assert part in block


def test_ci_has_no_copy_of_the_readmes_lines(reader: Any) -> None:
    run = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    assert "commands.py README.md" in run
    for line in reader.commands(README):
        assert line not in run


def test_every_later_line_is_a_command_of_ours() -> None:
    assert [line for line, _ in later_lines(README) if COMMAND not in line and PYTEST not in line] == []


@pytest.mark.parametrize(("line", "code"), later_lines(README), ids=lambda value: str(value))
def test_the_readmes_lines_do_what_it_says(line: str, code: int, home: Path) -> None:
    done = shell(line, home)
    assert done.returncode == code, done.stdout[-4000:] + done.stderr[-4000:]
    for file in home.glob("submissions/*.json"):
        assert json.loads(file.read_text(encoding="utf-8"))["results"]


def test_the_files_that_are_shown_are_there() -> None:
    assert {"my_engine.py", "my_suite.py"} <= set(files_shown(README))


def test_the_json_suite_of_the_suites_page_runs(home: Path) -> None:
    page = (ROOT / "suites" / "README.md").read_text(encoding="utf-8")
    (text,) = re.findall(r"^```json\n(.*?)^```", page, flags=re.M | re.S)
    (home / "square.json").write_text(text, encoding="utf-8")
    assert shell(f"{COMMAND} run square.json --subject my_engine.py", home).returncode == 0


def test_a_wrong_derivative_in_the_readmes_test_fails(home: Path) -> None:
    test = home / "test_swish.py"
    test.write_text(test.read_text(encoding="utf-8").replace("(1 - s))", "(1 + s))"), encoding="utf-8")
    assert shell(f"{PYTEST} test_swish.py", home).returncode == 1
    engine = home / "my_engine.py"
    engine.write_text(engine.read_text(encoding="utf-8").replace("arrived[name] + summed", "summed"), encoding="utf-8")
    line = next(line for line, _ in later_lines(README) if "gradcheck_suites" in line)
    assert shell(line, home).returncode == 1


def test_a_line_that_fails_is_seen(home: Path) -> None:
    assert shell(f"{COMMAND} run worked_examples::S4.b --subject my_engine.py", home).returncode == 0
    assert shell(f"{COMMAND} run worked_examples::S4.b --subject submissions/late.py", home).returncode == 1
    assert shell(f"{COMMAND} run worked_examples::S4.b --subject nobodys.py", home).returncode == 2


@pytest.mark.parametrize("block", python_blocks(README))
def test_the_readmes_python_runs(block: str) -> None:
    names: dict[str, object] = {}
    exec(compile(block, "README.md", "exec"), names)
    tests = [value for name, value in names.items() if name.startswith("test_") and callable(value)]
    assert tests
    for test in tests:
        test()


SAMPLE = """# Title
```sh
python3 -m venv .venv && .venv/bin/pip install .
# a remark

.venv/bin/gradcheck run
```
```python
def test_it():
    pass
```
This is a file, `mine.py`, of one line:

```python
x = 1
```
```sh
.venv/bin/gradcheck explain GC012
.venv/bin/gradcheck run -k 'S0.a or S0.b' --subject my_engine.py  # exit code 1, of course
```
"""


def test_readmes_are_read_as_they_are_meant(reader: Any) -> None:
    assert reader.commands(SAMPLE) == ["python3 -m venv .venv && .venv/bin/pip install .", ".venv/bin/gradcheck run"]
    assert later_lines(SAMPLE) == [
        (".venv/bin/gradcheck explain GC012", 0),
        (".venv/bin/gradcheck run -k 'S0.a or S0.b' --subject my_engine.py", 1),
    ]
    assert python_blocks(SAMPLE) == ["def test_it():\n    pass\n"]
    assert files_shown(SAMPLE) == {"mine.py": "x = 1\n"}


def ci(folder: Path, readme: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    """Run `.ci/run` in a repository that holds nothing but it and a README; tools are stand-ins that take notes."""
    shutil.copytree(ROOT / ".ci", folder / ".ci", ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "README.md").write_text(readme, encoding="utf-8")
    (folder / "tool").write_text('#!/bin/sh\necho "$(basename "$0")" "$@" >> "$NOTES"\n', encoding="utf-8")
    (folder / "tool").chmod(0o755)
    known = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1", **environment}
    git = ["git", "-c", "user.name=t", "-c", "user.email=t@example.org"]
    for arguments in (["init", "-q"], ["add", "-A"], ["commit", "-q", "-m", "all"]):
        subprocess.run([*git, *arguments], cwd=folder, env=known, check=True, capture_output=True)
    return subprocess.run(
        ["bash", str(folder / ".ci" / "run")], env=known, capture_output=True, text=True, timeout=60, check=False
    )


TOOLS = "mkdir -p .venv/bin && for t in pip ruff mypy gradcheck pytest python; do cp tool .venv/bin/$t; done"


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    if shutil.which("git") is None or shutil.which("bash") is None:
        pytest.skip("needs git and bash")
    folder = tmp_path / "repository"
    folder.mkdir()
    return folder


def test_ci_executes_the_readmes_lines_in_a_clone(repository: Path, tmp_path: Path) -> None:
    notes = tmp_path / "notes"
    readme = f"```sh\n{TOOLS}\n# a remark\n.venv/bin/gradcheck run one\n.venv/bin/gradcheck run 'two words'\n```\n"
    done = ci(repository, readme, NOTES=str(notes))
    assert done.returncode == 0, done.stderr
    lines = notes.read_text(encoding="utf-8").splitlines()
    assert lines[:2] == ["gradcheck run one", "gradcheck run two words"]
    assert [line.split()[0] for line in lines[2:6]] == ["pip", "ruff", "ruff", "mypy"]
    assert [line.split()[0] for line in lines[6:]] == ["pip", "pip", "pytest", "python"]
    assert not (repository / ".venv").exists()  # it happened in a clone


def test_ci_installs_torch_first_and_as_the_extra_pins_it() -> None:
    """Whatever else asks for torch must find it installed, or pip may fetch another build of it."""
    run = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    extra = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]
    (pin,) = [requirement for requirement in extra["peers"] if requirement.startswith("torch")]
    assert f"pip install --quiet {pin}\n" in run
    assert run.index(f"pip install --quiet {pin}\n") < run.index("'.[peers,")


def test_ci_stops_at_a_line_that_fails(repository: Path, tmp_path: Path) -> None:
    notes = tmp_path / "notes"
    readme = f"```sh\n{TOOLS}\n.venv/bin/gradcheck run one\nexit 7\n.venv/bin/gradcheck run two\n```\n"
    done = ci(repository, readme, NOTES=str(notes))
    assert done.returncode == 7
    assert notes.read_text(encoding="utf-8").splitlines() == ["gradcheck run one"]


@pytest.mark.parametrize(
    "readme", ["", "no block", "```sh\n# only a remark\n```\n"], ids=["empty", "no block", "remark"]
)
def test_ci_does_not_pass_without_lines(repository: Path, tmp_path: Path, readme: str) -> None:
    assert ci(repository, readme, NOTES=str(tmp_path / "notes")).returncode != 0
