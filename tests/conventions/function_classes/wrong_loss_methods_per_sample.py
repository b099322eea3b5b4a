"""A mean over all entries, whose gradient divides by the number of samples.

# mistake: mean-sum, factor
# where: MeanSquaredError
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
        return 2 * (predicted - actual) / len(predicted)


class BinaryCrossEntropy(Loss):
    def calculate_loss(self, predicted, actual):
        return -np.mean(actual * np.log(predicted) + (1 - actual) * np.log(1 - predicted))

    def gradient(self, predicted, actual):
        return (predicted - actual) / (predicted * (1 - predicted)) / predicted.size
