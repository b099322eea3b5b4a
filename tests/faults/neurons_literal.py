"""S2's pseudo-code read literally: a neuron is visited once per successor, and passes its whole in_grad each time."""

from _neurons import Neurons


class Wrong(Neurons):
    def visits(self, order):
        network = self.network
        fed_by = lambda n: network.loss_neurons if n == "Loss" else network.back(n)  # noqa: E731 - S2's back[v_{n-1}]
        return [v for n in ["Loss", *reversed(order)] for v in fed_by(n) if v not in network.inputs]


def neuron_gradients(network, point):
    return Wrong(network, point).gradients()
