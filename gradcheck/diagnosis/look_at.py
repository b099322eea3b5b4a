"""One sentence that says what to look at in the subject's code, in the words of a first course."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from gradcheck.diagnosis.operands import operand_name
from gradcheck.diagnosis.place import UPSTREAM
from gradcheck.errors import GradcheckError
from gradcheck.faults.fault import Fault
from gradcheck.oracle.closed_form.local_derivatives import local_formulas
from gradcheck.problem import LEAVES, OPS, Case
from gradcheck.verdict.finding import Finding

FAMILIES: Mapping[str, str] = MappingProxyType(
    {
        "branches": "how the gradients that arrive at {node} from its uses are put together: they must be added up",
        "order": "in which order the nodes are visited going backward: a node may pass its gradient on, once, when all "
        "nodes that use it have sent theirs",
        "rule": "the derivative of {op}",
        "shape": "how the gradient goes back through {op}: what each entry of its argument reaches",
        "state": "what is kept from one call to the next: each call starts from gradients of 0 and from its own values",
        "answer": "what is done to the gradients after they are computed, and in which form they are returned",
        "layer": "the formulas of one layer: delta, and the gradients of its weights and biases that are made of it",
        "schedule": "the update: which samples, which rate, which sign, and when it ends",
    }
)
"""A phrase per family of faults; `{node}` and `{op}` come from the finding about the place."""

CODES: Mapping[str, str] = MappingProxyType(
    {
        "F05": "how you tell whether a node was visited before: by which node it is, never by its value",
        "F06": "how you look gradients up: by which parameter it is, never by its value",
        "F07": "what happens where one node is both operands of another, as in x * x: each use has its own part",
        "F11": "where gradients start: 1 for the loss, 0 for every other node",
        "F12": "the chain rule's product: the local derivative times the gradient that arrives from above",
        "F13": "the chain rule's product: the local derivative times the gradient that arrives from above, not plus",
        "F14": "what ends the walk backward: it must reach every parameter, however long the way",
        "F80": "the number type of your arrays: it must be that of the input throughout, not float32",
        "F81": "how derivatives are computed: by the rules of differentiation, not by differences",
        "F82": "the sign of the gradient that you return: the minus of gradient descent belongs to the update",
        "F83": "what limits the size of the gradients that you return: nothing may",
    }
)
"""Phrases for faults whose family is too general."""


def look_at(findings: Sequence[Finding], faults: Sequence[Fault] = (), case: Case | None = None) -> str:
    """A sentence that says what to look at, or "" where nothing points anywhere.

    `findings` are those of the case to be explained, `faults` what explains the subject, `case` the graph that the
    findings are about, for the formula of its op.
    """
    place = next((f.facts for f in findings if f.code == "GC050"), None)
    if faults:
        row = faults[0]
        if row.family == "rule" and place is not None and place["op"] not in LEAVES:
            return _rule(str(place["op"]), place, case)
        text = CODES.get(row.code) or FAMILIES[row.family]
        if row.family == "shape" and row.scope != "dag":
            text = FAMILIES["layer"]
        if place is None and "{" in text:
            text = {
                "branches": "how the gradients that arrive at one node from its uses are put together",
                "rule": "the derivative that the sentence above names",
                "shape": "how the gradient goes back through an operation that changes the shape of an array",
            }.get(row.family, "")
        return text.format(**{k: str(v).strip("'") for k, v in (place or {}).items() if k in ("node", "op")})
    if (forward := next((f.facts for f in findings if f.code == "GC015"), None)) is not None:
        return f"how {_bare(forward['node'])} is computed going forward: the value of {forward['op']} is wrong"
    if place is None:
        return ""
    if UPSTREAM in str(place["what"]):
        above = "the local derivative must be multiplied by the gradient that arrives from above"
        return f"the rule of {place['op']}: {above}"
    if "its rule is wrong" in str(place["what"]):
        return _rule(str(place["op"]), place, case)
    if "is used" in str(place["what"]):
        return FAMILIES["branches"].format(node=_bare(place["node"]), op=place["op"])
    return f"what arrives at {_bare(place['node'])} going backward: every node after it is right"


def _rule(op: str, place: Mapping[str, object], case: Case | None) -> str:
    """ "the derivative of tanh: 1 - tanh(x)^2"; of an op of several operands, by operand where formulas are short."""
    if case is None or op not in OPS or not OPS[op].elementwise:
        return (FAMILIES["rule"] if op not in OPS or OPS[op].elementwise else FAMILIES["shape"]).format(op=op)
    node = case.graph.node(_bare(place["node"]))
    count = len(node.inputs)
    parts = []
    for slot in range(count):
        try:
            lines = local_formulas(op, node.attributes, ((),) * count, slot)
        except GradcheckError:
            return FAMILIES["rule"].format(op=op)
        formula = " or ".join(line.partition(" = ")[2] for line in lines)
        parts.append(f"{formula} for its {operand_name(op, slot, count)}" if count > 1 else formula)
    of = {1: f"{op}(x)", 2: f"{op}(x, y)"}.get(count, op)
    return f"the derivative of {of}: {', '.join(parts)}"


def _bare(name: object) -> str:
    return str(name).removeprefix("'").removesuffix("'")
