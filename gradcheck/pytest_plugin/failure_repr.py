"""Failures as pytest shows them: gradcheck's report, and the place of the derivative that is wrong.

The forms are pytest's own, so that they pass through pytest-xdist, `--junit-xml` and every `--tb`.
"""

from __future__ import annotations

import os
import traceback
from collections.abc import Sequence
from pathlib import Path

import pytest
from _pytest._code.code import (
    ExceptionChainRepr,
    ExceptionRepr,
    ReprEntry,
    ReprEntryNative,
    ReprFileLocation,
    ReprTraceback,
)

from gradcheck.checks.observed import Observed
from gradcheck.errors import GradcheckError
from gradcheck.verdict.checked import short_file
from gradcheck.verdict.result import GradientError, Verdict

PACKAGE = f"{Path(__file__).resolve().parents[1]}{os.sep}"
SECTION = "gradcheck: the last check that did not pass"
MARK = "E   "
"""How pytest begins the lines of an exception's message."""


def shown(lines: Sequence[str], message: str, file: str, line: int) -> ExceptionChainRepr:
    """A report, then the place; the message stands in pytest's summary and in JUnit's XML."""
    crash = ReprFileLocation(file, line, message)
    place = ReprFileLocation(short_file(file), line, message.partition(":")[0])
    entry = ReprEntry(lines, None, None, place, "value")
    return ExceptionChainRepr([(ReprTraceback([entry], None, "value"), crash, None)])


def with_report(longrepr: object, excinfo: pytest.ExceptionInfo[BaseException]) -> object:
    """What pytest shows of a GradientError: the line of the test, then the report in place of the message."""
    error = excinfo.value
    if (
        not isinstance(error, GradientError)
        or not isinstance(longrepr, ExceptionRepr)
        or longrepr.reprtraceback is None
    ):
        return longrepr
    last = (longrepr.reprtraceback, longrepr.reprcrash, None)
    *before, (trace, crash, description) = longrepr.chain if isinstance(longrepr, ExceptionChainRepr) else [last]
    if crash is not None:  # its first line says which function, and which mistake or entry
        crash = ReprFileLocation(crash.path, crash.lineno, crash.message.partition("\n")[0])
    checked = error.result.checked
    place = None
    if checked is not None and checked.file and checked.line is not None:
        place = ReprFileLocation(short_file(checked.file), checked.line, type(error).__name__)
        message = str(error).partition("\n")[0] if crash is None else crash.message
        crash = ReprFileLocation(checked.file, checked.line, message)
    report = ReprEntry(error.result.report().split("\n"), None, None, place, "value")
    entries = [*_without_message(trace.reprentries, excinfo), report]
    return ExceptionChainRepr([*before, (ReprTraceback(entries, None, "long"), crash, description)])


def _without_message(
    entries: Sequence[ReprEntry | ReprEntryNative], excinfo: pytest.ExceptionInfo[BaseException]
) -> list[ReprEntry | ReprEntryNative]:
    """The lines of the user's own code that led to the check."""
    if not all(isinstance(entry, ReprEntry) for entry in entries):  # --tb=native
        return [ReprEntry(_frames(excinfo.value), None, None, None, "value")]
    found: list[ReprEntry | ReprEntryNative] = []
    for entry in entries:
        assert isinstance(entry, ReprEntry)
        place = entry.reprfileloc
        code = [line for line in entry.lines if not line.startswith(MARK)]
        if place is not None and place.message:
            place = ReprFileLocation(place.path, place.lineno, "")
        found.append(ReprEntry(code, entry.reprfuncargs, entry.reprlocals, place, entry.style))
    return found


def _frames(wrong: BaseException) -> list[str]:
    """The frames of a traceback that are the user's, two lines each."""
    frames = [f for f in traceback.extract_tb(wrong.__traceback__) if _is_users(f.filename)]
    return [line for f in frames for line in (f"{f.filename}:{f.lineno}: in {f.name}", f"    {f.line or ''}")]


def _is_users(file: str) -> bool:
    return not file.startswith((PACKAGE, "<")) and not {"_pytest", "pluggy", "unittest"} & set(Path(file).parts)


def of_collection(wrong: GradcheckError) -> str:
    """What is said about a suite that cannot be collected: one paragraph, and what the suite itself raised."""
    cause = wrong.__cause__
    own = [] if cause is None or isinstance(cause, GradcheckError) else _frames(cause)
    return "\n".join([*own, str(wrong)])


def add_failed_checks(
    report: pytest.TestReport, excinfo: pytest.ExceptionInfo[BaseException], checks: Sequence[Observed]
) -> None:
    """Add what did not pass to the report of a test that fails by its own assertion: `assert check_vjp(...)`."""
    wrong = [one.result for one in checks if one.result.verdict is not Verdict.PASS]
    if wrong and isinstance(excinfo.value, AssertionError) and not isinstance(excinfo.value, GradientError):
        report.sections.append((SECTION, wrong[-1].report()))
