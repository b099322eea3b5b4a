"""Blocks of code in the Markdown summary hold whatever a report holds."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from markdown_it import MarkdownIt

from gradcheck.report.code_place import SubjectCode
from gradcheck.report.markdown_summary import MOST_MISTAKES, markdown
from gradcheck.report.run_record import RunRecord
from gradcheck.subject.description import Seen, SeenPair
from gradcheck.verify.trials import Trial
from gradcheck.verify.verify_events import PairTried, Recognised, Verified


def page(*reports: str, target: str = "mine.py", name: str = "f") -> str:
    """The summary of a verification in which a pair fails for each of these reports."""
    record = RunRecord(SubjectCode(None))
    record.add(Recognised(target, target, Seen((), (), ())))
    for report in reports:
        trial = Trial(SeenPair(name, "gradient", name), "FAIL", entries=2, headline="wrong", report=report)
        record.add(PairTried(trial, "gradcheck verify mine.py --case f"))
    record.add(Verified(Counter(FAIL=len(reports)), 2 * len(reports), 0.5))
    return markdown(record)


def tokens(text: str) -> list[Any]:
    return MarkdownIt("commonmark").enable("table").parse(text)


@pytest.mark.parametrize("line", ["```", "`````", "~~~", "# head", "<b>", "    - x", "| a | b |", ""])
def test_any_line_stays_in_its_block(line: str) -> None:
    report = f"FAIL  f\n{line}\nlast"
    fences = [t.content for t in tokens(page(report)) if t.type == "fence"]
    assert fences == [f"{report}\n", "gradcheck verify mine.py --case f\n"]


@pytest.mark.parametrize("text", ["a`b", "``", "`x`", "<b>", "a|b", "*a*", " x ", "&amp;"])
def test_any_name_is_code(text: str) -> None:
    named = tokens(page("FAIL", name=text))
    [heading] = [named[k + 1] for k, t in enumerate(named) if t.type == "heading_open" and t.tag == "h3"]
    assert [t.content for t in heading.children if t.type == "code_inline"] == [text.strip()]
    [subject] = [t for t in tokens(page("FAIL", target=text)) if t.content.startswith("Subject")]
    assert [t.content for t in subject.children if t.type == "code_inline"] == [text.strip()]


def test_many_mistakes_are_listed() -> None:
    text = page(*(["FAIL"] * (MOST_MISTAKES + 3)))
    assert text.count("### FAIL") == MOST_MISTAKES
    assert "And 3 more mistakes:" in text
