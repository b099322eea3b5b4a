"""Results that are known before their turn, or before their cause, in a file beside the report: none is lost.

A report has its cases in order: what one job writes, two write. So a result that comes early waits here until its turn
has come, or the run has ended. Only a run that was killed leaves the file; the next report of that path removes it.
"""

from __future__ import annotations

import stat
import sys
from contextlib import suppress
from pathlib import Path
from typing import TextIO


def place(report: Path) -> Path:
    """The file beside a report."""
    return report.with_name(f"{report.name}.waiting")


class ResultsAhead:
    """The file beside one report: there while a result waits. Where it cannot be written, standard error says so."""

    def __init__(self, report: Path) -> None:
        self._report = report
        self._file: TextIO | None = None
        self._waiting: set[str] = set()
        self._none = False

    def begin(self) -> None:
        """The report has been opened: remove what an earlier run left, unless the report is a device or a pipe."""
        self._none = not stat.S_ISREG(self._report.stat().st_mode)
        if not self._none:
            with suppress(OSError):
                place(self._report).unlink(missing_ok=True)

    def keep(self, address: str, line: str) -> None:
        """Write the line of a result, and flush it."""
        if self._none:
            return
        try:
            self._file = self._file or place(self._report).open("w", encoding="utf-8")
            self._file.write(line)
            self._file.flush()
        except OSError as wrong:  # the report itself is written all the same
            self.end()
            self._none = True
            lost = f"{place(self._report)} cannot be written ({wrong.strerror or wrong})"
            print(f"gradcheck: {lost}: if the run is killed, results before their turn are lost", file=sys.stderr)
        else:
            self._waiting.add(address)

    def reported(self, address: str) -> None:
        """A result stands in the report; the file goes once all its results do."""
        self._waiting.discard(address)
        if self._file is not None and not self._waiting:
            self.end()

    def end(self) -> None:
        """Remove the file: the report holds what was finished."""
        if self._file is not None:
            with suppress(OSError):
                self._file.close()
            with suppress(OSError):
                place(self._report).unlink(missing_ok=True)
            self._file = None
