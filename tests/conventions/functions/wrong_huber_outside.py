"""The Huber loss with the slope of the parabola everywhere.

# mistake: branch
# where: huber
"""

import numpy as np


def huber(r, delta=1.0):
    return np.where(np.abs(r) <= delta, 0.5 * r**2, delta * (np.abs(r) - 0.5 * delta))


def huber_derivative(r, delta=1.0):
    return r
