"""The loss has the L2 penalty, the gradient has not."""

from _mlp import Network


class Wrong(Network):
    def penalised(self, name, w):
        return 0.0


def mlp_gradients(mlp, point):
    return Wrong(mlp, point).gradients()
