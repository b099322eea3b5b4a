"""The table of report kinds: what `--report KIND=PATH` can write.

A kind is imported when it is asked for: what the reports at the end are made of knows every room, and few runs need it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Protocol

from gradcheck.report.levels import NORMAL

if TYPE_CHECKING:
    from gradcheck.report.code_place import SubjectCode
    from gradcheck.report.run_record import RunRecord
    from gradcheck.run.events import Event
    from gradcheck.verify.verify_events import VerifyEvent


class Report(Protocol):
    """A report while it comes about.

    Attributes
    ----------
    failed: why it is not all there; "" if it is.
    complete: whether all of it is in its file.
    """

    failed: str
    complete: bool

    def add(self, event: Event | VerifyEvent) -> None:
        """Record one event of a run or a verification."""
        ...

    def close(self) -> None:
        """Write what is not written yet."""
        ...


@dataclass(frozen=True)
class Manner:
    """What reports depend on besides the events: the subject's code, and how the screen shows the run."""

    code: SubjectCode
    timings: bool = True
    verbosity: int = NORMAL
    feedback: str = "hint"


@dataclass(frozen=True)
class Kind:
    """One row of the table.

    Attributes
    ----------
    about: a few words.
    make: the report at a path; None is stdout.
    streamed: whether it is written as the run goes; any other is written at the end, all of it or nothing.
    on_stdout: whether it can stand on stdout below the report for the screen.
    """

    about: str
    make: Callable[[Path | None, Manner], Report]
    streamed: bool = False
    on_stdout: bool = False


def _lines(path: Path | None, manner: Manner) -> Report:
    from gradcheck.report.lines import LinesReport

    assert path is not None, "lines do not go to stdout"
    return LinesReport(path)


def _junit(path: Path | None, manner: Manner) -> Report:
    from gradcheck.report.junit_xml import junit

    return _document(path, manner, junit)


def _sarif(path: Path | None, manner: Manner) -> Report:
    from gradcheck.report.sarif_log import sarif

    return _document(path, manner, sarif)


def _github(path: Path | None, manner: Manner) -> Report:
    from gradcheck.report.github_commands import github

    return _document(path, manner, github)


def _markdown(path: Path | None, manner: Manner) -> Report:
    from gradcheck.report.markdown_summary import markdown

    return _document(path, manner, markdown)


def _text(path: Path | None, manner: Manner) -> Report:
    from gradcheck.report.document_report import DocumentReport
    from gradcheck.report.plain_text import PlainText

    shown = PlainText(timings=manner.timings, verbosity=manner.verbosity, feedback=manner.feedback)
    return DocumentReport(path, shown, shown.text)


def _document(path: Path | None, manner: Manner, render: Callable[[RunRecord], str]) -> Report:
    from gradcheck.report.document_report import DocumentReport
    from gradcheck.report.run_record import RunRecord

    record = RunRecord(manner.code)
    return DocumentReport(path, record, lambda: render(record))


KINDS: Mapping[str, Kind] = MappingProxyType(
    {
        "json": Kind("JSON lines, one per finished case, written as the run goes", _lines, streamed=True),
        "junit": Kind("JUnit XML", _junit),
        "sarif": Kind("SARIF 2.1.0", _sarif),
        "github": Kind("annotations of GitHub Actions", _github, on_stdout=True),
        "markdown": Kind("a summary in Markdown", _markdown, on_stdout=True),
        "text": Kind("the report for the screen, without colour", _text),
    }
)
