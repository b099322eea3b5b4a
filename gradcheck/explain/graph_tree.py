"""The graph as a tree from the loss, each shared node expanded once. Iterative, since chains may be long."""

from __future__ import annotations

from collections import Counter

from gradcheck.explain.derivation_parts import TreeLine
from gradcheck.problem import Graph

MOST_LINES = 80
"""Maximum number of lines of a tree; the nodes beyond are counted."""

MOST_DEPTH = 16
"""Maximum number of levels of one tree; deeper nodes continue in another tree, so that lines fit the screen."""


def tree(graph: Graph, kept: list[int], *, lines: int = MOST_LINES, depth: int = MOST_DEPTH) -> tuple[TreeLine, ...]:
    """The nodes `kept` (ancestors of the loss in topological order), arguments below the node that uses them."""
    uses = Counter(j for i in kept for j in graph.arguments(i))
    within = set(kept)
    rows: list[TreeLine] = []
    shown: set[int] = set()
    further = [graph.loss]  # roots of trees, in the order of their discovery
    for root in further:  # grows while it is walked
        waiting = [(root, 0)] if root not in shown else []
        while waiting:
            if len(rows) >= lines:
                break
            i, level = waiting.pop()
            name, arguments = graph.names[i], graph.arguments(i)
            if i in shown:
                rows.append(TreeLine(level, name, "again"))
                continue
            if level >= depth and arguments:
                rows.append(TreeLine(level, name, "continued"))
                if i not in further:
                    further.append(i)
                continue
            shown.add(i)
            rows.append(TreeLine(level, name, "shared" if uses[i] > 1 else ""))
            waiting += [(j, level + 1) for j in reversed(arguments) if j in within]
    if rest := len(within - shown):
        rows.append(TreeLine(0, str(rest), "rest"))
    return tuple(rows)
