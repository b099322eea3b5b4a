"""Protocol before numbers: is this answer one that can be judged at all?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.errors import SubjectError
from gradcheck.problem import Graph
from gradcheck.verdict.finding import Finding, finding

Array = NDArray[Any]


def protocol(
    graph: Graph,
    value: Array,
    gradients: Mapping[str, Array],
    dtype: str,
    *,
    mapping: str = "grads",
    entry: str = "the gradient of",
) -> list[Finding]:
    """Findings about keys, shapes and dtypes of an answer; empty if every parameter has an array that fits it.

    `mapping` and `entry` are what sentences call the answer and one array of it.
    """
    wanted = {graph.names[i]: graph.shapes[i] for i in graph.parameters}
    findings = []
    if missing := [name for name in wanted if name not in gradients]:
        findings.append(finding("GC008", mapping=mapping, missing=_names(missing), keys=_names(gradients)))
    if extra := [name for name in gradients if name not in wanted]:
        findings.append(finding("GC009", mapping=mapping, extra=_names(extra), keys=_names(wanted)))
    if value.shape:
        findings.append(finding("GC010", what="value, the loss,", wanted=(), came=value.shape))
    elif value.dtype.kind not in "fiu":
        findings.append(finding("GC011", what="value, the loss,", wanted=dtype, came=str(value.dtype), hint=""))
    for name, shape in wanted.items():
        if name not in gradients:
            continue
        array = gradients[name]
        if array.shape != shape:
            findings.append(finding("GC010", what=f"{entry} {name}", block=name, wanted=shape, came=array.shape))
        elif array.dtype != np.dtype(dtype) and not _number(array):
            came = str(array.dtype)
            facts = {"block": name, "wanted": dtype, "came": came, "hint": _meant(came, dtype)}
            findings.append(finding("GC011", what=f"{entry} {name}", **facts))
    return findings


def no_answer(failure: SubjectError) -> Finding:
    """The finding for a subject that gave no answer: what happened, and at which line of its own code."""
    facts = dict(failure.facts)
    if failure.code in ("GC001", "GC004") and "place" not in facts:
        within = f", in {facts['function']}" if facts.get("function") not in (None, "<module>") else ""
        known = facts.get("file") and facts.get("line")
        facts["place"] = f" ({facts['file']}, line {facts['line']}{within})" if known else ""
    elif failure.code == "GC002":
        text, line = facts["text"], facts["line"]
        facts["place"] = f"{facts['file']}, line {line}" if line else facts["file"]
        legible = text.isprintable() and "\N{REPLACEMENT CHARACTER}" not in text
        facts["quoted"] = ("; is it a text file in UTF-8?" if not legible else f": {text}") if text else ""
    elif failure.code == "GC003":
        first, *others = facts["looked_for"] or ["gradients"]
        facts["looked_for"] = first + (f" (or {', '.join(others)})" if others else "")
        facts["found"] = ", ".join(facts["found"]) or "no function of its own"
        facts["hint"] = f"; did you mean {' or '.join(facts['near'])}?" if facts["near"] else ""
        if others and not facts["near"]:
            define = "define gradients(graph, point) -> (value, grads), or name another function of that kind"
            facts["hint"] = f"; {define}: --subject {facts['file']}:NAME"
    elif failure.code == "GC007":
        facts["place"] = f"{facts['block']}: " if facts.get("block") else ""
    return finding(failure.code, **facts)


def _number(array: Array) -> bool:
    """Whether a gradient came as a plain Python number, which is right for a scalar parameter in any dtype."""
    return not array.shape and array.dtype in (np.float64, np.int64)


def _meant(came: str, wanted: str) -> str:
    """What to say to an engine that may well compute in float32 on purpose, or that makes its zeros in float64."""
    if (came, wanted) == ("float64", "float32"):
        return "; make zeros and ones in the point's dtype: np.zeros_like(value), np.zeros(shape, value.dtype)"
    if (came, wanted) != ("float32", "float64"):
        return ""
    return '; if float32 is meant, say DTYPE = "float32" in the subject\'s file, or --dtype float32'


def _names(names: Any) -> str:
    return ", ".join(map(repr, names)) or "nothing"
