"""Engines in C, JavaScript and Python, as they are or with a mistake put in, as commands."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

HERE = Path(__file__).parent
LANGUAGES = ("c", "js", "py")
Build = Callable[..., str]


def _command(language: str, source: Path) -> str:
    """How the engine is run; skips where its language is not installed."""
    if language == "py":
        return f"cmd:{sys.executable} {source}"
    tool = shutil.which("cc" if language == "c" else "node")
    if tool is None:
        pytest.skip(f"no {'C compiler (cc)' if language == 'c' else 'node'} here")
    if language == "js":
        return f"cmd:{tool} {source}"
    program = source.with_suffix("")
    subprocess.run([tool, "-O1", str(source), "-o", str(program), "-lm"], check=True, capture_output=True)
    return f"cmd:{program}"


@pytest.fixture(scope="session")
def build(tmp_path_factory: pytest.TempPathFactory) -> Build:
    """`build(language, old, new)`: the subject `cmd:...` of the engine with `old`, which occurs once, replaced."""
    made: dict[tuple[str, ...], str] = {}

    def built(language: str, *edit: str) -> str:
        if (language, *edit) not in made:
            text = (HERE / f"engine.{language}").read_text(encoding="utf-8")
            if edit:
                assert text.count(edit[0]) == 1, f"{edit[0]!r} must occur once in engine.{language}"
                text = text.replace(*edit)
            source = tmp_path_factory.mktemp(f"engine_{language}") / f"engine.{language}"
            source.write_text(text, encoding="utf-8")
            made[(language, *edit)] = _command(language, source)
        return made[(language, *edit)]

    return built
