"""Backpropagation over graphs of scalars: all nodes of a level that apply the same op at once, as one array operation.

`dag` holds the algorithm. Nodes of one level do not depend on each other, so that NumPy may work them off together.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradcheck.problem import CODES, LEAVES, NAMES, OPS, Graph
from gradcheck.problem.ops import Array

from .rules import RULES, Rule, rule_of

ALONE_UP_TO = 8
"""Maximum number of scalar nodes in a level before NumPy takes them together: for fewer its start-up costs more."""


@dataclass(slots=True)
class Batch:
    """Nodes of one level that apply one op.

    nodes: their indices, shape (k,); or one bare index, whose values are then NumPy scalars instead of arrays.
    arguments: per argument position the indices of the argument nodes, of the same form.
    attributes: per attribute the nodes' values, of the same form: an element-wise op treats them like arguments.
    """

    rule: Rule
    nodes: Any
    arguments: list[Any]
    attributes: dict[str, Any]


def sweep(graph: Graph, order_by_levels: list[list[int]], leaves: dict[int, Array], dtype: Any) -> tuple[Array, Array]:
    """Value of the loss, shape (), and adjoints of all nodes, shape (n,)."""
    batches = [batch for level in order_by_levels for batch in _batches(graph, level, dtype)]
    values = np.zeros(len(graph), dtype)
    values[list(leaves)] = list(leaves.values())
    for batch in reversed(batches):
        values[batch.nodes] = batch.rule.value(*(values[a] for a in batch.arguments), **batch.attributes)

    adjoints = np.zeros(len(graph), dtype)
    adjoints[graph.loss] = 1.0
    for batch in batches:
        arguments = [values[a] for a in batch.arguments]
        messages = batch.rule.vjp(adjoints[batch.nodes], values[batch.nodes], *arguments, **batch.attributes)
        for a, message in zip(batch.arguments, messages, strict=True):
            if isinstance(a, int):
                adjoints[a] += message
            else:
                np.add.at(adjoints, a, message)  # `adjoints[a] += message` would lose all but one use of a node
    return values[graph.loss], adjoints


def _batches(graph: Graph, level: list[int], dtype: Any) -> Iterator[Batch]:
    """The inner nodes of a level, by op."""
    if len(level) <= ALONE_UP_TO:
        for i in level:
            if graph.codes[i] >= len(LEAVES):
                yield Batch(rule_of(graph, i), i, list(graph.arguments(i)), dict(graph.attributes.get(i, {})))
        return
    nodes = np.array(level)
    codes = graph.codes[nodes]
    for code in np.unique(codes[codes >= len(LEAVES)]).tolist():
        alike = nodes[codes == code]
        op = OPS[NAMES[code]]
        first = graph.offsets[alike]
        yield Batch(
            RULES[op.name],
            alike,
            [graph.inputs[first + k] for k in range(op.arity or 0)],
            {
                name: np.array([graph.attributes.get(i, {}).get(name, usual) for i in alike.tolist()], dtype)
                for name, usual in op.attributes.items()
            },
        )


_ELEMENTWISE = np.array([True] * len(LEAVES) + [op.elementwise or op.name == "where" for op in OPS.values()])
_WHERE = CODES["where"]


def possible(graph: Graph, leaves: dict[int, Array]) -> bool:
    """Whether every value is a scalar of a plain array, and every op works entry by entry.

    Arrays of a subclass keep their class (it may count operations, or carry units), so they are taken one by one.
    """
    return (
        all(value.shape == () and type(value) is np.ndarray for value in leaves.values())
        and bool(np.all(_ELEMENTWISE[graph.codes]))
        and all(graph.shapes[i] == () for i in np.flatnonzero(graph.codes == _WHERE).tolist())
    )
