"""The default report on a derivative of a function: what was checked, the mistake, the worst entry of each block.

    FAIL  affine_backward  (model.py:41)
      vjp of affine(x, W, b), at x of shape (4, 3), W (3, 2), b (2,), float64
      mistake   the gradient with respect to b is 1/4 of the right one, and 4 is a length here: divided once too often
      wrong     gradient of   yours    truth   off by
                b[1]          0.506    2.024   1.5      2 of 2 entries wrong
      right     x, W

Bounds, oracles, codes and notes are left to `Result.report(verbose=True)`.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from gradcheck.verdict.checked import short_file
from gradcheck.verdict.digits import apart, number
from gradcheck.verdict.finding import Finding, shown
from gradcheck.verdict.finding_kind import Severity
from gradcheck.verdict.mistakes import ELSEWHERE, mistakes, picture, without_source
from gradcheck.verdict.plain_findings import of_kind, plainly_of

if TYPE_CHECKING:
    from gradcheck.verdict.result import Result

LABEL = 10
"""Width in columns of the labels on the left."""
LINES = 12
"""Maximum number of lines of a report, unless a few sentences alone take more."""
FEWEST_ROWS = 2
"""Number of blocks whose worst entries are shown whatever the length of the rest."""
MOST_NAMES = 6
"""Maximum number of names of blocks in a list."""
MOST_MISTAKES = 2
"""Maximum number of mistakes in a report."""
MOST_SENTENCES = 3
"""Maximum number of sentences besides that table."""
MOST_FRAMES = 3
"""Maximum number of the user's frames that are shown of a traceback, the innermost ones."""
POINTS = "GC048"
"""The note about drawn inputs: which point fails, or how many pass."""
LABELS: Mapping[Severity, str] = {
    Severity.FATAL: "error",
    Severity.ERROR: "wrong",
    Severity.OPEN: "because",
    Severity.WARNING: "warning",
}
"""Label on the left of a finding's sentence, by severity."""
DECIDES: Mapping[str, Severity] = {
    "ERROR": Severity.FATAL,
    "FAIL": Severity.ERROR,
    "UNDECIDED": Severity.OPEN,
    "PASS": Severity.WARNING,
}
"""Which findings are shown, by the verdict; the others decide nothing."""
ENTRIES = {"gradient": "gradient", "value_and_gradient": "gradient", "vjp": "gradient", "jvp": "tangent"}
"""What the entries of a block are, by the kind of check."""

_NO_BREAK = "\N{NO-BREAK SPACE}"
_TOGETHER = re.compile(r" (?=\(\d)|(?<=\d,) (?=\d+[,)])| = | (?=::)")
"""Spaces at which no line is broken: those in "W (3, 2)" and "mu = 1.5", and before what a CI's log would obey."""


def function_report(result: Result, width: int) -> list[str]:
    """The lines of the default report; words longer than a line, such as paths, are never broken."""
    checked = result.checked
    assert checked is not None
    lines = [f"{result.verdict}  {shown(checked.title)}"]
    lines += _wrapped("  ", _question(result), width, "    ")
    known = mistakes(result.findings)[:MOST_MISTAKES]
    here = [found for found in known if not found[0].startswith(ELSEWHERE)]
    lines += _mistakes(here, checked.kind, width)
    decisive = _decisive(result)
    table = [f for f in decisive if in_table(f)]
    others = [f for f in decisive if f not in table]
    for finding in others[:MOST_SENTENCES]:
        lines += _labelled(LABELS[finding.severity], plainly_of(finding, checked, result.findings), width)
        lines += _frames(finding)
    lines += _mistakes([found for found in known if found not in here], checked.kind, width)
    if more := len(others) - MOST_SENTENCES:
        lines += [f"{' ' * (LABEL + 2)}and {more} more"] * (more > 0)
    rest = list(_rest(result, width))
    rows = max(FEWEST_ROWS, LINES - len(lines) - len(rest) - 1)
    return [*lines, *_table(table, checked.kind, rows), *rest]


def _mistakes(found: Sequence[tuple[str, Finding]], kind: str, width: int) -> Iterator[str]:
    for sentence, cause in found:
        below = [" " * (LABEL + 2) + line for line in picture(cause.facts)]
        yield from _labelled(
            "mistake", of_kind(without_source(sentence, cause.facts) if below else sentence, kind), width
        )
        yield from below


