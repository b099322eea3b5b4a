"""The report for the screen as a file: no colour, and of one width."""

from __future__ import annotations

from io import StringIO

from gradcheck.report.console import ConsoleReport
from gradcheck.report.levels import NORMAL
from gradcheck.report.verify_text import VerifyText
from gradcheck.run.events import CaseFinished, Event, Faulted
from gradcheck.verdict.rendering import plain_console
from gradcheck.verify.tried_engine import EngineTried
from gradcheck.verify.verify_events import (
    Lacking,
    Offered,
    PairTried,
    Recognised,
    Unusable,
    Verified,
    VerifyEvent,
)

WIDTH = 100
"""Columns."""
_VERIFICATIONS = (Unusable, Recognised, Offered, Lacking, PairTried, EngineTried, Verified)


class PlainText:
    """Shows the events of a run, or of a verification, in a text.

    `verbosity` and `timings` are as for `ConsoleReport`, `feedback` as for `VerifyText`; `width` is in columns.
    """

    def __init__(
        self, *, timings: bool = True, verbosity: int = NORMAL, feedback: str = "hint", width: int = WIDTH
    ) -> None:
        self._console = plain_console(width)
        self._run = ConsoleReport(self._console, timings=timings, verbosity=verbosity)
        self._verification = VerifyText(self._console, feedback=feedback, verbose=verbosity > NORMAL)
        self._verifies = False

    def add(self, event: Event | VerifyEvent) -> None:
        """Show one event."""
        if isinstance(event, _VERIFICATIONS):
            self._verifies = True
            if isinstance(event, Unusable):
                self._console.print(event.sentence, markup=False, soft_wrap=True)
            self._verification.add(event)
        elif not (self._verifies and isinstance(event, CaseFinished | Faulted)):
            self._run.add(event)

    def text(self) -> str:
        """The text."""
        assert isinstance(self._console.file, StringIO)
        lines = self._console.file.getvalue().split("\n")
        return "\n".join(line.rstrip() for line in lines)
