"""The kinds of values that settings have: how each is read from text or from TOML, and where relative paths lead.

A reader takes the text of a flag or of an environment variable, or a value that TOML or argparse has read, and raises
ValueError for anything else. A relocation puts a relative path of the file in terms of the working directory.
"""

from __future__ import annotations

import math
import os
import shlex
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gradcheck.config.expectation import Expectation, expectation

MOST_DIGITS = 300
"""Maximum number of digits of a seed; a file of cases can hold as many."""

Move = Callable[[str], str]
"""A relative path of the file as a path from the working directory."""


@dataclass(frozen=True)
class Kind:
    """A kind of value.

    Attributes
    ----------
    name: what `gradcheck config` calls it.
    read: the value that a text or a value of TOML means; raises ValueError.
    moved: the value with relative paths of the file as paths from the working directory.
    of_text: whether a flag or an environment variable can hold it.
    """

    name: str
    read: Callable[[object], Any]
    moved: Callable[[Any, Move], Any] = lambda value, move: value
    of_text: bool = True


@dataclass(frozen=True)
class Text:
    """The text of a flag or an environment variable, told apart from a string of TOML: "3" there is no number."""

    text: str


def _string(given: object) -> str:
    given = given.text if isinstance(given, Text) else given
    if not isinstance(given, str):
        raise ValueError
    return given


def _number(given: object) -> float:
    if isinstance(given, Text):
        given = float(given.text)
    if not isinstance(given, int | float) or isinstance(given, bool):
        raise ValueError
    try:
        return float(given)
    except OverflowError:
        raise ValueError from None


def _whole(given: object) -> int:
    if isinstance(given, Text):
        given = int(given.text) if _digits(given.text.strip().removeprefix("-")) else None
    if not isinstance(given, int) or isinstance(given, bool):
        raise ValueError
    return given


def _seed(given: object) -> int | str:
    text = given.text if isinstance(given, Text) else given
    if isinstance(text, str):
        if text.strip() == "random":
            return "random"
        if not isinstance(given, Text):
            raise ValueError
    seed = _whole(given)
    if not 0 <= seed < 10**MOST_DIGITS:
        raise ValueError
    return seed


def _jobs(given: object) -> int | str:
    text = given.text if isinstance(given, Text) else given
    return "auto" if text == "auto" else _whole(given)


def _digits(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= MOST_DIGITS


def _strings(given: object) -> tuple[str, ...]:
    if isinstance(given, Text):
        given = shlex.split(given.text)
    if not isinstance(given, list | tuple) or not all(isinstance(row, str) for row in given):
        raise ValueError
    return tuple(given)


def _names(given: object) -> tuple[str, ...]:
    if isinstance(given, Text):
        given = given.text.split(",")
    return tuple(name.strip() for name in _strings(given) if name.strip())


def _tables(given: object) -> tuple[Expectation, ...]:
    if not isinstance(given, list | tuple):
        raise ValueError
    found: list[Expectation] = []
    for number, row in enumerate(given, 1):
        try:
            entry = expectation(row)
        except ValueError as wrong:
            raise Entry(f"entry {number}: {wrong}") from None
        if entry.case in {other.case for other in found}:
            raise Entry(f"entry {number}: the case {entry.case!r:.200} has an entry already")
        found.append(entry)
    return tuple(found)


class Entry(ValueError):
    """What is wrong with one entry of a list; the message stands alone."""


def _moved_suite(suite: str, move: Move) -> str:
    """A built-in suite has a name; anything that ends like a file of cases is a path."""
    file, colons, case = suite.partition("::")
    return f"{move(file)}{colons}{case}" if Path(file).suffix in (".py", ".json") else suite


def _moved_subject(subject: str, move: Move) -> str:
    """A command keeps its words: only a program knows which of its arguments are paths."""
    if subject.startswith("cmd:") or not subject.strip():
        return subject
    file, colon, name = subject.rpartition(":")
    return f"{move(file)}{colon}{name}" if colon and name.isidentifier() and file else move(subject)


def _moved_report(report: str, move: Move) -> str:
    kind, equals, path = report.partition("=")
    return f"{kind}{equals}{move(path)}" if path not in ("", "-") else report  # "-" is stdout


def _moved_expectation(entry: Expectation, move: Move) -> Expectation:
    return Expectation(_moved_suite(entry.case, move), entry.verdict, entry.reason)


def _each(moved: Callable[[Any, Move], Any]) -> Callable[[Any, Move], Any]:
    return lambda rows, move: tuple(moved(row, move) for row in rows)


PATH = Kind("path", _string, lambda path, move: move(path))
SUBJECT = Kind("subject", _string, _moved_subject)
CHOICE = Kind("choice", _string)
NUMBER = Kind("number", _number)
WHOLE = Kind("whole number", _whole)
SEED = Kind("seed", _seed)
JOBS = Kind("whole number or 'auto'", _jobs)
SUITES = Kind("list of suites", _strings, _each(_moved_suite))
REPORTS = Kind("list of reports", _strings, _each(_moved_report))
NAMES = Kind("list of names", _names)
EXPECTATIONS = Kind("list of tables", _tables, _each(_moved_expectation), of_text=False)


def mover(folder: Path, start: Path) -> Move:
    """Puts a path relative to `folder` in terms of `start`; an absolute one stays."""

    def move(path: str) -> str:
        if not path or Path(path).is_absolute():
            return path
        try:
            return os.path.relpath(folder / path, start)
        except ValueError:  # on another drive
            return str(folder / path)

    return move


def positive(value: Any) -> bool:
    """Whether a number is above 0; False for NaN."""
    return bool(value > 0)


def finite(value: float) -> bool:
    """Whether a number is neither infinite nor NaN."""
    return math.isfinite(value)
