"""Findings: one fact each, with its evidence and its sentence. The table of their kinds is `finding_kinds`.

A kind's code is stable: reports, baselines and `gradcheck explain GC012` rest on it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from gradcheck.errors import printable
from gradcheck.verdict.finding_kind import FindingKind, Severity
from gradcheck.verdict.finding_kinds import KINDS


@dataclass(frozen=True)
class Finding:
    """One fact about one case.

    Attributes
    ----------
    kind: its row in the table.
    facts: what fills the sentence, and what else a machine may want: block, entry, node, subject, truth, bound, ...
    """

    kind: FindingKind
    facts: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def code(self) -> str:
        """The stable code of the finding's kind."""
        return self.kind.code

    @property
    def severity(self) -> Severity:
        """The severity of the finding's kind."""
        return self.kind.severity

    @property
    def sentence(self) -> str:
        """The fact in one sentence, its numbers with as many digits as it takes to tell them apart."""
        return self._filled(DIGITS)

    @property
    def brief(self) -> str:
        """The sentence with few digits, as many as tell numbers apart, and without distance and allowance."""
        return _DISTANCE.sub("", self._filled(FEW_DIGITS))

    def _filled(self, digits: int) -> str:
        template = self.kind.sentence
        if self.facts.get("tangent"):  # a JVP, whose blocks are outputs
            template = _OF_A_GRADIENT.sub("the tangent of {block}", template)
        return template.format_map(_Facts(self.facts, digits))

    def __str__(self) -> str:
        return self.sentence

    def __reduce__(self) -> tuple[Any, ...]:
        """As a kind and a dict: pickle cannot write a read-only view of a dict, and workers send findings."""
        return _of, (self.kind, dict(self.facts))

    def to_dict(self) -> dict[str, Any]:
        """The finding as plain data."""
        return {
            "code": self.code,
            "severity": str(self.severity),
            "title": self.kind.title,
            "sentence": self.sentence,
            "facts": plain(self.facts),
        }


_OF_A_GRADIENT = re.compile(r"the gradient( of \{loss\})? with respect to \{block\}")

_DISTANCE = re.compile(r" \(distance [^()]*\)")
"""The part of a sentence with the distance and the allowance; a brief sentence leaves it out."""

_COMPARED = (("subject", "truth"), ("first", "second"), ("distance", "allowed"), ("bound", "interest"))
"""Pairs of facts that a sentence compares."""

DIGITS = 12
"""Significant digits of a number in a sentence, unless it takes more to see a difference."""
FEW_DIGITS = 4
"""The same in a brief sentence."""
ALL_DIGITS = 17
"""Digits that tell any two float64 numbers apart."""


_NUMBER = re.compile(r"-?[0-9.]+(?:e[-+]?[0-9]+)?")

_PARTNER = {a: b for pair in _COMPARED for a, b in (pair, pair[::-1])}


class _Facts(dict[str, Any]):
    """Facts for a sentence, numbers in at least `digits` digits."""

    def __init__(self, facts: Mapping[str, Any], digits: int) -> None:
        super().__init__(facts)
        self._digits = digits

    def __getitem__(self, key: str) -> Any:
        return _Fact(super().__getitem__(key), self.get(_PARTNER.get(key, "")), self._digits)


class _Fact:
    """A fact in a sentence: `{truth}` is shown as people read it, `{distance:.3g}` as the template says.

    A number that is compared with another, `against`, gets as many more digits as it takes to see that they differ.
    """

    def __init__(self, value: Any, against: Any, digits: int) -> None:
        self._value = value
        self._against = against
        self._digits = digits

    def __format__(self, spec: str) -> str:
        value, against = self._value, self._against
        if isinstance(value, float) and isinstance(against, float):
            least = int(spec.strip(".g")) if spec else self._digits
            apart = (n for n in range(least, ALL_DIGITS + 1) if f"{value:.{n}g}" != f"{against:.{n}g}")
            spec = f".{next(apart, least)}g"
        elif isinstance(value, float) and isinstance(against, str) and not spec:  # "between 0 and 1"
            said = set(_NUMBER.findall(against))
            apart = (n for n in range(DIGITS, ALL_DIGITS + 1) if f"{value:.{n}g}" not in said)
            spec = f".{next(apart, DIGITS)}g"
        return format(value, spec) if spec else shown(value)


def shown(value: Any) -> str:
    """A fact as people read it: 12 significant digits, and nothing that a terminal, or a CI's log, would obey."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.{DIGITS}g}"
    if isinstance(value, list):  # an entry of a block
        return "[" + ", ".join(shown(v) for v in value) + "]"
    if isinstance(value, tuple):  # a shape
        return "(" + ", ".join(shown(v) for v in value) + ("," if len(value) == 1 else "") + ")"
    return _COMMAND.sub(r"\\n", "\n".join(map(printable, str(value).split("\n"))))


_COMMAND = re.compile(r"\n(?=\s*::)")
"""The beginning of a line that GitHub Actions would take for a command."""


def plain(value: Any) -> Any:
    """A value as strict JSON has it; tuples as lists, "inf", "-inf" and "nan" as texts."""
    if isinstance(value, tuple | list):
        return [plain(v) for v in value]
    if isinstance(value, Mapping):
        return {str(k): plain(v) for k, v in value.items()}
    if hasattr(value, "tolist"):
        return plain(value.tolist())
    if isinstance(value, float) and (value != value or value in (float("inf"), float("-inf"))):
        return str(value)
    return value if isinstance(value, str | int | float | bool) or value is None else str(value)


def finding(code: str, **facts: Any) -> Finding:
    """A finding of the kind with this code."""
    return _of(KINDS[code], facts)


def _of(kind: FindingKind, facts: Mapping[str, Any]) -> Finding:
    return Finding(kind, MappingProxyType(facts))
