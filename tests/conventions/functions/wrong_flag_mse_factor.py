"""mse(..., derivative=True) lacks the factor 2.

# mistake: power-rule, factor
# where: mse(derivative=True)
"""

import numpy as np


def mse(y_true, y_pred, derivative=False):
    if derivative:
        return (y_pred - y_true) / y_pred.size
    return np.mean((y_true - y_pred) ** 2)
