"""`--report KIND=PATH`, for every command that has it: read, checked before anything runs, and opened."""

from __future__ import annotations

import argparse
import difflib
import os
import stat
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from gradcheck.errors import UsageError
from gradcheck.problem.reading import brief
from gradcheck.report.kinds import KINDS, Manner, Report
from gradcheck.report.whole_file import beside

STDOUT = "-"


@dataclass(frozen=True)
class ReportFile:
    """A report that was asked for; `path` None is stdout."""

    kind: str
    path: Path | None

    def opened(self, manner: Manner) -> Report:
        """The report, with nothing written yet."""
        return KINDS[self.kind].make(self.path, manner)


def argument(parser: argparse.ArgumentParser) -> None:
    """Add `--report`."""
    parser.add_argument(
        "--report",
        action="append",
        metavar="KIND=PATH",
        help=f"write a report to a file, besides the one on the screen: {', '.join(KINDS)}; may be given several "
        "times; github=- and markdown=- go to stdout. With several jobs PATH.waiting holds the lines of json=PATH that "
        "come before their turn; only a run that is killed leaves it",
    )


def report_files(given: Sequence[str], *, screen: bool = True) -> list[ReportFile]:
    """The reports that are asked for; `screen` is False where stdout holds a document.

    Raises UsageError for a kind that there is not, for a path that cannot be written, and for two of one path.
    """
    files: list[ReportFile] = []
    taken: dict[Path | None, str] = {}
    for text in given:
        file = _report_file(text, screen)
        place = None if file.path is None else file.path.resolve()
        if place in taken and place is not None and not _is_device(place):
            raise UsageError(f"--report: two reports to one place, {brief(taken[place])} and {brief(text)}")
        taken[place] = text
        files.append(file)
    return files


def closed(reports: Sequence[Report]) -> bool:
    """Close the reports, and say which are not all there; whether one is."""
    for report in reports:
        report.close()
        if report.failed:
            print(f"gradcheck: {report.failed}", file=sys.stderr)
    return any(report.complete for report in reports)


def _report_file(text: str, screen: bool) -> ReportFile:
    kind, equals, path = text.partition("=")
    if kind not in KINDS:
        near = difflib.get_close_matches(kind[:100].lower(), KINDS, n=1)
        meant = f"; did you mean {near[0]!r}?" if near else ""
        raise UsageError(f"--report: there is no kind {brief(kind)}{meant} (there are {', '.join(KINDS)})")
    if not equals or not path:
        raise UsageError(f"--report takes {kind}=PATH, got {brief(text)}")
    if path == STDOUT:
        if not KINDS[kind].on_stdout:
            able = " and ".join(name for name in KINDS if KINDS[name].on_stdout)
            raise UsageError(f"--report {kind}=-: only {able} can go to stdout; give a path")
        if not screen:
            raise UsageError(f"--report {kind}=- and --format json: stdout can hold one of them; give a path")
        return ReportFile(kind, None)
    if why := _trouble(Path(path), in_one_step=not KINDS[kind].streamed):
        raise UsageError(f"--report: {why}")
    return ReportFile(kind, Path(path))


def _trouble(path: Path, *, in_one_step: bool) -> str:
    """Why a report cannot be written there; "" if it can. With `in_one_step` its folder must take another file, too."""
    shown = brief(str(path))
    try:
        path = path.resolve()
        if not path.parent.is_dir():
            return f"there is no folder for {shown}"
        exists = path.exists()
    except (OSError, ValueError, RuntimeError) as wrong:  # a name too long, a null character, a loop of links
        return f"{shown} cannot be written: {getattr(wrong, 'strerror', None) or wrong}"
    if exists and path.is_dir():
        return f"{shown} cannot be written: Is a directory"
    if exists and not os.access(path, os.W_OK):
        return f"{shown} cannot be written: Permission denied"
    if not exists or (in_one_step and not _is_device(path)):
        return _closed_folder(path, shown)
    return ""


def _closed_folder(path: Path, shown: str) -> str:
    """Why the folder takes no new file; a file that a run left there when it was killed goes as well."""
    try:
        with beside(path).open("w"):
            pass
        beside(path).unlink()
    except OSError as wrong:
        return f"{shown} cannot be written: {wrong.strerror or wrong}"
    return ""


def _is_device(path: Path | None) -> bool:
    """Whether it is there and is no regular file, such as /dev/null or a pipe."""
    return path is not None and path.exists() and not stat.S_ISREG(path.stat().st_mode)
