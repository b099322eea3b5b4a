"""The file and function that a subject's address means."""

from __future__ import annotations

import importlib.util
from pathlib import Path

from gradcheck.errors import UsageError
from gradcheck.problem.reading import brief, is_there, trouble


def subject_path(text: str) -> tuple[Path, str | None]:
    """`FILE` or `FILE:NAME` as (file, name).

    Raises UsageError if there is no such file, if it is a folder without `__init__.py`, or if NAME is no name.
    """
    file, colon, name = text.rpartition(":")
    if not colon or is_there(Path(text)) or not (name.isidentifier() or is_there(Path(file))):
        return existing(Path(text)), None
    path = existing(Path(file))
    if not name:
        raise UsageError(
            f"no name after the colon of {brief(text)}: give {file}, or {file}:NAME for one of its functions"
        )
    if not name.isidentifier():
        raise UsageError(f"{brief(name)} is no name of a Python function; expected {file}:NAME")
    return path, name


def existing(path: Path) -> Path:
    """The file or package folder at `path`; raises UsageError if there is none."""
    shown = brief(str(path), 300)
    if is_there(path) and path.is_dir():
        if not (path / "__init__.py").is_file():
            raise UsageError(f"the folder {shown} has no __init__.py: name the file in it that has the entry point")
    elif why := trouble(path):
        raise UsageError(f"no subject file {shown}: {why}; expected a Python file, or a folder with an __init__.py")
    return path.resolve()


def installed_names(path: Path) -> list[str]:
    """The installed name of a subject that is part of gradcheck but loaded like a student's file; empty for others."""
    spec = importlib.util.find_spec("gradcheck.reference")
    folders = list(spec.submodule_search_locations or ()) if spec is not None else []
    return ["gradcheck.reference"] if any(path.is_relative_to(Path(f).resolve()) for f in folders) else []
