"""The rules of arrays alone, for an engine without a product: `local_rules` weights what an op gives by `c * y`.

The loss is the sum or the mean of the squares of what the op gives, so that its cotangents differ from entry to entry.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

import numpy as np

from gradcheck.problem import OPS, Case, GraphBuilder

REDUCING = ("sum", "mean")
"""Ops of which one makes a single number of an array."""


def rules_without_products(ops: Collection[str]) -> Iterator[Case]:
    """A case for each op that is not element by element, in each form of the table; none where `mul` is offered."""
    reducing = [op for op in REDUCING if op in ops]
    if "mul" in ops or not reducing:
        return
    for op, row in OPS.items():
        if op not in ops or row.elementwise:
            continue
        for number, (shapes, attributes) in enumerate(row.examples, 1):
            build, drawn = GraphBuilder(), np.random.default_rng(number)
            names = [f"x{k}" for k in range(1, len(shapes) + 1)]
            point = {
                name: drawn.uniform(*row.range_of(k), size=shape)
                for k, (name, shape) in enumerate(zip(names, shapes, strict=True))
            }
            operands = [build.parameter(name, shape) for name, shape in zip(names, shapes, strict=True)]
            made = build.apply(op, *operands, **attributes)
            squared = build.apply("pow", made, build.constant(2.0)) if "pow" in ops else made
            graph = build.graph(build.apply(reducing[0], squared))
            yield Case(f"{op} alone {number}", graph, point, f"the rule of {op}, in squares")
