"""Results on second derivatives by several inputs, in the names of these inputs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from gradcheck.verdict.finding import Finding, finding
from gradcheck.verdict.result import Result

Place = tuple[str, Sequence[int]]
"""A block and the index of one of its entries."""


def rows_named(result: Result, shapes: Mapping[str, tuple[int, ...]]) -> Result:
    """A result on the Jacobian of a gradient, each row of which has the name of an input's entry.

    Entry [5, 1] of block y, where row 5 is entry [0] of input x, is entry [1] of "x[0] by y". `shapes` are those of the
    differentiated inputs.
    """
    if len(shapes) < 2:
        return result
    rows = entry_names(shapes)

    def named(block: str, entry: Sequence[int]) -> Place:
        whole = block in shapes and len(entry) == 1 + len(shapes[block])
        return (f"{rows[entry[0]]} by {block}", entry[1:]) if whole else (block, entry)

    return _renamed(result, named)


def entry_names(shapes: Mapping[str, tuple[int, ...]]) -> list[str]:
    """The name of every entry of several arrays, in order."""
    return [_with_index(name, at) for name, shape in shapes.items() for at in np.ndindex(shape)]


def outputs_named(result: Result, names: Sequence[str]) -> Result:
    """A result on a product, whose parts have the names of the differentiated inputs."""
    if len(names) < 2:
        return result
    own = {f"output {k}": name for k, name in enumerate(names)}
    renamed = _renamed(result, lambda block, entry: (own.get(block, block), entry))
    return replace(renamed, blocks={own.get(block, block): count for block, count in result.blocks.items()})


def _renamed(result: Result, named: Callable[[str, Sequence[int]], Place]) -> Result:
    def told(found: Finding) -> Finding:
        facts = dict(found.facts)
        if "block" not in facts or "entry" not in facts:
            return found
        block, entry = named(str(facts["block"]), facts["entry"] or ())
        return finding(found.code, **{**facts, "block": block, "entry": list(entry) or ""})

    worst = result.worst
    if worst is not None:
        block, entry = named(worst.block, worst.entry)
        worst = replace(worst, block=block, entry=tuple(entry))
    return replace(result, findings=tuple(told(found) for found in result.findings), worst=worst)


def _with_index(name: str, at: tuple[int, ...]) -> str:
    return f"{name}[{', '.join(map(str, at))}]" if at else name
