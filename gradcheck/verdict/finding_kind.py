"""What a row of the table of findings holds: severity, code and texts."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import partial


class Severity(StrEnum):
    """What a finding does to the verdict."""

    FATAL = "fatal"  # no answer that can be judged: ERROR
    ERROR = "error"  # the answer is wrong: FAIL
    OPEN = "open"  # nothing can tell here: UNDECIDED
    WARNING = "warning"  # worth knowing; the verdict stands
    NOTE = "note"  # how the verdict came about


@dataclass(frozen=True)
class FindingKind:
    """One row of the table.

    Attributes
    ----------
    severity: what it does to the verdict.
    code: stable code, "GC012".
    title: a few words.
    sentence: template, filled from a finding's facts.
    help: what it means, why it happens and what to do about it.
    """

    severity: Severity
    code: str
    title: str
    sentence: str
    help: str


fatal = partial(FindingKind, Severity.FATAL)
error = partial(FindingKind, Severity.ERROR)
undecided = partial(FindingKind, Severity.OPEN)
warning = partial(FindingKind, Severity.WARNING)
note = partial(FindingKind, Severity.NOTE)
