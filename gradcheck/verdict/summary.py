"""A result in a few words: one line for pytest's summary, and the short text of `str(result)`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from gradcheck.verdict.finding import Finding
from gradcheck.verdict.finding_kind import Severity
from gradcheck.verdict.mistakes import ELSEWHERE, mistakes, without_source
from gradcheck.verdict.plain_findings import of_kind

if TYPE_CHECKING:
    from gradcheck.verdict.result import Result

LONGEST = 300
"""Maximum number of characters of a headline."""
MOST_BLOCKS = 4
"""Maximum number of blocks that a headline lists."""


def headline(result: Result) -> str:
    """Which function or case, and what is wrong with it, in one line: the mistake, or the first finding that decides.

    "sigmoid_backward: the gradient with respect to x[3] is 0.25, but the truth is 0.5".
    """
    sentence = _said(result)
    if result.checked is not None:
        sentence = of_kind(sentence, result.checked.kind)
    line = " ".join(f"{_name(result)}: {sentence}".split())
    return line if len(line) <= LONGEST else f"{line[:LONGEST]}..."


def short(result: Result) -> str:
    """Verdict and address in one line, then a line for each cause and each finding that is more than a note."""
    causes = [sentence for sentence, _ in mistakes(result.findings)]
    return "\n".join([f"{result.verdict} {result.address}", *causes, *map(str, _decisive(result))])


def _said(result: Result) -> str:
    found = [(said, cause) for said, cause in mistakes(result.findings) if not said.startswith(ELSEWHERE)]
    if result.verdict == "FAIL" and found:
        sentence, cause = found[0]
        return _about_blocks(result, without_source(sentence, cause.facts))
    decisive = _decisive(result)
    return _brief(decisive[0]) if decisive else f"the verdict is {result.verdict}"


def _about_blocks(result: Result, mistake: str) -> str:
    """The mistake, the wrong blocks in front of it if it does not name them itself."""
    wrong = [block for block, (count, _) in result.blocks.items() if count]
    if not wrong or any(re.search(rf"(?<!\w){re.escape(block)}(?!\w)", mistake) for block in wrong):
        return mistake
    if all(block.partition(" ")[0] == "output" for block in wrong):  # of a product with a vector
        return f"the product is wrong, {mistake}"
    more = f" and {len(wrong) - MOST_BLOCKS} more" if len(wrong) > MOST_BLOCKS else ""
    return f"wrong with respect to {', '.join(wrong[:MOST_BLOCKS])}{more}, {mistake}"


def _decisive(result: Result) -> list[Finding]:
    return [f for f in result.findings if f.severity is not Severity.NOTE]


def _name(result: Result) -> str:
    """The function's own name, with its place where it has none; the whole address of a case."""
    checked = result.checked
    if checked is None:
        return result.address
    return f"{checked.name} ({checked.place})" if checked.name == "<lambda>" and checked.place else checked.name


def _brief(finding: Finding) -> str:
    """The brief sentence, without its subject, whose name stands in front."""
    return finding.brief.removeprefix("the subject ")
