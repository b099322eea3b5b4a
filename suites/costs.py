"""What gradients cost, in counted element operations (S0, S1); no clock, so that it holds on any machine.

S0  backprop is O(|V| + |E|), the naive expansion over all paths is exponential
S1  backward costs about two forward passes; linear in the layers, quadratic in the units per layer
S2  backprop through a DAG of neurons costs what running the network costs
"""

from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import numpy as np

import gradcheck
from gradcheck.problem import MLP, Case, Cost, Forwards, GraphBuilder, Growth, NeuronDAG, Shortcut


@gradcheck.case
def computational_graphs() -> Iterator[Cost]:
    """S0.a, the cost half: exponential for the naive expansion, linear in nodes and edges for backprop."""
    yield Cost(
        "S0.a cost",
        _diamonds,
        (4, 16, 64),
        Shortcut(),
        "chains of d diamonds: 2^d products in the naive expansion, backprop linear in nodes and edges",
        labels=("S0.a",),
    )
    yield Cost(
        "S0.a chain",
        _chain,
        (8, 32, 128),
        Growth("nodes and edges", 1.0, measure=_nodes_and_edges),
        "a chain of n nodes: each is visited once",
        labels=("S0.a",),
    )
    yield Cost(
        "S0.a one user of many",
        _fan,
        (8, 32, 128),
        Growth("nodes and edges", 1.0, measure=_nodes_and_edges),
        "one node used n times: each use is an edge, and each edge is walked once",
        labels=("S0.a",),
    )


@gradcheck.case
def layers() -> Iterator[Cost]:
    """S1.g: the cost claims of the lecture."""
    yield Cost(
        "S1.g backward",
        _mlp(lambda n: (n, n, n, n)),
        (8, 24, 48),
        Forwards(4.0),
        "backward costs about two forward passes, the whole gradient about three",
        labels=("S1.g",),
    )
    yield Cost(
        "S1.g layers",
        _mlp(lambda n: (6,) * (n + 1)),
        (2, 4, 8, 16),
        Growth("layers", 1.0),
        "linear in the number of layers",
        labels=("S1.g",),
    )
    yield Cost(
        "S1.g width",
        _mlp(lambda n: (n, n, n)),
        (8, 24, 72),
        Growth("units per layer", 2.0),
        "quadratic in the units per layer",
        labels=("S1.g",),
    )


@gradcheck.case
def neurons() -> Iterator[Cost]:
    """S2: the complexity of backprop is that of running the network."""
    yield Cost(
        "S2.a cost",
        _dense,
        (4, 8, 16),
        Growth("edges", 1.0, measure=lambda case: len(case.graph.parameters)),
        "every neuron feeds all later ones: linear in the edges",
        labels=("S2.a",),
    )


def _diamonds(depth: int) -> Case:
    build = GraphBuilder()
    v = build.parameter("w")
    for _ in range(depth):
        v = build.sin(v) + 0.1 * v
    return Case(f"{depth} diamonds", build.graph(v), {"w": 0.75})


def _chain(length: int) -> Case:
    build = GraphBuilder()
    v = build.parameter("w")
    for k in range(length):
        v = build.sin(v) if k % 2 else 1.5 * v
    return Case(f"{length} nodes", build.graph(v), {"w": 0.5})


def _fan(count: int) -> Case:
    build = GraphBuilder()
    shared = build.sin(build.parameter("w"))
    v = build.cos(shared)
    for _ in range(count):
        v = v + 0.5 * shared
    return Case(f"{count} uses", build.graph(v), {"w": 0.5})


def _nodes_and_edges(case: Case) -> float:
    return float(len(case.graph) + len(case.graph.inputs))


def _mlp(sizes: Callable[[int], tuple[int, ...]]) -> Callable[[int], Case]:
    @cache
    def at(n: int) -> Case:
        mlp = MLP(sizes(n), "tanh", batch=4)
        return Case(f"size {n}", mlp, _point(mlp))

    return at


def _dense(count: int) -> Case:
    names = ["x", *(f"v{k}" for k in range(1, count + 1))]
    network = NeuronDAG(
        neurons=dict.fromkeys(names[1:], "tanh"),
        edges=[(u, v) for k, v in enumerate(names) for u in names[:k]],
        inputs=["x"],
        loss_neurons=[names[-1]],
        batch=4,
    )
    return Case(f"{count} neurons", network, _point(network))


def _point(network: MLP | NeuronDAG) -> dict[str, Any]:
    """Two decimals each; weights small enough for tanh not to saturate."""
    random = np.random.default_rng(3)
    shapes = {**network.parameter_shapes, **network.input_shapes}
    return {name: np.round(random.uniform(-0.8, 0.8, shape), 2) for name, shape in shapes.items()}
