"""The time for one check, and what there was no time for.

What decides comes first: f and the derivative at the point itself, then the oracles, each with a share of the time
left, so that one that takes long leaves some for the next. Contracts, causes and other points follow. A function that
is run in moments meets no limit: then nothing depends on how fast a machine is.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from gradcheck.problem.time_limit import TimeUp, left, spent_at_most
from gradcheck.verdict.finding import Finding, finding

BUDGET = 60.0
"""Seconds for one check, unless `budget` says otherwise."""
NO_TIME = "its share of the time was used up; budget= gives more"
"""Reason of an oracle that was stopped for want of time."""
ORACLE = 0.5
"""Maximum share of the time left for one oracle."""
PLACE = 0.25
"""Maximum share of the time left for one other point."""


class TimeBudget:
    """The time for one check; for one check only, since it keeps what was left out."""

    def __init__(self, seconds: float | None) -> None:
        self.seconds = BUDGET if seconds is None else float(seconds)
        self.left_out: list[str] = []

    @contextmanager
    def part(self, what: str, share: float = 1.0) -> Iterator[None]:
        """What is done inside may take a share of the time left; it is broken off, and named, if that is not enough."""
        try:
            with spent_at_most(share * left()):
                yield
        except TimeUp:
            self.left_out.append(what)

    def findings(self) -> list[Finding]:
        """A note about what was left out, if anything was."""
        what = list(dict.fromkeys(self.left_out))
        return [finding("GC095", seconds=self.seconds, what="; ".join(what))] if what else []
