"""The gradient is summed over the batch; the 1/n of the average is missing."""

from _mlp import Network


class Wrong(Network):
    def average(self, delta):
        return delta


def mlp_gradients(mlp, point):
    return Wrong(mlp, point).gradients()
