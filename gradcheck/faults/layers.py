"""Faults of MLPs: the delta recursion, with one thing wrong."""

from __future__ import annotations

import numpy as np

from gradcheck.faults.engine import local_vjp
from gradcheck.faults.network import DeltaRecursion, Gradients, outer_slope, slope
from gradcheck.problem import OPS
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
        z = self.z[layer]
        formulas = {"sigmoid": z * (1 - z), "tanh": 1 - z * z}
        return np.asarray(formulas.get(self.mlp.activations[layer - 1], super().slope(layer)))


class AnotherLayersActivation(DeltaRecursion):
    """The derivative of the activation of the layer above, in a network where each layer has its own; or `below`."""

    def __init__(self, *, below: bool = False) -> None:
        self.below = below

    def slope(self, layer: int) -> Array:
        """sigma[l+1]'(z[l]), or sigma[l-1]'(z[l])."""
        index = max(layer - 2, 0) if self.below else min(layer, self.mlp.layers - 1)
        return slope(self.mlp.activations[index], self.z[layer])


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


class DeltaOfWrongLayer(DeltaRecursion):
    """dC/dW[l] = delta[l+1] a[l-1]^T where layers are equally wide: the index is off by one."""

    def backward(self) -> Gradients:
        """The delta used is the one before the recursion's step, where it fits."""
        gradients: Gradients = {}
        delta = above = self.top()
        for k in range(self.mlp.layers, 0, -1):
            used = above if above.shape == delta.shape else delta
            gradients[f"W{k}"] = self.weights(k, used) + self.decay(k)
            if self.mlp.bias:
                gradients[f"b{k}"] = self.biases(k, used)
            if k > 1:
                above, delta = delta, self.down(k, delta)
        return gradients


class ActivationOfWrongLayer(DeltaRecursion):
    """dC/dW[l] = delta[l] a[l]^T where layers are equally wide."""

    def weights(self, layer: int, delta: Array) -> Array:
        """The layer's own output for its input, where it fits."""
        own = self.a[layer]
        return np.asarray(delta.T @ own) if own.shape == self.a[layer - 1].shape else super().weights(layer, delta)


class PreActivations(DeltaRecursion):
    """dC/dW[l] = delta[l] z[l-1]^T: what enters a neuron for what leaves it."""

    def weights(self, layer: int, delta: Array) -> Array:
        """z for a; the first layer has the data, and is right."""
        return np.asarray(delta.T @ self.z[layer - 1]) if layer > 1 else super().weights(layer, delta)


class UpdatedBeforeUse(DeltaRecursion):
    """W[l] takes its step before delta[l-1] is computed with it."""

    def __init__(self, rate: float = 0.1) -> None:
        self.rate = rate

    def down(self, layer: int, delta: Array) -> Array:
        """The new weights where the old ones belong."""
        old = self.w[layer]
        self.w[layer] = old - self.rate * self.weights(layer, delta)
        lower = super().down(layer, delta)
        self.w[layer] = old
        return lower


class NotTransposedBack(DeltaRecursion):
    """delta[l] = W[l+1] delta[l+1], without the transpose, where W is square."""

    def down(self, layer: int, delta: Array) -> Array:
        """Square matrices let it pass."""
        square = self.w[layer].shape[0] == self.w[layer].shape[1]
        return np.asarray((delta @ self.w[layer].T) * self.slope(layer - 1)) if square else super().down(layer, delta)


class GradientTransposed(DeltaRecursion):
    """dC/dW[l] = a[l-1] delta[l]^T: the outer product the wrong way round.

    `penalty_too`: the penalty's part is transposed along; otherwise the sum may have no shape (ValueError).
    """

    def __init__(self, *, penalty_too: bool = True) -> None:
        self.penalty_too = penalty_too

    def weights(self, layer: int, delta: Array) -> Array:
        """Of shape (n_{l-1}, n_l): a wrong shape, unless W is square."""
        return super().weights(layer, delta).T

    def decay(self, layer: int) -> Array:
        """Transposed along, so that the sum has a shape."""
        right = super().decay(layer)
        return right.T if self.penalty_too or not self.mlp.l2 else right


class BiasMissing(DeltaRecursion):
    """The gradient of every bias is 0."""

    def biases(self, layer: int, delta: Array) -> Array:
        """As if they were constants."""
        return np.zeros(delta.shape[1])


