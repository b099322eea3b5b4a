"""The textbook's delta recursion for an MLP (S3, S4), one decision per method: what the MLP faults bend.

    delta[L] = dC/da[L] sigma'(z[L]),    delta[l] = (W[l+1]^T delta[l+1]) sigma'(z[l])
    dC/dW[l] = delta[l] a[l-1]^T,        dC/db[l] = delta[l]

A batch is a matrix whose rows are samples. Slopes of activations come from SymEngine, as in `textbook_backprop`.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from gradcheck.faults.graphs.textbook_backprop import local_vjp
from gradcheck.problem import OPS, Point
from gradcheck.problem.mlp import MLP
from gradcheck.problem.ops import Array

Gradients = dict[str, Array]


class DeltaRecursion:
    """A subject for MLPs: call it with the network and a point; it answers (value, gradients).

    Attributes, while it answers
    ----------
    mlp, x, t: the network, the inputs (batch, n_0) and the targets (batch, n_L).
    w, b: parameters by layer, 1 to L; `b` is empty without biases.
    z, a: pre-activations and activations by layer; a[0] is x.
    delta: delta[l] by layer, shape (batch, n_l).
    """

    throughout: bool = False
    """Whether a bend applies to every layer: an engine that is right in one of them has another mistake."""
    mlp: MLP
    x: Array
    t: Array
    w: dict[int, Array]
    b: dict[int, Array]
    z: dict[int, Array]
    a: dict[int, Array]
    delta: dict[int, Array]

    def __call__(self, mlp: MLP, point: Point) -> tuple[Array, Gradients]:
        """The loss of the batch and its gradient, by parameter."""
        with np.errstate(all="ignore"):
            self.forward(mlp, point)
            value, gradients = self.cost(), self.backward()
        dtype = self.x.dtype
        return np.asarray(value, dtype), {name: np.asarray(g, dtype) for name, g in gradients.items()}

    def forward(self, mlp: MLP, point: Point) -> None:
        """Compute every z[l] and a[l]; no delta yet."""
        self.mlp, self.x, self.t = mlp, np.asarray(point["X"]), np.asarray(point["T"])
        layers = range(1, mlp.layers + 1)
        self.w = {k: np.array(point[f"W{k}"]) for k in layers}
        self.b = {k: np.array(point[f"b{k}"]) for k in layers} if mlp.bias else {}
        self.z, self.a, self.delta = {}, {0: self.x}, {}
        for k in layers:
            self.z[k] = self.a[k - 1] @ self.w[k].T + (self.b[k] if mlp.bias else 0)
            self.a[k] = activate(mlp.activations[k - 1], self.z[k])

    def cost(self) -> Any:
        """The batch's loss, the penalty included."""
        total = np.sum(losses(self.mlp.loss, self.last, self.t))
        return total * average(self.mlp.reduction, self.mlp.batch) + self.penalty()

    def penalty(self) -> float:
        """lambda/2 times the sum of all squared weights."""
        return 0.5 * self.mlp.l2 * sum(float(np.sum(np.square(w))) for w in self.w.values())

    def backward(self) -> Gradients:
        """The deltas from the last layer down."""
        last = self.mlp.layers
        self.delta[last] = self.top()
        for k in range(last, 1, -1):
            self.delta[k - 1] = self.down(k, self.delta[k])
        return {name: g for k in range(last, 0, -1) for name, g in self.layer(k).items()}

    def layer(self, layer: int) -> Gradients:
        """dC/dW[l], the penalty's part included, and dC/db[l], from the deltas."""
        gradients: Gradients = {f"W{layer}": self.weights(layer, self.used(layer)) + self.decay(layer)}
        if self.mlp.bias:
            gradients[f"b{layer}"] = self.biases(layer, self.used(layer, bias=True))
        return gradients

    def used(self, layer: int, *, bias: bool = False) -> Array:
        """The delta from which dC/dW[l], or dC/db[l], is computed."""
        return self.delta[layer]

    @property
    def last(self) -> Array:
        """a[L], shape (batch, n_L)."""
        return self.a[self.mlp.layers]

    def share(self) -> float:
        """The weight of one sample in the gradient of the batch: 1/n for an average, 1 for a sum."""
        return average(self.mlp.reduction, self.mlp.batch)

    def top(self) -> Array:
        """delta[L], shape (batch, n_L)."""
        return self.outer() * self.share() * self.slope(self.mlp.layers)

    def outer(self) -> Array:
        """dC/da[L] of every sample."""
        return outer_slope(self.mlp.loss, self.last, self.t)

    def slope(self, layer: int) -> Array:
        """sigma'(z[l]), shape (batch, n_l)."""
        return slope(self.mlp.activations[layer - 1], self.z[layer])

    def weights(self, layer: int, delta: Array) -> Array:
        """dC/dW[l], shape (n_l, n_{l-1}): a sum over the samples."""
        return np.asarray(delta.T @ self.a[layer - 1])

    def biases(self, layer: int, delta: Array) -> Array:
        """dC/db[l], shape (n_l,): a sum over the samples."""
        return np.asarray(np.sum(delta, axis=0))

    def decay(self, layer: int) -> Array:
        """The penalty's part of dC/dW[l]: lambda W[l]."""
        return np.asarray(self.mlp.l2 * self.w[layer])

    def down(self, layer: int, delta: Array) -> Array:
        """delta[l-1] from delta[l]."""
        return np.asarray((delta @ self.w[layer]) * self.slope(layer - 1))


def average(reduction: str, batch: int) -> float:
    """The weight of one sample in the batch's loss: 1/n or 1."""
    return 1.0 / batch if reduction == "mean" else 1.0


def activate(name: str, z: Array) -> Array:
    """sigma(z)."""
    return z if name == "identity" else np.asarray(OPS[name].value(z), dtype=z.dtype)


def slope(name: str, z: Array) -> Array:
    """sigma'(z), by SymEngine."""
    if name == "identity":
        return np.ones_like(z)
    return local_vjp(name, OPS[name].attributes, [z], 0, np.ones_like(z)).astype(z.dtype)


def losses(name: str, y: Array, t: Array) -> Array:
    """Each sample's loss, shape (batch,)."""
    if name == "softmax_cross_entropy":
        return np.asarray(-np.sum(t * (y - np.logaddexp.reduce(y, axis=1, keepdims=True)), axis=1))
    if name == "logistic":
        return np.asarray(np.sum(t * np.logaddexp(0, -y) + (1 - t) * np.logaddexp(0, y), axis=1))
    return np.asarray((0.5 if name == "half_squared" else 1.0) * np.sum(np.square(y - t), axis=1))


def outer_slope(name: str, y: Array, t: Array) -> Array:
    """dC/dy of each sample, shape (batch, n)."""
    if name == "softmax_cross_entropy":
        softmax = np.exp(y - np.logaddexp.reduce(y, axis=1, keepdims=True))
        return np.asarray(np.sum(t, axis=1, keepdims=True) * softmax - t)
    if name == "logistic":
        return np.asarray(1.0 / (1.0 + np.exp(-y)) - t)
    return np.asarray((1.0 if name == "half_squared" else 2.0) * (y - t))
