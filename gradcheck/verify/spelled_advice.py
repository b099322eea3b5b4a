"""Advice of a check, spelled for the command line: `--as functions:accuracy=r` where a call takes `accuracy=r`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

from gradcheck.verdict.finding import Finding
from gradcheck.verdict.result import Result

_ADVICE: Mapping[str, str] = MappingProxyType(
    {
        r"domain= or elsewhere=False": "{way}domain=LOW..HIGH or {way}elsewhere=no",
        r",? or meant= for what it approximates": "",
        r"what was meant with meant=g, or (how accurate f is with )": r"\1",
        r"(?<![:\w])(accuracy|interest)=": r"{way}\1=",
    }
)
"""What a sentence says of options of a call, and what it says instead."""


def spelled(result: Result, convention: str) -> Result:
    """The result, with advice that names options of `gradcheck verify`."""
    return replace(result, findings=tuple(_spelled(found, convention) for found in result.findings))


def spelled_text(report: str, convention: str) -> str:
    """The same of a report, whose plain sentences are no templates."""
    return re.sub(r"(say\s+)interest=", rf"\1--as {convention}:interest=", report)


def _spelled(found: Finding, convention: str) -> Finding:
    sentence, help_ = _of(found.kind.sentence, convention), _of(found.kind.help, convention)
    return replace(found, kind=replace(found.kind, sentence=sentence, help=help_))


def _of(text: str, convention: str) -> str:
    for pattern, instead in _ADVICE.items():
        text = re.sub(pattern, instead.replace("{way}", f"--as {convention}:"), text)
    return text
