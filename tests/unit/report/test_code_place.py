"""The place in the user's code that a result is about."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from gradcheck.report.code_place import CodePlace, SubjectCode, of_checked
from gradcheck.subject.command import Command
from gradcheck.subject.looking import Source


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory, with an engine."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GITHUB_WORKSPACE", raising=False)
    (tmp_path / "engine.py").write_text("import numpy\n\ndef mine(): ...\n\ndef train(): ...\n\ndef gradients(): ...\n")
    return tmp_path


def fact(code: str = "GC012", **facts: Any) -> list[dict[str, Any]]:
    return [{"code": code, "severity": "error", "facts": facts}]


def test_the_entry_point_unless_one_is_named(folder: Path) -> None:
    engine = folder / "engine.py"
    assert SubjectCode.of_run(engine, None).place(()) == CodePlace(engine, 7)
    assert SubjectCode.of_run(engine, "mine").place(()) == CodePlace(engine, 3)
    assert SubjectCode.of_run(engine, "missing").place(()) == CodePlace(engine)
    assert SubjectCode.of_verify(Source(str(engine), name="mine")).place(()) == CodePlace(engine, 3)
    assert SubjectCode.of_verify(Source(str(engine))).place((), "train") == CodePlace(engine, 5)
    assert SubjectCode.of_verify(Source("numpy.linalg", installed=True)).place(()) is None


def test_a_package(folder: Path) -> None:
    package = folder / "mine"
    package.mkdir()
    (package / "__init__.py").write_text("from .sweep import gradients\n")
    (package / "sweep.py").write_text("\ndef gradients(): ...\n")
    code = SubjectCode.of_run(package, None)
    assert code.place(()) == CodePlace(package / "sweep.py", 2)
    assert code.place(fact("GC004", file="sweep.py", line=1)) == CodePlace(package / "sweep.py", 1)


def test_what_a_finding_knows_comes_first(folder: Path) -> None:
    engine = folder / "engine.py"
    code = SubjectCode.of_run(engine, None)
    assert code.place(fact("GC004", file="engine.py", line=2)) == CodePlace(engine, 2)
    assert code.place(fact("GC051", own_file=str(engine), own_line=4)) == CodePlace(engine, 4)
    assert code.place(fact("GC051", file=str(engine), line=1)) == CodePlace(engine, 7)  # a line of f
    for odd in ({"file": "gone.py", "line": 2}, {"file": "engine.py", "line": "2"}, {"file": "a\0b", "line": 2}, {}):
        assert code.place(fact("GC004", **odd)) == CodePlace(engine, 7)


def test_a_program(folder: Path) -> None:
    def argued(*argv: str) -> Any:
        return SubjectCode.of_run(Path("ignored"), None, Command("", argv, str(folder))).place(())

    (folder / "engine.js").write_text("")
    (folder / "a.out").write_text("")
    assert argued("/usr/bin/node", "--fast", "engine.js") == CodePlace(folder / "engine.js")
    assert argued(str(folder / "a.out")) == CodePlace(folder / "a.out")
    assert argued("/no/such/program") is None


def test_a_notebook_has_no_line(folder: Path) -> None:
    (folder / "book.ipynb").write_text("{}")
    assert SubjectCode.of_verify(Source(str(folder / "book.ipynb"))).place(()) == CodePlace(folder / "book.ipynb")


def test_where_a_derivative_is_defined(folder: Path) -> None:
    engine = folder / "engine.py"
    assert of_checked({"file": str(engine), "line": 3}) == CodePlace(engine, 3)
    assert of_checked({"file": str(engine), "line": None}) == CodePlace(engine)
    for nothing in (None, {}, {"file": "", "line": 1}, {"file": "gone.py", "line": 1}, {"file": 3}):
        assert of_checked(nothing) is None


def test_names_of_files(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "deep").mkdir()
    file = folder / "deep" / "engine.py"
    assert CodePlace(file).shown == "deep/engine.py"
    monkeypatch.chdir(folder / "deep")
    assert CodePlace(file).shown == "engine.py"
    assert CodePlace(folder / "engine.py").shown == (folder / "engine.py").as_posix()
    monkeypatch.setenv("GITHUB_WORKSPACE", str(folder))
    assert CodePlace(file).shown == "deep/engine.py"
