"""Faults of MLPs in the gradients of a layer, and in the delta of the layer below."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import numpy as np

from gradcheck.faults.mlps.delta_recursion import DeltaRecursion
from gradcheck.problem.ops import Array


class DeltaOfWrongLayer(DeltaRecursion):
    """dC/dW[l] = delta[l+1] a[l-1]^T, or with delta[l-1], where layers are equally wide: the index is off by one.

    `weights_only`: dC/db[l] is right.
    """

    def __init__(self, shift: int = 1, *, weights_only: bool = False) -> None:
        self.shift, self.weights_only = shift, weights_only

    def used(self, layer: int, *, bias: bool = False) -> Array:
        """The delta of another layer, where its shape fits."""
        own = super().used(layer, bias=bias)
        other = self.delta.get(layer + self.shift, own)
        return own if other.shape != own.shape or (bias and self.weights_only) else other


class ActivationOfWrongLayer(DeltaRecursion):
    """dC/dW[l] = delta[l] a[l]^T, or with another a[m], where layers are equally wide."""

    def __init__(self, other: Callable[[int], int] = lambda layer: layer) -> None:
        self.other = other

    def weights(self, layer: int, delta: Array) -> Array:
        """The layer's own output instead of its input, where its shape fits."""
        used = self.a.get(self.other(layer), self.a[layer - 1])
        return np.asarray(delta.T @ used) if used.shape == self.a[layer - 1].shape else super().weights(layer, delta)


class PreActivations(DeltaRecursion):
    """dC/dW[l] = delta[l] z[l-1]^T: with pre-activations instead of activations."""

    def weights(self, layer: int, delta: Array) -> Array:
        """z instead of a; the first layer's input is the data, and right."""
        return np.asarray(delta.T @ self.z[layer - 1]) if layer > 1 else super().weights(layer, delta)


class UpdatedBeforeUse(DeltaRecursion):
    """W[l] takes its step before delta[l-1] is computed from it."""

    def __init__(self, rate: float = 0.1) -> None:
        self.rate = rate

    def down(self, layer: int, delta: Array) -> Array:
        """The message through the new weights."""
        old = self.w[layer]
        self.w[layer] = old - self.rate * self.weights(layer, delta)
        lower = super().down(layer, delta)
        self.w[layer] = old
        return lower


class NotTransposedBack(DeltaRecursion):
    """delta[l] = W[l+1] delta[l+1], without the transpose, where W is square.

    `reshaped`: W that are not square are made to fit by a reshape, by rows ("C") or by columns ("F").
    """

    def __init__(self, *, reshaped: Literal["C", "F"] | None = None) -> None:
        self.reshaped = reshaped

    def down(self, layer: int, delta: Array) -> Array:
        """Without the transpose, where the shape allows it."""
        w = self.w[layer]
        if w.shape[0] != w.shape[1] and self.reshaped is None:
            return super().down(layer, delta)
        return np.asarray((delta @ w.T.reshape(w.shape, order=self.reshaped or "C")) * self.slope(layer - 1))


class GradientTransposed(DeltaRecursion):
    """dC/dW[l] = a[l-1] delta[l]^T: the transposed outer product.

    `penalty_too`: the penalty's part is transposed as well; otherwise the shapes of the sum may not fit (ValueError).
    """

    def __init__(self, *, penalty_too: bool = True) -> None:
        self.penalty_too = penalty_too

    def weights(self, layer: int, delta: Array) -> Array:
        """Shape (n_{l-1}, n_l): wrong, unless W is square."""
        return super().weights(layer, delta).T

    def decay(self, layer: int) -> Array:
        """Transposed as well, so that the shapes fit."""
        right = super().decay(layer)
        return right.T if self.penalty_too or not self.mlp.l2 else right


class GradientTransposedToFit(DeltaRecursion):
    """The same, reshaped into the shape of W, by rows or by `columns`; or for `square` matrices only."""

    def __init__(self, *, columns: bool = False, square: bool = False, penalty_too: bool = False) -> None:
        self.order: Literal["C", "F"] = "F" if columns else "C"
        self.square, self.penalty_too = square, penalty_too

    def weights(self, layer: int, delta: Array) -> Array:
        """The transpose, in the right shape."""
        return self.fitted(super().weights(layer, delta))

    def decay(self, layer: int) -> Array:
        """Right, or transposed and reshaped as well."""
        right = super().decay(layer)
        return self.fitted(right) if self.penalty_too else right

    def fitted(self, right: Array) -> Array:
        """The transpose of an array, in the shape of the array."""
        if self.square and right.shape[0] != right.shape[1]:
            return right
        return right.T.reshape(right.shape, order=self.order)


class BiasMissing(DeltaRecursion):
    """The gradient of every bias is 0."""

    def biases(self, layer: int, delta: Array) -> Array:
        """Zero."""
        return np.zeros(delta.shape[1])


class BiasAveraged(DeltaRecursion):
    """dC/db is the mean of the deltas over the batch, although they contain 1/n already."""

    def biases(self, layer: int, delta: Array) -> Array:
        """A second factor 1/n, for the biases only."""
        return np.asarray(np.mean(delta, axis=0))


class BiasOfOneSample(DeltaRecursion):
    """dC/db is the delta of one sample, not the sum over the batch.

    `whole`: not divided by n either.
    """

    def __init__(self, sample: int = 0, *, whole: bool = False) -> None:
        self.sample, self.whole = sample, whole

    def biases(self, layer: int, delta: Array) -> Array:
        """The delta of one row."""
        return np.asarray(delta[self.sample] / (self.share() if self.whole else 1.0))


class OneSampleOnly(DeltaRecursion):
    """Gradients are those of one sample: assigned in the loop over samples, or the loop ends too early.

    `whole`: not divided by n either. `biases_too`: the biases' gradients, too; otherwise those are summed.
    """

    throughout = True

    def __init__(self, sample: int = -1, *, whole: bool = False, biases_too: bool = True) -> None:
        self.sample, self.whole, self.biases_too = sample, whole, biases_too

    def one(self, delta: Array) -> Array:
        """The delta of that sample."""
        return np.asarray(delta[self.sample] / (self.share() if self.whole else 1.0))

    def weights(self, layer: int, delta: Array) -> Array:
        """dC/dW[l] of that sample."""
        return np.asarray(np.outer(self.one(delta), self.a[layer - 1][self.sample]))

    def biases(self, layer: int, delta: Array) -> Array:
        """dC/db[l] of that sample, or the sum."""
        return self.one(delta) if self.biases_too else super().biases(layer, delta)
