"""A small graph as lines of the user's own API, ready to be run: `x = Value(3.0)`, `y = x * x`, `y.backward()`."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from gradcheck.problem import Case
from gradcheck.report.failure import summary
from gradcheck.run.events import Diagnosed
from gradcheck.verdict.digits import apart, number

LONGEST = 8
"""Maximum number of nodes of a graph that is written out."""


def script(case: Case, words: Mapping[str, str]) -> list[str]:
    """One line per leaf and per node, then the sweep; [] where the spelling is not known, or the graph is large."""
    graph = case.graph
    if "leaf" not in words or len(graph) > LONGEST or any(graph.shapes):
        return []
    texts: dict[str, str] = {}
    lines: list[str] = []
    for i in graph.order.tolist():
        node = graph.node(int(i))
        if node.op == "constant":
            value = np.asarray(node.value)
            texts[node.name] = number(float(value))
        elif not node.inputs:
            texts[node.name] = node.name
            lines.append(f"{node.name} = {words['leaf'].format(_float(case.point[node.name]))}")
        else:
            spelled = words.get(f"op {node.op}")
            if spelled is None:
                return []
            texts[node.name] = node.name
            lines.append(f"{node.name} = {spelled.format(*(texts[name] for name in node.inputs))}")
    lines.append(words["sweep"].format(graph.names[graph.loss]))
    return lines


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
        lines.append(f"{gradient(row.name, words)}   # gives {came}, right is {right}")
    if not wrong and example is not None:
        lines.append(f"# {summary(example)}")
    return lines


def gradient(name: str, words: Mapping[str, str]) -> str:
    """How the gradient of a leaf is read, such as `x.grad`."""
    return words.get("grad", "{}").format(name)


def _float(value: object) -> str:
    text = number(float(np.asarray(value)))
    return text if any(c in text for c in ".e") else f"{text}.0"
