"""A report that is a whole document: it is written at the end, all of it or nothing."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from gradcheck.report.whole_file import written
from gradcheck.run.events import Event, Finished
from gradcheck.verify.verify_events import Verified, VerifyEvent


class Collects(Protocol):
    """What a document is made of, such as a `RunRecord`."""

    def add(self, event: Event | VerifyEvent) -> None:
        """Record one event."""
        ...


class DocumentReport:
    """Writes what `text` says once the run is over, or where it was left.

    A file is written beside its place and then put there in one step, so that it is never half a report. `path` None is
    stdout. If the document cannot be written, `failed` becomes a sentence.

    Attributes
    ----------
    failed: why the document is not there; "" if it is.
    complete: whether the file is written.
    """

    def __init__(self, path: Path | None, collects: Collects, text: Callable[[], str]) -> None:
        self.failed = ""
        self.complete = False
        self._path = path
        self._collects = collects
        self._text = text
        self._due = False

    def add(self, event: Event | VerifyEvent) -> None:
        """Record one event; the last one writes the document."""
        self._collects.add(event)
        self._due = True
        if isinstance(event, Finished | Verified):
            self.close()

    def close(self) -> None:
        """Write the document, unless nothing was run or it is written."""
        if not self._due:
            return
        self._due = False
        if self._path is None:
            sys.stdout.write(self._text())
            return
        try:
            written(self._path, self._text())
        except OSError as wrong:
            self.failed = f"the report {str(self._path)!r} is not written: {wrong.strerror or wrong}"
        else:
            self.complete = True
