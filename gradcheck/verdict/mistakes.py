"""Causes as a report states them: each once, for all blocks that it concerns, with the source line it names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from gradcheck.verdict.checked import short_file
from gradcheck.verdict.finding import Finding, shown

CAUSE = "GC051"
"""The finding that names a mistake."""

MOST_BLOCKS = 4
"""Maximum number of blocks that one sentence lists."""
LONGEST_SOURCE = 90
"""Maximum number of characters of a source line that is shown."""


ELSEWHERE = "at that other point"
"""Beginning of a cause that explains an error at another point. It follows the finding about that point."""


def mistakes(findings: Sequence[Finding]) -> list[tuple[str, Finding]]:
    """Each mistake as a sentence, with the finding that names it; several blocks with one relation share a sentence."""
    groups: dict[str, list[Finding]] = {}
    for found in findings:
        if found.code == CAUSE:
            groups.setdefault(str(found.facts.get("relation") or found.facts.get("cause")), []).append(found)
    return [(_sentence(group), group[0]) for group in groups.values()]


def _sentence(group: Sequence[Finding]) -> str:
    first = group[0].facts
    cause, block, relation = (str(first.get(key) or "") for key in ("cause", "block", "relation"))
    blocks = list(dict.fromkeys(str(f.facts.get("block", "")) for f in group))
    if len(blocks) < 2 or not cause.endswith(f"{block} {relation}"):
        return cause
    more = f"{len(blocks) - MOST_BLOCKS} more" if len(blocks) > MOST_BLOCKS else blocks.pop()
    listed = f"{', '.join(blocks[:MOST_BLOCKS])} and {more}"
    return f"{cause.removesuffix(f'{block} {relation}')}each of {listed} {relation}"


def without_source(sentence: str, facts: Mapping[str, Any]) -> str:
    """The sentence with the number of a line alone, where it quotes the line, too."""
    source = str(facts.get("source") or "").strip()
    return sentence.replace(f", {source},", "") if source else sentence


def picture(facts: Mapping[str, Any]) -> Iterator[str]:
    """The source line that a mistake concerns, its place in front and the operand underlined, where facts have them.

    `source` is the line's text; its operand is `underline`, as text or as (first, end) columns of that text, or stands
    from column `start` to `end`.
    """
    source, line = facts.get("source"), facts.get("line")
    if not isinstance(source, str) or not source.strip() or not isinstance(line, int):
        return
    file = f"{short_file(str(facts['file']))}:" if facts.get("file") else "line "
    operand = facts.get("underline") or (facts.get("start"), facts.get("end"))
    text, (first, end) = source.rstrip(), _columns(source, operand)
    margin = len(text) - len(text.lstrip())
    front = f"{shown(file)}{line}: "
    if len(text) - margin > LONGEST_SOURCE:
        return
    yield f"{front}{shown(text[margin:])}"
    if first < end:
        yield " " * (len(front) + first - margin) + "^" * (end - first)


def _columns(source: str, underline: Any) -> tuple[int, int]:
    """Where the operand stands in the line; (0, 0) where that is not certain."""
    if isinstance(underline, str) and underline and source.count(underline) == 1:
        first = source.index(underline)
        return first, first + len(underline)
    if isinstance(underline, list | tuple) and len(underline) == 2 and all(isinstance(k, int) for k in underline):
        first, end = underline
        indent = len(source) - len(source.lstrip())
        if indent <= first < end <= len(source.rstrip()):
            return first, end
    return 0, 0
