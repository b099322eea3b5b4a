"""Read a user's file as text, and text as JSON; one sentence says what is wrong with either.

Files come from anywhere. So limits are checked before anything is built from one: its size, the depth of its JSON, the
digits of a whole number.
"""

from __future__ import annotations

import json
import stat
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NoReturn

from gradcheck.errors import InvalidProblem, shortened

MOST_BYTES = 1 << 28
"""Maximum size in bytes of a file that is read."""

MOST_DEEP = 60
"""Maximum depth of nested lists and objects; arrays have at most 32 axes."""

_TOO_DEEP = f"lists and objects are nested too deeply, more than {MOST_DEEP} in one another"

_MOST_DIGITS = 4_000
"""Maximum number of digits of a whole number; the largest float64 has 309, and Python converts at most 4,300."""


def trouble(path: Path) -> str | None:
    """Why `path` is no regular file, as the end of a sentence ("there is no such file"); None if it is one."""
    try:
        mode = path.stat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        return "there is no such file"
    except OSError as wrong:  # a loop of links, a name too long, a folder that must not be searched
        return (wrong.strerror or "it cannot be read").lower()
    except ValueError:
        return "a file's name holds no null character"
    if stat.S_ISDIR(mode):
        return "it is a folder"
    return None if stat.S_ISREG(mode) else "it is no regular file, but a pipe, a socket or a device"


def is_there(path: Path) -> bool:
    """Whether there is something at `path`; False also for a path that cannot exist."""
    try:
        path.stat()
    except (OSError, ValueError):
        return False
    return True


def read_text(path: Path) -> str:
    """The text of a regular UTF-8 file, without a byte order mark; InvalidProblem says why there is none."""
    where = str(path)
    if why := trouble(path):
        raise InvalidProblem(f"expected a file: {why}", where=where)
    try:
        if (size := path.stat().st_size) > MOST_BYTES:
            raise InvalidProblem(f"it has {size:,} bytes; at most {MOST_BYTES:,} are read", where=where)
        return path.read_bytes().decode("utf-8-sig")
    except OSError as wrong:
        raise InvalidProblem(f"it cannot be read: {(wrong.strerror or str(wrong)).lower()}", where=where) from None
    except UnicodeDecodeError as wrong:
        byte = f"byte 0x{wrong.object[wrong.start]:02x} at position {wrong.start}"
        raise InvalidProblem(f"expected a text in UTF-8, got {byte}", where=where) from None


def parsed(text: str, where: str) -> Any:
    """What a JSON text says; InvalidProblem says why it cannot be read.

    Stricter than `json.loads`: no key twice in an object, no number of more than 4,000 digits, no deep nesting. NaN and
    Infinity pass: callers that need finite numbers refuse them, and can name the place.
    """

    def refuse(why: str) -> NoReturn:
        raise InvalidProblem(why, where=where)

    def whole(digits: str) -> int:
        return (
            int(digits)
            if len(digits) <= _MOST_DIGITS
            else refuse(f"a number of {len(digits):,} digits is beyond all floats")
        )

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        data = dict(pairs)
        if len(data) < len(pairs):
            keys = [key for key, _ in pairs]
            refuse(f"one object has the key {brief(next(k for k in data if keys.count(k) > 1))} twice")
        return data

    try:
        data = json.loads(text, parse_int=whole, object_pairs_hook=once)
    except json.JSONDecodeError as wrong:
        refuse(f"not JSON: {wrong.msg} at line {wrong.lineno}, column {wrong.colno}")
    except RecursionError:
        refuse(_TOO_DEEP)
    bounded(data, where)
    return data


def bounded(data: Any, where: str = "") -> None:
    """InvalidProblem for plain data that is nested beyond MOST_DEEP."""
    level: list[Any] = [data]
    for _ in range(MOST_DEEP):
        below: list[Any] = []
        for value in level:
            if isinstance(value, dict | list | tuple):
                inner: Iterable[Any] = value.values() if isinstance(value, dict) else value
                below += [v for v in inner if isinstance(v, dict | list | tuple)]
        if not below:
            return
        level = below
    raise InvalidProblem(_TOO_DEEP, where=where)


def brief(value: Any, most: int = 80) -> str:
    """`repr(value)` in at most `most` characters."""
    try:
        return shortened(repr(value), most)
    except ValueError:  # Python writes out no number of more than 4,300 digits
        return "a number of thousands of digits"
