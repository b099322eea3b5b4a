"""`MLP`: a multilayer perceptron, layer by layer (S1, S3, S4).

    z[l] = W[l] a[l-1] + b[l],    a[l] = sigma[l](z[l]),    a[0] = x,    l = 1 .. L

In code a batch is a matrix whose rows are samples: X (batch, n_0), Z[l] = A[l-1] W[l]^T + b[l] of shape (batch, n_l),
W[l] (n_l, n_{l-1}), b[l] (n_l,), T (batch, n_L). The input layer is layer 0, as in S3 (S4 counts it as 1).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from gradcheck.errors import InvalidProblem
from gradcheck.problem.builder import GraphBuilder, Handle
from gradcheck.problem.graph import Graph
from gradcheck.problem.losses import LOSSES, REDUCTIONS, check_targets, finite, known, reduce, total, whole
from gradcheck.problem.ops import OPS, Shape

ACTIVATIONS = (
    "identity",
    *(op.name for op in OPS.values() if op.arity == 1 and op.elementwise and op.domain is None),
)
"""Nonlinearities of layers and neurons: element-wise ops of one argument, defined everywhere."""


@dataclass(frozen=True)
class MLP:
    """A multilayer perceptron with a loss on a batch.

    Attributes
    ----------
    sizes: units per layer, (n_0, n_1, ..., n_L), n_0 the inputs.
    activations: one of ACTIVATIONS per layer 1 .. L; a single name stands for all.
    loss: one of LOSSES, on a[L] and the targets.
    reduction: "mean" or "sum" of the samples' losses.
    l2: lambda; adds lambda/2 times the sum of all squared weights, biases excepted, once per batch.
    batch: number of samples.
    bias: whether layers have biases (S0's fully connected layer has none).

    A point gives values to X, T, and the parameters W1, b1, W2, b2, ...

    Raises
    ------
    InvalidProblem: no layer, a layer without units, a batch of 0, an unknown activation, loss or reduction, a wrong
        number of activations, a lambda that is negative or not finite.
    """

    sizes: tuple[int, ...]
    activations: tuple[str, ...] | str = "tanh"
    loss: str = "half_squared"
    reduction: str = "mean"
    l2: float = 0.0
    batch: int = 1
    bias: bool = True

    def __post_init__(self) -> None:
        put = object.__setattr__
        if not isinstance(self.sizes, Iterable):
            raise InvalidProblem(f"sizes must be units per layer, such as (2, 3, 1), got {self.sizes!r}")
        put(self, "sizes", tuple(self.sizes))
        if len(self.sizes) < 2:
            raise InvalidProblem(f"an MLP needs an input size and a size per layer, got {self.sizes}")
        for k, n in enumerate(self.sizes):
            whole("its number of units", n, where=f"layer {k}")
        if isinstance(self.activations, str):
            put(self, "activations", (self.activations,) * self.layers)
        if not isinstance(self.activations, Iterable):
            raise InvalidProblem(f"activations must be a name, or one per layer, got {self.activations!r}")
        put(self, "activations", tuple(self.activations))
        if len(self.activations) != self.layers:
            raise InvalidProblem(
                f"{self.layers} layers need {self.layers} activations, got {len(self.activations)}: "
                f"{', '.join(map(str, self.activations))}"
            )
        for k, name in enumerate(self.activations, 1):
            known("activation", name, ACTIVATIONS, where=f"layer {k}")
        known("loss", self.loss, tuple(LOSSES))
        known("reduction", self.reduction, REDUCTIONS)
        finite("l2", self.l2)
        whole("the batch's number of samples", self.batch)

    @classmethod
    def from_parameters(cls, parameters: Mapping[str, ArrayLike], **options: Any) -> MLP:
        """The MLP whose parameters have the shapes of the given arrays; `options` as for the class itself.

        Raises InvalidProblem, with both shapes and the layer, where layers do not chain or a bias does not fit.
        """
        shapes = {name: np.shape(value) for name, value in parameters.items()}
        layers = sum(name.startswith("W") for name in shapes)
        bias = any(name.startswith("b") for name in shapes)
        wanted = [f"{kind}{k}" for k in range(1, layers + 1) for kind in ("Wb" if bias else "W")]
        if not layers or set(wanted) != set(shapes):
            raise InvalidProblem(
                f"parameters must be called W1, W2, ..., with all of b1, b2, ... or none; got {', '.join(shapes)}"
            )
        sizes: list[int] = []
        for k in range(1, layers + 1):
            weights, where = shapes[f"W{k}"], f"layer {k}"
            if len(weights) != 2:
                raise InvalidProblem(f"W{k} must have shape (n_out, n_in), got {weights}", where=where)
            sizes = sizes or [weights[1]]
            if weights[1] != sizes[-1]:
                raise InvalidProblem(
                    f"W{k} of shape {weights} takes {weights[1]} values, but W{k - 1} of shape {shapes[f'W{k - 1}']} "
                    f"gives {sizes[-1]}; W[l] has shape (n_out, n_in)",
                    where=where,
                )
            if bias and shapes[f"b{k}"] != weights[:1]:
                raise InvalidProblem(
                    f"b{k} of shape {shapes[f'b{k}']} does not fit W{k} of shape {weights}; "
                    f"it must have shape ({weights[0]},)",
                    where=where,
                )
            sizes.append(weights[0])
        return cls(tuple(sizes), bias=bias, **options)

    @property
    def layers(self) -> int:
        """L, the number of layers with weights."""
        return len(self.sizes) - 1

    @property
    def parameter_shapes(self) -> dict[str, Shape]:
        """Shapes of W1, b1, W2, b2, ..., in that order."""
        shapes: dict[str, Shape] = {}
        for k, (n_in, n_out) in enumerate(zip(self.sizes[:-1], self.sizes[1:], strict=True), 1):
            shapes[f"W{k}"] = (n_out, n_in)
            if self.bias:
                shapes[f"b{k}"] = (n_out,)
        return shapes

    @property
    def input_shapes(self) -> dict[str, Shape]:
        """Shapes of X and T."""
        return {"X": (self.batch, self.sizes[0]), "T": (self.batch, self.sizes[-1])}

    def check_point(self, point: Mapping[str, ArrayLike]) -> None:
        """InvalidProblem if the point's shapes do not fit, or its targets are of the wrong kind for the loss."""
        shapes = {**self.input_shapes, **self.parameter_shapes}
        for name, shape in shapes.items():
            if name not in point or np.shape(point[name]) != shape:
                came = f"an array of shape {np.shape(point[name])}" if name in point else "nothing"
                raise InvalidProblem(f"{name} must be an array of shape {shape}, got {came}", where="point")
        check_targets(self.loss, np.asarray(point["T"]), where="point: T")

    def lower(self) -> Graph:
        """The graph in vector form: one node per layer and quantity, named z1, a1, z2, a2, ... as in S3."""
        return self._lowered

    @cached_property
    def _lowered(self) -> Graph:
        build, p, x, t = self._leaves()
        a = x
        for k, activation in enumerate(self.activations, 1):
            weights = build.transpose(p[f"W{k}"], name=f"W{k}^T")
            if self.bias:
                z = build.add(a @ weights, p[f"b{k}"], name=f"z{k}")
            else:
                z = build.matmul(a, weights, name=f"z{k}")
            a = z if activation == "identity" else build.apply(activation, z, name=f"a{k}")
        loss = reduce(build, LOSSES[self.loss].rows(build, a, t), self.reduction, self.batch)
        squares = [build.sum(build.square(p[name])) for name in self._penalised]
        return build.graph(self._with_penalty(loss, squares))

    def lower_units(self) -> Graph:
        """The graph unit by unit: z_i = sum_j w_ij a_j + b_i of every sample is a scalar node, "z1[k,i]" (S1).

        The parameters stay arrays; their entries are picked by `take`.
        """
        build, p, x, t = self._leaves()
        entries = {name: _entries(build, array, self.parameter_shapes[name]) for name, array in p.items()}
        rows, targets = _entries(build, x, self.input_shapes["X"]), _entries(build, t, self.input_shapes["T"])
        losses = []
        for k in range(self.batch):
            a = [rows[k, j] for j in range(self.sizes[0])]
            for layer, activation in enumerate(self.activations, 1):
                units = []
                for i in range(self.sizes[layer]):
                    z = total([entries[f"W{layer}"][i, j] * a[j] for j in range(len(a))])
                    if self.bias:
                        z = build.add(z, entries[f"b{layer}"][(i,)], name=f"z{layer}[{k},{i}]")
                    unit = z if activation == "identity" else build.apply(activation, z, name=f"a{layer}[{k},{i}]")
                    units.append(unit)
                a = units
            losses.append(LOSSES[self.loss].units(build, a, [targets[k, i] for i in range(len(a))]))
        loss = reduce(build, losses, self.reduction, self.batch)
        squares = [build.square(w) for name in self._penalised for w in entries[name].values()]
        return build.graph(self._with_penalty(loss, squares))

    def _leaves(self) -> tuple[GraphBuilder, dict[str, Handle], Handle, Handle]:
        build = GraphBuilder()
        parameters = {name: build.parameter(name, shape) for name, shape in self.parameter_shapes.items()}
        x, t = (build.input(name, shape) for name, shape in self.input_shapes.items())
        return build, parameters, x, t

    @property
    def _penalised(self) -> list[str]:
        return [f"W{k}" for k in range(1, self.layers + 1)] if self.l2 else []

    def _with_penalty(self, loss: Handle, squares: Sequence[Handle]) -> Handle:
        """L_reg = L + lambda R, R half the sum of the squared weights (S1)."""
        return loss + self.l2 * (0.5 * total(squares)) if self.l2 else loss


def _entries(build: GraphBuilder, array: Handle, shape: Shape) -> dict[tuple[int, ...], Handle]:
    """The entries of an array as scalar nodes, by index: `take` the row, then the entry of the row."""
    name = build.names[array.index]
    if len(shape) == 1:
        return {(i,): build.take(array, indices=i, name=f"{name}[{i}]") for i in range(shape[0])}
    rows = [build.take(array, indices=i, name=f"{name}[{i}]") for i in range(shape[0])]
    return {(i, j): build.take(rows[i], indices=j, name=f"{name}[{i},{j}]") for i, j in np.ndindex(*shape)}
