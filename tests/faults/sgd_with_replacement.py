"""Batches are drawn with replacement, so that they are no partition."""

from _sgd import Trainer


class Wrong(Trainer):
    def batches(self):
        return [self.random.integers(self.training.samples, size=len(batch)) for batch in super().batches()]


def train(training):
    return Wrong(training).run()
