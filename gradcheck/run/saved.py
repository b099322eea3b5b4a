"""Failing graphs, kept in files for the next run of the same subject. They are asked first, and counted once.

The smallest counterexample is kept beside them for its own replay; no later run asks for it by itself.

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
    """The cases of a run, and which of them were saved.

    Attributes
    ----------
    cases: those of the suites in their order, then saved ones that the suites do not give (of another seed).
    first: addresses of the saved ones, which are asked first.
    lines: text to print.
    """

    cases: tuple[Addressed, ...]
    first: tuple[str, ...] = ()
    lines: tuple[str, ...] = ()


def ahead(folder: Path, cases: Sequence[Addressed]) -> Ahead:
    """The cases with those saved in `folder`; saved ones are used only if some cases are generated.

    A saved case that the run generates too (same graph, same point) is no other case, and keeps its address.
    """
    if not any(isinstance(a.case, Case) and a.case.seed is not None and not a.named for a in cases):
        return Ahead(tuple(cases))
    saved, lines = _read(folder)
    own = {_same(a.case): a for a in cases if isinstance(a.case, Case)}
    first = {_same(item.case): item for item in saved if isinstance(item.case, Case) and item.case.seed is not None}
    further = [item for same, item in first.items() if same not in own]
    addresses = [own.get(same, item).address for same, item in first.items()]
    return Ahead((*cases, *further), tuple(addresses), tuple(lines))


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
    """Write failing generated cases, and then the smallest counterexample, as one suite file each.

    Returns the files, and lines to print: what is saved where, and what could not be written.
    """
    wrong = {r.address for r in results if r.verdict is Verdict.FAIL}
    cases = [a.case for a in items if isinstance(a.case, Case) and a.case.seed is not None and a.address in wrong]
    graphs: list[Path] = []
    example: list[Path] = []
    lines: list[str] = []
    try:
        for case in cases:
            graphs.append(_written(folder, case))
        if diagnosed is not None and diagnosed.case is not None:
            example.append(_written(folder, diagnosed.case))
    except OSError as refused:
        lines.append(f"failing graphs cannot be saved: {refused}; with --no-save it is not tried")
    return [*graphs, *example], _announced(folder, len(graphs), bool(example)) + lines


def _written(folder: Path, case: Case) -> Path:
    """The file of one case, written."""
    seed = f"-{case.seed}" if case.seed is not None else ""
    path = folder / f"{_plain(case.name)}{seed}.json"
    folder.mkdir(parents=True, exist_ok=True)
    path.write_text(suite_to_json([case]), encoding="utf-8")
    return path


def _announced(folder: Path, graphs: int, example: bool) -> list[str]:
    what = [f"{graphs} failing graph{'s' * (graphs > 1)}"] if graphs else []
    what += ["the smallest counterexample"] if example else []
    if not what:
        return []
    again = f"; the graph{'s are' if graphs > 1 else ' is'} asked first next time" if graphs else ""
    return [f"saved {' and '.join(what)} to {folder}{again} (--no-save saves nothing)"]


def _plain(name: str) -> str:
    """`name` as a part of a file's name."""
    return re.sub(r"[^A-Za-z0-9_.-]+", "-", name)[:100]
