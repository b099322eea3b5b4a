"""What `gradcheck verify` looks at: a file, folder, notebook or module's name, each with or without :NAME."""

from __future__ import annotations

import difflib
from importlib.util import find_spec
from pathlib import Path
from pkgutil import iter_modules
from typing import Any

from gradcheck.conventions.recognition import Wish
from gradcheck.errors import UsageError
from gradcheck.problem.reading import brief, is_there
from gradcheck.subject.command import Command, CommandSubject, command, is_command
from gradcheck.subject.description import SeenOffer
from gradcheck.subject.looking import NOTEBOOK, Source
from gradcheck.subject.written import WrittenSubject

SUFFIXES = (".py", NOTEBOOK)


def looked_at(text: str, wanted: Wish) -> Source | Command:
    """The source, or the command (`cmd:PROGRAM ARGUMENTS`), that a command-line argument means; UsageError as below."""
    if not is_command(text):
        return source(text, wanted)
    if wanted.convention is not None:
        raise UsageError(f"--as names a convention of Python files, and {brief(text)} is a program")
    return command(text)


def subject_of(
    target: Source | Command, offer: SeenOffer | None = None, **limits: Any
) -> WrittenSubject | CommandSubject:
    """The subject that the target is, asked under an offer; `limits` as for `ChildSubject`."""
    if isinstance(target, Command):
        return CommandSubject(target, **limits)
    return WrittenSubject(target, offer, **limits)


def shown_name(target: Source | Command) -> str:
    """What a report calls the target."""
    return target.text if isinstance(target, Command) else Path(target.path).name


def source(text: str, wanted: Wish) -> Source:
    """The source that a command-line argument means.

    A path that exists comes first, then `a.b` as `a/b.py` in the working directory, then an installed module.

    Raises
    ------
    UsageError: nothing of that name, with the nearest one; a folder without `__init__.py`; no Python name.
    """
    if is_there(Path(text)):
        return Source(str(_file(Path(text))), False, None, wanted)
    file, colon, name = text.rpartition(":")
    if not colon:
        file, name = text, ""
    if colon and not name.isidentifier():
        raise UsageError(f"{brief(name)} is no name of a class or function; expected {file}:NAME")
    if is_there(Path(file)):
        return Source(str(_file(Path(file))), False, name or None, wanted)
    if all(part.isidentifier() for part in file.split(".")) and Path(file).suffix not in SUFFIXES:
        stem = Path(*file.split("."))
        for path in (stem.with_name(f"{stem.name}.py"), stem / "__init__.py"):
            if is_there(path):
                return Source(str(path.resolve()), False, name or None, wanted)
        if not _is_installed(stem.parts[0]):
            near = _near(stem.with_name(f"{stem.name}.py")) or _like(stem.parts[0])
            raise UsageError(f"no file and no installed module {brief(file)}{near}")
        return Source(file, True, name or None, wanted)
    raise UsageError(f"no file {brief(file)}{_near(Path(file))}; expected a Python file, a notebook or a module's name")


def _file(path: Path) -> Path:
    if path.is_dir():
        if not (path / "__init__.py").is_file():
            files = ", ".join(sorted(p.name for p in path.glob("*.py"))[:6]) or "no Python file"
            raise UsageError(f"the folder {brief(str(path))} has no __init__.py: name one of its files ({files})")
    elif path.suffix not in SUFFIXES:
        raise UsageError(f"{brief(str(path))} is no Python file and no notebook")
    return path.resolve()


def _is_installed(name: str) -> bool:
    try:
        return find_spec(name) is not None
    except (ImportError, ValueError):  # one that was imported without its spec
        return True


def _like(name: str) -> str:
    """A question for the installed module that may have been meant."""
    near = difflib.get_close_matches(name, [module.name for module in iter_modules()], n=1, cutoff=0.8)
    return f": did you mean {near[0]}?" if near else ""


def _near(path: Path) -> str:
    """A question for the file that may have been meant."""
    folder = path.parent
    names = [p.name for p in folder.iterdir() if p.suffix in SUFFIXES] if folder.is_dir() else []
    near = difflib.get_close_matches(path.name, names, n=1, cutoff=0.5)
    return f": did you mean {folder / near[0]}?" if near else ""
