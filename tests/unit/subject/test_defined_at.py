"""Where a name is defined, found without importing the file."""

from __future__ import annotations

from pathlib import Path

import pytest

from gradcheck.subject.defined_at import defined_at

FOUND = {
    "a function": ("\ndef gradients(graph, point):\n    pass\n", 2),
    "one that waits": ("async def gradients(): ...\n", 1),
    "a class": ("x = 1\nclass gradients:\n    pass\n", 2),
    "below its decorators": ("@one\n@two(\n    3)\ndef gradients(): ...\n", 4),
    "the last of several": ("def gradients(): ...\ndef gradients(): ...\n", 2),
    "under a condition": ("if True:\n    pass\nelse:\n    def gradients(): ...\n", 4),
    "in an attempt": ("try:\n    import fast\nexcept ImportError:\n    def gradients(): ...\n", 4),
    "in a match": ("match 1:\n    case 1:\n        def gradients(): ...\n", 3),
    "another name's": ("def backward(): ...\n\ngradients = backward\n", 1),
    "a value": ("import functools\ngradients = functools.partial(print)\n", 2),
    "with a type": ("gradients: object = print\n", 1),
    "imported from elsewhere": ("import os\nfrom numpy import sum as gradients\n", 2),
    "not in a function": ("def f():\n    def gradients(): ...\n\ngradients = f()\n", 4),
    "after a raise": ("raise SystemExit('must not be imported')\ndef gradients(): ...\n", 2),
    "a name for itself": ("gradients = gradients\n", 1),
    "with an invalid escape": ("x = '\\d'\ndef gradients(): ...\n", 2),
}


@pytest.mark.parametrize("name", FOUND)
def test_the_line(tmp_path: Path, name: str) -> None:
    text, line = FOUND[name]
    (tmp_path / "engine.py").write_text(text)
    assert defined_at(tmp_path / "engine.py", "gradients") == (tmp_path / "engine.py", line)


NOWHERE = {
    "no such name": b"def gradient(): ...\n",
    "a method": b"class A:\n    def gradients(self): ...\n",
    "a syntax error": b"def gradients(:\n",
    "null characters": b"def gradients(): ...\n\0",
    "no text": b"\xff\xfe\xff def gradients(): ...\n",
    "nested too deeply": b"def gradients(): ...\nx = " + b"(" * 5000 + b")" * 5000,
    "empty": b"",
}


@pytest.mark.parametrize("name", NOWHERE)
def test_no_line(tmp_path: Path, name: str) -> None:
    (tmp_path / "engine.py").write_bytes(NOWHERE[name])
    assert defined_at(tmp_path / "engine.py", "gradients") is None


def test_no_file(tmp_path: Path) -> None:
    assert defined_at(tmp_path / "engine.py", "gradients") is None
    assert defined_at(tmp_path, "gradients") is None


def test_another_encoding(tmp_path: Path) -> None:
    (tmp_path / "engine.py").write_bytes("# coding: latin-1\n# ü\ndef gradients(): ...\n".encode("latin-1"))
    assert defined_at(tmp_path / "engine.py", "gradients") == (tmp_path / "engine.py", 3)


@pytest.mark.parametrize(
    "statement",
    ["from .rules.sweep import backward as gradients", "from rules.sweep import backward as gradients",
     "from mine.rules.sweep import backward as gradients", "from .rules import gradients"],
)  # fmt: skip
def test_the_file_that_it_is_imported_from(tmp_path: Path, statement: str) -> None:
    package = tmp_path / "mine"
    (package / "rules").mkdir(parents=True)
    (package / "__init__.py").write_text(f"\n{statement}\n")
    (package / "rules" / "__init__.py").write_text("from .sweep import backward as gradients\n")
    (package / "rules" / "sweep.py").write_text("import numpy\n\ndef backward(): ...\n")
    assert defined_at(package / "__init__.py", "gradients") == (package / "rules" / "sweep.py", 3)


def test_imports_in_a_circle(tmp_path: Path) -> None:
    (tmp_path / "one.py").write_text("from two import gradients\n")
    (tmp_path / "two.py").write_text("from one import gradients\n")
    assert defined_at(tmp_path / "one.py", "gradients") in {(tmp_path / "one.py", 1), (tmp_path / "two.py", 1)}
