"""Backpropagation on any computational graph (S0, section 1.2), in O(|V| + |E|).

    dl/dv_i  =  sum over v_j in out(v_i) of  dl/dv_j * dv_j/dv_i                     the chain rule, S0

Expanded, this is a sum over all paths from v_i to the loss, and there may be exponentially many. Backprop is dynamic
programming: compute each adjoint dl/dv_j once, after the adjoints of all nodes that use v_j, and reuse it. Then every
edge of the graph is walked exactly once:

    adjoint[loss] = 1
    for each node v, from the loss backwards:              # when v's turn comes, adjoint[v] is complete
        for each argument a of v:
            adjoint[a] += (dv/da)^T adjoint[v]             # "+=": gradients add at branches (S4)

Nothing here recurses, so that a chain of 100,000 nodes is no deeper than any other graph. `whole_levels` is the same
algorithm for graphs of scalars, many nodes at a time.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from gradcheck.problem import Graph, Point
from gradcheck.problem.ops import Array

from . import whole_levels
from .rules import pullback, rule_of

Gradients = dict[str, Array]
Answer = tuple[Array, Gradients, Gradients] | tuple[Array, Gradients]

ADJOINTS_UP_TO = 10_000
"""Maximum number of nodes before the adjoints of inner nodes are left out: a dict of a million arrays helps nobody."""


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

    Examples
    --------
    S4.b: f = (a + b)(b + c) with a + b = 2 and b + c = 7. b is used twice, and the gradients of its uses add: 7 + 2.

    >>> from gradcheck import GraphBuilder
    >>> build = GraphBuilder()
    >>> a, b, c = (build.parameter(name) for name in "abc")
    >>> graph = build.graph(build.mul(build.add(a, b), build.add(b, c)))
    >>> value, grads, _ = gradients(graph, {"a": np.array(-1.0), "b": np.array(3.0), "c": np.array(4.0)})
    >>> float(value), {name: float(grad) for name, grad in grads.items()}
    (14.0, {'a': 7.0, 'b': 9.0, 'c': 2.0})
    """
    given = {name: np.asanyarray(value) for name, value in point.items()}
    dtype = np.result_type(*given.values()) if given else np.dtype(np.float64)
    if dtype.kind != "f":
        dtype = np.dtype(np.float64)
    leaves: dict[int, Array] = {i: np.asanyarray(given[graph.names[i]], dtype=dtype) for i in graph.free}
    leaves.update({i: value.astype(dtype) for i, value in graph.constants.items()})
    sweep = whole_levels.sweep if whole_levels.possible(graph, leaves) else node_by_node
    with np.errstate(all="ignore"):  # an infinity or NaN shows in the answer, where it is judged
        loss, adjoints = sweep(graph, levels(graph), leaves, dtype)

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


def node_by_node(
    graph: Graph, order_by_levels: list[list[int]], leaves: dict[int, Array], dtype: Any
) -> tuple[Array, list[Array | None]]:
    """Value of the loss, and adjoints by node (None for 0): the algorithm above as it stands."""
    order = [i for level in order_by_levels for i in level]
    values = dict(leaves)
    inner = [i for i in order if i not in leaves]
    for i in reversed(inner):
        arguments = [values[a] for a in graph.arguments(i)]
        values[i] = np.asanyarray(rule_of(graph, i).value(*arguments, **graph.attributes.get(i, {})), dtype=dtype)

    adjoints: list[Array | None] = [None] * len(graph)
    adjoints[graph.loss] = np.ones((), dtype)
    for i in inner:
        upstream, at = adjoints[i], graph.arguments(i)
        assert upstream is not None, "a node's users come before it, and each has sent its message"
        arguments = [values[a] for a in at]
        messages = pullback(rule_of(graph, i), upstream, values[i], arguments, graph.attributes.get(i, {}))
        for a, message in zip(at, messages, strict=True):
            sofar = adjoints[a]
            adjoints[a] = message if sofar is None else sofar + message  # never in place: messages may share memory
    return values[graph.loss], adjoints
