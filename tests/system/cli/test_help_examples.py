"""Every command's `--help` ends with two examples, and each of them runs."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

from gradcheck.cli import COMMANDS
from gradcheck.cli.baseline import ACTIONS
from gradcheck.cli.help_examples import EXAMPLES

PAIR = """
    def cube(x):
        return x**3

    def cube_grad(x):
        return 3 * x**2
"""


@pytest.fixture
def bench(desk: Any) -> Any:
    """The folder with the files that examples speak of."""
    (desk.folder / "engine.py").rename(desk.folder / "my_engine.py")
    (desk.folder / "mine.py").rename(desk.folder / "my_suite.py")
    desk.write("my_backprop.py", PAIR)
    return desk


def test_every_command_has_two() -> None:
    assert set(EXAMPLES) == {"", *COMMANDS, *(f"baseline {action}" for action in ACTIONS)}
    for command, lines in EXAMPLES.items():
        assert len(set(lines)) == 2
        for line in lines:
            assert f"gradcheck {command}".split() == line.replace("source <(", "").split()[: 1 + len(command.split())]


@pytest.mark.parametrize("command", EXAMPLES)
def test_help_shows_them(shell: Any, command: str) -> None:
    said = shell(*command.split(), "--help")
    assert said.code == 0
    for line in EXAMPLES[command]:
        assert f"\n  {line}\n" in said.out
    assert "exit codes: 0" in said.out


@pytest.mark.parametrize("command", [name for name in EXAMPLES if not name.startswith("baseline")])
def test_they_run(bench: Any, command: str) -> None:
    ran(bench, EXAMPLES[command])


def test_those_of_baselines_run_one_after_the_other(bench: Any) -> None:
    for command in ("baseline record", "baseline compare", "baseline update"):
        ran(bench, EXAMPLES[command])
    (bench.folder / "gradcheck-baseline.json").unlink()
    ran(bench, EXAMPLES["baseline"])


def ran(bench: Any, lines: tuple[str, ...]) -> None:
    """Each line, as bash runs it."""
    program = f'gradcheck() {{ "{sys.executable}" -m gradcheck "$@"; }}\n'
    for line in lines:
        done = subprocess.run(
            ["bash", "--norc", "-c", program + line], cwd=bench.folder, capture_output=True, text=True, timeout=300
        )
        assert done.returncode == 0, (line, done.stdout, done.stderr)
        assert "Traceback" not in done.stderr
