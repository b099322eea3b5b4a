"""Faults of MLPs: the slopes of nonlinearities."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from gradcheck.faults.mlps.delta_recursion import DeltaRecursion, slope
from gradcheck.faults.slopes import formula_at_input, slope_by
from gradcheck.problem.ops import Array


class SlopeAtActivation(DeltaRecursion):
    """sigma'(a) for sigma'(z)."""

    def slope(self, layer: int) -> Array:
        """The derivative taken at the output."""
        return slope(self.mlp.activations[layer - 1], self.a[layer])


class SlopeOfActivationAtInput(DeltaRecursion):
    """z (1 - z) for a (1 - a), 1 - z^2 for 1 - a^2: the formulas in the output, given the input."""

    def slope(self, layer: int) -> Array:
        """Sigmoid and tanh alone have such formulas."""
        return formula_at_input(self.mlp.activations[layer - 1], self.z[layer])


class AnotherLayersActivation(DeltaRecursion):
    """The derivative of another layer's activation, in a network where each layer has its own.

    `other`: that layer, from the layer itself and their number. `by_output`: by a formula in a, if it has one.
    """

    def __init__(self, other: Callable[[int, int], int], *, by_output: bool = False) -> None:
        self.other, self.by_output = other, by_output

    def slope(self, layer: int) -> Array:
        """sigma[m]'(z[l])."""
        name = self.mlp.activations[self.other(layer, self.mlp.layers) - 1]
        return slope_by(name, self.z[layer], self.a[layer], by_output=self.by_output)


def above(layer: int, last: int) -> int:
    """l + 1; the last has none above."""
    return min(layer + 1, last)


def below(layer: int, last: int) -> int:
    """l - 1; the first has none below."""
    return max(layer - 1, 1)


def around_below(layer: int, last: int) -> int:
    """l - 1; an index of -1 is the last."""
    return layer - 1 or last


def around_above(layer: int, last: int) -> int:
    """l + 1, modulo the layers."""
    return layer % last + 1


def first(layer: int, last: int) -> int:
    """1."""
    return 1


def final(layer: int, last: int) -> int:
    """L."""
    return last


def reversed_layers(layer: int, last: int) -> int:
    """L + 1 - l: a list walked from the wrong end."""
    return last + 1 - layer


OTHER_LAYERS = (around_above, around_below, first, final, reversed_layers)
"""Further ways of getting the index wrong."""


class OneSlope(DeltaRecursion):
    """Backward, every nonlinearity is taken for the same one.

    `by_output`: by its formula in a. `linear_too`: layers without nonlinearity are given its slope as well.
    `inner`: the last layer is right.
    """

    throughout = True

    def __init__(
        self, name: str = "sigmoid", *, by_output: bool = False, linear_too: bool = False, inner: bool = False
    ) -> None:
        self.name, self.by_output, self.linear_too, self.inner = name, by_output, linear_too, inner

    def slope(self, layer: int) -> Array:
        """That of `name`, whatever the layer's activation is."""
        linear = self.mlp.activations[layer - 1] == "identity"
        if (linear and not self.linear_too) or (self.inner and layer == self.mlp.layers):
            return super().slope(layer)
        return slope_by(self.name, self.z[layer], self.a[layer], by_output=self.by_output)


class OuterSlopeForgotten(DeltaRecursion):
    """delta[L] = dC/da[L], without sigma'(z[L])."""

    def top(self) -> Array:
        """Right only for a last layer without a nonlinearity."""
        return self.outer() * self.share()


class InnerSlopeForgotten(DeltaRecursion):
    """delta[l] = W[l+1]^T delta[l+1], without sigma'(z[l])."""

    def down(self, layer: int, delta: Array) -> Array:
        """Linear layers all the way down."""
        return np.asarray(delta @ self.w[layer])


class SlopesForgotten(OuterSlopeForgotten, InnerSlopeForgotten):
    """The same, and delta[L] = dC/da[L] as well."""

    throughout = True


class SlopeNotPassedOn(DeltaRecursion):
    """delta[l] = dC/da[l] sigma'(z[l]), but what is passed on is W[l]^T dC/da[l], for which delta[l] belongs."""

    def down(self, layer: int, delta: Array) -> Array:
        """Its own slope alone."""
        bar = self.outer() * self.share()
        for k in range(self.mlp.layers, layer - 1, -1):
            bar = bar @ self.w[k]
        return np.asarray(bar * self.slope(layer - 1))
