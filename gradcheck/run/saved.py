"""Failing graphs, kept in files for the next run of the same subject. They are asked first, and counted once.

Each subject has its own folder, named after its file and a hash of the file's place, so that no submission is asked
another's graphs. Nothing here stops a run: a file that cannot be read or written gives a line of text.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from gradcheck.errors import GradcheckError
from gradcheck.problem import Case
from gradcheck.problem.serialise import case_to_dict, suite_to_json
from gradcheck.run.events import Diagnosed
from gradcheck.run.suite import Addressed, load_suite
from gradcheck.verdict.result import Result, Verdict


def folder_of(base: Path, subject: Path, name: str | None) -> Path:
    """The folder below `base` that belongs to the function `name` of the file `subject`."""
    where = f"{subject.resolve()}:{name or ''}"
    stem = subject.resolve().parent.name if subject.name == "__init__.py" else subject.stem
    return base / f"{_plain(stem)}-{hashlib.sha256(where.encode('utf-8', 'surrogateescape')).hexdigest()[:8]}"


@dataclass(frozen=True)
class Ahead:
    """The cases of a run in order, how many of them were saved ones, and lines to print."""

    cases: tuple[Addressed, ...]
    saved: int = 0
    lines: tuple[str, ...] = ()


def ahead(folder: Path, cases: Sequence[Addressed]) -> Ahead:
    """The cases, after those saved in `folder`; saved ones are used only if some cases are generated.

    A saved case that the run generates too (same graph, same point) comes first, under its own address.
    """
    if not any(isinstance(a.case, Case) and a.case.seed is not None and not a.named for a in cases):
        return Ahead(tuple(cases))
    saved, lines = _read(folder)
    own = {_same(a.case): a for a in cases if isinstance(a.case, Case)}
    first: dict[str, Addressed] = {}
    for item in saved:
        assert isinstance(item.case, Case)
        found = own.get(_same(item.case), item)
        first.setdefault(_same(item.case), found)
    asked = {a.address for a in first.values()}
    return Ahead((*first.values(), *(a for a in cases if a.address not in asked)), len(first), tuple(lines))


def _read(folder: Path) -> tuple[list[Addressed], list[str]]:
    """The readable saved cases, and a line about each unreadable file."""
    found: list[Addressed] = []
    lines: list[str] = []
    try:
        files = sorted(folder.glob("*.json"))
    except OSError as wrong:
        return [], [f"saved failures cannot be read: {wrong}"]
    for file in files:
        try:
            found += load_suite(str(file))
        except (GradcheckError, OSError, ValueError, RecursionError, MemoryError, OverflowError) as wrong:
            reason = str(wrong).partition("\n")[0][:200]
            lines.append(f"skipped a saved failure that cannot be read ({reason}); delete {file}")
    return found, lines


def _same(case: Case) -> str:
    """A text that two cases share exactly if graph, point and dtype are the same."""
    whole = case_to_dict(case)
    return json.dumps({key: whole[key] for key in ("graph", "point", "dtype")}, sort_keys=True)


def save(
    folder: Path, items: Sequence[Addressed], results: Sequence[Result], diagnosed: Diagnosed | None
) -> tuple[list[Path], list[str]]:
    """Write failing generated cases, and the smallest counterexample, as one suite file each.

    Returns the files, and lines about those that could not be written.
    """
    wrong = {r.address for r in results if r.verdict is Verdict.FAIL}
    cases = [a.case for a in items if isinstance(a.case, Case) and a.case.seed is not None and a.address in wrong]
    if diagnosed is not None and diagnosed.case is not None:
        cases.append(diagnosed.case)
    written: list[Path] = []
    for case in cases:
        seed = f"-{case.seed}" if case.seed is not None else ""
        path = folder / f"{_plain(case.name)}{seed}.json"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            path.write_text(suite_to_json([case]), encoding="utf-8")
        except OSError as refused:
            return written, [f"failing graphs cannot be saved: {refused}; --no-save leaves them alone"]
        written.append(path)
    return written, []


def _plain(name: str) -> str:
    """`name` as a part of a file's name."""
    return re.sub(r"[^A-Za-z0-9_.-]+", "-", name)[:100]
