"""A run as a page of Markdown, such as GitHub shows for a job: counts, then each mistake with its smallest example."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from gradcheck.explain.derivation_markdown import escaped
from gradcheck.report.not_offered import not_offered_line
from gradcheck.report.reported import VERDICTS, Mistake
from gradcheck.report.run_record import RunRecord
from gradcheck.verdict.finding import shown

_BEGINS = re.compile(r"^(\d*)([-+=.)])")
"""What makes a list or a heading of a line."""
MOST_MISTAKES = 20
"""Maximum number of mistakes that are shown in full; GitHub cuts a summary at 1 MiB."""
MOST_ADDRESSES = 40
"""Maximum number of further cases of one mistake that are listed."""


def markdown(run: RunRecord) -> str:
    """The document."""
    return "\n".join(_lines(run)) + "\n"


def _lines(run: RunRecord) -> Iterator[str]:
    yield "## gradcheck"
    yield ""
    yield f"Subject: {_code(run.subject)}"
    yield ""
    for sentence in run.troubles:
        yield from (f"**{_text(sentence)}**", "")
    counts = run.counts
    verdicts = [verdict for verdict in VERDICTS if verdict != "WARNING" or counts[verdict]]
    yield f"| {' | '.join(verdicts)} | entries compared |"
    yield f"|{' ---: |' * (len(verdicts) + 1)}"
    yield f"| {' | '.join(str(counts[verdict]) for verdict in verdicts)} | {run.comparisons} |"
    if known := sum(bool(case.excuse) for case in run.reported):
        yield from ("", f"{known} of them as expected.")
    mistakes = run.mistakes
    for mistake in mistakes[:MOST_MISTAKES]:
        yield ""
        yield from _mistake(mistake)
    if more := mistakes[MOST_MISTAKES:]:
        yield from ("", f"And {len(more)} more mistakes:", "")
        yield from (f"- {_code(m.first.address)}: {_text(m.first.message)}" for m in more[:MOST_ADDRESSES])
    for case in run.reported:
        if case.verdict == "WARNING":
            yield from ("", f"Warning: {_code(case.address)}: {_text(case.message)}")
    for sentence in [*run.remarks, not_offered_line(run.not_offered)]:
        if sentence:
            yield from ("", _text(sentence))


def _mistake(mistake: Mistake) -> Iterator[str]:
    first = mistake.first
    yield f"### {first.verdict} {_code(first.address)}"
    yield ""
    if first.sentence:
        yield from (_text(first.sentence), "")
    if first.place is not None:
        line = "" if first.place.line is None else f":{first.place.line}"
        yield from (f"- at: {_code(f'{first.place.shown}{line}')}",)
    yield from (f"- {label}: {_text(text)}" for label, text in mistake.parts if label != "smallest")
    if not mistake.parts:
        yield from ("", *_fenced(first.text.split("\n")))
    if mistake.example:
        yield from ("", "Smallest counterexample:", "", *_fenced(mistake.example))
    if first.replay:
        yield from ("", "Replay:", "", *_fenced([first.replay], "sh"))
    if mistake.others:
        yield from ("", f"<details><summary>{len(mistake.others)} more with the same mistake</summary>", "")
        yield from (f"- {_code(case.address)}" for case in mistake.others[:MOST_ADDRESSES])
        if left := len(mistake.others) - MOST_ADDRESSES:
            yield from (f"- and {left} more",) * (left > 0)
        yield from ("", "</details>")


def _text(text: str) -> str:
    """Text on one line that Markdown shows unchanged; no list and no heading begins with it."""
    return _BEGINS.sub(r"\1\\\2", escaped(" ".join(shown(text).split())))


def _code(text: str) -> str:
    """A code span; it holds no more backticks in a row than stand around it."""
    line = " ".join(shown(text).split())
    ticks = "`" * (1 + _longest(line))
    room = " " if line[:1] in ("`", "") or line[-1:] == "`" else ""
    return f"{ticks}{room}{line}{room}{ticks}"


def _fenced(lines: Sequence[str], language: str = "text") -> Iterator[str]:
    whole = [line for text in lines for line in shown(text).split("\n")]
    ticks = "`" * max(3, 1 + max(map(_longest, whole), default=0))
    yield from (f"{ticks}{language}", *whole, ticks)


def _longest(text: str) -> int:
    """The length of the longest run of backticks."""
    return max((len(run) for run in re.findall("`+", text)), default=0)
