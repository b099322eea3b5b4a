"""Faults of networks of neurons that MLPs have, too: slopes, gradients of weights, batches, losses."""

from __future__ import annotations

import numpy as np

from gradcheck.faults.mlps.delta_recursion import average, outer_slope, slope
from gradcheck.faults.neurons.single_neurons import Neurons
from gradcheck.faults.neurons.visit_orders import ReadLiterally
from gradcheck.faults.slopes import formula_at_input, slope_by
from gradcheck.problem.neuron_dag import weight
from gradcheck.problem.ops import Array


class SignalForOutput(Neurons):
    """dL/dw(u->v) with in(u) instead of out(u)."""

    def edge(self, u: str, v: str) -> Array:
        """The weight's gradient from the input of u."""
        return np.asarray(np.sum(self.in_grad[v] * self.signal.get(u, self.out[u])))


class OwnOutput(Neurons):
    """dL/dw(u->v) with out(v) instead of out(u)."""

    def edge(self, u: str, v: str) -> Array:
        """The weight's gradient from the output of v."""
        return np.asarray(np.sum(self.in_grad[v] * self.out[v]))


class OneNonlinearity(Neurons):
    """Uses the nonlinearity of one neuron for all neurons in the backward pass.

    `at`: index of that neuron in the order of `listed`: the network's list, S2's enumeration (the loss's side first),
    or the neurons that feed the loss ("loss").
    """

    throughout = True

    def __init__(self, at: int = 0, listed: str = "network") -> None:
        self.at, self.listed = at, listed

    def slope(self, v: str) -> Array:
        """sigma' of that neuron."""
        network = self.network
        if self.listed == "loss":
            order = list(network.loss_neurons)
        elif self.listed == "network":
            order = list(network.neurons)
        else:
            literal = ReadLiterally()
            literal.network = network
            order = literal.enumeration()
        return slope(network.neurons[order[self.at]], self.signal[v])


class OneSlope(Neurons):
    """Uses one nonlinearity for all neurons in the backward pass; options as for MLPs."""

    throughout = True

    def __init__(self, name: str = "sigmoid", *, by_output: bool = False, linear_too: bool = False) -> None:
        self.name, self.by_output, self.linear_too = name, by_output, linear_too

    def slope(self, v: str) -> Array:
        """The slope of `name`, whatever the neuron's nonlinearity is."""
        linear = self.network.neurons[v] == "identity"
        name = "identity" if linear and not self.linear_too else self.name
        return slope_by(name, self.signal[v], self.out[v], by_output=self.by_output)


class SlopeAtOutput(Neurons):
    """sigma'(out(v)) instead of sigma'(in(v))."""

    def slope(self, v: str) -> Array:
        """The derivative at the output."""
        return slope(self.network.neurons[v], self.out[v])


class SlopeOfOutputAtInput(Neurons):
    """A formula in out(v), applied to in(v)."""

    def slope(self, v: str) -> Array:
        """The wrong formula for sigmoid and tanh, the right slope for others."""
        return formula_at_input(self.network.neurons[v], self.signal[v])


class OuterSlopesForgotten(Neurons):
    """Neurons that feed the loss (`sinks`: and nothing else) get the slope 1."""

    def __init__(self, *, sinks: bool = False) -> None:
        self.sinks = sinks

    def slope(self, v: str) -> Array:
        """1 for those neurons, right for all others."""
        outer = v in self.network.loss_neurons and not (self.sinks and any(u == v for u, _ in self.network.edges))
        return np.ones_like(self.signal[v]) if outer else super().slope(v)


class InnerSlopesForgotten(Neurons):
    """Neurons that do not feed the loss get the slope 1; `all_too`: all neurons do."""

    def __init__(self, *, all_too: bool = False) -> None:
        self.throughout = self.all_too = all_too

    def slope(self, v: str) -> Array:
        """1 for those neurons, right for all others."""
        inner = v not in self.network.loss_neurons or self.all_too
        return np.ones_like(self.signal[v]) if inner else super().slope(v)


class SlopeNotPassedOn(Neurons):
    """dL/din(v) is right for the messages to v, but v passes on dL/dout(v) w(u->v)."""

    def message(self, u: str, v: str) -> Array:
        """The message without v's slope."""
        return np.asarray(self.received(v) * self.point[weight(u, v)])

    def received(self, v: str) -> Array:
        """dL/dout(v): the sum of the messages to v."""
        return np.asarray(
            np.sum([self.from_loss(v), *(self.message(v, w) for u, w in self.network.edges if u == v)], axis=0)
        )


class UpdatedBeforeUse(Neurons):
    """w(u->v) takes its step before v's message passes through it."""

    def __init__(self, rate: float = 0.1) -> None:
        self.rate = rate

    def message(self, u: str, v: str) -> Array:
        """The message through the new weight."""
        return np.asarray(self.in_grad[v] * (self.point[weight(u, v)] - self.rate * self.edge(u, v)))


class OneSampleOnly(Neurons):
    """Gradients are those of one sample; `whole`: not divided by n either."""

    throughout = True

    def __init__(self, sample: int = -1, *, whole: bool = False) -> None:
        self.sample, self.whole = sample, whole

    def edge(self, u: str, v: str) -> Array:
        """The weight's gradient from that sample."""
        one = self.in_grad[v][self.sample] * self.out[u][self.sample]
        return np.asarray(one / (self.share() if self.whole else 1.0))


class Summed(Neurons):
    """The batch's gradient is a sum, the loss an average."""

    def share(self) -> float:
        """Without the factor 1/n."""
        return 1.0


class AveragedTwice(Neurons):
    """1/n in the loss's messages, and again at every weight; `always`: also where the loss is a sum."""

    throughout = True

    def __init__(self, *, always: bool = False) -> None:
        self.always = always

    def share(self) -> float:
        """The second factor 1/n."""
        return super().share() * average("mean" if self.always else self.network.reduction, self.network.batch)


class AveragedOverOutputs(Neurons):
    """The gradient is also divided by the number of neurons that feed the loss; `always`: and by n, even for a sum."""

    def __init__(self, *, always: bool = False) -> None:
        self.always = self.throughout = always

    def share(self) -> float:
        """1/(n outputs) instead of 1/n."""
        reduction = "mean" if self.always else self.network.reduction
        return average(reduction, self.network.batch) / len(self.network.loss_neurons)


class HalfForgotten(Neurons):
    """2 (y - t) although the loss has a factor 1/2, or y - t although it has none."""

    def outer(self) -> Array:
        """The derivative of the other squared loss."""
        other = {"half_squared": "squared", "squared": "half_squared"}.get(self.network.loss, self.network.loss)
        return outer_slope(other, self.y, self.t)


class SignOfError(Neurons):
    """t - y instead of y - t."""

    def outer(self) -> Array:
        """The other way round."""
        return -super().outer()


class SigmoidSlopeTwice(Neurons):
    """The derivative of the logistic loss, which contains the sigmoid's, is multiplied by its slope once more."""

    def outer(self) -> Array:
        """The sigmoid's slope as an extra factor."""
        right = super().outer()
        return right * slope("sigmoid", self.y) if self.network.loss == "logistic" else right
