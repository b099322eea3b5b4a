"""A derivation as plain data: everything that `gradcheck explain` shows, computed without any subject.

Forward values come from the op table, local derivatives from SymEngine, paths from path enumeration.
The adjoints are summed over each node's users, in reverse topological order (S0: dl/dv_i = sum over v_j in out(v_i) of
dl/dv_j dv_j/dv_i). No subject takes part, and nothing here judges one.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from gradcheck.errors import Unsupported, UsageError
from gradcheck.explain.derivation_parts import (
    Array,
    Derivation,
    Gradient,
    LocalDerivative,
    ParameterPaths,
    Step,
)
from gradcheck.explain.formula_words import formulas
from gradcheck.explain.graph_tree import tree
from gradcheck.explain.path_products import all_paths
from gradcheck.explain.printed_algorithm import literal_reading
from gradcheck.explain.reverse_sweep import sweep, too_large
from gradcheck.oracle.closed_form.local_derivatives import local_jacobian
from gradcheck.oracle.path_enumeration import path_counts
from gradcheck.oracle.symbolic import formula
from gradcheck.problem import MLP, Case, Graph, NeuronDAG
from gradcheck.problem.walks import ancestors

MOST_NODES = 2_000
"""Maximum number of nodes whose derivatives are computed; of larger graphs, those nearest to the loss."""

UNIT_NODES = 40
"""Maximum number of nodes of a network that is explained unit by unit by default."""

UNIT_ENTRIES = 60
"""Maximum number of parameter entries times samples for which the unit form is tried."""

SHOWN_ENTRIES = 4
"""Maximum number of entries of a local Jacobian that are written down."""

Entry = tuple[str, tuple[int, ...]]
"""A parameter's name and the index of one of its entries."""


def derive(
    case: Case,
    *,
    address: str = "",
    form: str | None = None,
    limit: int = 20,
    entry: Entry | None = None,
    notes: Sequence[str] = (),
) -> Derivation:
    """The derivation of a case.

    Parameters
    ----------
    case: a Graph, MLP or NeuronDAG at a point.
    address: what the derivation is headed by; the case's name by default.
    form: "unit" or "vector" for an MLP or NeuronDAG; by default unit by unit where that is small.
    limit: paths written out per parameter.
    entry: the parameter's entry whose paths are wanted; by default every scalar parameter's, and the first entry of
        every array.
    notes: remarks to put before its own.

    Raises
    ------
    UsageError: a form for a problem that has one only, an entry that does not exist.
    Unsupported: an op too large to be written out, naming the node.
    """
    graph, chosen = _lowered(case, form)
    if entry is not None:
        _exists(graph, entry)
    kept, left_out = _kept(graph)
    values = graph.evaluate(case.point)
    steps = _steps(graph, kept, values)
    adjoints = sweep(graph, kept, values)
    by_name = {row.name: row.value for row in adjoints}
    remarks = list(notes)
    if left_out:
        remarks.append(
            f"cut: the {len(kept)} nodes nearest to the loss are worked out, {left_out} further ones are not; "
            "no path is followed"
        )
    if idle := len(graph) - len(ancestors(graph, graph.loss)):
        remarks.append(f"the loss does not depend on {idle} other node{'s' * (idle != 1)}")
    if kinks := [step.name for step in steps for local in step.locals if local.kink]:
        remarks.append(f"at a kink: {', '.join(dict.fromkeys(kinks))}; the branch below the kink is taken there")
    walked: tuple[ParameterPaths, ...] = ()
    if not left_out:
        walked = all_paths(graph, case.point, limit=limit, entry=entry)
    return Derivation(
        address=address or case.name,
        sentence=case.sentence,
        form=chosen,
        loss=graph.names[graph.loss],
        value=float(values[graph.names[graph.loss]]),
        steps=steps,
        tree=tree(graph, kept),
        paths=walked,
        adjoints=adjoints,
        gradients=_gradients(graph, case, by_name, complete=not left_out),
        literal=literal_reading(case),
        notes=tuple(remarks),
    )


