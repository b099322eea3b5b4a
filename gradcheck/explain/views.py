"""Renderings of a derivation: on a console, and as Markdown, JSON, Mermaid or Graphviz text. They compute nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from gradcheck.explain.derivation_json import to_json
from gradcheck.explain.derivation_markdown import markdown
from gradcheck.explain.derivation_parts import Derivation
from gradcheck.explain.diagram import dot, mermaid
from gradcheck.explain.tables import Section, TreeRow, head, sections

STYLES: Mapping[str, str] = MappingProxyType(
    {
        "title": "bold cyan",
        "guide": "dim",
        "name": "bold",
        "mark": "yellow",
        "prose": "dim",
        "rest": "yellow",
        "wrong": "bold red",
    }
)
"""The styles of a derivation on a console."""

TEXTS: Mapping[str, Callable[[Derivation], str]] = MappingProxyType(
    {"markdown": markdown, "json": to_json, "mermaid": mermaid, "dot": dot}
)
"""Renderers to plain text, by their name in `--format`."""


@dataclass(frozen=True)
class ExplainReport:
    """A derivation that renders itself on a rich console."""

    derivation: Derivation

    def __rich__(self) -> RenderableType:
        address, sentence, (loss, *notes) = head(self.derivation)
        parts: list[RenderableType] = [Text.assemble((address, "bold"), "  ", (sentence, STYLES["prose"])), Text(loss)]
        parts += [Text(note, style=STYLES["rest"]) for note in notes]
        for section in sections(self.derivation):
            parts += [
                Text(),
                Text(section.title, style=STYLES["title"]),
                Padding(_body(section), (0, 0, 0, 2), expand=False),
            ]
        return Group(*parts)


def _body(section: Section) -> RenderableType:
    parts: list[RenderableType] = [Text(line, style=STYLES["prose"]) for line in section.lines]
    if section.tree:
        parts.append(Text("\n", no_wrap=True, overflow="ellipsis").join(map(_line, section.tree)))
    if section.rows:
        parts.append(_table(section))
    if section.rest:
        parts.append(Text(section.rest, style=STYLES["rest"]))
    return Group(*parts)


def _line(row: TreeRow) -> Text:
    return Text.assemble((row.guide, STYLES["guide"]), (row.name, STYLES["name"]), row.text, (row.mark, STYLES["mark"]))


def _table(section: Section) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 3, 0, 0), header_style=STYLES["prose"])
    for name in section.columns:
        table.add_column(name, overflow="fold")
    for row in section.rows:
        style = STYLES["wrong"] if row[-1] == "wrong" else ""
        table.add_row(*map(Text, row), style=style)
    return table
