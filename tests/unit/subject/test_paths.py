"""Which file and function a subject's address means, and where its package begins."""

from __future__ import annotations

from pathlib import Path

import pytest

from gradcheck.errors import UsageError
from gradcheck.subject.loading import GRADCHECK, package_root
from gradcheck.subject.paths import subject_path


def test_addresses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "engine.py"
    file.touch()
    assert subject_path("engine.py") == (file, None)
    assert subject_path("engine.py:mine") == (file, "mine")
    assert subject_path(f"{file}:mine") == (file, "mine")
    odd = tmp_path / "odd.py:name"
    odd.touch()
    assert subject_path("odd.py:name") == (odd, None)


def test_addresses_of_nothing(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    for text in ("absent.py", "absent.py:mine", "engine.py:not-a-name", ""):
        with pytest.raises(UsageError, match="expected a Python file"):
            subject_path(str(tmp_path / text) if text else "absent")
    with pytest.raises(UsageError, match="has no __init__"):
        subject_path(str(tmp_path / "empty"))


def test_package_roots(tmp_path: Path) -> None:
    for folder in ("a/b/c", "a/b", "plain/inner"):
        (tmp_path / folder).mkdir(parents=True, exist_ok=True)
    for folder in ("a", "a/b", "plain/inner"):
        (tmp_path / folder / "__init__.py").touch()
    assert package_root(tmp_path / "a/b/engine.py") == tmp_path / "a"
    assert package_root(tmp_path / "a/__init__.py") == tmp_path / "a"
    assert package_root(tmp_path / "a/b/c/engine.py") is None
    assert package_root(tmp_path / "plain/inner/engine.py") == tmp_path / "plain/inner"
    assert package_root(tmp_path / "plain/engine.py") is None


def test_the_climb_ends_below_gradcheck() -> None:
    assert package_root(GRADCHECK / "problem" / "graph.py") == GRADCHECK / "problem"
