"""A binary cross-entropy whose gradient has the wrong sign.

# mistake: sign
# where: BinaryCrossEntropy
"""

import numpy as np


class Loss:
    def calculate_loss(self, predicted, actual):
        raise NotImplementedError

    def gradient(self, predicted, actual):
        raise NotImplementedError


class MeanSquaredError(Loss):
    def calculate_loss(self, predicted, actual):
        return np.mean((predicted - actual) ** 2)

    def gradient(self, predicted, actual):
        return 2 * (predicted - actual) / predicted.size


class BinaryCrossEntropy(Loss):
    def calculate_loss(self, predicted, actual):
        return -np.mean(actual * np.log(predicted) + (1 - actual) * np.log(1 - predicted))

    def gradient(self, predicted, actual):
        return (actual - predicted) / (predicted * (1 - predicted)) / predicted.size
