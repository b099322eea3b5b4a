"""The one table of styles: verdicts and severities."""

from __future__ import annotations

from collections.abc import Mapping

STYLES: Mapping[str, str] = {
    "PASS": "green",
    "FAIL": "bold red",
    "UNDECIDED": "yellow",
    "ERROR": "bold magenta",
    "fatal": "magenta",
    "error": "red",
    "open": "yellow",
    "warning": "yellow",
    "note": "dim",
}
