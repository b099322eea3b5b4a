"""Hypothesis strategies for networks: `mlps`, `neuron_dags`, and `networks` for either, each at a valid point.

Weights are drawn before nonlinearities. Each layer or neuron then gets a nonlinearity that is comfortable with its
input (away from kinks and flat parts), so that valid points are built and not searched for.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

import numpy as np
from hypothesis import strategies as st

from gradcheck.errors import InvalidProblem
from gradcheck.problem.case import Case
from gradcheck.problem.losses import LOSSES
from gradcheck.problem.mlp import MLP
from gradcheck.problem.neuron_dag import NeuronDAG, target, weight
from gradcheck.problem.ops import OPS, Array, Shape
from gradcheck.strategies.choosing import chooser
from gradcheck.strategies.comfort import Comfort
from gradcheck.strategies.pick import Pick, one_of, one_that
from gradcheck.strategies.points import frugal
from gradcheck.strategies.values import NEAR_ZERO

ACTIVATIONS = ("tanh", "sigmoid", "identity", "relu", "softplus", "sin", "leaky_relu", "gelu")
WEIGHTS = (0.5, -0.5, 1.0, -1.0, 0.25, -0.25, 0.75, -0.75, 0.1, -0.1, 0.3, -0.3, 0.6, -0.6, 0.9, -0.9)
DATA = (1.0, -1.0, 0.5, 2.0, -0.5, 1.5, -2.0, 0.25, -1.5, 0.75)
PROBABILITIES = ((1.0, 0.0), (0.25, 0.75), (0.5, 0.5), (0.9, 0.1))
"""Targets of two classes in a row of targets; the other classes get 0."""
DEFAULT = Comfort()

Values = dict[str, Array]


def mlps(
    *, max_layers: int = 3, max_units: int = 4, max_batch: int = 3, comfort: Comfort | None = None
) -> st.SearchStrategy[Case]:
    """Multilayer perceptrons at a valid point: all losses and reductions, with and without biases and L2.

    Parameters
    ----------
    max_layers, max_units, max_batch: limits, each at least 1.
    comfort: `Comfort(near_kinks=True)` also asks at kinks of MLPs with biases, `Comfort(saturated=True)` where
        activations are flat.

    Raises
    ------
    InvalidProblem: for a limit below 1, when called.
    """
    _limits(max_layers=max_layers, max_units=max_units, max_batch=max_batch)
    return _mlps(max_layers, max_units, max_batch, comfort or DEFAULT)


def neuron_dags(*, max_neurons: int = 6, max_batch: int = 3, comfort: Comfort | None = None) -> st.SearchStrategy[Case]:
    """Networks of single neurons (S2) at a valid point: skip connections, several neurons feeding the loss.

    Parameters and what is raised: as for `mlps`.
    """
    _limits(max_neurons=max_neurons, max_batch=max_batch)
    return _neuron_dags(max_neurons, max_batch, comfort or DEFAULT)


def networks(*, comfort: Comfort | None = None) -> st.SearchStrategy[Case]:
    """An MLP or a NeuronDAG at a valid point."""
    return st.one_of(mlps(comfort=comfort), neuron_dags(comfort=comfort))


def _limits(**limits: int) -> None:
    for name, limit in limits.items():
        if isinstance(limit, bool) or not isinstance(limit, int) or limit < 1:
            raise InvalidProblem(f"{name} must be a whole number of at least 1, got {limit!r}")


@st.composite
def _mlps(draw: st.DrawFn, max_layers: int, max_units: int, max_batch: int, comfort: Comfort) -> Case:
    return draw_mlp(chooser(draw), max_layers, max_units, max_batch, comfort)


def draw_mlp(
    pick: Pick, max_layers: int = 3, max_units: int = 4, max_batch: int = 3, comfort: Comfort = DEFAULT
) -> Case:
    """An MLP at a valid point, made of the choices of `pick`."""
    sizes = [1 + pick(max_units) for _ in range(2 + pick(max_layers))]
    batch, bias = 1 + pick(max_batch), pick(5) < 4
    l2 = (0.0, 0.5 / batch)[pick(3) == 1]  # depends on the batch, so that a wrong factor differs from another constant
    loss, reduction = one_of(pick, tuple(LOSSES)), one_of(pick, ("mean", "sum"))
    numbers = frugal(pick, batch * sizes[0] + sum(a * b + b for a, b in itertools.pairwise(sizes)))
    point: Values = {"X": _filled(numbers, (batch, sizes[0]), DATA)}
    a, activations = point["X"], []
    for k, (n_in, n_out) in enumerate(itertools.pairwise(sizes), 1):
        point[f"W{k}"] = _filled(numbers, (n_out, n_in), WEIGHTS)
        z = a @ point[f"W{k}"].T
        if bias:
            point[f"b{k}"] = _filled(numbers, (n_out,), WEIGHTS)
            if comfort.near_kinks and pick(2):  # biases that put the first sample at or next to 0
                point[f"b{k}"] = _filled(numbers, (n_out,), NEAR_ZERO) - z[0]
            z = z + point[f"b{k}"]
        activations.append(_activation(pick, z, comfort))
        a = _activated(activations[-1], z)
    point["T"] = _targets(pick, loss, (batch, sizes[-1]))
    mlp = MLP(tuple(sizes), tuple(activations), loss=loss, reduction=reduction, l2=l2, batch=batch, bias=bias)
    return Case(name="mlp", problem=mlp, point=point, sentence=f"An MLP with layers of {sizes} units.")


@st.composite
def _neuron_dags(draw: st.DrawFn, max_neurons: int, max_batch: int, comfort: Comfort) -> Case:
    return draw_neurons(chooser(draw), max_neurons, max_batch, comfort)


def draw_neurons(pick: Pick, max_neurons: int = 6, max_batch: int = 3, comfort: Comfort = DEFAULT) -> Case:
    """A network of single neurons at a valid point, made of the choices of `pick`."""
    inputs, batch = [f"x{k + 1}" for k in range(1 + pick(2))], 1 + pick(max_batch)
    point: Values = {x: _filled(pick, (batch,), DATA) for x in inputs}
    out = dict(point)
    neurons: dict[str, str] = {}
    edges: list[tuple[str, str]] = []
    for k in range(1 + pick(max_neurons)):
        name, known = f"v{k + 1}", [*reversed(neurons), *inputs]
        before = {one_of(pick, known): None for _ in range(1 + pick(3))}  # no edge twice
        for u in before:
            edges.append((u, name))
            point[weight(u, name)] = np.asarray(one_of(pick, WEIGHTS))
        signal = np.sum([point[weight(u, name)] * out[u] for u in before], axis=0)
        neurons[name] = _activation(pick, signal, comfort)
        out[name] = _activated(neurons[name], signal)
    used = {u for u, _ in edges}
    feeding = [v for v in neurons if v not in used or pick(4) == 3]
    loss, reduction = (
        one_of(pick, [name for name, row in LOSSES.items() if row.separable]),
        one_of(pick, ("mean", "sum")),
    )
    for v in feeding:
        point[target(v)] = _targets(pick, loss, (batch, 1))[:, 0]
    listed = list(neurons)
    if pick(2):
        listed.reverse()
    network = NeuronDAG(
        {v: neurons[v] for v in listed}, edges, inputs, feeding, loss=loss, reduction=reduction, batch=batch
    )
    return Case(name="neurons", problem=network, point=point, sentence=f"{len(neurons)} neurons, {len(edges)} edges.")


def _activation(pick: Pick, z: Array, comfort: Comfort) -> str:
    def suits(name: str) -> bool:
        return name == "identity" or comfort.unary(name, z, {})

    return one_that(pick, ACTIVATIONS, suits) or "identity"


def _activated(name: str, z: Array) -> Array:
    return z if name == "identity" else np.asarray(OPS[name].value(z))


def _targets(pick: Pick, loss: str, shape: Shape) -> Array:
    """Targets of the kind that the loss takes."""
    if loss == "logistic":
        return _filled(pick, shape, (1.0, 0.0, 0.25))
    if loss != "softmax_cross_entropy":
        return _filled(pick, shape, DATA)
    rows = np.zeros(shape)
    for row in rows:
        first = pick(len(row))
        share = one_of(pick, PROBABILITIES)
        row[first] += share[0]
        row[(first + 1) % len(row)] += share[1]
    return rows


def _filled(pick: Pick, shape: Shape, values: Sequence[float]) -> Array:
    return np.reshape([one_of(pick, values) for _ in range(math.prod(shape))], shape)
