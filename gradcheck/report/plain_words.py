"""Findings in the words of a first course: the subject's number and the right one.

The default report uses these sentences. The findings' own sentences, with bounds and codes, follow with `-v`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from gradcheck.problem import OPS
from gradcheck.verdict.digits import apart
from gradcheck.verdict.finding import Finding, shown

_NAME = re.compile(r"[^\W\d]\w*(\[[\d, ]*\])?")
"""Names that read well in d.../d...: w, W[0, 1]."""

_MADE = re.compile(rf"({'|'.join(OPS)})(_\d+)?")
"""Names that a node gets from its op if the user gave none: mean, add_15."""


def derivative(loss: str, block: str, entry: Any = "") -> str:
    """`df/db`, `dloss/dW[0, 1]`; in words where a name would not read well in that form."""
    of, to = "loss" if _MADE.fullmatch(loss) else shown(loss), f"{shown(block)}{shown(entry) if entry else ''}"
    if _NAME.fullmatch(of) and _NAME.fullmatch(to):
        return f"d{of}/d{to}"
    return f"the gradient of {'the loss' if of == 'loss' else of} with respect to {to}"


def plainly(finding: Finding) -> str:
    """The finding in plain words; its own sentence if that is plain enough."""
    say = _PLAIN.get(finding.code)
    return shown(say(finding.facts) if say is not None else finding.sentence)


def _gradient(facts: Mapping[str, Any]) -> str:
    came, right = apart(facts["subject"], facts["truth"])
    return f"{_named(facts)} is {came}, should be {right}"


def _named(facts: Mapping[str, Any]) -> str:
    return derivative(str(facts.get("loss", "loss")), str(facts["block"]), facts.get("entry", ""))


def _value(facts: Mapping[str, Any]) -> str:
    came, right = apart(facts["subject"], facts["truth"])
    return f"the value of {shown(facts['loss'])} is {came}, should be {right}"


def _node_value(facts: Mapping[str, Any]) -> str:
    came, right = apart(facts["subject"], facts["truth"])
    return f"node {facts['node']} ({facts['op']}) is the first with a wrong value: {came}, should be {right}"


def _step(facts: Mapping[str, Any]) -> str:
    came, right = apart(facts["subject"], facts["truth"])
    where = f"{facts['block']}{shown(facts['entry']) if facts['entry'] else ''}"
    return f"after step {facts['step']} {where} is {came}, should be {right}"


def _digits(facts: Mapping[str, Any]) -> str:
    return f"{_gradient(facts)}: {facts['digits']} digits are lost to rounding, although the formula is right"


def _unknown(facts: Mapping[str, Any]) -> str:
    where = f"{shown(facts['block'])}{shown(facts['entry']) if facts['entry'] else ''}"
    return f"the right gradient with respect to {where} is not known closely enough here to judge the answer"


def _adjoint(facts: Mapping[str, Any]) -> str:
    came, right = apart(facts["subject"], facts["truth"])
    node = f"{facts['node']}{shown(facts['entry']) if facts['entry'] else ''}"
    return f"the gradient reported for node {node} is {came}, should be {right}; every parameter's gradient is right"


_PLAIN: Mapping[str, Callable[[Mapping[str, Any]], str]] = MappingProxyType(
    {
        "GC012": _gradient,
        "GC013": _gradient,
        "GC014": _value,
        "GC015": _node_value,
        "GC016": _digits,
        "GC031": _unknown,
        "GC032": _unknown,
        "GC060": _step,
        "GC070": _adjoint,
    }
)
