"""The reverse sweep of a derivation; it keeps what every user passes back (S0, S4: "gradients add at branches")."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from gradcheck.errors import Unsupported
from gradcheck.explain.derivation_parts import Adjoint, Array, Contribution
from gradcheck.oracle.closed_form.local_derivatives import local_vjp
from gradcheck.problem import LEAVES, Graph


def sweep(graph: Graph, nodes: Sequence[int], values: Mapping[str, Array]) -> tuple[Adjoint, ...]:
    """Adjoints of those of `nodes` that depend on a parameter, the loss first, with SymEngine's local derivatives.

    Parameters
    ----------
    nodes: in topological order, the loss last; all users of a node are included, except those that do not reach the
    loss.
    values: the forward value of every node, by name.

    Raises
    ------
    Unsupported: an op with too many scalar edges, naming the node.
    """
    varies = graph.depends_on_parameters()
    passed: dict[int, list[Contribution]] = {i: [] for i in nodes}
    rows: list[Adjoint] = []
    for i in reversed(nodes):
        if not varies[i]:
            continue
        messages = passed[i][::-1]  # users in topological order, as sums are usually written
        bar = sum((m.value for m in messages), np.zeros(graph.shapes[i])) if i != graph.loss else np.ones(())
        rows.append(Adjoint(graph.names[i], np.asarray(bar), tuple(messages)))
        if graph.op(i) in LEAVES:
            continue
        given = [values[graph.names[j]] for j in graph.arguments(i)]
        for slot, j in reversed(list(enumerate(graph.arguments(i)))):
            if varies[j] and j in passed:
                value = _passed(graph, i, given, values[graph.names[i]], rows[-1].value, slot)
                passed[j].append(Contribution(graph.names[i], slot, value))
    return tuple(rows)


def too_large(graph: Graph, i: int, reason: Unsupported) -> Unsupported:
    """The error for an op that is too large to be written out."""
    where = f"node {graph.names[i]!r} ({graph.op(i)})"
    return Unsupported(f"{where} is too large to be explained: it {reason}; explain a smaller case")


def _passed(graph: Graph, i: int, given: list[Array], value: Array, bar: Array, slot: int) -> Array:
    try:
        return local_vjp(graph.op(i), graph.attributes.get(i, {}), given, value, bar, slot)
    except Unsupported as reason:
        raise too_large(graph, i, reason) from None
