"""The slope formula of the sigmoid's output, applied to its input z.

# mistake: slope-at-output
# where: sigmoid
"""

import numpy as np


def sigmoid(z):
    """The sigmoid of z."""
    return 1.0 / (1.0 + np.exp(-z))


def sigmoid_prime(z):
    """Derivative of the sigmoid function."""
    return z * (1 - z)
