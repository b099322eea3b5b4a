"""What README.md shows of reports is what its commands print."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

README = (Path(__file__).resolve().parents[3] / "README.md").read_text(encoding="utf-8")

PICTURES = re.findall(r"what `gradcheck ([^`]+)` says.*?```text\n(.*?)```", README, re.DOTALL | re.IGNORECASE)

OF_FUNCTIONS = re.findall(
    r"```python\n((?:(?!```).)*)```\n\nWith `(\w+)` for `(\w+)` in .*?\(`pytest (\w+\.py)`\):\n\n```text\n(.*?)```",
    README,
    re.DOTALL,
)
"""(source, what is written, instead of what, file, what pytest says)."""


def test_the_readme_shows_a_report() -> None:
    assert PICTURES
    assert len(PICTURES) + len(OF_FUNCTIONS) == README.count("```text")


@pytest.mark.parametrize(("command", "picture"), PICTURES, ids=[command for command, _ in PICTURES])
def test_the_readme_shows_a_real_report(
    command: str,
    picture: str,
    shell: Any,
    checkout: Path,
    monkeypatch: pytest.MonkeyPatch,
    without_machine: Callable[[str], str],
) -> None:
    monkeypatch.chdir(checkout)
    words = shlex.split(command)
    ran = shell(*words, *(["--save-failures", ""] if words[0] == "run" else []))
    assert ran.code == 1
    assert without_machine(picture) == without_machine(ran.out)


@pytest.mark.parametrize(("source", "written", "instead", "file", "picture"), OF_FUNCTIONS)
def test_the_readme_shows_what_pytest_says(
    source: str, written: str, instead: str, file: str, picture: str, tmp_path: Path
) -> None:
    assert source.count(f".{instead}(") == 1
    (tmp_path / file).write_text(source.replace(f".{instead}(", f".{written}("), encoding="utf-8")
    (tmp_path / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PYTEST_")}
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", file]
    done = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False, timeout=300
    )
    assert done.returncode == 1
    said = "".join(f"{line.removeprefix('E  ').strip()}\n" for line in done.stdout.splitlines())
    assert "".join(f"{line.strip()}\n" for line in picture.splitlines()) in said, said
