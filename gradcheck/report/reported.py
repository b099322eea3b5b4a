"""Finished cases, and mistakes that they have in common, as the reports at the end of a run show them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gradcheck.report.code_place import CodePlace
from gradcheck.verdict.result import Result, Verdict

VERDICTS = (*map(str, Verdict), "WARNING")
GRAVE = ("fatal", "error", "open")
"""Severities of findings that decide a verdict other than PASS."""


@dataclass(frozen=True)
class Reported:
    """One finished case, or one pair of functions.

    Attributes
    ----------
    address, sentence, replay: as of a `Result`.
    verdict: one of VERDICTS; "WARNING" where accuracy alone is lost.
    expected: whether it is as it should be, though it may not be PASS.
    message: what is wrong, in one sentence; "" where nothing is.
    findings: as plain data, the decisive ones first.
    comparisons, seconds: how many entries were decided, and in which time.
    place: where the user's own code is, as far as it is known.
    result: the whole result; None of a pair, which was judged in another process.
    text: the report on a pair.
    part: the class or function of the file that it belongs to; "" where there is one alone.
    """

    address: str
    verdict: str
    expected: bool = False
    sentence: str = ""
    message: str = ""
    findings: Sequence[Mapping[str, Any]] = ()
    comparisons: int = 0
    seconds: float = 0.0
    replay: str = ""
    place: CodePlace | None = None
    result: Result | None = None
    text: str = ""
    part: str = ""

    @property
    def is_wrong(self) -> bool:
        """Whether it is not as it should be; a warning is."""
        return not self.expected and self.verdict not in ("PASS", "WARNING")

    @property
    def excuse(self) -> str:
        """Why a case that is no PASS is as it should be; "" for any other."""
        told = next((str(f["sentence"]) for f in self.findings if f["code"] == "GC043"), "it is as expected")
        return told if self.expected and self.verdict != "PASS" else ""

    @property
    def decisive(self) -> Mapping[str, Any] | None:
        """The first finding that decides the verdict, or warns; None if there is none."""
        severities = ("warning",) if self.verdict in ("PASS", "WARNING") else GRAVE
        telling = [f for f in self.findings if f["severity"] in severities]
        return telling[0] if telling else next((f for f in self.findings if f["severity"] in GRAVE), None)


@dataclass(frozen=True)
class Mistake:
    """Failures with one mistake in common, as far as is known.

    Attributes
    ----------
    first: the failure that shows it best; others: the further ones.
    parts: label and text of what is known, as on the screen; () of a pair, whose report is `first.text`.
    example: the smallest counterexample, line by line.
    """

    first: Reported
    others: tuple[Reported, ...] = ()
    parts: tuple[tuple[str, str], ...] = ()
    example: tuple[str, ...] = ()

    @property
    def said(self) -> str:
        """The mistake in one sentence; "" where it has no name."""
        return dict(self.parts).get("mistake", "")

    @property
    def lines(self) -> list[str]:
        """All that is known, line by line."""
        known = [f"{label}: {text}" for label, text in self.parts if label != "smallest"] or self.first.text.split("\n")
        example = ["smallest:", *(f"    {line}" for line in self.example)] if self.example else []
        return [*known, *example, *([f"replay: {self.first.replay}"] if self.first.replay else [])]
