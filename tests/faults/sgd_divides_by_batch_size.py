"""The gradient's sum is divided by the batch size, also where the last batch is smaller."""

from _sgd import Trainer


class Wrong(Trainer):
    def gradient(self, batch, parameters):
        share = len(batch) / self.training.batch_size
        return {name: share * g for name, g in super().gradient(batch, parameters).items()}


def train(training):
    return Wrong(training).run()
