"""The rate never decays."""

from _sgd import Trainer


class Wrong(Trainer):
    def update(self, t, gradients):
        return super().update(0, gradients)


def train(training):
    return Wrong(training).run()
