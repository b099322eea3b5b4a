"""The place in the user's own code that a result is about: where an annotation goes."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gradcheck.subject.answer import ENTRY_POINTS
from gradcheck.subject.command import Command
from gradcheck.subject.defined_at import defined_at
from gradcheck.subject.loading import package_root

if TYPE_CHECKING:  # loads every convention, which a run does not need
    from gradcheck.subject.looking import Source

WORKSPACE = "GITHUB_WORKSPACE"
"""The environment variable that says where a checkout begins; without it the working directory does."""


@dataclass(frozen=True)
class CodePlace:
    """A file of the user's, absolute, and a line in it; None where that is not known."""

    file: Path
    line: int | None = None

    @property
    def shown(self) -> str:
        """The file from the root of the checkout, with slashes; absolute if it is elsewhere."""
        root = checkout()
        return (self.file.relative_to(root) if self.file.is_relative_to(root) else self.file).as_posix()


def checkout() -> Path:
    """The folder that files are named from."""
    given = os.environ.get(WORKSPACE)
    here = Path.cwd().resolve()
    return Path(given).resolve() if given and here.is_relative_to(Path(given).resolve()) else here


class SubjectCode:
    """The subject's own code: finds the place that the findings of a result are about."""

    def __init__(self, file: Path | None, name: str = "") -> None:
        self._file = file
        self._name = name
        self._known: dict[str, CodePlace] = {}

    @classmethod
    def of_run(cls, path: Path, name: str | None, command: Command | None = None) -> SubjectCode:
        """That of `gradcheck run --subject`."""
        return cls._program(command) if command is not None else cls(_module(path), name or "")

    @classmethod
    def of_verify(cls, source: Source | Command) -> SubjectCode:
        """That of `gradcheck verify`; an installed module's place is not looked for."""
        if isinstance(source, Command):
            return cls._program(source)
        return cls(None if source.installed else _module(Path(source.path)), source.name or "")

    @classmethod
    def _program(cls, command: Command) -> SubjectCode:
        """The first argument that is a file, as in `python3 engine.py`; else the program."""
        files = (Path(command.folder, word) for word in (*command.argv[1:], command.argv[0]))
        return cls(next((file.resolve() for file in files if _is_file(file)), None))

    def place(self, findings: Sequence[Mapping[str, Any]], name: str = "") -> CodePlace | None:
        """The place that the findings name, or where `name`, else the subject's entry point, is defined.

        `findings` are plain data, as `Finding.to_dict` gives them. None if no file is known.
        """
        if (known := next(self._told(findings), None)) is not None:
            return known
        return self._definition(name or self._name)

    def _told(self, findings: Sequence[Mapping[str, Any]]) -> Iterator[CodePlace]:
        """A line of the derivative's own, or one that raised."""
        for finding in findings:
            facts = finding.get("facts", {})
            for file, line in ((facts.get("own_file"), facts.get("own_line")), _raised(finding)):
                if isinstance(file, str) and file and isinstance(line, int) and (found := self._existing(file)):
                    yield CodePlace(found, line)

    def _existing(self, file: str) -> Path | None:
        """A file of the subject's; findings name it from the folder that holds the subject."""
        folders = [] if self._file is None else [package_root(self._file) or self._file.parent, self._file.parent]
        found = (Path(folder, file) for folder in (*folders, Path.cwd()))
        return next((path.resolve() for path in found if _is_file(path)), None)

    def _definition(self, name: str) -> CodePlace | None:
        if self._file is None:
            return None
        if name not in self._known:
            names = (name,) if name else ENTRY_POINTS
            found = (defined_at(self._file, each) for each in names) if self._file.suffix == ".py" else ()
            self._known[name] = next((CodePlace(*at) for at in found if at is not None), CodePlace(self._file))
        return self._known[name]


def of_checked(checked: Mapping[str, Any] | None) -> CodePlace | None:
    """Where the derivative of a check is defined, from the plain data of a `Checked`."""
    file, line = (checked or {}).get("file"), (checked or {}).get("line")
    if not isinstance(file, str) or not file or not _is_file(Path(file)):
        return None
    return CodePlace(Path(file).resolve(), line if isinstance(line, int) else None)


def _raised(finding: Mapping[str, Any]) -> tuple[object, object]:
    """File and line where the user's code raised, or where it is no Python; other findings have lines of f."""
    facts = finding.get("facts", {})
    told = finding.get("code") in ("GC001", "GC002", "GC004", "GC018")
    return (facts.get("file"), facts.get("line")) if told else (None, None)


def _module(path: Path) -> Path:
    return path / "__init__.py" if path.is_dir() else path


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):  # a name that no file can have
        return False
