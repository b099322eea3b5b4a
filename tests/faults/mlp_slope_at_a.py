"""The derivative of the nonlinearity is taken at the activation a, not at z."""

from _mlp import Network


class Wrong(Network):
    def slope(self, name, z, a):
        return super().slope(name, a, a)


def mlp_gradients(mlp, point):
    return Wrong(mlp, point).gradients()
