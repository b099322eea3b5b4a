"""What the wrong subjects would be without their one mistake: MLP gradients and a trainer, both right."""

from _mlp import Network
from _sgd import Trainer


def mlp_gradients(mlp, point):
    return Network(mlp, point).gradients()


def train(training):
    return Trainer(training).run()
