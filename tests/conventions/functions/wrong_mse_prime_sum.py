"""The slope of a mean squared error without the division by the number of values.

# mistake: mean-sum
# where: mse
"""

import numpy as np


def mse(y_true, y_pred):
    return np.mean(np.power(y_true - y_pred, 2))


def mse_prime(y_true, y_pred):
    return 2 * (y_pred - y_true)
