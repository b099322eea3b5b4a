"""Check that arrays form a graph: structure, shapes, loss. Each complaint names the node.

Everything is iterative and O(V + E); the checks that a million-node scalar graph needs are whole-array operations.
"""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.errors import InvalidProblem
from gradcheck.problem.arrays import real_array
from gradcheck.problem.ops import CODES, LEAVES, NAMES, OPS, Array, Shape
from gradcheck.problem.reading import brief
from gradcheck.problem.shapes import MOST_ENTRIES, entries, lengths, too_large

if TYPE_CHECKING:
    from gradcheck.problem.graph import Graph

Integers = NDArray[np.int64]

_ARITY = np.array([0] * len(LEAVES) + [-1 if op.arity is None else op.arity for op in OPS.values()])
_LARGEST = float(np.finfo(np.float64).max)
_ELEMENTWISE = np.array([True] * len(LEAVES) + [op.elementwise for op in OPS.values()])


def unknown_op(name: object) -> str:
    """The complaint about an op that is not in the table."""
    near = difflib.get_close_matches(name[:40] if isinstance(name, str) else brief(name, 40), NAMES, n=1)
    hint = f"; did you mean {near[0]!r}?" if near else f"; known are {', '.join(NAMES)}"
    return f"unknown op {brief(name)}{hint}"


def structure(graph: Graph) -> None:
    """InvalidProblem unless arrays fit each other, names are unique, and ops, arguments and attributes are valid."""
    n, codes, offsets, inputs = len(graph.codes), graph.codes, graph.offsets, graph.inputs
    if not n:
        raise InvalidProblem("a graph needs at least one node, got none")
    if offsets.shape != (n + 1,):
        raise InvalidProblem(f"offsets must have shape ({n + 1},), one more than the ops, got {offsets.shape}")
    if offsets[0] != 0 or offsets[-1] != len(inputs) or np.any(np.diff(offsets) < 0):
        raise InvalidProblem(f"offsets must rise from 0 to the number of argument indices, {len(inputs)}")
    if len(graph.names) != n:
        raise InvalidProblem(f"expected {n} names, one per node, got {len(graph.names)}")
    if isinstance(graph.names, tuple):  # generated names are unique by construction
        if strange := [n for n in graph.names if not (isinstance(n, str) and n and n.isprintable())]:
            raise InvalidProblem(
                f"a node's name must be a text that is not empty, of printable characters, got {brief(strange[0])}"
            )
        if len(set(graph.names)) != n:
            twice = Counter(graph.names).most_common(1)[0][0]
            raise InvalidProblem("two nodes have this name; names must be unique", where=f"node {brief(twice)}")
    if bad := np.flatnonzero((codes < 0) | (codes >= len(NAMES))).tolist():
        raise InvalidProblem(unknown_op(int(codes[bad[0]])), where=_at(graph, bad[0]))
    counts, arity = np.diff(offsets), _ARITY[codes]
    if bad := np.flatnonzero(np.where(arity < 0, counts < 1, counts != arity)).tolist():
        i = bad[0]
        count = int(arity[i])
        wanted = "at least 1 argument" if count < 0 else f"{count} argument{'s' * (count != 1)}"
        raise InvalidProblem(f"{graph.op(i)} takes {wanted}, got {counts[i]}", where=_at(graph, i))
    if bad := np.flatnonzero((inputs < 0) | (inputs >= n)).tolist():
        owner = int(np.searchsorted(offsets, bad[0], side="right")) - 1
        raise InvalidProblem(f"its argument {inputs[bad[0]]} is no node (0 to {n - 1})", where=_at(graph, owner))
    _are_nodes(graph, graph.attributes, "attributes")
    for i, given in graph.attributes.items():
        _attributes(graph, i, given)
    if not _is_node(graph, graph.loss):
        raise InvalidProblem(f"the loss must be the index of a node, 0 to {n - 1}, got {graph.loss!r}")


def constants(graph: Graph, given: Mapping[int, Any]) -> dict[int, Array]:
    """The constants' values as read-only float64 arrays: InvalidProblem unless every constant has a finite one."""
    _are_nodes(graph, given, "constants")
    valueless = set(np.flatnonzero(graph.codes == CODES["constant"]).tolist()) ^ set(given)
    if valueless:
        raise InvalidProblem("a constant, and only a constant, has a value", where=_at(graph, min(valueless)))
    values = {}
    for i, number in given.items():
        try:
            values[i] = real_array(number)
        except ValueError as wrong:
            raise InvalidProblem(str(wrong), where=_at(graph, i)) from None
        if not np.all(np.isfinite(values[i])):
            wrong_one = values[i][~np.isfinite(values[i])][0]
            raise InvalidProblem(f"a constant must be finite, got {wrong_one}", where=_at(graph, i))
    return values


