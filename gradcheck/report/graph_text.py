"""A small graph as people write it, `y = a * b; loss = y + y`, and as a tree from its loss."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np
from rich.text import Text
from rich.tree import Tree

from gradcheck.problem import OPS, Case, Graph
from gradcheck.verdict.digits import number
from gradcheck.verdict.finding import shown

INFIX: Mapping[str, str] = MappingProxyType(
    {"add": "+", "sub": "-", "mul": "*", "div": "/", "pow": "**", "matmul": "@"}
)
LONGEST_FORMULA = 90
"""Maximum number of characters of a formula on one line; a longer one is shown only as a tree."""
MOST_ENTRIES = 6
"""Maximum number of entries of an array whose values are written out."""


def formula(graph: Graph) -> str:
    """The graph as assignments, one per node that is used more than once or not at all; "" if that is too long.

    What the loss does not need may be what makes the gradient wrong: an op that changes its operand.
    """
    uses = dict.fromkeys(graph.names, 0)
    for node in graph.nodes:
        for argument in node.inputs:
            uses[argument] += 1
    texts: dict[str, str] = {}
    lines: list[str] = []
    loss = graph.names[graph.loss]
    for i in graph.order.tolist():
        node = graph.node(int(i))
        if not node.inputs:
            scalar = node.op == "constant" and node.value is not None and not np.shape(node.value)
            texts[node.name] = number(float(np.asarray(node.value))) if scalar else shown(node.name)
            continue
        text = _applied(node.op, [texts[name] for name in node.inputs], node.attributes)
        if len(text) > LONGEST_FORMULA:
            return ""
        if node.name == loss or uses[node.name] != 1:
            lines.append(f"{shown(node.name)} = {text}")
            text = shown(node.name)
        elif node.op in INFIX:
            text = f"({text})"
        texts[node.name] = text
    whole = "; ".join(lines)
    return whole if len(whole) <= LONGEST_FORMULA else ""


def _applied(op: str, arguments: list[str], attributes: Mapping[str, object]) -> str:
    usual = OPS[op].attributes
    given = [f"{key}={shown(value)}" for key, value in attributes.items() if key not in usual or usual[key] != value]
    if op in INFIX and len(arguments) == 2 and not given:
        return f" {INFIX[op]} ".join(arguments)
    if op == "neg" and not given:
        return f"-{arguments[0]}"
    return f"{op}({', '.join([*arguments, *given])})"


def values(point: Mapping[str, object]) -> str:
    """`a = 3, W = [[1, 2], [3, 4]]`: the point of a case, large arrays by their shape."""
    return ", ".join(f"{shown(name)} = {entries(value)}" for name, value in point.items())


def entries(value: object) -> str:
    """A number, a small array in full, or the shape of a large one."""
    array = np.asarray(value)
    if array.size > MOST_ENTRIES:
        return f"(array of shape {shown(array.shape)})"
    return _nested(array.tolist())


def _nested(value: object) -> str:
    if isinstance(value, list):
        return "[" + ", ".join(_nested(inner) for inner in value) + "]"
    return number(float(value), 6) if isinstance(value, int | float) else str(value)


def tree(case: Case, remark: Callable[[str], str] = lambda name: "") -> Tree:
    """A small graph as a tree from its loss; a shared node is drawn once and referred to afterwards.

    `remark` returns the text behind a node's name, such as a parameter's gradients.
    """
    graph, at = case.graph, case.graph.evaluate(case.point)
    drawn: set[str] = set()

    def label(name: str) -> Text:
        node = graph.node(name)
        what = node.op if node.inputs else f"({node.op})"
        text = Text.assemble((shown(name), "bold"), f" = {entries(at[name])}  ", (what, "dim"))
        if name in drawn:
            text.append("  (the same node as above)", style="yellow")
        elif note := remark(name):
            text.append(f"  {note}")
        return text

    root = Tree("")
    waiting = [(graph.names[graph.loss], root)]
    while waiting:  # in the order of the lines, so that "above" is true
        name, above = waiting.pop()
        branch = above.add(label(name), guide_style="dim")
        if name not in drawn:
            drawn.add(name)
            waiting += [(argument, branch) for argument in reversed(graph.node(name).inputs)]
    return root.children[0]
