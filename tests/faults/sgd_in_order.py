"""The samples are never shuffled."""

import numpy as np
from _sgd import Trainer


class Wrong(Trainer):
    def batches(self):
        order, size = np.arange(self.training.samples), self.training.batch_size
        return [order[start : start + size] for start in range(0, len(order), size)]


def train(training):
    return Wrong(training).run()