def _attributes(graph: Graph, i: int, given: Mapping[str, Any]) -> None:
    known = OPS[graph.op(i)].attributes if graph.op(i) not in LEAVES else {}
    if unknown := sorted(set(given) - set(known)):
        allowed = f"it takes {', '.join(known)}" if known else "it takes none"
        raise InvalidProblem(f"{graph.op(i)} has no attribute {brief(unknown[0])}; {allowed}", where=_at(graph, i))
    for name, value in given.items():
        # A shape rule checks the attributes that it reads (axes, shapes, indices).
        if isinstance(known[name], bool) and not isinstance(value, bool):
            wanted = "true or false"
        elif isinstance(known[name], float) and not (type(value) in (int, float) and abs(value) <= _LARGEST):
            wanted = "a finite number"
        else:
            continue
        raise InvalidProblem(f"{graph.op(i)}: {name} must be {wanted}, got {brief(value)}", where=_at(graph, i))


def _is_node(graph: Graph, index: object) -> bool:
    return isinstance(index, int | np.integer) and 0 <= int(index) < len(graph.codes)


def _are_nodes(graph: Graph, indices: Iterable[object], what: str) -> None:
    if strays := [i for i in indices if not _is_node(graph, i)]:
        raise InvalidProblem(f"{what} are given for {strays[0]!r}, which is no node (0 to {len(graph.codes) - 1})")


def infer_shapes(graph: Graph, leaf_shapes: Mapping[int, Shape]) -> Sequence[Shape]:
    """The shape of every node's value, by the ops' shape rules; InvalidProblem names a node that does not fit."""
    n = len(graph.codes)
    _are_nodes(graph, leaf_shapes, "shapes")
    scalar_leaves = all(shape == () for shape in leaf_shapes.values())
    scalar_constants = not any(value.shape for value in graph.constants.values())
    if scalar_leaves and scalar_constants and not graph.attributes and np.all(_ELEMENTWISE[graph.codes]):
        return _Scalars(((),) * n)
    shapes: list[Shape] = [()] * n
    total = 0
    for i in graph.order.tolist():
        op = graph.op(i)
        if op == "constant":
            shapes[i] = graph.constants[i].shape
        elif op in LEAVES:
            try:
                shapes[i] = lengths(leaf_shapes.get(i, ()))
            except ValueError as wrong:
                raise InvalidProblem(str(wrong), where=_at(graph, i)) from None
        else:
            attributes = {**OPS[op].attributes, **graph.attributes.get(i, {})}
            if missing := [name for name, value in attributes.items() if value is ...]:
                raise InvalidProblem(f"{op} needs the attribute {missing[0]!r}", where=_at(graph, i))
            try:
                shapes[i] = OPS[op].shape(*(shapes[j] for j in graph.arguments(i)), **attributes)
            except (ValueError, TypeError) as mismatch:
                raise InvalidProblem(f"{op}: {mismatch}", where=_at(graph, i)) from None
        if why := too_large(shapes[i]):
            raise InvalidProblem(f"an array {why}", where=_at(graph, i))
        total += entries(shapes[i])
        if total > MOST_ENTRIES:
            raise InvalidProblem(
                f"the arrays of a graph's nodes have at most {MOST_ENTRIES:,} entries together; this node goes beyond",
                where=_at(graph, i),
            )
    return tuple(shapes)


class _Scalars(tuple[Shape, ...]):
    """The shapes of a graph of scalars; `all_scalar` tells without a walk."""

    __slots__ = ()


def all_scalar(graph: Graph) -> bool:
    """Whether every node's value is a scalar."""
    return isinstance(graph.shapes, _Scalars) or not any(graph.shapes)


def loss(graph: Graph) -> None:
    """InvalidProblem unless the loss is a scalar without outgoing edges (S0: out(l) = {})."""
    if graph.shapes[graph.loss]:
        raise InvalidProblem(
            f"the loss must be a scalar, got shape {graph.shapes[graph.loss]}", where=_at(graph, graph.loss)
        )
    if (uses := np.flatnonzero(graph.inputs == graph.loss)).size:
        user = int(np.searchsorted(graph.offsets, uses[0], side="right")) - 1
        raise InvalidProblem(
            f"the loss must have no outgoing edges, but node {graph.names[user]!r} uses it",
            where=_at(graph, graph.loss),
        )


def _at(graph: Graph, index: int) -> str:
    return f"node {brief(graph.names[index])}"
