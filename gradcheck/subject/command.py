"""`cmd:PROGRAM ARGUMENTS`: an engine in any language as a subject. PROTOCOL.md says what it reads and writes."""

from __future__ import annotations

import os
import shlex
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from gradcheck.conventions.recognition import Wish
from gradcheck.errors import SubjectError, UsageError
from gradcheck.problem.reading import brief, is_there
from gradcheck.subject import line_protocol
from gradcheck.subject.answer import Array, Declared, Origin
from gradcheck.subject.description import Seen, SeenOffer
from gradcheck.subject.offspring import Offspring
from gradcheck.subject.paths import subject_path
from gradcheck.subject.process import ChildSubject

PREFIX = "cmd:"
CONVENTION = "command"
"""Name in a report of the convention that such an engine keeps."""
MEMORY = 16 << 30
"""Bytes of address space: the machines of other languages (node, Java, Julia) reserve far more than they use."""
SERVICE = "gradcheck.subject.command_service"
MOST_OPS_SHOWN = 12
"""Maximum number of ops that the line about an engine names."""

T = TypeVar("T")


@dataclass(frozen=True)
class Command:
    """A program and its arguments.

    Attributes
    ----------
    text: as it was given, without `cmd:`.
    argv: the program's path and its arguments.
    folder: the working directory that the arguments speak of.
    wanted, name: no convention and no name in a file; a `Source` may have them.
    """

    text: str
    argv: tuple[str, ...]
    folder: str
    wanted: Wish = field(default_factory=Wish)
    name: None = None


def is_command(text: str) -> bool:
    """Whether a subject's address means a command."""
    return text.startswith(PREFIX)


def command(text: str) -> Command:
    """The command in `cmd:PROGRAM ARGUMENTS`, quoted as in a shell; no shell runs it.

    A PROGRAM with a slash is a path from the working directory, any other is looked for along PATH.

    Raises
    ------
    UsageError: no program, quotes that do not match, a program that is not there or not executable.
    """
    given = text.removeprefix(PREFIX)
    try:
        words = split(given, backslashes=os.name == "nt")
    except ValueError as wrong:
        raise UsageError(f"{brief(text)}: {wrong}") from None
    if not words:
        raise UsageError(f'{brief(text)} names no program; expected "cmd:PROGRAM ARGUMENTS", such as "cmd:./a.out"')
    return Command(given.strip(), (_program(words[0]), *words[1:]), str(Path.cwd()))


def split(text: str, *, backslashes: bool) -> list[str]:
    """The words of a command, quoted as in a shell; with `backslashes` as on Windows, where they separate folders."""
    words = shlex.split(text, posix=not backslashes)
    return [word.strip("\"'") for word in words] if backslashes else words


def _program(word: str) -> str:
    found = shutil.which(word)
    if found is not None:
        return str(Path(found).absolute())
    if not is_there(Path(word)):
        raise UsageError(f"there is no program {brief(word)}, neither along PATH nor from {brief(str(Path.cwd()))}")
    if os.sep not in word:
        raise UsageError(f"{brief(word)} is not along PATH; for the file here write cmd:./{word}")
    why = "is a folder" if Path(word).is_dir() else "is not executable (chmod +x)"
    raise UsageError(f"the program {brief(word)} {why}")


class CommandSubject(ChildSubject):
    """An engine that is a program.

    A child of gradcheck's starts it and passes questions on, so that the limits are those of any subject.

    Parameters
    ----------
    command: which program.
    limits: timeout, load_timeout, memory, sandbox and largest, as for `ChildSubject`.
    """

    def __init__(self, command: Command, **limits: Any) -> None:
        super().__init__(command.argv[0], command.text, **{"memory": MEMORY, **limits})
        self.command = command

    def __repr__(self) -> str:
        return f"CommandSubject({self.command.text!r})"

    def look(self) -> Seen:
        """What the engine says of itself, as one offer; SubjectError GC005 or GC006 if it does not start."""
        declared = self.declared
        name = declared.name or Path(self.command.argv[0]).name
        ops = None if declared.ops is None else sorted(declared.ops)
        offer = SeenOffer(
            CONVENTION,
            name,
            f"{name}, protocol {line_protocol.VERSION}: {_described(declared, ops)}",
            tuple(sorted(self.entry_points())),
            declared.ops,
            declared.scalars,
            declared.dtype,
        )
        return Seen((offer,), (), (name,))

    def origins(self, *question: Any, **options: Any) -> Mapping[str, Origin]:
        """None: gradcheck can look into Python code only."""
        return {}

    def _what(self) -> dict[str, Any]:
        search = os.environ.get("PATH", os.defpath)
        return {"argv": list(self.command.argv), "folder": self.command.folder, "search": search}

    def _question(
        self,
        header: dict[str, Any],
        arrays: list[Array],
        most: int,
        read: Callable[[Mapping[str, Any], list[Array], str, float], T],
    ) -> T:
        try:
            return super()._question(header, arrays, most, read)
        except SubjectError as wrong:
            if wrong.code == "GC006":  # the engine has ended or is out of step: the next question gets a new one
                self.close()
            raise

    def _offspring(self) -> Offspring:
        return Offspring(SERVICE)

    @staticmethod
    def _existing(path: Path) -> Path:
        return path  # `command` has looked for it


def opened(address: str, **limits: Any) -> ChildSubject:
    """The subject that `FILE`, `FILE:NAME` or `cmd:PROGRAM ARGUMENTS` means; UsageError if there is none."""
    if is_command(address):
        return CommandSubject(command(address), **limits)
    return ChildSubject(*subject_path(address), **limits)


def _described(declared: Declared, ops: list[str] | None) -> str:
    numbers = "single numbers" if declared.scalars else "arrays"
    dtype = f" in {declared.dtype}" if declared.dtype else ""
    if ops is None:
        return f"{numbers}{dtype}; any op may be asked"
    more = f" and {len(ops) - MOST_OPS_SHOWN} more" if len(ops) > MOST_OPS_SHOWN else ""
    return f"{numbers}{dtype}; ops {', '.join(ops[:MOST_OPS_SHOWN])}{more}"
