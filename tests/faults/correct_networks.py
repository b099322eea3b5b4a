"""What the wrong subjects would be without their one mistake: MLPs, neuron DAGs and a trainer, all right."""

from _mlp import Network
from _neurons import Neurons
from _sgd import Trainer


def mlp_gradients(mlp, point):
    return Network(mlp, point).gradients()


def neuron_gradients(network, point):
    return Neurons(network, point).gradients()


def train(training):
    return Trainer(training).run()
