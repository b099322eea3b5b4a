"""The rules of arrays alone, for an engine without a product: `local_rules` weights what an op gives by `c * y`.

The loss is the sum or the mean of the squares of what the op gives, so that its cotangents differ from entry to entry.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

import numpy as np

from gradcheck.problem import Case, GraphBuilder

REDUCING = ("sum", "mean")
"""Ops of which one makes a single number of an array."""
RULE = "y"
"""Name of the node of the one op in a case of `local_rules`."""


def rules_without_products(ops: Collection[str], rules: Iterable[Case]) -> Iterator[Case]:
    """Each of `rules` on arrays whose op is offered, without its weights; none where `mul` is offered."""
    reducing = [op for op in REDUCING if op in ops]
    if "mul" in ops or not reducing:
        return
    for case in rules:
        node, build = next((node for node in case.graph.nodes if node.name == RULE), None), GraphBuilder()
        if node is None or node.op not in ops or not any(np.ndim(case.point[name]) for name in node.inputs):
            continue
        made = {name: build.parameter(name, np.shape(case.point[name])) for name in dict.fromkeys(node.inputs)}
        y = build.apply(node.op, *(made[name] for name in node.inputs), **node.attributes)
        squared = build.apply("pow", y, build.constant(2.0)) if "pow" in ops else y
        graph = build.graph(build.apply(reducing[0], squared))
        point = {name: case.point[name] for name in made}
        yield Case(f"{case.name}: alone", graph, point, f"the rule of {node.op}, in squares", labels=(node.op,))
