"""`Result`: the verdict on one case with its findings, as data, as JSON and as one readable panel."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from gradcheck.verdict.checked import Checked
from gradcheck.verdict.compare import Worst
from gradcheck.verdict.finding import Finding, plain
from gradcheck.verdict.finding_kind import Severity
from gradcheck.verdict.function_report import function_report
from gradcheck.verdict.measurement import Measurement
from gradcheck.verdict.summary import headline, short

if TYPE_CHECKING:
    from rich.console import RenderableType

SCHEMA_VERSION = 1
WIDTH = 88
"""Width in columns of `str(result)` of a check of a function."""


class Verdict(StrEnum):
    """Is the gradient right?"""

    PASS = "PASS"
    FAIL = "FAIL"
    UNDECIDED = "UNDECIDED"
    ERROR = "ERROR"


@dataclass(frozen=True)
class Witness:
    """One oracle's part in a result.

    Attributes
    ----------
    oracle: its name.
    kind: "proven" or "estimated"; "" if it did not answer.
    state: "agreed" (its intervals hold the truth that was used), "aside", "discarded" or "not asked".
    reason: why it stepped aside, was discarded or was not asked; notes otherwise.
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
        from gradcheck.verdict.rendering import plain_text

        return plain_text(self, width)

    def __rich__(self) -> RenderableType:
        from gradcheck.verdict.rendering import rendered

        return rendered(self)

    def in_full(self) -> RenderableType:
        """The result with every oracle's number, whatever the verdict."""
        from gradcheck.verdict.rendering import every_number

        return every_number(self, always=True)

    def _repr_html_(self) -> str:
        from gradcheck.verdict.rendering import html

        return html(self)


class GradientError(AssertionError):
    """A checked derivative is not right; `result` carries the verdict and every finding.

    The first line of the message says which function, and its mistake, or which entry, what came and what is right; the
    default report follows. Its `__cause__` is what the user's own code raised, where that is what was found.
    """

    __module__ = "gradcheck"  # tracebacks show the public name

    def __init__(self, result: Result) -> None:
        super().__init__(f"{result.headline}\n{result.report()}")
        self.result = result