def _lowered(case: Case, form: str | None) -> tuple[Graph, str]:
    problem = case.problem
    if not isinstance(problem, MLP | NeuronDAG):
        if form is not None:
            raise UsageError(f"a form is chosen for an MLP or NeuronDAG; {case.name!r} is a graph already")
        return case.graph, "graph"
    if form == "unit":
        return problem.lower_units(), "unit"
    entries = sum(math.prod(shape) for shape in problem.parameter_shapes.values()) * problem.batch
    if form is None and entries <= UNIT_ENTRIES and len(units := problem.lower_units()) <= UNIT_NODES:
        return units, "unit"
    return case.graph, "vector"


def _exists(graph: Graph, entry: Entry) -> None:
    name, index = entry
    shapes = {graph.names[i]: graph.shapes[i] for i in graph.parameters}
    if name not in shapes:
        raise UsageError(f"no parameter {name!r}; the parameters are {', '.join(shapes) or 'none'}")
    shape = shapes[name]
    if len(index) != len(shape) or any(not 0 <= i < n for i, n in zip(index, shape, strict=True)):
        raise UsageError(f"{name!r} has shape {shape}, so it has no entry {list(index)}")


def _kept(graph: Graph) -> tuple[list[int], int]:
    """The loss's ancestors in topological order, or the last MOST_NODES of them; and how many were left out.

    The nodes left out are the furthest from the loss, so that every user of a kept node is kept.
    """
    everything = ancestors(graph, graph.loss)
    return everything[-MOST_NODES:], max(0, len(everything) - MOST_NODES)


def _steps(graph: Graph, kept: list[int], values: Mapping[str, Array]) -> tuple[Step, ...]:
    varies = graph.depends_on_parameters()
    uses = dict.fromkeys(range(len(graph)), 0)
    for i in kept:
        for j in graph.arguments(i):
            uses[j] += 1
    steps = []
    for i in kept:
        node = graph.node(i)
        local = tuple(_local(graph, i, k, values) for k, j in enumerate(graph.arguments(i)) if varies[j])
        steps.append(
            Step(
                name=node.name,
                op=node.op,
                arguments=node.inputs,
                attributes=dict(graph.attributes.get(i, {})),
                shape=node.shape,
                value=values[node.name],
                uses=uses[i],
                varies=bool(varies[i]),
                locals=local,
            )
        )
    return tuple(steps)


def _local(graph: Graph, i: int, slot: int, values: Mapping[str, Array]) -> LocalDerivative:
    op, name = graph.op(i), graph.names[i]
    attributes = graph.attributes.get(i, {})
    arguments = [graph.names[j] for j in graph.arguments(i)]
    given = [values[argument] for argument in arguments]
    try:
        blocks = local_jacobian(op, attributes, given, slot)
    except Unsupported as reason:
        raise too_large(graph, i, reason) from None
    entries: list[tuple[tuple[int, ...], tuple[int, ...], float]] = []
    for block in blocks:
        for lane, q, k in np.ndindex(*block.derivatives.shape):
            if len(entries) == SHOWN_ENTRIES:
                break
            to = np.unravel_index(int(block.outputs[lane, q]), values[name].shape)
            of = np.unravel_index(int(block.inputs[lane, k]), given[slot].shape)
            entries.append((tuple(map(int, to)), tuple(map(int, of)), float(block.derivatives[lane, q, k])))
    shown = {a: v for a, v in zip(arguments, given, strict=True) if v.ndim == 0 and _constant(graph, a)}
    return LocalDerivative(
        node=name,
        argument=arguments[slot],
        slot=slot,
        repeated=arguments.count(arguments[slot]) > 1,
        formulas=formulas(op, attributes, [v.shape for v in given], slot, name, arguments, shown),
        entries=tuple(entries),
        total=sum(block.derivatives.size for block in blocks),
        kink=any(bool(block.kinks.any()) for block in blocks),
    )


def _constant(graph: Graph, name: str) -> bool:
    return graph.op(graph.index(name)) == "constant"


def _gradients(graph: Graph, case: Case, adjoints: Mapping[str, Any], *, complete: bool) -> tuple[Gradient, ...]:
    counts: Mapping[str, Any] = path_counts(graph) if complete else {}
    rows = []
    for i in graph.parameters:
        name, shape = graph.names[i], graph.shapes[i]
        value = adjoints.get(name)
        if value is None and complete:  # no path leads from it to the loss
            value = np.zeros(shape)
        form = formula(graph, name, point=case.point) if not shape and len(graph) <= MOST_NODES else None
        rows.append(Gradient(name, shape, value, form, int(np.sum(counts[name])) if complete else None))
    return tuple(rows)
