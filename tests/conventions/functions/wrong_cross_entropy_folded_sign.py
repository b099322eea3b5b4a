"""A cross-entropy with the softmax folded in, the difference the wrong way round.

# mistake: sign
# where: cross_entropy_prime
"""

import numpy as np


def softmax(z):
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def cross_entropy(output, y):
    return -np.sum(y * np.log(output)) / len(y)


def cross_entropy_prime(output, y):
    return (y - output) / len(y)