def in_table(finding: Finding) -> bool:
    """Whether a finding is about two numbers at one entry, which a row of the table holds."""
    facts = finding.facts
    numbers = all(isinstance(facts.get(key), float) for key in ("subject", "truth"))
    return finding.code in ("GC012", "GC013") and numbers


def _question(result: Result) -> str:
    assert result.checked is not None
    question = shown(result.checked.question)
    if result.verdict != "PASS":
        return question
    return f"{question}: {result.comparisons} {'entry' if result.comparisons == 1 else 'entries'} compared"


def _decisive(result: Result) -> list[Finding]:
    """The findings that the verdict rests on; of a PASS its warnings."""
    return [f for f in result.findings if f.severity is DECIDES[str(result.verdict)]]


def _table(findings: Sequence[Finding], kind: str, most: int) -> Iterator[str]:
    """The worst entry of each block, in at most `most` lines below the heading."""
    if not findings:
        return
    shown_ones = findings if len(findings) <= most else findings[: most - 1]
    rows = [(f"{ENTRIES.get(kind, 'entry')} of", "yours", "truth", "off by", "")]
    rows += [_row(f.facts) for f in shown_ones]
    widths = [max(len(row[k]) for row in rows) for k in range(len(rows[0]))]
    for k, row in enumerate(rows):
        cells = "   ".join(f"{cell:<{w}}" for cell, w in zip(row, widths, strict=True))
        yield f"  {LABELS[Severity.ERROR] if not k else '':<{LABEL}}{cells}".rstrip()
    if more := findings[len(shown_ones) :]:
        yield " " * (LABEL + 2) + f"and {len(more)} more: {_listed([str(f.facts['block']) for f in more])}"


def _row(facts: Mapping[str, Any]) -> tuple[str, str, str, str, str]:
    came, right = apart(facts["subject"], facts["truth"])
    far = abs(facts["subject"] - facts["truth"])
    off = number(far, 2) if far < float("inf") else "-"
    wrong, entries = facts.get("wrong", 0), facts.get("entries", 1)
    how_many = f"{wrong} of {entries}" if wrong != entries else "both" if entries == 2 else f"all {entries}"
    count = f"{how_many} entries wrong" if wrong and entries > 1 else ""
    entry = shown(facts["entry"]) if facts.get("entry") else ""
    return f"{shown(facts['block'])}{entry}", came, right, off, count


def _frames(finding: Finding) -> Iterator[str]:
    """The user's own part of a traceback."""
    frames: Sequence[Mapping[str, Any]] = finding.facts.get("frames", ())
    indent = " " * (LABEL + 2)
    for frame in frames[-MOST_FRAMES:]:
        within = f", in {frame['function']}" if frame["function"] != "<module>" else ""
        yield shown(f"{indent}{short_file(frame['file'])}:{frame['line']}{within}")
        if frame["text"]:
            yield shown(f"{indent}    {frame['text']}")


def _rest(result: Result, width: int) -> Iterator[str]:
    named = {str(f.facts.get("block")) for f in _decisive(result)}
    right = [block for block in result.right_blocks if block not in named]
    if result.verdict == "FAIL" and right and any(wrong for wrong, _ in result.blocks.values()):
        yield from _labelled("right", _listed(right), width)
    for finding in (f for f in result.findings if f.code == POINTS):
        yield from _labelled("drawn", finding.sentence, width)
    if result.settings:
        yield from _labelled("settings", ", ".join(f"{k}={shown(v)}" for k, v in result.settings.items()), width)
    if result.replay:
        yield f"  {'replay':<{LABEL}}{result.replay}"
    if result.verdict in ("FAIL", "UNDECIDED") and result.checked is not None:
        yield f"  {'more':<{LABEL}}every number, bound and code: check_{result.checked.kind}(...).report(verbose=True)"


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - MOST_NAMES} more" if len(names) > MOST_NAMES else ""
    return ", ".join(map(shown, names[:MOST_NAMES])) + more


def _labelled(label: str, text: str, width: int) -> list[str]:
    return _wrapped(f"  {label:<{LABEL}}", text, width, " " * (LABEL + 2))


def _wrapped(first: str, text: str, width: int, indent: str) -> list[str]:
    words = " ".join(shown(text).split())
    wrapped = textwrap.wrap(
        _TOGETHER.sub(lambda found: found[0].replace(" ", _NO_BREAK), words),
        max(width, 40),
        initial_indent=first,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )
    return [line.replace(_NO_BREAK, " ") for line in wrapped] or [first.rstrip()]
