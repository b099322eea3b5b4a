"""Faults of MLPs in the slopes of nonlinearities."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from gradcheck.faults.mlps.delta_recursion import DeltaRecursion, slope
from gradcheck.faults.slopes import formula_at_input, slope_by
from gradcheck.problem.ops import Array


class SlopeAtActivation(DeltaRecursion):
    """sigma'(a) instead of sigma'(z)."""

    def slope(self, layer: int) -> Array:
        """The derivative at the output a."""
        return slope(self.mlp.activations[layer - 1], self.a[layer])


class SlopeOfActivationAtInput(DeltaRecursion):
    """z (1 - z) instead of a (1 - a), 1 - z^2 instead of 1 - a^2: the formulas in a, applied to z."""

    def slope(self, layer: int) -> Array:
        """The wrong formula for sigmoid and tanh, the right slope for others."""
        return formula_at_input(self.mlp.activations[layer - 1], self.z[layer])


class AnotherLayersActivation(DeltaRecursion):
    """Uses the derivative of another layer's activation, in a network whose layers have different ones.

    `other`: maps (layer, number of layers) to that layer. `by_output`: by a formula in a, if it has one.
    """

    def __init__(self, other: Callable[[int, int], int], *, by_output: bool = False) -> None:
        self.other, self.by_output = other, by_output

    def slope(self, layer: int) -> Array:
        """sigma[m]'(z[l])."""
        name = self.mlp.activations[self.other(layer, self.mlp.layers) - 1]
        return slope_by(name, self.z[layer], self.a[layer], by_output=self.by_output)


def above(layer: int, last: int) -> int:
    """l + 1; the last layer for itself."""
    return min(layer + 1, last)


def below(layer: int, last: int) -> int:
    """l - 1; the first layer for itself."""
    return max(layer - 1, 1)


def around_below(layer: int, last: int) -> int:
    """l - 1; the last layer for the first, like an index of -1."""
    return layer - 1 or last


def around_above(layer: int, last: int) -> int:
    """l + 1; the first layer for the last."""
    return layer % last + 1


def first(layer: int, last: int) -> int:
    """The first layer, 1."""
    return 1


def final(layer: int, last: int) -> int:
    """The last layer, L."""
    return last


def reversed_layers(layer: int, last: int) -> int:
    """L + 1 - l, as if a list were walked from the wrong end."""
    return last + 1 - layer


OTHER_LAYERS = (around_above, around_below, first, final, reversed_layers)
"""Further wrong choices of the layer."""


class OneSlope(DeltaRecursion):
    """Uses one nonlinearity for all layers in the backward pass.

    `by_output`: by its formula in a. `linear_too`: linear layers get its slope as well. `inner`: the last layer is
    right.
    """

    throughout = True

    def __init__(
        self, name: str = "sigmoid", *, by_output: bool = False, linear_too: bool = False, inner: bool = False
    ) -> None:
        self.name, self.by_output, self.linear_too, self.inner = name, by_output, linear_too, inner

    def slope(self, layer: int) -> Array:
        """The slope of `name`, whatever the layer's activation is."""
        linear = self.mlp.activations[layer - 1] == "identity"
        if (linear and not self.linear_too) or (self.inner and layer == self.mlp.layers):
            return super().slope(layer)
        return slope_by(self.name, self.z[layer], self.a[layer], by_output=self.by_output)


class OuterSlopeForgotten(DeltaRecursion):
    """delta[L] = dC/da[L], without sigma'(z[L])."""

    def top(self) -> Array:
        """dC/da[L]; right only for a last layer without a nonlinearity."""
        return self.outer() * self.share()


class InnerSlopeForgotten(DeltaRecursion):
    """delta[l] = W[l+1]^T delta[l+1], without sigma'(z[l])."""

    def down(self, layer: int, delta: Array) -> Array:
        """W[l+1]^T delta[l+1], as if layer l were linear."""
        return np.asarray(delta @ self.w[layer])


class SlopesForgotten(OuterSlopeForgotten, InnerSlopeForgotten):
    """Both: no layer has a slope."""

    throughout = True


class SlopeNotPassedOn(DeltaRecursion):
    """delta[l] = dC/da[l] sigma'(z[l]) is right, but W[l]^T dC/da[l] is passed on instead of W[l]^T delta[l]."""

    def down(self, layer: int, delta: Array) -> Array:
        """The message without the slope of the layer that sends it."""
        bar = self.outer() * self.share()
        for k in range(self.mlp.layers, layer - 1, -1):
            bar = bar @ self.w[k]
        return np.asarray(bar * self.slope(layer - 1))
