"""Findings about a function in the words of a first course: whose derivative, and no more digits than it takes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from gradcheck.verdict.checked import Checked
from gradcheck.verdict.finding import Finding, shown

ASIDE = "GC040"
"""The note that an oracle stepped aside, and why."""
BEST = "exact"
"""The oracle whose reason is shown: it proves every entry where it can follow f."""

TOO_CLOSE = "apart, too close"
"""What the reason says where eigenvalues or singular values are so close that their order tells of no derivative."""


def plainly_of(finding: Finding, checked: Checked, findings: Sequence[Finding]) -> str:
    """The finding's sentence, with the names that its reader knows; `findings` are all of the result's."""
    plain = _PLAIN.get(finding.code)
    sentence = finding.brief if plain is None else plain(finding.facts)
    if finding.facts.get("frames") and finding.facts.get("place"):  # the traceback that follows says where
        sentence = sentence.replace(str(finding.facts["place"]), "")
    sentence = _with_names(sentence, checked)
    unexplained = finding.code in _UNKNOWN and "rounding" not in finding.facts
    why = _reason(findings)
    close = finding.code == "GC030" and TOO_CLOSE in why
    return f"{sentence}: {why}" if why and (unexplained or close) else sentence


def _with_names(sentence: str, checked: Checked) -> str:
    own, derivative = checked.function.partition("(")[0], checked.name
    own = "f" if own.startswith("<") else own
    derivative = "the derivative" if derivative.startswith("<") else derivative
    names = {"the subject's ": f"{derivative}'s ", "the subject ": f"{derivative} ", "f ": f"{own} "}
    for who, name in names.items():
        if sentence.startswith(who):
            return of_kind(name + sentence.removeprefix(who), checked.kind)
    return of_kind(sentence, checked.kind)


def of_kind(sentence: str, kind: str) -> str:
    """A sentence about a gradient as one about what was checked: a Jacobian is judged as a gradient, for one."""
    sentence = sentence.replace("the gradient of f with respect to", "the gradient with respect to")
    for gradient, own in _OF_KIND.get(kind, {}).items():
        sentence = sentence.replace(gradient, own)
    return sentence


def _reason(findings: Sequence[Finding]) -> str:
    """Why the best oracle that stepped aside did."""
    asides = [f for f in findings if f.code == ASIDE]
    best = [f for f in asides if f.facts.get("oracle") == BEST] or asides
    return str(best[0].facts.get("why", "")) if best else ""


def _unknown(facts: Mapping[str, Any]) -> str:
    where = f"{shown(facts['block'])}{shown(facts['entry']) if facts['entry'] else ''}"
    if "rounding" in facts:
        way = "say" if facts["dtype"] == "float64" else "give float64 inputs, or say"
        return (
            f"rounding alone may cost the gradient with respect to {where} {facts['rounding']:.2g} "
            f"in {facts['dtype']}, and {facts['interest']:.2g} is what matters: {way} interest="
        )
    return f"the right gradient with respect to {where} is not known closely enough here to judge the answer"


def _left(facts: Mapping[str, Any]) -> str:
    return f"the subject {facts['how']}"


_OF_KIND: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "jacobian": {"the gradient with": "the Jacobian with", "the gradient of": "the Jacobian of"},
        "hessian": {
            "the gradient with": "the Hessian with",
            "the gradient of": "the Hessian of",
            "the Jacobian must": "the Hessian must",
        },
        "hvp": {"the tangent of output": "the product"},
        "adjoint": {"the gradient with respect to x": "the adjoint's answer"},
    }
)
"""Words in place of those of the judge, by the kind of check."""

_UNKNOWN = ("GC031", "GC032")
"""Findings that the truth is not known."""

_PLAIN: Mapping[str, Callable[[Mapping[str, Any]], str]] = MappingProxyType(
    {"GC006": _left, "GC031": _unknown, "GC032": _unknown}
)
"""Sentences in plain words, for findings whose own sentence is not plain enough for a first course."""
