"""Which file and function a subject's address means."""

from __future__ import annotations

import importlib.util
from pathlib import Path

from gradcheck.errors import UsageError


def subject_path(text: str) -> tuple[Path, str | None]:
    """`FILE` or `FILE:NAME` as (file, name).

    Raises UsageError if there is no such file, or if it is a folder without `__init__.py`.
    """
    file, colon, name = text.rpartition(":")
    if not colon or not name.isidentifier() or Path(text).exists():
        file, name = text, ""
    return existing(Path(file)), name or None


def existing(path: Path) -> Path:
    """The file or package folder at `path`; UsageError if there is none."""
    if not path.exists():
        raise UsageError(f"no subject at {path}: expected a Python file, or a folder with an __init__.py")
    if path.is_dir() and not (path / "__init__.py").is_file():
        raise UsageError(f"the folder {path} has no __init__.py: name the file in it that has the entry point")
    return path.resolve()


def installed_names(path: Path) -> list[str]:
    """Where the subject is a part of gradcheck that is loaded like a student's file: the name it is installed by."""
    spec = importlib.util.find_spec("gradcheck.reference")
    folders = list(spec.submodule_search_locations or ()) if spec is not None else []
    return ["gradcheck.reference"] if any(path.is_relative_to(Path(f).resolve()) for f in folders) else []
