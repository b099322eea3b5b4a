"""A small graph as lines of the user's own API, ready to be run: `x = Value(3.0)`, `y = x * x`, `y.backward()`."""

from __future__ import annotations

import builtins
import math
import re
from collections.abc import Mapping
from typing import Any

import numpy as np

from gradcheck.diagnosis.operands import ParameterRow
from gradcheck.problem import OPS, Case
from gradcheck.problem.graph import Node
from gradcheck.report.failure import summary
from gradcheck.run.events import Diagnosed
from gradcheck.verdict.digits import apart

LONGEST = 8
"""Maximum number of nodes of a graph that is written out."""
MOST_ENTRIES = 12
"""Maximum number of entries of an array that is written out."""


def script(case: Case, words: Mapping[str, str]) -> list[str]:
    """One line per leaf and per node, then the sweep; [] where a spelling is not known, or the graph is large."""
    graph = case.graph
    if "leaf" not in words or len(graph) > LONGEST or any(math.prod(shape) > MOST_ENTRIES for shape in graph.shapes):
        return []
    texts: dict[str, str] = {}
    lines: list[str] = []
    for i in graph.order.tolist():
        node = graph.node(int(i))
        if node.op == "constant":
            texts[node.name] = _literal(node.value, whole=True)
        elif not node.inputs:
            texts[node.name] = node.name
            lines.append(f"{node.name} = {_leaf(case.point[node.name], words)}")
        else:
            spelled = _spelled(node, words)
            if spelled is None:
                return []
            texts[node.name] = _variable(node.name, words)
            attributes = {name: _attribute(value) for name, value in node.attributes.items()}
            operands = [_operand(texts[name], graph.node(name).op, node.op, words) for name in node.inputs]
            lines.append(f"{texts[node.name]} = {spelled.format(*operands, **attributes)}")
    sweep = words["sweep"].format(graph.names[graph.loss])
    return [*lines, sweep] if sweep else lines


def _leaf(value: object, words: Mapping[str, str]) -> str:
    """How a leaf of this value is made; a class that takes lists gets a number in a list."""
    listed = words["leaf"].replace("{}.tolist()", "{}")
    if listed == words["leaf"]:
        text = _literal(value)
        return listed.format(text if np.asarray(value).ndim else words.get("number", "{}").format(text))
    array = np.asarray(value)
    return listed.format(_nested(array) if array.ndim else f"[{_literal(value)}]")


def _operand(text: str, op: str, user: str, words: Mapping[str, str]) -> str:
    """An operand; a constant as a leaf, where the op that uses it takes no plain number on one of its sides."""
    return words["leaf"].format(text) if op == "constant" and user in words.get("wrapped", "").split() else text


def _variable(name: str, words: Mapping[str, str]) -> str:
    """The node's name, unless that would hide a function that a later line calls, or one of Python's own."""
    taken = hasattr(builtins, name) or any(text.startswith(f"{name}(") for text in words.values())
    return f"{name}_of" if taken else name


def _spelled(node: Node, words: Mapping[str, str]) -> str | None:
    """How the op is written with the attributes that the node gives, for as many operands; None where none is known."""
    usual = OPS[node.op].attributes
    given = sorted(name for name, value in node.attributes.items() if usual[name] is ... or value != usual[name])
    text = words.get(" ".join(["op", node.op, *given]))
    operands = len(set(re.findall(r"\{(\d+)\}", text or "")))
    return text if operands == len(node.inputs) else None


def _literal(value: object, *, whole: bool = False) -> str:
    """A number, or a call of np.array; `whole`: a whole number is written without a point."""
    array = np.asarray(value)
    if array.ndim:
        return f"np.array({_nested(array)})"
    text = repr(float(array))
    return text.removesuffix(".0") if whole else text


def _nested(array: np.ndarray[Any, Any]) -> str:
    rows = (_nested(row) if row.ndim else _literal(row) for row in array)
    return f"[{', '.join(rows)}]"


def _attribute(value: object) -> str:
    """An attribute as Python has it: a tuple of places in an array as a list, a mask as an array."""
    array = np.asarray(value)
    if array.dtype == bool and array.ndim:
        return f"np.array({array.tolist()})"
    return repr(array.tolist() if array.ndim and array.dtype.kind in "iu" else value)


def shown_script(found: Diagnosed | None, words: Mapping[str, str]) -> list[str]:
    """The smallest counterexample as code, and what it gives; [] where there is none, or it cannot be written so."""
    if found is None or found.case is None or not (lines := script(found.case, words)):
        return []
    example = found.counterexample
    value = next((f.facts for f in (() if example is None else example.findings) if f.code == "GC014"), None)
    if value is not None:
        came, right = apart(value["subject"], value["truth"])
        lines.append(f"{words.get('value', '{}').format(value['loss'])}   # gives {came}, right is {right}")
    wrong = [row for row in found.parameters if row.wrong]
    for row in wrong:
        came, right = apart(row.yours, row.right)
        lines.append(
            f"{gradient(row, words, found.case.graph.names[found.case.graph.loss])}   # gives {came}, right is {right}"
        )
    if not wrong and example is not None:
        lines.append(f"# {summary(example)}")
    return lines


def gradient(row: ParameterRow, words: Mapping[str, str], root: str) -> str:
    """How the gradient of a leaf, or of one of its entries, is read, such as `x.grad[0]` or `root.grad(x)[0]`."""
    block, bracket, entry = row.name.partition("[")
    return words.get("grad", "{}").format(block, root=root) + bracket + entry
