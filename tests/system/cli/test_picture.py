"""What README.md shows of reports is what its commands print."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

README = (Path(__file__).resolve().parents[3] / "README.md").read_text(encoding="utf-8")

PICTURES = re.findall(r"what `gradcheck ([^`]+)` says.*?```text\n(.*?)```", README, re.DOTALL | re.IGNORECASE)


def test_the_readme_shows_a_report() -> None:
    assert PICTURES
    assert len(PICTURES) == README.count("```text")


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
    ran = shell(*command.split(), "--save-failures", "")
    assert ran.code == 1
    assert without_machine(picture) == without_machine(ran.out)
