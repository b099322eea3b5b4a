"""The README's picture of a report is what its command prints."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest


def test_the_readme_shows_a_real_report(
    shell: Any, checkout: Path, monkeypatch: pytest.MonkeyPatch, without_machine: Callable[[str], str]
) -> None:
    readme = (checkout / "README.md").read_text(encoding="utf-8")
    found = re.search(r"What `gradcheck ([^`]+)` says of .*?```text\n(.*?)```", readme, re.DOTALL)
    assert found is not None
    monkeypatch.chdir(checkout)
    ran = shell(*found[1].split(), "--save-failures", "")
    assert ran.code == 1
    assert without_machine(found[2]) == without_machine(ran.out)
