"""`Result`: the verdict on one case with its findings, as data, as JSON and as one readable panel."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from io import StringIO
from typing import Any

import numpy as np
from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.table import Table
from rich.text import Text

from gradcheck.verdict.checked import Checked
from gradcheck.verdict.compare import Worst
from gradcheck.verdict.finding import Finding, Severity, plain, shown
from gradcheck.verdict.function_report import function_report
from gradcheck.verdict.measurement import Measurement
from gradcheck.verdict.summary import headline, short

SCHEMA_VERSION = 1
MOST_ENTRIES = 6
"""Maximum number of entries of an array whose values are written out in text."""
WIDTH = 88
"""Columns of `str(result)` of a check of a function."""


class Verdict(StrEnum):
    """Is the gradient right?"""

    PASS = "PASS"
    FAIL = "FAIL"
    UNDECIDED = "UNDECIDED"
    ERROR = "ERROR"


STYLES: Mapping[str, str] = {
    "PASS": "green",
    "FAIL": "bold red",
    "UNDECIDED": "yellow",
    "ERROR": "bold magenta",
    "fatal": "magenta",
    "error": "red",
    "open": "yellow",
    "warning": "yellow",
    "note": "dim",
}
"""The one table of styles: verdicts and severities."""


@dataclass(frozen=True)
class Witness:
    """One oracle's part in a result.

    Attributes
    ----------
    oracle: its name.
    kind: "proven" or "estimated"; "" if it stepped aside.
    state: "agreed" (its intervals hold the truth that was used), "aside" or "discarded".
    reason: why it stepped aside or was discarded; notes otherwise.
    worst: its (value, error) at the result's worst entry, where it has one.
    entries, of: how many entries it bounds, of how many.
    directions: along how many directions it was asked, where it was not asked about entries.
    """

    oracle: str
    kind: str
    state: str
    reason: str = ""
    worst: tuple[float, float] | None = None
    entries: int = 0
    of: int = 0
    directions: int = 0

    @property
    def coverage(self) -> str:
        """What it covers, in words: entries bounded of all, or directions."""
        if self.directions:
            return "one direction" if self.directions == 1 else f"{self.directions} directions"
        return f"{self.entries}/{self.of}"


@dataclass(frozen=True)
class Result:
    """The verdict on one case.

    Attributes
    ----------
    address: `SUITE::CASE`, or the name of the function that was checked.
    verdict: PASS, FAIL, UNDECIDED or ERROR; `bool(result)` is `verdict is PASS`.
    findings: facts with evidence, the decisive ones first.
    comparisons: how many entries (loss value included) were decided.
    worst: the entry closest to, or furthest beyond, its allowance.
    witnesses: what each oracle answered.
    sentence: what the case is about.
    labels: other names of the case, such as the id of a source document's row.
    shows: facts of the truth that the report shows, by name.
    seconds: time taken.
    seed: seed of the case, where it was generated.
    replay: the command that runs this case alone.
    settings: settings that differ from the defaults.
    budget: seconds that the check of a function might take; None for other cases.
    branches, unreached: comparisons of f, guards apart, and the lines of those whose other side was not looked at.
    blocks: per parameter, how many of its entries are wrong, of how many; empty where gradients were not compared.
    moved_point: the values, as numbers and nested lists, at which the subject is wrong, if nothing is wrong at the
        case's own point; else empty.
    checked: what a check of a function was about; None for other cases.
    exception: what the user's own f or derivative raised, with its traceback, where that is what was found; it takes no
        part in JSON and in comparisons of results.
    measurement: what the verdict rests on, while a record is made (see `measurement`); it takes no part in them either.
    """

    address: str
    verdict: Verdict
    findings: tuple[Finding, ...] = ()
    comparisons: int = 0
    worst: Worst | None = None
    witnesses: tuple[Witness, ...] = ()
    sentence: str = ""
    labels: tuple[str, ...] = ()
    shows: Mapping[str, Any] = field(default_factory=dict)
    seconds: float = 0.0
    seed: int | None = None
    replay: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict)
    budget: float | None = None
    branches: int = 0
    unreached: tuple[str, ...] = ()
    blocks: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    moved_point: Mapping[str, Any] = field(default_factory=dict)
    checked: Checked | None = None
    exception: BaseException | None = field(default=None, repr=False, compare=False)
    measurement: Measurement | None = field(default=None, repr=False, compare=False)

    def __bool__(self) -> bool:
        return self.verdict is Verdict.PASS

    def __str__(self) -> str:
        return short(self) if self.checked is None else "\n".join(function_report(self, WIDTH))

    def report(self, *, verbose: bool = False) -> str:
        """The report as text: `str(result)`, or everything that is known, with every number, bound, oracle and code."""
        return self.to_text() if verbose else str(self)

    @property
    def headline(self) -> str:
        """Which function or case, and what is wrong with it, in one line."""
        return headline(self)

    @property
    def agreed(self) -> tuple[str, ...]:
        """Names of the oracles whose estimates of entries were used and met."""
        return tuple(w.oracle for w in self.witnesses if w.state == "agreed" and not w.directions)

    @property
    def right_blocks(self) -> tuple[str, ...]:
        """Parameters no entry of which is wrong, among those that were compared."""
        return tuple(block for block, (wrong, _) in self.blocks.items() if not wrong)

    @property
    def warned(self) -> bool:
        """Whether some finding is a warning: worth knowing, although the verdict stands."""
        return any(f.severity is Severity.WARNING for f in self.findings)

    @property
    def codes(self) -> tuple[str, ...]:
        """Codes of all findings, in order."""
        return tuple(f.code for f in self.findings)

    def to_dict(self) -> dict[str, Any]:
        """The result as plain data (strict JSON: non-finite numbers become strings).

        Its labels are all the names that the case answers to, its own first.
        """
        own = [name] if (name := self.address.partition("::")[2]) else []
        return {
            "address": self.address,
            "verdict": str(self.verdict),
            "sentence": self.sentence,
            "labels": list(dict.fromkeys((*own, *self.labels))),
            "comparisons": self.comparisons,
            "worst": None if self.worst is None else plain(asdict(self.worst)),
            "oracles": list(self.agreed),
            "witnesses": [plain(asdict(w)) for w in self.witnesses],
            "findings": [f.to_dict() for f in self.findings],
            "shows": plain(self.shows),
            "seconds": round(self.seconds, 6),
            "seed": self.seed,
            "replay": self.replay,
            "settings": plain(self.settings),
            **({} if self.budget is None else {"budget": self.budget}),
            **({"branches": self.branches, "unreached": list(self.unreached)} if self.branches else {}),
            "blocks": {block: {"wrong": wrong, "entries": entries} for block, (wrong, entries) in self.blocks.items()},
            "moved_point": plain(self.moved_point),
            **({} if self.checked is None else {"checked": plain(self.checked.to_dict())}),
        }

    def to_json(self) -> str:
        """One JSON document with a schema_version."""
        return json.dumps({"schema_version": SCHEMA_VERSION, **self.to_dict()}, indent=1, allow_nan=False)

    def to_text(self, width: int = 100) -> str:
        """The result with every number, bound, oracle and code, as plain text, without colour."""
        # Said explicitly, because FORCE_COLOR and notebooks would otherwise have their way with it.
        console = Console(
            file=StringIO(),
            width=width,
            color_system=None,
            force_terminal=False,
            force_jupyter=False,
            highlight=False,
            legacy_windows=False,
        )
        with console.capture() as capture:
            console.print(self._rendered(every=False))
        return "\n".join(line.rstrip() for line in capture.get().rstrip().split("\n"))

    def __rich__(self) -> RenderableType:
        return self._rendered(every=False) if self.checked is None else _Report(self)

    def in_full(self) -> RenderableType:
        """The result with every oracle's number, whatever the verdict."""
        return self._rendered(every=True)

    def _rendered(self, *, every: bool) -> RenderableType:
        parts: list[RenderableType] = [self._head()]
        decisive = [f for f in self.findings if f.severity is not Severity.NOTE]
        notes = [f for f in self.findings if f.severity is Severity.NOTE]
        if decisive:
            parts.append(_lines(decisive))
        if self.worst is not None and (every or self.verdict is not Verdict.PASS):
            parts.append(self._numbers())
        if notes:
            parts.append(_lines(notes))
        if heard := [w for w in self.witnesses if w.state != "aside" and (w.of or w.directions)]:
            parts.append(Text(f"  oracles (entries): {'; '.join(map(_said, heard))}", style="dim"))
        if self.moved_point:
            parts.append(
                Text(f"  at another point than the case's own, where nothing is wrong: {_values(self.moved_point)}")
            )
        for name, value in self.shows.items():
            parts.append(Text.assemble("  ", (name, "bold"), f" = {shown(value)}"))
        if (every or self.checked is not None) and self.budget is not None:
            parts.append(Text(f"  budget: {shown(self.budget)} s", style="dim"))
        if (every or self.checked is not None) and self.unreached:
            lines = ", ".join(dict.fromkeys(self.unreached))
            missing = f"{len(self.unreached)} of {self.branches} branches of f were not reached"
            parts.append(Text(f"  {missing}: {lines}", style="dim"))
        if self.checked is not None:
            return Group(*parts)
        if self.settings:
            changed = ", ".join(f"{k}={shown(v)}" for k, v in self.settings.items())
            parts.append(Text(f"  settings changed: {changed}", style="yellow"))
        if self.verdict is not Verdict.PASS and self.replay:
            parts.append(Text(f"  replay: {self.replay}", style="cyan"))
        return Group(*parts)

    def _head(self) -> RenderableType:
        if self.checked is not None:
            return Group(_Report(self), Text())
        head = Text.assemble((f"{self.verdict}", STYLES[self.verdict]), "  ", self.address)
        return head.append(f"  {self.sentence}", style="dim") if self.sentence else head

    def _repr_html_(self) -> str:
        # A console that noticed the notebook would show the result itself, besides.
        console = Console(file=StringIO(), record=True, width=110, force_jupyter=False, legacy_windows=False)
        console.print(self)
        return console.export_html(inline_styles=True, code_format="<pre>{code}</pre>")

    def _numbers(self) -> Table:
        """Every number at the worst entry, with its bound and who said it."""
        assert self.worst is not None
        table = Table(box=None, padding=(0, 2, 0, 2), show_header=False)
        table.add_row("subject", _exactly(self.worst.subject), "")
        table.add_row("truth", _exactly(self.worst.truth), f"± {self.worst.radius:.2g}")
        for witness in self.witnesses:
            if witness.worst is not None:
                value, error = witness.worst
                state = "" if witness.state == "agreed" else f", {witness.state}"
                table.add_row(witness.oracle, _exactly(value), f"± {error:.2g} ({witness.kind}{state})")
        table.add_row("allowed", f"{self.worst.allowed:.3g}", f"distance {self.worst.distance:.3g}")
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


class GradientError(AssertionError):
    """A checked derivative is not right; `result` carries the verdict and every finding.

    The first line of the message says which function, and its mistake, or which entry, what came and what is right; the
    default report follows. Its `__cause__` is what the user's own code raised, where that is what was found.
    """

    __module__ = "gradcheck"  # tracebacks show the public name

    def __init__(self, result: Result) -> None:
        super().__init__(f"{result.headline}\n{result.report()}")
        self.result = result


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


def _lines(findings: list[Finding]) -> Table:
    """Code and sentence of each finding, so that long sentences wrap beside their code."""
    table = Table.grid(padding=(0, 1))
    table.add_column(no_wrap=True)
    table.add_column()
    for finding in findings:
        sentence = Text(finding.sentence, style="dim" if finding.severity is Severity.NOTE else "")
        table.add_row(Text(f" {finding.code}", style=STYLES[finding.severity]), sentence)
    return table
