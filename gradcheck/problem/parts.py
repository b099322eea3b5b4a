"""Smaller graphs cut out of a graph, to ask again about a part of a problem."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.problem.builder import GraphBuilder
from gradcheck.problem.graph import Graph
from gradcheck.problem.ops import CODES
from gradcheck.problem.walks import ancestors

Array = NDArray[Any]


def up_to(graph: Graph, index: int) -> Graph:
    """The graph whose loss is the given inner node; an array is summed, in a new node "sum of <name>"."""
    keep = ancestors(graph, index)
    if not graph.shapes[index]:
        return _cut(graph, keep, loss=index)
    return _cut(graph, keep, loss=index, summed=f"sum of {graph.names[index]}")


def beyond(graph: Graph, index: int, value: Array) -> tuple[Graph, dict[str, Array]]:
    """The graph with an inner node made a parameter, and that parameter's value by name.

    Nodes that only this node needed are left out. Its gradient is the node's adjoint in the whole graph.
    """
    keep = ancestors(graph, graph.loss, leaf=index)
    return _cut(graph, keep, loss=graph.loss, leaves={index}), {graph.names[index]: value}


def leaves_as_parameters(graph: Graph, kinds: Collection[str]) -> tuple[Graph, dict[str, Array]]:
    """The graph with leaves of these kinds ("input", "constant") made parameters, and the constants' values by name.

    The gradient of such a leaf is its adjoint, and every node that depends on it has one.
    """
    leaves = {i for i in range(len(graph)) if graph.op(i) in kinds}
    values = {graph.names[i]: graph.constants[i] for i in leaves if i in graph.constants}
    return _cut(graph, list(range(len(graph))), loss=graph.loss, leaves=leaves), values


def slot_by_slot(graph: Graph, index: int, values: Mapping[str, Array]) -> tuple[Graph, dict[str, Array]]:
    """The graph of a single op application, as the loss; its arguments are leaves at the values they have.

    Arguments that depend on a parameter become parameters, others inputs; constants stay. A repeated argument gets a
    leaf per slot ("x", "x (slot 2)"): there is no fan-out at all.
    """
    build, point = GraphBuilder(), dict[str, Array]()
    varying = graph.depends_on_parameters()
    handles = []
    for slot, j in enumerate(graph.arguments(index), 1):
        name = graph.names[j]
        own = name if name not in build.names else f"{name} (slot {slot})"
        if graph.op(j) == "constant":
            handles.append(build.constant(graph.constants[j], name=own))
            continue
        leaf = build.parameter if varying[j] else build.input
        handles.append(leaf(own, graph.shapes[j]))
        point[own] = values[name]
    name = graph.names[index]
    node = build.apply(graph.op(index), *handles, name=name, **graph.attributes.get(index, {}))
    if graph.shapes[index]:
        node = build.sum(node, name=f"sum of {name}")
    return build.graph(node), point


def probed(graph: Graph, nodes: Sequence[int]) -> tuple[Graph, list[str], dict[str, Array]]:
    """The graph with a parameter added to each of the given nodes, the parameters' names, and their values, zeros.

    The loss's gradient with respect to such a probe is its node's adjoint.
    """
    size, count = len(graph), len(nodes)
    users = np.arange(size)
    users[list(nodes)] = size + count + np.arange(count)
    taken = set(graph.names)
    probes = [_fresh(f"probe of {graph.names[i]}", taken) for i in nodes]
    moved = [_fresh(f"{graph.names[i]} + probe", taken) for i in nodes]
    pairs = np.stack([np.asarray(nodes, dtype=np.int64), size + np.arange(count)], axis=1)
    offsets = graph.offsets
    built = Graph(
        np.concatenate([graph.codes, np.repeat([CODES["parameter"], CODES["add"]], count)]),
        np.concatenate([offsets, np.full(count, offsets[-1]), offsets[-1] + 2 * np.arange(1, count + 1)]),
        np.concatenate([users[graph.inputs], pairs.ravel()]),
        loss=int(users[graph.loss]),
        names=[*graph.names, *probes, *moved],
        leaf_shapes={
            **{i: graph.shapes[i] for i in range(size) if not graph.arguments(i) and i not in graph.constants},
            **{size + k: graph.shapes[i] for k, i in enumerate(nodes)},
        },
        constants=graph.constants,
        attributes=graph.attributes,
    )
    return built, probes, {probe: np.zeros(graph.shapes[i]) for probe, i in zip(probes, nodes, strict=True)}


def _fresh(name: str, taken: set[str]) -> str:
    while name in taken:
        name += "'"
    return name


def _cut(graph: Graph, keep: list[int], *, loss: int, summed: str | None = None, leaves: Collection[int] = ()) -> Graph:
    """The graph of the nodes `keep`; `leaves` become parameters."""
    new = {old: position for position, old in enumerate(keep)}
    codes, offsets, inputs = [], [0], []
    for i in keep:
        if i in leaves:
            codes.append(CODES["parameter"])
        else:
            codes.append(int(graph.codes[i]))
            inputs += [new[j] for j in graph.arguments(i)]
        offsets.append(len(inputs))
    names = [graph.names[i] for i in keep]
    last = new[loss]
    if summed is not None:
        while summed in names:
            summed = f"sum of {summed}"
        codes.append(CODES["sum"])
        inputs.append(last)
        offsets.append(len(inputs))
        names.append(summed)
        last = len(keep)
    return Graph(
        np.array(codes),
        offsets,
        inputs,
        loss=last,
        names=names,
        leaf_shapes={new[i]: graph.shapes[i] for i in keep if not graph.arguments(i) or i in leaves},
        constants={new[i]: graph.constants[i] for i in keep if i in graph.constants and i not in leaves},
        attributes={new[i]: graph.attributes[i] for i in keep if i in graph.attributes and i not in leaves},
    )
