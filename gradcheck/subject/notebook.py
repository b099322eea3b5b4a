"""A notebook as a module: its code cells run one after the other; one that fails does not stop the others."""

from __future__ import annotations

import ast
import json
import linecache
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from gradcheck.conventions.source_trees import CELLS

MAGIC = ("%", "!", "?")
"""First characters of a line that IPython reads and Python does not."""


@dataclass(frozen=True)
class FailedCell:
    """A cell that raised, counted from 1 among all cells, with the type and message of the exception.

    `missing` is the exception where a package is not installed.
    """

    cell: int
    what: str
    missing: ModuleNotFoundError | None = None


def cells(path: Path) -> Iterator[tuple[int, str]]:
    """Number and source of each code cell; raises SyntaxError for a file that is no notebook."""
    try:
        document = json.loads(path.read_text(encoding="utf-8-sig"))
    except json.JSONDecodeError as wrong:
        raise _no_notebook(path, "what is no JSON", wrong.lineno) from None
    except UnicodeDecodeError:
        raise _no_notebook(path, "what is no text in UTF-8") from None
    if not isinstance(document, dict) or not isinstance(document.get("cells"), list):
        raise _no_notebook(path, "JSON without such a list")
    for number, cell in enumerate(document["cells"], 1):
        if isinstance(cell, dict) and cell.get("cell_type") == "code":
            source = cell.get("source", "")
            yield number, "".join(source) if isinstance(source, list) else str(source)


def _no_notebook(path: Path, came: str, line: int | None = None) -> SyntaxError:
    why = f"this is no notebook: expected a JSON object with a list of cells (format 4), got {came}"
    return SyntaxError(why, (str(path), line, None, None))


def run(path: Path, module: ModuleType) -> list[FailedCell]:
    """Run the code cells in `module`; those that fail are returned, the others have taken effect."""
    failed = []
    read: list[str] = []
    for number, source in cells(path):
        name = f"{path} cell {number}"
        text = "".join(_plain(line) for line in source.splitlines(keepends=True))
        linecache.cache[name] = (len(text), None, text.splitlines(keepends=True), name)
        try:
            tree = ast.parse(text, name)
            read.append(text)
            exec(compile(tree, name, "exec", dont_inherit=True), vars(module))
        except Exception as wrong:  # whatever a cell raises; SystemExit goes on to the caller
            missing = wrong if isinstance(wrong, ModuleNotFoundError) else None
            failed.append(FailedCell(number, f"{type(wrong).__name__}: {wrong}", missing))
    setattr(module, CELLS, "\n".join(read))
    return failed


def _plain(line: str) -> str:
    """The line, or a `pass` of the same indentation for one that only IPython can read."""
    code = line.lstrip()
    if code.startswith(MAGIC) or code.rstrip().endswith("?"):
        return line[: len(line) - len(code)] + "pass\n"
    return line
