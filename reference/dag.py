"""Backpropagation on any computational graph (S0, section 1.2), in O(|V| + |E|).

    dl/dv_i  =  sum over v_j in out(v_i) of  dl/dv_j * dv_j/dv_i                     the chain rule, S0

Expanded, this is a sum over all paths from v_i to the loss, and there may be exponentially many. Backprop is dynamic
programming: compute each adjoint dl/dv_j once, after the adjoints of all nodes that use v_j, and reuse it. Then every
edge of the graph is walked exactly once:

    adjoint[loss] = 1
    for each node v, from the loss backwards:              # when v's turn comes, adjoint[v] is complete
        for each argument a of v:
            adjoint[a] += (dv/da)^T adjoint[v]             # "+=": gradients add at branches (S4)

Nothing here recurses, so that a chain of 100,000 nodes is no deeper than any other graph.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradcheck.problem import CODES, LEAVES, NAMES, OPS, Graph, Point
from gradcheck.problem.ops import Array

from .rules import RULES, Rule, pullback

Gradients = dict[str, Array]
Answer = tuple[Array, Gradients, Gradients] | tuple[Array, Gradients]

ADJOINTS_UP_TO = 10_000
"""Above this many nodes the adjoints of inner nodes are not handed out: a dict of a million arrays helps nobody."""

ALONE_UP_TO = 8
"""A level of at most this many scalar nodes is worked off node by node: NumPy's start-up would cost more."""


def gradients(graph: Graph, point: Point) -> Answer:
    """The loss, its gradient and all adjoints.

    Parameters
    ----------
    graph: any graph of the op table, its nodes in any order.
    point: an array for every input and parameter, by name, of the node's shape; their dtype is computed in.

    Returns
    -------
    value: the loss, shape ().
    grads: dl/dw for every parameter w, by name, of the parameter's shape; 0 where w does not reach the loss.
    adjoints: dl/dv for every node v, by name, of v's shape; left out above `ADJOINTS_UP_TO` nodes.
    """
    given = {name: np.asanyarray(value) for name, value in point.items()}
    dtype = np.result_type(*given.values()) if given else np.dtype(np.float64)
    if dtype.kind != "f":
        dtype = np.dtype(np.float64)
    leaves: dict[int, Array] = {i: np.asanyarray(given[graph.names[i]], dtype=dtype) for i in graph.free}
    leaves.update({i: value.astype(dtype) for i, value in graph.constants.items()})
    sweep = _scalars if _whole_levels_at_once(graph, leaves) else _arrays
    with np.errstate(all="ignore"):  # an infinity or NaN shows in the answer, where it is judged
        loss, adjoints = sweep(graph, leaves, dtype)

    def answer(i: int) -> Array:
        adjoint = adjoints[i]
        return np.zeros(graph.shapes[i], dtype) if adjoint is None else np.array(adjoint, dtype)

    value = np.array(loss, dtype)
    grads = {graph.names[i]: answer(i) for i in graph.parameters}
    if len(graph) > ADJOINTS_UP_TO:
        return value, grads
    return value, grads, {name: answer(i) for i, name in enumerate(graph.names)}


def levels(graph: Graph) -> list[list[int]]:
    """Nodes by their longest distance to the loss: `[[loss], ...]`, in O(|V| + |E|).

    S2's enumeration: each node is a sink once the levels before it are removed. So all users of a node lie in earlier
    levels, all its arguments in later ones, and nodes of one level do not depend on each other. Nodes that do not feed
    the loss appear in no level; their adjoint is 0.
    """
    starts, inputs = graph.offsets.tolist(), graph.inputs.tolist()
    uses = [0] * len(graph)  # how many edges lead from the node towards the loss
    found, waiting = bytearray(len(graph)), [graph.loss]
    while waiting:
        v = waiting.pop()
        for a in inputs[starts[v] : starts[v + 1]]:
            uses[a] += 1
            if not found[a]:
                found[a] = True
                waiting.append(a)
    order, level = [], [graph.loss]
    while level:
        order.append(level)
        following = []
        for v in level:
            for a in inputs[starts[v] : starts[v + 1]]:
                uses[a] -= 1
                if not uses[a]:
                    following.append(a)
        level = following
    return order


# Arrays: node by node.


def _arrays(graph: Graph, leaves: dict[int, Array], dtype: Any) -> tuple[Array, list[Array | None]]:
    """Value of the loss, and adjoints by node (None for 0): the algorithm above as it stands."""
    order = [i for level in levels(graph) for i in level]
    values = dict(leaves)
    inner = [i for i in order if i not in leaves]
    for i in reversed(inner):
        arguments = [values[a] for a in graph.arguments(i)]
        values[i] = np.asanyarray(_rule(graph, i).value(*arguments, **graph.attributes.get(i, {})), dtype=dtype)

    adjoints: list[Array | None] = [None] * len(graph)
    adjoints[graph.loss] = np.ones((), dtype)
    for i in inner:
        upstream, at = adjoints[i], graph.arguments(i)
        assert upstream is not None, "a node's users come before it, and each has sent its message"
        arguments = [values[a] for a in at]
        messages = pullback(_rule(graph, i), upstream, values[i], arguments, graph.attributes.get(i, {}))
        for a, message in zip(at, messages, strict=True):
            sofar = adjoints[a]
            adjoints[a] = message if sofar is None else sofar + message  # never in place: messages may share memory
    return values[graph.loss], adjoints


def _rule(graph: Graph, i: int) -> Rule:
    return RULES[NAMES[graph.codes[i]]]


# Scalars: the same, but all nodes of a level that apply the same op at once, as one array operation.


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


def _scalars(graph: Graph, leaves: dict[int, Array], dtype: Any) -> tuple[Array, Array]:
    """Value of the loss, shape (), and adjoints of all nodes, shape (n,)."""
    batches = [batch for level in levels(graph) for batch in _batches(graph, level, dtype)]
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
                yield Batch(_rule(graph, i), i, list(graph.arguments(i)), dict(graph.attributes.get(i, {})))
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


def _whole_levels_at_once(graph: Graph, leaves: dict[int, Array]) -> bool:
    """Whether every value is a scalar of a plain array, and every op works entry by entry.

    Arrays of a subclass keep their class (it may count operations, or carry units), so they are taken one by one.
    """
    return (
        all(value.shape == () and type(value) is np.ndarray for value in leaves.values())
        and bool(np.all(_ELEMENTWISE[graph.codes]))
        and all(graph.shapes[i] == () for i in np.flatnonzero(graph.codes == _WHERE).tolist())
    )
