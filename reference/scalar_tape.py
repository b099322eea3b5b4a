"""A graph of scalars as a tape: a row of numbers per node, in an order in which arguments come first."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain, pairwise

import numpy as np

from gradcheck.problem import CODES, LEAVES, NAMES, OPS, Graph
from gradcheck.problem.ops import Array

from .dag import levels
from .scalar_rules import TEXTS


@dataclass(frozen=True, eq=False)
class Tape:
    """The part of a graph that feeds its loss.

    Nodes have new numbers: first the leaves (parameters, inputs, constants), then a number per row, so that row r is
    node `leaves + r`, and the loss is the last. Rows are sorted by level (`dag.levels`), and by op within a level: a
    processor then guesses the op that comes next, and the loop of `compiled_tape` takes 0.6 x at 100,000 nodes.

    Attributes
    ----------
    names: of parameters and inputs, in the order of their numbers.
    parameters: how many of those are parameters.
    constants: the values of the constants, shape (c,).
    rows: (op code, first argument, second argument), shape (m, 3), int32; the first argument again where an op has one.
    attributes: the attribute of each row's op, shape (m,); 0 where it has none.
    runs: rows of one level that apply one op, as (op, first row, row after the last).
    """

    names: tuple[str, ...]
    parameters: int
    constants: Array
    rows: Array
    attributes: Array
    runs: tuple[tuple[str, int, int], ...]

    @property
    def leaves(self) -> int:
        """Number of parameters, inputs and constants."""
        return len(self.names) + len(self.constants)

    def __len__(self) -> int:
        return self.leaves + len(self.rows)


def tape_of(graph: Graph) -> Tape | None:
    """The tape of a graph of scalars; None where a value is an array, or where the loss is a leaf."""
    if not graph.ops <= TEXTS.keys() or any(graph.shapes) or graph.codes[graph.loss] < len(LEAVES):
        return None
    order = levels(graph)
    nodes = np.fromiter(chain.from_iterable(order), np.int64)
    level = np.repeat(np.arange(len(order)), [len(some) for some in order])
    inner = graph.codes[nodes] >= len(LEAVES)
    best = np.lexsort((graph.codes[nodes[inner]], -level[inner]))
    nodes, level = nodes[inner][best], level[inner][best]
    free = [*graph.parameters, *(i for i in graph.free if graph.codes[i] == CODES["input"])]
    every = np.concatenate([np.array([*free, *graph.constants], np.int64), nodes])
    number = np.zeros(len(graph), np.int32)
    number[every] = np.arange(len(every))
    codes, first = graph.codes[nodes], graph.offsets[nodes]
    second = first + np.isin(codes, [CODES[name] for name, texts in TEXTS.items() if len(texts) == 3])
    ends = [0, *(np.flatnonzero((np.diff(codes) != 0) | (np.diff(level) != 0)) + 1).tolist(), len(codes)]
    return Tape(
        tuple(graph.names[i] for i in free),
        len(graph.parameters),
        np.array(list(graph.constants.values()), np.float64),
        np.column_stack([codes, number[graph.inputs[first]], number[graph.inputs[second]]]).astype(np.int32),
        _attributes(graph, nodes),
        tuple((NAMES[codes[start]], start, stop) for start, stop in pairwise(ends)),
    )


def _attributes(graph: Graph, nodes: Array) -> Array:
    """The one attribute of each node's op, as a float."""
    usual = np.zeros(len(NAMES))
    for name in TEXTS:
        usual[CODES[name]] = sum(value for value in OPS[name].attributes.values() if value is not ...)
    found: Array = usual[graph.codes[nodes]]
    for row, i in enumerate(nodes.tolist() if graph.attributes else []):
        for value in graph.attributes.get(i, {}).values():
            found[row] = float(np.asarray(value))
    return found
