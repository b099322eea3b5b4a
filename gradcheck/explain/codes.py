"""The meaning of a finding's code or a fault's, and the list of everything that can be explained."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from gradcheck.errors import printable, shell_word
from gradcheck.faults.fault import Fault
from gradcheck.verdict.examples import example
from gradcheck.verdict.finding_kind import FindingKind
from gradcheck.verdict.result import Result
from gradcheck.verdict.styles import STYLES

_INDENT = (0, 0, 0, 2)


def finding_words(kind: FindingKind) -> RenderableType:
    """The text for a kind of finding: its title, a sentence as it may stand in a report, and what to do about it."""
    title = Text.assemble((f"{kind.code} ", "bold"), kind.title, " ", (f"({kind.severity})", STYLES[kind.severity]))
    sentence = Text(f"For example: {example(kind.code).sentence}.", style="dim")
    return Group(title, Text(), Padding(sentence, _INDENT, expand=False), Text(), Text(kind.help))


def fault_words(fault: Fault, seen: Result | None) -> RenderableType:
    """The text for a fault: what such an engine does, the misconception behind it, and a case on which it shows."""
    parts: list[RenderableType] = [
        Text.assemble((f"{fault.code} ", "bold"), fault.name, (f" ({fault.scope}, {fault.family})", "dim")),
        Text(),
        Text(fault.sentence),
    ]
    if fault.misconception:
        parts += [Text(), Text(f"The thought behind it: {fault.misconception}")]
    if seen is not None and seen.findings:
        parts += [
            Text(),
            Text(printable(f"For example, on {seen.address}: {seen.sentence}").rstrip(": ")),
            Padding(Text(f"{seen.findings[0].sentence}."), _INDENT, expand=False),
            Text(f"gradcheck explain {shell_word(seen.address)} derives what is right.", style="dim"),
        ]
    return Group(*parts)


def everything(kinds: Iterable[FindingKind], faults: Iterable[Fault], suites: Mapping[str, str]) -> RenderableType:
    """All codes of findings, all faults and all built-in suites, a line each."""
    return Group(
        _listed("Findings", [(k.code, k.title) for k in sorted(kinds, key=lambda k: k.code)]),
        Text(),
        _listed("Faults", [(fault.code, fault.name) for fault in faults]),
        Text(),
        _listed("Suites (gradcheck run SUITE --list names their cases)", list(suites.items())),
    )


def _listed(title: str, rows: Iterable[tuple[str, str]]) -> RenderableType:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), show_header=False)
    table.add_column(no_wrap=True)
    table.add_column()
    for code, words in rows:
        table.add_row(Text(code, style="bold"), Text(words))
    return Group(Text(title, style="bold cyan"), Padding(table, _INDENT, expand=False))
