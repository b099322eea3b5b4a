"""A `Result` shown by Rich, in a terminal or a notebook. It is imported where one is shown: checks do not need it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from io import StringIO
from typing import TYPE_CHECKING, Any

import numpy as np
from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.table import Table
from rich.text import Text

from gradcheck.verdict.finding import Finding, shown
from gradcheck.verdict.finding_kind import Severity
from gradcheck.verdict.function_report import function_report
from gradcheck.verdict.styles import STYLES

if TYPE_CHECKING:
    from gradcheck.verdict.result import Result, Witness

MOST_ENTRIES = 6
"""Maximum number of entries of an array whose values are written out in text."""


def rendered(result: Result) -> RenderableType:
    """The report on a check of a function; every number of any other result."""
    return every_number(result) if result.checked is None else _Report(result)


def every_number(result: Result, *, always: bool = False) -> RenderableType:
    """The result with its findings and every oracle's number, of a PASS only `always`."""
    passed = str(result.verdict) == "PASS"
    parts: list[RenderableType] = [_head(result)]
    decisive = [f for f in result.findings if f.severity is not Severity.NOTE]
    notes = [f for f in result.findings if f.severity is Severity.NOTE]
    if decisive:
        parts.append(_lines(decisive))
    if result.worst is not None and (always or not passed):
        parts.append(_numbers(result))
    if notes:
        parts.append(_lines(notes))
    if heard := [w for w in result.witnesses if w.state != "aside" and (w.of or w.directions)]:
        parts.append(Text(f"  oracles (entries): {'; '.join(map(_said, heard))}", style="dim"))
    if left_out := [w for w in result.witnesses if w.state == "not asked"]:
        names = ", ".join(w.oracle for w in left_out)
        parts.append(Text(f'  not asked: {names}: {left_out[0].reason}; oracles="all" asks them', style="dim"))
    if result.moved_point:
        parts.append(
            Text(f"  at another point than the case's own, where nothing is wrong: {_values(result.moved_point)}")
        )
    for name, value in result.shows.items():
        parts.append(Text.assemble("  ", (name, "bold"), f" = {shown(value)}"))
    if (always or result.checked is not None) and result.budget is not None:
        parts.append(Text(f"  budget: {shown(result.budget)} s", style="dim"))
    if (always or result.checked is not None) and result.unreached:
        lines = ", ".join(dict.fromkeys(result.unreached))
        missing = f"{len(result.unreached)} of {result.branches} branches of f were not reached"
        parts.append(Text(f"  {missing}: {lines}", style="dim"))
    if result.checked is not None:
        return Group(*parts)
    if result.settings:
        changed = ", ".join(f"{k}={shown(v)}" for k, v in result.settings.items())
        parts.append(Text(f"  settings changed: {changed}", style="yellow"))
    if not passed and result.replay:
        parts.append(Text(f"  replay: {result.replay}", style="cyan"))
    return Group(*parts)


def plain_text(result: Result, width: int) -> str:
    """The result with every number, without colour."""
    console = plain_console(width)
    with console.capture() as capture:
        console.print(every_number(result))
    return "\n".join(line.rstrip() for line in capture.get().rstrip().split("\n"))


def plain_console(width: int) -> Console:
    """A console that writes plain text into a buffer, whatever FORCE_COLOR or a notebook asks for."""
    return Console(
        file=StringIO(),
        width=width,
        color_system=None,
        force_terminal=False,
        force_jupyter=False,
        highlight=False,
        legacy_windows=False,
    )


def html(result: Result) -> str:
    """The result for a notebook."""
    # A console that noticed the notebook would show the result itself, besides.
    console = Console(file=StringIO(), record=True, width=110, force_jupyter=False, legacy_windows=False)
    console.print(rendered(result))
    return console.export_html(inline_styles=True, code_format="<pre>{code}</pre>")


def _head(result: Result) -> RenderableType:
    if result.checked is not None:
        return Group(_Report(result), Text())
    head = Text.assemble((f"{result.verdict}", STYLES[result.verdict]), "  ", result.address)
    return head.append(f"  {result.sentence}", style="dim") if result.sentence else head


def _numbers(result: Result) -> Table:
    """Every number at the worst entry, with its bound and its oracle."""
    assert result.worst is not None
    table = Table(box=None, padding=(0, 2, 0, 2), show_header=False)
    table.add_row("subject", _exactly(result.worst.subject), "")
    table.add_row("truth", _exactly(result.worst.truth), f"± {result.worst.radius:.2g}")
    for witness in result.witnesses:
        if witness.worst is not None:
            value, error = witness.worst
            state = "" if witness.state == "agreed" else f", {witness.state}"
            table.add_row(witness.oracle, _exactly(value), f"± {error:.2g} ({witness.kind}{state})")
    table.add_row("allowed", f"{result.worst.allowed:.3g}", f"distance {result.worst.distance:.3g}")
    return table


@dataclass(frozen=True)
class _Report:
    """The default report on a check of a function, as wide as the console."""

    result: Result

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        first, *rest = function_report(self.result, options.max_width)
        verdict = str(self.result.verdict)
        text = Text.assemble((verdict, STYLES[verdict]), first.removeprefix(verdict))
        text.append("".join(f"\n{line}" for line in rest))
        text.no_wrap, text.overflow = True, "ignore"
        yield text


def _exactly(value: float) -> str:
    """A number in as few digits as tell it from every other float64."""
    return repr(float(value)).removesuffix(".0")


def _values(point: Mapping[str, Any]) -> str:
    """`x = 3, w = [1, 2]`; of large arrays the shape."""
    sizes = {name: np.size(value) for name, value in point.items()}
    texts = {n: f"(array of shape {np.shape(v)})" if sizes[n] > MOST_ENTRIES else shown(v) for n, v in point.items()}
    return ", ".join(f"{shown(name)} = {text}" for name, text in texts.items())


def _said(witness: Witness) -> str:
    kind = "" if witness.kind == "proven" else f", {witness.kind}"
    state = "" if witness.state == "agreed" else f", {witness.state}"
    return f"{witness.oracle} {witness.coverage}{kind}{state}"


def _lines(findings: Sequence[Finding]) -> Table:
    """Code and sentence of each finding, so that long sentences wrap beside their code."""
    table = Table.grid(padding=(0, 1))
    table.add_column(no_wrap=True)
    table.add_column()
    for finding in findings:
        sentence = Text(finding.sentence, style="dim" if finding.severity is Severity.NOTE else "")
        table.add_row(Text(f" {finding.code}", style=STYLES[finding.severity]), sentence)
    return table
