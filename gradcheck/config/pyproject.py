"""`[tool.gradcheck]` of the nearest pyproject.toml that has it, upwards as far as the root of the repository."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gradcheck.errors import UsageError

NAME = "pyproject.toml"
ROOTS = (".git", ".hg", ".svn", ".jj")
"""What the root of a repository holds."""


@dataclass(frozen=True)
class Table:
    """The settings of a file, as TOML has them."""

    path: Path
    rows: dict[str, Any]


def nearest(start: Path) -> Table | None:
    """The table that is in effect in the folder `start`; None without one.

    Raises UsageError for a pyproject.toml on the way that cannot be read, is no TOML, or whose `tool.gradcheck` is no
    table.
    """
    for folder in _upwards(start):
        path = folder / NAME
        if path.is_file() and (rows := _table(path)) is not None:
            return Table(path, rows)
    return None


def _upwards(start: Path) -> Iterator[Path]:
    for folder in (start, *start.parents):
        yield folder
        if any((folder / name).exists() for name in ROOTS):
            return


def _table(path: Path) -> dict[str, Any] | None:
    try:
        text = path.read_bytes().decode("utf-8")
        whole = tomllib.loads(text)
    except OSError as wrong:
        raise UsageError(f"{path}: it cannot be read: {wrong.strerror or wrong}") from wrong
    except UnicodeDecodeError as wrong:
        line = wrong.object.count(b"\n", 0, wrong.start) + 1
        raise UsageError(f"{path}, line {line}: expected a text in UTF-8") from wrong
    except tomllib.TOMLDecodeError as wrong:
        last = f"(at line {text.count(chr(10)) + 1}, the end)"
        raise UsageError(f"{path}: no valid TOML: {str(wrong).replace('(at end of document)', last)}") from wrong
    except RecursionError as wrong:
        raise UsageError(f"{path}: no valid TOML: it is nested too deeply") from wrong
    tool = whole.get("tool", {})
    rows = tool.get("gradcheck") if isinstance(tool, dict) else None
    if rows is None or isinstance(rows, dict):
        return rows
    raise UsageError(f"{path}: tool.gradcheck must be a table, got {rows!r:.100}")
