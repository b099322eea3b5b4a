"""A result in a few words: one line for pytest's summary, and the short text of `str(result)`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradcheck.verdict.finding import Finding, Severity

if TYPE_CHECKING:
    from gradcheck.verdict.result import Result

CAUSE = "GC051"
LONGEST = 300
"""Characters of a headline."""


def headline(result: Result) -> str:
    """Which function or case, and what is wrong with it, in one line: the first finding that decides.

    "sigmoid_backward: the gradient with respect to x[3] is 0.25, but the truth is 0.5".
    """
    name = _name(result)
    decisive = _decisive(result)
    sentence = _brief(decisive[0]) if decisive else f"the verdict is {result.verdict}"
    line = " ".join(f"{name}: {sentence}".split())
    return line if len(line) <= LONGEST else f"{line[:LONGEST]}..."


def short(result: Result) -> str:
    """Verdict and address in one line, then a line for each cause and each finding that is more than a note."""
    causes = [f for f in result.findings if f.code == CAUSE]
    return "\n".join([f"{result.verdict} {result.address}", *map(str, causes), *map(str, _decisive(result))])


def _decisive(result: Result) -> list[Finding]:
    return [f for f in result.findings if f.severity is not Severity.NOTE]


def _name(result: Result) -> str:
    """The function's own name; the whole address of a case."""
    kind, _, name = result.address.partition(" ")
    return name if name and kind in ("gradient", "vjp", "jvp") else result.address


def _brief(finding: Finding) -> str:
    """The sentence without its distance and allowance, and without its subject, whose name stands in front."""
    sentence, _, _ = finding.sentence.removeprefix("the subject ").partition(" (distance ")
    return sentence.replace("the gradient of f with respect to", "the gradient with respect to")
