"""A small graph as lines of the user's own API, ready to be run: `x = Value(3.0)`, `y = x * x`, `y.backward()`."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from gradcheck.problem import Case
from gradcheck.verdict.digits import number

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


def gradient(name: str, words: Mapping[str, str]) -> str:
    """How the gradient of a leaf is read, such as `x.grad`."""
    return words.get("grad", "{}").format(name)


def _float(value: object) -> str:
    text = number(float(np.asarray(value)))
    return text if any(c in text for c in ".e") else f"{text}.0"