class BiasAveraged(DeltaRecursion):
    """dC/db is the mean of the deltas over the batch, where 1/n is in them already."""

    def biases(self, layer: int, delta: Array) -> Array:
        """1/n once more, for the biases alone."""
        return np.asarray(np.mean(delta, axis=0))


class BiasOfOneSample(DeltaRecursion):
    """dC/db is one sample's delta: not summed over the batch that the bias is broadcast along."""

    def __init__(self, sample: int = 0) -> None:
        self.sample = sample

    def biases(self, layer: int, delta: Array) -> Array:
        """One row."""
        return np.asarray(delta[self.sample])


class LastSampleOnly(DeltaRecursion):
    """Gradients are assigned in the loop over samples, not added up."""

    def weights(self, layer: int, delta: Array) -> Array:
        """What the last sample left."""
        return np.asarray(np.outer(delta[-1], self.a[layer - 1][-1]))

    def biases(self, layer: int, delta: Array) -> Array:
        """The same."""
        return np.asarray(delta[-1])


class Summed(DeltaRecursion):
    """The batch's gradient is a sum, the loss an average."""

    def top(self) -> Array:
        """Without 1/n."""
        return self.outer() * self.slope(self.mlp.layers)


class AveragedTwice(DeltaRecursion):
    """1/n in delta[L], and again when the gradients are handed out; `penalty_too`, to L2's part as well."""

    def __init__(self, *, penalty_too: bool = False) -> None:
        self.penalty_too = penalty_too

    def backward(self) -> Gradients:
        """1/n twice."""
        share = self.share()
        apart = {f"W{k}": self.decay(k) for k in self.w if not self.penalty_too}
        return {n: (g - apart.get(n, 0.0)) * share + apart.get(n, 0.0) for n, g in super().backward().items()}


class AveragedOverOutputs(DeltaRecursion):
    """`np.mean` over the whole error matrix: the gradient is divided by the outputs, too."""

    def top(self) -> Array:
        """1/(n n_L) for 1/n."""
        return np.asarray(super().top() / self.last.shape[1])


class HalfForgotten(DeltaRecursion):
    """dC/da[L] = 2 (a - t) although the loss has the half, and a - t although it has not."""

    def outer(self) -> Array:
        """The other squared loss's derivative."""
        other = {"half_squared": "squared", "squared": "half_squared"}.get(self.mlp.loss, self.mlp.loss)
        return outer_slope(other, self.last, self.t)


class SignOfError(DeltaRecursion):
    """t - a for a - t."""

    def outer(self) -> Array:
        """The other way round."""
        return -super().outer()


class SoftmaxSlopeTwice(DeltaRecursion):
    """y - t is the derivative of softmax and cross-entropy together, and is multiplied by y (1 - y) once more."""

    def outer(self) -> Array:
        """The softmax's diagonal on top."""
        right = super().outer()
        if self.mlp.loss != "softmax_cross_entropy":
            return right
        y = np.exp(self.last - np.logaddexp.reduce(self.last, axis=1, keepdims=True))
        return np.asarray(right * y * (1 - y))


class PenaltyOnBiases(DeltaRecursion):
    """lambda b is added to the gradient of every bias; the loss penalises weights alone."""

    def biases(self, layer: int, delta: Array) -> Array:
        """The penalty where it does not belong."""
        return np.asarray(super().biases(layer, delta) + self.mlp.l2 * self.b[layer])


class PenaltyMissing(DeltaRecursion):
    """The loss has its penalty, the gradient has not."""

    def decay(self, layer: int) -> Array:
        """Nothing."""
        return np.zeros_like(self.w[layer])


class PenaltyWithoutFactor(DeltaRecursion):
    """W is added to the gradient, without lambda."""

    def decay(self, layer: int) -> Array:
        """As if lambda were 1."""
        return self.w[layer] if self.mlp.l2 else super().decay(layer)


class PenaltyDoubled(DeltaRecursion):
    """2 lambda W: the derivative of lambda W^2, where the loss has lambda/2."""

    def decay(self, layer: int) -> Array:
        """The half overlooked."""
        return 2.0 * super().decay(layer)


class SigmoidEverywhere(DeltaRecursion):
    """Backward, every nonlinearity is taken for a sigmoid."""

    def slope(self, layer: int) -> Array:
        """sigmoid' whatever the layer's activation is."""
        right = super().slope(layer)
        if self.mlp.activations[layer - 1] == "identity":
            return right
        z = self.z[layer]
        return local_vjp("sigmoid", OPS["sigmoid"].attributes, [z], 0, np.ones_like(z)).astype(z.dtype)
