"""Networks of single neurons (S2): a weight on every edge, a nonlinearity per neuron, and several ways to the loss."""

from collections.abc import Iterator
from typing import Any

import numpy as np

import gradcheck
from gradcheck.problem import Case, NeuronDAG


@gradcheck.case
def neurons_and_edges() -> Iterator[Case]:
    """S2.a: dL/dw(v'->v) = dL/dout(v) sigma_v'(in(v)) out(v'), with skip connections."""
    network = NeuronDAG(
        neurons={"h1": "tanh", "h2": "sigmoid", "h3": "softplus", "y": "identity"},
        edges=[
            ("x1", "h1"),
            ("x2", "h1"),
            ("x1", "h2"),
            ("h1", "h2"),
            ("h1", "h3"),
            ("h2", "h3"),
            ("x2", "y"),  # skips every neuron
            ("h1", "y"),  # skips two
            ("h3", "y"),
        ],
        inputs=["x1", "x2"],
        loss_neurons=["y"],
        batch=2,
    )
    said = "a nonlinearity per neuron, a weight per edge, skip connections"
    yield Case("S2.a", network, _point(network), said)
    yield Case("S2.a unit form", network.lower_units(), _point(network), f"{said}; unit by unit", labels=("S2.a",))
    yield Case("S2.a in float32", _small(), _point(_small()), said, dtype="float32", labels=("S2.a",))
    dense = _dense(6)
    yield Case("S2.a dense", dense, _point(dense), "every neuron feeds all later ones", labels=("S2.a",))


@gradcheck.case
def any_order() -> Case:
    """S2.a: a network may list its neurons and edges in any order; the messages need one of their own."""
    network = NeuronDAG(
        neurons={"b": "sigmoid", "y": "sin", "a": "tanh", "c": "softplus"},
        edges=[("c", "y"), ("a", "c"), ("x", "a"), ("b", "c"), ("a", "b"), ("x", "y"), ("b", "y")],
        inputs=["x"],
        loss_neurons=["y", "b"],
        batch=2,
    )
    said = "neurons and edges in no order at all: neither the list nor its reverse is topological"
    return Case("any order", network, _point(network), said, labels=("S2.a",))


@gradcheck.case
def several_loss_neurons() -> Case:
    """S2.b: the loss is fed by several neurons, one of which feeds another."""
    network = NeuronDAG(
        neurons={"u": "tanh", "v": "sigmoid", "w": "sin"},
        edges=[("x", "u"), ("u", "v"), ("u", "w"), ("v", "w"), ("x", "w")],
        inputs=["x"],
        loss_neurons=["u", "v", "w"],
        loss="squared",
        batch=3,
    )
    return Case("S2.b", network, _point(network), "three neurons feed the loss; u and v feed other neurons besides")


@gradcheck.case
def literal_pseudo_code() -> Iterator[Case]:
    """S2.c: read literally, S2's algorithm passes in_grad back once per successor, and is wrong here."""
    network = NeuronDAG(
        neurons={"v": "tanh", "u": "sigmoid", "a": "tanh"},
        edges=[("x", "v"), ("v", "u"), ("u", "a")],
        inputs=["x"],
        loss_neurons=["a", "u"],
        batch=2,
    )
    yield Case(
        "S2.c",
        network,
        _point(network),
        "x -> v -> u, u -> a -> Loss, u -> Loss: visiting u once per successor gives a wrong dL/dw(x->v)",
    )
    layers = [("a1", "a2"), ("b1", "b2"), ("c1", "c2")]
    edges = [
        (u, v) for below, above in zip([("x1", "x2"), *layers], layers, strict=False) for u in below for v in above
    ]
    deep = NeuronDAG(
        neurons={v: "tanh" for layer in layers for v in layer} | {"y": "identity"},
        edges=[*edges, ("c1", "y"), ("c2", "y")],
        inputs=["x1", "x2"],
        loss_neurons=["y"],
    )
    yield Case(
        "S2.c three hidden layers",
        deep,
        _point(deep),
        "read literally, the weights into the first of three hidden layers get twice their gradient",
        labels=("S2.c",),
    )


@gradcheck.case
def dead_ends() -> Iterator[Case]:
    """S2.a: neurons that the loss does not need: the weights into them have gradients, and these are 0."""
    network = NeuronDAG(
        neurons={"h": "tanh", "idle": "sigmoid", "after": "sin", "y": "softplus"},
        edges=[("x", "h"), ("x", "idle"), ("h", "idle"), ("idle", "after"), ("h", "after"), ("h", "y"), ("x", "y")],
        inputs=["x"],
        loss_neurons=["y"],
        batch=2,
    )
    said = "two neurons lead nowhere: the weights into them have gradient 0, and h hears nothing of them"
    yield Case("dead ends", network, _point(network), said, labels=("S2.a",))
    lower = NeuronDAG(
        neurons={"u": "sin", "v": "tanh", "w": "sigmoid"},
        edges=[("x", "u"), ("u", "v"), ("v", "w"), ("u", "w")],
        inputs=["x"],
        loss_neurons=["u"],
        loss="squared",
    )
    yield Case(
        "dead ends above the loss",
        lower,
        _point(lower),
        "the loss is fed by the first neuron alone: the others lead nowhere",
        labels=("S2.a",),
    )


def _small() -> NeuronDAG:
    edges = [("x", "h"), ("x", "y"), ("h", "y")]
    return NeuronDAG({"h": "tanh", "y": "identity"}, edges, inputs=["x"], loss_neurons=["y"])


def _dense(count: int) -> NeuronDAG:
    names = ["x", *(f"v{k}" for k in range(1, count + 1))]
    sigmas = ("tanh", "sigmoid", "softplus", "sin")
    return NeuronDAG(
        neurons={v: sigmas[k % len(sigmas)] for k, v in enumerate(names[1:])},
        edges=[(u, v) for k, v in enumerate(names) for u in names[:k]],
        inputs=["x"],
        loss_neurons=names[-2:],
        batch=2,
    )


def _point(network: NeuronDAG) -> dict[str, Any]:
    """Two decimals each, the same in every run."""
    random = np.random.default_rng(len(network.edges))
    shapes = {**network.parameter_shapes, **network.input_shapes}
    return {name: np.round(random.uniform(-1.5, 1.5, shape), 2) for name, shape in shapes.items()}
