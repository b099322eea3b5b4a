"""Faults of MLPs in the loss, its average over the batch and its penalty."""

from __future__ import annotations

import numpy as np

from gradcheck.faults.mlps.delta_recursion import DeltaRecursion, outer_slope, slope
from gradcheck.problem.ops import Array


class Summed(DeltaRecursion):
    """The batch's gradient is a sum, the loss an average."""

    def share(self) -> float:
        """Without the factor 1/n."""
        return 1.0


class AveragedTwice(DeltaRecursion):
    """1/n in delta[L], and again in the final gradients; `penalty_too`: the penalty's part is divided as well.

    `always`: divided once more also where the loss is a sum. `biases_too`: the biases' gradients, too.
    """

    throughout = True

    def __init__(self, *, penalty_too: bool = False, always: bool = False, biases_too: bool = True) -> None:
        self.penalty_too, self.always, self.biases_too = penalty_too, always, biases_too

    def again(self) -> float:
        """The second factor: 1/n, or what a sample weighs by the loss."""
        return 1.0 / self.mlp.batch if self.always else super().share()

    def share(self) -> float:
        """The right weight times the second factor."""
        return super().share() * self.again()

    def biases(self, layer: int, delta: Array) -> Array:
        """Divided like the weights, or right."""
        return super().biases(layer, delta) / (1.0 if self.biases_too else self.again())

    def decay(self, layer: int) -> Array:
        """Divided once too often, or right."""
        return np.asarray(super().decay(layer) * (self.again() if self.penalty_too else 1.0))


class AveragedOverOutputs(DeltaRecursion):
    """`np.mean` over the whole error matrix: the gradient is also divided by the number of outputs.

    `always`: also where the loss is a sum.
    """

    def __init__(self, *, always: bool = False) -> None:
        self.always = self.throughout = always

    def share(self) -> float:
        """1/(n n_L) instead of 1/n."""
        whole = 1.0 / self.mlp.batch if self.always else super().share()
        return whole / int(self.last.shape[1])


class HalfForgotten(DeltaRecursion):
    """dC/da[L] = 2 (a - t) although the loss has a factor 1/2, or a - t although it has none."""

    def outer(self) -> Array:
        """The derivative of the other squared loss."""
        other = {"half_squared": "squared", "squared": "half_squared"}.get(self.mlp.loss, self.mlp.loss)
        return outer_slope(other, self.last, self.t)


class SignOfError(DeltaRecursion):
    """t - a instead of a - t."""

    def outer(self) -> Array:
        """The other way round."""
        return -super().outer()


class SoftmaxSlopeTwice(DeltaRecursion):
    """y - t, the derivative of softmax and cross-entropy together, is multiplied by y (1 - y) once more.

    `whole`: by the whole Jacobian of softmax, diag(y) - y y^T. `sigmoid`: also for the logistic loss.
    """

    def __init__(self, *, whole: bool = False, sigmoid: bool = False) -> None:
        self.whole, self.sigmoid = whole, sigmoid

    def outer(self) -> Array:
        """The slope of the softmax or sigmoid as an extra factor."""
        right = super().outer()
        if self.mlp.loss == "logistic" and self.sigmoid:
            return right * slope("sigmoid", self.last)
        if self.mlp.loss != "softmax_cross_entropy":
            return right
        y = np.exp(self.last - np.logaddexp.reduce(self.last, axis=1, keepdims=True))
        if self.whole:
            return np.asarray(y * (right - np.sum(y * right, axis=1, keepdims=True)))
        return np.asarray(right * y * (1 - y))


class PenaltyOnBiases(DeltaRecursion):
    """lambda b is added to the gradient of every bias, although the loss penalises only weights."""

    def biases(self, layer: int, delta: Array) -> Array:
        """lambda b added to the bias's gradient."""
        return np.asarray(super().biases(layer, delta) + self.mlp.l2 * self.b[layer])


class PenaltyMissing(DeltaRecursion):
    """The loss contains the penalty, the gradient does not."""

    def decay(self, layer: int) -> Array:
        """Zero."""
        return np.zeros_like(self.w[layer])


class PenaltyWithoutFactor(DeltaRecursion):
    """W is added to the gradient, without lambda."""

    def decay(self, layer: int) -> Array:
        """W instead of lambda W."""
        return self.w[layer] if self.mlp.l2 else super().decay(layer)


class PenaltyDoubled(DeltaRecursion):
    """2 lambda W: the derivative of lambda W^2, where the loss has lambda/2."""

    def decay(self, layer: int) -> Array:
        """2 lambda W instead of lambda W."""
        return 2.0 * super().decay(layer)
