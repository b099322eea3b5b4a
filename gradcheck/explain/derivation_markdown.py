"""A derivation as Markdown: one heading per step, tables, and the tree in a fence."""

from __future__ import annotations

import re
from collections.abc import Iterator

from gradcheck.explain.derivation_parts import Derivation
from gradcheck.explain.tables import Section, head, sections

_SPECIAL = re.compile(r"[\\`*_{}\[\]<>#|~$&]")


def markdown(derivation: Derivation) -> str:
    """The whole Markdown document."""
    address, sentence, (loss, *notes) = head(derivation)
    lines = [f"# {escaped(address)}", "", *([escaped(sentence), ""] if sentence else []), escaped(loss)]
    lines += [line for note in notes for line in ("", f"> {escaped(note)}")]
    for section in sections(derivation):
        lines += ["", f"## {escaped(section.title)}", "", *_body(section)]
    return "\n".join(lines) + "\n"


def escaped(text: str) -> str:
    """Text that Markdown shows unchanged, inside a table as well."""
    return _SPECIAL.sub(lambda found: f"\\{found[0]}", text)


def _body(section: Section) -> Iterator[str]:
    if section.lines:
        yield from (f"{escaped(line)}  " for line in section.lines)
        yield ""
    if section.tree:
        rows = [f"{row.guide}{row.name}{row.text}{row.mark}" for row in section.tree]
        fence = "`" * max(3, 1 + max((len(run) for row in rows for run in re.findall("`+", row)), default=0))
        yield from (f"{fence}text", *rows, fence)
    if section.rows:
        yield f"| {' | '.join(map(escaped, section.columns))} |"
        yield f"|{'---|' * len(section.columns)}"
        yield from (f"| {' | '.join(map(escaped, row))} |" for row in section.rows)
    if section.rest:
        yield from ("", escaped(section.rest))
